"""What an expansion plan stands on: figures of statistics and the manager's orders apart from assumptions.

Always holds: an assumption is called one, whoever made it.
"""

from __future__ import annotations

from math import log

import pandas as pd

from ...words import status_word
from ..phrases import figure, listed
from ..story import Claim, Strip


def strip(plan, units: pd.DataFrame, tree, *, area: str = "", category_share: float | None = None) -> Strip:
    """The parameters of a plan on one line: what is known or ordered, and what is assumed.

    Parameters
    ----------
    plan : ExpansionPlan
    units : DataFrame
        Market units as they were given.
    tree : RegionTree
        For the names of the base.
    area : str
        Name of the area planned in.
    category_share : float, optional
        Share of retail sales that the category is assumed to have; None with own units.
    """
    policy = plan.policy
    assumed = plan.assumptions
    response = assumed.response
    years = list(policy.years)
    kind = "总支出" if policy.budget_kind == "gross" else "净垫付"
    facts = {"根据地": listed(tree.names(list(plan.policy.base)), most=3)}
    facts |= {"范围": f"{area}{len(units)} 个单元"} if area else {"单元": f"{len(units)} 个"}
    facts |= {"计划期": f"{years[0]}—{years[-1]} 年"}
    facts |= {"预算": f"{figure('budget', plan.cash_flow['budget'].max())}/年（{kind}）"}
    facts |= {"容量": _capacity(units, category_share)}
    guesses = {} if category_share is None else {"品类占社零": f"{category_share:.1%}"}
    guesses |= {"强势": f"前 {response.strong_rank} 名且份额 ≥ {response.enter_share:.0%}"}
    if category_share is not None:
        guesses |= {"对手份额与力度、进入费用": "按人均零售额推"}
    guesses |= {"投入": _effort(plan), "见效": f"最终份额的一半约 {_half(response):.0f} 年"}
    guesses |= {"各地差异": f"±{assumed.spread:.0%}" if assumed.spread else "无，事先全知道"}
    guesses |= {"对手反击": f"我方份额的 {response.reaction:.0%}"}
    guesses |= {"折现率": f"{assumed.discount:.0%}", "期后": f"末年利润 × {assumed.terminal_years:g} 年"}
    return Strip(facts, guesses)


def _capacity(units: pd.DataFrame, category_share: float | None) -> str:
    total = figure("capacity", units["capacity"].sum())
    if category_share is None:
        return f"{total}（自有单元表）"
    return f"{total}（社零{_status(units)}）"


def _status(units: pd.DataFrame) -> str:
    carried = units["status"].isin(["nowcast", "allocated"])
    return f"，{units.loc[carried, 'year'].max():.0f} 年为{status_word('nowcast')}" if carried.any() else ""


def _effort(plan) -> str:
    """The efforts of the most forceful programme, of capacity."""
    programmes = plan.assumptions.programmes
    hardest = max(programmes, key=lambda one: sum(one.effort))
    return "、".join(f"{x:.1%}".replace(".0%", "%") for x in hardest.effort) + "（占容量，逐年）"


def _half(response) -> float:
    """Years until about half of the final share is there at a lasting effort."""
    keep = 1 - response.ramp if response.form == "easy" else response.carry_over
    return log(0.56) / log(keep) if 0 < keep < 1 else 1.0


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


def guessed(units: pd.DataFrame) -> Claim:
    """How much of the capacity stands on published figures, and how the rest was found.

    Parameters
    ----------
    units : DataFrame
        With capacity and, for the built-in ones, status.
    """
    if "status" not in units:
        return Claim("容量取自自有单元表。", {"capacity": units["capacity"].sum()})
    part = units.groupby("status")["capacity"].sum() / units["capacity"].sum()
    told = "、".join(f"{status_word(key)} {share:.0%}" for key, share in part.sort_values()[::-1].items())
    text = f"容量按金额：{told}。县级没有公布值，按人口和人均产出分摊所在市的数。"
    return Claim(text, {"capacity": units["capacity"].sum()})


def _guessed_share(units: pd.DataFrame) -> float:
    """Part of the capacity that stands on no published figure of its place or of the place above."""
    if "status" not in units or not units["capacity"].sum():
        return 0.0
    return float(units.loc[units["status"] == "imputed", "capacity"].sum() / units["capacity"].sum())
