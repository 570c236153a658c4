"""The tables of all reports of a run put together: one table of key figures, one of each published table.

Always holds: a row says which report it comes from; figures are taken from the engine's records and tables
from published files whose hash is recorded; nothing is computed here.
"""

from __future__ import annotations

import csv
import io
import shutil

from ...files import csv_bytes, write_atomic
from ..names import slug
from .run import Run
from .store import Store

FOLDER = "tables"


def write_rollup(rows: list[Run], store: Store) -> list[dict]:
    """Write ``figures.xlsx``, ``tables/figures-<notebook>.csv`` and ``tables/<name>.csv`` over all reports.

    Returns
    -------
    list of dict
        What was written: file, title, rows.
    """
    rows = [row for row in rows if row.record is not None]
    shutil.rmtree(store.folder / FOLDER, ignore_errors=True)
    (store.folder / FOLDER).mkdir()
    written = _write_figures(rows, store)
    names: dict[str, dict] = {}
    for row in rows:
        for table in row.tables:
            names.setdefault(table["name"], {"title": table["title"], "of": []})["of"].append(row)
    return written + [
        _write_table(name, found, store) for name, found in names.items() if len(found["of"]) > 1
    ]


def _write_figures(rows: list[Run], store: Store) -> list[dict]:
    """Key figures of every notebook with several reports: a csv each and a sheet of ``figures.xlsx``."""
    by_notebook: dict[str, list[Run]] = {}
    for row in rows:
        by_notebook.setdefault(row.notebook, []).append(row)
    several = {notebook: of for notebook, of in by_notebook.items() if len(of) > 1 and any(map(_values, of))}
    if not several:
        return []
    from ...io import write_csv, write_xlsx

    sheets = {}
    units = {}
    for notebook, of in several.items():
        frame, own = _figures(of)
        stem = notebook.removesuffix(".ipynb")
        write_csv(store.folder / FOLDER / f"figures-{slug(stem)}.csv", frame)
        sheets[stem] = frame
        units = units | own
    write_xlsx(store.folder / "figures.xlsx", sheets, units=units)
    return [{"file": "figures.xlsx", "title": "关键数字", "rows": sum(map(len, sheets.values()))}]


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


def _write_table(name: str, found: dict, store: Store) -> dict:
    """One published table over all reports, the columns of all of them side by side."""
    columns: dict[str, None] = {}
    parts = []
    for row in found["of"]:
        text = (store.folder / row.report / "tables" / f"{name}.csv").read_text("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""))
        lines = list(reader)
        columns |= dict.fromkeys(reader.fieldnames or ())
        parts.append((row, lines))
    parameters = list(dict.fromkeys(key for row in found["of"] for key in row.parameters))
    merged = [["报告", *(f"参数 {key}" for key in parameters), *columns]]
    for row, lines in parts:
        start = [row.title, *(_text(row.parameters.get(key)) for key in parameters)]
        merged += [[*start, *(line.get(column, "") for column in columns)] for line in lines]
    write_atomic(store.folder / FOLDER / f"{name}.csv", csv_bytes(merged))
    return {
        "file": f"{FOLDER}/{name}.csv",
        "title": f"{found['title']}（全部报告）",
        "rows": sum(len(lines) for _, lines in parts),
    }
