"""How much regions change places: transition matrices and mobility indices.

Always holds: transitions are counted between consecutive years in which a region has a tier in both; a row of
the probabilities adds to one, and a tier that nobody ever left or stayed in keeps to itself.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import MktError


def transitions(tiers: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Transition counts and probabilities (转移矩阵).

    Parameters
    ----------
    tiers : DataFrame
        Region x year, ordered tiers (:attr:`TierHistory.tiers`) or any labels that sort.

    Returns
    -------
    counts, probabilities : DataFrame
        Rows from, columns to.

    Examples
    --------
    >>> counts, p = transitions(pd.DataFrame({2019: [1, 1, 2], 2020: [1, 2, 2]}))
    >>> counts.to_numpy().tolist(), p.to_numpy().tolist()
    ([[1, 1], [0, 1]], [[0.5, 0.5], [0.0, 1.0]])
    """
    labels = _labels(tiers)
    codes = np.column_stack([pd.Categorical(tiers[c], categories=labels).codes for c in tiers]).astype(int)
    if codes.shape[1] < 2:
        raise MktError("转移矩阵至少需要两个年份")
    before = codes[:, :-1].ravel()
    after = codes[:, 1:].ravel()
    both = (before >= 0) & (after >= 0)
    counts = np.zeros((len(labels), len(labels)), dtype=int)
    np.add.at(counts, (before[both], after[both]), 1)
    rows = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, rows, out=np.eye(len(labels)), where=rows > 0)
    index = pd.Index(labels, name="from")
    columns = pd.Index(labels, name="to")
    return pd.DataFrame(counts, index, columns), pd.DataFrame(share, index, columns)


def _labels(tiers: pd.DataFrame) -> list:
    for column in tiers:
        if isinstance(tiers[column].dtype, pd.CategoricalDtype):
            return list(tiers[column].cat.categories)
    return sorted(pd.unique(tiers.to_numpy().ravel()[pd.notna(tiers.to_numpy().ravel())]))


def mobility(probabilities: pd.DataFrame) -> pd.Series:
    """Mobility indices of a transition matrix P of k classes (流动性指数).

    Parameters
    ----------
    probabilities : DataFrame
        Square, rows adding to one.

    Returns
    -------
    Series
        ``prais`` (k - trace P) / (k - 1), also called Shorrocks's first index; ``shorrocks`` 1 - \\|det P\\|,
        his second; ``eigenvalue`` 1 - \\|second largest eigenvalue\\|; with the steady state s and
        one class as the unit, ``leaving`` (k - k sum s_i p_ii) / (k - 1) and ``steps``
        sum s_i p_ij \\|i - j\\| / (k - 1). 0 means nobody ever moves.

    References
    ----------
    Formby, Smith and Zheng (2004), Mobility measurement, transition matrices and statistical inference,
    Journal of Econometrics 120.

    Examples
    --------
    >>> mobility(pd.DataFrame([[0.5, 0.5], [0.5, 0.5]]))[["prais", "shorrocks"]].tolist()
    [1.0, 1.0]
    """
    p = probabilities.to_numpy(dtype=float)
    k = len(p)
    if p.shape != (k, k) or k < 2 or not np.allclose(p.sum(axis=1), 1):
        raise MktError("流动性指数需要行和为 1 的方阵")
    values = np.sort(np.abs(np.linalg.eigvals(p)))
    steady = steady_state(p)
    distance = np.abs(np.arange(k)[:, None] - np.arange(k))
    return pd.Series(
        {
            "prais": (k - np.trace(p)) / (k - 1),
            "shorrocks": 1 - abs(np.linalg.det(p)),
            "eigenvalue": 1 - values[-2],
            "leaving": (k - k * (steady * np.diag(p)).sum()) / (k - 1),
            "steps": (steady[:, None] * p * distance).sum() / (k - 1),
        },
        name="mobility",
    )


def steady_state(p: np.ndarray) -> np.ndarray:
    """The distribution that P leaves as it is (the one nearest to even, where there are several)."""
    k = len(p)
    left = np.vstack([p.T - np.eye(k), np.ones(k)])
    return np.linalg.lstsq(left, np.append(np.zeros(k), 1.0), rcond=None)[0]
