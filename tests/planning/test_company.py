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
from mktanalysis.synthetic import make_company


@pytest.fixture(scope="module")
def tree():
    return mkt.load_regions()


@pytest.fixture(scope="module")
def company(tree):
    return make_company(tree, within="320000", random_state=2024)


@pytest.fixture(scope="module")
def quotas(company, tree):
    sales = company.yearly(tree)
    last = sales[sales["period"] == "2025"]["value"].sum()
    rule = QuotaRule(method="smoothed_share")
    return set_quotas(sales, tree, total=round(last * 1.08, -4), rule=rule)


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
    assert cities.loc[cities["needs_help"], "region"].tolist() == [company.truth.late]
    assert cities["region"].iloc[0] == company.truth.late


def test_the_race_pays_each_period_once(company, months):
    board = leaderboard(months, company.months_sold(months, 8), prizes=Prizes(year=2e4))
    assert board["prize"].sum() == 8 * 1000 + 2 * 3000  # eight months and two quarters are in
    assert not board.loc[board["region"] == company.truth.late, "champion"].any()


def test_the_dealer_who_must_move_up_and_the_blank_place_are_found(company, tree):
    dealers = company.dealers.rename(columns={"name": "dealer"})
    tiers = mkt.load_tier_list("2025").astype(str)
    rules = {"thresholds": company.thresholds, "framework": company.framework}
    found = classify_dealers(dealers, tiers, tree, **rules)
    assert found.loc[found["status"] == "must_move_up", "dealer"].tolist() == [company.truth.low_dealer]
    assert found.set_index("dealer").loc[company.truth.low_dealer, "gap"] == 9e5
    assert found["class"].tolist() == dealers["class"].tolist()
    density = dealer_density(dealers, tree, within="320000")
    assert density.loc[density["status"] == "blank", "region"].tolist() == [company.truth.blank]
    assert (density["status"] == "kept").sum() == 12


def test_calendar_meets_every_interval(company):
    plan = visit_calendar(company.visits, company.intervals)
    every = company.visits.set_index("customer")["class"].map(company.intervals)
    for customer, visits in plan.visits.groupby("customer"):
        weeks = visits["week"].sort_values().to_numpy()
        assert (np.diff(weeks) == every[customer]).all() and weeks[0] <= every[customer]


def test_people_rebates_and_the_best_size(company):
    work = field_workload(company.units, FieldForce())
    need = work[work["phase"] == "mature"].set_index("region")["staff"]
    number = heads(need)
    assert number.sum() == np.ceil(need.sum()) and managers(number.sum())["n_managers"].iloc[-1] == 1
    sold = company.dealers.rename(columns={"name": "dealer", "volume": "sales"})
    paid = rebates(sold, FIVE_BANDS)
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
        density=dealer_density(company.dealers.rename(columns={"name": "dealer"}), tree, within="320000"),
        outlook=outlook,
    )
    plan = plan_document(inputs)
    assert "空白 1 个" in plan.section("七、经销商").text[0]
    assert "需要支援的地区 1 个" in plan.section("十二、控制").text[0]
