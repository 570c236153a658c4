"""Write docs/api.md: every public name with its first sentence, grouped as the front door and its rooms are.

Run it after a public name came, went or changed its first sentence:  python scripts/make_api.py
"""

import inspect
import re
from pathlib import Path

import mktanalysis as mkt

TARGET = Path(__file__).resolve().parent.parent / "docs" / "api.md"
HEAD = """# Public names

Written by `python scripts/make_api.py`; do not edit. The front door is what is used every day; the rest is
reached through its room, such as `mkt.china.score_cities`. A name that is not listed here may change without notice.
"""


def first_sentence(value) -> str:
    """The first sentence of a docstring on one line; of a constant, its kind."""
    if not (inspect.isclass(value) or inspect.isroutine(value)):
        return f"A constant ({type(value).__name__})."
    text = inspect.getdoc(value) or ""
    paragraph = " ".join(text.split("\n\n")[0].split())
    found = re.match(r".*?[.。](?=\s|$)", paragraph)
    return (found.group() if found else paragraph).replace("|", "\\|")


def table(names, room) -> list[str]:
    """Markdown rows: name, what it is."""
    rows = ["| name | what it does |", "|---|---|"]
    return rows + [f"| `{name}` | {first_sentence(getattr(room, name))} |" for name in names]


def page() -> str:
    """The whole page."""
    front = [name for name in mkt.__all__ if name != "__version__"]
    lines = [HEAD, "## Front door: `import mktanalysis as mkt`", "", *table(front, mkt)]
    for name in mkt._ROOMS:
        room = getattr(mkt, name)
        names = [public for public in getattr(room, "__all__", ()) if public not in front]
        if names:
            about = (inspect.getdoc(room) or "").split("\n\n")[0].replace("\n", " ")
            lines += ["", f"## `mkt.{name}`", "", about, "", *table(names, room)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TARGET.write_text(page(), "utf-8")
