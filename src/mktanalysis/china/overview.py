"""What the built-in data hold: regions by year, weights of macro-regions, absent figures, known facts.

Always holds: a total says how much of its region it covers; what is compared with a published figure is
computed from the tables, never copied.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..datasets import load_regions, load_table
from ..errors import MktError
from ..regions import RegionTree

#: Indicators that are means, not amounts: rolled up with people as weights.
LEVELS = ("gdp_per_capita", "average_wage")
#: Published by the National Bureau of Statistics: seventh census (without 2 million servicemen), divisions.
PUBLISHED = {
    "省级单位": 31,
    "地级单位": 337,
    "2020 年普查人口": 1_409_778_724,
    "北京 2020": 21_893_095,
    "重庆 2020": 32_054_159,
}


def level_counts(years: Sequence[int], *, scheme: str = "seven") -> pd.DataFrame:
    """How many regions of each level there were at the end of each year.

    Parameters
    ----------
    years : sequence of int
    scheme : str
        Grouping of the macro-regions.

    Returns
    -------
    DataFrame
        Columns level, then one a year (text) and ``现在``; a row a level, from the nation down.

    Examples
    --------
    >>> level_counts([2020]).set_index("level").loc["province"].tolist()
    [31, 31]
    """
    trees = {str(year): load_regions(year=year, scheme=scheme) for year in years}
    trees["现在"] = load_regions(scheme=scheme)
    levels = list(trees["现在"].levels)
    counts = {year: [len(tree.level(level)) for level in levels] for year, tree in trees.items()}
    return pd.DataFrame({"level": levels, **counts})


def ranked_cities(tree: RegionTree) -> pd.Index:
    """The 337 prefecture-level units of today: without the groups of county-level units under a province."""
    table = tree.table
    return pd.Index(table.loc[(table["level"] == "prefecture") & (table["kind"] != "direct"), "region"])


def group_weights(tree: RegionTree, *, year: int | None = None) -> pd.DataFrame:
    """People, output and county-level units of each macro-region.

    Parameters
    ----------
    tree : RegionTree
        With the macro-regions of a scheme.
    year : int, optional
        Of people and output of the provinces, default the newest that both have; it is in ``attrs["year"]``.

    Returns
    -------
    DataFrame
        Index macro-region; columns resident_population (persons), gdp (yuan), n_counties.
    """
    figures = load_table("province_indicators")
    figures = figures[figures["indicator"].isin(["resident_population", "gdp"])]
    if year is None:
        year = int(figures.groupby("indicator")["period"].max().min().year)
    figures = figures[figures["period"].dt.year == year]
    wide = figures.pivot(index="region", columns="indicator", values="value")
    totals = wide.groupby(tree.parents("macro_region")).sum()[["resident_population", "gdp"]]
    counties = tree.parents("macro_region", tree.level("county")).value_counts()
    table = totals.assign(n_counties=counties.reindex(totals.index)).rename_axis("region")
    table.attrs["year"] = year
    return table


def city_figures(indicator: str, year: int, tree: RegionTree) -> tuple[pd.Series, int]:
    """Figures of the cities of today for an indicator, in the year with figures nearest to `year`.

    Returns
    -------
    Series
        Index region, base units.
    int
        The year that was taken: the earlier one of two that are as near.
    """
    cities = load_table("city_indicators")
    part = cities[(cities["indicator"] == indicator) & cities["region"].isin(tree.level("prefecture"))]
    years = part["period"].dt.year
    if not len(part):
        raise MktError(f"没有市级指标 {indicator!r}，可用：{'、'.join(cities['indicator'].unique())}")
    nearest = min(years.unique(), key=lambda other: (abs(other - year), other))
    return part[years == nearest].set_index("region")["value"], int(nearest)


def without_figures(figures: pd.Series, tree: RegionTree) -> pd.DataFrame:
    """Prefecture-level units of today that have no figure.

    Parameters
    ----------
    figures : Series
        Index region.
    tree : RegionTree

    Returns
    -------
    DataFrame
        Columns parent (province), parent_name, region, name; in code order.
    """
    absent = ranked_cities(tree).difference(figures.dropna().index)
    provinces = tree.parents("province", absent)
    return pd.DataFrame(
        {
            "parent": provinces.to_numpy(),
            "parent_name": tree.names(provinces).to_numpy(),
            "region": absent,
            "name": tree.names(absent).to_numpy(),
        }
    )


def census_population() -> pd.Series:
    """Resident population of the county-level units in the census of 2020; index region."""
    counties = load_table("county_indicators")
    census = counties[(counties["indicator"] == "resident_population") & (counties["period"].dt.year == 2020)]
    return census.set_index("region")["value"]


def group_totals(figures: pd.Series, indicator: str, tree: RegionTree) -> pd.DataFrame:
    """An indicator of the cities rolled up to the macro-regions, with the share of people that has figures.

    Amounts are summed (a lower bound where the share is below one), means are weighted with people. The
    share is that of people everywhere: one of many small places without figures is not one of many people.

    Returns
    -------
    DataFrame
        Index region; columns value, covered_share.
    """
    people = census_population()
    of_cities = people.groupby(tree.parents("prefecture", people.index)).sum()
    how = "mean" if indicator in LEVELS else "sum"
    return tree.rollup(figures, "macro_region", how=how, weights=of_cities)


def known_facts(tree: RegionTree) -> pd.DataFrame:
    """Compare what the tables add up to with what is published.

    Returns
    -------
    DataFrame
        Index the fact; columns 本库, 公布, 相差.
    """
    people = census_population()
    provinces = tree.rollup(people, "province")["value"]
    found = pd.Series(
        {
            "省级单位": len(tree.level("province")),
            "地级单位": len(ranked_cities(tree)),
            "2020 年普查人口": int(people.sum()),
            "北京 2020": int(provinces["110000"]),
            "重庆 2020": int(provinces["500000"]),
        }
    )
    published = pd.Series(PUBLISHED)
    return pd.DataFrame({"本库": found, "公布": published, "相差": found - published})
