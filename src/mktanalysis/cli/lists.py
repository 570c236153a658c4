"""Showing a list in words; what reads one stands in `mktanalysis.io.lists`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mktanalysis.io.lists import Field, read_list

__all__ = ["Field", "read_list", "show_words", "tell_notes"]


def show_words(table: pd.DataFrame, *, title: str = "", tree=None, to: Path | None = None) -> None:
    """Print a table as ``present`` shows it, and write all of it, in base units, where a path is given."""
    from .output import show

    show(table, title=title or "表", tree=tree, to=to)


def tell_notes(table: pd.DataFrame) -> pd.DataFrame:
    """Print what was decided while a list was read; returns the list."""
    import typer

    for note in table.attrs.get("notes", ()):
        typer.echo(f"说明：{note}", err=True)
    return table
