"""A made-up company through the whole chain: what was planted is found, everything sums."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.planning import (
    FIVE_BANDS,
    FieldForce,
    Prizes,
    QuotaRule,
    classify_dealers,
    dealer_density,
    field_workload,
    fit_response,
    heads,
    leaderboard,
    managers,
    optimal_force,
    quota_months,
    rebates,
    set_quotas,
    visit_calendar,
    year_outlook,
)
from mktanalysis.planning.document import PlanInputs, plan_document, swot
from mktanalysis.planning.example import example_company


@pytest.fixture(scope="module")
def tree():
    return mkt.load_regions()


@pytest.fixture(scope="module")
def company(tree):
    panel = mkt.load_panel("retail_sales")
    cities = tree.subtree("320000").level("prefecture")
    return example_company(panel[panel["region"].isin(cities) & panel["period"].dt.year.between(2015, 2023)])


@pytest.fixture(scope="module")
def quotas(company, tree):
    last = company.sales[company.sales["period"] == "2023"]["value"].sum()
    rule = QuotaRule(method="smoothed_share")
    return set_quotas(company.sales, tree, total=round(last * 1.08, -4), rule=rule)


@pytest.fixture(scope="module")
def months(quotas):
    seasons = [0.9, 0.8, 1.0, 1.0, 1.0, 1.0, 0.95, 0.95, 1.05, 1.1, 1.1, 1.15]
    index = pd.DataFrame({"region": "all", "season": range(1, 13), "index": seasons})
    return quota_months(quotas.quota, index, year=quotas.year)


def test_tasks_and_months_sum_to_the_yuan(quotas, months, tree):
    table = quotas.table.set_index("region")["quota"]
    assert table["100000"] == table["320000"] == quotas.quota.sum() == months["value"].sum()
    assert months.groupby("region")["value"].sum().to_dict() == quotas.quota.to_dict()


def test_the_region_that_will_miss_is_flagged(company, months, tree):
    found = year_outlook(months, company.months_sold(months, 8), tree)
    cities = found[found["level"] == "prefecture"]
    assert cities.loc[cities["needs_help"], "region"].tolist() == [company.late]
    assert cities["region"].iloc[0] == company.late


def test_the_race_pays_each_period_once(company, months):
    board = leaderboard(months, company.months_sold(months, 8), prizes=Prizes(year=2e4))
    assert board["prize"].sum() == 8 * 1000 + 2 * 3000  # eight months and two quarters are in
    assert not board.loc[board["region"] == company.late, "champion"].any()


def test_the_dealer_who_must_move_up_and_the_blank_place_are_found(company, tree):
    cities = company.units["region"]
    tiers = mkt.load_tier_list("2021").reindex(cities)
    frame = pd.DataFrame({"A": "旗舰", "B": "标准", "C": "基础"}, index=tiers.astype(str).unique())
    largest = str(tiers[company.low_dealer.split()[0]])
    frame.loc[largest, "C"] = None
    steps = pd.Series({"A": 3e7, "B": 5e5, "C": 0.0})
    found = classify_dealers(company.dealers, tiers.astype(str), tree, thresholds=steps, framework=frame)
    assert found.loc[found["status"] == "must_move_up", "dealer"].tolist() == [company.low_dealer]
    density = dealer_density(company.dealers, tree, within="320000")
    assert density.loc[density["status"] == "blank", "region"].tolist() == [company.blank]
    assert (density["status"] == "kept").sum() == len(cities) - 1


def test_calendar_meets_every_interval(company):
    plan = visit_calendar(company.customers, company.intervals)
    every = company.customers.set_index("customer")["class"].map(company.intervals)
    for customer, visits in plan.visits.groupby("customer"):
        weeks = visits["week"].sort_values().to_numpy()
        assert (np.diff(weeks) == every[customer]).all() and weeks[0] <= every[customer]


def test_people_rebates_and_the_best_size(company):
    work = field_workload(company.units, FieldForce())
    need = work[work["phase"] == "mature"].set_index("region")["staff"]
    number = heads(need)
    assert number.sum() == np.ceil(need.sum()) and managers(number.sum())["n_managers"].iloc[-1] == 1
    paid = rebates(company.dealers, FIVE_BANDS)
    assert (paid.loc[paid["sales"] < paid["task"], "rebate"] == 0).all() and paid["rebate"].sum() > 0
    size = optimal_force(fit_response(company.judgements), margin=0.3, cost=1.5e5, most=60)
    assert size.flat_low <= size.best <= size.flat_high and size.flat_high - size.flat_low >= 2


def test_the_plan_tells_what_was_planted(company, quotas, months, tree):
    outlook = year_outlook(months, company.months_sold(months, 8), tree)
    facts = pd.DataFrame({"fact": ["coverage"], "value": [12 / 13], "source": ["经销商表"]})
    inputs = PlanInputs(
        name="江苏省",
        year=quotas.year,
        swot=swot(facts),
        quotas=quotas.table,
        months=months,
        density=dealer_density(company.dealers, tree, within="320000"),
        outlook=outlook,
    )
    plan = plan_document(inputs)
    assert "空白 1 个" in plan.section("七、经销商").text[0]
    assert "需要支援的地区 1 个" in plan.section("十二、控制").text[0]
