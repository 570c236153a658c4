"""A report's conclusions as data: a judgement, a few numbers with their range, what to do, the largest risk.

Always holds: every sentence carries the figures it rests on, in base units, so that a test (or a reader) can
check the sentence against the table; a figure that is missing is said to be missing, never left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape

import pandas as pd

from ..words import label
from ..words.amounts import NOTHING, figure_text

#: What a story's parts are called on a page.
HEADS = {"actions": "先做什么", "risk": "最大的风险", "more": "还发现"}


@dataclass(frozen=True, eq=False)
class Claim:
    """A sentence and the figures it rests on.

    Attributes
    ----------
    text : str
        Chinese.
    figures : mapping
        Name of ``words.toml`` (or Chinese label) -> figure in base units, or a text such as a region's name.
    """

    text: str
    figures: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, eq=False)
class Number:
    """One figure of the first page, with its range.

    Attributes
    ----------
    name : str
        Name of ``words.toml`` or a Chinese label.
    value, lower, upper : float or str
        Base units; missing where there is no range.
    note : str
        What it is measured on, or how sure it is.

    Examples
    --------
    >>> Number("gain", 2.5e8, 1e8, 4e8, "八成").text()
    '净现值增量 2.5 亿元（1 亿元 — 4 亿元，八成）'
    """

    name: str
    value: object
    lower: object = None
    upper: object = None
    note: str = ""

    def span(self) -> str:
        """The range as text; empty without one."""
        if self.lower is None or self.upper is None:
            return ""
        ends = (figure_text(self.name, end) for end in (self.lower, self.upper))
        return " — ".join(ends)

    def text(self) -> str:
        """Label, figure, range and note on one line."""
        inside = "，".join(part for part in (self.span(), self.note) if part)
        told = f"{label(self.name)} {figure_text(self.name, self.value)}"
        return f"{told}（{inside}）" if inside else told

    def html(self) -> str:
        """The same as a card: label, figure, range and note."""
        inside = "，".join(part for part in (self.span(), self.note) if part)
        small = f"<small>{escape(inside)}</small>" if inside else ""
        value = escape(figure_text(self.name, self.value))
        return f"<div><dt>{escape(label(self.name))}</dt><dd>{value}{small}</dd></div>"


@dataclass(frozen=True, eq=False)
class Strip:
    """What a report stands on, on one line: given facts, and assumptions told apart from them.

    Attributes
    ----------
    facts : mapping of str to str
        Chinese label -> text: what was asked for and what the figures are.
    assumed : mapping of str to str
        What is an assumption and no statistic.

    Examples
    --------
    >>> Strip({"数据": "2023 年"}, {"品类占社零": "1%"})
    数据 2023 年 · 品类占社零 1%（假设）
    """

    facts: Mapping[str, str] = field(default_factory=dict)
    assumed: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        parts = [f"{name} {text}" for name, text in self.facts.items()]
        parts += [f"{name} {text}（假设）" for name, text in self.assumed.items()]
        return " · ".join(parts)

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}, {"role": "strip"}

    def _repr_html_(self) -> str:
        parts = [_chip("span", name, text) for name, text in self.facts.items()]
        parts += [_chip("em", name, text) for name, text in self.assumed.items()]
        return f"<p>{' '.join(parts)}</p>"


#: Colours of given facts and of assumptions in a notebook; a report's page has its own style for the tags.
_CHIPS = {
    "span": "color:#5c6773;background:#f5f6f8",
    "em": "color:#8a5a00;background:#fdf4e0;font-style:normal",
}


def _chip(tag: str, name: str, text: str) -> str:
    look = f"{_CHIPS[tag]};padding:.1em .6em;border-radius:1em"
    return f'<{tag} style="{look}">{escape(name)} <b>{escape(text)}</b></{tag}>'


@dataclass(frozen=True, eq=False)
class Story:
    """What a report found, for the reader who reads nothing else.

    Attributes
    ----------
    title : str
    judgement : Claim
        The answer to the report's question.
    numbers : sequence of Number
    actions : sequence of Claim
        What to do, the most urgent first.
    risk : Claim or None
        The largest of those that were measured.
    more : sequence of Claim
        What else was found, in the order of the report.
    """

    title: str
    judgement: Claim
    numbers: tuple[Number, ...] = ()
    actions: tuple[Claim, ...] = ()
    risk: Claim | None = None
    more: tuple[Claim, ...] = ()

    def claims(self) -> list[Claim]:
        """Every sentence, in the order in which it is read."""
        risk = [self.risk] if self.risk is not None else []
        return [self.judgement, *self.actions, *risk, *self.more]

    def sentences(self) -> list[str]:
        """The texts of all sentences."""
        return [claim.text for claim in self.claims()]

    def evidence(self) -> pd.DataFrame:
        """Columns sentence, figure, value, text: what each sentence rests on."""
        rows = [
            {"sentence": claim.text, "figure": label(name), "value": value, "text": _written(name, value)}
            for claim in self.claims()
            for name, value in claim.figures.items()
        ]
        return pd.DataFrame(rows, columns=["sentence", "figure", "value", "text"])

    def lines(self) -> list[str]:
        """The first page line by line, each saying what it is."""
        lines = [self.judgement.text, *(number.text() for number in self.numbers)]
        lines += [f"{HEADS['actions']} {i}：{action.text}" for i, action in enumerate(self.actions, 1)]
        return [*lines, f"{HEADS['risk']}：{self.risk.text}"] if self.risk is not None else lines

    def __repr__(self) -> str:
        lines = [self.title, self.judgement.text]
        lines += [f"· {number.text()}" for number in self.numbers]
        lines += [f"{i}. {action.text}" for i, action in enumerate(self.actions, 1)]
        lines += [f"{HEADS['risk']}：{self.risk.text}"] if self.risk is not None else []
        return "\n".join([*lines, *(claim.text for claim in self.more)])

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        """Both texts; the engine of reports learns that this is the first page, and its judgement."""
        texts = {"text/plain": repr(self), "text/html": self._repr_html_()}
        return texts, {"role": "story", "judgement": self.judgement.text}

    def _repr_html_(self) -> str:
        parts = [f"<p><strong>{escape(self.judgement.text)}</strong></p>"]
        cards = "".join(number.html() for number in self.numbers)
        parts += [f"<dl>{cards}</dl>"] if cards else []
        parts += _listing("ol", HEADS["actions"], (action.text for action in self.actions))
        if self.risk is not None:
            parts.append(f"<p><strong>{HEADS['risk']}</strong>：{escape(self.risk.text)}</p>")
        parts += _listing("ul", HEADS["more"], (claim.text for claim in self.more))
        return "".join(parts)


def _listing(tag: str, head: str, texts: Iterable[str]) -> list[str]:
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return [f"<p><strong>{head}</strong></p><{tag}>{items}</{tag}>"] if items else []


def _written(name: str, value: object) -> str:
    return NOTHING if value is None else figure_text(name, value)
