"""Periods as people write them, and how their parts are put together.

Always holds: a year, a month, a quarter and a range of months are parts of one thing: parts that stand in
different
places (a year above, a month below) are joined, never replaced; two years for one figure are a contradiction.
"""

from __future__ import annotations

import calendar
import datetime
import re
from typing import NamedTuple

from .cells import CellError, as_text

_NUMERALS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_NUMERALS |= {"十一": 11, "十二": 12, "元": 1}
_ENGLISH = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
HINT = "应写成 2023、2023年、2023-06、2023年6月 或 2023Q2"


class When(NamedTuple):
    """A period, or the part of one that is known.

    ``first`` and ``last`` are months from 1 (missing: the whole year), ``day`` the day of a date;
    ``cumulative`` marks figures from the beginning of the year on.
    """

    year: int | None = None
    first: int | None = None
    last: int | None = None
    day: int | None = None
    cumulative: bool = False

    def __str__(self) -> str:
        year = f"{self.year}年" if self.year else ""
        if self.first is None:
            months = ""
        elif self.first == self.last:
            months = f"{self.first}月"
        else:
            months = f"{self.first}-{self.last}月"
        return year + months + ("累计" if self.cumulative else "")

    def joined(self, other: When | None, *, same: bool = False) -> When | None:
        """This with what `other` adds; None if they contradict each other.

        A month within a quarter is the month, as in a header 一季度 above 1月; with `same` two spans must be
        one.
        """
        if other is None:
            return self
        if self.year and other.year and self.year != other.year:
            return None
        months = self if self.first else other
        if self.first and self.last and other.first and other.last:
            months = self if self.last - self.first <= other.last - other.first else other
            wider = other if months is self else self
            inside = (wider.first or 0) <= (months.first or 0) and (months.last or 0) <= (wider.last or 0)
            if not inside or (same and months[1:3] != wider[1:3]):
                return None
        return When(
            self.year or other.year,
            months.first,
            months.last,
            self.day or other.day,
            self.cumulative or other.cumulative,
        )


_YEAR = r"(?P<y>(?:19|20)\d{2})"
#: 23年 is 2023; behind 近 and the like it is a span of years.
_SHORT = r"(?<![\d近过满前后第])(?:0[5-9]|1\d|2\d)(?=年)"
_MONTH = r"(?P<m>0?[1-9]|1[0-2])"
_NUMBER = r"(?:0?[1-9]|1[0-2]|十[一二]?|[一二三四五六七八九])"
_TO = r"(?:--|[-~—–―－至到、,])"
_QUARTER = r"[一二三四1-4]"
_LAST = r"(?:累计|累计值|累计数|合计)?"
#: What stands behind the year, or alone; the first pattern that fits the whole counts.
_PART_TEXTS = [
    ("range", rf"(?P<a>{_NUMBER})月?份?{_TO}(?P<b>{_NUMBER})月份?"),
    ("quarters", rf"第?(?P<a>{_QUARTER}){_TO}第?(?P<b>{_QUARTER})季度?|前(?P<c>[二三四两])季度?"),
    ("half", r"(?P<h>[上下])半年度?|h(?P<n>[12])"),
    ("quarter", rf"第?(?P<q>{_QUARTER})季度?|q(?P<w>[1-4])|(?P<x>[1-4])q"),
    ("month", r"(?P<n>0?[1-9]|1[0-2]|十[一二]?|[一二三四五六七八九])月(?:份|度)?|m(?P<z>0?[1-9]|1[0-2])"),
]
_PARTS = [(name, re.compile(pattern)) for name, pattern in _PART_TEXTS]
_WHOLE = [
    re.compile(rf"{_YEAR}[-/年]{_MONTH}月?(?:份)?"),
    re.compile(rf"{_YEAR}\.(?P<m>0[1-9]|1[0-2])月?"),  # 2019.1 may be what is left of 2019.10
    re.compile(rf"{_YEAR}(?P<m>0[1-9]|1[0-2])"),
    re.compile(
        rf"{_YEAR}[-/.年]{_MONTH}[-/.月](?P<d>0?[1-9]|[12]\d|3[01])日?(?:t?\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:\.\d+)?)?)?"
    ),
    re.compile(rf"{_YEAR}(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])"),
]
_JUST_YEAR = re.compile(rf"{_YEAR}(?:年度|年末|年底|年|全年|年全年)?")
_BEGINNING = re.compile(rf"{_YEAR}年?度?[-/._]?")
_ENGLISH_MONTH = re.compile(
    r"(?P<e>[a-z]{3})[a-z]*[-./]?(?:19|20)\d{2}|(?:19|20)\d{2}[-./]?(?P<f>[a-z]{3})[a-z]*"
)


def parse_when(cell) -> When:
    """Return the period in a cell, or the part of one.

    Raises
    ------
    CellError

    Examples
    --------
    >>> cells = [2019.0, "2020年3月", "2020Q2", "1—2月", "上半年", "2023年1-6月累计"]
    >>> [str(parse_when(cell)) for cell in cells]
    ['2019年', '2020年3月', '2020年4-6月', '1-2月', '1-6月', '2023年1-6月累计']
    """
    if isinstance(cell, datetime.date):
        return When(cell.year, cell.month, cell.month, cell.day)
    if isinstance(cell, (bool, datetime.time, datetime.timedelta)):
        raise CellError("不是时期")
    if isinstance(cell, float) and not cell.is_integer():
        raise CellError("不是时期；小数分不清 1 月还是 10 月，月份应写成 2023-06")
    text = re.sub(r"\s+(?!\d)|(?<!\d)\s+", "", as_text(cell)).removeprefix("'").lower()
    text = re.sub(r"(?<=\d)\s+(?=\d{1,2}:)", "", text)  # the hour behind a day
    text = re.sub(r"^(\d{4})\.0$", r"\1", text)  # what a column with gaps becomes in other programs
    if when := when_of(text):
        return when
    if re.fullmatch(r"[345]\d{4}", text):
        day = datetime.date(1899, 12, 30) + datetime.timedelta(int(text))
        raise CellError(f"像是 Excel 的日期序号（{day}）：请把这一列的单元格格式改为日期，或{HINT}")
    if re.search(r"w\d|week|周|星期", text):
        raise CellError(f"周不是月、季、年：请先按月合计；{HINT}")
    if re.match(r"fy|财年", text) or "财年" in text:
        raise CellError(f"财年不是自然年：请写成自然年、季或月；{HINT}")
    if re.fullmatch(r"\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d\d", text):
        raise CellError("看不出哪是月哪是日：应写成 2023-06-30")
    raise CellError(f"不是时期；{HINT}")


def when_of(text: str) -> When | None:
    """The period that the whole of a cleaned text says; None if it is something else."""
    text = re.sub(f"^{_SHORT}", lambda match: f"20{match.group()}", text)
    cumulative = text.endswith(("累计", "累计值", "累计数")) or text.startswith(("累计", "本年累计"))
    text = re.sub(r"^(?:本年)?累计|累计[值数]?$", "", text)
    when = _whole(text)
    return when._replace(cumulative=True) if when and cumulative else when


def _whole(text: str) -> When | None:
    if match := _JUST_YEAR.fullmatch(text):
        return When(int(match["y"]))
    for pattern in _WHOLE:
        if match := pattern.fullmatch(text):
            month = int(match["m"])
            day = match.groupdict().get("d")
            if day and int(day) > calendar.monthrange(int(match["y"]), month)[1]:
                return None  # 2022-02-30
            return When(int(match["y"]), month, month, int(day) if day else None)
    if match := _ENGLISH_MONTH.fullmatch(text):
        word = match["e"] or match["f"]
        if word in _ENGLISH:
            month = _ENGLISH.index(word) + 1
            year = re.search(r"\d{4}", text).group()
            return When(int(year), month, month)
    begin = _BEGINNING.match(text)
    for rest, year in ((text[begin.end() :], int(begin["y"])) if begin else (None, None), (text, None)):
        part = _part(rest) if rest else None
        if part:
            return part._replace(year=year)
    return None


def _part(text: str) -> When | None:
    for name, pattern in _PARTS:
        if match := pattern.fullmatch(text):
            return _months(name, {key: value for key, value in match.groupdict().items() if value})
    return None


def _months(name: str, found: dict[str, str]) -> When | None:
    if name == "range":
        first = _count(found["a"])
        last = _count(found["b"])
        return When(None, first, last) if first < last else None
    if name == "quarters":
        first = _count(found["a"]) if "a" in found else 1
        last = _count(found["b"]) if "b" in found else {"两": 2}.get(found["c"]) or _count(found["c"])
        return When(None, 3 * first - 2, 3 * last) if first < last else None
    if name == "half":
        late = found.get("h") == "下" or found.get("n") == "2"
        return When(None, 7, 12) if late else When(None, 1, 6)
    number = _count(next(iter(found.values())))
    if name == "quarter":
        return When(None, 3 * number - 2, 3 * number)
    return When(None, number, number)


def _count(text: str) -> int:
    return _NUMERALS[text] if text in _NUMERALS else int(text)


def parse_part(cell, name: str) -> When:
    """Return the month or quarter in a cell of a column of its own, e.g. 3, 3月, 第二季度, Q2, 1-2月."""
    text = re.sub(r"\s", "", as_text(cell)).lower().removesuffix(".0")
    limit = 12 if name == "month" else 4
    if text.isdigit() and 1 <= int(text) <= limit:
        number = int(text)
        return When(None, number, number) if name == "month" else When(None, 3 * number - 2, 3 * number)
    if re.fullmatch(r"[一二三四]", text) and name == "quarter":
        return _months("quarter", {"q": text})
    when = when_of(text)
    if when is not None and when.first is not None:
        quarterly = when.last - when.first == 2 and when.first % 3 == 1
        if name == "month" or quarterly or when.cumulative or when.last > when.first:
            return when
    raise CellError(f"应为 1 到 {limit} 的{'月份' if limit == 12 else '季度'}")


#: A period within a longer text, for titles and headers: the longest that stands at a place counts.
SEARCH = re.compile(
    rf"(?:(?:19|20)\d{{2}}|{_SHORT})(?:"
    rf"年?{_NUMBER}月?份?{_TO}{_NUMBER}月份?"
    rf"|年?第?{_QUARTER}{_TO}第?{_QUARTER}季度?|年?前[二三四两]季度"
    r"|年?[上下]半年度?"
    rf"|年?第?{_QUARTER}季度?|年?q[1-4]"
    r"|[-/.]\d{1,2}[-/.]\d{1,2}(?!\d)|年\d{1,2}月\d{1,2}日"
    rf"|年{_NUMBER}月份?|[-/]\d{{1,2}}(?!\d)月?|\.(?:0[1-9]|1[0-2])(?!\d)"
    r"|(?:0[1-9]|1[0-2])(?!\d)"
    r"|年全年|全年|年度|年[末底]?|(?!\d))"
    rf"|{_NUMBER}月?份?{_TO}{_NUMBER}月份?"
    rf"|第?{_QUARTER}{_TO}第?{_QUARTER}季度|前[二三四两]季度"
    rf"|[上下]半年度?|第?{_QUARTER}季度|{_NUMBER}月份?(?!\d*日)"
)
