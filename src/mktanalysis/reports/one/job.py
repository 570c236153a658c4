"""What a report is asked to be and how it can end. Light: importing this loads no table or notebook library.

Always holds: a status is recorded by the engine; only ``done`` and ``kept`` are successes.
"""

from __future__ import annotations

import errno
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ...files import write_atomic

#: Statuses of a report; ``kept`` is an earlier success that still holds.
STATUSES = {
    "failed": "出错",
    "out_of_memory": "内存不足",
    "timeout": "超时",
    "died": "进程中断",
    "disk_full": "磁盘写满",
    "interrupted": "被中断",
    "not_run": "未运行",
    "done": "完成",
    "kept": "沿用",
}
SUCCESSES = ("done", "kept")
#: Not asked for in this run (``--retry-failed``): neither a success nor a failure.
NOT_RUN = "not_run"
#: Error numbers that mean: no room left.
DISK_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
#: Exit code of a process that could not even write its result.
EXIT_DISK_FULL = 74
#: Exit code for a report that the system would give no process.
EXIT_NO_PROCESS = 71
#: Every report starts with its random generators here, so that a forgotten seed changes nothing.
SEED = 0
#: Environment of every report: figures inline, one thread, fixed hashes. Set before Python starts.
ENVIRONMENT = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
}


def seed_generators() -> None:
    """Start the global generators of this process at `SEED`."""
    import random

    import numpy as np

    random.seed(SEED)
    np.random.seed(SEED)  # noqa: NPY002 - the old generator is what a forgotten seed uses


@dataclass(frozen=True)
class Job:
    """What one process needs to know; all of it JSON.

    ``cwd`` is where the notebook runs, ``beside`` where it lies: its helper modules are imported from both.
    ``before`` and ``after`` are folder name and label of the reports that the page leads on to.
    """

    name: str
    title: str
    notebook_name: str
    notebook: str
    parameters: dict
    cwd: str
    facts: dict
    beside: str = ""
    before: tuple[str, str] | list | None = None
    after: tuple[str, str] | list | None = None

    def save(self, folder: Path) -> None:
        """Write ``job.json`` into the folder that the report will be made in."""
        folder.mkdir(parents=True)
        write_atomic(folder / "job.json", json.dumps(asdict(self)), durable=False)

    @staticmethod
    def load(folder: Path) -> Job:
        """Read what `save` wrote."""
        return Job(**json.loads((folder / "job.json").read_text("utf-8")))
