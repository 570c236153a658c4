"""How markets answered: a pooled non-linear fit of shares since entry.

Always holds: the paths are those of the planner's own response; units are resampled whole, so that an
interval knows that the years of a unit go together.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import least_squares, minimize_scalar

from ..assumptions import Response
from ..choices.response import attraction_share, next_share
from .estimate import Estimate, judged, untold
from .past import Past

#: Resamples of units behind an interval.
RESAMPLES = 60
#: Fewer units or years than this are not fitted.
LEAST_UNITS = 5
LEAST_ROWS = 20
#: What would be believed of each parameter without any data.
BELIEVED = {
    "elasticity": (0.3, 2.0),
    "carry_over": (0.0, 0.95),
    "rival_effort": (0.02, 0.15),
    "spread": (0.0, 1.0),
    "ramp": (0.1, 0.9),
    "retention": (0.2, 0.95),
}


def fit_answer(past: Past, rng: np.random.Generator) -> list[Estimate]:
    """Estimate the response's parameters, of the form that the assumptions use."""
    response = past.assumptions.response
    goodwill = response.form == "goodwill"
    names = (
        ("elasticity", "carry_over", "rival_effort", "spread")
        if goodwill
        else ("elasticity", "rival_effort", "ramp", "retention")
    )
    assumed = {name: getattr(response if name != "spread" else past.assumptions, name) for name in names}
    if "effort_share" not in past.table:
        return [untold(name, assumed[name], "历史没有投入（effort）列") for name in names]
    units = _units(past)
    rows = sum(len(unit["share"]) for unit in units)
    if len(units) < LEAST_UNITS or rows < LEAST_ROWS:
        why = f"只有 {len(units)} 个单元、{rows} 个年份可用（至少 {LEAST_UNITS} 个、{LEAST_ROWS} 个）"
        return [untold(name, assumed[name], why) for name in names]
    fit = _fit_goodwill if goodwill else _fit_easy
    value = fit(units, response)
    draws = [
        fit([units[i] for i in rng.integers(len(units), size=len(units))], response) for _ in range(RESAMPLES)
    ]
    note = f"{len(units)} 个单元、{rows} 个单元年的份额"
    found = [
        judged(name, value[name], [draw[name] for draw in draws], assumed[name], BELIEVED[name], note)
        for name in names
    ]
    return found if goodwill else [_told_by_falls(one, units, value) for one in found]


def _units(past: Past) -> list[dict]:
    """Years of each unit without gaps from its entry: shares and efforts by age."""
    found = []
    for unit, rows in past.table.groupby("unit"):
        rows = rows[rows["effort_share"].notna()]
        whole = rows["age"].to_numpy() == np.arange(len(rows))
        rows = rows[np.cumprod(whole).astype(bool)]
        if len(rows) >= 2 and (rows["effort_share"] > 0).all() and rows["share"].between(1e-6, 0.99).all():
            found.append(
                {
                    "share": rows["share"].to_numpy(),
                    "effort": rows["effort_share"].to_numpy(),
                    "order": float(past.order[int(unit)]),
                    "strength": float(past.strength[int(unit)]),
                }
            )
    return found


def _fit_goodwill(units: list[dict], response: Response) -> dict:
    """Logit of the share = elasticity x log(goodwill against rivals') + the unit's own answer + chance.

    For a given carry-over this is linear with one random effect a unit; the carry-over is searched.
    """
    y = [np.log(u["share"] / (1 - u["share"])) + response.order_exponent * np.log(u["order"]) for u in units]

    def at(carry_over: float) -> tuple[float, dict]:
        x = [np.log(_goodwill(u["effort"], carry_over)) - np.log(u["strength"]) for u in units]
        return _random_intercepts(x, y)

    best = minimize_scalar(lambda c: at(c)[0], bounds=(0.02, 0.97), method="bounded", options={"xatol": 1e-3})
    found = at(float(best.x))[1]
    slope = max(found["slope"], 1e-3)
    spread = np.sqrt(found["between"]) / slope
    # the mean of the log of a responsiveness whose mean is one lies below zero
    rival = np.exp(-found["intercept"] / slope - spread**2 / 2)
    return {
        "elasticity": slope,
        "carry_over": float(best.x),
        "rival_effort": float(rival),
        "spread": float(spread),
    }


def _goodwill(effort: np.ndarray, carry_over: float) -> np.ndarray:
    """Stock after each year, from nothing."""
    stock = np.zeros(len(effort))
    held = 0.0
    for age, spent in enumerate(effort):
        held = carry_over * held + (1 - carry_over) * spent
        stock[age] = held
    return stock


def _random_intercepts(x: list[np.ndarray], y: list[np.ndarray]) -> tuple[float, dict]:
    """Least squares with a random effect a group: minus log likelihood, and slope, intercept, variances.

    The variance within comes from differences to the groups' means, that between from the means.
    """
    n = np.array([len(one) for one in x])
    mean_x = np.array([one.mean() for one in x])
    mean_y = np.array([one.mean() for one in y])
    dx = np.concatenate([one - one.mean() for one in x])
    dy = np.concatenate([one - one.mean() for one in y])
    inner = float(dx @ dy / max(dx @ dx, 1e-12))
    within = float(((dy - inner * dx) ** 2).sum() / max(len(dx) - len(n) - 1, 1)) + 1e-9
    left = mean_y - inner * mean_x
    between = max(float(left.var(ddof=1) - (within / n).mean()), 1e-9)
    # generalised least squares: means count by the precision they have
    weight = 1 / (between + within / n)
    cx = mean_x - weight @ mean_x / weight.sum()
    cy = mean_y - weight @ mean_y / weight.sum()
    slope = (dx @ dy / within + (weight * cx) @ cy) / max(dx @ dx / within + (weight * cx) @ cx, 1e-12)
    intercept = float(weight @ (mean_y - slope * mean_x) / weight.sum())
    rest = dy - slope * dx
    loss = 0.5 * (rest @ rest) / within + 0.5 * (len(dx) - len(n)) * np.log(within)
    loss += 0.5 * (weight @ (mean_y - intercept - slope * mean_x) ** 2) - 0.5 * np.log(weight).sum()
    return float(loss), {"slope": float(slope), "intercept": intercept, "between": between}


def _fit_easy(units: list[dict], response: Response) -> dict:
    """Shares that close part of the gap to their target each year, by least squares on whole paths."""

    def residuals(theta):
        trial = response.model_copy(
            update={
                "elasticity": theta[0],
                "rival_effort": np.exp(theta[1]),
                "ramp": theta[2],
                "retention": theta[3],
            }
        )
        return np.concatenate([_easy_path(u, trial) - u["share"] for u in units])

    start = [response.elasticity, np.log(response.rival_effort), response.ramp, response.retention]
    bounds = ([0.1, np.log(0.005), 0.02, 0.0], [4.0, np.log(1.0), 1.0, 0.99])
    found = least_squares(residuals, start, bounds=bounds).x
    return {
        "elasticity": float(found[0]),
        "rival_effort": float(np.exp(found[1])),
        "ramp": float(found[2]),
        "retention": float(found[3]),
    }


def _easy_path(unit: dict, response: Response) -> np.ndarray:
    target = attraction_share(unit["effort"], unit["strength"], response)
    path = np.zeros(len(target))
    share = 0.0
    for age, aim in enumerate(target):
        share = float(next_share(share, aim, response))
        path[age] = share
    return path


def _told_by_falls(one: Estimate, units: list[dict], value: dict) -> Estimate:
    """What is kept when effort stops is told by shares that fall, and by nothing else."""
    if one.name != "retention" or any((np.diff(u["share"]) < 0).sum() >= 2 for u in units):
        return one
    return untold("retention", one.assumed, "没有份额连续下降的单元：认不出来")


def mean_by_age(table: pd.DataFrame, column: str) -> np.ndarray:
    """Mean of a column over units, by age from 0 on."""
    return table.groupby("age")[column].mean().sort_index().to_numpy(float)
