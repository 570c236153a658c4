"""Another grouping of the same regions: the macro-region level is a company's choice.

Always holds: a scheme groups all regions of one level; no group crosses a region above it.
"""

from __future__ import annotations

import pandas as pd

from ..errors import MktError, Problems


def regroup(tree, assignment: pd.Series, level: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return table and levels of `tree` with another `level`; see :meth:`RegionTree.with_scheme`."""
    table = tree.table
    labels = assignment.astype(object).where(assignment.notna(), None)
    members = _assigned_level(tree, labels, level)
    gone = set(tree.level(level)) if level in tree.levels else set()
    above = [name for name in tree.levels if name != level]
    above = above[: above.index(members)]
    upper = _upper(tree, labels, above[-1])
    taken = set(tree.regions) - gone
    clash = sorted({label for label in upper.index if label in taken})
    if clash:
        raise MktError(f"分组名与已有地区代码相同：{'、'.join(clash)}")
    groups = upper.rename_axis("region").rename("parent").reset_index()
    groups = groups.assign(name=groups["region"], level=level)
    kept = table[~table["region"].isin(gone)]
    over = dict(zip(table["region"], table["parent"], strict=True))
    orphan = kept["parent"].isin(gone)  # what hung below a region that goes hangs where that one hung
    parent = kept["parent"].where(~orphan, kept["parent"].map(over))
    assigned = kept["region"].map(labels)
    parent = parent.where(assigned.isna(), assigned)
    levels = [name for name in tree.levels if name != level]
    if len(groups):
        levels.insert(levels.index(members), level)
    return pd.concat([kept.assign(parent=parent), groups], ignore_index=True), tuple(levels)


def _assigned_level(tree, labels: pd.Series, level: str) -> str:
    at = tree.locate(labels.index)
    found = {tree.levels[i] for i in tree.positions().level[at]}
    if len(found) != 1 or labels.index.has_duplicates:
        levels = "、".join(sorted(found)) or "无"
        raise MktError(f"方案应给同一层级的每个地区各一个分组，现有层级：{levels}，或有重复")
    members = found.pop()
    if members in (level, tree.levels[0]):
        raise MktError(f"方案不能给 {members} 级分组")
    problems = Problems(column="region")
    for region, name in tree.names(tree.level(members).difference(labels.index)).items():
        problems.add(f"方案没有给这个地区分组（{name}）；若由总部直管，分组填缺失", value=region)
    for region, label in labels.items():
        if not pd.isna(label) and (not isinstance(label, str) or not label.strip()):
            problems.add("分组名应为非空文本", row=region, value=label)
    problems.raise_any()
    return members


def _upper(tree, labels: pd.Series, above: str) -> pd.Series:
    """The region above each group, which must be one only."""
    given = labels.dropna()
    pairs = pd.DataFrame({"group": given.to_numpy(), "upper": tree.parents(above, given.index).to_numpy()})
    pairs = pairs.drop_duplicates()
    crossing = sorted(pairs["group"][pairs["group"].duplicated()].unique())
    if crossing:
        raise MktError(
            f"这些分组跨越了 {above} 级的边界，不能成树：{'、'.join(crossing)}。"
            f"可把方案定在 {above} 级，或把它当作 Assignment 直接汇总"
        )
    return pairs.set_index("group")["upper"]
