"""Titles of charts: planted tables in, true and short findings out."""

from types import SimpleNamespace

import pandas as pd
import pytest

from mktanalysis import stories
from mktanalysis.stories import titles

NAMES = pd.Series({"r": "全国", "a": "华东", "b": "华中", "c": "西北"})
YEARS = pd.PeriodIndex(["2021", "2022", "2023"], freq="Y")


def short(claim):
    """The title's text, after a look at its length: a Latin character counts half."""
    text = str(claim)
    assert sum(0.55 if ord(c) < 0x2000 else 1 for c in text) <= titles.MOST, text
    return text


def test_a_fan_says_growth_and_where_the_increment_is():
    outlook = pd.DataFrame(
        {"increment": [60.0, 45.0, 15.0], "growth": [0.034, 0.05, 0.01]}, index=["r", "a", "b"]
    )
    assert (
        short(titles.fans(outlook, NAMES, measure="gdp")) == "地区生产总值：全国年均 +3.4%，增量的 75% 在华东"
    )
    alone = short(titles.fans(outlook.head(1), NAMES, measure="gdp"))
    shrinks = short(titles.fans(outlook.assign(increment=-1.0, growth=-0.02), NAMES, measure="gdp"))
    assert "增量" not in alone + shrinks and "-2.0%" in shrinks


def test_a_past_fan_counts_what_fell_into_it():
    ahead = pd.DataFrame({"region": ["r"] * 3 + ["a"] * 3, "period": [*YEARS, *YEARS], "mean": 10.0,
                          "lower": 9.0, "upper": 11.0})  # fmt: skip
    came = ahead[["region", "period"]].assign(value=[10.0, 8.0, 9.5, 10.0, 11.0, None], lower=0.0, upper=99.0)
    text = short(titles.past_fans(ahead, came, NAMES, first="r"))
    assert text == "站在 2020 年的预测：后来公布的 5 个数有 4 个落在扇形里，全国 3 个中 2 个"
    assert "没有" in short(titles.past_fans(ahead, came.assign(value=None), NAMES, first="r"))


def test_arrivals_name_the_one_that_is_furthest_off():
    change = pd.Series({"r": 0.016, "a": -0.08, "b": 0.05})
    assert "3 个地区中 2 个高于" in short(titles.arrivals(change, NAMES, period=YEARS[-1]))
    assert str(titles.arrivals(change, NAMES, period=YEARS[-1])).endswith("华东 -8.0%")
    assert "没有可以对照" in short(titles.arrivals(change * float("nan"), NAMES, period=2023))


def test_increments_tell_the_share_of_the_first():
    gains = pd.Series({"a": 60.0, "b": 30.0, "c": 10.0, "r": float("nan")})
    assert short(titles.increments(gains, NAMES, year=2029, measure="gdp")) == (
        "到 2029 年的增量：3 个市中前 1 个占 60%，最多的是华东"
    )
    assert "没有增量" in short(titles.increments(-gains, NAMES, year=2029, measure="gdp"))


def test_seasons_name_all_months_that_are_as_high():
    index = pd.Series(dict.fromkeys(range(1, 13), 1.0) | {10: 1.09, 12: 1.091, 4: 0.9})
    assert short(titles.seasons(index)) == "旺季在 10、12 月（高 9%），淡季在 4 月（低 10%）"


def test_market_size():
    levels = pd.DataFrame({"status": ["identified", "passed", "refused", "refused"]})
    assert (
        short(titles.curves(levels, "普及率"))
        == "普及率：4 个地区中 1 个看得出饱和水平，1 个已在其上，2 个看不出"
    )
    sizes = pd.Series({"a": 5.0, "b": 3.0, "c": 2.0})
    assert "最大的 1 个占 50%，华东居首" in short(titles.counties(sizes, NAMES, place="某省", measure="gdp"))
    groups = pd.Series({"a": "甲省", "b": "甲省", "c": "乙省"})
    assert short(titles.potential(sizes, NAMES, groups)) == "四周市场最大的是华东；前 3 名有 2 个在甲省"


def test_data():
    coverage = pd.DataFrame({"indicator": "gdp", "year": [2001, 2002, 2003], "status": "observed",
                             "share": [0.5, 0.85, 0.9]})  # fmt: skip
    assert "2003 年地区生产总值占 90%，2002 年起" in short(titles.published(coverage, "gdp", 2003))
    assert "没有一年到八成" in short(titles.published(coverage.head(1), "gdp", 2001))
    table = pd.DataFrame({"indicator": "gdp", "period": YEARS[:2]})
    assert short(titles.breaks(table, "gdp")).startswith("地区生产总值：2021、2022 年改了口径")
    assert "没有登记" in short(titles.breaks(table, "retail_sales"))


def test_territories():
    table = pd.DataFrame({"territory": ["甲", "乙"], "load": [1.07, 0.93], "holds": [True, True]})
    figures = {"worst_deviation": 0.07, "cost": 30.2, "proven": True}
    assert "最多偏 7.0%，平均离驻地 30 公里，已证明最优" in short(
        titles.map_of_territories(table, figures, place="某省")
    )
    assert "证明" not in str(titles.map_of_territories(table, figures | {"proven": False}, place="某省"))
    assert "都在 ±10% 之内，最重的甲是均值的 1.07 倍" in short(titles.loads(table, tolerance=0.1))
    assert "1 个片区超出 ±5%" in short(titles.loads(table.assign(holds=[False, True]), tolerance=0.05))
    path = pd.DataFrame({"worst_deviation": [0.13, 0.1, 0.09], "moved_share": [0.0, 0.02, 0.2],
                         "free": [False, False, True]})  # fmt: skip
    assert short(titles.frontier(path)) == "换手 2.0%，最差偏离由 13.0% 到 10.0%；从头重划要换 20%"
    shares = pd.DataFrame({"any": [0.9, 0.5, 0.2, 0.0]})
    assert "一半以上市场的省 2 个，只够得着边缘的 1 个" in short(titles.centres(shares, radius=300.0))
    schemes = pd.DataFrame(
        {"scheme": ["七大区", "最优 7 个"], "deviation": [1.87, 0.09], "travel": [330.0, 317.0]}
    )
    assert short(titles.schemes(schemes)) == "最优 7 个偏离 9%，七大区 187%；平均距离 317 对 330 公里"


def test_tiers():
    assert "3 名：1 个紧挨分界线" in short(
        titles.ladder(pd.DataFrame({"stability": [0.5, 0.9, 1.0]}), year=2023)
    )
    differing = pd.DataFrame({"shift": [1, -1, 2]})
    against = SimpleNamespace(n_common=10, differing=differing)
    assert short(titles.confusion(against, "榜单")) == "与榜单对照：10 个中 7 个同级，1 个相差两级以上"
    against = SimpleNamespace(n_common=10, differing=differing.head(2))
    assert "其余都只差一级" in short(titles.confusion(against, "榜单"))
    ranks = pd.DataFrame({2003: [1, 2, 3], 2023: [1, 3, 2]}, index=["a", "b", "c"])
    text = short(titles.bump(ranks, NAMES, first=2))
    assert text == "2003—2023 年，前 2 名有 1 个没有换，上升最多的是西北（1 位）"
    odds = pd.DataFrame([[0.99, 0.01], [0.004, 0.996]], index=["一线", "二线"], columns=["一线", "二线"])
    assert "99.0% 到 99.6%" in short(titles.staying(odds))
    kinds = pd.Series(["重点开发", "培育", "重点开发", None])
    assert short(titles.market_types(kinds, "潜力")) == "潜力：重点开发 2 个、培育 1 个"
    tiers = pd.Series(pd.Categorical(["一线", "三线"], ["一线", "二线", "三线"]))
    assert "2 个县级单位中 1 个在全国的一线、二线" in short(titles.county_tiers(tiers, place="某省"))


@pytest.mark.parametrize(
    ("tier", "said"), [("二线", "达到一线均值的指标：产出"), ("一线", "已是最高一级"), ("三线", "没有一项")]
)
def test_a_profile_names_what_is_good_enough(tier, said):
    centers = pd.DataFrame(
        {"gdp": [2.0, 1.9, 0.0], "people": [3.0, 2.9, 0.0]}, index=["一线", "二线", "三线"]
    )
    own = pd.Series({"gdp": 2.5 if tier == "二线" else 1.0, "people": 0.5})
    labels = pd.Series({"gdp": "产出", "people": "人口"})
    assert said in str(titles.profile(own, centers, labels, tier=tier, stability=0.66))


def test_a_sales_year_opens_with_the_task_and_who_will_miss_it():
    names = pd.Series({"a": "甲市", "b": "乙市"})
    cities = pd.DataFrame({"region": ["a", "b"], "difficulty": [1.3, 0.9], "chance": [0.1, 0.8]})
    outlook = pd.DataFrame({"outlook_completion": [0.97]})
    paid = pd.DataFrame({"rebate": [1e6, 2e6], "cliff": [True, False]})
    size = SimpleNamespace(best=20, flat_low=18, flat_high=23)
    told = [
        stories.tasks(cities, 5e8, 0.08, place="某省", year=2027, names=names),
        stories.progress(outlook, pd.DataFrame({"region": ["a"]}), months_done=8, names=names),
        stories.rebates(paid, 5e5),
        stories.people(21.3, size, ["丙市"]),
    ]
    story = stories.sales_year(*told)
    assert "最难的是甲市" in story.judgement.text and story.actions[0] is told[1]
    assert [number.text() for number in story.numbers] == [
        "全年任务 5 亿元", "预计完成 97.0%（按今年至今的完成率外推）", "需要的人 21.3 人（按工作量）",
    ]  # fmt: skip
    assert story.risk.text == "按现在的进度，1 个市到年底完不成任务。最难的市，任务是预测值的 1.30 倍。"
