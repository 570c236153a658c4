"""What every command does with its result: a table on the screen, a file where one is asked for."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pandas as pd

from mktanalysis.errors import MktError

#: A screen shows this many rows; a file gets them all.
SHOWN_ROWS = 40
#: Into a pipe or a file a line is folded at this width.
PIPE_WIDTH = 160


def utf8_streams() -> None:
    """Chinese must print on a console or into a pipe whatever the locale says."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and (stream.encoding or "").lower().replace("-", "") != "utf8":
            stream.reconfigure(encoding="utf-8", errors="replace")


def show(table, *, title: str, to: Path | None = None, **how) -> None:
    """Print a table as ``mkt.present`` shows it, and write all of it to `to` where a path is given.

    Parameters
    ----------
    table : DataFrame or Series
        Base units; the index is not shown unless it is named.
    title : str
        Heading on the screen, sheet name in a spreadsheet.
    to : Path, optional
        Ending .csv (UTF-8 with BOM, so that Excel reads it) or .xlsx; base units under Chinese heads.
    **how
        Of ``mkt.present``: columns, tree, money, units, intervals, kind.
    """
    from mktanalysis.presentation import present

    check_target(to)
    shown = present(table, rows=SHOWN_ROWS, title=title, **how)
    tell(shown)
    if to is not None:
        write_tables(to, {title: shown})


def tell(shown) -> None:
    """Print what ``mkt.present`` returned; prose is folded to the width of the terminal."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_WIDTH
    print(shown.text(width=width) + ("；用 --to 文件名 写出全部" if shown.note else ""))


def write(to: Path, table: pd.DataFrame, *, title: str, **how) -> None:
    """Write `table` to a .csv or .xlsx file, as :func:`show` does, and say so."""
    from mktanalysis.presentation import present

    write_tables(to, {title: present(table, title=title, **how)})


def write_tables(to: Path, shown: dict) -> None:
    """Write what ``mkt.present`` returned, all to .xlsx, the first to .csv, and say so."""
    from mktanalysis.io import write_csv, write_xlsx

    first = next(iter(shown.values()))
    if to.suffix.lower() == ".csv":
        write_csv(to, first.written())
    else:
        sheets = {title[:31]: found.sheet() for title, found in shown.items()}
        write_xlsx(to, sheets, units={title[:31]: found.units() for title, found in shown.items()})
    print(f"已写入 {to}（{len(first.table)} 行）")


def check_target(to: Path | None) -> None:
    """Refuse a path that cannot be written before any work is done for it; None is no path."""
    if to is None:
        return
    if to.suffix.lower() not in (".csv", ".xlsx"):
        raise MktError(f"只能写成 .csv 或 .xlsx，而给出的是 {to.name!r}")
    if not to.parent.is_dir():
        raise MktError(f"文件夹不存在：{to.parent}；请先建立它")
