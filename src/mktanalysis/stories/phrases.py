"""Small pieces of Chinese sentences: lists of names, counts, ties.

Always holds: a list of one reads as one, an empty list as "none", and what was left out of a list is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from ..words.amounts import figure_text

#: Two results closer than this part of the better one are called equal.
TIE = 0.02


def listed(names: Iterable[str], *, most: int = 5, unit: str = "个", none: str = "没有") -> str:
    """Names with 、, at most `most` of them, then how many there are.

    >>> listed(["南京", "苏州"]), listed([]), listed(["甲", "乙", "丙"], most=2)
    ('南京、苏州', '没有', '甲、乙等 3 个')
    """
    every = [str(name) for name in names]
    if not every:
        return none
    shown = "、".join(every[:most])
    return shown if len(every) <= most else f"{shown}等 {len(every)} {unit}"


def leaders(values: pd.Series, *, tie: float = TIE) -> list:
    """Keys of the largest value and of all that are as good within `tie` of it, best first.

    >>> leaders(pd.Series({"甲": 17.3, "乙": 17.1, "丙": 12.0}))
    ['甲', '乙']
    >>> leaders(pd.Series({"甲": -1.0, "乙": -3.0})), leaders(pd.Series(dtype=float))
    (['甲'], [])
    """
    known = values.dropna().sort_values(ascending=False, kind="stable")
    if known.empty:
        return []
    best = known.iloc[0]
    return list(known.index[known >= best - abs(best) * tie])


def as_good_as(keys: Sequence[str], noun: str) -> str:
    """The best one, or that several are equally good.

    >>> as_good_as(["甲"], "打法"), as_good_as(["甲", "乙"], "打法")
    ('“甲”最好', '“甲”“乙”不分高下（2 种打法相差不到 2%）')
    """
    quoted = "".join(f"“{key}”" for key in keys)
    if len(keys) == 1:
        return f"{quoted}最好"
    return f"{quoted}不分高下（{len(keys)} 种{noun}相差不到 {TIE:.0%}）"


def counted(counts: pd.Series, *, unit: str = "个") -> str:
    """Counts by label, without those that are zero.

    >>> counted(pd.Series({"一线": 4, "二线": 0, "三线": 70}))
    '一线 4 个、三线 70 个'
    """
    return "、".join(f"{key} {n:.0f} {unit}" for key, n in counts.items() if n)


def spoken_share(share: float) -> str:
    """A share as one says it, in tenths where it is close to one.

    >>> spoken_share(0.8), spoken_share(0.95), spoken_share(0.874)
    ('八成', '九成五', '87%')
    """
    tenths = "零一二三四五六七八九"
    rest = round(share * 100) % 10
    whole = round(share * 100) // 10
    if abs(share * 100 - round(share * 100)) > 0.01 or not 0 < whole < 10 or rest not in (0, 5):
        return f"{share:.0%}"
    return tenths[whole] + "成" + ("五" if rest else "")


def figure(name: str, value) -> str:
    """A figure with its unit, as `words` writes it."""
    return figure_text(name, value)
