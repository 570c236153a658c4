"""Printing a page: what the browser gets and leaves, with a browser that does as the test wants."""

import os
import time

import pytest

from mktanalysis.errors import MktError
from mktanalysis.reports import Settings
from mktanalysis.reports.folder import pdf
from mktanalysis.reports.run.batch import run_rows

SPEC = 'title = "t"\n[[part]]\n[[part.chapter]]\nnotebook = "small"\n'
FAST = Settings(timeout=60)
#: Prints the page that it was given, as text.
PRINTS = """#!/bin/sh
for word; do
  case "$word" in
    --print-to-pdf=*) target="${word#--print-to-pdf=}" ;;
    file://*) page="${word#file://}" ;;
  esac
done
cat "$page" > "$target"
"""
HANGS = """#!/bin/sh
setsid sleep 600 &
echo $! > {folder}/child
sleep 600
"""


def browser(monkeypatch, tmp_path, script):
    path = tmp_path / "chromium"
    path.write_text(script)
    path.chmod(0o755)
    monkeypatch.setattr(pdf.shutil, "which", lambda _: str(path))


def test_no_link_of_a_pdf_leads_to_a_folder_of_this_machine(
    warm, write_notebook, write_spec, tmp_path, monkeypatch
):
    write_notebook("1", heading="# 题\n[外](https://example.org/x) [内](#a)")
    out = tmp_path / "out"
    rows = run_rows(write_spec(SPEC), out_dir=out, settings=FAST)
    browser(monkeypatch, tmp_path, PRINTS)
    (made,) = pdf.print_reports(rows, out, jobs=2)
    printed = made.read_text("utf-8")
    assert 'href="../index.html"' in (made.parent / "report.html").read_text("utf-8")
    assert 'href="../' not in printed and 'href="tables' not in printed and 'href="run.json"' not in printed
    assert 'href="https://example.org/x"' in printed
    assert {row.status for row in run_rows(write_spec(SPEC), out_dir=out, settings=FAST)} == {"kept"}
    write_notebook("2")
    run_rows(write_spec(SPEC), out_dir=out, settings=FAST)
    assert not made.exists()  # of an older report


def test_a_browser_that_hangs_is_ended_with_what_it_started(
    warm, write_notebook, write_spec, tmp_path, monkeypatch
):
    write_notebook("1")
    out = tmp_path / "out"
    rows = run_rows(write_spec(SPEC), out_dir=out, settings=FAST)
    browser(monkeypatch, tmp_path, HANGS.format(folder=tmp_path))
    monkeypatch.setattr(pdf, "_SECONDS", 2)
    with pytest.raises(MktError, match="没有印完"):
        pdf.print_reports(rows, out)
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 5
    while os.path.exists(f"/proc/{child}") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not os.path.exists(f"/proc/{child}")


#: Leaves a Word file, as a plan does.
SIGNED = """from mktanalysis import reports
reports.publish_file("plan.docx", lambda path: path.write_bytes(b"PK"), title="书")"""
#: As PRINTS, with the day on which it was printed before the page.
DATED = PRINTS.replace("cat", "(printf '(D:20261127113856'; cat").replace('" >', '") >')


def test_a_report_to_be_signed_gets_its_pdf_and_a_link_unasked(
    warm, write_notebook, write_spec, tmp_path, monkeypatch
):
    write_notebook(SIGNED)
    out = tmp_path / "out"
    rows = run_rows(write_spec(SPEC), out_dir=out, settings=FAST)
    browser(monkeypatch, tmp_path, DATED)
    assert pdf.print_plans(rows, out) == ""
    (made,) = out.glob("*/report.pdf")
    assert made.read_bytes().startswith(b"(D:20000101000000")  # the same bytes on every day
    page = (made.parent / "report.html").read_text("utf-8")
    assert page.count('<a href="report.pdf">') == 1
    kept = run_rows(write_spec(SPEC), out_dir=out, settings=FAST)
    assert [row.status for row in kept] == ["kept"]
    browser(monkeypatch, tmp_path, "#!/bin/sh\nexit 1\n")
    assert pdf.print_plans(kept, out) == ""  # it has one: nothing is printed again
    made.unlink()
    assert "没有全部另存 pdf" in pdf.print_plans(kept, out)
    monkeypatch.setattr(pdf.shutil, "which", lambda _: None)
    assert pdf.print_plans(kept, out) == ""  # without a browser there is none, and no complaint


def test_a_report_without_a_word_file_is_not_printed_unasked(
    warm, write_notebook, write_spec, tmp_path, monkeypatch
):
    write_notebook("1")
    out = tmp_path / "out"
    rows = run_rows(write_spec(SPEC), out_dir=out, settings=FAST)
    browser(monkeypatch, tmp_path, PRINTS)
    assert pdf.print_plans(rows, out) == "" and not list(out.glob("*/report.pdf"))
