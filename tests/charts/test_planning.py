"""Charts of planning: what they show is what the tables hold."""

import numpy as np
import pandas as pd
import pytest

from mktanalysis import MktError
from mktanalysis.charts import planning as charts
from mktanalysis.planning import (
    FIVE_BANDS,
    Prizes,
    RebateSchedule,
    Week,
    leaderboard,
    rebates,
    visit_calendar,
)
from mktanalysis.planning.incentives import rebate_lines

QUOTAS = pd.DataFrame(
    {
        "region": ["a", "b", "c"],
        "last": [1e7, 2e7, 3e7],
        "quota": [1.1e7, 2.5e7, 3.2e7],
        "difficulty": [0.98, 1.2, 1.05],
        "chance": [0.6, 0.1, 0.4],
    }
)
NAMES = {"a": "南京市", "b": "苏州市", "c": "无锡市"}


def drawn(figure):
    figure.canvas.draw()  # a missing glyph is a warning, and warnings are errors
    return figure


def test_quotas_and_the_share_of_capacity():
    size = pd.Series({"a": 1.1e8, "b": 1e8, "c": 1e8})
    figure = drawn(charts.plot_quotas(QUOTAS, capacity=size, names=NAMES, title="任务", source="试算"))
    left, right = figure.axes
    assert [t.get_text() for t in left.get_yticklabels()] == ["南京市", "苏州市", "无锡市"]
    tasks = next(line for line in left.lines if line.get_label() == "任务")
    assert list(tasks.get_xdata()) == [1.1e7, 2.5e7, 3.2e7]
    assert [bar.get_width() for bar in right.patches] == pytest.approx([0.1, 0.25, 0.32])
    assert left.get_ylim() == right.get_ylim()


def test_difficulty_strip():
    figure = drawn(charts.plot_difficulty(QUOTAS, names=NAMES, title="难度"))
    dots = figure.axes[0].collections[0]
    assert sorted(dots.get_offsets()[:, 0]) == [0.98, 1.05, 1.2]
    assert sorted(dots.get_array()) == [0.1, 0.4, 0.6]
    with pytest.raises(MktError, match="没有难度"):
        charts.plot_difficulty(QUOTAS.assign(difficulty=np.nan))


def test_leaderboard_marks_the_champion():
    months = pd.PeriodIndex(["2025-01"] * 2, freq="M")
    quota = pd.DataFrame({"region": ["a", "b"], "period": months, "value": 100.0})
    board = leaderboard(quota, quota.assign(value=[90.0, 120.0]), prizes=Prizes(year=1e4))
    figure = drawn(charts.plot_leaderboard(board, "month", "2025-01", names=NAMES, title="竞赛"))
    assert [bar.get_width() for bar in figure.axes[0].patches] == [0.9, 1.2]
    assert [t.get_text().strip() for t in figure.axes[0].texts] == ["90.0%", "120.0%  冠军"]
    with pytest.raises(MktError, match="现有：2025-01"):
        charts.plot_leaderboard(board, "month", "2030-01")


def test_dealers_stand_on_the_rebate_curve():
    dealers = pd.DataFrame({"dealer": ["甲", "乙"], "sales": [2.5e6, 3.9e6], "task": 2e6})
    marginal = RebateSchedule(bands=FIVE_BANDS.bands, mode="marginal")
    curves = {"全额": rebate_lines(FIVE_BANDS, 2e6), "超额累进": rebate_lines(marginal, 2e6)}
    figure = drawn(charts.plot_rebates(curves, rebates(dealers, FIVE_BANDS), title="返利"))
    points = {line.get_label(): line for line in figure.axes[0].lines if line.get_marker() == "o"}
    assert list(points["经销商"].get_ydata()) == [5e4]
    assert list(points["临界点附近的经销商"].get_ydata()) == [117000.0]


def test_calendar_frames_the_overload():
    customers = pd.DataFrame(
        {"person": "甲", "customer": list("abc"), "class": "周", "hours": [5.0, 5.0, 5.0]}
    )
    customers["kind"] = ["dealer", "dealer", "customer"]
    plan = visit_calendar(customers, pd.Series({"周": 1}), week=Week(weeks=4))
    figure = drawn(charts.plot_calendar(plan.days, "甲", title="日历"))
    assert len(figure.axes[0].patches) == 4  # Mondays of 10 hours
    assert figure.axes[0].images[0].get_array()[0, 0] == 10.0
    with pytest.raises(MktError, match="没有这位人员"):
        charts.plot_calendar(plan.days, "乙")


def test_outlook_and_swot():
    table = pd.DataFrame({"region": ["a", "b"], "outlook_completion": [0.8, 1.1], "chance": [0.1, 0.9]})
    figure = drawn(charts.plot_outlook(table.assign(needs_help=[True, False]), names=NAMES, title="预计"))
    assert [bar.get_width() for bar in figure.axes[0].patches] == [1.1, 0.8]
    lines = pd.DataFrame({"side": ["strength"], "text": ["本公司居第 1 名"]})
    figure = drawn(charts.plot_swot(lines, title="SWOT"))
    texts = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert "· 本公司居第 1 名" in texts and texts.count("· 没有达到门槛的数字") == 3
