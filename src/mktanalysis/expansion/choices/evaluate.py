"""What a choice of starts is worth, as the linear model sees it: offices, ladder and spill-over follow from
it.

Always holds: offices are as few and rungs as high as the starts allow; the same starts always give the same
figures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .candidates import Problem, felt_saving
from .offices import office_matrix


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Figures of one set of starts.

    Attributes
    ----------
    held, strong, share : ndarray, shape (units, periods)
    offices, rungs : ndarray of bool, shape (rung regions, periods)
    income, outlay, people : ndarray, shape (periods,)
        Of units, base included; outlay is net of what spill-over saves.
    saving, office_cost, radiance, need, money : ndarray, shape (periods,)
        ``need`` = losses of units + office cost - what is reinvested; ``money`` = left at the end of the
        period.
    value : float
        Discounted profit with terminal value.
    feasible : bool
        Money and people suffice in every period, new units do not exceed the limit (contiguity is not judged
        here).
    """

    held: np.ndarray
    strong: np.ndarray
    share: np.ndarray
    offices: np.ndarray
    rungs: np.ndarray
    income: np.ndarray
    outlay: np.ndarray
    people: np.ndarray
    saving: np.ndarray
    office_cost: np.ndarray
    radiance: np.ndarray
    need: np.ndarray
    money: np.ndarray
    value: float
    feasible: bool


def evaluate(problem: Problem, rows) -> Evaluation:
    """Evaluate the choices at `rows` of the candidates."""
    case = problem.case
    c = problem.candidates
    policy = case.policy
    rows = np.asarray(rows, dtype=int)
    periods = problem.shape[1]
    unit = c.unit[rows]
    held = np.repeat(case.base[:, None], periods, axis=1)
    entered = held.copy()
    entered[unit] |= np.arange(periods)[None, :] >= c.start[rows][:, None]
    held[unit] |= c.held[rows]
    strong = problem.base_strong.copy()
    share = problem.base_share.copy()
    strong[unit] |= c.strong[rows]
    share[unit] += c.share[rows]
    saving_each = _saving(problem, rows, strong)
    saving = np.bincount(c.start[rows], saving_each, minlength=periods) if len(rows) else np.zeros(periods)
    offices = office_matrix(case, entered)
    rungs = rung_matrix(case, strong, share)
    office_cost = (
        np.array([r.office_cost for r in case.ladder.rungs]) @ offices if len(offices) else np.zeros(periods)
    )
    radiance = (radiance_matrix(case) * rungs).sum(axis=0)
    income = problem.base_income + c.income[rows].sum(axis=0)
    outlay = problem.base_outlay + c.outlay[rows].sum(axis=0) - saving
    people = problem.base_people + c.people[rows].sum(axis=0)
    value = problem.base_value + c.value[rows].sum() + saving @ problem.weight
    value += (radiance - office_cost) @ problem.weight_end
    need = problem.base_need + c.need[rows].sum(axis=0) + office_cost - policy.reinvest * radiance
    np.subtract.at(need, c.start[rows], felt_saving(saving_each, c.loss[rows], policy.reinvest))
    money, enough = cash_position(problem, need)
    feasible = enough and _people_enough(policy, people) and _starts_allowed(policy, c, rows)
    return Evaluation(
        held,
        strong,
        share,
        offices,
        rungs,
        income,
        outlay,
        people,
        saving,
        office_cost,
        radiance,
        need,
        money,
        float(value),
        feasible,
    )


def _saving(problem: Problem, rows, strong) -> np.ndarray:
    """What strong neighbours of the period before save of each opening."""
    case = problem.case
    c = problem.candidates
    assumptions = case.assumptions
    if assumptions.spill == 0 or len(rows) == 0:
        return np.zeros(len(rows))
    before = np.hstack(
        [problem.base_strong[:, :1], strong[:, :-1]]
    )  # the base is strong before the first period
    neighbours = (case.adjacency[c.unit[rows]] @ before)[np.arange(len(rows)), c.start[rows]]
    return np.minimum(assumptions.spill * neighbours, assumptions.spill_cap) * c.opening[rows]


def rung_matrix(case, strong: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Where we are strong at the higher levels: by number, by capacity and by share overall."""
    ladder = case.ladder
    n = len(case.units)
    below = np.vstack([strong, np.zeros((len(ladder.regions), strong.shape[1]), dtype=bool)])
    weight = node_sums(case, case.capacity)
    sales = node_sums(case, case.capacity * share)
    needed = ladder.needed
    for g, rung in enumerate(ladder.rungs):
        at = ladder.children(g)
        total = weight[n + g]
        enough = below[at].sum(axis=0) >= needed[g]
        enough &= (weight[at] * below[at]).sum(axis=0) >= rung.capacity_share * total * (1 - 1e-9)
        below[n + g] = enough & (sales[n + g] >= rung.share * total * (1 - 1e-9))
    return below[n:]


def node_sums(case, values: np.ndarray) -> np.ndarray:
    """Figures of units summed up the ladder: rows for units, then rung regions."""
    ladder = case.ladder
    n = len(case.units)
    total = np.vstack([values, np.zeros((len(ladder.regions), values.shape[1]))])
    for g in range(len(ladder.regions)):
        total[n + g] = total[ladder.children(g)].sum(axis=0)
    return total


def radiance_matrix(case) -> np.ndarray:
    """Yearly profit that a strong brand radiates in each rung region, shape (rung regions, periods)."""
    capacity = node_sums(case, case.capacity)[len(case.units) :]
    rate = np.array([rung.radiance for rung in case.ladder.rungs])
    return capacity * rate[:, None]


def needs_no_neighbour(problem: Problem) -> np.ndarray:
    """Units that may start in any period whatever else is held: beside the base, or started already."""
    case = problem.case
    c = problem.candidates
    held = case.policy.contiguity == "held"
    from_base = case.base if held else problem.base_strong.all(axis=1)
    free = np.asarray(case.adjacency @ from_base.astype(float)) > 0
    free[c.unit[c.fixed]] = True
    return free | (case.policy.contiguity == "none")


def cash_position(problem: Problem, need) -> tuple[np.ndarray, bool]:
    """Money left of each period, and whether it lasts; the past (before first_open) may overdraw."""
    policy = problem.case.policy
    budget = np.array(policy.per_period("budget"))
    tolerance = 1e-7 * max(1.0, budget.max(initial=0), np.abs(need).max(initial=0))
    open_now = np.arange(policy.periods) >= past_periods(policy)
    left = np.cumsum(budget - need) if policy.carry_over else budget - need
    return left, bool((left[open_now] >= -tolerance).all())


def past_periods(policy) -> int:
    """Number of periods that have happened already."""
    return 0 if policy.first_open is None else max(0, policy.first_open - policy.start)


def _people_enough(policy, people) -> bool:
    limit = policy.per_period("people")
    now = slice(past_periods(policy), None)
    return limit is None or bool((people[now] <= np.array(limit)[now] + 1e-6).all())


def _starts_allowed(policy, c, rows) -> bool:
    if policy.new_units is None:
        return True
    started = np.bincount(c.start[rows], minlength=policy.periods)[past_periods(policy) :]
    return bool((started <= policy.new_units).all())
