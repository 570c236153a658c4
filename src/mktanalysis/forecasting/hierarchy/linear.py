"""Reconciliation for any linear structure and correlated errors, without a nodes x nodes matrix.

Always holds: error covariance is ``diag(d) + U U'`` with few columns in U (one a residual); constraints are
sparse; the answer is the exact minimiser of ``(x - base)' W^-1 (x - base)`` over coherent x.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from ...errors import InfeasibleError, MktError
from .reconcile import check_bounds
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
        rows = sp.csc_array(sp.vstack([rows, pick]))
        target = np.vstack([target, values])
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


def shrunk_covariance(residual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Covariance of one-step residuals shrunk towards its diagonal, as ``diag(d) + U U'``.

    Intensity of Schafer and Strimmer (2005) as used for reconciliation by Wickramasuriya et al. (2019). All
    sums over pairs of nodes are taken through time, so the cost is O(nodes x time^2).

    Parameters
    ----------
    residual : ndarray (nodes, time)
        Times at which a node has none are left out.

    Returns
    -------
    diagonal : ndarray (nodes,)
    low_rank : ndarray (nodes, time)
    """
    known = residual[:, np.isfinite(residual).all(axis=0)]
    length = known.shape[1]
    if length < 3:
        raise MktError(f"mint_shrink 至少需要 3 期各地区都有的残差，现有 {length} 期：请改用 wls_var")
    centred = known - known.mean(axis=1, keepdims=True)
    spread = centred.std(axis=1, keepdims=True)
    unit = centred / np.where(spread > 0, spread, 1.0)
    # Over pairs i < j: sum of (mean over t of z_i z_j)^2, and sum over t of (z_i z_j)^2.
    power = (unit**2).sum(axis=1)
    square = (((unit.T @ unit) ** 2).sum() - (power**2).sum()) / 2 / length**2
    fourth = (((unit**2).sum(axis=0) ** 2).sum() - (unit**4).sum()) / 2
    noise = (fourth - length * square) / (length * (length - 1))
    keep = 1.0 - (np.clip(noise / square, 0.0, 1.0) if square > 0 else 1.0)
    variance = (centred**2).sum(axis=1) / (length - 1)
    floor = max(1e-10 * float(variance.mean()), 1e-100)
    return np.maximum((1 - keep) * variance, floor), np.sqrt(keep / (length - 1)) * centred


def reconcile_general(
    structure: Structure, base, diagonal, low_rank=None, *, lower=None, upper=None
) -> np.ndarray:
    """Nearest coherent values (nodes, horizon) in the metric of ``diag(d) + U U'``, within bounds if given.

    As :func:`~mktanalysis.forecasting.hierarchy.reconcile.reconcile`, for any structure and correlated
    errors.
    """
    if np.isinf(diagonal).any():  # bottom-up: what carries no weight is not looked at
        base = structure.add_up(base[structure.leaves])
        diagonal = np.where(np.isinf(diagonal), diagonal[np.isfinite(diagonal)].max() * 1e9, diagonal)
    values = project(structure, base, diagonal, low_rank)[0]
    low = np.broadcast_to(-np.inf if lower is None else lower, base.shape)
    high = np.broadcast_to(np.inf if upper is None else upper, base.shape)
    values = structure.add_up(values[structure.leaves])
    if ((values >= low) & (values <= high)).all():
        return values
    return project_bounded(structure, base, diagonal, low_rank, low, high)


def project_bounded(structure: Structure, base, diagonal, low_rank, lower, upper) -> np.ndarray:
    """As :func:`project`, with ``lower <= x <= upper`` by node: the exact optimum, step by step.

    Only bounds that the free solution breaks enter; how hard each pushes is a non-negative least squares
    problem (Lawson and Hanson 1974) in the covariance of the reconciled forecasts, repeated while new ones
    break.
    """
    (check_feasible if structure.parent is None else check_bounds)(structure, lower, upper)
    found = [
        _bounded_step(structure, base[:, [k]], diagonal, low_rank, lower[:, k], upper[:, k])
        for k in range(base.shape[1])
    ]
    values = np.stack(found, axis=1)
    return structure.add_up(values[structure.leaves])


def _bounded_step(structure, base, diagonal, low_rank, lower, upper) -> np.ndarray:
    held = np.flatnonzero(lower == upper)
    free = project(structure, base, diagonal, low_rank, held=held, values=lower[held, None])[0][:, 0]
    tiny = 1e-9 * max(float(np.abs(base).max()), 1.0)
    bound = np.array([], dtype=int)
    sign = np.array([])
    effect = np.zeros((structure.size, 0))
    entered = {-1.0: np.zeros(structure.size, bool), 1.0: np.zeros(structure.size, bool)}
    x = free
    for _ in range(2 * structure.size):
        gaps = {1.0: x < lower - tiny, -1.0: x > upper + tiny}
        new = [(side, np.setdiff1d(np.flatnonzero(gap & ~entered[side]), held)) for side, gap in gaps.items()]
        if not any(len(nodes) for _, nodes in new):
            return x
        for side, nodes in new:
            entered[side][nodes] = True
            moved = _response(structure, nodes, diagonal, low_rank, held)
            bound = np.r_[bound, nodes]
            effect = np.c_[effect, moved]
            sign = np.r_[sign, np.full(len(nodes), side)]
        target = np.where(sign > 0, lower[bound], upper[bound])
        push = _pushes(sign[:, None] * effect[bound] * sign, sign * (target - free[bound]))
        x = free + effect @ (sign * push)
    raise MktError("带约束的协调没有收敛")


def _response(structure, nodes, diagonal, low_rank, held) -> np.ndarray:
    """How all coherent values move when one of `nodes` is pushed: columns of their covariance."""
    column = np.zeros((structure.size, len(nodes)))
    column[nodes, np.arange(len(nodes))] = diagonal[nodes]
    if low_rank is not None:
        column += low_rank @ low_rank[nodes].T
    return project(
        structure, column, diagonal, low_rank, held=held, values=np.zeros((len(held), len(nodes)))
    )[0]


def _pushes(gram: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """Non-negative p with ``gram p >= gap``, complementary: the multipliers of a quadratic program.

    Least distance programming by non-negative least squares (Lawson and Hanson 1974, chapter 23), which
    also holds where bounds depend on each other and `gram` is singular.
    """
    from scipy.optimize import nnls

    scale = np.sqrt(np.maximum(np.diag(gram), np.finfo(float).tiny))
    root, vectors = np.linalg.eigh(gram / np.outer(scale, scale))
    factor = np.sqrt(np.maximum(root, 0.0))[:, None] * vectors.T
    size = max(float(np.abs(gap / scale).max()), np.finfo(float).tiny)
    wanted = gap / scale / size
    right = np.r_[np.zeros(len(gap)), 1.0]
    found, _ = nnls(np.vstack([factor, wanted]), right)
    return found / (1.0 - wanted @ found) * size / scale


def check_feasible(structure: Structure, lower, upper) -> None:
    """Raise unless coherent values meet the bounds; the smallest total relaxation is a linear program."""
    from scipy.optimize import linprog

    summing = sp.csr_array(structure.summing)
    n_leaves = len(structure.leaves)
    scale = max(float(np.abs(np.where(np.isfinite(lower), lower, 0.0)).max()), 1.0)
    for step in range(lower.shape[1]):
        low = lower[:, step] / scale
        high = upper[:, step] / scale
        below = np.flatnonzero(np.isfinite(low))
        above = np.flatnonzero(np.isfinite(high))
        rows = sp.vstack([-summing[below], summing[above]])
        slack = -sp.eye_array(rows.shape[0])
        limits = np.r_[-low[below], high[above]]
        cost = np.r_[np.zeros(n_leaves), np.ones(rows.shape[0])]
        free = [(None, None)] * n_leaves + [(0, None)] * rows.shape[0]
        found = linprog(
            cost, A_ub=sp.hstack([rows, slack], format="csr"), b_ub=limits, bounds=free, method="highs"
        )
        loose = np.flatnonzero(found.x[n_leaves:] > 1e-8)
        if len(loose):
            node = np.r_[below, above][loose]
            floor = loose < len(below)
            given = np.where(floor, lower[node, step], upper[node, step])
            change = found.x[n_leaves:][loose] * scale
            table = pd.DataFrame(
                {
                    "condition": [
                        f"{structure.nodes[n]} 第 {step + 1} 期的{'下限' if f else '上限'}"
                        for n, f in zip(node, floor, strict=True)
                    ],
                    "given": given,
                    "needed": np.where(floor, given - change, given + change),
                    "region": structure.nodes[node],
                    "step": step + 1,
                }
            )
            raise InfeasibleError("给定的固定值、下限和上限互相矛盾", table)
