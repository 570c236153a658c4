"""``mktanalysis targets``: plan against actual, seasonal index, a yearly target split into months."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .own import reads_files
from .own.targets import amounts, index_of

To = Annotated[Path | None, typer.Option(help="写入 .csv 或 .xlsx")]
History = Annotated[
    Path | None, typer.Option(help="月度或季度历史（地区、月份、销售额）；不给则用全国社零月度数")
]
Combine = Annotated[
    bool, typer.Option("--combine/--apart", help="一二月同一指数（春节在两月之间移动），只用于月度")
]


def register(app: typer.Typer) -> None:
    """Add the group."""
    from .quotas import months, outlook, quotas, race, rebates

    group = typer.Typer(
        no_args_is_help=True, help="任务与计划：分解到地区和月、竞赛、返利、计划与实际、全年预计"
    )
    for command in (quotas, months, race, rebates, check, outlook, season, split):
        group.command(command.__name__)(reads_files(command))
    app.add_typer(group, name="targets")
    app.add_typer(group, name="plan", hidden=True)  # the group's old name, for one version


def check(
    plan: Annotated[Path, typer.Option(help="计划：地区、月份、计划(万元)，同一层级的地区")],
    actual: Annotated[Path, typer.Option(help="实际：地区、月份、销售额(万元)")],
    region: Annotated[str, typer.Option(help="屏幕上看哪个地区；文件里是全部")] = "100000",
    to: To = None,
) -> None:
    """计划与实际：完成率、预测准确率、累计差额、跟踪信号（超过 ±4 说明计划有偏，不是运气）。

    例：mktanalysis targets check --plan 计划.xlsx --actual 销售.xlsx --to 对照.xlsx
    """
    from mktanalysis import resolve_names
    from mktanalysis.planning import plan_vs_actual

    from .output import check_target, show, write
    from .own import own_table, own_tree

    check_target(to)
    tree = own_tree()
    code = resolve_names([region], tree).iloc[0]
    wanted = amounts(own_table(plan, kind="targets", tree=tree), plan)
    happened = own_table(actual, kind="sales", tree=tree).dropna(subset=["value"])
    table = plan_vs_actual(wanted, happened, tree)
    _tell_unmatched(wanted, happened, tree)
    order = table["region"].map({r: i for i, r in enumerate([code, *tree.children(code)])})
    shown = table[order.notna()].assign(order=order).sort_values(["order", "period"], kind="stable")
    columns = ["region", "period", "plan", "actual", "gap", "cumulative_gap"]
    columns += ["completion", "accuracy", "tracking_signal"]
    how = {"columns": columns, "tree": tree, "money": "万元", "kind": "control"}
    show(shown, title="计划与实际", **how)
    if to is not None:
        write(to, table, title="计划与实际", **how)


def season(file: History = None, combine: Combine = True, to: To = None) -> None:
    """季节指数：平均为 1，大于 1 是旺季，小于 1 是淡季。

    例：mktanalysis targets season

    例：mktanalysis targets season --file 销售.xlsx --to 季节.xlsx
    """
    from .output import check_target, show
    from .own import own_tree

    check_target(to)
    tree = own_tree()
    index = index_of(file, combine)
    columns = ["region", "season", "index", "season_type"]
    show(index, columns=columns, title="季节指数", tree=tree, to=to)


def split(
    targets: Annotated[Path, typer.Option(help="年度任务：地区、年份、任务(万元)")],
    file: History = None,
    combine: Combine = True,
    to: To = None,
) -> None:
    """年度任务按季节指数分解到月（或季），各月之和恰好等于全年；结果可作 forecast 的 --fixed。

    例：mktanalysis targets split --targets 年度任务.xlsx --file 销售.xlsx --to 月度任务.xlsx
    """
    from mktanalysis.planning import split_target

    from .output import check_target, show
    from .own import own_table, own_tree

    check_target(to)
    tree = own_tree()
    wanted = amounts(own_table(targets, kind="targets", tree=tree), targets)
    table = split_target(wanted, index_of(file, combine))
    columns = ["region", "period", "value"]
    show(table, columns=columns, title="任务分解", tree=tree, money="万元", kind="targets", to=to)


def _tell_unmatched(plan, actual, tree) -> None:
    """Say what is left out because only one of the two files has it."""
    keys = ["region", "period"]
    both = plan[keys].merge(actual[keys], how="outer", indicator=True)
    for side, text in (("left_only", "有计划、没有实际"), ("right_only", "有实际、没有计划")):
        rows = both[both["_merge"] == side]
        if len(rows):
            regions = rows["region"].unique()
            names = "、".join(tree.names(regions[:8])) + ("等" if len(regions) > 8 else "")
            typer.echo(f"说明：{len(rows)} 个数{text}，没有对照：{names}", err=True)
