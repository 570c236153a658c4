"""What the words of a header or a title say: one grammar for both.

Always holds: a text is cut into known words; what is left over is kept as unknown; a word that makes
another figure of a
figure (城镇, 同比, 累计, 计划) is never passed over, wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ....regions.names import clean_name
from ...fields import Fields, Kind, Measure, fields
from .cells import CellError, as_text, without_marks
from .when import SEARCH, When, parse_when, when_of

_BRACKETS = re.compile(r"[(\[【〔<]([^()\[\]【】〔〕<>]*)[)\]】〕>]")
_SEPARATORS = ":_-/|,、. ;；·—~&+\\"
_LONGEST = 80
#: Classes of words that change what a figure is, with how a message names them.
CLASSES = ("plan", "actual", "cumulative", "single", "sum", "change", "narrow", "others")
_PLACE_ROLES = ("province", "prefecture", "county")


@dataclass(frozen=True)
class Phrase:
    """What is understood of one text, or of all that stand above a column.

    ``words`` holds class and word of all that changes the meaning; ``unknown`` what is not understood;
    ``word`` is
    the word for the measure.
    """

    role: str = ""
    level: str = ""
    measure: Measure | None = None
    unit: str = ""
    when: When | None = None
    words: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()
    clash: bool = False
    word: str = ""

    def has(self, *classes: str) -> bool:
        """Whether a word of one of `classes` is in it."""
        return any(name in classes for name, _ in self.words)

    def said(self, *classes: str) -> str:
        """The words of `classes`, for a message."""
        return "、".join(word for name, word in self.words if name in classes)


@dataclass
class PhraseReader:
    """Reads the headers and titles of one kind of file for one tree."""

    kind: Kind
    levels: tuple[str, ...]
    places: frozenset[str] = frozenset()
    lists: Fields = field(default_factory=fields)

    def __post_init__(self):
        self._seen: dict[str, Phrase] = {}
        self._measures = self.kind.words
        known = self.lists
        vocabulary = dict.fromkeys(known.harmless, "harmless")
        for name in ("narrow", "change", "others"):
            vocabulary |= dict.fromkeys(known.classes[name], name)
        for other in known.kinds.values():
            if other.name != self.kind.name:
                long = {word for word in other.words if len(word) > 1}
                vocabulary |= dict.fromkeys(long - set(vocabulary), "plan" if other.planned else "others")
        for name in ("plan", "actual", "cumulative", "single", "sum"):
            vocabulary |= dict.fromkeys(known.classes[name], name)
        self._words = vocabulary | dict.fromkeys(self._measures, "measure")
        titles = dict.fromkeys(known.classes["title"], "harmless") | dict.fromkeys(self.places, "place")
        self._title_words = titles | self._words
        roles = dict.fromkeys(known.classes["qualifiers"], "qualifier")
        self._role_words = roles | dict.fromkeys(known.role_of, "role")

    # headers ---------------------------------------------------------------------------------------------
    def read(self, cell) -> Phrase:
        """Understand one header cell."""
        if not isinstance(cell, str):
            return self._number(cell)
        text = header_text(cell)
        if text not in self._seen:
            self._seen[text] = self._understand(text)
        return self._seen[text]

    def _number(self, cell) -> Phrase:
        try:
            return Phrase(when=parse_when(cell))
        except CellError:
            return Phrase(unknown=(as_text(cell),)) if as_text(cell) else Phrase()

    def _understand(self, text: str) -> Phrase:
        if not text:
            return Phrase()
        if role := self._role(text):
            return role
        if text.startswith("单位:"):
            return Phrase(unit=text.removeprefix("单位:"))
        bare = text.strip(_SEPARATORS)
        if (when := when_of(bare)) and not self._measures.get(bare):
            return Phrase(when=when)
        inner = [self._bracket(part) for part in _bracketed(text)]
        rest = _BRACKETS.sub("", text).strip(_SEPARATORS)
        if inner and (role := self._role(rest)):
            outer = role
        else:
            outer = self._sentence(rest, self._words, whole=True)
        return _merged([outer, *inner])

    def _bracket(self, text: str) -> Phrase:
        word = text.removeprefix("单位").removeprefix(":").strip()
        if self.lists.unit(word):
            return Phrase(unit=word)
        if when := when_of(text):
            return Phrase(when=when)
        return self._sentence(text, self._words, whole=False)

    def _sentence(self, text: str, vocabulary: dict[str, str], *, whole: bool) -> Phrase:
        """A text without brackets: a period, a unit at its end, and words."""
        unit = ""
        if whole and self.lists.unit(text) and text not in vocabulary:
            return Phrase(unit=text)
        when, rest = _taken_when(text)
        rest, unit = self._tail_unit(rest, vocabulary) if whole else (rest, "")
        phrase = self._worded(rest, vocabulary)
        return replace(phrase, unit=unit, when=when)

    def _tail_unit(self, text: str, vocabulary: dict[str, str]) -> tuple[str, str]:
        """A unit behind a separator, or right behind known words: 社零_亿元, GDP亿元."""
        for cut in range(1, len(text)):
            tail = text[cut:]
            if not self.lists.unit(tail) or any(sign in tail for sign in ":_、, "):
                continue
            head = text[:cut]
            if head[-1] in _SEPARATORS:
                return head.strip(_SEPARATORS), tail
            known = segment(head, vocabulary)
            if (
                text not in vocabulary
                and all(name for name, _ in known)
                and any(n == "measure" for n, _ in known)
            ):
                return head, tail
        return text, ""

    def _worded(self, text: str, vocabulary: dict[str, str]) -> Phrase:
        measure = None
        measure_word = ""
        words = []
        unknown = []
        clash = False
        for name, word in segment(text, vocabulary):
            if name == "measure":
                found = self._measures[word]
                clash = clash or (measure is not None and measure.name != found.name)
                measure = found
                measure_word = max(measure_word, word, key=len)
            elif name in CLASSES:
                words.append((name, word))
            elif not name:
                unknown.append(word)
        return Phrase(
            measure=measure, words=tuple(words), unknown=tuple(unknown), clash=clash, word=measure_word
        )

    def _role(self, text: str) -> Phrase | None:
        """A column that says where, when or what: one word, 城市\\年份, or qualified (客户所在城市)."""
        role = self.kind.roles.get(text) or self.lists.role_of.get(text)
        if role is None and (corner := re.fullmatch(r"(\w+)[\\/|](\w+)", text)):
            pair = [self.lists.role_of.get(word) for word in corner.groups()]
            if set(pair) & {"period", "month", "indicator"} and set(pair) & {"place", *_PLACE_ROLES}:
                at = 0 if pair[0] in ("place", *_PLACE_ROLES) else 1
                return self._role(corner.group(at + 1))
        if text in self._measures and role not in ("period",) and text not in self.kind.roles:
            return None
        if text in self.levels:
            return Phrase(role="level", level=text)
        if role is None:
            role = self._qualified(text)
        if role in _PLACE_ROLES:
            return Phrase(role="level", level=role) if role in self.levels else Phrase(role="place")
        return Phrase(role=role) if role else None

    def _qualified(self, text: str) -> str | None:
        parts = segment(text, self._role_words)
        if len(parts) < 2 or any(name != "qualifier" for name, _ in parts[:-1]) or parts[-1][0] != "role":
            return None
        role = self.lists.role_of[parts[-1][1]]
        return role if role in ("place", "period", "month", "quarter", "code", *_PLACE_ROLES) else None

    # titles ----------------------------------------------------------------------------------------------
    def title(self, text: str) -> Phrase:
        """Understand a line of title; 指标：… is read as a header."""
        text = header_text(text)[: 4 * _LONGEST]
        named = re.match(r"(?:指标|指标名称|项目|数据)[:：](.+)", text)
        if named:
            return self._understand(header_text(named.group(1)))
        text = re.sub(r"[(（]?(?:计量|金额|货币)?单位[:：]?[^()（）,，;；。]*[)）]?", " ", text)
        inner = [self._title_part(part) for part in _bracketed(text)]
        rest = _BRACKETS.sub(" ", text)
        outer = [self._title_part(part) for part in re.split(r"[\s,，;；。!！]+", rest) if part]
        return _merged([*outer, *inner])

    def _title_part(self, text: str) -> Phrase:
        if self.lists.unit(text):
            return Phrase(unit=text)
        if when := when_of(text):
            return Phrase(when=when)
        if not text or re.fullmatch(r"(?:附?表|图|附件)?[\d一二三四五六七八九十.\-—]+", text):
            return Phrase()
        return self._sentence(
            re.sub(r"^(?:附?表|附件)\s*[\d一二三四五六七八九十.\-—]+", "", text),
            self._title_words,
            whole=False,
        )


def header_text(cell: str) -> str:
    """A header as it is compared: half-width, lower case, without spaces and footnote marks."""
    lines = [without_marks(as_text(line)) for line in str(cell).splitlines()]
    joined = re.sub(r"[①-⓿❶-➓]|(?<![mM米])[¹²³⁰-⁹]", "", "".join(lines))  # not the ² of km²
    joined = re.sub(r"(?<=\d),(?=000\b)", "", joined)  # 10,000 persons
    text = clean_name(joined).replace("【", "[").replace("】", "]").replace("〔", "(").replace("〕", ")")
    return re.sub(r"^[*#＊]+|[*#＊]+$", "", text)


def _bracketed(text: str) -> list[str]:
    return [part for inside in _BRACKETS.findall(text) for part in re.split("[,，、;；]", inside) if part]


def _taken_when(text: str) -> tuple[When | None, str]:
    """The period that a text states, and the text without it; two periods are none."""
    found = []
    for match in SEARCH.finditer(text):
        when = when_of(match.group())
        if when:
            found.append((match, when))
    if not found:
        return None, text
    joined: When | None = When()
    for _, when in found:
        joined = joined.joined(when, same=True) if joined else None
    for match, _ in reversed(found):
        text = f"{text[: match.start()]} {text[match.end() :]}"
    return joined, text.strip(_SEPARATORS)


def segment(text: str, vocabulary: dict[str, str]) -> list[tuple[str, str]]:
    """Cut a text into known words and the unknown between them; fewest unknown characters, then fewest words.

    Returns
    -------
    list of tuple
        Class (empty: unknown) and word, in order; separators are left out.
    """
    text = text[:_LONGEST]
    longest = min(max(map(len, vocabulary), default=1), len(text))
    best: list[tuple[int, int, int]] = [(0, 0, 0)]  # unknown characters, words, where the last word begins
    for end in range(1, len(text) + 1):
        free = text[end - 1] in _SEPARATORS
        before = best[end - 1]
        choice = (before[0] + (0 if free else 1), before[1], end - 1)
        for start in range(max(0, end - longest), end):
            if text[start:end] in vocabulary:
                one = best[start]
                choice = min(choice, (one[0], one[1] + 1, start))
        best.append(choice)
    parts: list[tuple[str, str]] = []
    end = len(text)
    while end:
        start = best[end][2]
        word = text[start:end]
        parts.append((vocabulary.get(word, "separator" if word in _SEPARATORS else ""), word))
        end = start
    return _glued(parts[::-1])


def _glued(parts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Unknown characters side by side are one unknown word."""
    result: list[tuple[str, str]] = []
    for name, word in parts:
        if not name and result and not result[-1][0]:
            result[-1] = ("", result[-1][1] + word)
        else:
            result.append((name, word))
    return [part for part in result if part[0] != "separator"]


def _merged(parts: Iterable[Phrase]) -> Phrase:
    """Put together what stands in one text; two measures or two periods in it are a clash."""
    result = Phrase()
    for part in parts:
        when = part.when.joined(result.when, same=True) if part.when else result.when
        two = part.measure and result.measure and part.measure.name != result.measure.name
        result = Phrase(
            role=result.role or part.role,
            level=result.level or part.level,
            measure=result.measure or part.measure,
            unit=result.unit or part.unit,
            when=when,
            words=result.words + part.words,
            unknown=result.unknown + part.unknown,
            clash=result.clash or part.clash or bool(two) or (part.when is not None and when is None),
            word=result.word or part.word,
        )
    return result


def combine(parts: Iterable[Phrase]) -> Phrase:
    """Put together what stands above one column, from top to bottom.

    The lower measure and unit win, periods are joined, words add up; 当月 below 累计 is a single month.
    """
    result = Phrase()
    for part in parts:
        when = part.when.joined(result.when) if part.when else result.when
        words = result.words
        if part.has("single"):
            words = tuple(pair for pair in words if pair[0] != "cumulative")
        below = part.role in (
            "level",
            "place",
            "code",
        )  # 城市 below 年份: the lower one says what the column is
        result = Phrase(
            role=part.role if below else result.role or part.role,
            level=part.level or result.level,
            measure=part.measure or result.measure,
            unit=part.unit or result.unit,
            when=when,
            words=words + part.words,
            unknown=result.unknown + part.unknown,
            clash=result.clash or part.clash or (part.when is not None and when is None),
            word=part.word or result.word,
        )
    return result
