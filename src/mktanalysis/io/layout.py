"""Where the table lies in a sheet: title rows, header rows, columns, first row of data.

Always holds: the header is the first row with a column that says where (地区, 城市, 代码 ...); what stands
above it is title; rows below it that hold only header words belong to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ..regions.names import clean_name
from .cells import as_text, is_blank
from .fields import Kind, Measure, fields
from .headers import Header, HeaderReader, combine
from .sheets import Sheet, column_letters

_SEARCHED_ROWS = 40
_PLACE_ROLES = ("code", "level", "place")
_TITLE_UNIT = re.compile(r"单位[:：]?\s*([^\s)）]+)")
#: The year of a yearbook is not that of its figures.
_NOT_THE_YEAR = re.compile("年鉴|制表|更新|截至|修订|版|来源")
_BRACKETED = re.compile(r"[(（]([^()（）]+)[)）]")
_TITLE_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)年?")


@dataclass(frozen=True)
class ColumnRole:
    """A column: its position, its header as the analyst sees it, and what it holds.

    ``role`` is code, level, place, period, month, quarter, indicator, unit, figure or ignored.
    """

    position: int
    title: str
    role: str
    level: str = ""
    measure: Measure | None = None
    unit: str = ""
    period: tuple[str, int] | None = None


@dataclass(frozen=True)
class Layout:
    """A sheet understood: columns, first data row (from 0), and what the title says."""

    sheet: Sheet
    first_row: int
    columns: tuple[ColumnRole, ...]
    units: tuple[str, ...]
    period: tuple[str, int] | None
    ignored: tuple[str, ...]

    def having(self, *roles: str) -> list[ColumnRole]:
        """The columns with one of `roles`."""
        return [column for column in self.columns if column.role in roles]


def find_layout(sheet: Sheet, kind: Kind, levels: tuple[str, ...]) -> Layout | None:
    """Return the layout of a sheet, or None if it has no header that says where."""
    reader = HeaderReader(kind, levels)
    for top, row in enumerate(sheet.rows[:_SEARCHED_ROWS]):
        heads = [reader.read(cell) for cell in row]
        places = [i for i, head in enumerate(heads) if head.role in _PLACE_ROLES]
        others = sum(1 for cell in row if as_text(cell)) - len(places)
        if not places or (others == 0 and not _more_header(sheet, top, places, reader)):
            continue
        first = top if top == 0 or not _is_upper(sheet.rows[top - 1], places, reader) else top - 1
        last = top
        while last + 1 < len(sheet.rows) and _is_lower(sheet.rows[last + 1], places, reader):
            last += 1
        return _layout(sheet, (first, last), kind, reader)
    return None


def _more_header(sheet: Sheet, top: int, places: list[int], reader: HeaderReader) -> bool:
    return any(
        0 <= near < len(sheet.rows) and test(sheet.rows[near], places, reader)
        for near, test in ((top + 1, _is_lower), (top - 1, _is_upper))
    )


def _is_lower(row: list, places: list[int], reader: HeaderReader) -> bool:
    """A second header row: nothing under the place columns, only header words elsewhere."""
    if any(as_text(row[i]) and not reader.read(row[i]).role for i in places):  # City below 城市 may stand
        return False
    filled = [cell for cell in row if not is_blank(cell)]
    heads = [reader.read(cell) for cell in filled]
    if any(not isinstance(cell, str) and not head.period for cell, head in zip(filled, heads, strict=True)):
        return False
    understood = [head for head in heads if head.measure or head.period or head.unit or not head.unknown]
    numbers = [
        cell
        for cell in filled
        if re.fullmatch(r"[-+\d.,\s%]+", as_text(cell)) and not reader.read(cell).period
    ]
    return bool(understood) and not numbers


def _is_upper(row: list, places: list[int], reader: HeaderReader) -> bool:
    """A header row above the one with the place columns: several periods or measures, no place."""
    heads = [reader.read(cell) for i, cell in enumerate(row) if not is_blank(cell) and i not in places]
    at_places = any(as_text(row[i]) for i in places)
    return not at_places and bool(heads) and all((h.period or h.measure) and not h.unknown for h in heads)


def _layout(sheet: Sheet, span: tuple[int, int], kind: Kind, reader: HeaderReader) -> Layout:
    first, last = span
    titles = [as_text(cell) for row in sheet.rows[:first] for cell in row if as_text(cell)]
    words = [*titles, sheet.name]
    dated = [text for text in words if not _NOT_THE_YEAR.search(text)]
    years = {match for text in dated for match in _TITLE_YEAR.findall(text)}
    beside = [
        as_text(cell) for row in sheet.rows[first:_SEARCHED_ROWS] for cell in row if isinstance(cell, str)
    ]
    stated = titles + [text for text in beside if re.match(r"[(（]?单位[:：]", text)]
    lists = [found for text in stated for found in _TITLE_UNIT.findall(text)]
    lists += [
        text for title in titles for text in _BRACKETED.findall(title) if fields().unit(clean_name(text))
    ]
    units = {unit for text in lists for unit in re.split("[、,，/;；]", text)}
    period = ("Y", int(years.pop()) - 1970) if len(years) == 1 else None
    lone = _title_measure(words, kind)
    columns = []
    ignored = []
    for position, head, title in _column_heads(sheet, span, reader):
        column = _column(position, head, title, lone)
        columns.append(column)
        if column.role == "ignored" and title:
            ignored.append(title)
    return Layout(sheet, last + 1, tuple(columns), tuple(map(clean_name, units)), period, tuple(ignored))


def _column_heads(sheet: Sheet, span: tuple[int, int], reader: HeaderReader):
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
        texts = [cell.strip() if isinstance(cell, str) else as_text(cell) for cell in cells if as_text(cell)]
        title = " ".join(dict.fromkeys(texts))
        yield position, combine(reader.read(cell) for cell in cells if cell is not None), title


def _column(position: int, head: Header, title: str, lone: Measure | None) -> ColumnRole:
    if head.role and not head.unknown and head.measure is None and head.role != "value":
        return ColumnRole(position, title, head.role, level=head.level, unit=head.unit)
    measure = head.measure or (lone if head.period or head.role == "value" else None)
    if head.unknown or not (measure or head.period or head.role == "value"):
        return ColumnRole(position, title or column_letters(position), "ignored" if title else "empty")
    return ColumnRole(position, title, "figure", measure=measure, unit=head.unit, period=head.period)


def _title_measure(titles: list[str], kind: Kind) -> Measure | None:
    """The measure of a table whose columns are years only: the one of its kind, or that of its title."""
    if len(kind.measures) == 1:
        return kind.measures[0]
    found = {}
    for text in map(clean_name, titles):
        inside = {word: measure for word, measure in kind.words.items() if len(word) > 1 and word in text}
        longest = [w for w in inside if not any(w != other and w in other for other in inside)]
        found.update({inside[word].name: inside[word] for word in longest})
    return next(iter(found.values())) if len(found) == 1 else None


def fill_merged(layout: Layout) -> Layout:
    """Return the layout with cells merged downwards filled, except those of figures."""
    spread = {
        column.position for column in layout.columns if column.role not in ("figure", "ignored", "empty")
    }
    rows = [list(row) for row in layout.sheet.rows]
    for position, first, last in layout.sheet.merged:
        if position in spread and first >= layout.first_row:
            for row in range(first + 1, min(last + 1, len(rows))):
                rows[row][position] = rows[first][position]
    return replace(layout, sheet=replace(layout.sheet, rows=rows))


def is_guide(sheet: Sheet) -> bool:
    """Whether a sheet only explains."""
    return clean_name(sheet.name) in fields().guides
