"""The people of a plan: whole persons by place, those who lead them, what each of them is to sell.

Always holds: heads are whole and sum to the total; sales a person are the place's task over its heads.
"""

from __future__ import annotations

import pandas as pd

from ...errors import MktError
from ...words.render import named
from ..people.workload import heads


def plan_heads(staff: pd.Series, quota: pd.Series) -> pd.DataFrame:
    """Whole persons of every place of a plan, beside its task (人员编制).

    Parameters
    ----------
    staff : Series
        Index region, persons by workload, not whole.
    quota : Series
        Index region, the year's task, yuan.

    Returns
    -------
    DataFrame
        Columns region, staff, people (whole, summing to the staff rounded up), quota, sales_a_head (yuan;
        missing without a person). The largest first.

    Raises
    ------
    MktError
        Staff that is negative or missing.

    Examples
    --------
    >>> table = plan_heads(pd.Series({"a": 2.6, "b": 0.2}), pd.Series({"a": 6e6, "b": 1e5}))
    >>> table[["region", "people", "sales_a_head"]].values.tolist()
    [['a', 3, 2000000.0], ['b', 0, nan]]
    """
    if not (staff >= 0).all():
        raise MktError("人员需要应为非负数（缺失不是 0）")
    people = heads(staff)
    table = pd.DataFrame({"staff": staff, "people": people, "quota": quota.reindex(staff.index)})
    each = (table["quota"] / table["people"]).where(table["people"] > 0)
    table = table.assign(sales_a_head=each).rename_axis("region").reset_index()
    ordered = table.sort_values(["people", "staff", "region"], ascending=[False, False, True])
    return named(ordered.reset_index(drop=True), "plan_people")
