"""Capacity: curves with a planted saturation, counts, potential, headroom, drivers, discipline."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import MktError, TableError
from mktanalysis.capacity import (
    allocate,
    distances,
    fit_huff,
    fit_penetration,
    harris_potential,
    headroom,
    huff_shares,
    market_capacity,
    saturation_counts,
)
from mktanalysis.capacity.penetration import CURVES, shape
from mktanalysis.china import load_penetration
from mktanalysis.forecasting import spring_festival
from mktanalysis.planning import (
    apply_scenario,
    compare_vintages,
    decompose_growth,
    plan_vs_actual,
    seasonal_index,
    split_target,
)


@pytest.fixture(scope="module")
def tree():
    return mkt.synthetic.make_market(
        n_provinces=2, n_prefectures=2, n_counties=2, n_periods=6, random_state=0
    ).tree


def s_curves(curve, n=60, length=16, seed=0):
    """Panel and planted saturation levels; speeds alike, start and saturation not."""
    rng, time = np.random.default_rng(seed), np.arange(length)
    level = rng.uniform(0.3, 0.8, n)
    if curve == "bass":
        a, b = np.log(rng.uniform(0.01, 0.03, n)), np.log(rng.uniform(0.35, 0.5, n))
    else:
        b = np.exp(rng.normal(np.log(0.45), 0.1, n))
        a = -b * rng.uniform(3, 8, n)
    values = level[:, None] * shape(curve, a[:, None], b[:, None], time) + rng.normal(0, 0.004, (n, length))
    years = pd.period_range("2008", periods=length, freq="Y")
    regions = [f"r{i:03d}" for i in range(n)]
    frame = pd.DataFrame(
        {
            "region": np.repeat(regions, length),
            "period": years.take(np.tile(time, n)),
            "value": values.ravel(),
        }
    )
    return frame.assign(value=frame["value"].clip(lower=0)), pd.Series(level, regions)


@pytest.mark.parametrize("curve", CURVES)
def test_planted_saturation_is_found_with_an_honest_interval(curve):
    panel, truth = s_curves(curve)
    fit = fit_penetration(panel)
    table = fit.table.set_index("region")
    assert set(table["curve"]) == {curve}
    good = table["status"] == "identified"
    assert good.mean() > 0.9
    assert ((table["saturation"] - truth).abs() / truth)[good].median() < 0.03
    inside = (table["lower"] <= truth) & (truth <= table["upper"])
    assert 0.65 < inside[good].mean() <= 1.0
    path = fit.predict(pd.period_range("2008", periods=16, freq="Y"))
    joined = path.merge(panel, on=["region", "period"])
    assert (joined["value_x"] - joined["value_y"]).abs().median() < 0.01


def test_errors_that_follow_each_other_widen_the_interval():
    """The level of one region with errors in a row is told less surely than with independent ones."""
    panel, truth = s_curves("logistic", length=24, seed=3)
    exact, rng = panel["value"].to_numpy().reshape(60, 24), np.random.default_rng(3)
    error = rng.normal(0, 0.012, (60, 24))
    for step in range(1, 24):
        error[:, step] += 0.6 * error[:, step - 1]
    follow = panel.assign(value=(exact + error).ravel().clip(0))
    table = fit_penetration(follow).table.set_index("region")
    good = table["status"] == "identified"
    inside = (table["lower"] <= truth) & (truth <= table["upper"])
    assert good.mean() > 0.5 and 0.7 < inside[good].mean() <= 1.0


def test_one_figure_far_too_high_does_not_hold_the_level_up():
    panel, truth = s_curves("logistic", n=12, length=20, seed=1)
    region = panel["region"].iloc[0]
    odd = (panel["region"] == region) & (panel["period"] == "2020")
    high = panel.assign(value=panel["value"].where(~odd, 2 * truth[region]))
    level = fit_penetration(high, curve="logistic", ceiling=2.0).table.set_index("region")["saturation"]
    assert level.isna()[region] or abs(level[region] / truth[region] - 1) < 0.2


def test_built_in_penetration_rises_and_has_every_province():
    panel = load_penetration()
    assert panel["region"].nunique() == 31 and (panel["value"] > 0).all()
    nation = load_penetration("nation").set_index("period")["value"]
    assert nation.iloc[-1] > 5 * nation.iloc[0]
    cities = load_penetration("prefecture")
    suzhou = cities[(cities["region"] == "320500") & (cities["period"] == "2010")]["value"].iloc[0]
    assert suzhou == pytest.approx(13090000 / 6376600)


def test_what_the_data_cannot_tell_is_refused():
    years = pd.period_range("2010", periods=14, freq="Y")
    series = {
        "exponential": 0.01 * np.exp(0.12 * np.arange(14)),
        "flat": np.full(14, 0.2),
        "short": np.r_[np.full(10, np.nan), 0.1, 0.2, 0.3, 0.4],
    }
    rows = [pd.DataFrame({"region": name, "period": years, "value": v}) for name, v in series.items()]
    table = fit_penetration(pd.concat(rows), curve="logistic").table.set_index("region")
    assert (table["status"] == "refused").all() and table["saturation"].isna().all()
    assert "上限" in table.loc["exponential", "reason"]
    assert table.loc["flat", "reason"] == "没有增长" and "5 期" in table.loc["short", "reason"]
    with pytest.raises(MktError, match="ceiling"):
        fit_penetration(rows[1].assign(value=55.0))
    with pytest.raises(MktError, match="coverage"):
        fit_penetration(rows[1], coverage=80)
    with pytest.raises(MktError, match="至少一个数"):
        fit_penetration(rows[1].assign(value=np.nan))


def test_capacity_is_the_product_and_percent_is_refused():
    people = pd.Series({"a": 1e6, "b": np.nan})
    table = market_capacity(people, 0.05, 100.0)
    assert table["capacity"].iloc[0] == 5e6 and np.isnan(table["capacity"].iloc[1])
    with pytest.raises(MktError, match="100"):
        market_capacity(people, 5.0, 100.0)


def test_jiangsu_saturation_counts():
    places = pd.DataFrame(
        {
            "region": ["苏南", "苏南", "苏中", "苏中", "苏北"],
            "kind": ["县城", "乡镇", "县城", "乡镇", "不分"],
            "n_places": [48, 60, 23, 25, 40],
        }
    )
    counts = saturation_counts(places, productivity={"苏北": (0.7, "苏中")})
    assert counts["n_outlets"].to_dict() == {"苏南": 108, "苏中": 48, "苏北": 40}
    assert counts["n_outlets"].sum() == 196
    per_outlet = counts["equivalent_outlets"] / counts["n_outlets"]
    assert per_outlet["苏北"] == pytest.approx(0.7 * per_outlet["苏中"])
    with pytest.raises(MktError, match="成环"):
        saturation_counts(places, productivity={"苏北": (0.7, "苏中"), "苏中": (0.9, "苏北")})
    with pytest.raises(MktError, match="乡镇"):
        saturation_counts(places, outlets_per_place={"县城": 1, "不分": 1})


def test_harris_potential_by_brute_force():
    rng = np.random.default_rng(0)
    points = pd.DataFrame(
        {"region": list("abcd"), "lon": rng.uniform(110, 120, 4), "lat": rng.uniform(25, 35, 4)}
    )
    mass, square = pd.Series({"a": 5.0, "b": 7.0, "d": 2.0}), distances(points)
    found = harris_potential(mass, square, exponent=1.5, inner_km=20.0)
    for region in mass.index:
        others = sum(mass[o] / square.loc[region, o] ** 1.5 for o in mass.index if o != region)
        assert found[region] == pytest.approx(others + mass[region] / 20**1.5)
    with pytest.raises(TypeError, match="exponent"):
        harris_potential(mass, square, inner_km=20.0)
    with pytest.raises(MktError, match="距离表缺少"):
        harris_potential(pd.Series({"z": 1.0}), square, exponent=1, inner_km=5)


def test_huff_exponents_are_recovered():
    rng = np.random.default_rng(0)
    homes, centres = [f"h{i}" for i in range(12)], [f"c{i}" for i in range(8)]
    far = pd.DataFrame(rng.uniform(5, 200, (12, 8)), index=homes, columns=centres)
    size = pd.Series(rng.uniform(1, 50, 8), index=centres)
    shares = huff_shares(size**0.8, far, exponent=1.7)
    assert np.allclose(shares.sum(axis=1), 1)
    flows = shares.stack().rename("value").reset_index()
    flows.columns = ["region", "center", "value"]
    flows["value"] *= 1000 * np.exp(rng.normal(0, 0.1, len(flows)))
    fit = fit_huff(flows, size, far)
    assert fit.exponent == pytest.approx(1.7, abs=0.05)
    assert fit.attraction_exponent == pytest.approx(0.8, abs=0.05)
    assert fit.r_squared > 0.98
    with pytest.raises(MktError, match="无法估计"):
        fit_huff(flows, size, far * 0 + 10.0)


def test_headroom_adds_up(tree):
    counties = tree.leaves
    capacity = pd.Series(100.0, counties)
    own = pd.Series({counties[0]: 50.0, counties[1]: 5.0})
    table = headroom(own, capacity, tree, target_share=0.2)
    assert table.loc[counties[0], "headroom"] == 0.0 and table.loc[counties[1], "headroom"] == 15.0
    assert table.loc["100000", "headroom"] == pytest.approx(15 + 20 * (len(counties) - 2))
    assert table.loc["100000", "share"] == pytest.approx(55 / (100 * len(counties)))
    with pytest.raises(TableError):
        headroom(pd.Series({"zz": 1.0}), capacity, tree, target_share=0.2)


def test_allocation_sums_back_and_is_flagged(tree):
    cities = tree.level("prefecture")
    values = pd.DataFrame(
        {"region": cities, "period": pd.Period("2020", "Y"), "value": np.arange(1.0, 1 + len(cities))}
    )
    weights = pd.Series(np.arange(1.0, 1 + len(tree.leaves)), tree.leaves)
    table = allocate(values, weights, tree)
    assert set(table["status"]) == {"allocated"}
    np.testing.assert_allclose(table.groupby("parent")["value"].sum(), values["value"])
    with pytest.raises(MktError, match="分摊依据"):
        allocate(values, weights.iloc[:2], tree)


def test_growth_splits_exactly_at_every_level(tree):
    rng, cities = np.random.default_rng(0), tree.level("prefecture")
    years = pd.PeriodIndex(["2020", "2023"], freq="Y")
    table = pd.DataFrame({"region": np.repeat(cities, 2), "period": years.take(np.tile([0, 1], len(cities)))})
    table = table.assign(**{k: rng.uniform(1, 9, len(table)) for k in ("population", "income", "spend_rate")})
    found = decompose_growth(table, tree, start="2020", end="2023")
    parts = found[["population", "income", "spend_rate"]].sum(axis=1)
    np.testing.assert_allclose(parts, found["change"])
    np.testing.assert_allclose(found.loc["100000", "population"], found.loc[cities, "population"].sum())
    same = table.assign(population=5.0)
    assert decompose_growth(same, tree, start="2020", end="2023")["population"].abs().max() < 1e-9
    with pytest.raises(MktError, match="正数"):
        decompose_growth(table.assign(income=0.0), tree, start="2020", end="2023")


def test_scenarios_stay_coherent_and_the_nearer_change_holds(tree):
    market = mkt.synthetic.make_market(
        n_provinces=2, n_prefectures=2, n_counties=2, n_periods=12, random_state=0
    )
    forecaster = mkt.HierarchicalForecaster("drift").fit(market.panel, market.tree)
    table = forecaster.predict(2)
    first = market.tree.level("province")[0]
    city = market.tree.children(first)[0]
    changes = pd.DataFrame({"region": [first, city], "multiplier": [0.5, 2.0]})
    moved = apply_scenario(table, market.panel, market.tree, changes).set_index(["region", "period"])
    ratio = (moved["mean"] / moved["base"]).unstack()
    for county in market.tree.children(city):
        assert np.allclose(ratio.loc[county], 2.0)
    other = market.tree.children(first)[1]
    assert np.allclose(ratio.loc[other], 0.5)
    wide = moved["mean"].unstack()
    np.testing.assert_allclose(wide.loc[first], wide.loc[list(market.tree.children(first))].sum())
    np.testing.assert_allclose(wide.loc["100000"], wide.loc[list(market.tree.leaves)].sum())
    nothing = apply_scenario(
        table, market.panel, market.tree, pd.DataFrame({"region": [first], "growth": [0.0]})
    )
    np.testing.assert_allclose(nothing["mean"], table["mean"])


def test_plan_against_actual_by_hand(tree):
    months = pd.period_range("2024-01", periods=3, freq="M")
    a, b = tree.level("prefecture")[:2]
    plan = pd.DataFrame({"region": [a] * 3 + [b] * 3, "period": [*months, *months], "value": [100.0] * 6})
    actual = plan.assign(value=[110.0, 90.0, 110.0, 90.0, 90.0, 90.0])
    plan, actual = (x.astype({"period": "period[M]", "region": "str"}) for x in (plan, actual))
    table = plan_vs_actual(plan, actual, tree).set_index(["region", "period"])
    assert table.loc[(a, months[2]), "cumulative_gap"] == 10
    assert table.loc[(a, months[2]), "tracking_signal"] == pytest.approx(1.0)
    assert table.loc[(b, months[2]), "tracking_signal"] == pytest.approx(-3.0)
    assert table.loc[(b, months[0]), "accuracy"] == pytest.approx(1 - 10 / 90)
    with pytest.raises(MktError, match="时期应一致"):
        plan_vs_actual(plan.assign(period=pd.Period("2024", "Y")), actual, tree)
    up = tree.parents("province", [a]).iloc[0]
    assert table.loc[(up, months[0]), "gap"] == 0  # one's surplus hides the other's deficit


def test_seasonal_index_is_the_planted_one_and_a_target_splits_by_it():
    planted = np.array([1.2, 0.8, 0.9, 1.1])
    quarters = pd.period_range("2015Q1", periods=32, freq="Q")
    values = (100 + np.arange(32)) * planted[np.arange(32) % 4]
    panel = pd.DataFrame({"region": "a", "period": quarters, "value": values}).astype({"region": "str"})
    index = seasonal_index(panel)
    np.testing.assert_allclose(index["index"], planted, rtol=0.01)
    assert index["season_type"].tolist() == ["peak", "slack", "slack", "peak"]
    target = pd.DataFrame(
        {"region": ["x", "y"], "period": pd.PeriodIndex(["2024"] * 2, freq="Y"), "value": [1e6, 3e6]}
    )
    parts = split_target(target, index)
    np.testing.assert_allclose(parts.groupby("region")["value"].sum(), [1e6, 3e6])
    with pytest.raises(MktError, match="应按年"):
        split_target(target.assign(period=pd.PeriodIndex(["2024-01"] * 2, freq="M")), index)
    with pytest.raises(TableError, match="主键重复"):
        split_target(pd.concat([target, target]), index)
    with pytest.raises(MktError, match="不连续"):
        seasonal_index(panel.drop(index=5))
    with pytest.raises(MktError, match="季节"):
        seasonal_index(panel.assign(period=pd.period_range("2000", periods=32, freq="Y")))


def test_spring_festival_is_neutral_over_the_years():
    months = pd.period_range("1995-01", "2040-12", freq="M")
    share = spring_festival(months)
    assert share[months.month > 2].tolist() == [0.0] * (10 * 46)
    assert abs(share.sum()) < 1e-9 and abs(share[months.month == 1].mean()) < 1e-9
    with pytest.raises(MktError, match="2050"):
        spring_festival(pd.period_range("2050-01", periods=1, freq="M"))


def test_vintages(tree):
    market = mkt.synthetic.make_market(
        n_provinces=2, n_prefectures=2, n_counties=2, n_periods=14, random_state=0
    )
    end = market.panel["period"].max()
    old = (
        mkt.HierarchicalForecaster("drift")
        .fit(market.panel[market.panel["period"] < end], market.tree)
        .predict(2)
    )
    new = mkt.HierarchicalForecaster("drift").fit(market.panel, market.tree).forecast(1)
    table = compare_vintages(old, new.table, new.history)
    assert set(table["kind"]) == {"actual", "forecast"} and len(table) == 2 * len(market.tree)
    row = table[(table["kind"] == "actual") & (table["region"] == "100000")].iloc[0]
    actual = market.panel.loc[market.panel["period"] == end, "value"].sum()
    assert row["now"] == pytest.approx(actual) and row["change"] == pytest.approx(
        actual / row["previous"] - 1
    )


def test_faulty_flows_are_told(tree):
    homes, centres = list("ab"), list("stuvwxyz")
    far = pd.DataFrame(np.random.default_rng(0).uniform(1, 9, (2, 8)), homes, centres)
    size = pd.Series(np.arange(1.0, 9), centres)
    flows = pd.DataFrame({"region": np.repeat(homes, 8), "center": centres * 2, "value": np.arange(1.0, 17)})
    for faulty in (
        (flows.replace({"center": {"s": "q"}}), size, far),
        (flows.replace({"region": {"a": "q"}}), size, far),
        (flows, size.drop("s"), far),
        (flows, size, far * 0),
    ):
        with pytest.raises(MktError, match="没有正的距离或吸引力"):
            fit_huff(*faulty)
    with pytest.raises(MktError, match="exponent"):
        huff_shares(size, far, exponent=-1)
    with pytest.raises(MktError, match="重复"):
        harris_potential(pd.Series([1.0, 2.0], ["a", "a"]), far, exponent=1, inner_km=1)


def test_levels_that_mix_and_rows_that_repeat_are_refused(tree):
    city, county = tree.level("prefecture")[0], tree.leaves[0]
    both = pd.Series({city: 2.0, county: 1.0})
    with pytest.raises(MktError, match="同一层级"):
        headroom(both, both, tree, target_share=0.2)
    with pytest.raises(MktError, match="负"):
        headroom(pd.Series({county: -1.0}), pd.Series({county: 1.0}), tree, target_share=0.2)
    with pytest.raises(MktError, match="至少一个"):
        headroom(both.head(0), both.head(0), tree, target_share=0.2)
    values = pd.DataFrame({"region": [city], "period": pd.PeriodIndex(["2020"], freq="Y"), "value": [6.0]})
    weights = pd.Series(1.0, [*tree.leaves, city])
    table = allocate(values, weights, tree)  # the city itself is no part of the city
    assert set(table["region"]) == set(tree.children(city)) and table["value"].sum() == 6.0
    with pytest.raises(MktError, match="两行"):
        allocate(pd.concat([values, values]), weights, tree)
    with pytest.raises(MktError, match="上级"):
        allocate(values.assign(region=county), weights, tree)
    with pytest.raises(MktError, match="n_places"):
        saturation_counts(pd.DataFrame({"region": ["a"], "kind": ["k"], "n_places": [-3]}))
    factors = pd.DataFrame({"region": [city], "period": pd.PeriodIndex(["2020"], freq="Y"), "income": [1.0]})
    with pytest.raises(MktError, match="population"):
        decompose_growth(factors, tree, start="2020", end="2021")
    with pytest.raises(MktError, match="mean"):
        compare_vintages(values, values, values)


def test_a_level_above_the_ceiling_of_its_curve_is_not_called_identified():
    import mktanalysis as mkt
    from mktanalysis.capacity import saturation_table

    panel = mkt.china.load_penetration()
    fit = fit_penetration(panel, ceiling=3.5)
    table = saturation_table(fit, panel)
    sure = table[table["status"] == "identified"]
    passed = table[table["status"] == "passed"]
    assert len(sure) and len(passed) and (sure["now"] <= sure["saturation"]).all()
    assert (passed["now"] > passed["saturation"]).all()
    assert (fit.table["status"] == "identified").sum() == len(sure) + len(passed)
