"""Tiers learnt from a list: ordinal regression of a published or a company's own grading.

Always holds: one set of weights and one ladder of cuts for all regions (proportional odds); weights are not
negative unless that is allowed, so a better figure never lowers a region; the likelihood has one maximum and
the rows are sorted first, so their order changes nothing. P(at least tier j) = 1 / (1 + exp(cut_j - score)).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from ..errors import MktError
from ..words.summary import Shown, Summary
from .checks import TierError


class TierModel(Shown, BaseEstimator):
    """Weights and cuts that reproduce a list as well as one linear score can (校准分级).

    Parameters
    ----------
    penalty : float
        Ridge penalty on what sets the weights apart from their mean, in units of log-likelihood: with little
        to learn from, the weights are equal.
    nonnegative : bool
        Keep weights from falling below zero, so that a better figure never lowers a region.

    Attributes
    ----------
    weights_ : Series
        Indicator -> weight on the latent score, for one standard deviation.
    cuts_ : Series
        Upper of two neighbouring tiers -> lowest latent score that belongs to it, best tier first.
    tiers_ : Series
        The list it was fitted on, regions that were used.
    shift_ : Series
        By region: least change of its score that agrees with the list; what the list sees in a city and
        the indicators do not.

    Examples
    --------
    >>> x = pd.DataFrame({"gdp": [-1.5, -1.0, -0.5, 0.5, 1.0, 1.5]}, index=list("abcdef"))
    >>> kind = pd.CategoricalDtype(["A", "B"], ordered=True)
    >>> listed = pd.Series(list("BBABAA"), index=list("abcdef"), dtype=kind)
    >>> model = TierModel().fit(x, listed)
    >>> model.predict_tiers(x).tolist()
    ['B', 'B', 'B', 'A', 'A', 'A']
    >>> model.predict_tiers(x, anchored=True).tolist() == listed.tolist()
    True
    """

    def __init__(self, *, penalty: float = 1.0, nonnegative: bool = True):
        self.penalty = penalty
        self.nonnegative = nonnegative

    def summary(self) -> Summary | None:
        """What is shown of it: the weights, largest first, once it is fitted."""
        if not hasattr(self, "weights_"):
            return None
        figures = {
            "n_regions": len(self.tiers_),
            "n_tiers": len(self.cuts_) + 1,
            "可复现的名单": f"{(self.shift_ == 0).mean():.1%}",
        }
        weights = self.weights_.rename_axis("indicator").reset_index()
        weights = weights.sort_values("weight", key=abs, ascending=False, kind="stable")
        return Summary("校准分级", figures, weights, "model.describe() 逐句说明；model.predict_tiers(X) 分级")

    def fit(self, X: pd.DataFrame, tiers: pd.Series) -> TierModel:
        """Learn weights and cuts.

        Parameters
        ----------
        X : DataFrame
            Region x indicator, standardised (:attr:`Scores.standardised`); rows with gaps are left out.
        tiers : Series
            Index region, ordered Categorical, best tier first; regions that `X` lacks are left out.

        Raises
        ------
        TierError
            Not ordered, fewer than two tiers present, or an empty tier between them.
        """
        if not (isinstance(tiers.dtype, pd.CategoricalDtype) and tiers.cat.ordered):
            raise TierError("学习用的名单应为有序类别（最高一级在前），例如 load_tier_list 的结果")
        rows = X.dropna().index.intersection(tiers.dropna().index).sort_values()
        listed = tiers[rows].cat.remove_unused_categories()
        names = list(listed.cat.categories)
        if len(names) < 2 or len(rows) < 2 * len(names):
            raise TierError(f"名单与指标共有的地区只有 {len(rows)} 个、{len(names)} 级，不足以学习")
        with threadpool_limits(limits=1):
            codes = listed.cat.codes.to_numpy().astype(int)
            weights, cuts = _fit(X.loc[rows].to_numpy(float), codes, self.penalty, self.nonnegative)
        self.weights_ = pd.Series(weights, X.columns, name="weight")
        self.cuts_ = pd.Series(cuts, pd.Index(names[:-1], name="tier"), name="cut")
        self._names = names
        self.tiers_ = listed
        self.shift_ = self._shift(self.score(X.loc[rows]), listed)
        return self

    def score(self, X: pd.DataFrame) -> pd.Series:
        """Latent score of each region; rows with gaps have none."""
        check_is_fitted(self)
        absent = sorted(set(self.weights_.index) - set(X.columns))
        if absent:
            raise MktError(f"缺少学习时用到的指标：{'、'.join(absent)}")
        return (X[self.weights_.index] * self.weights_).sum(axis=1, skipna=False).rename("score")

    def predict_tiers(self, X: pd.DataFrame, *, anchored: bool = False) -> pd.Series:
        """Tiers by the learnt weights and cuts.

        Parameters
        ----------
        X : DataFrame
            Region x indicator, standardised as for the fit: of another year, or of counties.
        anchored : bool
            Carry each known region's `shift_` on: a region leaves its listed tier only if its figures have
            moved. For the next issue of the same list; other regions are not shifted.

        Returns
        -------
        Series
            Index region, ordered Categorical; missing where an indicator is.
        """
        score = self.score(X)
        if anchored:
            score = score + self.shift_.reindex(score.index).fillna(0.0)
        codes = (score.to_numpy()[:, None] < self.cuts_.to_numpy()[None, :]).sum(axis=1)
        codes = np.where(score.isna(), -1, codes)
        return pd.Series(pd.Categorical.from_codes(codes, self._names, ordered=True), X.index, name="tier")

    def probabilities(self, X: pd.DataFrame) -> pd.DataFrame:
        """Probability of each tier, region x tier."""
        at_least = expit(self.score(X).to_numpy()[:, None] - self.cuts_.to_numpy()[None, :])
        edges = np.concatenate([np.zeros((len(X), 1)), at_least, np.ones((len(X), 1))], axis=1)
        return pd.DataFrame(np.diff(edges, axis=1), X.index, pd.Index(self._names, name="tier"))

    def describe(self) -> list[str]:
        """The learnt weights and cuts in sentences (权重与分界的文字说明)."""
        check_is_fitted(self)
        step = float(np.mean(-np.diff(self.cuts_))) if len(self.cuts_) > 1 else 1.0
        ordered = self.weights_.sort_values(key=abs, ascending=False)
        lines = [
            f"{name} 每高出一个标准差，得分{'升' if weight >= 0 else '降'} {abs(weight):.2f}，"
            f"约合 {abs(weight) / step:.2f} 级"
            for name, weight in ordered.items()
        ]
        lines += [f"得分达到 {cut:.2f} 为{tier}" for tier, cut in self.cuts_.items()]
        agree = float((self.shift_ == 0).mean())
        return [*lines, f"按权重与分界可复现名单的 {agree:.0%}，其余 {1 - agree:.0%} 由名单自身的判断决定"]

    def _shift(self, score: pd.Series, listed: pd.Series) -> pd.Series:
        codes = listed.cat.codes.to_numpy()
        cuts = self.cuts_.to_numpy()
        lowest = np.append(cuts, -np.inf)[codes]
        below = np.insert(cuts, 0, np.inf)[codes]
        hair = 1e-9  # beyond rounding, so that score + shift is on the right side of a cut
        inside = np.clip(score, lowest + hair, below - hair)
        return (inside - score).rename("shift")


def _fit(x: np.ndarray, tier: np.ndarray, penalty: float, nonnegative: bool) -> tuple[np.ndarray, np.ndarray]:
    """Maximum penalised likelihood of the proportional-odds model; cuts as a first one and positive gaps."""
    n_cuts = int(tier.max())
    n_weights = x.shape[1]
    counts = np.bincount(tier, minlength=n_cuts + 1)
    share = np.cumsum(counts)[:-1] / counts.sum()
    start = np.log((1 - share) / share)
    gaps = np.log(np.maximum(-np.diff(start), 1e-3))
    first = np.concatenate([np.zeros(n_weights), start[:1], gaps])

    def loss(parameters):
        weights, top, log_gaps = np.split(parameters, [n_weights, n_weights + 1])
        gap = np.exp(np.clip(log_gaps, -30, 30))
        cuts = top - np.concatenate([[0.0], np.cumsum(gap)])
        score = x @ weights
        edges = np.concatenate([[np.inf], cuts, [-np.inf]])
        upper = expit(score - edges[tier + 1])
        lower = expit(score - edges[tier])
        chance = np.maximum(upper - lower, 1e-300)
        slope_up = upper * (1 - upper)
        slope_low = lower * (1 - lower)
        by_score = -(slope_up - slope_low) / chance
        by_cut = np.zeros(n_cuts)
        np.add.at(by_cut, tier[tier < n_cuts], (slope_up / chance)[tier < n_cuts])
        np.add.at(by_cut, tier[tier > 0] - 1, -(slope_low / chance)[tier > 0])
        from_below = np.cumsum(by_cut[::-1])[::-1]
        apart = weights - weights.mean()
        gradient = np.concatenate([x.T @ by_score + penalty * apart, from_below[:1], -from_below[1:] * gap])
        return -np.log(chance).sum() + penalty * (apart**2).sum() / 2, gradient

    bounds = [(0.0 if nonnegative else None, None)] * n_weights + [(None, None)] * n_cuts
    options = {"maxiter": 2000, "maxfun": 4000, "ftol": 1e-14, "gtol": 1e-8}
    found = minimize(loss, first, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    weights, top, log_gaps = np.split(found.x, [n_weights, n_weights + 1])
    return weights, top - np.concatenate([[0.0], np.cumsum(np.exp(log_gaps))])


def cross_validate(
    X: pd.DataFrame, tiers: pd.Series, *, n_folds: int = 10, penalty: float = 1.0, random_state: int = 0
) -> pd.Series:
    """Tiers of every region by a model that has not seen it (交叉验证).

    Parameters
    ----------
    X, tiers
        As :meth:`TierModel.fit`.
    n_folds : int
    penalty : float
    random_state : int
        Deals the regions, sorted by code, to the folds.

    Returns
    -------
    Series
        Index region (those in both), ordered Categorical.

    Examples
    --------
    >>> values = np.r_[np.linspace(-2, -1, 10), np.linspace(1, 2, 10)]
    >>> x = pd.DataFrame({"gdp": values}, index=[f"r{i:02}" for i in range(20)])
    >>> kind = pd.CategoricalDtype(["A", "B"], ordered=True)
    >>> listed = pd.Series(["B"] * 10 + ["A"] * 10, index=x.index, dtype=kind)
    >>> float((cross_validate(x, listed, n_folds=5) == listed).mean())
    1.0
    """
    rows = X.dropna().index.intersection(tiers.dropna().index).sort_values()
    rng = np.random.default_rng(random_state)
    fold = rng.permutation(np.arange(len(rows)) % n_folds)
    parts = []
    for number in range(n_folds):
        model = TierModel(penalty=penalty).fit(X.loc[rows[fold != number]], tiers)
        parts.append(model.predict_tiers(X.loc[rows[fold == number]]).astype(object))
    return pd.concat(parts).astype(tiers.dtype).sort_index()
