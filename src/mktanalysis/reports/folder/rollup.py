"""The tables of all reports of a run put together: one table of key figures, one of each published table.

Always holds: a row says which report it comes from; figures are taken from the engine's records and tables
from published files whose hash is recorded; nothing is computed here.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from ...files import csv_bytes, digest, write_atomic
from ..names import slug
from .mark import FIGURES, TABLES
from .run import Run
from .store import Store


def write_rollup(rows: list[Run], store: Store, place: Path) -> tuple[list[dict], list[str]]:
    """Write ``figures.xlsx``, ``tables/figures-<notebook>.csv`` and ``tables/<name>.csv`` over all reports.

    Parameters
    ----------
    rows : list of Run
    store : Store
        Where the reports are.
    place : path
        Where to write.

    Returns
    -------
    list of dict
        What was written: file, title, rows.
    list of str
        What could not be put together, and why.
    """
    rows = [row for row in rows if row.record is not None]
    written = _write_figures(rows, store, place)
    lost = []
    names: dict[str, dict] = {}
    for row in rows:
        for table in row.tables:
            names.setdefault(table["name"], {"title": table["title"], "of": []})["of"].append(row)
    for name, found in names.items():
        if len(found["of"]) > 1:
            try:
                written.append(_write_table(name, found, store, place))
            except (ValueError, csv.Error, FileNotFoundError) as error:
                lost.append(f"表 {name} 没有汇总：{type(error).__name__}")
    return written, lost


def _write_figures(rows: list[Run], store: Store, place: Path) -> list[dict]:
    """Key figures of every notebook with several reports: a csv each and a sheet of ``figures.xlsx``."""
    by_notebook: dict[str, list[Run]] = {}
    for row in rows:
        by_notebook.setdefault(row.key, []).append(row)
    several = {key: of for key, of in by_notebook.items() if len(of) > 1 and any(map(_values, of))}
    if not several:
        return []
    from ...io import write_csv, write_xlsx

    sheets = {}
    units = {}
    files = set()
    for key, of in several.items():
        frame, own = _figures(of)
        file = f"{TABLES}/figures-{slug(key)}.csv"
        if file in files:  # two names that differ in signs only
            file = f"{TABLES}/figures-{slug(key)}-{digest(key)[:6]}.csv"
        files.add(file)
        write_csv(place / store.free_name(file), frame)
        sheets[key] = frame
        units = units | own
    write_xlsx(place / FIGURES, sheets, units=units)
    return [{"file": FIGURES, "title": "关键数字", "rows": sum(map(len, sheets.values()))}]


def _figures(rows: list[Run]):
    """A row a report, a column a parameter or a figure; series stay in the reports."""
    import pandas as pd

    labels: dict[str, dict] = {}
    for row in rows:
        for figure in row.figures:
            if not isinstance(figure["value"], list):
                labels.setdefault(figure["name"], figure)
    parameters = list(dict.fromkeys(name for row in rows for name in row.parameters))
    table = {"报告": [row.title for row in rows]}
    table |= {name: [_text(row.parameters.get(name)) for row in rows] for name in parameters}
    units = {}
    for name, figure in labels.items():
        head = figure["label"] if figure["label"] not in table else f"{figure['label']}（{name}）"
        if figure["unit"] == "%":  # a spreadsheet would take it for a ratio
            head += "（%）"
        elif figure["unit"]:
            units[head] = figure["unit"]
        table[head] = [_values(row).get(name) for row in rows]
    return pd.DataFrame(table).infer_objects(), units


def _values(row: Run) -> dict:
    return {figure["name"]: figure["value"] for figure in row.figures}


def _text(value) -> str:
    return "" if value is None else value if isinstance(value, str) else str(value)


def _write_table(name: str, found: dict, store: Store, place: Path) -> dict:
    """One published table over all reports, the columns of all of them side by side."""
    columns: dict[str, None] = {}
    parts = []
    for row in found["of"]:
        text = (store.folder / row.report / TABLES / f"{name}.csv").read_text("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""))
        lines = list(reader)
        columns |= dict.fromkeys(reader.fieldnames or ())
        parts.append((row, lines))
    parameters = list(dict.fromkeys(key for row in found["of"] for key in row.parameters))
    merged = [["报告", *(f"参数 {key}" for key in parameters), *columns]]
    for row, lines in parts:
        start = [row.title, *(_text(row.parameters.get(key)) for key in parameters)]
        merged += [[*start, *(line.get(column, "") for column in columns)] for line in lines]
    file = store.free_name(f"{TABLES}/{name}.csv")
    write_atomic(place / file, csv_bytes(merged))
    return {
        "file": file,
        "title": f"{found['title']}（全部报告）",
        "rows": sum(len(lines) for _, lines in parts),
    }
