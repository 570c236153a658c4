import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mktanalysis.errors import MktError, TableError
from mktanalysis.regions import RegionTree


def random_tree(seed: int, size: int) -> pd.DataFrame:
    """A ragged tree: each region hangs below an earlier one at a higher level, in shuffled rows."""
    rng = np.random.default_rng(seed)
    rows, depth = [("r0", None)], [0]
    for i in range(1, size):
        parent = int(rng.choice([j for j in range(i) if depth[j] < 4]))
        rows.append((f"r{i}", f"r{parent}"))
        depth.append(depth[parent] + 1)
    table = pd.DataFrame(rows, columns=["region", "parent"])
    table = table.assign(name=table["region"].str.upper(), level=[f"L{d}" for d in depth])
    return table.sample(frac=1, random_state=seed)


def test_levels_are_inferred_and_rows_sorted(china_table):
    tree = RegionTree.from_table(china_table.sample(frac=1, random_state=3))
    assert tree.levels == ("nation", "province", "prefecture", "county")
    assert tree.root == "100000"
    assert tree.table.equals(RegionTree.from_table(china_table).table)
    assert len(tree) == len(china_table) and "320583" in tree and "x" not in tree


def test_relations(china):
    assert list(china.children("320000")) == ["320100", "320300", "320500"]
    assert china.parents("province", ["320583", "320000", "100000"]).isna().tolist() == [False, False, True]
    assert china.parents("province", ["320583"]).tolist() == ["320000"]
    assert list(china.path("320583")) == ["全国", "江苏省", "苏州市", "昆山市"]
    assert china.paths(["320583", "100000"]).tolist() == ["江苏省/苏州市/昆山市", "全国"]
    assert set(china.leaves) == set(china.regions) - set(china.table["parent"].dropna())
    assert china.level_of(["460000"]).tolist() == ["province"]


def test_a_tree_cannot_be_changed(china):
    before = china.table
    table = china.table
    table["name"] = "x"
    table.loc[0, "region"] = "y"
    assert china.table.equals(before)
    with pytest.raises(ValueError, match="read-only"):
        china.positions().parent[0] = 5


def test_a_tree_survives_pickling_and_cutting(china):
    import pickle

    copy = pickle.loads(pickle.dumps(china))
    assert copy.table.equals(china.table) and copy.levels == china.levels
    assert copy.aliases.equals(china.aliases)
    cut = china.down_to("prefecture")
    assert cut.levels == ("nation", "province", "prefecture")
    assert set(cut.regions) == set(china.regions) - set(china.level("county"))
    with pytest.raises(TableError) as caught:
        china.locate(["x", "320100", "y"])
    assert caught.value.problems["value"].tolist() == ["x", "y"]


def test_input_is_not_changed(china_table):
    before = china_table.copy()
    RegionTree.from_table(china_table).subtree("320000")
    pd.testing.assert_frame_equal(china_table, before)


@given(seed=st.integers(0, 10_000), size=st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_ancestors_and_subtrees_equal_a_walk(seed, size):
    table = random_tree(seed, size)
    tree = RegionTree.from_table(table)
    parent = dict(zip(table["region"], table["parent"], strict=True))
    level = dict(zip(table["region"], table["level"], strict=True))

    def line(region):
        while isinstance(region, str):
            yield region
            region = parent[region]

    for name in tree.levels:
        found = tree.parents(name)
        for region in table["region"]:
            up = [r for r in line(region) if level[r] == name]
            assert ([found[region]] if isinstance(found[region], str) else []) == up
    some = table["region"].iloc[0]
    inside = {r for r in table["region"] if some in line(r)}
    assert set(tree.subtree(some).regions) == inside
    assert set(tree.pruned([some]).regions) == set(line(some))
    at = tree.positions()
    assert (at.parent < np.arange(size)).all() and at.parent[0] == -1


@given(seed=st.integers(0, 10_000), size=st.integers(2, 40), how=st.sampled_from(["sum", "mean"]))
@settings(max_examples=40, deadline=None)
def test_rollup_equals_brute_force(seed, size, how):
    tree = RegionTree.from_table(random_tree(seed, size))
    rng = np.random.default_rng(seed)
    low = tree.levels[-1]
    regions = tree.level(low)
    values = pd.Series(rng.normal(size=len(regions)), regions)
    values[rng.random(len(regions)) < 0.3] = np.nan
    weights = pd.Series(rng.uniform(0.1, 2, len(regions)), regions)
    before = values.copy()
    target = tree.levels[len(tree.levels) // 2]
    result = tree.rollup(values, target, how=how, weights=weights)
    home = tree.parents(target, regions)
    assert list(result.index) == list(tree.level(target))
    for region in tree.level(target):
        mine = [r for r in regions if home[r] == region]
        known = [r for r in mine if not np.isnan(values[r])]
        if known and how == "sum":
            expected = sum(values[r] for r in known)
        elif known:
            expected = sum(values[r] * weights[r] for r in known) / sum(weights[r] for r in known)
        else:
            expected = np.nan
        covered = sum(weights[r] for r in known) / sum(weights[r] for r in mine) if mine else 0.0
        assert result.loc[region, "value"] == pytest.approx(expected, nan_ok=True)
        assert result.loc[region, "covered_share"] == pytest.approx(covered)
    pd.testing.assert_series_equal(values, before)


def test_coverage_counts_leaves(china):
    result = china.rollup(pd.Series({"320100": 1.0, "320300": np.nan}), "province")
    assert result.loc["320000"].tolist() == [1.0, pytest.approx(1 / 3)]
    assert np.isnan(result.loc["110000", "value"]) and result.loc["110000", "covered_share"] == 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"320100": 1.0, "320000": 2.0}, "混有"),
        ({"320100": 1.0, "999": 2.0}, "不在地区树中"),
        ({"320100": "many"}, "不是数字"),
    ],
)
def test_rollup_refuses(china, values, message):
    with pytest.raises(TableError, match=message):
        china.rollup(pd.Series(values), "nation")


def test_rollup_refuses_more(china):
    with pytest.raises(TableError, match="多次"):
        china.rollup(pd.Series([1.0, 2.0], ["320100", "320100"]), "nation")
    with pytest.raises(TableError, match="不能为负"):
        china.rollup(pd.Series({"320100": 1.0}), "nation", how="mean", weights=pd.Series({"320100": -1.0}))
    with pytest.raises(MktError, match="更低"):
        china.rollup(pd.Series({"320000": 1.0}), "county")
    with pytest.raises(MktError, match="how"):
        china.rollup(pd.Series({"320000": 1.0}), "nation", how="max")
    with pytest.raises(MktError, match="没有层级"):
        china.level("township")


def test_every_problem_of_a_table_at_once():
    table = pd.DataFrame(
        {
            "region": ["a", "b", "c", "d", "d", "e"],
            "name": list("ABCDDE"),
            "level": ["1", "1", "1", "1", "2", "2"],
            "parent": ["b", "a", None, None, "zz", "c"],
        }
    )
    with pytest.raises(TableError) as caught:
        RegionTree.from_table(table, levels=["2", "1"])
    problems = caught.value.problems
    found = {
        (row, text.split("（")[0]) for row, text in zip(problems["row"], problems["problem"], strict=True)
    }
    assert (4, "代码重复") in found and (4, "上级代码不在表中") in found
    assert {(0, "上级关系成环，到不了根"), (1, "上级关系成环，到不了根")} <= found
    assert {row for row, text in found if text.startswith("没有上级的地区")} == {2, 3}
    assert (5, "上级的层级应高于本级") in found  # by the levels given "2" stands above "1"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"region": [1, 2]}, "应为文本"),
        ({"name": ["x", " "]}, "不能为空"),
        ({"level": ["n", None]}, "不能为空"),
        ({"parent": ["a", "b"]}, "成环"),
        ({"level": ["n", "n"]}, "排不出次序"),
    ],
)
def test_bad_tables(change, message):
    table = pd.DataFrame(
        {"region": ["a", "b"], "name": ["A", "B"], "level": ["n", "p"], "parent": [None, "a"]}
    )
    with pytest.raises(TableError, match=message):
        RegionTree.from_table(table.assign(**change))
    with pytest.raises(TableError, match="缺少这一列"):
        RegionTree.from_table(table.drop(columns="level"))
    with pytest.raises(TableError, match="没有任何行"):
        RegionTree.from_table(table.iloc[:0])


def test_schemes_swap_and_insert(china):
    provinces = china.level("province")
    scheme = pd.Series(["北" if code < "3" else "南" for code in provinces], provinces)
    scheme["460000"] = None
    tree = china.with_scheme(scheme)
    assert tree.levels == ("nation", "macro_region", "province", "prefecture", "county")
    assert tree.parents("macro_region", ["320583", "110105"]).tolist() == ["南", "北"]
    assert list(tree.path("460000").index) == ["100000", "460000"]
    other = tree.with_scheme(pd.Series("全部", provinces))
    assert list(other.level("macro_region")) == ["全部"] and len(other) == len(china) + 1
    parts = pd.Series({code: "其他" + code[:2] for code in china.level("prefecture")})
    parts[["320100", "320500"]] = "苏南"
    inside = china.with_scheme(parts, "zone")
    assert inside.levels.index("zone") == 2
    assert list(inside.children("苏南")) == ["320100", "320500"]
    assert inside.aliases.equals(china.aliases)


def test_schemes_refuse(china):
    provinces, prefectures = china.level("province"), china.level("prefecture")
    with pytest.raises(TableError, match="没有给这个地区分组"):
        china.with_scheme(pd.Series("x", provinces[1:]))
    with pytest.raises(MktError, match="跨越"):
        china.with_scheme(pd.Series("x", prefectures))
    with pytest.raises(MktError, match="相同"):
        china.with_scheme(pd.Series("320100", provinces))
    with pytest.raises(MktError, match="同一层级"):
        china.with_scheme(pd.Series("x", china.regions))


def test_forty_five_thousand_regions():
    codes = [f"{p:02d}{c:02d}{k:03d}" for p in range(30) for c in range(12) for k in range(124)]
    frame = pd.DataFrame({"region": codes, "level": "c", "parent": [code[:4] for code in codes]})
    upper = [(f"{p:02d}{c:02d}", "b", f"{p:02d}") for p in range(30) for c in range(12)]
    upper += [(f"{p:02d}", "a", "0") for p in range(30)] + [("0", "n", None)]
    frame = pd.concat([frame, pd.DataFrame(upper, columns=["region", "level", "parent"])])
    tree = RegionTree.from_table(frame.assign(name=frame["region"]))
    assert tree.rollup(pd.Series(1.0, tree.leaves), "n")["value"].iloc[0] == len(codes)
