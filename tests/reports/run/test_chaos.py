"""Whatever happens to processes, disk and folder: a batch ends, with an index, nothing foreign touched.

Bounded and seeded: what is done to a run is drawn beforehand; readers look on all the time.
"""

import contextlib
import errno
import os
import random
import signal
import threading
import time

import pytest

from mktanalysis.errors import MktError
from mktanalysis.reports import Settings
from mktanalysis.reports.folder import mark
from mktanalysis.reports.folder.store import Store
from mktanalysis.reports.run.batch import run_rows

ROUNDS = 50
JOBS = 2
SECONDS = 90
SPEC = """
title = "乱"
[[part]]
[[part.chapter]]
notebook = "small"
[part.chapter.grid]
years = [{years}]
"""
BODY = """
import os, subprocess, time
with open(os.path.join({folder!r}, "pids"), "a") as file:
    file.write(f"{{os.getpid()}} {{os.getppid()}}\\n")
import pandas as pd
from mktanalysis.reports import publish_table, publish_figure
publish_table("cities", pd.DataFrame({{"城市": ["南京"], "值": [years]}}), title="城市")
publish_figure("n", years, label="数")
helper = subprocess.Popen(["sleep", "600"], start_new_session=True)
with open(os.path.join({folder!r}, "pids"), "a") as file:
    file.write(f"{{helper.pid}}\\n")
time.sleep(0.05)
"""
MINE = ("letter.docx", "notes/own.csv", ".notes.tmp")


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def plant(out):
    """Files of somebody else in an output folder."""
    for name in MINE:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("mine")


def damage(out, chance):
    """Something happens to one of the engine's own files between two runs."""
    files = sorted(path for path in out.rglob("*") if path.is_file() and not path.is_symlink())
    files = [path for path in files if str(path.relative_to(out)) not in MINE and path.name != ".lock"]
    if not files:
        return
    path = chance.choice(files)
    what = chance.randrange(5)
    if what == 0:
        path.unlink()
    elif what == 1:
        path.write_bytes(chance.randbytes(200))
    elif what == 2:
        data = path.read_bytes()
        path.write_bytes(data[: chance.randrange(len(data) + 1)])
    elif what == 3:
        path.write_text(chance.choice(["{}", "[]", "null", '{"files": 3}', "1", "[" * 9999]))
    elif path.name != ".mktanalysis":  # a folder without its mark is somebody else's
        path.unlink()
        path.mkdir()


class Readers(threading.Thread):
    """Reads everything in the folder, over and over."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder = folder
        self.reads = 0
        self.running = True

    def run(self):
        while self.running:
            with contextlib.suppress(OSError):  # what is listed may go before it is read
                for path in self.folder.rglob("*"):
                    with contextlib.suppress(OSError):
                        path.read_bytes()
                        self.reads += 1
            time.sleep(0.02)


def kill_some(pids, chance, stop):
    """End processes of the batch, at moments and of kinds drawn beforehand."""
    for _ in range(chance.randrange(1, 4)):
        pause = chance.uniform(0.0, 0.5)
        pick = chance.randrange(1000)
        if stop.wait(pause):
            return
        known = [int(word) for word in pids.read_text().split()]
        living = [pid for pid in known[-12:] if alive(pid)]
        if living:
            try:
                os.kill(living[pick % len(living)], signal.SIGKILL)
            except ProcessLookupError:
                continue


@pytest.mark.slow
def test_a_batch_always_ends(write_notebook, write_spec, tmp_path, monkeypatch):
    chance = random.Random(0)
    pids = tmp_path / "pids"
    pids.write_text("")
    write_notebook(BODY.format(folder=str(tmp_path)))
    out = tmp_path / "out"
    run_rows(write_spec(SPEC.format(years="0")), out_dir=out, settings=Settings(timeout=30))
    plant(out)
    readers = Readers(out)
    readers.start()
    real = Store.publish
    for number in range(ROUNDS):
        years = ", ".join(map(str, sorted(chance.sample(range(40), 3))))
        spec = write_spec(SPEC.format(years=years))
        full_at = chance.randrange(5) if number % 3 == 0 else None
        published = [0]

        def publish(self, name, staging, record, full_at=full_at, published=published):
            published[0] += 1
            if published[0] == full_at:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(self, name, staging, record)

        monkeypatch.setattr(Store, "publish", publish)
        stop = threading.Event()
        killer = threading.Thread(target=kill_some, args=(pids, random.Random(number), stop), daemon=True)
        found = []

        def run(spec=spec, found=found):
            found.append(run_rows(spec, out_dir=out, jobs=JOBS, settings=Settings(timeout=30)))

        batch = threading.Thread(target=run, daemon=True)
        batch.start()
        if number % 2:
            killer.start()
        batch.join(timeout=SECONDS)
        stop.set()
        assert found, f"round {number} hangs or stopped with an error"
        rows = found[0]
        assert len(rows) == years.count(",") + 1
        assert {row.status for row in rows} <= {"done", "kept", "died", "disk_full", "failed"}
        assert all(row.message for row in rows if not row.ok)
        index = (out / "index.html").read_text("utf-8")
        assert index.rstrip().endswith("</html>") and all(row.report in index for row in rows if row.record)
        assert len((out / "runs.csv").read_text("utf-8-sig").splitlines()) == len(rows) + 1
        assert all((out / name).read_text() == "mine" for name in MINE)
        before = (out / mark.MARK).read_bytes()
        damage(out, chance)
        if mark.read_mark(out) is None:  # a damaged mark makes the folder somebody else's
            with pytest.raises(MktError, match="已有别的文件"):
                run_rows(spec, out_dir=out, settings=Settings(timeout=30))
            (out / mark.MARK).write_bytes(before)
    monkeypatch.undo()
    readers.running = False
    readers.join()
    assert readers.reads > 100
    rows = run_rows(spec, out_dir=out, jobs=JOBS, settings=Settings(timeout=30))
    assert {row.status for row in rows} <= {"done", "kept"}
    family = {int(word) for word in pids.read_text().split()} - {os.getpid()}
    deadline = time.monotonic() + 10
    while any(map(alive, family)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in family if alive(pid)]
    assert not (out / ".work").exists() and not (out / ".next").exists()
