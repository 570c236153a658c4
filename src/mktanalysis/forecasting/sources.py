"""Panels of the built-in indicators, ready to forecast.

Always holds: amounts only (what adds up over regions), observed figures only, on today's regions, with
the level breaks that concern them.
"""

from __future__ import annotations

import pandas as pd

from ..datasets import crosswalk, load_regions, load_table
from ..errors import MktError
from .panel import rebase_panel

#: Indicators that add up over regions.
ADDITIVE = ("retail_sales", "gdp", "registered_population", "resident_population")
_FIRST_YEAR = 2000


def load_panel(indicator: str = "retail_sales") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Load a built-in indicator of the prefecture-level cities as a panel, with its level breaks.

    Parameters
    ----------
    indicator : str
        ``retail_sales``, ``gdp``, ``registered_population`` or ``resident_population``.

    Returns
    -------
    panel : DataFrame
        Columns region, period, value; cities of today's map.
    breaks : DataFrame
        Columns indicator, period, region, reason.

    Examples
    --------
    >>> panel, breaks = load_panel("gdp")
    >>> list(panel.columns), breaks["period"].astype(str).tolist()
    (['region', 'period', 'value'], ['2005', '2019'])
    """
    if indicator not in ADDITIVE:
        raise MktError(f"指标 {indicator!r} 不能按地区相加，可用：{'、'.join(ADDITIVE)}")
    table = load_table("city_indicators")
    part = table[(table["indicator"] == indicator) & (table["status"] == "observed")]
    last = int(part["period"].dt.year.max())
    panel = rebase_panel(part[["region", "period", "value"]], crosswalk(_FIRST_YEAR, last))
    gone = panel[~panel["region"].isin(load_regions().regions)]
    if len(gone):
        raise MktError(f"有地区不在今天的地区树中，区划对照缺少：{'、'.join(gone['region'].unique())}")
    breaks = load_table("breaks")
    return panel, breaks[breaks["indicator"] == indicator].reset_index(drop=True)
