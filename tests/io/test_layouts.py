"""Whatever the layout, the file and the encoding, the figures are the same."""

import csv
import io

import numpy as np
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from mktanalysis.errors import MktError
from mktanalysis.io import read_table

FACTORS = {"元": 1.0, "千元": 1e3, "万元": 1e4, "百万元": 1e6, "亿元": 1e8}
SPELLINGS = {
    "320100": ["南京", "南 京 市", "江苏南京", "320100", "江苏省：南京市"],
    "320200": ["无锡市", "江苏/无锡", "３２０２００", "无锡市①"],
    "320300": ["徐州", "江苏省徐州市"],
    "320500": ["苏州市", "苏州"],
}
ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "utf-16")
MONTHS = (1, 2, 3)


@st.composite
def drawn_file(draw):
    """Figures in yuan by region, year and month (0: the whole year), and the rows of a file that holds
    them."""
    years = sorted(draw(st.lists(st.sampled_from(range(2015, 2024)), min_size=1, max_size=3, unique=True)))
    unit = draw(st.sampled_from(list(FACTORS)))
    layout = draw(st.sampled_from(LAYOUTS))
    monthly = layout in ("months below", "months down", "month columns", "long months", "running")
    months = MONTHS if monthly else (0,)
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    keys = [(code, year, month) for code in SPELLINGS for year in years for month in months]
    truth = {key: float(np.round(rng.uniform(1e11, 9e11), -6)) for key in keys}
    if layout not in ("running",):
        truth["320100", years[0], months[0]] = np.nan
    names = {code: draw(st.sampled_from(spellings)) for code, spellings in SPELLINGS.items()}
    style = draw(st.sampled_from(["plain", "grouped", "footnote", "unit"]))

    def cell(*key) -> str:
        value = truth[key]
        if value != value:
            return draw(st.sampled_from(["—", "", "…", "NA"]))
        return shown(value / FACTORS[unit], style, unit)

    title = draw(st.sampled_from([[], [["各市主要指标"], []], [["江苏省各市情况表"], ["单位：" + unit]]]))
    notes = draw(st.sampled_from([[], [["注：示例"], ["资料来源：年鉴"]]]))
    rows = WRITERS[layout](cell, names, years, unit)
    if draw(st.booleans()) and layout in ("wide", "long"):
        rows = [*rows, *total_rows(layout, truth, years, unit)]
    return truth, [*title, *rows, *notes]


def shown(number: float, style: str, unit: str) -> str:
    if style == "grouped":
        return f"{number:,.6f}"
    if style == "footnote":
        return f"{number!r}①"
    return f"{number!r}{unit}" if style == "unit" else repr(number)


def total_rows(layout: str, truth: dict, years: list[int], unit: str) -> list[list[str]]:
    sums = {year: sum(v for (_, y, _), v in truth.items() if y == year and v == v) for year in years}
    if layout == "wide":
        return [["合计", *[repr(sums[year] / FACTORS[unit]) for year in years]]]
    return [["合计", f"{year}年", repr(sums[year] / FACTORS[unit])] for year in years]


def _long(cell, names, years, unit):
    rows = [[names[code], f"{year}年", cell(code, year, 0)] for code in names for year in years]
    return [["城市", "年份", f"社零（{unit}）"], *rows]


def _wide(cell, names, years, unit):
    rows = [[names[code], *[cell(code, year, 0) for year in years]] for code in names]
    return [["地区", *[f"{year}年零售额({unit})" for year in years]], *rows]


def _unit_above(cell, names, years, unit):
    rows = [[names[code], *[cell(code, year, 0) for year in years]] for code in names]
    return [["社会消费品零售总额"], [f"单位：{unit}"], ["地区", *map(str, years)], *rows]


def _double(cell, names, years, unit):
    head = [["地区", f"社零({unit})", *[""] * (len(years) - 1)], ["", *map(str, years)]]
    return [*head, *[[names[code], *[cell(code, year, 0) for year in years]] for code in names]]


def _unit_row(cell, names, years, unit):
    head = [["地区", *[f"{year}年社零" for year in years]], ["", *[unit] * len(years)]]
    return [*head, *[[names[code], *[cell(code, year, 0) for year in years]] for code in names]]


def _listed(cell, names, years, unit):
    rows = [[names[code], "社零", unit, *[cell(code, year, 0) for year in years]] for code in names]
    return [["地区", "指标", "单位", *map(str, years)], *rows]


def _months_below(cell, names, years, unit):
    head = [["地区", *[f"{year}年" for year in years for _ in MONTHS]]]
    head += [["", *[f"{month}月社零({unit})" for _ in years for month in MONTHS]]]
    return [*head, *[[names[c], *[cell(c, y, m) for y in years for m in MONTHS]] for c in names]]


def _months_down(cell, names, years, unit):
    rows = [[names[c], f"{m}月", *[cell(c, y, m) for y in years]] for c in names for m in MONTHS]
    return [["城市", "月份", *[f"{year}年社零({unit})" for year in years]], *rows]


def _month_columns(cell, names, years, unit):
    rows = [[names[c], str(y), *[cell(c, y, m) for m in MONTHS]] for c in names for y in years]
    return [["城市", "年份", *[f"{month}月社零({unit})" for month in MONTHS]], *rows]


def _long_months(cell, names, years, unit):
    rows = [[names[c], f"{y}{m:02d}", cell(c, y, m)] for c in names for y in years for m in MONTHS]
    return [["城市", "年月", f"社零({unit})"], *rows]


def _running(cell, names, years, unit):
    """Running totals: each cell adds up the months before it."""

    def upto(code, year, month):
        cells = [cell(code, year, m) for m in MONTHS if m <= month]
        return repr(sum(float(text.strip("①").removesuffix(unit).replace(",", "")) for text in cells))

    rows = [[names[c], *[upto(c, y, m) for y in years for m in MONTHS]] for c in names]
    return [["地区", *[f"{y}年{m}月社零_累计值({unit})" for y in years for m in MONTHS]], *rows]


WRITERS = {
    "long": _long,
    "wide": _wide,
    "unit above": _unit_above,
    "double": _double,
    "unit row": _unit_row,
    "listed": _listed,
    "months below": _months_below,
    "months down": _months_down,
    "month columns": _month_columns,
    "long months": _long_months,
    "running": _running,
}
LAYOUTS = list(WRITERS)


def write_csv_file(path, rows, encoding: str) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def write_book(path, rows) -> None:
    """As a spreadsheet: numbers as numbers, the rest as text."""
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False}) as book:
        page = book.add_worksheet("数据")
        for i, row in enumerate(rows):
            for j, text in enumerate(row):
                number = text.isascii() and text.replace(".", "", 1).isdigit() and "." in text
                page.write_number(i, j, float(text)) if number else page.write_string(i, j, text)


@given(drawn_file(), st.sampled_from([*ENCODINGS, "xlsx"]))
@settings(max_examples=60, deadline=None)
def test_every_layout_gives_the_same_figures(tmp_path_factory, tree, drawn, form):
    truth, rows = drawn
    folder = tmp_path_factory.mktemp("drawn")
    path = folder / ("own.xlsx" if form == "xlsx" else "own.csv")
    width = max(map(len, rows))
    filled = [[*row, *[""] * (width - len(row))] for row in rows]
    write_book(path, filled) if form == "xlsx" else write_csv_file(path, filled, form)
    table = read_table(path, kind="indicators", tree=tree, check_magnitude=False)
    assert set(table["indicator"]) == {"retail_sales"}
    monthly = (
        table["period"].dt.freq.rule_code.startswith("M") if hasattr(table["period"].dt, "freq") else False
    )
    months = table["period"].dt.month if monthly else 0 * table["period"].dt.year
    found = dict(
        zip(zip(table["region"], table["period"].dt.year, months, strict=True), table["value"], strict=True)
    )
    known = {key for key, value in truth.items() if value == value}
    assert known <= set(found) <= set(truth)
    for key in known:
        assert found[key] == pytest.approx(truth[key], rel=1e-9)


@given(drawn_file(), st.integers(0, 2**32), st.sampled_from(["csv", "xlsx"]))
@settings(max_examples=60, deadline=None)
def test_a_damaged_file_is_read_right_or_refused(tmp_path_factory, tree, drawn, seed, form):
    """Bytes are changed, dropped and doubled: any figure that is read stood in the file, or there is an
    error of ours."""
    _, rows = drawn
    path = tmp_path_factory.mktemp("damaged") / f"own.{form}"
    write_book(path, rows) if form == "xlsx" else write_csv_file(path, rows, "utf-8")
    raw = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    for _ in range(int(rng.integers(1, 6))):
        at = int(rng.integers(len(raw)))
        what = rng.integers(3)
        if what == 0:
            raw[at] = int(rng.integers(256))
        elif what == 1:
            del raw[at : at + int(rng.integers(1, 40))]
        else:
            raw[at:at] = raw[at : at + int(rng.integers(1, 40))]
    path.write_bytes(bytes(raw) or b"x")
    try:
        table = read_table(path, kind="indicators", tree=tree, check_magnitude=False)
    except MktError:
        return
    assert set(table["region"]) <= set(tree.regions) and np.isfinite(table["value"].dropna()).all()
