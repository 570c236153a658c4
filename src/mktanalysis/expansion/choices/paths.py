"""Money, people, shares and strength of each choice, as they are to be expected over the answers of a market.

Always holds: a choice is met by each of the equally likely answers in one way - the track that its rule
follows then, as long as it is held -, and its figures are the means over them.
"""

from __future__ import annotations

import numpy as np

from ..market.case import Case
from ..policy import Policy
from .beliefs import beliefs, told_at
from .programmes import Library, build_library
from .rules import Ways, Worth, best_ways
from .simulate import distance_factor

#: Numbers of one block of choices (answers x choices x periods), to bound memory.
BLOCK_CELLS = 3_000_000
#: A unit counts as held - for its neighbours, for offices - while it is more likely held than left.
LIKELIER = 0.5


def choice_paths(case: Case, unit, start, programme, weight) -> tuple[dict[str, np.ndarray], bool]:
    """Figures of each choice (see `Candidates`), and whether any of them has a chance of becoming strong."""
    count = len(unit)
    periods = case.policy.periods
    tracks = build_library(case, units=np.zeros(0, dtype=int)).tracks
    widest = max([1, *(len(t.phase.review.options) - 1 for t in tracks if t.phase.review is not None)])
    found = {name: np.zeros((count, periods)) for name in ("income", "outlay", "need", "people", "share")}
    found |= {"kept": np.zeros((count, periods)), "strong": np.zeros((count, periods), dtype=bool)}
    found |= {name: np.zeros(count) for name in ("value", "blind", "opening", "loss")}
    found["bars"] = np.full((count, len(tracks), widest), np.nan)
    hopeful = False
    for units in _blocks(case, np.unique(unit), len(tracks)):
        library = build_library(case, units=units)
        hopeful = hopeful or bool(library.strong.any())
        for k in np.unique(programme):
            rows = np.flatnonzero((programme == k) & np.isin(unit, units))
            if len(rows):
                _fill(found, rows, _Met(case, library, unit[rows], start[rows], int(k), weight))
    found["held"] = found["kept"] >= LIKELIER - 1e-9
    return found, hopeful


def _blocks(case: Case, units: np.ndarray, n_tracks: int):
    """The units in parts that are small enough."""
    periods = case.policy.periods
    starts = periods if case.arrivals is not None else 1
    each = 40 * periods * max(n_tracks * starts, periods)
    count = max(1, BLOCK_CELLS // each)
    return [units[i : i + count] for i in range(0, len(units), count)]


class _Met:
    """The choices of one programme, met by each answer: arrays of shape (parts, choices, periods)."""

    def __init__(self, case: Case, library: Library, unit, start, programme: int, weight):
        self.case = case
        self.library = library
        self.unit = unit
        self.start = start
        self.weight = weight
        self.tracks = library.tracks
        self.root = next(v for v, t in enumerate(self.tracks) if t.programme == programme)
        self.own = [v for v, t in enumerate(self.tracks) if t.programme == programme]
        periods = case.policy.periods
        age = np.arange(periods)[None, :] - start[:, None]
        self.on = age >= 0
        self.age = np.maximum(age, 0)
        self.situation = library.situation(unit, start)
        self.entry_cost = case.column("entry_cost")[unit]
        self.earned = {v: self._earned(v) for v in self.own}
        self.spent = {v: self._spent(v) for v in self.own}
        self.ways = self._ways()

    def _earned(self, v: int) -> np.ndarray:
        """Contribution on a track, yuan, shape (parts, choices, periods)."""
        at = self.library.contribution[:, self.situation[:, None], v, self.age]
        return at * (self.on * self.case.capacity[self.unit])

    def _spent(self, v: int) -> np.ndarray:
        """Outlay on a track, yuan, shape (choices, periods)."""
        effort = self.library.effort[self.library.index(self.unit)[:, None], v, self.age]
        annual = self.case.column("annual_cost")[self.unit][:, None]
        entry = self.library.entry[v][self.age] * self.entry_cost[:, None]
        return self.on * (self.case.capacity[self.unit] * effort + annual + entry)

    def running(self, v: int) -> np.ndarray:
        """Profit of the last year at the effort that the track ends in, shape (parts, choices)."""
        case = self.case
        last = self.tracks[v].phase.effort[-1] * case.capacity[self.unit, -1]
        lasting = last * distance_factor(case)[self.unit] + case.column("annual_cost")[self.unit]
        return np.maximum(self.earned[v][:, :, -1] - lasting, 0.0)

    def _ways(self) -> Ways:
        """What is done in each answer."""
        assumed = self.case.assumptions
        parts = self.library.answers.of(self.library.index(self.unit))
        known = beliefs(self.case)
        row = np.arange(len(self.unit))
        told: dict[int, np.ndarray] = {}
        seen: dict[int, np.ndarray] = {}
        done: dict[int, np.ndarray] = {}
        self.stay: dict[int, np.ndarray] = {}
        self.leave: dict[int, np.ndarray] = {}
        self.open: dict[int, np.ndarray] = {}
        for v in self.own:
            flow = np.cumsum((self.earned[v] - self.spent[v]) * self.weight, axis=2)
            later = assumed.terminal_years * self.weight[-1] * self.running(v)
            self.stay[v] = flow[:, :, -1] + later
            if (looks := self.tracks[v].looks) is None:
                continue
            at = self.start + looks  # the period in which it would be left
            self.open[v] = at < self.case.policy.periods
            at = np.minimum(at, self.case.policy.periods - 1)
            net = self.leaving(v)
            self.leave[v] = flow[:, row, np.maximum(at - 1, 0)] - net * self.weight[at]
            told[v] = told_at(self.case, self.unit, looks, parts.factor, parts.luck)
            if known is not None:
                done[v] = known.decided(self.unit, v, self.tracks)
            if v in self.library.seen:
                seen[v] = self.library.seen[v][:, self.situation]
        return best_ways(
            list(self.tracks), self.root, Worth(self.stay, self.leave, self.open, told, seen, done)
        )

    def leaving(self, v: int) -> np.ndarray:
        """What leaving costs beyond what comes back, yuan, shape (choices,)."""
        assumed = self.case.assumptions
        return (assumed.leaving_cost - assumed.salvage) * self.tracks[v].paid * self.entry_cost

    def blind(self) -> np.ndarray:
        """Worth of the best way that is fixed beforehand, whatever the share says, shape (choices,)."""
        reached = {v: self.start + self.tracks[v].since < self.case.policy.periods for v in self.own}
        ways = [np.where(reached[v], self.stay[v].mean(axis=0), -np.inf) for v in self.own]
        ways += [np.where(self.open[v], left.mean(axis=0), -np.inf) for v, left in self.leave.items()]
        return np.max(ways, axis=0)

    def followed(self, v: int) -> tuple[np.ndarray, np.ndarray]:
        """Where a track is the one followed, and where it is followed still: (parts, choices, periods)."""
        chosen = (self.ways.track == v)[:, :, None] & self.on
        return chosen, chosen & (self.age < self.ways.left[:, :, None])


def _fill(found: dict, rows: np.ndarray, met: _Met) -> None:
    """Write the expected figures of some choices."""
    case = met.case
    assumed = case.assumptions
    parts = len(met.library.answers.factor)
    share = np.zeros((len(rows), case.policy.periods))
    people = np.zeros(share.shape)
    strong = np.zeros(share.shape)
    kept = np.zeros(share.shape)
    profit_in = np.zeros((parts, len(rows), case.policy.periods))
    profit_out = np.zeros(profit_in.shape)
    gone = met.on & (met.age == met.ways.left[:, :, None])  # the year in which it is left
    for v in met.own:
        chosen, on = met.followed(v)
        if not chosen.any():
            continue
        profit_in += on * met.earned[v]
        profit_out += on * met.spent[v]
        leaves = chosen & gone
        paid = (met.tracks[v].paid * met.entry_cost)[:, None]
        profit_in += leaves * assumed.salvage * paid
        profit_out += leaves * assumed.leaving_cost * paid
        at = (slice(None), met.situation[:, None], v, met.age)
        share = share + (on * met.library.share[at]).mean(axis=0)
        strong = strong + (on & met.library.strong[at]).mean(axis=0)
        kept = kept + on.mean(axis=0)
        heads = met.library.people[met.library.index(met.unit)[:, None], v, met.age]
        people = people + on.mean(axis=0) * heads
    taken = budget_need(profit_in, profit_out, case.policy)
    row = np.arange(len(rows))
    first = met.spent[met.root][row, met.start]
    found["income"][rows] = profit_in.mean(axis=0)
    found["outlay"][rows] = profit_out.mean(axis=0)
    found["need"][rows] = taken.mean(axis=0)
    found["share"][rows] = share
    found["people"][rows] = people
    found["kept"][rows] = kept
    found["strong"][rows] = strong >= assumed.reach_chance - 1e-9
    found["value"][rows] = met.ways.value.mean(axis=0)
    found["blind"][rows] = met.blind()
    found["opening"][rows] = first - case.column("annual_cost")[met.unit]
    found["loss"][rows] = np.maximum(taken[:, row, met.start], 0.0).min(axis=0)
    for v, bars in met.ways.bars.items():
        found["bars"][rows, v, : len(bars)] = bars.T


def budget_need(income, outlay, policy: Policy) -> np.ndarray:
    """What a unit takes from the budget: its loss in full, of a profit the share ``reinvest`` may be spent
    again; from a gross budget all that it spends.

    >>> income, outlay = np.array([1.0, 5.0]), np.array([3.0, 1.0])
    >>> budget_need(income, outlay, Policy(base=("x",), reinvest=0.5)).tolist()
    [2.0, -2.0]
    >>> budget_need(income, outlay, Policy(base=("x",), budget_kind="gross")).tolist()
    [3.0, 1.0]
    """
    if policy.budget_kind == "gross":
        return outlay
    profit = income - outlay
    return np.where(profit < 0, -profit, -policy.reinvest * profit)
