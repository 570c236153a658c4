"""Cells of the city panel that were filled in upstream between the years around them.

Always holds: a cell is called filled if upstream says so, or if it lies on the straight line between its
neighbours in time to the last printed digit; a year in which more than half of a column's cells do is
filled as a whole (GDP per head 2000, mobile users 2020). Columns with few digits lie on such a line by chance
now and then: up to 2017 their cells count only beside another filled cell (from 2018 on the yearbook tables
have every published figure, so that a cell on the line which they lack is filled), and whole numbers of heads
only in whole years.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

#: Rounding of the printed figure in the panel's own unit.
ROUNDING = {
    "gdp_yi": 1e-4,
    "gdp_pc_yuan": 1.01,
    "retail_yi": 1e-4,
    "pop_hukou_wan": 0.006,
    "fiscal_revenue": 1.01,
    "bank_deposits": 1.01,
    "mobile_users": 0.51,
}
#: Upstream's own flags; GDP per head is filled where GDP is.
FLAGS = {
    "gdp_yi": "gdp_interp",
    "gdp_pc_yuan": "gdp_interp",
    "retail_yi": "retail_sales_interp",
    "pop_hukou_wan": "pop_hukou_interp",
}
#: Columns with few digits, and the last year in which a cell on the line may stand there by chance.
COARSE, LAST_PANEL_YEAR = ("gdp_pc_yuan", "pop_hukou_wan"), 2017
WHOLE_NUMBERS = ("pop_hukou_wan", "mobile_users")


def filled_cells(panel: pd.DataFrame, column: str) -> np.ndarray:
    """Which rows of `panel` hold a filled-in figure in `column`, as a boolean array."""
    flagged = panel[FLAGS[column]].fillna(False).to_numpy(bool) if column in FLAGS else False
    at = pd.MultiIndex.from_frame(panel[["adcode", "year"]])
    wide = panel.pivot(index="adcode", columns="year", values=column).astype(float)
    on_line = _on_line(wide, ROUNDING[column])
    whole_year = on_line.sum() > wide.notna().sum() / 2
    if column in WHOLE_NUMBERS:
        on_line &= (wide - wide.round()).abs() > 1e-6
    if column in COARSE:
        flags = pd.Series(flagged, at).unstack().reindex(index=wide.index, columns=wide.columns)
        filled = (on_line & ~whole_year) | flags.fillna(False).astype(bool)
        on_line &= _beside(filled) | (wide.columns > LAST_PANEL_YEAR)
    on_line = on_line | (wide.notna() & whole_year)
    return flagged | on_line.stack().reindex(at).to_numpy(bool)


def _beside(filled: pd.DataFrame) -> pd.DataFrame:
    """Cells with a filled one in the year before or after."""
    before, after = filled.shift(1, axis=1, fill_value=False), filled.shift(-1, axis=1, fill_value=False)
    return before | after


def _on_line(wide: pd.DataFrame, rounding: float) -> pd.DataFrame:
    """Cells on the line between the years before and after; a figure that hardly moves does not count."""
    before, after = wide.shift(1, axis=1), wide.shift(-1, axis=1)
    near = (wide - (before + after) / 2).abs() <= rounding
    return near & ((wide - before).abs() > 3 * rounding)
