"""``mktanalysis dealers`` and ``staff``: classes and places of dealers, people and their visits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .own import uses_figures

To = Annotated[Path | None, typer.Option(help="写入 .csv 或 .xlsx")]


def register(app: typer.Typer) -> None:
    """Add the two commands."""
    for command in (dealers, staff):
        app.command(command.__name__)(uses_figures(command))


def dealers(
    file: Annotated[
        Path, typer.Argument(help="经销商表：经销商、地区；如有：年销量(万元)、级次（一级、二级）")
    ],
    framework: Annotated[
        Path | None,
        typer.Option(
            help="经营框架表：第一列城市级别，其余各列为经销商类别，空格为不允许；可有一行“门槛(万元)”"
        ),
    ] = None,
    thresholds: Annotated[
        str, typer.Option(help="分类门槛（万元），从高到低，如 A=500,B=200,C=0；不给则按分位数并注明")
    ] = "",
    tiers: Annotated[str, typer.Option(help="城市级别用哪个榜单，见 mktanalysis data")] = "2025",
    wanted: Annotated[int, typer.Option(min=1, help="每个地级市应有几家一级经销商")] = 2,
    within: Annotated[str, typer.Option(help="只看这个地区之内：代码或名称")] = "",
    to: To = None,
) -> None:
    """经销商：分类与经营框架、须向上靠拢的差额、每市几家、空白市场先后、越级代理。

    例：mktanalysis dealers 经销商.xlsx --within 江苏省

    例：mktanalysis dealers 经销商.xlsx --framework 框架.xlsx --thresholds A=500,B=200,C=0 --to 分类.xlsx
    """
    import mktanalysis as mkt
    from mktanalysis.io.people import read_dealers
    from mktanalysis.planning import dealer_breaches, dealer_density

    from .lists import show_words, tell_notes

    tree = mkt.load_regions()
    table = tell_notes(read_dealers(file, tree=tree))
    code = mkt.resolve_names([within], tree).iloc[0] if within else None
    size = mkt.market_units("prefecture", within=code).set_index("region")["capacity"]
    density = dealer_density(table, tree, wanted=wanted, capacity=size, within=code)
    classes = _classes(table, framework, thresholds, tiers, tree)
    show_words(density, tree=tree, title="经销商密度", to=to if classes is None else None)
    breaches = dealer_breaches(table, tree)
    if len(breaches):
        show_words(breaches, title="越级代理：一级经销商的范围应是一个地级市")
    else:
        typer.echo("没有越级代理。")
    if classes is not None:
        show_words(classes, tree=tree, title="经销商分类", to=to)


def _classes(table, framework: Path | None, thresholds: str, tiers: str, tree):
    """Classes and frameworks, or None where no framework is given."""
    import mktanalysis as mkt
    from mktanalysis.io.people import read_framework, read_steps
    from mktanalysis.planning import dealer_classes

    if framework is None:
        return None
    if "volume" not in table:
        raise mkt.MktError("经销商分类需要列：年销量(万元)")
    frame, steps = read_framework(framework)
    steps = read_steps(thresholds) if thresholds else steps
    return dealer_classes(table, mkt.load_tier_list(tiers), tree, steps, frame)


def staff(
    file: Annotated[
        Path | None, typer.Argument(help="市场单元：地区、客户数；如有：面积、距离(公里)、样板店")
    ] = None,
    people: Annotated[int | None, typer.Option(min=1, help="总编制；不给则为需要人数取整")] = None,
    visits: Annotated[
        Path | None,
        typer.Option(help="排拜访日历：人员、客户、类别、时间(小时)；如有类型（经销商、样板店…）"),
    ] = None,
    intervals: Annotated[str, typer.Option(help="各类客户几周拜访一次，如 A=1,B=4,C=13")] = "",
    day_hours: Annotated[float, typer.Option(min=0.5, help="每天可用于拜访的小时")] = 8.0,
    to: To = None,
) -> None:
    """人员：按工作量算需要几人、分到各地、几层主管；或排一年的拜访日历，超时的写明，不删拜访。

    例：mktanalysis staff 市场单元.xlsx --people 12

    例：mktanalysis staff --visits 客户.xlsx --intervals A=1,B=4,C=13 --to 日历.xlsx
    """
    from mktanalysis import MktError

    if (file is None) == (visits is None):
        raise MktError("请给出市场单元表（算人数）或 --visits 客户表（排日历）之一")
    if visits is not None:
        _calendar(visits, intervals, day_hours, to)
    else:
        _heads(file, people, to)


def _heads(file: Path, people: int | None, to: Path | None) -> None:
    import mktanalysis as mkt
    from mktanalysis.io.people import read_work_units
    from mktanalysis.planning import FieldForce, field_workload, heads, managers

    from .lists import show_words, tell_notes

    tree = mkt.load_regions()
    force = FieldForce()
    work = field_workload(tell_notes(read_work_units(file, tree=tree)), force)
    mature = work[work["phase"] == "mature"]
    number = heads(mature.set_index("region")["staff"], total=people)
    shown = mature.assign(people=mature["region"].map(number)).drop(columns=["phase", "sweep"])
    show_words(shown, tree=tree, title="成熟期的工作量与人员", to=to)
    need = mature["staff"].sum()
    typer.echo(f"需要 {need:.1f} 人，编制 {number.sum()} 人。")
    typer.echo(f"核对：按周计划，每人每年约 {force.visits_a_person:.0f} 次客户拜访。")
    layers = managers(int(number.sum()), span=force.span)
    said = "，".join(f"第 {row.layer} 层 {row.n_managers} 人" for row in layers.itertuples())
    typer.echo(f"主管（每人带 {force.span} 人）：{said or '不需要'}。")


def _calendar(file: Path, intervals: str, day_hours: float, to: Path | None) -> None:
    from mktanalysis.io.people import read_intervals, read_visits
    from mktanalysis.planning import Week, visit_calendar

    from .lists import show_words, tell_notes
    from .output import check_target, write

    check_target(to)
    every = read_intervals(intervals)
    table = tell_notes(read_visits(file))
    plan = visit_calendar(table, every, week=Week(day_hours=day_hours))
    show_words(plan.weeks, title="每周拜访")
    for note in plan.notes:
        typer.echo(f"说明：{note}")
    typer.echo(f"最忙的一周是平均的 {plan.peak_ratio:.2f} 倍；共 {len(plan.visits)} 次拜访。")
    if to is not None:
        week = ["周一", "周二", "周三", "周四", "周五", "周六"]
        columns = ["person", "week", "day", "customer", "hours"]
        dated = plan.visits.assign(day=[week[d - 1] for d in plan.visits["day"]])
        write(to, dated, columns=columns, title="拜访日历")
