"""The cells of a spreadsheet, read in a process of its own: bytes on standard input, JSON on standard output.

Always holds: this file imports nothing of the package but biff.py beside it, and runs by its path; what it
needs of memory and time is bounded before the parser starts, so that a damaged or monstrous file costs this
process, not the analyst's.
"""

from __future__ import annotations

import datetime
import importlib.util
import io
import json
import posixpath
import re
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TOKEN = re.compile(rb"<(?:\w+:)?(row|c)(?=[\s/>])([^>]*)>")
_ATTRIBUTE = re.compile(rb"""(?<![\w:])([rst])\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_END_OF_CELL = re.compile(rb"</(?:\w+:)?c\s*>")
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>([^<]*)</")
_FORMULA = re.compile(rb"<(?:\w+:)?f(?=[\s/>])[^>]*?(?:/>|>([^<]*)<)")
_STRING = re.compile(rb"<(?:\w+:)?si(?=[\s>]).*?</(?:\w+:)?si>", re.DOTALL)
#: A list of sheets is never longer.
_LIST_BYTES = 5_000_000
#: Excel allows this many characters in a cell; in UTF-8 with marks this many bytes.
_CELL_CHARACTERS = 32_767
_CELL_BYTES = 400_000
#: Built-in number formats that show a percentage.
_PERCENT_FORMATS = (9, 10)


class Refused(Exception):
    """A file that is not read; the text is for the analyst."""


def read(raw: bytes, limits: dict) -> list[dict]:
    """Return the sheets of a workbook: name, hidden, rows, merged areas (top, left, bottom, right)."""
    import python_calamine as calamine

    zipped = not raw.startswith(_OLE)
    if not zipped and "EncryptedPackage".encode("utf-16-le") in raw:
        raise Refused("文件有密码保护，请在 Excel 中去掉密码后再读")
    marks = _inspect(raw, limits) if zipped else _old_marks(raw)
    sheets = []
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(raw))
        for meta in book.sheets_metadata:
            if meta.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_name(meta.name)
            _bound(sheet, limits)
            rows = [[_cell(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
            for row, column, mark in marks.get(meta.name, ()):
                if row < len(rows) and column < len(rows[row]):
                    rows[row][column] = _marked(rows[row][column], mark)
            hidden = meta.visible != calamine.SheetVisibleEnum.Visible
            areas = [[*first, *last] for first, last in sheet.merged_cell_ranges or [] if first != last]
            if rows:
                sheets.append({"name": meta.name, "hidden": hidden, "rows": rows, "merged": areas})
    except calamine.PasswordError:
        raise Refused("文件有密码保护，请在 Excel 中去掉密码后再读") from None
    except calamine.CalamineError as error:
        raise Refused(f"文件损坏或不是 Excel 文件（{error}）；请用 Excel 打开并另存为 .xlsx") from None
    if not sheets:
        raise Refused("没有一张工作表有内容")
    return sheets


def _bound(sheet, limits: dict) -> None:
    end = sheet.end
    if end is None:
        return
    height = end[0] + 1
    width = end[1] + 1
    if height > limits["rows"]:
        raise Refused(f"有 {height:,} 行，超过 {limits['rows']:,} 行；请拆开，或删除末尾的空行")
    if height * width > limits["cells"]:
        raise Refused(f"有单元格远在第 {height:,} 行、第 {width:,} 列；请删除表格外的内容后再读")


def _cell(cell):
    """A cell as JSON has it; dates and times are marked."""
    if isinstance(cell, datetime.datetime):
        return {"date": cell.isoformat()}
    if isinstance(cell, datetime.date):
        return {"date": cell.isoformat()}
    if isinstance(cell, (datetime.time, datetime.timedelta)):
        return {"time": str(cell)}
    if isinstance(cell, str) and len(cell) > _CELL_CHARACTERS:
        raise Refused(f"有单元格的文字超过 {_CELL_CHARACTERS:,} 个字，不像数据表")
    return cell


def _marked(cell, mark):
    """The cell with what the parser does not tell: its error, its missing result, the form it is shown in."""
    kind, text = mark
    if kind == "error":
        return text
    if kind == "formula":
        return {"formula": text}
    return {kind: cell, "unit": text} if isinstance(cell, (int, float)) else cell


def _inspect(raw: bytes, limits: dict) -> dict[str, list]:
    """Refuse zip bombs and vast empty areas; return the marks of cells by sheet name."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > limits["bytes"]:
                raise Refused(f"解压后超过 {limits['bytes'] // 1_000_000} MB，太大，没有读取")
            if broken := archive.testzip():  # also finds a part that is larger than it says
                raise zipfile.BadZipFile(broken)
            parts, recalculate = _sheet_parts(archive)
            forms = _forms(archive)
            texts = _text_lengths(archive)
            return {
                name: _scan(archive.read(part), forms, texts, recalculate, limits)
                for name, part in parts.items()
            }
    except (NotImplementedError, RuntimeError):
        raise Refused("压缩包有密码或压缩方式不明，请用 Excel 另存为 .xlsx") from None
    except Refused:
        raise
    except Exception as error:  # whatever a damaged archive or part raises
        raise Refused(f"不是 Excel 文件或已损坏（{type(error).__name__}）；请用 Excel 另存为 .xlsx") from None


def _old_marks(raw: bytes) -> dict[str, list]:
    """The marks of the cells of an old workbook (.xls)."""
    path = Path(__file__).with_name("biff.py")
    spec = importlib.util.spec_from_file_location("biff", path)
    if spec is None or spec.loader is None:
        raise Refused("软件没有装好：缺少 biff.py")
    biff = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(biff)
    try:
        shown = biff.shown_cells(raw)
    except biff.TooOld:
        raise Refused("Excel 95 或更早的格式，请用 Excel 另存为 .xlsx") from None
    except Exception as error:  # whatever damaged bytes raise
        raise Refused(f"不是 Excel 文件或已损坏（{type(error).__name__}）；请用 Excel 另存为 .xlsx") from None
    marks: dict[str, list] = {}
    for name, cells in shown.items():
        forms = {code: number_form(code) for _, _, code in cells if code != "="}
        found = [
            (row, column, ("formula", "") if code == "=" else forms[code]) for row, column, code in cells
        ]
        marks[name] = [cell for cell in found if cell[2]]
    return marks


def _sheet_parts(archive: zipfile.ZipFile) -> tuple[dict[str, str], bool]:
    """Sheet name -> part that holds its cells; whether results are to be calculated when it is opened."""
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
    recalculate = False
    for element in ElementTree.fromstring(workbook).iter():
        if element.tag.endswith("}calcPr"):
            recalculate = element.get("fullCalcOnLoad") in ("1", "true")
        if element.tag.endswith("}sheet"):
            link = next((v for k, v in element.attrib.items() if k.endswith("}id")), "")
            target = targets.get(link, "").lstrip("/")
            target = target if target.startswith("xl/") else posixpath.join("xl", target)
            if "worksheets" in target and target.lower() in names:
                parts[element.get("name", "")] = names[target.lower()]
    return parts, recalculate


def _text_lengths(archive: zipfile.ZipFile) -> list[int]:
    """Bytes of each shared text; one that no cell can hold is refused."""
    part = next((name for name in archive.namelist() if name.lower() == "xl/sharedstrings.xml"), None)
    if part is None:
        return []
    lengths = [len(match.group()) for match in _STRING.finditer(archive.read(part))]
    if max(lengths, default=0) > _CELL_BYTES:
        raise Refused(f"有单元格的文字超过 {_CELL_CHARACTERS:,} 个字，不像数据表")
    return lengths


def _forms(archive: zipfile.ZipFile) -> list[tuple[str, str] | None]:
    """How each cell style shows a number: ("shown", unit behind it), ("scaled", format) or None."""
    part = next((name for name in archive.namelist() if name.lower() == "xl/styles.xml"), None)
    if part is None:
        return []
    raw = archive.read(part)
    if len(raw) > 20_000_000 or b"<!DOCTYPE" in raw:
        raise KeyError(part)
    root = ElementTree.fromstring(raw)
    codes = {}
    forms = []
    for element in root.iter():
        tag = element.tag.rpartition("}")[2]
        if tag == "numFmt":
            codes[element.get("numFmtId")] = element.get("formatCode", "")
        if tag == "cellXfs":
            forms = [xf.get("numFmtId", "0") for xf in element]
    return [
        number_form(codes.get(form, "0%" if form.isdigit() and int(form) in _PERCENT_FORMATS else ""))
        for form in forms
    ]


def number_form(code: str) -> tuple[str, str] | None:
    """What a number format does to the figure that is seen.

    Examples
    --------
    >>> number_form("0.0%"), number_form('0.0"万元"'), number_form("#,##0,"), number_form("#,##0.00")
    (('shown', '%'), ('literal', '万元'), ('scaled', '#,##0,'), None)
    """
    section = code.split(";")[0]
    section = re.sub(r"\[[^\]]*\]|_.|\*.", "", section)
    literals = re.findall(r'"([^"]*)"|[\\!](.)', section)
    bare = re.sub(r'"[^"]*"|[\\!].', "\x00", section)
    if re.search(r"[ymdhs]", bare, re.IGNORECASE):
        return None
    if re.search(r"[0#?]\x00[0#?]", bare) and any("." in "".join(pair) for pair in literals):
        return "scaled", code  # 0!.0000 shows 12345 as 1.2345
    if re.search(r"[0#?],+(?![0#?,])", bare):
        return "scaled", code
    if "%" in bare:
        return "shown", "%"
    literal = "".join("".join(pair) for pair in literals).strip()
    literal = literal or re.sub(r"[\s0#?.,\x00+\-()Ee]|General|@", "", bare)
    return ("literal", literal) if literal and bare.strip("\x00") else None


def _scan(raw: bytes, forms: list, texts: list[int], recalculate: bool, limits: dict) -> list:
    """Walk over the cells of a part: bound the area and the text, return row, column and mark."""
    marks = []
    top = 0
    wide = 0
    row = 0
    column = 0
    size = 0
    for match in _TOKEN.finditer(raw):
        found = {name: a or b for name, a, b in _ATTRIBUTE.findall(match.group(2))}
        where = found.get(b"r", b"").decode("ascii", "replace").strip().upper()
        if match.group(1) == b"row":
            row = int(where) if where.isdigit() else row + 1
            column = 0
            continue
        place = re.fullmatch(r"([A-Z]{1,3})(\d{1,7})", where)
        row = int(place.group(2)) if place else row
        column = _column(place.group(1)) if place else column + 1
        top = max(top, row)
        wide = max(wide, column)
        if top * wide > limits["cells"] or top > limits["rows"]:
            raise Refused(f"有单元格远在第 {top:,} 行、第 {wide:,} 列；请删除表格外的内容后再读")
        if match.group(2).rstrip().endswith(b"/"):
            continue
        end = _END_OF_CELL.search(raw, match.end())
        inside = raw[match.end() : end.start() if end else match.end()]
        kind = found.get(b"t", b"")
        if kind == b"s" and texts:
            value = _VALUE.search(inside)
            at = int(value.group(1)) if value and value.group(1).strip().isdigit() else 0
            size += texts[at] if at < len(texts) else 0
            if size > limits["bytes"]:
                raise Refused(f"文字合计超过 {limits['bytes'] // 1_000_000} MB，太大，没有读取")
            continue
        if mark := _mark(inside, kind, found.get(b"s", b"0"), forms, recalculate):
            marks.append((row - 1, column - 1, mark))
    return marks


def _mark(inside: bytes, kind: bytes, style: bytes, forms: list, recalculate: bool):
    value = _VALUE.search(inside)
    text = value.group(1).strip() if value else b""
    if kind == b"e":
        return "error", text.decode("utf-8", "replace")[:12] or "#N/A"
    if formula := _FORMULA.search(inside):
        unsaved = not text and kind not in (b"str", b"s")
        if unsaved or (recalculate and text == b"0" and kind in (b"", b"n")):
            return "formula", (formula.group(1) or b"").decode("utf-8", "replace")[:60]
    form = forms[int(style)] if style.isdigit() and int(style) < len(forms) else None
    return form if text and kind in (b"", b"n") else None


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def main() -> None:
    """Read standard input under the limits of the first argument."""
    limits = json.loads(sys.argv[1])
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limits["memory"], limits["memory"]))
        resource.setrlimit(resource.RLIMIT_CPU, (limits["seconds"], limits["seconds"]))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass  # no such limits on this system: the parent's time limit remains
    try:
        answer = {"sheets": read(sys.stdin.buffer.read(), limits)}
    except Refused as error:
        answer = {"refused": str(error)}
    sys.stdout.buffer.write(json.dumps(answer).encode("ascii"))


if __name__ == "__main__":
    main()
