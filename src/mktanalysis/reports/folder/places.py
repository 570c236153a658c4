"""Which place a report is about: its province, macro-region, and how its name is typed.

Always holds: a report that is about no single province has none; nothing here is needed for a report to be
listed.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cache

from ..one.page import asset
from .run import Run


@dataclass(frozen=True)
class Place:
    """Code, short name and macro-region of a report's province, empty without one; what a filter finds."""

    code: str = ""
    name: str = ""
    area: str = ""
    find: str = ""


def place_of(row: Run) -> Place:
    """The province that the parameters of a report name, if it is one."""
    codes = [value for value in row.parameters.values() if isinstance(value, str) and _is_province(value)]
    if len(codes) != 1:
        return Place(find=_typed(row))
    code = codes[0]
    name, area = _provinces().get(code, ("", ""))
    return Place(code, name, area, " ".join(filter(None, (_typed(row), area))))


def _is_province(value: str) -> bool:
    return len(value) == 6 and value.isdigit() and value.endswith("0000") and value in _provinces()


@cache
def _provinces() -> dict[str, tuple[str, str]]:
    """Province code -> short name and macro-region of the usual scheme."""
    from ...datasets import load_regions

    tree = load_regions()
    areas = tree.parents("macro_region", tree.level("province"))
    names = tree.table.set_index("region")["short_name"]
    return {code: (names[code], tree.names([area]).iloc[0]) for code, area in areas.items()}


@cache
def _pinyin() -> dict[str, tuple[str, str]]:
    """Region code -> letters and initials of its short name."""
    rows = csv.DictReader(io.StringIO(asset("pinyin.csv"), newline=""))
    return {row["region"]: (row["letters"], row["initials"]) for row in rows}


def _typed(row: Run) -> str:
    """Pinyin of the regions among the parameters."""
    codes = [value for value in row.parameters.values() if isinstance(value, str)]
    return " ".join(text for code in codes for text in _pinyin().get(code, ()))
