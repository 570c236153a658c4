"""What the data are: which figures are published, which places have none, what may not be compared.

Always holds: a place without figures is called a place without figures, never a small one.
"""

from __future__ import annotations

import pandas as pd

from ..words import label
from .phrases import listed
from .story import Claim, Number, Story


def data_coverage(
    coverage: pd.DataFrame, breaks: pd.DataFrame, *, indicator: str, year: int, absent, covered=None
) -> Story:
    """Conclusions on the figures of one indicator and year (数据覆盖的结论).

    Parameters
    ----------
    coverage : DataFrame
        From :func:`mktanalysis.charts.coverage_table`: indicator, year, status, n_regions, share.
    breaks : DataFrame
        Columns indicator, period.
    indicator : str
    year : int
    absent : sequence of str
        Names of the regions without a figure, largest first or in code order.
    covered : float, optional
        Share of people who live in regions with a figure: what a total covers.

    Returns
    -------
    Story
    """
    of_year = coverage[(coverage["indicator"] == indicator) & (coverage["year"] == year)]
    share = of_year.groupby("status")["share"].sum()
    observed = float(share.get("observed", 0.0))
    guessed = float(share.drop(["observed", "missing", "withheld"], errors="ignore").sum())
    absent = list(absent)
    text = f"{year} 年{label(indicator)}：{observed:.0%} 的地级单位有公布值"
    text += f"，{guessed:.0%} 是分摊或推算的" if guessed else ""
    text += f"，{len(absent)} 个没有" if absent else "，没有缺的"
    text += "。" if covered is None else f"；有数的地方住着 {covered:.1%} 的人口。"
    numbers = [
        Number("published_share", observed),
        Number("absent_cities", len(absent)),
    ]
    if covered is not None:
        numbers.insert(0, Number("people_covered", covered, note="合计能代表多少"))
    return Story(
        "数据覆盖",
        Claim(text, {"published_share": observed, "n_absent": len(absent), "people_covered": covered}),
        numbers=tuple(numbers),
        actions=tuple(_actions(absent)),
        risk=_break(breaks, indicator),
    )


def _actions(absent: list):
    if absent:
        text = f"{listed(absent, most=4)}没有统计，不是没有市场：进入之前另做实地估计，合计要看作下限。"
        yield Claim(text, {"n_absent": len(absent)})


def _break(breaks: pd.DataFrame, indicator: str) -> Claim:
    years = breaks.loc[breaks["indicator"] == indicator, "period"].astype(str).sort_values()
    if not len(years):
        return Claim("这个指标没有登记的口径断点；普查年与推算年之间的跳动仍要留意。", {"n_breaks": 0})
    text = f"{listed(years, most=9)} 年改了口径，前后不能直接相比。"
    return Claim(text, {"n_breaks": len(years)})


def named_together(table: pd.DataFrame, by: list[str], names: pd.Series, *, most: int = 3) -> pd.DataFrame:
    """Rows that say the same of several regions as one row that names them.

    Parameters
    ----------
    table : DataFrame
        Columns `by` and region; the code ``*`` means all cities.
    by : list of str
        What is said.
    names : Series
        Code -> name.
    most : int
        So many are named, the rest is counted.

    Returns
    -------
    DataFrame
        Columns `by`, places (text) and n_regions (missing for all cities), in the table's order.

    Examples
    --------
    >>> table = pd.DataFrame({"period": [2019, 2019, 2020], "region": ["a", "b", "*"]})
    >>> told = named_together(table, ["period"], pd.Series({"a": "甲市", "b": "乙市"}))
    >>> told["places"].tolist(), told["n_regions"].tolist()
    (['甲市、乙市', '全部城市'], [2, <NA>])
    """
    rows = []
    for key, group in table.groupby(by, sort=False, dropna=False):
        every = (group["region"] == "*").any()
        told = "全部城市" if every else listed(group["region"].map(names).fillna(group["region"]), most=most)
        rows.append([*key, told, None if every else len(group)])
    found = pd.DataFrame(rows, columns=[*by, "places", "n_regions"])
    return found.astype({"n_regions": "Int64"})
