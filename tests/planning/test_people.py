"""People: the source's cadences, sizes against brute force, calendars that meet every interval."""

import itertools

import numpy as np
import pandas as pd
import pytest

from mktanalysis import InfeasibleError, MktError, TableError
from mktanalysis.fieldwork import travel_hours, yearly_contacts
from mktanalysis.planning import (
    FieldForce,
    Week,
    breakdown_heads,
    field_workload,
    fit_response,
    heads,
    inspection_heads,
    managers,
    model_stores,
    optimal_force,
    promotion_due,
    visit_calendar,
    without_person,
)
from mktanalysis.planning.people import SEED_CLASSES, CustomerClass
from mktanalysis.planning.people.size import response_sales


class TestWorkload:
    def test_the_sources_cadences_as_stock_and_as_flow(self):
        by_name = {one.name: one for one in SEED_CLASSES}
        assert by_name["潜在客户"].contacts == 4  # a contact a quarter
        assert yearly_contacts(52 / 12) == 12  # three-month prospects: a visit a month
        assert yearly_contacts(1.0) == 52  # one-month prospects: a visit a week, never 26
        assert by_name["三月期"].contacts == pytest.approx(2)  # passes through in two months
        assert by_name["一月期"].contacts == pytest.approx(13 / 6)
        assert by_name["半月期"].contacts == pytest.approx(
            65 / 6
        )  # on site every working day of half a month

    def test_the_routine_is_about_300_visits_a_year(self):
        force = FieldForce()
        assert force.visits_a_person == 300  # at least six customers a week, fifty weeks
        # the file of one salesman as the source describes him: the routine and the cadences agree
        made = field_workload(pd.DataFrame({"region": ["a"], "customers": [250.0]}))
        assert made.set_index("phase").loc["mature", "visits_made"] == pytest.approx(300, rel=0.1)

    def test_hours_by_hand(self):
        force = FieldForce(
            classes=(CustomerClass(name="甲", share=1.0, every_weeks=2.0, visit=True),),
            prospects=0.5, visit_hours=1.0, old_contacts=2.0, sweep_hours=0.5, store_hours=52.0,
        )  # fmt: skip
        units = pd.DataFrame({"region": ["a"], "customers": [100.0], "stores": [2.0]})
        mature = field_workload(units, force).set_index("phase").loc["mature"]
        # 50 prospects x 26 visits x 1 h; 50 old x 2 x 1 h; 2 stores x 52 h; 6 days of the supervisor
        expected = {"visits": 1300, "old_customers": 100, "model_stores": 104, "supervision": 48, "sweep": 0}
        assert mature[list(expected)].to_dict() == expected
        assert mature["staff"] == pytest.approx(1504 / 1200)
        assert mature["hours"] == 1552
        first = field_workload(units, force).set_index("phase").loc["first_year"]
        assert first["sweep"] == 50 and first["visits"] == pytest.approx(1300 * 10 / 12)

    def test_supervision_is_the_managers_work_not_the_salesmans(self):
        units = pd.DataFrame({"region": ["a"], "customers": [100.0]})
        with_boss = field_workload(units, FieldForce(supervisor_days=(100.0, 100.0)))
        without = field_workload(units, FieldForce(supervisor_days=(0.0, 0.0)))
        assert with_boss["staff"].equals(without["staff"]) and (with_boss["hours"] > without["hours"]).all()

    def test_travel_adds_to_every_visit(self):
        # by hand: (2 x 30 + 0.57 sqrt(900 x 2)) / 40
        assert travel_hours(30.0, 900.0, 2.0) == pytest.approx((60 + 0.57 * np.sqrt(1800)) / 40)
        units = pd.DataFrame({"region": ["a"], "customers": [200.0]})
        far = units.assign(area_km2=900.0, radius_km=30.0)
        near = field_workload(units)
        assert (field_workload(far)["visits"] > near["visits"]).all()
        assert set(near["travel"]) == {"none"} and set(field_workload(far)["travel"]) == {"computed"}

    def test_bad_units(self):
        with pytest.raises(TableError, match="缺失不是 0"):
            field_workload(pd.DataFrame({"region": ["a", "a"], "customers": [np.nan, 2.0]}))
        with pytest.raises(MktError, match="占比合计应为 1"):
            FieldForce(classes=SEED_CLASSES[:2])

    def test_heads_sum_and_managers_end_with_one(self):
        rng = np.random.default_rng(0)
        need = pd.Series(rng.uniform(0, 3, 40), [f"r{i:02d}" for i in range(40)])
        whole = heads(need, total=70, least=1)
        assert whole.sum() == 70 and (whole >= 1).all()
        for n in (1, 8, 9, 64, 65, 600):
            assert managers(n)["n_managers"].iloc[-1] == 1
        assert managers(600)["n_managers"].tolist() == [75, 10, 2, 1]
        assert managers(0).empty
        with pytest.raises(InfeasibleError, match="各下限"):
            heads(need, total=30, least=1)
        assert breakdown_heads(pd.Series({"a": 5e6}), 2e6).tolist() == [2.5]


def curves(a=(0.7, 0.9, 0.8), b=(2.0, 1.0, 4.0), top=(100.0, 60.0, 140.0)):
    index = [f"r{i}" for i in range(len(a))]
    return pd.DataFrame({"floor": 5.0, "ceiling": top, "a": a, "b": b, "concave": [x <= 1 for x in a]}, index)


class TestSize:
    def test_a_curve_goes_through_its_judgements(self):
        said = pd.DataFrame({"region": "a", "staff": [0, 3, 6, np.inf], "sales": [10.0, 60.0, 80.0, 110.0]})
        curve = fit_response(said)
        assert response_sales(curve, 6)[0, [0, 3, 6]].round(6).tolist() == [10.0, 60.0, 80.0]
        assert curve["worst_error"].iloc[0] < 1e-9
        with pytest.raises(MktError, match="应上升"):
            fit_response(said.assign(sales=[10.0, 80.0, 60.0, 110.0]))
        with pytest.raises(MktError, match="饱和"):
            fit_response(said[said["staff"] < 10])

    @pytest.mark.parametrize("a", [(0.7, 0.9, 0.8), (2.5, 0.9, 1.8)])
    def test_best_allocation_by_brute_force(self, a):
        table = curves(a)
        found = optimal_force(table, margin=0.8, cost=6.0, most=9)
        assert found.method == ("greedy" if max(a) <= 1 else "dynamic programming")
        sales = response_sales(table, 9)
        for size in range(10):
            best = max(
                sum(sales[i, n] for i, n in enumerate(split))
                for split in itertools.product(range(size + 1), repeat=3)
                if sum(split) == size
            )
            assert found.table["sales"][size] == pytest.approx(best)
        assert found.table["profit"].max() == found.table["profit"][found.best]
        assert found.allocation["staff"].sum() == found.best

    def test_the_flat_range_holds_all_sizes_near_the_best(self):
        found = optimal_force(curves(), margin=0.8, cost=3.0, most=30)
        profit = found.table["profit"]
        inside = profit.iloc[found.flat_low : found.flat_high + 1]
        assert (inside >= 0.99 * profit.max()).all()
        assert profit[found.flat_low - 1] < 0.99 * profit.max() > profit[found.flat_high + 1]
        assert found.flat_low < found.best < found.flat_high  # one more or fewer hardly matters

    def test_one_salesman_fewer_moves_only_his_regions(self):
        rng = np.random.default_rng(3)
        work = pd.DataFrame({"region": [f"r{i}" for i in range(12)], "person": list("甲乙丙丁") * 3})
        work["hours"] = rng.integers(200, 500, 12).astype(float)
        work["sales"] = work["hours"] * 1000
        left = without_person(work, "甲", capacity=1200.0, margin=0.2)
        assert set(left.moves["region"]) == set(work.loc[work["person"] == "甲", "region"])
        assert left.loads["after"].sum() == pytest.approx(work["hours"].sum())
        own = work[work["person"] == "甲"]["hours"].to_numpy()
        before = left.loads["before"].to_numpy()
        best = min(
            max(before[k] + own[[i for i in range(3) if to[i] == k]].sum() for k in range(3))
            for to in itertools.product(range(3), repeat=3)
        )
        assert left.loads["after"].max() <= best * 1.1  # a heuristic: within a tenth of brute force here
        over = left.loads["overload"].sum()
        assert left.lost_margin == pytest.approx(0.2 * 1000 * over) and over > 0
        with pytest.raises(MktError, match="没有这位人员"):
            without_person(work, "戊", capacity=1.0)


def customers(n=40, seed=0, person="甲"):
    rng = np.random.default_rng(seed)
    kinds = ["dealer"] * 3 + ["partner"] * 2 + ["model_store"] + ["customer"] * (n - 6)
    table = pd.DataFrame({"person": person, "customer": [f"k{i:02d}" for i in range(n)], "kind": kinds})
    table["class"] = ["周"] * 6 + list(rng.choice(["月", "季", "半年"], n - 6))
    return table.assign(hours=rng.choice([1.0, 1.5, 2.0], n))


INTERVALS = pd.Series({"周": 1, "月": 4, "季": 13, "半年": 26})


class TestCalendar:
    def test_every_interval_is_met_and_every_customer_is_there(self):
        table = customers()
        plan = visit_calendar(table, INTERVALS)
        assert set(plan.visits["customer"]) == set(table["customer"])
        for row in table.itertuples():
            weeks = plan.visits.loc[plan.visits["customer"] == row.customer, "week"].sort_values().to_numpy()
            every = INTERVALS[table.set_index("customer").loc[row.customer, "class"]]
            assert weeks[0] <= every and (np.diff(weeks) == every).all() and weeks[-1] + every > 52

    def test_days_follow_the_routine(self):
        plan = visit_calendar(customers(), INTERVALS)
        days = plan.visits.groupby("kind")["day"].unique().map(sorted)
        assert days["dealer"] == [1] and days["partner"] == [2] and days["model_store"] == [2]
        assert set(days["customer"]) <= {3, 4, 5}
        assert (plan.days.loc[plan.days["day"] == 6, "n_visits"] == 0).all()  # Saturday: the report

    def test_weeks_are_level(self):
        plan = visit_calendar(customers(60), INTERVALS)
        hours = plan.weeks["hours"]
        assert plan.peak_ratio == pytest.approx(hours.max() / hours.mean())
        stacked = sum(
            r.hours for r in customers(60).itertuples()
        )  # all in the first week, as without offsets
        assert plan.peak_ratio < 1.15 < stacked / hours.mean()

    def test_offsets_by_brute_force(self):
        table = pd.DataFrame({"person": "甲", "customer": list("abcde"), "class": list("PPQQQ")})
        table["hours"] = [3.0, 2.0, 2.0, 2.0, 1.0]
        plan = visit_calendar(table, pd.Series({"P": 2, "Q": 3}), week=Week(weeks=6))
        best = 99.0
        for offsets in itertools.product(range(2), range(2), range(3), range(3), range(3)):
            load = np.zeros(6)
            for o, e, h in zip(offsets, [2, 2, 3, 3, 3], table["hours"], strict=True):
                load[o::e] += h
            best = min(best, load.max())
        assert plan.weeks["hours"].max() == best

    def test_a_calendar_that_cannot_be_met_names_the_overload_and_drops_nothing(self):
        table = customers(40).assign(**{"class": "周"})
        plan = visit_calendar(table, INTERVALS)
        assert len(plan.visits) == 40 * 52
        assert plan.days["overload"].sum() > 0 and "超时" in plan.notes[0] and "拜访未删减" in plan.notes[0]

    def test_fewer_than_six_customers_a_week_are_named(self):
        plan = visit_calendar(customers(10), INTERVALS)
        assert plan.weeks["short"].any() and any("少于周计划" in note for note in plan.notes)

    def test_the_same_calendar_whatever_the_order(self):
        table = pd.concat([customers(30, 1, "甲"), customers(30, 2, "乙")])
        first = visit_calendar(table, INTERVALS).visits
        second = visit_calendar(table.sample(frac=1, random_state=1), INTERVALS).visits
        pd.testing.assert_frame_equal(first, second)

    def test_bad_inputs(self):
        table = customers(10)
        with pytest.raises(MktError, match="没有拜访间隔的客户类别：周"):
            visit_calendar(table, INTERVALS.drop("周"))
        with pytest.raises(MktError, match="整周数"):
            visit_calendar(table, INTERVALS + 0.5)
        with pytest.raises(TableError) as error:
            visit_calendar(pd.concat([table, table.head(1).assign(hours=0.0, kind="朋友")]), INTERVALS)
        assert len(error.value.problems) == 3


class TestRules:
    def test_model_stores_of_the_source(self):
        kinds = pd.Series({"a": "county", "b": "prefecture", "c": "capital", "d": "municipality"})
        assert model_stores(kinds)[["least", "most"]].values.tolist() == [[1, 1], [2, 3], [3, 5], [3, 5]]
        with pytest.raises(MktError, match="地区类别"):
            model_stores(pd.Series({"a": "village"}))

    def test_an_event_at_twenty_prospects_and_none_in_six_months(self):
        last = pd.PeriodIndex(["2025-01", "2025-02", None, None], freq="M")
        table = pd.DataFrame({"region": list("abcd"), "prospects": [20, 99, 20, 19], "last_event": last})
        found = promotion_due(table, pd.Period("2025-07", freq="M"))
        assert found["due"].tolist() == [True, False, True, False]
        assert found["months_to_wait"].tolist() == [0, 1, 0, 0]
        assert found["missing_prospects"].tolist() == [0, 0, 0, 1]

    def test_inspection_departments_of_the_source_edges_inclusive(self):
        rows = [
            ("省会", True, 1.0, 1e5, 1), ("电量", False, 10.0, 1e5, 1), ("客户", False, 1.0, 1e6, 1),
            ("县数", False, 1.0, 1e5, 10), ("都不", False, 9.99, 999_999, 9), ("不详", False, 9.0, None, 3),
            ("已定", None, 12.0, None, None),
        ]  # fmt: skip
        table = pd.DataFrame(rows, columns=["unit", "capital", "energy_twh", "customers", "county_units"])
        found = inspection_heads(table).set_index("unit")
        assert found["department"].tolist() == ["yes"] * 4 + ["no", "unknown", "yes"]
        assert found["least_heads"].tolist() == [4, 4, 4, 4, 2, 2, 4]
        assert "未知：客户数" in found.loc["不详", "reason"]
