"""Tiers over the years: on a comparable scale, steady against noise, and how mobile the cities are.

Always holds: a region without a score in a year has no tier in it; a region leaves its tier only when its
score passes the break by the margin, so noise inside the margin moves nobody; a change of a series'
definition is linked over and moves nobody either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import MktError
from ..words.render import named
from ..words.summary import Shown, Summary
from .clusterer import TierClusterer, tier_names
from .scores import score_regions

#: How years are put on one scale.
SCALES = ("per_year", "pooled", "fixed")


@dataclass(frozen=True, eq=False, repr=False)
class TierHistory(Shown):
    """Tiers of regions over several years.

    Attributes
    ----------
    table : DataFrame
        Long: region, year, score, tier (ordered Categorical), raw_tier (without hysteresis), n_imputed.
    breaks : Series
        Upper of two neighbouring tiers -> lowest score of it, the same in every year.
    contributions : DataFrame
        Index (region, year), a column an indicator; rows add up to the score.
    """

    table: pd.DataFrame
    breaks: pd.Series
    contributions: pd.DataFrame

    @property
    def tiers(self) -> pd.DataFrame:
        """Region x year: tiers."""
        wide = self.table.pivot(index="region", columns="year", values="tier")
        return wide.astype(self.table["tier"].dtype)

    def summary(self) -> Summary:
        """What is shown of it: the last year, best score first."""
        years = self.table["year"]
        last = self.table[years == years.max()].sort_values("score", ascending=False, kind="stable")
        tiers = self.tiers.iloc[:, [0, -1]].dropna()
        figures = {
            "n_regions": self.table["region"].nunique(),
            "年份": f"{years.min()}—{years.max()}",
            "n_tiers": len(self.breaks) + 1,
            "n_moved": int((tiers.iloc[:, 0].astype(str) != tiers.iloc[:, -1].astype(str)).sum()),
        }
        return Summary("历年分级", figures, last, "mkt.tiering.moves(history, 起年, 止年) 列出升降和原因")


def link_breaks(indicators: pd.DataFrame, breaks: pd.DataFrame) -> pd.DataFrame:
    """Put each series on the base of its last stretch, by chaining over level breaks (口径衔接).

    At a break the step from the year before is replaced by the region's own mean growth over the nearest
    steps before and after that cross no break; the years before are scaled accordingly.

    Parameters
    ----------
    indicators : DataFrame
        Long: region, period, indicator, value (other columns are kept).
    breaks : DataFrame
        indicator, period (first period on the new base), region ("*" for all).

    Returns
    -------
    DataFrame
        As `indicators`, values before a break scaled.

    Examples
    --------
    >>> table = pd.DataFrame({"region": "a", "period": pd.period_range("2016", "2019", freq="Y"),
    ...                       "indicator": "gdp", "value": [100.0, 110.0, 60.5, 66.55]})
    >>> base = pd.DataFrame({"indicator": ["gdp"], "region": ["*"],
    ...                      "period": pd.PeriodIndex(["2018"], freq="Y")})
    >>> link_breaks(table, base)["value"].round(2).tolist()
    [50.0, 55.0, 60.5, 66.55]
    """
    linked = indicators["value"].to_numpy(dtype=float, copy=True)
    years = pd.PeriodIndex(indicators["period"]).year.to_numpy()
    for name, rows in breaks.groupby("indicator"):
        at = (indicators["indicator"] == name).to_numpy()
        if not at.any():
            continue
        part = pd.DataFrame(
            {"region": indicators["region"].to_numpy()[at], "year": years[at], "value": linked[at]}
        )
        linked[at] = _linked(part, rows)
    return indicators.assign(value=linked)


def _linked(part: pd.DataFrame, breaks: pd.DataFrame) -> np.ndarray:
    wide = part.pivot(index="region", columns="year", values="value")
    wide = wide.reindex(columns=range(int(part["year"].min()), int(part["year"].max()) + 1))
    logs = np.log(wide.where(wide > 0))
    steps = logs.diff(axis=1)
    broken = pd.DataFrame(False, steps.index, steps.columns)
    for region, year in zip(breaks["region"], pd.PeriodIndex(breaks["period"]).year, strict=True):
        if year in broken:
            broken.loc[slice(None) if region == "*" else broken.index == region, year] = True
    sound = steps.mask(broken)
    usual = (sound.ffill(axis=1) + sound.bfill(axis=1)) / 2
    usual = usual.fillna(sound.ffill(axis=1)).fillna(sound.bfill(axis=1))
    # a region without any sound step grows as the median region does
    usual = usual.fillna(usual.median())
    excess = (steps - usual).where(broken, 0.0).fillna(0.0)
    later = excess.iloc[:, ::-1].cumsum(axis=1).iloc[:, ::-1].shift(-1, axis=1, fill_value=0.0)
    scaled = wide * np.exp(later)
    return (
        scaled.stack(future_stack=True).reindex(pd.MultiIndex.from_frame(part[["region", "year"]])).to_numpy()
    )


def tier_history(
    indicators: pd.DataFrame,
    *,
    clusterer: TierClusterer | None = None,
    scale: str = "per_year",
    base_year: int | None = None,
    hysteresis: float = 0.15,
    breaks: pd.DataFrame | None = None,
    weights=None,
) -> TierHistory:
    """Tiers of every year on a comparable scale (历年分级).

    Parameters
    ----------
    indicators : DataFrame
        Long: region, period (yearly), indicator, value; positive values.
    clusterer : TierClusterer, optional
        How scores are cut; default ``TierClusterer(n_resamples=0)``.
    scale : "per_year", "pooled" or "fixed"
        Means and spreads of each year (position among the cities of the year), of all years together, or
        of `base_year` (progress in the figures themselves). The breaks are the same in all years: those of
        `base_year` for ``fixed``, else of all years' scores together, so they move nobody.
    base_year : int, optional
        For ``fixed``; default the last year.
    hysteresis : float
        A region changes tier only if its score passes the break by this margin, in standard deviations of
        the year's scores.
    breaks : DataFrame, optional
        Level breaks (indicator, period, region): series are linked over them first, see :func:`link_breaks`.
    weights
        As :func:`score_regions`.

    Returns
    -------
    TierHistory

    Examples
    --------
    >>> years = pd.period_range("2018", "2019", freq="Y")
    >>> rows = [(r, y, "gdp", v) for y, values in zip(years, ([1, 2, 8, 9], [1, 9, 8, 9]))
    ...         for r, v in zip("abcd", values)]
    >>> table = pd.DataFrame(rows, columns=["region", "period", "indicator", "value"])
    >>> natural = TierClusterer(2, pyramid=False, n_resamples=0)
    >>> tier_history(table, clusterer=natural).tiers.loc["b"].tolist()
    ['第2级', '第1级']
    """
    if scale not in SCALES:
        raise MktError(f"scale 应为 {'、'.join(SCALES)} 之一，得到 {scale!r}")
    clusterer = clusterer or TierClusterer(n_resamples=0)
    table = link_breaks(indicators, breaks) if breaks is not None else indicators
    years = dict(iter(table.groupby(pd.PeriodIndex(table["period"]).year)))
    base = max(years) if base_year is None else base_year
    if base not in years:
        raise MktError(f"base_year {base} 不在数据的年份 {min(years)}-{max(years)} 中")
    reference = {"per_year": None, "pooled": _stacked(table), "fixed": _wide(years[base])}[scale]
    scores = {
        year: score_regions(_wide(part), weights=weights, reference=reference, check_units=False)
        for year, part in sorted(years.items())
    }
    cuts = _breaks(scores, clusterer, base if scale == "fixed" else None)
    frame = pd.concat(
        {
            year: pd.DataFrame({"score": s.score, "n_imputed": s.imputed.sum(axis=1)})
            for year, s in scores.items()
        },
        names=["year", "region"],
    ).reset_index()
    wide = frame.pivot(index="region", columns="year", values="score")
    raw = np.where(wide.isna(), -1, (wide.to_numpy()[:, :, None] < cuts.to_numpy()).sum(axis=2))
    steady = _steady(wide.to_numpy(), cuts.to_numpy(), hysteresis * wide.std(ddof=0).to_numpy())
    names = tier_names(len(cuts) + 1)
    frame = frame.assign(tier=_labels(steady, frame, names), raw_tier=_labels(raw, frame, names))
    parts = pd.concat({year: s.contributions for year, s in scores.items()}, names=["year", "region"])
    columns = ["region", "year", "score", "tier", "raw_tier", "n_imputed"]
    return TierHistory(named(frame[columns], "tier_history"), cuts, parts.swaplevel().sort_index())


def _wide(part: pd.DataFrame) -> pd.DataFrame:
    return part.pivot(index="region", columns="indicator", values="value").rename_axis(columns=None)


def _stacked(table: pd.DataFrame) -> pd.DataFrame:
    """All region-years as rows, one column an indicator."""
    wide = table.pivot(index=["region", "period"], columns="indicator", values="value")
    wide.index = [f"{region}|{period}" for region, period in wide.index]
    return wide.rename_axis(columns=None)


def _breaks(scores: dict, clusterer: TierClusterer, base: int | None) -> pd.Series:
    """Breaks on the score of :func:`score_regions`, descending: of one year, or of all together."""
    from sklearn.base import clone

    values = pd.concat({year: s.score for year, s in scores.items() if base in (None, year)}).dropna()
    values.index = [f"{region}|{year}" for year, region in values.index]
    fitted = clone(clusterer).fit(values)
    return fitted.breaks_ * values.std(ddof=0) + values.mean()


def _steady(scores: np.ndarray, breaks: np.ndarray, margins: np.ndarray) -> np.ndarray:
    """Tiers with hysteresis; a region enters at its raw tier and after a gap resumes its last one."""
    result = np.full(scores.shape, -1)
    last = np.full(len(scores), -1)
    for year, margin in enumerate(margins):
        score = scores[:, [year]]
        best = (score < breaks - margin).sum(axis=1)  # if every doubt speaks for the region
        worst = (score < breaks + margin).sum(axis=1)  # ... and against it
        tier = np.where(last < 0, (score < breaks).sum(axis=1), np.clip(last, best, worst))
        known = ~np.isnan(scores[:, year])
        result[known, year] = tier[known]
        last[known] = tier[known]
    return result


def _labels(codes: np.ndarray, frame: pd.DataFrame, names) -> pd.Categorical:
    years = np.sort(frame["year"].unique())
    regions = np.sort(frame["region"].unique())
    flat = codes[np.searchsorted(regions, frame["region"]), np.searchsorted(years, frame["year"])]
    return pd.Categorical.from_codes(flat, list(names), ordered=True)


def moves(history: TierHistory, from_year: int, to_year: int) -> pd.DataFrame:
    """Who moved between two years, and what drove it (谁升谁降，因何).

    Parameters
    ----------
    history : TierHistory
    from_year, to_year : int

    Returns
    -------
    DataFrame
        Index region; from_tier, to_tier, shift (tiers up), score_change, driver (the indicator whose
        contribution changed most in the direction of the move; empty if the score moved the other way and
        only the hysteresis gave way), driver_change, n_imputed in `to_year`. Largest shifts first.
    """
    table = history.table.set_index(["region", "year"])
    missing = {from_year, to_year} - set(history.table["year"])
    if missing:
        raise MktError(f"历年分级中没有年份 {sorted(missing)}")
    before = table.xs(from_year, level="year")
    after = table.xs(to_year, level="year")
    common = before.index[before["tier"].notna()].intersection(after.index[after["tier"].notna()])
    before = before.loc[common]
    after = after.loc[common]
    shift = before["tier"].cat.codes.astype(int) - after["tier"].cat.codes.astype(int)
    parts = history.contributions
    change = parts.xs(to_year, level="year").loc[common] - parts.xs(from_year, level="year").loc[common]
    table = pd.DataFrame(
        {
            "from_tier": before["tier"],
            "to_tier": after["tier"],
            "shift": shift,
            "score_change": after["score"] - before["score"],
            "n_imputed": after["n_imputed"],
        }
    )[shift != 0]
    toward = change.loc[table.index].mul(np.sign(table["shift"]), axis=0)
    driver = toward.idxmax(axis=1)
    amount = np.array([change.loc[region, name] for region, name in driver.items()], dtype=float)
    # a region that hysteresis had held up may fall in years of slight gain: no indicator drove it then
    led = np.sign(table["score_change"]) == np.sign(table["shift"])
    table = table.assign(driver=driver.where(led, ""), driver_change=np.where(led, amount, np.nan))
    return table.iloc[np.lexsort([table.index, -table["shift"].abs()])]
