"""Settings that a person wrote: one strict base for records, and the line of a file where a setting stands.

Always holds: what a record does not know is refused, no value is converted on the way in, and every
problem is told at once, in the analyst's words.
"""

from __future__ import annotations

import bisect
import re
from functools import lru_cache

from pydantic import BaseModel, ConfigDict, ValidationError

from .errors import MktError

#: Kind of a pydantic error -> what to tell the analyst, with the figures of its context.
_WORDS = {
    "missing": "缺少这一项",
    "extra_forbidden": "没有这一项，请检查拼写",
    "too_short": "至少要有 {min_length} 项",
    "tuple_type": "应为元组，如 ('410100',)；只有一个也要写成元组",
    "tuple_length": "项数不对",
    "list_type": "应为列表",
    "dict_type": "应为字典",
    "literal_error": "应为 {expected} 之一",
    "greater_than_equal": "不能小于 {ge:g}",
    "greater_than": "应大于 {gt:g}",
    "less_than_equal": "不能大于 {le:g}",
    "less_than": "应小于 {lt:g}",
    "float_type": "应为数",
    "int_type": "应为整数",
    "int_from_float": "应为整数",
    "string_type": "应为文字（地区代码要加引号）",
    "bool_type": "应为 True 或 False",
}

_NAME = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_KEY = re.compile(rf"\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*=")


class Record(BaseModel):
    """A frozen record that refuses what it does not know and converts nothing.

    Errors are pydantic's own, with the place of each: for records read from a file, see `line_of`.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Strict(Record):
    """A record written in code: its errors are told in the analyst's words.

    Raises
    ------
    MktError
        With every field that does not fit.
    """

    def __init__(self, **data):
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise MktError(_in_words(type(self).__name__, error)) from None


def _in_words(title: str, error: ValidationError) -> str:
    """Every problem on a line of its own: field, what is wrong, what was given; one line a field."""
    lines: dict[str, str] = {}
    for problem in error.errors(include_url=False):
        if problem["type"] == "value_error":  # raised by a record's own check, in words already
            told = problem["ctx"]["error"]
            lines.setdefault(f"{problem['loc']}{told}", f"- {told}")
            continue
        field = ".".join(str(part) for part in problem["loc"][:1])
        lines.setdefault(field, f"- {field}：{problem_words(problem)}")
    return f"{title} 有 {len(lines)} 处不对：\n" + "\n".join(lines.values())


def problem_words(problem: dict) -> str:
    """One of pydantic's errors in the analyst's words: what is wrong and what was given."""
    text = _WORDS.get(problem["type"], problem["msg"]).format(**problem.get("ctx", {}))
    given = "" if problem["type"] == "missing" else f"（给出的是 {problem['input']!r}）"
    return text + given


# ---- where in the file ------------------------------------------------------------------------------


def key_lines(text: str) -> dict[tuple, int]:
    """Line of every table header of a TOML file and of every key that starts a line.

    Examples
    --------
    >>> lines = key_lines('title = "a"\\n[[part]]\\n[[part.chapter]]\\nnotebook = "x"')
    >>> lines[("part", 0, "chapter", 0, "notebook")]
    4
    """
    lines = {}
    counts = {}
    at = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#|$)", line)
        key = _KEY.match(line)
        if header:
            names = [name.strip().strip("\"'") for name in header[2].split(".")]
            at = ()
            for i, name in enumerate(names):
                at += (name,)
                if i == len(names) - 1 and header[1] == "[[":
                    counts[at] = counts.get(at, -1) + 1
                    lines.setdefault(at, number)
                if at in counts:
                    at += (counts[at],)
            lines.setdefault(at, number)
        elif key:
            lines.setdefault(at + tuple(name.strip().strip("\"'") for name in key[1].split(".")), number)
    return lines


@lru_cache(maxsize=4)
def _laid_out(text: str) -> tuple[dict[tuple, int], list[int], list[str]]:
    """Key lines, the same in order, and all lines of a text: kept, because a file may have many faults."""
    lines = key_lines(text)
    return lines, sorted(lines.values()), text.splitlines()


def line_of(text: str, location: tuple) -> int:
    """Line of a TOML file where `location` stands: its key, or the last table around it, or the first line.

    A text of `location` that is no key is looked for, in quotes, in the lines that belong to its key.

    Examples
    --------
    >>> line_of('[[rule]]\\nall = [\\n "gdp > 1",\\n "gdp > x",\\n]', ("rule", 0, "all", 1, "gdp > x"))
    4
    """
    lines, starts, rows = _laid_out(text)
    depth = next((n for n in range(len(location), 0, -1) if location[:n] in lines), 0)
    start = lines[location[:depth]] if depth else 1
    sought = [part for part in location[depth:] if isinstance(part, str)]
    after = bisect.bisect_right(starts, start)
    end = starts[after] if after < len(starts) else len(rows) + 1
    belonging = rows[start - 1 : end - 1]
    for part in reversed(sought):
        for number, line in enumerate(belonging, start=start):
            if f'"{part}"' in line or re.search(rf"\b{re.escape(part)}\s*=", line):
                return number
    return start
