"""The year's end: the region that will miss is flagged, chances against drawn futures, awkward inputs."""

import numpy as np
import pandas as pd
import pytest

from mktanalysis import MktError, TableError
from mktanalysis.planning import Alarm, year_outlook

CITIES = [f"c{i:02d}" for i in range(1, 13)]


def plan(value=100.0):
    periods = pd.period_range("2025-01", periods=12, freq="M")
    grid = pd.MultiIndex.from_product([CITIES, periods], names=["region", "period"])
    return pd.DataFrame({"value": value}, grid).reset_index()


def actual(months=8, seed=0, **rates):
    rng = np.random.default_rng(seed)
    periods = pd.period_range("2025-01", periods=months, freq="M")
    rows = [
        pd.DataFrame(
            {
                "region": c,
                "period": periods,
                "value": 100.0 * rates.get(c, 1.05) * rng.normal(1, 0.03, months),
            }
        )
        for c in CITIES
    ]
    return pd.concat(rows, ignore_index=True)


class TestOutlook:
    def test_the_region_that_will_miss_is_flagged_and_no_other(self, tree):
        found = year_outlook(plan(), actual(c06=0.8), tree)
        cities = found[found["level"] == "prefecture"].set_index("region")
        assert cities.index[cities["needs_help"]].tolist() == ["c06"]
        assert cities.index[0] == "c06"  # the lowest chance first
        assert cities.loc["c06", "chance"] < 0.01 and "把握低于" in cities.loc["c06", "reason"]
        assert cities.loc["c06", "outlook_completion"] == pytest.approx(0.8, abs=0.03)

    def test_upper_levels_are_sums(self, tree):
        found = year_outlook(plan(), actual(), tree).set_index("region")
        east = [c for c in CITIES if c <= "c07"]
        assert found.loc["东区", "task"] == found.loc[east, "task"].sum()
        assert found.loc["东区", "actual_to_date"] == pytest.approx(found.loc[east, "actual_to_date"].sum())
        assert found.loc["N", "task"] == 12 * 12 * 100

    def test_signal_by_hand(self, tree):
        table = year_outlook(plan(), actual(), tree).set_index("region")
        sold = actual()
        gap = sold[sold["region"] == "c01"]["value"] - 100.0
        assert table.loc["c01", "tracking_signal"] == pytest.approx(gap.sum() / gap.abs().mean())

    @pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
    def test_chance_is_that_of_drawn_futures(self, tree, correlation):
        sold = actual(c01=1.0)
        ahead = pd.period_range("2025-09", periods=4, freq="M")
        forecast = pd.DataFrame({"region": "c01", "period": ahead, "mean": [101.0, 99, 103, 100]})
        forecast = forecast.assign(lower=forecast["mean"] - 12.8155, upper=forecast["mean"] + 12.8155)
        found = year_outlook(plan(), sold, tree, forecast=forecast, alarm=Alarm(correlation=correlation))
        row = found.set_index("region").loc["c01"]
        cover = np.full((4, 4), correlation * 100.0) + np.eye(4) * (1 - correlation) * 100.0
        draws = np.random.default_rng(1).multivariate_normal(forecast["mean"], cover, 200_000).sum(axis=1)
        done = sold[sold["region"] == "c01"]["value"].sum()
        assert row["basis"] == "forecast"
        assert row["chance"] == pytest.approx((done + draws >= 1200).mean(), abs=0.01)
        assert found.set_index("region").loc["c02", "basis"] == "run_rate"

    def test_run_rate_chances_are_honest(self, tree):
        """Of regions told 60-95% about that share makes the task, on years drawn at a known noise."""
        told = []
        made = []
        for seed in range(60):
            rates = {c: 0.9 + 0.017 * i for i, c in enumerate(CITIES)}
            whole = actual(months=12, seed=seed, **rates)
            found = year_outlook(plan(), whole[whole["period"] <= "2025-06"], tree)
            cities = found[found["level"] == "prefecture"].set_index("region")["chance"]
            told.append(cities.sort_index())
            made.append(whole.groupby("region")["value"].sum().sort_index() >= 1200)
        told = pd.concat(told, ignore_index=True)
        made = pd.concat(made, ignore_index=True)
        likely = told.between(0.6, 0.95)
        assert made[likely].mean() == pytest.approx(told[likely].mean(), abs=0.08)

    def test_a_closed_year_is_sure(self, tree):
        found = year_outlook(plan(), actual(months=12, c03=0.9), tree).set_index("region")
        assert found.loc["c03", "chance"] == 0 and found.loc["c01", "chance"] == 1
        assert set(found["basis"]) == {"closed"} and found.loc["c03", "needs_help"]

    def test_bad_inputs(self, tree):
        sold = actual()
        with pytest.raises(TableError, match="这里缺失"):
            year_outlook(plan(), sold.drop(index=3), tree)
        with pytest.raises(MktError, match="从年初起连续"):
            year_outlook(plan(), sold[sold["period"] != "2025-02"], tree)
        with pytest.raises(TableError, match="没有计划"):
            year_outlook(plan()[lambda t: t["region"] != "c01"], sold, tree)
        with pytest.raises(TableError, match="应为正数"):
            year_outlook(plan(0.0), sold, tree)
        with pytest.raises(MktError, match="只有一年"):
            two = pd.concat([plan(), plan().assign(period=plan()["period"] + 12)])
            year_outlook(two, sold, tree)
        with pytest.raises(MktError, match="同一层级"):
            year_outlook(pd.concat([plan(), plan().assign(region="P1").drop_duplicates()]), sold, tree)
        short = pd.DataFrame({"region": ["c01"], "period": pd.PeriodIndex(["2025-09"], freq="M")})
        with pytest.raises(MktError, match="缺少余下的时期：c01"):
            year_outlook(plan(), sold, tree, forecast=short.assign(mean=1.0, lower=0.0, upper=2.0))
        with pytest.raises(MktError, match="还没有实际数"):
            year_outlook(plan(), sold.assign(period=sold["period"] + 12), tree)
