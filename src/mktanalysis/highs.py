"""A small builder of mixed-integer programmes for HiGHS: blocks of columns and rows as arrays.

Always holds: the objective is maximised; results say which limit ended a run, and without a time limit a run
gives the same answer every time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy import sparse

INF = float("inf")


@dataclass(frozen=True, eq=False)
class Solution:
    """Result of a run: values (None when none was found), objective, proven bound, how it ended, and the
    simplex iterations it took (``work``, the same on every machine)."""

    values: np.ndarray | None
    objective: float
    bound: float
    ended: str
    nodes: int = 0
    work: int = 0
    duals: np.ndarray | None = None


class Arrays(NamedTuple):
    """A programme as arrays: objective, column bounds, integrality, matrix (csc), row bounds."""

    cost: np.ndarray
    low: np.ndarray
    high: np.ndarray
    integer: np.ndarray
    matrix: sparse.csc_array
    row_low: np.ndarray
    row_high: np.ndarray


class Program:
    """Columns and rows collected block by block."""

    def __init__(self):
        self._cost = []
        self._low = []
        self._high = []
        self._integer = []
        self._entries = []
        self._row_low = []
        self._row_high = []
        self._owner = []
        self.n_columns = self.n_rows = 0

    def columns(
        self, count: int, *, low=0.0, high=1.0, cost=0.0, integer: bool = False, owner=-1
    ) -> np.ndarray:
        """Add `count` columns and return their positions; `owner` numbers what each belongs to (-1: all)."""
        self._owner.append(np.broadcast_to(np.asarray(owner, dtype=int), (count,)))
        for store, value in ((self._cost, cost), (self._low, low), (self._high, high)):
            store.append(np.broadcast_to(np.asarray(value, dtype=float), (count,)))
        self._integer.append(np.full(count, integer))
        self.n_columns += count
        return np.arange(self.n_columns - count, self.n_columns)

    def rows(self, count: int, parts, *, low=-INF, high=INF) -> np.ndarray:
        """Add `count` rows; `parts` lists (row within the block, column, coefficient) arrays."""
        for row, column, coefficient in parts:
            row, column, coefficient = np.broadcast_arrays(row, column, np.asarray(coefficient, dtype=float))
            self._entries.append((row.ravel() + self.n_rows, column.ravel(), coefficient.ravel()))
        for store, value in ((self._row_low, low), (self._row_high, high)):
            store.append(np.broadcast_to(np.asarray(value, dtype=float), (count,)))
        self.n_rows += count
        return np.arange(self.n_rows - count, self.n_rows)

    def loosen(self, rows: np.ndarray, sign: float) -> np.ndarray:
        """Add a column to each of these rows that moves it by `sign` a unit; returns the columns."""
        columns = self.columns(len(rows), high=INF)
        self._entries.append((np.asarray(rows), columns, np.full(len(rows), sign)))
        return columns

    @property
    def owner(self) -> np.ndarray:
        """What each column belongs to, as it was said when it was added."""
        return np.concatenate(self._owner)

    def set_cost(self, cost: np.ndarray) -> None:
        """Replace the objective of all columns."""
        self._cost = [np.asarray(cost, dtype=float)]

    def raise_low(self, columns: np.ndarray, value: float) -> None:
        """Set the lower bound of some columns."""
        low = np.concatenate(self._low).copy()
        low[columns] = value
        self._low = [low]

    def arrays(self) -> Arrays:
        """Cost, column bounds, integrality, matrix (csc), row bounds."""
        matrix = sparse.csc_array((self.n_rows, self.n_columns))
        if self._entries:
            i, j, v = (np.concatenate(part) for part in zip(*self._entries, strict=True))
            matrix = sparse.csc_array((v, (i, j)), shape=(self.n_rows, self.n_columns))
        cost, low, high, integer = (
            np.concatenate(x) for x in (self._cost, self._low, self._high, self._integer)
        )
        row_low, row_high = (np.concatenate(x) if x else np.zeros(0) for x in (self._row_low, self._row_high))
        return Arrays(cost, low, high, integer, matrix, row_low, row_high)

    def solve(
        self,
        *,
        relaxed: bool = False,
        gap: float = 0.0,
        nodes: int | None = None,
        seconds: float | None = None,
        start=None,
        threads: int = 1,
        options: dict | None = None,
        watch=None,
    ) -> Solution:
        """Maximise; `relaxed` drops integrality and returns duals; `watch` as in `solve_arrays`."""
        arrays = self.arrays()
        if relaxed:
            arrays = arrays._replace(integer=np.zeros(self.n_columns, dtype=bool))
        options = {"threads": threads, **(options or {})}
        solution = solve_arrays(
            arrays, gap=gap, nodes=nodes, seconds=seconds, start=start, options=options, watch=watch
        )
        exact = solution.ended == "optimal" and options.get("run_crossover") != "off"
        if relaxed and not exact and solution.ended != "infeasible" and solution.duals is not None:
            return replace(solution, bound=dual_bound(arrays, solution.duals))
        return solution


def solve_arrays(
    arrays: Arrays,
    *,
    gap=0.0,
    nodes=None,
    seconds=None,
    start=None,
    options: dict | None = None,
    watch=None,
    better=None,
) -> Solution:
    """Pass a programme to HiGHS and run it, from the values `start` of all columns if given.

    `watch`, a function, is given the bound of branch and bound and the best value now and then; it returns
    whether to end. `better`, a function, is given the values of every better plan that is found.
    """
    import highspy

    settings = {"threads": 1, "random_seed": 0, "mip_rel_gap": gap, "mip_abs_gap": 1e-9, **(options or {})}
    if nodes is not None:
        settings["mip_max_nodes"] = int(nodes)
    if seconds is not None:
        settings["time_limit"] = float(seconds)
    highs = highspy.Highs()
    for name, value in {"output_flag": False, **settings}.items():
        highs.setOptionValue(name, value)
    highs.passModel(_highs_lp(arrays, highspy))
    if start is not None:
        solution = highspy.HighsSolution()
        solution.col_value = list(np.asarray(start, dtype=float))
        highs.setSolution(solution)
    if watch is not None:
        _listen(highs, watch, bool(arrays.integer.any()))
    if better is not None:
        highs.cbMipImprovingSolution.subscribe(lambda event: better(np.array(event.data_out.mip_solution)))
    highs.run()
    return _result(highs, highspy, bool(arrays.integer.any()))


def _listen(highs, watch, is_mip: bool) -> None:
    """Ask `watch` now and then; a linear programme has no bound to tell before its end."""

    def in_mip(event):
        if watch(event.data_out.mip_dual_bound, event.data_out.mip_primal_bound):
            event.interrupt()

    def in_lp(event):
        if watch(INF, -INF):
            event.interrupt()

    if is_mip:
        highs.cbMipInterrupt.subscribe(in_mip)
    else:
        highs.cbSimplexInterrupt.subscribe(in_lp)
        highs.cbIpmInterrupt.subscribe(in_lp)


def _highs_lp(arrays: Arrays, highspy):
    lp = highspy.HighsLp()
    lp.num_col_ = len(arrays.cost)
    lp.num_row_ = len(arrays.row_low)
    lp.col_cost_ = arrays.cost
    lp.col_lower_ = arrays.low
    lp.col_upper_ = arrays.high
    lp.row_lower_ = arrays.row_low
    lp.row_upper_ = arrays.row_high
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    matrix = arrays.matrix
    lp.a_matrix_.start_ = matrix.indptr
    lp.a_matrix_.index_ = matrix.indices
    lp.a_matrix_.value_ = matrix.data
    if arrays.integer.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(flag)] for flag in arrays.integer]
    return lp


def dual_bound(arrays, duals: np.ndarray) -> float:
    """Upper bound from any row duals, exact or not: every row and column at its better end.

    For all feasible x, cx = y(Ax) + (c - A'y)x, each part at most its value at a bound; a dual that points
    to an infinite bound is set to zero, so the result holds whatever the solver returned.
    """
    cost, low, high, _, matrix, row_low, row_high = arrays
    duals = np.asarray(duals, dtype=float)
    if len(duals) != len(row_low):
        return INF
    open_end = ((duals > 0) & np.isinf(row_high)) | ((duals < 0) & np.isinf(row_low))
    y = np.where(open_end, 0.0, duals)
    reduced = cost - matrix.T @ y
    reduced[np.abs(reduced) < 1e-12] = 0.0
    ends = [np.where(y > 0, row_high, row_low), np.where(reduced > 0, high, low)]
    parts = [
        np.where(v == 0, 0.0, v * np.where(v == 0, 0.0, end))
        for v, end in zip((y, reduced), ends, strict=True)
    ]
    return float(parts[0].sum() + parts[1].sum())


def _result(highs, highspy, is_mip: bool) -> Solution:
    status = highs.getModelStatus()
    info = highs.getInfo()
    names = highspy.HighsModelStatus
    ended = {
        names.kOptimal: "optimal",
        names.kInfeasible: "infeasible",
        names.kTimeLimit: "time limit",
        names.kSolutionLimit: "node limit",
        names.kUnboundedOrInfeasible: "infeasible",
        names.kInterrupt: "interrupted",
    }.get(status, highs.modelStatusToString(status))
    found = info.primal_solution_status == 2
    solution = highs.getSolution()
    values = np.array(solution.col_value) if found else None
    objective = info.objective_function_value if found else -INF
    if not is_mip:
        bound = objective if ended == "optimal" else INF
        return Solution(
            values, objective, bound, ended, 0, int(info.simplex_iteration_count), np.array(solution.row_dual)
        )
    return Solution(
        values,
        objective,
        info.mip_dual_bound,
        ended,
        int(info.mip_node_count),
        int(info.simplex_iteration_count),
    )
