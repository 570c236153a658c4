"""A made-up country with a planted truth, to test and to show methods where the answer is known.

Always holds: figures of the leaves add up exactly; every region is reachable from every other; the same
`random_state` gives the same market; nothing here is a real place.

The planted truth: each prefecture has a tier; a better tier has 1.8 times the people and 1.25 times the
income per head of the next one, with noise of 6%, so that the tiers lie well apart. Retail sales grow at
a prefecture's own rate (2-9% a year), with a common cycle and 2% noise a county; monthly and quarterly
sales carry one season for all. From the period in `breaks` on, the first province reports 20% less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import MktError
from ..regions import RegionTree
from ..regions.edges import haversine_km

TIER_LABELS = ("一线", "二线", "三线", "四线", "五线")
#: Length of a cell's side, km and degrees (at the equator the two agree; the grid lies at 20-40 N).
_CELL_KM = 33.0
_CELL_DEGREES = 0.3
_PER_YEAR = {"Y": 1, "Q": 4, "M": 12}
#: Planted season of the months, mean 1: Spring Festival, summer lull, autumn and year's end.
_SEASON = np.array([1.06, 1.02, 0.95, 0.93, 0.98, 0.97, 0.94, 0.96, 1.0, 1.07, 1.03, 1.09])
_BREAK_FACTOR = 0.8
_NUMERALS = "甲乙丙丁戊己庚辛壬癸"


@dataclass(frozen=True, eq=False)
class Market:
    """A synthetic market.

    Attributes
    ----------
    tree : RegionTree
        Levels nation, macro_region (东区, 西区), province, prefecture, county.
    edges : DataFrame
        Borders of the counties: region, neighbor, border_km, distance_km.
    points : DataFrame
        region, lon, lat of counties, prefectures and provinces.
    indicators : DataFrame
        Long, yearly, prefectures: region, period, indicator, value, unit, status, source.
    panel : DataFrame
        Retail sales of the counties, yuan: region, period, value.
    tiers : Series
        The planted tier of each prefecture, an ordered Categorical, best first.
    units : DataFrame
        Counties as market units for expansion: region, capacity (yuan a year), growth (a year), own_share,
        n_rivals, rival_share (the strongest rival's), entry_cost, annual_cost (yuan), year (of capacity).
    base : str
        The county where the company is strong: own_share 0.35, elsewhere 0.
    breaks : DataFrame
        Planted level breaks: region (with all below it), period, indicator, factor, reason.
    """

    tree: RegionTree
    edges: pd.DataFrame
    points: pd.DataFrame
    indicators: pd.DataFrame
    panel: pd.DataFrame
    tiers: pd.Series
    units: pd.DataFrame
    base: str
    breaks: pd.DataFrame


def make_market(
    *,
    n_provinces: int = 4,
    n_prefectures: int = 6,
    n_counties: int = 5,
    n_periods: int = 12,
    freq: str = "Y",
    random_state: int | np.random.Generator | None = None,
) -> Market:
    """Return a synthetic market on a grid of counties (合成市场).

    Parameters
    ----------
    n_provinces, n_prefectures, n_counties : int
        Provinces (at most 89), prefectures in each, counties in each of those (at most 99).
    n_periods : int
        Length of the panel, which ends with 2023.
    freq : {"Y", "Q", "M"}
    random_state : int or Generator, optional

    Returns
    -------
    Market

    Examples
    --------
    >>> market = make_market(n_provinces=2, n_prefectures=3, n_counties=4, random_state=0)
    >>> market.tree
    <RegionTree nation 1 > macro_region 2 > province 2 > prefecture 6 > county 24>
    >>> market.panel.columns.tolist(), len(market.panel)
    (['region', 'period', 'value'], 288)
    """
    shape = (n_provinces, n_prefectures, n_counties)
    if min(*shape, n_periods) < 1 or n_provinces > 89 or max(shape[1:]) > 99:
        raise MktError(
            f"应有 1-89 个省、每省 1-99 个市、每市 1-99 个县、至少一期，现为 {shape}、{n_periods} 期"
        )
    if freq not in _PER_YEAR:
        raise MktError(f"freq 应为 Y、Q 或 M，现为 {freq!r}")
    rng = np.random.default_rng(random_state)
    table, cells = _regions(shape)
    return _market(RegionTree.from_table(table), cells, (n_periods, freq), rng)


def make_grid_market(
    n_rows: int, n_columns: int, *, n_periods: int = 8, random_state: int | np.random.Generator | None = None
) -> Market:
    """Return a market that is one prefecture, a full grid of counties: small cases for brute force.

    Examples
    --------
    >>> len(make_grid_market(3, 3, random_state=0).edges)   # 12 borders, both directions
    24
    """
    if min(n_rows, n_columns, n_periods) < 1 or n_rows * n_columns > 9999:
        raise MktError(f"网格应有 1-9999 格，现为 {n_rows} x {n_columns}，{n_periods} 期")
    rows, columns = np.divmod(np.arange(n_rows * n_columns), n_columns)
    above = [("100000", "合成国", "nation", None), ("110000", "甲省", "province", "100000")]
    above.append(("110100", "甲1市", "prefecture", "110000"))
    codes = [f"11{i:04d}" for i in range(101, 101 + len(rows))]
    counties = [
        (code, f"{r + 1}行{c + 1}列县", "county", "110100")
        for code, r, c in zip(codes, rows, columns, strict=True)
    ]
    table = pd.DataFrame(above + counties, columns=["region", "name", "level", "parent"])
    cells = pd.DataFrame({"x": columns, "y": rows}, index=pd.Index(codes, name="region"))
    rng = np.random.default_rng(random_state)
    return _market(RegionTree.from_table(table), cells, (n_periods, "Y"), rng)


def _market(tree: RegionTree, cells: pd.DataFrame, span: tuple[int, str], rng: np.random.Generator) -> Market:
    points = _points(tree, cells)
    tiers, rank = _tiers(tree, rng)
    growth = pd.Series(rng.uniform(0.02, 0.09, len(tiers)), tiers.index)
    people, income = _people_and_income(rank, rng)
    panel, breaks = _panel(tree, people * income * 0.45, growth, span, rng)
    years = panel["period"].dt.year
    full = panel.assign(year=years).groupby("year")["period"].nunique() == _PER_YEAR[span[1]]
    retail = panel[years.isin(full.index[full])]
    indicators = _indicators(tree, retail, people, income, growth)
    base, units = _units(tree, panel, span[1], rank, growth, rng)
    edges = _edges(cells, points)
    return Market(tree, edges, points, indicators, panel, tiers, units, base, breaks)


def _block(n: int) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Lay n cells in rows of a near-square: columns, rows, width, height. First row and column are full."""
    width = int(np.ceil(np.sqrt(n)))
    y, x = np.divmod(np.arange(n), width)
    return x, y, width, int(np.ceil(n / width))


def _regions(shape: tuple[int, int, int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table of regions and the grid cell of each county; blocks in blocks, all connected."""
    (px, py, *_), (cx, cy, cw, ch), (kx, ky, kw, kh) = (_block(n) for n in shape)
    rows = [("100000", "合成国", "nation", None), ("东区", "东区", "macro_region", "100000")]
    rows += [("西区", "西区", "macro_region", "100000")] if shape[0] > 1 else []
    cells = {}
    for p in range(shape[0]):
        name = _NUMERALS[p // 10 - 1] * (p >= 10) + _NUMERALS[p % 10]
        province = f"{11 + p}0000"
        rows.append((province, f"{name}省", "province", "西区" if p >= (shape[0] + 1) // 2 else "东区"))
        for c in range(shape[1]):
            prefecture = f"{11 + p}{c + 1:02d}00"
            rows.append((prefecture, f"{name}{c + 1}市", "prefecture", province))
            for k in range(shape[2]):
                county = f"{11 + p}{c + 1:02d}{k + 1:02d}"
                rows.append((county, f"{name}{c + 1}-{k + 1}县", "county", prefecture))
                cells[county] = ((px[p] * cw + cx[c]) * kw + kx[k], (py[p] * ch + cy[c]) * kh + ky[k])
    table = pd.DataFrame(rows, columns=["region", "name", "level", "parent"])
    cells = pd.DataFrame.from_dict(cells, orient="index", columns=["x", "y"]).rename_axis("region")
    return table, cells


def _points(tree: RegionTree, cells: pd.DataFrame) -> pd.DataFrame:
    places = pd.DataFrame(
        {"lon": 105.0 + cells["x"] * _CELL_DEGREES, "lat": 36.0 - cells["y"] * _CELL_DEGREES},
        index=cells.index,
    )
    above = [places.groupby(tree.parents(level, cells.index)).mean() for level in ("province", "prefecture")]
    return pd.concat([*above, places]).rename_axis("region").reset_index()


def _edges(cells: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    ahead = [cells.assign(x=cells["x"] + 1), cells.assign(y=cells["y"] + 1)]
    at = cells.reset_index().rename(columns={"region": "neighbor"})
    one_way = pd.concat([moved.reset_index().merge(at, on=["x", "y"]) for moved in ahead])
    both = [one_way, one_way.rename(columns={"region": "neighbor", "neighbor": "region"})]
    edges = pd.concat(both)[["region", "neighbor"]].sort_values(["region", "neighbor"], ignore_index=True)
    places = points.set_index("region")
    a = places.loc[edges["region"]]
    b = places.loc[edges["neighbor"]]
    lengths = haversine_km(a["lon"], a["lat"], b["lon"], b["lat"])
    return edges.assign(border_km=_CELL_KM, distance_km=lengths)


def _tiers(tree: RegionTree, rng: np.random.Generator) -> tuple[pd.Series, np.ndarray]:
    """Few at the top, many at the bottom (1 : 2 : 4 : 8 : 16), at least one of each where they suffice."""
    prefectures = tree.level("prefecture")
    labels = TIER_LABELS[: min(len(TIER_LABELS), len(prefectures))]
    share = np.cumsum(2.0 ** np.arange(len(labels)))
    cuts = np.maximum(np.round(share / share[-1] * len(prefectures)), np.arange(1, len(labels) + 1))
    rank = np.searchsorted(cuts, np.arange(len(prefectures)), side="right")
    rank = rng.permutation(np.minimum(rank, len(labels) - 1))
    tiers = pd.Categorical.from_codes(rank, categories=list(labels), ordered=True)
    return pd.Series(tiers, prefectures, name="tier"), rank


def _people_and_income(rank: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Of the prefectures in the last year: persons, and yuan a head."""
    people = 1.5e6 * 1.8 ** (4 - rank) * np.exp(rng.normal(0, 0.06, len(rank)))
    income = 22_000 * 1.25 ** (4 - rank) * np.exp(rng.normal(0, 0.06, len(rank)))
    return np.round(people), np.round(income)


def _panel(
    tree: RegionTree, retail: np.ndarray, growth: pd.Series, span: tuple[int, str], rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    n_periods, freq = span
    per_year = _PER_YEAR[freq]
    periods = pd.period_range(end=pd.Period("2023-12", "M").asfreq(freq), periods=n_periods, freq=freq)
    leaves = tree.leaves
    home = growth.index.get_indexer(tree.parents("prefecture", leaves))
    weight = rng.gamma(5.0, size=len(leaves))
    level = retail[home] * weight / np.bincount(home, weight)[home] / per_year
    years_back = (np.arange(n_periods) - n_periods + 1) / per_year
    cycle = 0.03 * np.sin(2 * np.pi * years_back / 7)
    season = _SEASON.reshape(per_year, -1).mean(axis=1)[(periods.month.to_numpy() - 1) * per_year // 12]
    noise = np.exp(rng.normal(0, 0.02, (len(leaves), n_periods)))
    path = np.exp(np.log1p(growth.to_numpy()[home])[:, None] * years_back + cycle) * season * noise
    values = level[:, None] * path
    first = tree.level("province")[0]
    start = n_periods * 2 // 3
    broken = (tree.parents("province", leaves) == first).to_numpy()
    if n_periods >= 6:
        values[np.ix_(broken, np.arange(start, n_periods))] *= _BREAK_FACTOR
    breaks = pd.DataFrame(
        {"region": [first], "period": periods[[min(start, n_periods - 1)]], "indicator": "retail_sales"}
    ).assign(factor=_BREAK_FACTOR, reason="统计口径调整（合成）")
    frame = pd.DataFrame(
        {"region": np.repeat(leaves.to_numpy(), n_periods), "period": np.tile(periods, len(leaves))}
    )
    frame = frame.assign(region=frame["region"].astype("str"), value=np.round(values.ravel(), 2))
    return frame, breaks.iloc[: int(n_periods >= 6)]


def _indicators(
    tree: RegionTree, retail: pd.DataFrame, people: np.ndarray, income: np.ndarray, growth: pd.Series
) -> pd.DataFrame:
    """Yearly figures of the prefectures; retail sales are the sums of the panel's full years."""
    home = tree.parents("prefecture", retail["region"]).to_numpy()
    year = retail["period"].dt.asfreq("Y")
    sales = retail["value"].groupby([home, year]).sum().rename_axis(["region", "period"]).reset_index()
    at = growth.index.get_indexer(sales["region"])
    years_back = sales["period"].dt.year.to_numpy() - 2023
    heads = np.round(people[at] * 1.005**years_back)
    per_head = np.round(income[at] * (1 + growth.to_numpy()[at]) ** years_back)
    figures = {
        "resident_population": ("person", heads),
        "registered_population": ("person", np.round(heads * 0.97)),
        "disposable_income": ("yuan", per_head),
        "average_wage": ("yuan", np.round(per_head * 1.9)),
        "retail_sales": ("yuan", sales["value"].to_numpy()),
        "gdp": ("yuan", heads * per_head * 2.2),
        "gdp_per_capita": ("yuan", per_head * 2.2),
        "urban_rate": ("share", np.clip(0.35 + 0.04 * np.log2(per_head / 10_000) * 4, 0.2, 0.95)),
    }
    keys = sales[["region", "period"]]
    parts = [keys.assign(indicator=name, value=v, unit=u) for name, (u, v) in figures.items()]
    return pd.concat(parts, ignore_index=True).assign(status="observed", source="synthetic")


def _units(tree, panel, freq, rank, growth, rng) -> tuple[str, pd.DataFrame]:
    """Counties as market units: 2% of the last year's retail sales are the category's capacity."""
    leaves = tree.leaves
    last = panel.groupby("region")["value"].apply(lambda v: v.tail(_PER_YEAR[freq]).mean()) * _PER_YEAR[freq]
    capacity = 0.02 * last.loc[leaves].to_numpy()
    home = growth.index.get_indexer(tree.parents("prefecture", leaves))
    n_rivals = rng.poisson(5 - rank[home])
    rival_share = np.where(n_rivals > 0, rng.uniform(0.08, 0.35, len(leaves)), 0.0)
    own = np.zeros(len(leaves))
    own[(start := int(np.argsort(capacity, kind="stable")[len(leaves) // 2]))] = 0.35
    units = pd.DataFrame({"region": leaves, "capacity": capacity.round(2), "growth": growth.to_numpy()[home]})
    units = units.assign(
        own_share=own,
        n_rivals=n_rivals,
        rival_share=rival_share,
        entry_cost=(3e5 + 0.03 * capacity * rng.uniform(0.5, 1.5, len(leaves))).round(2),
        annual_cost=(2e5 + 0.015 * capacity * rng.uniform(0.5, 1.5, len(leaves))).round(2),
        year=int(panel["period"].dt.year.max()),
    )
    return leaves[start], units
