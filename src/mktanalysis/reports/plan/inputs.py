"""The analyst's own files that a report is made from: modules beside the notebook, files named by parameters.

Always holds: a file that can be told from the notebook's imports and from its parameters is known by its
hash before the report runs; whether it changed meanwhile can be asked afterwards.
"""

from __future__ import annotations

import ast
import contextlib
import os
from functools import lru_cache
from pathlib import Path, PurePath

from ...errors import MktError
from ...files import digest_file

#: Files of a folder that a parameter names, and modules beside a notebook.
MAX_FILES = 2_000


def imported_modules(notebook: dict) -> set[str]:
    """Modules that the cells of a notebook import, wherever the import stands.

    Examples
    --------
    >>> cells = [{"cell_type": "code", "source": "import pandas as pd\\nfrom a.b import c"}]
    >>> sorted(imported_modules({"cells": cells}))
    ['a.b', 'a.b.c', 'pandas']
    """
    sources = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return {name for source in sources for name in _imported(source)}


def _imported(source: str) -> set[str]:
    found = set()
    with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):  # the cell says so itself
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or node.level):
                module = node.module or ""
                found |= {module, *(f"{module}.{alias.name}".strip(".") for alias in node.names)} - {""}
    return found


def own_files(notebook: dict, values: dict, folder: Path, beside: Path | None = None) -> dict[str, str]:
    """Own files of a report, relative to the folder in which it runs, with the hash of each.

    Parameters
    ----------
    notebook : dict
    values : dict
        All parameters, defaults too. A path, or a text that is the name of a file, counts, also in lists;
        of a folder every file.
    folder : Path
        Where the notebook runs.
    beside : Path, optional
        Where it lies, if that is another folder: its modules are imported from both.

    Raises
    ------
    MktError
        A folder with too many files.
    """
    found = _modules(notebook, folder)
    if beside is not None and beside != folder:
        found += _modules(notebook, beside)
    for value in _texts(values):
        found += _named(value, folder)
    return {os.path.relpath(path, folder).replace(os.sep, "/"): hash_of(path) for path in sorted(set(found))}


def changed(files: dict[str, str], folder: Path) -> list[str]:
    """Those of `files` whose content is another now."""
    return [name for name, sha in files.items() if hash_of(folder / name) != sha]


def hash_of(path: Path) -> str:
    """Hash of a file, kept as long as size and time of change are the same; empty if there is none."""
    try:
        facts = path.stat()
        return _hash(str(path), facts.st_size, facts.st_mtime_ns, facts.st_ino)
    except OSError:
        return ""


@lru_cache(maxsize=10_000)
def _hash(path: str, *_facts) -> str:
    return digest_file(Path(path))


def _modules(notebook: dict, folder: Path) -> list[Path]:
    """Files of the modules beside the notebook that it imports, and of those that these import."""
    todo = {name.partition(".")[0] for name in imported_modules(notebook)}
    seen = set()
    found = []
    while todo and len(found) < MAX_FILES:
        name = todo.pop()
        if not name or name in seen:
            continue
        seen.add(name)
        package = folder / name
        files = [folder / f"{name}.py", *(sorted(package.rglob("*.py")) if package.is_dir() else ())]
        for path in filter(_is_file, files):
            found.append(path)
            with contextlib.suppress(OSError, ValueError):
                inner = _imported(path.read_text("utf-8"))
                todo |= {other.partition(".")[0] for other in inner}
    return found


def _texts(value):
    """Every text and path in nested parameters."""
    if isinstance(value, (str, PurePath)):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def _named(value, folder: Path) -> list[Path]:
    """The file that a parameter names, or all files of the folder."""
    text = str(value)
    if not text or len(text) > 1000 or "\0" in text or "\n" in text:
        return []
    path = folder / text
    if _is_file(path):
        return [path]
    # a word that happens to be the name of a folder is no path unless it is written as one
    is_path = isinstance(value, PurePath) or "/" in text
    if not is_path or text in (".", "..") or not _is_folder(path):
        return []
    files = []
    for place, _, names in os.walk(path):
        files += [Path(place) / name for name in names]
        if len(files) > MAX_FILES:
            raise MktError(f"参数指的文件夹 {path.name} 里有超过 {MAX_FILES} 个文件")
    return files


def _is_file(path: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return path.is_file()
    return False


def _is_folder(path: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return path.is_dir()
    return False
