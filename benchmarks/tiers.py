"""Agreement of tiering methods with the 2021 list, and the cost of stability, in one run.

    python benchmarks/tiers.py [--year 2021]

The list is only measured against: nothing but the rows marked "learnt" sees it, and those are tested on
regions they were not fitted on. Times are CPU seconds of one thread, compared in pairs within this run.
"""

from __future__ import annotations

import argparse
import time

import jenkspy
import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import cross_val_predict
from threadpoolctl import threadpool_limits

import mktanalysis as mkt
from mktanalysis.china import city_profile, score_cities, score_counties
from mktanalysis.tiering import cross_validate, score_regions, tier_names

SIZES = [4, 15, 30, 70, 90, 128]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--year", type=int, default=2021, help="year of the figures")
    year = parser.parse_args().year
    with threadpool_limits(limits=1):
        print(f"Agreement with the 2021 list, figures of {year} (three-year means)\n")
        print(agreement(year).to_string(float_format="{:.3f}".format))
        print("\nDefault method by year\n")
        print(by_year().to_string(float_format="{:.3f}".format))
        print("\nDefault method by skew\n")
        print(by_skew(year).to_string(float_format="{:.3f}".format))
        print("\nStability from 200 resamples, CPU seconds\n")
        print(stability(year).to_string(float_format="{:.2f}".format))


def measured(tiers: pd.Series, listed: pd.Series, known: pd.Series) -> dict:
    """Agreement and kappa on the cities with yearbook figures, and on all."""
    some = mkt.compare_assignments(tiers[known.reindex(tiers.index, fill_value=False)], listed)
    every = mkt.compare_assignments(tiers, listed)
    return {
        "n": some.n_common,
        "agreement": some.agreement,
        "kappa": some.kappa,
        "agreement_all": every.agreement,
        "kappa_all": every.kappa,
    }


def cut(score: pd.Series, sizes) -> pd.Series:
    """Tiers of given sizes by rank."""
    place = score.rank(ascending=False, method="first")
    codes = np.searchsorted(np.cumsum(sizes)[:-1], place, side="left")
    return pd.Series(pd.Categorical.from_codes(codes, tier_names(6), ordered=True), score.index)


def from_codes(codes, index) -> pd.Series:
    """Tiers from numbers, 0 the best."""
    return pd.Series(pd.Categorical.from_codes(codes, tier_names(6), ordered=True), index)


def agreement(year: int) -> pd.DataFrame:
    """One row a method."""
    listed = mkt.load_tier_list("2021")
    scores = score_cities(year)
    known = ~scores.imputed[["gdp", "retail_sales"]].any(axis=1)
    three = city_profile(year).values[["gdp", "retail_sales", "urban_population"]].dropna()
    rows = {"k-means on three logs": measured(_kmeans(np.log(three)), listed, known)}
    roots = score_regions(three, transform="sqrt").score
    rows["natural breaks, square roots of three"] = measured(_jenks(roots), listed, known)
    own = list(listed.reindex(three.index).value_counts(sort=False))
    rows["ranks of three logs, list's counts"] = measured(cut(score_regions(three).score, own), listed, known)
    fit = mkt.TierClusterer
    rows["natural breaks, nine indicators"] = measured(
        fit(pyramid=False, n_resamples=0).fit(scores).tiers_, listed, known
    )
    rows["default: pyramid of breaks"] = measured(fit(n_resamples=0).fit(scores).tiers_, listed, known)
    rows["pyramid with the list's sizes"] = measured(
        fit(pyramid=SIZES, n_resamples=0).fit(scores).tiers_, listed, known
    )
    pca = score_cities(year, weights="pca")
    rows["principal-component weights"] = measured(fit(n_resamples=0).fit(pca).tiers_, listed, known)
    rows["profile (multivariate)"] = measured(
        fit(method="profile", n_resamples=0).fit(scores).tiers_, listed, known
    )
    rows["learnt: ordinal, 10 folds"] = measured(cross_validate(scores.standardised, listed), listed, known)
    rows["learnt: ridge, 10 folds, list's sizes"] = measured(
        _ridge(scores.standardised, listed), listed, known
    )
    return pd.DataFrame.from_dict(rows, orient="index")


def _kmeans(logs: pd.DataFrame) -> pd.Series:
    standard = (logs - logs.mean()) / logs.std()
    found = KMeans(6, n_init=10, random_state=0).fit(standard)
    order = np.argsort(np.argsort(-found.cluster_centers_.mean(axis=1)))
    return from_codes(order[found.labels_], logs.index)


def _jenks(score: pd.Series) -> pd.Series:
    breaks = jenkspy.jenks_breaks(score.tolist(), n_classes=6)[1:-1]
    return from_codes(5 - np.searchsorted(breaks, score, side="left"), score.index)


def _ridge(standardised: pd.DataFrame, listed: pd.Series) -> pd.Series:
    x = standardised.dropna()
    y = listed.reindex(x.index).cat.codes
    guess = cross_val_predict(RidgeCV(np.logspace(-3, 3, 13)), x, y, cv=10)
    return cut(pd.Series(-guess, x.index), SIZES)


def by_year() -> pd.DataFrame:
    """The default on other years' figures."""
    listed, rows = mkt.load_tier_list("2021"), {}
    for year in range(2018, 2024):
        scores = score_cities(year)
        known = ~scores.imputed[["gdp", "retail_sales"]].any(axis=1)
        for name, pyramid in (("default", True), ("list's sizes", SIZES)):
            tiers = mkt.TierClusterer(pyramid=pyramid, n_resamples=0).fit(scores).tiers_
            rows[(year, name)] = measured(tiers, listed, known)
    return pd.DataFrame.from_dict(rows, orient="index")


def by_skew(year: int) -> pd.DataFrame:
    """How much hangs on the one setting that is a choice."""
    listed, scores = mkt.load_tier_list("2021"), score_cities(year)
    known = ~scores.imputed[["gdp", "retail_sales"]].any(axis=1)
    rows = {}
    for skew in (0, 1 / 3, 0.5, 0.6, 2 / 3, 0.7, 0.8, 1, (0.5, 0.625, 0.75)):
        tiers = mkt.TierClusterer(skew=skew, n_resamples=0).fit(scores).tiers_
        rows[str(np.round(skew, 3))] = {
            **measured(tiers, listed, known),
            "sizes": list(tiers.value_counts(sort=False)),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def clocked(work) -> float:
    """CPU seconds of a call, the better of two."""
    times = []
    for _ in range(2):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def stability(year: int) -> pd.DataFrame:
    """200 resamples: batched against loops over scikit-learn and jenkspy."""
    cases = {"337 cities": (score_cities(year), 6, 200), "2,850 counties": (score_counties(2020), 5, 5)}
    return pd.DataFrame.from_dict({name: _timed(*case) for name, case in cases.items()}, orient="index")


def _timed(scores, k: int, n_loop: int) -> dict:
    """Three scales a resample against one in the loops, which are extrapolated from `n_loop` resamples."""
    x, score = scores.standardised.dropna().to_numpy(), scores.score.dropna().to_numpy()
    rng = np.random.default_rng(0)
    draws = [rng.integers(0, len(x), len(x)) for _ in range(n_loop)]

    def means():
        for draw in draws:
            KMeans(k, n_init=1, random_state=0).fit(x[draw]).predict(x)

    def breaks():
        for draw in draws:
            jenkspy.jenks_breaks(np.sort(score[draw]).tolist(), n_classes=k)

    batched = clocked(lambda: mkt.TierClusterer(k).fit(scores))
    loops = {"scikit-learn k-means loop": clocked(means), "jenkspy loop": clocked(breaks)}
    loops = {name: seconds * 200 / n_loop for name, seconds in loops.items()}
    ratios = {f"ratio to {name}": seconds / batched for name, seconds in loops.items()}
    return {"batched, three scales": batched, **loops, **ratios}


if __name__ == "__main__":
    main()
