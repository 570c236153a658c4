"""A table in words: labelled columns with units, formatted figures, as text and as harmless HTML.

Always holds: the table itself is never changed and stays in base units, only the texts made here are in
display units; every text from data is escaped; a name is never broken over two lines; what is left out is
said below the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

import pandas as pd
from rich.cells import cell_len

from ..errors import MktError
from . import book as words
from .amounts import NOTHING, cell_text, format_plain, money_unit, number_texts, refuse_percent

#: Where a table carries its name in ``words.toml``: ``table.attrs[TABLE]``.
TABLE = "words"
#: A result shows this many rows of its main table.
FIRST_ROWS = 8
#: Columns that hold names: never broken when a text must become narrower.
_UNBROKEN = ("region", "name", "short_name", "level", "period", "year", "action", "tier")


def named(table: pd.DataFrame | pd.Series, name: str) -> pd.DataFrame | pd.Series:
    """Return a shallow copy that knows its name in ``words.toml``, and with it what its columns mean.

    >>> named(pd.DataFrame({"value": [1.0]}), "steps").attrs
    {'words': 'steps'}
    """
    known = table.copy(deep=False)
    known.attrs = {**table.attrs, TABLE: name}
    return known


def flatten(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with its named index as columns, without an unnamed one."""
    names = [name for name in table.index.names if name is not None and name not in table.columns]
    return table.reset_index(names) if names and len(names) == table.index.nlevels else table


def with_names(table: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    """Return the table with names before every column of region codes that has none yet.

    Parameters
    ----------
    table : DataFrame
    names : Series
        Code -> name, as ``RegionTree.names()``; a code without a name stands as it is.
    """
    for column in list(table.columns):
        known = words.word(str(column))
        beside = "name" if column == "region" else f"{column}_name"
        if known is None or not known.code or beside in table.columns:
            continue
        found = table[column].map(names).fillna(table[column])
        table = table.copy(deep=False)
        table.insert(table.columns.get_loc(column), beside, found)
    return table


# ---- columns ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """One column as it is shown: its name in the table, head without unit, units, texts, whether numbers.

    ``bars`` are small pictures below the texts (markup of :mod:`.bars`), on a page only.
    """

    name: str
    label: str
    base: str
    unit: str
    texts: tuple[str, ...]
    numeric: bool
    bars: tuple[str, ...] = ()

    @property
    def head(self) -> str:
        """Label with unit; percent stands at the figures already, and a number of things needs none."""
        told = self.unit and self.unit not in ("%", "个")
        return f"{self.label}（{self.unit}）" if told else self.label


@dataclass(frozen=True)
class Units:
    """How the units of a table are chosen: money for all, and column -> unit where it is told.

    ``measure`` is the base unit of columns that hold whatever the series measures.
    """

    table: str = ""
    money: str = "auto"
    told: Mapping[str, str] | None = None
    measure: str = ""

    def __post_init__(self):
        if self.money not in ("auto", *words.MONEY):
            raise MktError(f"money 应为 auto、{'、'.join(words.MONEY)}，得到 {self.money!r}")

    def of(self, column: str) -> tuple[str, str]:
        """Base unit of a column and the display unit that is fixed for it, "" where it is to be chosen."""
        given = (self.told or {}).get(column)
        known = words.word(column, self.table)
        if given is None and known is not None and known.unit == "measure":
            given = self.measure
        if given is None:
            return (known.unit, known.show) if known else ("", "")
        base = words.base_unit(given)
        if not base:
            return "", given
        return base, "" if given == base else given


def columns_of(table: pd.DataFrame, units: Units) -> list[Column]:
    """Return the columns of a table as they are shown.

    Parameters
    ----------
    table : DataFrame
        Base units; the index is not shown.
    units : Units
    """
    if not table.columns.is_unique:
        raise MktError(
            f"列名重复，无法显示：{'、'.join(map(str, table.columns[table.columns.duplicated()]))}"
        )
    common = _common_money(table, units)
    found = []
    for name in table.columns:
        column = _column(table, str(name), table[name], units, common)
        found += column
    return found


def _common_money(table: pd.DataFrame, units: Units) -> str:
    """The unit of all amounts of money that have none of their own."""
    if units.money != "auto":
        return units.money
    amounts = []
    for name in table.columns:
        if units.of(str(name)) == ("yuan", "") and _is_number(table[name]):
            amounts += table[name].dropna().astype(float).tolist()
    return money_unit(amounts)


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _column(table, name: str, column: pd.Series, units: Units, common: str) -> list[Column]:
    """The column; figures of several indicators are shown each in its unit, which then stands beside them."""
    base, unit = units.of(name)
    label = words.label(name, units.table)
    if base == "row" and _is_number(column):
        return [Column(name, label, base, "", *_by_row(table, column))]
    if name == "unit" and "indicator" in table.columns:
        return [Column(name, label, "", "", tuple(_row_units(table)), False)]
    if not _is_number(column):
        return [Column(name, label, "", "", tuple(_texts(column, name, units.table)), False)]
    if not unit:
        unit = common if base == "yuan" else words.shown_unit(base)
    elif base == "yuan" and unit != "元" and units.money != "auto":
        unit = common  # the reader chose; a figure per head stays in yuan
    if base not in words.PERCENT and unit not in words.scales():
        return [Column(name, label, "", unit, tuple(number_texts(column, "", "")), True)]
    if base == "share":
        refuse_percent(column.dropna().tolist(), label)
    return [Column(name, label, base, unit, tuple(number_texts(column, unit, base)), True)]


def _texts(column: pd.Series, name: str, table: str) -> list[str]:
    known = words.word(name, table)
    listed = words.values(known.values) if known and known.values else {}
    return [
        listed.get(v, cell_text(v)) if isinstance(v, str) else cell_text(v) for v in column.astype(object)
    ]


def _row_units(table: pd.DataFrame) -> list[str]:
    """Display unit of every row, by its indicator, else by its base unit."""
    given = table["unit"] if "unit" in table.columns else pd.Series("", table.index)
    names = table["indicator"] if "indicator" in table.columns else pd.Series("", table.index)
    known = {name: words.indicator(str(name))[1] for name in names.unique()}
    return [
        known[name] or words.shown_unit(str(unit)) or ("" if words.base_unit(str(unit)) else str(unit))
        for name, unit in zip(names, given, strict=True)
    ]


def _by_row(table: pd.DataFrame, column: pd.Series) -> tuple[tuple[str, ...], bool]:
    """Each figure in the unit of its row."""
    if not {"indicator", "unit"} & set(table.columns):
        return tuple(number_texts(column, "", "")), True
    units = _row_units(table)
    texts = []
    for value, unit in zip(column.tolist(), units, strict=True):
        known = unit if unit in words.scales() else ""
        text = format_plain(None if pd.isna(value) else float(value), known)
        texts.append(f"{text}%" if known == "%" and text != NOTHING else text)
    return tuple(texts), True


# ---- as text ----------------------------------------------------------------------------------------------


def text_width(text: str) -> int:
    """Columns that a text takes in a terminal: a Chinese character is as wide as two letters.

    >>> text_width("容量 a")
    6
    """
    return cell_len(text)


def text_table(columns: Sequence[Column], *, width: int | None = None) -> str:
    """Return a table as text, numbers to the right; columns of prose are folded to fit `width`.

    Nothing is cut: columns that do not fit beside the others stand in a block below, names repeated.

    Parameters
    ----------
    columns : sequence of Column
    width : int, optional
        Of the terminal; without it nothing is folded.
    """
    if not columns:
        return "（没有列）"
    widths = [max(map(text_width, (c.head, *c.texts))) for c in columns]
    if width is None:
        return _block(columns, widths)
    parts = []
    for at in _side_by_side(columns, _narrowed(columns, widths, width), width):
        own = [columns[i] for i in at]
        parts.append(_block(own, _narrowed(own, [widths[i] for i in at], width)))
    return "\n\n".join(parts)


def _block(columns: Sequence[Column], widths: list[int]) -> str:
    """Columns beside one another."""
    lines = _folded_row([c.head for c in columns], columns, widths)
    lines.append("  ".join("─" * w for w in widths))
    for texts in zip(*(c.texts for c in columns), strict=True):
        lines += _folded_row(texts, columns, widths)
    return "\n".join(line.rstrip() for line in lines)


def _side_by_side(columns: Sequence[Column], widths: list[int], width: int) -> list[list[int]]:
    """Which columns stand in one block: what does not fit goes below, each block with the names again."""
    keys = _keys(columns)
    blocks = [list(keys)]
    for i in range(len(columns)):
        if i in keys:
            continue
        together = [widths[j] for j in (*blocks[-1], i)]
        if len(blocks[-1]) > len(keys) and sum(together) + 2 * (len(together) - 1) > width:
            blocks.append(list(keys))
        blocks[-1].append(i)
    return [sorted(block) for block in blocks]


def _keys(columns: Sequence[Column]) -> list[int]:
    """The columns that say what a row is: names and periods among the first two, else the first."""
    known = [i for i, c in enumerate(columns[:2]) if c.name in _UNBROKEN and c.name != "region"]
    return known or [0]


def _narrowed(columns, widths: list[int], width: int) -> list[int]:
    """Widths that fit, taken from the widest column of prose first, none below 16."""
    widths = list(widths)
    prose = [i for i, c in enumerate(columns) if not c.numeric and c.name not in _UNBROKEN]
    while sum(widths) + 2 * (len(widths) - 1) > width:
        widest = max(prose, key=lambda i: widths[i], default=None)
        if widest is None or widths[widest] <= 16:
            break
        excess = sum(widths) + 2 * (len(widths) - 1) - width
        widths[widest] = max(16, widths[widest] - excess)
    return widths


def _folded_row(texts, columns, widths: list[int]) -> list[str]:
    parts = [_fold(text, w) for text, w in zip(texts, widths, strict=True)]
    height = max(map(len, parts))
    lines = []
    for k in range(height):
        cells = []
        for part, column, w in zip(parts, columns, widths, strict=True):
            text = part[k] if k < len(part) else ""
            blank = " " * (w - text_width(text))
            cells.append(blank + text if column.numeric else text + blank)
        lines.append("  ".join(cells))
    return lines


def _fold(text: str, width: int) -> list[str]:
    """Lines of at most `width`; none begins with a mark that ends something."""
    if text_width(text) <= width:
        return [text]
    lines = [""]
    for character in text:
        if text_width(lines[-1] + character) > width:
            carried = lines[-1][-1:] if character in _CLOSING and len(lines[-1]) > 1 else ""
            lines[-1] = lines[-1][: len(lines[-1]) - len(carried)]
            lines.append(carried)
        lines[-1] += character
    return lines


#: Marks that stand behind a word.
_CLOSING = "，。；：、）”！？%"


# ---- as HTML ----------------------------------------------------------------------------------------------


def html_table(columns: Sequence[Column], *, title: str = "") -> str:
    """Return a plain table: every text escaped, no script, numbers to the right, no break inside a name.

    Neighbouring columns of one unit have it once, in a row of heads above theirs.
    """
    caption = f"<caption>{escape(title)}</caption>" if title else ""
    rows = []
    for at, texts in enumerate(zip(*(c.texts for c in columns), strict=True)):
        cells = (
            f"<td{_style(c)}>{escape(t)}{_bar_below(c, at)}</td>" for c, t in zip(columns, texts, strict=True)
        )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{caption}<thead>{_heads(columns)}</thead><tbody>{''.join(rows)}</tbody></table>"


def _bar_below(column: Column, at: int) -> str:
    return f"<br>{column.bars[at]}" if column.bars and column.bars[at] else ""


def _heads(columns: Sequence[Column]) -> str:
    """One row of heads; where neighbours share a unit that is told, the unit stands once above them."""
    groups = [list(group) for _, group in groupby(columns, key=lambda c: c.head != c.label and c.unit)]
    if not any(len(group) > 1 and group[0].head != group[0].label for group in groups):
        return f"<tr>{''.join(f'<th{_style(c, head=True)}>{escape(c.head)}</th>' for c in columns)}</tr>"
    top = []
    below = []
    for group in groups:
        if len(group) > 1 and group[0].head != group[0].label:
            top.append(f'<th colspan="{len(group)}">{escape(group[0].unit)}</th>')
            below += [f"<th{_style(c, head=True)}>{escape(c.label)}</th>" for c in group]
        else:
            top += [f'<th rowspan="2"{_style(c, head=True)}>{escape(c.head)}</th>' for c in group]
    return f"<tr>{''.join(top)}</tr><tr>{''.join(below)}</tr>"


def _style(column: Column, *, head: bool = False) -> str:
    short = head or column.numeric or max(map(text_width, column.texts), default=0) <= 40
    wrap = ";white-space:nowrap" if short else ""
    return f' style="text-align:{"right" if column.numeric else "left"}{wrap}"'
