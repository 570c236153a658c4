"""From an analyst's panel to the complete matrix that models work on.

Always holds: the matrix has every node of the tree above a region with data and every period from first to
last; inner nodes are sums of their leaves; what was not observed is filled from what was known at the
matrix's own end, and marked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ...errors import MktError, TableError
from ...schemas import PANEL, check_table
from ..hierarchy.structure import Structure
from ..models.daily import cycle_of

#: Status of figures that a bridge carried on.
CARRIED = "nowcast"
#: How far a parent given in the panel may be from the sum of its children.
_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Cube:
    """Leaf figures in matrix form.

    Attributes
    ----------
    structure : Structure
    bottom : ndarray (leaves, time)
        As given, missing where not observed.
    periods : PeriodIndex
    season : int
        Steps a year.
    broken : ndarray of bool (leaves, time)
        True where a value is not comparable with the one before (level break, 口径变化).
    carried : ndarray of bool (leaves, time)
        True where a value was carried on (``nowcast``): models look at it, no forecast is judged by it.
    """

    structure: Structure
    bottom: np.ndarray
    periods: pd.PeriodIndex
    season: int
    broken: np.ndarray
    carried: np.ndarray

    def until(self, end: int) -> Cube:
        """The first `end` periods, as they would have been known then."""
        early = {name: getattr(self, name)[:, :end] for name in ("bottom", "broken", "carried")}
        return replace(self, periods=self.periods[:end], **early)

    @property
    def own(self) -> np.ndarray:
        """Leaf figures that count as a region's own history: see :func:`without_islands`."""
        return without_islands(self.bottom)

    def history(self) -> tuple[np.ndarray, np.ndarray]:
        """Complete comparable values of all nodes, and the share of each that was observed (0-1)."""
        own = self.own
        filled = fill(self.structure, chain(own, self.broken))
        known = np.where(np.isnan(own) | self.carried, 0.0, np.abs(filled))
        whole = self.structure.add_up(np.abs(filled))
        part = self.structure.add_up(known)
        share = np.divide(part, whole, out=np.ones_like(whole), where=whole > 0)
        return self.structure.add_up(filled), share


def build_cube(panel: pd.DataFrame, tree, *, nonnegative: bool = True, breaks=None) -> Cube:
    """Check a panel against a tree and lay it out.

    Parameters
    ----------
    panel : DataFrame
        Columns region, period, value and, optionally, status. The regions with nothing below them in the
        panel are the leaves; rows of regions above must equal the sums below. Rows whose status is
        ``nowcast`` are history to the models, and no outcome by which forecasts are judged.
    tree : RegionTree or Structure
    nonnegative : bool
        Refuse negative values.
    breaks : DataFrame, optional
        Columns period and, optionally, region (missing or *: every region): first period of a new level.

    Raises
    ------
    TableError
        Duplicates, missing columns, regions not in the tree, negative values, totals that disagree.
    """
    check_table(panel, PANEL)
    panel = panel.dropna(subset=["value"])
    if not len(panel):
        raise MktError("面板没有任何数值：需要 region、period、value 三列，至少三个时期")
    season = cycle_of(panel["period"].dtype)
    problems = _problems(panel, tree, nonnegative)
    if len(problems):
        raise TableError(problems)
    structure = tree if isinstance(tree, Structure) else leaf_structure(panel["region"].unique(), tree)
    periods = pd.period_range(panel["period"].min(), panel["period"].max(), name="period")
    wide = panel.pivot(index="region", columns="period", values="value").reindex(columns=periods)
    leaves = structure.nodes[structure.leaves]
    bottom = wide.reindex(leaves).to_numpy(dtype=float)
    _check_totals(structure, wide, bottom)
    empty = np.isnan(bottom).all(axis=1)
    if empty.any():
        raise MktError(f"这些底层单元没有数值：{'、'.join(leaves[empty][:20])}")
    broken = break_mask(structure, periods, breaks)
    return Cube(structure, bottom, periods, season, broken, _carried(panel, leaves, periods))


def _carried(panel: pd.DataFrame, leaves: pd.Index, periods: pd.PeriodIndex) -> np.ndarray:
    """Leaves x time: True where the panel says that a figure was carried on."""
    mask = np.zeros((len(leaves), len(periods)), dtype=bool)
    if "status" in panel:
        there = panel[(panel["status"] == CARRIED) & panel["region"].isin(leaves)]
        mask[leaves.get_indexer(there["region"]), periods.get_indexer(there["period"])] = True
    return mask


def _problems(panel: pd.DataFrame, tree, nonnegative: bool) -> pd.DataFrame:
    known = tree.nodes if isinstance(tree, Structure) else pd.Index(tree.table["region"])
    strange = panel.loc[~panel["region"].isin(known), "region"].drop_duplicates()
    rows = [
        pd.DataFrame(
            {"row": strange.index, "column": "region", "value": strange, "problem": "地区代码不在地区树中"}
        )
    ]
    infinite = panel[~np.isfinite(panel["value"].astype(float))]
    rows.append(_found(infinite, "数值不是有限数"))
    if nonnegative:
        rows.append(_found(panel[panel["value"] < 0], "数值为负；确有负值时用 nonnegative=False"))
    return pd.concat(rows, ignore_index=True)


def _found(rows: pd.DataFrame, problem: str) -> pd.DataFrame:
    where = rows["region"] + " " + rows["period"].astype(str)
    return pd.DataFrame(
        {
            "row": rows.index,
            "column": "value",
            "value": rows["value"],
            "problem": [f"{place}：{problem}" for place in where],
        }
    )


def leaf_structure(regions, tree) -> Structure:
    """The part of a tree above the regions given; those with nothing below them among these are leaves."""
    table = tree.table.set_index("region")
    parent = table["parent"]
    inner = set()
    up = pd.Index(regions)
    while len(up):
        up = pd.Index(parent.reindex(up).dropna().unique())
        inner.update(up)
    leaves = [region for region in regions if region not in inner]
    keep = inner.union(leaves)
    return Structure.from_parents(parent[parent.index.isin(keep)], table["level"])


def _check_totals(structure: Structure, wide: pd.DataFrame, bottom: np.ndarray) -> None:
    inner = np.setdiff1d(np.arange(structure.size), structure.leaves)
    given = wide.reindex(structure.nodes[inner]).to_numpy(dtype=float)
    if np.isnan(given).all():
        return
    sums = structure.add_up(bottom)[inner]  # missing where any leaf is missing: then nothing to compare
    with np.errstate(invalid="ignore"):
        off = np.abs(given - sums) > _SUM_TOLERANCE * np.maximum(np.abs(sums), 1.0)
    loose = np.isnan(sums) & ~np.isnan(given)
    rows = [
        {
            "column": "value",
            "value": given[i, t],
            "problem": f"{structure.nodes[inner[i]]} {wide.columns[t]}：上级合计"
            + (f"与下级之和 {sums[i, t]:.6g} 不符" if off[i, t] else "无法核对，下级有缺数")
            + "；请删去上级各行，公布的总数用 fixed 给出",
        }
        for i, t in zip(*np.nonzero(off | loose), strict=True)
    ]
    if rows:
        raise TableError(pd.DataFrame(rows))


def break_mask(structure: Structure, periods: pd.PeriodIndex, breaks: pd.DataFrame | None) -> np.ndarray:
    """Leaves x time: True at the first period of a new level. A break of a parent breaks its leaves."""
    mask = np.zeros((len(structure.leaves), len(periods)), dtype=bool)
    if breaks is None or not len(breaks):
        return mask
    below = structure.summing.tocsr()
    for row in breaks.to_dict("records"):
        at = periods.get_indexer([pd.Period(row["period"], freq=periods.freq)])[0]
        if at < 1:
            continue
        region = row.get("region")
        if region is None or region != region or region == "*":
            mask[:, at] = True
        elif region in structure.nodes:
            mask[below[[structure.nodes.get_loc(region)]].indices, at] = True
    return mask


def chain(bottom: np.ndarray, broken: np.ndarray) -> np.ndarray:
    """Put the values before a level break on the new level.

    The step across the break is taken to be the median of the four steps around it that cross no break
    (ratios where the row is positive, else differences); earlier values move with it, the latest level stays.
    """
    if not broken.any():
        return bottom
    out = bottom.copy()
    rows = np.flatnonzero(broken.any(axis=1))
    # Rows with the same gaps and breaks go together: of a national break, nearly all.
    pattern = np.packbits(np.hstack([np.isnan(bottom[rows]), broken[rows]]), axis=1)
    for group in np.split(*_groups(pattern)):
        same = rows[group]
        at = np.flatnonzero(~np.isnan(bottom[same[0]]))
        if len(at):
            values = bottom[np.ix_(same, at)]
            out[np.ix_(same, at)] = _chained(values, at, np.cumsum(broken[same[0]])[at])
    return out


def _groups(pattern: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Order of rows that brings equal ones together, and where a new kind begins: arguments of np.split."""
    _, kind = np.unique(pattern, axis=0, return_inverse=True)
    order = np.argsort(kind.ravel(), kind="stable")
    return order, np.flatnonzero(np.diff(kind.ravel()[order])) + 1


def _chained(values: np.ndarray, at: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Known values (rows, known periods) on the last level; `count` is the number of breaks so far."""
    positive = (values > 0).all(axis=1, keepdims=True)
    line = np.where(positive, np.log(np.where(positive, values, 1.0)), values)
    # A break in a gap shows in the step that crosses the gap.
    step = np.diff(line, axis=1) / np.diff(at)
    crossing = np.diff(count) > 0
    clean = np.flatnonzero(~crossing)
    for k in np.flatnonzero(crossing):
        near = np.r_[clean[clean < k][-2:], clean[clean > k][:2]]
        step[:, k] = np.median(step[:, near], axis=1) if len(near) else 0.0
    change = np.cumsum((step * np.diff(at))[:, ::-1], axis=1)[:, ::-1]
    back = line[:, -1:] - np.pad(change, ((0, 0), (0, 1)))
    return np.where(positive, np.exp(np.where(positive, back, 0.0)), back)


def without_islands(bottom: np.ndarray) -> np.ndarray:
    """Leave out what lies before a gap that is longer than all that a row has without it.

    A line across such a gap would be an invention; what came after it is treated as a region that is new.
    """
    known = ~np.isnan(bottom)
    gappy = np.flatnonzero((np.diff(known.astype(np.int8), axis=1) > 0).any(axis=1) & known.any(axis=1))
    out = bottom
    for row in gappy:
        at = np.flatnonzero(known[row])
        gaps = np.diff(at) - 1
        wide = np.flatnonzero(gaps > len(at))
        if len(wide):
            out = bottom.copy() if out is bottom else out
            out[row, : at[wide[-1] + 1]] = np.nan
    return out


def fill(structure: Structure, bottom: np.ndarray) -> np.ndarray:
    """Fill what is missing: gaps on a straight line (of logs where positive), ends by the parent's growth.

    A row without any value becomes 0.
    """
    missing = np.isnan(bottom)
    if not missing.any():
        return bottom
    out = bottom.copy()
    growth = _growth(structure, bottom)
    for row in np.flatnonzero(missing.any(axis=1)):
        at = np.flatnonzero(~missing[row])
        if not len(at):  # not known yet at all: outside the totals until it is
            out[row] = 0.0
            continue
        known = bottom[row, at]
        inside = np.arange(at[0], at[-1] + 1)
        if (known > 0).all():
            out[row, inside] = np.exp(np.interp(inside, at, np.log(known)))
        else:
            out[row, inside] = np.interp(inside, at, known)
        out[row, at] = known
        out[row, : at[0]] = known[0] / np.cumprod(growth[row, : at[0]][::-1])[::-1]
        out[row, at[-1] + 1 :] = known[-1] * np.cumprod(growth[row, at[-1] :])
    return out


def _growth(structure: Structure, bottom: np.ndarray) -> np.ndarray:
    """Growth factor (leaves, time - 1) of each leaf's nearest ancestor, over leaves seen on both sides."""
    both = ~np.isnan(bottom[:, 1:]) & ~np.isnan(bottom[:, :-1])
    after = np.where(both, bottom[:, 1:], 0.0)
    before = np.where(both, bottom[:, :-1], 0.0)
    total = np.divide(after.sum(0), before.sum(0), out=np.ones(both.shape[1]), where=before.sum(0) > 0)
    total = np.where(total > 0, total, 1.0)
    if structure.parent is None:
        return np.broadcast_to(total, both.shape)
    after = structure.add_up(after)
    before = structure.add_up(before)
    rate = np.divide(after, before, out=np.full(after.shape, np.nan), where=(before > 0) & (after > 0))
    rate[structure.parent < 0] = total
    for rows, _, parents, counts in structure.steps:
        above = np.repeat(rate[parents], counts, axis=0)
        rate[rows] = np.where(np.isnan(rate[rows]), above, rate[rows])
    up = structure.parent[structure.leaves]
    return rate[np.where(up >= 0, up, structure.leaves)]
