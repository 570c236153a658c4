"""What in an output folder belongs to the engine: a mark in the folder that lists its files.

Always holds: a folder that is neither empty nor marked is refused before anything is written; a file over
the reports is replaced or removed only if the mark lists it; no link inside the folder is followed.
"""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

from ...errors import MktError
from ...files import UNFINISHED, write_atomic

MARK = ".mktanalysis"
LOCK = ".lock"
WORK = ".work"
NEXT = ".next"
TABLES = "tables"
INDEX = "index.html"
RUNS = "runs.csv"
FIGURES = "figures.xlsx"
#: Names that the engine uses itself; a link under one of them would lead its writes elsewhere.
_OWN = (MARK, LOCK, WORK, NEXT, TABLES, INDEX, RUNS, FIGURES)
#: Files that the engine writes atomically: half of one may be left by a kill.
_WRITTEN = (MARK, INDEX, RUNS, "run.json", "failure.json")
_RANDOM = rf"\.[0-9a-f]{{8}}{re.escape(UNFINISHED)}\Z"
_LEFT = re.compile(rf"\.(?:{'|'.join(map(re.escape, _WRITTEN))}){_RANDOM}")
#: All that a kill can leave in a folder without a mark, which is written before anything else.
_HALF_MARK = re.compile(rf"\.{re.escape(MARK)}{_RANDOM}")
#: Before there was a mark, the index left a file with a hash.
_OLD_STAMP = ".index"
_OLD_FILES = (INDEX, RUNS, FIGURES)
_MAX_MARK = 50_000_000


def claim(folder: Path) -> None:
    """Make `folder` the engine's, if it is new or empty, or see that it is already.

    Raises
    ------
    MktError
        It holds files of somebody else, a link where the engine writes, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = sorted(os.listdir(folder))
    except OSError as error:
        raise MktError(f"输出文件夹不能写入：{folder.name}（{error.strerror}）") from None
    links = [name for name in found if name in _OWN and (folder / name).is_symlink()]
    if links:
        raise MktError(f"输出文件夹 {folder.name} 里的 {'、'.join(links)} 是链接；请删去它或换一个 --out")
    mark = read_mark(folder)
    if mark is None:
        foreign = [name for name in found if not _HALF_MARK.match(name)]
        if foreign and not _is_of_old_version(folder):
            shown = "、".join(foreign[:3]) + ("……" if len(foreign) > 3 else "")
            raise MktError(
                f"{folder.name or folder} 里已有别的文件（{shown}），不是报告的输出文件夹；"
                "为了不动您的文件，请换一个新的或空的文件夹"
            )
        mark = {"files": _old_files(folder) if foreign else {}}
        try:
            write_mark(folder, mark)
        except OSError as error:
            raise MktError(f"输出文件夹不能写入：{folder.name}（{error.strerror}）") from None
    strange = [name for name in (INDEX, RUNS, FIGURES) if name in found and name not in mark["files"]]
    if strange:
        raise MktError(
            f"输出文件夹 {folder.name} 里的 {'、'.join(strange)} 不是报告引擎写的；请移走它或换一个 --out"
        )


def read_mark(folder: Path) -> dict | None:
    """The mark of an output folder: ``files`` (name -> sha256) and ``stamp``; None without a sound one."""
    try:
        mark = json.loads(read_plain(folder / MARK, _MAX_MARK))
    except (OSError, ValueError, RecursionError):
        return None
    files = mark.get("files") if isinstance(mark, dict) else None
    sound = isinstance(files, dict) and all(is_overview(name) for name in files)
    return mark if sound else None


def write_mark(folder: Path, mark: dict) -> None:
    """Replace the mark."""
    write_atomic(folder / MARK, json.dumps({"mktanalysis": "reports", **mark}, ensure_ascii=False, indent=1))


def is_overview(name: str) -> bool:
    """Whether a file over the reports can have this name.

    Examples
    --------
    >>> is_overview("tables/cities.csv"), is_overview("tables/../../cities.csv")
    (True, False)
    """
    return name in _OLD_FILES or bool(re.fullmatch(r"tables/[\w-]{1,80}\.csv", name))


def is_unfinished(name: str) -> bool:
    """Whether a file is half of one that the engine was writing when it was killed."""
    return bool(_LEFT.match(name))


def read_plain(path: Path, most: int) -> bytes:
    """The bytes of a file that is no link and not larger than `most`.

    Raises
    ------
    OSError
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with open(handle, "rb") as stream:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > most:
            raise OSError(f"{path.name}: no plain file or too large")
        return stream.read()


def is_plain(path: Path) -> bool:
    """Whether `path` is a file itself, no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def is_real_folder(path: Path) -> bool:
    """Whether `path` is a folder itself, no link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _old_files(folder: Path) -> dict[str, str]:
    """Files over the reports of an older version, which kept the folder of tables to itself."""
    tables = folder / TABLES
    names = sorted(os.listdir(tables)) if is_real_folder(tables) else []
    rolled = [f"{TABLES}/{name}" for name in names if is_overview(f"{TABLES}/{name}")]
    return dict.fromkeys([*_OLD_FILES, *rolled], "")


def _is_of_old_version(folder: Path) -> bool:
    try:
        return bool(re.fullmatch(rb"[0-9a-f]{64}", read_plain(folder / _OLD_STAMP, 64)))
    except OSError:
        return False
