"""Figures of today, measured: what is known of later years, and what counties and cities without figures get.

    python benchmarks/bridge.py [--cutoffs 2014 2015 2016 2020 2021]

Every row is a cut-off: city figures end there, the later ones are kept out of the fit.
"""

from __future__ import annotations

import argparse

import pandas as pd

import mktanalysis as mkt
from mktanalysis.china import (
    bridge_panel,
    check_bridge,
    check_county_gdp,
    check_imputed_retail,
    known_figures,
    load_breaks,
    load_panel,
)
from mktanalysis.forecasting import backtest_bridge, score_forecasts

#: Cut-offs of the nation's total alone; those of all that was known later are `check_bridge`'s.
TOTALS = (2012, 2013, 2014, 2015, 2016, 2020, 2021)


def true_total(year: int, panel: pd.DataFrame) -> pd.DataFrame:
    """Growth of the cities' own total in the two years after, as if the nation's had been published."""
    wide = panel.pivot(index="region", columns="period", values="value")
    rows = []
    for ahead in (1, 2):
        now = pd.Period(str(year + ahead), "Y")
        both = wide[[now - 1, now]].dropna()
        rows.append(("100000", str(now), both[now].sum() / both[now - 1].sum() - 1, "growth"))
    return pd.DataFrame(rows, columns=["region", "period", "value", "kind"])


def proportional(results: pd.DataFrame) -> pd.DataFrame:
    """Rows of a further model: every region scaled by the factor that the nation needs."""
    keys = ["origin", "period"]
    top = results[results["level"] == "nation"].pivot(index=keys, columns="model", values="mean")
    factor = (top["bridge"] / top["forecast"]).rename("factor").reset_index()
    rows = results[results["model"] == "forecast"].merge(factor, on=keys)
    return rows.assign(mean=rows["mean"] * rows["factor"], model="proportion").drop(columns="factor")


def by_cutoff(results: pd.DataFrame) -> pd.DataFrame:
    """WAPE of the cities by cut-off, without and with what was known, and the interval's coverage."""
    scores = score_forecasts(pd.concat([results, proportional(results)]), by=["origin", "level"])
    scores = scores[scores["level"] == "prefecture"]
    table = scores.pivot(index="origin", columns="model", values="wape")
    table = table[["forecast", "proportion", "bridge"]]
    coverage = scores[scores["model"] == "bridge"].set_index("origin")["coverage"]
    return table.assign(coverage=coverage)


def against_main_cities() -> pd.DataFrame:
    """City by city 2024 against the large cities, their own figures kept out: on the yearbook's base."""
    main = mkt.load_table("main_city_retail").pivot(index="region", columns="period", values="value")
    panel = load_panel()
    last = panel[panel["period"] == "2023"].set_index("region")["value"]
    known = known_figures()
    known = known[~known["source"].str.contains("36")]
    found = mkt.forecasting.bridge(panel, known, mkt.load_regions(), breaks=load_breaks("retail_sales"))
    table = found.table[found.table["period"] == "2024"].set_index("region").reindex(main.index)
    actual = last.reindex(main.index) * main["2024"] / main["2023"]
    broken = load_breaks("main_city_retail").query("period.dt.year == 2024")["region"]
    across = main.index.isin(broken)
    rows = {}
    for name, chosen in {"all": across | ~across, "one base": ~across, "across the census": across}.items():
        part = table[chosen]
        truth = actual[chosen]
        rows[name] = {
            "cities": int(chosen.sum()),
            "forecast": (part["forecast"] - truth).abs().sum() / truth.sum(),
            "bridge": (part["value"] - truth).abs().sum() / truth.sum(),
            "coverage": truth.between(part["lower"], part["upper"]).mean(),
        }
    return pd.DataFrame(rows).T


def show(title: str, table: pd.DataFrame) -> None:
    """Print one table."""
    print(f"\n{title}\n{table.round(4).to_string()}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--cutoffs", type=int, nargs="*", default=TOTALS, help="of the nation's total known")
    asked = parser.parse_args().cutoffs
    panel = load_panel()
    tree = mkt.load_regions()
    breaks = load_breaks("retail_sales")
    total = backtest_bridge(
        panel, lambda year: true_total(year, panel), tree, cutoffs=asked, horizon=2, breaks=breaks
    )
    show("Cities, 1-2 years ahead, the nation's total known (WAPE)", by_cutoff(total))
    for name, lean in (("", False), (", with provinces' GDP", True)):
        results = check_bridge(lean=lean)
        show(f"What was known 2.6 years later{name}: cities by cut-off", by_cutoff(results))
        levels = score_forecasts(results).set_index(["level", "model"])[["n", "wape", "bias", "coverage"]]
        show("the same by level", levels)
    show("2024 against the large cities, theirs kept out", against_main_cities())
    counties = check_county_gdp()
    show("County GDP, half of the provinces held out", counties)
    left_out = check_imputed_retail()
    error = (left_out[["learnt", "median"]].div(left_out["retail"], axis=0) - 1).abs()
    show(
        "Retail of cities left out one by one (absolute relative error)",
        error.describe().loc[["mean", "50%"]],
    )
    nation = bridge_panel().known.query("region == '100000'")
    show(
        "The nation's growth, published and as carried",
        nation[["period", "value", "result"]].astype({"period": str}),
    )


if __name__ == "__main__":
    main()
