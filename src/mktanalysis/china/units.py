"""Market units from the built-in tables, so that a plan can be drawn before any company figure is at hand.

Always holds: capacity comes from retail as of today, with the status of each figure beside it; shares of
rivals and costs are folklore of the trade, the same formula everywhere, to be replaced by the company's
own figures. A history of openings is counted at one level; its potential is retail sales, of the cities by
year, of the counties that of today.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..datasets import load_edges, load_regions, load_table
from ..errors import MktError
from ..regions import RegionTree
from .panels import load_panel
from .retail import city_retail, county_retail

#: Folklore: fixed part of the entry cost and of the yearly cost of one unit, yuan.
FIXED_COST = {"county": (1e6, 2e5), "prefecture": (3e6, 6e5)}
_KEPT = ["region", "population", "retail", "year", "status"]


def market_units(
    level: str = "county",
    *,
    within: str | None = None,
    year: int | None = None,
    category_share: float = 0.01,
    growth: float = 0.05,
    tree: RegionTree | None = None,
) -> pd.DataFrame:
    """Draw up default market units of a region (市场单元).

    Capacity = retail sales x `category_share`. City retail is that of :func:`city_retail`: published,
    carried to today, or estimated within what the national total leaves; a county has its learnt part of
    the city's, see :func:`county_retail`.

    Parameters
    ----------
    level : {"county", "prefecture"}
    within : str, optional
        Code of a region; default the whole nation.
    year : int, optional
        Year of the figures, default that to which they are carried, see :func:`carried_year`; up to the last
        published year the last published figures.
    category_share : float
        Part of retail sales that the category makes (folklore 1 %).
    growth : float
        Yearly growth of capacity; a forecast given to `expansion_market` replaces it.
    tree : RegionTree, optional
        Default the built-in one.

    Returns
    -------
    DataFrame
        Columns of `UNITS` (``centre``: districts among counties, capitals among cities), name, and
        ``status`` (observed, nowcast, allocated, imputed), ``year`` (of the retail figure), ``population``.
        Folklore:
        rivals' shares 0.30, 0.20 and 0.13 times 0.85-1.15 and their effort 0.8-1.2 with the rank of retail
        per head;
        entry cost 3 % of capacity plus a fixed part.

    Examples
    --------
    >>> market_units("prefecture", within="320000").query("region == '320100'")["status"].tolist()
    ['nowcast']
    """
    if level not in FIXED_COST:
        raise MktError(f"没有层级 {level!r} 的内置市场单元，可用：{'、'.join(FIXED_COST)}")
    tree = tree or load_regions()
    table = _cities(tree, year) if level == "prefecture" else _counties(tree, year)
    table = _with_folklore(table, level, category_share, growth)
    if within is not None:
        inside = tree.subtree(within).level(level)
        if len(inside) == 0:
            raise MktError(f"地区 {within} 之下没有 {level} 层级的单元")
        table = table[table["region"].isin(inside)]
    table = mark_centres(table, tree).assign(name=tree.names(table["region"]).to_numpy())
    return table.sort_values("region").reset_index(drop=True)


def mark_centres(units: pd.DataFrame, tree: RegionTree) -> pd.DataFrame:
    """Add the column ``centre`` to units of the built-in tree: districts among counties, provincial capitals
    among cities.

    Examples
    --------
    >>> units = pd.DataFrame({"region": ["410100", "410200"], "capacity": 1e8})
    >>> mark_centres(units, load_regions())["centre"].tolist()
    [True, False]
    """
    about = tree.table.set_index("region").reindex(index=units["region"], columns=["kind", "is_capital"])
    centre = about["kind"].eq("district") | about["is_capital"].eq(True)
    return units.assign(centre=centre.to_numpy(dtype=bool))


def _cities(tree: RegionTree, year: int | None) -> pd.DataFrame:
    """Retail, population and status of every prefecture."""
    table = city_retail(year).reindex(tree.level("prefecture"))
    counties = county_retail(year)["population"]
    home = load_regions().parents("prefecture", counties.index).to_numpy()
    population = counties.groupby(home).sum()
    return table.assign(population=population.reindex(table.index)).rename_axis("region").reset_index()[_KEPT]


def _counties(tree: RegionTree, year: int | None) -> pd.DataFrame:
    """City retail split by learnt shares."""
    table = county_retail(year).reindex(tree.level("county"))
    table = table.assign(population=table["population"].fillna(0.0))
    return table.rename_axis("region").reset_index()[_KEPT]


def _with_folklore(table: pd.DataFrame, level: str, category_share: float, growth: float) -> pd.DataFrame:
    capacity = table["retail"] * category_share
    rank = (table["retail"] / table["population"].where(table["population"] > 0)).rank(pct=True).fillna(0.5)
    entry, annual = FIXED_COST[level]
    rivals = {
        f"rival_{i}": share * (0.85 + 0.3 * rank) for i, share in enumerate((0.30, 0.20, 0.13), start=1)
    }
    return table.assign(
        capacity=capacity,
        growth=growth,
        own_share=0.0,
        rival_strength=0.8 + 0.4 * rank,
        **rivals,
        entry_cost=entry + 0.03 * capacity,
        annual_cost=annual,
    ).drop(columns="retail")


def unit_level(region: str, tree: RegionTree) -> str:
    """The level at which a region is planned: its cities, or its counties where it has fewer than three."""
    from .overview import ranked_cities

    return "prefecture" if len(ranked_cities(tree.subtree(region))) >= 3 else "county"


def largest_unit(units: pd.DataFrame, tree: RegionTree) -> str:
    """The unit of largest capacity that is a place, not a group of county-level units under a province."""
    kinds = tree.table.set_index("region")["kind"].reindex(units["region"])
    places = units[kinds.ne("direct").to_numpy()]
    return places.sort_values("capacity", ascending=False, kind="stable")["region"].iloc[0]


# ---- a history of openings ---------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class EntryInputs:
    """Tables of `expansion.fit_entries` and `review_entries`.

    Attributes
    ----------
    openings : DataFrame
        region, period; regions of one level.
    potential : Series or DataFrame
        Retail sales, yuan: of the counties of today, of the cities by year.
    points : DataFrame
        region, lon, lat.
    edges : DataFrame
        region, neighbor.
    tree : RegionTree
    level : str
    notes : tuple of str
        What was counted otherwise than it was given, in Chinese.
    """

    openings: pd.DataFrame
    potential: pd.Series | pd.DataFrame
    points: pd.DataFrame
    edges: pd.DataFrame
    tree: RegionTree
    level: str
    notes: tuple[str, ...]

    def tables(self) -> dict:
        """Arguments by name: ``fit_entries(**inputs.tables())``."""
        names = ("openings", "potential", "points", "edges", "tree")
        return {name: getattr(self, name) for name in names}


def entry_inputs(
    openings: pd.DataFrame, *, level: str | None = None, within: str | None = None
) -> EntryInputs:
    """Bring a history of openings to one level and put the built-in figures beside it.

    Parameters
    ----------
    openings : DataFrame
        region (counties, cities, municipalities), period; as from ``read_table(kind="openings")``.
    level : {"prefecture", "county"}, optional
        Default counties if all openings are in counties, else cities; counties are then counted with their
        city.
    within : str, optional
        Only places in this region may be entered; openings outside are left out.

    Raises
    ------
    MktError
        When openings name a region above the cities, or none is left.

    Examples
    --------
    >>> given = pd.DataFrame({"region": ["320583", "320500"], "period": [2015, 2016]})
    >>> inputs = entry_inputs(given)
    >>> inputs.level, inputs.openings["region"].tolist()
    ('prefecture', ['320500', '320500'])
    """
    tree = load_regions()
    given = tree.level_of(openings["region"].unique())
    if level is None:
        level = "county" if given.eq("county").all() else "prefecture"
    if level not in FIXED_COST:
        raise MktError(f"level 应为 {'、'.join(FIXED_COST)} 之一，给出的是 {level}")
    moved = _at_level(openings, level, tree)
    notes = []
    if level == "prefecture" and (given == "county").any():
        notes.append(f"{int((given == 'county').sum())} 个县级地区的开店归入所在的市")
    if within is not None:
        inside = tree.subtree(within).level(level)
        kept = moved["region"].isin(inside)
        if not kept.any():
            raise MktError(f"{tree.names([within]).iloc[0]}之内没有开店记录")
        if not kept.all():
            notes.append(f"{int((~kept).sum())} 条开店在{tree.names([within]).iloc[0]}之外，未计入")
        moved = moved[kept]
    units = market_units(level, within=within, category_share=1.0)
    potential = units.set_index("region")["capacity"]
    points = load_table("points")
    today = int(units["year"].max())
    if level == "county" and (late := _later_than(moved["period"], today + 1)):
        notes.append(f"{late} 条开店比今天（{today} 年）晚一年以上：如果年份写错了，请改正")
    return EntryInputs(
        moved.reset_index(drop=True),
        potential if level == "county" else _by_year(potential, today),
        points[points["region"].isin(units["region"])].reset_index(drop=True),
        load_edges(level),
        tree,
        level,
        tuple(notes),
    )


def _later_than(period: pd.Series, year: int) -> int:
    """How many openings are dated after a year; numbers that are no years (half-years counted) are not."""
    dated = isinstance(period.dtype, pd.PeriodDtype) or pd.api.types.is_datetime64_any_dtype(period)
    return int((period.dt.year > year).sum()) if dated else 0


def _at_level(openings: pd.DataFrame, level: str, tree: RegionTree) -> pd.DataFrame:
    """Openings with the code of their region at `level`."""
    codes = openings["region"].unique()
    at = {code: _one(code, level, tree) for code in codes}
    if lost := [code for code, found in at.items() if found is None]:
        names = "、".join(tree.names(lost[:10]))
        wish = "县级" if level == "county" else "市或县"
        raise MktError(f"开店记录应写到{wish}，这些地区太大：{names}")
    return openings.assign(region=openings["region"].map(at))


def _one(code: str, level: str, tree: RegionTree) -> str | None:
    """The region at `level` that holds a region, or the only one that it holds."""
    found = tree.parents(level, [code]).iloc[0]
    if isinstance(found, str):
        return found
    below = tree.subtree(code).level(level)
    return str(below[0]) if len(below) == 1 else None


def _by_year(today: pd.Series, year: int) -> pd.DataFrame:
    """Retail sales of cities by year: a missing one is that of the year before, then the first known one."""
    panel = load_panel("retail_sales")
    wide = panel.assign(year=panel["period"].dt.year).pivot(index="region", columns="year", values="value")
    wide = wide.reindex(today.index)
    wide[year] = today
    return wide.sort_index(axis=1).ffill(axis=1).bfill(axis=1)


def planning_units(
    level: str = "prefecture", *, within: str | None = None, **options
) -> tuple[pd.DataFrame, pd.DataFrame, RegionTree]:
    """Market units, edges and tree in which every unit is a place that can be entered (规划用的市场单元).

    Among cities the groups of county-level units run by their province (省直辖县级) are no places: here
    their members stand beside the cities, each with its own capacity, neighbours and province.

    Parameters
    ----------
    level : {"prefecture", "county"}
    within : str, optional
        Code of a province or macro-region; default the whole nation.
    **options
        Of :func:`market_units`.

    Returns
    -------
    DataFrame
        As of :func:`market_units`; the capacities add up to the same.
    DataFrame
        Edges between these units, as of `load_edges`.
    RegionTree
        In which all units are of `level`.

    Examples
    --------
    >>> units, edges, tree = planning_units("prefecture", within="460000")
    >>> "琼海市" in set(units["name"]), "469000" in set(units["region"]), len(units)
    (True, False, 19)
    """
    tree = options.pop("tree", None) or load_regions()
    units = market_units(level, within=within, tree=tree, **options)
    edges = load_edges(level)
    groups = tree.table.loc[(tree.table["level"] == level) & (tree.table["kind"] == "direct"), "region"]
    if level != "prefecture" or groups.empty:
        return units, edges, tree
    members = tree.table.loc[tree.table["parent"].isin(groups), "region"]
    inside = market_units("county", within=within, tree=tree, **options)
    inside = inside[inside["region"].isin(members)].assign(centre=False)
    units = pd.concat([units[~units["region"].isin(groups)], inside], ignore_index=True)
    units = units.sort_values("region").reset_index(drop=True)
    return units, _edges_with(edges, members, groups, tree), _raised(tree, members, groups)


def _edges_with(edges: pd.DataFrame, members: pd.Series, groups: pd.Series, tree: RegionTree) -> pd.DataFrame:
    """Edges of the cities, and of the members with one another and with the cities around them."""
    counties = load_edges("county")
    own = set(members)
    near = counties[counties["region"].isin(own) | counties["neighbor"].isin(own)]
    above = tree.parents("prefecture", tree.level("county"))
    ends = {end: near[end].where(near[end].isin(own), near[end].map(above)) for end in ("region", "neighbor")}
    near = near.assign(**ends).groupby(["region", "neighbor"], as_index=False)
    near = near.agg(border_km=("border_km", "sum"), distance_km=("distance_km", "min"))
    gone = edges["region"].isin(groups) | edges["neighbor"].isin(groups)
    return pd.concat([edges[~gone], near], ignore_index=True)


def _raised(tree: RegionTree, members: pd.Series, groups: pd.Series) -> RegionTree:
    """The tree in which the members of the groups are units of the level of cities, below their province."""
    table = tree.table[["region", "name", "level", "parent"]]
    home = table.set_index("region")["parent"]
    up = table["region"].isin(members)
    table = table.assign(
        parent=table["parent"].where(~up, table["parent"].map(home)),
        level=table["level"].where(~up, "prefecture"),
    )
    return RegionTree.from_table(table[~table["region"].isin(groups)])


def rival_entries(
    openings: pd.DataFrame, *, level: str, within: str | None = None, first: int, years: int
) -> pd.DataFrame:
    """Chances that a rival enters each unit anew, year by year (对手进入概率).

    Parameters
    ----------
    openings : DataFrame
        Past openings of the rival: region, period, as :func:`mktanalysis.read_table` reads ``openings``.
    level : str
        Of the market units.
    within : str, optional
        Code of the region that is looked at.
    first : int
        The first year, that of the plan.
    years : int
        How many, the horizon of the plan.

    Returns
    -------
    DataFrame
        region, year, probability: what ``expansion_market(..., rival_entries=)`` takes. What is odd about the
        history is in its ``attrs["notes"]``, in Chinese.
    """
    from ..expansion import fit_entries

    inputs = entry_inputs(openings, level=level, within=within)
    model = fit_entries(**inputs.tables())
    table = model.probability(year=first, years=years)
    table.attrs["notes"] = (*inputs.notes, *model.notes)
    return table
