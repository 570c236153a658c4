"""What an expansion study found: which way, what it brings and takes, what to do first, what may go wrong.

Always holds: strategies closer than two percent are called equal; the plan is never called good when one of
its conditions fails or when it takes no step; what lies beyond the horizon is said apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ...words import grade_name
from ..entries import certainty
from ..phrases import as_good_as, figure, leaders, listed
from ..story import Claim, Number, Story
from .evidence import harvest, money

#: Rows of a comparison that are no named strategies.
REFERENCES = ("planned", "optimum")
#: Above this a shortage of money or a loss is named as a risk, and a reserve is asked for.
LIKELY = 0.3
#: A gain that lies by more than this part after the horizon is a promise about years that were not planned.
MOSTLY_LATER = 0.5


def expansion(plan, comparison=None, risk=None, tree=None, *, doubts: Sequence[str] = ()) -> Story:
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
    doubts : sequence of str
        Where the plan lies outside what is usual, from :func:`mktanalysis.expansion.doubts`.

    Returns
    -------
    Story
    """
    return Story(
        "扩张路径",
        _judgement(plan, tree),
        numbers=_numbers(plan, risk),
        actions=tuple(_actions(plan, risk)),
        risk=_doubted(_largest_risk(plan, risk), doubts),
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
    text = f"从{base}出发，{first_year} 年先进{listed(first, most=3)}，{_top_rung(plan)}；{_fate(plan)}"
    gain = plan.figures["gain"]
    if gain > 0:
        text += f"；比只守根据地多赚{figure('gain', gain)}（折现），{_within(plan)}。"
    else:
        text += f"；但这样走比只守根据地少赚{figure('gain', -gain)}（折现），不值得走。"
    return Claim(text, {"gain": gain, "n_steps": len(plan.steps)})


def _fate(plan) -> str:
    """What is to be expected of the units entered."""
    steps = plan.steps
    if "strong_chance" not in steps:
        return f"共进入 {len(steps)} 个单元"
    strong = steps["strong_chance"].sum()
    left = steps["left_chance"].sum()
    return f"共进入 {len(steps)} 个单元，期末预计 {strong:.0f} 个强势、{left:.0f} 个已撤出"


def _within(plan) -> str:
    """How much of the gain is earned within the horizon."""
    found = plan.figures
    inside = found["gain_within"]
    if inside <= 0:
        return f"但计划期内还差{figure('gain', -inside)}，增量全在期后"
    warn = "只" if found["gain_after"] > MOSTLY_LATER * found["gain"] else ""
    return f"其中计划期内{warn}有{figure('gain', inside)}"


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
        mean = f"九成范围；重放的平均 {figure('gain', chance['mean'])}"
        gain = Number("gain", found["gain"], chance["p05"], chance["p95"], mean)
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


def _doubted(risk: Claim | None, doubts: Sequence[str]) -> Claim | None:
    """The risk with the doubts that the headline does not tell already: that value lies after the horizon."""
    other = [doubt for doubt in doubts if "计划期" not in doubt]
    if risk is None or not other:
        return risk
    text = f"{risk.text}不合常情，请核对假设：{'；'.join(other)}。"
    return Claim(text, {**risk.figures, "n_doubts": len(other)})


def _more(plan, comparison, risk):
    if comparison is not None:
        yield _ways(comparison)
    if len(plan.steps) and plan.policy.objective == "profit" and plan.figures["gain"] > 0:
        room = plan.bound - plan.gain
        text = f"任何遵守同样条件的计划最多再好{figure('gain', room)}（{plan.gap:.1%}），这是证明了的上界。"
        yield Claim(text, {"bound": plan.bound, "gap": plan.gap})
    if len(plan.steps):
        yield harvest(plan)
        yield money(plan)
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
