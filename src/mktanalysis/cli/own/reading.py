"""An analyst's own file in any command: the options of its reading, and what was decided while it was read.

Always holds: every command that reads a file has the same options, and prints every note of the reader.
"""

from __future__ import annotations

import functools
import inspect
import sys
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

    from mktanalysis.regions import RegionTree

#: This many notes on a file are printed; a file with more is told so.
SHOWN_NOTES = 12
_PANEL = "读取文件"

Sheet = Annotated[
    str | None, typer.Option("--sheet", help="工作表名，默认唯一有数据的一张", rich_help_panel=_PANEL)
]
Outliers = Annotated[
    bool, typer.Option("--allow-outliers", help="数量级可疑的数字也放行", rich_help_panel=_PANEL)
]
Negative = Annotated[
    bool, typer.Option("--allow-negative", help="允许负数（退货多于销售）", rich_help_panel=_PANEL)
]
Sum = Annotated[bool, typer.Option("--sum", help="同一地区、同一时期的几行相加", rich_help_panel=_PANEL)]
Upper = Annotated[
    str,
    typer.Option(
        "--upper",
        help="上级的行与所列下级之和不等时：ask 报错，total 它含下级（差额留作其余），rest 它不含下级",
        rich_help_panel=_PANEL,
    ),
]
Areas = Annotated[
    Path | None,
    typer.Option(
        "--areas", help="自有销售区域（列 销售区域、城市）：作为大区，取代内置的", rich_help_panel=_PANEL
    ),
]
_OPTIONS = {"sheet": (Sheet, None), "allow_outliers": (Outliers, False)}
_OPTIONS |= {"allow_negative": (Negative, False), "sum_rows": (Sum, False), "upper": (Upper, "ask")}
_OPTIONS |= {"areas": (Areas, None)}
_CHOSEN: ContextVar[dict | None] = ContextVar("reading", default=None)


def reads_files(command: Callable) -> Callable:
    """Give a command the options of reading; :func:`own_table` uses them for each file that it reads."""
    return with_options(command, _OPTIONS, _reading)


@contextmanager
def _reading(**chosen) -> Iterator[None]:
    token = _CHOSEN.set(chosen)
    try:
        yield
    finally:
        _CHOSEN.reset(token)


def with_options(command: Callable, options: dict, around: Callable) -> Callable:
    """Give a command more options; it runs inside ``around(**chosen)``.

    Parameters
    ----------
    command : callable
    options : dict
        Name -> annotation for typer, default. Those that the command has itself stay its own.
    around : callable
        Takes the chosen options, returns a context manager.
    """
    signature = inspect.signature(command)
    extra = {name: option for name, option in options.items() if name not in signature.parameters}

    @functools.wraps(command)
    def wrapped(**given):
        with around(**{name: given.pop(name) for name in extra}):
            return command(**given)

    kind = inspect.Parameter.KEYWORD_ONLY
    added = [
        inspect.Parameter(name, kind, default=default, annotation=annotation)
        for name, (annotation, default) in extra.items()
    ]
    hints = typing.get_type_hints(command, include_extras=True)
    own = [
        parameter.replace(kind=kind, annotation=hints.get(name, parameter.annotation))
        for name, parameter in signature.parameters.items()
    ]
    called = signature.replace(parameters=[*own, *added])
    wrapped.__signature__ = called  # type: ignore[attr-defined]  # what typer reads
    wrapped.__annotations__ = hints | {name: annotation for name, (annotation, _) in extra.items()}
    return wrapped


def own_table(
    file: Path, *, kind: str, tree=None, sheet: str | None = None, every: str = "month"
) -> pd.DataFrame:
    """Read an analyst's own file, and print what was decided while reading: skipped columns, inferred names.

    Parameters and errors as for :func:`mktanalysis.read_table`; `tree` defaults to the built-in one. The
    options of the command that runs apply.
    """
    import warnings

    import mktanalysis as mkt

    chosen = dict(_CHOSEN.get() or {})
    chosen.pop("areas", None)  # of the tree, not of a file
    options = {"check_magnitude": not chosen.pop("allow_outliers", False), **chosen}
    options["every"] = every
    options["sheet"] = sheet or options.get("sheet")
    with warnings.catch_warnings(record=True):  # a total that does not add up stands among the notes too
        warnings.simplefilter("always")
        table = mkt.read_table(file, kind=kind, tree=tree or mkt.load_regions(), **options)
    tell(file.name, table.attrs.get("notes", ()))
    return table


def own_tree() -> RegionTree:
    """The built-in tree, with own sales areas as its macro-regions where ``--areas`` names a file."""
    import mktanalysis as mkt
    from mktanalysis.io import tree_with_areas

    tree = mkt.load_regions()
    file = (_CHOSEN.get() or {}).get("areas")
    if file is None:
        return tree
    areas = mkt.read_table(file, kind="areas", tree=tree)
    tell(file.name, areas.attrs.get("notes", ()))
    return tree_with_areas(tree, areas)


def tell(name: str, notes: tuple[str, ...]) -> None:
    """Print the notes on a file, beside the result."""
    for note in notes[:SHOWN_NOTES]:
        print(f"说明（{name}）：{note}", file=sys.stderr)
    if len(notes) > SHOWN_NOTES:
        more = len(notes) - SHOWN_NOTES
        print(f"说明（{name}）：另有 {more} 条，见 mktanalysis data check {name}", file=sys.stderr)
