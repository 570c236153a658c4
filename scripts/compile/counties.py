"""County figures of the yearbook of 2020, on the counties in force.

Always holds: a published figure stands on the unit that carries it today, whole; what the counties of
a city leave of the city's GDP goes to its other units together, status ``allocated``; nothing stands twice.
"""

from __future__ import annotations

import pandas as pd

from .census import indicator_rows
from .divisions import county_parent
from .sources import Sources

YEAR = 2020
SOURCE = "county yearbook 2021"
REST = "city GDP less the published counties, by census population"
#: name in the source -> (indicator, unit)
COUNTY = {
    "area": ("area", "km2"),
    "gdp": ("gdp", "yuan"),
    "registered_population": ("registered_population", "person"),
    "fiscal_revenue": ("fiscal_revenue", "yuan"),
    "fiscal_expenditure": ("fiscal_expenditure", "yuan"),
    "household_deposits": ("household_deposits", "yuan"),
    "loans": ("loans", "yuan"),
    "industrial_enterprises": ("n_industrial_enterprises", "enterprise"),
    "primary_students": ("n_primary_pupils", "person"),
    "secondary_students": ("n_secondary_pupils", "person"),
}


def county_figures(
    sources: Sources, counts: pd.DataFrame, cities: pd.DataFrame, changes: pd.DataFrame
) -> pd.DataFrame:
    """Published figures of 2020, and the GDP that they leave to the other counties of their city."""
    given = sources.county_yearbook
    assert set(given["indicator"]) == set(COUNTY)
    today = _carried(given["region"], changes)
    assert (today == given["region_2026"]).all(), "the crosswalk and the source's own codes differ"
    published = indicator_rows(
        today,
        str(YEAR),
        given["indicator"].map({name: row[0] for name, row in COUNTY.items()}),
        given["value"].astype(float).round(0),
        given["indicator"].map({name: row[1] for name, row in COUNTY.items()}),
        "observed",
        SOURCE,
    )
    # an empty cell of the book comes as 0 persons, 0 enterprises: only area and money are surely not 0
    published = published[published["value"] > 0]
    assert not published.duplicated(["region", "indicator"]).any()
    return pd.concat([published, _rest(published, counts, cities)])


def _carried(codes: pd.Series, changes: pd.DataFrame) -> pd.Series:
    """Codes of 2020 as the codes of today: only whole units are in the yearbook that went on whole."""
    for _, step in changes[changes["year"] > YEAR].groupby("year", sort=True):
        whole = step[(step["share"] == 1) & (step["old"] != step["new"])].set_index("old")["new"]
        codes = codes.map(whole).where(codes.isin(whole.index), codes)
    return codes


def _rest(published: pd.DataFrame, counts: pd.DataFrame, cities: pd.DataFrame) -> pd.DataFrame:
    """What is left of a city's GDP, over its units without a figure (mostly districts)."""
    known = published[published["indicator"] == "gdp"].set_index("region")["value"]
    people = counts.set_index("region")["pop_2020"]
    city = people.index.to_series().map(county_parent)
    figures = cities[(cities["indicator"] == "gdp") & (cities["period"] == str(YEAR))]
    total = figures.set_index("region")["value"]
    left = total - known.groupby(city.reindex(known.index)).sum().reindex(total.index).fillna(0.0)
    without = people[~people.index.isin(known.index)]
    home = city.reindex(without.index)
    share = without / without.groupby(home).transform("sum")
    value = (home.map(left) * share).round(0)
    value = value[
        value > 0
    ]  # a city without a figure leaves nothing; nor does one whose counties are all known
    return indicator_rows(value.index, str(YEAR), "gdp", value.to_numpy(), "yuan", "allocated", REST)
