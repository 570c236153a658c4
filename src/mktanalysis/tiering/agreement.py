"""How far two assignments agree.

Always holds: only regions that both assignments label are compared, and the rest is counted; kappa needs
ordered labels, the adjusted Rand index does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .. import words
from ..errors import MktError
from ..words.render import named
from ..words.summary import Shown, Summary
from .checks import rank_correlation


@dataclass(frozen=True, eq=False, repr=False)
class Agreement(Shown):
    """Two assignments side by side.

    Attributes
    ----------
    kappa : float
        Cohen's kappa with quadratic weights; NaN unless both have the same number of ordered tiers.
    agreement : float
        Share of the common regions with the same tier (by rank); NaN as kappa.
    rank_correlation : float
        Spearman's, of the tiers' places: also for systems with different numbers of tiers; NaN where a
        system puts all common regions into one tier.
    adjusted_rand : float
        Hubert and Arabie's index of the two partitions.
    n_common, n_only_a, n_only_b : int
    confusion : DataFrame
        Counts, rows tiers of a, columns tiers of b.
    differing : DataFrame
        Index region; columns a, b, shift (tiers by which b is better), reason; largest shifts first,
        among equal ones the higher tiers. With different numbers of tiers those whose labels differ,
        without shift.
    """

    kappa: float
    agreement: float
    rank_correlation: float
    adjusted_rand: float
    n_common: int
    n_only_a: int
    n_only_b: int
    confusion: pd.DataFrame
    differing: pd.DataFrame

    def summary(self) -> Summary:
        """What is shown of it."""
        names = ("kappa", "agreement", "rank_correlation", "adjusted_rand", "n_common")
        return Summary(
            "两种分级对照",
            {name: getattr(self, name) for name in names},
            self.differing,
            "逐个看 differing 的原因；级数不同的两套分级只看秩相关",
        )


def compare_assignments(
    a: pd.Series, b: pd.Series, *, contributions: pd.DataFrame | None = None
) -> Agreement:
    """Compare two assignments of regions (两种分级对照).

    Parameters
    ----------
    a, b : Series
        Index region; ordered Categorical, best tier first (other values are sorted). Regions that only
        one labels are left out and counted.
    contributions : DataFrame, optional
        Region x indicator contributions of the score behind `a` or `b` (:class:`Scores`): the reason column
        then names the indicators that lift or lower a differing region most.

    Returns
    -------
    Agreement

    Raises
    ------
    MktError
        A region twice, or no common region.

    Examples
    --------
    >>> old = pd.Series({"x": 1, "y": 2, "z": 2, "w": 3})
    >>> new = pd.Series({"x": 1, "y": 2, "z": 3, "w": 3})
    >>> result = compare_assignments(old, new)
    >>> round(result.kappa, 2), result.agreement, list(result.differing.index)
    (0.8, 0.75, ['z'])
    """
    for name, labels in (("第一个", a), ("第二个", b)):
        if not labels.index.is_unique:
            raise MktError(f"{name}分级中有重复的地区：{list(labels.index[labels.index.duplicated()][:5])}")
    a = _ordered(a.dropna())
    b = _ordered(b.dropna())
    common = a.index.intersection(b.index).sort_values()
    if not len(common):
        raise MktError("两种分级没有共同的地区；请核对地区代码")
    first = a[common]
    second = b[common]
    rows = first.cat.codes.to_numpy()
    columns = second.cat.codes.to_numpy()
    counts = np.zeros((len(a.cat.categories), len(b.cat.categories)), dtype=int)
    np.add.at(counts, (rows, columns), 1)
    comparable = counts.shape[0] == counts.shape[1]
    apart = rows != columns if comparable else (first.astype(object) != second.astype(object)).to_numpy()
    return Agreement(
        kappa=weighted_kappa(counts) if comparable else np.nan,
        agreement=float(np.mean(rows == columns)) if comparable else np.nan,
        rank_correlation=rank_correlation(pd.Series(rows), pd.Series(columns)),
        adjusted_rand=adjusted_rand(counts),
        n_common=len(common),
        n_only_a=len(a) - len(common),
        n_only_b=len(b) - len(common),
        confusion=pd.DataFrame(counts, a.cat.categories, b.cat.categories).rename_axis(
            index="a", columns="b"
        ),
        differing=_differing(first, second, apart, comparable, contributions),
    )


def _ordered(labels: pd.Series) -> pd.Series:
    """Labels as an ordered Categorical; its unused categories stay (an empty tier is a tier)."""
    if isinstance(labels.dtype, pd.CategoricalDtype):
        return labels.cat.as_ordered()
    return labels.astype(pd.CategoricalDtype(sorted(labels.unique()), ordered=True))


def weighted_kappa(counts: np.ndarray) -> float:
    """Quadratic-weighted kappa of a square confusion table: 1 - observed / expected disagreement.

    Examples
    --------
    >>> weighted_kappa(np.array([[5, 0], [0, 5]]))
    1.0
    """
    counts = np.asarray(counts, dtype=float)
    place = np.arange(len(counts))
    cost = (place[:, None] - place) ** 2
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    scale = (cost * expected).sum()
    return float(1 - (cost * counts).sum() / scale) if scale else np.nan


def adjusted_rand(counts: np.ndarray) -> float:
    """Adjusted Rand index of a confusion table.

    Examples
    --------
    >>> adjusted_rand(np.array([[0, 5], [5, 0]]))
    1.0
    """
    counts = np.asarray(counts, dtype=float)
    pairs = lambda n: (n * (n - 1) / 2).sum()  # noqa: E731
    both = pairs(counts)
    rows = pairs(counts.sum(axis=1))
    columns = pairs(counts.sum(axis=0))
    total = pairs(counts.sum())
    chance = rows * columns / total if total else 0.0
    most = (rows + columns) / 2
    return 1.0 if most == chance else float((both - chance) / (most - chance))


def _differing(first, second, apart, comparable, contributions) -> pd.DataFrame:
    shift = first.cat.codes.astype(float) - second.cat.codes
    shift = shift.astype(int) if comparable else shift * np.nan
    table = pd.DataFrame({"a": first.astype(object), "b": second.astype(object), "shift": shift})[apart]
    better = np.minimum(first.cat.codes, second.cat.codes)[apart]  # the higher of the two places
    order = np.lexsort([table.index, better, -table["shift"].abs()])
    table = table.iloc[order].rename_axis("region")
    table = table.assign(reason=[_reason(region, contributions) for region in table.index])
    return named(table, "agreement")


def _reason(region, contributions: pd.DataFrame | None) -> str:
    """The indicators that stand out most against the region's own mean, in words."""
    if contributions is None or region not in contributions.index:
        return ""
    parts = contributions.loc[region].dropna()
    beyond = (parts - parts.mean()).sort_values()
    if len(beyond) < 2:
        return ""
    strong, weak = (words.indicator(name)[0] for name in beyond.index[[-1, 0]])
    return f"相对突出：{strong}（{beyond.iloc[-1]:+.2f}），相对薄弱：{weak}（{beyond.iloc[0]:+.2f}）"
