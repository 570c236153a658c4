"""What an expansion study found: which way, what it brings and takes, what to do first, what may go wrong.

Always holds: strategies closer than two percent are called equal; the plan is never called good when one of
its conditions fails or when it takes no step; what lies beyond the horizon is said apart.
"""

from __future__ import annotations

import pandas as pd

from ..words import grade_name, status_word
from .entries import certainty
from .phrases import as_good_as, figure, leaders, listed
from .story import Claim, Number, Story

#: Rows of a comparison that are no named strategies.
REFERENCES = ("planned", "optimum")
#: Above this a shortage of money or a loss is named as a risk, and a reserve is asked for.
LIKELY = 0.3
#: A gain that lies by more than this part after the horizon is a promise about years that were not planned.
MOSTLY_LATER = 0.5


def expansion(plan, comparison=None, risk=None, tree=None) -> Story:
    """Conclusions of an expansion study (扩张路径的结论).

    Parameters
    ----------
    plan : ExpansionPlan
    comparison : Comparison, optional
        Named strategies on the same market.
    risk : RiskResult, optional
        Of the same plan.
    tree : RegionTree, optional
        For the names of the base.

    Returns
    -------
    Story
    """
    return Story(
        "扩张路径",
        _judgement(plan, tree),
        numbers=_numbers(plan, risk),
        actions=tuple(_actions(plan, risk)),
        risk=_largest_risk(plan, risk),
        more=tuple(_more(plan, comparison, risk)),
    )


def _judgement(plan, tree) -> Claim:
    broken = plan.checks.loc[~plan.checks["holds"].astype(bool), "condition"]
    if len(broken):
        return Claim(f"这份计划不可采用：{listed(broken)}不成立。", {"n_broken": len(broken)})
    if not len(plan.steps):
        return _no_step(plan)
    base = _base_name(plan, tree)
    first_year = plan.steps["period"].min()
    first = plan.steps.loc[plan.steps["period"] == first_year, "name"]
    text = f"从{base}出发，{first_year} 年先进{listed(first, most=3)}，{_top_rung(plan)}"
    gain = plan.figures["gain"]
    if gain > 0:
        text += f"；比只守根据地多赚{figure('gain', gain)}（折现）。"
    else:
        text += f"；但这样走比只守根据地少赚{figure('gain', -gain)}（折现），不值得走。"
    return Claim(text, {"gain": gain, "n_steps": len(plan.steps)})


def _no_step(plan) -> Claim:
    least = plan.figures["first_step_budget"]
    budget = plan.cash_flow["budget"].max()
    if pd.isna(least):
        reason = "没有一步是赚钱的，请检查费用与利润率"
    elif least > budget:
        reason = f"第一步每年至少要{figure('budget', least)}"
    else:
        reason = "每一步的所得都抵不上它的花费"
    text = f"每年{figure('budget', budget)}的预算下，不进入任何新地区最合算：{reason}。"
    return Claim(text, {"budget": budget, "first_step_budget": least, "n_steps": 0})


def _base_name(plan, tree) -> str:
    base = list(plan.policy.base)
    return listed(base if tree is None else tree.names(base), most=3)


def _top_rung(plan) -> str:
    """The highest rung that the plan reaches, with its year."""
    reached = plan.ladder
    if not len(reached):
        return "计划期内登不上任何一级"
    order = [rung.level for rung in plan.assumptions.rungs]
    top = max(reached["level"], key=order.index)
    first = reached[reached["level"] == top].sort_values("period").iloc[0]
    held = "" if first["held"] else "（期末已失去）"
    return f"{first['period']} 年成为{first['name']}的{grade_name(top)}强势品牌{held}"


def _numbers(plan, risk) -> tuple[Number, ...]:
    if not len(plan.steps):
        return ()
    found = plan.figures
    chance = None if risk is None else risk.figures
    gain = Number("gain", found["gain"], note="计划所示，没有计入随机变化")
    if chance is not None:
        gain = Number("gain", chance["mean"], chance["p05"], chance["p95"], "重放的平均与九成范围")
    spent = Number("peak_cash", found["peak_cash"], note="累计净投入最深时")
    later = found["gain_after"] / found["gain"] if found["gain"] > 0 else None
    after = "计划期以后的部分" if later is None else f"占净现值增量的 {later:.0%}"
    return gain, spent, Number("gain_after", found["gain_after"], note=after)


def _actions(plan, risk):
    steps = plan.steps.sort_values(["period", "value"], ascending=[True, False])
    for row in steps.head(3).itertuples():
        reason = getattr(row, "reason", None)
        why = f"：{reason}" if isinstance(reason, str) and reason else ""
        text = f"{row.period} 年{row.action}进入{row.name}，首年费用{figure('cost', row.cost)}{why}。"
        yield Claim(text, {"region": row.region, "cost": row.cost, "value": row.value})
    if risk is not None and risk.figures["shortage_probability"] > LIKELY:
        chance = risk.figures["shortage_probability"]
        text = f"留出机动预算，或把后面的步骤推迟一年：有 {chance:.0%} 的可能某年资金不足。"
        yield Claim(text, {"shortage_probability": chance})


def _largest_risk(plan, risk) -> Claim | None:
    if not len(plan.steps):
        return None
    found = plan.figures
    share = found["gain_after"] / found["gain"] if found["gain"] > 0 else float("nan")
    if risk is None:
        text = "没有做随机重放，不知道把握有多大。"
        return Claim(text, {"gain_after": found["gain_after"]})
    chance = risk.figures
    told = []
    if chance["loss_probability"] > 0.05:
        told.append(f"亏损的可能 {chance['loss_probability']:.0%}")
    if chance["shortage_probability"] > 0.05:
        told.append(f"某年资金不足的可能 {chance['shortage_probability']:.0%}")
    if share > MOSTLY_LATER:
        after = "全部增量都" if share >= 1 else f"{share:.0%} 的增量"
        told.append(f"{after}来自计划期以后（末年利润按 {plan.assumptions.terminal_years:g} 年计）")
    if chance["mean"] < found["gain"]:
        told.append(f"重放的平均比计划低{figure('gain', found['gain'] - chance['mean'])}")
    figures = {key: chance[key] for key in ("mean", "p05", "loss_probability", "shortage_probability")}
    figures["gain_after"] = found["gain_after"]
    return Claim("；".join(told) + "。" if told else "亏损与资金不足的可能都不到 5%。", figures)


def _more(plan, comparison, risk):
    if comparison is not None:
        yield _ways(comparison)
    if len(plan.steps) and plan.policy.objective == "profit" and plan.figures["gain"] > 0:
        room = plan.bound - plan.gain
        text = f"任何遵守同样条件的计划最多再好{figure('gain', room)}（{plan.gap:.1%}），这是证明了的上界。"
        yield Claim(text, {"bound": plan.bound, "gap": plan.gap})
    if len(plan.steps):
        yield _payback(plan)
        if "strong_chance" in plan.steps:
            yield certainty(plan)


def _ways(comparison) -> Claim:
    named = comparison.table[~comparison.table["strategy"].isin(REFERENCES)]
    allowed = named[named["holds"].astype(bool)]
    if not len(allowed):
        return Claim("有名称的打法没有一种满足全部条件。", {"n_strategies": len(named)})
    gains = allowed.set_index("title")["gain"]
    best = leaders(gains)
    text = f"有名称的打法里{as_good_as(best, '打法')}，净现值增量{figure('gain', gains[best[0]])}"
    planned = comparison.table.loc[comparison.table["strategy"] == "planned", "gain"]
    if len(planned):
        text += f"；规划路径{figure('gain', planned.iloc[0])}"
    worst = gains.idxmin()
    if worst not in best:
        text += f"；最差的是“{worst}”（{figure('gain', gains[worst])}）"
    text += _free_of_contiguity(allowed, best, comparison.table)
    return Claim(text + "。", {title: gains[title] for title in [*best, worst]})


def _free_of_contiguity(allowed: pd.DataFrame, best: list[str], table: pd.DataFrame) -> str:
    """Why a named strategy may gain more than the planned path: it need not hang together."""
    rule = table.set_index("strategy").get("contiguity", pd.Series(dtype=object))
    if rule.get("planned", "none") == "none":
        return ""
    free = allowed.set_index("title")["contiguity"].reindex(best).eq("none")
    gain = table.set_index("strategy")["gain"]
    if not free.any() or gain[rule[rule == "none"].index].max() <= gain["planned"]:
        return ""
    text = f"。“{best[0]}”不受连片约束，规划路径须连片，两者不能直接比"
    if "optimum" in gain:
        text += f"：同样不受约束的最优是{figure('gain', gain['optimum'])}，"
        text += f"连片的代价是{figure('gain', gain['optimum'] - gain['planned'])}"
    return text


def _payback(plan) -> Claim:
    found = plan.figures
    year = found["payback_year"]
    back = "计划期内没有回本" if pd.isna(year) else f"{year:.0f} 年回本"
    text = (
        f"增量部分{back}；期末覆盖容量的 {found['capacity_covered_share']:.0%}，"
        f"整体份额 {found['share_overall']:.0%}，销售额中强势单元占 {found['concentration']:.0%}，"
        f"销售人员最多 {found['peak_staff']:.0f} 人。"
    )
    names = ("payback_year", "capacity_covered_share", "share_overall", "concentration", "peak_staff")
    return Claim(text, {name: found[name] for name in names})


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
        text += f"离上一级最近的是{row['nearest']}，它下面还差 {row['lacks']:.0f} 个强势的下级。"
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
        text += f"，少 {lost:.0%}" if lost > 0 else f"，多 {-lost:.0%}（原来的搜索没有找到最好的计划）"
    return Claim(text + "。", {"gain": two})


def basis(plan, units: pd.DataFrame, *, category_share: float | None = None) -> Claim:
    """What a plan stands on, in one line: base, money, years, what counts as strong, what is assumed.

    Parameters
    ----------
    plan : ExpansionPlan
    units : DataFrame
        With capacity and, for the built-in ones, status.
    category_share : float, optional
        Share of retail sales that the category is assumed to have.
    """
    policy = plan.policy
    response = plan.assumptions.response
    budget = plan.cash_flow["budget"].max()
    first, last = plan.cash_flow["period"].iloc[[0, -1]]
    parts = [
        f"{len(units)} 个单元，品类容量{figure('capacity', units['capacity'].sum())}",
        f"每年预算{figure('budget', budget)}（净垫付：亏损由预算出，利润的 {policy.reinvest:.0%} 可再投）",
        f"{first}—{last} 年",
        f"强势指居前 {response.strong_rank} 名且份额过 {response.enter_share:.0%}",
        f"折现率 {plan.assumptions.discount:.0%}",
    ]
    if category_share is not None:
        parts.insert(1, f"品类占社零 {category_share:.1%}（假设）")
    if "status" in units and (carried := units["status"].isin(["nowcast", "allocated"])).any():
        parts.insert(1, f"容量按 {units.loc[carried, 'year'].max()} 年（{status_word('nowcast')}）")
    guessed = _guessed_share(units)
    if guessed >= 0.005:
        parts.insert(1, f"其中 {guessed:.0%} 来自没有公布数的地方，是推算的（公布数的合计因此更小）")
    told = "；".join(parts) + "。对手份额、费用、响应快慢是行业经验假设。"
    return Claim(told, {"capacity": units["capacity"].sum(), "budget": budget})


def _guessed_share(units: pd.DataFrame) -> float:
    """Part of the capacity that stands on no published figure of its place or of the place above."""
    if "status" not in units or not units["capacity"].sum():
        return 0.0
    return float(units.loc[units["status"] == "imputed", "capacity"].sum() / units["capacity"].sum())
