"""The formatted workbook of a report, and reading its csv tables back.

Always holds: the workbook holds exactly the published csv tables, a sheet each, in the order they were
published; how cells are formatted and kept inert is `mktanalysis.io`'s business.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ... import words
from ...io.write import write_xlsx


def read_published(folder: Path, meta: dict) -> pd.DataFrame:
    """A published csv with the types it was published with; dates and periods are text.

    Parameters
    ----------
    folder : Path
        The report's folder.
    meta : dict
        The table's entry in the report's record.
    """
    kinds = dict(zip(meta["columns"], meta["kinds"], strict=True))
    text = {column: "str" for column, kind in kinds.items() if kind not in ("number", "integer", "flag")}
    path = folder / "tables" / f"{meta['name']}.csv"
    table = pd.read_csv(path, dtype=text, encoding="utf-8-sig", keep_default_na=False, na_values=[""])
    if table.shape[1] != len(meta["columns"]):
        raise ValueError(f"{path.name}: {table.shape[1]} columns, {len(meta['columns'])} recorded")
    table.columns = meta["columns"]
    return table


def write_workbook(path: Path, folder: Path, tables: list[dict]) -> None:
    """Write the csv tables of the report in `folder` as one xlsx with Chinese headers and units."""
    sheets = {}
    units = {}
    for meta in tables:
        title = meta["title"] if meta["title"] not in sheets else f"{meta['title']}（{meta['name']}）"
        heads = {column: words.label(column) for column in meta["columns"]}
        sheets[title] = read_published(folder, meta).rename(columns=heads)
        units[title] = {heads[column]: unit for column, unit in meta["units"].items()}
    write_xlsx(path, sheets, units=units)
