"""What past openings say beside a plan.

Always holds: how far the ranking can be trusted is said with it; agreement is told against what chance gives.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .. import words
from .phrases import figure, listed
from .story import Claim

#: Agreement above this multiple of chance is called that.
MORE_THAN_CHANCE = 2.0
#: A plan that enters more than this share of the places left agrees with any ranking.
MOSTLY = 0.4


def beside_history(table: pd.DataFrame, names: pd.Series, *, n_free: int) -> Claim:
    """How far a plan goes where past openings point to (计划与学得的规律).

    Parameters
    ----------
    table : DataFrame
        As from `expansion.plan_beside_ranking`: region, planned_year, rank, probability, in_both.
    names : Series
        Code -> name.
    n_free : int
        Places that are not held by the history.

    Returns
    -------
    Claim
    """
    planned = table["planned_year"].notna()
    if not planned.any():
        return Claim("计划没有进入新的地区，无从与过去的规律比较。", {"n_planned": 0})
    free = table[planned & table["rank"].notna()]
    held = int(planned.sum() - len(free))
    told = ""
    if held:
        told = f"计划进入的另有 {held} 处开店记录里早已进入（或没有坐标）：请把已进入的列入根据地再排。"
    if not len(free):
        return Claim(f"计划进入的地区都不在可比之列。{told}", {"n_planned": 0, "n_held": held})
    both = int(table["in_both"].sum())
    by_chance = len(free) / max(n_free, len(free))
    text = (
        f"计划进入的 {len(free)} 处中有 {both} 处也在学得的规律的前 {len(free)} 名"
        f"（随机约 {by_chance:.0%}）：{_verdict(free, both / len(free), by_chance)}。{told}"
    )
    if len(other := table.loc[~planned, "region"].map(names)):
        text += f"规律靠前而计划不去的：{listed(other)}。"
    text += "规律说的是过去怎样走，不是怎样走才赚钱；分歧处请逐一说明理由。"
    return Claim(text, {"n_planned": len(free), "n_both": both, "n_held": held})


def _verdict(free: pd.DataFrame, share: float, by_chance: float) -> str:
    """How well plan and history agree; a plan that goes nearly everywhere is judged by its order instead."""
    if by_chance > MOSTLY:
        order = float(free["planned_year"].astype(float).corr(free["rank"].astype(float), "spearman"))
        alike = "大体一致" if order >= 0.5 else "有些相像" if order >= 0.25 else "无关"
        shown = "" if np.isnan(order) else f"（秩相关 {order:.2f}）"
        return f"几乎处处都去，重合说明不了什么；进入的先后与过去的走法{alike}{shown}"
    if share < MORE_THAN_CHANCE * by_chance:
        return "与过去的走法无关"
    return "与过去的走法大体一致" if share >= 0.5 else "与过去的走法不同"


def net(plan, looking=None) -> Claim:
    """How sure a plan is of its units, and what its decision points bring.

    Parameters
    ----------
    plan : ExpansionPlan
    looking : Series, optional
        From :func:`mktanalysis.expansion.value_of_looking`.

    Returns
    -------
    Claim
    """
    first = plan.rules.drop_duplicates("region")
    if not len(first):
        text = "这份计划没有看份额再定的时点：进入以后都按定好的做法做下去。"
        return Claim(text, {"n_looked": 0})
    steps = plan.steps.set_index("region").loc[first["region"]]
    n = len(first)
    bases = float(steps["strong_chance"].mean())
    left = float(steps["left_chance"].mean())
    text = f"{n} 个新单元先进去看一看，再定撤、留、集中。"
    if (pushed := first["push_chance"].mean()) > 0:
        text += f"看后集中的预计每十个有 {10 * pushed:.0f} 个；"
    text += f"到期末，每十个里预计 {10 * bases:.0f} 个成为强势、{10 * left:.0f} 个已经撤出。"
    text += _bars(first)
    found = {"n_looked": n, "n_bases": bases * n, "n_left": left * n}
    if looking is not None:
        worth = looking["net_information"]
        found["net_information"] = worth
        if worth > 0.001 * max(abs(looking["gain"]), 1.0):
            text += f"与事先全部定死的最好计划相比，先看再定多赚{figure('gain', worth)}。"
        else:
            text += "与事先全部定死的最好计划相比，先看再定并不多赚。"
    return Claim(text, found)


def _bars(first: pd.DataFrame) -> str:
    """The usual bars, as the middle of those of the units."""
    told = []
    for column, form in (("leave_below", "低于 {:.1%} 就撤"), ("push_from", "达到 {:.1%} 就集中")):
        known = first[column].dropna()
        if len(known):
            told.append(form.format(known.median()))
    return f"看的是自己的份额：居中的单元{'，'.join(told)}（各单元的界限见下表）。" if told else ""


def certainty(plan) -> Claim:
    """How many of the units entered will be strong, and which one is surest and least sure.

    Parameters
    ----------
    plan : ExpansionPlan
    """
    steps = plan.steps.sort_values("strong_chance", kind="stable")
    strong = float(steps["strong_chance"].sum())
    left = float(steps["left_chance"].sum())
    low = steps.iloc[0]
    high = steps.iloc[-1]
    text = "" if high["strong_chance"] > 0.9 else "没有一处是十拿九稳："
    text += f"进入的 {len(steps)} 个单元里，到期末预计 {strong:.0f} 个强势、{left:.0f} 个撤出"
    if len(steps) > 1:
        text += f"；把握最大的是{high['name']}（{high['strong_chance']:.0%}），"
        text += f"最小的是{low['name']}（{low['strong_chance']:.0%}）"
    return Claim(text + "。", {"n_bases": strong, "n_left": left})


def doubted(doubts: list[str]) -> Claim:
    """What lies outside the usual, as a plan's first words; that nothing does, where that is so."""
    if not doubts:
        return Claim("与常见的进入相比，没有不合常情之处。", {"n_doubts": 0})
    return Claim(f"不合常情，请核对假设：{'；'.join(doubts)}。", {"n_doubts": len(doubts)})


def net_or_force(sensitivity: pd.DataFrame) -> Claim:
    """When looking first beats concentrating at once: both ring by ring, under each condition.

    Parameters
    ----------
    sensitivity : DataFrame
        From :func:`mktanalysis.expansion.strategy_sensitivity`.
    """
    index = ["condition", "factor"]
    gain = sensitivity.pivot_table(index=index, columns="strategy", values="gain", sort=False)
    lead = gain["scout_rings"] - gain["base_first"]
    names = words.values("sensitivity")
    told = [names[condition] + _when(rows) for condition, rows in lead.groupby(level=0, sort=False)]
    usual = gain[gain.index.get_level_values("factor") == 1.0]
    free = float((usual["wide_net"] - usual["scout_rings"]).mean())
    text = f"同样逐圈推进，先探路还是直接集中：{'；'.join(told)}。"
    text += f"撒网比逐圈探路{'多' if free >= 0 else '少'}赚{figure('gain', abs(free))}："
    text += "那是不受连片约束之故，与探路无关。"
    return Claim(text, {"gain": free})


def _when(lead: pd.Series) -> str:
    """Under which factors looking first is the better, and under which it is not."""
    looks = [f"{factor:g} 倍" for (_, factor), x in lead.items() if x > 0]
    forces = [f"{factor:g} 倍" for (_, factor), x in lead.items() if x <= 0]
    if not looks or not forces:
        return "怎样变都是先探路好" if looks else "怎样变都是直接集中好"
    return f" {'、'.join(looks)}时先探路好，{'、'.join(forces)}时直接集中好"
