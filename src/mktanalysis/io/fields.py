"""What an analyst's file may hold: kinds of tables, measures, header words, units.

Always holds: everything comes from ``fields.toml`` beside this module, and labels from words; nothing
here reads a user's file.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
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
    "flow": "",
}
#: Dimensions of goods sold: their unit is a file's own.
QUANTITIES = ("quantity", "flow")
#: Dimensions whose figures may stand without a unit: the base unit is the only usual one.
UNITLESS = ("count", "number")
_MANY = {"": 1.0, "百": 1e2, "千": 1e3, "万": 1e4, "十万": 1e5, "百万": 1e6, "千万": 1e7, "亿": 1e8}
#: Words for the currency of the tables, before or behind an amount of it.
_RENMINBI = "人民币|rmb|cny|[¥￥]"


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
    `optional` figures may be absent; `texts` are the roles of columns of text that are kept; `roles` the
    header words that say where in files of this kind alone.
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
    roles: dict[str, str] = field(default_factory=dict)

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
    quantities: dict[str, tuple[str, float]]

    def unit(self, text: str) -> tuple[str, float] | None:
        """Dimension and factor of a unit word; dimension ``foreign`` for other money; None if unknown.

        Examples
        --------
        >>> fields().unit("万元"), fields().unit("万箱"), fields().unit("RMB mn".replace(" ", "").lower())
        (('yuan', 10000.0), ('quantity', 10000.0), ('yuan', 1000000.0))
        """
        if text in self.units:
            return self.units[text]
        plain = re.sub(_RENMINBI, "", text)
        for word in (plain, f"{plain}yuan"):
            if plain not in ("", text) and self.units.get(word, ("",))[0] in ("yuan", "any"):
                return ("yuan", self.units[word][1])
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
        roles = {word: role for role, group in spec.get("roles", {}).items() for word in group}
        kinds[name] = Kind(
            name, title(known), tuple(measures), spec["has_period"], **flags, texts=texts, roles=roles
        )
    words = raw["words"]
    units = {word: (dim, factor) for dim, group in raw["units"].items() for word, factor in group.items()}
    quantities = _quantities(raw["goods"]["count"], raw["goods"]["same"])
    units = {word: ("quantity", factor) for word, (_, factor) in quantities.items()} | units
    return Fields(
        kinds=kinds,
        role_of={word: role for role, group in raw["roles"].items() for word in group},
        units=units,
        quantities=quantities,
        foreign=tuple(words["foreign"]),
        harmless=frozenset(words["harmless"]),
        notes=tuple(words["notes"]),
        totals=frozenset(words["totals"]),
        guides=frozenset(words["guides"]),
        hints=words["hints"],
        classes={name: frozenset(words[name]) for name in _CLASSES},
    )


def _quantities(count: list[str], same: dict[str, str]) -> dict[str, tuple[str, float]]:
    """Unit word of goods -> the unit that is counted in, and its factor: 万辆 -> 辆, 10,000."""
    plain = {word: word for word in count} | same
    found = {
        f"{prefix}{word}": (base, many) for word, base in plain.items() for prefix, many in _MANY.items()
    }
    return found | {word: (base, 1.0) for word, base in plain.items()}  # 千克 is no thousand of 克


def _measure(name: str, spec: dict, table: str) -> Measure:
    rare = tuple(spec["rare"]) if "rare" in spec else None
    told = {"label": label(name, table), "words": tuple(spec["words"]), "rare": rare}
    return Measure(name=name, **{**spec, **told})


def kind_of(name: str) -> Kind:
    """Return a kind by name, or say which there are."""
    if name not in fields().kinds:
        raise MktError(f"没有这种表 {name!r}，可用：{'、'.join(fields().kinds)}")
    return fields().kinds[name]
