"""What the record of a report must look like before anything is done with it.

Always holds: no name in a sound record leads out of its report's folder; every part has the type that the
index, the roll-up, the estimate and the verification expect.
"""

from __future__ import annotations

import re

from ..names import is_extra_file

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_FILE = re.compile(r"(?:report\.html|notebook\.ipynb|tables\.xlsx|tables/[a-z][a-z0-9_]{0,39}\.csv)\Z")
_HASH = re.compile(r"[0-9a-f]{64}\Z")
_IDENTITY = ("notebook", "parameters", "data", "package", "packages")
_TEXTS = ("report", "title", "notebook", "status", "started", "version")


def is_sound(record) -> bool:
    """Whether a record of a success can be used."""
    if not isinstance(record, dict) or not all(_is_text(record.get(key)) for key in _TEXTS):
        return False
    outputs = record.get("outputs")
    parts = (
        isinstance(record.get("parameters"), dict),
        isinstance(record.get("packages"), dict),
        _is_number(record.get("seconds")),
        record.get("peak_mb") is None or _is_number(record.get("peak_mb")),
        _is_identity(record.get("identity")),
        _are_outputs(outputs),
        has_sound_contents(record),
        _is_text(record.get("headline", "")),
    )
    if not all(parts):
        return False
    wanted = ["report.html", *(f"tables/{table['name']}.csv" for table in record["tables"])]
    return all(file in outputs for file in [*wanted, *(file["name"] for file in record.get("files", []))])


def is_sound_failure(record) -> bool:
    """Whether a record of a failure can be used."""
    return isinstance(record, dict) and isinstance(record.get("error"), dict)


def has_sound_contents(record: dict) -> bool:
    """Whether what was published, as a process lists it, is what the engine writes itself.

    Records from before there were further files have no list of them.
    """
    kinds = ((_is_table, record.get("tables")), (_is_figure, record.get("figures")))
    kinds += ((_is_further_file, record.get("files", [])),)
    return all(_are_distinct(parts, is_sound_part) for is_sound_part, parts in kinds)


def _are_distinct(parts, is_sound_part) -> bool:
    if not (isinstance(parts, list) and all(map(is_sound_part, parts))):
        return False
    return len({part["name"] for part in parts}) == len(parts)


def _is_further_file(file) -> bool:
    return (
        isinstance(file, dict)
        and _is_text(file.get("title"))
        and _is_text(file.get("name"))
        and is_extra_file(file["name"])
    )


def _is_table(meta) -> bool:
    if not (isinstance(meta, dict) and _is_name(meta.get("name")) and _is_text(meta.get("title"))):
        return False
    columns = meta.get("columns")
    kinds = meta.get("kinds")
    units = meta.get("units")
    if not (_are_texts(columns) and _are_texts(kinds) and len(columns) == len(kinds)):
        return False
    return isinstance(units, dict) and _are_texts(list(units.values())) and isinstance(meta.get("rows"), int)


def _is_figure(figure) -> bool:
    if not (isinstance(figure, dict) and _is_name(figure.get("name"))):
        return False
    if not (_is_text(figure.get("label")) and _is_text(figure.get("unit"))):
        return False
    if not all(_is_number(figure[end]) for end in ("lower", "upper") if end in figure):
        return False
    value = figure.get("value", ...)
    items = value if isinstance(value, list) else [value]
    return all(item is None or _is_number(item) or _is_text(item) for item in items)


def _are_outputs(value) -> bool:
    if not isinstance(value, dict):
        return False
    names = all(_FILE.match(file) or is_extra_file(file) for file in value)
    return names and all(map(_is_hash, value.values()))


def _is_identity(value) -> bool:
    return isinstance(value, dict) and all(_is_text(value.get(key)) for key in _IDENTITY)


def _is_name(value) -> bool:
    return isinstance(value, str) and bool(_NAME.match(value))


def _is_hash(value) -> bool:
    return isinstance(value, str) and bool(_HASH.match(value))


def _is_text(value) -> bool:
    return isinstance(value, str)


def _are_texts(value) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_number(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
