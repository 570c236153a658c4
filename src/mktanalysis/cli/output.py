"""What every command does with its result: a table on the screen, a file where one is asked for."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from mktanalysis.errors import MktError

#: A screen shows this many rows; a file gets them all.
SHOWN_ROWS = 40


def utf8_streams() -> None:
    """Chinese must print on a console or into a pipe whatever the locale says."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and (stream.encoding or "").lower().replace("-", "") != "utf8":
            stream.reconfigure(encoding="utf-8", errors="replace")


def show(table: pd.DataFrame, *, title: str, to: Path | None = None, units: dict | None = None) -> None:
    """Print `table`, and write all of it to `to` (.csv or .xlsx) where a path is given.

    Parameters
    ----------
    table : DataFrame
        The index is not shown: what matters is in columns.
    title : str
        Heading on the screen, sheet name in a spreadsheet.
    to : Path, optional
        Ending .csv (UTF-8 with BOM, so that Excel reads it) or .xlsx.
    units : dict, optional
        Column -> unit, shown beside the header.
    """
    check_target(to)
    _print(table, title, units or {})
    if to is not None:
        write(to, table, title=title, units=units)


def write(to: Path, table: pd.DataFrame, *, title: str, units: dict | None = None) -> None:
    """Write `table` to a .csv or .xlsx file, as :func:`show` does, and say so."""
    from mktanalysis.io import write_csv, write_xlsx

    if to.suffix.lower() == ".csv":
        write_csv(to, table)
    else:
        write_xlsx(to, {title[:31]: table}, units=units or {})
    print(f"已写入 {to}（{len(table)} 行）")


def check_target(to: Path | None) -> None:
    """Refuse a path that cannot be written before any work is done for it; None is no path."""
    if to is None:
        return
    if to.suffix.lower() not in (".csv", ".xlsx"):
        raise MktError(f"只能写成 .csv 或 .xlsx，而给出的是 {to.name!r}")
    if not to.parent.is_dir():
        raise MktError(f"文件夹不存在：{to.parent}；请先建立它")


def _print(table: pd.DataFrame, title: str, units: dict) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from mktanalysis import words

    grid = Table(title=Text(title), title_justify="left", header_style="bold")
    for name in table.columns:
        numeric = pd.api.types.is_numeric_dtype(table[name])
        unit = f"\n{units[name]}" if units.get(name) else ""
        grid.add_column(Text(f"{words.label(str(name))}{unit}"), justify="right" if numeric else "left")
    for row in table.head(SHOWN_ROWS).itertuples(index=False):
        grid.add_row(*(Text(_cell(value)) for value in row))  # Text: a name in brackets is no markup
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(grid)
    if len(table) > SHOWN_ROWS:
        console.print(f"只显示前 {SHOWN_ROWS} 行，共 {len(table)} 行；用 --to 文件名 写出全部")


def _cell(value) -> str:
    if not isinstance(value, str) and pd.isna(value):
        return "—"
    if isinstance(value, bool | np.bool_):
        return "是" if value else "否"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)
