"""A plan as it is read: what is strong in which year, zones side by side, the moves that weigh most.

Always holds: every figure comes from the plan's own tables; sums are taken before shares are.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

#: States of a unit in a year, the best first.
STATES = ("强势", "已进入", "未进入")


def yearly_states(plan, *, most: int = 9) -> dict[str, pd.Series]:
    """State of every unit at the end of some years: the first, the last and those evenly between.

    Parameters
    ----------
    plan : ExpansionPlan
    most : int
        At most so many years.

    Returns
    -------
    dict
        Year -> Series, index region, ordered categories `STATES`.
    """
    paths = plan.paths
    years = np.sort(paths["period"].dt.year.unique())
    at = np.unique(np.linspace(0, len(years) - 1, min(most, len(years))).round().astype(int))
    found = {}
    for year in years[at]:
        strong = paths[paths["period"].dt.year == year].set_index("region")["strong"]
        state = strong.map({True: STATES[0], False: STATES[1]}).reindex(plan.case.units).fillna(STATES[2])
        found[str(year)] = pd.Series(pd.Categorical(state, STATES, ordered=True), state.index)
    return found


def path_sales(plan) -> pd.DataFrame:
    """What a plan expects to sell in every held unit and year (路径上的销售额).

    Parameters
    ----------
    plan : ExpansionPlan

    Returns
    -------
    DataFrame
        Columns region, period (yearly), capacity and value (sales: share x capacity), yuan.
    """
    sizes = pd.DataFrame(plan.case.capacity, plan.case.units, list(plan.policy.years))
    rows = plan.paths[["region", "period"]].reset_index(drop=True)
    years = rows["period"].dt.year
    capacity = sizes.stack().reindex(pd.MultiIndex.from_arrays([rows["region"], years])).to_numpy()
    return rows.assign(capacity=capacity, value=plan.paths["share"].to_numpy() * capacity)


def base_sales(plan) -> pd.Series:
    """What the base sells in the year before the plan, at the share that it starts with (根据地去年的销售额).

    Parameters
    ----------
    plan : ExpansionPlan

    Returns
    -------
    Series
        Index region (the base's units), yuan: today's capacity times the first year's share.
    """
    first = plan.paths[plan.paths["period"] == plan.paths["period"].min()].set_index("region")
    base = plan.case.units[plan.case.base]
    return (first["share"].reindex(base) * plan.case.table["capacity"].reindex(base)).rename("value")


def zone_table(plan, zones: pd.Series, units: pd.DataFrame) -> pd.DataFrame:
    """What a plan does in each zone, the zone entered first at the top.

    Parameters
    ----------
    plan : ExpansionPlan
    zones : Series
        Region -> zone, an assignment.
    units : DataFrame
        The market units: region, entry_cost, rival_strength.

    Returns
    -------
    DataFrame
        Index zone; columns n_units, n_entered, first_year, mean_year, n_strong (at the end, the base among
        them), share (of the zone's capacity at the end), capacity (at the end, yuan), entry_cost (mean),
        rival_strength (mean).
    """
    codes = plan.case.units
    of_unit = zones.reindex(codes)
    end = plan.paths[plan.paths["period"] == plan.paths["period"].max()].set_index("region")
    capacity = pd.Series(plan.case.capacity[:, -1], codes)
    sales = (end["share"] * capacity.reindex(end.index)).reindex(codes).fillna(0.0)
    years = plan.steps.set_index("region")["period"].dt.year
    by_step = years.groupby(zones.reindex(years.index).to_numpy())
    terms = units.set_index("region")[["entry_cost", "rival_strength"]].reindex(codes)
    total = capacity.groupby(of_unit.to_numpy()).sum()
    table = pd.DataFrame(
        {
            "n_units": of_unit.value_counts(),
            "n_entered": by_step.size(),
            "first_year": by_step.min(),
            "mean_year": by_step.mean(),
            "n_strong": end["strong"].groupby(zones.reindex(end.index).to_numpy()).sum(),
            "share": sales.groupby(of_unit.to_numpy()).sum() / total,
            "capacity": total,
        }
    )
    table = table.join(terms.groupby(of_unit.to_numpy()).mean()).rename_axis("zone")
    counts = ["n_entered", "n_strong"]
    table[counts] = table[counts].fillna(0).astype(int)
    return table.sort_values("mean_year", kind="stable")


def largest_moves(moves: pd.DataFrame, *, most: int = 12) -> pd.DataFrame:
    """The moves between two plans that weigh most, what the others add up to, the rest and the total.

    Parameters
    ----------
    moves : DataFrame
        From :func:`compare_plans`.
    most : int

    Returns
    -------
    DataFrame
        As `moves`; with more than `most` moves a row of those that are not listed, so that the column of
        values adds up to its last row.
    """
    single = moves.iloc[:-2].sort_values("value_change", key=abs, ascending=False, kind="stable")
    ends = moves.iloc[-2:]
    if len(single) <= most:
        return pd.concat([single, ends], ignore_index=True)
    others = single.iloc[most:]
    row = {"region": "", "name": f"没有列出的 {len(others)} 步", "change": "rest"}
    row["value_change"] = others["value_change"].sum()
    return pd.concat([single.head(most), pd.DataFrame([row]), ends], ignore_index=True)
