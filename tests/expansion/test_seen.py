"""Going on from the shares that were seen: Bayes' rule against brute force, decisions, bad tables."""

import itertools

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.expansion import (
    Assumptions,
    Policy,
    compare_plans,
    continue_plan,
    expansion_market,
    grid_example,
    plan_expansion,
)
from mktanalysis.expansion.choices.beliefs import NOTHING_SHOWN, Beliefs, Shown, beliefs
from mktanalysis.expansion.choices.candidates import build_problem
from mktanalysis.expansion.choices.evaluate import evaluate
from mktanalysis.expansion.choices.simulate import share_seen
from mktanalysis.expansion.results.replay import Shock, Starts, replay

ASSUMED = Assumptions(spread=0.5, common=0.4, luck=0.3)


def shown(unit, years, told):
    n = len(unit)
    return Shown(np.array(unit), np.array(years), np.array(told), np.zeros(n, dtype=int), np.zeros(n, bool))


def test_beliefs_are_those_of_brute_force_bayes():
    """A province of three units, two of them seen: every answer on a fine grid, weighed by what was seen."""
    told, years = np.array([1.6, 0.5]), np.array([1, 2])
    known = Beliefs(ASSUMED, np.zeros(3, dtype=int), shown([0, 1], years, told))
    z = np.linspace(-6, 6, 81)
    shared, *own = np.meshgrid(z, z, z, indexing="ij")
    third = 0.0  # what is its own in the third unit stays unknown: mean 0, variance 1
    part = [ASSUMED.spread * np.sqrt(x) for x in (ASSUMED.common, 1 - ASSUMED.common)]
    logs = [part[0] * shared + part[1] * mine - ASSUMED.spread**2 / 2 for mine in (*own, third)]
    weight = -(shared**2 + own[0] ** 2 + own[1] ** 2) / 2
    for log, seen, n in zip(logs, np.log(told), years, strict=False):
        weight = weight - (seen - log) ** 2 / (2 * ASSUMED.luck**2 / n)
    weight = np.exp(weight - weight.max())
    weight /= weight.sum()
    mean = [(weight * log).sum() for log in logs]
    variance = [(weight * (log - m) ** 2).sum() for log, m in zip(logs, mean, strict=True)]
    variance[2] += part[1] ** 2
    np.testing.assert_allclose(known.moments()[0], mean, atol=1e-4)
    np.testing.assert_allclose(known.moments()[1], variance, atol=1e-4)
    np.testing.assert_allclose(
        known.factors().mean(axis=0), np.exp(np.add(mean, np.array(variance) / 2)), rtol=1e-4
    )


def test_draws_follow_the_beliefs_and_other_provinces_are_untouched():
    known = Beliefs(ASSUMED, np.array([0, 0, 0, 1, 1]), shown([0, 2], [1, 3], [2.0, 0.4]))
    rng = np.random.default_rng(3)
    logs = np.log([known.draw(rng) for _ in range(40_000)])
    mean, variance = known.moments()
    np.testing.assert_allclose(logs.mean(axis=0), mean, atol=0.01)
    np.testing.assert_allclose(logs.var(axis=0), variance, atol=0.005)
    here = np.arange(3)
    np.testing.assert_allclose(np.cov(logs[:, here].T), known.covariance(here), atol=0.005)
    before = Beliefs(ASSUMED, known.home, NOTHING_SHOWN).moments()
    np.testing.assert_allclose(mean[3:], before[0][3:])
    np.testing.assert_allclose(variance[3:], before[1][3:])


def test_a_reading_together_with_others_says_what_all_say():
    """Seen first and told later are the same: together() against beliefs that know the other reading."""
    home = np.zeros(2, dtype=int)
    own, other = np.array([0.6, 1.0, 2.1]), 1.7
    told = Beliefs(ASSUMED, home, NOTHING_SHOWN).together(0, own, 1, [(1, np.full(3, other), 2)])
    for mine, both in zip(own, told, strict=True):
        seen = Beliefs(ASSUMED, home, shown([0, 1], [1, 2], [mine, other])).moments()[0][0]
        alone = Beliefs(ASSUMED, home, shown([0], [1], [both])).moments()[0][0]
        assert alone == pytest.approx(seen, abs=1e-9)


@pytest.fixture(scope="module")
def made():
    market = expansion_market(*grid_example(3, 3))
    return plan_expansion(market, Policy(base=("r1c1",), budget=8e6), assumptions=ASSUMED)


def first_year(plan) -> pd.Series:
    steps = plan.steps
    return steps.loc[steps["period"] == steps["period"].min(), "region"]


def go_on(plan, share, **more):
    seen = pd.DataFrame({"region": first_year(plan), "year": plan.policy.start, "share": share, **more})
    return continue_plan(plan, seen)


def test_the_share_gives_back_the_reading_that_showed_it(made):
    unit = made.starts.unit[:1]
    programme = ASSUMED.programmes[made.starts.programme[0]]
    for factor in (0.3, 1.0, 2.5):
        share = share_seen(
            made.case, unit, made.starts.period[:1], np.array(programme.effort[:1]), np.array([factor])
        )
        known = beliefs(go_on(made, float(share[0, 0])).case)
        assert known.shown.told == pytest.approx(factor, rel=1e-6)


def test_good_news_of_one_unit_raises_what_is_promised_of_all(made):
    poor, good = go_on(made, 0.01), go_on(made, 0.08)
    assert poor.gain < made.gain < good.gain
    assert poor.steps.set_index("region").loc[first_year(poor), "left_chance"].eq(1).all()
    assert good.steps.set_index("region").loc[first_year(good), "left_chance"].lt(0.01).all()
    later = {
        name: plan.steps.iloc[len(first_year(plan)) :] for name, plan in (("poor", poor), ("good", good))
    }
    assert later["poor"]["share"].max() < later["good"]["share"].min()
    for plan in (poor, good):
        assert plan.checks["holds"].all() and plan.policy.first_open == made.policy.start + 1
        assert plan.figures["value"] == pytest.approx(plan.figures["promised_value"], rel=1e-9)
    assert not compare_plans(poor, good).empty


@pytest.mark.parametrize("share", [0.01, 0.03, 0.08])
def test_the_plan_goes_on_as_brute_force_would(share):
    """All ways on, valued by replays of answers drawn beforehand and weighed by what was seen."""
    alone = ASSUMED.replace(rungs=(), spill=0.0)
    units, edges, tree = grid_example(1, 4, per_prefecture=4)
    policy = Policy(base=("r1c1",), periods=5, budget=8e6, pinned={"r1c2": 2025})
    made = plan_expansion(expansion_market(units, edges, tree), policy, assumptions=alone)
    again = continue_plan(made, pd.DataFrame({"region": first_year(made), "year": 2025, "share": share}))
    case = again.case
    seen = beliefs(case).shown
    rng = np.random.default_rng(0)
    prior = Beliefs(alone, np.zeros(4, dtype=int), NOTHING_SHOWN)
    drawn = np.array([prior.draw(rng) for _ in range(20_000)])
    error = np.log(seen.told) - np.log(drawn[:, seen.unit])
    weight = np.exp(-(error**2).sum(axis=1) / (2 * alone.luck**2))
    shock = Shock(response=np.where(case.base, 1.0, drawn), luck=rng.normal(size=drawn.shape))
    problem = build_problem(again.market, again.policy, alone, keep_dominated=True)

    def worth(rows) -> float:
        c = problem.candidates
        found = replay(
            case, Starts(c.unit[rows], c.programme[rows], c.start[rows], c.bars[rows]), shock=shock
        )
        return float(np.average(found.value, weights=weight))

    plans = sorted(_plans_of(problem), key=lambda rows: -evaluate(problem, rows).value)
    assert len(plans) > 8
    assert evaluate(problem, plans[0]).value == pytest.approx(again.figures["promised_value"], rel=1e-9)
    assert again.figures["promised_value"] == pytest.approx(worth(plans[0]), rel=0.02)
    assert worth(plans[0]) > 0.99 * max(worth(rows) for rows in plans[1:12])


def _plans_of(problem):
    """All plans that go on from what is fixed and that money and neighbours allow."""
    c = problem.candidates
    fixed = np.flatnonzero(c.fixed)
    free = [
        [[], *([row] for row in np.flatnonzero(~c.fixed & (c.unit == unit)))] for unit in np.unique(c.unit)
    ]
    for some in itertools.product(*free):
        rows = np.array([*fixed, *itertools.chain(*some)], dtype=int)
        found = evaluate(problem, rows)
        before = np.hstack([problem.case.base[:, None], found.held[:, :-1]]).astype(float)
        beside = (problem.case.adjacency @ before)[c.unit[rows], c.start[rows]] > 0
        if found.feasible and beside.all():
            yield rows


def test_a_second_year_goes_on_from_the_first_by_the_rule(made):
    once = go_on(made, 0.05)
    units = list(first_year(made))
    twice = continue_plan(once, pd.DataFrame({"region": units, "year": 2026, "share": 0.10}))
    known = beliefs(twice.case).shown
    assert twice.market.shares_seen["year"].tolist() == [2025, 2026] * len(units)
    assert known.years.tolist() == [2] * len(units) and twice.checks["holds"].all()
    told = {row.region: row.phase for row in twice.market.shares_seen.itertuples() if row.year == 2026}
    assert set(told.values()) == {"集中"}  # 5 % after a year of scouting was above the bar
    assert beliefs(twice.case).moments()[1].max() < ASSUMED.spread**2


def test_a_unit_that_was_left_stays_left_and_its_share_still_counts(made):
    left = go_on(made, 0.012, phase="撤出")
    assert left.steps.set_index("region").loc[first_year(made), "left_chance"].eq(1).all()
    mean = beliefs(left.case).moments()[0]
    assert (mean < -(ASSUMED.spread**2) / 2).all()


def test_without_correlation_other_units_learn_nothing(made):
    market = made.market
    policy = Policy(base=("r1c1",), budget=8e6)
    apart = plan_expansion(market, policy, assumptions=ASSUMED.replace(common=0.0))
    mean, variance = beliefs(go_on(apart, 0.08).case).moments()
    seen = market.units.isin(first_year(apart))
    np.testing.assert_allclose(mean[~seen], -(ASSUMED.spread**2) / 2)
    assert (variance[seen] < ASSUMED.spread**2).all()


def test_bad_tables_of_shares_are_refused_in_words(made):
    unit = first_year(made).iloc[0]
    start = made.policy.start

    def refused(error=mkt.MktError, plan=made, **columns):
        with pytest.raises(error) as told:
            continue_plan(plan, pd.DataFrame({"region": [unit], "year": [start], "share": [0.05]} | columns))
        return str(told.value)

    assert "1.4" in refused(mkt.TableError, share=[1.4])
    assert "份额应大于 0" in refused(mkt.TableError, share=[0.0])
    assert "没有份额" in refused(mkt.TableError, share=[np.nan])
    assert "没有进入记录" in refused(region=["r3c3"])
    assert "不在其打法之中" in refused(phase=["深耕"])
    assert "现在的做法" in refused(year=[start + 1])  # the share of the review is not told
    assert "spread" in refused(
        plan=plan_expansion(made.market, made.policy, assumptions=made.assumptions.replace(spread=0.0))
    )
    with pytest.raises(mkt.MktError, match="缺少列"):
        continue_plan(made, pd.DataFrame({"region": [unit]}))
    with pytest.raises(mkt.MktError, match="first_open"):
        seen = pd.DataFrame({"region": [unit], "year": [start], "share": [0.05]})
        plan_expansion(made.market.with_shares_seen(seen), made.policy, assumptions=ASSUMED)
