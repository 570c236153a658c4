"""One salesman's customers as the trade's routine has them, to lay out a calendar before a file is at hand.

Always holds: classes, mix and intervals are those of the workload; nobody in the list is a real customer.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import MktError
from ...fieldwork import WEEKS
from ..quotas.projection import project
from .workload import FieldForce

#: Seen every week whatever the number of customers: two dealers, a partner, two model stores, an hour each.
_WEEKLY = (("dealer", "经销商", 2), ("partner", "合作伙伴", 1), ("model_store", "样板店", 2))
_OLD = "老客户"


def standard_round(
    customers: int, *, person: str = "业务员（示例）", force: FieldForce | None = None
) -> tuple[pd.DataFrame, pd.Series]:
    """Make the list of customers of one salesman, and how often each class is seen (标准拜访清单).

    Parameters
    ----------
    customers : int
        On file.
    person : str
    force : FieldForce, optional
        Classes, mix and hours.

    Returns
    -------
    customers : DataFrame
        Columns person, customer, class, hours, kind, as for :func:`visit_calendar`.
    intervals : Series
        Index class, whole weeks between contacts; who is seen more often than weekly is seen weekly.

    Examples
    --------
    >>> table, every = standard_round(40)
    >>> len(table), every["三月期"], every["老客户"]
    (45, np.int64(4), np.int64(26))
    """
    if customers < 1:
        raise MktError(f"在档客户数至少为 1，现为 {customers}")
    force = force or FieldForce()
    share = pd.Series({one.name: force.prospects * one.share for one in force.classes})
    share[_OLD] = 1 - force.prospects
    counts = project(float(customers), share * customers, weight=share, unit=1.0).astype(int)
    hours = {one.name: force.visit_hours if one.visit else force.call_hours for one in force.classes}
    hours[_OLD] = force.visit_hours
    rows = [
        {"customer": f"{kind}{i:02d}", "class": kind, "hours": hours[kind], "kind": "customer"}
        for kind, n in counts.items()
        for i in range(1, n + 1)
    ]
    rows += [
        {"customer": f"{name}{i:02d}", "class": "每周", "hours": 1.0, "kind": kind}
        for kind, name, n in _WEEKLY
        for i in range(1, n + 1)
    ]
    every = {one.name: one.every_weeks for one in force.classes}
    every |= {_OLD: WEEKS / force.old_contacts if force.old_contacts else WEEKS, "每周": 1.0}
    weeks = np.maximum(np.floor(pd.Series(every)), 1).astype(int)
    return pd.DataFrame(rows).assign(person=person), weeks
