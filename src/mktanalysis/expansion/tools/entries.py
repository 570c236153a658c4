"""Which unit next? A ranking by potential and proximity, with a fit on past openings and a backtest.

Always holds: a ranking uses only what was known before the openings it is judged on; regions are points with
a longitude and a latitude, nothing depends on a country.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.spatial import cKDTree
from scipy.stats import rankdata

from ...errors import MktError
from ...regions import haversine_km
from ...words.render import named
from ...words.summary import Shown, Summary
from .checks import check_columns, check_figures, check_potential

#: Features of a choice, in this order.
FEATURES = ("log_potential", "log_distance", "neighbours_held", "rivals")
#: Coefficients used where no history is at hand: folklore - potential and nearness weigh alike.
DEFAULT_WEIGHTS = {"log_potential": 1.0, "log_distance": -1.0, "neighbours_held": 0.2, "rivals": 0.0}


def rank_entries(
    potential: pd.Series,
    distance_km: pd.Series,
    *,
    neighbours_held: pd.Series | None = None,
    rivals: pd.Series | None = None,
    held=(),
    weights: dict | None = None,
) -> pd.Series:
    """Score the units not held, best first.

    score = w1 log(potential) + w2 log(1 + distance) + w3 held neighbours + w4 rivals.

    Parameters
    ----------
    potential : Series
        Index region; zero or missing ranks last.
    distance_km : Series
        To the nearest held unit.
    neighbours_held, rivals : Series, optional
        Numbers of held neighbours and of strong rivals; missing counts as 0.
    held : iterable
        Regions left out of the ranking.
    weights : dict, optional
        Feature -> coefficient, e.g. ``EntryModel.weights``; default `DEFAULT_WEIGHTS`.

    Returns
    -------
    Series
        Index region, values score, sorted from best to worst (ties by region).

    Examples
    --------
    >>> potential = pd.Series({"a": 100.0, "b": 100.0, "c": 900.0})
    >>> rank_entries(potential, pd.Series({"a": 10.0, "b": 50.0, "c": 50.0})).index.tolist()
    ['c', 'a', 'b']
    """
    weights = {**DEFAULT_WEIGHTS, **(weights or {})}
    if unknown := sorted(set(weights) - set(FEATURES)):
        raise MktError(f"不认识的权重：{'、'.join(unknown)}；可用：{'、'.join(FEATURES)}")
    for what, values in (("潜力", potential), ("距离", distance_km)):
        check_figures(what, values)
    held = [held] if isinstance(held, str) else held
    index = pd.Index(sorted(set(potential.index) - set(held)), name="region")
    distance = distance_km.reindex(index)
    if potential.lt(0).any() or distance.lt(0).any():
        raise MktError("潜力和距离不能为负")
    if distance.isna().any():
        raise MktError(f"缺少距离：{'、'.join(map(str, index[distance.isna()][:10]))}")
    features = {
        "log_potential": _log_potential(potential.reindex(index)),
        "log_distance": np.log1p(distance),
        "neighbours_held": _or_zero(neighbours_held, index),
        "rivals": _or_zero(rivals, index),
    }
    score = sum(weights[name] * value for name, value in features.items()).fillna(-np.inf).rename("score")
    return score.sort_values(ascending=False, kind="stable")


def _log_potential(potential):
    """Missing where there is no potential: such a place is no candidate, and no outlier of a fit."""
    return np.log(potential.where(potential > 0))


def _or_zero(values: pd.Series | None, index: pd.Index) -> pd.Series:
    return pd.Series(0.0, index) if values is None else values.reindex(index).fillna(0.0).astype(float)


@dataclass(frozen=True, eq=False, repr=False)
class EntryModel(Shown):
    """Coefficients fitted on past openings (conditional logit), for ``rank_entries(weights=...)``.

    ``weights`` feature -> coefficient; ``table`` with standard errors; ``n_openings`` used;
    ``log_likelihood`` and that
    of choosing at random.
    """

    weights: dict
    table: pd.DataFrame
    n_openings: int
    log_likelihood: float
    null_log_likelihood: float

    def summary(self) -> Summary:
        """What is shown of it."""
        names = ("n_openings", "log_likelihood", "null_log_likelihood")
        figures = {name: getattr(self, name) for name in names}
        step = "rank_entries(..., weights=model.weights) 排出下一步去哪里"
        return Summary("开店规律", figures, self.table, step)


@dataclass(frozen=True, eq=False)
class _Past:
    """Openings as arrays: first opening of each region, features by period."""

    regions: pd.Index
    first: np.ndarray
    periods: np.ndarray
    features: list


def fit_entries(
    openings: pd.DataFrame,
    potential: pd.Series | pd.DataFrame,
    points: pd.DataFrame,
    *,
    edges: pd.DataFrame | None = None,
    rivals: pd.Series | None = None,
    until=None,
    features=None,
) -> EntryModel:
    """Fit on a history of first openings, own or a rival's.

    Each year's new units are chosen one after the other among all units not held at its start: a conditional
    logit. The order within a year is unknown, so its denominators are averaged (Efron's approximation for
    ties). Places without potential are no candidates, openings there are not counted.

    Parameters
    ----------
    openings : DataFrame
        region, period (years, or anything dated: the year counts); later openings in a held region are
        ignored.
    potential : Series or DataFrame
        Index region; with columns of years the last one before each year counts.
    points : DataFrame
        region, lon, lat.
    edges : DataFrame, optional
        region, neighbor: to count held neighbours.
    rivals : Series, optional
        Index region.
    until : optional
        Only openings before this period are used.
    features : sequence of str, optional
        Subset of `FEATURES`; default those for which there are data.

    Raises
    ------
    MktError
        When openings name regions without a point, or no year has openings after the first one.

    Examples
    --------
    >>> points = pd.DataFrame({"region": list("abcd"), "lon": [0.0, 1.0, 2.0, 3.0], "lat": 0.0})
    >>> openings = pd.DataFrame({"region": list("abcd"), "period": [1990, 1991, 1992, 1993]})
    >>> fit_entries(openings, pd.Series(1.0, list("abcd")), points).weights["log_distance"] < 0
    True
    """
    past = _past(openings, potential, points, edges, rivals)
    return _fit(past, _chosen_features(features, edges, rivals), until)


def _chosen_features(features, edges, rivals) -> list[int]:
    if features is not None and len(features) == 0:
        raise MktError(f"至少要有一个特征；可用：{'、'.join(FEATURES)}")
    if features is None:
        given = [True, True, edges is not None, rivals is not None]
        return [i for i, ok in enumerate(given) if ok]
    if unknown := sorted(set(features) - set(FEATURES)):
        raise MktError(f"不认识的特征：{'、'.join(unknown)}；可用：{'、'.join(FEATURES)}")
    for name, data in (("neighbours_held", edges), ("rivals", rivals)):
        if name in features and data is None:
            raise MktError(f"特征 {name} 没有数据：请给出 {'edges' if name != 'rivals' else 'rivals'}")
    return [FEATURES.index(name) for name in features]


def _year(period: pd.Series) -> pd.Series:
    """Openings' years as numbers."""
    if isinstance(period.dtype, pd.PeriodDtype) or pd.api.types.is_datetime64_any_dtype(period):
        return period.dt.year
    year = pd.to_numeric(period, errors="coerce")
    if year.isna().any():
        found = period[year.isna()].astype(str).unique()[:5]
        raise MktError(f"开店记录的时期应为年份或日期，读不懂：{'、'.join(found)}")
    return year


def _past(openings, potential, points, edges, rivals) -> _Past:
    check_columns(openings, ("region", "period"), "开店记录")
    check_columns(points, ("region", "lon", "lat"), "坐标表")
    if edges is not None:
        check_columns(edges, ("region", "neighbor"), "邻接表")
    check_potential(potential)
    points = points.drop_duplicates("region").set_index("region").sort_index()
    points = points[points["lon"].notna() & points["lat"].notna()]
    lost = sorted(set(openings["region"]) - set(points.index))
    if lost:
        raise MktError(f"开店记录中有 {len(lost)} 个地区没有坐标：{'、'.join(map(str, lost[:10]))}")
    first = (
        openings.assign(period=_year(openings["period"]))
        .groupby("region")["period"]
        .min()
        .reindex(points.index)
    )
    periods = np.sort(first.dropna().unique())
    when = first.to_numpy(dtype=float)
    place = points[["lon", "lat"]].to_numpy(float)
    neighbours = _neighbour_lists(edges, points.index)
    fixed = _or_zero(rivals, points.index).to_numpy()
    features = []
    for now in periods:
        held = when < now
        known = _potential_at(potential, points.index, now)
        features.append(_features(held, place, neighbours, fixed, known))
    return _Past(points.index, when, periods, features)


def _features(held, place, neighbours, rivals, potential) -> np.ndarray | None:
    if not held.any():
        return None
    _, at = cKDTree(_sphere(place[held])).query(_sphere(place))
    nearest = place[held][at]  # shape (regions, 2): longitude and latitude of the nearest held unit
    distance = haversine_km(place[:, 0], place[:, 1], nearest[:, 0], nearest[:, 1])
    around = np.zeros(len(held)) if neighbours is None else neighbours @ held.astype(float)
    return np.column_stack([_log_potential(pd.Series(potential)), np.log1p(distance), around, rivals])


def _sphere(place: np.ndarray) -> np.ndarray:
    """Points on the unit sphere, shape (regions, 3): near there is near on earth."""
    lon = np.radians(place[:, 0])
    lat = np.radians(place[:, 1])
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _neighbour_lists(edges, index):
    if edges is None:
        return None
    from scipy import sparse

    i = index.get_indexer(pd.Index(edges["region"]))
    j = index.get_indexer(pd.Index(edges["neighbor"]))
    ok = (i >= 0) & (j >= 0) & (i != j)
    one = sparse.csr_array((np.ones(ok.sum()), (i[ok], j[ok])), shape=(len(index), len(index)))
    return one.maximum(one.T).astype(bool).astype(float)


def _potential_at(potential, index, now) -> np.ndarray:
    """The last figures before a period (never the period's own); the first ones where there are none
    before.
    """
    if isinstance(potential, pd.Series):
        return potential.reindex(index).fillna(0.0).to_numpy(float)
    years = np.array([getattr(c, "year", c) for c in potential.columns], dtype=float)
    before = np.flatnonzero(years < now)
    column = before[np.argmax(years[before])] if len(before) else int(np.argmin(years))
    return potential.iloc[:, column].reindex(index).fillna(0.0).to_numpy(float)


def _fit(past: _Past, columns: list[int], until=None) -> EntryModel:
    sets = []
    for now, features in zip(past.periods, past.features, strict=True):
        if features is None or (until is not None and now >= until):
            continue
        at_risk = ~(past.first < now) & np.isfinite(features[:, columns]).all(axis=1)
        chosen = past.first[at_risk] == now
        if chosen.any():
            sets.append((features[at_risk][:, columns], chosen))
    if not sets:
        raise MktError("没有可用于拟合的开店：至少需要首批之后的一个时期")
    centre = np.vstack([x for x, _ in sets]).mean(axis=0)
    scale = np.vstack([x for x, _ in sets]).std(axis=0)
    scale = np.where(scale > 1e-12, scale, 1.0)
    sets = [((x - centre) / scale, chosen) for x, chosen in sets]
    found = minimize(_minus_log_likelihood, np.zeros(len(columns)), args=(sets,), jac=True, method="BFGS")
    hessian = _hessian(found.x, sets)
    error = np.sqrt(np.maximum(np.diag(np.linalg.pinv(hessian)), 0.0)) / scale
    weights = dict.fromkeys(FEATURES, 0.0)
    weights |= {FEATURES[c]: float(b) for c, b in zip(columns, found.x / scale, strict=True)}
    table = pd.DataFrame(
        {"feature": [FEATURES[c] for c in columns], "weight": found.x / scale, "error": error}
    )
    count = int(sum(chosen.sum() for _, chosen in sets))
    null = -_minus_log_likelihood(np.zeros(len(columns)), sets)[0]
    return EntryModel(weights, named(table, "entry_model"), count, -float(found.fun), null)


def _year_of_choices(beta, x, chosen) -> tuple[float, np.ndarray, np.ndarray]:
    """Log likelihood of a year's choices, weight of each place summed over its denominators, and the mean
    features of each denominator.

    Efron: at the j-th of k choices the chosen places still stand with the share 1 - j / k each.
    """
    u = x @ beta
    top = u.max()
    e = np.exp(u - top)
    k = int(chosen.sum())
    gone = np.arange(k) / k
    total = e.sum() - gone * e[chosen].sum()
    weight = e * ((1 / total).sum() - (gone / total).sum() * chosen)
    means = (e @ x - gone[:, None] * (e[chosen] @ x[chosen])) / total[:, None]
    return float((u[chosen] - top).sum() - np.log(total).sum()), weight, means


def _minus_log_likelihood(beta, sets) -> tuple[float, np.ndarray]:
    """With a very weak ridge, so that a separating history has an answer too."""
    value = 1e-3 * float(beta @ beta)
    slope = 2e-3 * beta
    for x, chosen in sets:
        likelihood, weight, _ = _year_of_choices(beta, x, chosen)
        value -= likelihood
        slope = slope - x[chosen].sum(axis=0) + weight @ x
    return value, slope


def _hessian(beta, sets) -> np.ndarray:
    total = 2e-3 * np.eye(len(beta))
    for x, chosen in sets:
        _, weight, means = _year_of_choices(beta, x, chosen)
        total += (x * weight[:, None]).T @ x - means.T @ means
    return total


def backtest_entries(
    openings: pd.DataFrame,
    potential: pd.Series | pd.DataFrame,
    points: pd.DataFrame,
    *,
    edges: pd.DataFrame | None = None,
    rivals: pd.Series | None = None,
    min_openings: int = 20,
    features=None,
) -> pd.DataFrame:
    """Judge rankings year by year: fitted on all openings before, against potential and proximity alone.

    Returns
    -------
    DataFrame
        One row a period and method (``fitted``, ``default``, ``potential``, ``proximity``): n_candidates,
        n_openings, ``precision`` (share of the n best ranked that were opened, n = openings of the period;
        of equal scores their average), ``base_rate`` (the same by chance), ``auc``. ``fitted`` starts when
        `min_openings` openings lie before.
    """
    past = _past(openings, potential, points, edges, rivals)
    columns = _chosen_features(features, edges, rivals)
    default = np.array([DEFAULT_WEIGHTS[name] for name in FEATURES])
    rows = []
    for now, x in zip(past.periods, past.features, strict=True):
        if x is None:
            continue
        at_risk = ~(past.first < now)
        x = x[at_risk]
        chosen = past.first[at_risk] == now
        scores = {"default": x @ default, "potential": x[:, 0], "proximity": -x[:, 1]}
        before = (past.first < now).sum() - (past.first == past.periods[0]).sum()
        if before >= min_openings:
            model = _fit(past, columns, until=now)
            scores["fitted"] = x @ np.array([model.weights[name] for name in FEATURES])
        rows += [
            {"period": now, "method": name, **_judge(np.nan_to_num(score, nan=-np.inf), chosen)}
            for name, score in scores.items()
        ]
    if not rows:
        raise MktError("没有可检验的开店：至少需要首批之后的一年")
    return pd.DataFrame(rows).astype({"period": int})


def _judge(score: np.ndarray, chosen: np.ndarray) -> dict:
    """Precision and AUC; of equal scores, whose order says nothing, the share that was opened counts."""
    n = len(chosen)
    k = int(chosen.sum())
    last = np.sort(score)[n - k] if k else np.inf
    above = score > last
    equal = score == last
    hits = chosen[above].sum() + (k - above.sum()) * (chosen[equal].mean() if k else 0.0)
    auc = np.nan
    if 0 < k < n:
        auc = (rankdata(score)[chosen].sum() - k * (k + 1) / 2) / (k * (n - k))
    return {
        "n_candidates": n,
        "n_openings": k,
        "precision": float(hits / k) if k else np.nan,
        "base_rate": k / n,
        "auc": float(auc),
    }
