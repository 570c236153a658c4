"""Where next: planted truth is found again, nothing is known before its time."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import expansion
from mktanalysis.expansion import backtest_entries, fit_entries, rank_entries
from mktanalysis.expansion.entries import logit

#: The simple fit without a pull and without forgetting: what a planted simple truth is found by.
SIMPLE = {"shape": "linear", "ridge": 0.0, "half_life": None}


def planted(seed=0, n=300, years=12, per_year=8, beta=(1.2, -1.6)):
    """Openings drawn one by one by a conditional logit on log potential and log distance."""
    rng = np.random.default_rng(seed)
    points = pd.DataFrame(
        {
            "region": [f"u{i:03d}" for i in range(n)],
            "lon": rng.uniform(-100, -80, n),
            "lat": rng.uniform(30, 45, n),
        }
    )
    potential = pd.Series(np.exp(rng.normal(10, 1, n)), index=points["region"])
    xyz = np.radians(points[["lon", "lat"]].to_numpy())
    held, rows = {0}, [("u000", 1990)]
    for year in range(1991, 1991 + years):
        at = np.array(sorted(held))
        d = np.array([_km(xyz, xyz[i]) for i in at]).min(axis=0)
        u = beta[0] * np.log(potential.to_numpy()) + beta[1] * np.log1p(d)
        u[at] = -np.inf
        gumbel = u + rng.gumbel(size=n)
        new = np.argsort(-gumbel)[:per_year]
        rows += [(points["region"][i], year) for i in new]
        held |= set(new.tolist())
    return pd.DataFrame(rows, columns=["region", "period"]), potential, points


def _km(xyz, one):
    half = np.sin((xyz[:, 1] - one[1]) / 2) ** 2
    half = half + np.cos(xyz[:, 1]) * np.cos(one[1]) * np.sin((xyz[:, 0] - one[0]) / 2) ** 2
    return 2 * 6371.0 * np.arcsin(np.sqrt(half))


def test_fit_finds_the_planted_weights():
    model = fit_entries(*planted(per_year=3, years=40), **SIMPLE)
    table = model.table.set_index("feature")
    assert (np.abs(table["weight"] - [1.2, -1.6]) < 3 * table["error"] + 0.1).all()
    assert model.log_likelihood > model.null_log_likelihood


def test_both_together_predict_better_than_either():
    scores = backtest_entries(*planted()).groupby("method")[["precision", "auc"]].mean()
    assert scores.loc["fitted", "precision"] > scores.loc[["potential", "proximity"], "precision"].max()
    assert scores.loc["fitted", "auc"] > scores.loc[["potential", "proximity"], "auc"].max()


def test_the_future_is_not_known():
    openings, potential, points = planted()
    all_of_it = backtest_entries(openings, potential, points).query("period <= 1996")
    cut = backtest_entries(openings[openings["period"] <= 1996], potential, points)
    pd.testing.assert_frame_equal(all_of_it.reset_index(drop=True), cut)


def test_periods_may_be_periods_and_outlets_may_repeat():
    openings, potential, points = planted(years=4)
    twice = pd.concat([openings, openings.assign(period=openings["period"] + 1)], ignore_index=True)
    dated = twice.assign(period=pd.PeriodIndex(twice["period"].astype(str), freq="Y"))
    one, two = fit_entries(openings, potential, points), fit_entries(dated, potential, points)
    assert one.weights == two.weights


def test_ranking_leaves_out_the_held_and_puts_no_potential_last():
    potential = pd.Series({"a": 5.0, "b": 0.0, "c": 9.0, "d": np.nan})
    order = rank_entries(potential, pd.Series(10.0, potential.index), held=["c"])
    assert order.index.tolist() == ["a", "b", "d"]


@pytest.mark.parametrize(
    "potential, distance, weights",
    [({"a": -1.0}, {"a": 1.0}, None), ({"a": 1.0}, {}, None), ({"a": 1.0}, {"a": 1.0}, {"size": 1.0})],
)
def test_bad_input(potential, distance, weights):
    with pytest.raises(mkt.MktError):
        rank_entries(pd.Series(potential), pd.Series(distance, dtype=float), weights=weights)


def test_openings_without_a_point_are_named():
    openings, potential, points = planted(years=2)
    with pytest.raises(mkt.MktError, match="u000"):
        fit_entries(openings, potential, points[points["region"] != "u000"])


def test_a_large_roll_out_in_another_country_is_ranked_far_better_than_by_one_figure_alone():
    history = planted(seed=3, n=1200, years=25, per_year=20, beta=(1.0, -1.5))
    model = fit_entries(*history, **SIMPLE)
    table = model.table.set_index("feature")
    assert (np.abs(table["weight"] - [1.0, -1.5]) < 3 * table["error"] + 0.05).all()
    scores = backtest_entries(*history).groupby("method")[["precision", "base_rate", "auc"]].mean()
    alone = scores.loc[["potential", "proximity"]]
    assert scores.loc["fitted", "precision"] > 1.4 * alone["precision"].max()
    assert scores.loc["fitted", "precision"] > 5 * scores.loc["fitted", "base_rate"]
    assert scores.loc["fitted", "auc"] > alone["auc"].max() + 0.05


def test_many_choices_a_year_do_not_pull_the_weights_to_zero():
    """Twenty places a year of 900: the order within the year is unknown, Efron's averages allow for it."""
    history = planted(seed=5, n=900, years=12, per_year=20)
    table = fit_entries(*history, **SIMPLE).table.set_index("feature")
    assert (np.abs(table["weight"] - [1.2, -1.6]) < 3 * table["error"]).all()


def test_places_without_potential_are_no_outliers():
    openings, potential, points = planted()
    never = ~potential.index.isin(openings["region"])
    lost = never & (np.arange(len(potential)) % 5 == 0)
    gaps = fit_entries(openings, potential.mask(lost), points)
    zeros = fit_entries(openings, potential.mask(lost, 0.0), points)
    left_out = fit_entries(openings, potential[~lost], points[~lost])
    assert gaps.weights == zeros.weights
    assert gaps.weights == pytest.approx(left_out.weights, rel=1e-6)


def test_dates_are_years_and_what_is_no_date_is_named():
    openings, potential, points = planted(years=4)
    dated = openings.assign(period=pd.to_datetime(openings["period"].astype(str) + "-05-01"))
    assert fit_entries(dated, potential, points).weights == fit_entries(openings, potential, points).weights
    with pytest.raises(mkt.MktError, match="春天"):
        fit_entries(openings.assign(period="春天"), potential, points)
    with pytest.raises(mkt.MktError, match="period"):
        fit_entries(openings[["region"]], potential, points)
    with pytest.raises(mkt.MktError, match="rivals"):
        fit_entries(openings, potential, points, features=["rivals"])
    with pytest.raises(mkt.MktError, match="首批"):
        backtest_entries(openings[openings["period"] == 1990], potential, points)


def test_a_ranking_that_says_nothing_is_as_good_as_chance():
    points = pd.DataFrame({"region": list("abcdefgh"), "lon": np.arange(8.0), "lat": 0.0})
    openings = pd.DataFrame({"region": list("abcdef"), "period": [1990, 1991, 1995, 1996, 1996, 1999]})
    judged = backtest_entries(openings, pd.Series(1.0, list("abcdefgh")), points)
    blind = judged[judged["method"] == "potential"]
    np.testing.assert_allclose(blind["precision"], blind["base_rate"])
    assert blind["auc"].eq(0.5).all()


POINTS = pd.DataFrame({"region": list("abcd"), "lon": np.arange(4.0), "lat": 0.0})
OPENINGS = pd.DataFrame({"region": list("abcd"), "period": [1990, 1991, 1992, 1993]})
EVEN = pd.Series(1.0, list("abcd"))


@pytest.mark.parametrize(
    "change, words",
    [
        ({"openings": OPENINGS.drop(columns="region")}, "开店记录缺少列：region"),
        ({"points": POINTS.drop(columns="lon")}, "坐标表缺少列：lon"),
        ({"edges": pd.DataFrame({"a": [1]})}, "邻接表缺少列：region、neighbor"),
        ({"potential": pd.concat([EVEN, EVEN])}, "潜力中有重复的地区：a、b"),
        ({"potential": pd.DataFrame({"gdp": EVEN})}, "列应为年份，给出的是：gdp"),
        ({"potential": pd.DataFrame(index=list("abcd"))}, "没有列"),
        ({"potential": EVEN.astype(str)}, "潜力应为数"),
        ({"features": []}, "至少要有一个特征"),
    ],
)
def test_histories_that_cannot_be_read_are_refused_in_words(change, words):
    with pytest.raises(mkt.MktError, match=words):
        fit_entries(**{"openings": OPENINGS, "potential": EVEN, "points": POINTS, **change})


def test_a_ranking_of_doubled_or_worded_figures_is_refused():
    for potential, distance in ((pd.concat([EVEN, EVEN]), EVEN), (EVEN, pd.concat([EVEN, EVEN]))):
        with pytest.raises(mkt.MktError, match="重复的地区"):
            rank_entries(potential, distance)
    with pytest.raises(mkt.MktError, match="潜力应为数"):
        rank_entries(EVEN.astype(str), EVEN)
    assert rank_entries(EVEN, EVEN, held="a").index.tolist() == ["b", "c", "d"]


# ---- curves, momentum, forgetting --------------------------------------------------------------------------


def drawn(rule, *, seed=1, side=20, years=15, per_year=8):
    """A roll-out on a jittered grid by a rule on log size, distance in spacings and last year's entries."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(side, dtype=float), np.arange(side, dtype=float))
    lon = (x.ravel() + rng.uniform(-0.2, 0.2, side * side)) * 0.2
    lat = (y.ravel() + rng.uniform(-0.2, 0.2, side * side)) * 0.2
    points = pd.DataFrame({"region": [f"p{i:03d}" for i in range(side * side)], "lon": lon, "lat": lat})
    size = rng.normal(0, 1, side * side)
    xyz = np.radians(points[["lon", "lat"]].to_numpy())
    km = np.array([_km(xyz, one) for one in xyz])
    spacing = np.median(np.sort(km, axis=1)[:, 6])
    first = np.full(side * side, np.nan)
    first[side * side // 2] = 2000
    for year in range(2001, 2001 + years):
        held = first < year
        u = rule(size, km[:, held].min(axis=1) / spacing, km[:, first == year - 1], spacing, year)
        u = np.where(held, -np.inf, u) + rng.gumbel(size=side * side)
        first[np.argsort(-u)[:per_year]] = year
    openings = pd.DataFrame({"region": points["region"], "period": first}).dropna()
    return openings, pd.Series(np.exp(size) * 1e6, points["region"]), points


def hump(size, far, *_):
    return 1.5 * np.minimum(size, 0.0) - 2.0 * np.log(np.maximum(far, 0.1) / 2.5) ** 2


def test_a_hump_of_distance_and_a_plateau_of_potential_are_seen():
    model = fit_entries(*drawn(hump, years=30, per_year=5), ridge=3.0, half_life=None)
    curves = model.curves().set_index("value")
    distance = curves.loc[curves["feature"] == "distance", "odds"]
    spacing = model.features.geography.spacing
    next_door, best = np.interp([0.8 * spacing, 2.5 * spacing], distance.index, distance)
    assert best > 5 * next_door  # the truth: exp(2 log(2.5 / 0.8)^2) = 13 times
    potential = np.log(curves.loc[curves["feature"] == "potential", "odds"])
    below = potential.iloc[30] - potential.iloc[0]
    above = potential.iloc[-1] - potential.iloc[30]
    assert below > 2.0 and above < below / 3
    review = expansion.review_entries(*drawn(hump, years=30, per_year=5))
    methods = review.methods.set_index("method")
    assert methods.loc["fitted", "log_likelihood"] > methods["log_likelihood"].drop("fitted").max() + 0.05


def test_a_simple_truth_costs_little():
    methods = expansion.review_entries(*planted(seed=3, n=600, years=25, per_year=10)).methods
    methods = methods.set_index("method")
    assert methods.loc["fitted", "precision"] > methods.loc["linear", "precision"] - 0.02
    assert methods.loc["fitted", "log_likelihood"] > methods.loc["linear", "log_likelihood"] - 0.05


def test_momentum_is_learnt():
    def rule(size, far, last, spacing, _):
        return size - 0.5 * np.log1p(far) + 3.0 * np.exp(-0.5 * (last / spacing) ** 2).sum(axis=1)

    model = fit_entries(*drawn(rule))
    assert model.weights["entered_near"] > 3 * model.table.set_index("feature").loc["entered_near", "error"]


def test_old_tastes_are_forgotten():
    """First the small places, then the large ones: what counts is the taste of late."""

    def rule(size, far, last, spacing, year):
        return (2.0 if year > 2010 else -2.0) * size

    history = drawn(rule, years=20, per_year=5)
    names = {"half_life": 3.0, "shape": "linear"}
    new = fit_entries(*history, **names).weights["log_potential"]
    old = fit_entries(*history, **{**names, "half_life": None}).weights["log_potential"]
    assert new > 1.0 > abs(old)


def test_few_openings_stay_near_the_default_and_a_ridge_keeps_it():
    openings, potential, points = planted()
    firm = fit_entries(openings, potential, points, ridge=1e9, shape="linear")
    for name in ("log_potential", "log_distance"):
        assert firm.weights[name] == pytest.approx(
            mkt.expansion.entries.ranking.DEFAULT_WEIGHTS[name], abs=1e-4
        )
    one = fit_entries(openings.head(1), potential, points)
    assert one.weights["log_distance"] == -1.0 and one.n_openings == 0
    assert "缺省" in one.notes[-1] and len(one.rank()) == 299


# ---- against slow and independent ways -----------------------------------------------------------------


def test_the_fit_is_the_maximum_that_another_optimiser_finds():
    from scipy.optimize import minimize

    rng = np.random.default_rng(0)
    choices = []
    for weight in (0.5, 1.0):
        x = rng.normal(size=(40, 3))
        choices.append(logit.Choices(x, rng.permutation(40) < 4, weight))
    target, penalty = np.array([1.0, 0.0, -1.0]), np.array([0.5, 2.0, 1.0])

    def loss(beta):
        fit = sum(one.weight * logit.efron(beta, one.x, one.chosen)[0] for one in choices)
        return 0.5 * penalty @ (beta - target) ** 2 - fit

    other = minimize(loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-10})
    np.testing.assert_allclose(logit.fit_choices(choices, target, penalty).beta, other.x, atol=1e-4)


def test_one_choice_is_a_plain_softmax():
    x = np.array([[0.0], [1.0], [3.0]])
    found = logit.efron(np.array([0.7]), x, np.array([False, True, False]))[0]
    odds = np.exp(0.7 * x[:, 0])
    assert found == pytest.approx(np.log(odds[1] / odds.sum()))


def test_chances_are_those_of_drawing_one_after_the_other():
    rng = np.random.default_rng(2)
    score = rng.normal(0, 1.5, 60)
    draws = np.zeros(60)
    for _ in range(4000):
        draws[np.argsort(-(score + rng.gumbel(size=60)))[:12]] += 1 / 4000
    found = logit.chances(score, 12.0)
    assert found.sum() == pytest.approx(12.0)
    np.testing.assert_allclose(found, draws, atol=0.03)


@pytest.fixture(scope="module")
def history():
    return planted(seed=7, n=200, years=10, per_year=6)


def test_a_flatter_top_keeps_order_and_number():
    score = np.random.default_rng(3).normal(0, 2, 80)
    score[:5] = -np.inf
    flat = logit.flattened(score, 6.0, 0.5)
    assert np.argsort(-flat, kind="stable").tolist() == np.argsort(-score, kind="stable").tolist()
    before = logit.chances(score, 6.0)
    after = logit.chances(flat, 6.0)
    assert after.sum() == pytest.approx(6.0) and after.max() < before.max()
    below = np.argsort(-score)[18:75]
    np.testing.assert_allclose(np.diff(flat[below]), np.diff(score[below]))
    assert logit.flattened(score, 6.0, 0.0).tolist() == score.tolist()


@pytest.mark.parametrize(("times", "expected"), [(1.0, 0.0), (2.0, 0.5), (4.0, 0.75)])
def test_how_much_a_fit_overrates_its_best_is_learnt(times, expected):
    """The truth; and a fit that sees all above the 3n-th best so many times as far above it."""
    rng = np.random.default_rng(8)
    judged = []
    for _ in range(60):
        truth = rng.normal(0, 1.5, 120)
        chosen = np.zeros(120, dtype=bool)
        chosen[np.argsort(-(truth + rng.gumbel(size=120)))[:8]] = True
        judged.append((logit.flattened(truth, 8.0, 1.0 - times), chosen))
    assert logit.top_share(judged) == pytest.approx(expected, abs=0.12)
    assert logit.top_share([]) == logit.TOP_SHARE


def test_the_top_is_flattened_as_the_backtest_did_it(history):
    """What is taught to a model is what a review of the same years has used last."""
    from mktanalysis.expansion.entries.backtest import judge_periods, prepare

    openings, potential, points = history
    last = openings["period"].max()
    tables = dict.fromkeys(("edges", "tree", "rivals", "features"))
    made, settings = prepare(openings, potential, points, tables, {})
    judged = judge_periods(made, settings, 20)[-1]
    model = fit_entries(openings, potential, points, until=last)
    flat = logit.flattened(judged.scores["fitted"], float(judged.chosen.sum()), model.top)
    np.testing.assert_allclose(judged.flat["fitted"], flat, atol=1e-3)


# ---- what a fitted model answers -----------------------------------------------------------------------


def test_held_may_be_codes_a_table_or_dates(history):
    openings, _, _ = history
    model = fit_entries(*history)
    known = openings[openings["period"] < 1998]
    rank = model.rank(year=1998)
    assert rank.equals(model.rank(known["region"], 1998))
    assert rank.equals(model.rank(known, 1998))
    assert rank.equals(model.rank(known.set_index("region")["period"], 1998))
    assert not set(rank.index) & set(known["region"]) and rank.is_monotonic_decreasing
    with pytest.raises(mkt.MktError, match="zz"):
        model.rank(["zz"])
    with pytest.raises(mkt.MktError, match="没有已进入"):
        model.rank(year=1900)


def test_probabilities_sum_to_the_openings_and_go_on(history):
    model = fit_entries(*history)
    one = model.probability(n_openings=7)
    assert one["probability"].sum() == pytest.approx(7.0) and one["year"].eq(2001).all()
    assert one["region"].tolist()[:5] == model.rank().index[:5].tolist()
    three = model.probability(n_openings=7, years=3)
    assert three.groupby("year")["probability"].sum().tolist() == pytest.approx([7.0, 7.0, 7.0])
    assert three.groupby("region")["probability"].sum().max() <= 1.0 + 1e-9
    pd.testing.assert_frame_equal(three, model.probability(n_openings=7, years=3))
    first = three[three["year"] == 2001].set_index("region")["probability"]
    pd.testing.assert_series_equal(first, one.set_index("region")["probability"])


def test_reasons_add_up_to_the_score(history):
    model = fit_entries(*history)
    rank = model.rank()
    told = model.explain(rank.index[0])
    assert told["effect"].sum() == pytest.approx(rank.iloc[0] - rank.mean())
    assert (told["odds"] == np.exp(told["effect"])).all()
    held = history[0]["region"].iloc[0]
    with pytest.raises(mkt.MktError, match="已进入"):
        model.explain(held)
    listed = model.next(5)
    assert listed["rank"].tolist() == [1, 2, 3, 4, 5] and listed["reason"].str.len().gt(0).all()


def test_the_model_of_all_years_ranks_an_early_year_by_what_was_known_then(history):
    openings, potential, points = history
    model = fit_entries(*history)
    later = openings["period"] >= 1996
    cut = fit_entries(openings[~later], potential, points)
    x = model.features.at(model.history.first, 1996)
    np.testing.assert_array_equal(x, cut.features.at(cut.history.first, 1996))


def test_potential_is_that_of_the_year_before():
    openings, potential, points = planted(years=6)
    dated = pd.DataFrame({1990: potential, 1993: potential[::-1].to_numpy()})
    model = fit_entries(openings, dated, points)
    early, late = (model.features.columns(model.history.first, y)["log_potential"] for y in (1993, 1994))
    plain = fit_entries(openings, potential, points).features
    np.testing.assert_allclose(early, plain.columns(model.history.first, 1993)["log_potential"])
    np.testing.assert_allclose(late, early[::-1])


def test_general_growth_changes_nothing():
    openings, potential, points = planted(years=6)
    dated = pd.DataFrame({year: potential * 1.1 ** (year - 1990) for year in range(1989, 1997)})
    grown = fit_entries(openings, dated, points)
    assert grown.weights == pytest.approx(fit_entries(openings, potential, points).weights, abs=1e-6)


# ---- the review ----------------------------------------------------------------------------------------


def test_expected_openings_are_those_observed_in_sum_and_for_a_planted_truth_by_class():
    review = expansion.review_entries(*planted(seed=4, n=600, years=25, per_year=10))
    for table in (review.calibration, *(t for _, t in review.by_distance.groupby("method"))):
        assert table["expected"].sum() == pytest.approx(table["observed"].sum())
    large = review.calibration[review.calibration["expected"] > 15]
    assert large["ratio"].between(0.6, 1.6).all()
    assert review.methods["n_openings"].nunique() == 1 and len(review.trust) >= 4
    pooled = review.periods.query("method == 'fitted'")
    share = (pooled["precision"] * pooled["n_openings"]).sum() / pooled["n_openings"].sum()
    assert review.methods.set_index("method").loc["fitted", "precision"] == pytest.approx(share)


def test_a_history_that_follows_no_rule_is_called_so():
    def rule(size, *_):
        return 0.0 * size

    trust = "".join(expansion.review_entries(*drawn(rule)).trust)
    assert "误差之内" in trust or "不如" in trust


def test_too_short_a_history_is_not_reviewed():
    with pytest.raises(mkt.MktError, match="开店太少"):
        expansion.review_entries(*planted(years=2))


# ---- odd histories -------------------------------------------------------------------------------------


def test_oddities_are_told():
    openings, potential, points = planted(years=6)
    twice = pd.concat([openings, openings.head(3).assign(period=1995)])
    dated = pd.DataFrame({1992: potential, 1994: potential})
    notes = "；".join(fit_entries(twice, dated, points).notes)
    assert "3 条为已进入地区的再次开店" in notes and "不晚于最早的潜力年份 1992" in notes
    gone = potential.drop(openings["region"].iloc[-1])
    assert "1 个进入的地区没有潜力" in "；".join(fit_entries(openings, gone, points).notes)
    assert fit_entries(openings, potential, points).notes == ()


def test_openings_long_after_the_newest_potential_are_told():
    openings, potential, points = planted(years=6)
    dated = pd.DataFrame({1990: potential, 1996: potential * 1.1})
    assert not any("晚一年以上" in note for note in fit_entries(openings, dated, points).notes)
    wrong = openings.assign(period=openings["period"].where(openings.index != 3, 2049))
    notes = "".join(fit_entries(wrong, dated, points).notes)
    assert "1 个地区的进入比最新的潜力年份 1996 晚一年以上（到 2049 年）" in notes


def test_three_openings_judge_no_method():
    review = expansion.review_entries(*planted(years=4, per_year=3), min_openings=8)
    assert review.methods["n_openings"].iloc[0] < 10
    assert "看不出哪种排序更好" in "".join(review.trust) and "明显好于" not in "".join(review.trust)


def test_take_overs_are_told_and_may_be_left_out():
    openings, potential, points = planted(years=8, per_year=4)
    free = potential.index.difference(openings["region"])
    bought = pd.DataFrame({"region": free[:60], "period": 1999})
    history = pd.concat([openings, bought])
    told = fit_entries(history, potential, points)
    assert "收购" in told.notes[0] and "leave_out=(1999,)" in told.notes[0]
    assert told.probability()["probability"].sum() == pytest.approx((4 + 60) / 3, abs=2)
    left_out = fit_entries(history, potential, points, leave_out=(1999,))
    plain = fit_entries(openings, potential, points)
    assert left_out.n_openings == plain.n_openings
    assert left_out.notes == ("1999 年的 60 个进入不计入拟合与动向",)
    assert left_out.probability(year=2000)["probability"].sum() == pytest.approx(4.0)
    with pytest.raises(mkt.MktError, match="1950"):
        fit_entries(history, potential, points, leave_out=(1950,))
    assert left_out.weights == pytest.approx(plain.weights)
    assert not set(bought["region"]) & set(left_out.rank(year=2000).index)
    periods = backtest_entries(history, potential, points, leave_out=(1999,))["period"]
    assert 1999 not in set(periods)


@pytest.mark.parametrize(
    "fitting, words",
    [({"shape": "wavy"}, "wavy"), ({"ridge": -1.0}, "ridge"), ({"half_life": 0}, "half_life")],
)
def test_settings_that_make_no_sense_are_refused(fitting, words):
    with pytest.raises(mkt.MktError, match=words):
        fit_entries(OPENINGS, EVEN, POINTS, **fitting)


def test_a_tree_tells_of_the_parent(history):
    openings, _, points = history
    parents = pd.Series(np.where(points["lon"] < -90, "west", "east"), index=points["region"])
    model = fit_entries(*history, tree=parents)
    assert {"parent_held", "parent_recent"} <= set(model.weights)
    held = openings["region"].map(parents).value_counts(normalize=False)
    column = model.features.columns(model.history.first, 2001)["parent_held"]
    share = dict(zip(model.history.regions, column, strict=True))
    west = parents.index[parents == "west"][0]
    assert share[west] == pytest.approx(held["west"] / (parents == "west").sum())
