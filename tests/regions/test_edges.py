import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mktanalysis.errors import MktError, TableError
from mktanalysis.regions import (
    check_edges,
    components,
    contiguity,
    distance_km,
    haversine_km,
    hops,
    lift_edges,
)
from mktanalysis.synthetic import make_grid_market, make_market


def random_edges(seed: int, n: int) -> tuple[pd.DataFrame, list[str]]:
    rng = np.random.default_rng(seed)
    regions = [f"r{i}" for i in range(n)]
    pairs = [(a, b) for i, a in enumerate(regions) for b in regions[:i] if rng.random() < 1.5 / n]
    both = pairs + [(b, a) for a, b in pairs]
    return pd.DataFrame(both, columns=["region", "neighbor"], dtype="str"), regions


@given(seed=st.integers(0, 9999), n=st.integers(1, 12))
@settings(max_examples=40, deadline=None)
def test_hops_and_components_equal_a_flood(seed, n):
    edges, regions = random_edges(seed, n)
    near = {r: set(edges.loc[edges["region"] == r, "neighbor"]) for r in regions}
    steps, front = {"r0": 0}, ["r0"]
    while front:
        here = front.pop(0)
        for other in near[here] - set(steps):
            steps[other] = steps[here] + 1
            front.append(other)
    found = hops(edges, regions, "r0")
    assert {r: int(v) for r, v in found.dropna().items()} == steps
    parts = components(edges, regions)
    assert {r for r in regions if parts[r] == parts["r0"]} == set(steps)
    sizes = parts.value_counts().sort_index().tolist()
    assert sizes == sorted(sizes, reverse=True)
    again = components(edges.sample(frac=1, random_state=seed), regions[::-1])
    assert again.sort_index().equals(parts.sort_index())
    assert (contiguity(edges, regions).toarray() == contiguity(edges, regions).toarray().T).all()


def test_several_bases_and_unknown_base():
    market = make_grid_market(3, 3, random_state=0)
    corner, opposite = market.tree.leaves[0], market.tree.leaves[-1]
    assert hops(market.edges, market.tree.leaves, corner).max() == 4
    assert hops(market.edges, market.tree.leaves, [corner, opposite]).max() == 2
    with pytest.raises(MktError, match="根据地"):
        hops(market.edges, market.tree.leaves, "nowhere")


def test_broken_edge_tables():
    edges = make_grid_market(2, 2, random_state=0).edges
    assert check_edges(edges) is edges
    with pytest.raises(TableError, match="缺少反方向"):
        check_edges(edges.iloc[1:])
    with pytest.raises(TableError, match="与自己相邻"):
        check_edges(edges.assign(neighbor=edges["region"]).drop_duplicates(["region", "neighbor"]))
    with pytest.raises(TableError, match="两个方向的数不同"):
        check_edges(edges.assign(border_km=np.arange(len(edges), dtype=float)))
    with pytest.raises(TableError, match="不在所给地区中"):
        check_edges(edges, edges["region"].unique()[1:])
    with pytest.raises(TableError):
        check_edges(pd.concat([edges, edges], ignore_index=True))


def test_distances():
    assert haversine_km(0, 0, 180, 0) == pytest.approx(np.pi * 6371.0088)
    assert haversine_km(10, 20, 10, 20) == 0
    points = pd.DataFrame({"region": ["a", "b"], "lon": [0.0, 0.0], "lat": [0.0, 1.0]})
    table = distance_km(points, ["a", "b"], ["b"])
    assert table.loc["a", "b"] == pytest.approx(111.195, abs=0.01) and table.loc["b", "b"] == 0
    with pytest.raises(TableError, match="坐标"):
        distance_km(points, ["a"], ["c"])


def test_lifted_edges_join_what_their_parts_join():
    market = make_market(n_provinces=3, random_state=0)
    lifted = check_edges(lift_edges(market.edges, market.tree, "prefecture", points=market.points))
    home = market.tree.parents("prefecture")
    expected = {
        (home[a], home[b]) for a, b in zip(market.edges["region"], market.edges["neighbor"], strict=True)
    }
    assert set(zip(lifted["region"], lifted["neighbor"], strict=True)) == {
        p for p in expected if p[0] != p[1]
    }
    assert components(lifted, market.tree.level("prefecture")).max() == 0
