"""A backtest pooled: which ranking is better by how much, and where the probabilities can be trusted.

Always holds: all methods are pooled over the same periods; expected and observed openings are counted over
the same places, given how many were opened in each period.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

import numpy as np
import pandas as pd

from ...errors import MktError
from ...words.render import named
from ...words.summary import Shown, Summary
from .backtest import LONG_LIST, WITHIN, Judged, judge_periods, period_table, prepare, within_table
from .features import DISTANCE_KNOTS, Features
from .fit import Fitting
from .logit import chances

#: Classes of probability, each with about the same number of expected openings.
CLASSES = 8
#: Quantiles of potential that bound the classes of size.
SIZE_CLASSES = (0.1, 0.25, 0.5, 0.75, 0.9)
#: A class with so many expected or observed openings says something; its ratio is trusted between these.
ENOUGH = 10
TRUSTED = (2 / 3, 3 / 2)
#: Figures from fewer openings than this are called uncertain.
FEW_JUDGED = 50
#: And from fewer than this no method is called better than another.
TOO_FEW = 10


@dataclass(frozen=True, eq=False, repr=False)
class EntryReview(Shown):
    """How good rankings were on openings they had not seen.

    Attributes
    ----------
    methods : DataFrame
        A row a method, pooled over the periods in which all were judged: method, n_openings, precision,
        precision_long, within_3, within_5, base_rate, auc, log_likelihood; see `backtest_entries`.
    periods : DataFrame
        As `backtest_entries` returns it.
    calibration : DataFrame
        Places by their probability in a year: low, high, n_places (place-years), expected and observed
        openings, ratio (observed to expected).
    by_distance, by_potential : DataFrame
        The same for every method that was fitted, by distance to the nearest held place (km) and by
        potential: method, low, high, n_places, expected, observed, ratio.
    notes : tuple of str
        What is odd about the history.
    trust : tuple of str
        Where the ranking can be trusted and where not, in Chinese.
    """

    methods: pd.DataFrame
    periods: pd.DataFrame
    calibration: pd.DataFrame
    by_distance: pd.DataFrame
    by_potential: pd.DataFrame
    notes: tuple[str, ...]
    trust: tuple[str, ...]

    def summary(self) -> Summary:
        """What is shown of it."""
        best = self.methods.iloc[0]
        figures = {
            name: best[name] for name in ("n_openings", "precision", "precision_long", "base_rate", "auc")
        }
        return Summary(
            "排序的检验",
            figures,
            self.methods,
            "review.trust 说哪里可信；review.calibration 核对概率",
            "entry_review",
        )


def review_entries(
    openings: pd.DataFrame,
    potential: pd.Series | pd.DataFrame,
    points: pd.DataFrame,
    *,
    edges: pd.DataFrame | None = None,
    tree=None,
    rivals: pd.Series | None = None,
    min_openings: int = 20,
    features=None,
    **fitting: Unpack[Fitting],
) -> EntryReview:
    """Judge a fit out of time, with calibration and where it can be trusted.

    Parameters
    ----------
    openings, potential, points, edges, tree, rivals, features, min_openings
        As in `backtest_entries`.
    **fitting
        As in `fit_entries`.

    Raises
    ------
    MktError
        When there are never `min_openings` openings before a period with openings.
    """
    tables = {"edges": edges, "tree": tree, "rivals": rivals, "features": features}
    made, settings = prepare(openings, potential, points, tables, fitting)
    judged = judge_periods(made, settings, min_openings)
    common = [one for one in judged if "fitted" in one.scores]
    if not common:
        raise MktError(
            f"开店太少，无从检验：首批之后要先有 {min_openings} 次进入（min_openings 可以改），此后还要有进入"
        )
    first = made.history.first
    periods = period_table(judged)
    pooled = period_table(common).merge(within_table(common, first), on=["period", "method"])
    methods = pool_methods(pooled)
    expected = _expected(made, common)
    calibration = named(_calibration(expected), "entry_calibration")
    distance = named(_by_class(expected, "distance_km", _distance_bounds(made)), "entry_by_distance")
    size = named(_by_class(expected, "potential", _size_bounds(expected)), "entry_by_potential")
    trust = tuple(_trust(methods, calibration, distance, size))
    return EntryReview(
        methods,
        named(periods, "entry_review"),
        calibration,
        distance,
        size,
        made.history.notes,
        trust,
    )


def trust_of(openings: pd.DataFrame, potential, points: pd.DataFrame, **given) -> tuple[str, ...]:
    """Where a ranking can be trusted, as sentences; a history too short for a review says so.

    Parameters
    ----------
    openings, potential, points
        As in `review_entries`.
    **given
        As in `review_entries`.
    """
    try:
        return review_entries(openings, potential, points, **given).trust
    except MktError as error:
        return (f"{error}；名次主要来自缺省权重（潜力与距离），请当作参考",)


def pool_methods(periods: pd.DataFrame) -> pd.DataFrame:
    """Means of a backtest's figures by method, weighted by the openings of each period.

    Parameters
    ----------
    periods : DataFrame
        As `backtest_entries` returns it; every method should have the same periods.
    """
    names = [
        "precision",
        "precision_long",
        *(f"within_{n}" for n in WITHIN),
        "base_rate",
        "auc",
        "log_likelihood",
    ]
    rows = []
    for method, table in periods.groupby("method", sort=False):
        row = {"method": method, "n_openings": int(table["n_openings"].sum())}
        for name in names:
            known = table[table[name].notna()]
            total = known["n_openings"].sum()
            row[name] = float(known[name] @ known["n_openings"] / total) if total else np.nan
        rows.append(row)
    return named(pd.DataFrame(rows), "entry_review")


def _expected(made: Features, judged: list[Judged]) -> pd.DataFrame:
    """Probability of every place in every period by the fitted methods, given the number of openings."""
    tables = []
    for one in judged:
        held = made.history.first < one.period
        facts = {
            "period": one.period,
            "distance_km": made.geography.nearest_km(held)[one.at_risk],
            "potential": made.history.potential.before(one.period)[one.at_risk],
            "observed": one.chosen.astype(float),
        }
        for method in ("fitted", "linear"):
            if method in one.flat:
                possible = np.isfinite(one.flat[method])
                facts[method] = chances(one.flat[method], float((one.chosen & possible).sum()))
        table = pd.DataFrame(facts)
        tables.append(table[np.isfinite(table["potential"])])
    return pd.concat(tables, ignore_index=True)


def _calibration(expected: pd.DataFrame) -> pd.DataFrame:
    """Classes with about equal numbers of expected openings."""
    table = expected.sort_values("fitted", kind="stable")
    share = table["fitted"].cumsum() / table["fitted"].sum()
    number = np.minimum((share * CLASSES - 1e-9).astype(int), CLASSES - 1)
    by = table.groupby(number.to_numpy())
    found = pd.DataFrame(
        {
            "low": by["fitted"].min(),
            "high": by["fitted"].max(),
            "n_places": by.size(),
            "expected": by["fitted"].sum(),
            "observed": by["observed"].sum(),
        }
    )
    return found.assign(ratio=found["observed"] / found["expected"]).reset_index(drop=True)


def _distance_bounds(made: Features) -> np.ndarray:
    return np.array([0.0, *(knot * made.geography.spacing for knot in DISTANCE_KNOTS), np.inf])


def _size_bounds(expected: pd.DataFrame) -> np.ndarray:
    return np.array([0.0, *expected["potential"].quantile(list(SIZE_CLASSES)), np.inf])


def _by_class(expected: pd.DataFrame, column: str, bounds: np.ndarray) -> pd.DataFrame:
    """Expected and observed openings by classes of a figure."""
    number = np.searchsorted(bounds, expected[column].to_numpy(), side="right") - 1
    rows = []
    for method in ("fitted", "linear"):
        if method not in expected:
            continue
        by = expected.groupby(number)
        sums = pd.DataFrame(
            {"n_places": by.size(), "expected": by[method].sum(), "observed": by["observed"].sum()}
        )
        at = sums.index.to_numpy()
        sums = sums.assign(ratio=sums["observed"] / sums["expected"].where(sums["expected"] > 0))
        sums.insert(0, "high", bounds[at + 1])
        sums.insert(0, "low", bounds[at])
        sums.insert(0, "method", method)
        rows.append(sums.reset_index(drop=True))
    return pd.concat(rows, ignore_index=True)


def _trust(methods: pd.DataFrame, calibration, distance, size):
    """Where the ranking can be trusted, in words."""
    by = methods.set_index("method")
    fitted = by.loc["fitted"]
    times = fitted["precision"] / fitted["base_rate"]
    yield (
        f"按 {fitted['n_openings']:.0f} 次没有见过的进入检验：前 n 名命中 {fitted['precision']:.0%}"
        f"（随机为 {fitted['base_rate']:.1%}，{times:.1f} 倍），"
        f"前 {LONG_LIST}n 名覆盖 {fitted['precision_long']:.0%}"
    )
    error = np.sqrt(fitted["precision"] * (1 - fitted["precision"]) / fitted["n_openings"])
    rest = by.drop(index="fitted")["precision"]
    lead = fitted["precision"] - rest.max()
    if fitted["n_openings"] < TOO_FEW:
        yield "检验的次数太少，看不出哪种排序更好：请当作参考"
    elif lead < -error:
        yield "不如更简单的排序：请用命中更高的方法，不要用学得的规律"
    elif lead < error:
        yield "与最好的简单排序相差在误差之内：名次可用作参考，不必当作规律"
    else:
        yield "明显好于缺省权重、只看潜力和只看距离"
    if fitted["n_openings"] < FEW_JUDGED:
        yield f"用来检验的进入只有 {fitted['n_openings']:.0f} 次：以上数字误差很大"
    top = calibration.iloc[-1]
    if top["expected"] >= ENOUGH / 2:
        yield (
            f"排在最前的一组（概率 {top['low']:.1%} 以上）：预期 {top['expected']:.0f} 次，"
            f"实际 {top['observed']:.0f} 次"
        )
    yield from _doubtful(distance, "distance_km")
    yield from _doubtful(size, "potential")


def _doubtful(table: pd.DataFrame, column: str):
    """Classes in which the expected openings are wrong by half and more."""
    own = table[table["method"] == "fitted"]
    enough = own[["expected", "observed"]].max(axis=1) >= ENOUGH
    wrong = own[enough & ~own["ratio"].between(*TRUSTED)]
    for row in wrong.itertuples():
        what = "距已进入地区" if column == "distance_km" else "潜力"
        unit = " 公里" if column == "distance_km" else ""
        until = "以上" if np.isinf(row.high) else f"–{_short(row.high)}"
        verdict = "高估" if row.ratio < 1 else "低估"
        yield (
            f"{what} {_short(row.low)}{until}{unit}处概率不可信（{verdict}）："
            f"预期 {row.expected:.0f} 次，实际 {row.observed:.0f} 次"
        )
    if wrong.empty:
        what = "距离" if column == "distance_km" else "潜力"
        yield f"各{what}段的预期与实际进入数相符（相差不到一半）"


def _short(value: float) -> str:
    """A figure of unknown unit in as few digits as tell it."""
    for size, word in ((1e8, " 亿"), (1e4, " 万")):
        if value >= 10 * size:
            return f"{value / size:,.0f}{word}"
        if value >= size:
            return f"{value / size:.1f}{word}"
    return f"{value:,.0f}"
