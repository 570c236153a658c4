"""A forecast as it is read: which regions, past beside future, what was thought a year ago.

Always holds: tables are in the panel's base units; a comparison with the past uses only what was known then.
"""

from __future__ import annotations

import pandas as pd

from ..schemas import season_of
from .forecaster.backtest import backtest
from .forecaster.estimator import ForecastResult, HierarchicalForecaster, shortest_history
from .forecaster.panel import CARRIED

#: A backtest looks at most so far ahead, from so many origins: enough to judge, quick enough to be always on.
AHEAD = 3
ORIGINS = 4


def regions_around(result: ForecastResult, tree, region: str, *, most: int = 9) -> list[str]:
    """Regions worth showing with one: those above it, it, those below it, the largest of each deeper level.

    Parameters
    ----------
    result : ForecastResult
    tree : RegionTree
    region : str
    most : int
        At most so many; the largest below stay.

    Returns
    -------
    list of str
        Codes, each once: from the top down to `region`, then below it by size.
    """
    final = _final(result)
    line = [code for code in tree.path(region).index if code in final.index]
    below = final[final.index.isin(tree.children(region))].sort_values(ascending=False, kind="stable")
    deeper = []
    inside = set(tree.subtree(region).regions)
    for level in tree.levels:
        there = final[final.index.isin(tree.level(level)) & final.index.isin(inside)]
        deeper += [there.idxmax()] if len(there) else []
    extra = [code for code in deeper if code not in line and code not in below.index]
    room = max(0, most - len(line) - len(extra))
    return list(dict.fromkeys([*line, *below.index[:room], *extra]))


def line_and_children(result: ForecastResult, tree, region: str) -> list[str]:
    """The region with all above it, then all straight below it by size."""
    final = _final(result)
    line = [code for code in tree.path(region).index if code in final.index]
    below = final[final.index.isin(tree.children(region))].sort_values(ascending=False, kind="stable")
    return [*line, *below.index]


def _final(result: ForecastResult) -> pd.Series:
    last = result.table["period"].max()
    return result.table[result.table["period"] == last].set_index("region")["mean"]


def published_figures(history: pd.DataFrame) -> pd.DataFrame:
    """Rows of a forecast's history that were published: without what was carried to today.

    Examples
    --------
    >>> years = pd.PeriodIndex(["2023", "2024"], freq="Y")
    >>> history = pd.DataFrame({"region": "a", "period": years, "value": [1.0, 2.0]})
    >>> published_figures(history.assign(status=["observed", "nowcast"]))["value"].tolist()
    [1.0]
    """
    return history[history["status"] != CARRIED] if "status" in history else history


def published_part(history: pd.DataFrame) -> pd.Series:
    """What of each figure of a history was published: without what the models filled in below a total.

    Parameters
    ----------
    history : DataFrame
        Of a :class:`ForecastResult`: value and, where it is known, observed_share.

    Returns
    -------
    Series
        Like ``history["value"]``; missing where nothing was published.

    Examples
    --------
    >>> published_part(pd.DataFrame({"value": [10.0, 2.0], "observed_share": [0.9, 0.0]})).tolist()
    [9.0, nan]
    """
    if "observed_share" not in history:
        return history["value"]
    seen = history["observed_share"].fillna(1.0)
    return (history["value"] * seen).where(seen > 0)


def past_and_future(result: ForecastResult, regions=None) -> pd.DataFrame:
    """The last known figure and every forecast side by side.

    Parameters
    ----------
    result : ForecastResult
    regions : sequence of str, optional
        Default all, in the order of the forecast.

    Returns
    -------
    DataFrame
        Index region; columns level, published (last published figure, without what was filled in below it;
        only where figures were carried on after it), now (last known or carried on), one a forecast period
        (its text), lower, upper (of the last period), increment (last forecast less the same season now),
        growth (a year).
    """
    wide = result.table.pivot(index="region", columns="period", values="mean")
    chosen = list(dict.fromkeys(result.table["region"])) if regions is None else list(regions)
    wide = wide.reindex(chosen)
    last = result.table[result.table["period"] == wide.columns[-1]].set_index("region").reindex(chosen)
    past = result.history.pivot(index="region", columns="period", values="value").reindex(chosen)
    end = past.columns[-1]
    base = same_season(end, wide.columns[-1])
    years = (wide.columns[-1] - base).n / season_of(wide.columns.dtype)
    growth = (wide.iloc[:, -1] / past[base]).where(past[base] > 0) ** (1 / years) - 1
    table = pd.DataFrame({"level": last["level"], "now": past[end]})
    known = published_figures(result.history)
    own = known["period"].max()
    if own < end:
        last_known = known[known["period"] == own].set_index("region")
        table.insert(1, "published", published_part(last_known).reindex(chosen))
    table = table.join(wide.set_axis([str(period) for period in wide.columns], axis=1))
    increment = wide.iloc[:, -1] - past[base]
    return table.assign(lower=last["lower"], upper=last["upper"], increment=increment, growth=growth)


def same_season(end: pd.Period, last: pd.Period) -> pd.Period:
    """The latest known period that `last` can be compared with: whole years before it.

    Examples
    --------
    >>> str(same_season(pd.Period("2023-12", "M"), pd.Period("2024-06", "M")))
    '2023-06'
    """
    per_year = season_of(pd.PeriodIndex([last]).dtype)
    return last - -(-(last - end).n // per_year) * per_year


def forecast_as_of(forecaster: HierarchicalForecaster, panel, tree, *, end, horizon: int) -> pd.DataFrame:
    """What the same forecaster would have said at the end of an earlier period.

    Parameters
    ----------
    forecaster : HierarchicalForecaster
        Its settings are used, not its fit.
    panel : DataFrame
    tree : RegionTree
    end : Period
        Last period that is known then.
    horizon : int

    Returns
    -------
    DataFrame
        As from ``predict``.
    """
    then = HierarchicalForecaster(**forecaster.get_params())
    return then.fit(panel[panel["period"] <= end], tree).predict(horizon)


def quick_backtest(forecaster: HierarchicalForecaster, panel, tree, *, horizon: int) -> pd.DataFrame:
    """A backtest without hindsight as long as the history allows, at most `AHEAD` ahead from `ORIGINS`.

    Returns
    -------
    DataFrame
        As from :func:`backtest`; empty where the history is too short for one.
    """
    length = (panel["period"].max() - panel["period"].min()).n + 1
    spare = length - shortest_history(season_of(panel["period"].dtype))
    if spare < 1:
        return pd.DataFrame()
    ahead = max(1, min(horizon, AHEAD, spare))
    origins = max(1, min(ORIGINS, spare - ahead + 1))
    return backtest(forecaster, panel, tree, horizon=ahead, n_origins=origins)


def newest_test(trial: pd.DataFrame, regions) -> pd.DataFrame:
    """The last forecast of a backtest all of whose periods have come in: what was said then.

    Parameters
    ----------
    trial : DataFrame
        From :func:`backtest` or :func:`quick_backtest`.
    regions : sequence of str

    Returns
    -------
    DataFrame
        Columns region, level, period, mean, lower, upper, as from ``predict``; regions as asked for, those
        without a forecast left out.
    """
    own = trial[(trial["model"] == "reconciled") & trial["region"].isin(list(regions))]
    last = own[own["origin"] == own["origin"].max()].dropna(subset=["actual"])
    order = {region: at for at, region in enumerate(regions)}
    columns = ["region", "level", "period", "mean", "lower", "upper"]
    return last[columns].sort_values(
        ["region", "period"], key=lambda c: c.map(order) if c.name == "region" else c
    )
