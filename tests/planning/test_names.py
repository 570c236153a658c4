"""Results name their table, so that what is shown needs no kind."""

import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import capacity
from mktanalysis.planning import compare_vintages, plan_vs_actual, split_target
from mktanalysis.words.render import TABLE


@pytest.fixture(scope="module")
def tree():
    rows = [("N", "全国", "nation", None), ("a", "甲", "city", "N"), ("b", "乙", "city", "N")]
    return mkt.RegionTree.from_table(pd.DataFrame(rows, columns=["region", "name", "level", "parent"]))


def panel(**values):
    years = pd.PeriodIndex(["2024"] * len(values), freq="Y")
    return pd.DataFrame({"region": list(values), "period": years, "value": list(values.values())})


def test_results_know_their_table(tree):
    plan, actual = panel(a=1e6, b=2e6), panel(a=9e5, b=2.1e6)
    index = pd.DataFrame({"region": "all", "season": range(1, 13), "index": 1.0})
    size = pd.Series({"a": 5e6, "b": 6e6})
    found = {
        "control": plan_vs_actual(plan, actual, tree),
        "targets": split_target(
            plan, index.assign(region="a").pipe(lambda a: pd.concat([a, a.assign(region="b")]))
        ),
        "headroom": capacity.headroom(pd.Series({"a": 1e6}), size, tree, target_share=0.5),
        "allocated": capacity.allocate(panel(N=3e6), pd.Series({"a": 1.0, "b": 2.0}), tree, level="city"),
    }
    for name, table in found.items():
        assert table.attrs[TABLE] == name
        assert mkt.present(table, tree=tree).text() == mkt.present(table, tree=tree, kind=name).text()


def test_two_forecasts_side_by_side_too(tree):
    ahead = panel(a=1e6).rename(columns={"value": "mean"}).assign(level="city", lower=9e5, upper=1.1e6)
    found = compare_vintages(ahead, ahead.assign(mean=1.05e6), panel(a=1e6).iloc[:0])
    assert found.attrs[TABLE] == "vintages"


def test_results_show_themselves_as_text_and_as_inert_markup(tree):
    from mktanalysis.planning import PlanInputs, plan_document, set_quotas, visit_calendar

    tasks = set_quotas(panel(a=1e6, b=2e6), tree, total=4e6)
    customers = pd.DataFrame({"person": "甲", "customer": ["<b>x"], "class": "C", "hours": 2.0})
    visits = visit_calendar(customers, pd.Series({"C": 2}))
    plan = plan_document(PlanInputs(name="<b>省", year=2027, summary=("一句",)))
    for result, word in ((tasks, "2025 年任务"), (visits, "拜访日历"), (plan, "2027 年区域市场开发计划书")):
        assert word in repr(result) and word in result._repr_html_() and "<b>" not in result._repr_html_()
    assert "400 万元" in repr(tasks) and "26 次" in repr(visits)
