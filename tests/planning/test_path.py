"""From a path to a plan: tasks, budget, people, months; the position of the company before it."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import MktError, TableError
from mktanalysis.planning import (
    company_position,
    control_months,
    path_budget,
    path_targets,
    phase_starts,
    plan_heads,
    quota_months,
    quotas_of_path,
)

SEASON = pd.DataFrame({"region": "all", "season": range(1, 13), "index": 1.0})


@pytest.fixture(scope="module")
def jiangsu():
    return mkt.load_regions().subtree("320000")


@pytest.fixture(scope="module")
def units():
    return mkt.market_units("prefecture", within="320000")


class TestTasks:
    def test_every_level_is_the_exact_sum_of_its_children(self, jiangsu):
        rng = np.random.default_rng(0)
        cities = jiangsu.level("prefecture")
        sold = pd.Series(rng.uniform(1e6, 9e7, len(cities)), cities)
        tasks = quotas_of_path(sold, jiangsu, year=2027)
        assert tasks.table["quota"].iloc[0] == tasks.quota.sum() == round(sold.sum(), -4)
        assert (tasks.quota % 1e4 == 0).all() and (abs(tasks.quota - sold) < 2e4).all()
        assert tasks.year == 2027 and (tasks.table["method"] == "path").all()

    def test_a_place_that_sold_is_not_forgotten_and_a_new_one_has_no_growth(self, jiangsu):
        sold = pd.Series({"320500": 3e7, "320600": 1e7})
        last = pd.Series({"320500": 4e7, "320100": 2e7})
        tasks = quotas_of_path(sold, jiangsu, year=2027, last=last, growth=0.05)
        table = tasks.table.set_index("region")
        # 苏州: the path asks for less than last year's with growth; 南京 sells and is not on the path
        assert table.loc["320500", "quota"] == 4.2e7 and table.loc["320100", "quota"] == 2.1e7
        assert table.loc["320600", "quota"] == 1e7 and np.isnan(table.loc["320600", "growth"])
        assert "1 个地区是新进入的" in tasks.notes[0] and "1 个地区不在路径上" in tasks.notes[1]

    def test_a_given_total_is_met_in_proportion(self, jiangsu):
        tasks = quotas_of_path(pd.Series({"320500": 3e7, "320600": 1e7}), jiangsu, year=2027, total=8e7)
        assert tasks.quota.to_dict() == {"320500": 6e7, "320600": 2e7}

    @pytest.mark.parametrize(
        "sold, text",
        [
            ({"320500": np.nan}, "缺失不是 0"),
            ({"320500": -1.0}, "非负"),
            ({"320500": 1e6, "320505": 1e6}, "同一层级"),
            ({"320500": 0.0}, "定不出任务"),
        ],
    )
    def test_bad_paths(self, jiangsu, sold, text):
        with pytest.raises(MktError, match=text):
            quotas_of_path(pd.Series(sold), jiangsu, year=2027)


class TestMoneyPeopleMonths:
    def test_the_budget_is_the_payments_by_zone_and_sums(self):
        outlay = pd.DataFrame(
            {
                "region": list("abc"),
                "amount": [3.33e5, 3.33e5, 3.34e5],
                "new": [True, True, False],
                "staff": 1.0,
            }
        )
        found = path_budget(outlay, pd.Series({"a": "南", "b": "南", "c": "北"}), office_cost=6e4)
        lines = found.set_index("item")["amount"]
        assert lines["合计"] == lines.drop("合计").sum() == 1.06e6
        assert lines["南：开发新市场"] == 6.7e5 and lines["管理机构"] == 6e4  # 66.6 and 33.4 to whole units
        with pytest.raises(MktError, match="没有分区的地区：c"):
            path_budget(outlay, pd.Series({"a": "南", "b": "南"}))

    def test_heads_sum_to_the_need_rounded_up(self):
        found = plan_heads(
            pd.Series({"a": 2.4, "b": 2.4, "c": 0.4}), pd.Series({"a": 6e6, "b": 6e6, "c": 1e5})
        )
        assert found["people"].sum() == 6 and found["region"].tolist()[-1] == "c"
        with pytest.raises(MktError, match="缺失不是 0"):
            plan_heads(pd.Series({"a": np.nan}), pd.Series({"a": 1.0}))

    def test_entries_of_a_year_are_spread_over_it(self):
        years = pd.PeriodIndex(["2027"] * 13 + ["2028"], freq="Y")
        found = phase_starts(pd.DataFrame({"region": [f"r{i}" for i in range(14)], "period": years}))
        first = found["start"].dt.month.tolist()
        assert first[:3] == [1, 1, 1] and max(first) == 9 and first[-1] == 1  # three at a time
        assert found["start"].dt.year.tolist() == [2027] * 13 + [2028]
        assert phase_starts(pd.DataFrame({"region": [], "period": years[:0]})).empty

    def test_the_control_sheet_ends_at_the_years_task(self):
        months = quota_months(pd.Series({"a": 5e6, "b": 7e6}), SEASON, year=2027)
        found = control_months(months)
        assert found["plan"].sum() == found["cumulative_plan"].iloc[-1] == 1.2e7
        assert found["done_share"].iloc[-1] == 1.0

    def test_targets_say_what_is_missing(self):
        found = path_targets(
            pd.Series({"share": 0.05}), pd.Series({"share": 0.08}), owner="甲", source="路径"
        )
        assert (found["target_value"] == "未提供").sum() == 11


class TestPosition:
    def test_without_files_everything_is_said_to_be_assumed(self, units, jiangsu):
        found = company_position(units, jiangsu, level="prefecture", season=SEASON)
        assert found.base == ("320500",) and found.last is None and found.dealers.empty
        assert "假设" in found.source and len(found.notes) == 2

    def test_counties_are_summed_and_older_sales_carried_to_the_plan(self, units, jiangsu):
        year = int(units["year"].max())
        sales = pd.DataFrame({"region": ["320581", "320582"], "value": [4e8, 6e8]})
        sales["period"] = pd.PeriodIndex([str(year - 2)] * 2, freq="Y")
        found = company_position(units, jiangsu, level="prefecture", season=SEASON, sales=sales)
        assert found.last.to_dict() == pytest.approx({"320500": 1e9 * 1.05**2})
        assert any("补 2 年" in note for note in found.notes)
        share = found.units.set_index("region")["own_share"]
        assert share["320500"] > 0 and share.drop("320500").eq(0).all()
        rivals = found.units[["rival_1", "rival_2", "rival_3"]].sum(axis=1)
        assert (rivals + found.units["own_share"] <= 1).all()

    def test_the_running_year_is_judged_and_carried_to_its_end(self, units, jiangsu):
        year = int(units["year"].max())
        months = pd.period_range(f"{year - 2}-01", f"{year}-08", freq="M")
        sales = pd.concat(
            pd.DataFrame(
                {"region": code, "period": months, "value": 1e7 * np.where(months.year == year, rate, 1)}
            )
            for code, rate in (("320100", 1.05), ("320500", 0.8))
        )
        targets = pd.DataFrame({"region": ["320100", "320500"], "value": 1.2e8})
        targets["period"] = pd.PeriodIndex([str(year)] * 2, freq="Y")
        found = company_position(
            units, jiangsu, level="prefecture", season=SEASON, sales=sales, targets=targets
        )
        late = found.outlook[found.outlook["needs_help"] & (found.outlook["level"] == "prefecture")]
        assert late["region"].tolist() == ["320500"]  # planted: a fifth below its task
        assert found.last["320500"] == pytest.approx(0.96e8, rel=0.01)

    def test_wrong_units_and_strangers_are_named(self, units, jiangsu):
        year = pd.PeriodIndex(["2026"], freq="Y")
        much = pd.DataFrame({"region": ["320500"], "period": year, "value": [1e12]})
        with pytest.raises(TableError, match="超过品类容量"):
            company_position(units, jiangsu, level="prefecture", season=SEASON, sales=much)
        with pytest.raises(TableError, match="高一级"):
            company_position(
                units, jiangsu, level="prefecture", season=SEASON, sales=much.assign(region="320000")
            )
        with pytest.raises(MktError, match="没有本区域的数"):
            company_position(
                units, jiangsu, level="prefecture", season=SEASON, sales=much.assign(region="440100")
            )
        with pytest.raises(MktError, match="根据地不是"):
            company_position(units, jiangsu, level="prefecture", season=SEASON, base=("440100",))
