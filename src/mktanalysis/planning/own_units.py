"""A company's own market units and customers laid over the built-in ones (自有市场单元).

Always holds: what the company gives counts, what it does not give stays as it was and is told; a place that
is no unit of the plan is an error, never left out.
"""

from __future__ import annotations

import pandas as pd

from ..errors import MktError, TableError

#: Columns of an own file that take the place of the built-in ones as they are.
_TAKEN = ("capacity", "growth", "own_share", "rival_strength", "entry_cost", "annual_cost", "distance_km")
#: All shares of a place together leave this much to nobody.
_LEFT = 0.02


def units_of_company(
    units: pd.DataFrame,
    tree,
    *,
    own: pd.DataFrame | None = None,
    customers: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Lay a company's own units and customers over those of a plan (自有单元表与客户数).

    Parameters
    ----------
    units : DataFrame
        Market units: region, capacity, rival_1 ... and what else the market wants.
    tree : RegionTree
        Of the region.
    own : DataFrame, optional
        region and any of capacity, growth, own_share, rival_share (the strongest rival's; the others keep
        their proportion to it), rival_strength, entry_cost, annual_cost, distance_km, customers.
    customers : DataFrame, optional
        region (at the units' level or below), value (count), any classes summed: what the staff depends on.

    Returns
    -------
    DataFrame
        As `units`; status ``own`` where the capacity is the company's; ``attrs["notes"]`` says what was laid
        over what.

    Raises
    ------
    TableError
        A region that is no unit, a region twice, shares that sum to more than the market.
    MktError
        Customers of a wider region than a unit.

    Examples
    --------
    >>> import mktanalysis as mkt
    >>> tree = mkt.load_regions().subtree("320000")
    >>> units = mkt.market_units("prefecture", within="320000")
    >>> own = pd.DataFrame({"region": ["320500"], "capacity": [5e9], "rival_share": [0.5]})
    >>> found = units_of_company(units, tree, own=own).set_index("region").loc["320500"]
    >>> float(found["capacity"]), float(found["rival_1"]), found["status"]
    (5000000000.0, 0.5, 'own')
    """
    table = units.set_index("region")
    notes: list[str] = []
    if own is not None:
        table = _laid(table, own, tree, notes)
    if customers is not None:
        table = table.assign(customers=_counted(table, customers, tree, notes))
    found = table.reset_index()
    found.attrs = {**units.attrs, "notes": tuple(notes)}
    return found


def _laid(table: pd.DataFrame, own: pd.DataFrame, tree, notes: list[str]) -> pd.DataFrame:
    problems = [
        {"column": "region", "value": region, "problem": "不是本计划的市场单元"}
        for region in own["region"][~own["region"].isin(table.index)]
    ]
    problems += [
        {"column": "region", "value": region, "problem": "地区重复"}
        for region in own["region"][own["region"].duplicated()]
    ]
    if problems:
        raise TableError(pd.DataFrame(problems))
    given = own.set_index("region")
    table = table.copy()
    for column in (*_TAKEN, "customers"):
        if column in given:
            known = given[column].dropna()
            table[column] = known.reindex(table.index).fillna(table.get(column, pd.Series(dtype=float)))
    if "rival_share" in given:
        table = _with_rival(table, given["rival_share"].dropna())
    if "status" in table and "capacity" in given:
        mine = table.index.isin(given["capacity"].dropna().index)
        table["status"] = table["status"].astype(object).where(~mine, "own")
    left = len(table) - len(given)
    notes.append(f"自有市场单元 {len(given)} 个" + (f"，其余 {left} 个用内置数" if left else ""))
    return table


def _with_rival(table: pd.DataFrame, strongest: pd.Series) -> pd.DataFrame:
    """The strongest rival's own figure; the others keep their proportion, as far as there is room."""
    rivals = [name for name in table if name.startswith("rival_") and name[6:].isdigit()]
    mine = table["own_share"].reindex(strongest.index) if "own_share" in table else 0.0
    room = 1 - _LEFT - strongest - mine
    if (room < 0).any():
        text = "本公司与最强对手的份额之和超过 98%"
        rows = [
            {"column": "rival_share", "value": region, "problem": text} for region in room.index[room < 0]
        ]
        raise TableError(pd.DataFrame(rows))
    others = table.loc[strongest.index, rivals[1:]]
    wished = others.mul(strongest / table.loc[strongest.index, "rival_1"], axis=0)
    shrink = (room / wished.sum(axis=1).where(lambda total: total > 0)).clip(upper=1.0).fillna(0.0)
    table.loc[strongest.index, "rival_1"] = strongest
    table.loc[strongest.index, rivals[1:]] = wished.mul(shrink, axis=0)
    return table


def _counted(table: pd.DataFrame, customers: pd.DataFrame, tree, notes: list[str]) -> pd.Series:
    """Customers summed to the units; a unit without any in the file keeps what is usual."""
    inside = customers[customers["region"].isin(tree.regions)]
    level = tree.level_of(table.index[:1]).iloc[0]
    codes = inside["region"].unique()
    up = tree.parents(level, codes)
    high = [code for code, home in zip(codes, up, strict=True) if pd.isna(home)]
    if high:
        raise MktError(f"客户数应按市场单元或其下级给出，这些地区更大：{'、'.join(tree.names(high))}")
    home = inside["region"].map(up.set_axis(codes))
    n = inside["value"].groupby(home.to_numpy()).sum()
    without = len(table) - len(n)
    outside = len(customers) - len(inside)
    said = f"客户 {n.sum():,.0f} 个，在 {len(n)} 个市场单元"
    said += f"；其余 {without} 个单元按容量估" if without else ""
    notes.append(said + (f"；{outside} 行不在本区域，没有计入" if outside else ""))
    usual = table["customers"] if "customers" in table else pd.Series(float("nan"), table.index)
    return n.reindex(table.index).astype(float).fillna(usual)
