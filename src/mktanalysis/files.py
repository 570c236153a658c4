"""Files on disk: where the project's own lie, how text is decoded, how anything is written.

Always holds: a file is either the old one or the new one, never a part; a file that is replaced keeps its
mode, a new one follows the user's mask; no text of a table becomes a formula of a spreadsheet.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import hashlib
import io
import json
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from .errors import MktError

_PACKAGE = Path(__file__).resolve().parent
#: Ending of files that are being written; one of these left behind is of a process that was killed.
UNFINISHED = ".tmp"
#: What a spreadsheet takes for the start of a formula, full-width forms included, after anything unseen.
_FORMULA = re.compile(r"[\s\x00-\x1f\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠﹢﹣﹦﹫]|[\t\r\n]")


# ---- where things are -------------------------------------------------------------------------------


def project_folder(name: str) -> Path:
    """``data``, ``notebooks`` or ``specs``: inside an installed package, or of the checkout around it."""
    inside = _PACKAGE / f"_{name}"
    if inside.is_dir():
        return inside
    return _PACKAGE.parents[1] / {"specs": "reports/specs"}.get(name, name)


@cache
def data_folder() -> Path:
    """Folder of the built-in tables and rule files.

    Raises
    ------
    MktError
        If the installation is not whole.
    """
    folder = project_folder("data")
    if not (folder / "tables.toml").is_file():
        raise MktError("找不到内置数据表（tables.toml），请重新安装 mktanalysis")
    return folder


# ---- reading ----------------------------------------------------------------------------------------


def decode(raw: bytes, name: str = "") -> str:
    """Decode a text file: by its byte-order mark, else strict UTF-8, else strict GB18030.

    Examples
    --------
    >>> decode("南京".encode("gb18030")), decode("南京".encode("utf-8-sig"))
    ('南京', '南京')
    """
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif raw.startswith(codecs.BOM_UTF8):
        encodings = ["utf-8-sig"]
    else:
        encodings = ["utf-8", "gb18030"]
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError as error:
            last = error
    raise MktError(
        f"{name}：既不是 UTF-8 也不是 GB18030 编码（第 {last.start + 1} 个字节）；请另存为 CSV UTF-8"
    )


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


# ---- writing ----------------------------------------------------------------------------------------


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a new, empty file beside `path` that takes its place when the block ends well.

    Raises
    ------
    OSError
        Nothing can be written there.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}{UNFINISHED}")
    # 0o666 is what every program asks for: the system takes off what the user's mask forbids
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        with contextlib.suppress(FileNotFoundError):
            os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
        yield temporary
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_atomic(path: Path, data: bytes | str, *, durable: bool = True) -> None:
    """Write `data` so that a reader, a crash or a full disk sees the old file or the new one, whole.

    ``durable=False`` leaves the flush to the disk to whoever publishes the file.
    """
    path = Path(path)
    with replacing(path) as temporary, open(temporary, "wb") as stream:
        stream.write(data.encode("utf-8") if isinstance(data, str) else data)
        stream.flush()
        if durable:
            os.fsync(stream.fileno())
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


def inert_text(value):
    """Put an apostrophe before text that a spreadsheet would run as a formula; None becomes empty text.

    Examples
    --------
    >>> inert_text("=1+1"), inert_text(" ＝1"), inert_text("江苏"), inert_text(-3)
    ("'=1+1", "' ＝1", '江苏', -3)
    """
    if isinstance(value, str) and _FORMULA.match(value):
        return "'" + value
    return "" if value is None else value


def csv_bytes(rows: Iterable[Iterable]) -> bytes:
    """Rows as a csv file that Excel opens: UTF-8 with a byte-order mark, texts inert.

    Examples
    --------
    >>> csv_bytes([["城市", "人口"], ["=南京", 931.5]]).decode("utf-8-sig")
    "城市,人口\\r\\n'=南京,931.5\\r\\n"
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([inert_text(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")
