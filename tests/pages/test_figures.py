"""Figures that stand in the finished reports, computed again from the built-in tables by pandas alone.

Nothing of the package is used but the files of ``data/``: what is compared is what a reader would get with a
spreadsheet.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.slow

DATA = Path(__file__).parents[2] / "data"
#: Fewer comparisons than this are no check of a set of reports.
LEAST = 40
#: The newest year whose figures are published for all cities.
YEAR = 2023


def read(name):
    return pd.read_csv(DATA / f"{name}.csv", dtype={"region": str, "parent": str})


@pytest.fixture(scope="module")
def tables():
    """Regions of today, published figures of cities, people of 2020 by county, macro-regions by province."""
    regions = read("regions")
    today = regions[regions["valid_to"].isna() & regions["in_tree"].astype(str).str.lower().eq("true")]
    counties = read("county_indicators").query("indicator == 'resident_population' and period == 2020")
    schemes = read("schemes").query("scheme == 'seven'").set_index("region")["label"]
    return {
        "all": regions,
        "today": today.set_index("region"),
        "cities": read("city_indicators"),
        "people": counties.set_index("region")["value"],
        "macro": schemes,
    }


def published(tables, indicator, year):
    """A city's published figure of a year, index region."""
    cities = tables["cities"]
    mine = cities[(cities["indicator"] == indicator) & (cities["period"] == year)]
    return mine.dropna(subset=["value"]).set_index("region")["value"]


def province(codes):
    return pd.Index(codes).str[:2] + "0000"


def city_of(tables, counties):
    """The prefecture above a county, by the table of regions."""
    return tables["today"]["parent"].reindex(counties).set_axis(counties)


def compared(pairs):
    """Names of what differs by more than rounding; all pairs are figures in base units."""
    wrong = [f"{name}: {shown} / {again}" for name, shown, again in pairs
             if not np.isclose(float(shown), float(again), rtol=1e-6, atol=1e-9)]  # fmt: skip
    assert not wrong, wrong
    return len(pairs)


def macro_sums(tables, figures):
    return figures.groupby(province(figures.index).map(tables["macro"])).sum()


def data_pairs(tables, made):
    """Report 01: absent cities, shares of cities with a figure, people covered, sums of macro-regions."""
    report = made.reports["01_regions_and_data"]
    today = tables["today"]
    ranked = today[(today["level"] == "prefecture") & (today["kind"] != "direct")].index
    retail = published(tables, "retail_sales", YEAR)
    seen = retail.index.intersection(ranked)
    pairs = [("01 缺数", report.figures["absent_cities"]["value"], len(ranked) - len(seen))]
    pairs.append(("01 公布值", report.figures["observed_share"]["value"], 100 * len(seen) / len(ranked)))
    of_city = city_of(tables, tables["people"].index)
    inside = of_city.isin(retail.index)
    share = tables["people"][inside].sum() / tables["people"].sum()
    pairs.append(("01 人口", report.figures["covered"]["value"], 100 * share))
    totals = report.table("totals").set_index("地区")
    for name, value in macro_sums(tables, retail).items():
        pairs.append((f"01 {name}", totals.loc[name].iloc[1], value))
    above = province(of_city.index).map(tables["macro"])
    covers = tables["people"][inside].groupby(above[inside]).sum() / tables["people"].groupby(above).sum()
    pairs += [(f"01 {name} 覆盖", totals.loc[name].iloc[2], value) for name, value in covers.items()]
    absent = report.table("absent")
    assert set(absent["地区代码"]) == set(ranked) - set(seen)
    return pairs


def tier_pairs(tables, made):
    """Report 02: agreement with the published list of 2025, from the published tiers of every city."""
    report = made.reports["02_city_tiers"]
    lists = (
        read("tier_lists").query("list == 'yicai_2025' and level == 'prefecture'").set_index("region")["tier"]
    )
    differing = report.table("differing").set_index("地区代码")
    own = report.table("tiers").set_index("地区代码")["级别"]
    both = own.index.intersection(lists.index)
    other = [code for code in both if own[code] != lists[code]]
    pairs = [("02 级别不同", len(differing), len(other))]
    order = ["一线", "新一线", "二线", "三线", "四线", "五线"]
    step = [order.index(own[code]) - order.index(lists[code]) for code in differing.index]
    pairs += [("02 高几级之和", differing["榜单高几级"].sum(), sum(step))]
    cities = tables["cities"]
    figures = cities[cities["indicator"].isin(["gdp", "retail_sales"])]
    year = figures[figures["period"].between(YEAR - 2, YEAR)].dropna(subset=["value"])
    both_known = year.groupby("region")["indicator"].nunique() == 2
    whole = [code for code in both if both_known.get(code, False)]
    same = np.mean([own[code] == lists[code] for code in whole])
    pairs += [("02 同级", report.figures["agreement"]["value"], 100 * same)]
    pairs += [(f"02 {tier}", (own == tier).sum(), count) for tier, count in own.value_counts().items()]
    return pairs


def forecast_pairs(tables, made):
    """Report 03: published sums of 2023, increments since 2020, growth and increments of its own columns."""
    report = made.reports["03_capacity_forecast"]
    rows = report.table("forecast").set_index("地区")
    retail = published(tables, "retail_sales", YEAR)
    sums = macro_sums(tables, retail)
    sums["全国"] = retail.sum()
    pairs = [(f"03 {name} 公布", rows.loc[name, "最近公布值"], value) for name, value in sums.items()]
    last = max(column for column in rows if str(column).isdigit())
    for name, row in rows.iterrows():
        pairs.append((f"03 {name} 增量", row["增量"], row[last] - row["现在"]))
        pairs.append((f"03 {name} 增长", row["年增长率"], (row[last] / row["现在"]) ** (1 / 3) - 1))
    areas = [name for name in rows.index if name != "全国"]
    for column in ("现在", "2027", last):
        pairs.append((f"03 全国 {column}", rows.loc["全国", column], rows.loc[areas, column].sum()))
    parts = report.table("drivers").set_index("地区")
    for name, row in parts.iterrows():
        pairs.append((f"03 {name} 三项之和", row["增量"], row[["人口", "人均产出", "消费倾向"]].sum()))
    return pairs


def plan_pairs(tables, made):
    """Reports 05 and the index: people covered, the published past, tasks that add up, the index's sums."""
    retail = published(tables, "retail_sales", YEAR)
    of_city = city_of(tables, tables["people"].index)
    pairs = []
    for code in ("320000", "540000", "650000"):
        report = made.reports[f"05_province_plan-{code}"]
        mine = tables["people"][province(tables["people"].index) == code]
        share = mine[of_city[mine.index].isin(retail.index)].sum() / mine.sum()
        pairs.append((f"05 {code} 人口", report.figures["covered"]["value"], 100 * share))
        own = retail[province(retail.index) == code].sum() / 1e8
        pairs.append((f"05 {code} 公布", report.figures["trend"]["value"][YEAR - 2000], own))
        tasks = report.table("tasks").set_index("地区代码")
        above = set(tables["today"]["parent"].reindex(tasks.index)) | {code}
        leaves = [region for region in tasks.index if region not in above]
        pairs.append((f"05 {code} 任务", tasks.loc[code, "任务"], tasks.loc[leaves, "任务"].sum()))
        pairs.append((f"05 {code} 页首", report.figures["task"]["value"] * 1e8, tasks.loc[code, "任务"]))
    return pairs


def test_forty_figures_are_what_the_tables_say(made, tables):
    n = sum(compared(pairs(tables, made)) for pairs in (data_pairs, tier_pairs, forecast_pairs, plan_pairs))
    assert n >= LEAST


def test_the_index_adds_up_what_its_reports_say(made):
    provinces = [report.figures for name, report in made.reports.items() if name.startswith("05_")]
    for name in ("retail_now", "retail_then"):
        total = sum(figures[name]["value"] for figures in provinces)
        assert f"{total:,.0f}" in made.index
    gain = sum(figures["retail_then"]["value"] - figures["retail_now"]["value"] for figures in provinces)
    assert re.search(rf"增加 {gain:,.0f} 亿元", made.index)


def first_page(report):
    return re.sub(
        r"<[^>]+>", " ", report.page.partition('<section class="first">')[2].partition("</section>")[0]
    )


def test_the_coverage_that_is_told_is_that_of_the_backtest(made):
    report = made.reports["03_capacity_forecast"]
    scores = report.table("backtest").query("方法 == '协调后'").set_index("层级")
    most = scores["次数"].idxmax()  # a level with few forecasts says little
    told = re.search(r"在(\S+?)一级兑现 (\d+)%（(\d+) 次）", first_page(report))
    assert told[1] == most and int(told[3]) == scores.loc[most, "次数"]
    assert int(told[2]) == round(100 * scores.loc[most, "实际覆盖"])


def test_a_saturation_below_today_is_never_called_known(made):
    levels = made.reports["06_market_size"].table("penetration")
    below = levels["饱和水平"] < levels["最近值"]
    assert below.any() and not (below & (levels["能否认定"] == "可以认定")).any()
    first = first_page(made.reports["06_market_size"])
    known = (levels["能否认定"] == "可以认定").sum()
    assert f"{len(levels)} 个地区中 {known} 个的数据看得出饱和水平，{below.sum()} 个今天已在其上" in first


def test_every_city_has_a_tier_or_is_named_as_without(made, tables):
    report = made.reports["02_city_tiers"]
    today = tables["today"]
    ranked = today[(today["level"] == "prefecture") & (today["kind"] != "direct")]
    own = report.table("tiers").set_index("地区代码")["级别"].dropna()
    first = first_page(report)
    assert f"{YEAR} 年，{len(own)} 个单位" in first
    for name in ranked["name"][~ranked.index.isin(own.index)]:
        assert name in first
    counts = own.value_counts()
    assert all(f"{tier} {count} 个" in first for tier, count in counts.items())
