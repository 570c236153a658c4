"""How large places are where no figure is published: counties from their city, pull of outside centres.

Always holds: what is shared out says so in its status; a distance exponent is always the caller's.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ..capacity import allocate, distances, harris_potential, huff_shares
from ..datasets import load_indicators, load_regions, load_scheme, load_table
from ..errors import MktError
from .allocation import YEAR, county_gdp, share_drift
from .panels import load_panel
from .retail import COVERAGE, city_retail, county_retail
from .today.bridge import bridge_panel
from .today.years import BRIDGED, carried_year, newest_year

#: A city's own market counts as if it were this far away.
INNER_KM = 30.0
#: Standard deviations on either side of an interval.
WIDTH = float(ndtri((1 + COVERAGE) / 2))


def city_market(indicator: str = "retail_sales", year: int | None = None) -> pd.DataFrame:
    """Figures of the cities of a year: published, carried to today, or (retail) estimated (各市的市场).

    Parameters
    ----------
    indicator : str
        ``retail_sales``, ``gdp`` or another amount, see :func:`load_panel`.
    year : int, optional
        Default that to which figures are carried, see :func:`carried_year`.

    Returns
    -------
    DataFrame
        Index region; columns value, lower, upper, year, status.

    Examples
    --------
    >>> city_market("gdp").loc["320500", "status"]
    'nowcast'
    """
    if indicator == "retail_sales":
        return city_retail(year).rename(columns={"retail": "value"}).dropna(subset=["value"])
    when = carried_year(indicator) if year is None else year
    panel = load_panel(indicator)
    own = panel["period"].dt.year
    known = panel[own == when].assign(status="observed")
    if indicator in BRIDGED and when > newest_year(indicator):
        known = bridge_panel(indicator).panel
        known = known[known["period"].dt.year == when]
    if known.empty:
        raise MktError(
            f"{indicator} 没有 {when} 年的数，现有 {own.min()}—{max(carried_year(indicator), own.max())}"
        )
    known = known.assign(year=when, lower=known.get("lower", known["value"]))
    known = known.assign(upper=known.get("upper", known["value"]))
    return known.set_index("region")[["value", "lower", "upper", "year", "status"]]


def county_market(indicator: str = "retail_sales", year: int | None = None) -> pd.DataFrame:
    """Figures of the counties of a year, as learnt shares of their city's (各县的市场，估计值).

    Retail: :func:`county_retail`. GDP: the county's share of its city's in 2020 (own published, else learnt,
    :func:`county_gdp`), with what shares usually drift since. Other amounts: by census population.

    Parameters
    ----------
    indicator, year
        As :func:`city_market`.

    Returns
    -------
    DataFrame
        Index region; columns parent (city), population (census of 2020), value, lower, upper (four in five;
        missing where only heads are known), year, status: allocated, imputed (the city's figure is), or
        observed (the county's own GDP of 2020).

    Examples
    --------
    >>> county_market("gdp", 2020).loc["320583", "status"]
    'observed'
    """
    tree = load_regions()
    people = county_people()
    if indicator == "retail_sales":
        table = county_retail(year).rename(columns={"retail": "value"})
        table = table[table["value"] > 0]
    elif indicator == "gdp":
        table = _counties_gdp(city_market("gdp", year))
    else:
        table = _by_heads(city_market(indicator, year), people, tree)
    table = table.assign(
        parent=tree.parents("prefecture", table.index).to_numpy(), population=people.reindex(table.index)
    )
    return table[["parent", "population", "value", "lower", "upper", "year", "status"]]


def share_by_heads(counties: pd.DataFrame) -> pd.Series:
    """What the counties of :func:`county_market` would have if their cities' figures went by heads alone."""
    groups = counties.groupby("parent")
    heads = counties["population"] / groups["population"].transform("sum")
    return (heads * groups["value"].transform("sum")).rename("by_heads")


def _counties_gdp(cities: pd.DataFrame) -> pd.DataFrame:
    found = county_gdp()
    home = load_regions().parents("prefecture", found.index)
    city = cities.reindex(home.to_numpy()).set_axis(found.index)
    when = int(cities["year"].iloc[0])
    here = (found["status"] == "observed") & ((when == YEAR) | city["value"].isna())
    value = (found["share"] * city["value"]).mask(here, found["gdp"])
    own_error = np.hypot(found["error"].fillna(0.0), share_drift(when - YEAR)) * (1 - found["share"])
    of_city = np.log(city["upper"] / city["value"]).fillna(0.0)
    width = np.hypot(WIDTH * own_error, of_city).mask(here, 0.0)
    status = np.where(here, "observed", np.where(found["status"] == "imputed", "imputed", "allocated"))
    table = pd.DataFrame(
        {
            "value": value,
            "lower": value * np.exp(-width),
            "upper": value * np.exp(width),
            "year": np.where(here, YEAR, when),
            "status": status,
        }
    )
    return table.dropna(subset=["value"])


def _by_heads(cities: pd.DataFrame, people: pd.Series, tree) -> pd.DataFrame:
    inside = cities[cities.index.isin(tree.parents("prefecture", people.index))]
    given = inside.assign(period=pd.PeriodIndex(inside["year"].astype(str), freq="Y"))
    table = allocate(given.rename_axis("region").reset_index(), people, tree).set_index("region")
    return table.assign(lower=np.nan, upper=np.nan, year=int(cities["year"].iloc[0]))


def county_people() -> pd.Series:
    """Resident population of the counties, census of 2020; index region."""
    found = load_indicators("county", year=2020, indicators=["resident_population"])
    return found.values["resident_population"].dropna()


def focus_city(indicator: str, tree, region: str) -> str:
    """The city whose counties are shown for a region: its own, or the largest below it that has counties."""
    size = city_market(indicator)["value"]
    own = tree.parents("prefecture", [region]).iloc[0]
    if own in size.index:
        return own
    inside = size[size.index.isin(tree.subtree(region).regions)]
    alone = [tree.children(code)[0] for code in tree.level("province") if len(tree.children(code)) == 1]
    with_counties = inside.drop(alone, errors="ignore")
    return (with_counties if len(with_counties) else inside).idxmax()


def potential_around(indicator: str, *, exponent: float) -> pd.DataFrame:
    """Market around every city (Harris), the highest 100, and how much of it is the city itself.

    Returns
    -------
    DataFrame
        Index region, highest first; columns potential (0-100), own_part (share).
    """
    mass = city_market(indicator)["value"]
    square = _distances(mass)
    potential = harris_potential(mass, square, exponent=exponent, inner_km=INNER_KM)
    own = mass.reindex(potential.index) / INNER_KM**exponent / potential
    table = pd.DataFrame({"potential": 100 * potential / potential.max(), "own_part": own})
    return table.sort_values("potential", ascending=False)


def outside_pull(
    indicator: str, tree, region: str, *, exponents=(1.0, 2.0, 3.0), centres: int = 5, homes: int = 10
) -> pd.DataFrame:
    """Where custom from a region's cities would go among the centres outside them, for several exponents.

    A split among the named centres only (custom that stays at home is not in it): what does not change with
    the exponent may be trusted, what does may not.

    Parameters
    ----------
    indicator : str
    tree : RegionTree
    region : str
    exponents : sequence of float
    centres, homes : int
        How many of the largest centres of the macro-region, and how many of the region's largest cities.

    Returns
    -------
    DataFrame
        Index region (home city); columns center_1, pull_1 (share), ... a pair an exponent.
    """
    mass = city_market(indicator)["value"].sort_values(ascending=False)
    macro = tree.parents("macro_region", [region]).iloc[0]
    around = tree.subtree(macro).regions if isinstance(macro, str) else tree.regions
    top = list(mass[mass.index.isin(around)].index[:centres])
    inside = mass[mass.index.isin(tree.subtree(region).regions)]
    from_home = list(inside.drop(top, errors="ignore").index[:homes]) or top
    km = _distances(mass).loc[from_home, top].clip(lower=INNER_KM)
    table = pd.DataFrame(index=pd.Index(from_home, name="region"))
    for exponent in exponents:
        shares = huff_shares(mass[top], km, exponent=exponent)
        table[f"center_{exponent:g}"] = tree.names(shares.idxmax(axis=1)).to_numpy()
        table[f"pull_{exponent:g}"] = shares.max(axis=1).to_numpy()
    return table


def jiangsu_outlets(tree) -> pd.DataFrame:
    """The 江苏 case of outlets by zone, with today's county-level units beside it.

    48 county seats and 60 townships in 苏南, 23 and 25 in 苏中, 40 outlets in 苏北, where one sells at most
    70% of one in 苏中.

    Returns
    -------
    DataFrame
        Index zone; columns n_outlets, productivity, equivalent_outlets, n_places (today); last row 江苏.
    """
    from ..capacity import saturation_counts

    places = pd.DataFrame(
        {
            "region": ["苏南", "苏南", "苏中", "苏中", "苏北"],
            "kind": ["县城", "乡镇", "县城", "乡镇", "不分"],
            "n_places": [48, 60, 23, 25, 40],
        }
    )
    counts = saturation_counts(places, productivity={"苏北": (0.7, "苏中")})
    counties = tree.subtree("320000").level("county")
    zones = tree.parents("prefecture", counties).map(load_scheme("jiangsu_parts")).value_counts()
    table = counts[["n_outlets", "productivity", "equivalent_outlets"]]
    table = table.assign(n_places=zones.reindex(counts.index))
    whole = table[["n_outlets", "equivalent_outlets", "n_places"]].sum()
    whole["productivity"] = whole["equivalent_outlets"] / whole["n_outlets"]
    return pd.concat([table, whole.to_frame("江苏").T[table.columns]]).rename_axis("zone")


def _distances(mass: pd.Series) -> pd.DataFrame:
    points = load_table("points")
    return distances(points[points["region"].isin(mass.index)])
