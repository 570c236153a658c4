"""Indicators of counties: the census as it is, city figures allocated by a stated rule.

Always holds: the allocated figures of a city's counties add up to the city's; every allocated cell says so; a
county without a census figure, or in a city without the figure, stays missing.
"""

from __future__ import annotations

import pandas as pd

from ..datasets import load_indicators, load_regions
from ..errors import MktError
from ..tiering.scores import Scores, score_regions
from .cities import CityProfile, city_profile

#: Figures of the city that are split among its counties.
ALLOCATED = ("gdp", "retail_sales", "bank_deposits", "fiscal_revenue")
#: A rural head counts as this much of an urban one when a city's figure is split: about the ratio of rural to
#: urban consumption per head (National Bureau of Statistics, 2020: 13,713 and 27,007 yuan).
RURAL_WEIGHT = 0.5
#: Urban population, its share and growth come from the census: half the weight may be allocated figures.
MIN_KNOWN = 0.25


def county_profile(
    year: int = 2020, *, allocated: tuple[str, ...] = ALLOCATED, rural_weight: float = RURAL_WEIGHT
) -> CityProfile:
    """Indicators of every county-level unit (县域画像).

    A city's figure is split in proportion to urban population + `rural_weight` x rural population.

    Parameters
    ----------
    year : int
        Of the city figures (means over three years, see :func:`city_profile`); the census is that of 2020.
    allocated : tuple of str
        City indicators to split.
    rural_weight : float
        0 to 1.

    Returns
    -------
    CityProfile
        Index region, columns ``resident_population``, ``urban_population``, ``urban_rate``, then `allocated`;
        status observed, allocated or missing.

    Examples
    --------
    >>> profile = county_profile(2020)
    >>> profile.status.loc["320583", ["urban_population", "retail_sales"]].tolist()
    ['observed', 'allocated']
    """
    if not 0 <= rural_weight <= 1:
        raise MktError(f"rural_weight 应在 0 与 1 之间，得到 {rural_weight}")
    tree = load_regions()
    counties = tree.level("county")
    census = load_indicators("county", year=2020, indicators=["resident_population", "urban_rate"])
    people = census.values["resident_population"].reindex(counties)
    rate = census.values["urban_rate"].reindex(counties)
    values = {"resident_population": people, "urban_population": people * rate, "urban_rate": rate}
    key = people * rate + rural_weight * people * (1 - rate)
    city = tree.parents("prefecture", counties)
    # the share of a county of which nothing is known is unknown, and so are its neighbours' shares
    whole = key.groupby(city).sum(min_count=1).where(key.isna().groupby(city).sum() == 0)
    share = key / city.map(whole)
    figures = city_profile(year, indicators=allocated).values
    for name in allocated:
        values[name] = city.map(figures[name]) * share
    table = pd.DataFrame(values, index=counties)
    known = census.status["resident_population"].reindex(counties)
    status = pd.DataFrame({name: "allocated" if name in allocated else known for name in table}, counties)
    return CityProfile(table, status.where(table.notna(), "missing"))


def score_counties(year: int = 2020, *, weights=None, rural_weight: float = RURAL_WEIGHT) -> Scores:
    """Score every county-level unit (县域综合得分).

    Equal weights on urban population, urban rate and the allocated city figures, unless given otherwise.

    Parameters
    ----------
    year, rural_weight
        As :func:`county_profile`.
    weights
        As :func:`score_regions`.

    Returns
    -------
    Scores
        Regions without census figures have no score.

    Examples
    --------
    >>> scores = score_counties(2020)
    >>> bool(scores.score["320583"] > scores.score["542521"])   # 昆山, 普兰
    True
    """
    profile = county_profile(year, rural_weight=rural_weight).values
    used = profile.drop(columns="resident_population")
    used = used.where(used > 0)  # 34 counties without any urban population: unknown on a log scale
    return score_regions(used, weights=weights, min_known=MIN_KNOWN, check_units=False)


def rule_figures(year: int = 2020) -> pd.DataFrame:
    """The figures that the built-in rule systems ask for, cities and counties together.

    ``urban_core_population`` stands in for 城区常住人口: urban population (2020 census) of a city's
    districts, or of a county-level city itself; other units are no cities and have none. It is larger than
    城区, which goes by what is built up without a gap.

    Parameters
    ----------
    year : int
        Figures of the cities: the latest not more than two years older; the census is that of 2020.

    Returns
    -------
    DataFrame
        Index region; gdp, gdp_per_capita, retail_sales, resident_population, urban_core_population.

    Examples
    --------
    >>> figures = rule_figures(2020)
    >>> bool(figures.loc["310100", "urban_core_population"] > 2e7)
    True
    """
    names = ["gdp", "gdp_per_capita", "retail_sales", "resident_population"]
    cities = load_indicators("prefecture", year=year, indicators=names, max_age=2).values
    census = load_indicators("county", year=2020, indicators=["resident_population", "urban_rate"]).values
    urban = census["resident_population"] * census["urban_rate"]
    table = load_regions().table.set_index("region")
    core = urban[table["kind"].reindex(urban.index).isin(["district", "undivided"])]
    core = core.groupby(table["parent"].reindex(core.index)).sum()
    own = urban[table["kind"].reindex(urban.index) == "county_city"]
    counties = census[["resident_population"]].assign(urban_core_population=own.reindex(urban.index))
    figures = pd.concat([cities.assign(urban_core_population=core.reindex(cities.index)), counties])
    return figures.rename_axis("region").sort_index()
