"""Replay a plan year by year, by code that shares nothing with the planner but the response formulas.

Always holds: the replay decides nothing - it starts what the plan starts, lets markets answer, and reports
what came out, shortages included; where a programme asks what the share says, it follows the plan's rule.
Over the answers that the plan counts with it returns what the plan promised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ..choices.beliefs import market_answers
from ..choices.offices import offices_of_base
from ..choices.paths import LIKELIER
from ..choices.response import Standing, margin_of, order_of, rank_of, strong_next
from ..choices.workload import staff_by_age
from ..market.case import Case
from ..phases import lasting_effort, tracks
from .readings import Readings


@dataclass(frozen=True, eq=False)
class Starts:
    """What a plan starts: positions of unit, programme and period, one entry a start.

    ``bars`` (starts, tracks, bars) is the rule of each: the readings that divide the options of the reviews.
    """

    unit: np.ndarray
    programme: np.ndarray
    period: np.ndarray
    bars: np.ndarray | None = None


#: A plan without steps.
NOTHING = Starts(*(np.zeros(0, dtype=int),) * 3)


@dataclass(frozen=True, eq=False)
class Shock:
    """What chance changes, each an array over draws (first axis); None leaves the plan's assumption.

    ``capacity`` factor on capacity (draws, units, periods); ``response`` factor on our attraction's effect,
    as a factor on effort (draws, units); ``rivals`` factor on rivals' strength (draws, units); ``reaction``
    of rivals to our share (draws,); ``luck`` of readings in standard deviations and ``arrival`` of a new
    rival, between 0 and 1 (draws, units), see `Answers`.
    """

    capacity: np.ndarray | None = None
    response: np.ndarray | None = None
    rivals: np.ndarray | None = None
    reaction: np.ndarray | None = None
    luck: np.ndarray | None = None
    arrival: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Replay:
    """What came out, arrays with draws first.

    ``income``, ``outlay``, ``office_cost``, ``radiance``, ``people``, ``need``, ``money`` (draws, periods);
    ``rungs`` (draws,
    rung regions, periods); ``n_strong`` (draws, periods); ``value`` (draws,). ``share``, ``rank``,
    ``strong``,
    ``unit_income``, ``unit_outlay``, ``unit_people`` (draws, units, periods) only with ``detail``.
    """

    income: np.ndarray
    outlay: np.ndarray
    office_cost: np.ndarray
    radiance: np.ndarray
    people: np.ndarray
    need: np.ndarray
    money: np.ndarray
    rungs: np.ndarray
    n_strong: np.ndarray
    value: np.ndarray
    held: np.ndarray
    offices: np.ndarray
    detail: dict


def replay(
    case: Case,
    starts: Starts,
    *,
    shock: Shock | None = None,
    detail: bool = True,
    planned: bool = False,
    learn: bool = False,
) -> Replay:
    """Replay a plan under one or many draws of chance.

    With `learn` a reading is taken together with those of other units of the province, see
    `Beliefs.together`. With `planned` the draws are the equally likely answers that the plan counts with, and
    what depends on strength - the ladder, savings - follows the plan's rule: strong from the chance asked for
    on.
    """
    shock = shock or Shock()
    policy = case.policy
    assumptions = case.assumptions
    draws = max([1, *(len(x) for x in vars(shock).values() if x is not None)])
    plan = Course(case, starts, shock, draws, planned=planned, learn=learn)
    n = len(case.units)
    periods = policy.periods
    state = _State(*(np.broadcast_to(x, (draws, n)) for x in plan.first))
    kept: dict[str, list] = {"share": [], "rank": [], "strong": [], "unit_income": [], "unit_outlay": []}
    totals: dict[str, list] = {
        "income": [],
        "outlay": [],
        "n_strong": [],
        "radiance": [],
        "rungs": [],
        "running": [],
        "need": [],
    }
    for t in range(periods):
        capacity = case.capacity[:, t] * (1.0 if shock.capacity is None else shock.capacity[:, :, t])
        capacity = np.broadcast_to(capacity, (draws, n))
        before_strong = _counted(case, state.strong, planned)
        state = _year(case, plan, t, state, shock)
        own = state.share
        rank = state.rank
        strong = state.strong
        held = plan.held[:, :, t]
        entry = case.column("entry_cost") * plan.entry[:, :, t]
        left = case.column("entry_cost") * plan.left[:, :, t]
        income = held * capacity * own * margin_of(rank, assumptions.response) + assumptions.salvage * left
        saving = _saved(case, plan, t, before_strong)
        effort = capacity * plan.effort[:, :, t] * plan.distance
        opening = plan.opens[:, t] * (entry + effort)
        outlay = effort + held * case.column("annual_cost") + entry + assumptions.leaving_cost * left
        outlay = outlay - saving * opening
        seen = own * held
        seen = seen.mean(axis=0, keepdims=True) if planned else seen
        rungs, radiance = _climb(case, capacity, seen, _counted(case, strong, planned))
        for name, value in (("income", income), ("outlay", outlay), ("n_strong", strong)):
            totals[name].append(value.sum(axis=1))
        totals["need"].append(_needed(policy, income, outlay, case.base))
        totals["radiance"].append(radiance)
        totals["rungs"].append(rungs)
        if detail:
            for name, value in zip(kept, (own * held, rank, strong, income, outlay), strict=True):
                kept[name].append(value)
        if t == periods - 1:
            lasting = capacity * plan.lasting * plan.distance + held * case.column("annual_cost")
            earned = income - assumptions.salvage * left
            profit = np.maximum(earned - lasting, 0.0)
            base = np.maximum((earned - lasting)[:, case.base].sum(axis=1), 0.0)
            totals["running"].append(profit[:, ~case.base].sum(axis=1) + base)
    return _collect(case, plan, totals, kept if detail else {})


def expected(case: Case, starts: Starts) -> Replay:
    """What a plan counts with: the mean over the equally likely answers of the markets entered.

    Strength is the plan's own (a unit is strong from the chance asked for on); ``detail`` holds, beside the
    means, ``chance`` (of being strong, units x periods) and ``answers``, the replay that was averaged.
    """
    parts = market_answers(case)
    alike = np.ones(len(case.units))
    shock = Shock(
        response=np.where(
            case.base, 1.0, parts.factor.reshape(len(parts.luck), -1)
        ),  # at home the answer is known
        luck=parts.luck[:, None] * alike,
        arrival=parts.arrival[:, None] * alike,
    )
    each = replay(case, starts, shock=shock, planned=True)
    chance = each.detail["strong"].mean(axis=0)
    mean = {name: value.mean(axis=0, keepdims=True) for name, value in vars(each).items() if name in AVERAGED}
    detail = {name: each.detail[name].mean(axis=0, keepdims=True) for name in MEANS}
    share = np.moveaxis(detail["share"], 2, 1)  # shape (1, periods, units), as ranks are told by unit
    strong = _counted(case, each.detail["strong"], True)[:1]
    detail["rank"] = np.moveaxis(rank_of(share, case.rivals, case.column("own_share")), 1, 2)
    detail |= {"strong": strong, "chance": chance}
    detail |= {name: each.detail[name].mean(axis=0) for name in ("unit_people", "kept", "pushed")}
    detail["answers"] = each
    alike = {"rungs": each.rungs[:1], "office_cost": each.office_cost[:1]}
    return replace(each, **mean, **alike, n_strong=strong.sum(axis=1), detail=detail)


#: Figures of a replay that are averaged over the answers of the markets, and those of its details.
AVERAGED = ("income", "outlay", "radiance", "need", "money", "people", "value")
MEANS = ("share", "unit_income", "unit_outlay")


class _State(NamedTuple):
    """What a year leaves behind in every market, arrays of shape (draws, units)."""

    standing: np.ndarray
    share: np.ndarray
    rank: np.ndarray
    strong: np.ndarray


def _counted(case: Case, strong: np.ndarray, planned: bool) -> np.ndarray:
    """Strength as it is, or as a plan counts it: from the chance asked for on."""
    if not planned:
        return strong
    enough = strong.mean(axis=0) >= case.assumptions.reach_chance - 1e-9
    return np.broadcast_to(enough, strong.shape)


class Course:
    """Who is held when, with which effort: what the plan starts, and its rules where readings decide.

    Arrays of shape (draws, units, periods): ``held``, ``effort``, ``entry`` (part of the entry cost paid),
    ``left`` (that of a unit left then), ``people``, ``pushed`` (on a better way than it began); the first
    axis has length 1 where nothing is asked. ``counted`` (units, periods): more likely held than left.
    """

    def __init__(self, case: Case, starts: Starts, shock: Shock, draws: int, *, planned: bool, learn: bool):
        assumptions = case.assumptions
        n = len(case.units)
        periods = case.policy.periods
        asked = any(assumptions.programmes[k].review is not None for k in starts.programme)
        shape = (draws if asked else 1, n, periods)
        self.held = np.zeros(shape)
        self.effort = np.zeros(shape)
        self.entry = np.zeros(shape)
        self.left = np.zeros(shape)
        self.pushed = np.zeros(shape)
        self.visits = np.ones(shape)
        self.lasting = np.zeros(shape[:2])
        self.opens = np.zeros((n, periods))
        hold = lasting_effort(assumptions.programmes)
        self.held[:, case.base] = 1.0
        self.effort[:, case.base] = hold
        self.lasting[:, case.base] = hold
        self.tracks = tracks(assumptions.programmes)
        self.readings = Readings(case, starts, shock, shape[0], learn=learn)
        age = np.zeros((n, periods), dtype=int)
        for row, (i, k, s) in enumerate(zip(starts.unit, starts.programme, starts.period, strict=True)):
            self.opens[i, s] = 1.0
            age[i, s:] = np.arange(periods - s)
            root = next(v for v, track in enumerate(self.tracks) if track.programme == k)
            self._follow(starts, row, root, int(s), np.ones(shape[0], dtype=bool))
        self.distance = 1 + assumptions.response.distance_cost * case.column("distance_km") / 100
        customers = case.column("customers")
        new = staff_by_age(customers, periods, assumptions.staffing, level=case.level)
        old = staff_by_age(customers, periods, assumptions.staffing, level=case.level, mature=True)
        staff = np.where(case.base[:, None], old, np.take_along_axis(new, age, axis=1))
        self.people = self.held * staff * self.visits
        self.market = Standing(assumptions.response, order_of(case.rivals, case.base))
        self.first = self._first(case, hold)
        self.counted = self.held.mean(axis=0) >= LIKELIER - 1e-9
        managed = self.held.max(axis=0, keepdims=True) if planned else self.held
        managed = np.maximum.accumulate(managed, axis=2) if planned else managed
        self.offices = _offices(case, managed)

    def _follow(self, starts: Starts, row: int, at: int, t: int, who: np.ndarray) -> None:
        """Let some draws begin a phase in period t, and all that may follow it."""
        phase = self.tracks[at].phase
        unit = starts.unit[row]
        periods = self.held.shape[2]
        if t >= periods or not who.any():
            return
        efforts = [phase.effort_in(year) for year in range(periods - t)]
        self.held[who, unit, t:] = 1.0
        self.effort[who, unit, t:] = efforts
        self.visits[who, unit, t:] = phase.visits
        self.entry[who, unit, t] += phase.entry
        self.lasting[who, unit] = phase.effort[-1]
        review = phase.review
        if review is None or t + review.after >= periods:
            return
        looks = t + review.after
        bars = starts.bars[row, at, : len(review.options) - 1]
        told = self.readings.told(row, self.tracks[at].looks)
        chosen = np.searchsorted(bars, told, side="right")
        stays = review.options.index("stay")
        follow = iter(self.tracks[at].next)
        for option, what in enumerate(review.options):
            some = who & (chosen == option)
            if what == "leave":
                for path in (self.held, self.effort):
                    path[some, unit, looks:] = 0.0
                self.lasting[some, unit] = 0.0
                self.left[some, unit, looks] = self.tracks[at].paid
            elif what != "stay":
                self.pushed[some, unit, looks:] = float(option > stays)
                self._follow(starts, row, next(follow), looks, some)

    def _first(self, case: Case, hold: float) -> _State:
        """Before the first year: today's shares; a base without one has what its effort leads to."""
        response = case.assumptions.response
        strength = case.column("rival_strength")
        share = case.column("own_share")
        lasting = self.market.of_effort(hold, strength)
        kept = self.market.share(lasting, strength)
        assumed = case.base & (share == 0)
        enough = np.where(share > 0, share >= response.enter_share, kept >= response.exit_share)
        standing = np.where(assumed, lasting, self.market.of_share(share, strength))
        return _State(standing, np.where(assumed, kept, share), np.zeros(len(share)), case.base & enough)


def _year(case: Case, plan: Course, t: int, state: _State, shock: Shock) -> _State:
    """One year: rivals react, effort works, ranks and strength follow."""
    response = case.assumptions.response
    rival = case.column("rival_strength") * (1.0 if shock.rivals is None else shock.rivals)
    reaction = response.reaction if shock.reaction is None else shock.reaction[:, None]
    attacked = plan.held[:, :, t - 1] * ~case.base if t else 0.0  # at home rivals have answered already
    rival = rival * (1 + reaction * case.column("reaction") * state.share * attacked)
    if shock.arrival is not None:
        rival = rival + response.entrant * (t >= case.arrival(shock.arrival, np.arange(len(case.units))))
    effort = plan.effort[:, :, t] * (1.0 if shock.response is None else shock.response)
    held = plan.held[:, :, t] > 0
    standing = np.where(held, plan.market.after(state.standing, effort, rival), state.standing)
    share = np.where(held, plan.market.share(standing, rival), state.share)
    rank = rank_of(share, case.rivals, case.column("own_share"))
    return _State(standing, share, rank, held & strong_next(state.strong, share, rank, response))


def _needed(policy, income, outlay, base: np.ndarray) -> np.ndarray:
    """What the units take from the budget in a year, shape (draws,)."""
    if policy.budget_kind == "gross":
        return outlay[:, ~base].sum(axis=1)
    profit = income - outlay
    return np.where(profit < 0, -profit, -policy.reinvest * profit).sum(axis=1)


def _saved(case: Case, plan: Course, t: int, strong) -> np.ndarray:
    """Share of the opening that strong neighbours of the year before save."""
    assumptions = case.assumptions
    if t == 0:  # before the first year only the base is strong, as it is in its first year
        strong = np.broadcast_to(_base_first_year(case, plan), strong.shape)
    near = (case.adjacency @ strong.T.astype(float)).T
    return np.minimum(assumptions.spill * near, assumptions.spill_cap)


def _base_first_year(case: Case, plan: Course) -> np.ndarray:
    first = _State(*(x[None, :] for x in plan.first))
    return _year(case, plan, 0, first, Shock()).strong[0] & case.base


def _offices(case: Case, held: np.ndarray) -> np.ndarray:
    """Management forms by draw and period, climbing region by region; (draws, rung regions, periods)."""
    ladder = case.ladder
    n = len(case.units)
    managed = list(np.moveaxis(held > 0, 1, 0))
    for g, rung in enumerate(ladder.rungs):
        below = [managed[child] for child in range(n + g) if ladder.parent[child] == g]
        managed.append(np.sum(below, axis=0) >= rung.office_from)
    found = np.array(managed[n:], dtype=bool).reshape(len(ladder.rungs), len(held), held.shape[2])
    return np.moveaxis(found, 0, 1)


def _climb(case: Case, capacity, share, strong) -> tuple[np.ndarray, np.ndarray]:
    """Rungs reached (draws, rung regions) and what they radiate (draws,)."""
    ladder = case.ladder
    n = len(case.units)
    draws = len(capacity)
    groups = len(ladder.rungs)
    weight = np.hstack([capacity, np.zeros((draws, groups))])
    sales = np.hstack([capacity * share, np.zeros((draws, groups))])
    state = np.hstack([strong, np.zeros((draws, groups), dtype=bool)])
    radiance = np.zeros(draws)
    for g, rung in enumerate(ladder.rungs):
        at = ladder.children(g)
        weight[:, n + g] = weight[:, at].sum(axis=1)
        sales[:, n + g] = sales[:, at].sum(axis=1)
        total = weight[:, n + g] * (1 - 1e-9)
        reached = state[:, at].sum(axis=1) >= ladder.needed[g]
        reached &= (weight[:, at] * state[:, at]).sum(axis=1) >= rung.capacity_share * total
        state[:, n + g] = reached & (sales[:, n + g] >= rung.share * total)
        radiance += state[:, n + g] * rung.radiance * weight[:, n + g]
    return state[:, n:], radiance


def _collect(case: Case, plan: Course, totals: dict, kept: dict) -> Replay:
    policy = case.policy
    assumptions = case.assumptions
    income, outlay, radiance = (np.stack(totals[x], axis=1) for x in ("income", "outlay", "radiance"))
    draws, periods = income.shape
    costs = np.array([rung.office_cost for rung in case.ladder.rungs])
    office = np.broadcast_to(np.einsum("g,dgt->dt", costs, plan.offices), (draws, periods))
    budget = np.array(policy.per_period("budget"))
    need = np.stack(totals["need"], axis=1) + office - policy.reinvest * radiance
    if policy.budget_kind == "gross":
        need = need - offices_of_base(case)
    money = np.cumsum(budget - need, axis=1) if policy.carry_over else budget - need
    factor = 1 / (1 + assumptions.discount) ** np.arange(1, periods + 1)
    running = totals["running"][0] + radiance[:, -1] - office[:, -1]
    value = (income + radiance - outlay - office) @ factor + assumptions.terminal_years * factor[-1] * running
    detail = {name: np.stack(values, axis=2) for name, values in kept.items()}
    return Replay(
        income,
        outlay,
        office,
        radiance,
        np.broadcast_to(plan.people.sum(axis=1), (draws, periods)),
        need,
        money,
        np.stack(totals["rungs"], axis=2),
        np.stack(totals["n_strong"], axis=1),
        value,
        plan.counted,
        plan.offices.mean(axis=0) >= 0.5,
        {**detail, "unit_people": plan.people, "kept": plan.held, "pushed": plan.pushed},
    )
