"""Figures of one year's regions expressed in another year's regions.

Always holds: what a region gives away adds up to itself, so that sums stay the same; a region that the
crosswalk does not name has not changed; a figure that was put together from an unknown part is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from ..errors import MktError, Problems
from ..schemas import PANEL, check_table

_TOLERANCE = 1e-6


def check_crosswalk(crosswalk: pd.DataFrame) -> pd.DataFrame:
    """Return `crosswalk` unchanged if its shares are in 0-1 and add up to 1 for each old region.

    Raises
    ------
    TableError
        With every missing column, repeated pair, impossible share and wrong sum.
    """
    problems = Problems()
    for column in ("old", "new", "share"):
        if column not in crosswalk.columns:
            problems.add("缺少这一列", column=column)
    problems.raise_any()
    share = crosswalk["share"]
    problems.add_rows(~share.between(0, 1 + _TOLERANCE), "share", share, "份额应在 0 到 1 之间")
    problems.add_rows(crosswalk.duplicated(["old", "new"]), "new", crosswalk["new"], "同一对地区出现多次")
    total = share.groupby(crosswalk["old"]).sum()
    for old in total.index[(total - 1).abs() > _TOLERANCE]:
        problems.add(f"份额之和应为 1，现为 {total[old]:.6g}", column="old", value=old)
    problems.raise_any()
    return crosswalk


def compose_crosswalks(steps: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the crosswalk from the first step's old regions to the last step's new ones.

    Parameters
    ----------
    steps : sequence of DataFrame
        In the order of time, each with columns old, new, share; a region that a step does not name
        passes through it unchanged.

    Returns
    -------
    DataFrame
        Columns old, new, share, sorted; regions that end as they began, untouched, are left out.

    Examples
    --------
    >>> first = pd.DataFrame({"old": ["a", "a"], "new": ["b", "c"], "share": [0.25, 0.75]})
    >>> second = pd.DataFrame({"old": ["b"], "new": ["c"], "share": [1.0]})
    >>> compose_crosswalks([first, second]).values.tolist()
    [['a', 'c', 1.0], ['b', 'c', 1.0]]
    """
    result = pd.DataFrame({"old": [], "new": [], "share": []}).astype({"old": "str", "new": "str"})
    for step in map(check_crosswalk, steps):
        step = step[["old", "new", "share"]]
        moved = result.merge(step, left_on="new", right_on="old", how="left", suffixes=("", "_step"))
        moved = moved.assign(
            new=moved["new_step"].fillna(moved["new"]), share=moved["share"] * moved["share_step"].fillna(1.0)
        )[["old", "new", "share"]]
        fresh = step[~step["old"].isin(result["old"])]
        result = pd.concat([moved, fresh]).groupby(["old", "new"], as_index=False)["share"].sum()
    known = result.groupby("old")["new"].transform("size")
    return result[~((result["old"] == result["new"]) & (known == 1))].reset_index(drop=True)


def translate(
    values: pd.Series, crosswalk: pd.DataFrame, *, how: str = "sum", weights: pd.Series | None = None
) -> pd.Series:
    """Return figures of old regions as figures of new ones.

    Parameters
    ----------
    values : Series
        Index region (old codes), or a MultiIndex with a level ``region`` (region x period ...).
    crosswalk : DataFrame
        Columns old, new, share (of the old region that becomes part of the new one).
    how : {"sum", "mean"}
        ``sum`` splits by share and adds (people, yuan); ``mean`` is for ratios: the mean of the old figures
        weighted by `weights` x share.
    weights : Series, optional
        Index old region, for ``mean``, e.g. population; default 1.

    Returns
    -------
    Series
        Index new region (the other levels kept), sorted; missing where any part of it is missing.

    Examples
    --------
    >>> split = pd.DataFrame({"old": ["a", "a"], "new": ["b", "c"], "share": [0.4, 0.6]})
    >>> translate(pd.Series({"a": 10.0, "c": 1.0}), split).to_dict()
    {'b': 4.0, 'c': 7.0}
    """
    if how not in ("sum", "mean"):
        raise MktError(f"how 应为 'sum' 或 'mean'，现为 {how!r}")
    frame, keys = _as_frame(values)
    steps = check_crosswalk(crosswalk)[["old", "new", "share"]]
    parts = frame.merge(steps, left_on="region", right_on="old", how="left")
    parts = parts.assign(region=parts["new"].fillna(parts["region"]), share=parts["share"].fillna(1.0))
    parts = parts[parts["share"] > 0]
    if how == "mean":
        weight = pd.Series(1.0, parts.index)
        if weights is not None:
            weight = parts["origin"].map(weights).astype(float)
        parts = parts.assign(share=parts["share"] * weight)
    parts = parts.assign(value=parts["value"] * parts["share"])
    groups = parts.groupby(keys, sort=True)
    total = groups["value"].sum(min_count=1)
    if how == "mean":
        total = total / groups["share"].sum()
    unknown = groups["value"].apply(lambda v: v.isna().any()) if parts["value"].isna().any() else None
    total = total if unknown is None else total.mask(unknown, np.nan)
    return total.rename(values.name)


def _as_frame(values: pd.Series) -> tuple[pd.DataFrame, list[str]]:
    """The figures as columns region, other keys, value and origin (the old region)."""
    if not isinstance(values, pd.Series):
        raise MktError(f"values 应为以地区代码为索引的 Series，现为 {type(values).__name__}")
    names = list(values.index.names)
    if len(names) == 1:
        names = ["region"]
    if "region" not in names:
        raise MktError(f"索引应有一层名为 region，现有：{names}")
    frame = values.astype(float).rename("value").rename_axis(names).reset_index()
    if frame.duplicated(names).any():
        raise MktError("values 的索引有重复")
    return frame.assign(origin=frame["region"]), names


def rebase_panel(
    panel: pd.DataFrame, crosswalk: pd.DataFrame | Callable[[int], pd.DataFrame]
) -> pd.DataFrame:
    """Put the figures of regions that were merged, split or renamed on the regions of one date.

    Parameters
    ----------
    panel : DataFrame
        Columns region, period, value; amounts that add (people, yuan).
    crosswalk : DataFrame
        Columns old, new, share, as from ``mkt.datasets.load_crosswalk(from_year, to_year)``, for all figures:
        right where regions go on whole or end. A region that gives a part away and goes on has figures of
        two extents: then a function of the year, whose changes up to today its figures still need.

    Returns
    -------
    DataFrame
        Columns region, period, value. A new region has no value in a period in which one of its parts,
        known before and after, has none.

    Examples
    --------
    莱芜 became part of 济南 in 2019:

    >>> years = pd.PeriodIndex(["2018", "2018", "2019"], freq="Y")
    >>> panel = pd.DataFrame({"region": ["371200", "370100", "370100"], "period": years,
    ...     "value": [1.0, 8.0, 10.0]})
    >>> merged = rebase_panel(panel, pd.DataFrame({"old": ["371200"], "new": ["370100"], "share": [1.0]}))
    >>> merged["value"].tolist()
    [9.0, 10.0]
    """
    known = check_table(panel, PANEL).dropna(subset=["value"])
    years = range(known["period"].dt.year.min(), known["period"].dt.year.max() + 1) if len(known) else ()
    steps = {year: crosswalk(year) if callable(crosswalk) else crosswalk for year in years}
    ever = set().union(*(set(step["old"]) | set(step["new"]) for step in steps.values()))
    touched = known["region"].isin(ever)
    parts = [_without_gaps(part) for _, part in known[touched].groupby("region")]
    if not parts:
        return known[["region", "period", "value"]].reset_index(drop=True)
    whole = pd.concat(parts)
    moved = pd.concat(
        translate(rows.set_index(["region", "period"])["value"], steps[year])
        for year, rows in whole.groupby(whole["period"].dt.year)
    )
    columns = ["region", "period", "value"]
    table = pd.concat([known.loc[~touched, columns], moved.rename("value").reset_index()[columns]])
    return table.dropna(subset=["value"]).sort_values(["region", "period"], ignore_index=True)


def _without_gaps(part: pd.DataFrame) -> pd.DataFrame:
    """Rows of one region for every period from its first to its last, missing where there is none."""
    every = pd.period_range(part["period"].min(), part["period"].max(), name="period")
    full = part.set_index("period")[["region", "value"]].reindex(every)
    return full.assign(region=part["region"].iloc[0]).reset_index()
