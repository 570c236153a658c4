"""Everything that concerns one unit alone, computed before any choice is made.

Always holds: figures depend on the unit, the track of a programme and the years since its start (age) - and
on the calendar only through the capacity and, where rivals may enter, through the year of the start; so the
solver meets a linear problem.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..market.case import Case
from ..phases import Programme, Track, lasting_effort, tracks
from .chance import Answers, answers, reading
from .response import Standing, margin_of, order_of, rank_of, strong_next
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
    parts = answers(assumptions, rivals_enter=case.arrivals is not None)
    known = parts._replace(factor=np.ones(len(parts.factor)), luck=np.zeros(len(parts.factor)))
    parts = known if mature else parts
    unit = units
    start = np.zeros(len(units), dtype=int)
    if case.arrivals is not None and not mature:
        unit = np.repeat(units, periods)
        start = np.tile(np.arange(periods), len(units))
    answered = simulate(case, unit, start, raw, parts, mature=mature)
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
        seen={} if mature else _seen(case, found, unit, start, raw, parts),
        effort=raw[None] * distance_factor(case)[units, None, None],
        people=staff[:, None, :] * visits[None],
        entry=_entry(found, periods),
    )


def phase_at(found, track: int, age: int):
    """The phase of a track in a year of presence, and its effort then."""
    while age < found[track].since:
        track = found[track].before
    phase = found[track].phase
    return phase, phase.effort_in(age - found[track].since)


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
        told = reading(parts.factor, parts.luck, track.looks, case.assumptions)
        seen[position] = share_seen(case, unit, start, raw[position, : track.looks], told)
    return seen


def share_seen(case: Case, unit, start, effort, told) -> np.ndarray:
    """Share after some years of `effort`, shape (years,), if markets answer as readings say: (parts, units).

    What new rivals do is none of a reading's business: it is told of the market as it was entered.
    """
    parts = Answers(np.asarray(told), np.zeros(len(told)), np.ones(len(told)))
    return simulate(case, unit, start, np.asarray(effort)[None], parts).share[:, :, 0, -1]


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
    factor = parts.factor[:, None, None]
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


def distance_factor(case: Case) -> np.ndarray:
    """What distance to the supply centre multiplies the effort's cost with, shape (units,)."""
    return 1 + case.assumptions.response.distance_cost * case.column("distance_km") / 100
