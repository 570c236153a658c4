"""The command: what it prints and writes, and what it says to wrong input."""

import re
import zipfile

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.china import load_panel
from mktanalysis.cli import main


@pytest.fixture
def own_sales(tmp_path):
    tree, rng = mkt.load_regions(), np.random.default_rng(0)
    cities = tree.names(tree.children("320000"))
    months = [str(month) for month in pd.period_range("2022-01", periods=30, freq="M")]
    rows = [(city, month, round(rng.uniform(90, 110), 1)) for city in cities for month in months]
    path = tmp_path / "销售.csv"
    pd.DataFrame(rows, columns=["城市", "月份", "销售额(万元)"]).to_csv(path, index=False, encoding="gb18030")
    return path


def run(*arguments, command=("forecast",)):
    with pytest.raises(SystemExit) as ended:
        main([*command, *map(str, arguments)])
    return ended.value.code


def written(path, **dtype):
    return pd.read_excel(path, engine="calamine", dtype={"地区代码": str, **dtype})


def test_own_file_with_a_total_that_must_not_move(own_sales, tmp_path, capsys):
    budget, out = tmp_path / "预算.csv", tmp_path / "结果.xlsx"
    pd.DataFrame([("江苏省", "2024-07", 2000)], columns=["地区", "月份", "预算(万元)"]).to_csv(
        budget, index=False
    )
    code = run("--file", own_sales, "--fixed", budget, "--region", "江苏省", "--model", "theta", "--to", out)
    printed = capsys.readouterr().out
    assert code in (0, None) and "2,000" in printed and "差额" in printed
    table = pd.read_excel(out, sheet_name=0, engine="calamine", dtype=str)
    assert len(table) == 3 * (13 + 3)  # 13 cities, province, macro-region, nation; three months
    codes = [column for column in table if table[column].isin(["320500"]).any()]
    assert codes  # codes stay text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--indicator", "average_wage"), "不能按地区相加"),
        (("--model", "arima"), "没有模型"),
        (("--coverage", "80"), "coverage"),
        (("--region", "昆山市"), "没有数据"),
        (("--to", "x.docx"), ".xlsx"),
    ],
)
def test_wrong_input_is_told_in_chinese(arguments, message, capsys):
    assert run(*arguments) == 2
    assert message in capsys.readouterr().err


def test_a_child_above_its_parent_is_refused_with_the_smallest_relaxation(own_sales, tmp_path, capsys):
    budget = tmp_path / "预算.csv"
    rows = [("江苏省", "2024-07", 1000, None), ("南京市", "2024-07", None, 1500)]
    pd.DataFrame(rows, columns=["地区", "月份", "预算(万元)", "下限(万元)"]).to_csv(budget, index=False)
    assert run("--file", own_sales, "--fixed", budget, "--model", "theta") == 2
    told = capsys.readouterr().err
    assert "江苏省" in told and "2024-07" in told and "1,000 万元，至少需要 1,500 万元" in told


def test_scenario_and_changes_reach_the_workbook_in_base_units(tmp_path, capsys):
    out = tmp_path / "结果.xlsx"
    run("--region", "西南", "--model", "theta", "--horizon", 2, "--scenario", "西南=-2", "--scenario",
        "四川省=x0.9", "--changes", "--to", out)  # fmt: skip
    assert "情景" in capsys.readouterr().out
    table = pd.read_excel(out, sheet_name="情景", engine="calamine", dtype={"地区代码": str})
    last = table[table["时期"] == table["时期"].max()].set_index("地区代码")
    assert last.loc["510000", "变化（%）"] == pytest.approx(-0.1)
    assert last.loc["530000", "变化（%）"] == pytest.approx(-0.04, abs=0.003)
    below = ["500000", "510000", "520000", "530000", "540000"]
    assert last.loc["西南", "情景（元）"] == pytest.approx(last.loc[below, "情景（元）"].sum())
    other = last.index[last["层级"] == "大区"].difference(["西南"])
    assert last.loc[other, "变化（%）"].abs().max() < 1e-12
    changed = pd.read_excel(out, sheet_name="与上年预测相比", engine="calamine")
    actual = changed[(changed["地区"] == "全国") & (changed["对照"] == "实际")].iloc[0]
    assert actual["变化（%）"] == pytest.approx(actual["现在（元）"] / actual["旧预测（元）"] - 1)


def test_numbers_of_the_workbook_have_formats(tmp_path, capsys):
    out = tmp_path / "结果.xlsx"
    run("--model", "theta", "--horizon", 1, "--to", out)
    with zipfile.ZipFile(out) as book:
        styles, sheet = (book.read(f"xl/{name}.xml").decode() for name in ("styles", "worksheets/sheet1"))
    codes = dict(re.findall(r'numFmtId="(\d+)" formatCode="([^"]+)"', styles))
    used = [codes.get(number) for number in re.findall(r'<xf numFmtId="(\d+)"', styles)[1:]]
    row = dict(re.findall(r'<c r="([A-Z])2" s="(\d+)"', sheet))
    assert [used[int(row[column])] for column in "ABCDEFG"] == ["@"] * 4 + ["#,##0"] * 3


@pytest.mark.parametrize(
    ("scenario", "message"),
    [("西南", "看不懂"), ("西南=x-1", "不为负"), ("昆山市=-2", "不在预测之内"), ("火星=-2", "没有这个地区")],
)
def test_scenarios_that_make_no_sense(scenario, message, capsys):
    assert run("--model", "drift", "--scenario", scenario) == 2
    assert message in capsys.readouterr().err


def test_gaps_are_told(own_sales, capsys):
    table = pd.read_csv(own_sales, encoding="gb18030")
    table.drop(index=range(3, 7)).to_csv(own_sales, index=False, encoding="gb18030")
    run("--file", own_sales, "--model", "drift", "--horizon", 1)
    assert "缺 4 个数（南京市）" in capsys.readouterr().err


def test_built_in_penetration_is_identified_or_refused(tmp_path, capsys):
    out = tmp_path / "曲线.xlsx"
    run("--to", out, command=("capacity", "penetration"))
    table = written(out).set_index("地区")
    sure = table["说明"] == "可以认定"
    assert len(table) == 31 and 10 < sure.sum() < 31
    passed = table["说明"] == "今天已在曲线的饱和水平之上"
    assert table["饱和水平（%）"].notna().eq(sure | passed).all()
    assert (table["饱和水平下限（%）"] <= table["饱和水平（%）"])[sure].all() and (
        table["饱和水平（%）"] <= table["饱和水平上限（%）"]
    )[sure].all()
    assert run("--ceiling", 0.5, command=("capacity", "penetration")) == 2
    assert "ceiling" in capsys.readouterr().err


def test_own_penetration_with_too_short_a_history_is_refused(tmp_path, capsys):
    path = tmp_path / "渗透率.csv"
    rows = [("南京", year, rate) for year, rate in ((2021, 3), (2022, 4), (2023, 5))]
    pd.DataFrame(rows, columns=["城市", "年份", "渗透率(%)"]).to_csv(path, index=False)
    run("--file", path, "--curve", "bass", command=("capacity", "penetration"))
    assert "0 个可以认定" in capsys.readouterr().out


def test_counties_add_up_to_their_city_and_are_flagged(tmp_path, capsys):
    out = tmp_path / "县.xlsx"
    run("--region", "苏州市", "--year", 2023, "--to", out, command=("capacity", "counties"))
    table, panel = written(out), load_panel("retail_sales")
    city = panel[(panel["region"] == "320500") & (panel["period"] == "2023")]["value"].iloc[0]
    assert table["分摊值（元）"].sum() == pytest.approx(city)
    assert set(table["数据状态"]) == {"按比例分摊"} and (table["地区代码"].str[:4] == "3205").all()
    assert (table["下限（元）"] < table["分摊值（元）"]).all() and (
        table["分摊值（元）"] < table["上限（元）"]
    ).all()
    capsys.readouterr()
    run("--region", "湘西", command=("capacity", "counties"))
    told = capsys.readouterr()
    assert "由其他指标推算" in told.out and "补到 2026 年" in told.err


def test_counties_are_not_their_heads_alone(tmp_path):
    """昆山 earns far more a head than the rest of 苏州: its share is above that of its people."""
    out = tmp_path / "县.xlsx"
    run("--region", "苏州市", "--to", out, command=("capacity", "counties"))
    table = written(out).set_index("地区代码")
    share = table["分摊值（元）"] / table["分摊值（元）"].sum()
    heads = table["人口（人）"] / table["人口（人）"].sum()
    assert share["320583"] > 1.05 * heads["320583"]


def test_gdp_of_counties_that_published_it_stands(tmp_path):
    out = tmp_path / "县.xlsx"
    flags = ("--region", "昆山市", "--indicator", "gdp", "--year", 2020, "--to", out)
    run(*flags, command=("capacity", "counties"))
    row = written(out).iloc[0]
    assert row["数据状态"] == "公布值" and row["分摊值（元）"] == pytest.approx(427.68e9, rel=1e-3)


def test_potential_needs_an_exponent(capsys):
    assert run(command=("capacity", "potential")) == 2
    capsys.readouterr()
    run("--exponent", 1, "--region", "江苏省", command=("capacity", "potential"))
    printed = capsys.readouterr().out
    assert printed.index("苏州市") < printed.index("连云港市")


def test_outlets_of_the_jiangsu_zones(capsys):
    run("--ratio", "苏北=0.7苏中", command=("capacity", "outlets"))
    printed = capsys.readouterr().out
    assert "苏南" in printed and "0.7" in printed
    assert run("--ratio", "苏北0.7", command=("capacity", "outlets")) == 2
    assert run("--region", "四川省", command=("capacity", "outlets")) == 2


def test_headroom_of_own_sales(own_sales, tmp_path, capsys):
    out = tmp_path / "余量.xlsx"
    run("--file", own_sales, "--target", 0.01, "--to", out, command=("capacity", "headroom"))
    table = written(out).set_index("地区代码")
    cities = table.index[table.index.str.endswith("00") & ~table.index.str.endswith("0000")]
    assert table.loc["320000", "余量（元）"] == pytest.approx(table.loc[cities, "余量（元）"].sum())
    nanjing = table.loc["320100"]
    assert nanjing["余量（元）"] == pytest.approx(
        max(nanjing["社零（元）"] * 0.01 / 100 - nanjing["自有销售（元）"], 0)
    )


def test_a_yearly_target_becomes_a_budget_that_the_forecast_keeps(own_sales, tmp_path, capsys):
    targets, months, out = tmp_path / "任务.csv", tmp_path / "月度.xlsx", tmp_path / "预测.xlsx"
    yearly = pd.DataFrame([("江苏省", 2025, 14400)], columns=["地区", "年份", "任务(万元)"])
    yearly.to_csv(targets, index=False)
    run("--targets", targets, "--to", months, command=("targets", "split"))
    assert written(months)["任务（元）"].sum() == pytest.approx(14400e4)
    run("--file", own_sales, "--fixed", months, "--horizon", 8, "--model", "drift")
    assert "10 个固定值在 2025-02 以后" in capsys.readouterr().err
    run("--file", own_sales, "--fixed", months, "--horizon", 18, "--model", "drift", "--to", out)
    held = pd.read_excel(out, sheet_name="固定值", engine="calamine")
    assert len(held) == 12 and held["固定值（元）"].sum() == pytest.approx(14400e4)


def test_plan_against_actual(own_sales, tmp_path, capsys):
    plan, out = tmp_path / "计划.csv", tmp_path / "对照.xlsx"
    actual = pd.read_csv(own_sales, encoding="gb18030")
    actual.assign(**{"计划(万元)": 100.0}).drop(columns="销售额(万元)").to_csv(plan, index=False)
    run("--plan", plan, "--actual", own_sales, "--to", out, command=("targets", "check"))
    city = written(out).query("地区代码 == '320100'")
    mine = actual[actual["城市"] == "南京市"]["销售额(万元)"].to_numpy()
    np.testing.assert_allclose(city["差额（元）"] / 1e4, mine - 100)
    np.testing.assert_allclose(city["累计差额（元）"].iloc[-1] / 1e4, (mine - 100).sum())
    more = tmp_path / "多.csv"
    rows = [("南京市", "2022-01", 5), ("杭州市", "2022-01", 5)]
    pd.DataFrame(rows, columns=["城市", "月份", "计划(万元)"]).to_csv(more, index=False)
    run("--plan", more, "--actual", own_sales, command=("targets", "check"))
    told = capsys.readouterr().err
    assert "1 个数有计划、没有实际，没有对照：杭州市" in told and "有实际、没有计划" in told
    limits = tmp_path / "上限.csv"
    only = pd.DataFrame([("南京市", "2022-01", 5)], columns=["城市", "月份", "上限(万元)"])
    only.to_csv(limits, index=False)
    assert run("--plan", limits, "--actual", own_sales, command=("targets", "check")) == 2


def test_national_season_has_its_peak_at_the_end_of_the_year(tmp_path, capsys):
    out = tmp_path / "季节.xlsx"
    run("--to", out, command=("targets", "season"))
    table = written(out).set_index("月（季）")["季节指数"]
    assert table.mean() == pytest.approx(1) and table.idxmax() == 12 and table[1] == table[2]


def test_how_a_forecast_came_about_and_quantiles_reach_the_workbook(tmp_path, capsys):
    out = tmp_path / "out.xlsx"
    wanted = ["--explain", "--quantiles", "0.1,0.5", "--model", "theta"]
    assert run("--region", "江苏省", "--horizon", 1, *wanted, "--to", out) in (0, None)
    shown = capsys.readouterr().out
    assert "模型：θ 法 100%" in shown and "预测由什么组成" in shown
    parts = pd.read_excel(out, sheet_name="预测由什么组成", engine="calamine")
    parts = parts.rename(columns=lambda header: re.split(r"[（(]", header)[0])
    total = parts[["模型平均", "近期偏差修正", "上下级协调", "固定总数"]].sum(axis=1)
    np.testing.assert_allclose(total, parts["预测"], rtol=1e-6)
    table = pd.read_excel(out, sheet_name="预测", engine="calamine")
    table = table.rename(columns=lambda header: re.split(r"[（(]", header)[0])
    np.testing.assert_allclose(table["分位数 0.1"], table["下限"], rtol=1e-6)
    assert run("--quantiles", "八成") != 0 and "看不懂分位数" in capsys.readouterr().err


def test_built_in_figures_begin_after_the_running_year_and_say_so(capsys):
    assert run("--region", "江苏省", "--horizon", 1, "--model", "log_recent_drift") in (0, None)
    told = capsys.readouterr()
    assert "公布数到 2023 年，补到 2026 年" in told.err and "2027" in told.out and "2024" not in told.out
    run("--region", "江苏省", "--horizon", 1, "--model", "log_recent_drift", "--published")
    told = capsys.readouterr()
    assert "补到" not in told.err and "2024" in told.out


def test_own_newer_figures_are_laid_over_and_carried_on(tmp_path, capsys):
    panel = load_panel()
    of_year = panel[panel["period"] == pd.Period("2023", "Y")]
    value = of_year["value"] * 1.03 / 1e8
    rows = pd.DataFrame({"地区代码": of_year["region"], "年份": 2024, "社会消费品零售总额（亿元）": value})
    path = tmp_path / "年鉴2025.csv"
    rows.to_csv(path, index=False)
    run("--data", path, "--region", "江苏省", "--horizon", 1, "--model", "log_recent_drift")
    told = capsys.readouterr()
    assert "年鉴2025.csv：新增" in told.err and "公布数到 2024 年" in told.err


@pytest.fixture
def daily_sales(tmp_path):
    """Three cities, 400 days: a week, and half the usual on the days of National Day and New Year."""
    rng = np.random.default_rng(3)
    days = pd.period_range("2024-08-01", periods=400, freq="D")
    feast = days.strftime("%m-%d").isin(["10-01", "10-02", "01-01"])
    parts = []
    for city in ("南京市", "苏州市", "杭州市"):
        value = 20 * (1 + 0.3 * (days.day_of_week >= 5)) * np.where(feast, 0.5, 1.0)
        value = value * np.exp(0.05 * rng.normal(size=len(days)))
        parts.append(pd.DataFrame({"城市": city, "日期": days.astype(str), "销售额(万元)": value.round(2)}))
    path = tmp_path / "每日.csv"
    pd.concat(parts).to_csv(path, index=False)
    return path


def test_daily_and_weekly_sales_with_the_holidays_of_china_or_of_a_table(daily_sales, tmp_path, capsys):
    out = tmp_path / "日.xlsx"
    code = run("--file", daily_sales, "--every", "day", "--model", "theta", "--horizon", 7, "--to", out)
    printed = capsys.readouterr()
    assert code in (0, None) and "中国法定节假日" in printed.err
    table = written(out)
    assert table["时期"].astype(str).str[:10].nunique() == 7
    nation = table[table["地区代码"] == "100000"].set_index("时期").iloc[:, -3:]
    assert (nation.iloc[:, 0] > 0).all()
    table = tmp_path / "节日.csv"
    pd.DataFrame({"节日": ["店庆"], "日期": ["2024-10-01"], "后": [1]}).to_csv(table, index=False)
    weekly = ("--every", "week", "--model", "theta", "--horizon", 2)
    code = run("--file", daily_sales, *weekly, "--holidays", table)
    printed = capsys.readouterr()
    assert code not in (0, None) and "历史太短" in printed.err  # 57 weeks are one year


def test_a_table_of_holidays_is_checked_as_a_whole(daily_sales, tmp_path, capsys):
    table = tmp_path / "节日.csv"
    days = ["2024-13-01", "2025-01-01", "2025-02-01"]
    rows = {"节日": ["店庆", "", "周年"], "日期": days, "前": [0, 0, -1]}
    pd.DataFrame(rows).to_csv(table, index=False)
    code = run("--file", daily_sales, "--every", "day", "--holidays", table)
    printed = capsys.readouterr().err
    assert code not in (0, None)
    for problem in ("应为日期", "缺少节日名称", "应为 0 到 60 的整数"):
        assert problem in printed
    code = run("--file", daily_sales, "--holidays", table)
    assert code not in (0, None) and "--every" in capsys.readouterr().err
