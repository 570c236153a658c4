"""Own newer figures in any command that uses the built-in ones: ``--data``, told before any result.

Always holds: what own figures change is printed, every changed published figure among it; a step that may be
another base stops the command until it is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from .reading import own_table, reads_files, tell, with_options

_PANEL = "自有新数"
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="自有新数（指标表：地区、年份、指标各列），覆盖在内置数上，如明年的年鉴、自己的调查",
        rich_help_panel=_PANEL,
    ),
]
Rebased = Annotated[
    str,
    typer.Option(
        "--rebased",
        help="自有新数与内置数衔接处变动异常时：ask 报错并列出，yes 换了口径（登记断点），no 确实变动",
        rich_help_panel=_PANEL,
    ),
]
_OPTIONS = {"data": (Data, None), "rebased": (Rebased, "ask")}


def uses_figures(command: Callable) -> Callable:
    """Give a command ``--data``: while it runs the analyst's newer figures are in force."""
    return reads_files(with_options(command, _OPTIONS, _in_force))


@contextmanager
def _in_force(data: Path | None, rebased: str) -> Iterator[None]:
    from mktanalysis import MktError
    from mktanalysis.china import own_figures, with_figures

    answers = {"ask": None, "yes": True, "no": False}
    if rebased not in answers:
        raise MktError(f"--rebased 应为 ask、yes 或 no，得到 {rebased!r}")
    if data is None:
        yield
        return
    figures = own_figures(own_table(data, kind="indicators"), source=data.name, rebased=answers[rebased])
    typer.echo(figures.said(), err=True)
    tell(data.name, tuple(_notes(figures)))
    with with_figures(figures):
        yield


def _notes(figures) -> Iterator[str]:
    """Every published figure that is changed, then the steps that were answered for."""
    from mktanalysis import load_regions, words

    names = load_regions().names()
    label = words.values("indicator")
    for row in figures.conflicts.itertuples():
        told = f"{names[row.region]} {row.period} 年{label.get(row.indicator, row.indicator)}"
        yield f"改动公布值：{told} {row.change:+.1%}"
    for row in figures.breaks.itertuples():
        yield f"{names.get(row.region, '全部城市')} {row.period}：{row.reason}"
