"""Figures that are possible but almost surely wrong: units mixed up, totals that do not add up.

Always holds: a figure is compared with its own series first, then with its neighbours, then with what is
usual for a region of its level; a whole column that is off is one problem, not one a row.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from ...errors import Problems
from ...regions import RegionTree
from ..fields import Kind, Measure

#: Off its own series, or its neighbours, by this factor: the wrong unit.
_SERIES_FACTOR = 100.0
_NEIGHBOUR_FACTOR = 1000.0
_COLUMN_FACTOR = 300.0
#: Money figures of a region grew about 11% a year since 1980; before 2022 the usual figure is less.
_GROWTH = 0.11
_USUAL_YEAR = 2022
_UNIT_STEP = 1e4
_SURE = "；确实无误时用 check_magnitude=False（命令行 --allow-outliers）读取"


def check_bounds(
    figures: pd.DataFrame, kind: Kind, problems: Problems, *, allow_negative: bool = False
) -> pd.DataFrame:
    """Note negative and impossible figures; return the others.

    Parameters
    ----------
    figures : DataFrame
        Columns row, column, region, period, measure, value, factor, raw, header_row.
    """
    good = figures["value"].notna()
    wrong = pd.Series(False, figures.index)
    for measure in kind.measures:
        mine = good & (figures["measure"] == measure.name)
        values = figures["value"].where(mine)
        empty = (values == 0) & (kind.name == "indicators")
        for row in figures[empty].itertuples():
            problems.add("为 0：没有数字的格子请留空", row=row.row, column=row.column, value=row.raw)
        low = -np.inf if kind.own and allow_negative else (-np.inf if measure.low is None else measure.low)
        more = "；确是退货时用 allow_negative=True（命令行 --allow-negative）读取" if kind.own else ""
        for row in figures[(values < low)].itertuples():
            text = f"不能为负数{more}" if measure.low == 0 else f"低于下限 {measure.low:g}"
            problems.add(text, row=row.row, column=row.column, value=row.raw)
        over = values > (measure.high if measure.high is not None else np.inf) * (1 + 1e-9)
        for row in figures[over].itertuples():
            text = "大于 100%" if measure.dimension == "share" else f"高于上限 {measure.high:g}"
            problems.add(text, row=row.row, column=row.column, value=row.raw)
        wrong |= (values < low) | over | empty
    return figures[~wrong]


#: Kinds with an analyst's own money, which may be tiny in a new market.
_OWN = ("sales", "targets", "volumes")


def check_magnitudes(figures: pd.DataFrame, kind: Kind, tree: RegionTree, problems: Problems) -> None:
    """Note figures and columns that must be in another unit than they say."""
    known = figures[figures["value"].gt(0) & figures["region"].notna()]
    if known.empty:
        return
    known = known.assign(
        level=tree.level_of(known["region"]).to_numpy(),
        parent=tree.table.set_index("region")["parent"].reindex(known["region"]).to_numpy(),
    )
    for name, group in known.groupby("measure"):
        measure = kind.by_name(name)
        bad_columns = _check_columns(group, measure, problems)
        _check_cells(group[~group["column"].isin(bad_columns)], measure, kind, problems)


def _check_columns(group: pd.DataFrame, measure: Measure, problems: Problems) -> list[str]:
    bad = []
    series = group.groupby("region")["value"].transform("size")
    for title, column in group.groupby("column"):
        if len(column) < 3 and series[column.index].min() >= 4:
            continue  # a year of its own column: better compared with the other years
        text = _column_trouble(column, measure)
        if text:
            problems.add(text, row=int(column["header_row"].iloc[0]), column=title)
            bad.append(title)
    return bad


def _column_trouble(column: pd.DataFrame, measure: Measure) -> str:
    values = column["value"]
    factor = column["factor"].iloc[0]
    tiny = factor == 0.01 and len(values) > 1 and values.max() <= 0.01 and not column["stated"].any()
    if measure.dimension == "share" and tiny:
        return (
            "单位写的是 %，数值却都不大于 1；若是 0 到 1 的小数，请把列名中的单位改为（比例）；"
            "若确是百分之一以下，请在每个数后写 %（0.5%）"
        )
    if measure.dimension == "person" and factor == 1 and (values % 1 != 0).mean() > 0.5:
        return "单位写的是人，数值却不是整数：单位可能写错（人与万人？）"
    if measure.rare and len(values) > 1 and (~values.between(*measure.rare)).mean() > 0.5:
        return f"整列数量级不合理：单位可能写错（{_pair(measure)}？）"
    usual = column["level"].map(measure.usual or {}).astype(float)
    if usual.notna().sum() == 0:
        return ""
    if measure.dimension == "yuan":
        years = column["year"].fillna(_USUAL_YEAR).clip(upper=_USUAL_YEAR)
        usual = usual * np.exp(-_GROWTH * (_USUAL_YEAR - years)) / column["per_year"]
    ratio = float((values / usual).median())
    limit = _COLUMN_FACTOR if len(values) >= 3 else _NEIGHBOUR_FACTOR
    if 1 / limit < ratio < limit:
        return ""
    times = f"{ratio:,.0f} 倍" if ratio > 1 else f"{1 / ratio:,.0f} 分之一"
    return f"整列约为同级地区通常数的 {times}：单位可能写错（{_pair(measure)}？）"


def _pair(measure: Measure) -> str:
    if measure.dimension == "yuan":
        return "亿元与万元" if measure.additive else "元与万元"
    return {"person": "人与万人", "share": "% 与小数"}.get(measure.dimension, "单位")


def _check_cells(group: pd.DataFrame, measure: Measure, kind: Kind, problems: Problems) -> None:
    done = pd.Series(False, group.index)
    if measure.rare:
        low, high = measure.rare
        for row in group[(group["value"] < low) | (group["value"] > high)].itertuples():
            problems.add(
                f"数量级不合理：单位可能写错（{_pair(measure)}？）{_SURE}",
                row=row.row,
                column=row.column,
                value=row.raw,
            )
        done = (group["value"] < low) | (group["value"] > high)
    if measure.dimension in ("share", "count", "number", "km"):
        return  # 0.1% beside 40% is no mistake of units
    for keys, least, what, limit in _comparisons(kind):
        ratio, size = _against(group, keys)
        off = (size >= least) & ~done & _is_off(ratio, limit, both=kind.name not in _OWN or what == "series")
        for row, times in zip(group[off].itertuples(), ratio[off], strict=True):
            text = f"{times:,.0f} 倍" if times > 1 else f"{1 / times:,.0f} 分之一"
            other = "同一地区其他时期" if what == "series" else "相邻地区"
            problems.add(
                f"约为{other}的 {text}：单位可能写错（{_pair(measure)}？）{_SURE}",
                row=row.row,
                column=row.column,
                value=row.raw,
            )
        done |= size >= least


def _comparisons(kind: Kind) -> list[tuple[list[str], int, str, float]]:
    """What a figure is compared with: keys, how many there must be, name, factor; the first that applies.

    An analyst's own sales may well rise a hundredfold in a new market: there the factor is 1,000.
    """
    series = _SERIES_FACTOR if kind.name == "indicators" else _NEIGHBOUR_FACTOR
    return [
        (["region"], 4, "series", series),
        (["parent", "level", "period"], 4, "neighbours", _NEIGHBOUR_FACTOR),
        (["level", "period"], 6, "neighbours", _NEIGHBOUR_FACTOR),
    ]


def _against(group: pd.DataFrame, keys: list[str]) -> tuple[pd.Series, pd.Series]:
    """Each figure over the median of its group, and the size of the group."""
    by = group.groupby(keys, dropna=False)["value"]
    return group["value"] / by.transform("median"), by.transform("size")


def _is_off(ratio: pd.Series, limit: float, *, both: bool) -> pd.Series:
    """Off by the limit, or nearly and right again after the usual mistake of four digits."""
    size = ratio.where(ratio >= 1, 1 / ratio if both else 1.0)
    fixed = (size / _UNIT_STEP).between(0.2, 5)
    return (size >= limit) | ((size >= _COLUMN_FACTOR) & fixed)


def check_totals(totals: pd.DataFrame, figures: pd.DataFrame, kind: Kind, tree: RegionTree) -> list[str]:
    """Compare rows such as 合计 with the sums of what they add up; return notes, and warn where they are off.

    A total is only compared where no part is missing; the parts are the highest rows among those it may
    add up, and the best match counts.
    """
    notes = []
    equal: dict[str, int] = {}
    for total in totals[totals["value"].notna()].itertuples():
        if not kind.by_name(total.measure).additive:
            continue
        same = (figures["measure"] == total.measure) & (figures["period"] == total.period)
        parts = figures[same & figures["region"].notna()]
        gaps = [_gap(group, total.value, tree) for group in _added_up(parts, total, tree)]
        gap = min((gap for gap in gaps if gap == gap), key=abs, default=0.0)
        if abs(gap) > 0.01:
            size = f"{abs(gap):.1%}" if abs(gap) < 10 else f"{abs(gap):,.0f} 倍"
            which = f"第 {total.row} 行“{total.word}”，列“{total.column}”"
            note = f"{which}：各行之和比它{'多' if gap > 0 else '少'} {size}"
            warnings.warn(note, UserWarning, stacklevel=3)
            notes.append(note)
        else:
            equal[f"第 {total.row} 行“{total.word}”"] = 1
    if equal:
        rows = "、".join(list(equal)[:6]) + (f" 等 {len(equal)} 行" if len(equal) > 6 else "")
        notes.append(f"合计行没有作为地区读入：{rows}")
    return notes


def _added_up(parts: pd.DataFrame, total, tree: RegionTree) -> list[pd.DataFrame]:
    """The rows that a total may add up: those since the last total, those of its province, all."""
    groups = (
        [parts[(parts["row"] < total.row) & (parts["row"] > total.after)]] if total.word == "小计" else []
    )
    if isinstance(total.scope, str):
        inside = tree.subtree(total.scope).regions
        groups.append(parts[parts["region"].isin(inside) & (parts["region"] != total.scope)])
        groups.append(parts[parts["region"] == total.scope])
    return groups if total.word == "小计" else [*groups, parts]


def _gap(parts: pd.DataFrame, total: float, tree: RegionTree) -> float:
    """How far the sum of the highest rows is from their total; missing if a part is."""
    parts = parts[~_nested(parts["region"], tree)]
    if parts.empty or parts["value"].isna().any() or total == 0:
        return np.nan
    return parts["value"].sum() / total - 1


def _nested(regions: pd.Series, tree: RegionTree) -> pd.Series:
    """Whether a region above this one is in the list too."""
    listed = set(regions)
    parent = dict(zip(tree.table["region"], tree.table["parent"], strict=True))

    def inside(region: str) -> bool:
        while isinstance(region := parent.get(region), str):
            if region in listed:
                return True
        return False

    return regions.map({region: inside(region) for region in listed}).astype(bool)


def above_others(regions: pd.Series, tree: RegionTree) -> pd.Series:
    """Whether a region below this one is in the list too: its row adds up others."""
    listed = set(regions)
    covered: set[str] = set()
    parent = dict(zip(tree.table["region"], tree.table["parent"], strict=True))
    for region in listed:
        while isinstance(region := parent.get(region), str) and region not in covered:
            covered.add(region)
    return regions.isin(covered)
