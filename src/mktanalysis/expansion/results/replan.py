"""The manager edits: lock, pin, forbid, change limits, go on from what has happened; compare.

Always holds: what has happened is kept as it was; a comparison lists every unit whose start differs.
"""

from __future__ import annotations

from numbers import Real

import numpy as np
import pandas as pd

from ...errors import MktError
from ...words.render import named
from ..market.case import codes_of
from ..policy import Policy


def continue_policy(plan, *, from_year: int | None = None, locked=(), **changes) -> Policy:
    """The policy for planning again: steps before `from_year` become history, `locked` units keep their
    start.

    Parameters
    ----------
    plan : ExpansionPlan
    from_year : int, optional
        Starts before this year have happened; no new ones before it.
    locked : iterable of str, optional
        Units whose step is kept, whenever it is: codes or names.
    changes
        Any other field of the policy: budget, people (one figure: from `from_year` on), pinned, forbidden ...

    Returns
    -------
    Policy
        It carries the plan's assumptions: planning again takes them unless others are given.
    """
    tree = plan.market.tree
    steps = plan.steps.assign(year=plan.steps["period"].dt.year)
    locked = [locked] if isinstance(locked, str) else list(locked)
    lookup = codes_of([name for name in locked if name not in set(steps["name"])], tree)
    lookup |= dict(zip(steps["name"], steps["region"], strict=True))
    locked = [lookup.get(name, name) for name in locked]
    if lost := [str(code) for code in locked if code not in set(steps["region"])]:
        raise MktError(
            f"要锁定的单元 {'、'.join(lost)} 不在原计划的步骤中：锁定的是原有的步骤，新的愿望请用 pinned"
        )
    keep = steps["region"].isin(locked)
    if from_year is not None:
        keep |= steps["year"] < from_year
    history = tuple((r.region, r.action, int(r.year)) for r in steps[keep].itertuples())
    known = {code for code, _, _ in history}
    kept = tuple(h for h in plan.policy.history if h[0] not in known)
    pinned = {k: v for k, v in changes.pop("pinned", plan.policy.pinned).items() if k not in known}
    first = from_year if from_year is not None else plan.policy.first_open
    for name in ("budget", "people"):  # a new figure holds from now on; what was given before stays
        if isinstance(changes.get(name), Real) and from_year is not None:
            old = plan.policy.per_period(name) or (float("inf"),) * plan.policy.periods
            new = float(changes[name])
            changes[name] = tuple(old[i] if y < from_year else new for i, y in enumerate(plan.policy.years))
    return plan.policy.replace(history=kept + history, first_open=first, pinned=pinned, **changes)


def compare_plans(before, after) -> pd.DataFrame:
    """List what moved between two plans, and what it costs.

    Returns
    -------
    DataFrame
        region, name, change (added, dropped, earlier, later, action), year_before, year_after, action_before,
        action_after, value_change (the step's own value, yuan); then a row ``rest`` with what rungs, offices,
        spill-over and other assumptions change, and a last row ``total``, the change of the plans' gain: the
        sum of the rows above it.
    """
    a, b = (p.steps.assign(year=p.steps["period"].dt.year).set_index("region") for p in (before, after))
    index = a.index.union(b.index)
    table = pd.DataFrame(
        {
            "name": b["name"].reindex(index).fillna(a["name"].reindex(index)),
            "year_before": a["year"].reindex(index).astype("Int64"),
            "year_after": b["year"].reindex(index).astype("Int64"),
            "action_before": a["action"].reindex(index),
            "action_after": b["action"].reindex(index),
            "value_change": b["value"].reindex(index).fillna(0.0) - a["value"].reindex(index).fillna(0.0),
        }
    )
    shift = (table["year_after"] - table["year_before"]).astype("Float64").fillna(0.0).astype(float)
    other = (table["action_before"] != table["action_after"]).to_numpy()
    change = np.select(
        [table["year_before"].isna(), table["year_after"].isna(), shift < 0, shift > 0, other],
        ["added", "dropped", "earlier", "later", "action"],
        "same",
    )
    table.insert(1, "change", pd.array(change, dtype="str"))
    table = table[table["change"] != "same"].rename_axis("region").reset_index()
    change = after.figures["gain"] - before.figures["gain"]
    rest = change - table["value_change"].sum()
    last = pd.DataFrame(
        {
            "region": ["其余", "合计"],
            "name": ["其余（梯级、机构、辐射等）", "合计"],
            "change": ["rest", "total"],
            "value_change": [rest, change],
        }
    )
    whole = pd.concat([table, last], ignore_index=True)[list(table.columns)]
    return named(whole, "plan_changes")
