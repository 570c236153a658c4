"""Panels and forecasts in other libraries' forms, and other forecasters' figures in ours.

Always holds: what goes out and comes back is the same panel on the same structure; forecasts of whatever
origin are reconciled exactly and calibrated on the errors that came with them.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from ..errors import MktError
from .forecaster.intervals import calibrate
from .forecaster.panel import build_cube, leaf_structure
from .forecaster.results import checked_quantiles, long_table, quantile_name
from .forecaster.rolling import reconcile_by
from .hierarchy.structure import Structure
from .models.daily import cycle_of


def to_nixtla(panel: pd.DataFrame, tree) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, np.ndarray]]:
    """Bring a panel into the form of nixtla's libraries (statsforecast, hierarchicalforecast).

    Parameters
    ----------
    panel : DataFrame
        Columns region, period, value.
    tree : RegionTree or Structure

    Returns
    -------
    Y : DataFrame
        Columns unique_id, ds (first day of the period), y; all nodes, sums where all leaves are known.
    S : DataFrame
        Summing matrix: column unique_id, then one column a leaf.
    tags : dict of str to ndarray
        Level -> its nodes.

    Examples
    --------
    >>> tree = Structure.from_parents(pd.Series({"N": None, "a": "N", "b": "N"}))
    >>> panel = pd.DataFrame({"region": ["a", "b"], "value": [1.0, 2.0],
    ...     "period": pd.PeriodIndex(["2020", "2020"], freq="Y")}).astype({"region": "str"})
    >>> series, summing, tags = to_nixtla(panel, tree)
    >>> series["y"].tolist(), summing.columns.tolist(), list(tags)
    ([3.0, 1.0, 2.0], ['unique_id', 'a', 'b'], ['level_0', 'level_1'])
    """
    cube = build_cube(panel, tree, nonnegative=False)
    structure = cube.structure
    values = structure.add_up(cube.bottom)
    table = long_table(cube, cube.periods, y=values).dropna(subset=["y"])
    series = pd.DataFrame(
        {"unique_id": table["region"], "ds": table["period"].dt.to_timestamp(), "y": table["y"]}
    ).reset_index(drop=True)
    nodes = structure.nodes.astype(str)
    summing = pd.DataFrame(structure.summing.toarray(), columns=nodes[structure.leaves])
    summing.insert(0, "unique_id", nodes)
    levels = np.asarray(structure.levels)
    return series, summing, {level: nodes[levels == level].to_numpy() for level in dict.fromkeys(levels)}


def from_nixtla(series: pd.DataFrame, summing: pd.DataFrame, tags=None, *, freq: str):
    """Read nixtla's form: ready for ``HierarchicalForecaster().fit(panel, structure)``.

    Parameters
    ----------
    series : DataFrame
        Columns unique_id, ds, y; only the leaves are read, as all else is their sum.
    summing : DataFrame
        Summing matrix with the nodes as column unique_id or as index, one column a leaf.
    tags : dict of str to sequence, optional
        Level -> its nodes.
    freq : str
        ``Y``, ``Q``, ``M``, ``W`` or ``D``.

    Returns
    -------
    panel : DataFrame
        Columns region, period, value.
    structure : Structure

    Raises
    ------
    MktError
        Columns missing, leaves without figures.
    """
    if not {"unique_id", "ds", "y"} <= set(series.columns):
        raise MktError(f"应有列 unique_id、ds、y，现有：{'、'.join(map(str, series.columns))}")
    matrix = summing.set_index("unique_id") if "unique_id" in summing else summing
    matrix = matrix.rename(index=str, columns=str)
    levels = None
    if tags is not None:
        levels = pd.Series({str(node): level for level, nodes in tags.items() for node in nodes})
    leaves = series[series["unique_id"].astype(str).isin(matrix.columns)]
    missing = matrix.columns.difference(leaves["unique_id"].astype(str))
    if len(missing):
        raise MktError(f"底层这些序列没有数：{'、'.join(missing[:10])}")
    panel = pd.DataFrame(
        {
            "region": leaves["unique_id"].astype("str").to_numpy(),
            "period": pd.PeriodIndex(pd.to_datetime(leaves["ds"]), freq=freq),
            "value": leaves["y"].to_numpy(dtype=float),
        }
    )
    return panel, _from_matrix(matrix, levels)


def _from_matrix(matrix: pd.DataFrame, levels: pd.Series | None) -> Structure:
    """A tree where the rows nest (each node's parent is the smallest that contains it), else the matrix."""
    values = matrix.to_numpy(dtype=float) > 0
    size = values.sum(axis=1)
    # From the smallest up; of two with the same leaves the one that stands further down is the child.
    order = np.lexsort((-np.arange(len(size)), size))
    inside = values.astype(np.int32) @ values.T.astype(np.int32)
    parent: dict[str, str | None] = {}
    for place, node in enumerate(order):
        later = order[place + 1 :]
        up = later[inside[node, later] == size[node]]
        crossing = (inside[node, later] > 0) & (inside[node, later] < size[node])
        if crossing.any() or any(inside[a, b] != size[a] for a, b in pairwise(up)):
            return Structure.from_summing(matrix, levels)
        parent[matrix.index[node]] = matrix.index[up[0]] if len(up) else None
    return Structure.from_parents(pd.Series(parent, dtype=object), levels)


def from_hierarchical_index(frame: pd.DataFrame | pd.Series):
    """Read sktime's form: a table whose index names the levels from the top down, and last the time.

    Parameters
    ----------
    frame : DataFrame with one column, or Series
        MultiIndex of levels and periods or dates; rows of totals (``__total``) are left out.

    Returns
    -------
    panel : DataFrame
        Columns region (the path of labels joined by ``/``), period, value.
    structure : Structure

    Examples
    --------
    >>> index = pd.MultiIndex.from_product(
    ...     [["east", "west"], ["x", "y"], pd.period_range("2020", periods=2, freq="Y")],
    ...     names=["area", "shop", "time"])
    >>> panel, structure = from_hierarchical_index(pd.Series(range(8), index=index))
    >>> list(structure.nodes), panel["region"].iloc[0]
    (['__total', 'east', 'west', 'east/x', 'east/y', 'west/x', 'west/y'], 'east/x')
    """
    values = frame.iloc[:, 0] if isinstance(frame, pd.DataFrame) else frame
    *names, time = range(values.index.nlevels)
    if not names:
        raise MktError("索引应有层级和时间：pd.MultiIndex，最后一层是时间")
    labels = [values.index.get_level_values(k).astype(str) for k in names]
    whole = np.any([label == "__total" for label in labels], axis=0)
    values = values[~whole]
    labels = [label[~whole] for label in labels]
    when = values.index.get_level_values(time)
    if not isinstance(when, pd.PeriodIndex):
        regular = pd.DatetimeIndex(when.unique().sort_values(), freq="infer")
        if regular.freq is None:
            raise MktError("时间间隔不规则，看不出频率：请先把时间换成 Period")
        when = pd.DatetimeIndex(when).to_period(regular.to_period().freqstr)
    paths = [labels[0]]
    for label in labels[1:]:
        paths.append(paths[-1] + "/" + label)
    parents: dict[str, str | None] = {"__total": None}
    level = {"__total": "total"}
    for depth, path in enumerate(paths):
        above = paths[depth - 1] if depth else pd.Index(["__total"] * len(path))
        parents |= dict(zip(path, above, strict=True))
        level |= dict.fromkeys(path, str(values.index.names[depth] or f"level_{depth + 1}"))
    panel = pd.DataFrame(
        {"region": np.asarray(paths[-1], dtype=object), "period": when, "value": values.to_numpy(dtype=float)}
    ).astype({"region": "str"})
    return panel, Structure.from_parents(pd.Series(parents, dtype=object), pd.Series(level))


def reconcile(
    base_forecasts: pd.DataFrame,
    insample_errors: pd.DataFrame,
    tree,
    *,
    reconciliation: str = "wls_common",
    coverage: float = 0.8,
    quantiles=None,
    nonnegative: bool = True,
) -> pd.DataFrame:
    """Make another forecaster's figures add up, with intervals calibrated on its own errors.

    Parameters
    ----------
    base_forecasts : DataFrame
        Columns region, period, mean: every node and the same periods for each.
    insample_errors : DataFrame
        Columns region, period (of the target), error (actual less forecast); and horizon (steps ahead, 1
        where the column is missing). From rolling origins where intervals matter: errors of the fit are
        too small.
    tree : RegionTree or Structure
    reconciliation : str
        As for :class:`HierarchicalForecaster`, but not ``top_down``.
    coverage : float
    quantiles : sequence of float, optional
    nonnegative : bool

    Returns
    -------
    DataFrame
        Columns region, period, level, mean, lower, upper and quantiles.

    Raises
    ------
    MktError
        Nodes without forecasts or errors, periods that differ.

    Examples
    --------
    >>> tree = Structure.from_parents(pd.Series({"N": None, "a": "N", "b": "N"}))
    >>> ahead = pd.period_range("2020", periods=1, freq="Y")
    >>> base = pd.DataFrame({"region": ["N", "a", "b"], "period": ahead.repeat(3), "mean": [10.0, 3.0, 4.0]})
    >>> past = pd.period_range("2010", periods=8, freq="Y")
    >>> errors = pd.DataFrame({"region": np.repeat(["N", "a", "b"], 8), "period": past.append([past, past]),
    ...     "error": [1.0, -1.0] * 12})
    >>> reconcile(base, errors, tree, reconciliation="wls_var")["mean"].round(6).tolist()
    [9.0, 4.0, 5.0]
    """
    if reconciliation == "top_down":
        raise MktError("top_down 需要历史水平，这里没有：请用 wls_common、wls_var、mint_shrink 等")
    wide = base_forecasts.pivot(index="region", columns="period", values="mean")
    structure = tree if isinstance(tree, Structure) else leaf_structure(wide.index, tree)
    base = wide.reindex(structure.nodes).to_numpy(dtype=float)
    if np.isnan(base).any():
        lacking = structure.nodes[np.isnan(base).any(axis=1)]
        raise MktError(
            f"这些地区的基础预测不全：{'、'.join(map(str, lacking[:10]))}；每个上级和下级都要有同样的时期"
        )
    errors, origins = _error_cube(insample_errors, structure, base.shape[1])
    spread = np.sqrt(np.nanmean(errors[:, :, 0] ** 2, axis=0))
    residual = errors[:, :, 0].T
    mean = reconcile_by(structure, base, residual, None, reconciliation, nonnegative=nonnegative)
    # Errors of reconciled forecasts are the reconciled errors: what came adds up by itself.
    known = np.isfinite(errors).all(axis=1)
    flat = np.where(known[:, None], errors, 0.0).transpose(1, 0, 2).reshape(structure.size, -1)
    settled = reconcile_by(structure, flat, residual, None, reconciliation, nonnegative=False)
    settled = settled.reshape(structure.size, len(origins), -1).transpose(1, 0, 2)
    settled = np.where(known[:, None], settled, np.nan)
    seen = known.any(axis=1)
    unit = np.broadcast_to(spread, (int(seen.sum()), structure.size))
    season = cycle_of(base_forecasts["period"].dtype)
    found = calibrate(settled[seen], unit, spread, origins[seen], structure, season)
    levels = checked_quantiles(quantiles)
    limits = [mean + offset for offset in (*found.limits(coverage), *found.offsets(levels))]
    if nonnegative:
        limits = [np.maximum(limit, 0.0) for limit in limits]
    names = ["lower", "upper", *map(quantile_name, levels)]
    periods = pd.PeriodIndex(wide.columns, name="period")
    return long_table(structure, periods, mean=mean, **dict(zip(names, limits, strict=True)))


def _error_cube(table: pd.DataFrame, structure: Structure, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Errors as an array (origins, nodes, horizon), and the origins as numbers of periods."""
    ahead = table["horizon"].to_numpy(dtype=int) if "horizon" in table else np.ones(len(table), dtype=int)
    number = table["period"].astype(table["period"].dtype).array.asi8 - ahead
    first = number.min()
    row = structure.nodes.get_indexer(pd.Index(table["region"]))
    fits = (row >= 0) & (ahead >= 1) & (ahead <= horizon)
    errors = np.full((number.max() - first + 1, structure.size, horizon), np.nan)
    values = table["error"].to_numpy(dtype=float)
    errors[number[fits] - first, row[fits], ahead[fits] - 1] = values[fits]
    lacking = structure.nodes[np.isnan(errors[:, :, 0]).all(axis=0)]
    if len(lacking):
        raise MktError(f"这些地区没有一步的误差：{'、'.join(map(str, lacking[:10]))}")
    return errors, np.arange(len(errors)) + 1
