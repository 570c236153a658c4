"""The estimator: a panel and a tree in, coherent forecasts with calibrated intervals out.

Always holds: forecasts of every level add up exactly; a fixed node stays at its value; intervals come from
rolling-origin errors of the reconciled forecasts; the panel and the tree given are never changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from inspect import signature

import numpy as np
import pandas as pd

from ...errors import MktError
from ...words import amounts
from ...words.render import named, with_names
from ...words.summary import Shown, Summary
from ..hierarchy.common import settle_by_errors
from ..hierarchy.fixed import fixed_bounds, observed_figures
from ..hierarchy.reconcile import METHODS
from ..models.weights import past_origins, shortest_history
from .conditional import leaf_floor, sides_given
from .explain import explained, member_table
from .intervals import Calibration, calibrate_at
from .panel import Cube, build_cube
from .results import checked_quantiles, known_then, long_table, quantile_name
from .rolling import Rolling, roll


@dataclass(frozen=True, eq=False, repr=False)
class ForecastResult(Shown):
    """A forecast and what stands behind it.

    Attributes
    ----------
    table : DataFrame
        Columns region, period, level, mean, lower, upper.
    coverage : DataFrame
        By level: n_series, n_errors, nominal, coverage: how often the latest intervals that can be tested
        (five origins, eight of years) held, each made from what was known at its own origin (no
        hindsight); missing where history is too short for a test. :func:`backtest` goes further back.
    base : DataFrame
        Columns region, period, level, base, mean, discrepancy (mean less base): what reconciliation moved.
    fixed : DataFrame
        Fixed nodes only: region, period, fixed, forecast (what the models alone say), discrepancy.
    history : DataFrame
        Columns region, period, level, value, observed_share: the comparable history the models saw.
    parts : DataFrame
        What each forecast is made of: region, period, level, base (average of the models), bias (correction
        for how far the level has been off lately), reconciliation (so that levels add up), fixed (moved by
        fixed figures), mean (the sum of the four); n_observed (figures of the region's own). In a sentence:
        :func:`explain`.
    members : DataFrame
        Why the average is what it is: region, level, model, weight, past_error (root mean squared error up
        to a year ahead, in mean absolute seasonal steps of the region).
    names : Series, optional
        Code -> name of the tree that was fitted, for showing.
    """

    table: pd.DataFrame
    coverage: pd.DataFrame
    base: pd.DataFrame
    fixed: pd.DataFrame
    history: pd.DataFrame
    parts: pd.DataFrame
    members: pd.DataFrame
    names: pd.Series | None = None

    def summary(self) -> Summary:
        """What is shown of it: the last period, from the top down."""
        last = self.table["period"].max()
        rows = self.table[self.table["period"] == last]
        top = rows.iloc[0]
        named_rows = rows if self.names is None else with_names(rows, self.names)
        known = self.history["period"].max()
        figures = {
            "历史到": str(known),
            "预测到": str(last),
            "n_series": len(rows),
            "最高一级的预测": f"{amounts.format_plain(top['mean'])}",
            "区间": f"{amounts.format_plain(top['lower'])} ～ {amounts.format_plain(top['upper'])}",
        }
        steps = "mkt.backtest(...) 检验误差；mkt.present(result.table, tree=tree, units='yuan') 看全部"
        return Summary("预测", figures, named_rows, steps)


class HierarchicalForecaster(Shown):
    """Coherent forecasts along 县 -> 市 -> 省 -> 大区 -> 全国, with intervals calibrated at every level.

    Parameters
    ----------
    model : str or object
        ``average`` (of theta, ets, both also on logs, and seasonal_naive, weighted by recent errors from
        rolling origins, and corrected for the bias of each level in the last eight periods; of daily
        figures theta, ets, seasonal_naive, seasonal_median and ridge; of annual ones recent_drift and
        log_recent_drift instead of seasonal_naive, weighted alike; neither of these corrected: a week is no
        lag, years are few), or one of ``theta``, ``ets``, ``seasonal_median``, ``ridge`` (daily),
        ``drift``, ``recent_drift`` (of the last five years), ``seasonal_naive``, ``log_theta``,
        ``log_ets``, ``log_drift``, ``log_recent_drift``, a list of these, or any object with ``fit(y)`` and
        ``predict(horizon)``. Four to seven years of growing figures: ``drift`` errs least.
    reconciliation : str
        ``wls_common`` (variances of the models' errors, sums surer than their parts because regions err
        together), ``wls_var`` (the same without that), ``mint_shrink`` (with correlations), ``wls_struct``,
        ``ols``, ``bottom_up``, ``top_down``.
    coverage : float
        Nominal coverage of the interval, 0.8 for a lower and upper figure that hold four times in five.
    fixed : DataFrame, optional
        Published totals or approved budgets: columns region, period and ``value`` (stays exactly), or
        ``lower`` and/or ``upper`` (floor, ceiling). The discrepancy is spread by how regions erred together
        so far, see :func:`~mktanalysis.forecasting.hierarchy.common.settle`. Rows whose ``status`` is
        ``observed`` also tell of the regions beside them; others are decisions and do not. Intervals of the
        same period narrow to what is left to err once these are known.
    nonnegative : bool
        No forecast below 0 (by the exact optimum, not by clipping), and no negative history.
    breaks : DataFrame, optional
        Level breaks: columns period and, optionally, region (missing: all).
    n_origins : int, optional
        How far back the rolling origins for the intervals reach, in origins whose whole horizon is known;
        default as far as history allows, at most 24. Of months, every other one is used.

    Examples
    --------
    >>> import pandas as pd
    >>> import mktanalysis as mkt
    >>> tree = mkt.RegionTree.from_table(pd.DataFrame({
    ...     "region": ["N", "a", "b"], "name": ["N", "a", "b"], "level": ["nation", "city", "city"],
    ...     "parent": [None, "N", "N"]}))
    >>> years = pd.period_range("2010", periods=12, freq="Y")
    >>> panel = pd.DataFrame({"region": ["a"] * 12 + ["b"] * 12, "period": [*years, *years],
    ...     "value": [*range(10, 22), *([5.0] * 12)]}).astype({"period": "period[Y-DEC]", "region": "str"})
    >>> forecast = HierarchicalForecaster("drift").fit(panel, tree).predict(1)
    >>> forecast.set_index("region")["mean"].to_dict()
    {'N': 27.0, 'a': 22.0, 'b': 5.0}
    """

    #: Names of the regions that were fitted, if the tree has any.
    _names: pd.Series | None = None

    def __init__(
        self,
        model="average",
        *,
        reconciliation: str = "wls_common",
        coverage: float = 0.8,
        fixed: pd.DataFrame | None = None,
        nonnegative: bool = True,
        breaks: pd.DataFrame | None = None,
        n_origins: int | None = None,
    ):
        self.model = model
        self.reconciliation = reconciliation
        self.coverage = coverage
        self.fixed = fixed
        self.nonnegative = nonnegative
        self.breaks = breaks
        self.n_origins = n_origins

    def summary(self) -> Summary:
        """What is shown of it: its settings, and the panel once it is fitted."""
        figures = {
            "模型": str(self.model) if isinstance(self.model, (str, list)) else type(self.model).__name__,
            "上下级协调": self.reconciliation,
            "nominal": self.coverage,
        }
        cube = getattr(self, "cube_", None)
        if cube is not None:
            figures |= {"n_series": cube.structure.size, "历史": f"{cube.periods[0]}—{cube.periods[-1]}"}
        step = "forecaster.forecast(期数)" if cube is not None else "forecaster.fit(panel, tree)"
        return Summary("逐级协调的预测", figures, pd.DataFrame(), step)

    def get_params(self, deep: bool = True) -> dict:
        """The settings, as they were given: scikit-learn's manner; `deep` changes nothing."""
        names = list(signature(type(self).__init__).parameters)[1:]
        return {name: getattr(self, name) for name in names}

    def set_params(self, **params) -> HierarchicalForecaster:
        """Change settings; a name that is none is refused."""
        strange = set(params) - set(self.get_params())
        if strange:
            raise MktError(f"没有参数：{'、'.join(sorted(strange))}；可用：{'、'.join(self.get_params())}")
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def fit(self, panel: pd.DataFrame, tree) -> HierarchicalForecaster:
        """Check the panel (region, period, value) against the tree and keep it in matrix form.

        Instead of a RegionTree a :class:`Structure` may be given: groupings that cross (region x product).
        At least 4 years, 12 quarters or 28 months from the first figure to the last; a single region may
        have fewer. Of short histories the intervals rest on few origins, see :func:`few_draws`.

        Raises
        ------
        MktError
            History too short, unknown method, coverage outside (0, 1).
        TableError
            Problems of the panel.
        """
        if self.reconciliation not in METHODS:
            raise MktError(f"没有协调方法 {self.reconciliation!r}，可用：{'、'.join(METHODS)}")
        if not 0 < self.coverage < 1:
            raise MktError(f"coverage 应在 0 与 1 之间，现为 {self.coverage}")
        self.cube_: Cube = build_cube(panel, tree, nonnegative=self.nonnegative, breaks=self.breaks)
        self._names = tree.names() if hasattr(tree, "names") else None
        length = len(self.cube_.periods)
        season = self.cube_.season
        if length < shortest_history(season):
            finer = "先汇总到年" if season > 1 else "用按月、按季的数据"
            raise MktError(
                f"历史太短：有 {length} 期，至少需要 {shortest_history(season)} 期，区间才有两个起点可依据。"
                f"请补上更早的数据，或{finer}；个别地区短不要紧，同一面板里有历史够长的地区即可"
            )
        return self

    def predict(self, horizon: int, *, quantiles=None) -> pd.DataFrame:
        """Forecast the next `horizon` periods: region, period, level, mean, lower, upper.

        With `quantiles` (between 0 and 1) also one column each, ``q0.1`` and so on: the actual is expected
        below it in that share of cases.
        """
        return self.forecast(horizon, quantiles=quantiles).table

    def forecast(self, horizon: int, *, quantiles=None) -> ForecastResult:
        """Forecast with everything that stands behind it."""
        cube = self._fitted()
        horizon = _positive(horizon)
        levels = checked_quantiles(quantiles)
        bounds = self._bounds(horizon)
        rolled = self._rolled(horizon)
        free = rolled.reconciled[-1]
        mean = free if bounds is None else self._settled(rolled, *bounds)
        limits = [self._within(mean + side, bounds) for side in self._sides(rolled, mean, bounds, levels)]
        history, share = cube.history()
        ahead = pd.period_range(cube.periods[-1] + 1, periods=horizon, name="period")
        columns = dict(zip(["lower", "upper", *map(quantile_name, levels)], limits, strict=True))
        frame = long_table(cube, ahead, mean=mean, **columns, base=rolled.base[-1], free=free)
        parts = explained(long_table(cube, ahead), rolled, mean, cube)
        return ForecastResult(
            table=named(frame[["region", "period", "level", "mean", *columns]], "forecast"),
            coverage=known_then(rolled, cube, self.coverage, nonnegative=self.nonnegative),
            base=named(_moved_by_reconciling(frame), "reconciled"),
            fixed=_fixed_table(frame, bounds),
            history=named(long_table(cube, cube.periods, value=history, observed_share=share), "history"),
            parts=named(parts, "forecast_parts"),
            members=named(member_table(cube, rolled), "forecast_members"),
            names=self._names,
        )

    def _within(self, values: np.ndarray, bounds) -> np.ndarray:
        """No limit below 0 or beyond a fixed figure."""
        if self.nonnegative:
            values = np.maximum(values, 0.0)
        return values if bounds is None else np.clip(values, *bounds)

    def sample_paths(self, horizon: int, n_paths: int, *, random_state=None) -> pd.DataFrame:
        """Draw possible futures that add up in every path, for simulation.

        A path is the forecast plus the errors that all leaves made together from one past origin; see
        :func:`~mktanalysis.forecasting.hierarchy.sample_paths.draw_paths`.

        Parameters
        ----------
        horizon, n_paths : int
        random_state : int or Generator, optional

        Returns
        -------
        DataFrame
            Columns region, period, level, path (0 ..), value; all nodes.
        """
        from ..hierarchy.sample_paths import draw_paths

        cube = self._fitted()
        horizon = _positive(horizon)
        if self.fixed is not None:
            raise MktError("给出 fixed 时不能抽取路径：固定值没有误差可抽")
        rolled, found = self._calibrated(horizon)
        errors = rolled.errors(len(cube.periods))[:-1]
        unit = rolled.scale
        values = draw_paths(
            cube.structure, rolled.reconciled[-1], errors, unit, found.half_width(self.coverage), n_paths,
            coverage=self.coverage, random_state=random_state,
        )  # fmt: skip
        if self.nonnegative:
            values = cube.structure.add_up(np.maximum(values[cube.structure.leaves], 0.0))
        ahead = pd.period_range(cube.periods[-1] + 1, periods=horizon, name="period")
        keys = long_table(cube, ahead)
        table = keys.loc[keys.index.repeat(n_paths)].reset_index(drop=True)
        return table.assign(path=np.tile(np.arange(n_paths), len(keys)), value=values.ravel())

    def _settled(self, rolled: Rolling, lower, upper) -> np.ndarray:
        """The last origin's forecast within bounds, spread by how regions erred together so far."""
        structure = self.cube_.structure
        if self.nonnegative:
            lower = np.maximum(lower, leaf_floor(structure, lower.shape))
        return settle_by_errors(
            structure, rolled.reconciled[-1], rolled.errors(int(rolled.origins[-1]))[:-1],
            rolled.reconciled[:-1], lower, upper, informs=self._informing(lower.shape[1]),
        )  # fmt: skip

    def _sides(self, rolled: Rolling, mean: np.ndarray, bounds, quantiles) -> np.ndarray:
        """What the limits and the quantiles lie above the forecast, given what is fixed."""
        held = np.zeros(mean.shape, bool) if bounds is None else bounds[0] == bounds[1]
        told = self._informing(held.shape[1]) if held.any() else held
        return sides_given(
            rolled, mean, self.cube_, self.coverage, quantiles, held, told, nonnegative=self.nonnegative
        )

    def _informing(self, horizon: int) -> np.ndarray:
        return observed_figures(self.fixed, self.cube_.structure, self.cube_.periods[-1], horizon)

    def _rolled(self, horizon: int) -> Rolling:
        """Forecasts from all calibration origins and, the last, from now."""
        length = len(self.cube_.periods)
        return self._roll(np.append(self._origins(horizon, length), length), horizon)

    def _calibrated(self, horizon: int) -> tuple[Rolling, Calibration]:
        """Forecasts from all calibration origins and from now (the last), and the interval widths."""
        rolled = self._rolled(horizon)
        k = len(rolled.origins) - 1
        return rolled, calibrate_at(rolled, np.arange(k), k, self.cube_)

    def _fitted(self) -> Cube:
        if not hasattr(self, "cube_"):
            raise MktError("请先调用 fit(panel, tree)")
        return self.cube_

    def _origins(self, horizon: int, length: int) -> np.ndarray:
        return past_origins(length, self.cube_.season, horizon, self.n_origins)

    def _roll(self, origins, horizon: int) -> Rolling:
        return roll(
            self.cube_, origins, horizon, model=self.model, reconciliation=self.reconciliation,
            nonnegative=self.nonnegative, n_origins=self.n_origins,
        )  # fmt: skip

    def _bounds(self, horizon: int):
        if self.fixed is None or not len(self.fixed):
            return None
        return fixed_bounds(self.fixed, self.cube_.structure, self.cube_.periods[-1], horizon)


def _positive(horizon: int) -> int:
    if int(horizon) != horizon or horizon < 1:
        raise MktError(f"horizon 应为正整数，现为 {horizon!r}")
    return int(horizon)


def _moved_by_reconciling(frame: pd.DataFrame) -> pd.DataFrame:
    columns = ["region", "period", "level", "base", "mean", "discrepancy"]
    return frame.assign(discrepancy=frame["mean"] - frame["base"])[columns]


def _fixed_table(frame: pd.DataFrame, bounds) -> pd.DataFrame:
    columns = ["region", "period", "level", "fixed", "forecast", "discrepancy"]
    if bounds is None:
        return frame.head(0).reindex(columns=columns)
    held = (bounds[0] == bounds[1]).ravel()
    found = frame[held].assign(fixed=bounds[0].ravel()[held], forecast=frame["free"][held])
    return found.assign(discrepancy=found["fixed"] - found["forecast"])[columns].reset_index(drop=True)
