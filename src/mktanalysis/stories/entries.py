"""What past openings say beside a plan.

Always holds: how far the ranking can be trusted is said with it; agreement is told against what chance gives.
"""

from __future__ import annotations

import pandas as pd

from .phrases import listed
from .story import Claim

#: Agreement above this multiple of chance is called that.
MORE_THAN_CHANCE = 2.0


def beside_history(table: pd.DataFrame, names: pd.Series, *, n_free: int) -> Claim:
    """How far a plan goes where past openings point to (计划与学得的规律).

    Parameters
    ----------
    table : DataFrame
        As from `expansion.plan_beside_ranking`: region, planned_year, rank, probability, in_both.
    names : Series
        Code -> name.
    n_free : int
        Places that are not held.

    Returns
    -------
    Claim
    """
    planned = table["planned_year"].notna()
    n_planned = int(planned.sum())
    both = int(table["in_both"].sum())
    if not n_planned:
        return Claim("计划没有进入新的地区，无从与过去的规律比较。", {"n_planned": 0})
    by_chance = n_planned / max(n_free, 1)
    share = both / n_planned
    verdict = (
        "与过去的走法大体一致" if share >= max(0.5, MORE_THAN_CHANCE * by_chance) else "与过去的走法不同"
    )
    if share < MORE_THAN_CHANCE * by_chance:
        verdict = "与过去的走法无关"
    other = table.loc[~planned, "region"].map(names)
    text = (
        f"计划进入的 {n_planned} 处中有 {both} 处也在学得的规律的前 {n_planned} 名"
        f"（随机约 {by_chance:.0%}）：{verdict}。"
        f"规律靠前而计划不去的：{listed(other)}。规律说的是过去怎样走，不是怎样走才赚钱；分歧处请逐一说明理由。"
    )
    return Claim(text, {"n_planned": n_planned, "n_both": both})
