"""Titles of the charts of the data: coverage and breaks."""

from __future__ import annotations

import pandas as pd

from ...words import label
from ..story import Claim


def published(coverage: pd.DataFrame, indicator: str, year: int) -> Claim:
    """From when on an indicator is published for most cities.

    Parameters
    ----------
    coverage : DataFrame
        From :func:`mktanalysis.charts.coverage_table`: indicator, year, status, share.
    indicator : str
    year : int
    """
    own = coverage[(coverage["indicator"] == indicator) & (coverage["status"] == "observed")]
    shares = own.groupby("year")["share"].sum()
    now = float(shares.get(year, 0.0))
    most = shares[shares >= 0.8]
    text = f"公布值占地级单位的比例（%）：{year} 年{label(indicator)}占 {now:.0%}"
    text += f"，{most.index.min()} 年起多在八成以上" if len(most) else "，没有一年到八成"
    return Claim(text, {"published_share": now})


def breaks(table: pd.DataFrame, indicator: str) -> Claim:
    """In which years the growth of an indicator is not to be believed.

    Parameters
    ----------
    table : DataFrame
        Columns indicator, period.
    indicator : str
    """
    years = sorted(set(table.loc[table["indicator"] == indicator, "period"].astype(str)))
    if not years:
        return Claim(f"{label(indicator)}没有登记的口径断点", {"n_breaks": 0})
    text = f"{label(indicator)}：{'、'.join(years)} 年改了口径，这些年的增速不能信"
    return Claim(text, {"n_breaks": len(years)})
