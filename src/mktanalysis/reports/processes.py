"""Ending processes together with everything that they have started.

Always holds: only processes below one of ours, or started with our mark in their environment, are ended;
on systems without a process list a process group is ended, which is what they offer.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

#: Name of an environment variable that tells which run a process belongs to.
MARK = "MKTANALYSIS_RUN_FOLDER"
_LINUX = sys.platform == "linux"
_SET_PDEATHSIG = 1
_SET_CHILD_SUBREAPER = 36


def die_with_parent(parent: int) -> None:
    """Ask Linux to end this process when `parent` ends; elsewhere the closing pipe does it."""
    if _LINUX:
        ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Have processes whose parent ended become children of this one, so that none is lost from sight."""
    if _LINUX:
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def limit_memory(megabytes: int | None) -> None:
    """Let this process take `megabytes` more than it holds now, where the system can count it."""
    if megabytes and _LINUX:
        import resource

        now = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        limit = now + megabytes * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (limit if hard < 0 else min(limit, hard), hard))


def children_of(pid: int) -> list[int]:
    """Processes whose parent is `pid`; none where the system does not tell."""
    found = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return found


def end_below(pid: int, *, spare: frozenset | set = frozenset()) -> None:
    """End every process below `pid`, but none of `spare` and what is below them.

    Each is stopped before its own children are looked for, so that it starts no more of them.
    """
    for child in children_of(pid):
        if child not in spare:
            send(child, signal.SIGSTOP)
            end_below(child)
            send(child, signal.SIGKILL)


def end_group(pid: int) -> None:
    """End a process that leads a group, all below it and all in the group."""
    send(pid, signal.SIGSTOP)
    end_below(pid)
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    send(pid, signal.SIGKILL)


def end_marked(value: str) -> None:
    """End every process that was started with `MARK` set to `value`."""
    wanted = f"{MARK}={value}".encode()
    for name in os.listdir("/proc") if _LINUX else ():
        if name.isdigit() and int(name) != os.getpid():
            with contextlib.suppress(OSError):
                if wanted in Path(f"/proc/{name}/environ").read_bytes().split(b"\0"):
                    send(int(name), signal.SIGKILL)


def end_process(process: subprocess.Popen, value: str) -> None:
    """End a process that leads a session, its descendants, and what else bears the mark `value`."""
    if process.poll() is None:
        end_group(process.pid)
    elif hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    end_marked(value)
    process.wait()


def send(pid: int, number: int) -> None:
    """Send a signal to a process that may have gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
