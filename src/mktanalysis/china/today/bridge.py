"""What is known of China after the yearbook ends, and the panels carried to today by it (补到今天).

Always holds: figures on another base are used as growth; a growth across a census revision gets the error
that its scatter shows; what is carried on has the status ``nowcast`` and never stands where a published
figure does.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ...datasets import load_regions, load_table
from ...datasets.own import cached
from ...errors import MktError
from ...forecasting import Bridge, backtest_bridge, bridge, complete_year, score_forecasts
from ..panels import load_breaks, load_panel
from .years import BRIDGED, newest_year

NATION = "100000"
#: Errors below are the 80 % quantile of past ones as a normal's, so that single years do not rule.
COVERED = 0.8
#: With fewer past years to learn an error from this is taken (log points); of the nation's growth at least
#: this: years of luck do not last, and ten cut-offs are too few to learn more from than its size.
USUAL_ERROR = 0.01
MIN_MISSES = 5
#: A miss so many years back counts half: yearbooks agree with the nation better than they did.
HALF_LIFE = 3.0
#: Of a large city's growth that crosses no revision: one in ten is more than 0.02 off the yearbook's.
MEMBER_ERROR = 0.01
#: Years in which the cities' figures change base: no growth into them is compared.
_REVISED = (2005, 2019, 2020)
#: Cut-offs of the check: years after which three are comparable at least in part.
CUTOFFS = (2011, 2012, 2013, 2014, 2015, 2016, 2017, 2020, 2021, 2022)


def known_figures(
    indicator: str = "retail_sales", *, after: int | None = None, lean: bool = False
) -> pd.DataFrame:
    """List what is known after a year: the nation by month, provinces, large cities (已知的新数).

    Parameters
    ----------
    indicator : {"retail_sales", "gdp"}
    after : int, optional
        Last year of the cities' figures; default that of the built-in table. With an earlier year the
        answer holds what was known 2.6 years later: nothing of later years is used, for errors neither.
    lean : bool
        Also what the provinces' GDP growth of the next year suggests for their retail. Not by default: over
        the cut-offs 2011-2022 it made cities' errors slightly larger (0.0377 instead of 0.0368).

    Returns
    -------
    DataFrame
        Columns region, period, value (growth), kind (``growth``), error, shared_error, source: for
        :func:`bridge`.

    Examples
    --------
    >>> known = known_figures()
    >>> known.query("region == '100000'")["value"].round(3).tolist()
    [0.035, 0.037, 0.012]
    """
    if indicator not in BRIDGED:
        raise MktError(f"没有 {indicator!r} 的新数，可用：{'、'.join(BRIDGED)}")
    panel = _wide(indicator)
    last = newest_year(indicator) if after is None else after
    panel = panel[[year for year in panel if year <= last]]
    if indicator == "gdp":
        parts = [_provinces_gdp(panel, last)]
    else:
        nation = _nation(panel, last)
        parts = [nation, _members(last)]
        if lean:
            parts.append(_lean(panel, nation, last))
    table = pd.concat([part for part in parts if len(part)], ignore_index=True)
    if table.empty:
        raise MktError(f"{last} 年以后没有 {indicator} 的新数")
    shared = table["shared_error"].fillna(0.0) if "shared_error" in table else 0.0
    table = table.assign(kind="growth", shared_error=shared)
    return table[["region", "period", "value", "kind", "error", "shared_error", "source"]]


def bridge_panel(
    indicator: str = "retail_sales", *, after: int | None = None, coverage: float = 0.8
) -> Bridge:
    """Carry the panel of cities to the running year (城市数补到今天).

    Own figures that are laid over the built-in ones (:func:`use_figures`) count as known: a whole newer year
    moves the year from which is carried on, single newer figures stand as they are and move the others.

    Parameters
    ----------
    indicator : {"retail_sales", "gdp"}
    after : int, optional
        Cut the panel off after this year, as if no later city figure were known; default the newest complete
        year, see :func:`newest_year`.
    coverage : float

    Returns
    -------
    Bridge

    Examples
    --------
    >>> found = bridge_panel()
    >>> found.table["period"].max().year, set(found.table["status"])
    (2026, {'nowcast'})
    """
    return _bridged(indicator, after, coverage)


@cached
def _bridged(indicator: str, after: int | None, coverage: float) -> Bridge:
    panel = load_panel(indicator)
    breaks = load_breaks(indicator)
    last = newest_year(indicator) if after is None else after
    known = known_figures(indicator, after=last)
    if after is None:
        known = _with_single_figures(known, panel, breaks, last)
    early = panel[panel["period"].dt.year <= last]
    breaks = breaks[breaks["period"].dt.year <= last]
    return bridge(early, known, load_regions(), breaks=breaks, coverage=coverage)


def _with_single_figures(known, panel, breaks, last: int) -> pd.DataFrame:
    """Own figures of some cities after the newest complete year, in place of what else is known of them.

    One on another base (a break of that year) says nothing about the others on the old base: left out.
    """
    carried = panel.loc[panel["period"].dt.year <= last, "region"]
    own = panel[(panel["period"].dt.year > last) & panel["region"].isin(carried)]
    keys = ["region", "period"]
    anew = breaks[breaks["region"] != "*"].merge(own[keys], on=keys)
    own = own[~pd.MultiIndex.from_frame(own[keys]).isin(pd.MultiIndex.from_frame(anew[keys]))]
    if own.empty:
        return known
    level = own.assign(kind="level", error=0.0, shared_error=0.0, source=f"{len(own)} 个自有数")
    other = ~pd.MultiIndex.from_frame(known[keys]).isin(pd.MultiIndex.from_frame(own[keys]))
    return pd.concat([known[other], level[known.columns]], ignore_index=True)


def said(found: Bridge | None = None) -> str:
    """Say in one line what is published and what carried it on (来历一句话); default: of retail sales.

    Examples
    --------
    >>> said().startswith("公布数到 2023 年，")
    True
    """
    found = bridge_panel() if found is None else found
    words = list(dict.fromkeys(found.known.sort_values("period")["source"]))
    return f"公布数到 {found.published} 年，补到 {found.end} 年，依据：{'；'.join(words)}。"


def check_bridge(
    indicator: str = "retail_sales", *, cutoffs=CUTOFFS, coverage: float = 0.8, lean: bool = False
) -> pd.DataFrame:
    """Cut the panel off, carry it on by what was known 2.6 years later, compare with what came (补数回测).

    Parameters
    ----------
    indicator : {"retail_sales", "gdp"}
    cutoffs : sequence of int
    coverage : float
    lean : bool
        See :func:`known_figures`.

    Returns
    -------
    DataFrame
        As :func:`backtest_bridge`: models ``forecast`` (history alone) and ``bridge``; for
        :func:`score_forecasts`, or see :func:`bridge_scores`.
    """
    return backtest_bridge(
        load_panel(indicator),
        lambda year: known_figures(indicator, after=year, lean=lean),
        load_regions(),
        cutoffs=cutoffs,
        coverage=coverage,
        breaks=load_breaks(indicator),
    )


@cached
def bridge_scores(indicator: str = "retail_sales", *, coverage: float = 0.8) -> pd.DataFrame:
    """Score :func:`check_bridge` by level: level, model, n, wape, bias, coverage; shared, never changed."""
    scores = score_forecasts(check_bridge(indicator, coverage=coverage))
    return scores[["level", "model", "n", "wape", "bias", "coverage"]]


@cached
def _wide(indicator: str) -> pd.DataFrame:
    """Region x year; shared, so never changed."""
    panel = load_panel(indicator)
    panel = panel.assign(year=panel["period"].dt.year)
    return panel.pivot(index="region", columns="year", values="value")


def _usual(misses, *, age=None) -> float:
    """Standard deviation that covers 80 % of the misses; `age` in years: late ones weigh more."""
    misses = np.abs(np.asarray(misses, dtype=float))
    if len(misses) < MIN_MISSES:
        return USUAL_ERROR
    weight = np.ones(len(misses)) if age is None else 0.5 ** (np.asarray(age) / HALF_LIFE)
    order = np.argsort(misses, kind="stable")
    upto = np.cumsum(weight[order])
    reached = np.searchsorted(upto, COVERED * upto[-1])
    return float(misses[order][reached] / ndtri((1 + COVERED) / 2))


def _growth(panel: pd.DataFrame, year: int, groups: pd.Series) -> pd.Series:
    """Log growth of groups of cities with figures in both years."""
    both = panel[[year - 1, year]].dropna()
    sums = both.groupby(groups.reindex(both.index)).sum()
    return np.log(sums[year] / sums[year - 1])


def _nation(panel: pd.DataFrame, last: int) -> pd.DataFrame:
    """Growth published for the nation, with the error that it has as growth of the cities here."""
    months = load_table("national_retail_monthly")
    until = min(pd.Period(f"{last + 3}-07", "M"), months["period"].max())
    months = months[months["period"] <= until].rename(columns={"ytd_growth_rate": "growth"})
    years = complete_year(months[["region", "period", "growth"]])
    years = years.assign(year=years["period"].dt.year).set_index("year")
    whole = pd.Series("all", panel.index)
    usable = [y for y in panel.columns if y - 1 in panel and y in years.index and y not in _REVISED]
    misses = [_growth(panel, y, whole).item() - np.log1p(years.loc[y, "value"]) for y in usable]
    ahead = years.loc[last + 1 :]
    full = ahead["months"] == 12
    words = np.where(full, "全国社零公布增速", "全国社零 1—" + ahead["months"].astype(str) + " 月累计增速")
    base = max(_usual(misses, age=[last - y for y in usable]), USUAL_ERROR)
    return ahead.reset_index(drop=True)[["region", "period", "value"]].assign(
        error=ahead["error"].to_numpy(), shared_error=base, source=words
    )


def nation_growth(last: int) -> list[tuple[int, float, float]]:
    """Whole years after `last`: year, the nation's published growth, error as growth of the cities here."""
    panel = _wide("retail_sales")
    found = _nation(panel[[year for year in panel if year <= last]], last)
    found = found[found["error"] == 0]
    years = found["period"].dt.year
    return list(zip(years, found["value"], found["shared_error"], strict=True))


def _lean(panel: pd.DataFrame, nation: pd.DataFrame, last: int) -> pd.DataFrame:
    """Retail growth of provinces as their GDP growth suggests: what is above the nation's, in part.

    The part is a weighted least-squares slope over the past ten years that compare, the error what is left.
    """
    gdp = _province_gdp()
    provinces = _provinces(panel.index)
    rows = []
    for year in range(last - 11, last + 1):
        if year in _REVISED or year - 1 not in panel or year - 1 not in gdp:
            continue
        retail = _growth(panel, year, provinces)
        size = panel[year].groupby(provinces).sum().reindex(retail.index)
        rows.append(_relative(retail, gdp, year, size))
    past = pd.concat(rows)
    slope = (past["size"] * past["retail"] * past["gdp"]).sum() / (past["size"] * past["gdp"] ** 2).sum()
    error = _usual(past["retail"] - slope * past["gdp"])
    year = last + 1
    if year not in gdp:
        return nation.head(0)
    size = panel[last].groupby(provinces).sum()
    now = _relative(pd.Series(0.0, size.index), gdp, year, size)
    top = np.log1p(nation.loc[nation["period"].dt.year == year, "value"].item())
    return pd.DataFrame(
        {
            "region": now.index,
            "period": pd.Period(str(year), "Y"),
            "value": np.expm1(top + slope * now["gdp"]).to_numpy(),
            "error": error,
            "shared_error": nation["shared_error"].iloc[0],
            "source": f"{year} 年各省地区生产总值",
        }
    )


def _relative(retail: pd.Series, gdp: pd.DataFrame, year: int, size: pd.Series) -> pd.DataFrame:
    """Log growth of retail and GDP of provinces above their weighted means."""
    growth = np.log(gdp[year] / gdp[year - 1]).reindex(retail.index)
    table = pd.DataFrame({"retail": retail, "gdp": growth, "size": size}).dropna()
    share = table["size"] / table["size"].sum()
    above = table[["retail", "gdp"]] - (table[["retail", "gdp"]].mul(share, axis=0)).sum()
    return above.assign(size=share)


def _provinces(cities: pd.Index) -> pd.Series:
    return pd.Series(load_regions().parents("province", cities).to_numpy(), cities)


@cached
def _province_gdp() -> pd.DataFrame:
    table = load_table("province_indicators").query("indicator == 'gdp'")
    table = table.assign(year=table["period"].dt.year)
    return table.pivot(index="region", columns="year", values="value")


def _provinces_gdp(panel: pd.DataFrame, last: int) -> pd.DataFrame:
    """GDP growth of provinces, with the error that it has as growth of their cities here."""
    gdp = _province_gdp()
    provinces = _provinces(panel.index)
    misses = []
    for year in panel.columns:
        if year not in _REVISED and {year - 1, year} <= set(gdp) and year - 1 in panel:
            cities = _growth(panel, year, provinces)
            misses.append(cities - np.log(gdp[year] / gdp[year - 1]).reindex(cities.index))
    if last + 1 not in gdp:
        return pd.DataFrame(columns=["region", "period", "value", "error", "source"])
    value = (gdp[last + 1] / gdp[last] - 1).reindex(provinces.unique()).dropna()
    return pd.DataFrame(
        {
            "region": value.index,
            "period": pd.Period(str(last + 1), "Y"),
            "value": value.to_numpy(),
            "error": _usual(pd.concat(misses).dropna()),
            "source": f"{last + 1} 年各省地区生产总值",
        }
    )


def _members(last: int) -> pd.DataFrame:
    """Growth of the large cities; across a revision (see ``breaks``) its error is left to the bridge."""
    year = last + 1
    table = load_table("main_city_retail")
    wide = table.assign(year=table["period"].dt.year).pivot(index="region", columns="year", values="value")
    if year not in wide or last not in wide:
        return pd.DataFrame(columns=["region", "period", "value", "error", "source"])
    value = (wide[year] / wide[last] - 1).dropna()
    breaks = load_breaks("main_city_retail")
    broken = breaks.loc[breaks["period"].dt.year == year, "region"]
    across = value.index.isin(broken) | ("*" in set(broken))
    return pd.DataFrame(
        {
            "region": value.index,
            "period": pd.Period(str(year), "Y"),
            "value": value.to_numpy(),
            "error": np.where(across, np.nan, MEMBER_ERROR),
            "source": f"36 城市 {year} 年增速",
        }
    )
