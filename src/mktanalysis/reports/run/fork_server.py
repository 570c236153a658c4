"""The preloaded process: imports what reports need, then forks one child for each report.

Always holds: this process runs no report itself, so every child starts from the same clean state; it
lives only as long as its parent keeps the request pipe open, and takes all children with it.

Requests and replies are JSON lines. Request: ``{"id", "folder", "timeout", "memory"}`` or
``{"kill": id}``. Reply: ``{"id", "exit", "signal", "timeout", "peak_mb"}``.
"""

from __future__ import annotations

import ctypes
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
from ..one.job import seed_generators
from ..one.make import make_report

#: What a notebook that says ``import mktanalysis`` is likely to need. Loading changes nothing but time.
WITH_MKTANALYSIS = (
    *("pandas", "scipy.sparse", "matplotlib.pyplot", "matplotlib_inline.backend_inline", "sklearn.cluster"),
    *("highspy", "xlsxwriter"),
    *("mktanalysis.regions", "mktanalysis.datasets", "mktanalysis.io", "mktanalysis.tiering"),
    *("mktanalysis.forecasting", "mktanalysis.expansion", "mktanalysis.charts", "mktanalysis.maps"),
    "mktanalysis.style",
)


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
    *("jenkspy", "highspy", "frykit", "shapely", "pyproj", "xlsxwriter", "python_calamine", "pandera"),
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


def fill_caches() -> None:
    """Have the package read what nearly every report reads: tables, tree, boundaries, font.

    These are caches of files that do not change; settings of matplotlib are put back, no figure stays.
    """
    import matplotlib
    import pandas as pd

    import mktanalysis as mkt
    from mktanalysis import maps, style

    mkt.load_regions()
    for table in ("city_indicators", "county_indicators", "edges_prefecture", "points"):
        mkt.load_table(table)
    with matplotlib.rc_context():
        style.use_style()
        wanted = (
            ("province", "320000", None),
            ("prefecture", "320100", None),
            ("prefecture", "320100", "320000"),
        )
        for level, code, within in wanted:
            maps.plot_map(pd.Series({code: 1.0}), level=level, within=within).canvas.draw()
    plt = sys.modules.get("matplotlib.pyplot")
    if plt is not None:
        plt.close("all")


def main(names: list[str]) -> None:
    """Preload `names`, then serve requests from standard input until it closes."""
    requests = os.dup(0)
    replies = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    shell = make_shell()
    preload(["mistune", "mktanalysis.reports.one.page", "mktanalysis.reports.one.workbook"])
    preload([*names, *(WITH_MKTANALYSIS if "mktanalysis" in names else ())])
    if "mktanalysis" in names:
        try:
            fill_caches()
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
        self.buffer = b""
        self.open = True
        self.wake_read, self.wake_write = os.pipe()
        for end in (self.wake_read, self.wake_write):
            os.set_blocking(end, False)
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
                for key, _ in selector.select(timeout=0.2 if self.children else None):
                    if key.fd == self.requests:
                        self._read()
                    else:
                        os.read(self.wake_read, 4096)
                self._reap()
                self._end_late()
        finally:
            for pid in list(self.children):
                _kill_group(pid)

    def _read(self) -> None:
        data = os.read(self.requests, 1 << 16)
        self.open = bool(data)
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            request = json.loads(line)
            if "kill" in request:
                for pid, child in self.children.items():
                    if child["id"] == request["kill"]:
                        _kill_group(pid)
            else:
                self._fork(request)

    def _fork(self, request: dict) -> None:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            for end in (self.requests, self.replies, self.wake_read, self.wake_write):
                os.close(end)
            _be_child(request, parent, self.shell)
        deadline = time.monotonic() + request["timeout"]
        self.children[pid] = {**request, "deadline": deadline, "timeout": False}

    def _reap(self) -> None:
        while self.children:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                return
            child = self.children.pop(pid)
            learned = Path(child["folder"], "modules")
            if learned.exists():  # what this report had to import, the next ones find loaded
                preload(learned.read_text("utf-8").split())
            _kill_group(pid, leader=False)  # whatever the report itself had started
            ended = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            per_mb = 1024 if sys.platform == "linux" else 1 << 20
            self._reply(
                {
                    "id": child["id"],
                    "exit": ended,
                    "timeout": child["timeout"],
                    "peak_mb": round(usage.ru_maxrss / per_mb),
                }
            )

    def _end_late(self) -> None:
        now = time.monotonic()
        for pid, child in self.children.items():
            if now > child["deadline"] and not child["timeout"]:
                child["timeout"] = True
                _kill_group(pid)

    def _reply(self, message: dict) -> None:
        os.write(self.replies, json.dumps(message).encode() + b"\n")


def _kill_group(pid: int, *, leader: bool = True) -> None:
    """Kill the process group; a child too young to lead one is killed alone."""
    for end in (os.killpg, os.kill) if leader else (os.killpg,):
        try:
            end(pid, signal.SIGKILL)
            return
        except (ProcessLookupError, PermissionError):
            continue


def die_with_parent(parent: int) -> None:
    """Ask Linux to end this process when `parent` ends; elsewhere the closing pipe does it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def limit_memory(megabytes: int | None) -> None:
    """Let this process take `megabytes` more than it holds now, where the system can count it."""
    if megabytes and sys.platform == "linux":
        import resource

        now = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        limit = now + megabytes * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (limit if hard < 0 else min(limit, hard), hard))


def _be_child(request: dict, parent: int, shell) -> None:
    """The forked process: one report, then gone, whatever happens."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()
        die_with_parent(parent)
        folder = Path(request["folder"])
        log = os.open(folder / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        limit_memory(request["memory"])
        seed_generators()
        loaded = set(sys.modules)
        make_report(folder, shell=shell)
        code = 0
        (folder / "modules").write_text("\n".join(sorted(set(sys.modules) - loaded)), "utf-8")
    except BaseException:
        import traceback

        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
