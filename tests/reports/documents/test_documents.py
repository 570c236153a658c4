"""Word and Excel files of a plan: whole, changeable, the same every time, inert against injected text."""

import io
import re
import zipfile
from xml.etree import ElementTree

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from mktanalysis import MktError
from mktanalysis.planning import quota_months, set_quotas
from mktanalysis.planning.document import PlanInputs, plan_budget, plan_document
from mktanalysis.planning.people import visit_calendar
from mktanalysis.regions import RegionTree
from mktanalysis.reports.documents import write_plan_docx, write_plan_workbook

EVIL = '=HYPERLINK("http://x","点")'


@pytest.fixture(scope="module")
def tree():
    rows = [
        ("N", "全国", "nation", None),
        ("P", "<b>省</b>", "province", "N"),
        ("Q", "+省乙", "province", "N"),
    ]
    rows += [("a", EVIL, "city", "P"), ("b", "@市", "city", "P"), ("c", "市丙", "city", "Q")]
    return RegionTree.from_table(pd.DataFrame(rows, columns=["region", "name", "level", "parent"]))


@pytest.fixture(scope="module")
def tables(tree):
    sales = pd.DataFrame({"region": ["a", "b", "c"], "value": [3e6, 2e6, 5e6]})
    sales["period"] = pd.PeriodIndex(["2024"] * 3, freq="Y")
    quotas = set_quotas(sales, tree, total=1.2e7)
    index = pd.DataFrame({"region": "all", "season": range(1, 13), "index": [0.8, 1.2] * 6})
    months = quota_months(quotas.quota, index, year=2025)
    lines = pd.DataFrame({"item": [EVIL, "样板店"], "amount": [6e5, 2e5], "basis": ["=1+1", "4 家"]})
    customers = pd.DataFrame({"person": EVIL, "customer": ["x"], "class": ["周"], "hours": [2.0]})
    return {
        "quotas": quotas.table,
        "months": months,
        "budget": plan_budget(lines, total=1e6),
        "visits": visit_calendar(customers, pd.Series({"周": 1})).days,
        "inputs": pd.DataFrame({"item": ["总目标"], "value": [1200.0], "source": [EVIL]}),
    }


@pytest.fixture(scope="module")
def book(tmp_path_factory, tree, tables):
    path = tmp_path_factory.mktemp("plan") / "计划.xlsx"
    return write_plan_workbook(path, tree=tree, **tables)


@pytest.fixture(scope="module")
def control(tmp_path_factory, tree, tables):
    path = tmp_path_factory.mktemp("control") / "计划.xlsx"
    write_plan_workbook(path, tree=tree, **tables, control=True)
    return sheet_cells(path)


def sheet_cells(path):
    """Sheet name -> {cell: (formula or None, stored value)} from the file's own XML."""
    main = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(path) as packed:
        names = [
            s.get("name") for s in ElementTree.fromstring(packed.read("xl/workbook.xml")).iter(f"{main}sheet")
        ]
        found = {}
        for i, name in enumerate(names, start=1):
            root = ElementTree.fromstring(packed.read(f"xl/worksheets/sheet{i}.xml"))
            cells = {}
            for c in root.iter(f"{main}c"):
                value = c.findtext(f"{main}v")
                number = float(value) if value and c.get("t") not in ("s", "str") else None
                cells[c.get("r")] = (c.findtext(f"{main}f"), number)
            found[name] = cells
    return found


def reckon(formula, sheet, sheets):
    """A tiny spreadsheet: SUM over cells and ranges, + - /, references to another sheet."""

    def column(letters):
        number = 0
        for letter in letters:
            number = number * 26 + ord(letter) - 64
        return number

    def value(reference, where):
        inner, stored = where[reference.replace("$", "")]
        return reckon(inner, where, sheets) if inner else stored

    def total(match):
        amount = 0.0
        for part in match[1].split(","):
            first, _, last = part.partition(":")
            if not last:
                amount += value(first, sheet)
                continue
            (c1, r1), (c2, r2) = (re.fullmatch(r"([A-Z]+)(\d+)", end).groups() for end in (first, last))
            for name in sheet:
                c, r = re.fullmatch(r"([A-Z]+)(\d+)", name).groups()
                if column(c1) <= column(c) <= column(c2) and int(r1) <= int(r) <= int(r2):
                    amount += value(name, sheet)
        return repr(amount)

    text = re.sub(r"SUM\(([^()]*)\)", total, formula)
    text = re.sub(r"任务!([A-Z]+\d+)", lambda m: repr(value(m[1], sheets["任务"])), text)
    text = re.sub(r"\$?([A-Z]+)\$?(\d+)", lambda m: repr(value(m[1] + m[2], sheet)), text)
    guarded = re.fullmatch(r"IF\((.+?)=0,(.+?),(.+)\)", text)
    if guarded:
        text = guarded[3] if float(guarded[1]) else "0"
    assert re.fullmatch(r"[\d.e+\-*/() ]+", text), text
    return eval(text)


class TestWorkbook:
    def test_every_formula_gives_the_value_stored_with_it(self, book):
        sheets = sheet_cells(book)
        checked = 0
        for cells in sheets.values():
            for formula, stored in cells.values():
                if formula:
                    assert reckon(formula, cells, sheets) == pytest.approx(stored, abs=1e-9), formula
                    checked += 1
        assert checked == 98

    def test_a_changed_task_moves_every_sum_above_it(self, book):
        sheets = sheet_cells(book)
        quota = sheets["任务"]
        leaf = next(
            name for name, (formula, v) in quota.items() if name.startswith("D") and not formula and v
        )
        before = reckon(quota["D2"][0], quota, sheets)
        quota[leaf] = (None, quota[leaf][1] + 50)
        assert reckon(quota["D2"][0], quota, sheets) == pytest.approx(before + 50)
        months = sheets["月度"]
        gaps = [reckon(months[name][0], months, sheets) for name in months if re.fullmatch(r"Q[2-4]", name)]
        assert sorted(round(gap, 6) for gap in gaps) == [-50, 0, 0]  # the month table says what is missing

    def test_sheets_read_back_with_their_figures(self, book, tables):
        read = CalamineWorkbook.from_path(str(book))
        assert read.sheet_names == ["输入", "任务", "月度", "预算", "拜访日历"]
        rows = read.get_sheet_by_name("任务").to_python()
        assert rows[1][:4] == ["N", "全国", 1000.0, 1200.0]
        budget = read.get_sheet_by_name("预算").to_python()
        assert budget[-1][:2] == ["合计", 100.0]

    def test_injected_text_stays_text(self, book):
        for cells in sheet_cells(book).values():
            for formula, _ in cells.values():
                assert not formula or re.fullmatch(r"[A-Z0-9$:,()+\-/=\"SUMIF任务!]+", formula), formula
        with zipfile.ZipFile(book) as packed:
            assert not any("hyperlink" in name.lower() for name in packed.namelist())
            assert not any(b"<hyperlink" in packed.read(name) for name in packed.namelist())

    def test_the_same_bytes_every_time(self, book, tmp_path, tree, tables):
        again = write_plan_workbook(tmp_path / "再.xlsx", tree=tree, **tables)
        assert again.read_bytes() == book.read_bytes()
        with pytest.raises(MktError, match=r"以 \.xlsx 结尾"):
            write_plan_workbook(tmp_path / "计划.xls", tree=tree, quotas=tables["quotas"])
        with pytest.raises(MktError, match="不在任务表中"):
            write_plan_workbook(
                tmp_path / "x.xlsx",
                tree=tree,
                quotas=tables["quotas"],
                months=tables["months"].replace({"region": {"a": "zz"}}),
            )


class TestControlSheet:
    """Empty until a manager fills in what a month brought; then it reckons itself."""

    def test_tasks_are_the_month_sheets_sums(self, control, tables):
        cells = control["控制"]
        totals = tables["months"].groupby("period")["value"].sum() / 1e4
        assert [cells[f"B{row}"][1] for row in range(2, 14)] == pytest.approx(totals.tolist())
        below = tables["months"]["region"].nunique() + 2
        assert cells["B2"][0] == f"月度!C{below}" and control["月度"][f"C{below}"][1] == pytest.approx(
            totals.iloc[0]
        )
        assert cells["E13"][1] == pytest.approx(totals.sum())

    def test_nothing_is_claimed_before_a_figure_is_in(self, control):
        cells = control["控制"]
        assert cells["C2"] == (None, None)
        for row in range(2, 14):
            for column in "DFGH":
                formula, value = cells[f"{column}{row}"]
                assert formula.startswith(f'IF(C{row}="",""') and value is None
        assert all(
            re.fullmatch(r"[A-Z0-9$:,()+\-/=\"月度!]+", formula) for formula, _ in cells.values() if formula
        )

    def test_the_signal_is_the_gap_over_the_mean_absolute_gap(self, control):
        text = control["控制"]["H4"][0]
        for part in ("SUMPRODUCT(ABS(C$2:C4-B$2:B4))/3", "(F4-E4)"):
            assert part in text


class TestDocx:
    def document(self, tables):
        from mktanalysis.charts import planning as charts

        lines = pd.DataFrame({"side": ["strength"], "text": [EVIL]})
        figure = charts.plot_swot(lines, title="SWOT", source="试算")
        inputs = PlanInputs(
            name="<b>江苏</b>",
            year=2025,
            quotas=tables["quotas"],
            budget=tables["budget"],
            risks=("a\x0b & <w:p/>",),
            pictures={"二、SWOT 分析": [("四象限", figure)]},
            sources=("公司台账",),
        )
        return plan_document(inputs)

    def test_opens_can_be_changed_and_saved(self, tmp_path, tree, tables):
        import docx

        path = write_plan_docx(tmp_path / "计划书.docx", self.document(tables), tree=tree)
        word = docx.Document(str(path))
        heads = [p.text for p in word.paragraphs if p.style.name == "Heading 1"]
        assert heads[0] == "摘要" and heads[1] == "一、市场现状" and heads[-1] == "数据来源"
        assert word.paragraphs[0].text == "<b>江苏</b> 2025 年区域市场开发计划书"
        assert len(word.tables) == 2 and len(word.inline_shapes) == 1
        texts = [[cell.text for cell in row.cells] for row in word.tables[1].rows]
        assert len(texts) == 1 + len(tables["quotas"])  # real tables, a row each
        word.tables[0].rows[1].cells[0].text = "改过的费用项"
        word.save(str(tmp_path / "改.docx"))
        again = docx.Document(str(tmp_path / "改.docx"))
        assert again.tables[0].rows[1].cells[0].text == "改过的费用项"

    @pytest.mark.parametrize("figures", [2, 9, 40])
    def test_reasons_stay_readable_beside_many_figures(self, tmp_path, tree, figures):
        """Widths fill the page; a region stands by its name; without words all share alike."""
        import docx

        table = pd.DataFrame({"region": ["a", "b"], "reason": ["与已有单元相邻，" * 8, "近"]})
        table = table.assign(**{f"figure_{at}": [12345.0, 6.0] for at in range(figures)})
        inputs = PlanInputs(name="江苏", year=2025, people=table)
        path = write_plan_docx(tmp_path / "a.docx", plan_document(inputs), tree=tree)
        (grid,) = docx.Document(str(path)).tables
        assert "a" not in [cell.text for cell in grid.columns[0].cells]
        widths = [column.width.cm for column in grid.columns]
        assert sum(widths) == pytest.approx(15.5, abs=0.1) and len(widths) == figures + 2
        assert widths[1] == max(widths) and widths[1] > 1.5 * widths[2]
        bare = PlanInputs(name="江苏", year=2025, people=table.drop(columns="reason"))
        path = write_plan_docx(tmp_path / "b.docx", plan_document(bare), tree=tree)
        assert min(column.width.cm for column in docx.Document(str(path)).tables[0].columns) > 0.2

    def test_injected_text_is_text(self, tmp_path, tree, tables):
        path = write_plan_docx(tmp_path / "a.docx", self.document(tables), tree=tree)
        with zipfile.ZipFile(path) as packed:
            body = packed.read("word/document.xml").decode()
            rels = packed.read("word/_rels/document.xml.rels").decode()
        assert "&lt;w:p/&gt;" in body and "\x0b" not in body
        assert "fldSimple" not in body and "instrText" not in body and "http://x" not in rels

    def test_the_same_bytes_every_time(self, tmp_path, tree, tables):
        first = write_plan_docx(tmp_path / "a.docx", self.document(tables), tree=tree)
        second = write_plan_docx(tmp_path / "b.docx", self.document(tables), tree=tree)
        assert first.read_bytes() == second.read_bytes()
        assert io.BytesIO(first.read_bytes()).read(2) == b"PK"
        with pytest.raises(MktError, match=r"以 \.docx 结尾"):
            write_plan_docx(tmp_path / "a.doc", self.document(tables))
