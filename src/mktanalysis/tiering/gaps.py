"""What separates a region from the next tier, in each indicator's own unit.

Always holds: all other regions stay as they are; `alone` is what one indicator would have to reach if
nothing else changed, `together` what it has to reach if all change by the same number of standard deviations;
a change by more than a factor of 100 is no advice and is left missing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import MktError
from .checks import wide_indicators
from .clusterer import TierClusterer
from .scores import Scores

#: A change by more than this factor is no advice.
_BEYOND = 100.0


def next_tiers(
    scores: Scores, clusterer: TierClusterer, indicators: pd.DataFrame, *, regions=None
) -> pd.DataFrame:
    """Distance of regions to the tiers above and below, by indicator (距上一级与下一级的差距).

    Parameters
    ----------
    scores : Scores
        Of :func:`score_regions`.
    clusterer : TierClusterer
        Fitted on `scores` (or on ``scores.score``).
    indicators : DataFrame
        The figures behind the scores, long or wide; where one is missing, so is its row.
    regions : iterable, optional
        Default: all with a score.

    Returns
    -------
    DataFrame
        One row a region, direction and indicator: ``region``, ``direction`` (up, down), ``tier``,
        ``to_tier``, ``score_gap``, ``indicator``, ``current``, ``alone``, ``together`` (both in the
        indicator's unit). Down: the level at which the region would fall.

    Raises
    ------
    MktError
        The clusterer was fitted on other scores.

    Examples
    --------
    >>> from mktanalysis.tiering import score_regions
    >>> table = pd.DataFrame({"gdp": [1.0, 2.0, 8.0, 16.0]}, index=list("abcd"))
    >>> scores = score_regions(table)
    >>> cut = TierClusterer(2, skew=0, n_resamples=0).fit(scores)
    >>> gap = next_tiers(scores, cut, table, regions=["b"])
    >>> gap[["tier", "to_tier", "current", "alone"]].round(2).values.tolist()
    [['第2级', '第1级', 2.0, 4.0]]
    """
    score = scores.score.dropna()
    chosen = score.index if regions is None else pd.Index(regions)
    absent = [region for region in chosen if region not in score.index]
    if absent:
        raise MktError(f"这些地区没有得分：{'、'.join(map(str, absent[:10]))}")
    breaks = _on_score(score, clusterer)
    tiers = clusterer.tiers_.reindex(chosen)
    names = list(tiers.cat.categories)
    codes = tiers.cat.codes.to_numpy()
    wide = wide_indicators(indicators).reindex(index=chosen, columns=scores.method.index)
    parts = []
    for direction, step in (("up", -1), ("down", 1)):
        there = (codes + step >= 0) & (codes + step < len(names))
        target = breaks[np.where(step < 0, codes - 1, codes)[there]]
        gap = pd.Series(target - score[chosen[there]], chosen[there])
        part = _by_indicator(gap, wide.loc[gap.index], scores.method)
        part["direction"] = direction
        part["tier"] = part["region"].map(tiers.astype(object))
        part["to_tier"] = part["region"].map(
            dict(zip(gap.index, [names[code] for code in codes[there] + step], strict=True))
        )
        parts.append(part)
    columns = [
        "region",
        "direction",
        "tier",
        "to_tier",
        "score_gap",
        "indicator",
        "current",
        "alone",
        "together",
    ]
    table = pd.concat(parts, ignore_index=True)[columns]
    return table.sort_values(
        ["region", "direction", "indicator"], ascending=[True, False, True], ignore_index=True
    )


def _on_score(score: pd.Series, clusterer: TierClusterer) -> np.ndarray:
    """The clusterer's breaks on the scale of `score`: it had standardised what it was given."""
    cut = clusterer.score_.reindex(score.index)
    if cut.isna().any() or np.corrcoef(cut, score)[0, 1] < 1 - 1e-9:
        raise MktError("clusterer 不是由这份得分拟合的；请用 TierClusterer().fit(scores)")
    slope = score.std() / cut.std()
    return (clusterer.breaks_.to_numpy() - cut.mean()) * slope + score.mean()


def _by_indicator(gap: pd.Series, current: pd.DataFrame, method: pd.DataFrame) -> pd.DataFrame:
    """Value of each indicator that would close the gap, alone or with the others."""
    rows = []
    for name, step in method.iterrows():
        unit = step["spread"] * step["direction"]
        part = {
            "region": gap.index,
            "score_gap": gap.to_numpy(),
            "indicator": name,
            "current": current[name].to_numpy(),
            "alone": _moved(current[name], gap / step["weight"] * unit, step["transform"]),
            "together": _moved(current[name], gap * unit, step["transform"]),
        }
        rows.append(pd.DataFrame(part))
    return pd.concat(rows, ignore_index=True)


def _moved(value: pd.Series, change: pd.Series, transform: str) -> np.ndarray:
    """`value` after `change` on the transformed scale; missing where that is no sensible advice."""
    if transform == "none":
        return (value + change).to_numpy()
    if transform == "log":
        moved = value * np.exp(np.clip(change, -50, 50))
    else:
        moved = (np.sqrt(value) + change).clip(lower=0) ** 2
    return moved.where((moved / value).between(1 / _BEYOND, _BEYOND)).to_numpy()
