"""Market capacity: penetration x people x spend, saturation counts, potential from around, headroom.

Always holds: figures that add up do so along the tree; an estimate of a county from its city is flagged
``allocated``; no distance exponent is ever assumed in silence: give one, or fit it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import MktError, TableError
from ..regions.edges import haversine_km


def market_capacity(
    population: pd.Series, penetration: pd.Series | float, spend: pd.Series | float
) -> pd.DataFrame:
    """Capacity = people x penetration x yearly spend of a user (市场容量 = 人口 × 渗透率 × 人均消费).

    Parameters
    ----------
    population : Series
        Index region, persons.
    penetration : Series or float
        Share of people who use the product, 0-1.
    spend : Series or float
        Yuan a user and year.

    Returns
    -------
    DataFrame
        Index region; columns population, penetration, spend, capacity (yuan). Missing where a factor is.

    Examples
    --------
    >>> market_capacity(pd.Series({"320500": 1000.0}), 0.05, 200.0)["capacity"].tolist()
    [10000.0]
    """
    table = pd.DataFrame({"population": population})
    table = table.assign(penetration=penetration, spend=spend)
    if ((table["penetration"] < 0) | (table["penetration"] > 1)).any():
        raise MktError("渗透率应在 0 与 1 之间：百分数请先除以 100")
    if (table[["population", "spend"]] < 0).any(axis=None):
        raise MktError("人口和人均消费不应为负")
    return table.assign(capacity=table["population"] * table["penetration"] * table["spend"])


def saturation_counts(
    places: pd.DataFrame, *, outlets_per_place: Mapping[str, float] | float = 1.0, productivity=None
) -> pd.DataFrame:
    """How many outlets fill a market, by zone (饱和网点数).

    Parameters
    ----------
    places : DataFrame
        Columns region (zone), kind (such as 县城, 乡镇) and n_places.
    outlets_per_place : mapping or float
        Kind -> outlets that one place holds.
    productivity : mapping, optional
        Zone -> share of another zone's sales per outlet, ``{"苏北": (0.7, "苏中")}``; a zone not named
        counts 1.

    Returns
    -------
    DataFrame
        Index zone (in the order given); one column a kind with its outlets, ``n_outlets``,
        ``productivity`` (relative to the zones that count 1) and ``equivalent_outlets``: outlets in
        units of such a zone's.

    Examples
    --------
    The 江苏 case: 苏南 48 county seats and 60 townships, 苏中 23 and 25, 苏北 40; an outlet in 苏北
    sells at most 70% of one in 苏中.

    >>> places = pd.DataFrame({"region": ["苏南", "苏南", "苏中", "苏中", "苏北"],
    ...     "kind": ["县城", "乡镇", "县城", "乡镇", "不分"], "n_places": [48, 60, 23, 25, 40]})
    >>> counts = saturation_counts(places, productivity={"苏北": (0.7, "苏中")})
    >>> counts["n_outlets"].to_dict(), int(counts["n_outlets"].sum())
    ({'苏南': 108.0, '苏中': 48.0, '苏北': 40.0}, 196)
    >>> counts["equivalent_outlets"].to_dict()
    {'苏南': 108.0, '苏中': 48.0, '苏北': 28.0}
    """
    _need(places, ("region", "kind", "n_places"), "places")
    if not (places["n_places"] >= 0).all():
        raise MktError("places 的 n_places 应为不小于 0 的数，没有的写 0")
    if not isinstance(outlets_per_place, Mapping):
        outlets_per_place = dict.fromkeys(places["kind"].unique(), outlets_per_place)
    strange = set(places["kind"]) - set(outlets_per_place)
    if strange:
        raise MktError(f"outlets_per_place 缺少：{'、'.join(sorted(strange))}")
    outlets = places["n_places"] * places["kind"].map(outlets_per_place)
    wide = (
        places.assign(n=outlets)
        .pivot_table(index="region", columns="kind", values="n", aggfunc="sum", sort=False)
        .rename_axis(columns=None)
    )
    relative = _ratios(wide.index, productivity or {})
    total = wide.sum(axis=1)
    return wide.assign(n_outlets=total, productivity=relative, equivalent_outlets=total * relative)


def _ratios(zones: pd.Index, given: Mapping[str, tuple[float, str]]) -> pd.Series:
    """Follow "x% of that zone" to zones that count 1."""
    strange = (set(given) | {other for _, other in given.values()}) - set(zones)
    if strange:
        raise MktError(f"productivity 中的地区不在 places 之中：{'、'.join(sorted(strange))}")
    found = {}
    for zone in zones:
        ratio, at, seen = 1.0, zone, set()
        while at in given:
            if at in seen:
                raise MktError(f"productivity 互相引用成环：{'、'.join(sorted(seen))}")
            seen.add(at)
            ratio, at = ratio * given[at][0], given[at][1]
        found[zone] = ratio
    return pd.Series(found, name="productivity").rename_axis(zones.name)


def distances(points: pd.DataFrame) -> pd.DataFrame:
    """Great-circle distances in km between all points (region, lon, lat), as a square table.

    Examples
    --------
    >>> square = distances(pd.DataFrame({"region": ["a", "b"], "lon": [0.0, 1.0], "lat": [0.0, 0.0]}))
    >>> float(square.loc["a", "b"].round())
    111.0
    """
    _need(points, ("region", "lon", "lat"), "points")
    lon, lat = points["lon"].to_numpy(dtype=float), points["lat"].to_numpy(dtype=float)
    square = haversine_km(lon[:, None], lat[:, None], lon[None, :], lat[None, :])
    regions = pd.Index(points["region"], name="region")
    return pd.DataFrame(square, index=regions, columns=regions.rename("other"))


def harris_potential(mass: pd.Series, distance_km: pd.DataFrame, *, exponent: float, inner_km) -> pd.Series:
    """Potential of each region: what lies around it, weighed by distance (Harris 1954).

    ``P_i = m_i / inner_i^b + sum_j m_j / d_ij^b``.

    Parameters
    ----------
    mass : Series
        Index region: people, income or sales.
    distance_km : DataFrame
        Square, as from :func:`distances`; may hold more regions than `mass`.
    exponent : float
        b; 1 is Harris's own, fit it to your flows with :func:`fit_huff` where there are any.
    inner_km : float or Series
        Distance within a region, for its own mass: often a third to a half of its radius.

    Returns
    -------
    Series
        Index region, in units of `mass` per km^b.

    Examples
    --------
    >>> square = pd.DataFrame([[0.0, 10.0], [10.0, 0.0]], index=["a", "b"], columns=["a", "b"])
    >>> harris_potential(pd.Series({"a": 100.0, "b": 50.0}), square, exponent=1, inner_km=5).to_dict()
    {'a': 25.0, 'b': 20.0}
    """
    _positive(exponent)
    _unique(mass.index, "mass")
    known = mass.dropna()
    square = _square(distance_km, known.index)
    inner = inner_km.reindex(known.index) if isinstance(inner_km, pd.Series) else inner_km
    np.fill_diagonal(square, np.broadcast_to(np.asarray(inner, dtype=float), len(known)))
    if not (square > 0).all():
        raise MktError("距离应为正：inner_km 缺失，或两个地区的位置重合")
    return pd.Series((square**-exponent) @ known.to_numpy(), known.index, name="potential")


def huff_shares(attraction: pd.Series, distance_km: pd.DataFrame, *, exponent: float) -> pd.DataFrame:
    """Share of each customer region that goes to each centre (Huff 1964).

    ``share_ij = (a_j / d_ij^b) / sum_k (a_k / d_ik^b)``; rows are customer regions and add up to 1.

    Parameters
    ----------
    attraction : Series
        Index centre: floor space, number of brands, sales.
    distance_km : DataFrame
        Rows customer regions, columns centres, all positive.
    exponent : float
        b, from :func:`fit_huff` or the literature; there is no default.

    Examples
    --------
    >>> far = pd.DataFrame([[1.0, 2.0]], index=["home"], columns=["a", "b"])
    >>> huff_shares(pd.Series({"a": 1.0, "b": 4.0}), far, exponent=2).loc["home"].tolist()
    [0.5, 0.5]
    """
    _positive(exponent)
    _unique(attraction.index, "attraction")
    square = distance_km.reindex(columns=attraction.index).to_numpy(dtype=float)
    if not (square > 0).all() or not (attraction > 0).all():
        raise MktError("huff_shares 需要正的距离和吸引力，且每个中心都有距离")
    pull = attraction.to_numpy() * square**-exponent
    return pd.DataFrame(pull / pull.sum(axis=1, keepdims=True), distance_km.index, attraction.index)


@dataclass(frozen=True, eq=False)
class HuffFit:
    """Fitted Huff model.

    Attributes
    ----------
    exponent, attraction_exponent : float
        How fast custom falls with distance and rises with attraction.
    table : DataFrame
        Index exponent, attraction_exponent; columns estimate, std_error, lower, upper (at the coverage
        asked for).
    n_flows : int
    r_squared : float
        Share of the variance of log flows explained within origins.
    """

    exponent: float
    attraction_exponent: float
    table: pd.DataFrame
    n_flows: int
    r_squared: float


def fit_huff(
    flows: pd.DataFrame, attraction: pd.Series, distance_km: pd.DataFrame, *, coverage=0.8
) -> HuffFit:
    """Fit the exponents of a Huff model to observed flows, by log-centering (Nakanishi and Cooper 1974).

    Parameters
    ----------
    flows : DataFrame
        Columns region (customers' home), center, value (visits, sales); zeros are left out.
    attraction : Series
        Index center.
    distance_km : DataFrame
        Rows regions, columns centres.
    coverage : float
        Of the intervals of the exponents.

    Raises
    ------
    MktError
        Fewer than 10 usable flows, or distances that do not vary: the exponent cannot be told; a region or
        centre without a positive distance and attraction.
    """
    from scipy.stats import t as student

    _need(flows, ("region", "center", "value"), "flows")
    if not 0 < coverage < 1:
        raise MktError(f"coverage 应在 0 与 1 之间，现为 {coverage}")
    used = flows[flows["value"] > 0]
    far = distance_km.reindex(index=used["region"].unique(), columns=used["center"].unique())
    rows, columns = far.index.get_indexer(used["region"]), far.columns.get_indexer(used["center"])
    d, a = far.to_numpy(dtype=float)[rows, columns], attraction.reindex(used["center"]).to_numpy(dtype=float)
    bad = ~((d > 0) & (a > 0))
    if bad.any():
        pairs = "、".join(f"{r}→{c}" for r, c in used.loc[bad, ["region", "center"]].to_numpy()[:10])
        raise MktError(f"这些流量没有正的距离或吸引力：{pairs}")
    logs = pd.DataFrame({"y": np.log(used["value"].to_numpy()), "d": -np.log(d), "a": np.log(a)})
    centred = logs - logs.groupby(used["region"].to_numpy()).transform("mean")
    x, y = centred[["d", "a"]].to_numpy(), centred["y"].to_numpy()
    free = len(y) - used["region"].nunique() - 2
    if free < 8 or np.linalg.cond(x.T @ x) > 1e8:
        raise MktError(f"只有 {len(y)} 条可用流量，或距离与吸引力没有独立变化：无法估计距离衰减指数")
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    rest = y - x @ beta
    error = np.sqrt(np.diag(inverse) * (rest @ rest) / free)
    width = student.ppf(0.5 + coverage / 2, free) * error
    table = pd.DataFrame(
        {"estimate": beta, "std_error": error, "lower": beta - width, "upper": beta + width},
        index=["exponent", "attraction_exponent"],
    )
    return HuffFit(float(beta[0]), float(beta[1]), table, len(y), float(1 - (rest @ rest) / (y @ y)))


def headroom(own: pd.Series, capacity: pd.Series, tree, *, target_share: float) -> pd.DataFrame:
    """Own sales against capacity, at every level (容量占有率与余量).

    Parameters
    ----------
    own, capacity : Series
        Index region (of one level), yuan. A region without own sales has 0 of them; one without
        capacity is left out.
    tree : RegionTree
    target_share : float
        Share thought attainable everywhere.

    Returns
    -------
    DataFrame
        Index region; columns level, own, capacity, share, headroom (target_share x capacity less own,
        not below 0 for a leaf; sums of the leaves above).
    """
    if not 0 < target_share <= 1:
        raise MktError(f"target_share 应在 0 与 1 之间，现为 {target_share}")
    outside = own.index.difference(capacity.dropna().index)
    if len(outside):
        raise TableError(
            pd.DataFrame({"column": "region", "value": outside, "problem": "有自有销售，但没有市场容量"})
        )
    _unique(own.index, "own")
    _unique(capacity.index, "capacity")
    if (own < 0).any() or (capacity < 0).any() or not capacity.notna().any():
        raise MktError("own 和 capacity 不应为负，且至少一个地区有容量")
    _one_level(capacity.dropna().index, tree, "capacity")
    leaf = pd.DataFrame({"capacity": capacity.dropna()}).assign(own=own).fillna({"own": 0.0})
    leaf = leaf.assign(headroom=(target_share * leaf["capacity"] - leaf["own"]).clip(lower=0))
    level = tree.level_of(leaf.index).iloc[0]
    parts = []
    for name in tree.levels[: tree.levels.index(level) + 1]:
        up = tree.parents(name, leaf.index)
        table = leaf.groupby(up.to_numpy()).sum().rename_axis("region").assign(level=name)
        parts.append(table)
    table = pd.concat(parts)
    share = (table["own"] / table["capacity"]).where(table["capacity"] > 0)
    return table.assign(share=share)[["level", "own", "capacity", "share", "headroom"]]


def allocate(values: pd.DataFrame, weights: pd.Series, tree, *, level: str = "county") -> pd.DataFrame:
    """Split figures of cities over their counties by a key such as census population (按人口分摊).

    Parameters
    ----------
    values : DataFrame
        Columns region, period, value (amounts).
    weights : Series
        Index region at `level`, positive: the key.
    tree : RegionTree
    level : str
        Below that of `values`; weights of other levels are not used.

    Returns
    -------
    DataFrame
        Columns region, period, value, status (``allocated``), parent; no rows for missing values. Children
        of a region sum to it exactly.
    """
    _need(values, ("region", "period", "value"), "values")
    values = values.dropna(subset=["value"])
    if values.duplicated(["region", "period"]).any():
        raise MktError("values 中同一地区、同一时期有两行：请先合计")
    _unique(weights.index, "weights")
    at = _one_level(values["region"].unique(), tree, "values")
    if tree.levels.index(at) >= tree.levels.index(level):
        raise MktError(f"只能从上级分摊到下级：values 属 {at}，要分到 {level}")
    key = weights[(weights > 0) & weights.index.isin(tree.level(level))]
    key = key.rename_axis("region").rename("weight").reset_index()
    key = key.assign(parent=tree.parents(at, key["region"]).to_numpy())
    bare = values.loc[~values["region"].isin(key["parent"]), "region"].unique()
    if len(bare):
        raise MktError(f"这些地区的下级没有分摊依据：{'、'.join(bare[:20])}")
    share = key["weight"] / key.groupby("parent")["weight"].transform("sum")
    found = key.assign(share=share)[["region", "parent", "share"]].merge(
        values[["region", "period", "value"]].rename(columns={"region": "parent"}), on="parent"
    )
    table = found.assign(value=found["value"] * found["share"], status="allocated")
    return table[["region", "period", "value", "status", "parent"]].sort_values(
        ["region", "period"], ignore_index=True
    )


def _square(distance_km: pd.DataFrame, regions: pd.Index) -> np.ndarray:
    missing = regions.difference(distance_km.index)
    if len(missing):
        raise MktError(f"距离表缺少地区：{'、'.join(map(str, missing[:20]))}")
    return distance_km.loc[regions, regions].to_numpy(dtype=float, copy=True)


def _positive(exponent: float) -> None:
    if not exponent > 0:
        raise MktError(f"exponent 应为正数，现为 {exponent}")


def _unique(index: pd.Index, name: str) -> None:
    if index.has_duplicates:
        raise MktError(f"{name} 中地区重复：{'、'.join(map(str, index[index.duplicated()][:10]))}")


def _one_level(regions, tree, name: str) -> str:
    """The level all regions belong to."""
    levels = tree.level_of(regions).unique()
    if len(levels) != 1:
        raise MktError(f"{name} 的地区应属同一层级，现有：{'、'.join(levels) or '无'}")
    return levels[0]


def _need(table: pd.DataFrame, columns, name: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise MktError(f"{name} 缺少列：{'、'.join(missing)}")
