"""Figures that a forecast must keep: published totals, approved budgets, floors and ceilings.

Always holds: what is given is checked as a whole before anything is computed; a node and period may be given
once; only what lies beyond the horizon is left aside.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import MktError, Problems
from .structure import Structure

KINDS = ("value", "lower", "upper")


def _word(freq) -> str:
    """Frequency of periods in Chinese."""
    code = freq.rule_code[0]
    return {"Y": "年", "Q": "季", "M": "月", "W": "周", "D": "日"}.get(code, code)


def fixed_bounds(
    fixed: pd.DataFrame, structure: Structure, end: pd.Period, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """Turn a table of fixed values and bounds into arrays of lower and upper bounds (nodes, horizon).

    Parameters
    ----------
    fixed : DataFrame
        Columns region, period and at least one of ``value`` (lower = upper), ``lower``, ``upper``.
    structure : Structure
    end : Period
        Last period of the history.
    horizon : int

    Raises
    ------
    MktError, TableError
        Missing columns, another frequency, unknown regions, periods that have come in, repeated rows.

    Examples
    --------
    >>> tree = Structure.from_parents(pd.Series({"N": None, "a": "N"}))
    >>> table = pd.DataFrame({"region": ["N"], "period": ["2025"], "value": [7.0]})
    >>> lower, upper = fixed_bounds(table, tree, pd.Period("2024", "Y"), 2)
    >>> lower[0].tolist(), upper[0].tolist()
    ([7.0, -inf], [7.0, inf])
    """
    kinds = [kind for kind in KINDS if kind in fixed]
    if not {"region", "period"} <= set(fixed.columns) or not kinds:
        raise MktError("fixed 应有列 region、period，以及 value（固定值）、lower（下限）或 upper（上限）")
    dtype = fixed["period"].dtype
    if isinstance(dtype, pd.PeriodDtype) and dtype.freq != end.freq:
        raise MktError(
            f"固定值按{_word(dtype.freq)}，预测按{_word(end.freq)}：两者应一致"
            "（年度总数可先用 split_target，或命令 mktanalysis targets split，分解到月或季）"
        )
    rows = structure.nodes.get_indexer(pd.Index(fixed["region"]))
    steps = np.array([(pd.Period(p, freq=end.freq) - end).n for p in fixed["period"]], dtype=int)
    repeated = pd.Series(list(zip(rows, steps, strict=True))).duplicated().to_numpy()
    rules = [
        (rows < 0, "固定值的地区不在预测的地区之中（低于预测的最底层，或没有历史）"),
        (steps < 1, f"历史已到 {end}，固定值只能给今后的时期"),
        (repeated & (rows >= 0), "固定值中同一地区、同一时期给了两次"),
    ]
    where = fixed["region"].astype(str) + " " + fixed["period"].astype(str)
    problems = Problems()
    for bad, words in rules:
        problems.add_rows(bad, "region、period", where, words)
    problems.raise_any()
    lower = np.full((structure.size, horizon), -np.inf)
    upper = np.full((structure.size, horizon), np.inf)
    for kind in kinds:
        given = (steps <= horizon) & fixed[kind].notna().to_numpy()
        for target in {"value": (lower, upper), "lower": (lower,), "upper": (upper,)}[kind]:
            target[rows[given], steps[given] - 1] = fixed[kind].to_numpy(dtype=float)[given]
    return lower, upper


def observed_figures(fixed: pd.DataFrame, structure: Structure, end: pd.Period, horizon: int) -> np.ndarray:
    """Which fixed figures were observed (status ``observed``): bool (nodes, horizon).

    An observed figure also tells of the regions beside it; any other is a decision and tells of none.
    """
    told = np.zeros((structure.size, horizon), dtype=bool)
    if "status" not in fixed:
        return told
    came = fixed[(fixed["status"] == "observed").to_numpy()]
    rows = structure.nodes.get_indexer(pd.Index(came["region"]))
    steps = np.array([(pd.Period(p, freq=end.freq) - end).n for p in came["period"]], dtype=int)
    inside = (rows >= 0) & (steps >= 1) & (steps <= horizon)
    told[rows[inside], steps[inside] - 1] = True
    return told
