"""What stands around a plan's evidence: what it rests on, and the titles of its charts as findings.

Always holds: an assumption is told apart from a figure; a title says what its chart shows, from its table.
"""

from __future__ import annotations

import pandas as pd

from ..planning.document.zones import ROLES
from ..words import value_word
from .phrases import figure, listed
from .story import Strip

#: From this part of the tasks on a title names the one place that has it.
_MOST = 0.5


def plan_strip(plan, own, tree, *, published: int, assumed: dict[str, str], files: int = 0) -> Strip:
    """What a plan rests on: base, budget, years, figures; assumptions in their own colour (计划的依据).

    Parameters
    ----------
    plan : ExpansionPlan
    own : Position
    tree : RegionTree
    published : int
        Newest year with published figures.
    assumed : dict
        Chinese label -> text: what the company has not given.
    files : int
        How many files of its own it has given.
    """
    years = plan.policy.years
    base = listed(tree.names(list(own.base)), most=3)
    budget = f"{figure('budget', float(plan.cash_flow['budget'].iloc[0]))}（净垫付）"
    facts = {"计划": f"{years[0]}—{years[-1]} 年", "预算/年": budget}
    facts |= {"数据": f"公布到 {published} 年，补到 {int(own.units['year'].max())} 年"}
    facts |= {"自有文件": f"{files} 份" if files else "没有"}
    if own.last is None:
        return Strip(facts, {"根据地": base, **assumed, "对手与费用": "行业经验"})
    return Strip({"根据地": base, **facts}, {**assumed, "对手与费用": "行业经验"})


def plan_titles(
    name: str,
    *,
    cities: pd.DataFrame,
    swot: pd.DataFrame,
    zones: pd.DataFrame,
    steps: pd.DataFrame,
    tasks: pd.DataFrame,
    names: pd.Series,
    compared: int,
) -> dict[str, str]:
    """Titles of the charts of a plan, each a finding (图题即结论).

    Parameters
    ----------
    name : str
        The region's.
    cities : DataFrame
        ``planning.city_table``: after `compared` lines of others comes the region's.
    swot, zones, steps, tasks : DataFrame
        Tables of the plan.
    names : Series
        Code -> name.
    compared : int

    Returns
    -------
    dict
        Of fans, swot, zones, path, tasks.
    """
    return {
        "fans": _size(name, cities.iloc[compared]),
        "swot": _sides(name, swot),
        "zones": _roles(name, zones),
        "path": _path(name, steps),
        "tasks": _tasks(name, tasks, names),
    }


def _size(name: str, row: pd.Series) -> str:
    if pd.isna(row["mean"]):
        return f"{name}：没有连续的零售总额，不作预测"
    pace = "快于" if row["against"] > 0.0005 else "慢于" if row["against"] < -0.0005 else "与"
    end = "全国" if pace != "与" else "全国相同"
    return f"{name}零售总额年均增长 {row['growth']:.1%}，{pace}{end}"


def _sides(name: str, swot: pd.DataFrame) -> str:
    counts = swot["side"].value_counts()
    parts = [
        f"{value_word('swot', side)} {counts[side]} 条"
        for side in ("strength", "weakness", "opportunity", "threat")
        if side in counts
    ]
    return f"{name}：{'、'.join(parts) or '没有达到门槛的数字'}"


def _roles(name: str, zones: pd.DataFrame) -> str:
    order = [(role, zones.loc[zones["role"] == role, "zone"]) for role in ("deepen", "open", "steady")]
    parts = [f"{ROLES[role]}{listed(group, most=3)}" for role, group in order if len(group)]
    return f"{name}：{'，'.join(parts)}"


def _path(name: str, steps: pd.DataFrame) -> str:
    if not len(steps):
        return f"{name}：计划期内守住根据地，不进入新的市场"
    first, last = steps["period"].min(), steps["period"].max()
    opened = steps.loc[steps["period"] == first, "name"]
    text = f"{name}：{first} 年先进{listed(opened, most=3)}"
    return text if first == last else f"{text}，到 {last} 年共进入 {len(steps)} 个市场"


def _tasks(name: str, tasks: pd.DataFrame, names: pd.Series) -> str:
    low = tasks[tasks["level"] == tasks["level"].iloc[-1]]
    top = low.loc[low["quota"].idxmax()]
    share = top["quota"] / low["quota"].sum()
    told = f"{name}：任务 {figure('quota', low['quota'].sum())}"
    if len(low) > 1 and share >= _MOST:
        return f"{told}，{share:.0%} 在{names[top['region']]}"
    return f"{told}，最大的是{names[top['region']]}（{share:.0%}）"
