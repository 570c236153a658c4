"""The cells of a sheet as one long table of figures in base units.

Always holds: a figure has a region, a measure, a unit and, where its kind has one, a period, or it is a
problem with its
row and column; rows count as the spreadsheet counts them; a cell beyond the header is a problem, not lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ...errors import Problems
from ...regions import RegionTree
from ...regions.names import clean_name
from ..fields import BASE_UNITS, Kind, Measure, fields
from ..sheets import Uncalculated, cell_name
from .grammar.cells import (
    CellError,
    as_text,
    has_marks,
    is_blank,
    is_footer,
    is_number,
    parse_number,
)
from .grammar.layout import ColumnRole, Layout, fill_merged
from .grammar.phrases import PhraseReader
from .grammar.when import When, parse_part, parse_when
from .periods import close
from .places import Place, PlaceReader, blank_rows, report_places
from .units import Units

#: Columns of the table of figures; ``stated`` is True where the cell itself shows its unit.
COLUMNS = ["row", "column", "region", "year", "first", "last", "day", "cumulative", "is_sum", "rest"]
COLUMNS += ["measure", "value", "factor", "stated", "raw", "word", "scope", "detail"]
_LISTED = 8


@dataclass
class SheetReader:
    """Reads the rows of a sheet whose layout is known; problems are noted, not raised."""

    layout: Layout
    kind: Kind
    tree: RegionTree
    problems: Problems
    phrases: PhraseReader
    notes: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.layout = fill_merged(self.layout)
        self.figures = self.layout.having("figure")
        self.header_row = self.layout.first_row  # counted from 1: the row right above the first data row
        self.time = {
            role: next(iter(self.layout.having(role)), None) for role in ("period", "month", "quarter")
        }
        if self.time["period"] is None:  # a column 月份 that holds 2023-01
            role = "month" if self.time["month"] else "quarter"
            self.whole = self.time[role]
        else:
            self.whole = None
        self.unit_column = next(iter(self.layout.having("unit")), None)
        self.indicator_column = next(iter(self.layout.having("indicator")), None)
        self.details = self.layout.having("detail")
        self.units = Units(self.layout, self.problems)
        self.factors = {column.position: self._column_factor(column) for column in self.figures}
        self.marked: list[str] = []
        self.years = self._years()

    def read(self) -> pd.DataFrame:
        """Return the figures, columns `COLUMNS`; region is missing for rows that add up others."""
        every = self.kind.every_level
        listed = self.kind.name == "areas"
        reader = PlaceReader(self.layout, self.tree, every_level=every, listed=listed)
        places, skipped = report_places(reader.places, self._has_figures, self.problems, self.tree)
        self.notes += reader.notes + skipped
        if self.kind.needs_figures and not self.kind.texts:
            self.notes += blank_rows(places, self._has_figures, self.tree)
        for row in reader.headers:
            self._check_header(row)
        self.places = places
        self._mark_detailed_totals(places)
        self._check_beyond(places)
        self._check_merged(places)
        records = [record for place in places for record in self._row(place)]
        if self.marked:
            self.notes.append(f"数字后面的注号没有读：{_some(self.marked)}")
        return pd.DataFrame.from_records(records, columns=COLUMNS)

    def _years(self) -> dict[str, int | None]:
        """Measure -> the one year of its columns (missing: there are several), for a column 合计."""
        found: dict[str, set] = {}
        for column in self.figures:
            if column.measure and column.when and column.when.year:
                found.setdefault(column.measure.name, set()).add(column.when.year)
        return {name: next(iter(years)) if len(years) == 1 else None for name, years in found.items()}

    # checks of the sheet ---------------------------------------------------------------------------------
    def _check_header(self, row: int) -> None:
        """A header again further down: the same one is passed over, another one is another table."""
        rows = self.layout.sheet.rows
        first = self.layout.first_row
        positions = [column.position for column in self.figures]
        again = [as_text(rows[row][at]) for at in positions]
        if not any(
            again == [as_text(above[at]) for at in positions] for above in rows[max(first - 3, 0) : first]
        ):
            self.problems.add("这里又有一行表头，与上面的不同：请把两块表分到两张工作表", row=row + 1)

    def _check_beyond(self, places: list[Place]) -> None:
        """Cells in columns without a header: figures are a problem, text in a spreadsheet is noted."""
        beyond = self.layout.having("empty")
        rows = self.layout.sheet.rows
        for column in beyond:
            filled = [p.row for p in places if not is_blank(rows[p.row][column.position])]
            if not filled:
                continue
            cell = rows[filled[0]][column.position]
            value = as_text(cell)
            more = f"（共 {len(filled)} 行）" if len(filled) > 1 else ""
            if self.layout.sheet.from_text:
                text = (
                    f'这一行的格数比表头多{more}：数字里的千分位逗号请去掉或加英文引号（"1,'
                    '200"）；确是一列数据请补上列名'
                )
                self.problems.add(text, row=filled[0] + 1, column=column.title, value=value)
            elif any(is_number(rows[row][column.position]) for row in filled):
                text = f"{cell_name(filled[0], column.position)} 在没有列名的一列里{more}：请补上列名，或删除"
                self.problems.add(text, row=filled[0] + 1, column=column.title, value=value)
            else:
                self.notes.append(f"{column.title} 列没有列名，其中的文字没有读取{more}：{value[:20]}")
        if self.layout.sheet.from_text:
            self._check_split_thousands(places)
        if self.kind.optional or self.kind.name == "stores":
            self._check_counts(places)

    def _check_counts(self, places: list[Place]) -> None:
        """A row of these kinds is one outlet: a column of figures that is not read may say otherwise."""
        rows = self.layout.sheet.rows
        for column in self.layout.having("ignored"):
            filled = [p.row for p in places if is_number(rows[p.row][column.position])]
            head = self.layout.heads[column.position]
            other = self.kind.name == "stores" and head.has("others") and not head.unknown  # 面积, 租金
            if filled and not other:
                text = (
                    f"看不出这一列是什么（{column.reason}）：每行算一家门店；"
                    "若是家数请把列名改为“开店数”，否则请删去这一列"
                )
                self.problems.add(text, row=self.header_row, column=column.title)

    def _check_split_thousands(self, places: list[Place]) -> None:
        """1,200 without quotation marks fills two cells: the second then lies in a column of text."""
        rows = self.layout.sheet.rows
        at_figure = {column.position for column in self.figures}
        for column in self.layout.having("upper", "ignored", "label", "detail"):
            named = column.role == "ignored" and column.reason != "不认识"
            if column.position - 1 not in at_figure or named:
                continue
            pairs = [
                (as_text(rows[p.row][column.position - 1]), as_text(rows[p.row][column.position]))
                for p in places
            ]
            filled = [(a, b) for a, b in pairs if b]
            split = [
                a.lstrip("-").isdigit()
                and len(a.lstrip("-")) <= 3
                and b[:3].isdigit()
                and len(b.split(".")[0]) == 3
                for a, b in filled
            ]
            if filled and all(split):
                at = next(p.row for p in places if as_text(rows[p.row][column.position]))
                text = (
                    "这一列的内容像是前一列数字千分位逗号后的三位（1,"
                    "200）：请去掉千分位逗号或给数字加英文引号"
                )
                self.problems.add(text, row=at + 1, column=column.title, value=filled[0][1])

    def _check_merged(self, places: list[Place]) -> None:
        """One amount in merged cells belongs to several: which part is whose is not known."""
        rows = {place.row for place in places}
        at_figure = {column.position for column in self.figures}
        titles = {column.position: column.title for column in self.figures}
        for top, left, bottom, right in self.layout.sheet.merged:
            here = rows & set(range(top, bottom + 1))
            if left not in at_figure or top < self.layout.first_row or not here:
                continue
            if is_blank(self.layout.sheet.rows[top][left]):
                continue
            area = f"{cell_name(top, left)}:{cell_name(bottom, right)}"
            text = f"{area} 是合并单元格，一个数管几格，分不清各是多少：请取消合并，逐格填写"
            value = as_text(self.layout.sheet.rows[top][left])
            self.problems.add(text, row=top + 1, column=titles[left], value=value)

    def _mark_detailed_totals(self, places: list[Place]) -> None:
        """A row whose shop or product is 合计 adds up others."""
        totals = fields().totals
        columns = [*self.details, *(self.layout.having("label") if self.figures else [])]
        for place in places:
            cells = self.layout.sheet.rows[place.row]
            words = [as_text(cells[column.position]) for column in columns]
            word = next((word for word in words if clean_name(word) in totals), "")
            if word and not place.is_total:
                place.is_total = True
                place.scope = place.region
                place.region = None
                place.names = (*place.names, word)

    def _has_figures(self, place: Place) -> bool:
        row = self.layout.sheet.rows[place.row]
        columns = self.figures or [column for column in self.time.values() if column]
        columns = columns or self.layout.having(*self.kind.texts, "area")
        filled = [row[column.position] for column in columns if not is_blank(row[column.position])]
        return any(is_number(cell) for cell in filled) or (bool(filled) and not is_footer(row))

    def _column_factor(self, column: ColumnRole) -> float | None:
        """Factor of a column's unit; None where each row has its own, or where it is a problem."""
        by_row = self.unit_column or self.indicator_column
        if column.measure is None or (by_row and not column.unit):
            return None
        if not column.unit and self._states_units(column):
            return None
        return self._factor(column.measure, column.unit, self.header_row, column.title)

    def _states_units(self, column: ColumnRole) -> bool:
        """Whether every figure of a column has its unit behind it (100万元)."""
        cells = [row[column.position] for row in self.layout.sheet.rows[self.layout.first_row :]]
        units = []
        for cell in cells:
            try:
                number, unit = parse_number(cell)
            except CellError:
                return False
            units += [unit] if number == number else []
        return bool(units) and all(units)

    def _factor(self, measure: Measure, unit: str, row: int, title: str) -> float | None:
        return self.units.factor(measure, unit, row, title)

    # rows ------------------------------------------------------------------------------------------------
    def _row(self, place: Place):
        """All figures of a row."""
        cells = self.layout.sheet.rows[place.row]
        row = place.row + 1
        stated = self._when_of_row(cells, place)
        if stated is None:
            return
        word = next((text for text in reversed(place.names) if text), "") if place.is_total else ""
        detail = tuple(as_text(cells[column.position]) for column in self.details)
        if not self.figures:
            when = stated.joined(self.layout.titles.when) or stated
            if when.year or not self.kind.has_period:
                yield self._record(place, row, "", when, False, ("", np.nan, 1.0, False, None), word, detail)
            return
        named, unit = self._named_measure(cells, row)
        parts: dict[str, list[float]] = {}
        for column in self.figures:
            measure = named if self.indicator_column else column.measure
            if measure is None:
                continue
            cell = cells[column.position]
            value = self._value(cell, column, measure, unit, row)
            when = self._when(column, stated, row) if self.kind.has_period else When()
            if when is None:
                if column.is_sum and value[0] == value[0]:
                    self._check_sum(column, value[0], value[1], parts.get(measure.name, []), row)
                continue
            if not column.is_sum:
                parts.setdefault(measure.name, []).append(value[0])
            yield self._record(
                place, row, column.title, when, column.is_sum, (measure.name, *value, cell), word, detail
            )

    def _check_sum(
        self, column: ColumnRole, total: float, factor: float, parts: list[float], row: int
    ) -> None:
        """A sum over several years is no figure of a period: it must equal the figures before it."""
        figures = [part for part in parts if part == part]
        if close(sum(figures), total, factor, len(figures)):
            note = f"等于所列各期之和的合计没有重复计入：{column.title}"
            self.notes += [note] if note not in self.notes else []
            return
        text = f"{total / factor:g} 不等于所列各期之和 {sum(figures) / factor:g}：请核对，或删去这个合计"
        self.problems.add(text, row=row, column=column.title)

    def _record(
        self, place: Place, row: int, title: str, when: When, is_sum: bool, figure: tuple, word: str, detail
    ):
        period = (when.year, when.first, when.last, when.day, when.cumulative)
        return (row, title, place.region, *period, is_sum, place.rest, *figure, word, place.scope, detail)

    def _when(self, column: ColumnRole, stated: When, row: int) -> When | None:
        """The period of a figure: that of its row joined with that of its column, the rest from the title."""
        titles = self.layout.titles
        when = stated.joined(column.when)
        if when is None:
            self.problems.add(
                f"行里写的是{stated}，列名写的是{column.when}：请只写一处", row=row, column=column.title
            )
            return None
        title = titles.when
        if (
            title is not None
            and when.first is None
            and title.first is not None
            and when.year not in (None, title.year)
        ):
            text = f"标题写的是{title}，这里只写{when}：是全年还是同样的月份？请在列名或行里写明"
            self.problems.add(text, row=self.header_row, column=column.title)
            return None
        if title is not None:
            if when.first is None:
                when = When(
                    when.year or title.year,
                    title.first,
                    title.last,
                    when.day,
                    when.cumulative or title.cumulative,
                )
            elif when.year is None:
                when = when._replace(year=title.year)
        if when.year is None and column.is_sum:
            when = when._replace(year=self.years.get(column.measure.name if column.measure else ""))
        if when.year is None:
            return None  # told once for the column
        running = column.cumulative or bool(titles.cumulative and not titles.single and not column.single)
        return when._replace(cumulative=when.cumulative or running)

    def _when_of_row(self, cells: list, place: Place) -> When | None:
        """The period that the row itself states; empty if it has no such column, None if it is a problem."""
        row = place.row + 1
        filled = any(not is_blank(cells[figure.position]) for figure in self.figures)
        joined: When | None = When()
        for role, column in self.time.items():
            if column is None:
                continue
            cell = cells[column.position]
            if is_blank(cell):
                if role == "period" or column is self.whole:
                    self._missing_period(place, column, filled)
                    return None
                continue
            if clean_name(cell) in fields().totals:  # the year's sum below its months
                if not self._is_sum_of_year(role, joined):
                    self.notes.append(f"第 {row} 行是各期合计，没有读取")
                    return None
                continue
            try:
                part = parse_when(cell) if role == "period" else self._part(cell, role, column)
            except CellError as error:
                if filled or not self.figures:
                    self.problems.add(str(error), row=row, column=column.title, value=as_text(cell))
                return None
            both = joined.joined(part)
            if both is None:
                text = f"{column.title}写的是{part}，同一行里另写{joined}"
                self.problems.add(text, row=row, column=column.title, value=as_text(cell))
                return None
            joined = both
        return joined

    def _is_sum_of_year(self, role: str, joined: When | None) -> bool:
        """Whether 合计 in a column of months stands in a row that states its year."""
        return role != "period" and bool(joined and joined.year) and not self.kind.texts

    def _part(self, cell, role: str, column: ColumnRole) -> When:
        try:
            return parse_part(cell, role)
        except CellError:
            when = parse_when(cell)  # a column 月份 that holds 2023-01
            if when.year is None:
                raise
            return when

    def _missing_period(self, place: Place, column: ColumnRole, filled: bool) -> None:
        if place.is_total:
            self.notes.append(
                f"第 {place.row + 1} 行“{place.names[-1] or '合计'}”没有时期，是各期合计，没有读取"
            )
        elif self.kind.has_period and filled:
            self.problems.add("缺少时期", row=place.row + 1, column=column.title)

    def _named_measure(self, cells: list, row: int) -> tuple[Measure | None, str]:
        """Measure and unit of a row with columns 指标 and 单位."""
        unit = clean_name(cells[self.unit_column.position]) if self.unit_column else ""
        if self.indicator_column is None:
            return None, unit
        text = as_text(cells[self.indicator_column.position])
        phrase = self.phrases.read(text)
        known = phrase.measure is not None and not phrase.unknown and not phrase.clash
        if not known or phrase.has("change", "narrow", "others", "plan", "cumulative"):
            note = f"不认识的指标，没有读取：{text}"
            self.notes += [note] if text and note not in self.notes else []
            return None, unit
        return phrase.measure, unit or phrase.unit

    def _value(self, cell, column: ColumnRole, measure: Measure, unit: str, row: int):
        """The figure of a cell in base units, its factor, and whether it states its unit itself."""
        nothing = (np.nan, np.nan, False)
        try:
            number, own = parse_number(cell)
        except CellError as error:
            value = as_text(cell) or cell
            where = f"{cell_name(row - 1, column.position)}：" if isinstance(cell, Uncalculated) else ""
            self.problems.add(where + str(error), row=row, column=column.title, value=value)
            return nothing
        if np.isnan(number):
            return nothing
        if has_marks(cell):
            self.marked.append(f"{cell_name(row - 1, column.position)} {cell.strip()}")
        if own:
            factor = self._factor(measure, own, row, column.title)
        elif column.position in self.factors and self.factors[column.position] is not None:
            factor = self.factors[column.position]
        elif column.measure is not None and not self.unit_column and not self.indicator_column:
            factor = None  # the unit of the column is a problem already noted
        else:
            factor = self._factor(measure, unit or column.unit, row, column.title)
        if factor is None:
            return nothing
        if np.isnan(factor):
            factor = 1.0
            if abs(number) > 1:
                self.problems.add(
                    "没有写单位：百分数请在列名中写 (%)，小数应在 0 到 1 之间",
                    row=row,
                    column=column.title,
                    value=cell,
                )
                return nothing
        if factor < 1:  # 70.6% is 0.706 to the last bit when divided, not when multiplied
            return round(number / round(1 / factor), 12), factor, bool(own)
        return (round(number * factor, 4) if factor > 1 else number), factor, bool(own)


def _some(texts: list[str]) -> str:
    more = f" 等 {len(texts)} 处" if len(texts) > _LISTED else ""
    return "、".join(texts[:_LISTED]) + more


def base_unit(measure: Measure) -> str:
    """The unit that the figures of a measure have in this package."""
    return BASE_UNITS[measure.dimension]
