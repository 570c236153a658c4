"""Carry a panel to today by what is known since (补到今天).

Always holds: what is known exactly is met exactly and everything adds up; a figure that is carried on has the
status ``nowcast`` and an interval, and never stands where a published one does; a known figure that sits
badly with the others is named in the notes, and contradictions are errors.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.special import ndtri

from ...errors import MktError, Problems, TableError
from ..forecaster.estimator import HierarchicalForecaster, long_table
from ..forecaster.intervals import HALF_LIFE, few_draws
from ..forecaster.panel import CARRIED
from .carried import Bridge
from .movement import Carried, Known, Movement, carry, estimate_movement

KINDS = ("level", "growth")
#: Exact figures may be missed by so much (log points) before they count as contradicting each other.
_MISSED = 1e-6
#: A figure so many standard deviations from what the others say is told in the notes.
_STRANGE = 4.0
#: Median of a squared standard normal: the scatter of most, whatever a few do.
_MEDIAN_SQUARE = 0.4549
#: A leaf without any figure counts as this part of the mean one, so that its log exists.
_NOTHING = 1e-9


def bridge(
    panel: pd.DataFrame,
    known: pd.DataFrame,
    tree,
    *,
    model="average",
    coverage: float = 0.8,
    breaks: pd.DataFrame | None = None,
    until=None,
) -> Bridge:
    """Carry a panel on by later figures of regions above, or of some of its members (补到今天).

    The models forecast every region; the known figures then move the forecasts, each region as it usually
    moves with the one that is known: in logs, a movement is one factor for each region above and one of its
    own, with variances from past errors of the same models (a Gaussian state, solved exactly).

    Parameters
    ----------
    panel : DataFrame
        Columns region, period, value; annual, regions with nothing below them in the panel are the leaves.
    known : DataFrame
        Columns region, period, value and kind: ``level`` (on the panel's own base; of a region above: of what
        the panel holds of it) or ``growth`` (the ratio to the period before less 1, so that a figure on
        another base can be used). Optional ``error``: standard deviation of its log, 0 or no column: exact;
        missing: estimated from how much these figures of a period scatter about what the others say.
        Optional ``shared_error``: standard deviation of an error that the figures of a period have in common
        (a nation's growth, and those of provinces that were reckoned from it). Optional ``source``.
    tree : RegionTree
    model, coverage, breaks
        As for :class:`HierarchicalForecaster`.
    until : str or Period, optional
        Last period, default that of the last known figure.

    Returns
    -------
    Bridge

    Raises
    ------
    TableError
        Known figures that contradict each other, regions outside the tree, periods that have come in.

    Examples
    --------
    >>> import mktanalysis as mkt
    >>> market = mkt.synthetic.make_market(n_provinces=3, n_periods=14, random_state=0)
    >>> nation = market.tree.level("nation")[0]
    >>> last = market.panel["period"].max()
    >>> known = pd.DataFrame({"region": [nation], "period": [str(last + 1)], "value": [0.05]})
    >>> known = known.assign(kind="growth")
    >>> found = bridge(market.panel, known, market.tree)
    >>> top = found.table.query("region == @nation")["value"].item()
    >>> round(float(top / market.panel.query("period == @last")["value"].sum() - 1), 6)
    0.05
    """
    forecaster = HierarchicalForecaster(model, coverage=coverage, breaks=breaks).fit(panel, tree)
    cube = forecaster.cube_
    if cube.structure.parent is None:
        raise MktError("bridge 需要一棵地区树，不能是交叉的分组")
    end = cube.periods[-1]
    given = _checked(known, cube.structure, end)
    last_period = given["period"].max() if until is None else pd.Period(until, freq=end.freq)
    horizon = (last_period - end).n
    if horizon < 1:
        raise MktError(f"面板已到 {end}，没有要补的时期：until 应在其后")
    length = len(cube.periods)
    origins = np.append(forecaster._origins(horizon, length), length)
    rolled = forecaster._roll(origins, horizon)
    state = _State(cube, rolled, horizon)
    figures = _figures(given, cube.structure, end, horizon)
    figures, carried = _with_errors(state, figures, given)
    _raise_contradictions(given, figures, carried)
    notes = _notes(state, given, figures)
    limits, checked = _limits(state, figures, coverage)
    table = _table(state, carried, limits, coverage)
    table = table.assign(status=_status(table, given, state))
    return Bridge(
        table=table,
        panel=_panel(panel, state, table, limits),
        known=given.assign(error=np.sqrt(figures.variance), result=_result(figures, carried)),
        notes=notes,
        coverage=checked,
    )


class _State:
    """The leaves' last figures and forecasts at every origin, all positive, and how they move."""

    def __init__(self, cube, rolled, horizon: int):
        self.cube = cube
        self.structure = cube.structure
        self.rolled = rolled
        self.horizon = horizon
        self.leaves = cube.structure.leaves
        self.last = np.array([self._last(origin) for origin in rolled.origins])
        means = rolled.reconciled[:, self.leaves]
        self.mean = np.maximum(means, _NOTHING * np.maximum(means.mean(axis=1, keepdims=True), 1e-300))
        self.actual = rolled.actual[:-1]
        with np.errstate(divide="ignore", invalid="ignore"):
            errors = np.log(self.actual[:, self.leaves, 0] / self.mean[:-1, :, 0])
        errors = np.where(np.isfinite(errors), errors, np.nan)
        if not np.isfinite(errors).any():
            raise MktError("没有可核对的起点（历史太短，或都隔着口径断点），无从知道各地区如何一起变动")
        self.movement: Movement = estimate_movement(self.structure, errors, self.last[-1])

    def _last(self, origin: int) -> np.ndarray:
        values = self.cube.until(origin).history()[0][self.leaves, -1]
        return np.maximum(values, _NOTHING * max(values.mean(), 1e-300))

    def carry(self, figures: Known, k: int = -1) -> Carried:
        return carry(self.movement, self.last[k], self.mean[k], figures)

    def weights(self, values: np.ndarray):
        """Shares of the leaves in every node (nodes, leaves)."""
        amounts = self.structure.summing.multiply(values).tocsr()
        total = np.asarray(amounts.sum(axis=1)).ravel()
        return sp.diags_array(1 / total).tocsr() @ amounts

    def open_variance(self, carried: Carried) -> tuple[np.ndarray, np.ndarray]:
        """Two arrays (nodes, steps): variance that is left open, and that known figures' errors add."""
        left = np.empty((self.structure.size, self.horizon))
        added = np.empty_like(left)
        for step in range(1, self.horizon + 1):
            weights = self.weights(carried.values[:, step])
            steps = np.full(self.structure.size, step)
            left[:, step - 1], added[:, step - 1] = carried.spread(weights, steps)
        return left, added


def _checked(known: pd.DataFrame, structure, end: pd.Period) -> pd.DataFrame:
    missing = [name for name in ("region", "period", "value", "kind") if name not in known]
    if missing:
        raise MktError(f"known 应有列 region、period、value、kind，缺少：{'、'.join(missing)}")
    period = pd.PeriodIndex([pd.Period(p, freq=end.freq) for p in known["period"].astype(str)])
    own = known.get("error", 0.0)
    shared = known.get("shared_error", 0.0)
    table = known.assign(period=period, error=own, shared_error=shared)
    table = table.sort_values(["period", "region", "kind"], ignore_index=True)
    value = table["value"].astype(float)
    growth = table["kind"] == "growth"
    rules = [
        (~table["region"].isin(structure.nodes), "region", "地区不在面板的地区之中"),
        (~table["kind"].isin(KINDS), "kind", "kind 应为 level（水平）或 growth（增速）"),
        (table["period"] <= end, "period", f"面板已到 {end}：已知数只能给其后的时期"),
        (~np.isfinite(value), "value", "数值缺失或不是有限数"),
        (~growth & (value <= 0), "value", "水平应为正数"),
        (growth & ~value.between(-0.9, 5), "value", "增速应是比率（0.035 即 3.5%），在 -0.9 与 5 之间"),
        ((table["error"] < 0) | ~(table["shared_error"] >= 0), "error", "误差不能为负，共同误差不能缺"),
        (table.duplicated(["region", "period", "kind"]), "region", "同一地区、同一时期给了两次"),
    ]
    where = table["region"] + " " + table["period"].astype(str)
    problems = Problems()
    for bad, column, words in rules:
        problems.add_rows(bad, column, where, words)
    problems.raise_any()
    return table


def _figures(table: pd.DataFrame, structure, end: pd.Period, horizon: int) -> Known:
    nodes = structure.nodes.get_indexer(table["region"])
    growth = (table["kind"] == "growth").to_numpy()
    value = table["value"].to_numpy(dtype=float)
    steps = np.array([(period - end).n for period in table["period"]], dtype=int)
    if (steps > horizon).any():
        raise MktError("until 早于最后一个已知数的时期")
    return Known(
        node=nodes,
        below=structure.summing.tocsr()[nodes],
        step=steps,
        growth=growth,
        value=np.log(np.where(growth, 1 + value, value)),
        variance=table["error"].to_numpy(dtype=float) ** 2,
        shared=table["shared_error"].to_numpy(dtype=float),
    )


def _with_errors(state: _State, figures: Known, table: pd.DataFrame) -> tuple[Known, Carried]:
    """Fill in the variances that were left to be estimated, and carry with all figures."""
    open_ = np.isnan(figures.variance)
    if not open_.any():
        return figures, state.carry(figures)
    sure = figures.rows(~open_)
    first = state.carry(sure)
    off, expected = _surprise(state, first, figures)
    variance = figures.variance.copy()
    for step in np.unique(figures.step[open_]):
        rows = open_ & (figures.step == step)
        scatter = np.median(off[rows] ** 2 / _MEDIAN_SQUARE - expected[rows]) if rows.sum() > 2 else 0.0
        extra = max(scatter, 0.0)
        far = off**2 > _STRANGE**2 * (extra + expected)
        variance[rows] = np.where(far, off**2, extra)[rows]
    figures = replace(figures, variance=variance)
    return figures, state.carry(figures)


def _surprise(state: _State, carried: Carried, figures: Known) -> tuple[np.ndarray, np.ndarray]:
    """How far figures lie from what was carried without them, and the variance one expects of that."""
    off = np.empty(len(figures.step))
    expected = np.empty(len(figures.step))
    for step in np.unique(figures.step):
        rows = np.flatnonzero(figures.step == step)
        growing = figures.growth[rows]
        now = figures.below[rows].multiply(carried.values[:, step]).tocsr()
        before = figures.below[rows].multiply(carried.values[:, step - 1]).tocsr()
        total = np.asarray(now.sum(axis=1)).ravel()
        total_before = np.asarray(before.sum(axis=1)).ravel()
        put = np.log(total) - np.where(growing, np.log(total_before), 0.0)
        off[rows] = figures.value[rows] - put
        weights = sp.diags_array(1 / total).tocsr() @ now
        weights_before = sp.diags_array(1 / total_before).tocsr() @ before
        steps = np.full(len(rows), step)
        level = sum(carried.spread(weights, steps))
        rate = carried.growth_spread(weights, weights_before, steps)
        expected[rows] = np.where(growing, rate, level)
    return off, expected


def _raise_contradictions(table: pd.DataFrame, figures: Known, carried: Carried) -> None:
    missed = np.abs(carried.predicted - figures.value)
    bad = (figures.variance == 0) & (figures.shared == 0) & (missed > _MISSED)
    if not bad.any():
        return
    problems = pd.DataFrame(
        {
            "row": table.index[bad],
            "column": "value",
            "value": table["value"][bad],
            "problem": [
                f"{row.region} {row.period}：与其他已知数矛盾（下级之和与上级、水平与增速不能同时成立），"
                "请核对，或给出 error"
                for row in table[bad].itertuples()
            ],
        }
    )
    raise TableError(problems)


def _notes(state: _State, table: pd.DataFrame, figures: Known) -> pd.DataFrame:
    """Figures that lie far from what the models and their own error allow."""
    nothing = figures.rows(np.zeros(len(figures.step), dtype=bool))
    off, expected = _surprise(state, state.carry(nothing), figures)
    far = np.abs(off) > _STRANGE * np.sqrt(expected)
    found = table[far]
    words = [
        f"已知数与单凭历史的预测相差 {np.expm1(d):+.1%}，超过通常误差的 {_STRANGE:.0f} 倍：请核对单位与口径"
        for d in off[far]
    ]
    return pd.DataFrame({"region": found["region"], "period": found["period"], "problem": words})


def _limits(state: _State, figures: Known, coverage: float) -> tuple[np.ndarray, pd.DataFrame]:
    """Standard deviations that an interval needs at each node and step, from past origins carried likewise.

    At a past origin the same regions are taken as known, by what the panel says came; the error that a figure
    has of its own is not in that, and is added to the width apart. What a region does against those above it
    lasts, so that errors grow faster with the step than independent movements would: by how much is taken
    from all leaves. Few origins tell little of the levels above them: no limit is below the normal one there.
    """
    levels = np.asarray(state.structure.levels)
    scores = _past_scores(state, figures)
    growth = _growth_by_step(scores[:, state.leaves])
    scores = scores / growth
    origins = state.rolled.origins[:-1]
    age = state.rolled.origins[-1] - origins
    late = np.broadcast_to(0.5 ** (age / HALF_LIFE)[:, None, None], scores.shape)
    usual = ndtri((1 + coverage) / 2)
    limit = np.full(state.structure.size, usual)
    rows = []
    for level in dict.fromkeys(levels):
        members = levels == level
        mine = scores[:, members]
        seen = np.isfinite(mine)
        if seen.sum() >= 3:
            q = _quantile(np.abs(mine[seen]), late[:, members][seen], coverage)
            least = 0.0 if level == levels[state.leaves[0]] else usual
            limit[members] = max(q, least) * few_draws(mine, origins, coverage)
        inside = np.abs(mine[seen]) <= limit[members][0]
        rows.append((level, coverage, inside.mean() if seen.any() else np.nan, int(seen.sum())))
    table = pd.DataFrame(rows, columns=["level", "nominal", "coverage", "n_errors"])
    return limit[:, None] * growth, table


def _past_scores(state: _State, figures: Known) -> np.ndarray:
    """Log errors of past origins carried likewise, in standard deviations (origins, nodes, steps)."""
    scores = np.full((len(state.actual), state.structure.size, state.horizon), np.nan)
    for k in range(len(state.actual)):
        carried = state.carry(_past(state, figures, k), k)
        left, _ = state.open_variance(carried)
        put = state.structure.add_up(carried.values[:, 1:])
        with np.errstate(divide="ignore", invalid="ignore"):
            score = np.log(state.actual[k] / put) / np.sqrt(left)
        scores[k] = np.where(np.isfinite(score) & (left > 1e-10), score, np.nan)
    return scores


def _growth_by_step(scores: np.ndarray) -> np.ndarray:
    """Typical score of a step over that of the first, never falling (steps,); 1 where nothing is known."""
    typical = np.array(
        [np.median(np.abs(part[np.isfinite(part)])) if np.isfinite(part).any() else 0.0 for part in scores.T]
    )
    if not len(typical) or typical[0] == 0:
        return np.ones(len(typical))
    return np.maximum.accumulate(typical / typical[0])


def _past(state: _State, figures: Known, k: int) -> Known:
    """The known figures' regions and steps, with what came after origin number `k`."""
    actual = state.actual[k]
    # (nodes, 1 + steps): the last level known at the origin comes first
    path = np.column_stack([state.structure.add_up(state.last[k]), actual])
    now = path[figures.node, figures.step]
    before = np.where(figures.growth, path[figures.node, figures.step - 1], 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.log(now) - np.log(before)
    return replace(figures, value=value).rows(np.isfinite(value))


def _quantile(score: np.ndarray, weight: np.ndarray, coverage: float) -> float:
    order = np.argsort(score, kind="stable")
    upto = np.cumsum(weight[order])
    return float(score[order][np.searchsorted(upto, coverage * upto[-1])])


def _table(state: _State, carried: Carried, limit: np.ndarray, coverage: float) -> pd.DataFrame:
    left, added = state.open_variance(carried)
    usual = ndtri((1 + coverage) / 2)
    width = np.sqrt(limit**2 * left + usual**2 * added)
    value = state.structure.add_up(carried.values[:, 1:])
    forecast = state.structure.add_up(state.mean[-1])
    ahead = pd.period_range(state.cube.periods[-1] + 1, periods=state.horizon, name="period")
    frame = long_table(
        state.cube, ahead, value=value, lower=value * np.exp(-width), upper=value * np.exp(width),
        forecast=forecast,
    )  # fmt: skip
    return frame


def _status(table: pd.DataFrame, given: pd.DataFrame, state: _State) -> np.ndarray:
    """A member's own exact figure is observed; all else was carried on."""
    exact = (given["kind"] == "level") & (given["error"] == 0) & (given["shared_error"] == 0)
    own = given[exact & given["region"].isin(state.structure.nodes[state.leaves])]
    there = pd.MultiIndex.from_frame(table[["region", "period"]])
    return np.where(there.isin(pd.MultiIndex.from_frame(own[["region", "period"]])), "observed", CARRIED)


def _panel(panel: pd.DataFrame, state: _State, table: pd.DataFrame, limit: np.ndarray) -> pd.DataFrame:
    """The panel's own rows, what its leaves lack at the end, and the leaves carried on."""
    cube = state.cube
    names = state.structure.nodes[state.leaves]
    own = panel[["region", "period", "value"]].dropna(subset=["value"])
    own = own.assign(lower=own["value"], upper=own["value"], status="observed")
    filled = cube.history()[0][state.leaves]
    known = ~np.isnan(cube.bottom)
    late = np.cumsum(known[:, ::-1], axis=1)[:, ::-1] == 0  # nothing known from here to the end
    rows, columns = np.nonzero(late)
    age = np.array([late[row, : column + 1].sum() for row, column in zip(rows, columns, strict=True)])
    spread = limit[state.leaves[rows], 0] * np.sqrt(age * state.movement.own[rows])
    value = filled[rows, columns]
    missing = pd.DataFrame(
        {
            "region": names[rows],
            "period": cube.periods[columns],
            "value": value,
            "lower": value * np.exp(-spread),
            "upper": value * np.exp(spread),
            "status": CARRIED,
        }
    )
    ahead = table[table["region"].isin(names)][list(missing.columns)]
    parts = [part for part in (own, missing, ahead) if len(part)]
    return pd.concat(parts).sort_values(["region", "period"], ignore_index=True)


def _result(figures: Known, carried: Carried) -> np.ndarray:
    """What the known regions are put at, in the figures' own terms."""
    return np.exp(carried.predicted) - figures.growth
