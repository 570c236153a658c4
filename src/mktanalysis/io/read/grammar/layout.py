"""Where the table lies in a sheet: title rows, header rows, columns, first row of data.

Always holds: the header is the first row with a column that says where (地区, 城市, 代码 ...); what stands
above it is title;
rows below it that hold only header words belong to it; a column that is not read has a reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from ....regions.names import clean_name
from ...fields import Kind, Measure, fields
from ...sheets import Sheet, column_letters
from .cells import as_text, is_blank
from .phrases import Phrase, PhraseReader, combine, header_text
from .titles import Titles, read_titles, region_of_title
from .when import When

_SEARCHED_ROWS = 60
_PLACE_ROLES = ("code", "level", "place")
#: What may stand above the word for a place: 年份 over 城市.
_CORNERS = ("period", "month", "quarter", "indicator")


@dataclass(frozen=True)
class ColumnRole:
    """A column: its position, its header as the analyst sees it, and what it holds.

    ``role`` is code, level, place, area, center, period, closed, month, quarter, indicator, unit, detail,
    label, figure, ignored, upper or empty; ``cumulative`` and ``single`` are what its own header says;
    ``reason`` why it is ignored.
    """

    position: int
    title: str
    role: str
    level: str = ""
    measure: Measure | None = None
    unit: str = ""
    when: When | None = None
    cumulative: bool = False
    single: bool = False
    is_sum: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Layout:
    """A sheet understood: columns, first data row (from 0), and what the titles say."""

    sheet: Sheet
    first_row: int
    columns: tuple[ColumnRole, ...]
    titles: Titles
    heads: tuple[Phrase, ...] = field(repr=False, default=())

    def having(self, *roles: str) -> list[ColumnRole]:
        """The columns with one of `roles`."""
        return [column for column in self.columns if column.role in roles]


def find_layout(sheet: Sheet, reader: PhraseReader) -> Layout | None:
    """Return the layout of a sheet, or None if it has no header that says where."""
    for top, row in enumerate(sheet.rows[:_SEARCHED_ROWS]):
        heads = [reader.read(cell) for cell in row]
        places = [i for i, head in enumerate(heads) if head.role in _PLACE_ROLES]
        if not places and _is_one_region(sheet, top, heads):
            places = [next(i for i, head in enumerate(heads) if head.role == "indicator")]
        others = sum(1 for cell in row if as_text(cell)) - len(places)
        if not places or (others == 0 and not _more_header(sheet, top, places, reader)):
            continue
        if not _is_header(heads):
            continue
        first = top
        while first and _is_upper(sheet.rows[first - 1], places, reader):
            first -= 1
        last = top
        while last + 1 < len(sheet.rows) and _is_lower(sheet.rows[last + 1], places, reader):
            last += 1
        return _layout(sheet, (first, last), reader)
    return None


def _is_header(heads: list[Phrase]) -> bool:
    """A header has words that are understood; a title such as 地区 销售 does not stand beside figures."""
    return not any(head.unknown and head.role in _PLACE_ROLES for head in heads)


def _is_one_region(sheet: Sheet, top: int, heads: list[Phrase]) -> bool:
    """A table of indicators by year whose region stands in the title (地区：苏州)."""
    named = any(head.role == "indicator" for head in heads) and any(head.when for head in heads)
    return named and any(region_of_title(as_text(cell)) for row in sheet.rows[:top] for cell in row)


def _more_header(sheet: Sheet, top: int, places: list[int], reader: PhraseReader) -> bool:
    return any(
        0 <= near < len(sheet.rows) and test(sheet.rows[near], places, reader)
        for near, test in ((top + 1, _is_lower), (top - 1, _is_upper))
    )


def _is_lower(row: list, places: list[int], reader: PhraseReader) -> bool:
    """A second header row: nothing under the place columns, only header words elsewhere."""
    if any(as_text(row[i]) and not reader.read(row[i]).role for i in places):  # City below 城市 may stand
        return False
    filled = [cell for cell in row if not is_blank(cell)]
    heads = [reader.read(cell) for cell in filled]
    if any(not isinstance(cell, str) and not head.when for cell, head in zip(filled, heads, strict=True)):
        return False
    understood = [head for head in heads if head.measure or head.when or head.unit or not head.unknown]
    numbers = [
        cell for cell in filled if re.fullmatch(r"[-+\d.,\s%]+", as_text(cell)) and not reader.read(cell).when
    ]
    return bool(understood) and not numbers


def _is_upper(row: list, places: list[int], reader: PhraseReader) -> bool:
    """A header row above the one with the place columns: several periods or measures, no place."""
    heads = [reader.read(cell) for i, cell in enumerate(row) if not is_blank(cell) and i not in places]
    at_places = any(as_text(row[i]) and reader.read(row[i]).role not in _CORNERS for i in places)
    known = all((h.when or h.measure or h.words) and not h.unknown for h in heads)
    return not at_places and bool(heads) and known


def _layout(sheet: Sheet, span: tuple[int, int], reader: PhraseReader) -> Layout:
    first, last = span
    above = [as_text(cell) for row in sheet.rows[:first] for cell in row if as_text(cell)]
    beside = [
        as_text(cell) for row in sheet.rows[first:_SEARCHED_ROWS] for cell in row if isinstance(cell, str)
    ]
    titles = read_titles(above, sheet.name, beside, reader)
    columns = []
    heads = []
    for position, head, title in _column_heads(sheet, span, reader):
        columns.append(_column(position, head, title, titles, reader.kind))
        heads.append(head)
    return Layout(sheet, last + 1, tuple(columns), titles, tuple(heads))


def _column_heads(sheet: Sheet, span: tuple[int, int], reader: PhraseReader):
    """Position, combined header and title of each column; upper cells reach over the blanks beside them."""
    first, last = span
    carried: dict[int, object] = {}
    for position in range(len(sheet.rows[first])):
        cells = []
        for row in range(first, last + 1):
            cell = sheet.rows[row][position]
            if row < last and first < last:
                if as_text(cell):
                    carried[row] = None if reader.read(cell).role in _PLACE_ROLES else cell
                cell = cell if as_text(cell) else carried.get(row)
            cells.append(cell)
        if not as_text(cells[-1]) and not any(
            as_text(sheet.rows[r][position]) for r in range(first, last + 1)
        ):
            cells = []  # an upper header does not reach over a column that says nothing itself
        texts = [_shown(cell) for cell in cells if as_text(cell)]
        title = " ".join(dict.fromkeys(texts))
        yield position, combine(reader.read(cell) for cell in cells if cell is not None), title


def _shown(cell) -> str:
    return re.sub(r"\s+", " ", cell.strip()) if isinstance(cell, str) else as_text(cell)


def _column(position: int, head: Phrase, title: str, titles: Titles, kind: Kind) -> ColumnRole:
    if not title:
        return ColumnRole(position, column_letters(position), "empty")
    if head.role and not head.unknown and head.measure is None and head.role != "value":
        return ColumnRole(position, title, head.role, level=head.level, unit=head.unit)
    reason = refusal(head, kind)
    if reason and _is_class(head, kind):
        return ColumnRole(position, title, "figure", measure=kind.measures[0], unit=head.unit)
    if reason:
        return ColumnRole(position, title, "ignored", reason=reason)
    stated = head.when or head.role == "value" or head.unit or head.words
    measure = head.measure or (titles.measure if stated else None)
    if not (measure or stated):
        return ColumnRole(position, title, "ignored", reason="不认识")
    return ColumnRole(
        position,
        title,
        "figure",
        measure=measure,
        unit=head.unit,
        when=head.when,
        cumulative=head.has("cumulative"),
        single=head.has("single"),
        is_sum=head.has("sum"),
    )


def _is_class(head: Phrase, kind: Kind) -> bool:
    """A column of customers whose header is a class: A类客户, 重点客户."""
    plain = not (head.clash or head.words or head.when or head.role)
    return kind.name == "customers" and plain and head.measure is not None and len(head.unknown) == 1


def refusal(head: Phrase, kind: Kind) -> str:
    """Why a header is not that of a figure of this kind; empty if it is one."""
    if head.unknown:
        return like_a_period(head) or f"不认识“{'、'.join(head.unknown)}”"
    if head.clash:
        return "写了两项数据或两个时期"
    if head.has("others"):
        return f"“{head.said('others')}”不是{kind.title}"
    if head.has("change", "narrow"):
        return f"“{head.said('change', 'narrow')}”改变了这项数据的含义"
    if head.has("plan") and not kind.planned and not head.has("actual"):
        return f"“{head.said('plan')}”是计划数，要用 kind=targets 读取"
    if head.has("actual") and kind.planned:
        return f"“{head.said('actual')}”是实际数，不是任务或预算"
    if head.has("plan") and head.has("actual"):
        return "既写计划又写实际，看不出是哪个"
    return ""


def fill_merged(layout: Layout) -> Layout:
    """Return the layout with cells merged downwards filled, except those of figures."""
    spread = {
        column.position for column in layout.columns if column.role not in ("figure", "ignored", "empty")
    }
    rows = [list(row) for row in layout.sheet.rows]
    for top, left, bottom, _ in layout.sheet.merged:
        if left in spread and top >= layout.first_row:
            for row in range(top + 1, min(bottom + 1, len(rows))):
                rows[row][left] = rows[top][left]
    return replace(layout, sheet=replace(layout.sheet, rows=rows))


def like_a_period(head: Phrase) -> str:
    """What to write where a header is hardly anything but a period that cannot be told; else empty."""
    text = "".join(head.unknown)
    if re.fullmatch(r"(?:19|20)\d\d[.．]\d{1,2}", text) or (head.when and re.fullmatch(r"\d{1,2}", text)):
        return "小数分不清 1 月还是 10 月，月份应写成 2023-01 或 2023年1月"
    if re.fullmatch(r"[1-9]|1[0-2]", text):
        return "只有一个数字，看不出是几月：月份应写成 1月"
    if re.fullmatch(r"fy|财年|财政年度?", text) or re.fullmatch(r"fy\d\d(?:\d\d)?", text):
        return "财年不是自然年：请写成自然年、季或月"
    if re.fullmatch(r"(?:第?\d{1,2}周|w\d{1,2}|week\d{1,2}|周|星期)", text):
        return "周不是月、季、年：请先按月合计"
    if re.fullmatch(r"\d\d[-/.、]\d{1,2}", text) or (text.isdigit() and len(text) in (4, 5)):
        return "像是时期却认不出：应写成 2023、2023年、2023-06、2023年6月 或 2023Q2"
    return ""


def is_guide(sheet: Sheet) -> bool:
    """Whether a sheet only explains."""
    return clean_name(sheet.name) in fields().guides


__all__ = [
    "ColumnRole",
    "Layout",
    "fill_merged",
    "find_layout",
    "header_text",
    "is_guide",
    "like_a_period",
    "refusal",
]
