"""What a set of reports found together: how large, who matters, who grows, how much of it is covered.

Always holds: a sum of parts that are lower bounds is called one; shares are shares of what is listed.
"""

from __future__ import annotations

import pandas as pd

from ..words.amounts import format_number
from .phrases import listed
from .story import Claim

#: Below this share of people a figure is called a lower bound.
COVERED = 0.95
#: So many are named.
NAMED = 3


def landing(table: pd.DataFrame, *, unit: str, now: str, then: str) -> Claim:
    """The sentence above a ranking of regions (目录页的结论).

    Parameters
    ----------
    table : DataFrame
        A row a region: name, now, then (in `unit`, not NaN), optional covered (share of people).
    unit : str
        Display unit of now and then.
    now, then : str
        What these two are called, such as 2023 年零售额.

    Returns
    -------
    Claim

    Examples
    --------
    >>> table = pd.DataFrame({"name": ["甲省", "乙省"], "now": [60.0, 40.0], "then": [90.0, 50.0]})
    >>> landing(table, unit="亿元", now="2023 年零售额", then="2028 年零售额").text
    '2 个地区 2023 年零售额合计 100 亿元，2028 年零售额 140 亿元，增加 40 亿元；增量的 100% 在甲省、乙省。'
    """
    known = table.dropna(subset=["now", "then"])
    if not len(known):
        return Claim("还没有可以汇总的数字。", {"n_regions": 0})
    first = known["now"].sum()
    last = known["then"].sum()
    gains = known.set_index("name")["then"] - known.set_index("name")["now"]
    text = f"{len(known)} 个地区 {now}合计 {_amount(first, unit)}，{then} {_amount(last, unit)}，"
    word = "增加" if last >= first else "减少"
    text += f"{word} {_amount(abs(last - first), unit)}"
    most = gains.sort_values(ascending=False, kind="stable").head(NAMED)
    figures = {"n_regions": len(known), "合计": first, "增量": last - first}
    if last > first and most.sum() > 0:
        share = most.sum() / (last - first)
        text += f"；增量的 {share:.0%} 在{listed(most.index)}"
        figures["份额"] = share
    fast = _fastest(known, most.index)
    text += f"，增长最快的是{listed(fast)}" if fast else ""
    thin = known[known["covered"] < COVERED] if "covered" in known else known.iloc[:0]
    if len(thin):
        text += f"；{listed(thin['name'], most=4)}有地方没有统计，合计是下限"
    return Claim(text + "。", figures)


def _fastest(known: pd.DataFrame, most: pd.Index) -> list[str]:
    """The fastest growing that are not among the largest increments already named."""
    rate = (known.set_index("name")["then"] / known.set_index("name")["now"]).sort_values(ascending=False)
    return [name for name in rate.index[:NAMED] if name not in most]


def _amount(value: float, unit: str) -> str:
    """A sum in its unit; 10,000 亿元 and more as 万亿元, which is how they are spoken of."""
    if unit == "亿元" and value >= 1e4:
        return f"{value / 1e4:.1f} 万亿元"
    return f"{format_number(value, '')} {unit}".strip()
