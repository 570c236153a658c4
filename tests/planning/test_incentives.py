"""The race and the rebates: the source's own figures by hand, invariants, awkward inputs."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mktanalysis import MktError, TableError
from mktanalysis.planning import (
    ABOVE_TASK,
    FIVE_BANDS,
    Prizes,
    RebateSchedule,
    compare_schedules,
    leaderboard,
    rebate_cost,
    rebates,
    schedule_from_table,
)
from mktanalysis.planning.incentives import rebate_lines

SEVEN = ["东北", "华北", "华东", "华中", "华南", "西南", "西北"]
PRIZES = Prizes(year=20000.0)


def monthly(values: dict, first="2025-01"):
    """Region -> list of months' figures, long."""
    rows = []
    for region, figures in values.items():
        periods = pd.period_range(first, periods=len(figures), freq="M")
        rows.append(pd.DataFrame({"region": region, "period": periods, "value": figures}))
    return pd.concat(rows, ignore_index=True).astype({"value": float})


def board_of(quota, sold):
    return leaderboard(monthly(quota), monthly(sold), prizes=PRIZES).set_index(["kind", "period", "region"])


class TestRace:
    def test_month_quarter_and_year_of_seven_regions(self):
        quota = {region: [100.0] * 12 for region in SEVEN}
        sold = {region: [90.0] * 12 for region in SEVEN}
        sold["华东"] = [120.0] * 12
        sold["西南"] = [150.0] + [100.0] * 11
        board = board_of(quota, sold)
        assert board.loc[("month", "2025-01", "西南"), "prize"] == 1000.0
        assert board.loc[("month", "2025-02", "华东"), "prize"] == 1000.0
        assert board.loc[("quarter", "2025Q1", "华东"), "prize"] == 3000.0  # 360 against 350
        assert board.loc[("year", "2025", "华东"), "prize"] == 20000.0
        assert board["prize"].sum() == 12 * 1000 + 4 * 3000 + 20000

    def test_a_quarter_is_its_sum_and_not_the_mean_of_rates(self):
        # rates 2.0, 0.9, 0.9 (mean 1.27) but the sum misses: 20 + 90 + 90 of 210
        board = board_of({"a": [10, 100, 100]}, {"a": [20, 90, 90]})
        row = board.loc[("quarter", "2025Q1", "a")]
        assert row["completion"] == pytest.approx(200 / 210) and not row["champion"]

    def test_nobody_met_the_task_no_champion(self):
        board = board_of({"a": [100], "b": [100]}, {"a": [99.99], "b": [50]})
        assert not board["champion"].any() and board["prize"].sum() == 0
        assert board.loc[("month", "2025-01", "a"), "rank"] == 1

    def test_ties_go_to_the_larger_excess_then_are_shared(self):
        board = board_of({"a": [100], "b": [200], "c": [200]}, {"a": [110], "b": [220], "c": [220]})
        month = board.xs("2025-01", level="period").reset_index().set_index("region")
        assert month["rank"].to_dict() == {"b": 1, "c": 1, "a": 3}
        assert month["prize"].to_dict() == {"b": 500.0, "c": 500.0, "a": 0.0}

    def test_completion_is_judged_on_whole_fen(self):
        # 0.1 + 0.2 is not 0.3 in floats; the task of the quarter is met exactly
        board = board_of({"a": [0.1, 0.1, 0.1]}, {"a": [0.1, 0.2, 0.0]})
        assert board.loc[("quarter", "2025Q1", "a"), "champion"]

    def test_months_to_come_leave_quarter_and_year_open(self):
        board = board_of({"a": [100] * 12, "b": [100] * 12}, {"a": [130] * 4, "b": [110] * 4})
        assert board.loc[("quarter", "2025Q1", "a"), "champion"]
        assert not board.loc[("quarter", "2025Q2", "a"), "complete"]
        assert pd.isna(board.loc[("year", "2025", "a"), "rank"])
        assert "2025Q3" not in board.index.get_level_values("period")

    def test_bad_inputs_are_all_named(self):
        with pytest.raises(TableError, match="这里缺失") as error:
            board_of({"a": [100] * 2, "b": [100] * 2}, {"a": [90, 90], "b": [90], "z": [1]})
        assert set(error.value.problems["row"]) == {"b", "z"}
        with pytest.raises(TableError, match="任务应为正数"):
            board_of({"a": [0]}, {"a": [1]})
        with pytest.raises(MktError, match="没有相同的月份"):
            leaderboard(monthly({"a": [1.0]}), monthly({"a": [1.0]}, "2026-01"), prizes=PRIZES)
        with pytest.raises(MktError, match="year：缺少这一项"):
            Prizes()  # the source's figure of the year's prize is misprinted


MARGINAL = RebateSchedule(bands=FIVE_BANDS.bands, mode="marginal")
FREE = RebateSchedule(bands=FIVE_BANDS.bands, task_required=False)
FREE_MARGINAL = RebateSchedule(bands=FIVE_BANDS.bands, mode="marginal", task_required=False)


def paid(schedule, sales, task=2e6):
    table = pd.DataFrame({"dealer": [f"d{i}" for i in range(len(sales))], "sales": sales, "task": task})
    return rebates(table, schedule)["rebate"]


class TestRebates:
    AT = (199.9, 200, 300, 400, 500, 600, 650)  # 10,000 yuan

    def test_whole_amounts_of_the_source(self):
        found = paid(FREE, [a * 1e4 for a in self.AT]) / 1e4
        assert found.round(6).tolist() == [0, 4, 9, 16, 25, 36, 39]

    def test_marginal_amounts_of_the_source(self):
        found = paid(FREE_MARGINAL, [a * 1e4 for a in self.AT]) / 1e4
        assert found.round(6).tolist() == [0, 0, 2, 5, 9, 14, 17]

    def test_above_the_task_reads_the_same_clause_from_the_task(self):
        sales = [4.9e6, 5e6, 5.99e6, 6e6, 8e6, 9e6, 9.5e6]
        found = paid(ABOVE_TASK, sales, task=5e6) / np.array(sales)
        assert found.round(6).tolist() == [0, 0.02, 0.02, 0.03, 0.05, 0.06, 0.06]
        assert paid(ABOVE_TASK, sales).tolist() == paid(FREE, sales).tolist()  # with a task of 200 they agree

    def test_cliffs_of_the_source(self):
        lines = rebate_lines(FREE, 0.0)
        at = lines.loc[lines["cliff"] > 1e-6]
        assert (at["start"] / 1e4).tolist() == [200, 300, 400, 500, 600]
        assert (at["cliff"] / 1e4).round(6).tolist() == [4, 3, 4, 5, 6]
        assert (rebate_lines(FREE_MARGINAL, 0.0)["cliff"].abs() < 1e-6).all()

    def test_nothing_where_the_task_is_missed(self):
        assert paid(FIVE_BANDS, [3.9e6, 4e6], task=4e6).tolist() == [0, 160000.0]
        one = rebates(pd.DataFrame({"dealer": ["甲"], "sales": [3.9e6], "task": [4e6]}), FIVE_BANDS).iloc[0]
        assert one["next_threshold"] == 4e6 and one["gap"] == pytest.approx(1e5)
        assert one["gain"] == pytest.approx(1.6e5) and one["cliff"]

    def test_a_dealer_far_from_a_cliff_is_not_flagged(self):
        table = pd.DataFrame({"dealer": ["近", "远"], "sales": [2.9e6, 2.5e6], "task": 1e6})
        assert rebates(table, FIVE_BANDS)["cliff"].tolist() == [True, False]
        assert not rebates(table, FREE_MARGINAL)["cliff"].any()

    @given(st.floats(0, 2e7), st.floats(0, 2e7), st.sampled_from(["whole", "marginal"]))
    def test_splitting_never_pays_and_rebates_never_fall(self, one, other, mode):
        lines = RebateSchedule(bands=FIVE_BANDS.bands, mode=mode, task_required=False)
        both, first, second = paid(lines, [one + other, one, other])
        assert both >= first + second - 1e-6
        assert both >= max(first, second) - 1e-6

    @given(st.floats(0, 2e7))
    def test_marginal_pays_no_more_than_whole(self, sales):
        assert paid(FREE_MARGINAL, [sales])[0] <= paid(FREE, [sales])[0] + 1e-6

    @pytest.mark.parametrize("schedule", [FIVE_BANDS, MARGINAL, FREE, ABOVE_TASK])
    def test_expected_cost_is_the_mean_over_drawn_sales(self, schedule):
        forecast = pd.DataFrame(
            {"dealer": ["甲"], "mean": [3.1e6], "lower": [2.2e6], "upper": [4.0e6], "task": [2.5e6]}
        )
        row = rebate_cost(forecast, schedule).iloc[0]
        draws = np.random.default_rng(5).normal(3.1e6, 0.9e6 / 1.2815515655446004, 40_000)
        lines = rebate_lines(schedule, 2.5e6)
        at = np.searchsorted(lines["start"].to_numpy(), draws, side="right") - 1
        drawn = lines["intercept"].to_numpy()[at] + lines["slope"].to_numpy()[at] * draws
        drawn = np.where(draws < 0, 0.0, drawn)
        assert row["expected"] == pytest.approx(drawn.mean(), rel=0.02)
        assert row["chance"] == pytest.approx((drawn > 0).mean(), abs=0.01)

    def test_a_change_of_schedule_is_shown_dealer_by_dealer(self):
        table = pd.DataFrame({"dealer": ["甲", "乙"], "sales": [3e6, 6.5e6], "task": 2e6})
        change = compare_schedules(table, FIVE_BANDS, MARGINAL)
        assert change["change"].round(2).tolist() == [-70000.0, -220000.0]

    def test_overlapping_and_gapped_bands_are_named(self):
        bands = pd.DataFrame(
            {"low": [2e6, 2.9e6, 4.5e6], "high": [3e6, 4e6, None], "rate": [0.02, 0.03, 0.04]}
        )
        with pytest.raises(TableError, match="重叠") as error:
            schedule_from_table(bands)
        assert error.value.problems["problem"].tolist() == ["与上一档重叠", "与上一档之间有空档"]
        with pytest.raises(MktError, match="不能重叠"):
            RebateSchedule(bands=((2.0, 0.02), (2.0, 0.03)))
        with pytest.raises(MktError, match="不能随销售额下降"):
            RebateSchedule(bands=((2.0, 0.03), (3.0, 0.02)))

    def test_missing_is_not_zero(self):
        table = pd.DataFrame({"dealer": ["甲", "甲"], "sales": [np.nan, 1.0], "task": [1.0, -1.0]})
        with pytest.raises(TableError) as error:
            rebates(table, FIVE_BANDS)
        assert len(error.value.problems) == 3
