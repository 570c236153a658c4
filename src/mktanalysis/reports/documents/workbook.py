"""The plan's workbook: sheets whose totals are formulas where a person will change figures.

Always holds: every formula is written by this module and carries its value, so that a reader that does not
reckon sees the same figures; no text of a table becomes a formula or a link; money is in 万元.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pandas as pd
from xlsxwriter.utility import xl_rowcol_to_cell as cell

from ...errors import MktError
from ...io.write import CREATED, WORKBOOK_OPTIONS, replacing
from ...words import label

_WAN = 1e4
#: A function takes no more arguments.
_ARGUMENTS = 255


def write_plan_workbook(
    path: str | Path,
    *,
    tree,
    quotas: pd.DataFrame,
    months: pd.DataFrame | None = None,
    budget: pd.DataFrame | None = None,
    visits: pd.DataFrame | None = None,
    inputs: pd.DataFrame | None = None,
    control: bool = False,
) -> Path:
    """Write the tables of a plan as a workbook that stays in balance when figures are changed (计划工作簿).

    Parameters
    ----------
    path : str or Path
        Ending .xlsx.
    tree : RegionTree
    quotas : DataFrame
        From ``set_quotas(...).table``: all levels; the lowest are figures to change, those above are sums.
    months : DataFrame, optional
        From ``quota_months``: region, period, value; sums by row and column, and what is missing to the
        year.
    budget : DataFrame, optional
        From ``plan_budget``: item, amount, basis; the last row becomes a sum.
    visits : DataFrame, optional
        ``visit_calendar(...).days``: hours a person, week and day, with sums by week.
    inputs : DataFrame, optional
        Columns item, value, source (texts or numbers): what the plan was reckoned from.
    control : bool
        Add a sheet with an empty column for what each month brought: completion, gap and tracking signal
        follow from it. Needs `months`.

    Returns
    -------
    Path

    Raises
    ------
    MktError
        Another ending, quotas without a lowest level that the months share.
    """
    import xlsxwriter

    if Path(path).suffix.lower() != ".xlsx":
        raise MktError(f"工作簿应以 .xlsx 结尾，给出的是 {Path(path).name!r}")
    with replacing(path) as temporary:
        book = xlsxwriter.Workbook(str(temporary), WORKBOOK_OPTIONS)
        book.set_properties({"created": CREATED})
        pens = _Pens(book)
        if inputs is not None:
            _inputs(book.add_worksheet("输入"), inputs, pens)
        where = _quotas(book.add_worksheet("任务"), quotas, tree, pens)
        if months is not None:
            _months(book.add_worksheet("月度"), months, where, tree, pens)
        if months is not None and control:
            _control(book.add_worksheet("控制"), months, pens)
        if budget is not None:
            _budget(book.add_worksheet("预算"), budget, pens)
        if visits is not None:
            _visits(book.add_worksheet("拜访日历"), visits, pens)
        book.close()
    return Path(path)


class _Pens:
    """Cell formats: a head, figures to change (blue), sums, rates, texts."""

    def __init__(self, book):
        self.head = book.add_format({"bold": True, "bg_color": "#DDE6F0", "bottom": 1, "text_wrap": True})
        self.text = book.add_format({"num_format": "@"})
        self.own = book.add_format({"num_format": "#,##0.##", "font_color": "#1F4E9E"})
        self.sum = book.add_format({"num_format": "#,##0.##", "bold": True})
        self.rate = book.add_format({"num_format": "0.0%"})


def _money(name: str, table: str) -> str:
    """The head of an amount: the word that a page has for it, and the unit of this workbook."""
    return f"{label(name, table)}（万元）"


def _heads(sheet, heads: list[str], pens: _Pens, widths: list[int]) -> None:
    for column, (head, width) in enumerate(zip(heads, widths, strict=True)):
        sheet.write_string(0, column, head, pens.head)
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 2)


def _inputs(sheet, inputs: pd.DataFrame, pens: _Pens) -> None:
    _heads(sheet, ["项目", "数值", "来源"], pens, [28, 18, 50])
    for row, line in enumerate(inputs.itertuples(), start=1):
        sheet.write_string(row, 0, str(line.item), pens.text)
        if isinstance(line.value, (int, float)) and not isinstance(line.value, bool):
            sheet.write_number(row, 1, line.value, pens.own)
        else:
            sheet.write_string(row, 1, str(line.value), pens.text)
        sheet.write_string(row, 2, str(line.source), pens.text)


def _sum(rows: list[int], column: int) -> str:
    """``=SUM(...)`` of cells in one column, runs of rows as ranges."""
    runs = []
    start = rows[0]
    for now, after in pairwise([*rows, None]):
        if after != now + 1 if after is not None else True:
            first = cell(start, column)
            runs.append(first if start == now else f"{first}:{cell(now, column)}")
            start = after
    groups = [runs[i : i + _ARGUMENTS] for i in range(0, len(runs), _ARGUMENTS)]
    return "=" + "+".join(f"SUM({','.join(group)})" for group in groups)


def _quotas(sheet, quotas: pd.DataFrame, tree, pens: _Pens) -> dict[str, tuple[int, float]]:
    """Depth first, so that a parent stands above its children. Region -> its row, its task."""
    table = quotas.set_index("region")
    parent = tree.table.set_index("region")["parent"].reindex(table.index)
    children = {code: list(group.index) for code, group in parent.groupby(parent)}
    order = _depth_first(table.index[~parent.isin(table.index)], children)
    row_of = {region: row for row, region in enumerate(order, start=1)}
    heads = ["地区代码", "地区", _money("last", "quotas"), _money("quota", "quotas")]
    heads += [label("growth", "quotas"), label("share", "quotas")]
    _heads(sheet, heads, pens, [12, 24, 16, 16, 10, 10])
    names = tree.names(order)
    depth = {region: len(tree.path(region)) for region in order}
    top = depth[order[0]]
    for region, row in row_of.items():
        last = table.loc[region, "last"] / _WAN
        task = table.loc[region, "quota"] / _WAN
        below = [row_of[child] for child in children.get(region, [])]
        sheet.write_string(row, 0, region, pens.text)
        sheet.write_string(row, 1, "　" * (depth[region] - top) + names[region], pens.text)
        for column, value in ((2, last), (3, task)):
            if below:
                sheet.write_formula(row, column, _sum(below, column), pens.sum, value)
            else:
                sheet.write_number(row, column, value, pens.own)
        growth = task / last - 1 if last else ""
        sheet.write_formula(
            row, 4, f'=IF({cell(row, 2)}=0,"",{cell(row, 3)}/{cell(row, 2)}-1)', pens.rate, growth
        )
        share = task / (table.loc[order[0], "quota"] / _WAN)
        sheet.write_formula(row, 5, f"={cell(row, 3)}/{cell(1, 3, row_abs=True)}", pens.rate, share)
    return {region: (row, table.loc[region, "quota"] / _WAN) for region, row in row_of.items()}


def _depth_first(roots, children: dict) -> list[str]:
    order = []
    stack = list(roots)[::-1]
    while stack:
        region = stack.pop()
        order.append(region)
        stack.extend(children.get(region, [])[::-1])
    return order


def _months(sheet, months: pd.DataFrame, where: dict, tree, pens: _Pens) -> None:
    wide = months.pivot(index="region", columns="period", values="value") / _WAN
    strangers = wide.index.difference(pd.Index(where))
    if len(strangers):
        raise MktError(f"月度表的地区不在任务表中：{'、'.join(strangers[:20])}")
    wide = wide.loc[sorted(wide.index, key=lambda region: where[region][0])]
    n = wide.shape[1]
    heads = ["地区代码", "地区", *map(str, wide.columns), "合计", "年任务", "差额"]
    _heads(sheet, heads, pens, [12, 20, *[11] * n, 13, 13, 11])
    names = tree.names(wide.index)
    for row, (region, values) in enumerate(zip(wide.index, wide.to_numpy(), strict=True), start=1):
        sheet.write_string(row, 0, region, pens.text)
        sheet.write_string(row, 1, names[region], pens.text)
        for j, value in enumerate(values):
            sheet.write_number(row, 2 + j, value, pens.own)
        task_row, task = where[region]
        span = f"{cell(row, 2)}:{cell(row, n + 1)}"
        sheet.write_formula(row, n + 2, f"=SUM({span})", pens.sum, values.sum())
        sheet.write_formula(row, n + 3, f"=任务!{cell(task_row, 3)}", pens.sum, task)
        left = f"={cell(row, n + 2)}-{cell(row, n + 3)}"
        sheet.write_formula(row, n + 4, left, pens.sum, values.sum() - task)
    last = len(wide)
    sheet.write_string(last + 1, 1, "合计", pens.text)
    totals = [*wide.sum(), wide.to_numpy().sum(), sum(where[region][1] for region in wide.index)]
    totals.append(totals[-2] - totals[-1])
    for j, total in enumerate(totals):
        span = f"{cell(1, 2 + j)}:{cell(last, 2 + j)}"
        sheet.write_formula(last + 1, 2 + j, f"=SUM({span})", pens.sum, total)


def _control(sheet, months: pd.DataFrame, pens: _Pens) -> None:
    """Task by month from the month sheet; actual to be filled in; the rest reckons itself."""
    heads = [label("period", "plan_control"), _money("plan", "plan_control"), _money("actual", "control")]
    heads += [label("completion"), _money("cumulative_plan", "plan_control"), "累计实际（万元）"]
    heads += [_money("cumulative_gap", "control"), label("tracking_signal")]
    _heads(sheet, heads, pens, [12, *[14] * 7])
    totals = months.groupby("period")["value"].sum().sort_index() / _WAN
    below = months["region"].nunique() + 1  # the row of sums of the month sheet
    for row, (period, task) in enumerate(totals.items(), start=1):
        filled = cell(row, 2)
        so_far = [f"{cell(1, column, row_abs=True)}:{cell(row, column)}" for column in range(8)]
        gap = f"{cell(row, 5)}-{cell(row, 4)}"
        spread = f"SUMPRODUCT(ABS({so_far[2]}-{so_far[1]}))/{row}"
        sheet.write_string(row, 0, str(period), pens.text)
        sheet.write_formula(row, 1, f"=月度!{cell(below, row + 1)}", pens.sum, task)
        sheet.write_blank(row, 2, None, pens.own)
        sheet.write_formula(row, 3, f'=IF({filled}="","",{filled}/{cell(row, 1)})', pens.rate, "")
        sheet.write_formula(row, 4, f"=SUM({so_far[1]})", pens.sum, totals.iloc[:row].sum())
        sheet.write_formula(row, 5, f'=IF({filled}="","",SUM({so_far[2]}))', pens.sum, "")
        sheet.write_formula(row, 6, f'=IF({filled}="","",{gap})', pens.sum, "")
        signal = f'=IF({filled}="","",IF({spread}=0,0,({gap})/({spread})))'
        sheet.write_formula(row, 7, signal, pens.sum, "")


def _budget(sheet, budget: pd.DataFrame, pens: _Pens) -> None:
    heads = [label("item", "plan_budget"), _money("amount", "plan_budget"), label("share", "plan_budget")]
    _heads(sheet, [*heads, label("basis", "plan_budget")], pens, [22, 16, 10, 46])
    lines = budget[budget["item"] != "合计"]
    total = lines["amount"].sum() / _WAN
    last = len(lines)
    for row, line in enumerate(lines.itertuples(), start=1):
        sheet.write_string(row, 0, str(line.item), pens.text)
        sheet.write_number(row, 1, line.amount / _WAN, pens.own)
        share = line.amount / _WAN / total if total else 0.0
        whole = cell(last + 1, 1, row_abs=True)
        sheet.write_formula(row, 2, f"=IF({whole}=0,0,{cell(row, 1)}/{whole})", pens.rate, share)
        sheet.write_string(row, 3, str(line.basis), pens.text)
    sheet.write_string(last + 1, 0, "合计", pens.text)
    span = f"{cell(1, 1)}:{cell(last, 1)}"
    sheet.write_formula(last + 1, 1, f"=SUM({span})", pens.sum, total)


def _visits(sheet, days: pd.DataFrame, pens: _Pens) -> None:
    wide = days.pivot(index=["person", "week"], columns="day", values="hours")
    week = ["周一", "周二", "周三", "周四", "周五", "周六"]
    names = [week[int(day) - 1] for day in wide.columns]
    _heads(sheet, ["人员", "周", *names, "合计（小时）"], pens, [16, 8, *[9] * len(names), 13])
    for row, ((person, number), hours) in enumerate(zip(wide.index, wide.to_numpy(), strict=True), start=1):
        sheet.write_string(row, 0, str(person), pens.text)
        sheet.write_number(row, 1, int(number), pens.text)
        for j, value in enumerate(hours):
            sheet.write_number(row, 2 + j, value, pens.own)
        span = f"{cell(row, 2)}:{cell(row, 1 + len(names))}"
        sheet.write_formula(row, 2 + len(names), f"=SUM({span})", pens.sum, hours.sum())
