"""Report pages as pdf, printed by a Chromium of the machine.

Always holds: the browser gets a page that asks for nothing and may reach nothing; without a browser the
error says so, and the pages themselves are complete.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from ...errors import MktError
from ...files import sync_folder
from .run import Run

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
#: Alone, silent, without network.
BROWSER_FLAGS = (
    *("--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--disable-quic", "--proxy-server=127.0.0.1:9", "--no-pdf-header-footer"),
)
_SECONDS = 120


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


def print_reports(rows: list[Run], out_dir) -> list[Path]:
    """Write ``report.pdf`` beside every good ``report.html``.

    Parameters
    ----------
    rows : list of Run
        As from a run.
    out_dir : path
    """
    browser = find_browser()
    made = []
    folders = [Path(out_dir).absolute() / row.report for row in rows if row.record is not None]
    # a browser started by the system's administrator refuses its own sandbox
    rooted = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    for folder in folders:
        with tempfile.TemporaryDirectory(prefix="mkt-") as profile:
            target = Path(profile) / "report.pdf"
            arguments = [*BROWSER_FLAGS, *rooted, f"--user-data-dir={profile}", f"--print-to-pdf={target}"]
            page = (folder / "report.html").as_uri()
            subprocess.run([browser, *arguments, page], capture_output=True, timeout=_SECONDS, check=False)
            if not target.exists():
                raise MktError(f"浏览器没有写出 {folder.name} 的 pdf")
            shutil.copyfile(target, folder / ".report.pdf.tmp")
            os.replace(folder / ".report.pdf.tmp", folder / "report.pdf")
            sync_folder(folder)
            made.append(folder / "report.pdf")
    return made
