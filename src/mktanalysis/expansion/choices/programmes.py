"""Everything that concerns one unit alone, computed before any choice is made.

Always holds: figures depend on the unit, the track of a programme and the years since its start (age) - and
on the calendar only through the capacity and, where rivals may enter, through the year of the start; so the
solver meets a linear problem.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..market.case import Case
from ..phases import Programme, Track, lasting_effort, tracks
from .beliefs import market_answers, told_at
from .chance import Answers
from .response import margin_of
from .simulate import distance_factor, phase_at, share_seen, simulate
from .workload import staff_by_age


@dataclass(frozen=True, eq=False)
class Library:
    """Paths by age of some units under each track of the programmes, answer by answer.

    A *situation* is a unit - or, where rivals may enter, a unit entered in a certain period.

    Attributes
    ----------
    tracks : tuple of Track
    answers : Answers
    units : ndarray of int
        The units that the library is about.
    share, contribution : ndarray, shape (parts, situations, tracks, ages)
        Market share; margin x share, per yuan of capacity.
    strong : ndarray of bool, same shape
    seen : dict
        Track with a review -> share that is seen at it, shape (parts, situations).
    effort : ndarray, shape (units, tracks, ages)
        Effort with the extra cost of distance, per yuan of capacity.
    people : ndarray, shape (units, tracks, ages)
    entry : ndarray, shape (tracks, ages)
        Part of the entry cost paid in each year.
    """

    tracks: tuple[Track, ...]
    answers: Answers
    units: np.ndarray
    share: np.ndarray
    contribution: np.ndarray
    strong: np.ndarray
    seen: dict[int, np.ndarray]
    effort: np.ndarray
    people: np.ndarray
    entry: np.ndarray

    def situation(self, unit, start) -> np.ndarray:
        """Which situation units (positions in the market) are in, that start in some periods."""
        at = np.searchsorted(self.units, unit)
        return at if self.share.shape[1] == len(self.units) else at * self.share.shape[3] + start

    def index(self, unit) -> np.ndarray:
        """Positions of units in the library's arrays by unit."""
        return np.searchsorted(self.units, unit)

    def chance(self) -> np.ndarray:
        """Chance of being strong on each track as long as it is followed, (situations, tracks, ages)."""
        return self.strong.mean(axis=0)


def hold_programme(case: Case) -> Programme:
    """How the base is kept: the highest lasting effort of the programmes, every visit made."""
    return Programme(name="根据地", effort=(lasting_effort(case.assumptions.programmes),), visits=1.0)


def build_library(
    case: Case,
    programmes: tuple[Programme, ...] | None = None,
    *,
    mature: bool = False,
    periods: int | None = None,
    units: np.ndarray | None = None,
) -> Library:
    """Compute the paths, over the horizon or over `periods` years, of all or some units.

    `mature` gives units the staff of a developed market from the first year, a share of today's effort, an
    answer that is known and rivals that have answered already.
    """
    periods = case.policy.periods if periods is None else periods
    assumptions = case.assumptions
    units = np.arange(len(case.units)) if units is None else np.asarray(units, dtype=int)
    found = tuple(tracks(assumptions.programmes if programmes is None else programmes))
    raw = np.array([[phase_at(found, v, age)[1] for age in range(periods)] for v in range(len(found))])
    visits = np.array(
        [[phase_at(found, v, age)[0].visits for age in range(periods)] for v in range(len(found))]
    )
    raw, visits = (x.reshape(len(found), periods) for x in (raw, visits))
    parts = market_answers(case)
    if mature:  # at home the answer is known
        parts = parts._replace(factor=np.ones(len(parts.luck)), luck=np.zeros(len(parts.luck)))
    parts = parts.of(units)
    unit = units
    start = np.zeros(len(units), dtype=int)
    if case.arrivals is not None and not mature:
        unit = np.repeat(units, periods)
        start = np.tile(np.arange(periods), len(units))
    met = parts.of(np.searchsorted(units, unit))
    answered = simulate(case, unit, start, raw, met, mature=mature)
    staff = staff_by_age(
        case.column("customers")[units], periods, assumptions.staffing, level=case.level, mature=mature
    )
    return Library(
        tracks=found,
        answers=parts,
        units=units,
        share=answered.share,
        contribution=answered.share * margin_of(answered.rank, assumptions.response),
        strong=answered.strong,
        seen={} if mature else _seen(case, found, unit, start, raw, met),
        effort=raw[None] * distance_factor(case)[units, None, None],
        people=staff[:, None, :] * visits[None],
        entry=_entry(found, periods),
    )


def _entry(found, periods: int) -> np.ndarray:
    paid = np.zeros((len(found), periods))
    for position in range(len(found)):
        track = position
        while track >= 0:
            if found[track].since < periods:
                paid[position, found[track].since] += found[track].phase.entry
            track = found[track].before
    return paid


def _seen(case: Case, found, unit, start, raw, parts: Answers) -> dict[int, np.ndarray]:
    """The share seen at each review for which bars are given: that of the reading, luck included."""
    seen = {}
    for position, track in enumerate(found):
        review = track.phase.review
        if review is None or review.bars is None or track.looks > raw.shape[1]:
            continue
        told = told_at(case, unit, track.looks, parts.factor, parts.luck)
        seen[position] = share_seen(case, unit, start, raw[position, : track.looks], told)
    return seen
