"""Tables to files that open in Excel without a warning and without running anything.

Always holds: the same tables give the same bytes; a file is complete or not there at all; no text becomes
a formula or a link, whatever a region's name is.
"""

from __future__ import annotations

import contextlib
import datetime
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from .. import files, words
from ..errors import MktError
from ..words.amounts import refuse_percent
from ..words.render import TABLE, flatten

#: The file says that it was made on this day, always, so that its bytes depend on the tables only.
CREATED = datetime.datetime(2000, 1, 1)
WORKBOOK_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
#: Units of ratios, formatted as percent.
PERCENT = ("share", "rate", "%")
_CELL_LIMIT = 32_767
_ROW_LIMIT = 1_048_576


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its place when the block ends well."""
    with contextlib.ExitStack() as stack:
        try:
            temporary = stack.enter_context(files.replacing(path))
        except OSError as error:
            raise MktError(f"不能在文件夹 {Path(path).parent} 中写文件：{error.strerror}") from None
        yield temporary


def write_csv(path: str | Path, table: pd.DataFrame) -> Path:
    """Write a table as UTF-8 with BOM, which Excel reads; a named index becomes columns.

    A text that a spreadsheet would run as a formula (it starts with ``=``, ``+``, ``-`` or ``@``) gets an
    apostrophe before it; numbers are written as they are.

    Parameters
    ----------
    path : str or Path
    table : DataFrame

    Returns
    -------
    Path
    """
    flat = flatten(table)
    columns = [_plain(flat.iloc[:, i]) for i in range(flat.shape[1])]
    content = files.csv_bytes([map(str, flat.columns), *zip(*columns, strict=True)])
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    return Path(path)


def _plain(column: pd.Series) -> list:
    """Values as str, int, float, bool or None."""
    return [_plain_value(value) for value in column.astype(object).tolist()]


def _plain_value(value):
    if isinstance(value, (list, tuple, set, dict)):
        return str(value)
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value)
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat() if value == value.normalize() else value.isoformat(sep=" ")
    return str(value)


def write_xlsx(
    path: str | Path,
    tables: Mapping[str, pd.DataFrame],
    *,
    titles: Mapping[str, str] | None = None,
    units: Mapping[str, str | Mapping[str, str]] | None = None,
) -> Path:
    """Write tables as sheets of a workbook, formatted for reading (写成 Excel).

    Header in bold with units, frozen, with a filter; column widths that fit; thousands separators; shares
    as percent. A named index becomes columns.

    Parameters
    ----------
    path : str or Path
    tables : mapping of str to DataFrame
        Sheet name -> table.
    titles : mapping of str to str, optional
        Column -> header; columns that words know have a Chinese one already.
    units : mapping, optional
        Column -> unit, or sheet -> such a mapping; a unit is e.g. ``yuan`` or 亿元; ``share``
        or ``%`` formats 0-1 as percent, ``rate`` any ratio; columns that words know have their base unit
        already.

    Returns
    -------
    Path

    Raises
    ------
    MktError
        No table, a table too long for a sheet, a text too long for a cell; percent told for a column with a
        value above 1.5.
    """
    import xlsxwriter

    if not tables:
        raise MktError("没有要写的表")
    with replacing(path) as temporary:
        book = xlsxwriter.Workbook(str(temporary), WORKBOOK_OPTIONS)
        book.set_properties({"created": CREATED})
        formats = _Formats(book)
        for name, (key, table) in zip(sheet_names(tables), tables.items(), strict=True):
            flat = flatten(table)
            own = (units or {}).get(key)
            told = own if isinstance(own, Mapping) else units or {}
            heads = [_head(str(column), flat, titles or {}, told) for column in flat.columns]
            _write_sheet(book.add_worksheet(name), flat, formats, heads)
        book.close()
    return Path(path)


class _Formats:
    """The cell formats of a workbook, each made once."""

    def __init__(self, book):
        head = {"bold": True, "bg_color": "#DDE6F0", "bottom": 1, "text_wrap": True, "valign": "vcenter"}
        self.head = book.add_format(head)
        self.text = book.add_format({"num_format": "@"})
        self.whole = book.add_format({"num_format": "#,##0"})
        self.decimal = book.add_format({"num_format": "#,##0.00"})
        self.fine = book.add_format({"num_format": "0.0000"})
        self.percent = book.add_format({"num_format": "0.0%"})
        self.year = book.add_format({"num_format": "0"})

    def of(self, values: list, unit: str):
        numbers = [abs(v) for v in values if isinstance(v, (int, float)) and not isinstance(v, bool)]
        if not numbers:
            return self.text
        if unit in PERCENT:
            return self.percent
        if unit == "year":
            return self.year
        top = max((v for v in numbers if v != float("inf")), default=0)
        if top >= 10_000 and any(0 < v < 10 for v in numbers):
            return self.decimal if unit else None  # shares and yuan in one column: as they are
        if all(float(v).is_integer() for v in numbers) or top >= 10_000:
            return self.whole
        return self.decimal if top >= 10 else self.fine


def sheet_names(names) -> list[str]:
    """Names that Excel takes: at most 31 characters, none of ``[]:*?/\\``, no two alike."""
    taken: list[str] = []
    for name in names:
        base = re.sub(r"[\[\]:*?/\\\x00-\x1f]", "_", str(name)).strip("' ")[:31] or "表"
        unique = base
        n = 2
        while unique.casefold() in {other.casefold() for other in taken}:
            unique = f"{base[:28]}_{n}"
            n = n + 1
        taken.append(unique)
    return taken


def _head(column: str, table: pd.DataFrame, titles: Mapping, units: Mapping) -> tuple[str, str]:
    """Header of a column and its unit: as told, else as words have it."""
    kind = table.attrs.get(TABLE, "")
    title = str(titles.get(column, words.label(column, kind)))
    unit = units.get(column)
    if unit is None:
        unit = _known_unit(column, table[column], kind)
    elif unit in ("share", "%"):
        refuse_percent(_plain(table[column]), title)
    shown = words.shown_unit(unit) if words.is_base(unit) else unit
    return (f"{title}（{shown}）" if shown else title), unit


def _known_unit(column: str, values: pd.Series, kind: str) -> str:
    """Base unit that words know for a column of numbers; none where the figures contradict it."""
    unit = words.unit(column, kind)
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return ""
    return "" if unit == "share" and values.abs().max() > words.LARGEST_SHARE else unit


def _write_sheet(sheet, table: pd.DataFrame, formats: _Formats, heads: list[tuple[str, str]]) -> None:
    if len(table) >= _ROW_LIMIT:
        raise MktError(f"一张工作表最多 {_ROW_LIMIT - 1:,} 行，现有 {len(table):,} 行；请改写 .csv")
    for j, (header, unit) in enumerate(heads):
        values = _plain(table.iloc[:, j])
        style = formats.of(values, unit)
        sheet.write_string(0, j, header, formats.head)
        widest = _width(header)
        for i, value in enumerate(values, start=1):
            _write_cell(sheet, i, j, value, style)
            widest = max(widest, _width(_shown(value))) if i <= 500 else widest
        sheet.set_column(j, j, min(widest + 2, 50))
    sheet.freeze_panes(1, 0)
    if len(table.columns) and len(table):
        sheet.autofilter(0, 0, len(table), len(table.columns) - 1)


def _write_cell(sheet, row: int, column: int, value, style) -> None:
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return
    if isinstance(value, bool):
        sheet.write_string(row, column, "是" if value else "否", style)
    elif isinstance(value, (int, float)):
        sheet.write_number(row, column, value, style)
    elif len(value) > _CELL_LIMIT:
        raise MktError(f"单元格最多 {_CELL_LIMIT} 字，第 {row + 1} 行有 {len(value)} 字")
    else:
        sheet.write_string(row, column, value, style)


def _shown(value) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else "" if value is None else str(value)


def _width(text: str) -> int:
    """Columns that a text takes: a Chinese character is as wide as two letters."""
    return max((sum(2 if ord(c) > 0x2E80 else 1 for c in line) for line in text.split("\n")), default=0)
