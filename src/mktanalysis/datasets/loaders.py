"""Region trees, schemes, tier lists, neighbours and crosswalks from the built-in tables.

Always holds: an assignment is a Series with index ``region``; a tree is built once for each year and scheme
and may be shared, because trees never change.
"""

from __future__ import annotations

import tomllib
from functools import cache
from numbers import Integral
from pathlib import Path

import pandas as pd

from ..errors import MktError
from ..regions import RegionTree
from ..regions.changes import compose_crosswalks
from .files import _read

FIRST_YEAR = 2000
LAST_YEAR = 2026
LEVELS = ("nation", "province", "prefecture", "county")
#: Short names of tier lists.
TIER_LISTS = {"2014": "retail_2014", "2021": "yicai_2021", "2025": "yicai_2025"}


def load_regions(*, year: int | None = None, scheme: str | None = "seven") -> RegionTree:
    """Load the tree of China's regions (地区树).

    Parameters
    ----------
    year : int, optional
        Divisions as of 31 December of that year, 2000-2026; default: today's.
    scheme : str or None
        Grouping of provinces into macro-regions (大区): seven, eight, six, company, four_blocks; None: no
        macro-regions. Schemes of cities (nine_plates ...) cannot be a level of the tree: see
        :func:`load_scheme`.

    Returns
    -------
    RegionTree
        Levels nation > macro_region > province > prefecture > county; its table keeps the columns
        short_name, kind, rank, is_capital, valid_from, valid_to.

    Raises
    ------
    MktError
        The year is out of range, or the scheme does not group whole provinces.

    Examples
    --------
    >>> tree = load_regions()
    >>> tree.parents("macro_region", ["320583"]).tolist()
    ['华东']
    >>> load_regions(year=2009, scheme=None).names(["420600"]).tolist()
    ['襄樊市']
    """
    return _tree(None if year is None else _checked(year), scheme)


def _checked(year: int) -> int:
    if not (isinstance(year, Integral) and FIRST_YEAR <= year <= LAST_YEAR):
        raise MktError(f"年份应是 {FIRST_YEAR} 到 {LAST_YEAR} 之间的整数，现为 {year!r}")
    return int(year)


@cache
def _tree(year: int | None, scheme: str | None) -> RegionTree:
    if scheme is None:
        return RegionTree.from_table(regions_of(year), levels=LEVELS, aliases=_aliases_of(year))
    labels = load_scheme(scheme)
    tree = _tree(year, None)
    provinces = tree.level("province")
    if not set(provinces) == set(labels.index):
        raise MktError(
            f"方案 {scheme!r} 不是按整省划分的，不能作为地区树的大区层级；"
            f"请用 load_scheme({scheme!r}) 取得各地区的分组，再按分组汇总"
        )
    return tree.with_scheme(labels)


def regions_of(year: int | None) -> pd.DataFrame:
    """Return the rows of the table of regions that are in the tree of a year (None: today's)."""
    table = _read("regions")
    at = LAST_YEAR if year is None else year
    begun = table["valid_from"].fillna(FIRST_YEAR) <= at
    lasting = table["valid_to"].fillna(LAST_YEAR) >= at
    return table[table["in_tree"] & begun & lasting].drop(columns="in_tree").reset_index(drop=True)


def _aliases_of(year: int | None) -> pd.DataFrame:
    """Names for the regions of that year; what has ended by then is told apart by ``into``.

    Columns alias, region, kind, valid_to, into: where a row's region is not in the tree of the year,
    ``into`` holds
    the codes of what became of it, and ``kind`` is ``former``; ``note`` rows say what to write for a name
    that is no
    region.
    """
    regions = set(regions_of(year)["region"])
    table = _read("aliases")
    here = table["region"].isin(regions)
    ended = ~here & table["kind"].eq("former") & (table["valid_to"].astype("float64") < (year or LAST_YEAR))
    former = table[ended]
    heirs = _heirs(set(former["region"]), regions)
    former = former.assign(into=former["region"].map(heirs))
    return pd.concat([table[here], former, _other_names(regions)], ignore_index=True)


def _heirs(codes: set[str], regions: set[str]) -> dict[str, str]:
    """What became of each former region: codes of the tree, separated by blanks, the largest share first."""
    changes = _read("changes").sort_values("share", ascending=False, kind="stable")
    steps: dict[str, list[str]] = changes.groupby("old", sort=False)["new"].agg(list).to_dict()
    heirs = {}
    for code in codes:
        found: dict[str, None] = {}
        open_ = [code]
        for _ in range(8):  # a chain of changes is short
            found |= dict.fromkeys(at for at in open_ if at in regions)
            open_ = [new for at in open_ if at not in regions for new in steps.get(at, [])]
        heirs[code] = " ".join(found)
    return heirs


def _other_names(regions: set[str]) -> pd.DataFrame:
    """Everyday, romanised and special names of ``place_names.toml``, and development zones with their
    host."""
    lists = tomllib.loads((Path(__file__).parent / "place_names.toml").read_text("utf-8"))
    rows = [(name, code, "short", None) for name, code in lists["also"].items()]
    rows += [(name, code, "latin", None) for code, names in lists["latin"].items() for name in names]
    rows = [row for row in rows if row[1] in regions]
    zones = _read("census_zones")
    named = _read("regions").set_index("region")["name"]
    for zone, host in zip(zones["zone"], zones["region"], strict=True):
        label = f"{host} {named[host]}" if host in named.index else host
        rows.append((zone, "", "note", f"不是行政区划，大部分在 {label}：请写所在的县区"))
    rows += [(name, "", "note", note) for name, note in lists["notes"].items()]
    return pd.DataFrame(rows, columns=["alias", "region", "kind", "into"], dtype="str")


def load_scheme(name: str) -> pd.Series:
    """Load a grouping of regions (大区划分方案).

    Parameters
    ----------
    name : str
        seven, eight, six, company, four_blocks (provinces); nine_plates, jiangsu_parts, jiangsu_zones
        (prefecture-level cities, others are in no group).

    Returns
    -------
    Series
        Index region, values label; regions outside the tree (Hong Kong, Macao, Taiwan) are in the table
        ``schemes`` only.

    Examples
    --------
    >>> load_scheme("jiangsu_parts")["320100"]
    '苏南'
    """
    table = _read("schemes")
    if name not in set(table["scheme"]):
        raise MktError(f"没有名为 {name!r} 的划分方案，可用：{'、'.join(table['scheme'].unique())}")
    part = table[table["scheme"] == name]
    regions = _read("regions")
    part = part[part["region"].isin(regions.loc[regions["in_tree"], "region"])]
    return pd.Series(
        part["label"].to_numpy(), pd.Index(part["region"], name="region"), name=name, dtype="str"
    )


def load_tier_list(name: str) -> pd.Series:
    """Load a published city tier list (城市分级名单).

    Parameters
    ----------
    name : str
        ``2014`` (retail_2014: practitioners' list), ``2021`` and ``2025`` (yicai_2021, yicai_2025:
        城市商业魅力排行榜), ``property``.

    Returns
    -------
    Series
        Index region, values an ordered Categorical, best tier first. The first and the third list name some
        county-level cities (江阴, 昆山) beside prefecture-level ones.

    Examples
    --------
    >>> tiers = load_tier_list("2021")
    >>> tiers["320500"], tiers.cat.categories[0]
    ('新一线', '一线')
    """
    table = _read("tier_lists")
    full = TIER_LISTS.get(name, name)
    if full not in set(table["list"]):
        known = [*TIER_LISTS, *table["list"].unique()]
        raise MktError(f"没有名为 {name!r} 的分级名单，可用：{'、'.join(known)}")
    part = table[table["list"] == full]
    order = part.sort_values("position")["tier"].unique()
    tiers = pd.Categorical(part["tier"], categories=order, ordered=True)
    return pd.Series(tiers, pd.Index(part["region"], name="region"), name=full)


def load_edges(level: str) -> pd.DataFrame:
    """Load who borders on whom (邻接关系).

    Parameters
    ----------
    level : {"prefecture", "county"}

    Returns
    -------
    DataFrame
        Columns region, neighbor, border_km (0: bridge, tunnel or ferry), distance_km; both directions.

    Examples
    --------
    >>> edges = load_edges("prefecture")
    >>> "320500" in set(edges.loc[edges["region"] == "320200", "neighbor"])
    True
    """
    if level not in ("prefecture", "county"):
        raise MktError(f"邻接关系只有 prefecture 和 county 两级，现为 {level!r}")
    return _read(f"edges_{level}").copy()


def load_crosswalk(from_year: int, to_year: int) -> pd.DataFrame:
    """Return how the regions of one year became those of another (区划沿革对照).

    Parameters
    ----------
    from_year, to_year : int
        2000-2026, as of 31 December; may go back in time.

    Returns
    -------
    DataFrame
        Columns old, new, share: the share of the old region, by census population, that became part of the
        new one. Regions that did not change are left out. Prefectures and counties.

    Examples
    --------
    >>> load_crosswalk(2018, 2019).query("old == '371200'").values.tolist()
    [['371200', '370100', 1.0]]
    """
    from_year = _checked(from_year)
    to_year = _checked(to_year)
    changes = _read("changes")
    if from_year <= to_year:
        steps = [_step(changes, year, "old", "new", "share") for year in range(from_year + 1, to_year + 1)]
    else:
        steps = [_step(changes, year, "new", "old", "back_share") for year in range(from_year, to_year, -1)]
    return compose_crosswalks([step for step in steps if len(step)])


def _step(changes: pd.DataFrame, year: int, old: str, new: str, share: str) -> pd.DataFrame:
    part = changes[changes["year"] == year]
    step = pd.DataFrame({"old": part[old], "new": part[new], "share": part[share]})
    return step[step["share"] > 0].reset_index(drop=True)
