"""Targets and seasons as commands read them: from own files, or built in.

Always holds: a region whose figures allow no season is named, the others go on.
"""

from __future__ import annotations

from pathlib import Path

import typer


def amounts(table, file: Path):
    """Targets with a value; floors and ceilings are not plans."""
    from mktanalysis import MktError

    if "value" not in table or table["value"].isna().all():
        raise MktError(f"{file.name} 没有目标额：需要一列，如 计划(万元)、任务(万元)")
    return table.dropna(subset=["value"])[["region", "period", "value"]]


def index_of(file: Path | None, combine: bool):
    """Seasonal index of an own file, or of national retail sales by month."""
    from mktanalysis import load_regions
    from mktanalysis.china import national_months
    from mktanalysis.schemas import season_of

    from .reading import own_table

    panel = national_months() if file is None else own_table(file, kind="sales", tree=load_regions())
    return _indices(panel, combine_spring_festival=combine and season_of(panel["period"].dtype) == 12)


def _indices(panel, *, combine_spring_festival: bool):
    """Seasonal indices of the regions that have one; the others are listed with the reason."""
    import pandas as pd

    from mktanalysis import MktError
    from mktanalysis.planning import seasonal_index

    tables = []
    left: dict[str, list[str]] = {}
    for region, part in panel.groupby("region"):
        try:
            tables.append(seasonal_index(part, combine_spring_festival=combine_spring_festival))
        except MktError as error:
            left.setdefault(str(error).split("：", 1)[-1], []).append(str(region))
    for reason, regions in left.items():
        names = "、".join(regions[:8]) + ("等" if len(regions) > 8 else "")
        typer.echo(f"说明：{len(regions)} 个地区没有季节指数（{reason}）：{names}", err=True)
    if not tables:
        raise MktError("没有一个地区能算季节指数：" + "；".join(left))
    return pd.concat(tables, ignore_index=True)
