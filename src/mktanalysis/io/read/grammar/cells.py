"""One cell at a time: from what was typed to a number.

Always holds: a cell is understood completely or it is a problem; nothing is read past; a footnote mark is
no digit.
"""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from functools import lru_cache

from ...fields import fields
from ...sheets import Scaled, Shown, Uncalculated

#: What people write where there is no figure, after cleaning.
BLANKS = frozenset(
    ["", "-", "--", "---", "—", "——", "–", "―", "...", "…", "……", "/", "\\", ".", "·", "x", "×", "*"]
)
BLANKS |= {"na", "n/a", "nan", "null", "none", "无", "缺", "缺失", "暂无", "空"}
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?(?:\d{1,3}(?:[, ]\d{3})+|\d{1,4}(?:[, ]\d{4})+)(?:\.\d+)?")
_ERRORS = re.compile(r"#(?:n/a|ref!|div/0!|value!|name\?|num!|null!|spill!|calc!)|err:\d+", re.IGNORECASE)
#: Signs that refer to a footnote, at the end of a text: 1234①, 2100², 苏州市*, 536[1], 12注1.
_MARKS = re.compile(
    r"(?:[①-⓿❶-➓㈠-㈩㊀-㊉⑴-⒵¹²³⁰-⁹ⁿ⁺⁻⁽⁾ᵃ-ᶻ₀-₉*＊†‡§#＃※△▲]|\[[\da-z]{1,2}\]|〔[\da-z]{1,2}〕|【\d{1,2}】|注[\d①-⑳]{1,2})+$"
)
#: Characters whose plain form is a digit of its own and no part of the number before it.
_KEPT = ("<circle>", "<super>", "<sub>", "<fraction>")
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
    plain = "".join(c if _is_sign(c) else unicodedata.normalize("NFKC", c) for c in text)
    return "".join(c for c in plain if unicodedata.category(c) != "Cf").strip()


def _is_sign(c: str) -> bool:
    """Whether a character stays as it is: …, and ①, ², ½, whose plain form would be read as figures."""
    return c == "…" or "\u2474" <= c <= "\u24ff" or unicodedata.decomposition(c).startswith(_KEPT)


def without_marks(text: str) -> str:
    """Return a text without the footnote marks behind it.

    Examples
    --------
    >>> [without_marks(text) for text in ("1234①", "2100²", "苏州市*", "536[1]", "GDP(亿元)")]
    ['1234', '2100', '苏州市', '536', 'GDP(亿元)']
    """
    return _MARKS.sub("", text).rstrip() if text else text


def has_marks(cell) -> bool:
    """Whether a footnote mark stands behind what a cell says."""
    return isinstance(cell, str) and without_marks(as_text(cell)) not in ("", as_text(cell))


def is_blank(cell) -> bool:
    """Whether a cell holds no figure: empty, or one of the signs for that (—, …, NA, 无)."""
    if isinstance(cell, Uncalculated):
        return False
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
        if isinstance(cell, Scaled):
            raise CellError(
                f"单元格格式“{cell.form}”把数字缩小后显示，看到的与存着的不同：请把格式改为“常规”，并核对单位"
            )
        return (float(cell), cell.unit) if isinstance(cell, Shown) else (float(cell), "")
    if isinstance(cell, Uncalculated):
        raise CellError("公式没有存下算得的值：请用 Excel 打开这个文件，保存一次再读（或粘贴为数值）")
    if isinstance(cell, (datetime.date, datetime.time, datetime.timedelta)):
        raise CellError("是日期或时间，不是数字；请检查单元格格式")
    text = as_text(cell).translate(_DASHES)
    if text.lower() in BLANKS:
        return math.nan, ""
    if _ERRORS.fullmatch(text):
        raise CellError("公式出错，没有得到数字")
    text = text.removeprefix("'").replace("¥", "").strip().lower()
    text = without_marks(text) or text
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


def is_number(cell) -> bool:
    """Whether a cell holds a figure."""
    try:
        number, _ = parse_number(cell)
    except CellError:
        return False
    return number == number


def is_footer(row: list) -> bool:
    """Whether a row signs or explains the table: 制表人：张三 … 审核：李四."""
    first = next((as_text(cell) for cell in row if as_text(cell)), "")
    return first.lower().startswith(fields().notes) and bool(re.search("[:：]", first))
