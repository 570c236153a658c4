"""Where the values of a grid come from: a list, the regions of the tree, a table of the analyst's.

Always holds: values come in the order of their source, each once; a name of a region becomes its code.
"""

from __future__ import annotations

import csv
import io
from functools import cache
from pathlib import Path

from ... import files, words
from ...errors import MktError
from .parameters import Parameter, refusal, unknown_name
from .values import decode, parse_text

_FORMS = '应为列表、{ level = "province", within = "华东" } 或 { table = "文件.csv", column = "列名" }'
_MAX_TABLE = 50_000_000
_MAX_VALUES = 100_000


def grid_values(axis, parameter: Parameter, folder: Path) -> list:
    """The values of one axis of a grid, checked against the parameter's type.

    Parameters
    ----------
    axis : list or dict
    parameter : Parameter
    folder : Path
        Of the specification: tables are named relative to it.

    Raises
    ------
    MktError
    """
    if isinstance(axis, list):
        values = [decode(value, parameter.kind) for value in axis[: _MAX_VALUES + 1]]
    elif isinstance(axis, dict) and set(axis) <= {"level", "within"} and "level" in axis:
        values = _tree_values(axis["level"], axis.get("within", []))
    elif isinstance(axis, dict) and set(axis) <= {"table", "column"} and "table" in axis:
        rows = _read_rows(folder / str(axis["table"]))
        column = axis.get("column", parameter.name)
        if rows and column not in rows[0]:
            raise MktError(f"表格 {axis['table']} 没有列 {column!r}，现有：{'、'.join(rows[0])}")
        values = [parse_text(row[column], parameter.kind) for row in rows]
    else:
        raise MktError(_FORMS)
    if not values or len(values) > _MAX_VALUES:
        raise MktError(
            f"取值的个数应在 1 到 {_MAX_VALUES} 之间，现为 {len(axis if isinstance(axis, list) else values)}"
        )
    bad = [problem for value in values if (problem := refusal(value, parameter.kind))]
    if bad:
        raise MktError(bad[0])
    n_different = len({(type(value).__name__, repr(value)) for value in values})
    if n_different < len(values):
        raise MktError(f"有 {len(values) - n_different} 个重复的取值")
    return values


def table_rows(source: dict, declared: dict[str, Parameter], folder: Path) -> list[dict]:
    """One set of parameters a row of a csv whose columns are parameters; a blank cell keeps the default."""
    if not isinstance(source, dict) or set(source) != {"table"}:
        raise MktError('应为 { table = "文件.csv" }')
    rows = _read_rows(folder / str(source["table"]))
    unknown = [name for name in (rows[0] if rows else ()) if name not in declared]
    if unknown:
        raise MktError("；".join(unknown_name(name, declared) for name in unknown))
    return [
        {name: parse_text(text, declared[name].kind) for name, text in row.items() if text != ""}
        for row in rows
    ]


def _read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a csv as text, UTF-8 or GB18030."""
    try:
        found = path.is_file()
    except (OSError, ValueError):
        found = False
    if not found:
        raise MktError(f"找不到表格 {path.name}")
    if path.stat().st_size > _MAX_TABLE:
        raise MktError(f"表格 {path.name} 超过 {_MAX_TABLE // 10**6} MB")
    text = files.decode(path.read_bytes(), f"表格 {path.name}")
    try:
        rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), restkey="", restval=""))
    except csv.Error as error:
        raise MktError(f"表格 {path.name} 不是可读的 CSV（{error}）") from None
    if len(rows) > _MAX_VALUES:
        raise MktError(f"表格 {path.name} 超过 {_MAX_VALUES} 行")
    return [{key.strip(): (value or "").strip() for key, value in row.items() if key} for row in rows]


@cache
def _tree():
    from ...datasets import load_regions

    return load_regions()


@cache
def _names() -> dict[str, str]:
    return dict(_tree().names())


def region_name(code: str) -> str:
    """Name of the region with `code`; empty if `code` is none."""
    if not (len(code) == 6 and code.isdigit()):
        return ""
    return _names().get(code, "")


def in_words(value) -> str:
    """A parameter's value as it is read: a region by its name, a choice by its word, a list with commas.

    Examples
    --------
    >>> in_words("320000"), in_words("prefecture"), in_words(20000.0), in_words(2026), in_words([True, None])
    ('江苏省', '市级', '20,000', '2026', '是、无')
    >>> in_words("wide_net"), in_words("seven"), in_words("theta"), in_words("gdp"), in_words("")
    ('撒网→集中', '七大区', 'θ 法', '地区生产总值', '（空）')
    """
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(map(in_words, value))
    if isinstance(value, (int, float)):
        return f"{value:,.15g}" if abs(value) > 9999 else f"{value:.15g}"
    return "无" if value is None else _text_in_words(value) if isinstance(value, str) else str(value)


def _text_in_words(text: str) -> str:
    lists = (words.values(name) for name in ("choice", "strategy", "scheme", "forecast_model"))
    named = region_name(text) or next((of[text] for of in lists if text in of), "")
    return named or words.grade_name(words.indicator(text)[0]) or "（空）"


def _tree_values(level: str, within) -> list[str]:
    tree = _tree()
    if not isinstance(level, str) or level not in tree.levels:
        raise MktError(f"没有层级 {level!r}，可用：{'、'.join(tree.levels)}")
    wanted = within if isinstance(within, list) else [within]
    if not all(isinstance(name, str) for name in wanted):
        raise MktError("within 应为地区的名称或代码")
    if not wanted:
        return sorted(map(str, tree.level(level)))
    return sorted({str(code) for name in wanted for code in tree.subtree(_code(name)).level(level)})


def _code(name: str) -> str:
    if name in _names():
        return name
    same = [code for code, other in _names().items() if other == name]
    if len(same) == 1:
        return same[0]
    from ...regions import resolve_names

    return str(resolve_names([name], _tree()).iloc[0])
