"""Is a plan believable? What it promises beside what entries usually do.

Always holds: every range has its source, or is called folklore; a figure outside its range is a doubt told in
words, never an error - a weak rival or a lasting multiple of the first brand's effort may well justify it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from ...words.render import named
from ..choices.response import order_of
from .replay import expected
from .risk import plan_starts

#: Entries are looked at in this year of theirs.
LATER = 5


class Usual(NamedTuple):
    """The range in which a figure usually lies, where that is from, and the doubt if it lies outside."""

    low: float
    high: float
    source: str
    doubt: str


#: Figure -> what is usual.
USUAL = {
    "years_to_strong": Usual(
        3, 5, "行业经验", "成为强势的单元通常要到进入后的第 3–5 年，本计划的中位数是第 {value:.0f} 年"
    ),
    "strong_after_five": Usual(
        0.4,
        0.7,
        "行业经验；新品上市约四成失败（Castellion、Markham 2013）",
        "进入五年后通常四成到七成的单元成为强势，本计划为 {value:.0%}",
    ),
    "left_share": Usual(
        0.05,
        0.5,
        "行业经验；新品上市约四成失败（Castellion、Markham 2013）",
        "五年内撤出的通常占半成到五成，本计划为 {value:.0%}",
    ),
    "first_share": Usual(
        0.0,
        0.25,
        "后来者很少超过先行者（Kalyanaram、Robinson、Urban 1995；Huff、Robinson 1994）",
        "后来者很少成为第一，本计划期末有 {value:.0%} 的新单元居第一",
    ),
    "order_ratio": Usual(
        0.6,
        1.6,
        "份额之比 = 1÷√进入次序（Urban、Carter、Gaskin、Mucha 1986），力度相等时为 1",
        "同等力度下份额与第一品牌之比应为 1÷√进入次序，本计划为它的 {value:.1f} 倍",
    ),
    "peak_share_gain": Usual(
        0.0, 0.10, "行业经验", "十个新单元里有一个的份额一年增加 {value:.0%} 以上，通常不超过 10 个百分点"
    ),
    "after_share": Usual(
        0.0,
        0.5,
        "计划期以后的价值是推算",
        "净现值增量的 {value:.0%} 来自计划期以后，计划期内的价值不到一半",
    ),
}
COLUMNS = ["figure", "value", "usual_low", "usual_high", "usual", "source"]


def plausibility(plan) -> pd.DataFrame:
    """Put a plan's promises beside what entries usually do.

    Parameters
    ----------
    plan : ExpansionPlan

    Returns
    -------
    DataFrame
        One row a figure: figure, value, usual_low, usual_high, usual (lies inside), source.
        ``years_to_strong`` the year of presence in which the median entry that becomes strong does so,
        ``strong_after_five`` the part of entries strong in their fifth year, ``left_share`` the part left
        by then, ``first_share`` the part that
        is first in its market at the end, ``order_ratio`` the median of share over the first brand's x
        sqrt(order of entry), ``peak_share_gain`` the largest yearly gain of the expected share that one entry
        in ten exceeds, ``after_share`` the part of the gain that lies after the horizon. Missing where a plan
        has no such entry. Over all equally likely answers of the markets.

    Examples
    --------
    >>> from mktanalysis.expansion import Policy, expansion_market, grid_example, plan_expansion
    >>> plan = plan_expansion(expansion_market(*grid_example(3, 3)), Policy(base=("r1c1",), budget=6e6))
    >>> found = plausibility(plan).set_index("figure")
    >>> bool(found.at["first_share", "usual"]), bool(3 <= found.at["years_to_strong", "value"] <= 5)
    (True, True)
    """
    found = {**dict.fromkeys(USUAL, np.nan), **_of_entries(plan)}
    gain = plan.figures["gain"]
    found["after_share"] = plan.figures["gain_after"] / gain if gain > 0 else np.nan
    rows = [
        (figure, found[figure], usual.low, usual.high, _inside(found[figure], usual), usual.source)
        for figure, usual in USUAL.items()
    ]
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"usual": "boolean"})
    return named(table, "plausibility")


def doubts(plan) -> list[str]:
    """Say in words where a plan lies outside what is usual; nothing where it does not.

    Examples
    --------
    >>> from mktanalysis.expansion import Assumptions, Policy, expansion_market, grid_example, plan_expansion
    >>> market = expansion_market(*grid_example(3, 3))
    >>> policy = Policy(base=("r1c1",), budget=6e6)
    >>> easy = plan_expansion(market, policy, assumptions=Assumptions.easy())
    >>> any("很少成为第一" in doubt for doubt in doubts(easy))
    True
    """
    table = plausibility(plan)
    outside = table[(~table["usual"]).fillna(False)]
    told = {row.figure: USUAL[row.figure].doubt.format(value=row.value) for row in outside.itertuples()}
    if "after_share" in told and plan.figures["gain_within"] < 0:
        told["after_share"] = "计划期内不赚钱，净现值增量全部来自计划期以后的推算"
    return list(told.values())


def _inside(value: float, usual: Usual):
    if np.isnan(value):
        return pd.NA
    return bool(usual.low <= round(value, 2) <= usual.high)  # as it is shown


def _of_entries(plan) -> dict[str, float]:
    """Figures of the units that the plan enters."""
    case = plan.case
    starts = plan_starts(plan)
    if len(starts.unit) == 0:
        return {}
    seen = expected(case, starts).detail
    answers = seen["answers"].detail
    strong = answers["strong"][:, starts.unit]  # shape (answers, entries, periods)
    last = case.policy.periods - 1
    share = seen["share"][0, starts.unit]  # shape (entries, periods)
    before = case.column("own_share")[starts.unit]
    left = (1 - share[:, last]) / np.maximum(1 - before, 1e-9)
    first_brand = case.rivals[starts.unit, 0] * left
    order = order_of(case.rivals, case.base)[starts.unit]
    ratio = share[:, last] / np.maximum(first_brand, 1e-9) * np.sqrt(order)
    held = np.arange(last + 1) >= starts.period[:, None]
    gained = np.diff(np.where(held, share, before[:, None]), axis=1, prepend=before[:, None])
    found = {
        "first_share": float((answers["rank"][:, starts.unit, last] == 1).mean()),
        "order_ratio": float(np.median(ratio[first_brand > 0])) if (first_brand > 0).any() else np.nan,
        "peak_share_gain": float(np.quantile(gained.max(axis=1), 0.9)),
    }
    old = starts.period + LATER - 1 <= last
    if old.any():
        fifth = strong[:, old, starts.period[old] + LATER - 1]
        found["strong_after_five"] = float(fifth.mean())
        kept = answers["kept"][:, starts.unit][:, old, starts.period[old] + LATER - 1]
        found["left_share"] = 1 - float(kept.mean())
        ever = strong[:, old].any(axis=2)
        years = strong[:, old].argmax(axis=2) - starts.period[old] + 1
        found["years_to_strong"] = float(np.median(years[ever])) if ever.any() else np.nan
    return found
