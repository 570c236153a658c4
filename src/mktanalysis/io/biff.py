"""How the cells of an old workbook (.xls, BIFF8 in an OLE container) show their numbers.

Always holds: this file imports nothing of the package; every offset and every chain of sectors is bounded by
the file's own size, so that damaged bytes end in an error, not in a loop.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_FREE = 0xFFFFFFFA  # sector numbers from here on are marks
#: Kinds of records.
_BOF = 0x0809
_EOF = 0x000A
_SHEET = 0x0085
_FORMAT = 0x041E
_XF = 0x00E0
_NUMBER = 0x0203
_RK = 0x027E
_MULRK = 0x00BD
_FORMULA = 0x0006
_BIFF8 = 0x0600
#: Number formats that every workbook has without writing them down.
_BUILT_IN = {9: "0%", 10: "0.00%"}
#: What a formula that was never calculated has in the place of its result.
_EMPTY_RESULT = 3


class TooOld(Exception):
    """A workbook of Excel 95 or older."""


def shown_cells(raw: bytes) -> dict[str, list[tuple[int, int, str]]]:
    """Return by sheet name: row, column (from 0) and number format of each number.

    ``=`` stands for a formula without a result.

    Raises
    ------
    TooOld
    ValueError, struct.error, IndexError
        Damaged.
    """
    stream = workbook_stream(raw)
    formats = dict(_BUILT_IN)
    styles: list[int] = []
    sheets: dict[str, int] = {}
    for kind, body in _records(stream, 0):
        if kind == _BOF and struct.unpack_from("<H", body)[0] != _BIFF8:
            raise TooOld
        if kind == _SHEET:
            sheets[_text(body, 6, wide=False)] = struct.unpack_from("<I", body)[0]
        elif kind == _FORMAT:
            formats[struct.unpack_from("<H", body)[0]] = _text(body, 2, wide=True)
        elif kind == _XF:
            styles.append(struct.unpack_from("<H", body, 2)[0])
    codes = [formats.get(style, "") for style in styles]
    return {name: list(_cells(stream, start, codes)) for name, start in sheets.items()}


def _cells(stream: bytes, start: int, codes: list[str]) -> Iterator[tuple[int, int, str]]:
    for kind, body in _records(stream, start):
        if kind in (_NUMBER, _RK, _FORMULA):
            row, column, style = struct.unpack_from("<3H", body)
            if kind == _FORMULA and body[12:14] == b"\xff\xff":  # its result is no number
                if body[6] == _EMPTY_RESULT:
                    yield row, column, "="
                continue
            yield row, column, codes[style]
        elif kind == _MULRK:
            row, first = struct.unpack_from("<2H", body)
            for at in range((len(body) - 6) // 6):
                yield row, first + at, codes[struct.unpack_from("<H", body, 4 + 6 * at)[0]]


def _records(stream: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """The records of one substream; those of a chart inside it are passed over."""
    at = start
    depth = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<2H", stream, at)
        body = stream[at + 4 : at + 4 + size]
        at += 4 + size
        depth += kind == _BOF
        depth -= kind == _EOF
        if depth <= 0:
            return
        if depth == 1:
            yield kind, body


def _text(body: bytes, at: int, *, wide: bool) -> str:
    """A text with its length (two bytes, or one) and the mark of its form before it."""
    size = struct.unpack_from("<H" if wide else "<B", body, at)[0]
    at += 2 if wide else 1
    if body[at] & 1:
        return body[at + 1 : at + 1 + 2 * size].decode("utf-16-le", "replace")
    return body[at + 1 : at + 1 + size].decode("latin-1")


# ---- the container ----------------------------------------------------------------------------------


def workbook_stream(raw: bytes) -> bytes:
    """The stream of the workbook in an OLE container."""
    size = 1 << struct.unpack_from("<H", raw, 30)[0]
    if size not in (512, 4096):
        raise ValueError("sector size")
    table = _sector_table(raw, size)
    folder = _chain(raw, struct.unpack_from("<I", raw, 48)[0], table, size)
    entries = {}
    for at in range(0, len(folder) - 127, 128):
        length = struct.unpack_from("<H", folder, at + 64)[0]
        name = folder[at : at + max(length - 2, 0)].decode("utf-16-le", "replace").lower()
        entries[name] = struct.unpack_from("<2I", folder, at + 116)
    if "workbook" not in entries:
        raise TooOld if "book" in entries else ValueError("no workbook")
    start, length = entries["workbook"]
    if length >= struct.unpack_from("<I", raw, 56)[0]:
        return _chain(raw, start, table, size)[:length]
    small_table = _numbers(_chain(raw, struct.unpack_from("<I", raw, 60)[0], table, size))
    small = _chain(raw, entries["root entry"][0], table, size)
    return _chain(small, start, small_table, 64, first=0)[:length]


def _sector_table(raw: bytes, size: int) -> list[int]:
    """The sector that follows each one."""
    sectors = list(struct.unpack_from("<109I", raw, 76))
    more = struct.unpack_from("<I", raw, 68)[0]
    for _ in range(len(raw) // size):
        if more >= _FREE:
            break
        part = _numbers(_sector(raw, more, size))
        sectors += part[:-1]
        more = part[-1]
    used = [sector for sector in sectors if sector < _FREE][: len(raw) // size]
    return [number for sector in used for number in _numbers(_sector(raw, sector, size))]


def _chain(raw: bytes, start: int, table: list[int], size: int, first: int = 1) -> bytes:
    parts = []
    sector = start
    while sector < _FREE:
        if len(parts) > len(raw) // size:
            raise ValueError("sectors in a circle")
        parts.append(_sector(raw, sector, size, first))
        sector = table[sector]
    return b"".join(parts)


def _sector(raw: bytes, sector: int, size: int, first: int = 1) -> bytes:
    at = (sector + first) * size
    if at >= len(raw):
        raise ValueError("sector beyond the file")
    return raw[at : at + size]


def _numbers(data: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4]))
