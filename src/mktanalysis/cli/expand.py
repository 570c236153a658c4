"""``mktanalysis expand``: an expansion path from a base area."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Base = Annotated[list[str], typer.Option(help="根据地：代码或名称，可写多次")]
Within = Annotated[str | None, typer.Option(help="只在这个地区内扩张：代码或名称，默认根据地所在的省")]
Level = Annotated[str, typer.Option(help="市场单元的层级：county（县）或 prefecture（市）")]
Years = Annotated[int, typer.Option(min=1, help="计划几年")]
Start = Annotated[int, typer.Option(help="第一年")]
Budget = Annotated[float, typer.Option(min=0, help="每年预算，万元")]
People = Annotated[float | None, typer.Option(min=0, help="销售人员上限，默认不限")]
Units = Annotated[Path | None, typer.Option(help="自己的单元表（csv 或 xlsx），默认用内置数据估算")]
Seconds = Annotated[float, typer.Option(min=1, help="最多计算多少秒")]
To = Annotated[Path | None, typer.Option(help="把步骤表写成 .csv 或 .xlsx")]

#: How a search ended, in words.
ENDED = {
    "optimal": "已证明（在允许差距内最优）",
    "within the gap": "已证明差距在允许范围内",
    "time limit": "到时间上限，未必最优",
    "node limit": "到节点上限，未必最优",
    "heuristic": "搜索完毕，未必最优",
    "interrupted": "被中断，保留当时最好的计划",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("expand")(expand)


def expand(
    base: Base,
    within: Within = None,
    level: Level = "county",
    years: Years = 8,
    start: Start = 2025,
    budget: Budget = 10000.0,
    people: People = None,
    units: Units = None,
    seconds: Seconds = 60.0,
    to: To = None,
) -> None:
    """从根据地出发的扩张路径：何时进入哪里，何时登上市、省、大区、全国的梯级。

    例：mktanalysis expand --base 郑州市 --years 8 --budget 10000 --to 路径.xlsx
    """
    import mktanalysis as mkt
    from mktanalysis.expansion import Policy, Search, market_units, plan_expansion

    from .output import check_target, show

    if to is not None:
        check_target(to)
    tree = mkt.load_regions()
    codes = tuple(mkt.resolve_names(list(base), tree))
    area = (
        mkt.resolve_names([within], tree).iloc[0] if within else tree.parents("province", codes[:1]).iloc[0]
    )
    scope = tree.subtree(area)
    table = (
        market_units(level, within=area) if units is None else mkt.read_table(units, kind="units", tree=scope)
    )
    policy = Policy(base=codes, periods=years, start=start, budget=budget * 1e4, people=people)
    plan = plan_expansion(table, mkt.load_edges(level), scope, policy=policy, search=Search(seconds=seconds))
    money = {"effort": "元", "cost": "元", "saving": "元", "cash": "元", "value": "元"}
    show(plan.steps, title="扩张步骤", to=to, units=money)
    show(plan.ladder, title="梯级")
    show(plan.cash_flow, title="现金流")
    if len(plan.steps) == 0:
        least = plan.figures["first_step_budget"]
        enough = (
            f"每年至少要 {least / 1e4:,.0f} 万元"
            if least == least
            else "没有一步是赚钱的，请检查费用与利润率"
        )
        typer.echo(f"预算内没有可走的一步：{enough}。")
    gain, bound = (f"{value / 1e8:,.2f} 亿元" for value in (plan.value, plan.bound))
    typer.echo(f"净现值增量 {gain}，上界 {bound}，差距 {plan.gap:.1%}；{ENDED.get(plan.ended, plan.ended)}")
