"""Named strategies do what their names say, and keep the manager's orders or say that they do not."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import china
from mktanalysis.charts import expansion as charts
from mktanalysis.china import mark_centres, market_units
from mktanalysis.expansion import (
    STRATEGIES,
    Assumptions,
    Policy,
    Search,
    compare_strategies,
    expansion_market,
    grid_example,
    net_or_base,
    plan_expansion,
    plan_sensitivity,
    plan_strategy,
    strategy_sensitivity,
)
from mktanalysis.expansion.market.case import build_case
from mktanalysis.expansion.results.replay import NOTHING, expected
from mktanalysis.files import project_folder


def easy_policy(**fields):
    """A policy in the world without resistance, where a plan can be followed by hand."""
    return Policy(**fields).assuming(Assumptions.easy())


HASTY = Search(method="greedy", rounds=2)


def _held_before(plan, year):
    """Codes held at the end of the year before, the base included."""
    return {*plan.policy.base, *plan.steps.loc[plan.steps["period"].dt.year < year, "region"]}


@pytest.mark.parametrize("seed", range(4))
def test_countryside_first_enters_a_city_only_with_half_of_its_countryside_in_hand(seed):
    units, edges, tree = grid_example(4, 6, random_state=seed, per_prefecture=6)
    rng = np.random.default_rng(seed)
    units = units.assign(centre=rng.random(len(units)) < 0.3, rival_strength=0.7)
    policy = easy_policy(base=("r1c1",), periods=10, budget=2e7)
    policy = policy.assuming(Assumptions.easy(rungs=(mkt.expansion.Rung(level="prefecture"),)))
    plan = plan_strategy("countryside_first", expansion_market(units, edges, tree), policy)
    home = tree.parents("prefecture", units["region"])
    city, near = units.set_index("region")["centre"], edges.groupby("region")["neighbor"].apply(set)
    first = units.groupby(home.to_numpy())["capacity"].idxmax()
    for code in units.loc[first, "region"]:  # a region without a centre has its largest place for one
        city[code] |= not city[home == home[code]].any()
    entered = plan.steps[city[plan.steps["region"]].to_numpy()]
    assert len(entered) > 0
    for code, year in zip(entered["region"], entered["period"].dt.year, strict=True):
        held, rural = _held_before(plan, year), set(city.index[(home == home[code]) & ~city])
        reachable = {other for other in rural - held if near[other] & held}
        assert 2 * len(rural & held) >= len(rural) or not reachable


def test_henan_goes_through_the_counties_or_through_the_districts_as_the_name_says():
    units, edges = market_units("county", within="410000"), mkt.load_edges("county")
    tree = mkt.load_regions().subtree("410000")
    policy = easy_policy(base=("410122",), periods=4, budget=1e8)
    district = units.set_index("region")["centre"]
    rural = plan_strategy("countryside_first", expansion_market(units, edges, tree), policy).steps
    urban = plan_strategy("centre_first", expansion_market(units, edges, tree), policy).steps
    # 济源 has no districts and is no centre, but may be near and large enough to be among the first
    assert not district[rural["region"].head(10)].any()
    assert district[urban["region"].head(10)].mean() >= 0.9
    homes = tree.parents("prefecture", urban["region"].head(10))
    assert homes.nunique() == 10  # the largest district of each city first


def test_centres_of_the_built_in_tree():
    units = market_units("prefecture", within="320000").drop(columns="centre")
    marked = mark_centres(units, mkt.load_regions()).set_index("region")["centre"]
    assert marked.index[marked].tolist() == ["320100"]


def test_what_breaks_an_order_is_no_reference_and_no_winner(tmp_path):
    units, edges, tree = grid_example(3, 3)
    policy = easy_policy(base=("r1c1",), periods=4, pinned={"r3c3": 2028}, budget=8e6)
    found = compare_strategies(expansion_market(units, edges, tree), policy, search=HASTY, n_draws=0)
    table = found.table.set_index("strategy")
    assert not table.loc["base_first", "holds"] and table.loc["potential", "holds"]
    assert table.index[0] == "optimum" and table.loc[["optimum", "planned"], "holds"].all()
    assert "r3c3" in set(found.plans["optimum"].steps["region"])
    assert (table["holds"].to_numpy() == sorted(table["holds"], reverse=True)).all()
    labels = charts.plot_strategies(found.table).axes[0].get_yticklabels()
    assert any("根据地" in label.get_text() and "不成立" in label.get_text() for label in labels)
    wins = strategy_sensitivity(expansion_market(units, edges, tree), policy, rivals=(), spill=())
    assert not wins["wins"].any() and not wins.loc[wins["strategy"] == "base_first", "holds"].any()
    ticks = charts.plot_sensitivity(wins).axes[0].get_xticklabels()
    assert all(label.get_text().endswith("无") for label in ticks)


@pytest.mark.parametrize("case", ["one unit", "all forbidden", "one strategy"])
def test_a_market_without_choices_is_compared_too(case):
    units, edges, tree = grid_example(3, 3)
    policy = easy_policy(base=("r1c1",), periods=3)
    if case == "one unit":
        units = units.head(1)
    if case == "all forbidden":
        policy = policy.replace(forbidden=tuple(units["region"][1:]))
    strategies = "potential" if case == "one strategy" else None
    found = compare_strategies(
        expansion_market(units, edges, tree), policy, strategies=strategies, search=HASTY, n_draws=5
    )
    assert found.table["holds"].all()
    assert len(found.table) == (3 if case == "one strategy" else 10)
    with pytest.raises(mkt.MktError, match="没有打法 x"):
        compare_strategies(expansion_market(units, edges, tree), policy, strategies=["x"])
    empty = strategy_sensitivity(expansion_market(units, edges, tree), policy, budget=(), rivals=(), spill=())
    assert isinstance(empty, pd.DataFrame) and "wins" in empty


def test_what_a_plan_hangs_on_is_its_own_replay_in_another_world():
    market = expansion_market(*grid_example(3, 3, random_state=1))
    plan = plan_expansion(market, Policy(base=("r2c2",), budget=1e7, periods=6))
    found = plan_sensitivity(plan).set_index(["condition", "factor"])["gain"]
    assert found.xs(1.0, level="factor").nunique() == 1
    assert found["rivals", 1.0] == pytest.approx(plan.gain, rel=1e-9)
    assert found["later", 0.0] == pytest.approx(plan.figures["gain_within"], rel=1e-9)
    assert found["rivals", 1.25] < found["rivals", 1.0] < found["rivals", 0.8]
    assert found["margin", 0.9] < plan.gain < found["margin", 1.1]
    assert found["pace", 1.5] < plan.gain and found["cost", 2.0] < plan.gain < found["cost", 0.5]
    # the same world planned from the start: the same steps in it are worth the same
    dear = market.with_rivals(1.25)
    again = replay_of(plan, dear)
    assert found["rivals", 1.25] == pytest.approx(again, rel=1e-9)
    with pytest.raises(mkt.MktError, match="天气"):
        plan_sensitivity(plan, {"天气": (2.0,)})


def replay_of(plan, market) -> float:
    case = build_case(market, plan.policy, plan.assumptions)
    return float(expected(case, plan.starts).value[0] - expected(case, NOTHING).value[0])


def test_looking_first_pays_where_markets_differ_and_scouts_are_cheap():
    market = expansion_market(*grid_example(4, 4, random_state=1))
    found = net_or_base(market, Policy(base=("r2c2",), budget=2e7), budget=(1.0,))
    looking = found.set_index(["scouting", "spread"])["looking"]
    assert (looking.groupby(level="scouting").diff().dropna() > 0).all()  # the more unlike, the better
    assert looking[1.0, 0.0] < 0 < looking[0.1, 0.7]
    for spread in (0.3, 0.45, 0.7):  # the dearer a scout, the worse
        assert looking[0.1, spread] > looking[0.3, spread] > looking[1.0, spread]
    best = found[["gain_base_first", "gain_scout_rings", "gain_wide_net"]].max(axis=1)
    titles = found["best"].map({v.title: f"gain_{k}" for k, v in STRATEGIES.items()}).dropna()
    assert [found.at[i, name] for i, name in titles.items()] == best[titles.index].tolist()
    assert (best[found["best"].isna()] <= 0).all()


def test_the_table_of_the_docs_is_what_the_code_says():
    page = (project_folder("docs") / "expansion-model.md").read_text("utf-8")
    block = page[page.index("<!-- net_or_base -->") : page.index("<!-- end -->")]
    told = [
        [float(x) for x in line.split("|")[1:-1]] for line in block.splitlines() if line.startswith("| 0")
    ]
    units, edges, tree = china.planning_units("prefecture", within="410000")
    market = expansion_market(units, edges, tree.subtree("410000"))
    policy = Policy(base=("410100",), budget=1e8)
    found = net_or_base(market, policy, budget=(0.2, 1.0), spread=(0.0, 0.3, 0.45, 0.7))
    rows = [
        [r.spread, r.scouting, r.budget / 1e8, *(x / 1e8 for x in (r.gain_base_first, r.looking, r.free))]
        for r in found.itertuples()
    ]
    assert len(told) == len(rows)
    np.testing.assert_allclose(told, rows, atol=0.06)
