"""The panel that a command works on: built in, with own newer figures over it, carried to today; or own.

Always holds: what own figures change and what carried the panel on is told before any result.
"""

from __future__ import annotations

from pathlib import Path

import typer


def carried_on(indicator: str, panel, carried: bool, *, own: bool):
    """The built-in panel carried to today, told in one line; None where nothing later is known."""
    from mktanalysis import load_regions
    from mktanalysis.china import bridge_panel, said
    from mktanalysis.china.years import BRIDGED

    if not carried or indicator not in BRIDGED:
        return None
    found = bridge_panel(indicator, panel=panel if own else None)
    typer.echo(said(found), err=True)
    names = load_regions().names(found.notes["region"]) if len(found.notes) else []
    for name, note in zip(names, found.notes.itertuples(), strict=True):
        typer.echo(f"说明：{name} {note.period}：{note.problem}", err=True)
    return found


def built_in(indicator: str, data: Path | None = None, tree=None):
    """Panel, breaks and display unit of a built-in indicator, own figures laid over it."""
    from mktanalysis import MktError, words
    from mktanalysis.china import load_breaks, load_panel

    if indicator not in words.indicators():
        raise MktError(f"没有指标 {indicator!r}，可用：retail_sales、gdp、registered_population")
    panel = load_panel(indicator)
    breaks = load_breaks(indicator)
    if data is not None:
        panel = _laid_over(panel, indicator, data, tree)
    return panel, breaks, words.indicator(indicator)[1]


def _laid_over(panel, indicator: str, data: Path, tree):
    """Own newer figures over the built-in panel; what they change is told."""
    from mktanalysis import MktError, overlay

    from .reading import own_table

    own = own_table(data, kind="indicators", tree=tree)
    own = own[own["indicator"] == indicator]
    if own.empty:
        raise MktError(f"{data.name} 中没有指标 {indicator}")
    found = overlay(panel, own[["region", "period", "value"]], tree=tree, source=data.name)
    typer.echo(f"{data.name}：{found.said()}", err=True)
    for row in found.breaks.itertuples():
        typer.echo(f"说明：{tree.names([row.region]).iloc[0]} {row.period}：{row.reason}", err=True)
    return found.table


def own_panel(file: Path, tree):
    """Panel of an own sales file; shown in ten thousand yuan, no breaks known."""
    from .reading import own_table

    panel = own_table(file, kind="sales", tree=tree)[["region", "period", "value"]]
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
