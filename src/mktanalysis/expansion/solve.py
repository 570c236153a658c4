"""Solve an expansion problem: exact where it can be proven, searched where not, always with a bound.

Always holds: the answer is never worse than greedy or annealing; limits are counted in rounds and nodes, so
the
same call gives the same answer - unless a time limit ended it, and then the answer says so; an interrupt
keeps the best plan found so far.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from tqdm import tqdm

from ..errors import InfeasibleError
from .anneal import anneal
from .candidates import Problem
from .edit import infeasible, unreachable_pins
from .evaluate import evaluate
from .greedy import greedy
from .lns import complete, improve
from .lp import Solution
from .model import Model, build_model
from .policy import Strict

#: Up to this many choices the exact solver runs first; up to the second without a time limit;
#: above the larger figure the tight form is too large.
EXACT_CHOICES, UNTIMED_CHOICES, TIGHT_CHOICES = 400, 800, 4000

#: With more than so many seconds left the relaxation is tight up to the larger figure. A relaxation that a
#: time limit stopped at a gap above `ROUGH` is followed by the coarse one.
UNHURRIED, LARGER_CHOICES, ROUGH = 60.0, 12_000, 0.5


class Search(Strict):
    """How hard to search.

    Parameters
    ----------
    method : str
        ``auto`` everything; ``greedy`` or ``anneal`` stop there; ``search`` neighbourhoods, bounded by the
        relaxation;
        ``exact`` branch and bound alone, from the greedy plan.
    gap : float
        Proven relative gap at which the search stops.
    anneal_rounds, rounds, nodes : int
        Plans tried by annealing, neighbourhoods solved, branch-and-bound nodes of the final exact run.
    seconds : float or None
        Time limit (wall clock); None searches by counts alone, which is repeatable.
    random_state : int
    threads : int
        Of HiGHS.
    """

    method: Literal["auto", "greedy", "anneal", "search", "exact"] = "auto"
    gap: Annotated[float, Field(ge=0, lt=1)] = 0.01
    anneal_rounds: Annotated[int, Field(ge=0)] = 150
    rounds: Annotated[int, Field(ge=0)] = 24
    nodes: Annotated[int, Field(ge=0)] = 200
    seconds: Annotated[float, Field(gt=0)] | None = None
    random_state: int = 0
    threads: Annotated[int, Field(ge=1)] = 1


@dataclass(frozen=True, eq=False)
class Outcome:
    """Rows started, proven bound on the objective, objective reached (both yuan for profit), how the search
    ended.
    """

    rows: np.ndarray
    bound: float
    objective: float
    ended: str
    trace: tuple[tuple[str, float, float], ...] = ()


class Clock:
    """Seconds left of a time limit (never, without one)."""

    def __init__(self, seconds: float | None):
        self.seconds, self.start = seconds, time.monotonic()

    def spent(self) -> float:
        return time.monotonic() - self.start

    def left(self) -> float:
        return np.inf if self.seconds is None else self.seconds - self.spent()

    def part(self, share: float) -> Clock:
        """A clock that runs out after a share of what is left."""
        return Clock(None if self.seconds is None else max(self.left() * share, 0.1))


def solve(problem: Problem, search: Search | None = None) -> Outcome:
    """Greedy, annealing, neighbourhood search and branch and bound in turn, as far as `search` asks."""
    run = _Run(problem, search or Search())
    try:
        run.go()
    except KeyboardInterrupt:
        if run.rows is None:
            raise
        run.ended = "interrupted"
    run.progress.close()
    return Outcome(
        run.rows, run.bound * run.model.scale, run.reached() * run.model.scale, run.ended, tuple(run.trace)
    )


class _Run:
    """State of one search: the best rows, the bound, what each stage reached and when."""

    def __init__(self, problem: Problem, search: Search):
        self.problem, self.search, self.clock = problem, search, Clock(search.seconds)
        self.rows, self.bound, self.ended, self.trace = None, np.inf, "heuristic", []
        self.relaxed_seconds = 0.0
        self.rng = np.random.default_rng(search.random_state)
        self.model: Model = build_model(problem)
        steps = search.anneal_rounds + search.rounds + 2
        self.progress = tqdm(total=steps, desc="扩张路径", delay=3, leave=False, disable=None)

    def reached(self) -> float:
        """Objective of the best rows, in the model's scale."""
        if self.problem.market.policy.objective == "profit":
            return (evaluate(self.problem, self.rows).value - self.problem.base_value) / self.model.scale
        values = complete(self.model, self.rows)
        return -np.inf if values is None else float(self.model.program.arrays()[0] @ values)

    def gap(self) -> float:
        value = self.reached()
        return (self.bound - value) / max(abs(value), 1e-9)

    def go(self) -> None:
        method = self.search.method
        self._start()
        self._note("greedy")
        if method == "greedy":
            return self._relaxed()
        if len(self.model.z) <= EXACT_CHOICES or method == "exact":
            return self._exact()
        rounds = max(10, int(self.search.anneal_rounds * min(1.0, 4000 / len(self.model.z))))
        self.rows = anneal(
            self.problem, self.rows, rounds=rounds, rng=self.rng, report=self._tick, clock=self.clock
        )
        self._note("anneal")
        if method == "anneal":
            return self._relaxed()
        self._relaxed()
        # without a time limit branch and bound is kept to sizes that it finishes in minutes at most
        most = UNTIMED_CHOICES if self.search.seconds is None else TIGHT_CHOICES
        small = len(self.model.z) <= most and self.clock.left() > 12 * self.relaxed_seconds
        if self.gap() > self.search.gap:
            part = self.clock.part(0.4 if small and method == "auto" else 1.0)
            self.rows = improve(
                self.model,
                self.rows,
                rounds=self.search.rounds,
                nodes=40,
                rng=self.rng,
                clock=part,
                report=self._tick,
                enough=self.bound / (1 + self.search.gap),
            )
            self._note("neighbourhoods")
        if method == "auto" and self.gap() > self.search.gap and small:
            self._exact()
        if self.gap() <= self.search.gap and self.ended != "optimal":
            self.ended = "within the gap"
        elif self.clock.left() <= 0:
            self.ended = "time limit"

    def _start(self) -> None:
        """A feasible plan: greedy, or the exact solver's first where orders or objective make it hard."""
        if len(unreachable := unreachable_pins(self.problem)):
            raise InfeasibleError("指定进入的单元在给定条件下无法到达。", unreachable)
        plain = self.problem.market.policy.objective == "profit" and not self.problem.market.policy.pinned
        rows = greedy(self.problem)
        if (plain or complete(self.model, rows) is not None) and evaluate(self.problem, rows).feasible:
            self.rows = rows
            return
        found = self.model.program.solve(
            gap=0.5,
            nodes=500,
            seconds=None if self.search.seconds is None else max(self.clock.left(), 0.5),
            threads=self.search.threads,
        )
        if found.values is None:
            raise infeasible(self.problem)
        self.rows = self.model.rows_of(found.values)

    def _relaxed(self) -> None:
        """Bound by the linear relaxation."""
        before, left = self.clock.spent(), self.clock.left()
        most = LARGER_CHOICES if UNHURRIED < left < np.inf else TIGHT_CHOICES
        model = self.model if len(self.model.z) > most else build_model(self.problem, form="tight")
        seconds = None if left == np.inf else max(0.6 * left, 1.0)
        found = model.program.solve(relaxed=True, options=INTERIOR, seconds=seconds)
        self.bound = min(self.bound, found.bound)
        if found.ended != "optimal" and self.gap() > ROUGH:  # stopped too early: a rougher form is better
            seconds = max(0.5 * self.clock.left(), 1.0)
            found = build_model(self.problem, form="coarse").program.solve(
                relaxed=True, options=INTERIOR, seconds=seconds
            )
            self.bound = min(self.bound, found.bound)
        self.relaxed_seconds = self.clock.spent() - before
        self._note("relaxation")

    def _exact(self) -> None:
        """Branch and bound on the tight form, from the best plan."""
        tight = build_model(self.problem, form="tight")
        seconds = None if self.search.seconds is None else max(self.clock.left(), 0.5)
        solution: Solution = tight.program.solve(
            gap=self.search.gap,
            nodes=self.search.nodes,
            seconds=seconds,
            start=complete(tight, self.rows),
            threads=self.search.threads,
        )
        self.bound, self.ended = min(self.bound, solution.bound), solution.ended
        if solution.values is not None:
            rows, before = tight.rows_of(solution.values), self.reached()
            kept, self.rows = self.rows, rows
            if not evaluate(self.problem, rows).feasible or self.reached() < before:
                self.rows = kept
        self._note("exact")

    def _tick(self, _value: float) -> None:
        self.progress.update(1)

    def _note(self, stage: str) -> None:
        self.trace.append((stage, self.reached() * self.model.scale, self.clock.spent()))


#: Relaxations by interior point. Without presolve and crossover its duals are those of the programme as it
#: stands, so `dual_bound` turns them into a valid bound even where a time limit stopped it.
INTERIOR = {"solver": "ipm", "run_crossover": "off", "presolve": "off"}
