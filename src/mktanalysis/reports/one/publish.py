"""What a notebook leaves for the report engine: tables, key figures and further files.

Always holds: outside a report run nothing is written, only checked, so a notebook behaves the same in
JupyterLab; inside a run a name is used once; text that a spreadsheet would take for a formula is
written as text.
"""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
from html import escape
from numbers import Integral, Real
from pathlib import Path

import pandas as pd

from ... import words
from ...errors import MktError
from ...files import write_atomic
from ...io.write import write_csv
from ...presentation import head_with_unit, publish_with
from ...presentation import present as present
from ...words.amounts import refuse_percent
from ...words.render import flatten
from ..names import is_extra_file, names_local_path
from ..processes import MARK

#: The engine names the folder of the running report here.
RUN_FOLDER = MARK
MAX_ROWS = 1_000_000
MAX_CELLS = 20_000_000
MAX_SERIES = 500
MAX_FILE = 50_000_000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
#: A spreadsheet cell holds no more characters.
_MAX_TEXT = 32_767
_SURROGATE = re.compile("[\ud800-\udfff]")


def publish_table(name: str, table: pd.DataFrame, *, title: str, units: dict | None = None) -> None:
    """Leave a table for the report: as csv, as a sheet of the report's xlsx, and in the roll-up.

    Parameters
    ----------
    name : str
        Lower-case ASCII name, unique in the notebook; file name of the csv.
    table : DataFrame
        Columns of text, numbers, flags, dates, periods or categories. The index is left out unless named.
    title : str
        Chinese title, name of the sheet.
    units : dict of str to str, optional
        Column -> unit of its figures: a base unit (``yuan``, ``person``, ``share``, ``rate`` ...), or one
        that figures are shown in, such as ``{"容量": "亿元"}``. The csv and the sheet hold base units:
        亿元 become 元. ``%`` and ``share`` stand for parts of one, 0.235 for 23.5 %.

    Raises
    ------
    MktError
        With every reason why the table cannot be published, such as 23.5 in a column of ``%``.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"城市": ["南京市"], "人口": [931.5]})
    >>> publish_table("tiers", table, title="城市分级", units={"人口": "万人"})
    """
    if isinstance(table, pd.DataFrame):
        table = flatten(table)
    problems = _name_problems(name, title) + _table_problems(table, units or {})
    if problems:
        raise MktError(f"不能发布表格 {name!r}：" + "；".join(problems))
    folder = _run_folder()
    if folder is None:
        return
    table = _in_base_units(table, units or {})
    meta = {
        "name": name,
        "title": title,
        "units": {column: _base_word(unit) for column, unit in (units or {}).items()},
        "rows": len(table),
        "columns": [str(column) for column in table.columns],
        "kinds": [column_kind(table[column]) for column in table.columns],
    }
    _refuse_used(folder, "tables", name)
    (folder / "tables").mkdir(exist_ok=True)
    write_csv(folder / "tables" / f"{name}.csv", table.rename(columns=csv_heads(meta)))
    _register(folder, "tables", meta)  # last: a notebook may go on after a failure


def csv_heads(meta: dict) -> dict[str, str]:
    """Column -> head of the csv: with the base unit of its figures.

    Examples
    --------
    >>> csv_heads({"columns": ["城市", "容量", "份额"], "units": {"容量": "元", "份额": "share"}})
    {'城市': '城市', '容量': '容量（元）', '份额': '份额（0—1）'}
    """
    return {column: head_with_unit(column, meta["units"].get(column, "")) for column in meta["columns"]}


def _base_word(unit: str) -> str:
    """A unit as it is recorded: the word of the base unit; ratios and years by name, for their format."""
    base = words.base_unit(unit)
    return base if base in (*words.PERCENT, "year") else words.unit_word(base) if base else unit


def _in_base_units(table: pd.DataFrame, units: dict) -> pd.DataFrame:
    """Figures that came in a display unit, in its base unit; percent are parts of one already."""
    scaled = {}
    for column, unit in units.items():
        times = words.scales().get(unit, 1.0)
        if times > 1 and pd.api.types.is_numeric_dtype(table[column]):
            # twelve digits: 0.1 亿元 are 10000000 元, not 10000000.000000002
            scaled[column] = [float(f"{value * times:.12g}") for value in table[column].astype(float)]
    return table.assign(**scaled)


def publish_figure(name: str, value, *, label: str, unit: str = "", lower=None, upper=None) -> None:
    """Leave a key figure of the report, shown on the index beside the report's link.

    Parameters
    ----------
    name : str
        Lower-case ASCII name, unique in the notebook; the same name in another report is the same figure.
    value : number, str, None, or sequence of numbers
        In base units (yuan, persons, a share 0-1). None or NaN means that there is no figure; a sequence of
        numbers is drawn as a small line.
    label : str
        Chinese label, the head of the column on the index.
    unit : str
        In which it is shown: 亿元, 万人, %; a word that is no unit of ``words.toml`` changes nothing.
    lower, upper : number, optional
        Ends of its interval, like `value` in base units; both or neither.

    Raises
    ------
    MktError
        If name, label, value or interval cannot be published, such as 23.5 for 23.5 %.

    Examples
    --------
    >>> publish_figure("capacity", 4.27e12, label="2028 年容量", unit="亿元")
    """
    problems = _name_problems(name, label)
    interval = {}
    try:
        value = _in_unit(_figure_value(value), unit, label)
        interval = _interval(value, lower, upper, unit, label)
    except MktError as error:
        problems.append(str(error))
    if problems:
        raise MktError(f"不能发布关键数字 {name!r}：" + "；".join(problems))
    folder = _run_folder()
    if folder is not None:
        _refuse_used(folder, "figures", name)
        _register(folder, "figures", {"name": name, "label": label, "unit": unit, "value": value, **interval})


def _interval(value, lower, upper, unit: str, label: str) -> dict:
    """The ends of a figure's interval in its unit; empty without one."""
    ends = [_figure_value(lower), _figure_value(upper)]
    if ends == [None, None]:
        return {}
    if not all(isinstance(end, int | float) for end in ends):
        raise MktError("区间要有下限和上限两个数")
    low, high = (_in_unit(end, unit, label) for end in ends)
    if low > high or (isinstance(value, int | float) and not low <= value <= high):
        raise MktError(f"区间 {low:g} 至 {high:g} 不包住 {value}")
    return {"lower": low, "upper": high}


def publish_file(name: str, write, *, title: str) -> None:
    """Leave a further file beside the report's page, such as a plan in Word; page and index lead to it.

    Parameters
    ----------
    name : str
        Lower-case ASCII name ending in .docx, .xlsx or .pdf, unique in the notebook.
    write : callable
        Takes the path and writes the file. Outside a report run it writes into a folder that is removed.
    title : str
        Chinese, what the link says.

    Raises
    ------
    MktError
        A name or title that cannot be published, or nothing was written.

    Examples
    --------
    >>> publish_file("note.pdf", lambda path: path.write_bytes(b"%PDF-1.4"), title="说明（pdf）")
    """
    problems = (
        [] if is_extra_file(str(name)) else ["文件名应以小写英文字母开头，以 .docx、.xlsx 或 .pdf 结尾"]
    )
    problems += _name_problems("a", title)
    if problems:
        raise MktError(f"不能发布文件 {name!r}：" + "；".join(problems))
    folder = _run_folder()
    if folder is not None:
        _refuse_used(folder, "files", name)
    with tempfile.TemporaryDirectory(prefix="mkt-") as place:
        target = (folder or Path(place)) / name
        write(target)
        if not target.is_file() or target.stat().st_size > MAX_FILE:
            raise MktError(f"文件 {name} 没有写成，或者超过 {MAX_FILE // 1_000_000} MB")
    if folder is not None:
        _register(folder, "files", {"name": name, "title": title})


def _in_unit(value, unit: str, label: str):
    """A figure, or each of a series, from base units to those it is shown in."""
    if isinstance(value, list):
        return [_in_unit(item, unit, label) for item in value]
    if not isinstance(value, int | float) or unit not in words.scales():
        return value
    if unit == "%":
        refuse_percent([value], label)
    scale = words.scale(unit)
    return value if scale == 1 else float(f"{value / scale:.12g}")


class _Said:
    """Paragraphs that show as prose in JupyterLab and on a report page; never as markup."""

    def __init__(self, paragraphs):
        self.paragraphs = paragraphs

    def __repr__(self):
        return "\n\n".join(self.paragraphs)

    def _repr_html_(self):
        return "".join(f"<p>{escape(paragraph)}</p>" for paragraph in self.paragraphs)


def say(*paragraphs: str):
    """Show prose that was made from figures, as the last line of a cell.

    Names of regions and products may stand in it: the text is shown as it is and never read as markup.

    Parameters
    ----------
    *paragraphs : str
        Empty ones are left out.

    Examples
    --------
    >>> say("江苏有 13 个市。", "")
    江苏有 13 个市。
    """
    return _Said([paragraph for paragraph in paragraphs if paragraph])


def _run_folder() -> Path | None:
    folder = os.environ.get(RUN_FOLDER)
    return Path(folder) if folder else None


def _name_problems(name, title) -> list[str]:
    problems = []
    if not (type(name) is str and _NAME.match(name)):
        problems.append("名称应为小写英文字母开头，只含小写字母、数字和下划线，不超过 40 个字符")
    if not (type(title) is str and 0 < len(title.strip()) <= 60) or names_local_path(str(title)):
        problems.append("标题应为 1 到 60 个字符的文字，且不含本机路径")
    elif _SURROGATE.search(title):
        problems.append("标题里有不成对的代理字符")
    return problems


def _table_problems(table, units) -> list[str]:
    if not isinstance(table, pd.DataFrame):
        return [f"应为 DataFrame，给的是 {type(table).__name__}"]
    problems = []
    if len(table) > MAX_ROWS or table.size > MAX_CELLS:
        problems.append(f"太大：{len(table)} 行、{table.size} 格，上限 {MAX_ROWS} 行、{MAX_CELLS} 格")
    if not len(table.columns) or not table.columns.is_unique:
        problems.append("列名应齐全且不重复")
        return problems
    if not all(type(column) is str and column.strip() for column in table.columns):
        problems.append("列名应为非空文字")
        return problems
    problems += [f"单位写给了不存在的列 {column!r}" for column in units if column not in table.columns]
    problems += _percent_problems(table, units)
    for column in table.columns:
        if column_kind(table[column]) == "other":
            problems.append(f"列“{column}”的内容应为文字、数值、日期、时期或分类")
        elif column_kind(table[column]) == "text":
            texts = table[column].dropna().astype(str)
            if texts.map(names_local_path).any():
                problems.append(f"列“{column}”里有本机路径")
            if texts.map(lambda text: _SURROGATE.search(text) is not None).any():
                problems.append(f"列“{column}”里有不成对的代理字符")
            if texts.str.len().max() > _MAX_TEXT:
                problems.append(f"列“{column}”有超过 {_MAX_TEXT} 字的文字")
    return problems


def _percent_problems(table: pd.DataFrame, units: dict) -> list[str]:
    problems = []
    for column, unit in units.items():
        if unit in ("%", "share") and column in table.columns:
            try:
                refuse_percent(table[column].dropna().tolist(), column)
            except MktError as error:
                problems.append(str(error))
    return problems


def column_kind(values: pd.Series) -> str:
    """text, integer, number, flag, date, period or other."""
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "text" if all(isinstance(c, str) for c in dtype.categories) else "other"
    if isinstance(dtype, pd.PeriodDtype):
        return "period"
    tests = (
        ("flag", pd.api.types.is_bool_dtype),
        ("integer", pd.api.types.is_integer_dtype),
        ("number", pd.api.types.is_float_dtype),
        ("date", pd.api.types.is_datetime64_any_dtype),
    )
    for kind, test in tests:
        if test(dtype):
            return kind
    return "text" if values.dropna().map(lambda v: isinstance(v, str)).all() else "other"


def _figure_value(value):
    if value is None or (isinstance(value, Real) and math.isnan(value)) or value is pd.NA:
        return None
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "是" if value else "否"
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        if math.isinf(value):
            raise MktError("数值不能是无穷大")
        return float(value)
    if isinstance(value, str):
        if len(value) > 200 or names_local_path(value) or _SURROGATE.search(value):
            raise MktError("文字不能超过 200 个字符，也不能含本机路径或不成对的代理字符")
        return value
    if isinstance(value, (list, tuple, pd.Series)) and 2 <= len(value) <= MAX_SERIES:
        items = [_figure_value(item) for item in value]
        if all(item is None or isinstance(item, (int, float)) for item in items):
            return items
    raise MktError(f"应为数、文字或 2 到 {MAX_SERIES} 个数的序列，给的是 {type(value).__name__}")


def published(folder: Path) -> dict:
    """What has been published in `folder`: ``{"tables": [...], "figures": [...], "files": [...]}``."""
    path = folder / "published.json"
    found = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return {"tables": [], "figures": [], "files": [], **found}


def _refuse_used(folder: Path, part: str, name: str) -> None:
    if any(name == other["name"] for other in published(folder)[part]):
        raise MktError(f"名称 {name!r} 在这本笔记本里已经用过")


def _register(folder: Path, part: str, meta: dict) -> None:
    so_far = published(folder)
    so_far[part].append(meta)
    write_atomic(folder / "published.json", json.dumps(so_far), durable=False)


publish_with(publish_table)
