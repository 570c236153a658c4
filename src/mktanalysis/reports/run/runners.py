"""Where reports are made: forked from a preloaded process, or each in a fresh kernel by papermill.

Always holds: a runner is asked for one report at a time by each of its threads and answers with how the
process ended; it starts processes only below itself and ends all of them when it is closed.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from ..one.job import ENVIRONMENT
from ..plan.inputs import imported_modules
from ..plan.notebook import read
from ..processes import MARK, end_group, end_marked, end_process
from .shared import VERBS, shared_verbs


@dataclass(frozen=True)
class Ended:
    """How a report's process ended: exit code (negative: signal), timeout or stop by us, peak memory.

    ``told`` says what the exit code does not; ``seal`` is what a result of this process bears.
    """

    exit: int
    timeout: bool = False
    stopped: bool = False
    peak_mb: int | None = None
    told: str = ""
    seal: str = ""


#: A preloaded process that died is replaced this often for one report, and this often where none gets ready.
_TRIES = 3
_DEATHS = 5
#: What a report gets beyond its own time before the process that watches it is taken for stuck.
_GRACE = 60.0
_LOST = "预备进程多次中断（常见原因是整机内存不足或进程数达到上限），没有再试"


def can_fork() -> bool:
    """Whether this system forks safely (Linux; macOS frameworks do not survive a fork)."""
    return hasattr(os, "fork") and sys.platform.startswith(("linux", "freebsd"))


def local_runner(kind: str, notebooks: Iterable[str] = ()):
    """A runner on this machine: ``auto``, ``fork`` or ``papermill``.

    `notebooks` are the texts of what is going to run: what they import is loaded beforehand, what they all
    compute alike is computed beforehand.
    """
    if kind == "papermill" or (kind == "auto" and not can_fork()):
        return PapermillRunner()
    texts = list(notebooks)
    modules = sorted({name for text in texts for name in imported_modules(read(text))})
    return ForkRunner(modules, shared_verbs(texts))


class _Template:
    """A running preloaded process and who waits for its answers; once dead it stays dead."""

    def __init__(self, arguments: Sequence[str]):
        self.alive = True
        self.lock = threading.Lock()
        self.waiting = {}
        self.ready = False
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "mktanalysis.reports.run.fork_server", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **ENVIRONMENT},
            start_new_session=True,
        )
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def ask(self, number: int, request: dict) -> Future:
        """Send a request; the future's result is the reply, or None if the process ends before it."""
        future = Future()
        with self.lock:
            if not self.alive:
                future.set_result(None)
                return future
            self.waiting[number] = future
            try:
                self.process.stdin.write(json.dumps({"id": number, **request}).encode() + b"\n")
                self.process.stdin.flush()
            except (OSError, ValueError):  # a broken or closed pipe: the listener sees the end too
                self._die()
        return future

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError), self.process.stdout:
            for line in self.process.stdout:
                reply = json.loads(line)
                with self.lock:
                    self.ready = True
                    future = self.waiting.pop(reply.get("id"), None)
                if future is not None:
                    future.set_result(reply)
        self.end()

    def _die(self) -> None:
        """With the lock held: nobody is left waiting, and nobody will be."""
        self.alive = False
        waiting = list(self.waiting.values())
        self.waiting.clear()
        for future in waiting:
            future.set_result(None)

    def end(self, *, patience: float = 0.0) -> None:
        """End the process and what is below it; it may end by itself within `patience` seconds."""
        with self.lock:
            self._die()
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=patience)
        if self.process.poll() is None:
            end_group(self.process.pid)
        self.process.wait()


class ForkRunner:
    """Reports forked from one preloaded process."""

    kind = "fork"

    def __init__(self, preload: Sequence[str] = (), verbs: Sequence[str] = ()):
        self._lock = threading.Lock()
        self._arguments = [*preload, VERBS, *verbs]
        self.slots = None
        self._template = None
        self._next = 0
        self._deaths = 0
        self._closed = False
        self._lost: set[str] = set()

    def run(self, folder: Path, *, timeout: float, memory_mb: int | None) -> Ended:
        """Make the report in `folder` and wait for its process to end."""
        for _ in range(_TRIES):
            template = self._living()
            if template is None:
                break
            seal = secrets.token_hex(16)
            request = {"folder": str(folder), "timeout": timeout, "memory": memory_mb, "seal": seal}
            future = template.ask(self._number(), request)
            try:
                reply = future.result(timeout=timeout + _GRACE)
            except TimeoutError:  # of a process that watches no more
                template.end()
                return Ended(-signal.SIGKILL, timeout=True)
            if reply is not None:
                stopped = self._closed and not reply["timeout"] and reply["exit"] < 0
                return Ended(reply["exit"], reply["timeout"], stopped, reply["peak_mb"], seal=seal)
            self._lost.add(str(folder))
            end_marked(str(folder))  # what the lost process's reports started has no parent of ours any more
            if self._closed:
                break
            empty(folder)
        return Ended(-signal.SIGKILL, stopped=self._closed, told="" if self._closed else _LOST)

    def _number(self) -> int:
        with self._lock:
            self._next += 1
            return self._next

    def _living(self) -> _Template | None:
        """The preloaded process, started anew where it died; None when closed or when it dies every time."""
        with self._lock:
            template = self._template
            if self._closed or self._deaths >= _DEATHS:
                return None
            if template is not None and template.alive:
                return template
            if template is not None:
                self._deaths = 0 if template.ready else self._deaths + 1
            try:
                self._template = _Template(self._arguments)
            except OSError:
                self._deaths += 1
                return None
            return self._template

    def close(self) -> None:
        """End every report that still runs, then the preloaded process."""
        with self._lock:
            self._closed = True
            template = self._template
        if template is not None:
            template.end(patience=5.0)
            template.listener.join(timeout=5.0)
        for folder in self._lost:  # again: a process that was just being started bore no mark yet
            end_marked(folder)


def empty(folder: Path) -> None:
    """Take away what a lost process left in a report's folder, all but its job."""
    for path in folder.iterdir():
        if path.name != "job.json":
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


class PapermillRunner:
    """Every report by papermill, in a process and a kernel of its own."""

    kind = "papermill"

    def __init__(self):
        self._lock = threading.Lock()
        self._running = {}
        self._closed = False
        self.slots = None

    def run(self, folder: Path, *, timeout: float, memory_mb: int | None) -> Ended:
        """Make the report in `folder` and wait for its process to end."""
        seal = secrets.token_hex(16)
        command = [sys.executable, "-P", "-m", "mktanalysis.reports.run.worker"]
        command += [str(folder), str(memory_mb or 0), str(os.getpid())]
        with self._lock:
            if self._closed:
                return Ended(-9, stopped=True)
            with open(folder / "log", "ab") as log:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, **ENVIRONMENT, MARK: str(folder)},
                    start_new_session=True,
                )
            self._running[process] = str(folder)
        with contextlib.suppress(OSError), process.stdin:
            process.stdin.write(f"{seal}\n".encode())
        late = False
        try:
            process.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            late = True
        end_process(process, str(folder))
        with self._lock:
            del self._running[process]
        return Ended(process.returncode, late, self._closed and process.returncode < 0, seal=seal)

    def close(self) -> None:
        """End every report that still runs."""
        with self._lock:
            self._closed = True
            running = dict(self._running)
        for process, folder in running.items():
            end_process(process, folder)
