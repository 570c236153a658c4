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

from .old_books import write_old_book

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


MERGED = {"江苏省": ("南京市", "苏州市"), "湖南省": ("长沙市", "株洲市", "湘潭")}
CODES = {"南京市": "320100", "苏州市": "320500", "长沙市": "430100", "株洲市": "430200"}


@st.composite
def merged_file(draw):
    """Sales by month: provinces in merged cells, years above months, sums beside, below and by province."""
    years = draw(st.sampled_from([(2022,), (2022, 2023)]))
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    names = {province: [name for name in cities if name in CODES] for province, cities in MERGED.items()}
    truth = {
        (name, year, month): float(rng.integers(100, 999))
        for cities in names.values()
        for name in cities
        for year in years
        for month in MONTHS
    }
    beside = draw(st.booleans())
    below = draw(st.booleans())
    title = draw(st.sampled_from([[], [["各市月度销售额", None, None, "单位：万元"]]]))
    periods = [(year, month) for year in years for month in MONTHS]

    def line(keys):
        cells = []
        for year in years:
            part = [sum(truth[name, year, month] for name in keys) for month in MONTHS]
            cells += [*part, sum(part)] if beside else part
        return cells

    months = [f"{month}月" for month in MONTHS]
    block = [*months, "合计"] if beside else months
    unit = "" if title else "(万元)"
    head = [
        [
            "省份",
            "城市",
            *(f"{year}年销售额{unit}" if i == 0 else None for year in years for i in range(len(block))),
        ]
    ]
    head += [[None, None, *(cell for _ in years for cell in block)]]
    rows = []
    merged = []
    start = len(title) + len(head)
    for province, cities in names.items():
        first = start + len(rows)
        rows += [[province if at == 0 else None, name, *line([name])] for at, name in enumerate(cities)]
        if below:
            rows.append([None, "小计", *line(cities)])
        merged.append((first, 0, start + len(rows) - 1, 0, province))
    if below:
        rows.append(["合计", None, *line([name for cities in names.values() for name in cities])])
    for at in range(len(years)):
        left = 2 + at * len(block)
        merged.append((len(title), left, len(title), left + len(block) - 1, head[0][left]))
    assert len(periods) * len(CODES) == len(truth)
    return truth, [*title, *head, *rows, ["注：含税"]], merged


@given(merged_file(), st.sampled_from(["csv", "xlsx"]), st.sampled_from(ENCODINGS))
@settings(max_examples=40, deadline=None)
def test_merged_labels_and_sums_change_no_figure(tmp_path_factory, tree, drawn, form, encoding):
    truth, rows, merged = drawn
    path = tmp_path_factory.mktemp("merged") / f"own.{form}"
    width = max(map(len, rows))
    if form == "csv":
        text = [
            [*("" if cell is None else str(cell) for cell in row), *[""] * (width - len(row))] for row in rows
        ]
        write_csv_file(path, text, encoding)
    else:
        with xlsxwriter.Workbook(str(path)) as book:
            page = book.add_worksheet("数据")
            for i, row in enumerate(rows):
                for j, cell in enumerate(row):
                    if cell is not None:
                        page.write(i, j, cell)
            for area in merged:
                page.merge_range(*area)
    table = read_table(path, kind="sales", tree=tree, check_magnitude=False)
    found = {(row.region, row.period.year, row.period.month): row.value / 1e4 for row in table.itertuples()}
    assert found == {(CODES[name], year, month): value for (name, year, month), value in truth.items()}


SHOWN = {
    "percent cells": lambda share: (share, "0.0%"),
    "text with a sign": lambda share: f"{share * 100:.1f}%",
    "header": lambda share: round(share * 100, 1),
    "shares": lambda share: share,
}


@given(
    st.lists(st.integers(1, 999), min_size=4, max_size=4),
    st.sampled_from(list(SHOWN)),
    st.sampled_from(["long", "wide"]),
    st.sampled_from(["xlsx", "xls", "csv"]),
)
@settings(max_examples=40, deadline=None)
def test_percentages_are_what_is_seen(tmp_path_factory, tree, parts, shown_as, layout, form):
    if form == "csv" and shown_as == "percent cells":
        shown_as = "text with a sign"
    shares = [part / 1000 for part in parts]
    write = SHOWN[shown_as]
    name = "渗透率(%)" if shown_as == "header" else "渗透率"
    if layout == "long":
        keys = [(city, year) for city in ("南京市", "苏州市") for year in (2022, 2023)]
        rows = [
            ["城市", "年份", name],
            *([c, float(y), write(s)] for (c, y), s in zip(keys, shares, strict=True)),
        ]
    else:
        rows = [["城市", f"2022年{name}", f"2023年{name}"]]
        rows += [["南京市", *map(write, shares[:2])], ["苏州市", *map(write, shares[2:])]]
    path = tmp_path_factory.mktemp("shares") / f"own.{form}"
    write_form(path, rows, form)
    table = read_table(path, kind="penetration", tree=tree, check_magnitude=False)
    assert table["value"].tolist() == pytest.approx(shares, abs=1e-12)


def write_form(path, rows, form: str) -> None:
    """Cells are text, numbers, or pairs of a number and its format."""
    if form == "xls":
        write_old_book(path, {"数据": rows})
    elif form == "csv":
        write_csv_file(path, [[str(cell) for cell in row] for row in rows], "gb18030")
    else:
        with xlsxwriter.Workbook(str(path)) as book:
            page = book.add_worksheet("数据")
            for i, row in enumerate(rows):
                for j, cell in enumerate(row):
                    number, code = cell if isinstance(cell, tuple) else (cell, None)
                    page.write(i, j, number, book.add_format({"num_format": code}) if code else None)
