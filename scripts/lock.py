"""Write requirements.lock from pyproject.toml: every package with its hashes, no address of any index.

Run it after a change of the dependencies:  python scripts/lock.py
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("test", "scale", "dev")
HEADER = "# Written by `python scripts/lock.py` from pyproject.toml; do not edit.\n"


def main() -> None:
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += ["--no-header", "--no-emit-index-url", "--python-version", "3.11", "pyproject.toml"]
    for extra in EXTRAS:
        command += ["--extra", extra]
    result = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, env=os.environ)
    if re.search(r"://", result.stdout):
        sys.exit("the lock names an address; nothing was written")
    (ROOT / "requirements.lock").write_text(HEADER + result.stdout, "utf-8")


if __name__ == "__main__":
    main()
