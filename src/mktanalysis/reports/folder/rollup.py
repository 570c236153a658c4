"""The tables of all reports of a run put together: one workbook of all, a csv of what several reports have.

Always holds: a head says its unit, also in a csv; a row says which report it comes from; figures are taken
from the engine's records and tables from published files whose hash is recorded; nothing is computed here.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from ... import words
from ...files import csv_bytes, digest, write_atomic
from ..names import slug
from ..one.workbook import read_published
from .mark import FIGURES, TABLES
from .run import Run
from .store import Store


def write_rollup(rows: list[Run], store: Store, place: Path) -> tuple[list[dict], list[str]]:
    """Write ``figures.xlsx``, ``tables/figures-<notebook>.csv`` and ``tables/<name>.csv`` over all reports.

    The workbook holds the key figures and every published table, those of one report too; a csv is written of
    what several reports have.

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
    sheets, units, written = _write_figures(rows, store, place)
    lost = []
    names: dict[str, dict] = {}
    for row in rows:
        for table in row.tables:
            names.setdefault(table["name"], {"title": table["title"], "of": []})["of"].append(row)
    for name, found in names.items():
        try:
            title = found["title"] if found["title"] not in sheets else f"{found['title']}（{name}）"
            sheets[title], units[title] = _sheet(name, found["of"], store)
            if len(found["of"]) > 1:
                written.append(_write_table(name, found, store, place))
        except (ValueError, csv.Error, FileNotFoundError) as error:
            lost.append(f"表 {name} 没有汇总：{type(error).__name__}")
    return [*_write_book(place, sheets, units), *written], lost


def _write_book(place: Path, sheets: dict, units: dict) -> list[dict]:
    """The one workbook of everything."""
    if not sheets:
        return []
    from ...io import write_xlsx

    write_xlsx(place / FIGURES, sheets, units=units)
    rows = sum(map(len, sheets.values()))
    return [{"file": FIGURES, "title": f"全部表格（xlsx，{len(sheets)} 张）", "rows": rows}]


def _sheet(name: str, rows: list[Run], store: Store):
    """A published table of all reports in base units, and column -> unit."""
    import pandas as pd

    parts = []
    units = {}
    for row in rows:
        meta = next(table for table in row.tables if table["name"] == name)
        heads = {column: words.label(column) for column in meta["columns"]}
        table = read_published(store.folder / row.report, meta).rename(columns=heads)
        table.insert(0, "报告", row.title)
        parts.append(table)
        units |= {heads[column]: unit for column, unit in meta["units"].items()}
    return pd.concat(parts, ignore_index=True), units


def _write_figures(rows: list[Run], store: Store, place: Path) -> tuple[dict, dict, list[dict]]:
    """Key figures of every notebook with several reports: sheets, their units, and a csv each."""
    by_notebook: dict[str, list[Run]] = {}
    for row in rows:
        by_notebook.setdefault(row.key, []).append(row)
    several = {key: of for key, of in by_notebook.items() if len(of) > 1 and any(map(_values, of))}
    from ...io import write_csv

    sheets = {}
    units = {}
    written = []
    files = set()
    for key, of in several.items():
        frame, own = _figures(of)
        file = f"{TABLES}/figures-{slug(key)}.csv"
        if file in files:  # two names that differ in signs only
            file = f"{TABLES}/figures-{slug(key)}-{digest(key)[:6]}.csv"
        files.add(file)
        file = store.free_name(file)
        heads = {column: f"{column}（{unit}）" for column, unit in own.items()}
        write_csv(place / file, frame.rename(columns=heads))
        title = f"关键数字 {key}" if len(several) > 1 else "关键数字"
        sheets[title] = frame
        units[title] = own
        written.append({"file": file, "title": title, "rows": len(frame)})
    return sheets, units, written


def _figures(rows: list[Run]):
    """A row a report, a column a parameter or a figure with its interval; series stay in the reports."""
    import pandas as pd

    labels: dict[str, dict] = {}
    for row in rows:
        for figure in row.figures:
            if not isinstance(figure["value"], list):
                labels.setdefault(figure["name"], figure)
    parameters = list(dict.fromkeys(name for row in rows for name in row.parameters))
    table = {"报告": [row.title for row in rows]}
    table |= {words.label(name): [_text(row.parameters.get(name)) for row in rows] for name in parameters}
    units = {}
    for name, figure in labels.items():
        head = figure["label"] if figure["label"] not in table else f"{figure['label']}（{name}）"
        columns = {head: "value"} | {f"{head}{words.label(end)}": end for end in ("lower", "upper")}
        for column, part in columns.items():
            found = [_values(row, part).get(name) for row in rows]
            if part == "value" or any(value is not None for value in found):
                column += "（%）" if figure["unit"] == "%" else ""  # a spreadsheet would take it for a ratio
                table[column] = found
                units |= {column: figure["unit"]} if figure["unit"] not in ("", "%") else {}
    return pd.DataFrame(table).infer_objects(), units


def _values(row: Run, part: str = "value") -> dict:
    return {figure["name"]: figure.get(part) for figure in row.figures}


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
    merged = [["报告", *(f"参数 {words.label(key)}" for key in parameters), *columns]]
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
