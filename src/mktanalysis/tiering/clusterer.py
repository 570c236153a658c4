"""Ordered tiers from data, in scikit-learn manners.

Always holds: tier 0 is the best and a region with a higher score is never in a worse tier; the labels follow
from the values alone, whatever the order of rows, the number of threads or the random state; equal
regions share a tier. Chance only enters `membership_` and `stability_`.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from ..words.summary import Shown, Summary
from .agreement import weighted_kappa
from .breaks import assign, optimal_starts
from .checks import TierError
from .resampling import class_starts, profile_starts, sorted_cut, stretch, tier_shares
from .scores import Scores

#: Usual names of the tiers, by their number; other numbers get 第1级, 第2级 ...
TIER_NAMES = {
    3: ("一线", "二线", "三线"),
    4: ("一线", "二线", "三线", "四线"),
    5: ("一线", "二线", "三线", "四线", "五线"),
    6: ("一线", "新一线", "二线", "三线", "四线", "五线"),
}
#: Numbers of tiers that "auto" weighs up.
CANDIDATES = range(2, 10)


def tier_names(n_tiers: int) -> tuple[str, ...]:
    """Names of `n_tiers` tiers, best first.

    Examples
    --------
    >>> tier_names(4)
    ('一线', '二线', '三线', '四线')
    """
    return TIER_NAMES.get(n_tiers) or tuple(f"第{i}级" for i in range(1, n_tiers + 1))


class TierClusterer(Shown, BaseEstimator):
    """Split regions into ordered tiers by their score (数据驱动的城市分级).

    The columns of X are averaged after standardisation (a single column is the score itself); a
    :class:`Scores` brings its own standardised columns and weights. The score is cut where the sum of squares
    within tiers is least, exactly, on scales exp(skew * score).

    Parameters
    ----------
    n_tiers : int or "auto"
        "auto" takes the number from 2 to 9 with the largest product of explained share, which grows with the
        number, and stability, which falls; see `evidence_`.
    method : "breaks" or "profile"
        Sum of squares of the score alone, or of all indicators over groups that follow each other in
        score (multivariate, still ordered).
    pyramid : bool or sequence of numbers
        True: the breaks' sizes, smoothed so that they never shrink from the best tier down. A sequence, best
        first: these sizes, or the same proportions where they do not add up to the number of regions.
        False: the optimal breaks as they are.
    skew : float or sequence of float
        Scale of the cut: 0 is the score as it stands (the log scale, if the score comes from logs), 1 the
        level, 1/2 the square root. One number gives the optimal breaks on its scale; of several the sizes of
        the tiers are averaged, which is steadier.
    n_resamples : int
        For `membership_` and `stability_`; 0 leaves them None.
    noise : float
        Standard deviation of the noise on every standardised figure, and of the log of every indicator's
        weight, in a resample; what the estimates in a Scores leave open comes on top.
    random_state : int or Generator, optional
        None means 0, so that a report gives the same numbers when it is run again.

    Attributes
    ----------
    tiers_ : Series
        Ordered Categorical, best tier first; index as X's. Missing for regions of a Scores without score.
    labels_ : ndarray of int
        0 for the best tier, in the order of X (of a Scores: of the regions with a score).
    score_ : Series
        What was cut, standardised.
    breaks_ : Series
        Lowest score that belongs to the upper of two neighbouring tiers, by the upper tier's name.
    centers_ : DataFrame
        Tier x column of X: means.
    membership_ : DataFrame
        Region x tier: share of the resamples.
    stability_ : Series
        Share of the resamples in which a region keeps its tier.
    evidence_ : DataFrame
        One row a number of tiers: explained share of the sum of squares, stability, kappa between resample
        and base, smallest tier, chosen. Only for "auto", else None.

    Examples
    --------
    >>> score = pd.DataFrame({"score": [0.0, 0.1, 2.0, 2.1, 5.0]}, index=list("abcde"))
    >>> TierClusterer(3, n_resamples=0).fit(score).tiers_.to_dict()
    {'a': '三线', 'b': '三线', 'c': '二线', 'd': '二线', 'e': '一线'}
    """

    def __init__(
        self,
        n_tiers=6,
        *,
        method="breaks",
        pyramid=True,
        skew=(0.5, 0.625, 0.75),
        n_resamples=200,
        noise=0.1,
        random_state=None,
    ):
        self.n_tiers = n_tiers
        self.method = method
        self.pyramid = pyramid
        self.skew = skew
        self.n_resamples = n_resamples
        self.noise = noise
        self.random_state = random_state

    def summary(self) -> Summary | None:
        """What is shown of it: the regions by score, once it is fitted."""
        if not hasattr(self, "tiers_"):
            return None
        table = pd.DataFrame({"tier": self.tiers_, "score": self.score_}).dropna(subset="tier")
        figures = {"n_tiers": self.n_tiers_, "n_regions": len(table)}
        if self.stability_ is not None:
            table = table.assign(stability=self.stability_)
            figures["平均稳定度"] = f"{self.stability_.mean():.1%}"
        sizes = table["tier"].value_counts(sort=False)
        figures["各级个数"] = "，".join(f"{tier} {n}" for tier, n in sizes.items())
        table = table.sort_values("score", ascending=False, kind="stable").rename_axis("region")
        return Summary("数据驱动的分级", figures, table, "mkt.compare_assignments(tiers_, 名单) 与名单对照")

    def fit(self, X, y=None):
        """Find the tiers of the rows of `X`.

        Parameters
        ----------
        X : Scores, DataFrame, Series or array of shape (regions, indicators)
            Larger is better in every column; no missing values, but for regions of a Scores without score.
        y : ignored

        Returns
        -------
        TierClusterer

        Raises
        ------
        TierError
            Fewer regions or different scores than tiers, missing values, sizes that do not fit.
        """
        frame = _as_frame(X)
        values = validate_data(self, X if frame is None else frame, dtype=float)
        index = pd.RangeIndex(len(values)) if frame is None else frame.index
        self._check_settings(len(values))
        # the canonical order: sums and draws then do not depend on the order of the rows
        canonical = np.lexsort(values.T) if frame is None else np.argsort(np.asarray(index))
        scored = isinstance(X, Scores)
        with threadpool_limits(limits=1):
            self._standardise(values[canonical], X.method["weight"] if scored else None)
            error = X.error[frame.index].to_numpy() if scored else np.zeros(len(values))
            self._error = error[canonical] / self._scale
            self._choose(self._standard(values[canonical]))
        names = tier_names(self.n_tiers_)
        score = self._score(values)
        self.labels_ = assign(score, self._breaks)
        self.score_ = pd.Series(score, index, name="score")
        tiers = _series(self.labels_, index, names)
        self.tiers_ = tiers.reindex(X.score.index) if scored else tiers
        self.breaks_ = pd.Series(self._breaks[::-1], pd.Index(names[:-1], name="tier"), name="score")
        columns = pd.RangeIndex(values.shape[1]) if frame is None else frame.columns
        grouped = pd.DataFrame(values, index, columns).groupby(tiers.array, observed=False)
        self.centers_ = grouped.mean().rename_axis("tier")
        self._place_resamples(index, canonical, names)
        return self

    def fit_predict(self, X, y=None) -> np.ndarray:
        """`labels_` of :meth:`fit`."""
        return self.fit(X).labels_

    def predict(self, X) -> np.ndarray:
        """Tier numbers (0 the best) of other regions, or another year, by the fitted scale and breaks.

        Examples
        --------
        >>> fitted = TierClusterer(2, n_resamples=0).fit(pd.DataFrame({"score": [0.0, 1.0, 9.0]}))
        >>> fitted.predict(pd.DataFrame({"score": [8.0, 2.0]})).tolist()
        [0, 1]
        """
        check_is_fitted(self)
        frame = _as_frame(X)
        values = validate_data(self, X if frame is None else frame, dtype=float, reset=False)
        return assign(self._score(values), self._breaks)

    def predict_tiers(self, X: pd.DataFrame | Scores) -> pd.Series:
        """As :meth:`predict`, with the tiers' names and the regions of `X`; no score, no tier."""
        frame = _as_frame(X)
        tiers = _series(self.predict(frame), frame.index, tier_names(self.n_tiers_))
        return tiers.reindex(X.score.index) if isinstance(X, Scores) else tiers

    # -- steps of fit ----------------------------------------------------------------------------

    def _check_settings(self, n_regions: int) -> None:
        auto = isinstance(self.n_tiers, str) and self.n_tiers == "auto"
        if not auto and not (isinstance(self.n_tiers, Integral) and self.n_tiers >= 2):
            raise TierError(f"n_tiers 应为不小于 2 的整数或 'auto'，得到 {self.n_tiers!r}")
        skews = np.atleast_1d(np.asarray(self.skew, dtype=float))
        if skews.ndim != 1 or not len(skews) or not ((skews >= 0) & (skews <= 2)).all():
            raise TierError(f"skew 应为 0 到 2 之间的数，或若干这样的数，得到 {self.skew!r}")
        if self.method not in ("breaks", "profile"):
            raise TierError(f"method 应为 'breaks' 或 'profile'，得到 {self.method!r}")
        least = 2 if auto else self.n_tiers
        if n_regions < least:
            raise TierError(f"地区数少于级数：n_samples={n_regions}，要分 {least} 级；请减少级数或补充地区")
        if not isinstance(self.pyramid, bool | np.bool_):
            sizes = np.asarray(self.pyramid, dtype=float)
            if auto or sizes.shape != (self.n_tiers,) or not (sizes > 0).all():
                raise TierError(
                    f"pyramid 应为真假值或 {self.n_tiers} 个正数（最高一级在前），得到 {self.pyramid!r}"
                )

    def _standardise(self, ordered: np.ndarray, weights: pd.Series | None) -> None:
        """Fix the scale: of X's own columns, or as the scores have it."""
        n_columns = ordered.shape[1]
        self._mean = np.zeros(n_columns)
        self._spread = np.ones(n_columns)
        self._weights = np.full(n_columns, 1 / n_columns) if weights is None else weights.to_numpy()
        if weights is None:
            self._mean = ordered.mean(axis=0)
            spread = ordered.std(axis=0)
            varies = spread > 1e-12 * np.maximum(1.0, np.abs(self._mean))
            self._spread = np.where(varies, spread, np.inf)
        raw = self._weighted((ordered - self._mean) / self._spread)
        self._middle = raw.mean()
        self._scale = raw.std()
        if not self._scale > 1e-12:
            raise TierError("所有地区的得分都相同，分不出级；请检查指标")

    def _standard(self, values: np.ndarray) -> np.ndarray:
        """Columns whose weighted mean is the score of mean 0 and spread 1."""
        return ((values - self._mean) / self._spread - self._middle) / self._scale

    def _weighted(self, columns: np.ndarray) -> np.ndarray:
        # a sum column by column: the same row gives the same bits in any company
        total = np.zeros(len(columns))
        for column, weight in zip(columns.T, self._weights, strict=True):
            total += weight * column
        return total

    def _score(self, values: np.ndarray) -> np.ndarray:
        return self._weighted(self._standard(values))

    def _choose(self, standard: np.ndarray) -> None:
        """Set the number of tiers, the breaks and the resampled labels."""
        self.evidence_ = None
        if self.n_tiers != "auto":
            self.n_tiers_ = int(self.n_tiers)
            self._breaks = self._cut(standard, self.n_tiers_)
            self._shares = self._resample(standard, self.n_tiers_)[0] if self.n_resamples else None
            return
        score = self._weighted(standard)
        possible = [k for k in CANDIDATES if k <= len(np.unique(score))]
        if not self.n_resamples:
            raise TierError("n_tiers='auto' 要靠重抽样判断，n_resamples 不能为 0")
        self.evidence_ = pd.DataFrame([self._evidence(standard, score, k) for k in possible]).set_index(
            "n_tiers"
        )
        self.n_tiers_ = int((self.evidence_["explained"] * self.evidence_["stability"]).idxmax())
        self.evidence_["chosen"] = self.evidence_.index == self.n_tiers_
        self._breaks = self._cut(standard, self.n_tiers_)
        self._shares = self._resample(standard, self.n_tiers_)[0]

    def _evidence(self, standard: np.ndarray, score: np.ndarray, k: int) -> dict:
        base = assign(score, self._cut(standard, k))
        shares, labels = self._resample(standard, k)
        middle = float(np.mean(self.skew))
        value = stretch(score if self.method == "breaks" else standard, middle).reshape(len(score), -1)
        groups = [value[base == tier] for tier in np.unique(base)]
        within = sum(((group - group.mean(axis=0)) ** 2).sum() for group in groups)
        counts = np.zeros((k, k))
        np.add.at(counts, (np.broadcast_to(base, labels.shape), labels), 1)
        return {
            "n_tiers": k,
            "explained": 1 - within / ((value - value.mean(axis=0)) ** 2).sum(),
            "stability": shares[np.arange(len(base)), base].mean(),
            "kappa": weighted_kappa(counts),
            "smallest_tier": int(np.bincount(base, minlength=k).min()),
        }

    def _cut(self, standard: np.ndarray, k: int) -> np.ndarray:
        score = self._weighted(standard)
        if len(np.unique(score)) < k:
            raise TierError(f"要分 {k} 级，但只有 {len(np.unique(score))} 个不同的得分；请减少级数")
        return self._cut_many(standard, score[None, :], np.ones((1, len(score))), k)[0]

    def _cut_many(self, standard, scores, draws, k: int) -> np.ndarray:
        skews = np.atleast_1d(np.asarray(self.skew, dtype=float))
        given = not isinstance(self.pyramid, bool | np.bool_)

        def starts_of(ordered, weights, order):
            if given:
                found = []
            elif self.method == "breaks":
                found = [optimal_starts(stretch(ordered, skew), weights, k) for skew in skews]
            else:
                rows = list(zip(order, weights, strict=True))
                profiles = [stretch(standard, skew) for skew in skews]
                found = [np.stack([profile_starts(p[o], w, k) for o, w in rows]) for p in profiles]
            return class_starts(weights, found, k, self.pyramid)

        return sorted_cut(scores, draws, starts_of)

    def _resample(self, standard: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        seed = 0 if self.random_state is None else self.random_state
        return tier_shares(
            standard,
            self._weights,
            lambda scores, draws: self._cut_many(standard, scores, draws, k),
            n_tiers=k,
            n_resamples=self.n_resamples,
            noise=self.noise,
            error=self._error,
            rng=np.random.default_rng(seed),
        )

    def _place_resamples(self, index: pd.Index, canonical: np.ndarray, names: Sequence[str]) -> None:
        self.membership_ = self.stability_ = None
        if self._shares is None:
            return
        shares = np.empty_like(self._shares)
        shares[canonical] = self._shares
        self.membership_ = pd.DataFrame(shares, index, pd.Index(names, name="tier"))
        own = shares[np.arange(len(shares)), self.labels_]
        self.stability_ = pd.Series(own, index, name="stability")


def _as_frame(X) -> pd.DataFrame | None:
    """`X` as a frame whose regions matter, or None for an array; regions with gaps are named."""
    if isinstance(X, Scores):
        return X.standardised[X.score.notna()]
    if isinstance(X, pd.Series):
        X = X.to_frame(X.name or "score")
    if not isinstance(X, pd.DataFrame):
        return None
    if not X.index.is_unique:
        raise TierError(f"地区代码重复：{'、'.join(map(str, X.index[X.index.duplicated()][:5]))}")
    numeric = X.select_dtypes("number")
    gaps = numeric.index[numeric.isna().any(axis=1)]
    if len(gaps):
        shown = "、".join(map(str, gaps[:10]))
        raise TierError(f"{len(gaps)} 个地区有缺失值（NaN），请先补齐或去掉再分级：{shown}")
    return X


def _series(labels: np.ndarray, index: pd.Index, names: Sequence[str]) -> pd.Series:
    return pd.Series(pd.Categorical.from_codes(labels, list(names), ordered=True), index, name="tier")
