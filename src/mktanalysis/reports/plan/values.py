"""Checked parameter values as code, as JSON, from TOML and from the command line.

Always holds: a value reaches a notebook equal and with the same type, because it is written out as a
literal of an exactly known type; no value ever runs as code.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path, PurePath

from .parameters import DATES, Kind, Parameter, refusal

_TRUE = {"true", "1", "yes", "是"}
_FALSE = {"false", "0", "no", "否"}


def injected_source(declared: dict[str, Parameter], values: dict) -> str:
    """Python that sets `values`, one literal a line; `values` have passed `check_parameters`."""
    lines = [f"{name} = {_literal(values[name], declared[name].kind)}" for name in declared if name in values]
    return "\n".join(["# 本次运行的参数", *lines])


def _fitting(value, kind: Kind) -> Kind:
    if kind.name == "union":
        return _fitting(value, next(part for part in kind.args if not refusal(value, part)))
    return kind


def _literal(value, kind: Kind) -> str:
    kind = _fitting(value, kind)
    if kind.name == "Path":
        return f"{kind}({str(value)!r})"
    if kind.name == "date":
        return f"{kind}({value.year}, {value.month}, {value.day})"
    if kind.name == "datetime":
        parts = (
            value.year,
            value.month,
            value.day,
            value.hour,
            value.minute,
            value.second,
            value.microsecond,
        )
        return f"{kind}{parts}"
    if kind.name == "dict":
        return (
            "{" + ", ".join(f"{key!r}: {_literal(item, kind.args[0])}" for key, item in value.items()) + "}"
        )
    if kind.name in ("list", "tuple"):
        items = [_literal(item, part) for item, part in zip(value, _parts(value, kind), strict=True)]
        inside = ", ".join(items)
        return f"[{inside}]" if kind.name == "list" else f"({inside}{',' if len(items) == 1 else ''})"
    return repr(value)


def _parts(value, kind: Kind) -> list[Kind]:
    if kind.name == "list" or kind.args[-1:] == (...,):
        return [kind.args[0]] * len(value)
    return list(kind.args)


#: How a value is marked in JSON whose type could not be told from its text.
_MARKED = {"$date": dt.date, "$datetime": dt.datetime, "$Path": Path}


def encode(value, kind: Kind | None = None):
    """A checked value as JSON: dates and paths become text, tuples lists; the declared type tells which.

    Where a union leaves it open (``str | date``), the text is marked with its type.
    """
    if kind is not None and kind.name == "union":
        plain = encode(value, _fitting(value, kind))
        back = decode(plain, kind)
        if type(back) is type(value) and back == value:
            return plain
        name = "Path" if isinstance(value, PurePath) else type(value).__name__
        return {f"${name}": plain} if f"${name}" in _MARKED else plain
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, (list, tuple)):
        parts = _parts(value, kind) if kind is not None else [None] * len(value)
        return [encode(item, part) for item, part in zip(value, parts, strict=True)]
    if isinstance(value, dict):
        part = kind.args[0] if kind is not None else None
        return {key: encode(item, part) for key, item in value.items()}
    return value


def _unmarked(value):
    """A marked value of JSON as what it is; anything else as it stands."""
    if type(value) is dict and len(value) == 1:
        ((mark, text),) = value.items()
        if mark in _MARKED and type(text) is str:
            maker = _MARKED[mark]
            try:
                return maker(text) if maker is Path else maker.fromisoformat(text)
            except ValueError:
                return value
    return value


def decode(value, kind: Kind):
    """A value of JSON or TOML as the declared type wants it; what cannot be converted stays as it is."""
    if kind.name == "union":
        value = _unmarked(value)
        if not refusal(value, kind):
            return value
        options = [decode(value, part) for part in kind.args]
        fits = [o for o, part in zip(options, kind.args, strict=True) if not refusal(o, part)]
        return fits[0] if fits else value
    if kind.name == "float" and type(value) is int:
        return float(value) if abs(value) <= 2**53 else value  # larger ones would not stay what they are
    if kind.name in DATES and type(value) is str:
        try:
            return DATES[kind.name].fromisoformat(value)
        except ValueError:
            return value
    if kind.name == "Path" and type(value) is str:
        return Path(value)
    if kind.name == "dict" and type(value) is dict:
        return {key: decode(item, kind.args[0]) for key, item in value.items()}
    if kind.name in ("list", "tuple") and type(value) in (list, tuple):
        parts = _parts(value, kind)
        items = [decode(item, part) for item, part in zip(value, parts, strict=False)] + list(
            value[len(parts) :]
        )
        return items if kind.name == "list" else tuple(items)
    return value


def parse_text(text: str, kind: Kind):
    """A value typed on the command line; what cannot be read stays text and is refused by the check.

    Lists are separated by commas or 、; a number with a leading zero is no number.

    Examples
    --------
    >>> parse_text("010000", Kind("int")), parse_text("3", Kind("int"))
    ('010000', 3)
    >>> parse_text("南京、苏州", Kind("list", (Kind("str"),)))
    ['南京', '苏州']
    """
    if kind.name == "union":
        options = [(parse_text(text, part), part) for part in kind.args]
        return next((value for value, part in reversed(options) if not refusal(value, part)), text)
    if kind.name == "None":
        return None if text.lower() in ("", "none", "无") else text
    if kind.name == "bool":
        return text.lower() in _TRUE if text.lower() in _TRUE | _FALSE else text
    if kind.name == "int":
        return int(text) if re.fullmatch(r"[+-]?(0|[1-9][0-9]{0,18})", text) else text
    if kind.name == "float":
        return (
            float(text) if re.fullmatch(r"[+-]?[0-9]{1,300}(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?", text) else text
        )
    if kind.name in ("list", "tuple"):
        items = [item.strip() for item in re.split("[,，、]", text)] if text.strip() else []
        parts = _parts(items, kind) + [Kind("str")] * len(items)
        items = [parse_text(item, part) for item, part in zip(items, parts, strict=False)]
        return items if kind.name == "list" else tuple(items)
    if kind.name == "literal":
        return next((option for option in kind.args if str(option) == text), text)
    if kind.name == "dict":
        try:
            return decode(json.loads(text), kind)
        except ValueError:
            return text
    return decode(text, kind)
