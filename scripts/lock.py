"""Write requirements.lock from pyproject.toml: every package with its hashes, no address of any index.

Run it after a change of the dependencies:  python scripts/lock.py
Versions that are locked already stay as they are; ``--upgrade`` takes the newest.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("lab", "test", "docs", "scale", "dev")
HEADER = "# Written by `python scripts/lock.py` from pyproject.toml; do not edit.\n"


def main() -> None:
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += ["--no-header", "--no-emit-index-url", "--python-version", "3.11", "pyproject.toml"]
    for extra in EXTRAS:
        command += ["--extra", extra]
    lock = ROOT / "requirements.lock"
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / lock.name
        if "--upgrade" not in sys.argv[1:]:
            shutil.copy(lock, draft)  # the pins in it are kept where they still fit
        subprocess.run([*command, "--output-file", str(draft)], cwd=ROOT, check=True, capture_output=True)
        text = draft.read_text("utf-8")
    if re.search(r"://", text):
        sys.exit("the lock names an address; nothing was written")
    lock.write_text(HEADER + text.removeprefix(HEADER), "utf-8")


if __name__ == "__main__":
    main()
