"""Indicators of counties: the census as it is, city figures shared out by what the counties' own say.

Always holds: the allocated figures of a city's counties add up to the city's; every allocated or estimated
cell says so; a county without a census figure stays missing.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..datasets import load_indicators, load_regions
from ..errors import MktError
from ..tiering.scores import Scores, score_regions
from .allocation import county_gdp
from .cities import CityProfile, city_profile
from .retail import county_retail, county_shares
from .today.years import carried_year, newest_year

#: Figures of the city that are split among its counties.
ALLOCATED = ("gdp", "retail_sales", "bank_deposits", "fiscal_revenue")
#: Urban population, its share and growth come from the census: half the weight may be allocated figures.
MIN_KNOWN = 0.25


def county_profile(
    year: int | None = None,
    *,
    allocated: tuple[str, ...] = ALLOCATED,
    rural_weight: float | None = None,
    carried: bool = False,
) -> CityProfile:
    """Indicators of every county-level unit (县域画像).

    A city's retail is split by :func:`county_shares`, its other figures by the counties' GDP (own of 2020
    where published, else learnt, see :func:`county_gdp`): held out, a county's GDP is met within 15 % in half
    of the cases, by heads alone within 23 %. Counties of cities without a published figure have their own GDP
    of 2020 and estimated retail.

    Parameters
    ----------
    year : int, optional
        Default the newest published, with `carried` that to which figures are carried. Of the city figures
        (means over three years, see :func:`city_profile`); the census is that of 2020.
    allocated : tuple of str
        City indicators to split.
    rural_weight : float, optional
        0 to 1: split all by urban population + `rural_weight` x rural population instead.
    carried : bool
        City figures as :func:`city_profile` carries them to today.

    Returns
    -------
    CityProfile
        Index region, columns ``resident_population``, ``urban_population``, ``urban_rate``, then `allocated`;
        status observed, allocated, imputed or missing.

    Examples
    --------
    >>> profile = county_profile(2020)
    >>> profile.status.loc["320583", ["urban_population", "retail_sales"]].tolist()
    ['observed', 'allocated']
    """
    if year is None:
        year = carried_year() if carried else newest_year()
    if rural_weight is not None and not 0 <= rural_weight <= 1:
        raise MktError(f"rural_weight 应在 0 与 1 之间，得到 {rural_weight}")
    tree = load_regions()
    counties = tree.level("county")
    # of today's counties: with year=2020 those that were founded since would be missing
    census = load_indicators("county", indicators=["resident_population", "urban_rate"])
    people = census.values["resident_population"].reindex(counties)
    rate = census.values["urban_rate"].reindex(counties)
    values = {"resident_population": people, "urban_population": people * rate, "urban_rate": rate}
    city = tree.parents("prefecture", counties)
    figures = city_profile(year, indicators=allocated, carried=carried).values
    for name in allocated:
        share = _share(name, people, rate, city, rural_weight)
        values[name] = city.map(figures[name]) * share
    table = pd.DataFrame(values, index=counties)
    known = census.status["resident_population"].reindex(counties)
    status = pd.DataFrame({name: "allocated" if name in allocated else known for name in table}, counties)
    if rural_weight is None:
        table, status = _with_own_figures(table, status, year)
    return CityProfile(table, status.where(table.notna(), "missing"))


def _share(name: str, people, rate, city, rural_weight: float | None) -> pd.Series:
    """Part of each county in its city's figure."""
    if rural_weight is None:
        share = county_shares()[0] if name == "retail_sales" else county_gdp()["share"]
        return share.reindex(people.index).where(people.notna())
    key = people * rate + rural_weight * people * (1 - rate)
    # the share of a county of which nothing is known is unknown, and so are its neighbours' shares
    whole = key.groupby(city).sum(min_count=1).where(key.isna().groupby(city).sum() == 0)
    return key / city.map(whole)


def _with_own_figures(table: pd.DataFrame, status: pd.DataFrame, year: int):
    """Where the city has no figure: the county's own GDP of 2020, its retail as estimated."""
    table = table.copy()
    status = status.copy()
    own = county_gdp().reindex(table.index)
    retail = county_retail(year).reindex(table.index)
    estimated = (retail["status"] == "imputed") & (retail["retail"] > 0)
    sources = {
        "gdp": (own["gdp"].where(own["status"] == "observed"), "observed"),
        "retail_sales": (retail["retail"].where(estimated), "imputed"),
    }
    for name, (value, how) in sources.items():
        if name in table:
            fill = table[name].isna() & value.notna()
            table.loc[fill, name] = value[fill]
            status.loc[fill, name] = how
    return table, status


def score_counties(
    year: int | None = None, *, weights=None, rural_weight: float | None = None, carried: bool = False
) -> Scores:
    """Score every county-level unit (县域综合得分).

    Equal weights on urban population, urban rate and the allocated city figures, unless given otherwise.

    Parameters
    ----------
    year, rural_weight, carried
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
    profile = county_profile(year, rural_weight=rural_weight, carried=carried).values
    used = profile.drop(columns="resident_population")
    used = used.where(used > 0)  # 34 counties without any urban population: unknown on a log scale
    return score_regions(used, weights=weights, min_known=MIN_KNOWN, check_units=False)


def rule_figures(year: int | None = None) -> pd.DataFrame:
    """The figures that the built-in rule systems ask for, cities and counties together.

    ``urban_core_population`` stands in for 城区常住人口: urban population (2020 census) of a city's
    districts, or of a county-level city itself; other units are no cities and have none. It is larger than
    城区, which goes by what is built up without a gap.

    Parameters
    ----------
    year : int, optional
        Default the newest published. Figures of the cities: the latest not more than two years older; the
        census is that of 2020.

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
    year = newest_year() if year is None else year
    names = ["gdp", "gdp_per_capita", "retail_sales", "resident_population"]
    cities = load_indicators("prefecture", year=year, indicators=names, max_age=2).values
    census = load_indicators("county", indicators=["resident_population", "urban_rate"]).values
    urban = census["resident_population"] * census["urban_rate"]
    table = load_regions().table.set_index("region")
    core = urban[table["kind"].reindex(urban.index).isin(["district", "undivided"])]
    core = core.groupby(table["parent"].reindex(core.index)).sum()
    own = urban[table["kind"].reindex(urban.index) == "county_city"]
    counties = census[["resident_population"]].assign(urban_core_population=own.reindex(urban.index))
    figures = pd.concat([cities.assign(urban_core_population=core.reindex(cities.index)), counties])
    return figures.rename_axis("region").sort_index()


def rule_systems(year: int, tree, rules: Sequence[str] = ("T1", "T2", "T3", "T5", "urban_size")) -> dict:
    """Tiers of the prefecture-level units by several built-in rule systems.

    Parameters
    ----------
    year : int
        Of the figures and thresholds.
    tree : RegionTree
    rules : sequence of str
        Names of built-in systems, see :func:`mktanalysis.tiering.list_rules`.

    Returns
    -------
    dict
        Name -> assignment (only units with a tier).
    """
    from ..tiering import tier_by_rules

    figures = rule_figures(year)
    cities = tree.level("prefecture")
    found = {rule: tier_by_rules(figures, rule, tree, year=year).dropna() for rule in rules}
    return {rule: tiers[tiers.index.isin(cities)] for rule, tiers in found.items()}
