"""The ranking of a part's reports: rank, figures with bars, subtotals of macro-regions, a total.

Always holds: a share is of what is listed; a size of places without figures is called a lower bound, and
so is a sum with such a part (a task or a cost is none); an interval is drawn on one scale for all rows;
the table reads the same without styles or script.
"""

from __future__ import annotations

import json
from html import escape

import pandas as pd

from ..one.job import STATUSES
from ..one.page import link, local_day, show_value
from .measures import COVERED, Measures
from .run import Run

#: The usual names of tiers, best first: a column of them is sorted in this order.
TIERS = ("超一线", "特级", "一线", "新一线", "准一线", "二线", "三线", "四线", "五线", "六线", "七线")


def ranking(measures: Measures, wanted: str = "") -> str:
    """The table of a part, the best first."""
    by = measures.ranked_by(wanted)
    columns = measures.columns(by)
    heads = ["", "地区", *(measures.label(name, unit=False) for name in columns)]
    units = ["", "", *(measures.figures[name]["unit"] for name in columns)]
    head = "".join(_head(text, unit) for text, unit in zip(heads, units, strict=True))
    order = range(len(measures.runs))
    if by:
        order = measures.values[by].sort_values(ascending=False, kind="stable", na_position="last").index
    scales = {name: _scale(measures, name) for name in measures.values}
    lines = "\n".join(_line(measures, at, rank, by, scales) for rank, at in enumerate(order, 1))
    foot = _sums(measures, by)
    return (
        '<div class="scroll" tabindex="0"><table><thead><tr>'
        f'{head}</tr></thead><tbody class="rows">{lines}</tbody>{foot}</table></div>'
    )


def _head(text: str, unit: str) -> str:
    if not text:
        return '<th scope="col" class="rank"></th>'
    small = f" <small>{escape(unit)}</small>" if unit else ""
    return f'<th scope="col"><button type="button">{escape(text)}{small}</button></th>'


def _line(measures: Measures, at: int, rank: int, by: str, scales: dict[str, tuple]) -> str:
    row = measures.runs[at]
    place = measures.places[at]
    listed = {figure["name"]: figure for figure in row.figures}
    cells = [f'<td class="n rank">{rank}</td>', f'<th scope="row">{title(row)}</th>']
    for name in measures.columns(by):
        figure = listed.get(name, {})
        if name in measures.values:
            cells.append(_number(measures, at, name, figure, by, scales[name]))
        else:
            cells.append(_cell(figure.get("value")))
    find = escape(f"{place.find} {row.title}", quote=True)
    return f'<tr data-area="{escape(place.area, quote=True)}" data-find="{find}">{"".join(cells)}</tr>'


def title(row: Run) -> str:
    """A report's label as a link to it, and links to its further files; an old report says of when it is."""
    text = escape(row.label)
    if row.record is None:
        return f"{text} <small>（{STATUSES[row.status]}）</small>"
    text = f'<a href="{link(row.report, "report.html")}">{text}</a>'
    for file in row.files:
        text += f' <small><a href="{link(row.report, file["name"])}">{escape(file["title"])}</a></small>'
    return text if row.ok else f"{text}<small>（{local_day(row.record['started'])}的旧报告）</small>"


def _number(measures: Measures, at: int, name: str, figure: dict, by: str, scale: tuple) -> str:
    value = measures.values[name].iloc[at]
    if pd.isna(value):
        return '<td data-sort="" class="n">无数据</td>'
    whole = figure.get("value")
    text = show_value(whole if whole is not None else float(value))
    bound = measures.bounded(name) and bool(measures.thin.iloc[at])
    mark = "<small>下限</small>" if bound else ""
    thin = bound or (name == measures.roles.get("covered") and value < COVERED)
    classes = "n thin" if thin else "n"
    bar = _bar(float(value), figure, scale, share=name == by and measures.added(name))
    return f'<td data-sort="{json.dumps(float(value))}" class="{classes}">{escape(text)}{mark}{bar}</td>'


def _bar(value: float, figure: dict, scale: tuple, *, share: bool) -> str:
    """The interval of a figure on the scale of its column, or its share of the column's sum."""
    low, high, total, most = scale
    if "lower" in figure and "upper" in figure:
        return _interval_bar(figure, low, high)
    if share and total > 0:
        return _share_bar(max(value, 0.0) / total, most / total)
    return ""


def _scale(measures: Measures, name: str) -> tuple[float, float, float, float]:
    """Ends of all intervals of a figure with 0 among them, the sum of what is above 0, and the largest."""
    ends = [
        end
        for row in measures.runs
        for figure in row.figures
        if figure["name"] == name and "lower" in figure and "upper" in figure
        for end in (figure["lower"], figure["upper"])
    ]
    column = measures.values[name].clip(lower=0)
    return min([*ends, 0.0]), max(ends, default=1.0), float(column.sum()), float(column.max())


def _interval_bar(figure: dict, low: float, high: float) -> str:
    span = (high - low) or 1.0
    start, middle, end = ((figure[key] - low) / span * 100 for key in ("lower", "value", "upper"))
    told = f"区间 {show_value(float(figure['lower']))} 到 {show_value(float(figure['upper']))}"
    return (
        f'<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{told}">'
        f'<title>{told}</title><path d="M{start:.1f} 4H{end:.1f}" class="span"/>'
        f'<path d="M{middle:.1f} 0V8" class="mid"/></svg>'
    )


def _share_bar(share: float, most: float) -> str:
    wide = share / most * 100 if most > 0 else 0.0
    told = f"占 {share:.1%}"
    return (
        f'<small>{share:.1%}</small><svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" '
        f'role="img" aria-label="{told}"><path d="M0 4H{wide:.1f}" class="share"/></svg>'
    )


def _cell(value) -> str:
    if isinstance(value, list):
        numbers = [v for v in value if v is not None]
        return f'<td data-sort="{numbers[-1] if numbers else ""}">{sparkline(value)}</td>'
    text = str(value or "")
    sort = str(TIERS.index(text)) if text in TIERS else text
    return f'<td data-sort="{escape(sort, quote=True)}">{escape(show_value(value))}</td>'


def sparkline(values: list) -> str:
    """A small line of a series; a gap where a value is missing.

    Examples
    --------
    >>> sparkline([1, 3, 2]).partition(">")[2]
    '<polyline points="2,22 50,2 98,12"/></svg>'
    """
    numbers = [value for value in values if value is not None]
    if len(numbers) < 2:
        return ""
    low = min(numbers)
    span = (max(numbers) - min(numbers)) or 1.0
    step = 96 / (len(values) - 1)
    pieces: list[list[str]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append(f"{2 + at * step:.4g},{22 - 20 * (value - low) / span:.4g}")
    lines = "".join(f'<polyline points="{" ".join(points)}"/>' for points in pieces if len(points) > 1)
    label = f"从 {show_value(numbers[0])} 到 {show_value(numbers[-1])}"
    return f'<svg class="spark" viewBox="0 0 100 24" role="img" aria-label="{escape(label)}">{lines}</svg>'


# ---- sums -------------------------------------------------------------------------------------------


def _sums(measures: Measures, by: str) -> str:
    """Subtotals of the macro-regions and a total, of the figures that can be added up."""
    columns = measures.columns(by)
    added = [name for name in columns if measures.added(name)]
    areas = pd.Series([place.area for place in measures.places])
    if not added or len(measures.runs) < 3:
        return ""
    lines = [_sum_line(measures, areas.notna(), "合计", "", columns)]
    groups = [area for area in areas.unique() if area]
    if by in added and len(groups) > 1:
        sums = measures.values[by].groupby(areas).sum().reindex(groups)
        for area in sums.sort_values(ascending=False, kind="stable").index:
            lines.append(_sum_line(measures, areas == area, area, area, columns))
    return f'<tbody class="sums">{"".join(lines)}</tbody>'


def _sum_line(measures: Measures, inside: pd.Series, name: str, area: str, columns: list[str]) -> str:
    part = measures.values[inside.to_numpy()]
    thin = bool(measures.thin[inside.to_numpy()].any())
    cells = []
    for column in columns:
        text = ""
        if measures.added(column):
            bound = "<small>下限</small>" if thin and measures.bounded(column) else ""
            text = f"{show_value(float(part[column].sum()))}{bound}"
        elif column == measures.roles.get("growth"):
            grown = measures.growth_of_sums(part)
            text = "" if pd.isna(grown) else show_value(grown)
        cells.append(f'<td class="n">{text}</td>')
    head = f'<td class="rank"></td><th scope="row">{escape(name)}<small>（{len(part)}）</small></th>'
    return f'<tr data-area="{escape(area, quote=True)}">{head}{"".join(cells)}</tr>'
