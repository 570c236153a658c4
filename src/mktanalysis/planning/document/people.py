"""The people of a plan: whole persons by place, those who lead them, what each of them is to sell.

Always holds: heads are whole and sum to the total; sales a person are the place's task over its heads.
"""

from __future__ import annotations

import pandas as pd

from ...errors import MktError
from ...words.render import named
from ..people.workload import heads


def plan_heads(staff: pd.Series, quota: pd.Series, *, today: pd.Series | None = None) -> pd.DataFrame:
    """Whole persons of every place of a plan, beside its task (人员编制).

    Parameters
    ----------
    staff : Series
        Index region, persons by workload, not whole.
    quota : Series
        Index region, the year's task, yuan.
    today : Series, optional
        Index region, persons who work there now; a place that the plan does not work in is shown too.

    Returns
    -------
    DataFrame
        Columns region, staff, people (whole, summing to the staff rounded up), with `today` also today and
        change (people less today), quota, sales_a_head (yuan; missing without a person). The largest first.

    Raises
    ------
    MktError
        Staff that is negative or missing.

    Examples
    --------
    >>> table = plan_heads(pd.Series({"a": 2.6, "b": 0.2}), pd.Series({"a": 6e6, "b": 1e5}))
    >>> table[["region", "people", "sales_a_head"]].values.tolist()
    [['a', 3, 2000000.0], ['b', 0, nan]]
    >>> now = pd.Series({"a": 1, "c": 2})
    >>> plan_heads(pd.Series({"a": 2.6}), pd.Series({"a": 6e6}), today=now)["change"].tolist()
    [2, -2]
    """
    if not (staff >= 0).all():
        raise MktError("人员需要应为非负数（缺失不是 0）")
    if today is not None:
        staff = staff.reindex(staff.index.union(today.index), fill_value=0.0)
    people = heads(staff)
    table = pd.DataFrame({"staff": staff, "people": people})
    if today is not None:
        now = today.reindex(staff.index, fill_value=0).astype(int)
        table = table.assign(today=now, change=people - now)
    table["quota"] = quota.reindex(staff.index)
    each = (table["quota"] / table["people"]).where(table["people"] > 0)
    table = table.assign(sales_a_head=each).rename_axis("region").reset_index()
    ordered = table.sort_values(["people", "staff", "region"], ascending=[False, False, True])
    return named(ordered.reset_index(drop=True), "plan_people")


def staff_by_unit(staff: pd.DataFrame, tree, *, level: str) -> pd.Series:
    """Persons at work in each unit of a plan (现有人员).

    Parameters
    ----------
    staff : DataFrame
        Columns person, region (at `level` or below); those elsewhere are not counted.
    tree : RegionTree
        Of the region.
    level : str

    Returns
    -------
    Series
        Index region, whole persons; a person of two units counts in both.

    Raises
    ------
    MktError
        Somebody whose region is wider than a unit.

    Examples
    --------
    >>> import mktanalysis as mkt
    >>> tree = mkt.load_regions().subtree("320000")
    >>> staff = pd.DataFrame({"person": ["甲", "乙"], "region": ["320102", "320100"]})
    >>> staff_by_unit(staff, tree, level="prefecture").to_dict()
    {'320100': 2}
    """
    inside = staff[staff["region"].isin(tree.regions)]
    home = tree.parents(level, inside["region"].unique())
    wide = home.index[home.isna()]
    if len(wide):
        who = inside.loc[inside["region"].isin(wide), "person"]
        raise MktError(f"人员的地区比市场单元大，请写到市或县：{'、'.join(who[:20])}")
    return inside["region"].map(home).value_counts().sort_index().rename_axis("region").rename("today")
