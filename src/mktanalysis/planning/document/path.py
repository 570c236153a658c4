"""What a plan takes from a development path: money by zone, targets, the months against which it is held.

Always holds: the budget's lines are the path's own payments of the year in whole units and sum to their
total; a target stands only where the path or the company has its figure.
"""

from __future__ import annotations

import pandas as pd

from ...errors import MktError
from ...words.amounts import figure_text
from ...words.render import named
from ..quotas.projection import project
from .tables import plan_budget, targets_table


def path_budget(
    outlay: pd.DataFrame, zones: pd.Series, *, office_cost: float = 0.0, unit: float = 1e4
) -> pd.DataFrame:
    """The budget of a year from a path's payments, by zone, new markets and held ones apart (费用预算).

    Parameters
    ----------
    outlay : DataFrame
        Columns region, amount (yuan in the year), new (flag: entered in it), staff (persons).
    zones : Series
        Index region, the zone of each.
    office_cost : float
        Management forms above the markets, yuan.
    unit : float
        Lines are whole multiples of it, yuan.

    Returns
    -------
    DataFrame
        As from :func:`plan_budget`: the lines sum to the total to the last unit.

    Raises
    ------
    MktError
        A region without a zone.

    Examples
    --------
    >>> outlay = pd.DataFrame({"region": ["a", "b"], "amount": [6e5, 4.04e5], "new": [True, False],
    ...     "staff": [3.0, 2.0]})
    >>> path_budget(outlay, pd.Series({"a": "南", "b": "南"}))[["item", "amount"]].values.tolist()
    [['南：巩固已有市场', 400000.0], ['南：开发新市场', 600000.0], ['合计', 1000000.0]]
    """
    zone = outlay["region"].map(zones)
    if zone.isna().any():
        raise MktError(f"没有分区的地区：{'、'.join(outlay.loc[zone.isna(), 'region'][:20])}")
    what = outlay["new"].map({True: "开发新市场", False: "巩固已有市场"})
    groups = outlay.assign(item=zone + "：" + what).groupby("item", sort=False)
    lines = groups.agg(amount=("amount", "sum"), staff=("staff", "sum"), n=("region", "size"))
    basis = [f"{row.n} 个市场，约 {row.staff:.0f} 人，含人员、推广、样板店" for row in lines.itertuples()]
    lines = lines.assign(basis=basis).sort_index().reset_index()[["item", "amount", "basis"]]
    if office_cost > 0:
        lines.loc[len(lines)] = ["管理机构", office_cost, "省级或大区级管理机构的固定费用"]
    whole = project(round(lines["amount"].sum() / unit) * unit, lines["amount"], unit=unit)
    return plan_budget(lines.assign(amount=whole.to_numpy()))


def path_targets(now: pd.Series, then: pd.Series, *, owner: str, source: str) -> pd.DataFrame:
    """The twelve targets of a plan, as far as the path or the company has their figures (营销目标).

    Parameters
    ----------
    now, then : Series
        Today's figures and those of the plan year, base units, of: sales, share, profit, rival_gap (own
        share less the strongest rival's), channels (first-level dealers), sales_growth, share_growth. What
        is missing is marked 未提供.
    owner, source : str

    Returns
    -------
    DataFrame
        As from :func:`targets_table`.

    Examples
    --------
    >>> now, then = pd.Series({"share": 0.05}), pd.Series({"share": 0.08})
    >>> table = path_targets(now, then, owner="经理", source="路径")
    >>> table.loc[table["target"] == "share", ["base", "target_value"]].values.tolist()
    [['5%', '8%']]
    """
    names = {
        "sales": "quota",
        "share": "share",
        "profit": "profit",
        "rival_gap": "share",
        "channels": "n_dealers",
        "sales_growth": "growth",
        "share_growth": "share",
    }
    rows = []
    for target, word in names.items():
        ends = [side.get(target) for side in (now, then)]
        texts = [None if pd.isna(value) else figure_text(word, value) for value in ends]
        if any(texts):
            rows.append((target, *texts, owner, source))
    return targets_table(pd.DataFrame(rows, columns=["target", "base", "target_value", "owner", "source"]))


def control_months(months: pd.DataFrame) -> pd.DataFrame:
    """The plan's months as the sheet against which it is held: task, sum so far, share of the year (控制表).

    Parameters
    ----------
    months : DataFrame
        From ``quota_months``: region, period, value.

    Returns
    -------
    DataFrame
        Columns period, plan, cumulative_plan (yuan), done_share (of the year).

    Examples
    --------
    >>> months = pd.DataFrame({"region": "a", "period": pd.period_range("2027-01", periods=2, freq="M"),
    ...     "value": [1e6, 3e6]})
    >>> control_months(months)[["plan", "cumulative_plan", "done_share"]].values.tolist()
    [[1000000.0, 1000000.0, 0.25], [3000000.0, 4000000.0, 1.0]]
    """
    table = months.groupby("period", as_index=False)["value"].sum().rename(columns={"value": "plan"})
    so_far = table["plan"].cumsum()
    whole = table["plan"].sum()
    table = table.assign(cumulative_plan=so_far, done_share=so_far / whole if whole else 0.0)
    return named(table, "plan_control")
