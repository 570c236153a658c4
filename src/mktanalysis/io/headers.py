"""What a header says: which measure, in which unit, of which period.

Always holds: a header counts only if every word of it is understood; 城镇常住人口 is not 常住人口.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ..regions.names import clean_name
from .cells import CellError, as_text, parse_part, parse_period
from .fields import Fields, Kind, Measure, fields

_BRACKETS = re.compile(r"[(\[【〔<]([^()\[\]【】〔〕<>]*)[)\]】〕>]")
_PERIOD = re.compile(
    r"(?:19|20)\d{2}(?:年?q[1-4]|年?第?[一二三四1-4]季度?|[-/.年]\d{1,2}(?:月份?|$)|年[末底度]?|(?!\d))"
)
_MONTH = re.compile(r"(\d{1,2})月份?$")
_QUARTER = re.compile(r"第?([一二三四1-4])季度?$")
_GENERAL = re.compile(r"(?:主要|基本|经济|社会|人口|综合|发展|统计)*(?:指标|情况|数据|统计)?")


@dataclass(frozen=True)
class Header:
    """What is understood of one header cell, or of all that stand above a column.

    ``period`` is a frequency and an ordinal, or ``month`` or ``quarter`` and its number in the year.
    ``unknown`` holds the words that are not understood.
    """

    role: str = ""
    measure: Measure | None = None
    unit: str = ""
    period: tuple[str, int] | None = None
    unknown: tuple[str, ...] = ()
    level: str = ""


@dataclass
class HeaderReader:
    """Reads the headers of one kind of file for one tree."""

    kind: Kind
    levels: tuple[str, ...]
    lists: Fields = field(default_factory=fields)

    def __post_init__(self):
        self._words = self.kind.words
        self._seen: dict[str, Header] = {}

    def read(self, cell) -> Header:
        """Understand one header cell."""
        if not isinstance(cell, str):
            return self._number(cell)
        text = clean_name(re.sub(r"[*#＊①-⑳]", "", cell)).replace("【", "[").replace("】", "]")
        if text not in self._seen:
            self._seen[text] = self._understand(text)
        return self._seen[text]

    def _number(self, cell) -> Header:
        try:
            return Header(period=parse_period(cell))
        except CellError:
            return Header(unknown=(as_text(cell),)) if as_text(cell) else Header()

    def _understand(self, text: str) -> Header:
        if not text:
            return Header()
        if header := self._role(text):
            return header
        unit = ""
        period = None
        unknown = []
        qualifiers = [
            part for text_in in _BRACKETS.findall(text) for part in re.split("[,，、;；]", text_in) if part
        ]
        for content in qualifiers:
            word = content.removeprefix("单位").removeprefix(":")
            if self.lists.unit(word):
                unit = unit or word
            elif match := _PERIOD.fullmatch(content):
                period = _period(match.group())
            elif content not in self.lists.harmless:
                unknown.append(content)
        rest = _BRACKETS.sub("", text)
        found = _PERIOD.match(rest) or _PERIOD.search(rest)
        if found and (found.start() == 0 or found.end() == len(rest)):
            period = _period(found.group()) or period
            rest = rest[: found.start()] + rest[found.end() :]
        if period is None and (part := _MONTH.match(rest) or _QUARTER.match(rest)):
            period = _part_of_year(part)
            rest = ""
        rest = rest.strip(":_-/|,、. ")
        if rest.startswith("单位:"):
            unit = rest.removeprefix("单位:")
            rest = ""
        if header := self._role(rest):
            return replace(header, unit=unit, unknown=tuple(unknown))
        measure, tail = self._measure(rest)
        unit = unit or tail
        if measure is None and rest and not unit and self.lists.unit(rest):
            unit = rest
            rest = ""
        harmless = rest in self.lists.harmless or _GENERAL.fullmatch(rest)
        unknown += [rest] if measure is None and rest and not harmless else []
        return Header(measure=measure, unit=unit, period=period, unknown=tuple(unknown))

    def _role(self, text: str) -> Header | None:
        role = self.lists.role_of.get(text)
        if role is None and (corner := re.fullmatch(r"(\w+)[\\/|](\w+)", text)):  # 城市\年份
            pair = [self.lists.role_of.get(word) for word in corner.groups()]
            if set(pair) & {"period", "indicator"} and set(pair) & {
                "place",
                "province",
                "prefecture",
                "county",
            }:
                at = 1 if pair[0] in ("period", "indicator") else 0
                return self._role(corner.group(at + 1))
        if text in self._words and role not in ("period",):
            return None
        if text in self.levels:
            return Header(role="level", level=text)
        if role in ("province", "prefecture", "county"):
            return Header(role="level", level=role) if role in self.levels else Header(role="place")
        return Header(role=role) if role else None

    def _measure(self, text: str) -> tuple[Measure | None, str]:
        """A measure word, alone, with a harmless word beside it, or with a unit behind it."""
        if text in self._words:
            return self._words[text], ""
        for word in sorted(self.lists.harmless, key=len, reverse=True):
            for inner in (text.removeprefix(word), text.removesuffix(word).rstrip(":_-/|,、. ")):
                if inner != text and inner in self._words:
                    return self._words[inner], ""
        for cut in range(len(text) - 1, 1, -1):
            word = text[:cut].rstrip(":_-/|,、. ")
            if word in self._words and self.lists.unit(text[cut:]):
                return self._words[word], text[cut:]
        return None, ""


def _period(text: str) -> tuple[str, int] | None:
    try:
        return parse_period(text)
    except CellError:
        return None


def _part_of_year(match: re.Match) -> tuple[str, int] | None:
    """A month or a quarter without its year: its name and number."""
    name = "month" if match.re is _MONTH else "quarter"
    try:
        return name, parse_part(match.group(1), name)
    except CellError:
        return None


def combine(parts: Iterable[Header]) -> Header:
    """Put together what stands above one column, from top to bottom; the lower one wins, but for the role."""
    result = Header()
    for part in parts:
        result = Header(
            role=result.role or part.role,
            measure=part.measure or result.measure,
            unit=part.unit or result.unit,
            period=part.period or result.period,
            unknown=result.unknown + part.unknown,
            level=part.level or result.level,
        )
    return result
