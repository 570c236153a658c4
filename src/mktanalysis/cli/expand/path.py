"""``mktanalysis expand``: an expansion path from a base area."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from ..own import uses_figures
from . import entries
from .telling import LEVELS, basis, horizon, tell, tell_target, warn_unreachable

Level = Enum("Level", {name: name for name in ("county", "prefecture")}, type=str)
Contiguity = Enum("Contiguity", {name: name for name in ("held", "strong", "none")}, type=str)
Aim = Enum("Aim", {name: name for name in ("profit", "earliest", "least_cost")}, type=str)
Way = Enum(
    "Way",
    {
        name: name
        for name in (
            *("planned", "all", "base_first", "scout_rings", "wide_net", "centre_first", "countryside_first"),
            *("potential", "sprinkler", "waterfall", "optimum"),
        )
    },
    type=str,
)

Base = Annotated[list[str], typer.Option(help="根据地：代码或名称，可写多次")]
Within = Annotated[str | None, typer.Option(help="只在这个地区内扩张：代码或名称，默认根据地所在的省")]
At = Annotated[Level, typer.Option(help="市场单元的层级：county 县，prefecture 市")]
Years = Annotated[int, typer.Option(min=1, max=60, help="计划几年")]
Start = Annotated[int | None, typer.Option(help="第一年，默认数据最新年份的次年")]
Budget = Annotated[float, typer.Option(min=0, help="每年预算，万元")]
People = Annotated[float | None, typer.Option(min=0, help="销售人员上限（含根据地），默认不限")]
Touch = Annotated[
    Contiguity, typer.Option(help="连片：held 邻接已进入的，strong 邻接强势的，none 不要求（撒网）")
]
Pin = Annotated[list[str], typer.Option(help="必须进入：名称，或 名称=年份；可写多次")]
Forbid = Annotated[list[str], typer.Option(help="不得进入：名称或代码；可写多次")]
How = Annotated[
    Way,
    typer.Option(
        help="planned 规划；all 各种打法比较；其余为一种打法：base_first 根据地、"
        "scout_rings 逐圈探路、wide_net 撒网→集中、centre_first 中心城市先、"
        "countryside_first 先农村后城市、potential 跟着潜力走、"
        "sprinkler 遍地开花、waterfall 瀑布、optimum 不限连片的最优"
    ),
]
Goal = Annotated[
    Aim,
    typer.Option(help="目标：profit 利润最大，earliest 最早登上 --target，least_cost 最省钱登上 --target"),
]
Target = Annotated[
    str | None,
    typer.Option(help="要登上的梯级：层级（prefecture 市、province 省、macro_region、nation）或地区名称"),
]
Own = Annotated[Path | None, typer.Option(help="自己的市场单元表（csv 或 xlsx），默认用内置数据估算")]
Spread = Annotated[
    float | None,
    typer.Option(min=0, max=2, help="各地反应的差异（对数标准差），默认 0.45；0 表示事先全知道"),
]
Fixed = Annotated[bool, typer.Option("--fixed", help="不看份额再定：每一步怎样做事先定死，不撤出")]
Rivals = Annotated[
    Path | None, typer.Option(help="对手过去的开店记录（csv 或 xlsx）：由此估计它以后进入哪里")
]
Seen = Annotated[
    Path | None,
    typer.Option(
        help="走了一年以后各地的份额（地区、年份、份额）：由此更新判断、接着排；首年取表中最早的年份"
    ),
]
Gross = Annotated[
    bool, typer.Option("--gross", help="预算按总支出算（默认按净垫付：亏损由预算出，利润可再投）")
]
Seconds = Annotated[float | None, typer.Option(min=1, help="最多计算多少秒；默认不限时，结果可重复")]
To = Annotated[Path | None, typer.Option(help="写成 .csv（只有步骤表）或 .xlsx（全部表格）")]


def register(app: typer.Typer) -> None:
    """Add the command, and those below it."""
    group = typer.Typer(invoke_without_command=True)
    group.callback()(uses_figures(expand))
    entries.register(group)
    app.add_typer(group, name="expand")


def expand(
    context: typer.Context,
    base: Base = [],  # noqa: B006  typer wants a plain list and never changes it
    within: Within = None,
    level: At = Level["county"],
    years: Years = 8,
    start: Start = None,
    budget: Budget = 10000.0,
    people: People = None,
    contiguity: Touch = Contiguity["held"],
    pin: Pin = [],  # noqa: B006
    forbid: Forbid = [],  # noqa: B006
    strategy: How = Way["planned"],
    objective: Goal = Aim["profit"],
    target: Target = None,
    own: Own = None,
    spread: Spread = None,
    fixed: Fixed = False,
    rivals: Rivals = None,
    seen: Seen = None,
    gross: Gross = False,
    seconds: Seconds = None,
    to: To = None,
) -> None:
    """从根据地出发的扩张路径：何时进入哪里，何时登上市、省、大区、全国的梯级。

    例：mktanalysis expand --base 郑州市 --years 8 --budget 10000 --to 路径.xlsx

    从开店记录看下一步去哪里：mktanalysis expand next --help

    走了一年，看到份额再排：mktanalysis expand --base 郑州市 --seen 份额.xlsx

    例：mktanalysis expand --base 昆山市 --forbid 太仓市 --pin 苏州市吴江区=2027 --strategy all
    """
    if context.invoked_subcommand is not None:
        return
    import mktanalysis as mkt
    from mktanalysis.china import planning_units
    from mktanalysis.expansion import Policy, Search

    from ..output import check_target, next_step

    if not base:
        raise mkt.MktError("请用 --base 给出根据地，例：mktanalysis expand --base 郑州市")

    check_target(to)
    tree = mkt.load_regions()
    codes = tuple(mkt.resolve_names(list(base), tree))
    area = mkt.resolve_names([within], tree).iloc[0] if within else None
    if own is None:
        home = tree.parents("province", codes[:1]).iloc[0]
        area = area or (home if isinstance(home, str) else codes[0])  # a base above the provinces
        units, edges, tree = planning_units(level.value, within=area)
        scope = tree.subtree(area)
    else:
        units, scope = _own_units(own, area, tree, codes)
        edges = mkt.load_edges(scope.level_of(units["region"].iloc[:1]).iloc[0])
    _check_inside(codes, scope, tree, area)
    at = scope.level_of(units["region"].iloc[:1]).iloc[0]
    shares = _shares(seen, strategy.value, scope)
    policy = Policy(
        base=codes,
        periods=years,
        start=start if shares is None or start is not None else int(shares["period"].dt.year.min()),
        budget=budget * 1e4,
        budget_kind="gross" if gross else "net",
        people=people,
        contiguity=contiguity.value,
        pinned=_pinned(pin, tree),
        forbidden=tuple(mkt.resolve_names(list(forbid), tree)) if forbid else (),
        objective=objective.value,
        target=_target(target, tree),
    )
    market = mkt.expansion_market(units, edges, scope)
    if policy.start is None and market.newest is None:  # an own table without a year
        policy = policy.replace(start=_built_in_year(at) + 1)
    if rivals is not None:
        market = _with_rivals(market, rivals, at, policy)
    policy = policy.assuming(_assumed(spread, fixed, years))
    plan, comparison = _run(strategy.value, market, policy, Search(seconds=seconds), shares)
    tell(plan, comparison, to)
    typer.echo(horizon(plan, start))
    typer.echo(basis(units))
    tell_target(plan, scope)
    warn_unreachable(plan, scope)
    if own is None:
        next_step(
            "把对手和费用换成自己的：mktanalysis data template 单元.xlsx --kind units，"
            "填好后加 --own 单元.xlsx"
        )
    else:
        next_step("比较别的打法：加 --strategy all；写出全部表格：加 --to 路径.xlsx")


def _check_inside(codes, scope, tree, area) -> None:
    """Refuse a base outside the area to expand in."""
    import mktanalysis as mkt

    if outside := [code for code in codes if code not in scope.regions]:
        names = "、".join(tree.names(outside))
        raise mkt.MktError(
            f"根据地 {names} 不在扩张范围 {scope.names([area]).iloc[0]} 之内：请改 --within 或另选根据地"
        )


def _assumed(spread: float | None, fixed: bool, years: int):
    """The assumptions with what the options change."""
    from mktanalysis.expansion import Assumptions
    from mktanalysis.expansion.phases import fixed_courses

    assumed = Assumptions() if spread is None else Assumptions(spread=spread)
    return assumed.replace(programmes=fixed_courses(assumed.programmes, years)) if fixed else assumed


def _with_rivals(market, file: Path, level: str, policy):
    """The market with the chances of a rival's entries, learnt from its openings."""
    from mktanalysis.china import rival_entries

    from ..own import own_table

    given = own_table(file, kind="openings", tree=market.tree)
    first = policy.start or market.newest + 1
    chances = rival_entries(given, level=level, first=first, years=policy.periods)
    for note in chances.attrs["notes"]:
        typer.echo(f"说明（{file.name}）：{note}", err=True)
    return market.with_rival_entries(chances[chances["region"].isin(market.units)])


def _built_in_year(level: str) -> int:
    """Year of the newest built-in figures of market units."""
    from mktanalysis.china import market_units

    return int(market_units(level if level == "county" else "prefecture")["year"].max())


def _target(wish: str | None, tree) -> str | None:
    """A level of the ladder as it stands, anything else a region's code."""
    import mktanalysis as mkt

    return wish if wish is None or wish in LEVELS else mkt.resolve_names([wish], tree).iloc[0]


def _own_units(file: Path, within, tree, base):
    """The analyst's units and the area they lie in: the one asked for, else the one that holds them all."""
    from mktanalysis.china import mark_centres

    from ..own import own_table

    scope = tree if within is None else tree.subtree(within)
    units = mark_centres(own_table(file, kind="units", tree=scope), tree)
    _warn_too_large(units, tree)
    homes = tree.parents("province", [*units["region"], *base]).unique()
    return units, scope if within is not None or len(homes) > 1 else tree.subtree(homes[0])


def _warn_too_large(units, tree) -> None:
    """A category cannot be larger than all retail sales of a place: most likely the unit is wrong."""
    from mktanalysis.china import market_units

    level = tree.level_of(units["region"].iloc[:1]).iloc[0]
    if level not in ("county", "prefecture"):
        return
    retail = market_units(level, tree=tree, category_share=1.0).set_index("region")["capacity"]
    table = units.set_index("region")["capacity"]
    times = (table / retail.reindex(table.index)).sort_values(ascending=False)
    if len(over := times[times > 1]):
        told = "、".join(f"{tree.names([code]).iloc[0]} {x:,.1f} 倍" for code, x in over.head(5).items())
        typer.echo(
            f"警告：{len(over)} 个单元的容量大于当地全部社会消费品零售额，请检查单位：{told}", err=True
        )


def _pinned(wishes: list[str], tree) -> dict[str, int | None]:
    """``名称`` or ``名称=年份`` -> code: year or None."""
    import mktanalysis as mkt

    parts = [wish.replace("＝", "=").partition("=") for wish in wishes]
    if bad := [year for _, mark, year in parts if mark and not year.strip().isdigit()]:
        raise mkt.MktError(f"--pin 的年份不是数字：{'、'.join(bad)}；应写成 名称=2027")
    names = [name.strip() for name, _, _ in parts]
    codes = mkt.resolve_names(names, tree) if names else []
    years = [int(year) if mark else None for _, mark, year in parts]
    return dict(zip(codes, years, strict=True))


def _shares(seen: Path | None, strategy: str, scope):
    """The shares seen, if they are given."""
    import mktanalysis as mkt

    from ..own import own_table

    if seen is None:
        return None
    if strategy != "planned":
        raise mkt.MktError("--seen 只用于规划路径（--strategy planned）")
    return own_table(seen, kind="shares", tree=scope)


def _run(strategy: str, market, policy, search, shares=None):
    """The plan asked for, and the comparison where all were asked for."""
    from mktanalysis.expansion import compare_strategies, continue_plan, plan_expansion, plan_strategy

    if strategy == "planned":
        plan = plan_expansion(market, policy, search=search)
        if shares is not None:
            plan = continue_plan(plan, shares, happened="table", search=search)
        return plan, None
    if strategy not in ("all", "optimum"):
        return plan_strategy(strategy, market, policy), None
    found = compare_strategies(market, policy, search=search)
    return (found.plans["planned"], found.table) if strategy == "all" else (found.plans["optimum"], None)
