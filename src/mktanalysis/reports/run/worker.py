"""One report by plain papermill in a fresh process: ``python -m mktanalysis.reports.run.worker FOLDER``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..one.make import make_report
from ..processes import adopt_orphans, die_with_parent, end_below, limit_memory


def main(folder: str, memory: str, parent: str) -> None:
    """Make the report in `folder`; the kernel inherits the memory limit."""
    die_with_parent(int(parent))
    adopt_orphans()
    seal = sys.stdin.readline().strip()
    limit_memory(int(memory) or None)
    try:
        make_report(Path(folder), seal=seal)
    finally:
        end_below(os.getpid())


if __name__ == "__main__":
    main(*sys.argv[1:4])
    sys.stdout.flush()
    os._exit(0)
