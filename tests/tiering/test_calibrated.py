"""Learnt tiers: against statsmodels, planted weights, anchoring, what cannot be learnt."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from mktanalysis.errors import MktError
from mktanalysis.tiering import TierError, TierModel, cross_validate

KIND = pd.CategoricalDtype(list("ABCD"), ordered=True)


def market(n=600, seed=0, weights=(3.0, 1.5, 0.0), cuts=(4.0, 1.0, -2.0)):
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(rng.normal(size=(n, 3)), columns=list("xyz"), index=[f"{i:05}" for i in range(n)])
    chance = expit((x.to_numpy() @ weights)[:, None] - np.array(cuts))
    codes = (rng.random((n, 1)) > chance).sum(axis=1)
    return x, pd.Series(pd.Categorical.from_codes(codes, dtype=KIND), x.index)


def test_planted_weights_and_cuts_are_found():
    x, tiers = market(6000)
    model = TierModel(penalty=0.0).fit(x, tiers)
    assert model.weights_.to_numpy() == pytest.approx([3.0, 1.5, 0.0], abs=0.15)
    assert model.cuts_.to_numpy() == pytest.approx([4.0, 1.0, -2.0], abs=0.15)
    assert model.cuts_.index.tolist() == ["A", "B", "C"]


def test_same_likelihood_as_statsmodels():
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    x, tiers = market(300)
    worst_first = tiers.cat.reorder_categories(list("DCBA"))
    theirs = OrderedModel(worst_first, x, distr="logit").fit(method="bfgs", disp=False, maxiter=500)
    ours = TierModel(penalty=0.0, nonnegative=False).fit(x, tiers)
    assert ours.weights_.to_numpy() == pytest.approx(theirs.params[["x", "y", "z"]].to_numpy(), abs=2e-3)
    chance = ours.probabilities(x)
    mean = np.log(chance.to_numpy()[np.arange(300), tiers.cat.codes]).mean()
    assert mean == pytest.approx(theirs.llf / 300, abs=1e-6)
    assert chance.sum(axis=1).to_numpy() == pytest.approx(np.ones(300))


def test_weights_are_not_negative_unless_allowed():
    x, tiers = market(400, weights=(3.0, 1.5, -1.0))
    assert (TierModel().fit(x, tiers).weights_ >= 0).all()
    assert TierModel(nonnegative=False).fit(x, tiers).weights_["z"] < -0.5


def test_order_of_rows_changes_nothing():
    x, tiers = market(300)
    shuffled = x.sample(frac=1, random_state=3)
    one, other = TierModel().fit(x, tiers), TierModel().fit(shuffled, tiers.sample(frac=1, random_state=4))
    assert (one.weights_ == other.weights_).all() and (one.cuts_ == other.cuts_).all()


def test_anchoring_keeps_the_list_until_the_figures_move():
    x, tiers = market(300)
    model = TierModel().fit(x, tiers)
    assert (model.predict_tiers(x, anchored=True) == tiers).all()
    assert (model.predict_tiers(x) != tiers).any()
    fallen = x.copy()
    fallen.iloc[0] -= 10
    moved = model.predict_tiers(fallen, anchored=True)
    assert moved.iloc[0] == "D" and (moved.iloc[1:] == tiers.iloc[1:]).all()


def test_a_later_list_is_predicted_better_with_the_earlier_one():
    rng = np.random.default_rng(5)
    x = pd.DataFrame(rng.normal(size=(400, 2)), columns=list("xy"))
    hidden = rng.normal(size=400)  # what a list knows and no indicator says

    def listed(x):
        rank = (-(2 * x.sum(axis=1) + 2 * hidden)).rank()
        return pd.Series(
            pd.Categorical.from_codes(np.searchsorted([20, 100, 220], rank), dtype=KIND), x.index
        )

    later = x + 0.1 * rng.normal(size=x.shape)
    model = TierModel().fit(x, listed(x))
    plain = (model.predict_tiers(later) == listed(later)).mean()
    anchored = (model.predict_tiers(later, anchored=True) == listed(later)).mean()
    assert anchored > plain + 0.1


def test_cross_validation_never_sees_the_region():
    x, tiers = market(300)
    noise = pd.Series(np.random.default_rng(0).permutation(tiers.to_numpy()), tiers.index).astype(KIND)
    assert (cross_validate(x, tiers) == tiers).mean() > 0.6
    assert (cross_validate(x, noise) == noise).mean() < 0.45


def test_gaps_other_regions_and_words():
    x, tiers = market(300)
    x.iloc[0, 0] = np.nan
    model = TierModel().fit(x, tiers.iloc[:250])
    assert len(model.tiers_) == 249
    assert pd.isna(model.predict_tiers(x).iloc[0])
    lines = model.describe()
    assert lines[0].startswith("x 每高出一个标准差，得分升") and "为A" in lines[3]


def test_what_cannot_be_learnt():
    x, tiers = market(60)
    with pytest.raises(TierError, match="有序"):
        TierModel().fit(x, tiers.astype(str))
    with pytest.raises(TierError, match="不足以学习"):
        TierModel().fit(x.head(5), tiers)
    with pytest.raises(MktError, match="缺少学习时"):
        TierModel().fit(x, tiers).score(x[["x"]])
