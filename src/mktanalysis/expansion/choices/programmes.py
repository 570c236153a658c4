"""Everything that concerns one unit alone, computed before any choice is made.

Always holds: figures depend on the unit, the programme and the years since its start (age) - and on the
calendar only through the capacity; so the solver meets a linear problem.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..assumptions import Programme
from ..market.case import Case
from .response import attraction_share, margin_of, next_share, rank_of, strong_next
from .workload import staff_by_age


@dataclass(frozen=True, eq=False)
class Library:
    """Paths by age of each unit under each programme.

    Attributes
    ----------
    share, rank, strong, people : ndarray, shape (units, programmes, ages)
    contribution : ndarray, shape (units, programmes, ages)
        Margin x share, per yuan of capacity.
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
    response = assumptions.response
    programmes = assumptions.programmes if programmes is None else programmes
    ages = np.arange(periods)
    shape = (len(case.units), len(programmes), periods)
    own = case.column("own_share")
    strength = case.column("rival_strength")
    share = np.zeros(shape)
    rank = np.zeros(shape, dtype=int)
    strong = np.zeros(shape, dtype=bool)
    raw = np.array([[p.effort[min(int(a), len(p.effort) - 1)] for a in ages] for p in programmes])
    for k in range(len(programmes)):
        before = own
        was = mature & (own >= response.enter_share)
        if mature:  # a base without a stated share has the one that its effort leads to
            before = np.where(own > 0, own, attraction_share(raw[k, 0], strength, response))
            was = before >= response.exit_share
        for a in ages:
            target = attraction_share(raw[k, a], strength, response)
            share[:, k, a] = next_share(before, target, response)
            rank[:, k, a] = rank_of(share[:, k, a], case.rivals, own)
            strong[:, k, a] = strong_next(was, share[:, k, a], rank[:, k, a], response)
            before = share[:, k, a]
            was = strong[:, k, a]
    distance = distance_factor(case)
    staff = staff_by_age(
        case.column("customers"), periods, assumptions.staffing, level=case.level, mature=mature
    )
    visits = np.array([p.visits for p in programmes])
    return Library(
        tuple(p.name for p in programmes),
        share,
        rank,
        strong,
        staff[:, None, :] * visits[None, :, None],
        share * margin_of(rank, response),
        raw[None] * distance[:, None, None],
    )


def distance_factor(case: Case) -> np.ndarray:
    """What distance to the supply centre multiplies the effort's cost with, shape (units,)."""
    return 1 + case.assumptions.response.distance_cost * case.column("distance_km") / 100
