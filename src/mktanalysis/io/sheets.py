"""From a file to sheets of raw cells.

Always holds: a file is looked at before it is read (kind, size when unpacked, extent of its cells), so that
a damaged, protected or monstrous one is refused with a reason; no macro and no formula is run.
"""

from __future__ import annotations

import csv
import io
import posixpath
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from ..errors import MktError
from ..files import decode

#: Limits of what is read: bytes when unpacked, rows, and cells of the rectangle that holds all cells.
MAX_BYTES = 200_000_000
MAX_ROWS = 1_000_000
MAX_CELLS = 30_000_000
_SPREADSHEETS = (".xlsx", ".xlsm", ".xls")
_TEXTS = (".csv", ".txt", ".tsv")
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CELL = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3})(\d{1,7})"([^>]*)>')
_ERROR = re.compile(rb"<(?:\w+:)?v>(#[^<]{1,12})</")
_CHUNK = 1 << 20
#: A list of sheets is never longer.
_LIST_BYTES = 5_000_000


@dataclass(frozen=True)
class Sheet:
    """Raw cells of a sheet; row i is row i + 1 of the spreadsheet.

    ``merged`` lists cells merged downwards: column, first and last row, counted from 0.
    """

    name: str
    rows: list[list]
    hidden: bool = False
    merged: tuple[tuple[int, int, int], ...] = ()


def read_sheets(path: str | Path) -> list[Sheet]:
    """Return the sheets of a spreadsheet that have cells, or the one of a text file.

    Raises
    ------
    MktError
        Not there, not a spreadsheet or CSV, protected, damaged, or too large.
    """
    path = Path(path)
    if not path.is_file():
        raise MktError(f"文件不存在：{path}" if not path.exists() else f"不是文件：{path}")
    suffix = path.suffix.lower()
    if suffix not in _SPREADSHEETS + _TEXTS:
        raise MktError(f"{path.name}：只能读 .xlsx、.xls、.xlsm 和 .csv，请另存为其中一种")
    if path.stat().st_size > MAX_BYTES:
        raise MktError(f"{path.name}：文件超过 {MAX_BYTES // 1_000_000} MB，太大")
    if path.stat().st_size == 0:
        raise MktError(f"{path.name}：文件是空的")
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise MktError(f"{path.name}：打不开（{error.strerror}）；是否正被 Excel 占用？") from None
    if suffix in _TEXTS:
        if head.startswith((_ZIP, _OLE)):
            raise MktError(f"{path.name}：扩展名是 {suffix}，内容却是 Excel 文件；请改扩展名为 .xlsx 或 .xls")
        return [_read_text(path, "\t" if suffix == ".tsv" else None)]
    if not head.startswith((_ZIP, _OLE)):
        raise MktError(
            f"{path.name}：扩展名是 {suffix}，内容却不是（可能是网页或文本）；请用 Excel 另存为 .xlsx"
        )
    return _read_spreadsheet(path, zipped=head.startswith(_ZIP))


def _read_spreadsheet(path: Path, *, zipped: bool) -> list[Sheet]:
    import python_calamine as calamine

    errors = _inspect(path) if zipped else {}
    if not zipped and "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
        raise MktError(f"{path.name}：文件有密码保护，请在 Excel 中去掉密码后再读")
    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
        sheets = []
        for meta in book.sheets_metadata:
            if meta.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            raw = book.get_sheet_by_name(meta.name)
            rows = raw.to_python(skip_empty_area=False)
            _put_errors(rows, errors.get(meta.name, ()))
            if rows:
                hidden = meta.visible != calamine.SheetVisibleEnum.Visible
                areas = raw.merged_cell_ranges or []
                merged = tuple((first[1], first[0], last[0]) for first, last in areas if last[0] > first[0])
                sheets.append(Sheet(meta.name, rows, hidden, merged))
    except calamine.PasswordError:
        raise MktError(f"{path.name}：文件有密码保护，请在 Excel 中去掉密码后再读") from None
    except calamine.CalamineError as error:
        raise MktError(
            f"{path.name}：文件损坏或不是 Excel 文件（{error}）；请用 Excel 打开并另存为 .xlsx"
        ) from None
    for sheet in sheets:
        _check_rows(path, len(sheet.rows))
    if not sheets:
        raise MktError(f"{path.name}：没有一张工作表有内容")
    return sheets


def _put_errors(rows: list[list], errors: Iterable[tuple[int, int, str]]) -> None:
    """Write the errors of formulas into their cells, which calamine gives as empty ones."""
    for row, column, text in errors:
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = text


def _check_rows(path: Path, n_rows: int) -> None:
    if n_rows > MAX_ROWS:
        raise MktError(f"{path.name}：有 {n_rows:,} 行，超过 {MAX_ROWS:,} 行；请拆开，或删除末尾的空行")


def _inspect(path: Path) -> dict[str, list[tuple[int, int, str]]]:
    """Refuse zip bombs and vast empty areas; return the cells with errors by sheet name."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
                raise MktError(f"{path.name}：解压后超过 {MAX_BYTES // 1_000_000} MB，太大，没有读取")
            if broken := archive.testzip():  # also finds a part that is larger than it says
                raise zipfile.BadZipFile(broken)
            sheets = _sheet_parts(archive)
            return {name: list(_scan(path, archive, part)) for name, part in sheets.items()}
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        KeyError,
        EOFError,
        OSError,
        ElementTree.ParseError,
    ) as error:
        raise MktError(
            f"{path.name}：不是 Excel 文件或已损坏（{type(error).__name__}）；请用 Excel 另存为 .xlsx"
        ) from None
    except (NotImplementedError, RuntimeError):
        raise MktError(f"{path.name}：压缩包有密码或压缩方式不明，请用 Excel 另存为 .xlsx") from None


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name -> part of the archive that holds its cells."""
    names = {name.lower(): name for name in archive.namelist()}
    main = names["xl/workbook.xml"]
    rels = names["xl/_rels/workbook.xml.rels"]
    if max(archive.getinfo(part).file_size for part in (main, rels)) > _LIST_BYTES:
        raise KeyError(main)
    workbook = archive.read(main)
    links = archive.read(rels)
    if b"<!DOCTYPE" in workbook or b"<!DOCTYPE" in links:
        raise KeyError("DOCTYPE")
    targets = {link.get("Id"): link.get("Target", "") for link in ElementTree.fromstring(links)}
    parts = {}
    for element in ElementTree.fromstring(workbook).iter():
        if element.tag.endswith("}sheet"):
            link = next((v for k, v in element.attrib.items() if k.endswith("}id")), "")
            target = targets.get(link, "").lstrip("/")
            target = target if target.startswith("xl/") else posixpath.join("xl", target)
            if "worksheets" in target and target.lower() in names:
                parts[element.get("name", "")] = names[target.lower()]
    return parts


def _scan(path: Path, archive: zipfile.ZipFile, part: str) -> Iterator[tuple[int, int, str]]:
    """Walk over the cells of a part without keeping them: bound the area, yield the errors."""
    top = wide = 0
    with archive.open(part) as stream:
        kept = b""
        while chunk := stream.read(_CHUNK):
            text = kept + chunk
            end = max(text.rfind(b"<c "), 0) or max(text.rfind(b"<"), 0)
            end = end if len(chunk) == _CHUNK else len(text)
            for match in _CELL.finditer(text, 0, end):
                row = int(match.group(2))
                column = _column(match.group(1))
                top = max(top, row)
                wide = max(wide, column)
                if b't="e"' in match.group(0):
                    found = _ERROR.search(text, match.end(), match.end() + 2000)
                    yield row - 1, column - 1, found.group(1).decode() if found else "#N/A"
            if top * wide > MAX_CELLS or top > MAX_ROWS:
                raise MktError(
                    f"{path.name}：有单元格远在第 {top:,} 行、第 {wide:,} 列；请删除表格外的内容后再读"
                )
            kept = text[end:]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def column_letters(column: int) -> str:
    """Return the letters of a column counted from 0, as the spreadsheet shows them.

    Examples
    --------
    >>> column_letters(0), column_letters(27)
    ('A', 'AB')
    """
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _read_text(path: Path, delimiter: str | None) -> Sheet:
    text = decode(path.read_bytes(), path.name)
    if "\x00" in text:
        raise MktError(f"{path.name}：不是文本文件")
    lines = [line for line in text.splitlines()[:50] if line.strip()]
    if delimiter is None:
        counts = {sign: sum(line.count(sign) for line in lines) for sign in (",", "\t", ";")}
        delimiter = max(counts, key=counts.get)
    try:
        rows = [
            [cell.strip() for cell in row]
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        ]
    except csv.Error as error:
        raise MktError(f"{path.name}：不是可读的 CSV（{error}）") from None
    _check_rows(path, len(rows))
    if not rows:
        raise MktError(f"{path.name}：文件没有内容")
    width = max(map(len, rows))
    return Sheet("", [row + [""] * (width - len(row)) for row in rows])
