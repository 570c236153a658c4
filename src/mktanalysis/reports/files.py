"""Names, hashes and writes of report files.

Always holds: a file is either the old one or the new one, never a part; a report's folder name stays
inside the output folder and differs whenever notebook or parameters differ; no published text names a
path of the machine it was made on.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from pathlib import Path

#: A path that tells about the machine: two levels or more below a root that people and systems use.
_LOCAL_PATH = re.compile(
    r"(?:(?<![\w.:/<])/(?:home|root|Users|tmp|var|usr|opt|work|mnt|media|srv|private|data|etc)(?:/[^\s\"'<>:,;()\[\]]+)+"
    r"|\b[A-Za-z]:\\[^\s\"'<>:,;()\[\]]+|(?<!\w)\\\\[\w.-]+\\[^\s\"'<>:,;()\[\]]+)"
)


def names_local_path(text: str) -> bool:
    """Whether `text` holds an absolute path of some machine.

    Examples
    --------
    >>> names_local_path("/home/li/own.xlsx"), names_local_path("元/人"), names_local_path("data/own.xlsx")
    (True, False, False)
    """
    return bool(_LOCAL_PATH.search(text))


def scrub(text: str) -> str:
    """Replace absolute paths by their last part.

    Examples
    --------
    >>> scrub('File "/home/li/venv/pandas/frame.py", line 3')
    'File "…/frame.py", line 3'
    """
    return _LOCAL_PATH.sub(lambda m: "…/" + re.split(r"[/\\]", m.group().rstrip("/\\"))[-1], text)


def write_atomic(path: Path, data: bytes | str, *, durable: bool = True) -> None:
    """Write `data` so that a reader, a crash or a full disk sees the old file or the new one, whole.

    ``durable=False`` leaves the flush to the disk to whoever publishes the file.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name[:60]}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as stream:
            stream.write(data.encode("utf-8") if isinstance(data, str) else data)
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` durable, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def canonical(value) -> str:
    """JSON with one spelling per value."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(data: bytes | str) -> str:
    """sha256 as hex."""
    return hashlib.sha256(data.encode("utf-8") if isinstance(data, str) else data).hexdigest()


def digest_file(path: Path) -> str:
    """sha256 of a file as hex."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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
    >>> report_name("05_province_report", {"province": "320000"})[:-12]
    '05_province_report-320000-'
    """
    values = "-".join(str(value) for value in parameters.values())
    mark = digest(canonical([notebook, parameters]))[:12]
    return "-".join(part for part in (slug(notebook) or "report", slug(values), mark) if part)


def inert_text(value):
    """Put an apostrophe before text that a spreadsheet would run as a formula.

    Examples
    --------
    >>> inert_text("=1+1"), inert_text("江苏"), inert_text(-3)
    ("'=1+1", '江苏', -3)
    """
    return f"'{value}" if isinstance(value, str) and re.match(r"\s*[=+\-@\t\r]", value) else value
