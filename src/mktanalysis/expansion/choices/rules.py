"""The rule of each choice: from which reading on a unit is left, kept lightly, kept, or worked harder.

Always holds: of all rules that only ask whether the reading is above some bar, the one of highest expected
value over the equally likely answers - or the bars that the programme gives; a review beyond the horizon
changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..phases import Track

#: Worth of an option that there is not.
NEVER = -1e18


@dataclass(frozen=True, eq=False)
class Worth:
    """What each way is worth in each answer, arrays of shape (parts, choices).

    ``stay`` track -> worth of never leaving it; ``leave`` track -> worth of leaving at its review; ``open``
    track -> whether its review lies within the horizon, shape (choices,); ``reading`` track -> the reading
    of each part at its review, shape (parts,) or (parts, choices); ``seen`` track -> the share that is seen
    then, for given bars; ``done`` track -> the option that has been taken already, -1 for none, (choices,).
    """

    stay: dict[int, np.ndarray]
    leave: dict[int, np.ndarray]
    open: dict[int, np.ndarray]
    reading: dict[int, np.ndarray]
    seen: dict[int, np.ndarray]
    done: dict[int, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Ways:
    """Where each answer leads: arrays of shape (parts, choices).

    ``track`` the one that is followed to the end; ``left`` the years of presence after which the unit is
    left, `STAYS` for never; ``bars`` track -> readings that divide the options of its review, shape (bars,
    choices).
    """

    value: np.ndarray
    track: np.ndarray
    left: np.ndarray
    bars: dict[int, np.ndarray]


#: Years of presence of a unit that is never left.
STAYS = 10_000


def best_ways(tracks: list[Track], at: int, worth: Worth) -> Ways:
    """The best rule from a track on, later reviews first."""
    track = tracks[at]
    stay = worth.stay[at]
    plain = Ways(stay, np.full(stay.shape, at), np.full(stay.shape, STAYS), {})
    review = track.phase.review
    if review is None:
        return plain
    follow = [best_ways(tracks, other, worth) for other in track.next]
    gone = Ways(worth.leave[at], plain.track, np.full(stay.shape, track.looks), {})
    ways = [gone] if review.leave else []
    ways += [*follow[: len(review.less)], plain, *follow[len(review.less) :]]
    is_open = worth.open[at]
    stays = ways.index(plain)
    values = np.stack([w.value for w in ways])
    values = np.where(is_open | (np.arange(len(ways)) == stays)[:, None, None], values, NEVER)
    told = worth.reading[at].reshape(len(stay), -1)  # one column for all choices, or one for each
    order = np.argsort(told, axis=0, kind="stable")
    told = np.take_along_axis(told, order, axis=0)
    if review.bars is None:
        cuts = best_cuts(np.take_along_axis(values, order[None], axis=1), told)
    else:
        cuts = _given(review.bars, np.take_along_axis(worth.seen[at], order, axis=0), is_open, stays)
    if at in worth.done:
        cuts = _taken(cuts, worth.done[at], len(stay))
    chosen = np.empty(stay.shape, dtype=int)
    place = (np.arange(len(stay))[:, None, None] >= cuts.T[None]).sum(axis=2)
    np.put_along_axis(chosen, order, place, axis=0)
    row = np.arange(stay.shape[1])
    part = np.arange(stay.shape[0])[:, None]
    later = {node: bars for way in follow for node, bars in way.bars.items()}
    bars = np.where(is_open, _between(told, cuts), _only(stays, len(cuts)))
    return Ways(
        values[chosen, part, row],
        np.stack([w.track for w in ways])[chosen, part, row],
        np.stack([w.left for w in ways])[chosen, part, row],
        {at: bars, **later},
    )


def best_cuts(values: np.ndarray, reading: np.ndarray) -> np.ndarray:
    """Where to divide parts among options so that their worth is highest.

    Parameters
    ----------
    values : array, shape (options, parts, choices)
        Parts in the order of their reading.
    reading : array, shape (parts, 1) or (parts, choices)
        Of the parts in this order; parts of equal reading are not told apart.

    Returns
    -------
    ndarray of int, shape (options - 1, choices)
        Option k has the parts from cut k - 1 up to cut k.

    Examples
    --------
    >>> worth = np.array([[[0.0], [0.0], [0.0]], [[-2.0], [1.0], [3.0]]])
    >>> best_cuts(worth, np.arange(3.0)[:, None]).tolist()
    [[1]]
    """
    options, parts, choices = values.shape
    summed = np.concatenate([np.zeros((options, 1, choices)), np.cumsum(values, axis=1)], axis=1)
    ends = np.ones((1, reading.shape[1]), dtype=bool)
    apart = np.concatenate([ends, np.diff(reading, axis=0) > 0, ends])
    best = np.zeros((parts + 1, choices))
    came = []
    for k in range(options - 1):  # up to here the options before share the parts below the cut
        best = np.where(apart, best + summed[k] - summed[k + 1], -np.inf)
        leading = np.maximum.accumulate(best, axis=0)
        first = best >= leading
        came.append(np.maximum.accumulate(np.where(first, np.arange(parts + 1)[:, None], 0), axis=0))
        best = leading
    cuts = np.zeros((options - 1, choices), dtype=int)
    at = np.full(choices, parts)
    for k in range(options - 2, -1, -1):
        at = came[k][at, np.arange(choices)]
        cuts[k] = at
    return cuts


def _given(bars, seen: np.ndarray, is_open: np.ndarray, stays: int) -> np.ndarray:
    """Cuts that follow from given shares; `seen` in the order of the readings."""
    cuts = (seen[None] < np.array(bars)[:, None, None]).sum(axis=1)
    only = np.where(np.arange(len(bars)) < stays, 0, len(seen))[:, None]
    return np.where(is_open, cuts, only)


def _taken(cuts: np.ndarray, option: np.ndarray, parts: int) -> np.ndarray:
    """Cuts that lead every part to the option that has been taken already, where there is one."""
    only = np.where(np.arange(len(cuts))[:, None] < option, 0, parts)
    return np.where(option >= 0, only, cuts)


def _between(reading: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """The readings at the cuts: half way between the parts on either side."""
    logs = np.log(reading)
    ends = np.full((1, logs.shape[1]), np.inf)
    middle = np.concatenate([-ends, (logs[1:] + logs[:-1]) / 2, ends])
    return np.exp(np.take_along_axis(middle, cuts, axis=0))


def _only(stays: int, count: int) -> np.ndarray:
    """Bars that let a unit stay whatever is read."""
    return np.where(np.arange(count) < stays, 0.0, np.inf)[:, None]
