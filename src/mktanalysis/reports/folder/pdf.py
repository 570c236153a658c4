"""Report pages as pdf, printed by a Chromium of the machine.

Always holds: the browser gets a page that asks for nothing and may reach nothing; without a browser the
error says so, and the pages themselves are complete; the same page gives the same bytes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ...errors import MktError
from ..processes import MARK, end_process
from .run import Run
from .store import Store

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
#: Alone, silent, without network.
BROWSER_FLAGS = (
    *("--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--disable-quic", "--proxy-server=127.0.0.1:9", "--no-pdf-header-footer"),
)
_SECONDS = 120
#: When a browser says that it printed: the same always, so that the bytes depend on the page.
_PRINTED = re.compile(rb"\(D:\d{14}")
_LOCAL_LINK = re.compile(r'<a href="(?!https?://|#)[^"]*">')


def find_browser() -> str:
    """Path of a Chromium-like browser.

    Raises
    ------
    MktError
    """
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise MktError("没有找到 Chromium 或 Chrome，不能生成 pdf；可在浏览器里打开报告后打印")
    return found


def print_plans(rows: list[Run], out_dir, *, jobs: int = 1) -> str:
    """Write ``report.pdf`` beside the reports that leave a Word file to sign, where there is a browser.

    Those that have a pdf of their present page already keep it. Returns what went wrong, "" if nothing did:
    a pdf that nobody asked for is no reason to fail.
    """
    try:
        find_browser()
    except MktError:
        return ""
    store = Store(out_dir)
    asked = [
        row
        for row in rows
        if row.record is not None
        and any(file.endswith(".docx") for file in row.record.get("outputs", {}))
        and not (row.status == "kept" and store.has_pdf(row.report))
    ]
    try:
        print_reports(asked, out_dir, jobs=jobs)
    except (MktError, OSError) as error:
        return f"计划书没有全部另存 pdf：{error}"
    return ""


def print_reports(rows: list[Run], out_dir, *, jobs: int = 1) -> list[Path]:
    """Write ``report.pdf`` beside every good ``report.html``, and a link to it into the page.

    Parameters
    ----------
    rows : list of Run
        As from a run.
    out_dir : path
    jobs : int
        Browsers that print at the same time.
    """
    from tqdm import tqdm

    browser = find_browser()
    store = Store(out_dir)
    names = [row.report for row in rows if row.record is not None]

    def printed(name: str) -> bytes:
        return _print(browser, (store.folder / name / "report.html").read_text("utf-8"), name)

    with ThreadPoolExecutor(max_workers=jobs) as threads:
        bar = tqdm(threads.map(printed, names), total=len(names), desc="pdf", unit="份", delay=1.0)
        return [store.add_pdf(name, data) for name, data in zip(names, bar, strict=True)]


def _print(browser: str, page: str, name: str) -> bytes:
    """The pdf of a page, without links to files beside it: they would name folders of this machine."""
    with tempfile.TemporaryDirectory(prefix="mkt-", ignore_cleanup_errors=True) as place:
        source = Path(place) / "report.html"
        target = Path(place) / "report.pdf"
        source.write_text(_LOCAL_LINK.sub("<a>", page), "utf-8")
        # a browser started by the system's administrator refuses its own sandbox
        rooted = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        arguments = [*BROWSER_FLAGS, *rooted, f"--user-data-dir={place}/profile", f"--print-to-pdf={target}"]
        process = subprocess.Popen(
            [browser, *arguments, source.as_uri()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, MARK: place},
            start_new_session=True,
        )
        try:
            process.wait(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            raise MktError(f"浏览器在 {_SECONDS} 秒内没有印完 {name}") from None
        finally:
            end_process(process, place)
        if not target.exists():
            raise MktError(f"浏览器没有写出 {name} 的 pdf")
        return _PRINTED.sub(b"(D:20000101000000", target.read_bytes())
