"""Who borders whom: edge tables, contiguity, steps and distances.

Always holds: an edge table lists both directions of every border, each once, and no region borders
itself; results follow the order of the regions that were asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import MktError, Problems
from ..schemas import EDGES, check_table

if TYPE_CHECKING:
    from scipy import sparse

#: Mean radius of the earth (IUGG), km.
EARTH_RADIUS_KM = 6371.0088


def haversine_km(lon1, lat1, lon2, lat2) -> np.ndarray:
    """Return great-circle distances in km between points in degrees; arrays broadcast.

    Examples
    --------
    >>> float(haversine_km(116.4, 39.9, 121.47, 31.23).round())   # 北京 - 上海
    1067.0
    """
    lon1, lat1, lon2, lat2 = (np.radians(np.asarray(x, dtype=float)) for x in (lon1, lat1, lon2, lat2))
    half = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1)))


def distance_km(points: pd.DataFrame, origins: Iterable[str], targets: Iterable[str]) -> pd.DataFrame:
    """Return great-circle distances between two lists of regions.

    Parameters
    ----------
    points : DataFrame
        Columns region, lon, lat (degrees).
    origins, targets : iterable of str

    Returns
    -------
    DataFrame
        Index origins, columns targets, km.

    Raises
    ------
    TableError
        Listing the regions without a point.
    """
    places = points.set_index("region")[["lon", "lat"]]
    rows = pd.Index(origins, name="region")
    columns = pd.Index(targets, name="target")
    problems = Problems(column="region")
    for code in rows.union(columns).difference(places.index):
        problems.add("没有这个地区的坐标", value=code)
    problems.raise_any()
    a = places.loc[rows].to_numpy()
    b = places.loc[columns].to_numpy()
    return pd.DataFrame(
        haversine_km(a[:, None, 0], a[:, None, 1], b[None, :, 0], b[None, :, 1]), rows, columns
    )


def check_edges(edges: pd.DataFrame, regions: Iterable[str] | None = None) -> pd.DataFrame:
    """Return `edges` unchanged if both directions are there, once, between known regions.

    Parameters
    ----------
    edges : DataFrame
        Columns region, neighbor, border_km, distance_km.
    regions : iterable of str, optional
        The codes that may occur.

    Raises
    ------
    TableError
        With every broken row.
    """
    check_table(edges, EDGES)
    problems = Problems()
    problems.add_rows(edges["region"] == edges["neighbor"], "neighbor", edges["neighbor"], "与自己相邻")
    pairs = pd.MultiIndex.from_frame(edges[["region", "neighbor"]])
    back = pd.MultiIndex.from_frame(edges[["neighbor", "region"]])
    problems.add_rows(~back.isin(pairs), "neighbor", edges["neighbor"], "缺少反方向的一行")
    turned = edges.set_index(["neighbor", "region"]).reindex(pairs)
    for column in ("border_km", "distance_km"):
        gap = (turned[column].to_numpy(float) - edges[column].to_numpy(float)).__abs__()
        problems.add_rows(gap > 1e-6, column, edges[column], "两个方向的数不同")
    if regions is not None:
        known = pd.Index(regions)
        for column in ("region", "neighbor"):
            problems.add_rows(~edges[column].isin(known), column, edges[column], "地区代码不在所给地区中")
    problems.raise_any()
    return edges


def contiguity(edges: pd.DataFrame, regions: Iterable[str], *, weight: str | None = None) -> sparse.csr_array:
    """Return the adjacency matrix of `regions` in their order; edges to other regions are left out.

    Parameters
    ----------
    edges : DataFrame
    regions : iterable of str
    weight : str, optional
        Column to store; default 1 for every border.

    Examples
    --------
    >>> edges = pd.DataFrame({"region": ["a", "b"], "neighbor": ["b", "a"]})
    >>> contiguity(edges, ["a", "b", "c"]).toarray().astype(int).tolist()
    [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    """
    from scipy import sparse  # 0.15 s, and most callers of this package want names only

    codes = pd.Index(regions)
    if codes.has_duplicates:
        raise MktError("地区代码重复")
    rows = codes.get_indexer(edges["region"])
    columns = codes.get_indexer(edges["neighbor"])
    inside = (rows >= 0) & (columns >= 0)
    stored = np.ones(len(edges)) if weight is None else edges[weight].to_numpy(float)
    shape = (len(codes), len(codes))
    return sparse.csr_array((stored[inside], (rows[inside], columns[inside])), shape=shape)


def components(edges: pd.DataFrame, regions: Iterable[str]) -> pd.Series:
    """Return the connected part that each region belongs to.

    Returns
    -------
    Series
        Index region, values 0, 1, ...: numbered by the size of the part, largest first, ties by code,
        so that row order changes nothing.

    Examples
    --------
    >>> edges = pd.DataFrame({"region": ["b", "c"], "neighbor": ["c", "b"]})
    >>> components(edges, ["a", "b", "c"]).to_dict()
    {'a': 1, 'b': 0, 'c': 0}
    """
    from scipy.sparse import csgraph

    regions = pd.Index(regions, name="region")
    _, labels = csgraph.connected_components(contiguity(edges, regions), directed=False)
    found = pd.DataFrame({"label": labels, "code": regions})
    order = found.groupby("label")["code"].agg(["size", "min"]).reset_index()
    order = order.sort_values(["size", "min"], ascending=[False, True], kind="stable")
    rank = pd.Series(np.arange(len(order)), order["label"].to_numpy())
    return pd.Series(rank.loc[labels].to_numpy(), regions, name="component")


def hops(edges: pd.DataFrame, regions: Iterable[str], base: str | Iterable[str]) -> pd.Series:
    """Return the number of borders to cross from the nearest base region.

    Returns
    -------
    Series
        Index region, values number of steps (0 for a base), missing where no way leads (``Int64``).

    Examples
    --------
    >>> edges = pd.DataFrame({"region": ["a", "b"], "neighbor": ["b", "a"]})
    >>> hops(edges, ["a", "b", "c"], "a").tolist()
    [0, 1, <NA>]
    """
    from scipy.sparse import csgraph

    codes = pd.Index(regions, name="region")
    start = codes.get_indexer([base] if isinstance(base, str) else list(base))
    if len(start) == 0 or (start < 0).any():
        raise MktError(f"根据地不在所给地区中：{base!r}")
    steps = csgraph.dijkstra(contiguity(edges, codes), indices=start, unweighted=True, min_only=True)
    return pd.Series(steps, codes, name="hops").replace(np.inf, np.nan).astype("Int64")


def lift_edges(edges: pd.DataFrame, tree, level: str, *, points: pd.DataFrame) -> pd.DataFrame:
    """Return the edges between regions of a higher level: neighbours if any of their parts are.

    Parameters
    ----------
    edges : DataFrame
    tree : RegionTree
    level : str
    points : DataFrame
        Columns region, lon, lat with the points of the regions at `level`.

    Returns
    -------
    DataFrame
        Columns region, neighbor, border_km (sum over the parts), distance_km.
    """
    lifted = pd.DataFrame(
        {
            "region": tree.parents(level, edges["region"]).to_numpy(),
            "neighbor": tree.parents(level, edges["neighbor"]).to_numpy(),
            "border_km": edges["border_km"].to_numpy(),
        }
    )
    lifted = lifted[lifted["region"] != lifted["neighbor"]].dropna()
    lifted = lifted.groupby(["region", "neighbor"], as_index=False)["border_km"].sum()
    return lifted.assign(distance_km=_edge_lengths(lifted, points))


def _edge_lengths(edges: pd.DataFrame, points: pd.DataFrame) -> np.ndarray:
    places = points.set_index("region")[["lon", "lat"]]
    a = places.loc[edges["region"]].to_numpy()
    b = places.loc[edges["neighbor"]].to_numpy()
    return haversine_km(a[:, 0], a[:, 1], b[:, 0], b[:, 1])
