"""How markets answer the efforts of some years, in each of the equally likely ways.

Always holds: nothing is decided here - efforts and answers are given, shares, ranks and strength come out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..market.case import Case
from .chance import Answers
from .response import Standing, order_of, rank_of, strong_next


def phase_at(found, track: int, age: int):
    """The phase of a track in a year of presence, and its effort then."""
    while age < found[track].since:
        track = found[track].before
    phase = found[track].phase
    return phase, phase.effort_in(age - found[track].since)


class Answered(NamedTuple):
    """Arrays of shape (parts, situations, tracks, ages)."""

    share: np.ndarray
    rank: np.ndarray
    strong: np.ndarray


def simulate(case: Case, unit, start, raw, parts: Answers, *, mature: bool = False) -> Answered:
    """How markets answer the efforts ``raw``, shape (tracks, ages), in each of the equally likely ways."""
    response = case.assumptions.response
    own = case.column("own_share")[unit][None, :, None]
    usual = case.column("rival_strength")[unit][None, :, None]
    reaction = (0.0 if mature else response.reaction) * case.column("reaction")[unit][None, :, None]
    rivals = case.rivals[unit][None, :, None, :]
    market = Standing(response, order_of(case.rivals[unit], np.full(len(unit), mature))[None, :, None])
    shape = (len(parts.factor), len(unit), len(raw))
    arrives = case.arrival(parts.arrival[:, None], unit[None, :])[:, :, None]
    factor = parts.factor.reshape(len(parts.factor), -1, 1)  # of all units, or of each its own
    standing = np.broadcast_to(market.of_share(own, usual), shape)
    before = np.broadcast_to(own, shape)
    was = np.broadcast_to(mature & (before >= response.enter_share), shape)
    if mature:  # a base without a stated share has the one that its effort leads to
        kept = market.of_effort(raw[:, 0], np.broadcast_to(usual, shape))
        standing = np.where(before > 0, standing, kept)
        before = np.where(before > 0, before, market.share(standing, usual))
        was = before >= response.exit_share
    size = (*shape, raw.shape[1])
    found = Answered(np.zeros(size), np.zeros(size, dtype=np.int8), np.zeros(size, dtype=bool))
    for age in range(raw.shape[1]):
        strength = usual * (1 + reaction * before * (age > 0))
        strength = strength + response.entrant * (start[None, :, None] + age >= arrives)
        standing = market.after(standing, factor * raw[:, age], strength)
        share = market.share(standing, strength)
        rank = rank_of(share, rivals, own)
        was = strong_next(was, share, rank, response)
        found.share[..., age] = share
        found.rank[..., age] = rank
        found.strong[..., age] = was
        before = share
    return found


def share_seen(case: Case, unit, start, effort, told) -> np.ndarray:
    """Share after some years of `effort`, shape (years,), if markets answer as readings say: (parts, units).

    `told` has shape (parts,), or (parts, units) where each unit has readings of its own. What new rivals do
    is none of a reading's business: it is told of the market as it was entered.
    """
    parts = Answers(np.asarray(told), np.zeros(len(told)), np.ones(len(told)))
    return simulate(case, unit, start, np.asarray(effort)[None], parts).share[:, :, 0, -1]


def distance_factor(case: Case) -> np.ndarray:
    """What distance to the supply centre multiplies the effort's cost with, shape (units,)."""
    return 1 + case.assumptions.response.distance_cost * case.column("distance_km") / 100
