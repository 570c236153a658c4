"""The panel that a command works on: built in and carried to today, or own.

Always holds: what carried the panel on is told before any result.
"""

from __future__ import annotations

from pathlib import Path

import typer


def carried_on(indicator: str, carried: bool):
    """The built-in panel carried to today, told in one line; None where nothing later is known."""
    from mktanalysis import load_regions
    from mktanalysis.china import bridge_panel, said
    from mktanalysis.china.today.years import BRIDGED

    if not carried or indicator not in BRIDGED:
        return None
    found = bridge_panel(indicator)
    typer.echo(said(found), err=True)
    names = load_regions().names(found.notes["region"]) if len(found.notes) else []
    for name, note in zip(names, found.notes.itertuples(), strict=True):
        typer.echo(f"说明：{name} {note.period}：{note.problem}", err=True)
    return found


def built_in(indicator: str):
    """Panel, breaks and display unit of a built-in indicator."""
    from mktanalysis import MktError, words
    from mktanalysis.china import load_breaks, load_panel

    if indicator not in words.indicators():
        raise MktError(f"没有指标 {indicator!r}，可用：retail_sales、gdp、registered_population")
    return load_panel(indicator), load_breaks(indicator), words.indicator(indicator)[1]


def own_panel(file: Path, tree, every: str = "month"):
    """Panel of an own sales file; shown in ten thousand yuan, no breaks known."""
    from .reading import own_table

    panel = own_table(file, kind="sales", tree=tree, every=every)[["region", "period", "value"]]
    known = panel.dropna(subset=["value"])
    per_region = known.groupby("region")["period"].agg(["size", "min", "max"])
    span = (known["period"].max() - known["period"].min()).n + 1
    short = per_region[per_region["size"] < span]
    if len(short):
        names = "、".join(tree.names(short.index[:8])) + ("等" if len(short) > 8 else "")
        typer.echo(
            f"说明：{len(short)} 个地区缺 {int((span - short['size']).sum())} 个数（{names}），"
            "按前后和上级的增长补上，不当作 0；不计入检验",
            err=True,
        )
    return panel, None, "万元"
