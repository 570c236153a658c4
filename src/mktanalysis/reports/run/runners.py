"""Where reports are made: forked from a preloaded process, or each in a fresh kernel by papermill.

Always holds: a runner is asked for one report at a time by each of its threads and answers with how the
process ended; it starts processes only below itself and ends all of them when it is closed.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from ..one.job import ENVIRONMENT


@dataclass(frozen=True)
class Ended:
    """How a report's process ended: exit code (negative: signal), timeout or stop by us, peak memory."""

    exit: int
    timeout: bool = False
    stopped: bool = False
    peak_mb: int | None = None


def can_fork() -> bool:
    """Whether this system forks safely (Linux; macOS frameworks do not survive a fork)."""
    return hasattr(os, "fork") and sys.platform.startswith(("linux", "freebsd"))


def local_runner(kind: str, notebooks: Iterable[str] = ()):
    """A runner on this machine: ``auto``, ``fork`` or ``papermill``.

    `notebooks` are the texts of what is going to run: what they import is loaded beforehand.
    """
    if kind == "papermill" or (kind == "auto" and not can_fork()):
        return PapermillRunner()
    return ForkRunner(sorted({name for text in notebooks for name in imported_modules(text)}))


def imported_modules(text: str) -> set[str]:
    """Modules that the cells of a notebook import, wherever the import stands.

    Examples
    --------
    >>> cells = [{"cell_type": "code", "source": "import pandas as pd\\nfrom a.b import c"}]
    >>> sorted(imported_modules(json.dumps({"cells": cells})))
    ['a.b', 'a.b.c', 'pandas']
    """
    found = set()
    for cell in json.loads(text)["cells"]:
        if cell["cell_type"] != "code":
            continue
        with contextlib.suppress(SyntaxError):  # magics; the cell itself says so when it runs
            for node in ast.walk(ast.parse("".join(cell["source"]))):
                if isinstance(node, ast.Import):
                    found |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


class ForkRunner:
    """Reports forked from one preloaded process (`template`)."""

    kind = "fork"

    def __init__(self, preload: Sequence[str] = ()):
        self._lock = threading.Lock()
        self._preload = list(preload)
        self.slots = None
        self._template = None
        self._waiting = {}
        self._next = 0
        self._closed = False
        self._listener = None

    def run(self, folder: Path, *, timeout: float, memory_mb: int | None) -> Ended:
        """Make the report in `folder` and wait for its process to end."""
        future = Future()
        with self._lock:
            if self._closed:
                return Ended(-signal.SIGKILL, stopped=True)
            if self._template is None or self._template.poll() is not None:
                self._start()
            self._next += 1
            number = self._next
            self._waiting[number] = (self._template, future)
            self._send({"id": number, "folder": str(folder), "timeout": timeout, "memory": memory_mb})
        return future.result()

    def close(self) -> None:
        """End every report that still runs, then the preloaded process."""
        with self._lock:
            self._closed, template = True, self._template
            if template is not None:
                template.stdin.close()
        if template is not None:
            try:
                template.wait(timeout=10)
            except subprocess.TimeoutExpired:
                template.kill()
                template.wait()
            self._listener.join()

    def _start(self) -> None:
        self._template = subprocess.Popen(
            [sys.executable, "-P", "-m", "mktanalysis.reports.run.fork_server", *self._preload],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **ENVIRONMENT},
            start_new_session=True,
        )
        self._listener = threading.Thread(target=self._listen, args=(self._template,), daemon=True)
        self._listener.start()

    def _send(self, message: dict) -> None:
        try:
            self._template.stdin.write(json.dumps(message).encode() + b"\n")
            self._template.stdin.flush()
        except OSError:
            pass  # it died: `_listen` answers for it

    def _listen(self, template) -> None:
        with template.stdout:
            for line in template.stdout:
                reply = json.loads(line)
                if "id" in reply:
                    self._answer(reply)
        with self._lock:
            lost = [n for n, (whose, _) in self._waiting.items() if whose is template]
            futures = [self._waiting.pop(number)[1] for number in lost]
        for future in futures:
            future.set_result(Ended(-signal.SIGKILL, stopped=self._closed))

    def _answer(self, reply: dict) -> None:
        with self._lock:
            _, future = self._waiting.pop(reply["id"])
        stopped = self._closed and not reply["timeout"] and reply["exit"] < 0
        future.set_result(Ended(reply["exit"], reply["timeout"], stopped, reply["peak_mb"]))


class PapermillRunner:
    """Every report by papermill, in a process and a kernel of its own."""

    kind = "papermill"

    def __init__(self):
        self._lock = threading.Lock()
        self._running = set()
        self._closed = False
        self.slots = None

    def run(self, folder: Path, *, timeout: float, memory_mb: int | None) -> Ended:
        """Make the report in `folder` and wait for its process to end."""
        with self._lock:
            if self._closed:
                return Ended(-9, stopped=True)
            with open(folder / "log", "ab") as log:
                process = subprocess.Popen(
                    [
                        sys.executable,
                        "-P",
                        "-m",
                        "mktanalysis.reports.run.worker",
                        str(folder),
                        str(memory_mb or 0),
                        str(os.getpid()),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, **ENVIRONMENT},
                    start_new_session=True,
                )
            self._running.add(process)
        late = False
        try:
            process.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            late = True
        _end(process)
        with self._lock:
            self._running.discard(process)
        return Ended(process.returncode, late, self._closed and process.returncode < 0)

    def close(self) -> None:
        """End every report that still runs."""
        with self._lock:
            self._closed, running = True, list(self._running)
        for process in running:
            _end(process)


def _end(process: subprocess.Popen) -> None:
    """End a worker and the kernel below it; its process group outlives it only by mistake."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()
