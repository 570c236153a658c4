"""What stands above a table and on its tab: units, a period, a measure, and words that change the meaning.

Always holds: a title never means what a header of the same words would not: it is read by the same grammar,
and a
measure is taken from it only where every word beside it is understood.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ....regions.names import clean_name
from ...fields import Kind, Measure, fields
from .phrases import Phrase, PhraseReader
from .when import When

_UNIT = re.compile(r"单位[:：]?\s*([^\s)）,，;；。]+(?:[、/][^\s)）,，;；。]+)*)")
_BRACKETED = re.compile(r"[(（]([^()（）]+)[)）]")
#: The year of a yearbook, or of the day on which a table was made, is not that of its figures.
_NOT_THE_YEAR = re.compile("年鉴|制表|更新|截至|修订|版|来源|导出|打印|填报|编制|印发|日期[:：]|下载")
#: Periods that are none of ours: a week, a fiscal year. A title with one of them states no period.
_OTHER_PERIOD = re.compile(r"财年|财政年|财季|fy\d|第?\d+周|周报|[上中下]旬|双月|日报|学年", re.IGNORECASE)
#: How words for a figure end: 返利, 押金, 毛利额.
_LIKE_A_FIGURE = re.compile(r".*[额款金费利税值量率价]$")
_NO_TITLE = re.compile(r"(?:sheet|工作表|表)\d*|\d{1,3}|数据|明细", re.IGNORECASE)
_NOTE = re.compile(r"(?:注|备注|说明|note|口径)\d*[:：]", re.IGNORECASE)


@dataclass(frozen=True)
class Titles:
    """What the titles of a table say.

    ``measure`` is that of columns that name none, or missing with ``trouble`` why; ``when`` the period of
    columns
    and rows that state none; ``clash`` two such periods; ``note`` what was taken for granted; ``changed`` and
    ``narrowed`` list titles with words that make another figure or a part of one: title, measure (or
    empty), words.
    """

    units: tuple[str, ...] = ()
    when: When | None = None
    clash: str = ""
    measure: Measure | None = None
    trouble: str = ""
    note: str = ""
    plan: str = ""
    actual: str = ""
    cumulative: str = ""
    single: str = ""
    region: str = ""
    changed: tuple[tuple[str, str, str], ...] = ()
    narrowed: tuple[tuple[str, str, str], ...] = ()


def read_titles(above: list[str], sheet_name: str, beside: list[str], reader: PhraseReader) -> Titles:
    """Understand the lines above a table, the name of its sheet, and the lines beside it that state a unit.

    Parameters
    ----------
    above : list of str
        Texts of the cells above the header.
    sheet_name : str
    beside : list of str
        Texts from the header on, where a line such as 单位：万元 may stand too.
    reader : PhraseReader
    """
    region = next((name for name in map(region_of_title, above) if name), "")
    lines = [text for text in above if not region_of_title(text)]
    if sheet_name and not _NO_TITLE.fullmatch(clean_name(sheet_name)):
        lines.append(sheet_name)
    notes = [text for text in beside if _NOTE.match(text)]
    said = [(text, reader.title(text)) for text in lines if not _NOTE.match(text)]
    footnotes = [(text, reader.title(text)) for text in [*(t for t in lines if _NOTE.match(t)), *notes]]
    when, clash = _when(said)
    measure, trouble, note = _measure(said, reader.kind)
    both = [*said, *footnotes]
    return Titles(
        units=_units(lines, beside, said),
        when=when,
        clash=clash,
        measure=measure,
        trouble=trouble,
        note=note,
        plan=_first(said, "plan"),
        actual=_first(said, "actual"),
        cumulative=_first(both, "cumulative"),
        single=_first(both, "single"),
        region=region,
        changed=_with_words(said, "others", "change"),
        narrowed=_with_words(said, "narrow"),
    )


def _with_words(said: list[tuple[str, Phrase]], *classes: str) -> tuple[tuple[str, str, str], ...]:
    found = [(text, phrase) for text, phrase in said if phrase.has(*classes)]
    return tuple((text, p.measure.name if p.measure else "", p.said(*classes)) for text, p in found)


def _first(said: list[tuple[str, Phrase]], name: str) -> str:
    return next((text for text, phrase in said if phrase.has(name)), "")


def _units(lines: list[str], beside: list[str], said: list[tuple[str, Phrase]]) -> tuple[str, ...]:
    stated = lines + [text for text in beside if re.match(r"[(（]?(?:计量|金额)?单位[:：]", text)]
    lists = [found for text in stated for found in _UNIT.findall(text)]
    lists += [text for line in lines for text in _BRACKETED.findall(line) if fields().unit(clean_name(text))]
    lists += [phrase.unit for _, phrase in said if phrase.unit]
    return tuple(dict.fromkeys(clean_name(unit) for text in lists for unit in re.split("[、,，/;；]", text)))


def _when(said: list[tuple[str, Phrase]]) -> tuple[When | None, str]:
    """The one period that the titles state, or the texts that contradict each other."""
    dated = [(text, phrase) for text, phrase in said if not _NOT_THE_YEAR.search(text)]
    joined: When | None = None
    for text, phrase in dated:
        if _OTHER_PERIOD.search(clean_name(text)):
            return None, text
        if phrase.when is not None and phrase.when.day:
            continue  # the day on which it was made
        if phrase.clash and phrase.when is None and re.search(r"(?:19|20)\d\d", text):
            return None, text
        if phrase.when is None:
            continue
        both = phrase.when.joined(joined, same=True)
        if both is None:
            return None, text
        joined = both
    return joined, ""


def _measure(said: list[tuple[str, Phrase]], kind: Kind) -> tuple[Measure | None, str, str]:
    """The measure of columns that state only a period: measure, or why there is none, and a note."""
    for text, phrase in said:
        wrong = phrase.said("others", "change") or (phrase.said("narrow") if phrase.measure else "")
        if wrong:
            return None, f"标题“{text[:40]}”里有“{wrong}”，不是{kind.title}", ""
    named = [(text, phrase) for text, phrase in said if phrase.measure]
    unclear = [
        (text, p.unknown) for text, p in said if p.unknown and (p.measure or re.match("指标|项目", text))
    ]
    strict = len(kind.measures) > 1 or any(re.match("指标|项目", text) for text, _ in unclear)
    if unclear and strict:
        text, unknown = unclear[0]
        return None, f"标题“{text[:40]}”里的“{'、'.join(unknown)}”不认识", ""
    for text, phrase in said:
        if not phrase.measure and (like := [word for word in phrase.unknown if _LIKE_A_FIGURE.match(word)]):
            return None, f"标题“{text[:40]}”里的“{'、'.join(like)}”不认识", ""
    measures = {phrase.measure.name: phrase.measure for _, phrase in named}
    if len(measures) == 1:
        return next(iter(measures.values())), "", ""
    if len(kind.measures) == 1:
        only = kind.measures[0]
        return only, "", f"列名和标题都没有写是哪项数据，按{only.label}读取"
    if measures:
        return None, f"标题里有几项数据：{'、'.join(m.label for m in measures.values())}", ""
    return None, "", ""


def region_of_title(text: str) -> str:
    """The region that a line such as 地区：苏州 names; empty if it names none."""
    match = re.match(r"(?:地区|城市|区域|省份|市|行政区划|地区名称)[:：]\s*([^\s,，;；]+)$", text)
    return match.group(1) if match else ""
