"""Lists that are not by region and period: dealers, customers, people, market units (名单).

Always holds: an amount of money without a unit in its head or in a title above is refused; every problem of a
file is told at once, with row and column; a row of totals is left out and said.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..errors import MktError, TableError
from ..files import decode
from ..regions import resolve_names

_MONEY = {"元": 1.0, "万元": 1e4, "万": 1e4, "百万元": 1e6, "亿元": 1e8}
_NOTHING = {"", "-", "—", "–", "/", "无", "nan", "none", "null"}
_TOTALS = {"合计", "总计", "小计", "共计", "总额", "total", "sum"}
_TITLE_UNIT = re.compile(r"单位[:：]?\s*(元|万元|百万元|亿元)")


@dataclass(frozen=True)
class Field:
    """A column of a list: head words, what it holds (text, yuan, number, share, region), whether it must be
    there."""

    words: tuple[str, ...]
    holds: str = "text"
    required: bool = True


def read_list(path: Path, fields: dict[str, Field], *, tree=None) -> pd.DataFrame:
    """Read a list from .xlsx or .csv: one head row, one row an entry.

    Parameters
    ----------
    path : Path
    fields : dict
        Column name -> Field.
    tree : RegionTree, optional
        For fields that hold regions: names or codes become codes.

    Returns
    -------
    DataFrame
        The columns found, money in yuan, shares 0-1; ``attrs["notes"]`` says what was left out.

    Raises
    ------
    TableError
        Every cell that does not fit.
    MktError
        No head row, a required column missing, a column twice.
    """
    rows = rows_of(path)
    at = next((i for i, row in enumerate(rows[:20]) if _found(row, fields, need=1)), None)
    if at is None:
        heads = "、".join(field.words[0] for field in fields.values())
        raise MktError(f"{path.name}：找不到表头；应有一行列名，如：{heads}")
    places = _found(rows[at], fields, need=0)
    missing = [field.words[0] for name, field in fields.items() if field.required and name not in places]
    if missing:
        raise MktError(
            f"{path.name}：缺少列：{'、'.join(missing)}；现有：{'、'.join(filter(None, rows[at]))}"
        )
    title_unit = next(filter(None, map(_unit_of_title, rows[:at])), "")
    body, notes = _body(rows, at)
    problems = []
    columns = {}
    for name, column in places.items():
        head = rows[at][column]
        cells = [(i, row[column] if column < len(row) else "") for i, row in body]
        factor = _factor(head, fields[name].holds, path, title_unit)
        columns[name] = [_value(cell, fields[name].holds, factor, i, head, problems) for i, cell in cells]
    if problems:
        raise TableError(pd.DataFrame(problems).assign(file=path.name))
    table = pd.DataFrame(columns)
    for name in places:
        if fields[name].holds == "region":
            table[name] = _codes(table[name], tree)
    table.attrs["notes"] = notes
    return table


def _unit_of_title(row: list[str]) -> str:
    """The unit of money that a title above the heads names."""
    found = _TITLE_UNIT.search(unicodedata.normalize("NFKC", " ".join(row)))
    return found[1] if found else ""


def _body(rows: list[list[str]], at: int) -> tuple[list, list[str]]:
    """The entries below the heads, with their row numbers, and what was left out."""
    body = []
    notes = []
    for i, row in enumerate(rows[at + 1 :], start=at + 2):
        given = [cell for cell in row if _given(cell)]
        if given and given[0].lower().replace(" ", "") in _TOTALS:
            notes.append(f"第 {i} 行“{given[0]}”是合计，没有读入")
        elif given:
            body.append((i, row))
    return body, notes


def rows_of(path: Path) -> list[list[str]]:
    """All rows of the first sheet that has any, as texts."""
    if not path.exists():
        raise MktError(f"没有这个文件：{path.name}")
    if path.suffix.lower() == ".csv":
        return [
            list(map(str.strip, row)) for row in csv.reader(decode(path.read_bytes(), path.name).splitlines())
        ]
    if path.suffix.lower() not in (".xlsx", ".xls"):
        raise MktError(f"只能读 .xlsx、.xls 或 .csv，而给出的是 {path.name!r}")
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    except CalamineError as error:
        raise MktError(f"{path.name} 打不开：{error}") from None
    sheet = next((sheet for sheet in sheets if sheet), [])
    return [[_text(cell) for cell in row] for row in sheet]


def _text(cell) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def _plain_head(head: str) -> str:
    """Half-width, lower case, without the unit in brackets."""
    text = unicodedata.normalize("NFKC", head).lower().replace(" ", "")
    return re.sub(r"\(.*?\)$", "", text)


def _found(row: list[str], fields: dict[str, Field], *, need: int) -> dict[str, int]:
    """Column name -> place in the row; nothing where fewer than `need` + 1 are there."""
    places: dict[str, int] = {}
    for column, head in enumerate(row):
        plain = _plain_head(head)
        name = next((name for name, field in fields.items() if plain in field.words), None)
        if name is not None:
            if name in places and need == 0:
                raise MktError(f"列“{head}”有两列")
            places.setdefault(name, column)
    return places if len(places) > need else {}


def money_factor(head: str, path: Path, title_unit: str = "") -> float:
    """How many yuan one of a head's unit is: the unit in its brackets, else that of the title."""
    word = _unit_of(head) or title_unit
    if word not in _MONEY:
        units = "、".join(_MONEY)
        raise MktError(f"{path.name}：列“{head}”要写明单位，如 {head.split('（')[0]}(万元)；可用：{units}")
    return _MONEY[word]


def _unit_of(head: str) -> str:
    unit = re.search(r"\((.*?)\)$", unicodedata.normalize("NFKC", head).replace(" ", ""))
    return unit[1] if unit else ""


def _factor(head: str, holds: str, path: Path, title_unit: str) -> float:
    if holds == "yuan":
        return money_factor(head, path, title_unit)
    return 0.01 if holds == "share" and _unit_of(head) == "%" else 1.0


def _given(cell: str) -> bool:
    return cell.strip().lower() not in _NOTHING


def _value(cell: str, holds: str, factor: float, row: int, head: str, problems: list):
    if holds in ("text", "region"):
        return cell if _given(cell) else None
    if not _given(cell):
        return float("nan")
    text = unicodedata.normalize("NFKC", cell).replace(",", "").replace(" ", "")
    percent = text.endswith("%")
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        problems.append({"row": row, "column": head, "value": cell, "problem": "不是数字"})
        return float("nan")
    return number * 0.01 if percent else number * factor


def _codes(names: pd.Series, tree) -> pd.Series:
    unknown = names[names.isna()]
    if len(unknown):
        raise MktError(f"有 {len(unknown)} 行没有地区")
    found = resolve_names(names.unique().tolist(), tree)
    return names.map(dict(zip(names.unique(), found, strict=True))).astype("str")
