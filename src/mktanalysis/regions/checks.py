"""What a table must be before it can become a tree.

Always holds: nothing is repaired; every problem of the table is found in one pass and raised together.
All steps are array operations, so that 45,000 townships are checked in well under a second.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import Problems

REQUIRED = ("region", "name", "level", "parent")


def is_blank(texts: pd.Series) -> np.ndarray:
    """Where a text column holds nothing."""
    return (texts.isna() | (texts.astype("str").str.strip() == "")).to_numpy()


def check_regions(table: pd.DataFrame, levels: Sequence[str] | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return `table` with clean texts, and its levels top-down, or raise every problem.

    Parameters
    ----------
    table : DataFrame
        Columns region, name, level, parent and any others.
    levels : sequence of str, optional
        Top-down order; inferred from who is whose parent when not given.

    Raises
    ------
    TableError
        Missing columns, missing or repeated codes, codes that are not text, an unknown parent, no root
        or several, circles, a parent that is not at a higher level.
    """
    problems = Problems()
    for column in REQUIRED:
        if column not in table.columns:
            problems.add("缺少这一列", column=column)
    problems.raise_any()
    if table.empty:
        problems.add("地区表没有任何行")
        problems.raise_any()
    clean = _as_texts(table, problems)
    problems.raise_any()
    parents = _check_links(clean, problems)
    depth = _depths(parents)
    problems.add_rows(depth < 0, "parent", clean["parent"], "上级关系成环，到不了根")
    order = _order_levels(clean["level"], np.where(depth < 0, -1, parents), levels, problems)
    _check_levels(clean, np.where(depth < 0, -1, parents), order, problems)
    problems.raise_any()
    return clean, order


def _as_texts(table: pd.DataFrame, problems: Problems) -> pd.DataFrame:
    texts = {}
    for column in REQUIRED:
        values = table[column]
        if not (pd.api.types.is_string_dtype(values.dtype) or values.isna().all()):
            if isinstance(values.dtype, pd.CategoricalDtype):
                values = values.astype(object)
            wrong = values.map(lambda value: not isinstance(value, str) and not pd.isna(value))
            problems.add_rows(wrong, column, values, "应为文本（数字会丢掉代码开头的零）")
        text = values.where(values.notna(), None).astype("str").str.strip()
        texts[column] = text.mask(text == "")
        if column != "parent":
            problems.add_rows(is_blank(text), column, values, "不能为空")
    return table.assign(**texts)


def _check_links(clean: pd.DataFrame, problems: Problems) -> np.ndarray:
    """Position of each row's parent, -1 for the root."""
    problems.add_rows(clean["region"].duplicated(), "region", clean["region"], "代码重复")
    codes = pd.Series(np.arange(len(clean)), index=clean["region"].to_numpy())
    codes = codes[~codes.index.duplicated()]  # the second of two equal codes is a problem already noted
    parents = codes.reindex(clean["parent"].to_numpy()).fillna(-1).to_numpy(dtype=np.int64)
    has_parent = clean["parent"].notna().to_numpy()
    problems.add_rows(has_parent & (parents < 0), "parent", clean["parent"], "上级代码不在表中")
    if (~has_parent).sum() > 1:
        problems.add_rows(~has_parent, "region", clean["region"], "没有上级的地区（根）只能有一个")
    elif has_parent.all():
        problems.add("没有根：应有一个地区不填上级", column="parent")
    return np.where(has_parent, parents, -1)


def _depths(parents: np.ndarray) -> np.ndarray:
    """Steps to the root by pointer doubling, O(n log n); -1 where the root is never reached."""
    n = len(parents)
    jump = np.append(np.where(parents < 0, n, parents), n)
    steps = np.append(np.ones(n, dtype=np.int64), 0)
    for _ in range(int(np.ceil(np.log2(n + 1))) + 1):
        steps = steps + steps[jump]
        jump = jump[jump]
    return np.where(jump[:n] == n, steps[:n] - 1, -1)


def _order_levels(
    level: pd.Series, parents: np.ndarray, levels: Sequence[str] | None, problems: Problems
) -> tuple[str, ...]:
    if levels is not None:
        problems.add_rows(~level.isin(list(levels)), "level", level, f"层级应为：{'、'.join(levels)}")
        if len(set(levels)) < len(list(levels)):
            problems.add(f"层级名称重复：{'、'.join(levels)}", column="level")
        present = set(level)
        return tuple(name for name in levels if name in present)
    codes, names = pd.factorize(level)
    child = parents >= 0
    links = np.unique(np.column_stack([codes[parents[child]], codes[child]]), axis=0).reshape(-1, 2)
    rank = np.zeros(len(names), dtype=int)
    for _ in range(len(names)):  # longest way from the top; settles within as many rounds as levels
        lifted = rank.copy()
        np.maximum.at(lifted, links[:, 1], rank[links[:, 0]] + 1)
        if (lifted == rank).all():
            return tuple(names[np.lexsort([names, rank])])
        rank = lifted
    problems.add("层级互为上下级，排不出次序", column="level", value="、".join(map(str, names)))
    return ()


def _check_levels(clean: pd.DataFrame, parents: np.ndarray, order, problems: Problems) -> None:
    position = pd.Index(order).get_indexer(pd.Index(clean["level"]))
    known = (parents >= 0) & (position >= 0) & (position[parents] >= 0)
    wrong = known & (position <= position[parents])
    problems.add_rows(wrong, "level", clean["level"], "上级的层级应高于本级")
