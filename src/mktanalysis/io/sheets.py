"""From a file to sheets of raw cells.

Always holds: a file is looked at before it is read, and spreadsheets are parsed in a process of their own
under limits
of memory and time, so that a damaged, protected or monstrous one is refused with a reason; no macro and no
formula is run; a cell keeps the form in which it is seen (12.0%, a formula without a result).
"""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ..errors import MktError
from ..files import decode
from ..regions.names import clean_name
from .fields import fields
from .texts import read_rows

#: Limits of what is read: bytes (also when unpacked), rows, cells of the rectangle that holds all cells,
#: bytes of memory and seconds of the process that parses a spreadsheet.
MAX_BYTES = 200_000_000
MAX_ROWS = 1_000_000
MAX_CELLS = 30_000_000
MAX_COLUMNS = 4_000
MAX_MEMORY = 1_500_000_000
MAX_SECONDS = 60
_SPREADSHEETS = (".xlsx", ".xlsm", ".xls")
_TEXTS = (".csv", ".txt", ".tsv")
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PARSER = Path(__file__).parent / "workbook.py"
#: What a number format may write behind a number to make it a time: 3月, 2023年.
_TIME_WORDS = ("年", "月", "月份", "季度", "年度")


class Shown(float):
    """A number that its cell shows with a unit behind it: 0.12 as 12%."""

    unit = ""


class Scaled(float):
    """A number that its cell shows divided by thousands: what is seen is not what is stored."""

    form = ""


class Uncalculated(str):
    """A formula whose result was never stored."""


@dataclass(frozen=True)
class Sheet:
    """Raw cells of a sheet; row i is row i + 1 of the spreadsheet.

    ``merged`` lists merged areas: top, left, bottom, right, counted from 0 and inclusive. ``from_text`` is
    True for a text file, where a row may be longer than its header.
    """

    name: str
    rows: list[list]
    hidden: bool = False
    merged: tuple[tuple[int, int, int, int], ...] = ()
    from_text: bool = False


def read_sheets(path: str | Path) -> list[Sheet]:
    """Return the sheets of a spreadsheet that have cells, or the one of a text file.

    Raises
    ------
    MktError
        Not there, not a spreadsheet or CSV, protected, damaged, or too large.
    """
    path = Path(path)
    raw = _bytes_of(path)
    if path.suffix.lower() in _TEXTS:
        if raw.startswith((_ZIP, _OLE)):
            raise MktError(
                f"{path.name}：扩展名是 {path.suffix.lower()}，"
                "内容却是 Excel 文件；请改扩展名为 .xlsx 或 .xls"
            )
        return [_read_text(path, raw)]
    if not raw.startswith((_ZIP, _OLE)):
        raise MktError(
            f"{path.name}：扩展名是 {path.suffix.lower()}，"
            "内容却不是（可能是网页或文本）；请用 Excel 另存为 .xlsx"
        )
    sheets = [_sheet(found) for found in _parse(path.name, raw)]
    for sheet in sheets:
        _check_size(path.name, len(sheet.rows), max(map(len, sheet.rows)))
    return sheets


def _bytes_of(path: Path) -> bytes:
    if not path.is_file():
        raise MktError(f"文件不存在：{path}" if not path.exists() else f"不是文件：{path}")
    if path.suffix.lower() not in _SPREADSHEETS + _TEXTS:
        raise MktError(f"{path.name}：只能读 .xlsx、.xls、.xlsm 和 .csv，请另存为其中一种")
    if path.stat().st_size > MAX_BYTES:
        raise MktError(f"{path.name}：文件超过 {MAX_BYTES // 1_000_000} MB，太大")
    if path.stat().st_size == 0:
        raise MktError(f"{path.name}：文件是空的")
    try:
        return path.read_bytes()
    except OSError as error:
        raise MktError(f"{path.name}：打不开（{error.strerror}）；是否正被 Excel 占用？") from None


def _parse(name: str, raw: bytes) -> list[dict]:
    """The sheets as the parser's process gives them."""
    limits = {"bytes": MAX_BYTES, "rows": MAX_ROWS, "cells": MAX_CELLS}
    limits |= {"memory": MAX_MEMORY, "seconds": MAX_SECONDS}
    command = [sys.executable, "-I", str(_PARSER), json.dumps(limits)]
    try:
        done = subprocess.run(command, input=raw, capture_output=True, timeout=2 * MAX_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise MktError(
            f"{name}：读了 {2 * MAX_SECONDS} 秒仍未读完；请用 Excel 另存为 .xlsx，或拆成几个文件"
        ) from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise MktError(
            f"{name}：文件损坏，或读它需要的内存太多（解析程序以 "
            f"{done.returncode} 结束）；请用 Excel 打开并另存为 .xlsx"
        ) from None
    if "refused" in answer:
        raise MktError(f"{name}：{answer['refused']}")
    return answer["sheets"]


def _sheet(found: dict) -> Sheet:
    rows = [[_cell(cell) if isinstance(cell, dict) else cell for cell in row] for row in found["rows"]]
    merged = tuple((area[0], area[1], area[2], area[3]) for area in found["merged"])
    return Sheet(found["name"], rows, found["hidden"], merged)


def _cell(cell: dict):
    if "date" in cell:
        text = cell["date"]
        return datetime.datetime.fromisoformat(text) if "T" in text else datetime.date.fromisoformat(text)
    if "time" in cell:
        return datetime.timedelta(0)
    if "formula" in cell:
        return Uncalculated(f"={cell['formula']}")
    if "scaled" in cell:
        scaled = Scaled(cell["scaled"])
        scaled.form = cell["unit"]
        return scaled
    number = cell["shown"] if "shown" in cell else cell["literal"]
    unit = clean_name(cell["unit"])
    if unit in _TIME_WORDS and number == int(number):
        return f"{int(number)}{unit}"
    if fields().unit(unit) is None:
        return number
    shown = Shown(number / 0.01 if "shown" in cell else number)
    shown.unit = unit
    return shown


def _check_size(name: str, n_rows: int, n_columns: int) -> None:
    if n_rows > MAX_ROWS:
        raise MktError(f"{name}：有 {n_rows:,} 行，超过 {MAX_ROWS:,} 行；请拆开，或删除末尾的空行")
    if n_columns > MAX_COLUMNS:
        raise MktError(f"{name}：有 {n_columns:,} 列，超过 {MAX_COLUMNS:,} 列；请拆开，或删除表格外的内容")
    if n_rows * n_columns > MAX_CELLS:
        raise MktError(f"{name}：{n_rows:,} 行 × {n_columns:,} 列，超过 {MAX_CELLS:,} 格；请拆成几个文件")


def _read_text(path: Path, raw: bytes) -> Sheet:
    text = decode(raw, path.name)
    rows = read_rows(text, path.name, "\t" if path.suffix.lower() == ".tsv" else None)
    width = max(map(len, rows), default=0)
    _check_size(path.name, len(rows), width)
    if not rows:
        raise MktError(f"{path.name}：文件没有内容")
    return Sheet("", [row + [""] * (width - len(row)) for row in rows], from_text=True)


def column_letters(column: int) -> str:
    """Return the letters of a column counted from 0, as the spreadsheet shows them.

    Examples
    --------
    >>> column_letters(0), column_letters(27)
    ('A', 'AB')
    """
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_name(row: int, column: int) -> str:
    """Return the name of a cell counted from 0, as the spreadsheet shows it.

    Examples
    --------
    >>> cell_name(1, 2)
    'C2'
    """
    return f"{column_letters(column)}{row + 1}"
