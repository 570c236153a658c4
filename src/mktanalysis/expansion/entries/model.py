"""A model of where a company goes next, fitted on its past openings.

Always holds: a ranking for a year uses only what was known before it; the fewer openings there are, the
nearer the model stays to the default weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...errors import MktError
from ...words.render import named
from ...words.summary import Shown, Summary
from .effects import effect_curves, explain_place, place_facts, reasons
from .features import Features
from .history import History, years_of
from .logit import TOP_SHARE, chances, flattened

#: Openings expected in a year are the mean of so many years before.
RATE_YEARS = 3
#: Draws of the years ahead.
DRAWS = 100


@dataclass(frozen=True, eq=False, repr=False)
class EntryModel(Shown):
    """What past openings say about the next ones (conditional logit).

    Attributes
    ----------
    weights : dict
        Feature -> coefficient. With ``shape="linear"`` they fit ``rank_entries(weights=...)``.
    table : DataFrame
        feature, weight, error (standard error; with a ridge it is that of the posterior).
    n_openings : int
        Entries used.
    log_likelihood, null_log_likelihood : float
        Of the fitted model and of choosing at random; with a half-life each period counts by its weight.
    notes : tuple of str
        What is odd about the history, in Chinese.
    features : Features
        The history, its map and how features are made of them.
    covariance : ndarray
        Of the coefficients, shape (p, p).
    top : float
        How much of the log odds above the 3n-th best place chances leave out (n entries are expected): learnt
        from how the last periods went against fits on those before them. The ranking does not depend on it.
    """

    weights: dict
    table: pd.DataFrame
    n_openings: int
    log_likelihood: float
    null_log_likelihood: float
    notes: tuple[str, ...]
    features: Features
    covariance: np.ndarray
    top: float = TOP_SHARE

    def summary(self) -> Summary:
        """What is shown of it."""
        names = ("n_openings", "log_likelihood", "null_log_likelihood")
        figures = {name: getattr(self, name) for name in names}
        step = "model.rank(held, year) 排出下一步去哪里，model.probability(...) 给出概率"
        return Summary("开店规律", figures, self.table, step)

    @property
    def history(self) -> History:
        """The openings and potentials that it was fitted on."""
        return self.features.history

    @property
    def next_year(self) -> float:
        """The period after the last one with an entry."""
        return float(self.history.periods[-1] + 1)

    def state(self, held=None, year: float | None = None) -> tuple[np.ndarray, float]:
        """Period of entry by place as known at the start of a year, and that year.

        Parameters
        ----------
        held : optional
            None: the history before `year`. A DataFrame (region, period) or a Series region -> period: these
            entries. Codes: these places are held; those of the history since their own entry, others for
            long.
        year : optional
            Default the period after the last entry of the history.
        """
        year = self.next_year if year is None else float(getattr(year, "year", year))
        first = self.history.until(year)
        if held is not None:
            given = _periods_held(held, self.history, first)
            first = np.where(given < year, given, np.nan)
        if np.isnan(first).all():
            raise MktError(f"{year:.0f} 年之前没有已进入的地区：请用 held 给出，或换一个年份")
        return first, year

    def scores(self, first: np.ndarray, year: float) -> np.ndarray:
        """Log odds of all places, -inf for held ones and for those without potential."""
        x = self.features.at(first, year)
        score = x @ self._weight
        return np.where((first < year) | np.isnan(score), -np.inf, score)

    def rank(self, held=None, year: float | None = None) -> pd.Series:
        """Score the places not held, best first.

        Parameters
        ----------
        held : optional
            Places held: codes, or a table (region, period), or a Series region -> period; default the history
            before `year`.
        year : optional
            The year to be planned; default the one after the last entry. Momentum and dated potential
            depend on it.

        Returns
        -------
        Series
            Index region, log odds, sorted from best to worst; places without potential last (-inf).
        """
        first, year = self.state(held, year)
        score = pd.Series(self.scores(first, year), self.history.regions, name="score")
        return score[~(first < year)].sort_values(ascending=False, kind="stable")

    def probability(
        self,
        held=None,
        year: float | None = None,
        *,
        n_openings: float | None = None,
        years: int = 1,
        random_state: int = 0,
    ) -> pd.DataFrame:
        """Chance that each place is entered, by year.

        One year is computed in closed form, flatter at the top than the odds of `rank` by what past years
        have taught (`top`). Further years are simulated: each draw goes on from the places
        entered in the years before it.

        Parameters
        ----------
        held, year : optional
            As in :meth:`rank`.
        n_openings : float, optional
            First entries a year; default the mean of the three years before.
        years : int
            How many years, from `year` on.
        random_state : int

        Returns
        -------
        DataFrame
            region, year, probability (that the place is first entered in that year), best first in each year;
            the format in which a plan takes the entries of rivals.
        """
        first, year = self.state(held, year)
        rate = self._rate(first, year) if n_openings is None else float(n_openings)
        found = chances(flattened(self.scores(first, year), rate, self.top), rate)[:, None]
        if years > 1:
            found = _simulate(self, first, year, rate, years, np.random.default_rng(random_state))
        regions = self.history.regions
        table = pd.DataFrame(
            {
                "region": np.tile(regions, years),
                "year": np.repeat(int(year) + np.arange(years), len(regions)),
                "probability": found.T.ravel(),
            }
        )
        table = table[np.tile(~(first < year), years)]
        table = table.sort_values(["year", "probability"], ascending=[True, False], kind="stable")
        return named(table.reset_index(drop=True), "entry_chances")

    def explain(self, region: str, held=None, year: float | None = None) -> pd.DataFrame:
        """Say why a place ranks where it does.

        Parameters
        ----------
        region : str
            A place that is not held.
        held, year : optional
            As in :meth:`rank`.

        Returns
        -------
        DataFrame
            feature (group of features, Chinese), effect (log odds against the mean of the places not held),
            odds (the same as a factor), reason (the fact behind it); largest effect first. The effects add up
            to the place's score against the mean score.
        """
        first, year = self.state(held, year)
        return explain_place(self.features, self._weight, first, year, region)

    def next(self, n: int = 20, held=None, year: float | None = None, *, n_openings=None) -> pd.DataFrame:
        """List the best ranked places with probability, facts and reasons.

        Parameters
        ----------
        n : int
        held, year, n_openings : optional
            As in :meth:`probability`.

        Returns
        -------
        DataFrame
            rank, region, probability (of entry in the year), distance_km (to the nearest held place),
            potential, neighbours_held, reason.
        """
        first, year = self.state(held, year)
        table = self.probability(held, year, n_openings=n_openings).head(n)
        facts = place_facts(self.features, first, year).loc[table["region"]]
        told = reasons(self.features, self._weight, first, year, table["region"])
        shown = facts[["distance_km", "potential", "neighbours_held"]].reset_index(drop=True)
        listed = pd.concat([table[["region", "probability"]], shown], axis=1).assign(reason=told)
        listed.insert(0, "rank", np.arange(1, len(listed) + 1))
        return named(listed, "next_entries")

    def curves(self, year: float | None = None) -> pd.DataFrame:
        """Odds of entry along distance and potential, all else equal.

        Parameters
        ----------
        year : optional
            Whose potential is meant; default the year after the last entry.

        Returns
        -------
        DataFrame
            feature (``distance`` or ``potential``), value (km, or units of the potential), odds (1 at the
            best value), low, high (80% band of the difference from the middle of the curve).
        """
        year = self.next_year if year is None else year
        return effect_curves(self.features, self._weight, self.covariance, year)

    @property
    def _weight(self) -> np.ndarray:
        """Coefficients in the order of the features."""
        return self.table["weight"].to_numpy()

    def _rate(self, first: np.ndarray, year: float) -> float:
        """Mean number of entries of the years before; that of the history's end where no dates are known.

        Years left out, e.g. of take-overs, say nothing of the pace.
        """
        history = self.history
        counted = RATE_YEARS - sum(year - RATE_YEARS <= left < year for left in history.left_out)
        recent = history.recent(first, year, RATE_YEARS).sum() / max(counted, 1)
        if recent == 0:
            chosen = history.periods[~np.isin(history.periods, history.left_out)]
            end = chosen[-1] + 1 if len(chosen) else self.next_year
            recent = history.recent(history.first, end, RATE_YEARS).sum() / RATE_YEARS
        return float(recent)


def _periods_held(held, history: History, known: np.ndarray) -> np.ndarray:
    """Period of entry of each place: the one given, else that of the history, else long ago."""
    if isinstance(held, pd.DataFrame):
        held = held.assign(period=years_of(held["period"])).groupby("region")["period"].min()
    # a Series of codes is a list of places, one of years or dates tells when they were entered
    given = isinstance(held, pd.Series) and not pd.api.types.is_string_dtype(held)
    codes = pd.Index([held] if isinstance(held, str) else held.index if given else list(held))
    at = history.regions.get_indexer(codes)
    if (at < 0).any():
        raise MktError(f"这些地区没有坐标：{'、'.join(map(str, codes[at < 0][:10]))}")
    first = np.full(len(history.regions), np.nan)
    if given:
        first[at] = years_of(held).to_numpy(float)
    else:
        first[at] = np.where(np.isnan(known[at]), -np.inf, known[at])
    return first


def _simulate(model: EntryModel, first, year: float, rate: float, years: int, rng) -> np.ndarray:
    """Share of draws in which each place is entered in each year, shape (n, years).

    Draws of a year are exponential races: the places with the largest score + Gumbel noise are entered.
    """
    entered = np.zeros((len(first), years))
    entered[:, 0] = chances(flattened(model.scores(first, year), rate, model.top), rate) * DRAWS
    for _ in range(DRAWS):
        state = first.copy()
        for ahead in range(years):
            score = flattened(model.scores(state, year + ahead), rate, model.top)
            count = min(int(rate) + int(rng.random() < rate % 1), int(np.isfinite(score).sum()))
            noisy = score + rng.gumbel(size=len(score))
            new = np.argsort(-noisy, kind="stable")[:count]
            state[new] = year + ahead
            if ahead:  # the first year is known in closed form
                entered[new, ahead] += 1
    return entered / DRAWS
