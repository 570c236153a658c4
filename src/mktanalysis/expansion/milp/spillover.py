"""Spill-over in the programme: strong neighbours save a part of what an opening costs.

Always holds: a saving is a part of the opening of what starts in that period, at most the cap; in the tight
form every neighbour's help has a column of its own, and of two neighbours at most one helps the other. The
budget feels a saving in whole starts as `felt_saving` says.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...highs import Program
from ..choices.candidates import Problem


def add_spill(
    problem: Problem, program: Program, z, strong: np.ndarray, scale: float, form: str
) -> np.ndarray:
    """saving[i,t] = sum over neighbours, each at most `spill`, together at most the cap, all as a part of the
    opening.

    A neighbour helps only what starts after it is strong; so of two neighbours at most one helps the other.
    """
    case = problem.case
    c = problem.candidates
    (n, periods) = problem.shape
    assumptions = case.assumptions
    saving = np.full((n, periods), -1)
    if assumptions.spill == 0 or assumptions.spill_cap == 0 or len(c) == 0:
        return saving
    most = opening_most(problem)
    i, t = np.nonzero(most > 0)
    cost = problem.weight[t] / scale * most[i, t]
    saving[i, t] = program.columns(len(i), high=assumptions.spill_cap, cost=cost, owner=n + i)
    row = np.full((n, periods), -1)
    row[i, t] = np.arange(len(i))
    share = c.opening / np.maximum(most[c.unit, c.start], 1e-12)
    ok = row[c.unit, c.start] >= 0
    start_row = row[c.unit, c.start][ok]
    start_z = z[ok]
    start_share = share[ok]
    own = np.arange(len(i))
    capped = (start_row, start_z, -assumptions.spill_cap * start_share)
    program.rows(len(i), [(own, saving[i, t], 1.0), capped], high=0.0)
    if form == "coarse":
        return saving
    near = case.adjacency[i].tocoo()
    r, j = near.coords
    before = np.maximum(t[r] - 1, 0)
    given = problem.base_strong[j, before]
    column = np.where(t[r] > 0, strong[j, before], -1)
    has = given | (column >= 0)
    r = r[has]
    j = j[has]
    given = given[has]
    column = column[has]
    if form != "tight":
        near = _Near(r, ~given, column, np.bincount(r, given * assumptions.spill, minlength=len(i)))
        _all_at_once(program, saving[i, t], (start_row, start_z, start_share), near, assumptions)
        return saving
    help_ = program.columns(len(r), high=assumptions.spill, owner=n + i[r])
    program.rows(len(i), [(own, saving[i, t], 1.0), (r, help_, -1.0)], high=0.0)
    _help_rows(program, help_, r, (start_row, start_z, start_share), assumptions.spill)
    new = ~given
    _help_needs_strength(program, help_[new], (i[r[new]], j[new], t[r[new]]), column[new], problem)
    _one_way(program, help_[new], i[r[new]], j[new], n, assumptions.spill)
    return saving


class _Near(NamedTuple):
    """Strong neighbours of each saving: its row, whether a column says so, which, and what the base gives."""

    row: np.ndarray
    new: np.ndarray
    column: np.ndarray
    given: np.ndarray


def _all_at_once(program: Program, saving, starts, near: _Near, assumptions) -> None:
    """saving <= spill x strong neighbours x opening of what starts, for every size of opening.

    Each start has a row; a dearer one s' of the same unit and period is let off by cap x (s' - s).
    """
    start_row, start_z, start_share = starts
    order = np.argsort(start_row, kind="stable")
    start_row = start_row[order]
    start_z = start_z[order]
    start_share = start_share[order]
    rank = np.arange(len(order)) - np.searchsorted(start_row, start_row)
    for k in range(int(rank.max(initial=-1)) + 1):
        size = np.full(len(saving), np.nan)
        size[start_row[rank == k]] = start_share[rank == k]
        has = np.isfinite(size)
        at = np.cumsum(has) - 1
        new = near.new & has[near.row]
        dearer = start_share > np.nan_to_num(size[start_row], nan=np.inf)
        over = start_share[dearer] - size[start_row[dearer]]
        parts = [
            (np.arange(has.sum()), saving[has], 1.0),
            (at[near.row[new]], near.column[new], -assumptions.spill * size[near.row[new]]),
            (at[start_row[dearer]], start_z[dearer], -assumptions.spill_cap * over),
        ]
        program.rows(int(has.sum()), parts, high=near.given[has] * size[has])


def opening_most(problem: Problem) -> np.ndarray:
    """Dearest opening of each unit and period, the scale of its saving; shape (units, periods)."""
    c = problem.candidates
    most = np.zeros(problem.shape)
    np.maximum.at(most, (c.unit, c.start), c.opening)
    return most


def add_felt(problem: Problem, program: Program, z, saving: np.ndarray) -> list[tuple]:
    """What the budget feels of savings: period, column and yuan, part by part.

    All of a saving, less 1 - `reinvest` of what is saved beyond the loss of the first year. That part has
    columns (beyond >= saving - losses of the starts) only where both a loss and more than it can be saved;
    no plan gains by making it larger. Of a loss no more counts than can be saved: so in fractions of several
    starts, too, the budget feels no more than if each had a saving of its own.
    """
    c = problem.candidates
    policy = problem.case.policy
    assumptions = problem.case.assumptions
    most = opening_most(problem)
    i, t = np.nonzero(saving >= 0)
    savable = assumptions.spill_cap * c.opening
    cut = np.minimum(c.loss, savable)
    covered = np.zeros(problem.shape, dtype=bool)
    exceeded = np.zeros(problem.shape, dtype=bool)
    covered[c.unit[cut > 0], c.start[cut > 0]] = True
    exceeded[c.unit[savable > c.loss], c.start[savable > c.loss]] = policy.reinvest < 1
    whole = np.where(exceeded & ~covered, policy.reinvest, 1.0) * most
    parts = [(t, saving[i, t], whole[i, t])]
    i, t = np.nonzero((saving >= 0) & exceeded & covered)
    beyond = program.columns(len(i), high=assumptions.spill_cap, owner=problem.shape[0] + i)
    row = np.full(problem.shape, -1)
    row[i, t] = np.arange(len(i))
    ok = row[c.unit, c.start] >= 0
    starts = (row[c.unit, c.start][ok], z[ok], -cut[ok] / most[c.unit, c.start][ok])
    program.rows(
        len(i), [(np.arange(len(i)), saving[i, t], 1.0), (np.arange(len(i)), beyond, -1.0), starts], high=0.0
    )
    return [*parts, (t, beyond, (policy.reinvest - 1) * most[i, t])]


def _help_rows(program: Program, help_, r, starts, spill: float) -> None:
    """help[i,j,t] <= spill x starts of i at t."""
    start_row, start_z, start_share = starts
    order = np.argsort(start_row, kind="stable")
    first = np.searchsorted(start_row[order], r)
    count = np.searchsorted(start_row[order], r, side="right") - first
    k = np.repeat(np.arange(len(r)), count)
    at = order[np.repeat(first, count) + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)]
    program.rows(
        len(r), [(np.arange(len(r)), help_, 1.0), (k, start_z[at], -spill * start_share[at])], high=0.0
    )


def _help_needs_strength(program: Program, help_, where, column, problem: Problem) -> None:
    """All help of j to i up to t is at most `spill` x strength of j before t (strength that lasts makes this
    valid).
    """
    i, j, t = where
    (n, periods) = problem.shape
    c = problem.candidates
    lasting = np.ones(n, dtype=bool)  # once strong, strong to the end, under every programme
    lost = c.strong[:, :-1] & ~c.strong[:, 1:]
    lasting[c.unit[lost.any(axis=1)]] = False
    order = np.lexsort([t, i * n + j])
    key = (i * n + j)[order]
    rows = np.arange(len(order))
    parts = [(rows, help_[order], 1.0), (rows, column[order], -problem.case.assumptions.spill)]
    for step in range(1, periods):
        same = np.flatnonzero((key[step:] == key[:-step]) & lasting[j[order][step:]])
        parts.append((same + step, help_[order][same], 1.0))
    program.rows(len(order), parts, high=0.0)


def _one_way(program: Program, help_, i, j, n: int, spill: float) -> None:
    """Over all periods, i helped by j and j helped by i together at most once."""
    pair = np.minimum(i, j) * n + np.maximum(i, j)
    pairs, at = np.unique(pair, return_inverse=True)
    program.rows(len(pairs), [(at, help_, 1.0)], high=spill)
