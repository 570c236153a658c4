"""Lists that are not by region and period: dealers, customers, market units; and showing a table in words.

Always holds: an amount of money without a unit in its head is refused; every problem of a file is told at
once, with row and column; what is shown and what is written come from one table.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mktanalysis.errors import MktError, TableError

_MONEY = {"元": 1.0, "万元": 1e4, "万": 1e4, "百万元": 1e6, "亿元": 1e8}
_NOTHING = {"", "-", "—", "–", "/", "无", "nan", "none", "null"}


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
        The columns found, money in yuan, shares 0-1.

    Raises
    ------
    TableError
        Every cell that does not fit.
    MktError
        No head row, a required column missing, a column twice.
    """
    rows = _rows(path)
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
    body = [(i, row) for i, row in enumerate(rows[at + 1 :], start=at + 2) if any(map(_given, row))]
    problems = []
    columns = {}
    for name, column in places.items():
        head = rows[at][column]
        cells = [(i, row[column] if column < len(row) else "") for i, row in body]
        factor = _factor(head, fields[name].holds, path)
        columns[name] = [_value(cell, fields[name].holds, factor, i, head, problems) for i, cell in cells]
    if problems:
        raise TableError(pd.DataFrame(problems).assign(file=path.name))
    table = pd.DataFrame(columns)
    for name in places:
        if fields[name].holds == "region":
            table[name] = _codes(table[name], tree)
    return table


def _rows(path: Path) -> list[list[str]]:
    """All rows of the first sheet that has any, as texts."""
    from mktanalysis.files import decode

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


def _factor(head: str, holds: str, path: Path) -> float:
    unit = re.search(r"\((.*?)\)$", unicodedata.normalize("NFKC", head).replace(" ", ""))
    word = unit[1] if unit else ""
    if holds == "yuan":
        if word not in _MONEY:
            units = "、".join(_MONEY)
            raise MktError(
                f"{path.name}：列“{head}”要写明单位，如 {head.split('（')[0]}(万元)；可用：{units}"
            )
        return _MONEY[word]
    return 0.01 if holds == "share" and word == "%" else 1.0


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
    from mktanalysis import resolve_names

    unknown = names[names.isna()]
    if len(unknown):
        raise MktError(f"有 {len(unknown)} 行没有地区")
    found = resolve_names(names.unique().tolist(), tree)
    return names.map(dict(zip(names.unique(), found, strict=True))).astype("str")


def show_words(table: pd.DataFrame, *, title: str = "", tree=None, to: Path | None = None) -> None:
    """Print a table as ``present`` shows it, and write all of it, in base units, where a path is given."""
    from .output import show

    show(table, title=title or "表", tree=tree, to=to)
