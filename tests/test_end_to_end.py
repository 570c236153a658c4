"""The whole chain at once: figures in, tiers, forecast, path, files out; as a library and as a command."""

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import mktanalysis as mkt

ROOT = Path(__file__).resolve().parent.parent


def command(*arguments, cwd):
    """Run the ``mktanalysis`` command as a person does, in another process and folder."""
    line = [sys.executable, "-m", "mktanalysis", *map(str, arguments)]
    return subprocess.run(line, cwd=cwd, capture_output=True, text=True, encoding="utf-8")


def test_chain_on_a_planted_market_of_another_country(tmp_path):
    """Nothing in the chain knows China: the synthetic country has its own codes, levels apart."""
    market = mkt.synthetic.make_market(n_provinces=3, n_prefectures=4, n_counties=3, random_state=7)
    tree = market.tree

    latest = market.indicators[market.indicators["period"] == market.indicators["period"].max()]
    figures = mkt.tiering.wide_indicators(latest)
    tiers = mkt.TierClusterer(3, random_state=0).fit(mkt.score_regions(figures)).tiers_
    assert set(tiers.index) == set(figures.index)
    richest = figures["retail_sales"].idxmax()
    assert tiers[richest] == tiers.cat.categories[0]

    forecast = mkt.HierarchicalForecaster().fit(market.panel, tree).predict(3)
    last = forecast[forecast["period"] == forecast["period"].max()].set_index("region")
    provinces = last[last["level"] == "province"]
    assert provinces["mean"].sum() == pytest.approx(last.at[tree.root, "mean"], rel=1e-9)
    assert (last["lower"] <= last["mean"]).all() and (last["mean"] <= last["upper"]).all()

    base = market.units["region"].iloc[0]
    policy = mkt.Policy(base=(base,), periods=5, budget=float(market.units["entry_cost"].median() * 3))
    plan = mkt.plan_expansion(mkt.expansion_market(market.units, market.edges, tree), policy)
    assert plan.checks["holds"].all()
    assert 0 <= plan.gap < 1 and len(plan.steps)

    out = tmp_path / "plan.xlsx"
    mkt.write_xlsx(out, {"步骤": plan.steps, "梯级": plan.ladder})
    assert len(pd.read_excel(out, engine="calamine", sheet_name=None)) == 2


def test_chain_on_own_file_through_the_command(tmp_path):
    own = pd.DataFrame(
        {
            "城市": ["南京", "苏州市", "无锡", "常州市", "南通", "徐州"],
            "2019（万元）": ["1,200", "3,400", "900", "700", "650", "810"],
            "2020（万元）": ["1,150", "3,300", "880", "—", "640", "790"],
            "2021（万元）": ["1,400", "3,900", "990", "800", "700", "900"],
        }
    )
    path = tmp_path / "销售.csv"
    own.to_csv(path, index=False, encoding="gb18030")
    tree = mkt.load_regions()
    sales = mkt.read_table(path, kind="sales", tree=tree).set_index(["region", "period"])["value"]
    assert sales.loc[("320500", "2021")].item() == 39_000_000
    assert pd.isna(sales.get(("320400", pd.Period("2020", "Y"))))


def test_every_command_says_what_it_does_with_an_example(tmp_path):
    for words in ([], ["data"], ["capacity"], ["targets"], ["plan"], ["report"]):
        result = command(*words, "--help", cwd=tmp_path)
        assert result.returncode == 0, result.stderr
    for words in (["tiers"], ["forecast"], ["expand"], ["data", "template"], ["report", "run"]):
        result = command(*words, "--help", cwd=tmp_path)
        assert result.returncode == 0 and "例" in result.stdout, words


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_readme_example_is_true(name):
    code = re.search(r"```python\n(import.*?)```", (ROOT / name).read_text("utf-8"), re.DOTALL).group(1)
    assert len(code.strip().splitlines()) <= 16
    told = {}
    exec(compile(code, name, "exec"), told)
    assert told["tiers"]["410100"] in ("新一线", "二线")
    assert len(told["plan"].steps) and told["plan"].checks["holds"].all()


def test_version_needs_no_command(tmp_path):
    result = command("--version", cwd=tmp_path)
    assert result.returncode == 0 and result.stdout.strip() == f"mktanalysis {mkt.__version__}"


def test_commands_print_a_table_and_write_it(tmp_path):
    listed = command("data", "list", cwd=tmp_path)
    assert listed.returncode == 0 and "city_indicators" in listed.stdout
    out = tmp_path / "路径.xlsx"
    area = ["--base", "镇江市", "--level", "prefecture", "--years", "4", "--budget", "20000"]
    planned = command("expand", *area, "--to", out, cwd=tmp_path)
    assert planned.returncode == 0, planned.stderr
    assert out.exists() and "步骤" in planned.stdout


def test_a_wrong_name_ends_with_a_message_and_exit_code_2(tmp_path):
    result = command("expand", "--base", "镇江士", cwd=tmp_path)
    assert result.returncode == 2
    assert "镇江市" in result.stderr and "Traceback" not in result.stderr


def test_a_faulty_file_is_told_whole_by_the_command(tmp_path):
    rows = ["城市,2022（万元）,2023（万元）", "南京,1200,1300", "苏洲,900,950", "无锡,-5,800"]
    path = tmp_path / "销售.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    result = command("data", "check", path, "--kind", "sales", cwd=tmp_path)
    assert result.returncode == 2
    assert "2 处问题" in result.stderr and "第 3 行" in result.stderr and "第 4 行" in result.stderr

    path.write_text("\n".join([rows[0], rows[1], rows[3].replace("-5", "5")]), encoding="utf-8")
    good = command("data", "check", path, "--kind", "sales", cwd=tmp_path)
    assert good.returncode == 0 and "可以读入" in good.stdout
