"""The manager edits: lock, pin, forbid, change limits, go on from what has happened; compare; relax.

Always holds: what has happened is kept as it was; a comparison lists every unit whose start differs; a wish
that
cannot be met is answered with the relaxations that would do.
"""

from __future__ import annotations

from numbers import Real

import numpy as np
import pandas as pd

from ..errors import InfeasibleError, MktError
from .candidates import Problem
from .lp import Arrays, solve_arrays
from .model import build_model
from .policy import Policy

#: Kinds of conditions that can be relaxed -> what the table calls them.
KINDS = {
    "cash": "预算（元，各期合计增加）",
    "people": "销售人员（{year} 年，缺得最多的一年）",
    "new_units": "每期新开单元数（{year} 年，超得最多的一年）",
    "pins": "指定进入的单元",
}


def continue_policy(plan, *, from_year: int | None = None, locked=(), **changes) -> Policy:
    """The policy for planning again: steps before `from_year` become history, `locked` units keep their
    start.

    Parameters
    ----------
    plan : ExpansionPlan
    from_year : int, optional
        Starts before this year have happened; no new ones before it.
    locked : iterable of str, optional
        Units whose step is kept, whenever it is.
    changes
        Any other field of the policy: budget, people (one figure: from `from_year` on), pinned, forbidden ...
    """
    steps = plan.steps.assign(year=plan.steps["period"].dt.year)
    locked = [locked] if isinstance(locked, str) else list(locked)
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
    return pd.concat([table, last], ignore_index=True)[list(table.columns)]


def infeasible(problem: Problem) -> InfeasibleError:
    """The error for a problem without a feasible plan, with the smallest relaxations that would do."""
    return InfeasibleError("没有满足全部条件的扩张计划。", relaxations(problem))


def relaxations(problem: Problem) -> pd.DataFrame:
    """Find the smallest loosening of each kind of condition that would do alone; if none would, of all
    together.

    Returns
    -------
    DataFrame
        condition, given, needed; one alternative a row, or, when only several together help, the parts of one
        solution.
    """
    model = build_model(problem)
    kinds = [kind for kind in KINDS if len(model.parts.get(kind, ()))]
    alone = [row for kind in kinds for row in _elastic(problem, model, (kind,))]
    rows = alone or _elastic(problem, model, tuple(kinds))
    return pd.DataFrame(rows, columns=["condition", "given", "needed"])


def unreachable_pins(problem: Problem) -> pd.DataFrame:
    """Pinned units that cannot start at all: too far in steps, out of the radius, or before planning
    begins.
    """
    market, policy = problem.market, problem.market.policy
    has = set(problem.candidates.unit.tolist())
    rows = []
    for code, year in policy.pinned.items():
        i = market.units.get_loc(code)
        if i in has or market.base[i]:
            continue
        first = market.earliest[i]
        needed = (
            f"{policy.start + first} 年起"
            if first < policy.periods
            else "在计划期和供货半径内无法连片到达：延长计划期或放宽连片、半径"
        )
        rows.append(
            {
                "condition": f"指定进入 {code}",
                "given": "任一年" if year is None else f"{year} 年",
                "needed": needed,
            }
        )
    return pd.DataFrame(rows, columns=["condition", "given", "needed"])


def _elastic(problem: Problem, model, kinds: tuple[str, ...]) -> list[dict]:
    """Least loosening of some kinds of rows that makes the problem feasible; empty if it does not help."""
    cost, low, high, integer, matrix, row_low, row_high = model.program.arrays()
    from scipy import sparse

    extra, price, names = [], [], []
    for kind in kinds:
        rows = model.parts[kind]
        sign = 1.0 if kind == "pins" else -1.0
        extra.append(
            sparse.csc_array(
                (np.full(len(rows), sign), (rows, np.arange(len(rows)))), shape=(len(row_low), len(rows))
            )
        )
        price += [1.0 / max(_scale(problem, model, kind), 1e-9)] * len(rows)
        names += [kind] * len(rows)
    count = len(price)
    loose = Arrays(
        np.concatenate([np.zeros_like(cost), -np.array(price)]),
        np.append(low, np.zeros(count)),
        np.append(high, np.full(count, np.inf)),
        np.append(integer, np.zeros(count, dtype=bool)),
        sparse.hstack([matrix, *extra]).tocsc(),
        row_low,
        row_high,
    )
    solution = solve_arrays(loose, gap=0.01, nodes=200)
    if solution.values is None:
        return []
    slack = pd.Series(solution.values[len(cost) :]).groupby(pd.Series(names))
    rows = []
    for kind, values in slack:
        if values.max() > 1e-6:
            rows.append(_relaxed(problem, model, kind, values.to_numpy()))
    return rows


def _scale(problem: Problem, model, kind: str) -> float:
    if kind == "cash":
        return float(np.mean(problem.market.policy.per_period("budget"))) / model.scale
    if kind == "people":  # a year that has happened may have no limit
        people = np.array(problem.market.policy.per_period("people"))
        return float(people[np.isfinite(people)].mean()) if np.isfinite(people).any() else 1.0
    return 1.0


def _relaxed(problem: Problem, model, kind: str, slack: np.ndarray) -> dict:
    """One row of the table of relaxations; `slack` has an entry a period, of pins one a pinned unit."""
    market, policy = problem.market, problem.market.policy
    t = int(slack.argmax())
    if kind == "cash":
        given = sum(policy.per_period("budget"))
        given, needed = round(given), int(np.ceil(given + slack.sum() * model.scale))
    elif kind == "people":
        given = policy.per_period("people")[t]
        given, needed = round(given, 1), float(np.ceil(10 * (given + slack[t]) - 1e-6) / 10)
    elif kind == "new_units":
        given, needed = policy.new_units, int(np.ceil(policy.new_units + slack[t] - 1e-6))
    else:
        units = np.unique(problem.candidates.unit)
        codes = market.units[units[market.units[units].isin(list(policy.pinned))]]
        given = f"{len(codes)} 个"
        needed = f"放弃其中 {int((slack > 0.5).sum())} 个：{'、'.join(codes[slack > 0.5])}"
    return {"condition": KINDS[kind].format(year=market.years[t]), "given": given, "needed": needed}
