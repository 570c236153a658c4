"""One cell at a time: from what was typed to a number or a period.

Always holds: a cell is understood completely or it is a problem; nothing is read past.
"""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from functools import lru_cache

from .fields import fields

#: What people write where there is no figure, after cleaning.
BLANKS = frozenset(
    ["", "-", "--", "---", "—", "——", "–", "―", "...", "…", "……", "/", "\\", ".", "·", "x", "×", "*"]
)
BLANKS |= {"na", "n/a", "nan", "null", "none", "无", "缺", "缺失", "暂无", "空"}
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?(?:\d{1,3}(?:[, ]\d{3})+|\d{1,4}(?:[, ]\d{4})+)(?:\.\d+)?")
_ERRORS = re.compile(r"#(?:n/a|ref!|div/0!|value!|name\?|num!|null!|spill!|calc!)|err:\d+", re.IGNORECASE)
_DASHES = str.maketrans({"−": "-", "﹣": "-", "－": "-", "﹘": "-"})


class CellError(ValueError):
    """A cell that cannot be understood; the text says why."""


def as_text(cell) -> str:
    """Return a cell as text: half-width, no space at the ends, whole numbers without ``.0``."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        if math.isnan(cell):
            return ""
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return _half_width(str(cell))


@lru_cache(maxsize=100_000)
def _half_width(text: str) -> str:
    if text.isascii():
        return text.strip()
    text = unicodedata.normalize("NFKC", text.replace("…", "\x00")).replace("\x00", "…")
    return "".join(c for c in text if unicodedata.category(c) != "Cf").strip()


def is_blank(cell) -> bool:
    """Whether a cell holds no figure: empty, or one of the signs for that (—, …, NA, 无)."""
    return cell != cell or (not isinstance(cell, (int, float)) and as_text(cell).lower() in BLANKS)


def parse_number(cell) -> tuple[float, str]:
    """Return the number in a cell and the unit that stands behind it, if one does.

    Raises
    ------
    CellError

    Examples
    --------
    >>> parse_number("９，３１４．５ 万人"), parse_number("70.5%"), parse_number("—")
    ((9314.5, '万人'), (70.5, '%'), (nan, ''))
    """
    if isinstance(cell, bool):
        raise CellError("是逻辑值，不是数字")
    if isinstance(cell, (int, float)):
        if math.isinf(cell):
            raise CellError("是无穷大，不是数字")
        return float(cell), ""
    if isinstance(cell, (datetime.date, datetime.time, datetime.timedelta)):
        raise CellError("是日期或时间，不是数字；请检查单元格格式")
    text = as_text(cell).translate(_DASHES)
    if text.lower() in BLANKS:
        return math.nan, ""
    if _ERRORS.fullmatch(text):
        raise CellError("公式出错，没有得到数字")
    text = text.removeprefix("'").replace("¥", "").strip().lower()
    for pattern in (_GROUPED, _NUMBER):
        match = pattern.match(text)
        if match and _is_unit(text[match.end() :].strip()):
            number = float(re.sub(r"[, ]", "", match.group()))
            if math.isinf(number):
                raise CellError("数字过大")
            return number, text[match.end() :].strip()
    if re.fullmatch(r"\(\s*[\d., ]+\s*\)", text):
        return -parse_number(text.strip("() "))[0], ""
    raise CellError("不是数字")


def _is_unit(text: str) -> bool:
    return not text or fields().unit(text) is not None


_YEAR = r"(?P<y>(?:19|20)\d{2})"
_PERIODS = [
    (re.compile(pattern, re.IGNORECASE), freq)
    for pattern, freq in [
        (rf"{_YEAR}(?:年度|年末|年底|年|全年)?", "Y"),
        (rf"{_YEAR}年?[-/.]?(?:q(?P<q>[1-4])|第?(?P<cq>[一二三四1-4])季度?)", "Q"),
        (rf"{_YEAR}[-/年](?P<m>0?[1-9]|1[0-2])月?(?:份)?", "M"),
        (rf"{_YEAR}\.(?P<m>0[1-9]|1[0-2])月?", "M"),  # 2019.1 may be what is left of 2019.10
        (rf"{_YEAR}(?P<m>0[1-9]|1[0-2])", "M"),
        (
            rf"{_YEAR}[-/.年](?P<m>0?[1-9]|1[0-2])[-/.月](?P<d>0?[1-9]|[12]\d|3[01])日?(?: 00:00(?::00)?)?",
            "D",
        ),
        (rf"{_YEAR}(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])", "D"),
    ]
]


def parse_period(cell) -> tuple[str, int]:
    """Return the frequency (Y, Q or M) of a period and its ordinal; a day counts as its month.

    Raises
    ------
    CellError

    Examples
    --------
    >>> import pandas as pd
    >>> [str(pd.Period(ordinal=n, freq=f)) for f, n in map(parse_period, [2019.0, "2020年3月", "2020Q2"])]
    ['2019', '2020-03', '2020Q2']
    """
    if isinstance(cell, datetime.date):
        return "M", (cell.year - 1970) * 12 + cell.month - 1
    if isinstance(cell, (bool, datetime.time, datetime.timedelta)):
        raise CellError("不是时期")
    if isinstance(cell, float) and not cell.is_integer():
        raise CellError("不是时期；小数分不清 1 月还是 10 月，月份应写成 2023-06")
    text = re.sub(r"\s+(?!\d)|(?<!\d)\s+", "", as_text(cell)).removeprefix("'")
    text = re.sub(r"^(\d{4})\.0$", r"\1", text)  # what a column with gaps becomes in other programs
    for pattern, freq in _PERIODS:
        if match := pattern.fullmatch(text):
            part = match.groupdict()
            year = int(part["y"]) - 1970
            if freq == "Y":
                return "Y", year
            if freq == "Q":
                quarter = part["q"] or part["cq"]
                return "Q", year * 4 + (
                    "一二三四".find(quarter) if quarter in "一二三四" else int(quarter) - 1
                )
            return "M", year * 12 + int(part["m"]) - 1
    raise CellError("不是时期；应写成 2023、2023年、2023-06、2023年6月 或 2023Q2")


def parse_part(cell, names: str) -> int:
    """Return the month or quarter (from 1) in a cell of a column of its own, e.g. 3月, 第二季度, Q2."""
    text = as_text(cell).lower()
    match = re.fullmatch(r"第?q?([一二三四]|\d{1,2})(?:月份?|季度?|\.0)?", text)
    limit = 12 if names == "month" else 4
    if match:
        found = match.group(1)
        number = "一二三四".find(found) + 1 if found in "一二三四" else int(found)
        if 1 <= number <= limit:
            return number
    raise CellError(f"应为 1 到 {limit} 的{'月份' if limit == 12 else '季度'}")
