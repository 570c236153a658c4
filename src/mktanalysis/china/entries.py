"""What a history of openings in China is judged with: potential by year, points, borders, parents.

Always holds: all openings are counted at one level; potential is retail sales, of the cities by year, of the
counties that of today.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..datasets import load_edges, load_regions, load_table
from ..errors import MktError
from ..regions import RegionTree
from .panels import load_panel
from .units import market_units

LEVELS = ("prefecture", "county")


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
    if level not in LEVELS:
        raise MktError(f"level 应为 {'、'.join(LEVELS)} 之一，给出的是 {level}")
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
    return EntryInputs(
        moved.reset_index(drop=True),
        potential if level == "county" else _by_year(potential, int(units["year"].max())),
        points[points["region"].isin(units["region"])].reset_index(drop=True),
        load_edges(level),
        tree,
        level,
        tuple(notes),
    )


def _at_level(openings: pd.DataFrame, level: str, tree: RegionTree) -> pd.DataFrame:
    """Openings with the code of their region at `level`."""
    codes = openings["region"].unique()
    at = {code: _one(code, level, tree) for code in codes}
    if lost := [code for code, found in at.items() if found is None]:
        names = "、".join(tree.names(lost[:10]))
        wish = "县级" if level == "county" else "市或县"
        raise MktError(f'开店记录应写到{wish}，这些地区太大：{names}（也可用 level="prefecture" 按市计）')
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
