"""Processes that are lost in the middle of a batch: it ends, every report with a named ending."""

import contextlib
import json
import os
import signal
import threading
import time

import pytest

from mktanalysis.reports import Settings, run_report
from mktanalysis.reports.run import fork_server, runners
from mktanalysis.reports.run.batch import run_rows

SPEC = """
title = "中断"
[[part]]
[[part.chapter]]
notebook = "small"
[part.chapter.grid]
years = [0, 1, 2, 3, 4, 5]
"""
KILL = """
import os, pathlib, signal
flag = pathlib.Path({folder!r}, f"killed-{{years}}")
if years in {years} and ({always} or not flag.exists()):
    flag.write_text("")
    os.kill(os.getppid(), signal.SIGKILL)
    import time; time.sleep(30)
"""
FAST = Settings(timeout=60, jobs=2)


def within(seconds, call):
    """The result of `call`; fails if it does not end in time, which is a hang."""
    found = []
    thread = threading.Thread(target=lambda: found.append(call()), daemon=True)
    thread.start()
    thread.join(timeout=seconds)
    assert found, "hangs"
    return found[0]


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_lost_preloaded_process_costs_no_report(write_notebook, write_spec, tmp_path):
    write_notebook(KILL.format(folder=str(tmp_path), years="(1, 3)", always=False))
    rows = within(
        120,
        lambda: run_rows(write_spec(SPEC), out_dir=tmp_path / "out", jobs=2, settings=Settings(timeout=60)),
    )
    assert [row.status for row in rows] == ["done"] * 6


def test_a_report_that_always_kills_it_ends_by_name(write_notebook, write_spec, tmp_path):
    write_notebook(KILL.format(folder=str(tmp_path), years="(2,)", always=True))
    rows = within(
        120, lambda: run_rows(write_spec(SPEC), out_dir=tmp_path / "out", settings=Settings(timeout=60))
    )
    ends = {row.parameters["years"]: (row.status, row.message) for row in rows}
    assert ends[2][0] == "died" and "预备进程多次中断" in ends[2][1]
    assert {end[0] for years, end in ends.items() if years != 2} == {"done"}
    assert (tmp_path / "out" / "index.html").exists()


def test_a_process_that_cannot_start_ends_every_report(write_notebook, write_spec, tmp_path, monkeypatch):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    write_notebook("1")
    spec = write_spec(SPEC)
    monkeypatch.setattr(runners.sys, "executable", str(broken))
    rows = within(60, lambda: run_rows(spec, out_dir=tmp_path / "out", settings=Settings(timeout=60)))
    assert [row.status for row in rows] == ["died"] * 6
    assert all("预备进程" in row.message for row in rows)


def test_killed_at_random_moments_it_ends(write_notebook, write_spec, tmp_path):
    write_notebook(
        "import os, time\nopen(os.path.join("
        + repr(str(tmp_path))
        + ", 'pids'), 'a').write(f'{os.getppid()}\\n')"
        "\ntime.sleep(0.3)"
    )
    pids = tmp_path / "pids"
    pids.write_text("")
    ended = threading.Event()

    def kill():
        for _ in range(4):
            before = pids.stat().st_size
            while pids.stat().st_size == before and not ended.is_set():
                time.sleep(0.01)
            if not ended.is_set():
                runners_pid = int(pids.read_text().split()[-1])
                with contextlib.suppress(ProcessLookupError):
                    os.kill(runners_pid, signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    rows = within(
        120,
        lambda: run_rows(write_spec(SPEC), out_dir=tmp_path / "out", jobs=2, settings=Settings(timeout=60)),
    )
    ended.set()
    killer.join(timeout=5)
    assert {row.status for row in rows} <= {"done", "died"} and len(rows) == 6
    assert not any(alive(int(pid)) for pid in pids.read_text().split())


def test_a_refused_fork_is_tried_again_and_then_named(tmp_path, monkeypatch):
    replies_read, replies_write = os.pipe()
    monkeypatch.setattr(fork_server.signal, "signal", lambda *_: None)
    monkeypatch.setattr(fork_server.signal, "set_wakeup_fd", lambda *_, **__: None)
    monkeypatch.setattr(fork_server, "adopt_orphans", lambda: None)
    server = fork_server.Server(os.open(os.devnull, os.O_RDONLY), replies_write, None)

    def refuse():
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(fork_server.os, "fork", refuse)
    request = {"id": 7, "folder": str(tmp_path), "timeout": 1, "memory": None, "seal": "x"}
    server._fork({**request, "since": time.monotonic()})
    server._fork_again()
    assert len(server.unforked) == 1
    server.unforked[0]["since"] -= 100
    server._fork_again()
    reply = json.loads(os.read(replies_read, 1000))
    assert reply["id"] == 7 and reply["exit"] == 71 and server.unforked == []


@pytest.mark.parametrize("kind", ["fork", "papermill"])
@pytest.mark.parametrize("end", ["", "os._exit(3)", "raise ValueError"])
def test_what_a_report_has_started_ends_with_it(kind, end, write_notebook, tmp_path):
    """Also a process in a session of its own whose parent has gone."""
    body = """
import os, subprocess, sys
daemon = "import os, sys, time\\nif os.fork(): os._exit(0)\\nos.setsid()"
daemon += "\\nopen(sys.argv[1], 'w').write(str(os.getpid()))"
daemon += "\\nos.rename(sys.argv[1], sys.argv[1] + '.ready')\\ntime.sleep(600)"
subprocess.run([sys.executable, "-c", daemon, {path!r}], start_new_session=True)
import time
while not os.path.exists({path!r} + ".ready"): time.sleep(0.01)
"""
    path = str(tmp_path / "daemon")
    notebook = write_notebook(body.format(path=path), end or "1")
    run_report(notebook, {}, out_dir=tmp_path / "out", settings=Settings(timeout=60, runner=kind))
    pid = int((tmp_path / "daemon.ready").read_text())
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(pid)


@pytest.mark.parametrize("kind", ["fork", "papermill"])
def test_a_forged_result_is_no_success(kind, write_notebook, tmp_path):
    forged = {"status": "done", "seconds": 1.0, "error": None, "tables": [], "figures": [], "seal": ""}
    body = (
        "import json, os, pathlib, signal\n"
        "folder = pathlib.Path(os.environ['MKTANALYSIS_RUN_FOLDER'])\n"
        f"(folder / 'result.json').write_text({json.dumps(forged)!r})\n"
        "(folder / 'report.html').write_text('forged')\n"
        "(folder / 'notebook.ipynb').write_text('{}')\n"
        + ("os._exit(0)" if kind == "fork" else "os.kill(os.getppid(), signal.SIGTERM)")
    )
    result = run_report(
        write_notebook(body), {}, out_dir=tmp_path / "out", settings=Settings(timeout=60, runner=kind)
    )
    assert result.status == "died" and not (result.folder / "report.html").exists()
