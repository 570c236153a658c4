"""``mktanalysis data``: the built-in tables, their check, and a template for one's own data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .own import reads_files

Name = Annotated[str, typer.Argument(help="表名，见 mktanalysis data list")]
To = Annotated[Path | None, typer.Option(help="写成 .csv 或 .xlsx 文件（全部行）")]
Region = Annotated[str | None, typer.Option(help="只看这个地区：代码或名称")]
Indicator = Annotated[str | None, typer.Option(help="只看这个指标，如 retail_sales")]
Target = Annotated[Path, typer.Argument(help="要写的 .xlsx 文件")]
Kind = Annotated[
    str,
    typer.Option(
        help="数据种类：sales 销售额、volumes 销量、indicators 指标、"
        "targets 任务与预算、units 市场单元、penetration 渗透率、shares 本公司份额、"
        "openings 开业、stores 门店或经销商、customers 分类客户、flows 来往流量、"
        "areas 销售区域、auto 自动判断"
    ),
]
Level = Annotated[str, typer.Option(help="每行一个地区，层级：province、prefecture 或 county")]
Within = Annotated[str | None, typer.Option(help="只列这个地区之内的：代码或名称")]
Years = Annotated[list[int] | None, typer.Option("--year", help="年份，可写多次；不写则年份留空")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(no_args_is_help=True, help="内置数据：列表、查看、核对，以及自有数据的模板。")
    group.command("list")(list_)
    group.command("show")(show_)
    group.command("check")(reads_files(check))
    group.command("template")(template)
    app.add_typer(group, name="data")


def list_(to: To = None) -> None:
    """列出全部内置数据表：内容、行数、来源、许可。

    例：mktanalysis data list
    """
    from mktanalysis.datasets import list_tables

    from .output import show

    columns = ["table", "label", "rows", "source_label", "licence"]
    show(list_tables().reset_index(), columns=columns, title="内置数据表", to=to, kind="data_list")


def show_(name: Name, region: Region = None, indicator: Indicator = None, to: To = None) -> None:
    """查看一张内置表，可只看一个地区或一个指标。

    例：mktanalysis data show city_indicators --region 南京 --indicator retail_sales --to 南京.xlsx
    """
    from mktanalysis.datasets import load_table
    from mktanalysis.errors import MktError

    from .output import check_target, show

    check_target(to)
    table = load_table(name)
    for column, wanted in (("region", region), ("indicator", indicator)):
        if wanted is not None and column not in table.columns:
            raise MktError(f"表 {name!r} 没有 {column} 列，不能用 --{column} 筛选")
    if region is not None:
        table = table[table["region"].isin(_codes(region))]
    if indicator is not None:
        table = table[table["indicator"] == indicator]
    if table.empty:
        raise MktError(f"表 {name!r} 中没有符合条件的行")
    show(table, title=name, to=to)


def _codes(region: str) -> list[str]:
    """The region, and with a municipality its one city: 北京 means 110000 and 110100."""
    from mktanalysis.datasets import load_regions
    from mktanalysis.regions import resolve_names

    tree = load_regions()
    code = resolve_names([region], tree).iloc[0]
    below = tree.children(code)
    return [code, *below] if len(below) == 1 else [code]


def check(
    file: Annotated[Path | None, typer.Argument(help="自己的 .xlsx 或 .csv；不写则核对内置数据")] = None,
    kind: Kind = "sales",
    year: Annotated[int | None, typer.Option(help="按这一年的行政区划认地名，如 2009；默认今年")] = None,
    to: To = None,
) -> None:
    """核对数据：自己的文件能否读入（一次列出全部问题），或内置数据是否完好。

    例：mktanalysis data check 销售.xlsx --kind sales

    例：mktanalysis data check
    """
    if file is None:
        _check_built_in()
    else:
        from mktanalysis.datasets import load_regions

        from .output import show
        from .own import own_table

        tree = load_regions(year=year)
        table = own_table(file, kind=kind, tree=tree)
        show(table, tree=tree, kind=f"own_{kind}", title=f"{file.name}：可以读入", to=to)


def _check_built_in() -> None:
    from mktanalysis.datasets import check_data

    from .output import show

    found = check_data().reset_index()
    columns = ["table", "rows", "sha256_ok", "schema_ok", "problem"]
    show(found, columns=columns, title="内置数据核对")
    if not (found["sha256_ok"] & found["schema_ok"]).all():
        raise typer.Exit(1)


def template(
    path: Target,
    kind: Kind = "sales",
    level: Level = "prefecture",
    within: Within = None,
    year: Years = None,
) -> None:
    """写一个空白模板，填好后可用 read_table 读入。

    例：mktanalysis data template 销售.xlsx --kind sales --level county --within 江苏 --year 2024
    """
    from mktanalysis.datasets import load_regions
    from mktanalysis.io import write_template
    from mktanalysis.regions import resolve_names

    from .output import check_target

    check_target(path)
    tree = load_regions()
    if within is not None:
        tree = tree.subtree(resolve_names([within], tree).iloc[0])
    write_template(path, kind=kind, tree=tree, level=level, years=year)
    print(f"已写入模板 {path}")
