"""Tiers over the years: planted moves, noise, level breaks, scales; mobility as giddy has it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mktanalysis import TierClusterer
from mktanalysis.errors import MktError
from mktanalysis.tiering import link_breaks, mobility, moves, tier_history, transitions

REFERENCE = Path(__file__).parents[1] / "reference"
NATURAL = TierClusterer(3, pyramid=False, skew=0, n_resamples=0)


def panel(noise=0.0, years=range(2010, 2021), seed=0, jump=None):
    """60 cities in three far groups, all growing by 8%; `jump` (year, size) shifts later retail by city."""
    rng = np.random.default_rng(seed)
    level = np.repeat([10.0, 7.0, 4.0], [10, 20, 30])
    rows = []
    for indicator in ("gdp", "retail"):
        growth = 0.08 * (np.array(years) - years[0])
        values = level[:, None] + growth + noise * rng.standard_normal((60, len(years)))
        if jump and indicator == "retail":
            values += jump[1] * (np.array(years) >= jump[0]) * rng.standard_normal((60, 1))
        for at, year in enumerate(years):
            period = pd.Period(str(year), "Y")
            rows.append(pd.DataFrame({"region": [f"{i:03}" for i in range(60)], "period": period,
                                      "indicator": indicator, "value": np.exp(values[:, at])}))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def changes(history):
    codes = history.tiers.apply(lambda s: s.cat.codes)
    return int((codes.diff(axis=1).iloc[:, 1:] != 0).to_numpy().sum())


def test_planted_groups_stay_and_growth_alone_moves_nobody():
    history = tier_history(panel(0.05), clusterer=NATURAL)
    assert changes(history) == 0
    assert history.tiers[2015].value_counts(sort=False).tolist() == [10, 20, 30]


def test_a_planted_climb_is_found_with_its_driver():
    table = panel(0.02)
    climb = (table["region"] == "045") & (table["indicator"] == "retail") & (table["period"].dt.year >= 2016)
    table.loc[climb, "value"] *= np.exp(6.5)
    found = moves(tier_history(table, clusterer=NATURAL, hysteresis=0.1), 2010, 2020)
    assert found.index.tolist() == ["045"]
    assert found.loc["045", "shift"] == 1 and found.loc["045", "driver"] == "retail"
    assert found.loc["045", "driver_change"] > 0


def test_hysteresis_damps_noise_but_not_a_clear_move():
    rng = np.random.default_rng(1)
    years = range(2000, 2020)
    base = rng.normal(size=200)
    regions = [f"{i:03}" for i in range(200)]
    rows = []
    for year in years:
        values = np.exp(base + 0.05 * rng.standard_normal(200))
        period = pd.Period(str(year), "Y")
        rows.append(pd.DataFrame({"region": regions, "period": period, "indicator": "gdp", "value": values}))
    table = pd.concat(rows)
    loose = tier_history(table, clusterer=NATURAL, hysteresis=0.0)
    steady = tier_history(table, clusterer=NATURAL, hysteresis=0.3)
    assert changes(loose) > 20 and changes(steady) <= 2
    raw = loose.table.set_index(["region", "year"])["tier"]
    assert (raw == steady.table.set_index(["region", "year"])["raw_tier"]).all()
    # ... yet no region may sit more than the margin on the wrong side of a break
    score, tier = steady.table["score"], steady.table["tier"].cat.codes.to_numpy()
    cuts = steady.breaks.to_numpy()
    margin = 0.3 * steady.table.groupby("year")["score"].std(ddof=0).max()
    best = (score.to_numpy()[:, None] < cuts - margin).sum(axis=1)
    worst = (score.to_numpy()[:, None] < cuts + margin).sum(axis=1)
    assert ((best <= tier) & (tier <= worst)).all()


def test_a_level_break_moves_nobody_once_linked():
    table = panel(0.01, jump=(2019, 2.5))
    breaks = pd.DataFrame({"indicator": ["retail"], "period": [pd.Period("2019", "Y")], "region": ["*"]})
    assert changes(tier_history(table, clusterer=NATURAL)) > 0
    assert changes(tier_history(table, clusterer=NATURAL, breaks=breaks)) == 0


def test_linking_keeps_growth_elsewhere_and_the_last_base():
    table = panel(0.03, jump=(2016, 1.0))
    breaks = pd.DataFrame({"indicator": ["retail"], "period": [pd.Period("2016", "Y")], "region": ["*"]})
    before = table.copy()
    linked = link_breaks(table, breaks)
    pd.testing.assert_frame_equal(table, before)
    one = (table["region"] == "007") & (table["indicator"] == "retail")
    old, new = np.log(table.loc[one, "value"].to_numpy()), np.log(linked.loc[one, "value"].to_numpy())
    steps_old, steps_new = np.diff(old), np.diff(new)
    at = 2016 - 2011
    assert np.delete(steps_new, at) == pytest.approx(np.delete(steps_old, at))
    assert steps_new[at] == pytest.approx((steps_old[at - 1] + steps_old[at + 1]) / 2)
    assert new[-5:] == pytest.approx(old[-5:])


def test_a_gap_has_no_tier_and_the_last_one_resumes():
    table = panel(0.02)
    table = table[~((table["region"] == "003") & table["period"].dt.year.isin([2014, 2015]))]
    tiers = tier_history(table, clusterer=NATURAL).tiers.loc["003"]
    assert tiers[[2014, 2015]].isna().all() and tiers[2016] == tiers[2013]


def test_scales_compare_positions_or_progress():
    table = panel(0.02)
    position = tier_history(table, clusterer=NATURAL, scale="per_year").table
    progress = tier_history(table, clusterer=NATURAL, scale="fixed", base_year=2010).table
    assert position.groupby("year")["score"].mean().to_numpy() == pytest.approx(np.zeros(11), abs=1e-9)
    assert progress.groupby("year")["score"].mean().is_monotonic_increasing
    pooled = tier_history(table, clusterer=NATURAL, scale="pooled").table
    assert pooled["score"].mean() == pytest.approx(0, abs=1e-9)
    with pytest.raises(MktError, match="scale"):
        tier_history(table, scale="none")
    with pytest.raises(MktError, match="base_year"):
        tier_history(table, scale="fixed", base_year=1999)


def test_mobility_equals_giddys_on_us_states():
    classes = pd.read_csv(REFERENCE / "tiers_mobility_giddy.csv", index_col=0)
    theirs = json.loads((REFERENCE / "tiers_mobility_giddy.json").read_text())
    counts, probabilities = transitions(classes)
    assert counts.to_numpy().tolist() == theirs["transitions"]
    assert probabilities.to_numpy() == pytest.approx(np.array(theirs["p"]))
    ours = mobility(probabilities)
    for name in ("prais", "shorrocks", "eigenvalue", "leaving", "steps"):
        assert ours[name] == pytest.approx(theirs[name], abs=1e-10)


def test_transitions_skip_gaps_and_keep_empty_tiers():
    kind = pd.CategoricalDtype(list("ABC"), ordered=True)
    tiers = pd.DataFrame({2019: ["A", "A", None], 2020: ["A", "B", "B"]}).astype(kind)
    counts, p = transitions(tiers)
    assert counts.to_numpy().tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert p.loc["C", "C"] == 1 and p.sum(axis=1).tolist() == [1, 1, 1]


def test_mobility_refuses_other_matrices():
    with pytest.raises(MktError, match="行和为 1"):
        mobility(pd.DataFrame([[1, 1], [0, 1]]))
    with pytest.raises(MktError, match="两个年份"):
        transitions(pd.DataFrame({2020: ["A"]}))
    with pytest.raises(MktError, match="没有年份"):
        moves(tier_history(panel(), clusterer=NATURAL), 1990, 2020)
