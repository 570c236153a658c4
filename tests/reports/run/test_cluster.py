"""A real scheduler and two workers on loopback; one worker is killed in the middle."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from mktanalysis.errors import MktError
from mktanalysis.reports import Settings
from mktanalysis.reports.run.batch import run_rows

distributed = pytest.importorskip("distributed")

BODY = """
import os, time
from mktanalysis.reports import publish_figure
with open(os.path.join({folder!r}, "pids"), "a") as file:
    file.write(str(os.getppid()) + "\\n")
time.sleep(0.4)
publish_figure("n", years * 2, label="数")
assert years != 5
"""
SPEC = """
title = "集群"
[[part]]
[[part.chapter]]
notebook = "small"
[part.chapter.grid]
years = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
"""


def start(*arguments, folder):
    log = open(folder / "dask.log", "ab")  # noqa: SIM115 - closed when the process ends
    with log:
        return subprocess.Popen([sys.executable, "-m", *arguments], stdout=log, stderr=log, cwd=folder)


@pytest.fixture
def cluster(tmp_path):
    scheduler = start(
        *("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
        *("--scheduler-file", str(tmp_path / "scheduler.json")),
        folder=tmp_path,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "scheduler.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    address = json.loads((tmp_path / "scheduler.json").read_text())["address"]
    options = (
        "--no-nanny",
        "--nthreads",
        "1",
        "--no-dashboard",
        "--host",
        "127.0.0.1",
        "--death-timeout",
        "60",
    )
    workers = [start("distributed.cli.dask_worker", address, *options, folder=tmp_path) for _ in range(2)]
    yield address, workers
    for process in [*workers, scheduler]:
        process.kill()
        process.wait()


def test_a_worker_killed_in_the_middle_loses_nothing(cluster, write_notebook, write_spec, tmp_path):
    address, workers = cluster
    with distributed.Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    (tmp_path / "pids").write_text("")
    write_notebook(BODY.replace("{folder!r}", repr(str(tmp_path))))
    spec, out = write_spec(SPEC), tmp_path / "out"

    import threading

    def kill_one_later():
        while (tmp_path / "pids").read_text().count("\n") < 3:
            time.sleep(0.05)
        os.kill(workers[0].pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_one_later, daemon=True)
    killer.start()
    rows = run_rows(spec, out_dir=out, settings=Settings(timeout=60, runner=address))
    killer.join(timeout=5)
    assert workers[0].poll() is not None or workers[0].wait(timeout=5)
    status = {row.parameters["years"]: row.status for row in rows}
    assert status == {year: "failed" if year == 5 else "done" for year in range(12)}
    for row in rows:
        if row.status == "done":
            assert row.record["figures"][0]["value"] == row.parameters["years"] * 2
            assert row.record["runner"] == "dask"
    assert len(list(out.glob("*/run.json"))) == 11
    again = run_rows(spec, out_dir=out, settings=Settings(timeout=60))
    assert sorted(row.status for row in again) == ["failed"] + ["kept"] * 11


def test_a_large_panel_goes_the_same_way(cluster):
    from mktanalysis.forecasting import PerSeries

    values = np.random.default_rng(0).normal(100, 5, (300, 24))
    with distributed.Client(cluster[0], set_as_default=False) as client:
        spread = PerSeries(lambda y, horizon: np.repeat(y[-1], horizon), executor=client.get_executor())
        found = spread(values, 3)[0]
    np.testing.assert_array_equal(found, np.repeat(values[:, -1:], 3, axis=1))


def test_no_scheduler_there(write_notebook, write_spec, tmp_path, monkeypatch):
    from mktanalysis.reports.run import cluster

    with pytest.raises(MktError, match="连不上调度器"):
        cluster.ClusterRunner("tcp://127.0.0.1:9", connect_seconds=1)


def test_a_worker_with_other_code_refuses(tmp_path):
    from mktanalysis.reports.run.cluster import remote_report

    ended, files = remote_report('{"name": "x"}', 1, None, ("other", "data"))
    assert ended["exit"] != 0 and "不同" in files["log"].decode()


def test_a_lost_scheduler_ends_every_report_by_name(cluster, write_notebook, write_spec, tmp_path):
    address = cluster[0]
    with distributed.Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        scheduler = client.run_on_scheduler(os.getpid)
    (tmp_path / "pids").write_text("")
    write_notebook(BODY.replace("{folder!r}", repr(str(tmp_path))))
    spec = write_spec(SPEC)

    def kill_later():
        while (tmp_path / "pids").read_text().count("\n") < 2:
            time.sleep(0.05)
        os.kill(scheduler, signal.SIGKILL)

    import threading

    threading.Thread(target=kill_later, daemon=True).start()
    rows = run_rows(spec, out_dir=tmp_path / "out", settings=Settings(timeout=20, runner=address))
    assert len(rows) == 12 and {row.status for row in rows} <= {"done", "failed", "died"}
    lost = [row for row in rows if row.status == "died"]
    assert lost and all("调度器" in row.message for row in lost)
    assert (tmp_path / "out" / "index.html").exists()


def test_lost_workers_end_every_report_by_name(cluster, write_notebook, write_spec, tmp_path):
    address, workers = cluster
    with distributed.Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    (tmp_path / "pids").write_text("")
    write_notebook(BODY.replace("{folder!r}", repr(str(tmp_path))))
    spec = write_spec(SPEC)

    def kill_later():
        while (tmp_path / "pids").read_text().count("\n") < 2:
            time.sleep(0.05)
        for worker in workers:
            worker.kill()

    import threading

    threading.Thread(target=kill_later, daemon=True).start()
    rows = run_rows(spec, out_dir=tmp_path / "out", settings=Settings(timeout=8, runner=address))
    lost = [row for row in rows if row.status == "died"]
    assert len(rows) == 12 and lost and all("工作节点" in row.message for row in lost)


def test_a_scheduler_without_workers_is_refused(cluster):
    from mktanalysis.reports.run.cluster import ClusterRunner

    address, workers = cluster
    with distributed.Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        for worker in workers:
            worker.kill()
            worker.wait()
        while client.nthreads():
            time.sleep(0.05)
    with pytest.raises(MktError, match="没有可用的工作节点"):
        ClusterRunner(address, connect_seconds=2)
