"""TierClusterer: scikit-learn's checks, invariance, planted tiers, certainty, bad settings."""

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks
from threadpoolctl import threadpool_limits

from mktanalysis import TierClusterer
from mktanalysis.tiering import TierError, score_regions, tier_names
from mktanalysis.tiering.resampling import profile_starts


@parametrize_with_checks(
    [
        TierClusterer(),
        TierClusterer(3, method="profile", pyramid=False, n_resamples=20),
        TierClusterer(n_tiers="auto", n_resamples=10),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture
def cities():
    rng = np.random.default_rng(7)
    size = rng.normal(size=(200, 1)) + 0.4 * rng.normal(size=(200, 4))
    return pd.DataFrame(size, index=[f"{i:06}" for i in rng.permutation(200)], columns=list("abcd"))


def test_order_of_rows_threads_and_seed_never_change_a_label(cities):
    base = TierClusterer(random_state=1).fit(cities)
    for state, limit in ((2, 1), (3, 2)):
        shuffled = cities.sample(frac=1, random_state=state)
        with threadpool_limits(limits=limit):
            other = TierClusterer(random_state=state).fit(shuffled)
        pd.testing.assert_series_equal(other.tiers_.sort_index(), base.tiers_.sort_index())
        assert (other.breaks_ == base.breaks_).all()
    again = TierClusterer(random_state=1).fit(cities.sample(frac=1, random_state=9))
    pd.testing.assert_frame_equal(again.membership_.sort_index(), base.membership_.sort_index())


def test_default_run_repeats_itself(cities):
    one, two = TierClusterer().fit(cities), TierClusterer().fit(cities)
    pd.testing.assert_frame_equal(one.membership_, two.membership_)


def test_tiers_follow_the_score_and_planted_groups_are_found():
    rng = np.random.default_rng(0)
    score = pd.Series(
        np.concatenate([rng.normal(m, 0.05, n) for m, n in ((3, 4), (2, 10), (1, 30), (0, 60))])
    )
    fitted = TierClusterer(4, skew=0).fit(score)
    assert fitted.tiers_.value_counts(sort=False).tolist() == [4, 10, 30, 60]
    # a resample misses all four of the first tier with probability (100/104)^104 = 2%
    assert (fitted.stability_ > 0.96).all()
    ordered = fitted.tiers_[score.sort_values(ascending=False).index].cat.codes
    assert (np.diff(ordered) >= 0).all()


def test_pyramid_never_shrinks_downwards(cities):
    sizes = TierClusterer(n_resamples=0).fit(cities).tiers_.value_counts(sort=False)
    assert (np.diff(sizes) >= 0).all() and sizes.sum() == 200


def test_given_sizes(cities):
    sizes = [5, 10, 20, 40, 50, 75]
    fitted = TierClusterer(pyramid=sizes, n_resamples=0).fit(cities)
    assert fitted.tiers_.value_counts(sort=False).tolist() == sizes


def test_membership_is_a_probability_and_low_near_a_break(cities):
    fitted = TierClusterer(4).fit(cities)
    assert fitted.membership_.sum(axis=1).to_numpy() == pytest.approx(np.ones(200))
    own = [fitted.membership_.loc[r, t] for r, t in fitted.tiers_.items()]
    assert fitted.stability_.to_numpy() == pytest.approx(own)
    gap = np.abs(fitted.score_.to_numpy()[:, None] - fitted.breaks_.to_numpy()).min(axis=1)
    near = gap < np.quantile(gap, 0.2)
    assert fitted.stability_[near].mean() < fitted.stability_[~near].mean() - 0.1


def test_no_noise_and_no_tie_leaves_only_the_bootstrap(cities):
    quiet, loud = TierClusterer(4, noise=0.0).fit(cities), TierClusterer(4, noise=0.5).fit(cities)
    assert quiet.stability_.mean() > loud.stability_.mean()


def test_auto_finds_the_planted_number_with_evidence():
    rng = np.random.default_rng(4)
    score = np.concatenate([rng.normal(m, 0.08, n) for m, n in ((3, 20), (2, 40), (1, 60), (0, 80))])
    fitted = TierClusterer("auto", skew=0, pyramid=False).fit(pd.Series(score))
    assert fitted.n_tiers_ == 4
    assert fitted.evidence_.loc[4, "chosen"] and fitted.evidence_["chosen"].sum() == 1
    assert fitted.evidence_["explained"].is_monotonic_increasing


def test_scores_bring_weights_and_leave_regions_without_score_out():
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        np.exp(rng.normal(size=(60, 3))), columns=list("abc"), index=[f"r{i}" for i in range(60)]
    )
    table.loc["r0", ["a", "b"]] = np.nan
    scores = score_regions(table, weights={"a": 2, "b": 1, "c": 1}, min_known=0.5)
    fitted = TierClusterer(4).fit(scores)
    assert pd.isna(fitted.tiers_["r0"]) and fitted.tiers_.notna().sum() == 59
    assert np.corrcoef(fitted.score_, scores.score.dropna())[0, 1] == pytest.approx(1)
    by_score = TierClusterer(4, n_resamples=0).fit(scores.score.dropna())
    assert (by_score.tiers_ == fitted.tiers_[by_score.tiers_.index]).all()
    assert pd.isna(fitted.predict_tiers(scores)["r0"])


def test_estimated_cells_make_a_tier_less_sure():
    rng = np.random.default_rng(2)
    size = rng.normal(size=(300, 1)) + 0.8 * rng.normal(size=(300, 4))
    table = pd.DataFrame(np.exp(size), columns=list("abcd"))
    holes = table.assign(a=table["a"].mask(table.index % 3 == 0), b=table["b"].mask(table.index % 3 == 0))
    fitted = TierClusterer(4).fit(score_regions(holes, check_units=False))
    estimated = holes["a"].isna()
    assert fitted.stability_[estimated].mean() < fitted.stability_[~estimated].mean()


def test_profile_partition_is_optimal():
    from itertools import combinations

    x = np.random.default_rng(0).normal(size=(9, 2))
    weights = np.array([1, 2, 0, 1, 1, 3, 1, 1, 2.0])

    def cost(cut):
        total = 0
        for a, b in zip([0, *cut], [*cut, 9], strict=True):
            w = weights[a:b, None]
            if w.sum():
                total += (w * (x[a:b] - (w * x[a:b]).sum(axis=0) / w.sum()) ** 2).sum()
        return total

    best = min(cost(cut) for cut in combinations(range(1, 9), 2))
    assert cost(profile_starts(x, weights, 3)) == pytest.approx(best)


def test_predict_another_year_on_the_fitted_scale(cities):
    fitted = TierClusterer(4, n_resamples=0).fit(cities)
    better = fitted.predict_tiers(cities + 1)
    assert (better.cat.codes <= fitted.tiers_.cat.codes).all() and (better != fitted.tiers_).any()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda x: TierClusterer(6).fit(x.head(4)), "地区数少于级数"),
        (lambda x: TierClusterer(1).fit(x), "不小于 2"),
        (lambda x: TierClusterer(n_tiers="many").fit(x), "auto"),
        (lambda x: TierClusterer(4).fit(x * 0), "都相同"),
        (lambda x: TierClusterer(4).fit(x.assign(a=np.nan)), "缺失值"),
        (lambda x: TierClusterer(4).fit((x > 0).astype(float)[["a"]]), "不同的得分"),
        (lambda x: TierClusterer(4, pyramid=[1, 2, 3]).fit(x), "4 个正数"),
        (lambda x: TierClusterer(4, method="kmeans").fit(x), "breaks"),
        (lambda x: TierClusterer("auto", n_resamples=0).fit(x), "重抽样"),
        (lambda x: TierClusterer(4).fit(pd.concat([x, x])), "重复"),
    ],
)
def test_bad_settings(cities, make, words):
    with pytest.raises(TierError, match=words):
        make(cities)


def test_names_of_tiers():
    assert tier_names(6)[1] == "新一线"
    assert tier_names(7)[:2] == ("第1级", "第2级")
    assert TierClusterer(7, n_resamples=0).fit(np.arange(30.0)[:, None]).tiers_.cat.categories[0] == "第1级"


def test_input_is_not_changed(cities):
    before = cities.copy()
    TierClusterer(4).fit(cities)
    pd.testing.assert_frame_equal(cities, before)
