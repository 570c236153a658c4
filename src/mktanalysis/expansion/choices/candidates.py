"""The choices: which unit may start which programme when, with the money and people of each choice.

Always holds: one row a choice, sorted by unit, start, programme; a choice that another one of the same unit
and start beats in value, money, people and strength in every period is not listed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ...errors import MktError, TableError
from ..assumptions import Assumptions
from ..market.case import Case, build_case
from ..market.market import Market
from ..phases import CONCENTRATED, SCOUT
from ..policy import Policy
from .offices import offices_of_base
from .paths import budget_need, choice_paths
from .programmes import build_library, hold_programme


@dataclass(frozen=True, eq=False)
class Candidates:
    """Choices and what they bring.

    Attributes
    ----------
    unit, start, programme : ndarray of int, shape (choices,)
    income, outlay, people, share : ndarray, shape (choices, periods)
        Contribution and outlay in yuan, heads, market share, as expected; zero before the start.
    strong, held : ndarray of bool, shape (choices, periods)
        Strong with the chance asked for; held more likely than left again.
    kept : ndarray, shape (choices, periods)
        Chance that the unit is held, zero before the start.
    opening : ndarray, shape (choices,)
        Entry cost and first year's effort, the part that strong neighbours can save on.
    value : ndarray, shape (choices,)
        Discounted profit with terminal value.
    blind : ndarray, shape (choices,)
        Value of the best way that the programme may go if it is fixed beforehand: what `value` has more is
        what looking at the share is worth.
    need : ndarray, shape (choices, periods)
        What the choice takes from the budget (below zero: gives back), see `budget_need`.
    loss : ndarray, shape (choices,)
        What the first year loses at least without savings (zero for a profit), see `felt_saving`: where
        the answer of the market is uncertain, in the best case, so that no saving is felt too early.
    bars : ndarray, shape (choices, tracks, bars)
        The rule: the readings that divide the options of each track's review; missing where there are none.
    fixed : ndarray of bool, shape (choices,)
        Started already or decided (policy.history).
    """

    unit: np.ndarray
    start: np.ndarray
    programme: np.ndarray
    income: np.ndarray
    outlay: np.ndarray
    people: np.ndarray
    share: np.ndarray
    strong: np.ndarray
    held: np.ndarray
    kept: np.ndarray
    opening: np.ndarray
    value: np.ndarray
    blind: np.ndarray
    need: np.ndarray
    loss: np.ndarray
    bars: np.ndarray
    fixed: np.ndarray

    def __len__(self) -> int:
        return len(self.unit)

    def take(self, rows) -> Candidates:
        return Candidates(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True, eq=False)
class Problem:
    """All a solver needs: the market, the choices, and the base area's own paths.

    ``weight`` discounts a cash flow of each period, ``weight_end`` adds the terminal value of a running one.
    ``names`` are those of the programmes; ``hopeful`` says whether any choice may become strong.
    ``base_*`` are the paths of the base units summed (income, outlay, people, need) or per unit (strong,
    share).
    """

    case: Case
    names: tuple[str, ...]
    hopeful: bool
    candidates: Candidates
    weight: np.ndarray
    weight_end: np.ndarray
    base_income: np.ndarray
    base_outlay: np.ndarray
    base_people: np.ndarray
    base_strong: np.ndarray
    base_share: np.ndarray
    base_need: np.ndarray
    base_value: float

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.case.units), self.case.policy.periods


def build_problem(
    market: Market, policy: Policy, assumptions: Assumptions | None = None, *, keep_dominated: bool = False
) -> Problem:
    """The problem of a market under a policy; see `list_choices`."""
    return list_choices(build_case(market, policy, assumptions), keep_dominated=keep_dominated)


def list_choices(case: Case, *, keep_dominated: bool = False) -> Problem:
    """Compute the paths of all choices and list them; `keep_dominated` lists even what no optimum needs."""
    assumptions = case.assumptions
    policy = case.policy
    _check_reviews(case)
    names = tuple(programme.name for programme in assumptions.programmes)
    weight = (1 + assumptions.discount) ** -np.arange(1.0, policy.periods + 1)
    weight_end = weight.copy()
    weight_end[-1] *= 1 + assumptions.terminal_years
    rows = _listed(case)
    history = _history(case, names)
    unit, start, programme = np.array([*rows, *history], dtype=int).reshape(-1, 3).T
    fixed = np.arange(len(unit)) >= len(rows)
    keep = fixed | ~np.isin(unit, unit[fixed])
    unit = unit[keep]
    start = start[keep]
    programme = programme[keep]
    fixed = fixed[keep]
    order = np.lexsort([programme, start, unit])
    paths, hopeful = choice_paths(case, unit[order], start[order], programme[order], weight)
    candidates = Candidates(
        unit=unit[order], start=start[order], programme=programme[order], fixed=fixed[order], **paths
    )
    if not keep_dominated:
        candidates = candidates.take(~_dominated(candidates, case.assumptions, weight))
    return Problem(case, names, hopeful, candidates, weight, weight_end, **_base_paths(case, weight))


def relist_choices(wide: Problem, case: Case, *, keep_dominated: bool = False) -> Problem:
    """The problem of a case that differs in what it asks of choices, not in what they bring: no path anew.

    Parameters
    ----------
    wide : Problem
        Of the same market with ``contiguity="none"`` and `keep_dominated`.
    case : Case
        Another contiguity, objective, budget or spill-over; all else is that of `wide`.

    Returns
    -------
    Problem
        As `list_choices` makes it of `case`.
    """
    c = wide.candidates
    candidates = c.take(c.fixed | (c.start >= case.earliest[c.unit]))
    if not keep_dominated:
        candidates = candidates.take(~_dominated(candidates, case.assumptions, wide.weight))
    return replace(wide, case=case, candidates=candidates)


def _check_reviews(case: Case) -> None:
    """Refuse a programme of the analyst's own that looks at the share only after the horizon."""
    for programme in case.assumptions.programmes:
        known = programme in BUILT_IN or programme.name == SCOUT.name
        asks = programme.review is not None and programme.review.bars != (0.0,)
        looks = 0 if known or not asks else programme.review.after
        if looks >= case.policy.periods:
            raise MktError(
                f"打法 {programme.name} 在进入后第 {looks} 年末看份额，"
                f"而计划期只有 {case.policy.periods} 年，看到了也来不及行动："
                "请提早看（review 的 after），或延长计划期（periods）"
            )


def _listed(case: Case) -> list[tuple[int, int, int]]:
    policy = case.policy
    assumptions = case.assumptions
    pins = {case.units.get_loc(code): year for code, year in _checked_pins(case).items()}
    rows = []
    for i in np.flatnonzero(~case.base):
        starts = range(case.earliest[i], policy.periods)
        if pins.get(i) is not None:
            starts = [s for s in starts if s == pins[i] - policy.start]
        rows += [(i, s, k) for s in starts for k in range(len(assumptions.programmes))]
    return rows


def _checked_pins(case: Case) -> dict:
    policy = case.policy
    codes = {
        "pinned": policy.pinned,
        "forbidden": policy.forbidden,
        "history": [code for code, _, _ in policy.history],
    }
    problems = [
        {"column": name, "value": code, "problem": "不是本计划的市场单元"}
        for name, given in codes.items()
        for code in given
        if code not in case.units
    ]
    problems += [
        {"column": "pinned", "value": code, "problem": f"锁定的年份 {year} 不在计划期内"}
        for code, year in policy.pinned.items()
        if year is not None and year not in policy.years
    ]
    if problems:
        raise TableError(pd.DataFrame(problems))
    return {code: year for code, year in policy.pinned.items() if not case.base[case.units.get_loc(code)]}


def _history(case: Case, names: tuple[str, ...]) -> list[tuple[int, int, int]]:
    rows = []
    for code, programme, year in case.policy.history:
        if programme not in names or year not in case.policy.years:
            raise MktError(
                f"已发生的步骤 {code}、{programme}、{year}：打法不在 programmes 中（{'、'.join(names)}），"
                f"或年份不在计划期 {case.years[0]}–{case.years[-1]} 内；计划期以前进入的单元应列入根据地"
            )
        if case.base[case.units.get_loc(code)]:
            raise MktError(f"已发生的步骤 {code} 是根据地的单元，从一开始就持有：请从 history 中去掉")
        rows.append((case.units.get_loc(code), year - case.policy.start, names.index(programme)))
    if len({row[0] for row in rows}) < len(rows):
        raise MktError("history 中同一单元出现两次：每个单元只能启动一次")
    return rows


def felt_saving(saving, loss, reinvest: float):
    """How much less a unit takes from the budget for a saving in a year that loses `loss` without it.

    A loss shrinks by all of it; once the year breaks even, of the rest the share `reinvest` may be spent
    again.

    >>> felt_saving(np.array([1.0, 3.0]), 2.0, 0.5).tolist()
    [1.0, 2.5]
    """
    return np.minimum(saving, loss) + reinvest * np.maximum(saving - loss, 0.0)


def _dominated(c: Candidates, assumptions: Assumptions, weight: np.ndarray) -> np.ndarray:
    """Choices beaten by the other programme of the same unit and start (the first of equals stays)."""
    # No saving turns the order of two needs: a choice that takes no more effort and has no less share in any
    # year has the same shares, so the same income; the first years differ by the outlay alone, that is by the
    # difference d of the openings, and after a saving of a part f <= 1 of each by (1 - f) d, not below 0.
    savable = assumptions.spill_cap * (assumptions.spill > 0) * c.opening
    best = c.value + savable * weight[np.minimum(c.start, len(weight) - 1)]
    gone = np.zeros(len(c), dtype=bool)
    key = c.unit * (c.start.max(initial=0) + 1) + c.start
    need = c.need
    for step in range(1, int(c.programme.max(initial=0)) + 1):
        a = np.flatnonzero(key[:-step] == key[step:]) if len(key) > step else np.zeros(0, dtype=int)
        for one, two in ((a, a + step), (a + step, a)):
            beats = (c.value[one] >= c.value[two]) & (best[one] >= best[two]) & ~gone[one] & ~c.fixed[two]
            beats &= (need[one] <= need[two]).all(axis=1) & (c.outlay[one] <= c.outlay[two]).all(axis=1)
            beats &= (c.people[one] <= c.people[two]).all(axis=1) & (c.share[one] >= c.share[two]).all(axis=1)
            beats &= (c.strong[one] | ~c.strong[two]).all(axis=1)
            beats &= (c.held[one] == c.held[two]).all(axis=1)
            gone[two[beats]] = True
    return gone


def _base_paths(case: Case, weight) -> dict:
    base = np.flatnonzero(case.base)
    library = build_library(case, (hold_programme(case),), mature=True, units=base)
    capacity = case.capacity[base]
    earned = capacity * library.contribution[:, :, 0]  # shape (parts, base units, periods)
    outlay = capacity * library.effort[:, 0] + case.column("annual_cost")[base, None]
    running = np.maximum(earned[:, :, -1].sum(axis=1) - outlay[:, -1].sum(), 0.0).mean()
    income = earned.mean(axis=0)
    value = (
        float((income - outlay).sum(axis=0) @ weight) + case.assumptions.terminal_years * weight[-1] * running
    )
    strong = np.zeros((len(case.units), case.policy.periods), dtype=bool)
    share = np.zeros(strong.shape)
    strong[base] = library.chance()[:, 0] >= case.assumptions.reach_chance - 1e-9
    share[base] = library.share.mean(axis=0)[:, 0]
    return {
        "base_income": income.sum(axis=0),
        "base_outlay": outlay.sum(axis=0),
        "base_people": library.people[:, 0].sum(axis=0),
        "base_strong": strong,
        "base_share": share,
        "base_need": _base_need(case, earned, outlay),
        "base_value": float(value),
    }


def _base_need(case: Case, earned, outlay) -> np.ndarray:
    """What the base takes from the budget, shape (periods,); of a gross one nothing, its offices included."""
    if case.policy.budget_kind == "gross":
        return -offices_of_base(case)  # they are counted with all offices
    return budget_need(earned, outlay, case.policy).mean(axis=0).sum(axis=0)


#: Programmes that come with the package: in a short horizon what they would look at later does not happen.
BUILT_IN = (SCOUT, CONCENTRATED)

#: A ramp-up longer than this many years is never finished.
LONGEST_RAMP = 30


def check_horizon(problem: Problem) -> None:
    """Refuse a horizon in which nothing can become strong, though it would in a longer one.

    Who goes on in the middle of a plan is not refused: after poor news there may be nothing left to hope for.
    """
    case = problem.case
    if len(problem.candidates) == 0 or problem.hopeful or case.policy.first_open is not None:
        return
    years = build_library(case, periods=LONGEST_RAMP).strong.any(axis=(0, 1, 2))
    if years.any():
        raise MktError(
            f"计划期 {case.policy.periods} 年短于爬坡期：最快也要 {years.argmax() + 1} 年才能成为强势，"
            "请延长计划期（periods）或换更集中的打法"
        )


def first_step_budget(problem: Problem) -> float:
    """Smallest yearly budget, the same every year, that pays for one profitable step (without offices)."""
    c = problem.candidates
    policy = problem.case.policy
    rows = np.flatnonzero(c.value > 0)
    if len(rows) == 0:
        return float("nan")
    need = problem.base_need + c.need[rows]
    if policy.carry_over:
        need = np.cumsum(need, axis=1) / np.arange(1, policy.periods + 1)
    return float(max(0.0, need.max(axis=1).min()))
