"""Two folders trade places in one step, where the system can.

Always holds: whoever looks sees the one folder or the other, never files of both.
"""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache
from pathlib import Path

_HERE = -100  # paths are from the current folder
_EXCHANGE = 2


@cache
def _call():
    """The system's call that exchanges two names; None without one."""
    name = {"linux": "renameat2", "darwin": "renamex_np"}.get(sys.platform)
    try:
        return getattr(ctypes.CDLL(None, use_errno=True), name) if name else None
    except (OSError, AttributeError, TypeError):
        return None


def exchange(one: Path, other: Path) -> None:
    """Let two folders trade names.

    In one step on Linux and macOS; elsewhere `other` is for a moment not there.

    Raises
    ------
    OSError
    """
    call = _call()
    paths = [os.fsencode(path) for path in (one, other)]
    if call is not None:
        linux = sys.platform == "linux"
        given = (_HERE, paths[0], _HERE, paths[1], _EXCHANGE) if linux else (*paths, _EXCHANGE)
        if call(*given) == 0:
            return
    aside = one.with_name(f"{one.name}-aside")
    os.rename(other, aside)
    try:
        os.rename(one, other)
    except OSError:
        os.rename(aside, other)
        raise
    os.rename(aside, one)
