"""Claims against assignments: bids from below, a target from above, a room between them, and a log.

Always holds: the final figures sum to the target exactly; nobody's final figure leaves the room around the
top-down one; every change has a reason in the log.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import InfeasibleError, MktError
from ...words.render import named
from .projection import project


def negotiate(
    top_down: pd.Series,
    bids: pd.Series,
    *,
    room: float = 0.1,
    total: float | None = None,
    unit: float = 1e4,
) -> pd.DataFrame:
    """Settle tasks between bids and the top-down figures (个人认领 + 公司指定).

    A bid is clamped to the top-down figure +- `room`, then all are projected on the target, those with more
    room giving way more; who has not bid starts from the top-down figure.

    Parameters
    ----------
    top_down : Series
        Index region (or person), yuan.
    bids : Series
        The same index, yuan; missing where nobody has bid.
    room : float
        Share of the top-down figure, e.g. 0.1.
    total : float, optional
        Target, yuan; default the sum of `top_down`.
    unit : float
        Smallest unit, yuan.

    Returns
    -------
    DataFrame
        Columns region, top_down, bid, clamped, final (yuan), reason (Chinese).

    Raises
    ------
    InfeasibleError
        The room is too narrow for the target; says which room would do.
    MktError
        Bids of strangers, negative bids.

    Examples
    --------
    >>> top_down = pd.Series({"a": 100.0, "b": 100.0})
    >>> log = negotiate(top_down, pd.Series({"a": 130.0, "b": 95.0}), room=0.25, unit=1.0)
    >>> log[["clamped", "final"]].values.tolist()
    [[125.0, 115.0], [95.0, 85.0]]
    """
    strangers = bids.index.difference(top_down.index)
    if len(strangers):
        raise MktError(f"认领的地区不在任务表中：{'、'.join(map(str, strangers[:20]))}")
    if (bids < 0).any() or (top_down < 0).any() or not 0 <= room < 1:
        raise MktError("认领数和指定数不能为负，幅度应在 0 与 1 之间")
    target = float(top_down.sum()) if total is None else float(total)
    low = top_down * (1 - room)
    high = top_down * (1 + room)
    if not low.sum() - unit <= target <= high.sum() + unit:
        needed = abs(target / top_down.sum() - 1)
        row = {"condition": "认领幅度", "given": room, "needed": float(np.ceil(needed * 1000 - 1e-6) / 1000)}
        raise InfeasibleError("幅度太小，认领无法凑成总目标", pd.DataFrame([row]))
    bid = bids.reindex(top_down.index).astype(float)
    clamped = bid.fillna(top_down).clip(low, high)
    final = project(target, clamped, weight=high - low, lower=low, upper=high, unit=unit)
    table = pd.DataFrame({"top_down": top_down, "bid": bid, "clamped": clamped, "final": final})
    reason = [_reason(row, unit) for row in table.itertuples()]
    return named(table.assign(reason=reason).rename_axis("region").reset_index(), "negotiation")


def _reason(row, unit: float) -> str:
    if np.isnan(row.bid):
        first = "未认领，按公司指定"
    elif row.bid > row.clamped:
        first = "认领高于上限，按上限"
    elif row.bid < row.clamped:
        first = "认领低于下限，按下限"
    else:
        first = "认领在幅度之内"
    move = row.final - row.clamped
    if abs(move) < unit:
        return first
    return f"{first}；为凑成总目标{'上调' if move > 0 else '下调'} {abs(move) / 1e4:,.1f} 万元"


def split_to_people(quota: pd.Series, people: pd.DataFrame, *, unit: float = 1e4) -> pd.DataFrame:
    """Split regions' tasks over the people who work there, exact in every region (任务到人).

    Parameters
    ----------
    quota : Series
        Index region, yuan.
    people : DataFrame
        Columns region, person and, if known, weight (default 1 each).
    unit : float

    Returns
    -------
    DataFrame
        Columns region, person, quota (yuan), share (of the region).

    Raises
    ------
    MktError
        A region without people or people in a region without a task; a person twice in a region.

    Examples
    --------
    >>> people = pd.DataFrame({"region": ["a", "a", "a"], "person": ["甲", "乙", "丙"]})
    >>> split_to_people(pd.Series({"a": 10.0}), people, unit=1.0)["quota"].tolist()
    [4.0, 3.0, 3.0]
    """
    nobody = quota.index.difference(people["region"])
    strangers = pd.Index(people["region"].unique()).difference(quota.index)
    if len(nobody) or len(strangers):
        texts = [f"没有人员的地区：{'、'.join(nobody[:20])}"] if len(nobody) else []
        texts += [f"没有任务的地区：{'、'.join(strangers[:20])}"] if len(strangers) else []
        raise MktError("；".join(texts))
    parts = []
    for region, group in people.groupby("region", sort=True):
        weight = group.set_index("person").get("weight", pd.Series(1.0, group["person"])).astype(float)
        if weight.index.has_duplicates or not (weight > 0).all():
            raise MktError(f"{region}：人员重复，或权数不是正数")
        order = weight.reset_index(drop=True)  # ties go by the order of the list, which a person made
        amounts = project(float(quota[region]), order / order.sum() * quota[region], unit=unit).to_numpy()
        share = amounts / quota[region] if quota[region] else np.nan
        parts.append(
            pd.DataFrame({"region": region, "person": weight.index, "quota": amounts, "share": share})
        )
    return named(pd.concat(parts, ignore_index=True), "people_quotas")
