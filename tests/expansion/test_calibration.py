"""What history can tell: planted truths are met, and what the data cannot tell stays assumed."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import expansion
from mktanalysis.expansion import (
    Assumptions,
    Policy,
    Response,
    calibrate_assumptions,
    expansion_market,
    grid_example,
)
from mktanalysis.expansion.calibration import order
from mktanalysis.expansion.choices.response import Standing, order_of


def drawn_chain(rng, *, spill, distance_cost, k=25, years=9, noise=0.05, side=7, moves=6000):
    """A path drawn with chances by exp(value / noise): starts swapped at random (Metropolis)."""
    place = rng.choice(side * side - 1, size=k, replace=False)
    place = place + (place >= side * side // 2)
    x, y = place % side, place // side
    near = np.abs(x[:, None] - x) + np.abs(y[:, None] - y) == 1
    km = np.hypot(x - side // 2, y - side // 2)
    size = np.exp(rng.normal(0, 0.5, k))
    discount = 0.9 ** np.arange(years)
    grown = size[:, None] * discount
    effort = 0.3
    left = np.cumsum(grown[:, ::-1], axis=1)[:, ::-1]  # discounted size from each start to the end
    chain = order.Chain(
        np.sort(rng.integers(0, years, k)),
        left * 0.4 - 0.5 * discount,
        left * effort * km[:, None],
        0.5 * discount + effort * grown,
        effort * grown * km[:, None],
        np.where(rng.random(k) < 0.6, rng.integers(1, 3, k), np.inf),
        near,
        (km <= 1.0).astype(float),
        0.5,
        False,
    )
    start = chain.start.copy()
    value = chain.value(start, spill, distance_cost)
    for _ in range(moves):
        i, j = rng.integers(0, k, 2)
        moved = start.copy()
        moved[[i, j]] = moved[[j, i]]
        other = chain.value(moved, spill, distance_cost)
        if np.log(rng.random()) < (other - value) / noise:
            start, value = moved, other
    return order.Chain(start, *[getattr(chain, name) for name in list(chain.__dataclass_fields__)[1:]])


@pytest.mark.parametrize("spill, distance_cost", [(0.1, 0.1), (0.2, 0.25)])
def test_planted_spill_and_distance_are_found_from_the_order_of_entries(spill, distance_cost):
    rng = np.random.default_rng(5)
    chains = [drawn_chain(rng, spill=spill, distance_cost=distance_cost) for _ in range(8)]
    found = {one.name: one for one in order.estimate_order(chains, {"spill": 0.05, "distance_cost": 0.05})}
    assert found["distance_cost"].value == pytest.approx(distance_cost, abs=0.03)
    assert found["spill"].value == pytest.approx(spill, abs=0.04)
    assert {one.status for one in found.values()} == {"estimated"}


def test_no_spill_is_not_called_one():
    rng = np.random.default_rng(6)
    chains = [drawn_chain(rng, spill=0.0, distance_cost=0.1) for _ in range(4)]
    found = {one.name: one for one in order.estimate_order(chains, {"spill": 0.05, "distance_cost": 0.05})}
    assert found["spill"].status == "assumed" and "认不出来" in found["spill"].note


def test_an_estimate_that_sticks_to_a_kink_is_not_told(monkeypatch):
    """Savings reach their cap at a spill of 0.25 with two neighbours: all parts may end there."""
    moved = iter(np.random.default_rng(1).random(1000))
    chains = [drawn_chain(np.random.default_rng(4), spill=0.1, distance_cost=0.1)]
    monkeypatch.setattr(order, "fit_swaps", lambda *_: np.array([0.25, 0.1 + 1e-2 * next(moved)]))
    found = {one.name: one for one in order.estimate_order(chains, {"spill": 0.05, "distance_cost": 0.05})}
    assert found["spill"].status == "assumed" and "拐点" in found["spill"].note
    assert found["distance_cost"].status == "estimated"


def test_the_difference_of_swaps_is_that_of_the_paths_valued_one_by_one():
    chain = drawn_chain(np.random.default_rng(2), spill=0.1, distance_cost=0.1, k=8)
    swaps = order.list_swaps(chain)
    found = swaps.difference(0.13, 0.07, np.ones(len(swaps.worth), dtype=bool))
    for (i, j), gain in zip(swaps.pair, found, strict=True):
        moved = chain.start.copy()
        moved[[i, j]] = moved[[j, i]]
        assert gain == pytest.approx(chain.value(chain.start, 0.13, 0.07) - chain.value(moved, 0.13, 0.07))


def history_of(response, *, spread=0.3, n=6, years=10, seed=0, noise=0.03, fall=False):
    """A company's years on a grid: efforts that differ and change, shares that answer."""
    rng = np.random.default_rng(seed)
    units, edges, tree = grid_example(n, n, random_state=seed)
    market = expansion_market(units, edges, tree)
    rivals = order_of(market.rivals, np.zeros(len(market.units), dtype=bool))
    strength = market.table["rival_strength"].to_numpy()
    newest = market.newest
    rows = []
    for i, code in enumerate(market.units):
        if code == "r3c3":
            continue
        begun = int(rng.integers(0, 6))
        factor = np.exp(spread * rng.normal() - spread**2 / 2)
        level = rng.uniform(0.02, 0.09)
        path = level * np.exp(rng.normal(0, 0.3, years))
        if fall:
            path[4:] *= 0.1
        known = Standing(response, rivals[i])
        stock = known.of_share(np.zeros(1), strength[i])
        for age in range(years - begun):
            stock = known.after(stock, factor * path[age], strength[i])
            share = known.share(stock, strength[i])[0]
            seen = 1 / (1 + np.exp(-(np.log(share / (1 - share)) + rng.normal(0, noise))))
            year = newest - years + 1 + begun + age
            rows.append((code, year, seen * 1e8, path[age] * 1e8, 1e8))
    history = pd.DataFrame(rows, columns=["region", "period", "sales", "effort", "capacity"])
    return history, market


WORLD = {"distance_cost": 0.0}


def test_the_planted_answer_of_markets_is_found():
    truth = Response(elasticity=0.8, carry_over=0.6, rival_effort=0.05, **WORLD)
    history, market = history_of(truth)
    assumptions = Assumptions(response=Response(**WORLD))
    found = calibrate_assumptions(history, market, Policy(base=("r3c3",)), assumptions)
    response = found.assumptions.response
    assert response.elasticity == pytest.approx(0.8, abs=0.1)
    assert response.carry_over == pytest.approx(0.6, abs=0.08)
    assert found.assumptions.spread == pytest.approx(0.3, abs=0.12)
    table = found.table.set_index("parameter")
    assert set(table["status"]) <= {"estimated", "assumed"}
    assert "试验性" in found.notes[0] and "下一步" in repr(found)


def test_the_easy_form_is_found_and_what_is_kept_only_where_shares_fall():
    truth = Response.easy(elasticity=1.1, rival_effort=0.05, ramp=0.4, retention=0.6, **WORLD)
    assumptions = Assumptions.easy(response=Response.easy(**WORLD))
    history, market = history_of(truth, spread=0.0, fall=True)
    found = calibrate_assumptions(history, market, Policy(base=("r3c3",)), assumptions).assumptions.response
    assert found.ramp == pytest.approx(0.4, abs=0.05) and found.retention == pytest.approx(0.6, abs=0.05)
    assert found.elasticity == pytest.approx(1.1, abs=0.1)


def test_margins_and_visits_come_from_the_books():
    history, market = history_of(Response(**WORLD))
    history["contribution"] = 0.31 * history["sales"]
    history["heads"] = 2.0
    history["visits"] = 2.0 * 1200 / (2.5 + 2.0)
    found = calibrate_assumptions(
        history, market, Policy(base=("r3c3",)), Assumptions(response=Response(**WORLD))
    )
    assert found.assumptions.staffing.visit_hours == pytest.approx(2.0)
    margins = found.assumptions.response.rank_margin
    assert 0.31 in [round(m, 6) for m in margins]
    assert all(a >= b for a, b in pairwise(margins))


def test_without_effort_nothing_but_the_books_is_estimated_and_it_says_why():
    history, market = history_of(Response(**WORLD))
    given = Assumptions(response=Response(**WORLD))
    found = calibrate_assumptions(history.drop(columns="effort"), market, Policy(base=("r3c3",)), given)
    assert (found.table["status"] == "assumed").all() and found.assumptions == given
    assert found.table["reason"].str.contains("effort|contribution|visits").all()


def test_a_forward_check_stands_beside():
    history, market = history_of(Response(**WORLD))
    forward = calibrate_assumptions(history, market, Policy(base=("r3c3",))).forward
    assert {"planned_assumed", "planned_calibrated", "potential"} >= set(forward["method"])
    assert forward["precision"].between(0, 1).all() and len(forward)


@pytest.mark.parametrize(
    "spoil, words",
    [
        (lambda t: t.drop(columns="sales"), "缺少列：sales"),
        (lambda t: t.assign(region="zz"), "不是市场单元"),
        (lambda t: pd.concat([t, t.head(1)]), "同一年有几行"),
        (lambda t: t.assign(sales=-t["sales"]), "sales 有负数"),
        (lambda t: t.assign(sales=0.0), "没有有销售"),
    ],
)
def test_a_history_that_cannot_be_used_is_refused_in_words(spoil, words):
    history, market = history_of(Response(**WORLD), n=3)
    with pytest.raises(mkt.MktError, match=words):
        calibrate_assumptions(spoil(history), market, Policy(base=("r3c3",)))


def test_what_a_plan_assumes_is_listed_with_where_it_comes_from():
    history, market = history_of(Response(elasticity=0.8, carry_over=0.6, rival_effort=0.05, **WORLD))
    given = Assumptions(response=Response(**WORLD))
    found = calibrate_assumptions(history, market, Policy(base=("r3c3",)), given)
    told = expansion.list_assumptions(found.assumptions, found).set_index("parameter")
    table = found.table.set_index("parameter")
    estimated = table.index[table["status"] == "estimated"]
    assert len(estimated) and told.loc[estimated, "value"].tolist() == table.loc[estimated, "value"].tolist()
    assert told["status"].eq("estimated").sum() == len(estimated)
    assert (told["low"].loc[estimated] <= told["value"].loc[estimated]).all()
    without = expansion.list_assumptions(given)
    assert without["status"].eq("assumed").all() and without["value"].notna().all()
    assert without["parameter"].tolist() == told.index.tolist()
