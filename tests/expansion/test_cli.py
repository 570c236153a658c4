"""``mktanalysis expand`` prints the path, writes every table, and refuses wishes in words."""

import re

import pandas as pd
import pytest
from typer.testing import CliRunner

from mktanalysis.cli import build_app, main

HENAN = ["expand", "--base", "郑州市", "--level", "prefecture", "--years", "4", "--budget", "20000"]
HENAN += ["--start", "2025"]


def run(*asked):
    result = CliRunner().invoke(build_app(), list(asked))
    assert result.exit_code == 0, result.output
    return result.output


def refused(capsys, *asked) -> str:
    """What the program says before it ends with code 2."""
    with pytest.raises(SystemExit) as ended:
        main(list(asked))
    said = capsys.readouterr().err
    assert ended.value.code == 2 and "Traceback" not in said
    return said


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "units.csv"
    path.write_text(
        "地区,市场容量(万元),本公司份额,最强对手份额,进入费用(万元),年度费用(万元),店长\n"
        "昆山市,90000,0.25,0.3,0,30,张三\n太仓市,40000,,0.28,80,20,\n常熟市,70000,,0.35,120,20,\n",
        "utf-8",
    )
    return str(path)


def test_expand_writes_the_steps(tmp_path):
    target = tmp_path / "path.csv"
    assert "净现值增量" in run(*HENAN, "--to", str(target))
    table = pd.read_csv(target, dtype=str)
    assert len(table) > 0 and table.iloc[:, 0].between("2025", "2028").all()


def test_a_workbook_has_every_table_and_wishes_are_obeyed(tmp_path):
    target = tmp_path / "path.xlsx"
    wishes = ["--forbid", "开封市", "--pin", "新乡市=2026", "--people", "400", "--contiguity", "strong"]
    run(*HENAN, *wishes, "--to", str(target))
    sheets = pd.read_excel(target, sheet_name=None, engine="calamine", dtype=str)
    more = ["看份额的规则", "为什么", "条件核对", "关键数字", "可信度", "靠什么"]
    assert list(sheets) == ["扩张步骤", "梯级", "现金流", "人员", *more]
    steps = sheets["扩张步骤"].set_index("地区")
    assert "开封市" not in steps.index and steps.loc["新乡市", "进入年"] == "2026"
    assert sheets["条件核对"]["成立"].eq("是").all()
    assert sheets["人员"]["销售人员（人）"].astype(float).le(400).all()


def test_a_named_strategy_and_all_of_them(own):
    assert "按规则排出" in run(*HENAN, "--strategy", "potential")
    said = run("expand", "--base", "昆山市", "--own", own, "--years", "3", "--strategy", "all")
    assert "打法比较" in said and "瀑布" in said and "规划路径" in said


def test_own_units_with_gaps_are_read_and_what_was_skipped_is_told(own):
    result = CliRunner().invoke(build_app(), ["expand", "--base", "昆山市", "--own", own, "--years", "4"])
    assert result.exit_code == 0, result.output
    assert "店长" in result.stderr and "太仓市" in result.output


def test_a_budget_too_small_says_what_is_needed():
    said = run("expand", "--base", "乌鲁木齐市", "--level", "prefecture", "--years", "2", "--budget", "0")
    assert "每年至少要" in said or "没有一步是赚钱的" in said


@pytest.mark.parametrize(
    "wish, words",
    [
        (["--pin", "开封市", "--forbid", "开封市"], "pinned 与 forbidden 冲突"),
        (["--forbid", "郑州市"], "根据地"),
        (["--pin", "开封市=明年"], "年份不是数字"),
        (["--pin", "昆山市"], "不是本计划的市场单元"),
        (["--pin", "信阳市=2025"], "年起"),
        (["--forbid", "不存在市"], "不存在市"),
        (["--to", "path.txt"], "csv"),
    ],
)
def test_contradictions_end_with_words_and_code_2(capsys, wish, words):
    assert words in refused(capsys, *HENAN, *wish)


def test_no_step_says_why(tmp_path):
    island = tmp_path / "island.csv"
    island.write_text("地区,市场容量(万元)\n三沙市,900\n儋州市,400000\n海口市,900000\n", "utf-8")
    asked = ["expand", "--base", "海口市", "--level", "prefecture", "--own", str(island), "--years", "4"]
    result = CliRunner().invoke(build_app(), asked)
    assert result.exit_code == 0 and "没有进得去的单元" in result.output
    assert "三沙市" in result.stderr and "没有相邻的单元相连" in result.stderr
    said = run(*asked, "--contiguity", "none", "--budget", "500")
    assert "没有可走的一步" not in said and "进不去" not in said
    said = run("expand", "--base", "北京市", "--level", "prefecture", "--years", "3")
    assert "除了根据地没有别的单元" in said and "净现值增量 0.00 亿元" in said


def test_a_base_outside_the_area_is_refused_by_name(capsys):
    said = refused(capsys, "expand", "--base", "昆山市", "--within", "浙江省")
    assert "昆山市" in said and "浙江省" in said


def test_another_objective_tells_when_the_target_is_reached(capsys):
    longer = [*HENAN, "--years", "7"]
    soon = run(*longer, "--objective", "earliest", "--target", "province")
    cheap = run(*longer, "--objective", "least_cost", "--target", "河南省")
    year = [int(said.split("目标 河南省：")[1][:4]) for said in (soon, cheap)]
    assert year[0] <= year[1] <= 2031
    assert "target" in refused(capsys, *HENAN, "--objective", "earliest")


def test_a_capacity_larger_than_all_retail_is_doubted(tmp_path, own):
    path = tmp_path / "wrong.csv"
    path.write_text("地区,市场容量(亿元)\n昆山市,90000\n太仓市,40\n", "utf-8")
    asked = ["expand", "--base", "昆山市", "--years", "3", "--own"]
    said = CliRunner().invoke(build_app(), [*asked, str(path)])
    assert said.exit_code == 0 and "请检查单位：昆山市" in said.stderr and "1 个单元的容量" in said.stderr
    assert "请检查单位" not in CliRunner().invoke(build_app(), [*asked, own]).stderr


def test_a_base_above_the_provinces_is_its_own_area():
    assert "除了根据地没有别的单元" in run(
        "expand", "--base", "华东", "--level", "prefecture", "--years", "3"
    )


def test_a_strategy_that_misses_a_wish_says_so(tmp_path):
    target = tmp_path / "all.xlsx"
    run(*HENAN, "--strategy", "all", "--pin", "信阳市=2028", "--to", str(target))
    table = pd.read_excel(target, sheet_name="打法比较", engine="calamine", dtype=str)
    table = table.set_index(table["打法"].str[:4])["条件都成立"]
    assert table["规划路径"] == "是" and "否" in set(table)


def test_the_basis_of_the_figures_is_told(own):
    said = run(*HENAN)
    assert re.search(r"依据：容量 = \d{4}(–\d{4})? 年社会消费品零售额", said)
    assert "补到今天" in said and "经验假设" in said
    assert "自有单元表（3 个）" in run("expand", "--base", "昆山市", "--own", own, "--years", "3")


def test_the_first_year_is_told_and_where_it_comes_from(tmp_path):
    said = run("expand", "--base", "郑州市", "--level", "prefecture", "--years", "2", "--budget", "20000")
    newest = int(said.split("数据最新年份 ")[1][:4])
    assert f"计划期：{newest + 1}–{newest + 2} 年" in said
    assert "计划期：2025–2028 年" in run(*HENAN) and "首年未给" not in run(*HENAN)


SMALL = ["expand", "--base", "昆山市", "--years", "5", "--budget", "3000", "--start", "2027"]


def test_a_spread_of_zero_knows_every_market_and_fixed_never_looks(own):
    known = run(*SMALL, "--own", own, "--spread", "0")
    assert "到期末预计" in known and "0 个撤出" in known and "十拿九稳" not in known
    looks = run(*SMALL, "--own", own)
    fixed = run(*SMALL, "--own", own, "--fixed")
    assert "先进去看一看" in looks and "没有看份额再定的时点" in fixed
    assert "各地差异 0 倍" not in known


def test_a_wild_spread_is_refused(capsys, own):
    assert "spread" in refused(capsys, *SMALL, "--own", own, "--spread", "3")


def test_rivals_that_come_lower_what_is_promised(tmp_path, own, capsys):
    path = tmp_path / "rivals.csv"
    opened = ["地区,开业日期", *[f"{place},{year}-06-01" for place, year in RIVAL]]
    path.write_text("\n".join(opened), "utf-8")
    gain = [
        float(re.search(r"净现值增量 ([−\d.,]+) 亿元", said).group(1).replace("−", "-"))
        for said in (run(*SMALL, "--own", own), run(*SMALL, "--own", own, "--rivals", str(path)))
    ]
    assert gain[1] <= gain[0]
    path.write_text("地区,开业日期\n月球市,2020-01-01\n", "utf-8")
    assert "月球市" in refused(capsys, *SMALL, "--own", own, "--rivals", str(path))


#: A rival's openings around 苏州, the last years of which point to 太仓 and 常熟.
RIVAL = [("苏州市姑苏区", 2018), ("昆山市", 2019), ("苏州市吴江区", 2020), ("苏州市吴中区", 2021)]
RIVAL += [("苏州市相城区", 2022), ("张家港市", 2023), ("江阴市", 2024), ("宜兴市", 2025)]


def test_shares_seen_go_on_from_what_was_done(tmp_path, own, capsys):
    seen = tmp_path / "seen.csv"
    seen.write_text("地区,年份,份额\n太仓市,2027,0.5%\n", "utf-8")
    poor = run(*SMALL, "--own", own, "--seen", str(seen))
    seen.write_text("地区,年份,份额\n太仓市,2027,9%\n", "utf-8")
    good = run(*SMALL, "--own", own, "--seen", str(seen))
    assert "1 个撤出" in poor or "2 个撤出" in poor
    assert "0 个撤出" in good and "2027–2031 年" in good
    seen.write_text("地区,年份,份额\n昆山市,2027,9%\n", "utf-8")
    assert "根据地" in refused(capsys, *SMALL, "--own", own, "--seen", str(seen))
    assert "planned" in refused(capsys, *SMALL, "--own", own, "--seen", str(seen), "--strategy", "potential")
    seen.write_text("地区,年份,份额\n太仓市,2027,900%\n", "utf-8")
    assert "份额" in refused(capsys, *SMALL, "--own", own, "--seen", str(seen))


def test_a_gross_budget_is_named_and_a_net_larger_than_it_is_not_entered(own):
    said = run(*SMALL, "--own", own, "--gross")
    assert "预算（总支出）" in said
    none = run(*SMALL[:5], "--budget", "1", "--start", "2027", "--own", own, "--gross")
    assert "没有可走的一步" in none and "每年至少要" in none
