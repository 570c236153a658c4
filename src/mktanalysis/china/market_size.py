"""How large places are where no figure is published: counties from their city, pull of outside centres.

Always holds: what is shared out says so in its status; a distance exponent is always the caller's.
"""

from __future__ import annotations

import pandas as pd

from ..capacity import allocate, distances, harris_potential, huff_shares
from ..datasets import load_indicators, load_scheme, load_table
from .panels import load_panel

#: A city's own market counts as if it were this far away.
INNER_KM = 30.0


def newest_city_figures(indicator: str) -> pd.DataFrame:
    """Figures of the newest year of a panel: columns region, period, value."""
    panel = load_panel(indicator)
    return panel[panel["period"] == panel["period"].max()]


def county_people() -> pd.Series:
    """Resident population of the counties, census of 2020; index region."""
    found = load_indicators("county", year=2020, indicators=["resident_population"])
    return found.values["resident_population"].dropna()


def focus_city(indicator: str, tree, region: str) -> str:
    """The city whose counties are shown for a region: its own, or the largest below it that has counties."""
    size = newest_city_figures(indicator).set_index("region")["value"]
    own = tree.parents("prefecture", [region]).iloc[0]
    if own in size.index:
        return own
    inside = size[size.index.isin(tree.subtree(region).regions)]
    alone = [tree.children(code)[0] for code in tree.level("province") if len(tree.children(code)) == 1]
    with_counties = inside.drop(alone, errors="ignore")
    return (with_counties if len(with_counties) else inside).idxmax()


def allocated_counties(indicator: str, tree, city: str) -> pd.DataFrame:
    """Figures of the cities of a province shared out to their counties by people.

    Parameters
    ----------
    indicator : str
    tree : RegionTree
    city : str
        Any city of the province.

    Returns
    -------
    DataFrame
        Index region (county); columns parent, population (census of 2020), value, status.
    """
    province = tree.parents("province", [city]).iloc[0]
    figures = newest_city_figures(indicator)
    figures = figures[figures["region"].isin(tree.subtree(province).regions)]
    people = county_people()
    table = allocate(figures, people, tree).set_index("region")
    return table.assign(population=people.reindex(table.index))[["parent", "population", "value", "status"]]


def potential_around(indicator: str, *, exponent: float) -> pd.DataFrame:
    """Market around every city (Harris), the highest 100, and how much of it is the city itself.

    Returns
    -------
    DataFrame
        Index region, highest first; columns potential (0-100), own_part (share).
    """
    mass = newest_city_figures(indicator).set_index("region")["value"]
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
    mass = newest_city_figures(indicator).set_index("region")["value"].sort_values(ascending=False)
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
