"""Solve an expansion problem: exact where it can be proven, searched where not, always with a bound.

Always holds: the answer is never worse than greedy or annealing; limits are counted in rounds and nodes, so
the same call gives the same answer - unless a time limit ended it, and then the answer says so; an interrupt
keeps the best plan found so far.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ...highs import Solution
from ...progress import progress
from ...settings import Strict
from ..choices.candidates import Problem
from ..choices.evaluate import evaluate
from ..milp.build import Model, build_model
from .anneal import anneal
from .bounds import BoundInBackground, BranchInBackground, Relaxation
from .control import Clock, Control
from .greedy import greedy
from .infeasible import EXACT_CHOICES, Loose, check_reach, infeasible
from .neighbourhoods import complete, improve
from .shortlist import likely, solve_support

#: Up to `EXACT_CHOICES` the exact solver runs first; up to so many after the search, without a time limit.
UNTIMED_CHOICES = 800

#: With a time limit, branch and bound on the whole programme runs beside the search up to so many choices.
BRANCHED_CHOICES = 3000
#: When it was ahead of so many stages in a row, the search leaves the rest of the time to it.
BEHIND = 2

#: Moves of annealing for each round asked, at most (a choice gets one).
MOVES = 1000

#: Stages after the greedy plan, and the part of the time or rounds then left that each takes; each leads out
#: of where the one before is stuck. Guided by the relaxation, if it is known soon enough, and blind.
GUIDED = (
    ("support", 0.3),
    ("anneal", 0.35),
    ("neighbourhoods", 0.6),
    ("anneal", 0.5),
    ("neighbourhoods", 1.0),
)
BLIND = (("neighbourhoods", 0.2), ("anneal", 0.45), ("neighbourhoods", 1.0))
#: Likely choices for each unit that annealing tries, and that every second neighbourhood sets free.
TRIED = 4.5
NEARBY = 3.0

#: With so few seconds left nothing more is begun.
LAST = 0.5


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
        Thousands of moves tried by annealing, neighbourhoods solved, branch-and-bound nodes of the final
        exact run.
    seconds : float or None
        Time limit (wall clock); None searches by counts alone, which is repeatable. With a limit, plans and
        bounds are sought side by side, and until it has passed or the gap is reached.
    random_state : int
    threads : int
        Of HiGHS.
    """

    method: Literal["auto", "greedy", "anneal", "search", "exact"] = "auto"
    gap: Annotated[float, Field(ge=0, lt=1)] = 0.01
    anneal_rounds: Annotated[int, Field(ge=0)] = 150
    rounds: Annotated[int, Field(ge=0)] = 60
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


def solve(problem: Problem, search: Search | None = None) -> Outcome:
    """Greedy, annealing, neighbourhood search and branch and bound in turn, as far as `search` asks."""
    run = _Run(problem, search or Search())
    try:
        run.go()
    except KeyboardInterrupt:
        if run.rows is None:
            raise
        if run.best_seen is not None:
            run._take(run.best_seen)
        run.ended, run.bound = "interrupted", run._proven()
    finally:
        for thread in (run.background, run.branching):
            if thread is not None:
                thread.over = True  # it ends by itself
    run.progress.close()
    return Outcome(
        run.rows, run.bound * run.model.scale, run.reached() * run.model.scale, run.ended, tuple(run.trace)
    )


def _shares(stages):
    """Yield each stage, its part of the time left, and its part of all rounds of its kind."""
    parts = []
    left = 1.0
    for _, part in stages:
        parts.append(left * part)
        left -= parts[-1]
    for (stage, part), own in zip(stages, parts, strict=True):
        yield stage, part, own / sum(o for (other, _), o in zip(stages, parts, strict=True) if other == stage)


class _Run:
    """State of one search: the best rows, the bound, what each stage reached and when."""

    def __init__(self, problem: Problem, search: Search):
        self.problem = problem
        self.search = search
        self.clock = Clock(search.seconds)
        self.rows = None
        self.bound = np.inf
        self.ended = "heuristic"
        self.trace = []
        self.background: BoundInBackground | None = None
        self.branching: BranchInBackground | None = None
        self.merit: np.ndarray | None = None  # reduced cost of each choice in the relaxation
        self.earns = 1.0  # what one more yuan of the first budget would earn
        self.best_seen: np.ndarray | None = None  # by the stage that runs, should it be interrupted
        self.rng = np.random.default_rng(search.random_state)
        self.model: Model = build_model(problem)
        steps = search.anneal_rounds + search.rounds + 2
        self.progress = progress(total=steps, what="扩张路径")

    def reached(self) -> float:
        """Objective of the best rows, in the model's scale."""
        if self.problem.case.policy.objective == "profit":
            return (evaluate(self.problem, self.rows).value - self.problem.base_value) / self.model.scale
        values = complete(self.model, self.rows)
        return -np.inf if values is None else float(self.model.program.arrays()[0] @ values)

    def gap(self) -> float:
        value = self.reached()
        return (self.bound - value) / max(abs(value), 1e-9)

    def go(self) -> None:
        method = self.search.method
        timed = method == "auto" and self.search.seconds is not None
        if timed and len(self.model.z) <= BRANCHED_CHOICES:
            self.branching = BranchInBackground(self.model, self.clock, gap=self.search.gap)
        self._start()
        self._note("greedy")
        if method == "greedy":
            return self._relaxed()
        if method == "exact" or (len(self.model.z) <= EXACT_CHOICES and not timed):
            return self._exact()
        self.earns = self._begin_bound() if timed else self._relaxed()
        if method == "anneal":
            return self._anneal(1.0, 1.0, warm=False)
        self._stages()
        if self.background is not None:
            self._end_bound()
        small = len(self.model.z) <= UNTIMED_CHOICES and self.search.seconds is None
        if method == "auto" and self.gap() > self.search.gap and small:
            self._exact()
        self._say_end()
        return None

    def _stages(self) -> None:
        """The stages in turn; where branch and bound is ahead of them again and again, it has the rest."""
        stages = {"support": self._support, "anneal": self._anneal, "neighbourhoods": self._neighbourhoods}
        behind = 0
        for stage, part, share in _shares(GUIDED if self.merit is not None else BLIND):
            behind = behind + 1 if self._take_found() else 0
            if behind >= BEHIND:
                break
            if self._open():
                stages[stage](part, share)

    def _say_end(self) -> None:
        if self.gap() <= self.search.gap and self.ended != "optimal":
            self.ended = "within the gap"
        elif self.clock.left() <= LAST:
            self.ended = "time limit"

    def _see(self, rows: np.ndarray) -> None:
        self.best_seen = rows

    def _open(self) -> bool:
        """Whether more is to be found."""
        return not self._is_enough(self.reached())

    def _is_enough(self, value: float) -> bool:
        """Whether an objective, or that of the plan of branch and bound, is near enough to what is proven."""
        if self.branching is not None:
            value = max(value, self.branching.value)
        return value >= self._proven() / (1 + self.search.gap)

    def _earns_enough(self, gain: float) -> bool:
        """The same of a gain in yuan; without a clock, annealing makes all its moves."""
        return self.search.seconds is not None and self._is_enough(gain / self.model.scale)

    def _offered(self, value: float) -> np.ndarray | None:
        """The plan of branch and bound, if it is worth more than `value`."""
        beside = self.branching
        return beside.found if beside is not None and beside.value > value + 1e-9 * abs(value) else None

    def _anneal(self, part: float, share: float, *, warm: bool = True) -> None:
        """Single moves; they know nothing of objectives other than profit."""
        if self.problem.case.policy.objective != "profit":
            return
        moves = round(share * self.search.anneal_rounds * min(MOVES, len(self.model.z)))
        self.rows = anneal(
            self.problem,
            self.rows,
            moves=moves,
            rng=self.rng,
            yuan_earns=self.earns,
            likely=self._likely(TRIED),
            warm=warm and self.merit is not None,
            control=Control(
                self.clock.part(part), found=self._see, enough=self._earns_enough, tell=self._annealed
            ),
        )
        self._note("anneal")

    def _support(self, part: float, _share: float) -> None:
        """Branch and bound over the choices that the relaxation thinks most of."""
        control = Control(self.clock.part(part), found=self._see, enough=self._is_enough)
        self.rows = solve_support(self.model, self.rows, self.merit, control=control)
        self._note("support")

    def _likely(self, per_unit: float) -> np.ndarray | None:
        return None if self.merit is None else likely(self.problem, self.merit, per_unit)

    def _neighbourhoods(self, part: float, share: float) -> None:
        timed = self.search.seconds is not None
        rounds = round(share * self.search.rounds)
        clock = self.clock if part == 1.0 else self.clock.part(part)
        self.rows = improve(
            self.model,
            self.rows,
            rounds=10**6 if timed and self.search.method == "auto" else rounds,
            nodes=40,
            rng=self.rng,
            likely=self._likely(NEARBY),
            control=Control(
                clock, found=self._see, enough=self._is_enough, offered=self._offered, tell=self._tick
            ),
        )
        self._note("neighbourhoods")

    def _proven(self) -> float:
        running = [one.bound for one in (self.background, self.branching) if one is not None]
        return min([self.bound, *running])

    def _begin_bound(self) -> float:
        """Bounds are sought in a thread; what a yuan earns is waited for, a quarter of the time at most."""
        self.background = BoundInBackground(
            self.problem,
            self.model,
            self.rows,
            self.reached(),
            self.clock,
            self._note,
            beside=self.branching,
        )
        until = self.clock.spent() + self.clock.left() / 4
        while self.clock.spent() < until and not self.background.first.wait(timeout=0.02):
            pass
        self.merit = self.background.merit
        return self._earns(self.background.yuan_earns)

    def _end_bound(self) -> None:
        """Leave what time is left to branch and bound; take the bound, and the plan that it found."""
        while self.branching is not None and self.branching.runs() and self.clock.left() > 0:
            if not self._open():
                break
            self.branching.thread.join(timeout=min(0.1, max(self.clock.left(), 0.01)))
        # what it finds in its last moment counts; taken over once, so that waiting takes no time from it
        for thread in (self.background, self.branching):
            if thread is not None:
                thread.stop()
        self.bound = self._proven()
        self._take_found()

    def _take_found(self) -> bool:
        """Go on from the plan that branch and bound found beside the search, if it is the better one."""
        before = self.rows
        for thread in (self.background, self.branching):
            if thread is not None and thread.found is not None:
                self._take(thread.found)
        return self.rows is not before

    def _take(self, rows: np.ndarray) -> None:
        """Keep these starts if they are better."""
        before = self.reached()
        kept = self.rows
        self.rows = rows
        if not evaluate(self.problem, rows).feasible or self.reached() <= before:
            self.rows = kept

    def _start(self) -> None:
        """A feasible plan: greedy, or the exact solver's first where orders or objective make it hard."""
        check_reach(self.problem)
        plain = self.problem.case.policy.objective == "profit" and not self.problem.case.policy.pinned
        rows = greedy(self.problem)
        if (plain or complete(self.model, rows) is not None) and evaluate(self.problem, rows).feasible:
            self.rows = rows
            return
        if len(self.model.z) > EXACT_CHOICES:
            loose = Loose(self.problem, self.clock)
            self.rows = loose.rows_within()
            if self.rows is None:
                raise infeasible(self.problem, loose)
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

    def _relaxed(self) -> float:
        """Bound by the linear relaxation; returns what a yuan of the first budget earns."""
        relaxed = Relaxation(self.problem, self.model, seconds=self.clock.left(), value=self.reached())
        self.bound = min(self.bound, relaxed.bound)
        self.merit = relaxed.merit
        self._note("relaxation")
        return self._earns(relaxed.yuan_earns)

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
        self.bound = min(self.bound, solution.bound)
        self.ended = solution.ended
        if solution.values is not None:
            self._take(tight.rows_of(solution.values))
        self._note("exact")

    def _earns(self, duals: np.ndarray | None) -> float:
        """What a yuan earns, at least what it costs; while unknown, half more than those of the plan earn."""
        if duals is None:
            spent = sum(self.problem.case.policy.per_period("budget")) / self.model.scale
            return max(1.0, 1.5 * self.reached() / max(spent, 1e-9))
        return max(1.0, float(duals.max(initial=0.0)))

    def _annealed(self, done: float) -> None:
        self.progress.update(int(done * self.search.anneal_rounds) - self.progress.n)

    def _tick(self, _done: float) -> None:
        self.progress.update(1)

    def _note(self, stage: str) -> None:
        self.trace.append((stage, self.reached() * self.model.scale, self.clock.spent()))
