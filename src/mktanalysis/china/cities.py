"""The indicators by which China's prefecture-level units are scored, from the built-in tables.

Always holds: a profile has one row for each prefecture-level unit of the year, known or not; a missing figure
stays missing (the score estimates and flags it); every figure says what it is made of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..datasets import load_regions, load_table
from ..datasets.own import cached
from ..errors import MktError
from ..regions import distance_km
from ..tiering.scores import Scores, impute, score_regions
from .today.bridge import bridge_panel
from .today.years import BRIDGED, carried_year, newest_year

#: Indicators of the default score -> what they stand for. Equal weights, all in logs. Weights and cuts see no
#: list; the choice of these nine was made with the 2021 list in sight (most sets of six to nine such
#: indicators reach a weighted kappa of 0.90 to 0.93 with it), so agreement with that list is flattered a bit.
CITY_INDICATORS = {
    "gdp": "经济总量",
    "retail_sales": "消费市场规模",
    "bank_deposits": "资金实力",
    "fiscal_revenue": "财政实力",
    "mobile_users": "数字用户规模",
    "average_wage": "收入水平",
    "urban_population": "城镇人口规模",
    "population_growth": "人口吸引力（两次普查之比）",
    "market_potential": "区位（可及的经济总量）",
}
#: Figures of the yearbook: a mean over this many years up to the asked one damps a single year's slips.
SPAN = 3
#: A market `d` km away counts exp(-d / 200): about a day's round trip by road or two hours by rail.
REACH_KM = 200.0
#: From here on, city populations and wages rest on the same census and yearbook tables.
_CENSUS = (2010, 2020)
#: Three of nine indicators (urban population, its growth, place) are known for every city.
MIN_KNOWN = 0.3


@dataclass(frozen=True, eq=False)
class CityProfile:
    """Indicators of the cities of one year.

    Attributes
    ----------
    values : DataFrame
        Index region (every prefecture-level unit), one column an indicator, base units.
    status : DataFrame
        Same shape: observed, interpolated (between censuses), imputed (a census carried on), or missing.
    """

    values: pd.DataFrame
    status: pd.DataFrame


def city_profile(
    year: int | None = None,
    *,
    indicators: tuple[str, ...] | None = None,
    span: int = SPAN,
    carried: bool = False,
) -> CityProfile:
    """Indicators of every prefecture-level unit in a year (城市画像).

    Parameters
    ----------
    year : int, optional
        Default the newest with published figures, see :func:`newest_year`; with `carried` the year to which
        they are carried.
    indicators : tuple of str, optional
        Default: those of `CITY_INDICATORS` that have figures in these years; any of ``city_indicators`` and
        ``urban_population``, ``population_growth``, ``market_potential``.
    span : int
        Yearly figures are means over this many years up to `year`: of logs, each year taken relative to
        its median, so that neither growth nor a change of definition shifts a city with gaps.
    carried : bool
        Use retail and GDP carried to today too (补到今天), status ``nowcast``; the other indicators stay at
        their newest published years.

    Returns
    -------
    CityProfile

    Raises
    ------
    MktError
        An unknown indicator, or one without figures in these years.

    Examples
    --------
    >>> profile = city_profile(2020)
    >>> profile.values.shape
    (337, 9)
    """
    if year is None:
        year = carried_year() if carried else newest_year()
    _check_year(year, carried)
    table = load_regions(year=max(year, _CENSUS[1])).table
    cities = pd.Index(table.loc[(table["level"] == "prefecture") & (table["kind"] != "direct"), "region"])
    makers = {
        "urban_population": lambda: _urban_population(year),
        "population_growth": lambda: _population_growth(),
        "market_potential": lambda: _market_potential(pd.DataFrame(values)),
    }
    chosen = tuple(indicators) if indicators is not None else tuple(CITY_INDICATORS)
    values: dict[str, pd.Series] = {}
    status: dict[str, pd.Series] = {}
    for name in sorted(chosen, key="market_potential".__eq__):  # it is made of the others, so it comes last
        value, how = makers[name]() if name in makers else _yearly(name, year, span, carried)
        value = value.reindex(cities)
        if value.notna().any():
            values[name] = value
            status[name] = how.reindex(cities).where(value.notna(), "missing")
        elif indicators is not None:
            raise MktError(f"{year - span + 1}-{year} 年没有城市指标 {name!r} 的数据")
    return CityProfile(pd.DataFrame(values)[list(values)], pd.DataFrame(status))


def _check_year(year: int, carried: bool) -> None:
    first = int(load_table("city_indicators")["period"].dt.year.min())
    if year < first:
        raise MktError(f"{year} 年没有城市指标；可用 {first}—{newest_year()} 年")
    last = carried_year() if carried else newest_year()
    if year > last:
        more = "" if carried else f"；补到今天的数（carried=True，命令加 --carried）到 {carried_year()} 年"
        raise MktError(f"城市数公布到 {newest_year()} 年，没有 {year} 年{more}")


def city_panel(first: int, last: int, *, indicators: tuple[str, ...] | None = None) -> pd.DataFrame:
    """City profiles of several years, long, for :func:`tier_history` (历年城市画像).

    Parameters
    ----------
    first, last : int
    indicators : tuple of str, optional
        Default: those of `CITY_INDICATORS` that have figures in every year.

    Returns
    -------
    DataFrame
        region, period, indicator, value, status; each year by itself: a level break stays in its year.

    Examples
    --------
    >>> panel = city_panel(2019, 2020, indicators=("gdp", "retail_sales"))
    >>> sorted(panel["period"].astype(str).unique())
    ['2019', '2020']
    """
    profiles = {year: city_profile(year, indicators=indicators, span=1) for year in range(first, last + 1)}
    if not profiles:
        raise MktError(f"年份范围是空的：{first}-{last}")
    always = [n for n in profiles[last].values if all(n in profile.values for profile in profiles.values())]
    parts = []
    for year, profile in profiles.items():
        long = profile.values[always].rename_axis("region").reset_index()
        long = long.melt("region", var_name="indicator", value_name="value")
        status = profile.status[always].rename_axis("region").reset_index().melt("region")["value"]
        long = long.assign(period=pd.Period(str(year), "Y"), status=status.to_numpy())
        parts.append(long.dropna(subset="value"))
    table = pd.concat(parts, ignore_index=True)
    return table[["region", "period", "indicator", "value", "status"]]


def score_cities(
    year: int | None = None,
    *,
    weights=None,
    indicators: tuple[str, ...] | None = None,
    carried: bool = False,
) -> Scores:
    """Score every prefecture-level unit by its profile (城市综合得分).

    Cities outside the yearbook (autonomous prefectures, areas, leagues) are scored by what the census and
    their place say; their other indicators are estimated and flagged in ``imputed``.

    Parameters
    ----------
    year, indicators, carried
        As :func:`city_profile`.
    weights
        As :func:`score_regions`; default equal.

    Returns
    -------
    Scores

    Examples
    --------
    >>> scores = score_cities(2020)
    >>> scores.score.nlargest(2).index.tolist()
    ['310100', '110100']
    """
    profile = city_profile(year, indicators=indicators, carried=carried)
    # the tables were checked when they were compiled; 三沙 (2,333 heads) is no slip of units
    return score_regions(profile.values, weights=weights, min_known=MIN_KNOWN, check_units=False)


@cached
def _wide_figures(name: str) -> pd.DataFrame:
    """Region x year of one indicator; shared, so never changed."""
    figures = load_table("city_indicators")
    part = figures[(figures["indicator"] == name) & figures["value"].notna()]
    if part.empty:
        derived = "urban_population、population_growth、market_potential"
        raise MktError(f"没有城市指标 {name!r}；可用：{'、'.join(figures['indicator'].unique())}、{derived}")
    return part.assign(year=part["period"].dt.year).pivot(index="region", columns="year", values="value")


def _yearly(name: str, year: int, span: int, carried: bool) -> tuple[pd.Series, pd.Series]:
    wide = _wide_figures(name)
    published = wide.columns.max()
    if carried and name in BRIDGED:
        wide = wide.combine_first(_carried_on(name))
    # an indicator that ends earlier (wages, in 2022) is taken at its newest years
    end = min(year, wide.columns.max()) if carried else year
    years = [y for y in range(end - span + 1, end + 1) if y in wide]
    if not years:
        return pd.Series(dtype=float), pd.Series(dtype=object)
    logs = np.log(wide[years].where(wide[years] > 0))
    level = logs.median()
    value = np.exp((logs - level).mean(axis=1) + level.iloc[-1])
    return value, pd.Series("nowcast" if carried and end > published else "observed", value.index)


@cached
def _carried_on(name: str) -> pd.DataFrame:
    """Region x year after the published ones; shared, so never changed."""
    panel = bridge_panel(name).panel
    part = panel[panel["period"].dt.year > newest_year(name)]
    return part.assign(year=part["period"].dt.year).pivot(index="region", columns="year", values="value")


@cached
def _census(name: str) -> pd.DataFrame:
    """Region x census year; shared, so never changed."""
    figures = load_table("city_indicators")
    part = figures[(figures["indicator"] == name) & figures["period"].dt.year.isin(_CENSUS)]
    part = part[part["source"].str.contains("census")]
    return part.assign(year=part["period"].dt.year).pivot(index="region", columns="year", values="value")


def _urban_population(year: int) -> tuple[pd.Series, pd.Series]:
    """Between the censuses a straight line of logs; before and after, the nearer census stands."""
    urban = _census("resident_population") * _census("urban_rate")
    first, last = _CENSUS
    share = min(max((year - first) / (last - first), 0.0), 1.0)
    early = urban[first].fillna(urban[last])
    value = np.exp((1 - share) * np.log(early) + share * np.log(urban[last]))
    how = "observed" if year in _CENSUS else "interpolated" if first < year < last else "imputed"
    return value, pd.Series(how, value.index)


def _population_growth() -> tuple[pd.Series, pd.Series]:
    people = _census("resident_population")
    value = people[_CENSUS[1]] / people[_CENSUS[0]]
    return value, pd.Series("observed", value.index)


def _market_potential(values: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """GDP within reach, each city's weighed by exp(-distance / REACH_KM), its own included.

    A city without GDP is estimated from its other figures first: left out, it would count as nothing.
    """
    logs = np.log(values.dropna(axis=1, how="all"))
    mean = logs.mean()
    spread = logs.std()
    standard = (logs - mean) / spread
    even = pd.Series(1.0, standard.columns)
    filled = impute(standard, standard, even)[0]["gdp"].dropna()
    gdp = np.exp(filled * spread["gdp"] + mean["gdp"])
    distance = distance_km(load_table("points"), gdp.index, gdp.index).to_numpy()
    how = values["gdp"].reindex(gdp.index).notna().map({True: "observed", False: "imputed"})
    return pd.Series(np.exp(-distance / REACH_KM) @ gdp.to_numpy(), gdp.index), how


def market_position(profile: CityProfile, own: pd.Series | None = None) -> pd.Series:
    """Present position in every city: own sales per yuan of retail sales, or retail per resident.

    Without own sales the result is a demonstration: it says how mature a market is, not where a company
    stands in it.

    Parameters
    ----------
    profile : CityProfile
    own : Series, optional
        Index region, own sales of a year in yuan.

    Returns
    -------
    Series
        Index region.
    """
    retail = profile.values["retail_sales"]
    if own is None or not len(own):
        return (retail / _census("resident_population")[_CENSUS[1]].reindex(retail.index)).dropna()
    return (own / retail).dropna()
