"""The first page of a regional plan: judgement, three numbers with their range, three things to do, the risk.

Always holds: every figure of the page stands in a table of the plan; what is an assumption is called one; a
region that will miss its task is named before anything new is begun.
"""

from __future__ import annotations

import pandas as pd

from ..words import value_word
from ..words.amounts import format_number
from .capacity import capacity
from .expansion import expansion
from .phrases import figure, listed
from .story import Claim, Number, Story

#: The order in which zones are told: the source's plan opens, deepens, keeps.
_ORDER = ("open", "deepen", "steady")


def plan_page(
    plan, result, tasks: pd.DataFrame, zones: pd.DataFrame, density: pd.DataFrame, tree, region: str,
    *, starts: pd.DataFrame, budget: pd.DataFrame, risk=None, scores=None, covered=None, outlook=None,
) -> Story:  # fmt: skip
    """Conclusions of a region's development plan (计划书首页).

    Parameters
    ----------
    plan : ExpansionPlan
    result : ForecastResult
        Of the region's retail sales.
    tasks : DataFrame
        The year's tasks, the whole region in the first row.
    zones : DataFrame
        From :func:`mktanalysis.planning.zone_roles`.
    density : DataFrame
        From :func:`mktanalysis.planning.dealer_density`.
    tree : RegionTree
    region : str
        Code.
    starts : DataFrame
        Columns region, start: when each market is begun.
    budget : DataFrame
        From :func:`mktanalysis.planning.path_budget`.
    risk : RiskResult, optional
    scores, covered
        As for :func:`mktanalysis.stories.capacity.capacity`.
    outlook : DataFrame, optional
        From :func:`mktanalysis.planning.year_outlook`: the running year of the company.

    Returns
    -------
    Story
    """
    year = int(plan.policy.years[0])
    names = tree.names()
    path = expansion(plan, risk=risk, tree=tree)
    size = capacity(result, tree, region, scores=scores, covered=covered)
    actions = [_help(outlook, names), _begin(plan, starts, year), _zones(zones), _dealers(density, names)]
    known = [action for action in actions if action is not None]
    return Story(
        f"{names[region]} {year} 年区域市场开发计划书",
        _judgement(plan, tasks, budget, path, year, names[region]),
        numbers=(_task(tasks, result, region, year), *size.numbers[:1], *_gain(path)),
        actions=tuple(known[:3]),
        risk=path.risk or size.risk,
        more=tuple(claim for claim in (*known[3:], size.judgement, path.judgement) if claim is not None),
    )


def _judgement(plan, tasks: pd.DataFrame, budget: pd.DataFrame, path: Story, year: int, name: str) -> Claim:
    broken = plan.checks.loc[~plan.checks["holds"].astype(bool), "condition"]
    if len(broken):
        return path.judgement
    total = tasks["quota"].iloc[0]
    spent = budget["amount"].iloc[-1]
    first = plan.steps[plan.steps["period"].dt.year == year] if len(plan.steps) else plan.steps
    text = f"{name} {year} 年任务{figure('quota', total)}，投入{figure('amount', spent)}；"
    if len(first):
        text += f"从根据地{_base(plan)}出发，当年进入{listed(first['name'], most=4)}"
    elif len(plan.steps):
        later = plan.steps["period"].dt.year.min()
        text += f"当年守住根据地{_base(plan)}，{later} 年起进入{listed(plan.steps['name'], most=3)}"
    else:
        text += f"守住根据地{_base(plan)}，计划期内不进入新的地区（进入的所得抵不上花费）"
    return Claim(text + "。", {"quota": total, "amount": spent, "n_steps": len(first)})


def _base(plan) -> str:
    return listed(plan.market.tree.names(list(plan.policy.base)), most=2)


def _task(tasks: pd.DataFrame, result, region: str, year: int) -> Number:
    """The task, with the range that the market's own forecast leaves if shares come out as planned."""
    total = tasks["quota"].iloc[0]
    ahead = result.table[(result.table["region"] == region) & (result.table["period"].dt.year == year)]
    name = f"{year} 年任务"
    if not len(ahead):
        return Number(name, figure("quota", total), note="没有市场预测，给不出范围")
    row = ahead.iloc[0]
    ends = [figure("quota", total * row[end] / row["mean"]) for end in ("lower", "upper")]
    return Number(name, figure("quota", total), *ends, "份额如计划，市场落在八成区间内")


def _gain(path: Story) -> tuple[Number, ...]:
    return tuple(number for number in path.numbers if number.name == "gain")


def _help(outlook: pd.DataFrame | None, names) -> Claim | None:
    if outlook is None or not len(outlook):
        return None
    late = outlook[outlook["needs_help"] & (outlook["level"] == outlook["level"].iloc[-1])]
    if not len(late):
        return None
    text = f"先支援今年完不成的{listed(names[late['region']])}："
    text += f"预计还差{figure('shortfall', late['shortfall'].sum())}。"
    return Claim(text, {"n": len(late), "shortfall": late["shortfall"].sum()})


def _begin(plan, starts: pd.DataFrame, year: int) -> Claim | None:
    first = starts[starts["start"].dt.year == year].sort_values("start", kind="stable")
    if not len(first):
        return None
    name = plan.steps.set_index("region")["name"]
    dates = [f"{row.start.month} 月{name[row.region]}" for row in first.itertuples()]
    cost = plan.steps[plan.steps["period"].dt.year == year]["cost"].sum()
    text = f"按先后启动新市场：{listed(dates, most=6)}；首年费用合计{figure('cost', cost)}。"
    return Claim(text, {"n_steps": len(first), "cost": cost})


def _zones(zones: pd.DataFrame) -> Claim | None:
    if not len(zones):
        return None
    parts = [
        f"{value_word('zone_role', role)}{'、'.join(group)}"
        for role in _ORDER
        if len(group := zones.loc[zones["role"] == role, "zone"])
    ]
    text = f"分区定位：{'，'.join(parts)}；网点空间 {format_number(zones['headroom'].sum(), '家')}。"
    return Claim(text, {"headroom": zones["headroom"].sum()})


def _dealers(density: pd.DataFrame, names) -> Claim | None:
    blank = density[density["status"] == "blank"].sort_values("priority")
    if not len(blank):
        return None
    text = f"空白市场 {len(blank)} 个，按容量先补{listed(names[blank['region']], most=4)}，"
    return Claim(text + "每个地级市两家一级经销商，不设省级总经销。", {"n": len(blank)})
