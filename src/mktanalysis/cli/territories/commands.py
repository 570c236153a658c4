"""``mktanalysis territories``: design, re-align, coverage by centre, macro-regions compared."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from ..lists import Field
from ..own import uses_figures

Area = Annotated[str | None, typer.Option("--in", help="只看这个地区：代码或名称，默认全国")]
Level = Annotated[str, typer.Option(help="单元：county 县，prefecture 市")]
Count = Annotated[int, typer.Option(min=1, help="片区（人）数")]
Own = Annotated[Path | None, typer.Option(help="自己的单元表：地区、市场容量（csv 或 xlsx），默认内置零售额")]
Today = Annotated[Path, typer.Option(help="现有片区：地区、片区（csv 或 xlsx）")]
Band = Annotated[float, typer.Option(min=0, help="容差：0.1 即各片区在均值的 ±10% 之内")]
Effort = Annotated[float, typer.Option(min=0.01, help="搜索力度，1 为标准；越大越慢、越好")]
To = Annotated[Path | None, typer.Option(help="写入 .csv 或 .xlsx")]

_TODAY = {
    "region": Field(("地区代码", "地区", "单元", "代码", "region"), "region"),
    "territory": Field(("片区", "现有片区", "业务员", "territory")),
    "heads": Field(("人数", "编制", "heads"), "number", required=False),
}
_HEADS = {
    "region": Field(("地区代码", "地区", "代码", "region"), "region"),
    "heads": Field(("人数", "编制", "heads"), "number"),
}
_CENTRES = {
    "centre": Field(("中心", "名称", "经销商", "仓库", "centre")),
    "region": Field(("地区", "所在地", "region"), "region"),
}


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="片区：划分、调整、中心覆盖、大区方案比较")
    for command in (design, realign, coverage, compare):
        group.command(command.__name__)(uses_figures(command))
    app.add_typer(group, name="territories")


def design(
    n: Count,
    area: Area = None,
    level: Level = "county",
    tolerance: Band = 0.1,
    within: Annotated[str | None, typer.Option(help="不跨越的层级，如 province、prefecture")] = None,
    heads: Annotated[Path | None, typer.Option(help="within 各地区的人数：地区、人数（如按工作量）")] = None,
    current: Annotated[Path | None, typer.Option(help="现有片区：地区、片区；列出变动")] = None,
    teams: Annotated[bool, typer.Option(help="单元超过一人的负荷时，与邻近单元组成多人片区")] = True,
    own: Own = None,
    effort: Effort = 0.3,
    to: To = None,
) -> None:
    """划分片区：负荷均衡、连片、紧凑，附与最优的差距。

    例：mktanalysis territories design --n 12 --in 江苏省 --to 片区.xlsx
    """
    from mktanalysis.territories import design_territories

    from ..lists import read_list, show_words

    (units, edges, tree) = _units(level, area, own)
    today = None if current is None else _today(current, tree)[0]
    wishes = {"measures": {"capacity": tolerance}, "within": within, "effort": effort, "teams": teams}
    if heads is not None:
        wishes["heads"] = read_list(heads, _HEADS, tree=tree).set_index("region")["heads"]
    plan = design_territories(units, edges, tree, n=n, current=today, **wishes)
    table = plan.territories if within else plan.territories.drop(columns="parent")
    show_words(table, title="片区", tree=tree)
    _tell(plan)
    if to is not None:
        _write(to, plan, units)


def realign(
    current: Today,
    area: Area = None,
    level: Level = "county",
    tolerance: Band = 0.1,
    n: Annotated[int | None, typer.Option(min=1, help="片区数，默认不变")] = None,
    within: Annotated[str | None, typer.Option(help="不跨越的层级，如 prefecture：各自调整")] = None,
    effective: Annotated[str | None, typer.Option(help="生效日，如 2027-01-01，默认明年元旦")] = None,
    own: Own = None,
    effort: Effort = 0.3,
    to: To = None,
) -> None:
    """调整片区：从现状出发，动得越少越好；列出交接清单。

    例：mktanalysis territories realign --current 片区.xlsx --in 江苏省 --tolerance 0.1
    """
    from mktanalysis.territories import handovers, realign_frontier

    from ..lists import show_words

    (units, edges, tree) = _units(level, area, own)
    today, people = _today(current, tree)
    effective = effective or f"{date.today().year + 1}-01-01"
    wider = sorted({tolerance, round(tolerance * 1.5, 4), round(tolerance * 2, 4)})
    wishes = {"tolerances": wider, "n": n, "people": people, "within": within, "effort": effort}
    found = realign_frontier(units, edges, today, tree, **wishes)
    show_words(found.table, title="均衡与移动")
    plan = found.plans[tolerance]
    table = handovers(plan, units, effective=effective, tree=tree)
    show_words(table, title=f"交接清单（{effective} 起）", tree=tree, to=to)
    least = f"{plan.figures['moved_bound']:.1%}"
    typer.echo(f"共移动 {len(plan.moves)} 个单元，占 {plan.figures['moved_share']:.1%}（至少要动 {least}）")
    for note in plan.notes:
        typer.echo(f"说明：{note}")


def coverage(
    centre: Annotated[list[str], typer.Option(help="中心所在地：名称或代码，可写多次")] = [],  # noqa: B006
    file: Annotated[Path | None, typer.Option(help="中心表：中心、地区（csv 或 xlsx）")] = None,
    radius: Annotated[float, typer.Option(min=1, help="覆盖半径，公里")] = 300.0,
    road_factor: Annotated[float, typer.Option(min=1, help="道路系数：道路里程 / 直线，经验值 1.3")] = 1.0,
    area: Area = None,
    level: Level = "prefecture",
    own: Own = None,
    to: To = None,
) -> None:
    """中心覆盖：哪些地区够得着，哪里空白，哪里重叠（窜货风险），下一个中心开在哪里。

    例：mktanalysis territories coverage --centre 上海市 --centre 成都市 --radius 300
    """
    import pandas as pd

    import mktanalysis as mkt
    from mktanalysis.territories import centre_coverage

    from ..lists import read_list, show_words

    (units, _, tree) = _units(level, area, own)
    rows = [] if file is None else [read_list(file, _CENTRES, tree=tree)]
    if centre:
        codes = mkt.resolve_names(list(centre), tree).to_numpy()
        rows.append(pd.DataFrame({"centre": tree.names(codes).to_numpy(), "region": codes}))
    if not rows:
        raise mkt.MktError("请用 --centre 或 --file 给出至少一个中心")
    centres = pd.concat(rows, ignore_index=True).merge(mkt.load_table("points"), on="region")
    top = "province" if "province" in tree.levels[:-1] else level
    home = pd.Series(tree.names(tree.parents(top, units["region"])).to_numpy(), units["region"])
    found = centre_coverage(units, centres, radius=radius, road_factor=road_factor, groups=home)
    show_words(found.centres, title="各中心")
    reached = found.shares[found.shares["any"] > 0]
    print(_percent(reached))
    show_words(found.overlap, title="重叠（窜货风险）")
    show_words(found.next_centres, title="下一个中心", tree=tree)
    show_words(found.gaps, title="空白", tree=tree, to=to)
    typer.echo(f"覆盖 {found.covered_share:.1%}（半径 {radius:g} 公里，道路系数 {road_factor:g}）")


def compare(
    k: Annotated[list[int], typer.Option(help="另算几个大区的最优方案，可写多次")] = [7],  # noqa: B006
    tolerance: Band = 0.1,
    today: Annotated[str, typer.Option(help="现用方案：seven、six、company、eight、four_blocks")] = "seven",
    to: To = None,
) -> None:
    """大区方案比较：各方案的均衡、距离、跨度与变动，并算出已证明最优的方案。

    例：mktanalysis territories compare --k 6 --k 7
    """
    from mktanalysis.china import macro_inputs
    from mktanalysis.datasets import load_scheme
    from mktanalysis.territories import compare_schemes, design_macro_regions

    from ..lists import show_words

    given = macro_inputs()
    schemes = {name: load_scheme(name) for name in ("seven", "six", "company", "eight", "four_blocks")}
    for number in k:
        plan = design_macro_regions(
            given.units, given.edges, k=number, tolerance=tolerance, distance=given.distance
        )
        schemes[f"最优 {number} 个"] = plan.assignment
        names = given.units.set_index("region")["name"]
        for label, codes in plan.assignment.groupby(plan.assignment).groups.items():
            typer.echo(f"{label}：{'、'.join(names[codes])}")
    table = compare_schemes(schemes, given.units, given.edges, distance=given.distance, today=today)
    show_words(table, title="大区方案比较", to=to)


def _units(level: str, area: str | None, own: Path | None):
    """Units with points, borders and the tree; an own table replaces the capacities."""
    import mktanalysis as mkt
    from mktanalysis.china import market_units

    from ..own import own_table

    tree = mkt.load_regions()
    if area is not None:
        tree = tree.subtree(mkt.resolve_names([area], tree).iloc[0])
    if level not in ("county", "prefecture"):
        raise mkt.MktError(f"单元只能是 county 或 prefecture，现为 {level!r}")
    if own is None:
        units = market_units(level, within=tree.root, category_share=1.0)[["region", "name", "capacity"]]
    else:
        units = own_table(own, kind="units", tree=tree)
        level = tree.level_of(units["region"].iloc[:1]).iloc[0]
        units = units[["region", "capacity"]].assign(name=tree.names(units["region"]).to_numpy())
    return units.merge(mkt.load_table("points"), on="region", how="left"), mkt.load_edges(level), tree


def _today(file: Path, tree):
    """Today's territories: region -> name; and territory -> people where the file has them."""
    from ..lists import read_list

    table = read_list(file, _TODAY, tree=tree)
    people = None
    if "heads" in table:
        people = table.groupby("territory")["heads"].max().fillna(1).astype(int)
    return table.set_index("region")["territory"], people


def _tell(plan) -> None:
    figures = plan.figures
    gap = "已证明最优" if figures["proven"] else f"距最优至多 {figures['gap']:.1%}"
    typer.echo(f"平均距离 {figures['cost']:.1f} 公里（{gap}）；最差片区偏离 {figures['worst_deviation']:.1%}")
    for note in plan.notes:
        typer.echo(f"说明：{note}")


def _percent(shares) -> str:
    """Shares by group as text."""
    from mktanalysis import present

    columns = [name for name in shares if name != "group"]
    shown = present(shares, units=dict.fromkeys(columns, "share"), title="各中心覆盖的比例")
    return shown.text(width=160)


def _write(to: Path, plan, units) -> None:
    """All tables of a design."""
    from mktanalysis import words
    from mktanalysis.io import write_csv, write_xlsx

    from ..output import check_target

    check_target(to)
    table = units[["region"]].assign(territory=plan.assignment.reindex(units["region"]).to_numpy())
    people = plan.territories.set_index("territory")["heads"]
    if (people > 1).any():
        table = table.assign(heads=table["territory"].map(people))
    table = table.rename(columns=words.label)
    if to.suffix.lower() == ".csv":
        write_csv(to, table)
    else:
        write_xlsx(to, {"单元": table, "片区": plan.territories, "变动": plan.moves})
    typer.echo(f"已写入 {to}")
