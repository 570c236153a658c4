"""Writes small old workbooks (.xls), as no library here does: BIFF8 records in an OLE container."""

import struct
from pathlib import Path

SECTOR = 512
END = 0xFFFFFFFE


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<2H", kind, len(body)) + body


def _bof(kind: int) -> bytes:
    return _record(0x0809, struct.pack("<4H2I", 0x0600, kind, 0x0DBB, 0x07CC, 0x41, 0x06))


def _text(text: str, width: str) -> bytes:
    return struct.pack(width, len(text)) + b"\x01" + text.encode("utf-16-le")


def write_old_book(path: Path, sheets: dict[str, list[list]]) -> Path:
    """Cells are text, numbers, pairs of number and format, or ``"=..."``: a formula never calculated."""
    codes = {cell[1] for rows in sheets.values() for row in rows for cell in row if isinstance(cell, tuple)}
    formats = {code: 164 + number for number, code in enumerate(sorted(codes))}
    styles = {code: 1 + number for number, code in enumerate(formats)}
    parts = [_sheet(rows, styles) for rows in sheets.values()]
    head = _bof(0x0005) + _record(0x0042, struct.pack("<H", 1200))
    head += b"".join(_record(0x041E, struct.pack("<H", n) + _text(code, "<H")) for code, n in formats.items())
    for number in [0, *formats.values()]:
        head += _record(0x00E0, struct.pack("<2H", 0, number) + bytes(16))
    names = [_text(name, "<B") for name in sheets]
    start = len(head) + sum(len(name) + 10 for name in names) + 4
    for name, part in zip(names, parts, strict=True):
        head += _record(0x0085, struct.pack("<IBB", start, 0, 0) + name)
        start += len(part)
    stream = head + _record(0x000A, b"") + b"".join(parts)
    path.write_bytes(_container(stream + bytes(max(4096 - len(stream), 0))))
    return path


def _sheet(rows: list[list], styles: dict[str, int]) -> bytes:
    width = max(map(len, rows))
    body = _bof(0x0010) + _record(0x0200, struct.pack("<2I2HH", 0, len(rows), 0, width, 0))
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            number, code = cell if isinstance(cell, tuple) else (cell, None)
            place = struct.pack("<3H", i, j, styles[code] if code else 0)
            if cell is None:
                continue
            if isinstance(cell, str) and cell.startswith("="):
                result = bytes([3, 0, 0, 0, 0, 0, 255, 255])
                body += _record(0x0006, place + result + struct.pack("<HIH", 2, 0, 3) + b"\x1e\x01\x00")
            elif isinstance(cell, str):
                body += _record(0x0204, place + _text(cell, "<H"))
            else:
                body += _record(0x0203, place + struct.pack("<d", number))
    return body + _record(0x000A, b"")


def _container(stream: bytes) -> bytes:
    n = -(-len(stream) // SECTOR)
    follow = [0xFFFFFFFD, END, *range(3, n + 2), END]
    table = struct.pack(f"<{len(follow)}I", *follow).ljust(SECTOR, b"\xff")
    assert len(table) == SECTOR, "too large for this writer"

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        raw = (name + "\0").encode("utf-16-le")
        body = raw.ljust(64, b"\0") + struct.pack("<HBB3I", len(raw), kind, 1, *(0xFFFFFFFF,) * 2, child)
        return body + bytes(36) + struct.pack("<3I", start, size, 0)

    folder = entry("Root Entry", 5, 1, END, 0) + entry("Workbook", 2, 0xFFFFFFFF, 2, len(stream))
    head = (
        bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    )
    head += struct.pack("<9I", 0, 1, 1, 0, 4096, END, 0, END, 0) + struct.pack(
        "<109I", 0, *(0xFFFFFFFF,) * 108
    )
    return head + table + folder.ljust(SECTOR, b"\0") + stream.ljust(n * SECTOR, b"\0")
