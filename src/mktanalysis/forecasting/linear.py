"""Reconciliation for any linear structure and correlated errors, without a nodes x nodes matrix.

Always holds: error covariance is ``diag(d) + U U'`` with few columns in U (one a residual); constraints are
sparse; the answer is the exact minimiser of ``(x - base)' W^-1 (x - base)`` over coherent x.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from ..errors import MktError
from .structure import Structure


def constraints(structure: Structure) -> sp.csc_array:
    """Rows that vanish on coherent values: an inner node less its children (tree) or its leaves."""
    inner = np.setdiff1d(np.arange(structure.size), structure.leaves)
    if structure.parent is None:
        spread = sp.coo_array(structure.matrix[inner])
        shape = (len(inner), structure.size)
        ones = sp.coo_array((np.ones(len(inner)), (np.arange(len(inner)), inner)), shape)
        leaves = sp.coo_array((spread.data, (spread.row, structure.leaves[spread.col])), shape)
        return sp.csc_array(ones - leaves)
    place = np.full(structure.size, -1)
    place[inner] = np.arange(len(inner))
    child = np.flatnonzero(structure.parent >= 0)
    rows = np.r_[np.arange(len(inner)), place[structure.parent[child]]]
    data = np.r_[np.ones(len(inner)), -np.ones(len(child))]
    return sp.csc_array((data, (rows, np.r_[inner, child])), (len(inner), structure.size))


def project(structure: Structure, base, diagonal, low_rank=None, *, held=None, values=None):
    """Coherent values nearest to `base` (nodes, horizon); nodes `held` (positions) equal `values`.

    ``x = base - W C' (C W C')^-1 (C base - c)``; with W = diag(d) + U U' the inverse follows from one sparse
    factorisation and a small dense system (Woodbury).

    Returns
    -------
    x : ndarray (nodes, horizon)
    price : ndarray (rows of C, horizon)
        Multipliers; the last ``len(held)`` rows belong to the held nodes.
    """
    rows = constraints(structure)
    target = np.zeros((rows.shape[0], base.shape[1]))
    if held is not None and len(held):
        pick = sp.csc_array((np.ones(len(held)), (np.arange(len(held)), held)), (len(held), structure.size))
        rows, target = sp.csc_array(sp.vstack([rows, pick])), np.vstack([target, values])
    factor = splu(sp.csc_matrix(rows @ sp.diags_array(diagonal) @ rows.T))
    gap = rows @ base - target
    price = factor.solve(gap)
    if low_rank is not None:
        load = rows @ low_rank
        solved = factor.solve(load)
        small = np.eye(load.shape[1]) + load.T @ solved
        price = price - solved @ np.linalg.solve(small, load.T @ price)
    back = rows.T @ price
    move = diagonal[:, None] * back
    if low_rank is not None:
        move = move + low_rank @ (low_rank.T @ back)
    return base - move, price


def project_bounded(structure: Structure, base, diagonal, low_rank, lower, upper) -> np.ndarray:
    """As :func:`project`, with ``lower <= x <= upper`` by node: exact, one step of the horizon at a time.

    Nodes that break a bound are held at it and let go when their multiplier turns; a step whose guesses
    do not settle goes to :func:`quadratic_program`.
    """
    out = np.empty_like(base)
    for step in range(base.shape[1]):
        low, high, y = lower[:, step], upper[:, step], base[:, step : step + 1]
        side = np.where(low == high, 2, 0)
        tiny = 1e-9 * max(float(np.abs(y).max()), 1.0)
        for _ in range(30):
            held = np.flatnonzero(side)
            at = np.where(side < 0, low, high)[held, None]
            try:
                x, price = project(structure, y, diagonal, low_rank, held=held, values=at)
            except RuntimeError:  # held nodes determine each other: singular
                break
            x, price = x[:, 0], price[len(price) - len(held) :, 0]
            broken = np.where(x < low - tiny, -1, np.where(x > high + tiny, 1, 0)) * (side == 0)
            pull = 1e-9 * np.abs(price).max(initial=0.0)
            loose = held[((side[held] == -1) & (price > pull)) | ((side[held] == 1) & (price < -pull))]
            if not broken.any() and not len(loose):
                out[:, step] = x
                break
            side[loose] = 0
            side = np.where(broken != 0, broken, side)
        else:
            out[:, step] = quadratic_program(structure, y[:, 0], diagonal, low, high, low_rank)
            continue
        if not (side is not None and np.isfinite(out[:, step]).all()):
            out[:, step] = quadratic_program(structure, y[:, 0], diagonal, low, high, low_rank)
    return structure.add_up(out[structure.leaves])


def quadratic_program(structure: Structure, base, diagonal, lower, upper, low_rank=None) -> np.ndarray:
    """Solve one step by HiGHS: x = base + e + U z, minimise e' D^-1 e + z' z."""
    import highspy

    scale = max(float(np.abs(base).max()), 1.0)
    free = np.isinf(diagonal)
    spread = np.where(free, 1.0, diagonal / np.mean(diagonal[~free]))
    rank = 0 if low_rank is None else low_rank.shape[1]
    factors = np.zeros((structure.size, 0)) if rank == 0 else low_rank / np.sqrt(np.mean(diagonal[~free]))
    rows = constraints(structure)
    # Variables: x (nodes) and z (rank); e = x - base - U z is eliminated when there is no U.
    if rank:
        link = sp.hstack(
            [sp.eye_array(structure.size), -sp.csc_array(factors), -sp.eye_array(structure.size)]
        )
        sums = sp.hstack([rows, sp.csc_array((rows.shape[0], rank + structure.size))])
        matrix = sp.csc_matrix(sp.vstack([sums, link]))
        right = np.r_[np.zeros(rows.shape[0]), base / scale]
        hessian = np.r_[np.zeros(structure.size), np.ones(rank), np.where(free, 0.0, 1 / spread)]
        cost = np.zeros(len(hessian))
        floor = np.r_[lower / scale, np.full(rank + structure.size, -np.inf)]
        ceiling = np.r_[upper / scale, np.full(rank + structure.size, np.inf)]
    else:
        matrix, right = sp.csc_matrix(rows), np.zeros(rows.shape[0])
        hessian = np.where(free, 0.0, 1 / spread)
        cost, floor, ceiling = -hessian * base / scale, lower / scale, upper / scale
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    model = highspy.HighsModel()
    lp = model.lp_
    lp.num_col_, lp.num_row_ = len(hessian), len(right)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, floor, ceiling
    lp.row_lower_ = lp.row_upper_ = right
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    used = np.flatnonzero(hessian)
    model.hessian_.dim_, model.hessian_.format_ = len(hessian), highspy.HessianFormat.kTriangular
    model.hessian_.start_ = np.searchsorted(used, np.arange(len(hessian) + 1))
    model.hessian_.index_, model.hessian_.value_ = used, hessian[used]
    solver.passModel(model)
    solver.run()
    status = solver.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        raise MktError(f"带约束的协调没有求得最优解（HiGHS：{solver.modelStatusToString(status)}）")
    return np.asarray(solver.getSolution().col_value)[: structure.size] * scale
