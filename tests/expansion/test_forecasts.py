"""A capacity forecast is whole years of every unit, or an error that says what is not."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.expansion import (
    Assumptions,
    Chance,
    Policy,
    expansion_market,
    grid_example,
    plan_expansion,
    simulate_risk,
)


def easy_policy(**fields):
    """A policy in the world without resistance, where a plan can be followed by hand."""
    return Policy(**fields).assuming(Assumptions.easy())


POLICY = easy_policy(base=("r1c1",), start=2025, periods=4, budget=4e6)


def forecast(freq="Y", parts=1, end="2028-12"):
    units = grid_example(3, 3)[0]
    periods = pd.period_range("2025-01", end, freq=freq)
    rows = [(code, period, 2e7 / parts) for code in units["region"] for period in periods]
    table = pd.DataFrame(rows, columns=["region", "period", "mean"])
    return table.assign(lower=0.9 * table["mean"], upper=1.1 * table["mean"])


def planned(table):
    units, edges, tree = grid_example(3, 3)
    return plan_expansion(expansion_market(units, edges, tree, capacity=table), POLICY)


def year_of(table):
    return table.assign(period=table["period"].dt.year)


@pytest.mark.parametrize(
    "table",
    [
        forecast(),
        forecast("M", 12),
        forecast("Q", 4),
        year_of(forecast()),
        year_of(forecast()).astype({"period": str}),
        forecast().assign(period=lambda t: t["period"].dt.to_timestamp()),
        forecast().rename(columns={"mean": "value"}),
    ],
)
def test_however_years_are_written_they_are_the_same_capacity(table):
    np.testing.assert_allclose(planned(table).case.capacity, 2e7)


@pytest.mark.parametrize(
    "table, words",
    [
        (pd.concat([forecast(), forecast()]), "同一时期有两个数"),
        (year_of(forecast("M", 12)), "同一时期有两个数"),
        (forecast("M", 12, "2028-06"), "2028 年"),
        (forecast()[lambda t: t["period"] != pd.Period("2027", freq="Y")], "2027 年"),
        (forecast()[lambda t: t["region"] != "r2c2"], "r2c2"),
        (forecast().assign(mean=-1.0), "为负"),
        (forecast().assign(mean=np.inf), "2025"),
        (forecast().drop(columns="period"), "缺少列：period"),
        (forecast("W"), "年、季或月"),
        (forecast().assign(period="明年"), "明年"),
        (forecast().head(0), "r1c1"),
    ],
)
def test_what_is_no_whole_forecast_is_refused(table, words):
    with pytest.raises(mkt.MktError, match=words):
        planned(table)


def test_risk_takes_the_width_of_the_intervals_and_refuses_gaps():
    plan = planned(forecast())
    still = Chance(response_sd=0.0, rivals_sd=0.0, reaction=(0.0, 0.0), common=0.5)

    def wide(table, factor):
        half = factor * 0.1 * table["mean"]
        return table.assign(lower=table["mean"] - half, upper=table["mean"] + half)

    one, two = (simulate_risk(plan, chance=still, forecast=wide(forecast(), f), n_draws=200) for f in (1, 2))
    assert two.figures["sd"] == pytest.approx(2 * one.figures["sd"], rel=0.05)
    months = simulate_risk(plan, chance=still, forecast=wide(forecast("M", 12), 1), n_draws=200)
    np.testing.assert_allclose(months.values, one.values)
    with pytest.raises(mkt.TableError, match="2028"):
        simulate_risk(plan, forecast=forecast(end="2027-12"))
    with pytest.raises(mkt.TableError, match="下限高于上限"):
        simulate_risk(plan, forecast=forecast().rename(columns={"lower": "upper", "upper": "lower"}))
