"""The preloaded process: imports what reports need, then forks one child for each report.

Always holds: this process runs no report itself, so every child starts from the same clean state; it
lives only as long as its parent keeps the request pipe open, and takes all children with it; what a
report has started ends with the report.

Requests and replies are JSON lines. Request: ``{"id", "folder", "timeout", "memory", "seal"}``.
Reply: ``{"id", "exit", "timeout", "peak_mb"}``.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import selectors
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from ..one.execute import make_shell
from ..one.job import EXIT_NO_PROCESS
from ..one.make import make_report
from ..one.start import start_kernel
from ..processes import adopt_orphans, die_with_parent, end_below, end_group, limit_memory
from .shared import VERBS, fill_caches

#: What a notebook that says ``import mktanalysis`` is likely to need. Loading changes nothing but time.
WITH_MKTANALYSIS = (
    *("pandas", "scipy.sparse", "matplotlib.pyplot", "matplotlib_inline.backend_inline", "sklearn.cluster"),
    *("highspy", "xlsxwriter", "docx"),
    *("mktanalysis.regions", "mktanalysis.datasets", "mktanalysis.io", "mktanalysis.tiering"),
    *("mktanalysis.forecasting", "mktanalysis.expansion", "mktanalysis.charts", "mktanalysis.maps"),
    "mktanalysis.style",
)


#: How long a report waits for a process that the system refuses to give.
_FORK_SECONDS = 5.0
#: Only these are loaded for all reports: their import changes nothing that a report could notice. A module of
#: the analyst's own may set options when it is imported, which is that report's business alone.
HARMLESS = {
    *(
        "numpy",
        "pandas",
        "scipy",
        "matplotlib",
        "matplotlib_inline",
        "mpl_toolkits",
        "sklearn",
        "statsmodels",
    ),
    *(
        "jenkspy",
        "highspy",
        "frykit",
        "shapely",
        "pyproj",
        "xlsxwriter",
        "docx",
        "python_calamine",
        "pandera",
    ),
    *("pydantic", "mistune", "joblib", "threadpoolctl", "networkx", "PIL", "mktanalysis"),
}


def preload(names: Iterable[str]) -> None:
    """Import what is harmless and there; what fails to import fails in the report that asks for it."""
    for name in names:
        if name.partition(".")[0] not in HARMLESS or name in sys.modules:
            continue
        try:
            importlib.import_module(name)
        except Exception as error:
            print(f"preload {name}: {error}", file=sys.stderr)


def main(names: list[str], verbs: list[str]) -> None:
    """Preload the modules `names`, compute what `verbs` return, then serve requests until input ends."""
    requests = os.dup(0)
    replies = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    shell = make_shell()
    preload(["mistune", "mktanalysis.reports.one.page", "mktanalysis.reports.one.workbook"])
    preload([*names, *(WITH_MKTANALYSIS if "mktanalysis" in names else ())])
    if "mktanalysis" in names:
        try:
            fill_caches(verbs)
        except Exception as error:  # the report that needs it will say what is wrong
            print(f"fill_caches: {error}", file=sys.stderr)
    Server(requests, replies, shell).serve()


class Server:
    """The loop: requests in, children out."""

    def __init__(self, requests: int, replies: int, shell):
        self.requests = requests
        self.replies = replies
        self.shell = shell
        self.children = {}
        self.unforked = []
        self.buffer = b""
        self.open = True
        self.wake_read, self.wake_write = os.pipe()
        for end in (self.wake_read, self.wake_write):
            os.set_blocking(end, False)
        adopt_orphans()
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.wake_write, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Until the request pipe closes; then end every child at once."""
        selector = selectors.DefaultSelector()
        selector.register(self.requests, selectors.EVENT_READ)
        selector.register(self.wake_read, selectors.EVENT_READ)
        self._reply({"ready": os.getpid()})
        try:
            while self.open:
                waiting = self.children or self.unforked
                for key, _ in selector.select(timeout=0.2 if waiting else None):
                    if key.fd == self.requests:
                        self._read()
                    else:
                        os.read(self.wake_read, 4096)
                self._reap()
                self._end_late()
                self._fork_again()
        finally:
            for pid in list(self.children):
                end_group(pid)
            end_below(os.getpid())

    def _read(self) -> None:
        data = os.read(self.requests, 1 << 16)
        self.open = bool(data)
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            self._fork({**json.loads(line), "since": time.monotonic()})

    def _fork(self, request: dict) -> None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError:  # no process or no memory to be had just now
            self.unforked.append(request)
            return
        if pid == 0:
            signal.set_wakeup_fd(-1)
            for end in (self.requests, self.replies, self.wake_read, self.wake_write):
                os.close(end)
            _be_child(request, parent, self.shell)
        deadline = time.monotonic() + request["timeout"]
        self.children[pid] = {**request, "deadline": deadline, "timeout": False}

    def _fork_again(self) -> None:
        """Try again what the system refused, for a while."""
        again = self.unforked
        self.unforked = []
        for request in again:
            if time.monotonic() - request["since"] < _FORK_SECONDS:
                self._fork(request)
            else:
                ended = {"exit": EXIT_NO_PROCESS, "timeout": False, "peak_mb": None}
                self._reply({"id": request["id"], **ended})

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = self.children.pop(pid, None)
            if child is None:
                continue  # something that a report had left behind
            end_below(os.getpid(), spare=set(self.children))  # what it left came to this process
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            learned = Path(child["folder"], "modules")
            with contextlib.suppress(OSError, ValueError):
                preload(learned.read_text("utf-8").split())  # the next ones find loaded what it had to import
            ended = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            per_mb = 1024 if sys.platform == "linux" else 1 << 20
            peak = round(usage.ru_maxrss / per_mb)
            self._reply({"id": child["id"], "exit": ended, "timeout": child["timeout"], "peak_mb": peak})

    def _end_late(self) -> None:
        now = time.monotonic()
        for pid, child in self.children.items():
            if now > child["deadline"] and not child["timeout"]:
                child["timeout"] = True
                end_group(pid)

    def _reply(self, message: dict) -> None:
        left = json.dumps(message).encode() + b"\n"
        while left:
            left = left[os.write(self.replies, left) :]


def _be_child(request: dict, parent: int, shell) -> None:
    """The forked process: one report, then gone, whatever happens."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()
        die_with_parent(parent)
        adopt_orphans()
        folder = Path(request["folder"])
        log = os.open(folder / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        limit_memory(request["memory"])
        start_kernel()
        loaded = set(sys.modules)
        make_report(folder, shell=shell, seal=request["seal"])
        code = 0
        (folder / "modules").write_text("\n".join(sorted(set(sys.modules) - loaded)), "utf-8")
    except BaseException:
        import traceback

        os.write(2, traceback.format_exc().encode())
    finally:
        with contextlib.suppress(BaseException):
            end_below(os.getpid())
        os._exit(code)


if __name__ == "__main__":
    _between = sys.argv.index(VERBS)
    main(sys.argv[1:_between], sys.argv[_between + 1 :])
