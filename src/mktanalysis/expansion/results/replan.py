"""The manager edits: lock, pin, forbid, change limits, go on from what has happened; compare.

Always holds: what has happened is kept as it was; a comparison lists every unit whose start differs.
"""

from __future__ import annotations

from numbers import Real
from typing import Literal

import numpy as np
import pandas as pd

from ...errors import MktError
from ...words.render import named
from ..choices.beliefs import told_of_share
from ..choices.simulate import phase_at
from ..market.case import codes_of
from ..market.seen import LEFT
from ..phases import tracks
from ..policy import Policy
from ..search.solve import Search
from .plan import ExpansionPlan, plan_expansion


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


def continue_plan(
    plan,
    seen: pd.DataFrame,
    *,
    happened: Literal["plan", "table"] = "plan",
    search: Search | None = None,
    **changes,
) -> ExpansionPlan:
    """Go on from a plan after the shares of its first years have been seen.

    What a unit has shown tells how well effort works there, and something about every unit of its province:
    the planner's beliefs are updated by Bayes' rule, decision points that are due now are decided by them,
    and all later steps are planned again.

    Parameters
    ----------
    plan : ExpansionPlan
    seen : DataFrame
        region (codes or names), year, share (0-1) of units that have been entered, or region, period, value
        as ``read_table(kind="shares")`` gives them; and, where a decision point is past that `seen` does not
        tell the share of, phase: how the unit is worked now (a phase of its programme, or ``撤出`` for one
        that has been left; its share may be missing).
    happened : {"plan", "table"}
        What was done in the years gone by: the plan's steps, of which `seen` may tell some; or exactly what
        `seen` tells, each unit entered in the first year that it lists.
    search : Search, optional
    changes
        Of `continue_policy`: budget, people, pinned, forbidden ...

    Returns
    -------
    ExpansionPlan
        From the year after the last one seen; what was done before is its history.

    Raises
    ------
    TableError
        With every problem of the table.
    MktError
        Where a unit was never entered, or it is not said how it is worked now.

    Examples
    --------
    >>> from mktanalysis.expansion import Policy, expansion_market, grid_example, plan_expansion
    >>> plan = plan_expansion(expansion_market(*grid_example(3, 3)), Policy(base=("r1c1",), budget=6e6))
    >>> first = plan.steps[plan.steps["period"].dt.year == 2025]
    >>> poor = pd.DataFrame({"region": first["region"], "year": 2025, "share": 0.01})
    >>> again = continue_plan(plan, poor)
    >>> again.policy.first_open, again.gain < plan.gain
    (2026, True)
    """
    seen = _as_shares(plan, seen)
    policy = continue_policy(plan, from_year=int(seen["year"].max()) + 1, **changes)
    if happened == "table":
        policy = policy.replace(history=_as_told(plan, seen))
        alone = policy.replace(pinned={})
        rough = Search(method="greedy")  # only for the rules of what was entered
        plan = plan_expansion(plan.market, alone, assumptions=plan.assumptions, search=rough)
    market = plan.market.with_shares_seen(_with_phases(plan, seen))
    return plan_expansion(market, policy, assumptions=plan.assumptions, search=search)


def _as_shares(plan, seen: pd.DataFrame) -> pd.DataFrame:
    """The shares seen by code and year."""
    if {"period", "value"} <= set(seen.columns):
        seen = seen.assign(year=seen["period"].dt.year, share=seen["value"])
    if absent := [name for name in ("region", "year", "share") if name not in seen]:
        raise MktError(f"份额表缺少列：{'、'.join(absent)}；应有 region、year、share（可加 phase）")
    if not len(seen):
        raise MktError("份额表是空的：应有进入过的单元每年的份额")
    codes = codes_of([name for name in seen["region"] if name not in plan.market.units], plan.market.tree)
    return seen.assign(region=[codes.get(name, name) for name in seen["region"]]).reset_index(drop=True)


def _as_told(plan, seen: pd.DataFrame) -> tuple:
    """What was entered when, as the table tells; the way is the plan's own, else its first programme."""
    actions = plan.steps.set_index("region")["action"]
    usual = plan.assumptions.programmes[0].name
    first = seen.groupby("region")["year"].min()
    before = tuple(h for h in plan.policy.history if h[0] not in first.index)
    return before + tuple((code, actions.get(code, usual), int(year)) for code, year in first.items())


def _with_phases(plan, seen: pd.DataFrame) -> pd.DataFrame:
    """Fill in how units are worked now, where the plan's rule and the share at its review tell it."""
    every = tracks(plan.assumptions.programmes)
    known = pd.concat([plan.market.shares_seen, seen]) if plan.market.shares_seen is not None else seen
    shares = (
        known.dropna(subset=["share"]).set_index(["region", "year"])["share"].groupby(level=[0, 1]).last()
    )
    phases = seen.get("phase", pd.Series(None, seen.index, dtype=object)).astype(object)
    rows = {code: row for row, code in enumerate(plan.case.units[plan.starts.unit])}
    for at, code, year, phase in zip(seen.index, seen["region"], seen["year"], phases, strict=True):
        if code in rows and (phase is None or pd.isna(phase)):
            phases[at] = _phase_by_rule(plan, every, rows[code], code, int(year), shares)
    return seen.assign(phase=phases)


def _phase_by_rule(plan, every, row: int, code: str, year: int, shares: pd.Series) -> str | None:
    """The phase that the rule has led a unit to by a year; None where nothing is decided or known."""
    case = plan.case
    starts = plan.starts
    start = int(starts.period[row])
    at = next(v for v, track in enumerate(every) if track.programme == starts.programme[row])
    decided = None
    while every[at].looks is not None and (looked := case.years[0] + start + every[at].looks - 1) < year:
        if (code, looked) not in shares.index:
            return None
        effort = np.array([phase_at(every, at, age)[1] for age in range(every[at].looks)])
        told = told_of_share(case, int(starts.unit[row]), start, effort, float(shares[code, looked]))
        options = every[at].phase.review.options
        chosen = options[int(np.searchsorted(starts.bars[row, at, : len(options) - 1], told, side="right"))]
        if chosen == "leave":
            return LEFT
        decided = every[at].phase.name
        if chosen == "stay":
            return decided
        follow = [option for option in options if not isinstance(option, str)]
        at = every[at].next[follow.index(chosen)]
        decided = every[at].phase.name
    return decided


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
