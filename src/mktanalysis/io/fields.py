"""What an analyst's file may hold: kinds of tables, measures, header words, units.

Always holds: everything comes from ``fields.toml`` beside this module, and labels from words; nothing
here reads a user's file.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..errors import MktError
from ..words import label, title

#: Dimension -> base unit of the tables in this package.
BASE_UNITS = {
    "yuan": "yuan",
    "person": "person",
    "share": "share",
    "count": "count",
    "km": "km",
    "number": "",
    "quantity": "",
}
#: Dimensions of goods sold: their unit is a file's own.
QUANTITIES = ("quantity",)
#: Dimensions whose figures may stand without a unit: the base unit is the only usual one.
UNITLESS = ("count", "number")


#: Lists of words by what they do to a header or a title.
_CLASSES = (
    "title",
    "plan",
    "actual",
    "cumulative",
    "single",
    "sum",
    "change",
    "narrow",
    "others",
    "qualifiers",
    "generic",
)


@dataclass(frozen=True)
class Measure:
    """A figure that a column may hold.

    ``low`` and ``high`` are inclusive bounds in base units; outside ``rare`` a figure is almost surely in
    the wrong unit; ``additive`` figures of parts make the figure of the whole; ``usual`` is the middle
    figure of a region by level about 2022 (rounded from the built-in tables), to recognise wrong units.
    """

    name: str
    label: str
    dimension: str
    words: tuple[str, ...]
    low: float | None = 0.0
    high: float | None = None
    rare: tuple[float, float] | None = None
    additive: bool = False
    required: bool = False
    usual: dict | None = None


@dataclass(frozen=True)
class Kind:
    """A kind of file: its name, its title in Chinese, its measures, whether its rows have a period.

    With `every_level` the figure of a region above others is one of its own (a budget), not their total;
    `planned` figures are plans; `own` ones are an analyst's, which may be tiny, negative and in detailed
    rows;
    `optional` figures may be absent; `texts` are the roles of columns of text that are kept.
    """

    name: str
    title: str
    measures: tuple[Measure, ...]
    has_period: bool
    every_level: bool = False
    planned: bool = False
    own: bool = False
    optional: bool = False
    texts: tuple[str, ...] = ()

    @property
    def needs_figures(self) -> bool:
        """Whether a file of this kind must have a column of figures."""
        return bool(self.measures) and not self.optional

    @property
    def words(self) -> dict[str, Measure]:
        """Header word -> measure."""
        return {w: m for m in self.measures for w in (m.name, m.label.casefold(), *m.words)}

    def by_name(self, name: str) -> Measure:
        """The measure called `name`."""
        return next(measure for measure in self.measures if measure.name == name)


@dataclass(frozen=True)
class Fields:
    """Everything in ``fields.toml``, ready to be looked up."""

    kinds: dict[str, Kind]
    role_of: dict[str, str]
    units: dict[str, tuple[str, float]]
    foreign: tuple[str, ...]
    harmless: frozenset[str]
    notes: tuple[str, ...]
    totals: frozenset[str]
    guides: frozenset[str]
    hints: dict[str, str]
    classes: dict[str, frozenset[str]]

    @property
    def quantities(self) -> dict[str, tuple[str, float]]:
        """Unit word of goods -> the unit that is counted in, and its factor: 万辆 -> 辆, 10,000."""
        found = {word: factor for word, (dimension, factor) in self.units.items() if dimension == "quantity"}
        return {
            word: (word.lstrip("万千") if word != "千克" else "公斤", factor)
            for word, factor in found.items()
        }

    def unit(self, text: str) -> tuple[str, float] | None:
        """Dimension and factor of a unit word; dimension ``foreign`` for other money; None if unknown."""
        if text in self.units:
            return self.units[text]
        return ("foreign", 0.0) if any(word in text for word in self.foreign) and len(text) <= 6 else None


@cache
def fields() -> Fields:
    """Return the lists of ``fields.toml``."""
    raw = tomllib.loads((Path(__file__).parent / "fields.toml").read_text("utf-8"))
    kinds = {}
    for name, spec in raw["kinds"].items():
        known = f"own_{name}"  # what the kind is called in words.toml
        measures = [_measure(key, values, known) for key, values in spec.get("measures", {}).items()]
        flags = {flag: spec.get(flag, False) for flag in ("every_level", "planned", "own", "optional")}
        texts = tuple(spec.get("texts", ()))
        kinds[name] = Kind(name, title(known), tuple(measures), spec["has_period"], **flags, texts=texts)
    words = raw["words"]
    return Fields(
        kinds=kinds,
        role_of={word: role for role, group in raw["roles"].items() for word in group},
        units={word: (dim, factor) for dim, group in raw["units"].items() for word, factor in group.items()},
        foreign=tuple(words["foreign"]),
        harmless=frozenset(words["harmless"]),
        notes=tuple(words["notes"]),
        totals=frozenset(words["totals"]),
        guides=frozenset(words["guides"]),
        hints=words["hints"],
        classes={name: frozenset(words[name]) for name in _CLASSES},
    )


def _measure(name: str, spec: dict, table: str) -> Measure:
    rare = tuple(spec["rare"]) if "rare" in spec else None
    told = {"label": label(name, table), "words": tuple(spec["words"]), "rare": rare}
    return Measure(name=name, **{**spec, **told})


def kind_of(name: str) -> Kind:
    """Return a kind by name, or say which there are."""
    if name not in fields().kinds:
        raise MktError(f"没有这种表 {name!r}，可用：{'、'.join(fields().kinds)}")
    return fields().kinds[name]
