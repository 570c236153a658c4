"""A panel carried to today, and forecasts from there (补到今天的结果).

Always holds: a figure that was carried on has the status ``nowcast`` and an interval, in the panel and in the
history of every forecast from it; no forecast is judged by it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ..forecaster.estimator import ForecastResult, HierarchicalForecaster
from ..forecaster.rolling import OBSERVED_SHARE


@dataclass(frozen=True, eq=False)
class Bridge:
    """A panel carried on.

    Attributes
    ----------
    table : DataFrame
        Columns region, period, level, value, lower, upper, forecast (what the models alone say), status:
        every region, the periods after the panel's end; a member's own exact level is ``observed``.
    panel : DataFrame
        Columns region, period, value, lower, upper, status: the panel as given (``observed``) and its
        regions carried on (``nowcast``); also those whose own figures end before the panel does.
    known : DataFrame
        The figures that were used: region, period, kind, value, error (log standard deviation), result
        (what the region is put at), source if given.
    notes : DataFrame
        Columns region, period, problem: figures that sit badly with the others.
    coverage : DataFrame
        By level: nominal, coverage of past origins by the intervals, n_errors.
    """

    table: pd.DataFrame
    panel: pd.DataFrame
    known: pd.DataFrame
    notes: pd.DataFrame
    coverage: pd.DataFrame

    @property
    def published(self) -> pd.Period:
        """Last period of the panel's own figures."""
        return self.table["period"].min() - 1

    @property
    def end(self) -> pd.Period:
        """Last period that figures are carried to."""
        return self.table["period"].max()

    def until(self, period=None) -> pd.DataFrame:
        """The panel up to a period (default the last), ready to forecast: region, period, value, status."""
        end = self.end if period is None else pd.Period(period, freq=self.end.freq)
        rows = self.panel["period"] <= end
        return self.panel.loc[rows, ["region", "period", "value", "status"]].reset_index(drop=True)

    def forecast(
        self, forecaster: HierarchicalForecaster, tree, horizon: int, *, quantiles=None
    ) -> ForecastResult:
        """Forecast from the carried figures; intervals hold what is unsure about those too.

        Parameters
        ----------
        forecaster : HierarchicalForecaster
            Its settings are used; it is not changed.
        tree : RegionTree
        horizon : int
            Periods after the last carried one.
        quantiles : sequence of float, optional

        Returns
        -------
        ForecastResult
            Its history has beside the values ``lower``, ``upper`` and ``status``: observed, nowcast, or
            imputed where the models filled a gap. No past error is reckoned against a carried figure.
        """
        fresh = HierarchicalForecaster(**forecaster.get_params()).fit(self.until(), tree)
        result = fresh.forecast(horizon, quantiles=quantiles)
        table = self.widen(result.table, self.end, coverage=fresh.coverage)
        return replace(result, table=table, history=self._told(result.history))

    def _told(self, history: pd.DataFrame) -> pd.DataFrame:
        """The history with a status and an interval of what was carried on."""
        limits = self.table[["region", "period", "lower", "upper"]]
        told = history.merge(limits, on=["region", "period"], how="left")
        seen = np.where(told["observed_share"] >= OBSERVED_SHARE, "observed", "imputed")
        known = told.merge(self.table[["region", "period", "status"]], on=["region", "period"], how="left")
        told["status"] = known["status"].fillna(pd.Series(seen, told.index))
        told.attrs = history.attrs
        return told.fillna({"lower": told["value"], "upper": told["value"]})

    def widen(self, forecast: pd.DataFrame, period, *, coverage: float = 0.8) -> pd.DataFrame:
        """Add what is unsure about the carried figures of `period` to intervals of a forecast from there.

        Parameters
        ----------
        forecast : DataFrame
            Columns region, mean, lower, upper and others; quantiles are named ``q0.1``.
        period : str or Period
            Last period of :meth:`until`.
        coverage : float
            That lower and upper of the forecast are meant to have.
        """
        end = pd.Period(period, freq=self.table["period"].dtype.freq)
        then = self.table[self.table["period"] == end].set_index("region")
        usual = ndtri((1 + self.coverage["nominal"].iloc[0]) / 2)
        below = forecast["region"].map(1 - then["lower"] / then["value"]).fillna(0.0) / usual
        above = forecast["region"].map(then["upper"] / then["value"] - 1).fillna(0.0) / usual
        edges = {"lower": (1 - coverage) / 2, "upper": (1 + coverage) / 2}
        edges |= {name: float(name[1:]) for name in forecast if name[0] == "q" and name[1:2].isdigit()}
        mean = forecast["mean"]
        moved = {}
        for name, share in edges.items():
            spread = above if share > 0.5 else below
            off = forecast[name] - mean
            side = np.sign(off) if share == 0.5 else np.sign(share - 0.5)
            moved[name] = np.maximum(mean + side * np.hypot(off, mean * spread * ndtri(share)), 0.0)
        return forecast.assign(**moved)
