"""``mktanalysis report``: list, show, plan, run and verify reports."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

Spec = Annotated[
    str, typer.Argument(help="报告清单（toml 文件），或随软件提供的名称：china、national、provinces")
]
Notebook = Annotated[str, typer.Argument(help="笔记本的文件，或名称如 05_province_plan")]


def _folder(text: str | Path) -> Path:
    """A folder that was named; an empty text is no name of the current one."""
    if not str(text).strip():
        raise typer.BadParameter("没有给出文件夹")
    return Path(text)


Out = Annotated[
    Path, typer.Option(parser=_folder, metavar="FOLDER", help="输出文件夹：新的、空的，或以前的输出")
]
Jobs = Annotated[int, typer.Option(min=1, help="同时运行几份")]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="只重跑上次没有完成的")]
Force = Annotated[bool, typer.Option("--force", help="全部重做，没有变化的也不沿用")]
Timeout = Annotated[float, typer.Option(min=1, help="每份报告最多运行多少秒")]
Memory = Annotated[int, typer.Option(min=64, help="每份报告最多再占用多少 MB 内存")]
Scheduler = Annotated[str, typer.Option(help="dask 调度器地址，如 tcp://10.0.0.5:8786；给出时由集群来做")]
Pdf = Annotated[
    bool | None,
    typer.Option(
        "--pdf/--no-pdf",
        help="每份另存 pdf（需要本机装有 Chromium 或 Chrome）；不写时，有浏览器就只给计划书另存",
    ),
]
Folder = Annotated[Path, typer.Argument(help="一份报告的文件夹，或整个输出文件夹")]
Notebooks = Annotated[Path | None, typer.Option(help="笔记本（和它旁边的模块、文件）所在的文件夹")]
Runner = Annotated[str, typer.Option(help="运行方式：auto、fork 或 papermill")]


Chosen = Annotated[
    list[str] | None,
    typer.Option("--set", help="笔记本的参数，可写多次：years=3，或只给一本 05.budget=2000000"),
]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(no_args_is_help=True, help="批量报告：查看清单、运行、核对。")
    group.command("list")(list_specs)
    group.command("show")(show_notebook)
    group.command("plan")(plan_spec)
    group.command("run")(run_spec)
    group.command("verify")(verify)
    app.add_typer(group, name="report")


def list_specs() -> None:
    """列出随软件提供的报告清单和笔记本。

    例：mktanalysis report list
    """
    import json

    from mktanalysis.files import project_folder
    from mktanalysis.reports.plan.spec import notebook_title, read_spec

    typer.echo("报告清单（用 mktanalysis report run 名称 运行）：")
    for path in sorted(project_folder("specs").glob("*.toml")):
        plan = read_spec(path)
        typer.echo(f"  {path.stem:<14} {plan.title}（{len(plan.reports)} 份）")
    typer.echo("笔记本（用 mktanalysis report show 名称 看参数）：")
    for path in sorted(project_folder("notebooks").glob("*.ipynb")):
        typer.echo(f"  {path.stem:<24} {notebook_title(json.loads(path.read_text('utf-8')))}")


def show_notebook(notebook: Notebook) -> None:
    """显示一本笔记本的参数：名称、类型、默认值和说明。

    例：mktanalysis report show 05_province_plan
    """
    from mktanalysis.errors import MktError
    from mktanalysis.reports.plan.finding import find_notebook, no_notebook
    from mktanalysis.reports.plan.parameters import read_parameters
    from mktanalysis.reports.plan.spec import notebook_title, read_notebook

    path = find_notebook(notebook, Path.cwd())
    if path is None:
        raise MktError(no_notebook(notebook))
    _, cells = read_notebook(path)
    typer.echo(notebook_title(cells) or path.stem)
    for parameter in read_parameters(cells).values():
        typer.echo(f"  {parameter.name}: {parameter.kind} = {parameter.default!r}  {parameter.help}")


def plan_spec(spec: Spec, out: Out = Path("reports/out"), jobs: Jobs = 2, chosen: Chosen = None) -> None:
    """列出一份清单会产生的全部报告，并预计时间和磁盘；不运行。

    例：mktanalysis report plan provinces
    """
    from mktanalysis.reports.plan.spec import read_spec
    from mktanalysis.reports.run.estimate import estimate_run

    plan = read_spec(spec, chosen or ())
    typer.echo(f"{plan.title}：{len(plan.reports)} 份报告")
    for report in plan.reports:
        typer.echo(f"  {report.part}  {report.title}")
    typer.echo(estimate_run(plan, out, jobs=jobs).text())


def run_spec(
    spec: Spec,
    out: Out = Path("reports/out"),
    jobs: Jobs = 2,
    chosen: Chosen = None,
    retry_failed: RetryFailed = False,
    force: Force = False,
    timeout: Timeout = 900.0,
    memory: Memory = 4096,
    runner: Runner = "auto",
    scheduler: Scheduler = "",
    pdf: Pdf = None,
) -> None:
    """运行一份清单：没有变化的报告沿用，其余重做；最后打开 index.html 看结果。

    例：mktanalysis report run provinces --jobs 2 --out reports/out

    例：mktanalysis report run provinces --set 05.province=320000
    """
    from mktanalysis.reports.folder.pdf import print_plans, print_reports
    from mktanalysis.reports.one.job import NOT_RUN, STATUSES
    from mktanalysis.reports.plan.spec import read_spec
    from mktanalysis.reports.run.batch import Settings, run_rows, was_interrupted
    from mktanalysis.reports.run.estimate import estimate_run

    settings = Settings(jobs=jobs, timeout=timeout, memory_mb=memory, runner=scheduler or runner)
    plan = read_spec(spec, chosen or ())
    typer.echo(estimate_run(plan, out, jobs=jobs).text())
    rows = run_rows(plan, out_dir=out, jobs=jobs, only_failed=retry_failed, force=force, settings=settings)
    if pdf:
        print_reports(rows, out, jobs=jobs)
    elif pdf is None and (problem := print_plans(rows, out, jobs=jobs)):
        typer.echo(f"说明：{problem}", err=True)
    bad = [row for row in rows if row.failed]
    for row in bad:
        typer.secho(f"{STATUSES[row.status]}：{row.title}  {row.message}", fg=typer.colors.RED, err=True)
    count = Counter(row.status for row in rows)
    text = f"共 {len(rows)} 份：{count['done']} 份新做，{count['kept']} 份沿用，{len(bad)} 份没有完成"
    typer.echo(text + (f"，{count[NOT_RUN]} 份这次不做" if count[NOT_RUN] else ""))
    typer.echo(f"用浏览器打开 {out / 'index.html'}")
    if was_interrupted():
        raise typer.Exit(130)
    if bad:
        raise typer.Exit(1)


def verify(folder: Folder, jobs: Jobs = 1, notebooks: Notebooks = None) -> None:
    """按报告自己的记录重算一遍，逐表核对：名称须完全一致，数字须一致到十亿分之一。

    例：mktanalysis report verify reports/out/05_province_plan-320000-0123456789ab
    """
    from mktanalysis.cli.output import show
    from mktanalysis.reports.run.verify import is_confirmed, verify_reports

    found = verify_reports(folder, jobs=jobs, notebooks=notebooks)
    show(found if found["report"].nunique() == 1 else found[~found["same"]], title="核对")
    confirmed = is_confirmed(found)
    n = found["report"].nunique()
    typer.echo(f"{n} 份报告重算一致" if confirmed else "有报告不能重现，见上表")
    if not confirmed:
        raise typer.Exit(1)
