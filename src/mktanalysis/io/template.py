"""A spreadsheet for an analyst to fill in, which :func:`read_table` then reads.

Always holds: codes are text, headers carry their unit, an empty template is refused as empty and a filled
one is read without any change to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from ..errors import MktError
from ..regions import RegionTree
from .fields import Kind, Measure, kind_of
from .write import CREATED, WORKBOOK_OPTIONS, replacing

_GUIDE = "说明"
#: Header of a column of text by its role.
_TEXTS = {"detail": "门店名称", "label": "等级", "area": "销售区域", "center": "目的地"}


def template_unit(measure: Measure, kind: Kind) -> str:
    """The unit in which people usually write a measure."""
    if measure.dimension == "yuan":
        whole = "亿元" if kind.name == "indicators" else "万元"
        return whole if measure.additive else "元"
    units = {"person": "万人", "share": "%", "count": "个", "km": "公里", "quantity": "台", "flow": "人次"}
    return units.get(measure.dimension, "")


def write_template(
    path: str | Path,
    *,
    kind: str,
    tree: RegionTree,
    level: str = "prefecture",
    years: Iterable[int] | None = None,
) -> Path:
    """Write an empty spreadsheet to be filled in with own data (数据模板).

    Parameters
    ----------
    path : str or Path
        .xlsx.
    kind : str
        As for :func:`read_table`, but for ``auto``.
    tree : RegionTree
        Its regions at `level` are the rows.
    level : str
    years : iterable of int, optional
        One row a region and year; not given: one row a region with the year left open.

    Returns
    -------
    Path

    Examples
    --------
    >>> import tempfile
    >>> from mktanalysis.synthetic import make_market
    >>> tree = make_market(random_state=0).tree
    >>> path = write_template(Path(tempfile.mkdtemp()) / "t.xlsx", kind="sales", tree=tree, years=[2023])
    >>> pd.read_excel(path, engine="calamine", dtype=str).columns.tolist()
    ['行政区划代码', '上级', '地区', '年份', '销售额(万元)']
    """
    import xlsxwriter

    spec = kind_of(kind)
    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise MktError(f"模板只能写成 .xlsx，而给出的是 {path.name!r}")
    rows = _rows(tree, level, list(years) if years is not None else None, spec)
    with replacing(path) as temporary:
        book = xlsxwriter.Workbook(str(temporary), WORKBOOK_OPTIONS)
        book.set_properties({"created": CREATED, "title": f"{spec.title}模板"})
        _write_data(book, rows, spec)
        _write_guide(book, spec)
        book.close()
    return path


def _rows(tree: RegionTree, level: str, years: list[int] | None, kind: Kind) -> pd.DataFrame:
    regions = tree.level(level)
    for year in years or []:
        if not isinstance(year, int) or not 1900 <= year <= 2099:
            raise MktError(f"年份应为 1900 到 2099 的整数，现有 {year!r}")
    if years is not None and len(set(years)) < max(len(years), 1):
        raise MktError(f"年份为空或有重复：{years}")
    upper = tree.table.set_index("region")["parent"].reindex(regions)
    upper_names = upper.map(tree.names()).fillna("")
    rows = pd.DataFrame(
        {"行政区划代码": regions, "上级": upper_names.to_numpy(), "地区": tree.names(regions).to_numpy()}
    )
    rows = rows.assign(**{_TEXTS[role]: None for role in kind.texts})
    if not kind.has_period:
        return rows
    column = "年份" if kind.needs_figures else "开业日期"
    if years is None or not kind.needs_figures:
        return rows.assign(**{column: None})
    return rows.merge(pd.DataFrame({column: years}), how="cross")


def _write_data(book, rows: pd.DataFrame, kind: Kind) -> None:
    sheet = book.add_worksheet("数据")
    head = book.add_format({"bold": True, "bg_color": "#DDE6F0", "bottom": 1, "text_wrap": True})
    text = book.add_format({"num_format": "@"})
    number = book.add_format({"num_format": "#,##0.####"})
    units = [template_unit(measure, kind) for measure in kind.measures]
    titles = [f"{m.label}({unit})" if unit else m.label for m, unit in zip(kind.measures, units, strict=True)]
    for j, title in enumerate([*rows.columns, *titles]):
        sheet.write_string(0, j, title, head)
        sheet.set_column(j, j, max(12, 2 * len(title) + 2), text if j < 3 else number)
    for i, row in enumerate(rows.itertuples(index=False), start=1):
        for j, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(i, j, value, text)
            elif value is not None and value == value:
                sheet.write_number(i, j, value)
    sheet.freeze_panes(1, len(rows.columns))
    width = len(rows.columns)
    for j, measure in enumerate(kind.measures, start=width):
        least = -100 if measure.low and measure.low < 0 else 0
        rule = {"validate": "decimal", "criteria": ">=", "value": least, "error_type": "warning"}
        sheet.data_validation(1, j, max(len(rows), 1), j, {**rule, "error_message": "应为不小于 0 的数字"})


def _write_guide(book, kind: Kind) -> None:
    sheet = book.add_worksheet(_GUIDE)
    lines = [
        f"本表用来填写：{kind.title}。填在工作表“数据”中，每行一个地区"
        + ("和一个时期。" if kind.has_period else "。"),
        "不要改代码和地区名称；用不着的行和列可以整行整列删除，列的次序可以改变。",
        "列名括号里是单位。若手头的数字是别的单位，请把括号里的单位改掉（如 亿元 改为 万元），不要换算。",
        "没有数字的格子留空；不要填 0。填了 — 也算空。",
        "外币请先换算为人民币。百分数列填 70.5 表示 70.5%。",
    ]
    if kind.has_period and kind.measures:
        lines.append("年份写成 2023；按月的数据写成 2023-06，按季的写成 2023Q2，一个文件只用一种。")
    if not kind.needs_figures and kind.has_period:
        lines.append("每行一家门店，写开业的年、月或日；一个地区有几家就复制几行，没有门店的地区留空或删除。")
    if any(measure.required for measure in kind.measures):
        lines.append("必填：" + "、".join(measure.label for measure in kind.measures if measure.required))
    sheet.set_column(0, 0, 100)
    for i, line in enumerate(lines):
        sheet.write_string(i, 0, line)
