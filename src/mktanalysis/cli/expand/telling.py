"""What ``mktanalysis expand`` says: tables on the screen and in the file, the result in sentences."""

from __future__ import annotations

from pathlib import Path

import typer

#: Columns of a table on the screen; a file has all of them.
ON_SCREEN = {
    "扩张步骤": (
        "period",
        "name",
        "action",
        "cost",
        "share",
        "rank",
        "strong_chance",
        "left_chance",
        "strong_from",
        "value",
        "reason",
    ),
    "梯级": ("level", "name", "period", "held"),
}


#: Levels that a target may name.
LEVELS = ("prefecture", "province", "macro_region", "nation")


def horizon(plan, start: int | None) -> str:
    """The years planned, and where the first comes from if nobody gave it."""
    years = plan.policy.years
    told = f"计划期：{years[0]}–{years[-1]} 年"
    if start is not None:
        return told
    newest = plan.market.newest
    known = f"数据最新年份 {newest} 的次年" if newest else f"自有表没有年份，取内置数据 {years[0] - 1} 的次年"
    return f"{told}（首年未给，{known}；可用 --start 改）"


def basis(units) -> str:
    """Where the capacities come from, and what is no statistic."""
    from mktanalysis import words
    from mktanalysis.china import said

    folklore = "对手份额、费用与市场响应中没有给出的为行业经验假设，不是统计数字"
    if "status" not in units:
        return f"依据：容量为自有单元表（{len(units)} 个）；{folklore}"
    count = units["status"].value_counts()
    told = "、".join(f"{words.status_word(status)} {n} 个" for status, n in count.items())
    years = units["year"].dropna()
    year = "–".join(str(int(y)) for y in sorted({years.min(), years.max()})) + " 年" if len(years) else ""
    carried = said() if "nowcast" in count or "allocated" in count else ""
    return f"依据：容量 = {year}社会消费品零售额 × 1%（{told}）；{carried}{folklore}"


def tell_target(plan, scope) -> None:
    """The year in which the target asked for is strong."""
    if (target := plan.policy.target) is None:
        return
    code = scope.parents(target, plan.policy.base[:1]).iloc[0] if target in LEVELS else target
    year = plan.ladder.loc[plan.ladder["region"] == code, "period"].min()
    found = "计划期内没有登上" if year != year else f"{year.year} 年登上"
    typer.echo(f"目标 {scope.names([code]).iloc[0]}：{found}")


def warn_unreachable(plan, scope) -> None:
    """Units that no plan could enter, by reason, with a few names; to stderr."""
    from mktanalysis.expansion import unreachable_units

    for reason, codes in unreachable_units(plan).groupby("reason")["region"]:
        names = "、".join(scope.names(codes.head(5)))
        typer.echo(f"进不去的单元 {len(codes)} 个（{reason}）：{names}{'等' * (len(codes) > 5)}", err=True)


def tell(plan, comparison, to: Path | None) -> None:
    """Tables on the screen and in the file, then the result in a sentence."""
    from mktanalysis.presentation import present

    from ..output import SHOWN_ROWS, tell, write_tables

    tables = _tables(plan, comparison)
    first = ("打法比较",) if comparison is not None else ("扩张步骤", "梯级", "现金流", "人员")
    for title in first:
        tell(present(tables[title], ON_SCREEN.get(title), money="万元", rows=SHOWN_ROWS, title=title))
    if to is not None:
        write_tables(to, {title: present(table, title=title) for title, table in tables.items()})
    typer.echo(_verdict(plan))


def _tables(plan, comparison) -> dict:
    """Sheet -> table."""
    from mktanalysis.expansion import plan_sensitivity

    compared = {} if comparison is None else {"打法比较": _compared(comparison)}
    return compared | {
        "扩张步骤": plan.steps,
        "梯级": plan.ladder,
        "现金流": plan.cash_flow,
        "人员": plan.staff,
        "看份额的规则": plan.rules,
        "为什么": plan.why,
        "条件核对": plan.checks,
        "关键数字": plan.figures,
        "可信度": _plausible(plan),
        "靠什么": plan_sensitivity(plan),
    }


def _plausible(plan):
    """What the plan promises beside what is usual, in words."""
    from mktanalysis import words
    from mktanalysis.expansion import plausibility

    table = plausibility(plan)
    return table.assign(figure=table["figure"].map(words.values("plausible")))


def _compared(table):
    """The comparison as it is written: where a rule misses a wish of the manager, a column says so."""
    hidden = ["strategy", "holds"] if table["holds"].all() else ["strategy"]
    return table.drop(columns=hidden).astype({"payback_year": "Int64"})


def _obstacle(plan) -> str:
    """Why there is no step at all: nothing within reach, nothing that pays, or not enough money."""
    from mktanalysis.expansion import unreachable_units

    least = plan.figures["first_step_budget"]
    free = int((~plan.case.base).sum())
    if free == 0:
        return "单元表里除了根据地没有别的单元"
    if len(unreachable_units(plan)) == free:
        return "没有进得去的单元；可以不要求连片（--contiguity none）、延长计划期或另选根据地"
    if least != least:
        return "没有一步是赚钱的，请检查费用与利润率"
    if least <= min(plan.policy.per_period("budget")):
        return "单独赚钱的步骤抵不上机构的费用"
    return f"第一步每年至少要 {least / 1e4:,.0f} 万元"


def _verdict(plan) -> str:
    """What was found, how sure it is, and what would be needed where no step is possible."""
    from mktanalysis import stories, words
    from mktanalysis.expansion import doubts, plan_sensitivity

    lines = [f"不合常情，请核对假设：{doubt}" for doubt in doubts(plan)]
    lines += [] if len(plan.steps) else [f"没有可走的一步：{_obstacle(plan)}。"]
    if len(plan.steps):
        lines += [str(stories.certainty(plan)), str(stories.net(plan))]
        lines += [str(stories.harvest(plan)), str(stories.money(plan))]
        lines.append(str(stories.hangs_on(plan_sensitivity(plan))))
    figures = plan.figures
    within = figures["gain_within"] / 1e8
    lines.append(
        f"净现值增量 {figures['gain'] / 1e8:,.2f} 亿元，其中计划期内 {within:,.2f} 亿元；"
        f"新市场总支出 {figures['gross_spending'] / 1e8:,.2f} 亿元，净垫资最深 "
        f"{figures['peak_cash'] / 1e8:,.2f} 亿元；{words.ending(plan.ended)}"
    )
    if plan.policy.objective == "profit" and plan.bound < float("inf") and plan.gain > 0:
        lines[-1] += f"；上界 {plan.bound / 1e8:,.2f} 亿元，差距 {plan.gap:.1%}"
    if not plan.checks["holds"].all():
        lines.append("独立复核有条件不成立，请勿采用：" + "、".join(plan.checks.query("~holds")["condition"]))
    return "\n".join(lines)
