"""What may stand where in a specification, and the list of everything that is wrong in one.

Always holds: a problem is told with file, line and key; a key of the wrong shape is left out, so that what
reads the section need not ask again.
"""

from __future__ import annotations

from ...settings import line_of
from .parameters import unknown_name

#: Sections of a specification: key -> what stands there.
TOP = {"title": "text", "files": "table", "include": "texts", "parameters": "table", "part": "tables"}
PART = {"title": "text", "parameters": "table", "chapter": "tables", "map": "text"}
CHAPTER = {
    **{"notebook": "text", "title": "text", "parameters": "table", "grid": "table"},
    **{"rows": "table", "exclude": "tables"},
}
_WORDS = {
    "text": "应为文字",
    "texts": "应为文字的列表",
    "table": "应为一个表",
    "tables": "应为若干个表，写成双方括号",
}
_KINDS = {dict: "一个表（单方括号）", list: "列表", str: "文字", bool: "真假", int: "整数", float: "小数"}


class Problems:
    """Collects problems of one file with line and key."""

    def __init__(self, file: str, text: str):
        self.file = file
        self.text = text
        self.found = []

    def add(self, path: tuple, message: str) -> None:
        """Tell a problem of the key at `path`."""
        shown = ".".join(f"[{part + 1}]" if isinstance(part, int) else part for part in path)
        where = f"{self.file} 第 {line_of(self.text, path)} 行 {shown.replace('.[', '[')}"
        self.found.append(f"{where}：{message}")

    def sound(self, section: dict, shapes: dict, path: tuple) -> dict:
        """The keys of a section that are known and of the right shape; the others are problems."""
        kept = {}
        for key, value in section.items():
            if key not in shapes:
                self.add((*path, key), unknown_name(key, sorted(shapes)).replace("参数", "键"))
            elif not _fits(value, shapes[key]):
                given = _KINDS.get(type(value), type(value).__name__)
                self.add((*path, key), f"{_WORDS[shapes[key]]}，给的是{given}")
            else:
                kept[key] = value
        return kept


def _fits(value, shape: str) -> bool:
    if shape in ("texts", "tables"):
        one = str if shape == "texts" else dict
        return isinstance(value, list) and all(isinstance(item, one) for item in value)
    return isinstance(value, str if shape == "text" else dict)
