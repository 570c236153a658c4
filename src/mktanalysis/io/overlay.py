"""An analyst's newer figures laid over a built-in table (自有新数覆盖内置数).

Always holds: own figures win where both speak and nothing else changes; every cell that is new or changed is
told; figures in other units or under codes that are no region of the tree are refused, not mended.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .. import words
from ..errors import MktError, Problems, TableError

#: A figure that steps this much more than its neighbours (log points) may be on another base.
BREAK_STEP = 0.15
#: ... and this many robust standard deviations.
BREAK_SCORE = 5.0
#: Own over built-in figures: beyond this factor, in the median, the unit is another.
UNIT_FACTOR = 20.0
#: Relative difference below which two figures are the same.
SAME = 1e-6
_UNITS = {1e4: "万", 1e8: "亿", 1e-4: "万分之一", 1e-8: "亿分之一", 1e2: "百", 1e-2: "百分之一"}


@dataclass(frozen=True, eq=False)
class Overlay:
    """A table with own figures laid over it, and what that changed.

    Attributes
    ----------
    table : DataFrame
        As the built-in one; with a column ``source`` own rows carry the given name.
    report : DataFrame
        Columns region, period, (indicator,) builtin, own, change (ratio less 1), kind: ``new``, ``changed``,
        ``same``.
    breaks : DataFrame
        Columns region, period, (indicator,) step (log points beyond the usual), reason: where an own figure
        follows a built-in one with a step that looks like another base. Confirm them and pass them on as
        ``breaks``, or put the figures right.
    """

    table: pd.DataFrame
    report: pd.DataFrame
    breaks: pd.DataFrame

    def said(self) -> str:
        """Say in one line what own figures did."""
        count = self.report["kind"].value_counts()
        told = [
            f"{word} {count[kind]} 个" for kind, word in words.values("overlay").items() if count.get(kind, 0)
        ]
        text = f"自有数据：{'、'.join(told) or '没有数'}"
        return text + (f"；{len(self.breaks)} 处疑似口径变化，请确认" if len(self.breaks) else "")


def overlay(builtin: pd.DataFrame, own: pd.DataFrame, *, tree=None, source: str = "自有数据") -> Overlay:
    """Lay an analyst's figures over a built-in table.

    Parameters
    ----------
    builtin : DataFrame
        Columns region, period, value, optionally indicator, status, source and others: an indicator table or
        a panel.
    own : DataFrame
        Columns region, period, value and, if the built-in table has it, indicator; base units.
    tree : RegionTree, optional
        Refuse regions that it does not have.
    source : str
        Name of the figures, for provenance.

    Returns
    -------
    Overlay

    Raises
    ------
    TableError
        Codes outside the tree, values that are no positive numbers, cells given twice, another unit.

    Examples
    --------
    >>> years = pd.PeriodIndex(["2022", "2023", "2023", "2024"], freq="Y")
    >>> builtin = pd.DataFrame({"region": "a", "period": years[:2], "value": [100.0, 104.0]})
    >>> own = pd.DataFrame({"region": "a", "period": years[2:], "value": [105.0, 109.0]})
    >>> laid = overlay(builtin, own)
    >>> laid.table["value"].tolist(), laid.said()
    ([100.0, 105.0, 109.0], '自有数据：新增 1 个、改动 1 个')
    """
    keys = ["region", "period"] + (["indicator"] if "indicator" in builtin else [])
    missing = [name for name in [*keys, "value"] if name not in own]
    if missing:
        raise MktError(f"自有数据应有列 {'、'.join([*keys, 'value'])}，缺少：{'、'.join(missing)}")
    given = own.dropna(subset=["value"]).astype({"value": float})
    dtype = builtin["period"].dtype
    if given["period"].dtype != dtype:
        freq = dtype.freq
        given = given.assign(period=pd.PeriodIndex([pd.Period(str(p), freq) for p in given["period"]]))
    _refuse(given, keys, tree)
    both = builtin[[*keys, "value"]].rename(columns={"value": "builtin"})
    report = given[[*keys, "value"]].rename(columns={"value": "own"}).merge(both, on=keys, how="left")
    _refuse_units(report, builtin, keys)
    report["change"] = report["own"] / report["builtin"] - 1
    known = report["builtin"].notna()
    same = known & (report["change"].abs() < SAME)
    report["kind"] = np.where(~known, "new", np.where(same, "same", "changed"))
    table = _laid(builtin, given, keys, source)
    return Overlay(
        table=table,
        report=report[[*keys, "builtin", "own", "change", "kind"]].sort_values(keys, ignore_index=True),
        breaks=_breaks(table, given, keys),
    )


def _refuse(given: pd.DataFrame, keys: list[str], tree) -> None:
    """Raise with everything that is wrong by itself."""
    rules = [
        (~np.isfinite(given["value"]) | (given["value"] < 0), "value", "应为不小于 0 的数"),
        (given.duplicated(keys, keep=False), "region", "同一格给了两次"),
    ]
    if tree is not None:
        old = ~given["region"].isin(tree.regions)
        rules.append((old, "region", "代码不在今天的地区树中：旧代码请先用 load_crosswalk 换算"))
    where = given["region"] + " " + given["period"].astype(str)
    problems = Problems()
    for bad, column, text in rules:
        problems.add_rows(bad, column, where, text)
    problems.raise_any()


def _refuse_units(report: pd.DataFrame, builtin: pd.DataFrame, keys: list[str]) -> None:
    """Raise where own figures are a power of ten away from the region's built-in ones, in the median."""
    key = [name for name in keys if name != "period"]
    last = builtin[builtin["value"] > 0].sort_values("period").drop_duplicates(key, keep="last")
    beside = report.merge(last[[*key, "value"]], on=key, how="inner")
    beside = beside[(beside["own"] > 0)]
    if "indicator" in keys:
        groups = dict(list(beside.groupby("indicator")))
    else:
        groups = {"": beside} if len(beside) else {}
    rows = []
    for name, part in groups.items():
        factor = float(np.exp(np.median(np.log(part["own"] / part["value"]))))
        if not 1 / UNIT_FACTOR < factor < UNIT_FACTOR:
            near = min(_UNITS, key=lambda unit: abs(np.log(factor) - np.log(1 / unit)))
            text = f"自有数约为内置数的 {factor:.2g} 倍，像是以“{_UNITS[near]}”为单位：请换成基本单位"
            rows.append({"column": "value", "value": name, "problem": text})
    if rows:
        raise TableError(pd.DataFrame(rows))


def _laid(builtin: pd.DataFrame, given: pd.DataFrame, keys: list[str], source: str) -> pd.DataFrame:
    marks = {"status": "observed", "source": source}
    rows = given[[*keys, "value"]].assign(**{name: word for name, word in marks.items() if name in builtin})
    if "unit" in builtin and "indicator" in keys:
        unit = builtin.drop_duplicates("indicator").set_index("indicator")["unit"]
        rows["unit"] = rows["indicator"].map(unit)
    kept = builtin.merge(given[keys], on=keys, how="left", indicator=True)
    kept = kept[kept["_merge"] == "left_only"].drop(columns="_merge")
    table = pd.concat([kept, rows.reindex(columns=builtin.columns)], ignore_index=True)
    return table.sort_values(keys, ignore_index=True).astype({"region": builtin["region"].dtype})


def _breaks(table: pd.DataFrame, given: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Own figures whose step from the built-in one before is unlike the others' of the period."""
    group = [name for name in keys if name != "period"]
    line = table[table["value"] > 0].sort_values(keys)
    line = line.assign(log=np.log(line["value"]))
    line["step"] = line.groupby(group)["log"].diff()
    mine = line.merge(given[keys], on=keys, how="left", indicator="whose")
    mine["own"] = (mine["whose"] == "both").to_numpy()
    before = mine.groupby(group)["own"].shift(fill_value=False).astype(bool)
    first = mine["own"] & ~before & mine["step"].notna()
    about = [name for name in keys if name != "region"]
    usual = mine.groupby(about)["step"].transform("median")
    history = mine[~mine["own"]]
    every = ["indicator"] if "indicator" in keys else []
    scatter = (history["step"] - usual[history.index]).abs()
    if every:
        spread = mine["indicator"].map(1.4826 * scatter.groupby(history["indicator"]).median())
    else:
        spread = pd.Series(1.4826 * scatter.median(), mine.index)
    few = mine.groupby(about)["step"].transform("count") < 5  # too few of the period to say what is usual
    typical = mine.groupby(group)["step"].transform("median")
    away = mine["step"] - usual.where(~few, typical)
    odd = first & (away.abs() > BREAK_STEP) & (away.abs() > BREAK_SCORE * spread)
    found = mine[odd].assign(step=away[odd], reason="与内置数衔接处的变动大大超过通常：可能换了口径")
    return found[[*keys, "step", "reason"]].reset_index(drop=True)
