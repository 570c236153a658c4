"""What the results of planning show of themselves: text and markup, in Chinese, harmless."""

import re

import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import planning
from mktanalysis.synthetic import make_company


@pytest.fixture(scope="module")
def results():
    tree = mkt.load_regions()
    company = make_company(tree, within="320000", random_state=1)
    curves = planning.fit_response(company.judgements)
    work = pd.DataFrame(
        {"region": ["a", "b", "c"], "person": ["甲", "甲", "<b>乙"], "hours": [10.0, 20.0, 5.0]}
    )
    units = mkt.market_units("prefecture", within="320000")
    season = pd.DataFrame({"region": "all", "season": range(1, 13), "index": 1.0})
    start = {"level": "prefecture", "season": season}
    return {
        "bands": planning.FIVE_BANDS,
        "force": planning.optimal_force(curves, margin=0.3, cost=1.5e5, most=20),
        "departure": planning.without_person(work, "甲", capacity=30.0),
        "position": planning.company_position(units, tree.subtree("320000"), **start),
    }


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("bands", "200           300    2.0%"),
        ("force", "最好的已是看过的最大编制"),
        ("departure", "交出 2 个地区"),
        ("position", "没有（按根据地推算）"),
    ],
)
def test_results_show_their_figures_and_the_next_step(results, name, told):
    text, markup = repr(results[name]), results[name]._repr_html_()
    assert told in text and "下一步：" in text and markup.startswith("<p><strong>")
    heads = re.findall(r"<th[^>]*>(.*?)</th>", markup)
    assert heads and not [head for head in heads if head.isascii()]
    assert "<b>乙" not in markup and "<script" not in markup


def test_a_schedule_stays_a_record(results):
    again = planning.RebateSchedule(bands=results["bands"].bands)
    assert again == results["bands"] and str(again) == repr(again)
    marginal = planning.RebateSchedule(bands=again.bands, mode="marginal", task_required=False)
    assert "超额累进" in repr(marginal) and "不论任务" in repr(marginal)
