"""Named strategies as rules: what comes first, with which programme, and how new units hang together.

Always holds: a rule only orders the choices; the builder that money, people and contiguity bind is the same
for all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...words import values
from ..assumptions import Assumptions
from ..choices.candidates import Problem, build_problem, relist_choices
from ..choices.evaluate import evaluate
from ..market.case import build_case
from ..market.market import Market
from ..phases import CONCENTRATED, LIGHT, SCOUT_ENTRY, scout_then
from ..policy import Policy
from ..search.greedy import Builder, greedy_score, ladder_score


@dataclass(frozen=True, eq=False)
class Strategy:
    """A rule: how new units hang together, which programme they get, what comes first."""

    title: str
    contiguity: str
    score: object
    programme: str | None = None
    builder: type = Builder


def _base_first(problem: Problem) -> np.ndarray:
    """Ring by ring around the base; within a ring value per yuan."""
    from scipy.sparse.csgraph import dijkstra

    case = problem.case
    c = problem.candidates
    hops = dijkstra(case.adjacency, indices=np.flatnonzero(case.base), unweighted=True, min_only=True)
    return _lexicographic(-np.where(np.isfinite(hops), hops, 1e6)[c.unit], greedy_score(problem))


def _potential(problem: Problem) -> np.ndarray:
    return problem.case.capacity[problem.candidates.unit, 0] + 0.0


def _centre_first(problem: Problem) -> np.ndarray:
    """The largest city centre of each region right above first, then the other centres, then the rest, each
    by capacity.
    """
    city = centres(problem)
    unit = problem.candidates.unit
    capacity = pd.Series(np.where(city, problem.case.capacity[:, 0], -1.0))
    top = city & (capacity.groupby(_homes(problem)).rank(method="first", ascending=False) == 1).to_numpy()
    return _lexicographic((city.astype(float) + top)[unit], _potential(problem))


def _countryside_first(problem: Problem) -> np.ndarray:
    """City centres last, the other places before them by value per yuan."""
    return _lexicographic(-centres(problem)[problem.candidates.unit].astype(float), greedy_score(problem))


class CountrysideBuilder(Builder):
    """A city centre may start only after half of the countryside of its own region is held, or while none of
    it can be reached.
    """

    def __init__(self, problem: Problem):
        super().__init__(problem)
        self.city = centres(problem)
        self.home = _homes(problem)

    def _reachable(self, held, strong, t: int) -> np.ndarray:
        free = super()._reachable(held, strong, t)
        rural = pd.DataFrame({"all": ~self.city, "held": ~self.city & held, "free": ~self.city & free})
        found = rural.groupby(self.home).transform("sum")
        ripe = (2 * found["held"] >= found["all"]) | (found["free"] == 0)
        return free & (~self.city | ripe.to_numpy())


def _homes(problem: Problem) -> np.ndarray:
    """The region right above each unit, -1 for none."""
    case = problem.case
    return case.ladder.parent[: len(case.units)]


def centres(problem: Problem) -> np.ndarray:
    """Which units are city centres: the column ``centre``, and the largest unit of a region without one."""
    case = problem.case
    given = case.table.get("centre", pd.Series(False, case.table.index)).to_numpy(dtype=bool)
    units = pd.DataFrame({"centre": given, "capacity": -case.capacity[:, 0]}).groupby(_homes(problem))
    first = (units["capacity"].rank(method="first") == 1).to_numpy()
    return given | (first & ~units["centre"].transform("any").to_numpy())


def _lexicographic(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """A score that sorts by `first`, then by `second`; -inf of the second stays."""
    ok = np.isfinite(second)
    order = np.lexsort([np.where(ok, second, -np.inf), first])
    score = np.empty(len(first))
    score[order] = np.arange(len(first))
    return np.where(ok, score, -np.inf)


#: Key of a strategy, of the planned path and of the optimum -> its title.
TITLES = values("strategy")
#: Key -> strategy.
STRATEGIES = {
    "base_first": Strategy(TITLES["base_first"], "held", _base_first, "集中"),
    "scout_rings": Strategy(TITLES["scout_rings"], "held", _base_first, "先撒网后集中"),
    "wide_net": Strategy(TITLES["wide_net"], "none", greedy_score, "先撒网后集中"),
    "centre_first": Strategy(TITLES["centre_first"], "none", _centre_first, "集中"),
    "countryside_first": Strategy(
        TITLES["countryside_first"], "held", _countryside_first, builder=CountrysideBuilder
    ),
    "potential": Strategy(TITLES["potential"], "none", _potential, "集中"),
    "sprinkler": Strategy(TITLES["sprinkler"], "none", _potential, "浅耕"),
    "waterfall": Strategy(TITLES["waterfall"], "strong", ladder_score),
}


def with_strategies(assumptions: Assumptions, scouting: float | None = None) -> Assumptions:
    """The assumptions with every programme that a strategy asks for.

    With `scouting`, the part of the entry cost that a scout pays, the scouts given are made anew.
    """
    known = {programme.name: programme for programme in assumptions.programmes}
    force = known.get(CONCENTRATED.name, CONCENTRATED)
    scout = scout_then(force, entry=SCOUT_ENTRY if scouting is None else scouting)
    if scouting is not None:
        known.pop(scout.name, None)
    kept = tuple(known.values())
    extra = tuple(p for p in (LIGHT, scout) if p.name not in known)
    return assumptions.replace(programmes=kept + extra)


class Shared:
    """Problems of one market under one policy, for strategies that differ in how new units hang together.

    The paths of all choices are computed once; `also` gives the same for another budget or spill-over.
    """

    def __init__(self, market: Market, policy: Policy, assumptions: Assumptions, wide: Problem | None = None):
        self.market = market
        self.policy = policy
        self.assumptions = assumptions
        free = policy.replace(contiguity="none")
        self.wide = wide or build_problem(market, free, assumptions, keep_dominated=True)
        self._made: dict = {}

    def problem(self, contiguity: str, *, keep_dominated: bool, objective: str | None = None) -> Problem:
        """The problem under a contiguity (and an objective other than the policy's)."""
        kind = (contiguity, keep_dominated, objective)
        if kind not in self._made:
            own = self.policy.replace(contiguity=contiguity, objective=objective or self.policy.objective)
            case = build_case(self.market, own, self.assumptions)
            self._made[kind] = relist_choices(self.wide, case, keep_dominated=keep_dominated)
        return self._made[kind]

    def also(self, *, policy: Policy | None = None, assumptions: Assumptions | None = None) -> Shared:
        """The same with another budget, or with assumptions that differ in the spill-over alone."""
        return Shared(self.market, policy or self.policy, assumptions or self.assumptions, self.wide)


def run_strategy(key: str, shared: Shared) -> tuple[Problem, np.ndarray]:
    """Build the plan of one named strategy; returns the problem and the rows started."""
    strategy = STRATEGIES[key]
    problem = shared.problem(strategy.contiguity, keep_dominated=strategy.programme is not None)
    score = np.asarray(strategy.score(problem), dtype=float)
    if strategy.programme is not None:
        names = problem.names
        wanted = names.index(strategy.programme) if strategy.programme in names else 0
        asked = problem.candidates.programme == wanted
        score = np.where(asked, score, -np.inf)
    pinned = problem.case.units.isin(list(problem.case.policy.pinned))[problem.candidates.unit]
    return problem, strategy.builder(problem).build(np.where(pinned, 1e18, score))


def keeps_pins(problem: Problem, rows: np.ndarray) -> bool:
    """Whether every pinned unit is started; where a year is pinned, choices of other years do not exist."""
    case = problem.case
    asked = np.flatnonzero(case.units.isin(list(case.policy.pinned)) & ~case.base)
    return bool(np.isin(asked, problem.candidates.unit[rows]).all())


def outcomes_of(keys, shared: Shared) -> tuple[dict[str, float], dict[str, bool], str | None]:
    """Gain of each strategy in one setting, whether it holds all conditions, and the key of the winner.

    The winner is the first of most gain among those that hold; nobody where none of them gains anything.
    """
    gains = {}
    holds = {}
    for key in keys:
        problem, chosen = run_strategy(key, shared)
        found = evaluate(problem, chosen)
        gains[key] = found.value - evaluate(problem, []).value
        holds[key] = found.feasible and keeps_pins(problem, chosen)
    best = max((key for key in keys if holds[key] and gains[key] > 0), key=gains.get, default=None)
    return gains, holds, best
