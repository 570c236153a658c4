"""Names of reports, and texts without names of this machine.

Always holds: a report's folder name stays inside the output folder and differs whenever notebook or
parameters differ; no published text names a path of the machine it was made on.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import unicodedata
from functools import cache
from pathlib import Path
from urllib.parse import quote

from ..files import canonical, digest
from .processes import MARK

#: A path that tells about the machine: two levels or more below a root that people and systems use.
_LOCAL_PATH = re.compile(
    r"(?:(?<![\w.:/<])/(?:home|root|Users|tmp|var|usr|opt|work|mnt|media|srv|private|data|etc)(?:/[^\s\"'<>:,;()\[\]]+)+"
    r"|\b[A-Za-z]:\\[^\s\"'<>:,;()\[\]]+|(?<!\w)\\\\[\w.-]+\\[^\s\"'<>:,;()\[\]]+)"
)
_FILE_URL = re.compile(r"\bfile:/{1,3}[^\s\"'<>)\]]*")
#: Further files of a report; those that the engine writes itself have other names.
_EXTRA = re.compile(r"[a-z][a-z0-9_]{0,39}\.(?:docx|xlsx|pdf)\Z")
_OWN_FILES = ("tables.xlsx", "report.pdf")
#: Folders of this run whose names are taken out wherever they lie, see `hide`.
_hidden: set[str] = set()


def hide(*folders: str) -> None:
    """Have `scrub` take these folders out of texts too, whatever their names are."""
    _hidden.update(str(folder).rstrip("/\\") for folder in folders)
    _literal.cache_clear()


@cache
def _literal() -> re.Pattern | None:
    """The folders of this machine that texts may name, in every spelling; None without any."""
    own = {sys.prefix, sys.base_prefix, os.environ.get(MARK, "")}
    for find in (Path.home, os.getcwd):
        with contextlib.suppress(OSError, RuntimeError):  # a folder that has gone, a user without a home
            own.add(str(find()))
    folders = {folder for folder in own | _hidden if len(folder) > 4 or folder.count("/") > 1}
    spelled = set()
    for folder in folders:
        spelled |= {folder, quote(folder), json.dumps(folder)[1:-1], repr(folder)[1:-1]}
        spelled |= {folder.replace("\\", "/"), *(text.replace("/", "\\/") for text in tuple(spelled))}
    if not spelled:
        return None
    longest_first = "|".join(map(re.escape, sorted(spelled, key=len, reverse=True)))
    return re.compile(
        rf"(?<![\w.])(?:file:/*)?(?:{longest_first})(?![\w-])((?:\\?[/\\][^\s\"'<>:,;()\[\]\\/]*)*)"
    )


def names_local_path(text: str) -> bool:
    """Whether `text` holds an absolute path of some machine.

    Examples
    --------
    >>> names_local_path("/home/li/own.xlsx"), names_local_path("元/人"), names_local_path("data/own.xlsx")
    (True, False, False)
    """
    if "/" not in text and "\\" not in text and "%2F" not in text:
        return False
    literal = _literal()
    return bool(_LOCAL_PATH.search(text) or _FILE_URL.search(text) or (literal and literal.search(text)))


def scrub(text: str) -> str:
    """Replace absolute paths and addresses of files by their last part.

    Examples
    --------
    >>> scrub('File "/home/li/venv/pandas/frame.py", line 3')
    'File "…/frame.py", line 3'
    >>> scrub("file:///srv/li/own%20file.html")
    '…/own%20file.html'
    """
    if "/" not in text and "\\" not in text and "%2F" not in text:
        return text
    literal = _literal()
    if literal is not None:
        text = literal.sub(lambda m: _last_part(m[1]), text)
    text = _FILE_URL.sub(lambda m: _last_part(m.group().partition(":")[2]), text)
    return _LOCAL_PATH.sub(lambda m: _last_part(m.group()), text)


def _last_part(path: str) -> str:
    last = re.split(r"[/\\]", path.rstrip("/\\"))[-1]
    return f"…/{last}" if last else "…"


def is_extra_file(name: str) -> bool:
    """Whether a report may leave a further file of this name beside its page.

    Examples
    --------
    >>> is_extra_file("plan.docx"), is_extra_file("../plan.docx"), is_extra_file("tables.xlsx")
    (True, False, False)
    """
    return bool(_EXTRA.match(name)) and name not in _OWN_FILES


def slug(text: str, *, limit: int = 40) -> str:
    """The letters, digits and Chinese characters of `text`, everything else a hyphen.

    Examples
    --------
    >>> slug("../江苏 / 2024\\0")
    '江苏-2024'
    """
    plain = unicodedata.normalize("NFKC", text)
    plain = re.sub(r"[^0-9A-Za-z_\u4e00-\u9fff]+", "-", plain).strip("-")
    return plain[:limit].strip("-")


def report_name(notebook: str, parameters: dict) -> str:
    """Folder name of a report: notebook, values and a hash of both.

    Parameters
    ----------
    notebook : str
        Name of the notebook without its ending.
    parameters : dict
        Encoded parameters.

    Examples
    --------
    >>> report_name("05_province_plan", {"province": "320000"})[:-12]
    '05_province_plan-320000-'
    """
    values = "-".join(str(value) for value in parameters.values())
    mark = digest(canonical([notebook, parameters]))[:12]
    return "-".join(part for part in (slug(notebook) or "report", slug(values), mark) if part)
