"""One way to show a table: Chinese heads with units, names beside codes, formatted figures.

Always holds: the table stays in base units and is never changed; what is published is its base values, what
is shown are texts; a page, a notebook and a terminal show the same texts; text from data is never markup.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape

import pandas as pd

from . import words
from .errors import MktError
from .words.amounts import NOTHING, figure_text
from .words.bars import interval_bars
from .words.render import TABLE, Column, Units, columns_of, flatten, html_table, text_table, with_names

#: Without `rows` so many are shown: enough for every prefecture of a province, or every city of the country.
MOST_ROWS = 400


#: Who takes tables for the report; the room of reports, which stands above, puts itself here.
_publishers: list[Callable] = []


def publish_with(publisher: Callable) -> None:
    """Let ``present(..., publish=name)`` call ``publisher(name, table, title=..., units=...)``."""
    _publishers.append(publisher)


def head_with_unit(head: str, unit: str) -> str:
    """Return the head of a csv column: with the word of its base unit.

    >>> head_with_unit("容量", "yuan"), head_with_unit("份额", "share"), head_with_unit("城市", "")
    ('容量（元）', '份额（0—1）', '城市')
    """
    word = words.unit_word(unit)
    return f"{head}（{word}）" if word else head


@dataclass(frozen=True, eq=False)
class Presented:
    """A table as it is shown; the last line of a cell shows it.

    Attributes
    ----------
    table : DataFrame
        All rows in base units, with the names that were added.
    columns : list of Column
        Heads, units and texts of all rows.
    rows : int
        So many are shown.
    title : str
        Above the table.
    joined : bool
        Lower and upper limit are shown as one column.
    hidden : tuple of str
        Columns for the file only.
    source : str
        Where the figures come from and what they are, below the table.
    bars : tuple of str
        Columns of what is 1 on the bars of the intervals, and of their middle; empty without bars.
    """

    table: pd.DataFrame
    columns: list[Column]
    rows: int
    title: str
    joined: bool = False
    hidden: tuple[str, ...] = ()
    source: str = ""
    bars: tuple[str, ...] = ()

    @property
    def shown(self) -> list[Column]:
        """The columns as they are shown, first rows only."""
        columns = [column for column in self.columns if column.name not in self.hidden]
        columns = _joined(columns) if self.joined else columns
        columns = [self._with_bars(column) for column in columns] if self.bars else columns
        if columns and columns[0].name == "figure":  # the unit stands beside the figure
            columns = [column for column in columns if column.name != "unit"]
        most = self.rows
        return [replace(c, texts=c.texts[:most], bars=c.bars[:most]) for c in columns]

    def _with_bars(self, column: Column) -> Column:
        """The column of intervals with its bars, every other one as it is."""
        if column.name != "interval":
            return column
        rows = self.table.head(self.rows)
        return replace(column, bars=interval_bars(*(rows[name] for name in (*self.bars, "lower", "upper"))))

    @property
    def texts(self) -> pd.DataFrame:
        """The texts as they are shown, a column a head."""
        return pd.DataFrame({column.head: list(column.texts) for column in self.shown})

    @property
    def note(self) -> str:
        """What is left out."""
        more = len(self.table) > self.rows
        return f"只显示前 {self.rows} 行，共 {len(self.table)} 行" if more else ""

    @property
    def key(self) -> str:
        """What the bars show."""
        if not self.bars:
            return ""
        base, middle = (self._label(name) for name in self.bars)
        return f"横条：区间是{base}的几倍（细线为 1 倍，粗线为{middle}），各行同一尺度"

    def _label(self, name: str) -> str:
        found = next((column.label for column in self.columns if column.name == name), words.label(name))
        return f" {found} 年" if found.isdigit() else found

    def sourced(self, source: str) -> Presented:
        """The same with a line below: where the figures come from, and what they are (公布值, 分摊, 推算)."""
        return replace(self, source=source if source.startswith(("来源", "数据来源")) else f"来源：{source}")

    def barred(self, base: str, middle: str) -> Presented:
        """The same with lower and upper limit as one column, and a bar below each interval.

        Parameters
        ----------
        base : str
            Column that is 1 on the bars' common scale: what is known today.
        middle : str
            Column of the middle of the interval: the forecast.

        Raises
        ------
        MktError
            A column that the table does not have.
        """
        missing = [name for name in (base, middle, "lower", "upper") if name not in self.table.columns]
        if missing:
            raise MktError(f"画区间条需要这些列：{'、'.join(missing)}；现有：{'、'.join(self.table.columns)}")
        return replace(self, joined=True, bars=(base, middle))

    def sheet(self) -> pd.DataFrame:
        """All rows in base units under Chinese heads, as they are published and written."""
        heads = self._heads()
        values = [_values(self.table, column) for column in self.columns]
        return pd.DataFrame(dict(zip(heads, values, strict=True)))

    def units(self) -> dict[str, str]:
        """Head of the sheet -> base unit, where there is one."""
        pairs = zip(self._heads(), self.columns, strict=True)
        return {head: column.base for head, column in pairs if _has_unit(column)}

    def written(self) -> pd.DataFrame:
        """The sheet with its base units in the heads, for a csv."""
        units = self.units()
        return self.sheet().rename(columns=lambda head: head_with_unit(head, units.get(head, "")))

    def _heads(self) -> list[str]:
        """Labels; a second column of the same label has its name beside it."""
        heads: list[str] = []
        for column in self.columns:
            twice = column.label in heads
            heads.append(f"{column.label}（{column.name}）" if twice else column.label)
        return heads

    def text(self, *, width: int | None = None) -> str:
        """As text for a terminal of `width` columns; None folds nothing."""
        lines = (self.title, text_table(self.shown, width=width), self.note, self.source)
        return "\n".join(line for line in lines if line)

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        below = (self.note, self.key, self.source)
        notes = "".join(f"<p><small>{escape(text)}</small></p>" for text in below if text)
        return html_table(self.shown, title=self.title) + notes


def present(
    table: pd.DataFrame | pd.Series,
    columns: Sequence[str] | Mapping[str, str] | None = None,
    *,
    tree=None,
    money: str = "auto",
    rows: int | None = None,
    title: str = "",
    publish: str | None = None,
    units: Mapping[str, str] | str | None = None,
    intervals: bool = False,
    kind: str = "",
) -> Presented:
    """Show a table with labels, units and formats (显示一张表), and publish its base values.

    Parameters
    ----------
    table : DataFrame or Series
        In base units: yuan, persons, ratios 0-1. A named index becomes columns. A Series of key figures
        (index their names, such as ``plan.figures``) becomes a table of label, figure and unit.
    columns : sequence of str, or mapping of str to str, optional
        Which, in which order; a mapping gives them labels of your own. The name of the region comes first,
        its code goes into the published table.
    tree : RegionTree, optional
        Names stand beside the codes of regions.
    money : str
        Unit of amounts that have no fixed one: 元, 万元, 亿元, or ``auto``: the one that fits the largest.
    rows : int, optional
        How many rows are shown; default all, at most `MOST_ROWS`. What is left out is said. All rows are
        published.
    title : str
        Above the table, and name of the sheet.
    publish : str, optional
        Name under which the report gets the base values, as csv and as a sheet with number formats.
    units : mapping of str to str, or str, optional
        Column -> base unit (``yuan``, ``person``, ``share``, ``rate`` ...) or display unit (万人). A text
        is the base unit of the series in tables of forecasts.
    intervals : bool
        Show lower and upper limit as one column.
    kind : str
        Table of ``words.toml`` that the columns belong to; the tables of results know theirs.

    Returns
    -------
    Presented

    Raises
    ------
    MktError
        Unknown columns; a share above 1.5; an unknown unit of money; a table that cannot be published.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"name": ["南京市", "苏州市"], "capacity": [8.24e9, 9.1e9],
    ...                       "share": [0.235, 0.1]})
    >>> present(table)
    地区    市场容量（亿元）   份额
    ──────  ────────────────  ─────
    南京市              82.4  23.5%
    苏州市              91.0  10.0%
    """
    kind = kind or table.attrs.get(TABLE, "")
    told = dict(units) if isinstance(units, Mapping) else {}
    if isinstance(table, pd.Series) and _is_figures(table, kind):
        base = _figures(table, kind)
        found = _figure_columns(table, base, kind)
    else:
        base = flatten(pd.DataFrame(table)).rename(columns=str)
        base = _chosen(base if tree is None else with_names(base, tree.names()), columns)
        choice = Units(kind, money, told, units if isinstance(units, str) else "")
        found = _labelled(columns_of(base, choice), columns)
    hidden = () if columns is None or "region" in columns else ("region",)  # the reader has the name
    most = min(len(base), MOST_ROWS if rows is None else rows)
    shown = Presented(base, found, most, title, intervals, hidden)
    if publish is not None:
        _publish(publish, shown, title or words.title(kind))
    return shown


def _is_figures(series: pd.Series, kind: str) -> bool:
    """Whether the index names key figures, each with a unit of its own."""
    known = [isinstance(name, str) and words.word(name, kind) is not None for name in series.index]
    return series.index.name is None and len(known) > 0 and all(known)


def _figures(series: pd.Series, kind: str) -> pd.DataFrame:
    """Key figures as a table in base units."""
    return pd.DataFrame(
        {
            "figure": [words.label(name, kind) for name in series.index],
            "value": series.to_numpy(),
            "unit": [words.unit_word(words.unit(name, kind)) for name in series.index],
        }
    )


def _figure_columns(series: pd.Series, table: pd.DataFrame, kind: str) -> list[Column]:
    """Label, figure with its unit, and the base unit for the sheet."""
    texts = tuple(figure_text(name, value, kind) for name, value in series.items())
    return [
        Column("figure", words.label("figure"), "", "", tuple(table["figure"]), False),
        Column("value", words.label("value"), "", "", texts, True),
        Column("unit", words.label("base_unit"), "", "", tuple(table["unit"]), False),
    ]


def _chosen(table: pd.DataFrame, columns) -> pd.DataFrame:
    """The columns asked for behind the region's name and code; with other codes come their names."""
    if columns is None:
        return table
    missing = [str(name) for name in columns if name not in table.columns]
    if missing:
        raise MktError(f"表里没有这些列：{'、'.join(missing)}；现有：{'、'.join(table.columns)}")
    wanted = [key for key in ("name", "region") if key in table.columns and key not in columns]
    for name in columns:
        beside = "name" if name == "region" else f"{name}_name"
        if beside in table.columns and beside not in columns and beside not in wanted:
            wanted.append(beside)
        wanted.append(name)
    return table[wanted]


def _labelled(found: list[Column], columns) -> list[Column]:
    """The columns with the labels that were given for them."""
    if not isinstance(columns, Mapping):
        return found
    return [replace(column, label=columns.get(column.name, column.label)) for column in found]


def _joined(found: list[Column]) -> list[Column]:
    """Lower and upper limit as one column, in the place of the first."""
    limits = {column.name: column for column in found if column.name in ("lower", "upper")}
    if len(limits) < 2:
        return found
    low = limits["lower"]
    pairs = zip(low.texts, limits["upper"].texts, strict=True)
    texts = tuple(_between(a, b) for a, b in pairs)
    both = Column("interval", words.label("interval"), low.base, low.unit, texts, True)
    first = min(found.index(column) for column in limits.values())
    rest = [column for column in found if column.name not in limits]
    return [*rest[:first], both, *rest[first:]]


def _between(low: str, high: str) -> str:
    """An interval as one reads it; one that is open at an end says so.

    >>> _between("1", "2"), _between("1", "—"), _between("—", "—")
    ('1 ～ 2', '1 以上', '—')
    """
    if low == high:
        return low
    if NOTHING in (low, high):
        return f"{low} 以上" if high == NOTHING else f"{high} 以下"
    return f"{low} ～ {high}"


# ---- for the report ---------------------------------------------------------------------------------------


def _publish(name: str, shown: Presented, title: str) -> None:
    """Base values under Chinese heads; units go with them, so that the csv's head and the sheet say them."""
    if not _publishers:
        raise MktError("这里只能显示，不能发布：请用 mktanalysis.present(..., publish=...)")
    _publishers[-1](name, shown.sheet(), title=title or name, units=shown.units())


def _has_unit(column: Column) -> bool:
    return column.base not in ("", "measure", "row", "number", "whole")


def _values(base: pd.DataFrame, column: Column) -> pd.Series:
    """Base values; words of closed lists in Chinese, as the reader of a sheet needs them."""
    values = base[column.name]
    if column.name == "unit":  # the figures of a sheet are in base units, whatever the screen shows
        return values.map(words.unit_word, na_action="ignore").reset_index(drop=True)
    if column.numeric or pd.api.types.is_bool_dtype(values) or isinstance(values.dtype, pd.PeriodDtype):
        return values.reset_index(drop=True)
    known = values.notna().to_numpy()
    return pd.Series(list(column.texts), dtype="str").where(known)
