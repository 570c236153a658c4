"""The cells of a sheet as one long table of figures in base units.

Always holds: a figure has a region, a measure, a unit and, where its kind has one, a period, or it is a
problem with its row and column; rows count as the spreadsheet counts them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import Problems
from ..regions import RegionTree
from ..regions.names import clean_name
from .cells import CellError, as_text, is_blank, parse_number, parse_part, parse_period
from .fields import BASE_UNITS, UNITLESS, Kind, Measure, fields
from .headers import HeaderReader
from .layout import ColumnRole, Layout, fill_merged
from .places import Place, PlaceReader, report_places

#: Columns of the table of figures.
COLUMNS = ["row", "column", "region", "freq", "ordinal", "measure", "value", "factor", "raw", "word", "scope"]


@dataclass
class SheetReader:
    """Reads the rows of a sheet whose layout is known; problems are noted, not raised."""

    layout: Layout
    kind: Kind
    tree: RegionTree
    problems: Problems

    def __post_init__(self):
        self.layout = fill_merged(self.layout)
        self.figures = self.layout.having("figure")
        self.notes = [f"不认识的列，没有读取：{title}" for title in self.layout.ignored]
        if (
            self.layout.period
            and not self.layout.having("period")
            and any(not c.period for c in self.figures)
        ):
            self.notes.append(f"时期取自标题：{self.layout.period[1] + 1970} 年")
        self.header_row = self.layout.first_row  # counted from 1: the row right above the first data row
        self.headers = HeaderReader(self.kind, self.tree.levels)
        self.time = {
            role: next(iter(self.layout.having(role)), None) for role in ("period", "month", "quarter")
        }
        if self.time["period"] is None:  # a column 月份 that holds 2023-01
            role = "month" if self.time["month"] else "quarter"
            self.time |= {"period": self.time[role], role: None}
        self.unit_column = next(iter(self.layout.having("unit")), None)
        self.indicator_column = next(iter(self.layout.having("indicator")), None)
        self.factors = {column.position: self._column_factor(column) for column in self.figures}

    def read(self) -> pd.DataFrame:
        """Return the figures, columns `COLUMNS`; region is missing for rows that add up others."""
        reader = PlaceReader(self.layout, self.tree, every_level=self.kind.every_level)
        places, skipped = report_places(reader.places, self._has_figures, self.problems)
        self.notes += reader.notes + skipped
        for row in reader.headers:
            self._check_header(row)
        records = [record for place in places for record in self._row(place)]
        return pd.DataFrame.from_records(records, columns=COLUMNS)

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

    def _has_figures(self, place: Place) -> bool:
        row = self.layout.sheet.rows[place.row]
        columns = self.figures or [column for column in self.time.values() if column]
        return any(not is_blank(row[column.position]) for column in columns)

    def _column_factor(self, column: ColumnRole) -> float | None:
        """Factor of a column's unit; None where each row has its own, or where it is a problem."""
        if column.measure is None or (self.unit_column and not column.unit):
            return None
        return self._factor(column.measure, column.unit, self.header_row, column.title)

    def _factor(self, measure: Measure, unit: str, row: int, title: str) -> float | None:
        known = fields()
        found = known.unit(unit) if unit else self._title_unit(measure)
        hint = known.hints.get(measure.dimension, "")
        if found is None and not unit and measure.dimension in UNITLESS:
            return 1.0
        if found is None and not unit and measure.dimension == "share":
            return np.nan  # decided by the figures: 0-1, or with a % sign each
        if found is None and not unit:
            example = "元" if measure.dimension == "yuan" and not measure.additive else hint.split("、")[-1]
            self.problems.add(
                f"没有写单位：请在列名中写明（{hint}），如“{measure.label}({example})”", row=row, column=title
            )
        elif found is None:
            self.problems.add(f"不认识的单位“{unit}”，应为：{hint}", row=row, column=title)
        elif found[0] == "foreign":
            self.problems.add(f"不支持外币“{unit}”：请先换算为人民币，并写明{hint}", row=row, column=title)
        elif found[0] == measure.dimension or (found[0] == "any" and measure.dimension != "share"):
            return found[1]
        else:
            self.problems.add(f"单位“{unit}”不适用于{measure.label}，应为：{hint}", row=row, column=title)
        return None

    def _title_unit(self, measure: Measure) -> tuple[str, float] | None:
        units = [fields().unit(text) for text in self.layout.units]
        fitting = [unit for unit in units if unit and unit[0] == measure.dimension]
        foreign = [unit for unit in units if unit and unit[0] == "foreign"]
        if foreign and measure.dimension == "yuan":
            return foreign[0]
        return fitting[0] if len(fitting) == 1 else None

    def _row(self, place: Place):
        """All figures of a row."""
        cells = self.layout.sheet.rows[place.row]
        row = place.row + 1
        period = self._period(cells, row)
        word = next((text for text in reversed(place.names) if text), "") if place.is_total else ""
        if not self.figures:
            if period:
                yield row, "", place.region, *period, "", np.nan, 1.0, None, word, place.scope
            return
        named, unit = self._named_measure(cells, row)
        for column in self.figures:
            measure = named if self.indicator_column else column.measure
            if measure is None:
                continue
            cell = cells[column.position]
            value, factor = self._value(cell, column, measure, unit, row)
            when = self._when(column, period)
            if self.kind.has_period and when is None:
                continue
            freq, ordinal = when if self.kind.has_period else ("", 0)
            yield (
                row,
                column.title,
                place.region,
                freq,
                ordinal,
                measure.name,
                value,
                factor,
                cell,
                word,
                place.scope,
            )

    def _when(self, column: ColumnRole, period: tuple[str, int] | None) -> tuple[str, int] | None:
        """The period of a figure: of its column, of its row, or of the title."""
        stated = period if self._has_time() else self.layout.period
        if column.period is None:
            return stated
        per_year = {"month": ("M", 12), "quarter": ("Q", 4)}.get(column.period[0])
        if per_year is None:
            return column.period
        return (
            (per_year[0], stated[1] * per_year[1] + column.period[1] - 1)
            if stated and stated[0] == "Y"
            else None
        )

    def _has_time(self) -> bool:
        return any(self.time.values())

    def _period(self, cells: list, row: int) -> tuple[str, int] | None:
        """The period that the row itself states."""
        column = self.time["period"]
        filled = any(not is_blank(cells[figure.position]) for figure in self.figures)
        if column is None or is_blank(cells[column.position]):
            if column is not None and self.kind.has_period and filled:
                self.problems.add("缺少时期", row=row, column=column.title)
            return None
        if clean_name(cells[column.position]) in fields().totals:  # the year's sum below its months
            self.notes.append(f"第 {row} 行是各期合计，没有读取")
            return None
        part = self.time["month"] or self.time["quarter"]
        try:
            freq, ordinal = parse_period(cells[column.position])
            if part is None or freq != "Y" or is_blank(cells[part.position]):
                return freq, ordinal
            per_year, name, short = (12, "month", "M") if part.role == "month" else (4, "quarter", "Q")
            column = part
            return short, ordinal * per_year + parse_part(cells[part.position], name) - 1
        except CellError as error:
            if filled or not self.figures:
                value = as_text(cells[column.position])
                self.problems.add(str(error), row=row, column=column.title, value=value)
            return None

    def _named_measure(self, cells: list, row: int) -> tuple[Measure | None, str]:
        """Measure and unit of a row with columns 指标 and 单位."""
        unit = clean_name(cells[self.unit_column.position]) if self.unit_column else ""
        if self.indicator_column is None:
            return None, unit
        text = as_text(cells[self.indicator_column.position])
        header = self.headers.read(text)
        if header.measure is None or header.unknown:
            note = f"不认识的指标，没有读取：{text}"
            self.notes += [note] if text and note not in self.notes else []
            return None, unit
        return header.measure, unit or header.unit

    def _value(self, cell, column: ColumnRole, measure: Measure, unit: str, row: int) -> tuple[float, float]:
        """The figure of a cell in base units, and its factor; missing where there is a problem."""
        try:
            number, own = parse_number(cell)
        except CellError as error:
            self.problems.add(str(error), row=row, column=column.title, value=as_text(cell) or cell)
            return np.nan, np.nan
        if np.isnan(number):
            return np.nan, np.nan
        if own:
            factor = self._factor(measure, own, row, column.title)
        elif column.position in self.factors and self.factors[column.position] is not None:
            factor = self.factors[column.position]
        elif column.measure is not None and not self.unit_column:
            factor = None  # the unit of the column is a problem already noted
        else:
            factor = self._factor(measure, unit or column.unit, row, column.title)
        if factor is None:
            return np.nan, np.nan
        if np.isnan(factor):
            factor = 1.0
            if abs(number) > 1:
                self.problems.add(
                    "没有写单位：百分数请在列名中写 (%)，小数应在 0 到 1 之间",
                    row=row,
                    column=column.title,
                    value=cell,
                )
                return np.nan, np.nan
        if factor < 1:  # 70.6% is 0.706 to the last bit when divided, not when multiplied
            return number / round(1 / factor), factor
        return (round(number * factor, 4) if factor > 1 else number), factor


def base_unit(measure: Measure) -> str:
    """The unit that the figures of a measure have in this package."""
    return BASE_UNITS[measure.dimension]
