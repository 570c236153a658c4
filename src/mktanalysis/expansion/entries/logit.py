"""Conditional logit of which places are chosen in each period, with a ridge and Efron's ties.

Always holds: the criterion is concave, so the answer does not depend on where the search starts; a period
counts by its weight; the ridge pulls standardised coefficients to given targets, however few choices
there are.

Efron, B. (1977) The efficiency of Cox's likelihood function for censored data, JASA 72, 557-565.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Newton steps; a handful is enough from a near start.
MOST_STEPS = 50
#: Curvature is computed anew when a step promises more than this part of the one before.
STALE = 5.0
#: The best ranked places, so many times as many as are entered, are where chances are flattened.
TOP = 3.0
#: What is taken from the log odds there before any year has been judged, and with how much information it
#: stands against what the years say (both chosen on the test beds of `benchmarks/entries.py`); at most.
TOP_SHARE = 0.3
TOP_TRUST = 20.0
MOST_TOP = 0.9
#: The search ends when a step promises less than this in log likelihood.
TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Choices:
    """One period: features of the places at risk, shape (m, p); which were chosen; the period's weight."""

    x: np.ndarray
    chosen: np.ndarray
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class Fit:
    """Coefficients, shape (p,), the inverse of their information, shape (p, p), and the log likelihood
    without the ridge.
    """

    beta: np.ndarray
    covariance: np.ndarray
    log_likelihood: float


def efron(beta: np.ndarray, x: np.ndarray, chosen: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Log likelihood of a period's choices, weight of each place summed over its denominators, and the mean
    features of each denominator.

    At the j-th of k choices the chosen places still stand with the share 1 - j / k each.
    """
    u = x @ beta
    top = u.max()
    e = np.exp(u - top)
    k = int(chosen.sum())
    gone = np.arange(k) / k
    total = e.sum() - gone * e[chosen].sum()
    weight = e * ((1 / total).sum() - (gone / total).sum() * chosen)
    means = (e @ x - gone[:, None] * (e[chosen] @ x[chosen])) / total[:, None]
    return float((u[chosen] - top).sum() - np.log(total).sum()), weight, means


def fit_choices(
    choices: list[Choices], target: np.ndarray, penalty: np.ndarray, start: np.ndarray | None = None
) -> Fit:
    """Maximise sum of weight x log likelihood - penalty / 2 (beta - target)^2 by Newton's method, with the
    curvature of an earlier point as long as that leads on.

    Parameters
    ----------
    choices : list of Choices
    target, penalty : ndarray
        Shape (p,).
    start : ndarray, optional
        Default `target`.
    """
    beta = target.copy() if start is None else start.copy()
    value, slope = _criterion(beta, choices, target, penalty)
    information = _information(beta, choices, penalty)
    promised = np.inf
    for _ in range(MOST_STEPS):
        step = np.linalg.solve(information, slope)
        promise = float(step @ slope)
        if promise < TOLERANCE:
            break
        if promise > promised / STALE:  # the curvature of an earlier point leads too slowly
            information = _information(beta, choices, penalty)
            step = np.linalg.solve(information, slope)
            promise = float(step @ slope)
        promised = promise
        share = 1.0
        while True:
            moved = beta + share * step
            found = _criterion(moved, choices, target, penalty)
            # the criterion is concave: a step that is short enough always gains
            if found[0] >= value or share < 1e-6:
                break
            share /= 2
        beta = moved
        value, slope = found
    if start is None:  # who starts from a neighbour's answer wants no errors of it
        information = _information(beta, choices, penalty)
    likelihood = value + 0.5 * float(penalty @ (beta - target) ** 2)
    return Fit(beta, np.linalg.inv(information), likelihood)


def _criterion(beta, choices, target, penalty) -> tuple[float, np.ndarray]:
    """Value and slope."""
    value = -0.5 * float(penalty @ (beta - target) ** 2)
    slope = -penalty * (beta - target)
    for one in choices:
        likelihood, weight, _ = efron(beta, one.x, one.chosen)
        value += one.weight * likelihood
        slope = slope + one.weight * (one.x[one.chosen].sum(axis=0) - weight @ one.x)
    return value, slope


def _information(beta, choices, penalty) -> np.ndarray:
    """Negative curvature of the criterion: most of the work, so it is computed where it is needed only."""
    information = np.diag(penalty.astype(float))
    for one in choices:
        _, weight, means = efron(beta, one.x, one.chosen)
        rooted = one.x * np.sqrt(weight)[:, None]
        information = information + one.weight * (rooted.T @ rooted - means.T @ means)
    return information


def chances(score: np.ndarray, n_chosen: float) -> np.ndarray:
    """Chance of each place to be among `n_chosen` drawn one after the other by exp(score).

    Drawn without replacement, a place with the weight w is missed with the chance exp(-t w), where t is such
    that the chances sum to the number drawn (Rosen 1972, Ann. Math. Stat. 43, 373-397).

    Examples
    --------
    >>> chances(np.zeros(4), 2.0).round(3).tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    possible = np.isfinite(score)
    found = np.zeros(len(score))
    if not possible.any() or n_chosen <= 0:
        return found
    count = int(possible.sum())
    if n_chosen >= count:
        found[possible] = 1.0
        return found
    level = np.exp(score[possible] - score[possible].max())
    low = -50.0
    high = 50.0 + float(score[possible].max() - score[possible].min())
    for _ in range(200):
        middle = (low + high) / 2
        total = -np.expm1(-np.exp(middle) * level).sum()
        low, high = (middle, high) if total < n_chosen else (low, middle)
    found[possible] = -np.expm1(-np.exp(middle) * level)
    return found


def flattened(score: np.ndarray, n_chosen: float, top: float) -> np.ndarray:
    """Log odds of which the part above those of the 3n-th best place counts by 1 - `top` only.

    A fit knows less of the best places than it thinks, the more so where a company's taste moves. The order
    of the places stays as it is.

    Examples
    --------
    >>> flattened(np.array([0.0, 1.0, 2.0, 3.0, 5.0]), 1.0, 0.5).tolist()
    [0.0, 1.0, 2.0, 2.5, 3.5]
    """
    return score - top * _above_top(score, n_chosen)


def _above_top(score: np.ndarray, n_chosen: float) -> np.ndarray:
    """How far each score lies above that of the 3n-th best place; 0 for places that cannot be chosen."""
    possible = np.isfinite(score)
    count = int(possible.sum())
    if count == 0 or not n_chosen > 0:
        return np.zeros(len(score))
    at = min(max(round(TOP * n_chosen), 1), count)
    level = np.partition(score[possible], count - at)[count - at]
    return np.where(possible, np.maximum(score, level) - level, 0.0)


def top_share(judged: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """How much to flatten, from years that were judged with what was known before them.

    Parameters
    ----------
    judged : list of (score, chosen)
        Log odds of the places at risk in a year, by a fit on the years before it, and which were chosen.

    Returns
    -------
    float
        Between 0 and `MOST_TOP`: the likeliest share, `TOP_SHARE` counted in by `TOP_TRUST`.
    """
    sets = []
    for score, chosen in judged:
        possible = np.isfinite(score)
        count = int((chosen & possible).sum())
        if count:
            x = np.column_stack([score, _above_top(score, count)])[possible]
            sets.append(Choices(x, chosen[possible]))
    if not sets:
        return TOP_SHARE
    # the score itself keeps its weight of 1: only what lies above the top's level is fitted
    target = np.array([1.0, -TOP_SHARE])
    found = fit_choices(sets, target, np.array([1e9, TOP_TRUST]))
    return float(np.clip(-found.beta[1], 0.0, MOST_TOP))
