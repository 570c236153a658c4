"""Penetration along an S-curve: Bass, logistic and Gompertz curves with a saturation level.

Always holds: a curve is ``saturation x shape(a, b, time)``; speeds are drawn towards those of the other
regions, the more so the less a region's own data say; a saturation that the data cannot tell from "no
limit in sight" is refused, not guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .. import words
from ..errors import MktError
from ..schemas import PANEL, check_table
from ..words.render import named
from ..words.summary import Shown, Summary

CURVES = ("logistic", "gompertz", "bass")
#: Points on the coarse and the fine grid of saturation levels, and steps of the fit at each.
_COARSE = 20
_FINE = 40
_ITERATIONS = 25
#: A saturation is refused when levels up to the ceiling cannot be ruled out at this confidence.
_SURE = 0.95


def shape(curve: str, a, b, time):
    """Share of the saturation level reached at `time` (periods since the first one).

    logistic: 1 / (1 + exp(-(a + b t))). gompertz: exp(-exp(-(a + b t))). bass (Bass 1969): innovation
    p = exp(a), imitation q = exp(b), launched one period before the first.

    Examples
    --------
    >>> float(shape("logistic", -2.0, 0.5, 4.0))
    0.5
    """
    if curve == "logistic":
        return 1.0 / (1.0 + np.exp(-np.clip(a + b * time, -50, 50)))
    if curve == "gompertz":
        return np.exp(-np.exp(-np.clip(a + b * time, -4, 50)))
    if curve == "bass":
        p = np.exp(np.clip(a, -20, 2))
        q = np.exp(np.clip(b, -20, 2))
        fade = np.exp(-(p + q) * (time + 1))
        return (1 - fade) / (1 + q / p * fade)
    raise MktError(f"没有曲线 {curve!r}，可用：auto、{'、'.join(CURVES)}")


@dataclass(frozen=True, eq=False, repr=False)
class PenetrationFit(Shown):
    """Curves fitted by region.

    Attributes
    ----------
    table : DataFrame
        Columns region, curve, status (``identified`` or ``refused``), reason, saturation, lower, upper (the
        saturation level and its interval; missing where refused, ``lower`` is given all the same), a, b
        (shape, at the best level even where refused), error (root mean square), n.
    start : Period
        Time 0 of the curves.
    """

    table: pd.DataFrame
    start: pd.Period

    def summary(self) -> Summary:
        """What is shown of it: the curves, identified ones first."""
        known = self.table["status"] == "identified"
        figures = {
            "n_regions": len(self.table),
            "可以认定饱和水平": f"{int(known.sum())} 个",
            "曲线": "、".join(words.value_word("curve", name) for name in self.table["curve"].unique()),
        }
        columns = ["region", "status", "saturation", "lower", "upper", "n", "reason"]
        table = pd.concat([self.table[known], self.table[~known]])[columns]
        return Summary("渗透率曲线", figures, table, "fit.predict(periods) 沿曲线外推")

    def predict(self, periods: pd.PeriodIndex) -> pd.DataFrame:
        """Penetration of the identified regions: region, period, value."""
        good = self.table[self.table["status"] == "identified"]
        time = np.array([(period - self.start).n for period in periods], dtype=float)
        rows = [
            pd.DataFrame(
                {
                    "region": r.region,
                    "period": periods,
                    "value": r.saturation * shape(r.curve, r.a, r.b, time),
                }
            )
            for r in good.itertuples()
        ]
        return (
            pd.concat(rows, ignore_index=True)
            if rows
            else pd.DataFrame(columns=["region", "period", "value"])
        )


def fit_penetration(
    panel: pd.DataFrame, *, curve: str = "auto", ceiling: float = 1.0, coverage: float = 0.8
) -> PenetrationFit:
    """Fit S-curves to penetration by region (渗透率), with pooled speeds and an interval for saturation.

    Parameters
    ----------
    panel : DataFrame
        Columns region, period, value: penetration, a share (or users per head).
    curve : str
        ``logistic``, ``gompertz``, ``bass``, or ``auto``: the one with the least squared error over all
        regions.
    ceiling : float
        Highest saturation level thought possible: 1 for a share of people.
    coverage : float
        Nominal coverage of the interval of the saturation level: profile likelihood, widened for residuals
        that follow each other, and over every curve that fits nearly as well (with ``auto``). It knows
        nothing of a coming change of the market itself.

    Returns
    -------
    PenetrationFit
        A region is refused with fewer than 5 observations, without growth, or where a level at the ceiling
        cannot be ruled out (at 95%): then its data fit "no saturation in sight" as well.
    """
    check_table(panel, PANEL)
    known = panel.dropna(subset=["value"])
    if not 0 < coverage < 1 or not ceiling > 0 or not len(known):
        raise MktError(
            f"coverage 应在 0 与 1 之间、ceiling 为正、至少一个数，现为 {coverage}、{ceiling}、{len(known)}"
        )
    if (known["value"] < 0).any() or (known["value"] > ceiling).any():
        low = known["value"].min()
        high = known["value"].max()
        raise MktError(f"渗透率应在 0 与 ceiling={ceiling:g} 之间，现为 {low:g}—{high:g}")
    start = known["period"].min()
    wide = known.pivot(index="region", columns="period", values="value").sort_index()
    time = np.array([(period - start).n for period in wide.columns], dtype=float)
    names = CURVES if curve == "auto" else (curve,)
    values = wide.to_numpy(dtype=float)
    found = {name: _profile(values, time, name, ceiling) for name in names}
    best = min(found, key=lambda name: found[name].loss.min(axis=1).sum())
    table = _verdict(values, time, found, best, coverage)
    order = ["region", "curve", "status", "reason", "saturation", "lower", "upper", "a", "b", "error", "n"]
    return PenetrationFit(named(pd.DataFrame({"region": wide.index, **table})[order], "penetration"), start)


@dataclass(frozen=True, eq=False)
class _Profile:
    """Least loss of one curve at each saturation level (regions, levels), and the shapes that reach it."""

    curve: str
    levels: np.ndarray
    a: np.ndarray
    b: np.ndarray
    loss: np.ndarray
    prior: tuple | None


def _profile(values: np.ndarray, time: np.ndarray, curve: str, ceiling: float) -> _Profile:
    """All regions at once on coarse levels up to the ceiling, then again with pooled speeds."""
    n = np.isfinite(values).sum(axis=1)
    rows = np.arange(len(values))
    top = np.maximum(np.nanmax(values, axis=1), 1e-12)
    # A single figure far too high must not keep the level up.
    recent = np.array([np.median(row[np.isfinite(row)][-3:]) for row in values])
    least = np.maximum(0.8 * np.minimum(top, recent), 1e-12)
    levels = _between(least, np.maximum(ceiling, top * 1.001), _COARSE)
    a, b, loss = _shapes(values, levels, time, curve, None)
    at = np.argmin(loss, axis=1)
    prior = None
    trusted = (n >= 6) & (at < _COARSE - 1)
    if trusted.sum() >= 3:
        speed = b[rows, at][trusted]
        centre = np.median(speed)
        spread = 1.4826 * np.median(np.abs(speed - np.median(speed)))
        noise = np.maximum(loss[rows, at] / np.maximum(n - 3, 1), 1e-12)
        prior = (centre, max(spread, 0.1 * abs(centre), 1e-6), noise)
        a, b, loss = _shapes(values, levels, time, curve, prior, (a, b))
    return _Profile(curve, levels, a, b, loss, prior)


def _refined(values, time, found: _Profile, limit: np.ndarray) -> _Profile:
    """The same on fine levels around those whose loss is within `limit` (regions)."""
    rows = np.arange(len(values))
    last = _COARSE - 1
    low, high = _reach(found.loss, np.maximum(limit, found.loss.min(axis=1)))
    near = np.maximum(low - 1, 0), np.minimum(high + 1, last)
    fine = _between(found.levels[rows, near[0]], found.levels[rows, near[1]], _FINE)
    at = np.argmin(found.loss, axis=1)
    warm = tuple(np.repeat(x[rows, at][:, None], _FINE, axis=1) for x in (found.a, found.b))
    a, b, loss = _shapes(values, fine, time, found.curve, found.prior, warm)
    return _Profile(found.curve, fine, a, b, loss, found.prior)


@dataclass(frozen=True, eq=False)
class _Noise:
    """How much a rise of the loss tells: residuals in a row are alike, so fewer count.

    ``rate`` is the lag-1 autocorrelation of the residuals of all regions together; a sum of n such errors
    varies (1 + rate) / (1 - rate) times as much as one of independent ones, as if there were fewer.
    """

    n: np.ndarray
    rate: float

    @classmethod
    def of(cls, values, found: _Profile, time) -> _Noise:
        rows = np.arange(len(values))
        at = np.argmin(found.loss, axis=1)
        level, a, b = (x[rows, at][:, None] for x in (found.levels, found.a, found.b))
        rest = np.sqrt(values) - np.sqrt(level * shape(found.curve, a, b, time))
        n = np.isfinite(values).sum(axis=1)
        both = np.isfinite(rest[:, 1:]) & np.isfinite(rest[:, :-1])
        lagged = np.where(both, rest[:, 1:] * rest[:, :-1], 0.0).sum(axis=1)
        size = np.nansum(rest**2, axis=1)
        good = (n >= 6) & (size > 0)
        if not good.any():
            return cls(n, 0.0)
        # Level and start are fitted to the same figures (the speed is pooled): that makes it 2 / n too low.
        rate = np.median(lagged[good] / size[good]) + 2 / np.median(n[good])
        return cls(n, float(np.clip(rate, 0.0, 0.9)))

    def limit(self, least: np.ndarray, coverage: float) -> np.ndarray:
        """Loss up to which a level is not ruled out (regions)."""
        from scipy.stats import f as f_distribution

        worth = (1 + self.rate) / (1 - self.rate)
        free = np.maximum((self.n - 3) / worth, 1)
        rise = f_distribution.ppf(coverage, 1, free) * worth / np.maximum(self.n - 3, 1)
        return np.maximum(least * (1 + rise), 1e-20)


def _between(low: np.ndarray, high: np.ndarray, points: int) -> np.ndarray:
    """Levels from low to high in equal ratios (regions, points)."""
    return low[:, None] * (high / low)[:, None] ** np.linspace(0, 1, points)


def _reach(loss: np.ndarray, limit: np.ndarray):
    """First and last level that the data do not rule out."""
    inside = loss <= limit[:, None]
    return np.argmax(inside, axis=1), loss.shape[1] - 1 - np.argmax(inside[:, ::-1], axis=1)


def _shapes(values, levels, time, curve, prior, start=None):
    """Shape parameters (regions, levels) by damped Gauss-Newton steps, all levels and regions at once."""
    seen = np.isfinite(values)[:, None, :]
    target = np.sqrt(np.where(seen, values[:, None, :], 0.0))
    a, b = _start(values, levels, time, curve) if start is None else start
    damping = np.full(a.shape, 1e-2)

    def residual(a, b):
        fitted = levels[:, :, None] * shape(curve, a[:, :, None], b[:, :, None], time)
        return seen * (target - np.sqrt(fitted))

    def penalty(b):
        if prior is None:
            return np.zeros_like(b), np.zeros_like(b), np.zeros_like(b)
        weight = (prior[2] / prior[1] ** 2)[:, None]
        gap = b - prior[0]
        return weight * gap**2, weight * gap, weight + 0 * b

    error = residual(a, b)
    loss = (error**2).sum(axis=2) + penalty(b)[0]
    for _ in range(_ITERATIONS):
        slope_a = (residual(a + 1e-5, b) - error) / 1e-5
        slope_b = (residual(a, b + 1e-5) - error) / 1e-5
        _, pull, stiff = penalty(b)
        aa = (slope_a**2).sum(axis=2)
        bb = (slope_b**2).sum(axis=2) + stiff
        ab = (slope_a * slope_b).sum(axis=2)
        ga = (slope_a * error).sum(axis=2)
        gb = (slope_b * error).sum(axis=2) + pull
        aa = aa * (1 + damping) + 1e-14
        bb = bb * (1 + damping) + 1e-14
        det = np.maximum(aa * bb - ab**2, 1e-300)
        new_a = a - np.clip((bb * ga - ab * gb) / det, -2, 2)
        new_b = b - np.clip((aa * gb - ab * ga) / det, -1, 1)
        new_error = residual(new_a, new_b)
        new_loss = (new_error**2).sum(axis=2) + penalty(new_b)[0]
        better = new_loss < loss
        a = np.where(better, new_a, a)
        b = np.where(better, new_b, b)
        loss = np.where(better, new_loss, loss)
        error = np.where(better[:, :, None], new_error, error)
        damping = np.clip(np.where(better, damping / 4, damping * 6), 1e-8, 1e6)
    return a, b, loss


def _start(values, levels, time, curve):
    """Straight line through the transformed shares (logistic, gompertz), usual values for Bass."""
    if curve == "bass":
        return np.full(levels.shape, np.log(0.02)), np.full(levels.shape, np.log(0.4))
    share = np.clip(values[:, None, :] / levels[:, :, None], 1e-4, 1 - 1e-4)
    line = np.log(share / (1 - share)) if curve == "logistic" else -np.log(-np.log(share))
    seen = np.isfinite(line)
    count = np.maximum(seen.sum(axis=2), 1)
    when = np.where(seen, time, 0.0)
    line = np.where(seen, line, 0.0)
    mean_t = when.sum(axis=2) / count
    mean_y = line.sum(axis=2) / count
    cover = (when * line).sum(axis=2) / count - mean_t * mean_y
    spread = np.maximum((when**2).sum(axis=2) / count - mean_t**2, 1e-9)
    slope = np.clip(cover / spread, 1e-3, 3)
    return mean_y - slope * mean_t, slope


def _verdict(
    values: np.ndarray, time: np.ndarray, found: dict[str, _Profile], best: str, coverage: float
) -> dict:
    """Saturation, its interval over all curves that fit nearly as well, and whether the data can tell it."""
    rows = np.arange(len(values))
    noise = _Noise.of(values, found[best], time)
    chosen = _refined(values, time, found[best], noise.limit(found[best].loss.min(axis=1), _SURE))
    at = np.argmin(chosen.loss, axis=1)
    least = chosen.loss.min(axis=1)
    sure = noise.limit(least, _SURE)
    limit = noise.limit(least, coverage)
    endless = np.zeros(len(values), dtype=bool)
    lower = np.full(len(values), np.inf)
    upper = np.full(len(values), -np.inf)
    for name, coarse in found.items():
        fine = chosen if name == best else _refined(values, time, coarse, sure)
        first, last = _reach(fine.loss, limit)
        fits = fine.loss.min(axis=1) <= limit
        lower = np.where(fits, np.minimum(lower, fine.levels[rows, first]), lower)
        upper = np.where(fits, np.maximum(upper, fine.levels[rows, last]), upper)
        endless |= coarse.loss[:, -1] <= sure
    n = noise.n
    flat = np.nanmax(values, axis=1) - np.nanmin(values, axis=1) <= 0
    reasons = np.select(
        [n < 5, flat, endless], ["观测少于 5 期", "没有增长", "数据看不出饱和水平：区间触到上限"], default=""
    )
    refused = reasons != ""
    return {
        "curve": best,
        "status": np.where(refused, "refused", "identified"),
        "reason": reasons,
        "saturation": np.where(refused, np.nan, chosen.levels[rows, at]),
        "lower": np.where(n < 5, np.nan, lower),
        "upper": np.where(refused, np.nan, upper),
        "a": chosen.a[rows, at],
        "b": chosen.b[rows, at],
        "error": np.sqrt(least / np.maximum(n, 1)),
        "n": n,
    }


def saturation_table(fit: PenetrationFit, penetration: pd.DataFrame) -> pd.DataFrame:
    """Where every region stands against its saturation level, and whether the data can tell that level.

    Parameters
    ----------
    fit : PenetrationFit
    penetration : DataFrame
        The panel it was fitted on: region, period, value.

    Returns
    -------
    DataFrame
        Index region; columns now, saturation, lower, upper, reached (now / saturation), status, reason.
        Status ``passed``: today's level lies above the curve's ceiling, so that the ceiling says only that
        growth is over on this curve, not how far it will go.
    """
    newest = penetration.dropna(subset=["value"]).sort_values("period")
    now = newest.groupby("region")["value"].last()
    table = fit.table.set_index("region")
    table = table.assign(now=now, reached=now / table["saturation"])
    above = (table["status"] == "identified") & (table["now"] > table["saturation"])
    table["status"] = table["status"].mask(above, "passed")
    return table[["now", "saturation", "lower", "upper", "reached", "status", "reason"]]


def check_saturation(penetration: pd.DataFrame, *, years_back: int = 6, mean_of: int = 4, **options):
    """Fit on old figures only, and what came then.

    Parameters
    ----------
    penetration : DataFrame
        Columns region, period (years), value.
    years_back : int
        The old fit does not know the last so many years.
    mean_of : int
        What came is the mean of the last so many years.
    **options
        As for :func:`fit_penetration`.

    Returns
    -------
    then : DataFrame
        Table of the old fit, index region.
    later : Series
        Index region.
    cut : Period
        Last period that the old fit knew.
    """
    end = penetration["period"].max()
    cut = end - years_back
    then = fit_penetration(penetration[penetration["period"] <= cut], **options).table.set_index("region")
    later = penetration[penetration["period"] > end - mean_of].groupby("region")["value"].mean()
    return then, later, cut
