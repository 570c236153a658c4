"""Rule systems: the built-in files, three-valued logic, raising without lowering, faults with their line."""

import numpy as np
import pandas as pd
import pytest

from mktanalysis import RegionTree, TableError, load_regions, load_tier_list, tier_by_rules
from mktanalysis.china import rule_figures
from mktanalysis.errors import MktError, UnknownNameError
from mktanalysis.tiering import compare_assignments, explain_rules, list_rules, read_rules

RULES = """
name = "own"
title = "自定"
source = "测试"
levels = ["prefecture"]
tiers = ["甲", "乙", "丙"]
default = "丙"
never_lower = true

[thresholds."门槛"]
2010 = 100
2020 = 200

[[rule]]
tier = "甲"
all = [
  "gdp >= @门槛",
  "people > 1万",
]

[[rule]]
tier = "乙"
any = ["gdp >= 0.5万", "people >= 5000"]
"""


@pytest.fixture
def tree():
    return RegionTree.from_table(
        pd.DataFrame(
            {
                "region": ["CN", *"abcde"],
                "name": ["全国", "甲市", "乙市", "丙市", "丁市", "戊市"],
                "level": ["nation", *["prefecture"] * 5],
                "parent": [None, *["CN"] * 5],
            }
        )
    )


@pytest.fixture
def figures():
    return pd.DataFrame(
        {"gdp": [250.0, 150, 10, np.nan, np.nan], "people": [2e4, 2e4, 6e3, 2e4, 1.0]}, index=list("abcde")
    )


def write(tmp_path, text):
    path = tmp_path / "own.toml"
    path.write_text(text, "utf-8")
    return path


def test_conditions_thresholds_by_year_and_default(tmp_path, tree, figures):
    path = write(tmp_path, RULES)
    assert tier_by_rules(figures, path, tree, year=2020).iloc[:3].tolist() == ["甲", "乙", "乙"]
    assert tier_by_rules(figures, path, tree, year=2015).iloc[:3].tolist() == ["甲", "甲", "乙"]
    with pytest.raises(MktError, match="最早为 2010"):
        tier_by_rules(figures, path, tree, year=2005)
    with pytest.raises(MktError, match="year="):
        tier_by_rules(figures, path, tree)


def test_a_missing_figure_never_lowers_silently(tmp_path, tree, figures):
    table = explain_rules(figures, write(tmp_path, RULES), tree, year=2020)
    # d: gdp decides between 甲 and 乙; e: too few people for 甲, but gdp could make it 乙
    assert table["tier"].isna().tolist() == [False, False, False, True, True]
    assert table.loc["d", "decided_by"].startswith("数据不足，无法判断是否为甲：缺 GDP")
    assert table.loc["e", "next_tier"] == "乙"


def test_what_decided_and_what_lacks(tmp_path, tree, figures):
    table = explain_rules(figures, write(tmp_path, RULES), tree, year=2020)
    assert table.loc["a", "decided_by"] == "GDP 250（≥200）；people 2万（>1万）"
    assert (table.loc["b", "next_tier"], table.loc["b", "to_next"]) == ("甲", "GDP 150（≥200）")


def test_may_be_raised_not_lowered(tmp_path, tree, figures):
    before = pd.Series({"a": "乙", "b": "甲", "c": "丙"})
    path = write(tmp_path, RULES)
    table = explain_rules(figures, path, tree, year=2020, previous=before)
    assert table["tier"].iloc[:3].tolist() == ["甲", "甲", "乙"]
    assert "可上不可下" in table.loc["b", "decided_by"]
    with pytest.raises(MktError, match="previous"):
        tier_by_rules(figures, path, tree, year=2020, previous=pd.Series({"a": "头等"}))
    loose = write(tmp_path, RULES.replace("never_lower = true", "never_lower = false"))
    assert tier_by_rules(figures, loose, tree, year=2020, previous=before)["b"] == "乙"


def test_subgrades_by_rank(tmp_path, tree):
    text = RULES + '\n[subgrades]\nby = "people"\nlabels = ["A", "B"]\nshares = [0.4, 0.6]\n'
    figures = pd.DataFrame({"gdp": 500.0, "people": [5e4, 4e4, 3e4, 2e4, 1.5e4]}, index=list("abcde"))
    table = explain_rules(figures, write(tmp_path, text), tree, year=2020)
    assert table["tier"].eq("甲").all() and table["grade"].tolist() == ["A", "A", "B", "B", "B"]


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('"gdp >= @门槛"', '"gdp => @门槛"', 17, "看不懂"),
        ('"gdp >= @门槛"', '"gdp >= @坎"', 17, "没有定义门槛 @坎"),
        ('"people > 1万"', '"people > 一万"', 18, "数值"),
        ('"people > 1万"', '"rank in 首府"', 18, "行政级别"),
        ('tier = "乙"\nany', 'tier = "丁"\nany', 22, "不在 tiers"),
        ('tier = "乙"\nany', 'teir = "乙"\nany', 22, "teir：没有这一项"),
        ('default = "丙"', 'default = "丁"', 7, "default"),
        ("never_lower = true", "never_lower = 1", 8, "never_lower"),
        ("2010 = 100", "early = 100", 10, "按年份"),
        ('any = ["gdp >= 0.5万", "people >= 5000"]', "", 21, "没有任何条件"),
        ('source = "测试"\n', "", None, "source：缺少这一项"),
        ("tiers = [", "tiers = [[", 7, "TOML"),
    ],
)
def test_a_fault_names_its_line(tmp_path, old, new, line, words):
    path = write(tmp_path, RULES.replace(old, new, 1))
    with pytest.raises(TableError, match=words) as caught:
        read_rules(path)
    rows = caught.value.problems["row"].tolist()
    assert line is None or line in rows
    assert (caught.value.problems["file"] == "own.toml").all()


def test_every_fault_of_a_file_at_once(tmp_path):
    text = RULES.replace("gdp >= @门槛", "gdp ? 1").replace("people >= 5000", "people >= x")
    with pytest.raises(TableError) as caught:
        read_rules(write(tmp_path, text))
    assert caught.value.problems["row"].tolist() == [17, 23]


def test_missing_indicator_file_name_and_rank_columns(tmp_path, tree, figures):
    with pytest.raises(MktError, match="people"):
        tier_by_rules(figures[["gdp"]], write(tmp_path, RULES), tree, year=2020)
    with pytest.raises(MktError, match="没有这个规则文件"):
        read_rules(tmp_path / "nowhere.toml")
    with pytest.raises(MktError, match="内置规则有"):
        read_rules("T9")
    with pytest.raises(UnknownNameError):
        named = RULES.replace('any = ["gdp >= 0.5万", "people >= 5000"]', 'names = ["无名市"]')
        tier_by_rules(figures, write(tmp_path, named), tree, year=2020)
    ranked = RULES.replace('"people > 1万"', '"rank in 省会"')
    with pytest.raises(MktError, match="行政级别"):
        tier_by_rules(figures, write(tmp_path, ranked), tree, year=2020)


def test_built_in_systems_are_sound():
    systems = list_rules()
    assert set(systems.index) == {"T1", "T2", "T3", "T4", "T5", "urban_size"}
    assert systems["source"].str.len().min() > 5


@pytest.mark.parametrize(("rules", "listed"), [("T1", "2014"), ("T2", "property")])
def test_lists_as_rules_equal_the_lists_as_data(rules, listed):
    figures, tree = rule_figures(2020), load_regions()
    tiers, data = tier_by_rules(figures, rules, tree), load_tier_list(listed)
    named = tiers[tiers.cat.codes.between(0, len(tiers.cat.categories) - 2)]
    listed_names = data[data.cat.codes < len(data.cat.categories) - 1]
    assert set(named.index) == set(listed_names.index)
    assert (named.cat.codes[listed_names.index] == listed_names.cat.codes).all()


def test_mixed_lists_grade_counties_too():
    tiers = tier_by_rules(rule_figures(2020), "T1", load_regions())
    assert tiers[["320583", "330782", "320281"]].tolist() == ["三线"] * 3
    assert pd.isna(tiers["320106"])  # a district is no city of its own


def test_thresholds_of_known_cities():
    table = explain_rules(rule_figures(2020), "T3", load_regions(), year=2020)
    assert table.loc[["310100", "440100", "330100"], "tier"].tolist() == ["一线"] * 3
    assert table.loc[["440300", "330200", "370200"], "tier"].tolist() == ["二线"] * 3  # no capitals
    assert table.loc["320500", "tier"] == "三线" and table.loc["320500", "grade"] == "A"
    assert pd.isna(table.loc["532900", "tier"]) and "数据不足" in table.loc["532900", "decided_by"]


def test_official_size_classes_of_known_cities():
    tiers = tier_by_rules(rule_figures(2020), "urban_size", load_regions())
    assert tiers[["310100", "110100", "440300", "500100"]].tolist() == ["超大城市"] * 4
    assert tiers["420100"] in ("超大城市", "特大城市") and tiers["320583"] == "Ⅱ型大城市"
    agreement = compare_assignments(tiers.dropna(), load_tier_list("2021"))
    assert agreement.rank_correlation > 0.6
