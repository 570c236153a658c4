"""Reports on a dask.distributed cluster (extra ``scale``).

Always holds: a worker makes a report in a folder of its own and returns its files; only the process that
asked writes into the output folder, so a report whose worker was killed and that was made twice is
published once. A worker whose code or data differ from the asker's refuses.
"""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
import threading
import time
from functools import cache
from pathlib import Path

from ...errors import MktError
from ..names import is_extra_file
from ..plan.provenance import environment
from .runners import Ended, local_runner

#: Files that a process leaves and the asker needs.
_WANTED = ("report.html", "notebook.ipynb", "tables.xlsx", "result.json", "cell", "log", "tables/*.csv")
#: A report is given to another worker this often before it counts as died.
_RETRIES = 3
_REFUSED = 78
#: Seconds that an answer may take beyond the report's own time.
_GRACE = 30.0


class ClusterRunner:
    """Runs every report as a task of the scheduler at `address`."""

    kind = "dask"

    def __init__(self, address: str, *, connect_seconds: float = 20.0):
        try:
            from distributed import Client
        except ImportError:
            raise MktError("用调度器要先安装：pip install 'mktanalysis[scale]'") from None
        try:
            self._client = Client(address, timeout=connect_seconds, set_as_default=False)
        except (OSError, ValueError) as error:
            raise MktError(f"连不上调度器 {address}：{type(error).__name__}") from None
        self._lock = threading.Lock()
        self._closed = False
        #: Why no further report is given to this cluster.
        self._lost = ""
        try:
            self._client.wait_for_workers(1, timeout=connect_seconds)
            self.slots = max(1, sum(self._client.nthreads().values()))
        except (OSError, ValueError) as error:
            self.close()
            raise MktError(f"调度器 {address} 没有可用的工作节点：{type(error).__name__}") from None

    def run(self, folder: Path, *, timeout: float, memory_mb: int | None) -> Ended:
        """Have the report in `folder` made somewhere and put its files there.

        A report whose answer has not come a little after its time ends by name, whatever became of
        scheduler and workers; those that follow do not wait for a cluster that has gone.
        """
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        if self._lost or self._closed:
            return Ended(-9, stopped=self._closed, told=self._lost)
        job = (folder / "job.json").read_text("utf-8")
        try:
            task = self._client.submit(
                remote_report, job, timeout, memory_mb, environment_hash(), pure=False, retries=_RETRIES
            )
            ended, files = self._wait(task, timeout + min(_GRACE, timeout / 4))
        except KilledWorker:
            return Ended(-9, told="做这份报告的工作节点多次中断")
        except FutureCancelledError:
            return self._gone("调度器或全部工作节点已断开")
        except TimeoutError:
            return self._late(task)
        except (
            OSError,
            RuntimeError,
            AttributeError,
        ) as error:  # of a client without scheduler
            return self._gone(f"调度器已断开（{type(error).__name__}）")
        for name, data in files.items():
            if not is_wanted(name):
                return Ended(1, told="工作节点送回了不认识的文件")
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        return Ended(**ended)

    def _wait(self, task, seconds: float):
        """The result of a task; gives up at once when the runner is closed or the scheduler has gone."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return task.result(timeout=max(0.0, min(1.0, deadline - time.monotonic())))
            except TimeoutError:
                if self._closed or self._lost or time.monotonic() >= deadline:
                    raise

    def _late(self, task) -> Ended:
        """A task that has not answered in time: how it ended depends on whether the cluster is there."""
        with contextlib.suppress(Exception):
            task.cancel(force=True)
        if self._closed or self._lost:
            return Ended(-9, stopped=self._closed, told=self._lost)
        if self._client.status != "running":
            return self._gone("调度器已断开")
        try:
            workers = self._client.sync(self._client.scheduler.ncores, callback_timeout=5)
        except Exception as error:  # whatever a lost scheduler makes of it
            return self._gone(f"调度器没有回应（{type(error).__name__}）")
        return Ended(-9, timeout=True) if workers else self._gone("集群已没有工作节点")

    def _gone(self, why: str) -> Ended:
        """Nothing more is to be had from this cluster."""
        if not self._closed:
            self._lost = self._lost or why
        return Ended(-9, stopped=self._closed, told=self._lost)

    def close(self) -> None:
        """Give up what still runs and leave the cluster."""
        with self._lock:
            if not self._closed:
                self._closed = True
                with contextlib.suppress(Exception):  # of a scheduler that has gone
                    self._client.close(timeout=5)


def is_wanted(name: str) -> bool:
    """Whether a file that a worker sends is one that a report leaves.

    Examples
    --------
    >>> is_wanted("report.html"), is_wanted("tables/cities.csv"), is_wanted("../report.html")
    (True, True, False)
    """
    known = name in _WANTED or is_extra_file(name)
    return known or bool(re.fullmatch(r"tables/[a-z][a-z0-9_]*\.csv", name))


def environment_hash() -> tuple[str, str]:
    """Code and data that a worker must have too."""
    around = environment()
    return around["package"], around["data"]


@cache
def _local_runner():
    """The worker's own preloaded process, kept from report to report."""
    return local_runner("auto")


def remote_report(job: str, timeout: float, memory_mb: int | None, expected: tuple) -> tuple[dict, dict]:
    """On a worker: make one report; how its process ended, and its files as bytes."""
    if tuple(expected) != environment_hash():
        text = "工作节点上的 mktanalysis 或数据与发起方不同，请更新后重跑"
        return {"exit": _REFUSED, "told": text}, {"log": text.encode()}
    with tempfile.TemporaryDirectory(prefix="mkt-") as place:
        folder = Path(place) / json.loads(job)["name"]
        folder.mkdir()
        (folder / "job.json").write_text(job, "utf-8")
        ended = _local_runner().run(folder, timeout=timeout, memory_mb=memory_mb)
        found = [path for pattern in _WANTED for path in folder.glob(pattern)]
        found += [path for path in folder.iterdir() if is_extra_file(path.name)]
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
    facts = {"exit": ended.exit, "timeout": ended.timeout, "peak_mb": ended.peak_mb}
    return {**facts, "told": ended.told, "seal": ended.seal}, files
