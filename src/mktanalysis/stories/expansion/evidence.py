"""What stands behind an expansion plan: today's position, who has harvested by when, what money does, what it
hangs on, a cut of the budget, an example of zones.

Always holds: a change of less than one percent is called none; shares of money are of expected sums.
"""

from __future__ import annotations

import pandas as pd

from ...words import values
from ..phrases import figure, listed
from ..story import Claim

#: Gains closer than this part of the better one are the same.
SAME = 0.01


def harvest(plan) -> Claim:
    """Which entries have paid back by the end of the horizon, and which are still being built up (收成).

    Parameters
    ----------
    plan : ExpansionPlan
    """
    years = list(plan.policy.years)
    half = years[: max(1, len(years) // 2)]
    early = plan.steps["period"].dt.year <= half[-1]
    one, two = (float(plan.steps.loc[rows, "cash"].sum()) for rows in (early, ~early))
    text = f"前 {len(half)} 年进入的 {int(early.sum())} 个单元到期末{_sum(one)}"
    if (~early).any():
        text += f"，后来进入的 {int((~early).sum())} 个{_sum(two)}"
        if two < 0:
            text += "（还在投入期，回报在期后）"
    terms = plan.assumptions.terminal_years
    text += f"。期后只按末年利润再计 {terms:g} 年，不是永续。"
    return Claim(text, {"n_early": int(early.sum()), "cash_early": one, "cash_late": two})


def _sum(cash: float) -> str:
    return f"累计净收回{figure('cash', cash)}" if cash >= 0 else f"累计还垫着{figure('cash', -cash)}"


def money(plan) -> Claim:
    """Whether the budget binds, and in which sense it is meant (预算够不够).

    Parameters
    ----------
    plan : ExpansionPlan
    """
    left = plan.cash_flow["money_left"]
    budget = plan.cash_flow["budget"].max()
    year = plan.cash_flow["period"][left.idxmin()]
    kind = "总支出" if plan.policy.budget_kind == "gross" else "净垫付"
    if left.min() > budget:
        text = f"预算（{kind}）不是瓶颈：最紧的 {year} 年末也剩{figure('budget', left.min())}，"
        text += "根据地的利润够用；限制速度的是连片和划不划算。" if kind == "净垫付" else "还有余地。"
    else:
        text = f"预算（{kind}）最紧的是 {year} 年，年末剩{figure('budget', max(left.min(), 0.0))}。"
    return Claim(text, {"money_left": float(left.min())})


def beside_usual(table: pd.DataFrame) -> pd.DataFrame:
    """What a plan promises beside what is usual, in words: years, shares and ratios each in their own way.

    Parameters
    ----------
    table : DataFrame
        From :func:`mktanalysis.expansion.plausibility`.

    Returns
    -------
    DataFrame
        指标, 本计划, 通常, 在通常范围内, 出处.
    """
    names = values("plausible")
    rows = []
    for row in table.itertuples():
        told = _PLAIN.get(row.figure, "{:.0%}").format
        inside = "—" if pd.isna(row.usual) else "是" if row.usual else "否"
        value = "—" if pd.isna(row.value) else told(row.value)
        rows.append(
            (names[row.figure], value, f"{told(row.usual_low)}—{told(row.usual_high)}", inside, row.source)
        )
    return pd.DataFrame(rows, columns=["指标", "本计划", "通常", "在通常范围内", "出处"])


#: How figures are written that are no shares.
_PLAIN = {"years_to_strong": "第 {:.0f} 年", "order_ratio": "{:.2f}"}


def hangs_on(table: pd.DataFrame) -> Claim:
    """What a plan hangs on most, and which single assumption would make it lose (计划靠什么).

    Parameters
    ----------
    table : DataFrame
        From :func:`mktanalysis.expansion.plan_sensitivity`.
    """
    names = values("sensitivity")
    base = table.loc[table["factor"] == 1.0, "gain"].iloc[0]
    worst = table.groupby("condition", sort=False)["gain"].idxmin()
    rows = table.loc[worst].sort_values("gain", kind="stable")
    rows = rows[rows["gain"] < base]
    if not len(rows):
        return Claim("试过的假设无论怎样变，计划都不变差。", {"gain": base})
    told = [
        f"{names[r.condition]} {r.factor:g} 倍时剩{figure('gain', r.gain)}" for r in rows.head(3).itertuples()
    ]
    lost = [f"{names[r.condition]} {r.factor:g} 倍" for r in rows.itertuples() if r.gain < 0]
    text = f"照原计划走、只有一条假设与所想不同：最怕的是{'；'.join(told)}（不变时{figure('gain', base)}）。"
    text += f"单独就会使计划亏的：{listed(lost)}。" if lost else "试过的各条，单独一条都不会使计划亏。"
    return Claim(text, {"gain": base, "worst": float(rows["gain"].iloc[0])})


def _below(today, level: str) -> str:
    """What the children of a level are called: the level before it, or a unit."""
    levels = list(today.ladder["level"])
    at = levels.index(level)
    return values("level").get(levels[at - 1], "单元") if at else "单元"


def position(today, example) -> Claim:
    """Where the company stands, beside an example that is spread thin and strong nowhere.

    Parameters
    ----------
    today, example : Diagnosis
    """
    strong = int(today.units["strong"].sum())
    share = today.concentration["strong_sales_share"]
    text = (
        f"今天强势的单元 {strong} 个，销售额的 {share:.0%} 来自强势单元。"
        if strong
        else "今天没有强势的单元。"
    )
    near = today.ladder[today.ladder["lacks"].notna()]
    if len(near):
        row = near.iloc[0]
        below = _below(today, row["level"])
        text += f"离上一级最近的是{row['nearest']}，还差 {row['lacks']:.0f} 个强势的{below}。"
    other = example.units
    thin = other["sales"].sum() / other["capacity"].sum()
    text += f"反例（示意）总份额也有 {thin:.1%}，强势单元 {int(other['strong'].sum())} 个："
    text += "先把一两处做成第一，再谈连片。"
    return Claim(text, {"n_strong": strong, "strong_sales_share": share})


def zones(table: pd.DataFrame, gap: float) -> Claim:
    """Which zone of the 江苏 example comes first and which is worked deepest, and why.

    Parameters
    ----------
    table : DataFrame
        From :func:`mktanalysis.expansion.zone_table`; zones 苏南, 苏中, 苏北.
    gap : float
        Of the plan.
    """
    first = table["mean_year"].idxmin()
    deep = table["share"].idxmax()
    text = f"最先进入的是{first}，份额做得最深的是{deep}；"
    text += "“苏中先”与旧例一致" if first == "苏中" else "与旧例的“苏中先”不同"
    if deep == "苏南":
        text += "，“苏南深”也一致。"
    else:
        south = table.loc["苏南"]
        middle = table.loc["苏中"]
        text += f"，“苏南深”没有出现：苏南一个城市的进入费平均{figure('cost', south['entry_cost'])}"
        text += f"（苏中{figure('cost', middle['entry_cost'])}），对手力度 {south['rival_strength']:.2f}"
        text += f"（苏中 {middle['rival_strength']:.2f}）。"
    return Claim(text + f"规划与上界的差距 {gap:.1%}。", {"gap": gap})


def replanned(before, after=None, *, refused=None, share: float = 0.5) -> Claim:
    """What a cut of the budget costs, or that it cannot be borne.

    Parameters
    ----------
    before, after : ExpansionPlan
    refused : InfeasibleError, optional
        Why there is no plan after the cut.
    share : float
        What is left of the budget.
    """
    if refused is not None:
        row = refused.relaxation.iloc[0]
        text = f"预算减到 {share:.0%} 走不通：{row['condition']}，至少需要{figure('budget', row['needed'])}，"
        text += f"只有{figure('budget', row['given'])}。"
        return Claim(text, {"given": row["given"], "needed": row["needed"]})
    one = before.figures["gain"]
    two = after.figures["gain"]
    text = f"预算减到 {share:.0%}，净现值增量由{figure('gain', one)}变为{figure('gain', two)}"
    if one > 0:
        lost = 1 - two / one
        if abs(lost) < SAME:
            text += f"，几乎不变：{_spare(before)}"
        else:
            text += f"，少 {lost:.0%}" if lost > 0 else f"，多 {-lost:.0%}（原来的搜索没有找到最好的计划）"
    return Claim(text + "。", {"gain": two})


def _spare(plan) -> str:
    """Why less money changes nothing."""
    least = plan.cash_flow["money_left"].min()
    if least > 0:
        return f"原计划的预算最紧的一年也剩{figure('budget', least)}"
    return "省下的是不太合算的步骤"
