"""Every column of every table of this room has a word, and every closed list of texts too."""

import numpy as np
import pandas as pd
import pytest

from mktanalysis import planning, words
from mktanalysis.planning import document
from mktanalysis.presentation import present
from mktanalysis.synthetic import make_company
from mktanalysis.words.render import TABLE


@pytest.fixture(scope="module")
def made(request):
    """All result tables by name, from a small company."""
    from mktanalysis.regions import RegionTree

    rows = [("N", "全国", "nation", None)] + [(c, f"市{c}", "prefecture", "N") for c in "abcd"]
    rows += [(f"{c}x", f"县{c}", "county", c) for c in "abcd"]
    tree = RegionTree.from_table(pd.DataFrame(rows, columns=["region", "name", "level", "parent"]))
    years = pd.PeriodIndex([str(y) for y in range(2019, 2025)] * 4, freq="Y")
    value = np.exp(np.random.default_rng(0).normal(25, 0.3, 24))
    market = pd.DataFrame({"region": np.repeat(list("abcd"), 6), "period": years, "value": value})
    company = make_company(tree, within="N", market=market, random_state=0)
    sales = company.yearly(tree)
    dealers = company.dealers.rename(columns={"name": "dealer"}).assign(sales=company.dealers["volume"])
    last = sales[sales["period"] == "2024"].set_index("region")["value"]
    ahead = pd.DataFrame({"region": last.index, "mean": last.to_numpy()})
    ahead = ahead.assign(lower=ahead["mean"] * 0.9, upper=ahead["mean"] * 1.1)
    quotas = planning.set_quotas(sales, tree, total=round(last.sum(), -4), forecast=ahead)
    index = pd.DataFrame({"region": "x", "season": range(1, 13), "index": 1.0})
    months = planning.quota_months(quotas.quota, index, year=2025)
    sold = company.months_sold(months, 6)
    compared = planning.compare_quota_methods(sales, tree)
    past = compared[compared["method"] == "growth"].assign(
        period=lambda t: pd.PeriodIndex(t["year"].astype(str), freq="Y")
    )
    people = pd.DataFrame({"region": list("abcd"), "person": "张三"})
    near = planning.rebates(dealers, planning.FIVE_BANDS)
    spread = dealers.assign(mean=1e6, lower=9e5, upper=1.1e6)
    frame = pd.DataFrame({"A": ["旗舰"], "B": ["标准"]}, index=["一线"])
    tiers = pd.Series("一线", list("abcd"))
    steps = pd.Series({"A": 1e6, "B": 0.0})
    zone = pd.DataFrame(
        {"zone": ["甲"], "capacity": [9], "held": [1], "productivity": [1.0], "cost": [1.0], "places": [2]}
    )
    facts = pd.DataFrame({"fact": ["own_rank"], "value": [1.0], "source": ["公司"]})
    lines = pd.DataFrame({"item": ["人员"], "amount": [1e5], "basis": ["一人"]})
    start = pd.DataFrame({"region": ["a"], "start": pd.PeriodIndex(["2025-01"], freq="M")})
    return tree, [
        quotas.table,
        months,
        planning.negotiate(quotas.quota, quotas.quota),
        planning.split_to_people(quotas.quota, people),
        compared,
        planning.quota_spread(compared),
        planning.ratchet_check(
            past.assign(value=past["quota"])[["region", "period", "value"]],
            past.assign(value=past["actual"])[["region", "period", "value"]],
        ),
        planning.leaderboard(months, sold, prizes=planning.Prizes(year=1e4)),
        near,
        planning.rebate_cost(spread[["dealer", "mean", "lower", "upper", "task"]], planning.FIVE_BANDS),
        planning.compare_schedules(dealers, planning.FIVE_BANDS, planning.ABOVE_TASK),
        planning.classify_dealers(dealers, tiers, tree, thresholds=steps, framework=frame),
        planning.dealer_density(dealers, tree),
        planning.dealer_breaches(pd.DataFrame({"dealer": ["总"], "region": ["N"]}), tree),
        planning.field_workload(company.units),
        planning.optimal_force(planning.fit_response(company.judgements), margin=0.5, cost=1e5, most=9).table,
        planning.visit_calendar(company.visits, company.intervals).weeks,
        planning.year_outlook(months, sold, tree),
        document.swot(facts),
        document.zone_roles(zone.assign(covered=1)),
        document.targets_table(pd.DataFrame({"target": ["sales"], "base": ["1"]})),
        document.phase_dates(start),
        document.plan_budget(lines, total=2e5),
    ]


def test_every_column_has_a_word(made):
    _, tables = made
    unknown = {
        (table.attrs[TABLE], column)
        for table in tables
        for column in table.columns
        if words.word(column, table.attrs[TABLE]) is None
    }
    assert not unknown
    assert len({table.attrs[TABLE] for table in tables}) == 20


def test_every_closed_list_is_told_in_chinese(made):
    tree, tables = made
    for table in tables:
        shown = present(table, tree=tree)
        for column in shown.columns:
            known = words.word(column.name, table.attrs[TABLE])
            if known is not None and known.values:
                odd = [t for t in column.texts if t and t.isascii()]
                assert not odd, (table.attrs[TABLE], column.name, odd)
