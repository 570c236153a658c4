"""Words: what a column, a unit, a status or a level is called in Chinese, and in which unit it is shown.

Always holds: every label and unit an analyst reads comes from ``words.toml`` beside this module; tables stay
in base units (yuan, persons, ratios 0-1) and only the moment of showing divides; a name without an entry is
shown as it is, never guessed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..errors import MktError

#: A column that says "percent" holds parts of one: beyond this it was multiplied by 100 before.
LARGEST_SHARE = 1.5
#: Units that are shown as percent.
PERCENT = ("share", "rate")
#: The money units a reader may choose between.
MONEY = ("元", "万元", "亿元")


@dataclass(frozen=True)
class Word:
    """What is known of a column.

    ``unit`` is the base unit of the table; ``show`` a display unit that is not the reader's to choose;
    ``values`` the name of a closed list; ``code`` marks region codes; ``brief`` is a short label.
    """

    label: str
    unit: str = ""
    show: str = ""
    values: str = ""
    code: bool = False
    brief: str = ""


@cache
def _book() -> dict:
    return tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))


@cache
def _columns() -> dict[str, Word]:
    """Every column of every section; the sections share one name space."""
    book = _book()
    sections = [book["indicators"], *book["columns"].values()]
    return {name: Word(**entry) for section in sections for name, entry in section.items()}


@cache
def word(column: str, table: str = "") -> Word | None:
    """Return what is known of a column, or None.

    Parameters
    ----------
    column : str
        Name in a table, such as ``entry_cost`` or ``year_province``.
    table : str, optional
        Name of a table in ``[tables]`` where the column may mean something narrower.

    Examples
    --------
    >>> word("gain").label, word("gain").unit
    ('净现值增量', 'yuan')
    >>> word("value", "steps").label, word("year_province").label
    ('净现值', '省级强势始于')
    """
    narrower = _book()["tables"].get(table, {}).get(column)
    if isinstance(narrower, Mapping):
        return Word(**narrower)
    if column in _columns():
        return _columns()[column]
    head, _, rest = column.partition("_")
    family = _columns().get(f"{head}_*")
    if column[0:1] == "q" and column[1:2].isdigit():  # a quantile: q10, q0.1
        rest = column[1:]
        family = _columns().get("q*")
    if family is None or not rest:
        return None
    label = family.label.replace("{grade}", grade_name(rest)).replace("{}", rest)
    return Word(label, family.unit, family.show, family.values)


def label(column: str, table: str = "") -> str:
    """Return the Chinese label of a column; a name that is not known stays as it is.

    >>> label("capacity"), label("年份")
    ('市场容量', '年份')
    """
    found = word(column, table)
    return found.label if found else column


def brief(column: str) -> str:
    """Return the short label of an indicator, for messages.

    >>> brief("gdp_per_capita"), brief("resident_population")
    ('人均 GDP', '常住人口')
    """
    entry = _book()["indicators"].get(column, {})
    return entry.get("brief") or entry.get("label") or column


def unit(column: str, table: str = "") -> str:
    """Return the base unit of a column: yuan, person, share, rate, km ..., or empty.

    >>> unit("retail_sales"), unit("share"), unit("name")
    ('yuan', 'share', '')
    """
    found = word(column, table)
    return found.unit if found else ""


def title(table: str) -> str:
    """Return the Chinese title of a table.

    >>> title("steps")
    '扩张步骤'
    """
    return _book()["tables"].get(table, {}).get("heading", "")


def table_names() -> tuple[str, ...]:
    """Names of the tables in which some column means something narrower."""
    return tuple(_book()["tables"])


def column_names() -> tuple[str, ...]:
    """Names of all columns that have a label, whatever the table."""
    return tuple(_columns())


# ---- units ------------------------------------------------------------------------------------------------


def unit_word(base: str) -> str:
    """Return the Chinese word of a base unit; a word that is Chinese already stays.

    >>> unit_word("yuan"), unit_word("亿元")
    ('元', '亿元')
    """
    entry = _book()["units"].get(base)
    return base if entry is None else entry["label"]


@cache
def scales() -> dict[str, float]:
    """Display unit -> how many base units one of it is; without a unit 1.

    >>> scales()["亿元"], scales()["%"]
    (100000000.0, 0.01)
    """
    found = {"": 1.0}
    for entry in _book()["units"].values():
        found |= entry["show"]
    return found


def scale(shown: str) -> float:
    """Return how many base units one display unit is.

    Raises
    ------
    MktError
        If it is no display unit.
    """
    if shown not in scales():
        raise MktError(f"显示单位 {shown!r} 未定义，可用：{'、'.join(u for u in scales() if u)}")
    return scales()[shown]


def is_base(name: str) -> bool:
    """Whether a name is that of a base unit.

    >>> is_base("yuan"), is_base("亿元")
    (True, False)
    """
    return name in _book()["units"]


def base_unit(name: str) -> str:
    """Return the base unit that a unit name belongs to: ``yuan`` of ``yuan``, 元, 万元 and 亿元; "" if none.

    >>> base_unit("亿元"), base_unit("%"), base_unit("yuan"), base_unit("台")
    ('yuan', 'share', 'yuan', '')
    """
    units = _book()["units"]
    if name in units:
        return name
    return next((base for base, entry in units.items() if name in entry["show"]), "")


def shown_unit(base: str, *, show: str = "") -> str:
    """Return the unit that figures of a base unit are shown in where nobody chose one.

    >>> shown_unit("share"), shown_unit("yuan"), shown_unit("yuan", show="亿元"), shown_unit("year")
    ('%', '元', '亿元', '')
    """
    if show:
        return show
    return next(iter(_book()["units"].get(base, {}).get("show", {})), "")


# ---- closed lists -----------------------------------------------------------------------------------------


def values(name: str) -> dict[str, str]:
    """Return a closed list: value in a table -> Chinese word.

    >>> values("direction")
    {'up': '升', 'down': '降'}
    """
    if name == "level":
        return {key: entry["label"] for key, entry in _book()["levels"].items()}
    if name == "indicator":
        return {key: entry["label"] for key, entry in _book()["indicators"].items()}
    if name == "unit":
        return {key: shown_unit(key) or key for key in _book()["units"]}
    return dict(_book()["values"][name])


def value_word(name: str, value: str) -> str:
    """Return the word of one value of a closed list; a value that is not in it stays as it is.

    >>> value_word("season_type", "peak")
    '旺季'
    """
    return values(name).get(value, value)


def level_name(level: str) -> str:
    """Return what a level is called: 省; an unknown one stays as it is.

    >>> level_name("province"), level_name("store")
    ('省', 'store')
    """
    return value_word("level", level)


def grade_name(level: str) -> str:
    """Return what something of a level is called: 省级.

    >>> grade_name("province"), grade_name("nation")
    ('省级', '全国')
    """
    entry = _book()["levels"].get(level)
    return entry["grade"] if entry else level


def status_word(status: str) -> str:
    """Return the word of a figure's status.

    >>> status_word("imputed")
    '由其他指标推算'
    """
    return value_word("status", status)


def ending(ended: str) -> str:
    """Return how a search ended, in words.

    >>> ending("optimal")
    '已证明（在允许差距内最优）'
    """
    return value_word("ending", ended)


def indicator(name: str) -> tuple[str, str]:
    """Return an indicator's label and the unit it is shown in; the name itself and "" if it is not known.

    >>> indicator("gdp"), indicator("urban_rate")
    (('地区生产总值', '亿元'), ('城镇化率', '%'))
    """
    if name not in _book()["indicators"]:
        return name, ""
    found = word(name)
    return found.label, shown_unit(found.unit, show=found.show)


def indicators() -> dict[str, tuple[str, str]]:
    """Return every indicator with its label and the unit it is shown in."""
    return {name: indicator(name) for name in _book()["indicators"]}
