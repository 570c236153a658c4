"""One report by plain papermill in a fresh process: ``python -m mktanalysis.reports.run.worker FOLDER``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..one.make import make_report
from .fork_server import die_with_parent, limit_memory


def main(folder: str, memory: str, parent: str) -> None:
    """Make the report in `folder`; the kernel inherits the memory limit."""
    die_with_parent(int(parent))
    limit_memory(int(memory) or None)
    make_report(Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:4])
    sys.stdout.flush()
    os._exit(0)
