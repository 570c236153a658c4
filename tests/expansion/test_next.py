"""``mktanalysis expand next`` and the built-in tables beside a history of openings."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import mktanalysis as mkt
from mktanalysis.china import entry_inputs, market_units
from mktanalysis.cli import build_app, main


@pytest.fixture(scope="module")
def tree():
    return mkt.load_regions()


@pytest.fixture(scope="module")
def history(tree):
    """The largest cities first, three a year."""
    units = market_units("prefecture").sort_values("capacity", ascending=False).head(60)
    rng = np.random.default_rng(0)
    order = units["region"].to_numpy()[np.argsort(np.arange(60) + rng.normal(0, 6, 60))]
    return pd.DataFrame({"region": order[:45], "period": 2005 + np.arange(45) // 3})


@pytest.fixture(scope="module")
def file(history, tree, tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "开店.csv"
    names = tree.names(history["region"]).to_numpy()
    pd.DataFrame({"城市": names, "开业年份": history["period"], "家数": 2}).to_csv(path, index=False)
    return str(path)


def run(*arguments):
    return CliRunner().invoke(build_app(), list(arguments))


def test_where_next_with_reasons_and_how_far_it_can_be_trusted(file, history, tree, tmp_path):
    target = tmp_path / "next.xlsx"
    said = run("expand", "next", "--file", file, "--years", "3", "--openings", "3", "--to", str(target))
    assert said.exit_code == 0, said.output
    assert (
        "可信度：" in said.output and "2020 年的概率" in said.output and "距最近的已进入地区" in said.output
    )
    assert "再次开店" in said.stderr
    sheets = pd.read_excel(target, sheet_name=None, engine="calamine", dtype=str)
    assert {"下一步去哪里", "各地概率", "排序的检验", "概率与实际"} <= set(sheets)
    chances = sheets["各地概率"]
    held = set(history["region"])
    assert not held & set(chances["地区代码"])
    head = next(name for name in chances if name.startswith("概率"))
    by_year = chances[head].astype(float).groupby(chances["年份"]).sum()
    np.testing.assert_allclose(by_year, 3.0, atol=0.01)


def test_a_short_history_says_that_it_is_not_tested(tmp_path):
    path = tmp_path / "short.csv"
    path.write_text("地区,开业年份\n郑州市,2019\n洛阳市,2021\n", "utf-8")
    said = run("expand", "next", "--file", str(path), "--within", "河南省", "-n", "3")
    assert said.exit_code == 0, said.output
    assert "开店太少" in said.output and "当作参考" in said.output


def test_counties_are_counted_with_their_city_where_cities_are_asked_for(tree):
    given = pd.DataFrame({"region": ["320583", "320500", "110000"], "period": [2015, 2016, 2017]})
    inputs = entry_inputs(given)
    assert inputs.level == "prefecture" and inputs.openings["region"].tolist() == [
        "320500",
        "320500",
        "110100",
    ]
    assert "1 个县级地区" in inputs.notes[0]
    assert entry_inputs(given.head(1)).level == "county"
    assert inputs.potential.notna().all().all() and inputs.potential.columns.is_monotonic_increasing


def test_what_cannot_be_placed_is_refused(tree):
    with pytest.raises(mkt.MktError, match="江苏省"):
        entry_inputs(pd.DataFrame({"region": ["320000"], "period": [2015]}))
    with pytest.raises(mkt.MktError, match="河南省之内没有开店"):
        entry_inputs(pd.DataFrame({"region": ["320500"], "period": [2015]}), within="410000")
    partly = pd.DataFrame({"region": ["320500", "410100"], "period": [2015, 2016]})
    assert "1 条开店在河南省之外" in entry_inputs(partly, within="410000").notes[0]


def test_the_path_still_asks_for_its_base(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["expand", "--years", "3"])
    assert ended.value.code == 2 and "--base" in capsys.readouterr().err


def test_a_plan_beside_what_history_points_to(history, tree):
    inputs = entry_inputs(history)
    model = mkt.expansion.fit_entries(**inputs.tables())
    best = model.rank().index
    steps = pd.DataFrame(
        {"region": [best[0], best[2], best[200]], "period": pd.PeriodIndex(["2024"] * 3, freq="Y")}
    )
    table = mkt.expansion.plan_beside_ranking(steps, model)
    assert table["region"].tolist() == [best[0], best[1], best[2], best[200]]
    assert table["in_both"].tolist() == [True, False, True, False]
    assert table["planned_year"].isna().tolist() == [False, True, False, False]
    said = mkt.stories.beside_history(table, tree.names(), n_free=len(best))
    assert said.figures == {"n_planned": 3, "n_both": 2, "n_held": 0} and tree.names([best[1]]).iloc[
        0
    ] in str(said)
    based = mkt.expansion.plan_beside_ranking(steps, model, base=[best[1]])
    assert based["region"].tolist() == [best[0], best[2], best[3], best[200]]  # the base is no place to go
    far = table.assign(in_both=False)
    assert "无关" in str(mkt.stories.beside_history(far, tree.names(), n_free=len(best)))


def test_what_the_history_holds_is_told_and_a_plan_of_nearly_everything_is_judged_by_its_order(history, tree):
    inputs = entry_inputs(history)
    model = mkt.expansion.fit_entries(**inputs.tables())
    order = model.rank().index
    held = model.history.regions[model.history.first < model.next_year][:5]
    region = [*held, *order[:200]]
    years = [2024] * 5 + [2024 + i // 50 for i in range(200)]
    steps = pd.DataFrame({"region": region, "period": pd.PeriodIndex(map(str, years), freq="Y")})
    table = mkt.expansion.plan_beside_ranking(steps, model)
    assert len(table) == 205 and table["rank"].isna().sum() == 5  # as many places as the plan has not held
    said = mkt.stories.beside_history(table, tree.names(), n_free=len(order))
    assert said.figures["n_held"] == 5 and said.figures["n_planned"] == 200
    assert "5 处开店记录里早已进入" in str(said)
    assert "先后与过去的走法大体一致" in str(mkt.stories.beside_history(table, tree.names(), n_free=210))
    turned = table.assign(planned_year=table["planned_year"].to_numpy()[::-1])
    assert "无关" in str(mkt.stories.beside_history(turned, tree.names(), n_free=210))


def test_years_that_have_not_come_are_told_and_so_is_what_is_odd_about_a_rival(tree):
    from mktanalysis.china import rival_entries

    codes = mkt.load_table("points")["region"]
    counties = [code for code in tree.level("county") if code in set(codes)][:12]
    years = [2010, 2011, 2012, 2013, 2014, 2015, 2016, 2017, 2018, 2019, 2020, 2049]
    given = pd.DataFrame({"region": counties, "period": pd.PeriodIndex(map(str, years), freq="Y")})
    assert any("晚一年以上" in note for note in entry_inputs(given).notes)
    assert not entry_inputs(given.iloc[:-1]).notes
    more = [code for code in tree.level("county") if code in set(codes)][20:50]
    dates = [*range(2011, 2019), *[2019] * 22]
    bought = pd.DataFrame({"region": [counties[0], *more], "period": [2010, *dates]})
    bought["period"] = pd.PeriodIndex(bought["period"].astype(str), freq="Y")
    chances = rival_entries(bought, level="county", first=2027, years=2)
    assert any("像是收购" in note for note in chances.attrs["notes"])
