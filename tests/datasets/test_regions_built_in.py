"""China's regions now and then: known counts, dated trees, schemes, names, crosswalks."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.regions import translate

#: Prefecture-level units without municipalities at the end of the year (yearbook counts). In 2018 莱芜 is
#: still there: it was dissolved by a decision of 26 December 2018 that was carried out in January 2019.
PREFECTURES = {2000: 333, 2001: 332, 2002: 332, 2003: 333, 2010: 333, 2011: 332, 2012: 333, 2013: 333,
               2014: 333, 2015: 334, 2016: 334, 2017: 334, 2018: 334, 2019: 333, 2023: 333}  # fmt: skip
#: County-level units, yearbook counts.
COUNTIES = {2007: 2859, 2010: 2856, 2012: 2852, 2014: 2854, 2016: 2851, 2018: 2851, 2019: 2846, 2020: 2844,
            2021: 2843, 2023: 2844}  # fmt: skip


@pytest.fixture(scope="module")
def tree():
    return mkt.load_regions()


def _cities(table):
    return table[(table["level"] == "prefecture") & (table["kind"] != "direct")]


def test_known_counts(tree):
    assert len(tree.level("province")) == 31
    assert len(_cities(tree.table)) == 337
    assert len(tree.level("macro_region")) == 7
    assert tree.levels == ("nation", "macro_region", "province", "prefecture", "county")
    assert not {"710000", "810000", "820000"} & set(tree.regions)
    assert {"710000", "810000", "820000"} < set(mkt.load_table("regions")["region"])


def test_every_leaf_is_a_county_and_every_city_has_one(tree):
    assert set(tree.leaves) == set(tree.level("county"))
    assert list(tree.children("110000")) == ["110100"]
    assert list(tree.children("441900")) == ["441999"]
    assert "419001" in tree.children("419000")


@pytest.mark.parametrize("year", range(2000, 2027))
def test_a_tree_of_every_year(year):
    tree = mkt.load_regions(year=year, scheme=None)
    table = tree.table
    assert len(tree.level("province")) == 31
    assert set(tree.leaves) == set(tree.level("county"))
    if year in PREFECTURES:
        assert len(_cities(table)) - 4 == PREFECTURES[year]
    if year in COUNTIES:
        ordinary = (table["level"] == "county") & ~table["kind"].isin(["undivided", "other"])
        assert abs(ordinary.sum() - 4 - COUNTIES[year]) <= 7  # 4 districts of 大兴安岭 are not official


def test_facts_of_2010_and_the_years_around():
    before, at_2010, after = (mkt.load_regions(year=year) for year in (2009, 2010, 2012))
    assert before.names(["420600", "341400", "371200"]).tolist() == ["襄樊市", "巢湖市", "莱芜市"]
    assert at_2010.names(["420600"]).tolist() == ["襄阳市"]
    assert {"341400", "522400", "522200", "632100"} <= set(at_2010.regions)
    assert not {"341400", "522400"} & set(after.regions)
    assert {"520500", "460300", "320509"} <= set(after.regions)
    assert "341402" in at_2010.children("341400")
    assert mkt.load_regions(year=2018).parents("prefecture", ["371202"]).tolist() == ["371200"]
    assert mkt.load_regions(year=2019).parents("prefecture", ["370116"]).tolist() == ["370100"]
    assert mkt.load_regions(year=2006).names(["530800"]).tolist() == ["思茅市"]


def test_year_out_of_range():
    for year in (1999, 2027, "2010"):
        with pytest.raises(mkt.MktError, match="2000"):
            mkt.load_regions(year=year)
    assert mkt.load_regions(year=np.int64(2010)) is mkt.load_regions(year=2010)


@pytest.mark.parametrize(
    ("scheme", "n"), [("seven", 7), ("eight", 7), ("six", 6), ("company", 8), ("four_blocks", 4)]
)
def test_schemes_of_provinces_make_trees(scheme, n):
    tree = mkt.load_regions(scheme=scheme)
    assert len(tree.level("macro_region")) == n
    assert set(mkt.load_scheme(scheme).index) == set(tree.level("province"))


def test_schemes_as_published():
    company = mkt.load_scheme("company")
    assert company["370000"] == "总部直辖" and company["130000"] == "华北" and company["420000"] == "华中"
    assert mkt.load_scheme("eight")["360000"] == "华中" and mkt.load_scheme("seven")["360000"] == "华东"
    parts = mkt.load_scheme("jiangsu_parts")
    assert parts.value_counts().to_dict() == {"苏南": 5, "苏中": 3, "苏北": 5}
    plates = mkt.load_table("schemes").query("scheme == 'nine_plates'")
    cores = plates[plates["is_core"]].set_index("label")["region"].to_dict()
    expected = {"东北": "210100", "环渤海": "110100", "中原": "610100", "长江中游": "420100",
                "珠三角": "440100",
                "长三角": "310100", "西南": "510100", "西北": "650100", "东南": "710000"}  # fmt: skip
    assert cores == expected


@pytest.mark.parametrize("scheme", ["nine_plates", "jiangsu_parts"])
def test_a_scheme_of_cities_is_no_level_of_the_tree(scheme):
    with pytest.raises(mkt.MktError, match="load_scheme"):
        mkt.load_regions(scheme=scheme)


def test_plates_hold_all_printed_cities():
    plates = mkt.load_table("schemes").query("scheme == 'nine_plates'").groupby("label")["region"].agg(set)
    assert plates["西北"] == {"620100", "650100", "640100", "630100"}
    assert plates.map(len).sum() == 49  # 50 names, 台北 and 高雄 are one


def test_a_code_that_was_used_again_is_another_unit(tree):
    before = mkt.load_regions(year=2010)
    assert before.names(["500110", "500222"]).tolist() == ["万盛区", "綦江县"]
    assert before.names(["370284", "230705"]).tolist() == ["胶南市", "西林区"]
    with pytest.raises(mkt.UnknownNameError):
        mkt.resolve_names(["万盛区"], tree)


@pytest.mark.parametrize("year", [2000, 2001, 2005, 2010, 2013, 2019])
def test_a_unit_and_its_successor_never_stand_side_by_side(year):
    counties = mkt.load_regions(year=year, scheme=None).table.query("level == 'county'")
    pairs = counties[counties.duplicated(["parent", "short_name"], keep=False)]
    # neighbours that do bear one name: a city or district and the county around it
    assert set(pairs["short_name"]) <= {"临夏", "和田", "伊宁", "宣化"}


def test_kinds_go_by_the_unit_not_by_the_letters(tree):
    kind = tree.table.set_index("region")["kind"]
    assert kind[["610103", "231202", "429021"]].tolist() == ["district", "district", "forest_district"]


def test_unknown_scheme():
    with pytest.raises(mkt.MktError, match="four_blocks"):
        mkt.load_scheme("ten")


@pytest.mark.parametrize(
    ("name", "code"),
    [("襄樊", "420600"), ("萧山", "330109"), ("萧山市", "330109"), ("吴江市", "320509"), ("盐都县", "320903"),
     ("毕节地区", "520500"), ("番禺市", "440113"), ("融水", "450225"), ("昆山", "320583"),
     ("潞西", "533103"), ("琼山市", "460107"), ("中甸县", "533401")],
)  # fmt: skip
def test_former_and_short_names_are_found(tree, name, code):
    assert mkt.resolve_names([name], tree).tolist() == [code]


def test_divided_units_are_found_in_their_years_only(tree):
    with pytest.raises(mkt.UnknownNameError):
        mkt.resolve_names(["莱芜市"], tree)
    assert mkt.resolve_names(["莱芜市"], mkt.load_regions(year=2015)).tolist() == ["371200"]


def test_tier_lists(tree):
    retail = mkt.load_tier_list("2014")
    assert list(retail.cat.categories) == ["特级城市", "一线城市", "二线城市", "三线城市", "四线城市"]
    assert retail.cat.ordered
    assert (retail == "特级城市").sum() == 4 and (retail == "一线城市").sum() == 18
    assert retail[["420600", "320583", "330109", "110100"]].tolist() == ["三线城市"] * 3 + ["特级城市"]
    yicai = mkt.load_tier_list("2021")
    assert yicai.value_counts().sort_index().tolist() == [4, 15, 30, 70, 90, 128]
    sub_grades = mkt.load_tier_list("property").cat.categories
    assert list(sub_grades[:4]) == ["一线强", "一线", "准一线", "二线强"] and len(sub_grades) == 11
    cities = set(_cities(tree.table)["region"])
    newest = mkt.load_tier_list("2025")
    assert newest.value_counts().sort_index().tolist() == [4, 15, 30, 70, 90, 128]
    moved = newest.cat.codes - yicai.reindex(newest.index).cat.codes
    assert (moved != 0).sum() == 46 and moved.abs().max() == 1
    for name in ("2014", "2021", "2025", "property"):
        tiers = mkt.load_tier_list(name)
        assert set(tiers.index) <= set(tree.regions) and cities <= set(tiers.index)
        assert tiers.notna().all() and tiers.index.is_unique
    with pytest.raises(mkt.MktError, match="yicai_2021"):
        mkt.load_tier_list("2019")


def test_every_printed_name_is_resolved_or_listed():
    printed = mkt.load_table("tier_lists").dropna(subset="name_in_list")
    counts = printed.groupby("list").size()
    assert counts.to_dict() == {"property": 149, "retail_2014": 124, "yicai_2021": 337, "yicai_2025": 337}
    unresolved = mkt.load_table("tier_list_unresolved")
    assert (unresolved["reason"].str.len() > 10).all() and len(unresolved) == 1


def test_shares_add_up_on_both_sides():
    changes = mkt.load_table("changes")
    assert np.allclose(changes.groupby(["year", "old"])["share"].sum(), 1)
    assert np.allclose(changes.groupby(["year", "new"])["back_share"].sum(), 1)


@pytest.mark.parametrize(
    ("start", "end"), [(2000, 2026), (2010, 2020), (2018, 2019), (2020, 2010), (2026, 2000)]
)
@pytest.mark.parametrize("level", ["prefecture", "county"])
def test_crosswalk_leads_from_one_tree_to_the_other(start, end, level):
    old, new = (set(mkt.load_regions(year=year, scheme=None).level(level)) for year in (start, end))
    walk = mkt.datasets.load_crosswalk(start, end)
    part = walk[walk["old"].isin(old)]
    assert np.allclose(part.groupby("old")["share"].sum(), 1)
    assert set(part["new"]) <= new
    vanished = old - new - set(part["old"]) - {"460300", "460399"}  # 三沙 has no predecessor
    assert not vanished, f"no successor: {sorted(vanished)}"


def test_crosswalk_facts():
    walk = mkt.datasets.load_crosswalk(2010, 2020).set_index(["old", "new"])["share"]
    assert walk["522400", "520500"] == 1 and walk["371200", "370100"] == 1
    assert sorted(walk["341400"].index) == ["340100", "340200", "340500"]
    assert 0.12 < walk["341500", "340400"] < 0.2  # 寿县 left 六安 with about a sixth of the people
    assert mkt.datasets.load_crosswalk(2015, 2015).empty
    people = translate(pd.Series({"341400": 1000.0, "340100": 1.0}), mkt.datasets.load_crosswalk(2010, 2011))
    assert people.sum() == pytest.approx(1001.0)
    with pytest.raises(mkt.MktError, match="2026"):
        mkt.datasets.load_crosswalk(1998, 2020)
