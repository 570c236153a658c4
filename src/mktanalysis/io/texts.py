"""The rows of a text file (CSV, TSV).

Always holds: a quotation mark that is never closed, or that swallows the rows after it, is an error with
its row, never a
long cell; row i is row i + 1 of the spreadsheet that opens the file.
"""

from __future__ import annotations

import csv
import io
import re

from ..errors import MktError

_SIGNS = (",", "\t", ";", "|")
_EXCEL_TEXT = re.compile(r'="(.*)"', re.DOTALL)
_GUESSED_LINES = 50


def read_rows(text: str, name: str, delimiter: str | None = None) -> list[list[str]]:
    """Return the cells of each row, without the blanks around them.

    Parameters
    ----------
    text : str
    name : str
        The file, for messages.
    delimiter : str, optional
        Default: the sign that is met most in the first lines.

    Examples
    --------
    >>> read_rows('地区,销售额\\n="320100","1,200"', "own.csv")
    [['地区', '销售额'], ['320100', '1,200']]
    """
    if "\x00" in text:
        raise MktError(f"{name}：不是文本文件")
    given = re.match(r"sep=(.)\r?\n", text)
    text = text[given.end() :] if given else text
    delimiter = delimiter or (given.group(1) if given else _delimiter(text))
    rows = []
    reader = csv.reader(io.StringIO(_without_excel_text(text), newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            rows.append([_cell(cell) for cell in row])
            _check_swallowed(rows, delimiter, name)
    except csv.Error as error:
        at = _opened(text, delimiter) or len(rows) + 1
        raise MktError(
            f"{name}：第 {at} 行的英文双引号没有成对，后面的行会被吞掉；请删去多余的引号，"
            f"或用 Excel 另存为 CSV（不是可读的 CSV：{error}）"
        ) from None
    if given:
        rows.insert(0, [""])  # a spreadsheet program counts the line too
    while rows and not any(rows[-1]):
        rows.pop()
    return [_trimmed(row) for row in rows]


def _delimiter(text: str) -> str:
    lines = [line for line in text.splitlines()[:_GUESSED_LINES] if line.strip()]
    counts = {sign: sum(line.count(sign) for line in lines) for sign in _SIGNS}
    return max(counts, key=counts.get)


def _without_excel_text(text: str) -> str:
    """``="320100"`` keeps a code's zeros in Excel: the sign before the quotation mark is no content."""
    return re.sub(r'(?m)(^|[,;\t|])="', r'\1"', text)


def _cell(cell: str) -> str:
    cell = cell.strip()
    match = _EXCEL_TEXT.fullmatch(cell)
    return match.group(1).strip() if match else cell


def _trimmed(row: list[str]) -> list[str]:
    """The row up to its last filled cell."""
    width = len(row)
    while width and not row[width - 1]:
        width -= 1
    return row[:width]


def _check_swallowed(rows: list[list[str]], delimiter: str, name: str) -> None:
    """Refuse a cell that holds whole rows: several lines with the separator in them."""
    for cell in rows[-1]:
        lines = cell.splitlines()
        if len(lines) > 1 and cell.count(delimiter) > 1:
            raise MktError(
                f"{name}：第 {len(rows)} 行有一格跨了 {len(lines)} 行（“{lines[0][:20]}…”），"
                "像是英文双引号没有成对；请检查这一格的引号，或用 Excel 另存为 CSV"
            )


def _opened(text: str, delimiter: str) -> int:
    """The first line with an odd number of quotation marks, counted from 1; 0 if there is none."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.count('"') % 2:
            return number
    return 0
