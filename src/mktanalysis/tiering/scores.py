"""One score a region from several indicators, with every step on the table.

Always holds: score = weighted mean of standardised, transformed, oriented indicators, so that the
contributions of a region add up to its score; a missing cell is estimated from the region's other
indicators and flagged, never counted as zero; a region of which too little is known has no score.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import MktError
from ..words.summary import Shown, Summary
from .checks import TierError, check_domain, check_units, wide_indicators

#: Name of a transform -> the function.
TRANSFORMS = {"log": np.log, "sqrt": np.sqrt, "none": np.asarray}


@dataclass(frozen=True, eq=False, repr=False)
class Scores(Shown):
    """A score and how it came about.

    Attributes
    ----------
    score : Series
        By region; mean 0 over the reference regions, in standard deviations of an average indicator; NaN
        where less than `min_known` of the weight is known.
    contributions : DataFrame
        Region x indicator; rows add up to the score.
    standardised : DataFrame
        Region x indicator, after transform, direction and standardisation, missing cells estimated; NaN
        in the whole row of a region without a score.
    imputed : DataFrame
        Region x indicator, True where the figure was estimated.
    error : Series
        By region: standard deviation of the score that the estimated cells leave open.
    method : DataFrame
        One row an indicator: transform, direction, weight, mean, spread, n_imputed.
    """

    score: pd.Series
    contributions: pd.DataFrame
    standardised: pd.DataFrame
    imputed: pd.DataFrame
    error: pd.Series
    method: pd.DataFrame

    def summary(self) -> Summary:
        """What is shown of it: regions by score."""
        table = pd.DataFrame(
            {"score": self.score, "error": self.error, "n_imputed": self.imputed.sum(axis=1)}
        ).rename_axis("region")
        figures = {
            "n_regions": int(self.score.notna().sum()),
            "n_indicators": len(self.method),
            "n_imputed": int(self.imputed.to_numpy().sum()),
            "没有得分的地区": f"{int(self.score.isna().sum())} 个",
        }
        table = table.sort_values("score", ascending=False, kind="stable").reset_index()
        return Summary("综合得分", figures, table, "mkt.TierClusterer(6).fit(scores) 分级")


def score_regions(
    indicators: pd.DataFrame,
    *,
    weights: str | Mapping[str, float] | None = None,
    transform: str | Mapping[str, str] = "log",
    negative: tuple[str, ...] = (),
    reference: pd.DataFrame | None = None,
    min_known: float = 0.5,
    check_units: bool = True,
) -> Scores:
    """Composite score with its parts.

    Parameters
    ----------
    indicators : DataFrame
        Long (``region``, ``period``, ``indicator``, ``value``, one period) or wide (index region).
    weights : "equal", "pca" or mapping, default "equal"
        A mapping names the indicators to use and their weights (not negative, any sum); "pca" takes the
        first principal component of the standardised indicators.
    transform : "log", "sqrt", "none" or a mapping from indicator to one of these, default "log"
    negative : tuple of str
        Indicators of which less is better.
    reference : DataFrame, optional
        Indicators (same columns) whose regions set the means, spreads and estimates: for scores that are
        comparable between years. Default: `indicators` itself.
    min_known : float
        A region needs this share of the total weight observed, else its score is NaN.
    check_units : bool
        Refuse cells that look as if they were in another unit.

    Returns
    -------
    Scores

    Raises
    ------
    TableError
        Cells that cannot be transformed or whose unit looks wrong, all of them.
    TierError
        One region only, an indicator without variation, too few complete regions to estimate from.
    MktError
        Unknown option or indicator.
    """
    wide = wide_indicators(indicators)
    chosen = _chosen(wide, weights)
    transforms = _transforms(transform, chosen)
    base = wide[chosen] if reference is None else wide_indicators(reference).reindex(columns=chosen)
    values = _transformed(wide[chosen], transforms, negative, check_units)
    base = values if reference is None else _transformed(base, transforms, negative, check_units)
    mean = base.mean()
    spread = base.std(ddof=0)
    _check_variation(base, spread)
    base = (base - mean) / spread
    weight = _weights(weights, base)
    standard, error = impute((values - mean) / spread, base, weight)
    known = values.notna().mul(weight).sum(axis=1)
    contributions = standard.mul(weight).where(known >= min_known - 1e-12)
    score = contributions.sum(axis=1, skipna=False).rename("score")
    method = pd.DataFrame({"transform": transforms, "weight": weight, "mean": mean, "spread": spread}).assign(
        direction=[-1 if name in negative else 1 for name in chosen], n_imputed=values.isna().sum()
    )
    standard = standard.where(score.notna(), axis=0)
    error = error.where(score.notna())
    return Scores(score, contributions, standard, values.isna(), error, method.rename_axis("indicator"))


def _chosen(wide: pd.DataFrame, weights) -> list[str]:
    if not isinstance(weights, Mapping):
        return sorted(wide.columns)
    absent = sorted(set(weights) - set(wide.columns))
    if absent:
        raise MktError(f"权重表中的指标不在数据里：{'、'.join(absent)}；数据里有 {'、'.join(wide.columns)}")
    wrong = {name: w for name, w in weights.items() if not (np.isfinite(w) and w >= 0)}
    if wrong or sum(weights.values()) <= 0:
        raise MktError(f"权重应为非负数且不全为零，得到 {wrong or dict(weights)}；指标越小越好请用 negative=")
    return sorted(name for name, weight in weights.items() if weight > 0)


def _transforms(transform, chosen: list[str]) -> pd.Series:
    named = transform if isinstance(transform, Mapping) else {}
    default = "log" if named else transform
    result = pd.Series({name: named.get(name, default) for name in chosen}, dtype=object)
    unknown = sorted(set(result) - set(TRANSFORMS)) + sorted(set(named) - set(chosen))
    if unknown:
        raise MktError(f"变换应为 {'、'.join(TRANSFORMS)}，指标应在数据中，得到 {unknown}")
    return result


def _transformed(wide: pd.DataFrame, transforms: pd.Series, negative, check: bool) -> pd.DataFrame:
    check_domain(wide, transforms)
    if check:
        check_units(wide)
    return pd.DataFrame(
        {
            name: TRANSFORMS[transforms[name]](wide[name]) * (-1.0 if name in negative else 1.0)
            for name in wide.columns
        },
        index=wide.index,
    )


def _check_variation(base: pd.DataFrame, spread: pd.Series) -> None:
    if len(base) < 2:
        raise TierError("只有一个地区，无法比较；评分至少需要两个地区")
    empty = [name for name in base if base[name].notna().sum() == 0]
    if empty:
        raise TierError(f"指标没有任何数据：{'、'.join(empty)}")
    # a constant column keeps a rounding-sized spread after a log
    flat = [name for name in base if not spread[name] > 1e-9 * max(1.0, base[name].abs().max())]
    if flat:
        raise TierError(f"指标在所有地区都相同，分不出高下：{'、'.join(flat)}；请去掉它")


def impute(standard: pd.DataFrame, base: pd.DataFrame, weight: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
    """Estimate missing standardised cells from the region's own known ones.

    The conditional mean of a normal law whose covariance comes from the complete regions of `base`.

    Parameters
    ----------
    standard, base : DataFrame
        Region x indicator, standardised.
    weight : Series
        By indicator.

    Returns
    -------
    filled : DataFrame
        As `standard` without gaps, except in regions of which nothing is known.
    error : Series
        Standard deviation of the weighted sum of the estimated cells, by the same law.

    Raises
    ------
    TierError
        With fewer than three complete regions per indicator.
    """
    missing = standard.isna().to_numpy()
    error = np.zeros(len(standard))
    if not missing.any():
        return standard, pd.Series(error, standard.index, name="error")
    complete = base.dropna().to_numpy()
    if len(complete) < 3 * standard.shape[1]:
        raise TierError(
            f"有缺失值，但数据完整的地区只有 {len(complete)} 个，"
            f"不足以估计（至少 {3 * standard.shape[1]} 个）；请补齐数据，或用 weights= 去掉缺得多的指标"
        )
    mean = complete.mean(axis=0)
    covariance = np.cov(complete, rowvar=False).reshape(complete.shape[1], -1)
    covariance = covariance + 1e-6 * np.eye(len(mean))  # two indicators may be copies of each other
    filled = standard.to_numpy(copy=True)
    patterns = np.unique(missing, axis=0)
    for gap in patterns[patterns.any(axis=1) & ~patterns.all(axis=1)]:
        rows = (missing == gap).all(axis=1)
        across = covariance[np.ix_(~gap, gap)]
        slope = np.linalg.solve(covariance[np.ix_(~gap, ~gap)], across)
        filled[np.ix_(rows, gap)] = mean[gap] + (filled[np.ix_(rows, ~gap)] - mean[~gap]) @ slope
        left = weight.to_numpy()[gap] @ (covariance[np.ix_(gap, gap)] - across.T @ slope)
        error[rows] = np.sqrt(max(left @ weight.to_numpy()[gap], 0.0))
    filled = pd.DataFrame(filled, standard.index, standard.columns)
    return filled, pd.Series(error, standard.index, name="error")


def _weights(weights, base: pd.DataFrame) -> pd.Series:
    if isinstance(weights, Mapping):
        result = pd.Series(weights, dtype=float)[base.columns]
    elif weights in (None, "equal"):
        result = pd.Series(1.0, base.columns)
    elif weights == "pca":
        result = _first_component(base)
    else:
        raise MktError(f"weights 应为 'equal'、'pca' 或 指标→权重 的字典，得到 {weights!r}")
    return result / result.sum()


def _first_component(base: pd.DataFrame) -> pd.Series:
    """Loadings of the first principal component, turned so that most are positive."""
    loading = np.linalg.eigh(np.corrcoef(base.dropna().to_numpy(), rowvar=False).reshape(base.shape[1], -1))[
        1
    ][:, -1]
    loading = loading * np.sign(loading.sum())
    if (loading < 0).any():
        against = "、".join(base.columns[loading < 0])
        raise MktError(f"主成分中这些指标与其余方向相反：{against}；请用 negative= 标明方向，或用字典给权重")
    return pd.Series(loading, base.columns)
