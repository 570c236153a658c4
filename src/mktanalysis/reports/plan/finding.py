"""Where a notebook lies, and what is said where there is none of that name.

Always holds: a name that a notebook had before is never taken for another one; the answer is the new name.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from ...files import project_folder

#: Former name of a notebook -> today's.
RENAMED = {"05_province_report": "05_province_plan"}


def find_notebook(name: str, folder: Path) -> Path | None:
    """The notebook called `name` (with or without .ipynb) beside the specification or in the project."""
    if not name:
        return None
    file = name if name.endswith(".ipynb") else f"{name}.ipynb"
    for place in (folder / file, project_folder("notebooks") / file):
        with contextlib.suppress(OSError, ValueError):  # what cannot be a name is nobody's
            if place.is_file():
                return place.absolute()
    return None


def no_notebook(name: str) -> str:
    """What is said where no notebook has this name.

    Examples
    --------
    >>> no_notebook("05_province_report")
    "找不到笔记本 '05_province_report'：它已改名为 05_province_plan"
    """
    return f"找不到笔记本 {name!r}" + renamed(name)


def renamed(name: str) -> str:
    """``：它已改名为 ...`` for a notebook's former name, else nothing."""
    new = RENAMED.get(_stem(name))
    return f"：它已改名为 {new}" if new else ""


def no_spec(name: str) -> str:
    """What is said where no specification has this name; a notebook is none, but one line makes it one.

    Examples
    --------
    >>> no_spec("没有的")
    '找不到报告清单 没有的'
    """
    said = f"找不到报告清单 {name}"
    if not renamed(name) and find_notebook(name, Path()) is None:
        return said
    new = RENAMED.get(_stem(name), _stem(name))
    was = f"笔记本 {_stem(name)} 已改名为 {new}" if renamed(name) else f"{new} 是一本笔记本"
    return f"{said}：{was}；清单是 toml 文件，其中写 notebook = {new!r}，各省的计划书在 provinces 里"


def _stem(name: str) -> str:
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return last.removesuffix(".ipynb").removesuffix(".toml")
