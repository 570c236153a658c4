"""What is believed of each market's responsiveness once entered units have shown their shares.

Always holds: logarithms are normal, units of a province share the part ``common`` of the variance, and a
share seen after n years is a reading whose error has variance ``luck**2 / n``; what is believed then is
Bayes' rule without approximation, for the unit that was seen and for every unit of its province.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...errors import MktError
from ..assumptions import Assumptions
from ..market.case import Case
from ..market.seen import LEFT, newest_rows
from ..phases import Phase, tracks
from .chance import Answers, answers, normal_parts, provinces, reading
from .simulate import phase_at, share_seen

#: Responsiveness is sought between 1 / WIDEST and WIDEST.
WIDEST = 1000.0
#: Keeps readings without error apart from each other.
TINY = 1e-12


class Shown(NamedTuple):
    """What entered units have shown, arrays of shape (shown,): position of the unit, years of presence by
    then, reading (missing without a share), track that it is on, whether it has been left.
    """

    unit: np.ndarray
    years: np.ndarray
    told: np.ndarray
    track: np.ndarray
    left: np.ndarray


@dataclass(frozen=True, eq=False)
class Beliefs:
    """Joint normal beliefs about the logarithm of every unit's responsiveness, province by province.

    Attributes
    ----------
    assumptions : Assumptions
    home : ndarray of int, shape (units,)
        Number of each unit's province.
    shown : Shown
    """

    assumptions: Assumptions
    home: np.ndarray
    shown: Shown

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of the logarithm of each unit's responsiveness."""
        variance = self.assumptions.spread**2
        mean = np.full(len(self.home), -variance / 2)
        spread = np.full(len(self.home), variance)
        for rows, gain, told, at in self._provinces():
            mean[rows] += gain @ (told + variance / 2)
            spread[rows] -= (gain * self._prior(rows, at)).sum(axis=1)
        return mean, np.maximum(spread, 0.0)

    def covariance(self, units: np.ndarray) -> np.ndarray:
        """Of the logarithms of some units of one province, shape (units, units)."""
        found = self._prior(units, units)
        for _, _, _, at in self._provinces(self.home[units[0]]):
            found = found - self._gain(units, at) @ self._prior(at, units)
        return found

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """One draw of every unit's responsiveness, shape (units,).

        Drawn before anything was seen, then corrected by what was seen less what was drawn (Matheron).
        """
        variance = self.assumptions.spread**2
        shared = rng.normal(size=self.home.max(initial=0) + 1)[self.home]
        alone = rng.normal(size=len(self.home))
        common = self.assumptions.common
        drawn = np.sqrt(variance) * (np.sqrt(common) * shared + np.sqrt(1 - common) * alone) - variance / 2
        luck = dict(zip(self.shown.unit, rng.normal(size=len(self.shown.unit)), strict=True))
        found = drawn.copy()
        for rows, gain, told, at in self._provinces():
            error = np.array([luck[unit] for unit in at]) * np.sqrt(self._noise(at))
            found[rows] += gain @ (told - drawn[at] - error)
        return np.exp(found)

    def factors(self) -> np.ndarray:
        """Equally likely values that stand for each unit's responsiveness, (parts, units), lowest first."""
        mean, variance = self.moments()
        factor = np.exp(np.sqrt(variance) * normal_parts()[:, None])
        return factor / factor.mean(axis=0) * np.exp(mean + variance / 2)

    def years(self, unit: np.ndarray) -> np.ndarray:
        """Years of presence that units have shown already."""
        every = np.zeros(len(self.home), dtype=int)
        every[self.shown.unit] = self.shown.years
        return every[unit]

    def reading(self, unit, looks: int, factor, luck) -> np.ndarray:
        """What units tell at a review, shape (parts, units): what was seen, or what the years since will say.

        Parameters
        ----------
        unit : array of int, shape (units,)
        looks : int
            Years of presence at the review.
        factor, luck : array, shape (parts, units) or (parts, 1)
        """
        unit = np.asarray(unit)
        since = looks - self.years(unit)
        every = np.ones(len(self.home))
        every[self.shown.unit] = np.where(np.isnan(self.shown.told), 1.0, self.shown.told)
        coming = [reading(factor, luck, max(years, 1), self.assumptions) for years in np.unique(since)]
        shape = (len(factor), len(unit))
        found = np.broadcast_to(every[unit], shape).copy()
        for years, told in zip(np.unique(since), coming, strict=True):
            if years > 0:
                found[:, since == years] = np.broadcast_to(told, shape)[:, since == years]
        return found

    def together(self, unit: int, own: np.ndarray, years: int, others) -> np.ndarray:
        """The reading of a unit that by itself would say what it says together with readings near by.

        Parameters
        ----------
        unit : int
        own : array, shape (draws,)
            Reading of the unit after `years` of presence.
        others : list of (int, array, int)
            Other units of its province, their readings and years of presence.
        """
        every = [(unit, own, years), *others]
        fresh = [(i, told, n - self.years([i])[0]) for i, told, n in every]
        fresh = [one for one in fresh if one[2] > 0]
        if self.assumptions.spread == 0 or len(fresh) < 2 or fresh[0][0] != unit:
            return own
        units = np.array([i for i, _, _ in fresh])
        mean = self.moments()[0][units]
        prior = self.covariance(units)
        noise = self.assumptions.luck**2 / np.array([n for _, _, n in fresh]) + TINY
        logs = np.log(np.array([told for _, told, _ in fresh]))
        gain = np.linalg.solve(prior + np.diag(noise), prior[:, 0])
        moved = gain @ (logs - mean[:, None])
        return np.exp(mean[0] + moved * (prior[0, 0] + noise[0]) / prior[0, 0])

    def decided(self, unit, track: int, every) -> np.ndarray:
        """Which option has been taken at a track's review, -1 where that is open; shape (units,)."""
        unit = np.asarray(unit)
        taken = np.full(len(self.home), -1)
        review = every[track].phase.review
        for i, years, now, left in zip(
            self.shown.unit, self.shown.years, self.shown.track, self.shown.left, strict=True
        ):
            line = _line(every, now)
            if track not in line or (every[track].looks >= years and not left):
                continue
            if track != now:
                after = line[line.index(track) + 1]
                follow = [k for k, option in enumerate(review.options) if isinstance(option, Phase)]
                taken[i] = follow[every[track].next.index(after)]
            elif every[track].looks <= years:
                taken[i] = review.options.index("leave" if left else "stay")
        return taken[unit]

    def _prior(self, rows, columns) -> np.ndarray:
        variance = self.assumptions.spread**2
        same = np.asarray(rows)[:, None] == np.asarray(columns)[None]
        near = self.home[rows][:, None] == self.home[columns][None]
        common = self.assumptions.common
        return variance * (common * near + (1 - common) * same)

    def _noise(self, at) -> np.ndarray:
        return self.assumptions.luck**2 / self.years(at) + TINY

    def _gain(self, rows, at) -> np.ndarray:
        seen = self._prior(at, at) + np.diag(self._noise(at))
        return np.linalg.solve(seen, self._prior(at, rows)).T

    def _provinces(self, only: int | None = None):
        """Of each province with readings: its units, what a reading moves them, readings, units read."""
        known = ~np.isnan(self.shown.told)
        for home in np.unique(self.home[self.shown.unit[known]]):
            if only is not None and home != only:
                continue
            here = known & (self.home[self.shown.unit] == home)
            at = self.shown.unit[here]
            rows = np.flatnonzero(self.home == home)
            yield rows, self._gain(rows, at), np.log(self.shown.told[here]), at


#: Nothing has been seen yet.
NOTHING_SHOWN = Shown(*(np.zeros(0, dtype=kind) for kind in (int, int, float, int, bool)))


def beliefs(case: Case) -> Beliefs | None:
    """What the shares seen teach about the markets of a case; None where none have been seen.

    Raises
    ------
    MktError
        Where a unit was never entered, the year does not fit, or it is not said how a unit is worked now.
    """
    if case.market.shares_seen is None:
        return None
    if "beliefs" not in case.known:
        if case.assumptions.spread == 0:
            raise MktError(
                "各地差异 spread 为 0，等于事先全知道，看到的份额教不了什么：请去掉份额表，或给 spread"
            )
        shown = _shown(case)
        case.known["beliefs"] = Beliefs(case.assumptions, provinces(case), shown)
    return case.known["beliefs"]


def market_answers(case: Case) -> Answers:
    """What a plan counts with, see `answers`; ``factor`` has shape (parts, units) where shares were seen."""
    parts = answers(case.assumptions, rivals_enter=case.arrivals is not None)
    known = beliefs(case)
    return parts if known is None else parts._replace(factor=known.factors())


def told_at(case: Case, unit, looks: int, factor, luck) -> np.ndarray:
    """What the share says at a review after some years of presence, as `reading`, what was seen included.

    `factor` and `luck` have shape (parts,), the same for all units, or (parts, units).
    """
    known = beliefs(case)
    if known is None:
        return reading(factor, luck, looks, case.assumptions)
    factor, luck = (np.reshape(x, (len(x), -1)) for x in (factor, luck))
    return known.reading(unit, looks, factor, luck)


def _shown(case: Case) -> Shown:
    """Find the reading behind every unit's latest share."""
    policy = case.policy
    newest = int(case.market.shares_seen["year"].max())
    if policy.first_open is None or policy.first_open <= newest:
        raise MktError(
            f"份额看到 {newest} 年为止，新的进入应从次年起：请在 Policy 中给出 first_open={newest + 1}"
        )
    entered = {code: (action, year) for code, action, year in policy.history}
    names = [programme.name for programme in case.assumptions.programmes]
    every = tracks(case.assumptions.programmes)
    rows = newest_rows(case.market.shares_seen)
    if lost := [str(code) for code in rows["region"] if code not in entered]:
        raise MktError(
            f"份额表里的 {_named(case, lost)} 没有进入记录：请在 history（或份额表的进入年）中写明"
        )
    found = []
    for row in rows.itertuples():
        action, year = entered[row.region]
        years = int(row.year) - year + 1
        if years < 1 or row.year not in policy.years:
            raise MktError(
                f"{_named(case, [row.region])} 的份额是 {row.year} 年的，应在进入年 {year} 与计划期内"
            )
        track = _track(case, every, row, names.index(action), years)
        unit = case.units.get_loc(row.region)
        effort = np.array([phase_at(every, track, age)[1] for age in range(years)])
        told = told_of_share(case, unit, year - policy.start, effort, row.share)
        found.append((unit, years, told, track, row.phase == LEFT))
    columns = np.array(found, dtype=float).reshape(-1, 5).T
    unit, years, track, left = (columns[k].astype(int) for k in (0, 1, 3, 4))
    return Shown(unit, years, columns[2], track, left.astype(bool))


def _track(case: Case, every, row, programme: int, years: int) -> int:
    """The track that a unit is on: the phase that is named, or the first while nothing has been decided."""
    own = [v for v, track in enumerate(every) if track.programme == programme and track.since < years]
    phase = row.phase
    if phase == LEFT:
        could = [v for v in own if (every[v].looks or years + 1) <= years and every[v].phase.review.leave]
        if not could:
            raise MktError(f"{_named(case, [row.region])} 写着撤出，但到那时还没有到可以撤出的时点")
        return max(could, key=lambda v: every[v].looks)
    if phase is None:
        looks = every[own[0]].looks
        if looks is not None and looks < years:
            options = "、".join([*dict.fromkeys(every[v].phase.name for v in own), LEFT])
            raise MktError(
                f"{_named(case, [row.region])} 已经过了看份额的时点，请在份额表的“现在的做法”写明：{options}"
            )
        return own[0]
    fits = [v for v in own if every[v].phase.name == phase]
    if not fits:
        options = "、".join(dict.fromkeys(every[v].phase.name for v in own))
        raise MktError(
            f"{_named(case, [row.region])} 的现在的做法“{phase}”不在其打法之中，可写：{options}、{LEFT}"
        )
    return fits[-1]


def _named(case: Case, codes) -> str:
    return "、".join(case.market.tree.names(list(codes)))


def _line(every, track: int) -> list[int]:
    """A track and those it branched off from, the first at the front."""
    line = [track]
    while every[line[0]].before >= 0:
        line.insert(0, every[line[0]].before)
    return line


def told_of_share(case: Case, unit: int, start: int, effort: np.ndarray, share: float) -> float:
    """The responsiveness with which the effort so far leads to a share; missing without share or effort."""
    if np.isnan(share) or not effort.any():
        return float("nan")
    low, high = -np.log(WIDEST), np.log(WIDEST)
    for _ in range(4):  # each look divides what is left by two hundred
        grid = np.linspace(low, high, 201)
        seen = share_seen(case, np.array([unit]), np.array([start]), effort, np.exp(grid))[:, 0]
        k = int(np.clip(np.searchsorted(seen, share), 1, len(grid) - 1))
        low, high = grid[k - 1], grid[k]
    return float(np.exp((low + high) / 2))
