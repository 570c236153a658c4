"""Reports on a dask.distributed cluster (extra ``scale``).

Always holds: a worker makes a report in a folder of its own and returns its files; only the process that
asked writes into the output folder, so a report whose worker was killed and that was made twice is
published once. A worker whose code or data differ from the asker's refuses.
"""

from __future__ import annotations

import json
import tempfile
import threading
from functools import cache
from pathlib import Path

from ...errors import MktError
from ..plan.provenance import environment
from .runners import Ended, local_runner

#: Files that a process leaves and the asker needs.
_WANTED = ("report.html", "notebook.ipynb", "tables.xlsx", "result.json", "cell", "log", "tables/*.csv")
#: A report is given to another worker this often before it counts as died.
_RETRIES = 3
_REFUSED = 78


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

    @property
    def slots(self) -> int:
        """Threads of all workers: as many reports as the cluster makes at the same time."""
        return max(1, sum(self._client.nthreads().values()))

    def run(self, folder: Path, *, timeout: float, memory_mb: int | None) -> Ended:
        """Have the report in `folder` made somewhere and put its files there."""
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        job = (folder / "job.json").read_text("utf-8")
        task = self._client.submit(
            remote_report, job, timeout, memory_mb, environment_hash(), pure=False, retries=_RETRIES
        )
        try:
            ended, files = task.result()
        except KilledWorker:
            (folder / "log").write_text("做这份报告的工作节点多次中断", "utf-8")
            return Ended(-9)
        except FutureCancelledError:
            return Ended(-9, stopped=self._closed)
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        return Ended(**ended)

    def close(self) -> None:
        """Give up what still runs and leave the cluster."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._client.close(timeout=5)


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
        return {"exit": _REFUSED}, {"log": text.encode()}
    with tempfile.TemporaryDirectory(prefix="mkt-") as place:
        folder = Path(place) / json.loads(job)["name"]
        folder.mkdir()
        (folder / "job.json").write_text(job, "utf-8")
        ended = _local_runner().run(folder, timeout=timeout, memory_mb=memory_mb)
        found = [path for pattern in _WANTED for path in folder.glob(pattern)]
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
    return {"exit": ended.exit, "timeout": ended.timeout, "peak_mb": ended.peak_mb}, files
