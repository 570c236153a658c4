"""``mktanalysis study``: an analyst's own study, from its folder to one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Argument(help="研究的文件夹，默认当前文件夹")]
From = Annotated[
    list[str] | None, typer.Option("--from", help="再拷入随软件的笔记本：编号或名称，可写多次，如 05")
]
Title = Annotated[str, typer.Option(help="研究的标题，默认文件夹的名称")]
Example = Annotated[bool, typer.Option("--example", help="放入一家虚构公司的数据，马上可以运行")]
Jobs = Annotated[int, typer.Option(min=1, help="同时运行几份")]
Force = Annotated[bool, typer.Option("--force", help="全部重做，没有变化的也不沿用")]
Timeout = Annotated[float, typer.Option(min=1, help="每份报告最多运行多少秒")]
Chosen = Annotated[
    list[str] | None,
    typer.Option("--set", help="笔记本的参数，可写多次：years=3，或只给一本 05.budget=2000000"),
]
To = Annotated[Path | None, typer.Option(help="写成这个 .zip，默认在研究文件夹旁边")]
Table = Annotated[Path | None, typer.Option("--to", help="写入 .csv 或 .xlsx")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(no_args_is_help=True, help="自己的研究：新建、核对、运行、封存、比较。")
    for command in (new, add, check, run, freeze, compare):
        group.command(command.__name__)(command)
    app.add_typer(group, name="study")


def new(
    folder: Annotated[Path, typer.Argument(help="新的文件夹")],
    source: From = None,
    title: Title = "",
    example: Example = False,
) -> None:
    """新建一个研究：study.toml、data、notebooks。

    例：mktanalysis study new 我的研究 --from 03

    例：mktanalysis study new 示例 --example
    """
    from mktanalysis.study import new_study

    study = new_study(folder, title=title, notebooks=tuple(source or ()), example=example)
    typer.echo(f"已新建 {study.folder.name}：")
    if not example:
        typer.echo("  1. 把自己的文件放进 data（空白模板：mktanalysis data template data/销售.xlsx）")
        typer.echo("  2. 在 study.toml 的 [files] 里写上它们")
    typer.echo(f"  核对：mktanalysis study check {folder}")
    typer.echo(f"  运行：mktanalysis study run {folder}")


def add(
    what: Annotated[str, typer.Argument(help="notebook")],
    name: Annotated[str, typer.Argument(help="笔记本的编号或名称，如 04")],
    folder: Folder = Path(),
) -> None:
    """把随软件的一本笔记本拷进研究，并在 study.toml 里加一章。

    例：mktanalysis study add notebook 04
    """
    from mktanalysis.errors import MktError
    from mktanalysis.study import add_notebook, open_study

    if what != "notebook":
        raise MktError(f"只能加 notebook，得到 {what!r}：mktanalysis study add notebook 04")
    path = add_notebook(open_study(folder), name)
    typer.echo(f"已加入 notebooks/{path.name}；参数写在 study.toml 的最后一章")


def check(folder: Folder = Path(), to: Table = None) -> None:
    """核对研究的文件和参数：读入多少行，说明和问题逐条列出；不运行。

    例：mktanalysis study check 我的研究
    """
    from mktanalysis.study import check_study, open_study

    from .output import check_target, show

    check_target(to)
    found = check_study(open_study(folder))
    columns = ["file", "kind", "rows", "ok", "note"]
    show(found, columns=columns, title="核对", kind="study_files", to=to)
    if not found["ok"].all():
        raise typer.Exit(1)


def run(
    folder: Folder = Path(),
    jobs: Jobs = 1,
    chosen: Chosen = None,
    force: Force = False,
    timeout: Timeout = 900.0,
) -> None:
    """先核对文件，再运行全部报告，写出 out/index.html；没有变化的沿用。

    例：mktanalysis study run 我的研究 --jobs 2

    例：mktanalysis study run 我的研究 --set 05.budget=2000000
    """
    from collections import Counter

    from mktanalysis.reports.folder.pdf import print_plans
    from mktanalysis.reports.one.job import STATUSES
    from mktanalysis.reports.run.batch import Settings
    from mktanalysis.study import open_study, run_study

    study = open_study(folder)
    settings = Settings(jobs=jobs, timeout=timeout)
    rows = run_study(study, jobs=jobs, force=force, settings=settings, chosen=tuple(chosen or ()))
    if problem := print_plans(rows, study.out, jobs=jobs):
        typer.echo(f"说明：{problem}", err=True)
    bad = [row for row in rows if row.failed]
    for row in bad:
        typer.secho(f"{STATUSES[row.status]}：{row.title}  {row.message}", fg=typer.colors.RED, err=True)
    count = Counter(row.status for row in rows)
    typer.echo(f"共 {len(rows)} 份：{count['done']} 份新做，{count['kept']} 份沿用，{len(bad)} 份没有完成")
    typer.echo(f"用浏览器打开 {folder / 'out' / 'index.html'}")
    if bad:
        raise typer.Exit(1)


def freeze(folder: Folder = Path(), to: To = None) -> None:
    """封存：数据、笔记本、参数、版本和结果的校验值装进一个 zip，别人解开就能重算。

    例：mktanalysis study freeze 我的研究 --to 我的研究.zip
    """
    from mktanalysis.study import freeze_study, open_study

    path = freeze_study(open_study(folder), to)
    typer.echo(f"已封存为 {path}；解开后用 mktanalysis study run 文件夹 重算")


def compare(
    a: Annotated[Path, typer.Argument(help="研究的文件夹")],
    b: Annotated[Path, typer.Argument(help="另一个研究的文件夹")],
    to: Table = None,
) -> None:
    """比较两个研究：数据、笔记本、参数、软件、结果有什么不同。

    例：mktanalysis study compare 我的研究 上月的研究
    """
    from mktanalysis.study import compare_studies

    from .output import check_target, show

    check_target(to)
    found = compare_studies(a, b)
    if found.empty:
        typer.echo("没有不同")
        return
    show(found.rename(columns={"a": a.name or "a", "b": b.name or "b"}), title="比较", to=to)
