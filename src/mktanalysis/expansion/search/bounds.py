"""How good any plan could be: bounds from relaxations of the programme.

Always holds: a bound is valid whenever its run is stopped; it is in the objective's scale of the model.
"""

from __future__ import annotations

import threading
import time

import numpy as np

from ...highs import solve_arrays
from ..choices.candidates import Problem
from ..choices.evaluate import evaluate
from ..milp.build import Model, build_model
from .neighbourhoods import complete

#: The tight form at once up to so many choices; later, if time is left, up to the larger figure.
TIGHT_CHOICES = 4000
LARGER_CHOICES = 12_000
#: A relaxation that a time limit stopped at a gap above this is followed by the coarse one.
ROUGH = 0.5

#: Relaxations by interior point. Without presolve and crossover its duals are those of the programme as it
#: stands, so `dual_bound` turns them into a valid bound even where a time limit stopped it.
INTERIOR = {"solver": "ipm", "run_crossover": "off", "presolve": "off"}

#: Branch and bound for a bound only: strong branching costs more here than it saves.
BRANCHING = {"mip_allow_restart": False, "mip_pscost_minreliable": 0}

#: Where branch and bound has come so near to its own plan by half of the time, no other bound is sought: a
#: third thread would take from it a part of two processors.
NEAR = 0.25

#: Plans with fewer starts are tried by branch and bound first: where money buys few units, prices for it
#: leave more open than whole starts do.
FEW_STARTS = 40


class Relaxation:
    """The bound of the linear relaxation, and what a yuan of each period's budget earns in it.

    Of the tight form up to `TIGHT_CHOICES`, of the usual one above; if a time limit stopped it at a gap above
    `ROUGH` to the plan's `value`, of the coarse one too.
    """

    def __init__(
        self, problem: Problem, usual: Model, *, seconds: float = np.inf, value: float = -np.inf, watch=None
    ):
        self.model = usual if len(usual.z) > TIGHT_CHOICES else build_model(problem, form="tight")
        limit = None if seconds == np.inf else max(0.6 * seconds, 1.0)
        found = self.model.program.solve(relaxed=True, options=INTERIOR, seconds=limit, watch=watch)
        self.bound, model = found.bound, self.model
        if found.ended != "optimal" and found.bound > (1 + ROUGH) * value:
            model = build_model(problem, form="coarse")
            limit = max(0.3 * seconds, 1.0)
            found = model.program.solve(relaxed=True, options=INTERIOR, seconds=limit, watch=watch)
            self.bound = min(self.bound, found.bound)
        arrays = model.program.arrays()
        duals = found.duals if len(found.duals) == len(arrays.row_low) else np.zeros(len(arrays.row_low))
        self.yuan_earns = np.maximum(duals[model.parts["cash"]], 0.0)
        self.merit = (arrays.cost - arrays.matrix.T @ duals)[model.z]


def lagrangian_bounds(model: Model, prices: np.ndarray, start: np.ndarray, *, goal: float, left, seen=None):
    """Yield bounds with the cash rows priced instead of kept, the rest solved in whole starts.

    Without the rows that couple everything, branch and bound closes what the relaxation gains by fractions
    of offices, rungs and savings. Prices start at the relaxation's duals and follow the violation of the best
    plan found (subgradient with Polyak's step towards `goal`).

    Parameters
    ----------
    model : Model
    prices : ndarray, shape (periods,)
        Objective per unit of money at each period.
    start : ndarray
        Rows of a plan.
    goal : float
        Objective of the best plan known.
    left : callable
        Seconds left, infinite without a limit.
    seen : callable, optional
        Called with every bound that is proven on the way.
    """
    arrays = model.program.arrays()
    cash = model.parts["cash"]
    by_row = arrays.matrix.tocsr()
    money = by_row[cash]
    limit = arrays.row_high[cash]
    rest = np.setdiff1d(np.arange(len(arrays.row_low)), cash)
    kept = arrays._replace(
        matrix=by_row[rest].tocsc(), row_low=arrays.row_low[rest], row_high=arrays.row_high[rest]
    )
    values = complete(model, start)
    best = np.inf
    while left() > 1.0:
        priced = kept._replace(cost=arrays.cost - money.T @ prices)
        paid = float(prices @ limit)

        def watch(proven: float, _value: float, paid: float = paid) -> bool:
            if seen is not None:
                seen(proven + paid)
            return left() <= 0

        found = solve_arrays(
            priced,
            gap=2e-4,
            seconds=None if left() == np.inf else left(),
            start=values,
            options=BRANCHING,
            watch=watch,
        )
        bound = found.bound + paid
        best = min(best, bound)
        yield best
        if found.values is None or found.ended != "optimal":
            return
        values = found.values
        over = money @ values - limit
        step = 0.5 * (bound - goal) / max(float(over @ over), 1e-12)
        carried = model.problem.case.policy.carry_over
        moved = np.maximum(prices + step * over, 0.0)
        # money can wait: no later yuan earns more than an earlier one
        prices = np.maximum.accumulate(moved[::-1])[::-1] if carried else moved


class BranchInBackground:
    """Branch and bound on the programme as it stands, in a thread beside the search, as long as that runs.

    ``bound`` is the best bound so far, ``found`` the rows of its best plan, ``value`` that plan's objective.
    """

    def __init__(self, usual: Model, clock, *, gap: float):
        self.usual = usual
        self.clock = clock
        self.gap = gap
        self.bound = np.inf
        self.found = None
        self.value = -np.inf
        self.cost = usual.program.arrays().cost
        self.over = False
        self.thread = threading.Thread(target=self._run)  # at exit it is waited for, never cut off
        self.thread.start()

    def runs(self) -> bool:
        return self.thread.is_alive()

    def near(self) -> bool:
        """Whether its own bound is near its plan: it will prove more than prices can, if it is left alone."""
        return self.bound <= (1 + NEAR) * self.value

    def stop(self) -> None:
        """End as soon as it listens; what is found and proven by now counts."""
        self.over = True
        self.thread.join(timeout=0.3)

    def _run(self) -> None:
        found = solve_arrays(
            self.usual.program.arrays(),
            gap=self.gap,
            seconds=self.clock.left(),
            watch=self._watch,  # and no start: the search has one, and from nothing others are found
            better=self._keep,
        )
        self.bound = min(self.bound, found.bound)
        if found.values is not None:
            self._keep(found.values)

    def _watch(self, proven: float, _value: float) -> bool:
        self.bound = min(self.bound, proven)
        return self.over

    def _keep(self, values: np.ndarray) -> None:
        rows = self.usual.rows_of(values)
        value = float(self.cost @ values)
        if (
            value > self.value and evaluate(self.usual.problem, rows).feasible
        ):  # beyond the solver's tolerances
            self.found = rows
            self.value = value


class BoundInBackground:
    """The relaxation and what can be proven beyond it, in a thread beside the search for plans.

    ``bound`` is the best bound so far; `first` is set when the relaxation is done.
    Where branch and bound runs `beside`, it has no part of this thread's time, and half of the time left
    passes before more than the relaxation is asked for.
    """

    def __init__(
        self, problem: Problem, usual: Model, rows: np.ndarray, value: float, clock, note, *, beside=None
    ):
        self.beside = beside
        self.problem = problem
        self.usual = usual
        self.rows = rows
        self.value = value
        self.clock = clock
        self.note = note
        self.bound = np.inf
        self.yuan_earns = None
        self.merit = None
        self.found = None
        self.first = threading.Event()
        self.over = False
        self.thread = threading.Thread(target=self._run)  # at exit it is waited for, never cut off
        self.thread.start()

    def stop(self) -> None:
        """End the present run as soon as it listens, start no further one; what is proven by now counts."""
        self.over = True
        self.thread.join(timeout=0.3)

    def _watch(self, proven: float, _value: float = 0.0) -> bool:
        self.bound = min(self.bound, proven)
        return self.over

    def _left(self) -> float:
        return 0.0 if self.over else self.clock.left()

    def _run(self) -> None:
        try:
            relaxed = Relaxation(
                self.problem, self.usual, seconds=self.clock.left(), value=self.value, watch=self._watch
            )
            self.bound = relaxed.bound
            self.yuan_earns = relaxed.yuan_earns
            self.merit = relaxed.merit
            self.note("relaxation")
        finally:
            self.first.set()
        if len(self.usual.z) > TIGHT_CHOICES:
            return self._tighter()
        if self.beside is not None:
            self._wait(self._left() / 2)
            if self.beside.near():
                return None
        elif len(self.rows) < FEW_STARTS:
            self._branch(self._left() / 2)
        for bound in lagrangian_bounds(
            relaxed.model, relaxed.yuan_earns, self.rows, goal=self.value, left=self._left, seen=self._watch
        ):
            self._watch(bound)
            self.note("Lagrangian")
            if self.beside is not None and self.beside.bound < bound:
                return None  # branch and bound proves more: it has the processor
        return None

    def _wait(self, seconds: float) -> None:
        """Leave two processors to branch and bound and the search for a while."""
        until = self.clock.spent() + seconds
        while not self.over and self.clock.spent() < until:
            time.sleep(0.05)

    def _tighter(self) -> None:
        """The relaxation of the tight form, where it is not too large."""
        if len(self.usual.z) > LARGER_CHOICES or self._left() < 1.0:
            return
        tight = build_model(self.problem, form="tight").program
        found = tight.solve(relaxed=True, options=INTERIOR, seconds=self._left(), watch=self._watch)
        self.bound = min(self.bound, found.bound)
        self.note("tight relaxation")

    def _branch(self, seconds: float) -> None:
        found = self.usual.program.solve(
            gap=1e-3,
            seconds=seconds,
            options=BRANCHING,  # and no start: the search has one, and from nothing others are found
            watch=self._watch,
        )
        self.bound = min(self.bound, found.bound)
        self.found = None if found.values is None else self.usual.rows_of(found.values)
        self.note("branch and bound")
