"""Everything that concerns one unit alone, computed before any choice is made.

Always holds: figures depend on the unit, the programme and the years since its start (age) - and on the
calendar only through the capacity; so the solver meets a linear problem.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..assumptions import Programme
from ..market.case import Case
from .chance import responsiveness
from .response import Standing, margin_of, order_of, rank_of, strong_next
from .workload import staff_by_age


@dataclass(frozen=True, eq=False)
class Library:
    """Paths by age of each unit under each programme, as they are to be expected.

    Attributes
    ----------
    share, chance, people : ndarray, shape (units, programmes, ages)
        Expected share, chance of being strong, heads.
    rank : ndarray of int, shape (units, programmes, ages)
        That of the expected share.
    strong : ndarray of bool, shape (units, programmes, ages)
        The chance is at least the one that is asked for.
    contribution : ndarray, shape (parts, units, programmes, ages)
        Margin x share, per yuan of capacity, for each equally likely responsiveness.
    effort : ndarray, shape (units, programmes, ages)
        Effort with the extra cost of distance, per yuan of capacity.
    """

    names: tuple[str, ...]
    share: np.ndarray
    rank: np.ndarray
    strong: np.ndarray
    people: np.ndarray
    contribution: np.ndarray
    effort: np.ndarray
    chance: np.ndarray


def hold_programme(case: Case) -> Programme:
    """How the base is kept: the highest lasting effort of the programmes, every visit made."""
    last = max(programme.effort[-1] for programme in case.assumptions.programmes)
    return Programme(name="根据地", effort=(last,), visits=1.0)


def build_library(
    case: Case,
    programmes: tuple[Programme, ...] | None = None,
    *,
    mature: bool = False,
    periods: int | None = None,
) -> Library:
    """Compute the paths, over the horizon or over `periods` years.

    `mature` gives units the staff of a developed market from the first year.
    """
    periods = case.policy.periods if periods is None else periods
    assumptions = case.assumptions
    programmes = assumptions.programmes if programmes is None else programmes
    ages = np.arange(periods)
    shape = (len(case.units), len(programmes), periods)
    raw = np.array([[p.effort[min(int(a), len(p.effort) - 1)] for a in ages] for p in programmes])
    factors = np.ones(1) if mature else responsiveness(assumptions)  # at home the answer is known
    share = np.zeros(shape)
    chance = np.zeros(shape)
    contribution = np.zeros((len(factors), *shape))
    for part, factor in enumerate(factors):
        found = _answers(case, raw, factor, mature)
        share += found.share / len(factors)
        chance += found.strong / len(factors)
        contribution[part] = found.share * margin_of(found.rank, assumptions.response)
    distance = distance_factor(case)
    staff = staff_by_age(
        case.column("customers"), periods, assumptions.staffing, level=case.level, mature=mature
    )
    visits = np.array([p.visits for p in programmes])
    own = case.column("own_share")[:, None, None]
    return Library(
        names=tuple(p.name for p in programmes),
        share=share,
        rank=rank_of(share, case.rivals[:, None, None, :], own),
        strong=chance >= assumptions.reach_chance - 1e-9,
        people=staff[:, None, :] * visits[None, :, None],
        contribution=contribution,
        effort=raw[None] * distance[:, None, None],
        chance=chance,
    )


class _Answer(NamedTuple):
    """Arrays of shape (units, programmes, ages)."""

    share: np.ndarray
    rank: np.ndarray
    strong: np.ndarray


def _answers(case: Case, raw: np.ndarray, factor: float, mature: bool) -> _Answer:
    """How markets answer the efforts ``raw``, shape (programmes, ages), at one responsiveness."""
    response = case.assumptions.response
    own = case.column("own_share")[:, None]
    strength = case.column("rival_strength")[:, None]
    rivals = case.rivals[:, None, :]
    base = np.full(len(case.units), mature)
    market = Standing(response, order_of(case.rivals, base)[:, None])
    shape = (len(case.units), *raw.shape)
    standing = market.of_share(np.broadcast_to(own, shape[:2]), strength)  # shape (units, programmes)
    before = np.broadcast_to(own, shape[:2])
    was = mature & (before >= response.enter_share)
    if mature:  # a base without a stated share has the one that its effort leads to
        kept = market.of_effort(raw[:, 0], np.broadcast_to(strength, shape[:2]))
        standing = np.where(before > 0, standing, kept)
        before = np.where(before > 0, before, market.share(standing, strength))
        was = before >= response.exit_share
    found = _Answer(np.zeros(shape), np.zeros(shape, dtype=int), np.zeros(shape, dtype=bool))
    for age in range(raw.shape[1]):
        standing = market.after(standing, factor * raw[:, age], strength)
        share = market.share(standing, strength)
        rank = rank_of(share, rivals, own)
        was = strong_next(was, share, rank, response)
        found.share[:, :, age] = share
        found.rank[:, :, age] = rank
        found.strong[:, :, age] = was
    return found


def distance_factor(case: Case) -> np.ndarray:
    """What distance to the supply centre multiplies the effort's cost with, shape (units,)."""
    return 1 + case.assumptions.response.distance_cost * case.column("distance_km") / 100
