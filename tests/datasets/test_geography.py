"""Neighbours and centre points."""

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

import mktanalysis as mkt
from mktanalysis.regions import haversine_km


@pytest.mark.parametrize("level", ["prefecture", "county"])
def test_every_region_is_reachable_from_every_other(level):
    edges, codes = mkt.load_edges(level), mkt.load_regions().level(level)
    a, b = codes.get_indexer(edges["region"]), codes.get_indexer(edges["neighbor"])
    assert (a >= 0).all() and (b >= 0).all()
    graph = coo_array((np.ones(len(a)), (a, b)), shape=(len(codes), len(codes)))
    assert connected_components(graph, directed=False)[0] == 1
    assert set(edges["region"]) == set(codes)


@pytest.mark.parametrize("level", ["prefecture", "county"])
def test_edges_are_symmetric_and_simple(level):
    edges = mkt.load_edges(level)
    there = edges.set_index(["region", "neighbor"]).sort_index()
    back = edges.set_index(["neighbor", "region"]).sort_index()
    assert np.array_equal(there.to_numpy(), back.to_numpy())
    assert there.index.is_unique and (edges["region"] != edges["neighbor"]).all()
    assert 4 < len(edges) / edges["region"].nunique() < 7  # a planar map: below six on average


def test_known_neighbours():
    edges = mkt.load_edges("prefecture")
    around = set(edges.loc[edges["region"] == "320500", "neighbor"])
    assert {"310100", "320200", "320600", "330400", "330500"} <= around
    by_hand = edges[edges["border_km"] == 0]
    assert {"330900", "460100", "460300"} <= set(by_hand["region"])
    counties = mkt.load_edges("county")
    assert "330211" in set(counties.loc[counties["region"] == "330902", "neighbor"])


@pytest.mark.parametrize("level", ["prefecture", "county"])
def test_distances_are_those_of_the_points(level):
    edges = mkt.load_edges(level)
    at = mkt.load_table("points").set_index("region")
    a, b = at.loc[edges["region"]], at.loc[edges["neighbor"]]
    expected = haversine_km(
        a["lon"].to_numpy(), a["lat"].to_numpy(), b["lon"].to_numpy(), b["lat"].to_numpy()
    )
    assert np.allclose(edges["distance_km"], expected, rtol=0.006, atol=0.06)  # sphere against ellipsoid


def test_every_region_has_a_point_inside_its_surroundings():
    tree = mkt.load_regions()
    at = mkt.load_table("points").set_index("region")
    for level in ("province", "prefecture", "county"):
        assert set(tree.level(level)) <= set(at.index)
    counties = at.loc[tree.level("county")]
    parents = tree.parents("province", counties.index)
    spread = counties.groupby(parents.to_numpy()).agg(["min", "max"])
    for province in tree.level("province"):
        lon, lat = at.loc[province]
        low, high = spread.loc[province, ("lon", "min")], spread.loc[province, ("lon", "max")]
        assert low <= lon <= high
        assert spread.loc[province, ("lat", "min")] <= lat <= spread.loc[province, ("lat", "max")]


def test_only_two_levels():
    with pytest.raises(mkt.MktError, match="prefecture"):
        mkt.load_edges("province")
