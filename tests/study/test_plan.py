"""A made-up company end to end: its study has the plan notebook, runs, and finds what was planted.

The page, the Word file and the workbook are compared cell by cell: one value, one unit, one label.
"""

import html
from html.parser import HTMLParser

import docx
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

import mktanalysis as mkt
from mktanalysis.study import check_study, new_study, run_study
from mktanalysis.synthetic import make_company

UNIT = "万元"


@pytest.fixture(scope="module")
def tree():
    return mkt.load_regions()


@pytest.fixture(scope="module")
def company(tree):
    """The company whose files the example study has."""
    return make_company(tree, within="320000", random_state=2024)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Folder of the plan's report in the example study."""
    study = new_study(tmp_path_factory.mktemp("plan") / "公司", notebooks=("05",), example=True)
    assert check_study(study)["ok"].all()
    rows = run_study(study)
    assert [row.status for row in rows] == ["done", "done"], [row.message for row in rows]
    (folder,) = (path.parent for path in study.out.glob("*05_province_plan*/report.html"))
    return folder


class Tables(HTMLParser):
    """Caption -> heads with units and rows of texts, of every table of a page."""

    def __init__(self, page: str):
        super().__init__()
        self.found = {}
        self.caption = None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "table":
            self.caption, self.heads, self.rows, self.in_head = "", [], [], False
        elif tag in ("thead", "tbody"):
            self.in_head = tag == "thead"
        elif tag == "tr" and self.caption is not None:
            (self.heads if self.in_head else self.rows).append([])
        elif tag in ("th", "td") and self.caption is not None:
            line = (self.heads if self.in_head else self.rows)[-1]
            line.append(["", int(attrs.get("colspan", 1)), int(attrs.get("rowspan", 1))])
            self.cell = line[-1]
        elif tag == "caption":
            self.cell = ["", 1, 1]

    def handle_data(self, data):
        if self.caption is not None and hasattr(self, "cell"):
            self.cell[0] += data

    def handle_endtag(self, tag):
        if tag == "caption":
            self.caption = self.cell[0].strip()
        if tag == "table" and self.caption is not None:
            rows = [[text.strip() for text, *_ in row] for row in self.rows]
            self.found[self.caption] = (self.told(), rows)
            self.caption = None

    def told(self) -> list[str]:
        """Heads as one line: a unit that stands once above several is written behind each."""
        if len(self.heads) == 1:
            return [text.strip() for text, *_ in self.heads[0]]
        below = iter(self.heads[1])
        heads = []
        for text, columns, rows in self.heads[0]:
            if rows == 2:
                heads.append(text.strip())
            else:
                heads += [f"{next(below)[0].strip()}（{text.strip()}）" for _ in range(columns)]
        return heads


@pytest.fixture(scope="module")
def page(report):
    return (report / "report.html").read_text("utf-8")


@pytest.fixture(scope="module")
def on_page(page):
    return Tables(page).found


@pytest.fixture(scope="module")
def in_word(report):
    """Caption -> heads and rows of every table of the Word file."""
    word = docx.Document(str(report / "plan.docx"))
    tables = {table._tbl: table for table in word.tables}
    found, caption = {}, ""
    for element in word.element.body:
        if element in tables:
            rows = [[cell.text.strip() for cell in row.cells] for row in tables[element].rows]
            found[caption] = (rows[0], rows[1:])
        elif element.tag.endswith("}p"):
            caption = "".join(node.text or "" for node in element.iter() if node.tag.endswith("}t"))
    return found


def number(text: str) -> float:
    plain = text.replace(",", "").replace("−", "-").replace("—", "nan")
    return float(plain.rstrip("%")) / (100 if plain.endswith("%") else 1)


def last_digit(text: str) -> float:
    """Half of the last digit that a text shows."""
    digits = len(text.rstrip("%").partition(".")[2])
    return 0.5001 * 10**-digits / (100 if text.endswith("%") else 1)


def test_word_has_the_tables_of_the_page_cell_by_cell(on_page, in_word):
    assert len(in_word) >= 15 and set(in_word) <= set(on_page)
    for caption, (heads, rows) in in_word.items():
        assert on_page[caption][0] == heads, caption
        assert on_page[caption][1] == rows, caption


@pytest.mark.parametrize(
    ("sheet", "caption", "keys"), [("任务", "年任务", 1), ("控制", "年控制表", 0), ("预算", "年费用", 0)]
)
def test_the_workbook_has_the_values_units_and_labels_of_the_page(report, on_page, sheet, caption, keys):
    book = CalamineWorkbook.from_path(str(report / "plan.xlsx"))
    rows = book.get_sheet_by_name(sheet).to_python()
    heads, *lines = [row[keys:] for row in rows]
    shown, body = next(on_page[name] for name in on_page if name.endswith(caption))
    common = [head for head in shown if head in heads]
    assert len(common) >= 3, (shown, heads)
    values = {str(line[0]).strip("　 "): line for line in lines}
    assert {row[0] for row in body} == set(values)
    checked = 0
    for row in body:
        for head in common[1:]:
            text, value = row[shown.index(head)], values[row[0]][heads.index(head)]
            if isinstance(value, float) and text != "—":
                assert number(text) == pytest.approx(value, abs=last_digit(text)), (row[0], head)
                checked += 1
    assert checked >= 2 * len(body) - 1
    assert all(head.endswith(f"（{UNIT}）") for head in common if head[:2] in ("任务", "去年", "金额"))


def test_csv_has_the_same_tasks_in_yuan(report, on_page):
    table = pd.read_csv(report / "tables" / "tasks.csv", encoding="utf-8-sig").set_index("地区")["任务（元）"]
    shown, rows = next(on_page[name] for name in on_page if name.endswith("年任务"))
    at = shown.index(f"任务（{UNIT}）")
    assert [round(table[row[0]] / 1e4) for row in rows] == [number(row[at]) for row in rows]


def test_what_was_planted_stands_on_the_first_page(page, company, tree):
    text = html.unescape(page)
    first = text.partition("先做什么")[2].partition("</ol>")[0]
    assert f"先支援今年完不成的{tree.names([company.truth.late]).iloc[0]}：" in first
    assert f"须向上靠拢：{company.truth.low_dealer}，合计还差年销量 90 万元" in first
    blank = tree.names([company.truth.blank]).iloc[0]
    assert f"空白市场 1 个：按容量先设{blank}" in text
    assert "没有自有销售：" not in text and "没有经销商名单" not in text


def test_word_names_the_dealer_and_the_late_city(in_word, company, tree):
    heads, rows = in_word["经销商分类"]
    low = [row for row in rows if row[heads.index("状态")] == "须向上靠拢"]
    assert [row[heads.index("经销商")] for row in low] == [company.truth.low_dealer] and len(rows) == 24
    heads, rows = in_word["今年预计与任务"]
    assert rows[-13][0] == tree.names([company.truth.late]).iloc[0]  # the least likely city comes first
    heads, rows = in_word[next(name for name in in_word if name.endswith("年编制"))]
    now = [number(row[next(i for i, head in enumerate(heads) if head.startswith("现有"))]) for row in rows]
    assert sum(now) == len(company.staff)


def test_no_english_word_on_the_page(page):
    import re

    main = page.partition("<main")[2].partition("</main>")[0]
    body = re.sub(r"<[^>]*>", " ", main)
    words = set(re.findall(r"[A-Za-z]{2,}", html.unescape(body)))
    allowed = {"SWOT", "Word", "Excel", "csv", "data"}  # a method, two programs, the study's own files
    assert words <= allowed, words - allowed
