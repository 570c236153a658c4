"""Figures of one level added up to a level above.

Always holds: a missing figure is never taken for zero; beside each total stands the share that it covers.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import MktError, Problems


def rollup(tree, values: pd.Series, level: str, *, how: str = "sum", weights: pd.Series | None = None):
    """See :meth:`RegionTree.rollup`."""
    if how not in ("sum", "mean"):
        raise MktError(f"how 应为 'sum' 或 'mean'，现为 {how!r}")
    target = tree.level_position(level)
    numbers, source = _one_level(tree, values, "values")
    if source < target:
        raise MktError(f"数值在 {tree.levels[source]} 级，不能汇总到更低的 {level} 级")
    members = np.flatnonzero(tree.positions().level == source)
    figures = numbers.reindex(tree.regions[members]).to_numpy()
    known = ~np.isnan(figures)
    weight = np.ones(len(members)) if weights is None else _weights(tree, weights, members, source)
    group = tree._ancestors(members, target)
    size = len(tree)

    def total(amounts, where=True):
        inside = (group >= 0) & where
        return np.bincount(group[inside], amounts[inside], minlength=size)

    share_of = leaf_counts(tree)[members] if weights is None else weight
    whole = leaf_counts(tree) if weights is None else total(weight)
    with np.errstate(divide="ignore", invalid="ignore"):
        covered = total(share_of, known) / whole
        if how == "mean":
            value = total(np.where(known, figures * weight, 0.0)) / total(weight, known)
        else:
            value = np.where(total(known * 1.0) > 0, total(np.where(known, figures, 0.0)), np.nan)
    rows = np.flatnonzero(tree.positions().level == target)
    return pd.DataFrame(
        {"value": value[rows], "covered_share": np.nan_to_num(covered[rows])}, index=tree.regions[rows]
    )


def totals(tree, table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """See :meth:`RegionTree.totals`."""
    keyed = table if table.index.name == "region" else table.set_index("region")
    _, source = _one_level(tree, keyed[columns[0]], columns[0])
    parts = []
    for position in range(source + 1):
        level = tree.levels[position]
        sums = {column: rollup(tree, keyed[column], level) for column in columns}
        part = pd.DataFrame({column: found["value"] for column, found in sums.items()})
        covered = pd.concat([found["covered_share"] for found in sums.values()], axis=1).min(axis=1)
        parts.append(part.assign(level=level, covered_share=covered).rename_axis("region").reset_index())
    return pd.concat(parts, ignore_index=True)[["region", "level", *columns, "covered_share"]]


def leaf_counts(tree) -> np.ndarray:
    """Number of leaves at or below each region, in the order of the tree."""
    at = tree.positions()
    counts = np.zeros(len(tree))
    counts[tree.locate(tree.leaves)] = 1
    for level in range(at.level.max(), 0, -1):
        rows = np.flatnonzero(at.level == level)
        np.add.at(counts, at.parent[rows], counts[rows])
    return counts


def _one_level(tree, values: pd.Series, what: str) -> tuple[pd.Series, int]:
    """Check the index and return the figures as floats with the position of their level."""
    problems = Problems(column=what)
    if not isinstance(values, pd.Series):
        raise MktError(f"{what} 应为以地区代码为索引的 Series，现为 {type(values).__name__}")
    if values.empty:
        raise MktError(f"{what} 没有任何地区")
    for code in values.index[values.index.duplicated()].unique():
        problems.add("同一地区出现多次", value=code)
    found = tree.regions.get_indexer(values.index)
    for code in values.index[found < 0]:
        problems.add("地区代码不在地区树中", value=code)
    level = pd.Series(tree.positions().level[found[found >= 0]])
    if level.nunique() > 1:
        main = level.mode()[0]
        levels = "、".join(tree.levels[i] for i in sorted(level.unique()))
        for code in values.index[found >= 0][(level != main).to_numpy()]:
            problems.add(f"一次只能汇总一个层级的数，现混有：{levels}", value=code)
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    for code in values.index[numbers.isna().to_numpy() & values.notna().to_numpy()]:
        problems.add("不是数字", value=values[code], row=code)
    problems.raise_any()
    return numbers, int(level.iloc[0])


def _weights(tree, weights: pd.Series, members: np.ndarray, source: int) -> np.ndarray:
    numbers, level = _one_level(tree, weights, "weights")
    if level != source:
        raise MktError(f"权数在 {tree.levels[level]} 级，数值在 {tree.levels[source]} 级，应一致")
    problems = Problems(column="weights")
    for code in numbers.index[numbers.to_numpy() < 0]:
        problems.add("权数不能为负", row=code, value=numbers[code])
    problems.raise_any()
    return numbers.reindex(tree.regions[members]).fillna(0.0).to_numpy()
