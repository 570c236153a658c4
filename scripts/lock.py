"""Write requirements.lock from pyproject.toml: every package with its hashes, no address of any index.

Run it after a change of the dependencies:  python scripts/lock.py
What is pinned stays pinned as long as it fits; `python scripts/lock.py --upgrade` takes the newest of all.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("test", "scale", "dev")
HEADER = "# Written by `python scripts/lock.py` from pyproject.toml; do not edit.\n"


def main() -> None:
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += ["--no-header", "--no-emit-index-url", "--python-version", "3.11", "pyproject.toml"]
    for extra in EXTRAS:
        command += ["--extra", extra]
    lock = ROOT / "requirements.lock"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / lock.name  # the compiler keeps the pins that it finds in its output file
        if lock.exists() and "--upgrade" not in sys.argv:
            copy.write_bytes(lock.read_bytes())
        subprocess.run([*command, "--output-file", str(copy)], cwd=ROOT, check=True, env=os.environ)
        text = copy.read_text("utf-8")
    if re.search(r"://", text):
        sys.exit("the lock names an address; nothing was written")
    lock.write_text(HEADER + text, "utf-8")


if __name__ == "__main__":
    main()
