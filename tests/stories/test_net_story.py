"""The net in words: what is expected is called so, contiguity is never taken for a method's merit."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from mktanalysis import stories


def plan(leave=(0.3, 0.5), strong=(0.6, 0.4)):
    rules = pd.DataFrame(
        {
            "region": ["a", "b"],
            "leave_below": [0.02, 0.03],
            "push_from": [0.05, np.nan],
            "leave_chance": leave,
            "push_chance": [0.5, 0.3],
        }
    )
    steps = pd.DataFrame(
        {"region": ["a", "b"], "name": ["甲", "乙"], "strong_chance": strong, "left_chance": leave}
    )
    return SimpleNamespace(rules=rules, steps=steps)


def test_ten_units_are_shared_out_and_the_bars_are_told():
    told = stories.net(plan()).text
    assert "2 个新单元先进去看一看" in told and "每十个有 4 个" in told
    assert "每十个里预计 5 个成为强势、4 个已经撤出" in told
    assert "低于 2.5% 就撤，达到 5.0% 就集中" in told


def test_looking_is_praised_only_where_it_earns():
    gains = pd.Series({"gain": 3e8, "net_information": 1e8})
    assert "先看再定多赚1 亿元" in stories.net(plan(), gains).text
    gains["net_information"] = 0.0
    assert "并不多赚" in stories.net(plan(), gains).text


def test_a_plan_without_decision_points_says_so():
    empty = plan()
    empty.rules = empty.rules.head(0)
    assert "没有看份额再定的时点" in stories.net(empty).text


def test_how_sure_a_plan_is_of_its_units():
    told = stories.certainty(plan()).text
    assert told.startswith("没有一处是十拿九稳") and "预计 1 个强势、1 个撤出" in told
    assert "最大的是甲（60%），最小的是乙（40%）" in told
    assert "十拿九稳" not in stories.certainty(plan(strong=(0.95, 0.4))).text


def test_doubts_come_as_one_sentence():
    assert "没有不合常情" in stories.doubted([]).text
    assert stories.doubted(["甲", "乙"]).text == "不合常情，请核对假设：甲；乙。"


def test_looking_and_freedom_are_told_apart():
    rows = [
        ("spread", factor, strategy, gain)
        for factor, gains in ((0.0, (5e8, 4e8, 6e8)), (1.0, (3e8, 5e8, 7e8)))
        for strategy, gain in zip(("base_first", "scout_rings", "wide_net"), gains, strict=True)
    ]
    rows += [("budget", 1.0, s, g) for s, g in (("base_first", 3e8), ("scout_rings", 5e8), ("wide_net", 7e8))]
    table = pd.DataFrame(rows, columns=["condition", "factor", "strategy", "gain"])
    told = stories.net_or_force(table).text
    assert "各地差异 1 倍时先探路好，0 倍时直接集中好" in told and "预算怎样变都是先探路好" in told
    assert "多赚2 亿元：那是不受连片约束之故" in told


def test_a_strategy_that_is_free_is_not_compared_with_a_path_that_is_not():
    table = pd.DataFrame(
        {
            "strategy": ["optimum", "wide_net", "planned"],
            "title": ["最优", "撒网", "规划路径"],
            "contiguity": ["none", "none", "held"],
            "gain": [9e8, 8e8, 5e8],
            "holds": True,
        }
    )
    from mktanalysis.stories.expansion.study import _ways

    told = _ways(SimpleNamespace(table=table)).text
    assert "“撒网”不受连片约束" in told and "连片的代价是4 亿元" in told
