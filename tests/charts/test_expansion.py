"""Charts of a plan: what is drawn is what the tables hold, no glyph is missing, nothing is changed."""

import numpy as np
import pandas as pd
import pytest

from mktanalysis import MktError
from mktanalysis.charts import expansion as charts
from mktanalysis.expansion import (
    Assumptions,
    Policy,
    Search,
    compare_strategies,
    expansion_market,
    grid_example,
    simulate_risk,
    strategy_sensitivity,
)


@pytest.fixture(scope="module")
def made():
    units, edges, tree = grid_example(3, 3, random_state=1)
    policy = Policy(base=("r2c2",), periods=4, budget=6e6).assuming(Assumptions.easy(terminal_years=8.0))
    comparison = compare_strategies(
        expansion_market(units, edges, tree),
        policy,
        search=Search(method="search", rounds=1, anneal_rounds=5),
        n_draws=10,
    )
    table = strategy_sensitivity(expansion_market(units, edges, tree), policy)
    return comparison, simulate_risk(comparison.plans["planned"], n_draws=20), table


def _draw(figure, tmp_path):
    figure.savefig(tmp_path / "chart.png")
    return figure


def test_cash_bars_are_the_table(made, tmp_path):
    cash = made[0].plans["planned"].cash_flow
    before = cash.copy(deep=True)
    figure = _draw(charts.plot_cash(cash, source="测试"), tmp_path)
    heights = [bar.get_height() for bar in figure.axes[0].containers[0]]
    np.testing.assert_allclose(heights, cash["income"])
    assert cash.equals(before)


def test_ladder_has_a_bar_for_each_region(made, tmp_path):
    plan = made[0].plans["planned"]
    figure = _draw(charts.plot_ladder(plan.ladder, plan.cash_flow, source="测试"), tmp_path)
    assert len(figure.axes[0].containers) == len(plan.ladder)
    lost = _draw(charts.plot_ladder(plan.ladder.assign(held=False), plan.cash_flow), tmp_path)
    assert all("失去" in text.get_text() for text in lost.axes[0].texts)
    _draw(charts.plot_ladder(plan.ladder.head(0), plan.cash_flow), tmp_path)


def test_strategies_risk_and_sensitivity_draw(made, tmp_path):
    comparison, risk, table = made
    figure = _draw(charts.plot_strategies(comparison.table, source="测试"), tmp_path)
    assert len(figure.axes[0].patches) == len(comparison.table)
    _draw(charts.plot_risk(risk.fan, source="测试"), tmp_path)
    _draw(charts.plot_rung_chances(risk.levels, source="测试"), tmp_path)
    axes = _draw(charts.plot_sensitivity(table, source="测试"), tmp_path).axes
    named = [label.get_text().replace("\n", "") for ax in axes for label in ax.get_xticklabels()]
    winner = table[table["wins"]].set_index(["condition", "factor"])["title"].str.replace("：", "")
    settings = table[["condition", "factor"]].drop_duplicates()
    asked = [(row.condition, row.factor) for row in settings.itertuples()]
    assert len(axes) == 5 and [text.split(" 倍")[1] for text in named] == [
        winner.get(at, "无") for at in asked
    ]


def test_tornado_runs_from_the_unchanged_gain_to_the_changed_ones_widest_on_top(tmp_path):
    table = pd.DataFrame(
        {
            "condition": ["budget"] * 3 + ["rivals"] * 3,
            "factor": [0.5, 1.0, 2.0] * 2,
            "strategy": "planned",
            "gain": [9e8, 1e9, 1.1e9, 1.2e9, 1e9, 3e8],
        }
    )
    figure = _draw(charts.plot_tornado(table, strategy="planned", source="测试"), tmp_path)
    bars = {(round(bar.get_y()), bar.get_x() + bar.get_width()) for bar in figure.axes[0].patches}
    assert bars == {(0, 9e8), (0, 1.1e9), (1, 1.2e9), (1, 3e8)}  # rivals move it most
    with pytest.raises(MktError, match="1 倍"):
        charts.plot_tornado(table, strategy="other")
