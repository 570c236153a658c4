"""A year's tasks from a development path: what the path sells in each place, exact at every level.

Always holds: every parent is the exact sum of its children, in whole units; a place that is not on the path
and sold nothing has no task, and a place that sold is never forgotten.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import MktError
from ...words.render import named
from .projection import project
from .quotas import COLUMNS, Limits, Quotas, add_up, described, nested


def quotas_of_path(
    sold: pd.Series,
    tree,
    *,
    year: int,
    last: pd.Series | None = None,
    growth: float = 0.0,
    total: float | None = None,
    unit: float = 1e4,
) -> Quotas:
    """Set the tasks of a year by what a development path sells in each place (按开发路径定任务).

    Parameters
    ----------
    sold : Series
        Index region (one level), yuan in the year: the path's sales of the places that it holds.
    tree : RegionTree
    year : int
    last : Series, optional
        Index region, last year's sales, yuan. A place that sold and is not on the path is asked for its
        last sales times 1 + `growth`; one that is on it for no less.
    growth : float
    total : float, optional
        The target of all places together, yuan, a whole multiple of `unit`: the path's figures are brought
        to it in proportion. Default: their sum, rounded.
    unit : float
        Smallest unit of a task, yuan.

    Returns
    -------
    Quotas
        Places without a task are left out; ``last`` is 0 where the company sold nothing.

    Raises
    ------
    MktError
        Negative or missing figures, two levels mixed, nothing sold at all.

    Examples
    --------
    >>> import mktanalysis as mkt
    >>> tree = mkt.RegionTree.from_table(pd.DataFrame({"region": ["N", "a", "b"], "name": ["N", "a", "b"],
    ...     "level": ["nation", "city", "city"], "parent": [None, "N", "N"]}))
    >>> sold, last = pd.Series({"a": 3.2e6}), pd.Series({"b": 1e6})
    >>> tasks = quotas_of_path(sold, tree, year=2027, last=last, growth=0.1)
    >>> tasks.table[["region", "last", "quota"]].values.tolist()
    [['N', 1000000.0, 4300000.0], ['a', 0.0, 3200000.0], ['b', 1000000.0, 1100000.0]]
    """
    before = pd.Series(dtype=float) if last is None else last
    places = sold.index.union(before.index).astype("str")
    bad = [*sold.index[~(sold >= 0)], *before.index[~(before >= 0)]]
    if bad:
        raise MktError(f"路径或去年的销售额应为非负数（缺失不是 0）：{'、'.join(map(str, bad[:20]))}")
    levels = tree.level_of(places).unique()
    if len(levels) != 1:
        raise MktError(f"路径与去年的销售额应按同一层级的地区给出，现有：{'、'.join(levels) or '没有地区'}")
    before = before.reindex(places).fillna(0.0)
    wish = np.maximum(sold.reindex(places).fillna(0.0), before * (1 + growth))
    wish = wish[wish > 0]
    if wish.empty:
        raise MktError("路径和去年都没有销售额，定不出任务")
    whole = round(wish.sum() / unit) * unit if total is None else float(total)
    exact = project(whole, wish * (whole / wish.sum()), weight=wish)
    none = pd.Series(np.nan, index=wish.index)
    quota = nested(whole, exact, tree, low=none, high=none, unit=unit)
    table = pd.DataFrame(
        {
            "level": tree.level_of(quota.index),
            "last": add_up(before[wish.index], tree.pruned(wish.index)),
            "quota": quota,
        }
    ).reset_index(names="region")
    table = described(table, None, whole, levels[0], Limits(none, none, unit))
    shown = named(table.assign(method="path")[list(COLUMNS)], "quotas")
    return Quotas(shown, year, None, _notes(sold, before, wish))


def _notes(sold: pd.Series, before: pd.Series, wish: pd.Series) -> tuple[str, ...]:
    new = int(((before[wish.index] == 0) & (wish > 0)).sum())
    kept = int((wish.index.difference(sold.index[sold > 0])).size)
    notes = []
    if new:
        notes.append(f"{new} 个地区是新进入的，没有去年的数，任务就是路径上当年的销售额。")
    if kept:
        notes.append(f"{kept} 个地区不在路径上，任务按去年的销售额和增长率。")
    return tuple(notes)
