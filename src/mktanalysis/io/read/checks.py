"""What must hold of a layout before its rows are read: columns that are there once, titles that agree with
them.

Always holds: one cause is one problem, with the title or the header quoted and what to write instead.
"""

from __future__ import annotations

from ...errors import Problems
from ..fields import Kind, fields
from .grammar.cells import as_text
from .grammar.layout import ColumnRole, Layout, like_a_period


def layout_notes(layouts: list[Layout]) -> list[str]:
    notes = []
    for layout in layouts:
        titles = layout.titles
        where = f"工作表 {layout.sheet.name}：" if len(layouts) > 1 else ""
        for column in layout.having("ignored"):
            notes.append(f"{where}不认识的列，没有读取：{column.title}（{column.reason}）")
        for column in layout.having("label", "detail", "area", "closed"):
            if layout.having("figure"):
                notes.append(
                    f"{where}只用来区分各行，没有作为数据：{column.title}"
                ) if column.role != "detail" else None
        lone = [c for c in layout.having("figure") if c.measure is titles.measure]
        if titles.note and lone and not any(head.measure for head in layout.heads):
            notes.append(where + titles.note)
        elif lone and titles.measure and not any(head.measure for head in layout.heads):
            notes.append(f"{where}数据取自标题：{titles.measure.label}")
        for text, _, words in titles.narrowed:
            notes.append(f"{where}标题“{text[:40]}”里的“{words}”没有另作区分")
        own = layout.having("period") or (
            layout.having("figure") and all(c.when and c.when.year for c in layout.having("figure"))
        )
        if titles.when and not own:
            notes.append(f"{where}时期取自标题：{titles.when}")
    return notes


def check_layout(layout: Layout, kind: Kind, problems: Problems) -> None:
    """Columns that must be there, and none twice; titles that change the meaning."""
    row = layout.first_row
    figures = layout.having("figure")
    named = bool(layout.having("indicator"))
    titles = layout.titles
    if kind.needs_figures and not figures:
        _tell_no_figures(layout, kind, problems)
    unknown = [column for column in figures if column.measure is None and not named]
    if unknown:
        _tell_unknown(unknown, layout, kind, problems)
    _check_title(layout, kind, problems)
    _check_periods(layout, problems)
    split = kind.name == "customers" and not layout.having("label")  # a column a class
    keys = [
        (c.measure.name, c.when, c.cumulative, c.single, c.is_sum, c.title if split else "")
        for c in figures
        if c.measure and not named
    ]
    _check_no_period(layout, kind, problems)
    measured = [column for column in figures if column.measure]
    for i, (column, key) in enumerate(zip(measured, keys, strict=False)):
        if key in keys[:i]:
            problems.add("与前面一列是同一项数据", row=row, column=column.title)
    own_time = layout.having("period", "month", "quarter")
    has_year = layout.having("period") or (titles.when and titles.when.year)
    timed = own_time or _have_year(figures) or titles.when
    if (
        kind.has_period
        and kind.needs_figures
        and figures
        and not (timed and (has_year or own_time or _have_year(figures)))
    ):
        _tell_no_period(layout, problems)
    if kind.has_period and not kind.needs_figures and not (own_time or (timed and figures)):
        problems.add("没有时期：请加一列“年份”，或在列名中写年份，如“2023年”", row=row)
    _check_twice(layout, problems)


def _check_no_period(layout: Layout, kind: Kind, problems: Problems) -> None:
    """Kinds without a period are of one time: two years in one file would be mixed."""
    if kind.has_period:
        return
    row = layout.first_row
    dated = [column for column in layout.having("figure") if column.when]
    if len({column.when for column in dated}) > 1:
        text = f"{kind.title}没有时期，一个文件只能是一个时期的数：请只留一个时期的列"
        problems.add(text, row=row, column=dated[1].title)
    for column in layout.having("period", "month", "quarter"):
        cells = [as_text(cells[column.position]) for cells in layout.sheet.rows[row:]]
        found = list(dict.fromkeys(text for text in cells if text))
        if len(found) > 1:
            listed = "、".join(found[:4])
            text = f"{kind.title}没有时期，一个文件只能是一个时期的数，这里有 {listed}：请只留一个时期的行"
            problems.add(text, row=row, column=column.title)


def _have_year(figures: list[ColumnRole]) -> bool:
    """Whether each column states its year; one that adds up the others need not."""
    return all((c.when and c.when.year) or (c.is_sum and not c.when) for c in figures)


def _tell_no_period(layout: Layout, problems: Problems) -> None:
    titles = layout.titles
    more = f"；标题“{titles.clash[:40]}”写了不止一个时期" if titles.clash else ""
    if titles.when and titles.when.first and not titles.when.year:
        more += f"；标题或工作表名只写了{titles.when}，没有年份"
    unread = [f"{column.title}（{column.reason}）" for column in layout.having("ignored")]
    more += f"；没有读取的列：{'、'.join(unread[:6])}" if unread else ""
    sheet = f"工作表“{layout.sheet.name}”" if layout.sheet.name else ""
    problems.add(f"{sheet}没有时期：请加一列“年份”，或在列名中写年份，如“2023年”{more}", row=layout.first_row)


def _check_periods(layout: Layout, problems: Problems) -> None:
    """Beside columns whose header is a period, one whose header looks like another: it would be lost."""
    heads = layout.heads
    if not any(heads[column.position].when for column in layout.having("figure")):
        return
    for column in layout.having("ignored"):
        if reason := like_a_period(heads[column.position]):
            problems.add(reason, row=layout.first_row, column=column.title)


def _check_twice(layout: Layout, problems: Problems) -> None:
    placed = layout.having("code", "level", "place")
    places = [(column.role, column.level) for column in placed]
    for i, column in enumerate(placed):
        if places[i] in places[:i]:
            text = (
                "有两列同是这一级的地区；若是左右并排的两块表，"
                "请接成上下一块；若一列是发货地一列是收货地，请只留一列"
            )
            problems.add(text, row=layout.first_row, column=column.title)
    for role in ("period", "month", "quarter", "unit", "indicator"):
        for column in layout.having(role)[1:]:
            text = f"与“{layout.having(role)[0].title}”都写时期或单位，不知该用哪一列：请只留一列"
            problems.add(text, row=layout.first_row, column=column.title)


def _check_title(layout: Layout, kind: Kind, problems: Problems) -> None:
    """A title that says plan, actual or running total must agree with the columns."""
    titles = layout.titles
    figures = layout.having("figure")
    if not figures:
        return
    row = layout.first_row
    words = fields().classes
    heads = [layout.heads[column.position] for column in figures]
    if not kind.planned and titles.plan and not all(head.has("actual") for head in heads):
        if not titles.actual:
            text = (
                f"标题“{titles.plan[:40]}”说的是计划数：请用 "
                "kind=targets（--kind targets）读取，或在列名中写明“实际”"
            )
            problems.add(text, row=row, column=figures[0].title)
        elif not all(head.measure or head.has("actual") for head in heads):
            text = f"标题“{titles.plan[:40]}”既写计划又写实际：请在列名中写明是哪个"
            problems.add(text, row=row, column=figures[0].title)
    stated = any(word in column.title for column in figures for word in words["plan"])
    if kind.planned and titles.actual and not titles.plan and not stated:
        text = f"标题“{titles.actual[:40]}”说的是实际数，不是任务或预算：请在列名中写明“计划”或“任务”"
        problems.add(text, row=row, column=figures[0].title)
    _check_title_words(layout, kind, problems)
    unsaid = [column for column in figures if not (column.cumulative or column.single or column.is_sum)]
    if titles.cumulative and titles.single and unsaid and _is_monthly(layout):
        text = f"标题“{titles.cumulative[:40]}”既写当期又写累计：请在列名中写明是哪个"
        problems.add(text, row=row, column=unsaid[0].title)


def _check_title_words(layout: Layout, kind: Kind, problems: Problems) -> None:
    """同比, 人均, 利润, 城镇 in a title are about the columns too, unless their own words say what they
    are."""
    generic = fields().classes["generic"]
    for column in layout.having("figure"):
        head = layout.heads[column.position]
        if column.measure is None or head.measure is None:
            continue
        for text, measure, words in layout.titles.changed:
            if head.word in generic or (
                measure == column.measure.name and head.measure.name == measure and _only_one(layout)
            ):
                told = (
                    f"标题“{text[:40]}”里有“{words}”：请在列名中写明这一列是什么，"
                    f"如“{column.measure.label}”，或改标题"
                )
                problems.add(told, row=layout.first_row, column=column.title)
                return
        for text, measure, words in layout.titles.narrowed:
            if measure == column.measure.name and not kind.own:
                told = (
                    f"标题“{text[:40]}”里有“{words}”，列名里没有：若是全部，"
                    f"请从标题中删去；若是一部分，不能作为{column.measure.label}"
                )
                problems.add(told, row=layout.first_row, column=column.title)
                return


def _only_one(layout: Layout) -> bool:
    """Whether no other column could be what the title speaks of besides."""
    return not layout.having("ignored")


def _is_monthly(layout: Layout) -> bool:
    figures = layout.having("figure")
    return bool(layout.having("month", "quarter", "period")) or any(c.when and c.when.first for c in figures)


def _tell_no_figures(layout: Layout, kind: Kind, problems: Problems) -> None:
    labels = "、".join(measure.label for measure in kind.measures)
    ignored = [f"{column.title}（{column.reason}）" for column in layout.having("ignored")]
    seen = f"；没有读取的列：{'、'.join(ignored[:6])}" if ignored else ""
    title = f"；{layout.titles.trouble}" if layout.titles.trouble else ""
    problems.add(f"没有一列是可用的数据，应有：{labels}{seen}{title}", row=layout.first_row)


def _tell_unknown(unknown: list, layout: Layout, kind: Kind, problems: Problems) -> None:
    """One problem for all columns whose measure is not said anywhere."""
    measure = kind.measures[0]
    unit = {"yuan": "亿元" if kind.name == "indicators" else "万元", "person": "万人", "share": "%"}.get(
        measure.dimension, ""
    )
    example = f"{measure.label}({unit})" if unit else measure.label
    if kind.name == "indicators":
        example = "社会消费品零售总额(亿元)"
    reason = f"{layout.titles.trouble}；" if layout.titles.trouble else ""
    many = f"等 {len(unknown)} 列" if len(unknown) > 1 else ""
    known = "、".join(m.label for m in kind.measures)
    text = f"{many}看不出是哪项数据：{reason}请在列名或标题中写明，如“{example}”；可用：{known}"
    problems.add(text, row=layout.first_row, column=unknown[0].title)
