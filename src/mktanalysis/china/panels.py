"""Panels of the built-in indicators, ready to forecast.

Always holds: amounts only (what adds up over regions), observed figures only, on today's regions, with
the level breaks that concern them.
"""

from __future__ import annotations

from functools import cache

import pandas as pd

from ..datasets import load_crosswalk, load_indicators, load_regions, load_table
from ..datasets.loaders import FIRST_YEAR, LAST_YEAR
from ..datasets.own import cached
from ..errors import MktError
from ..regions import rebase_panel

#: Indicators that add up over regions.
ADDITIVE = ("retail_sales", "gdp", "registered_population", "resident_population")
#: Numerator and denominator of the built-in penetration: users a head; 2000 has no users.
_PENETRATION = ("mobile_users", "registered_population")


def load_panel(indicator: str = "retail_sales") -> pd.DataFrame:
    """Load a built-in indicator of the prefecture-level cities as a panel.

    Its level breaks: :func:`load_breaks`.

    Parameters
    ----------
    indicator : str
        ``retail_sales``, ``gdp``, ``registered_population`` or ``resident_population``.

    Returns
    -------
    DataFrame
        Columns region, period, value; cities of today's map, observed figures only.

    Examples
    --------
    >>> list(load_panel("gdp").columns)
    ['region', 'period', 'value']
    """
    if indicator not in ADDITIVE:
        raise MktError(f"指标 {indicator!r} 不能按地区相加，可用：{'、'.join(ADDITIVE)}")
    return _panel(indicator).copy()


@cached
def _panel(indicator: str) -> pd.DataFrame:
    table = load_table("city_indicators")
    part = table[(table["indicator"] == indicator) & (table["status"] == "observed")]
    # figures of a year are of that year's extent: only what changed since has to be made up for
    panel = rebase_panel(part[["region", "period", "value"]], _changes_since)
    gone = panel[~panel["region"].isin(load_regions().regions)]
    if len(gone):
        raise MktError(f"有地区不在今天的地区树中，区划对照缺少：{'、'.join(gone['region'].unique())}")
    return panel


@cache
def _changes_since(year: int) -> pd.DataFrame:
    return load_crosswalk(max(year, FIRST_YEAR), LAST_YEAR)


def load_breaks(indicator: str) -> pd.DataFrame:
    """Load the level breaks (口径断点) of a built-in indicator: periods not comparable with those before.

    Parameters
    ----------
    indicator : str
        As in :func:`load_panel`.

    Returns
    -------
    DataFrame
        Columns indicator, period (the first one on the new level), region (missing: all), reason.

    Examples
    --------
    >>> load_breaks("gdp")["period"].astype(str).tolist()
    ['2005', '2019']
    """
    breaks = load_table("breaks")
    return breaks[breaks["indicator"] == indicator].reset_index(drop=True)


def load_penetration(level: str = "province") -> pd.DataFrame:
    """Load mobile phone users per registered inhabitant, the built-in figure that follows an S-curve.

    Above 1 where people have two numbers or live where they are not registered (北京, 上海): a ceiling of
    1 does not fit it, see :func:`fit_penetration`.

    Parameters
    ----------
    level : str
        ``prefecture`` or above. A region above cities counts those with both figures in that year.

    Returns
    -------
    DataFrame
        Columns region, period, value.

    Examples
    --------
    >>> panel = load_penetration("nation")
    >>> panel["value"].iloc[[0, -1]].round(2).tolist()
    [0.12, 1.22]
    """
    table = load_table("city_indicators")
    tree = load_regions()
    part = table[table["indicator"].isin(_PENETRATION) & (table["status"] == "observed")]
    wide = part.pivot(index=["region", "period"], columns="indicator", values="value").dropna().reset_index()
    wide = wide[wide["region"].isin(tree.regions)]
    sums = wide.assign(region=tree.parents(level, wide["region"]).to_numpy()).groupby(["region", "period"])
    users, people = (sums[name].sum() for name in _PENETRATION)
    return (users / people).rename("value").reset_index().astype({"region": "str"})


def panel_coverage(panel: pd.DataFrame, tree) -> pd.DataFrame:
    """How many cities of each macro-region a panel has, and what share of the people they stand for.

    Parameters
    ----------
    panel : DataFrame
        Columns region (prefecture-level), period, value.
    tree : RegionTree

    Returns
    -------
    DataFrame
        Index region (macro-region); columns n_with (cities with figures), n_regions, covered_share (of the
        people in the census of 2020).
    """
    people = city_people()
    has = pd.Series(people.index.isin(panel["region"]), people.index)
    areas = tree.parents("macro_region", people.index)
    covered = people.where(has, 0.0).groupby(areas).sum() / people.groupby(areas).sum()
    table = pd.DataFrame(
        {"n_with": has.groupby(areas).sum(), "n_regions": areas.value_counts(), "covered_share": covered}
    )
    return table.rename_axis("region")


def city_people() -> pd.Series:
    """Resident population of the prefecture-level units, census of 2020; index region."""
    found = load_indicators("prefecture", year=2020, indicators=["resident_population"])
    return found.values["resident_population"].dropna()


def covered_people(panel: pd.DataFrame, tree, region: str) -> float:
    """Share of a region's people in cities that the panel has (census of 2020)."""
    people = city_people()
    inside = people[people.index.isin(tree.subtree(region).regions)]
    whole = inside.sum()
    return float(inside[inside.index.isin(panel["region"])].sum() / whole) if whole else float("nan")


def growth_factors(tree, *, first: str = "2020") -> pd.DataFrame:
    """People, output a head and retail sales a yuan of output by city and year.

    Retail sales = population x income x spend_rate, exactly. Output a head stands in for income, which is not
    published by city.

    Parameters
    ----------
    tree : RegionTree
    first : str
        First year; before 2020 retail sales have another definition.

    Returns
    -------
    DataFrame
        Columns region, period, population, income, spend_rate; city-years with all three figures.
    """
    table = load_table("city_indicators")
    names = ["resident_population", "gdp", "retail_sales"]
    part = table[table["indicator"].isin(names) & (table["period"] >= first)]
    wide = part.pivot_table(index=["region", "period"], columns="indicator", values="value").dropna()
    wide = wide.reset_index()
    wide = wide[wide["region"].isin(tree.regions)]
    people = wide["resident_population"]
    return pd.DataFrame(
        {
            "region": wide["region"],
            "period": wide["period"],
            "population": people,
            "income": wide["gdp"] / people,
            "spend_rate": wide["retail_sales"] / wide["gdp"],
        }
    )


def national_months() -> pd.DataFrame:
    """National retail sales by month, January and February split; columns region, period, value (yuan)."""
    from ..forecasting import split_january_february

    monthly = load_table("national_retail_monthly")
    together = monthly["jan_feb_combined"]
    joint = monthly[together].assign(value=monthly["ytd_value"])
    return split_january_february(monthly[~together], joint)[["region", "period", "value"]]
