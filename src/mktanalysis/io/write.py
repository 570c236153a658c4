"""Tables to files that open in Excel without a warning and without running anything.

Always holds: the same tables give the same bytes; a file is complete or not there at all; no text becomes
a formula or a link, whatever a region's name is.
"""

from __future__ import annotations

import contextlib
import datetime
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from .. import files
from ..errors import MktError

#: Chinese headers of the columns that this package's tables have.
TITLES = {
    "region": "地区代码",
    "name": "地区",
    "level": "层级",
    "parent": "上级代码",
    "period": "时期",
    "indicator": "指标",
    "value": "数值",
    "unit": "单位",
    "status": "数据状态",
    "source": "来源",
    "neighbor": "相邻地区代码",
    "border_km": "共同边界",
    "distance_km": "中心距离",
    "covered_share": "覆盖比例",
    "mean": "预测值",
    "lower": "下限",
    "upper": "上限",
    "tier": "级别",
    "resident_population": "常住人口",
    "registered_population": "户籍人口",
    "retail_sales": "社会消费品零售总额",
    "gdp": "地区生产总值",
    "gdp_per_capita": "人均地区生产总值",
    "disposable_income": "人均可支配收入",
    "average_wage": "平均工资",
    "urban_rate": "城镇化率",
    "capacity": "市场容量",
    "growth": "年增长率",
    "own_share": "本公司份额",
    "n_rivals": "对手数",
    "rival_share": "最强对手份额",
    "entry_cost": "进入费用",
    "annual_cost": "年度费用",
    "action": "方式",
    "effort": "首年投入",
    "cost": "首年费用",
    "saving": "辐射节省",
    "share": "期末份额",
    "rank": "期末名次",
    "strong_from": "强势起始年",
    "held": "期末仍强势",
    "budget": "预算",
    "income": "市场收入",
    "radiance": "品牌辐射收入",
    "outlay": "市场支出",
    "office_cost": "机构费用",
    "cash": "净现金",
    "need": "占用预算",
    "money_left": "预算结余",
    "n_held": "已进入单元数",
    "n_strong": "强势单元数",
}
#: Base units in Chinese.
UNIT_WORDS = {"yuan": "元", "person": "人", "share": "%", "km": "公里", "count": "个"}
#: The file says that it was made on this day, always, so that its bytes depend on the tables only.
CREATED = datetime.datetime(2000, 1, 1)
WORKBOOK_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_CELL_LIMIT = 32_767
_ROW_LIMIT = 1_048_576


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its place when the block ends well."""
    with contextlib.ExitStack() as stack:
        try:
            temporary = stack.enter_context(files.replacing(path))
        except OSError as error:
            raise MktError(f"不能在文件夹 {Path(path).parent} 中写文件：{error.strerror}") from None
        yield temporary


def flatten(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with its named index as columns, without an unnamed one."""
    names = [name for name in table.index.names if name is not None and name not in table.columns]
    return table.reset_index(names) if names and len(names) == table.index.nlevels else table


def write_csv(path: str | Path, table: pd.DataFrame) -> Path:
    """Write a table as UTF-8 with BOM, which Excel reads; a named index becomes columns.

    A text that a spreadsheet would run as a formula (it starts with ``=``, ``+``, ``-`` or ``@``) gets an
    apostrophe before it; numbers are written as they are.

    Parameters
    ----------
    path : str or Path
    table : DataFrame

    Returns
    -------
    Path
    """
    flat = flatten(table)
    columns = [_plain(flat.iloc[:, i]) for i in range(flat.shape[1])]
    content = files.csv_bytes([map(str, flat.columns), *zip(*columns, strict=True)])
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    return Path(path)


def _plain(column: pd.Series) -> list:
    """Values as str, int, float, bool or None."""
    return [_plain_value(value) for value in column.astype(object).tolist()]


def _plain_value(value):
    if isinstance(value, (list, tuple, set, dict)):
        return str(value)
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value)
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat() if value == value.normalize() else value.isoformat(sep=" ")
    return str(value)


def write_xlsx(
    path: str | Path,
    tables: Mapping[str, pd.DataFrame],
    *,
    titles: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
) -> Path:
    """Write tables as sheets of a workbook, formatted for reading (写成 Excel).

    Header in bold with units, frozen, with a filter; column widths that fit; thousands separators; shares
    as percent. A named index becomes columns.

    Parameters
    ----------
    path : str or Path
    tables : mapping of str to DataFrame
        Sheet name -> table.
    titles : mapping of str to str, optional
        Column -> header; known columns have a Chinese one already.
    units : mapping of str to str, optional
        Column -> unit, e.g. ``yuan`` or 亿元; ``share`` or ``%`` formats 0-1 as percent.

    Returns
    -------
    Path

    Raises
    ------
    MktError
        No table, a table too long for a sheet, a text too long for a cell.
    """
    import xlsxwriter

    if not tables:
        raise MktError("没有要写的表")
    with replacing(path) as temporary:
        book = xlsxwriter.Workbook(str(temporary), WORKBOOK_OPTIONS)
        book.set_properties({"created": CREATED})
        formats = _Formats(book)
        for name, table in zip(sheet_names(tables), tables.values(), strict=True):
            _write_sheet(
                book.add_worksheet(name), flatten(table), formats, {**TITLES, **(titles or {})}, units or {}
            )
        book.close()
    return Path(path)


class _Formats:
    """The cell formats of a workbook, each made once."""

    def __init__(self, book):
        head = {"bold": True, "bg_color": "#DDE6F0", "bottom": 1, "text_wrap": True, "valign": "vcenter"}
        self.head = book.add_format(head)
        self.text = book.add_format({"num_format": "@"})
        self.whole = book.add_format({"num_format": "#,##0"})
        self.decimal = book.add_format({"num_format": "#,##0.00"})
        self.fine = book.add_format({"num_format": "0.0000"})
        self.percent = book.add_format({"num_format": "0.0%"})

    def of(self, values: list, unit: str):
        numbers = [abs(v) for v in values if isinstance(v, (int, float)) and not isinstance(v, bool)]
        if not numbers:
            return self.text
        if unit in ("share", "%"):
            return self.percent
        top = max((v for v in numbers if v != float("inf")), default=0)
        if top >= 10_000 and any(0 < v < 10 for v in numbers):
            return self.decimal if unit else None  # shares and yuan in one column: as they are
        if all(float(v).is_integer() for v in numbers) or top >= 10_000:
            return self.whole
        return self.decimal if top >= 10 else self.fine


def sheet_names(names) -> list[str]:
    """Names that Excel takes: at most 31 characters, none of ``[]:*?/\\``, no two alike."""
    taken: list[str] = []
    for name in names:
        base = re.sub(r"[\[\]:*?/\\\x00-\x1f]", "_", str(name)).strip("' ")[:31] or "表"
        unique = base
        n = 2
        while unique.casefold() in {other.casefold() for other in taken}:
            unique = f"{base[:28]}_{n}"
            n = n + 1
        taken.append(unique)
    return taken


def _write_sheet(sheet, table: pd.DataFrame, formats: _Formats, titles: Mapping, units: Mapping) -> None:
    if len(table) >= _ROW_LIMIT:
        raise MktError(f"一张工作表最多 {_ROW_LIMIT - 1:,} 行，现有 {len(table):,} 行；请改写 .csv")
    for j, column in enumerate(table.columns):
        unit = units.get(column, "")
        title = str(titles.get(column, column))
        header = f"{title}（{UNIT_WORDS.get(unit, unit)}）" if unit else title
        values = _plain(table.iloc[:, j])
        style = formats.of(values, unit)
        sheet.write_string(0, j, header, formats.head)
        widest = _width(header)
        for i, value in enumerate(values, start=1):
            _write_cell(sheet, i, j, value, style)
            widest = max(widest, _width(_shown(value))) if i <= 500 else widest
        sheet.set_column(j, j, min(widest + 2, 50))
    sheet.freeze_panes(1, 0)
    if len(table.columns) and len(table):
        sheet.autofilter(0, 0, len(table), len(table.columns) - 1)


def _write_cell(sheet, row: int, column: int, value, style) -> None:
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return
    if isinstance(value, bool):
        sheet.write_string(row, column, "是" if value else "否", style)
    elif isinstance(value, (int, float)):
        sheet.write_number(row, column, value, style)
    elif len(value) > _CELL_LIMIT:
        raise MktError(f"单元格最多 {_CELL_LIMIT} 字，第 {row + 1} 行有 {len(value)} 字")
    else:
        sheet.write_string(row, column, value, style)


def _shown(value) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else "" if value is None else str(value)


def _width(text: str) -> int:
    """Columns that a text takes: a Chinese character is as wide as two letters."""
    return max((sum(2 if ord(c) > 0x2E80 else 1 for c in line) for line in text.split("\n")), default=0)
