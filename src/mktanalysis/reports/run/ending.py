"""How a report ended, from how its process ended and what it left.

Always holds: a success needs a process that ended well and a result that bears the seal only that process
was given; of what a lost process left anything may be broken, and nothing of it is believed.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from ...errors import MktError
from ..folder.mark import read_plain
from ..folder.record import has_sound_contents
from ..names import scrub
from ..one.job import EXIT_DISK_FULL, EXIT_NO_PROCESS, STATUSES, Job
from ..plan.notebook import read
from ..plan.parameters import parameters_cell
from .runners import Ended

#: A result is never longer.
MAX_RESULT = 20_000_000


def in_words(error: Exception) -> str:
    """An error of ours or of the system by its message, any other with its class."""
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return scrub(words if isinstance(error, (MktError, OSError)) else f"{type(error).__name__}: {words}")


def judge(staging: Path, ended: Ended) -> tuple[str, dict | None, dict | None]:
    """Status, error and result of a report, from how its process ended and what it left."""
    if ended.stopped:
        return "interrupted", error_of("运行被 Ctrl-C 中断", staging), None
    if ended.timeout:
        return "timeout", error_of("超过规定的时间", staging), None
    if ended.exit == EXIT_DISK_FULL:
        return "disk_full", error_of("磁盘写满或超过文件大小限制", staging), None
    result = _read_result(staging, ended.seal)
    if ended.exit != 0 or result is None:
        return "died", error_of(ended.told or _how(ended.exit), staging), None
    if result["status"] == "done" and not (staging / "report.html").exists():
        return "died", error_of("没有留下报告页", staging), None
    return result["status"], result["error"], result


def _read_result(staging: Path, seal: str) -> dict | None:
    """What the report's process says of itself; None unless it bears the seal that only it was given."""
    try:
        result = json.loads(read_plain(staging / "result.json", MAX_RESULT))
        sealed = seal and result["seal"] == seal
        sound = has_sound_contents(result) and result["status"] in STATUSES
        sound = sound and isinstance(result["seconds"], (int, float))
        sound = sound and (result["error"] is None) == (result["status"] == "done")
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return result if sealed and sound else None


def _how(code: int) -> str:
    if code == EXIT_NO_PROCESS:
        return "系统不给新的进程（进程数或内存到了上限）"
    if code == -9:
        return "进程被系统终止（信号 9），常见原因是整机内存不足"
    return f"进程因信号 {-code} 终止" if code < 0 else f"进程中途退出（退出码 {code}），没有写完报告"


def error_of(message: str, staging: Path) -> dict:
    """An error that the process could not tell itself: the cell it was in, the last lines of its log."""
    cell = None
    source = ""
    lines = []
    with contextlib.suppress(Exception):  # of what a lost process left anything may be broken
        cell = int((staging / "cell").read_text())
        notebook = read(Job.load(staging).notebook)
        at = cell - (cell > parameters_cell(notebook))  # the injected cell stands after the parameters
        source = "".join(notebook["cells"][at]["source"])
    with contextlib.suppress(OSError):
        lines = _tail(staging / "log")
    return {
        "cell": cell,
        "source": scrub(source)[:2000],
        "message": message,
        "lines": [scrub(line)[:300] for line in lines],
    }


def _tail(path: Path) -> list[str]:
    """The last lines of a log, however long it is."""
    with open(path, "rb") as stream:
        stream.seek(max(0, path.stat().st_size - 20_000))
        return stream.read().decode("utf-8", "replace").splitlines()[-12:]
