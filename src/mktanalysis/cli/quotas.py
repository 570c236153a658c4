"""``mktanalysis targets``, the part that sets: tasks by region and month, race, rebates, outlook."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .lists import Field

To = Annotated[Path | None, typer.Option(help="写入 .csv 或 .xlsx")]
Sales = Annotated[Path, typer.Option(help="历年（或逐月）销售额：地区、年份或月份、销售额(万元)")]
Unit = Annotated[float, typer.Option(help="任务的最小单位，万元")]

_DEALERS = {
    "dealer": Field(("经销商", "经销商名称", "名称", "dealer")),
    "sales": Field(("年销售额", "销售额", "年销量", "sales"), "yuan"),
    "task": Field(("任务", "年度任务", "年任务", "task"), "yuan", required=False),
}
_BANDS = {
    "low": Field(("起点", "下限", "low"), "yuan"),
    "high": Field(("终点", "上限", "high"), "yuan", required=False),
    "rate": Field(("返利率", "比例", "返利", "rate"), "share"),
}


def quotas(
    file: Sales,
    total: Annotated[float, typer.Option(help="总目标，万元")],
    method: Annotated[
        str,
        typer.Option(
            help="growth 同增长率、shrunk_growth 自身增速折中、smoothed_share 多年平均份额、"
            "potential_pull 向潜力拉动、equal_chance 把握相同、equal_difficulty 难度相同"
        ),
    ] = "growth",
    units: Annotated[Path | None, typer.Option(help="市场单元（地区、市场容量）；向潜力拉动时需要")] = None,
    target_share: Annotated[float | None, typer.Option(help="向潜力拉动的目标份额，0—1")] = None,
    bounds: Annotated[
        Path | None, typer.Option(help="保底、封顶：地区、年份、保底(万元)、封顶(万元)")
    ] = None,
    chance: Annotated[
        bool, typer.Option("--chance", help="自动预测，算出各地区的难度和达成把握（至少四年的数）")
    ] = False,
    compare: Annotated[bool, typer.Option("--compare", help="另外回看各方法在本公司历史上的效果")] = False,
    unit: Unit = 1.0,
    to: To = None,
) -> None:
    """任务分解：总目标分到各地区，每一级都恰好等于下级之和；保底、封顶、难度写明。

    例：mktanalysis targets quotas --file 销售.xlsx --total 120000

    例：mktanalysis targets quotas --file 销售.xlsx --total 120000 --method smoothed_share --to 任务.xlsx
    """
    from mktanalysis.planning import QuotaRule, compare_quota_methods, quota_spread, set_quotas

    from .lists import show_words
    from .own import own_table, own_tree

    tree = own_tree()
    sales = _years(own_table(file, kind="sales", tree=tree))
    rule = QuotaRule(method=method, target_share=target_share, unit=unit * 1e4)
    limits = None if bounds is None else own_table(bounds, kind="targets", tree=tree)
    ahead = _forecast(sales, tree) if chance or method.startswith("equal") else None
    found = set_quotas(
        sales,
        tree,
        total=total * 1e4,
        rule=rule,
        capacity=_capacity(units, tree),
        forecast=ahead,
        bounds=limits,
    )
    show_words(found.table, tree=tree, title=f"{found.year} 年任务", to=to)
    for note in found.notes:
        typer.echo(f"说明：{note}")
    if compare:
        spread = quota_spread(compare_quota_methods(sales, tree))
        show_words(spread[spread["year"] == "all"], title="各方法回看（总目标已知，只看怎样分）")


def months(
    targets: Annotated[Path, typer.Option(help="年度任务：地区、年份、任务(万元)")],
    file: Annotated[
        Path | None, typer.Option(help="月度或季度历史（地区、月份、销售额）；不给则用全国社零月度数")
    ] = None,
    combine: Annotated[
        bool, typer.Option("--combine/--apart", help="一二月同一指数（春节在两月之间移动），只用于月度")
    ] = True,
    unit: Unit = 1.0,
    to: To = None,
) -> None:
    """月度任务表：每个地区各月之和等于全年，每月各地区之和等于当月合计，都是整数。

    例：mktanalysis targets months --targets 年度任务.xlsx --file 销售.xlsx --to 月度任务.xlsx
    """
    from mktanalysis import MktError
    from mktanalysis.planning import check_apart, project, quota_months

    from .lists import show_words
    from .own import own_table, own_tree
    from .own.targets import amounts, index_of

    tree = own_tree()
    wanted = amounts(own_table(targets, kind="targets", tree=tree), targets)
    if wanted["period"].nunique() != 1:
        years = "、".join(map(str, sorted(wanted["period"].unique())))
        raise MktError(f"年度任务应只有一年，现有：{years}；请只留要分解的一年")
    check_apart(wanted["region"], tree)
    yearly = wanted.set_index("region")["value"]
    step = unit * 1e4
    whole = project(round(yearly.sum() / step) * step, yearly, unit=step)
    moved = (whole - yearly).abs().max()
    if moved > 0.005:
        typer.echo(f"说明：年度任务已按 {unit:g} 万元取整，最多相差 {moved / 1e4:,.2f} 万元", err=True)
    year = int(wanted["period"].dt.year.iloc[0])
    index = index_of(file, combine)
    show_words(quota_months(whole, index, year=year, unit=step), tree=tree, title="月度任务", to=to)


def race(
    plan: Annotated[Path, typer.Option(help="月度任务：地区、月份、任务(万元)")],
    actual: Annotated[Path, typer.Option(help="月度实际：地区、月份、销售额(万元)")],
    year_prize: Annotated[float, typer.Option(min=0, help="年度总冠军的奖金，元（制度原文有误，必须给出）")],
    month_prize: Annotated[float, typer.Option(min=0, help="月冠军的奖金，元")] = 1000.0,
    quarter_prize: Annotated[float, typer.Option(min=0, help="季冠军的奖金，元")] = 3000.0,
    to: To = None,
) -> None:
    """竞赛：月、季、年按完成率排名；完成任务且第一才是冠军，季度看合计，不看各月完成率的平均。

    例：mktanalysis targets race --plan 月度任务.xlsx --actual 销售.xlsx --year-prize 20000
    """
    from mktanalysis.planning import Prizes, check_apart, leaderboard

    from .lists import show_words
    from .own import own_table, own_tree
    from .own.targets import amounts

    tree = own_tree()
    wanted = amounts(own_table(plan, kind="targets", tree=tree), plan)
    happened = own_table(actual, kind="sales", tree=tree).dropna(subset=["value"])
    check_apart(wanted["region"], tree)
    prizes = Prizes(year=year_prize, month=month_prize, quarter=quarter_prize)
    board = leaderboard(wanted, happened, prizes=prizes)
    show_words(board, tree=tree, title="竞赛排名", to=to)
    won = board[board["champion"]]
    typer.echo(f"冠军 {len(won)} 次，奖金合计 {board['prize'].sum():,.0f} 元。")


def rebates(
    dealers: Annotated[Path, typer.Argument(help="经销商表：经销商、年销售额(万元)、任务(万元)")],
    bands: Annotated[
        Path | None, typer.Option(help="返利表：起点(万元)、终点(万元)、返利率(%)；不给则用 200—600 万元五档")
    ] = None,
    mode: Annotated[str, typer.Option(help="whole 全额，marginal 超额累进")] = "whole",
    edges: Annotated[str, typer.Option(help="absolute 按销售额，above_task 按超过任务的金额")] = "absolute",
    near: Annotated[float, typer.Option(min=0, max=1, help="距临界点多近算临界，0—1")] = 0.05,
    to: To = None,
) -> None:
    """返利：每家的返利、下一档还差多少、谁在临界点附近（防压货、窜货）。完成年度任务才有返利。

    例：mktanalysis targets rebates 经销商.xlsx --mode marginal --to 返利.xlsx
    """
    from mktanalysis.planning import ABOVE_TASK, FIVE_BANDS, RebateSchedule, schedule_from_table
    from mktanalysis.planning import rebates as rebate_table

    from .lists import read_list, show_words

    usual = FIVE_BANDS if edges == "absolute" else ABOVE_TASK
    if bands is None:
        schedule = RebateSchedule(bands=usual.bands, mode=mode, edges=edges)
    else:
        table = read_list(bands, _BANDS)
        table = table if "high" in table else table.assign(high=table["low"].shift(-1))
        schedule = schedule_from_table(table, mode=mode, edges=edges)
    found = rebate_table(read_list(dealers, _DEALERS), schedule, near=near)
    show_words(found, title="返利", to=to)
    typer.echo(
        f"返利合计 {found['rebate'].sum() / 1e4:,.1f} 万元；临界点附近 {int(found['cliff'].sum())} 家。"
    )


def outlook(
    plan: Annotated[Path, typer.Option(help="全年各月任务：地区、月份、任务(万元)")],
    actual: Annotated[Path, typer.Option(help="今年已有各月实际：地区、月份、销售额(万元)")],
    to: To = None,
) -> None:
    """全年预计：各地区到年底会完成多少、达成把握、谁现在需要支援（按今年至今的完成率外推）。

    例：mktanalysis targets outlook --plan 月度任务.xlsx --actual 销售.xlsx --to 预计.xlsx
    """
    from mktanalysis.planning import year_outlook

    from .lists import show_words
    from .own import own_table, own_tree
    from .own.targets import amounts

    tree = own_tree()
    wanted = amounts(own_table(plan, kind="targets", tree=tree), plan)
    happened = own_table(actual, kind="sales", tree=tree).dropna(subset=["value"])
    found = year_outlook(wanted, happened, tree)
    show_words(found, tree=tree, title="全年预计", to=to)
    late = found[found["needs_help"] & (found["level"] == found["level"].iloc[-1])]
    names = "、".join(tree.names(late["region"]))
    typer.echo(f"需要支援：{names or '无'}。")


def _years(sales):
    """Yearly sums of complete years; what is not complete is said and left out."""
    from mktanalysis.schemas import season_of

    steps = season_of(sales["period"].dtype)
    if steps == 1:
        return sales[["region", "period", "value"]]
    year = sales["period"].dt.asfreq("Y")
    sums = (
        sales.assign(period=year).groupby(["region", "period"])["value"].agg(["sum", "count"]).reset_index()
    )
    whole = sums.groupby("period")["count"].transform("max") == steps
    left = sums.loc[~whole, "period"].unique()
    if len(left):
        typer.echo(f"说明：{'、'.join(map(str, left))} 年不足 {steps} 期，没有用", err=True)
    value = sums["sum"].where(sums["count"] == steps)
    return sums.assign(value=value).loc[whole, ["region", "period", "value"]].reset_index(drop=True)


def _forecast(sales, tree):
    """Next year's mean and interval of every region that sells and of all above them."""
    from mktanalysis import HierarchicalForecaster

    part = tree.pruned(sales["region"].unique())
    return HierarchicalForecaster().fit(sales, part).predict(1)


def _capacity(units: Path | None, tree):
    from .own import own_table

    return (
        None if units is None else own_table(units, kind="units", tree=tree).set_index("region")["capacity"]
    )
