"""A batch that is killed at any moment: nothing torn, nothing lost, nothing left running."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest

from mktanalysis.reports import Settings
from mktanalysis.reports.folder.store import Store
from mktanalysis.reports.run.batch import run_rows

KILLS = 30
SPEC = """
title = "测试"
[[part]]
[[part.chapter]]
notebook = "small"
[part.chapter.grid]
years = [{years}]
"""
BODY = """
import csv, os, time
with open(os.path.join({folder!r}, "pids"), "a") as file:
    file.write(str(os.getpid()) + "\\n")
from mktanalysis.reports import publish_figure
time.sleep(0.02)
publish_figure("n", years, label="数")
print("x" * 20000)
"""
RUN = """
import sys
from mktanalysis.reports import Settings
from mktanalysis.reports.run.batch import run_rows
run_rows(sys.argv[1], out_dir=sys.argv[2], jobs=2, settings=Settings(timeout=60))
"""


def whole(path):
    """Whether a published file is complete; a file replaced while it is read is read again by name."""
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        return True
    if path.suffix in (".json", ".ipynb"):
        json.loads(text)
        return True
    return text.rstrip().endswith("</html>") if path.suffix == ".html" else text.endswith("\n")


class Readers(threading.Thread):
    """Reads everything published, over and over."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder, self.torn, self.reads, self.running = folder, [], 0, True

    def run(self):
        while self.running:
            try:
                found = [*self.folder.glob("*.html"), *self.folder.glob("*/*.*")]
            except OSError:  # the working folder went while it was listed
                continue
            for path in found:
                if path.parent.name.startswith(".") or path.name.startswith("."):
                    continue
                try:
                    good = whole(path)
                except ValueError:
                    good = False
                self.reads += 1
                if not good:
                    self.torn.append(path.name)
            time.sleep(0.02)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def children_of(pid):
    listed = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    found, grown = {pid}, True
    while grown:
        more = {int(row[0]) for row in rows if int(row[1]) in found} - found
        found |= more
        grown = bool(more)
    return found


def wait_for_progress(pids, batch):
    """Until another report has started."""
    before, deadline = pids.stat().st_size, time.monotonic() + 30
    while pids.stat().st_size == before and batch.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)


@pytest.mark.slow
def test_thirty_kills(write_notebook, write_spec, tmp_path):
    (tmp_path / "pids").write_text("")
    write_notebook(BODY.replace("{folder!r}", repr(str(tmp_path))))
    spec = write_spec(SPEC.format(years=", ".join(str(year) for year in range(240))))
    out = tmp_path / "out"
    out.mkdir()
    readers = Readers(out)
    readers.start()
    chance = random.Random(0)
    kept, family = 0, set()
    for number in range(KILLS):
        batch = subprocess.Popen(
            [sys.executable, "-c", RUN, str(spec), str(out)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if number % 2:  # in the middle of reports, wherever they are
            wait_for_progress(tmp_path / "pids", batch)
        time.sleep(chance.uniform(0.05, 0.8))
        family |= children_of(batch.pid)
        batch.send_signal(chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]))
        batch.wait()
        store = Store(out)
        records = [store.record(path.parent.name) for path in out.glob("*/run.json")]
        assert all(record is not None for record in records)
        assert len(records) >= kept  # nothing that was there is lost
        kept = len(records)
    assert kept > 10
    rows = run_rows(spec, out_dir=out, jobs=2, settings=Settings(timeout=60))
    statuses = [row.status for row in rows]
    assert set(statuses) <= {"done", "kept"} and len(rows) == 240
    assert statuses.count("kept") == kept  # what was finished is not done again
    assert {row.status for row in run_rows(spec, out_dir=out, settings=Settings())} == {"kept"}
    readers.running = False
    readers.join()
    assert readers.torn == [] and readers.reads > 100
    family |= {int(line) for line in (tmp_path / "pids").read_text().split()}
    deadline = time.monotonic() + 5
    while any(alive(pid) for pid in family) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in family if alive(pid)]
    assert not (out / ".work").exists()
    assert not list(out.rglob("*.tmp"))


def test_ctrl_c_ends_all_and_is_recorded(write_notebook, write_spec, tmp_path):
    write_notebook(
        "import os, time\nif years: open(os.path.join("
        + repr(str(tmp_path))
        + ", 'started'), 'w'); time.sleep(99)"
    )
    spec, out = write_spec(SPEC.format(years="0, 1, 2, 3")), tmp_path / "out"
    command = [sys.executable, "-m", "mktanalysis", "report", "run", str(spec), "--out", str(out)]
    batch = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (
        (tmp_path / "started").exists() and list(out.glob("*/run.json"))
    ):
        time.sleep(0.05)
    batch.send_signal(signal.SIGINT)
    _, stderr = batch.communicate(timeout=60)
    assert batch.returncode == 130, stderr
    index = (out / "index.html").read_text("utf-8")
    assert index.count("被中断") >= 3 and "3 份没有完成" in index
    rows = (out / "runs.csv").read_text("utf-8-sig").splitlines()
    assert len(rows) == 5 and sum("interrupted" in row for row in rows) == 3
    assert os.listdir(out).count(".work") == 0
