"""Sentences of an expansion study: true on planted results, a tie is a tie, what is missing is said."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mktanalysis import expansion, stories

YEARS = pd.period_range("2027", periods=4, freq="Y")


def planted_plan(*, steps=2, gain=3e8, after=1e8, holds=True, least=5e6, budget=2e7):
    step_table = pd.DataFrame(
        {
            "period": YEARS[:1].repeat(steps),
            "region": [f"u{i}" for i in range(steps)],
            "name": [f"城{i}" for i in range(steps)],
            "action": "集中",
            "cost": 4e6,
            "value": np.arange(steps, 0, -1) * 1e7,
            "cash": 3e7,
            "reason": "容量最大",
        }
    )
    ladder = pd.DataFrame(
        {"level": ["province"], "region": ["P"], "name": ["某省"], "period": YEARS[2:3], "held": [True]}
    )
    figures = pd.Series(
        {
            "gain": gain,
            "gain_after": after,
            "gain_within": gain - after,
            "peak_cash": 6e7,
            "payback_year": 2029.0,
            "capacity_covered_share": 0.5,
            "share_overall": 0.1,
            "concentration": 0.8,
            "peak_staff": 12.0,
            "first_step_budget": least,
        }
    )
    rungs = (SimpleNamespace(level="prefecture"), SimpleNamespace(level="province"))
    return SimpleNamespace(
        steps=step_table,
        ladder=ladder if steps else ladder.iloc[:0],
        figures=figures,
        checks=pd.DataFrame({"condition": ["资金", "连片"], "holds": [holds, True]}),
        cash_flow=pd.DataFrame({"period": YEARS, "budget": budget, "money_left": 1e6}),
        policy=SimpleNamespace(base=("b",), objective="profit", years=YEARS.year, budget_kind="net"),
        assumptions=SimpleNamespace(rungs=rungs, terminal_years=3.0),
        gain=gain,
        bound=gain * 1.05,
        gap=0.05,
    )


def planted_risk(**figures):
    known = {"mean": 2.5e8, "p05": 1e8, "p95": 4e8, "loss_probability": 0.0, "shortage_probability": 0.0}
    return SimpleNamespace(figures=pd.Series({**known, **figures}))


def comparison(gains, holds=None):
    table = pd.DataFrame(
        {"strategy": list("abc")[: len(gains)], "title": ["甲法", "乙法", "丙法"][: len(gains)]}
    )
    return SimpleNamespace(
        table=table.assign(gain=gains, holds=[True] * len(gains) if holds is None else holds)
    )


def test_judgement_names_base_first_steps_rung_and_gain():
    text = stories.expansion(planted_plan()).judgement.text
    assert "从b出发，2027 年先进城0、城1" in text
    assert "2029 年成为某省的省级强势品牌" in text and "3 亿元" in text


def test_a_plan_that_loses_is_not_called_good():
    text = stories.expansion(planted_plan(gain=-2e8)).judgement.text
    assert "少赚2 亿元" in text and "不值得走" in text


def test_a_broken_condition_comes_before_everything_else():
    assert stories.expansion(planted_plan(holds=False)).judgement.text == "这份计划不可采用：资金不成立。"


@pytest.mark.parametrize(
    ("least", "said"),
    [(5e7, "第一步每年至少要5,000 万元"), (float("nan"), "没有一步是赚钱的"), (1e6, "抵不上它的花费")],
)
def test_no_step_says_why(least, said):
    story = stories.expansion(planted_plan(steps=0, least=least))
    assert said in story.judgement.text and not story.numbers and not story.actions
    assert "只守" not in story.judgement.text


def test_close_strategies_are_a_tie_and_a_clear_one_is_best():
    tie = stories.expansion(planted_plan(), comparison([17.3e8, 17.25e8, 12e8])).more[0].text
    assert "“甲法”“乙法”不分高下" in tie and "最差的是“丙法”" in tie
    clear = stories.expansion(planted_plan(), comparison([17.3e8, 15e8, 12e8])).more[0].text
    assert "“甲法”最好" in clear


def test_a_strategy_that_breaks_a_condition_is_not_the_best():
    told = stories.expansion(planted_plan(), comparison([20e8, 15e8], [False, True])).more[0].text
    assert "“乙法”最好" in told and "甲法" not in told


def test_risk_is_told_from_its_figures():
    risk = planted_risk(loss_probability=0.2, shortage_probability=0.81)
    story = stories.expansion(planted_plan(after=2.7e8), risk=risk)
    assert "亏损的可能 20%" in story.risk.text and "资金不足的可能 81%" in story.risk.text
    assert "90% 的增量来自计划期以后" in story.risk.text
    assert any("机动预算" in action.text for action in story.actions)
    calm = stories.expansion(planted_plan(after=1e7), risk=planted_risk(mean=3.2e8)).risk.text
    assert calm == "亏损与资金不足的可能都不到 5%。"


def test_without_replays_the_risk_is_not_known():
    assert "不知道把握有多大" in stories.expansion(planted_plan()).risk.text


def test_every_sentence_rests_on_figures():
    story = stories.expansion(planted_plan(), comparison([3e8, 2e8]), planted_risk())
    for claim in story.claims():
        assert claim.figures, claim.text
    evidence = story.evidence()
    assert set(evidence["sentence"]) == set(story.sentences())
    assert evidence.loc[evidence["figure"] == "净现值增量", "text"].iloc[0] == "3 亿元"


def test_text_is_never_markup():
    plan = planted_plan()
    plan.steps["name"] = "<script>x</script>"
    assert "<script>" not in stories.expansion(plan)._repr_html_()


def test_the_gain_is_told_with_its_part_within_the_horizon():
    text = stories.expansion(planted_plan()).judgement.text
    assert "多赚3 亿元（折现），其中计划期内有2 亿元" in text
    assert "其中计划期内只有1 亿元" in stories.expansion(planted_plan(after=2e8)).judgement.text
    assert (
        "计划期内还差5,000 万元，增量全在期后" in stories.expansion(planted_plan(after=3.5e8)).judgement.text
    )
    plan = planted_plan()
    plan.steps = plan.steps.assign(strong_chance=[0.9, 0.7], left_chance=[0.05, 0.2])
    assert "期末预计 2 个强势、0 个已撤出" in stories.expansion(plan).judgement.text


def test_harvest_tells_early_entries_from_late_ones():
    plan = planted_plan(steps=3)
    plan.steps = plan.steps.assign(period=YEARS[[0, 1, 3]], cash=[4e7, -1e7, -2e7])
    told = stories.harvest(plan)
    assert "前 2 年进入的 2 个单元到期末累计净收回3,000 万元" in told.text
    assert "后来进入的 1 个累计还垫着2,000 万元（还在投入期" in told.text and "再计 3 年" in told.text
    assert told.figures == {"n_early": 2, "cash_early": 3e7, "cash_late": -2e7}


def test_money_tells_whether_the_budget_binds_and_which_one():
    plan = planted_plan()
    assert "预算（净垫付）最紧的是 2027 年，年末剩100 万元" in stories.money(plan).text
    plan.cash_flow = plan.cash_flow.assign(money_left=[9e7, 8e7, 7e7, 9e7])
    assert "不是瓶颈：最紧的 2029 年末也剩7,000 万元" in stories.money(plan).text
    plan.policy.budget_kind = "gross"
    assert "总支出" in stories.money(plan).text and "根据地" not in stories.money(plan).text


def test_what_a_plan_hangs_on_is_the_worst_of_each_condition():
    rows = [("rivals", 1.0, 3e8), ("rivals", 0.8, 5e8), ("rivals", 1.25, -1e8), ("cost", 1.0, 3e8)]
    rows += [("cost", 2.0, 2e8), ("reaction", 1.0, 3e8), ("reaction", 0.0, 3.5e8)]
    table = pd.DataFrame(rows, columns=["condition", "factor", "gain"])
    text = stories.hangs_on(table).text
    assert "最怕的是对手力度 1.25 倍时剩−1 亿元；进入费用 2 倍时剩2 亿元（不变时3 亿元）" in text
    assert "单独就会使计划亏的：对手力度 1.25 倍" in text and "反击" not in text
    assert "都不会使计划亏" in stories.hangs_on(table[table["condition"] == "cost"]).text


def test_the_strip_tells_assumptions_from_figures():
    units, edges, tree = expansion.grid_example(3, 3)
    plan = expansion.plan_expansion(
        expansion.expansion_market(units, edges, tree), expansion.Policy(base=("r1c1",), budget=6e6)
    )
    units = units.assign(status="nowcast", year=2024)
    told = stories.expansion_strip(plan, units, tree, area="甲省", category_share=0.01)
    assert told.facts["根据地"] == "r1c1" and told.facts["范围"] == "甲省9 个单元"
    assert told.facts["预算"] == "600 万元/年（净垫付）" and "补到今天" in told.facts["容量"]
    assert told.assumed["强势"] == "前 3 名且份额 ≥ 16%" and told.assumed["品类占社零"] == "1.0%"
    assert told.assumed["投入"].startswith("6%、6%、5%、3.5%") and "约 2 年" in told.assumed["见效"]
    own = stories.expansion_strip(plan, units, tree)
    assert "自有单元表" in own.facts["容量"] and "品类占社零" not in own.assumed


def test_a_cut_that_changes_nothing_says_why():
    before = planted_plan()
    told = stories.expansion_replanned(before, planted_plan(gain=3e8 * (1 + 1e-4))).text
    assert "几乎不变：原计划的预算最紧的一年也剩100 万元" in told and "多" not in told


def test_infeasible_cut_names_what_is_needed():
    relaxation = pd.DataFrame({"condition": ["每年预算"], "given": [5e6], "needed": [8e6]})
    refused = SimpleNamespace(relaxation=relaxation)
    text = stories.expansion_replanned(planted_plan(), refused=refused).text
    assert "走不通：每年预算，至少需要800 万元，只有500 万元" in text
    told = stories.expansion_replanned(planted_plan(gain=4e8), planted_plan(gain=3e8)).text
    assert "由4 亿元变为3 亿元，少 25%" in told


def test_the_basis_tells_what_part_of_the_capacity_is_estimated():
    plan = planted_plan()
    plan.policy = SimpleNamespace(base=("b",), objective="profit", reinvest=0.5)
    response = SimpleNamespace(strong_rank=3, enter_share=0.16)
    plan.assumptions = SimpleNamespace(response=response, discount=0.1)
    units = pd.DataFrame({"capacity": [1e8, 3e8], "status": ["observed", "imputed"], "year": 2023})
    told = stories.basis(plan, units).text
    assert "其中 75% 来自没有公布数的地方，是推算的" in told
    assert "推算" not in stories.basis(plan, units.assign(status="observed")).text
