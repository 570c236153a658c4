"""Writing the tables: sorted by key, UTF-8, LF, so that the same figures give the same bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

from mktanalysis.schemas import Schema, read_schemas

HEADER = """# Data dictionary

Written by `scripts/compile_data.py` from `tables.toml` and the tables: change those, not this file.

All tables are CSV (UTF-8, LF); codes are text of six digits, a missing figure is an empty cell, money is
in yuan, heads are in persons, shares lie between 0 and 1. `mktanalysis.load_table(name)` reads a table with
the right types, `mktanalysis data check` compares the files with `manifest.csv` and the schemas.

"""


def write(tables: dict[str, pd.DataFrame], *, schemas: Path, out: Path) -> None:
    """Write the tables, ``manifest.csv`` and ``README.md`` to the folder `out`."""
    known = read_schemas(schemas)
    assert list(known) == list(tables), f"tables.toml and the script differ: {set(known) ^ set(tables)}"
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, table in tables.items():
        text = to_csv(table, known[name])
        path = out / f"{name}.csv"
        path.write_bytes(text)
        rows.append((name, path.name, len(table), hashlib.sha256(text).hexdigest()))
    manifest = pd.DataFrame(rows, columns=["table", "file", "rows", "sha256"])
    (out / "manifest.csv").write_bytes(manifest.to_csv(index=False, lineterminator="\n").encode())
    (out / "README.md").write_bytes(dictionary(known, manifest).encode())


def to_csv(table: pd.DataFrame, schema: Schema) -> bytes:
    """The bytes of one table: the schema's columns in order, rows sorted by the key."""
    columns = [column.name for column in schema.columns]
    assert set(columns) == set(table.columns), f"{schema.name}: {set(columns) ^ set(table.columns)}"
    ordered = table[columns].sort_values(list(schema.key), kind="stable", na_position="first")
    texts = {column.name: _texts(ordered[column.name], column.dtype) for column in schema.columns}
    return pd.DataFrame(texts).to_csv(index=False, lineterminator="\n").encode("utf-8")


def _texts(values: pd.Series, dtype: str) -> pd.Series:
    """A column as texts: whole numbers without a point, others with up to ten digits, flags in lower case."""
    if dtype == "flag":
        return values.map({True: "true", False: "false"})
    if dtype in ("number", "integer"):
        return values.map(
            lambda v: "" if pd.isna(v) else f"{v:.0f}" if float(v).is_integer() else f"{v:.10g}"
        )
    return values.astype(object).where(values.notna(), "")


def dictionary(schemas: dict[str, Schema], manifest: pd.DataFrame) -> str:
    """The text of ``README.md``."""
    rows = manifest.set_index("table")["rows"]
    lines = [HEADER + "| table | rows | what |", "|---|---:|---|"]
    lines += [
        f"| [`{name}`](#{name}) | {rows[name]:,} | {schema.title} |" for name, schema in schemas.items()
    ]
    for name, schema in schemas.items():
        lines += ["", f"## {name}", "", f"{schema.title}.", ""]
        lines += [
            f"- Source: {schema.source}",
            f"- Licence: {schema.licence}",
            f"- Key: {', '.join(schema.key)}",
        ]
        lines += [f"- Notes: {schema.notes}"] if schema.notes else []
        lines += ["", "| column | type | unit | definition |", "|---|---|---|---|"]
        lines += [f"| {c.name} | {c.dtype} | {c.unit} | {_definition(c)} |" for c in schema.columns]
    return "\n".join(lines) + "\n"


def _definition(column) -> str:
    words = [column.definition]
    if column.values:
        words.append("one of: " + ", ".join(column.values))
    if column.low is not None or column.high is not None:
        low = "" if column.low is None else f"{column.low:g}"
        words.append(f"bounds [{low}, {'' if column.high is None else f'{column.high:g}'}]")
    if column.nullable:
        words.append("may be empty")
    return "; ".join(words)
