"""What a province report says on its first page: tiers, market, path, and how sure each is.

Always holds: a total of some cities is called a lower bound; a rung is told with what it counts and what it
leaves out; spending, what comes back in the same year and what the budget carries are three figures.
"""

from __future__ import annotations

import pandas as pd

from ..words import grade_name
from .capacity import capacity
from .expansion import expansion
from .phrases import counted, figure, listed
from .story import Claim, Story

#: With this many of the nine indicators estimated a tier is for orientation only.
MANY_ESTIMATED = 4


def province(result, plan, tiers: pd.DataFrame, tree, region: str, *, scores=None, covered=None) -> Story:
    """Conclusions of the report of one province (省级报告的结论).

    Parameters
    ----------
    result : ForecastResult
    plan : ExpansionPlan
        Inside the province.
    tiers : DataFrame
        Index region (prefectures of the province, best first); columns name, tier, rank, n_imputed.
    tree : RegionTree
    region : str
        Code of the province.
    scores, covered
        As for :func:`mktanalysis.stories.capacity.capacity`.

    Returns
    -------
    Story
    """
    size = capacity(result, tree, region, scores=scores, covered=covered)
    path = expansion(plan, tree=tree)
    more = [path.judgement, _rung(plan, tree, region), _budget(plan), *size.actions[:1]]
    return Story(
        f"{tree.names([region]).iloc[0]}市场报告",
        size.judgement,
        numbers=size.numbers,
        actions=path.actions,
        risk=size.risk,
        more=tuple(claim for claim in (_tiers(tiers), *more) if claim is not None),
    )


def _tiers(tiers: pd.DataFrame) -> Claim:
    if not len(tiers):
        return Claim("没有可以分级的地级单位。", {"n_regions": 0})
    best = tiers.iloc[0]
    if len(tiers) == 1:
        text = f"分级：{best['name']}是{best['tier']}，全国第 {best['rank']:.0f} 名。"
        return Claim(text, {"rank": best["rank"]})
    counts = tiers["tier"].value_counts(sort=False)
    text = f"分级：{best['name']}最高（{best['tier']}，全国第 {best['rank']:.0f} 名）；{counted(counts)}。"
    guessed = tiers.index[tiers["n_imputed"] >= MANY_ESTIMATED]
    if len(guessed):
        text += f"{listed(tiers.loc[guessed, 'name'], most=4)}约半数指标靠推算，级别只供参考。"
    return Claim(text, {"rank": best["rank"], "n_estimated": len(guessed)})


def _rung(plan, tree, region: str) -> Claim | None:
    """When the province itself becomes strong, what that counts, and what is not in it."""
    level = tree.level_of([region]).iloc[0]
    reached = plan.ladder[plan.ladder["region"] == region]
    if not len(plan.steps):
        return None
    if not len(reached):
        return Claim(f"计划期内还不能成为{grade_name(level)}强势品牌，需要更大的预算或更长的时间。", {})
    year = reached["period"].iloc[0]
    rule = next((rung for rung in plan.assumptions.rungs if rung.level == level), None)
    text = f"{year} 年成为{grade_name(level)}强势品牌"
    if rule is not None:
        text += f"：强势单元占个数的 {rule.count_share:.0%}、占容量的 {rule.capacity_share:.0%} 以上就算"
    at_that_time = plan.paths[(plan.paths["period"] == year) & plan.paths["strong"]]["region"]
    weak = [code for code in plan.case.units if code not in set(at_that_time)]
    if weak:
        text += f"；当时不在其中的有{listed(tree.names(weak), most=4)}"
    return Claim(text + "。", {"n_weak": len(weak)})


def _budget(plan) -> Claim | None:
    """Spending, income of the same year and net advance of the dearest year, side by side."""
    if not len(plan.steps):
        return None
    flow = plan.cash_flow
    worst = flow.loc[flow["need"].idxmax()]
    spent = worst["outlay"] + worst["office_cost"]
    text = f"预算指净垫付：最紧的 {worst['period']} 年投入{figure('outlay', spent)}，"
    text += f"当年回款{figure('income', worst['income'])}，占用预算{figure('need', worst['need'])}"
    text += f"（每年可用{figure('budget', worst['budget'])}"
    text += "，不足的用上年结余）。" if worst["need"] > worst["budget"] else "）。"
    return Claim(text, {name: worst[name] for name in ("outlay", "income", "need", "budget")})
