"""Market types: what to do with a market, from its potential and the present position in it.

Always holds: the type follows from two ordered axes and a named grid, nothing else; a market of which one
axis is unknown has no type.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import MktError

#: Types in the order of attention.
TYPES = ("重点开发", "培育", "等待开发")
#: Rows: potential high, middle, low; columns: position strong, middle, weak.
GRID = pd.DataFrame(
    [
        ["重点开发", "重点开发", "培育"],
        ["重点开发", "培育", "等待开发"],
        ["培育", "等待开发", "等待开发"],
    ],
    index=pd.Index(["高", "中", "低"], name="potential"),
    columns=pd.Index(["强", "中", "弱"], name="position"),
)


def market_types(
    potential: pd.Series,
    position: pd.Series,
    *,
    grid: pd.DataFrame = GRID,
    cuts: tuple[Sequence[float] | None, Sequence[float] | None] = (None, None),
) -> pd.DataFrame:
    """Sort markets into key, to be cultivated, and waiting (市场类型：重点开发、培育、等待开发).

    Parameters
    ----------
    potential, position : Series
        Index region, larger is better: for example a score or a forecast capacity, and the own market
        share or sales per head.
    grid : DataFrame
        Names of the cells; index levels of potential, columns levels of position, best first.
    cuts : pair of sequences
        Descending lower bounds of all levels but the last, for each axis; None cuts into equal numbers
        of regions.

    Returns
    -------
    DataFrame
        Index region (those of either axis); ``type`` (ordered Categorical in the order in which the grid
        names them row by row), ``potential_level``, ``position_level``; missing where an axis is.

    Examples
    --------
    >>> potential = pd.Series({"长沙": 9.0, "株洲": 6.0, "吉首": 1.0})
    >>> share = pd.Series({"长沙": 0.3, "株洲": 0.1, "吉首": 0.0})
    >>> market_types(potential, share)["type"].to_dict()
    {'长沙': '重点开发', '株洲': '培育', '吉首': '等待开发'}
    """
    regions = potential.index.union(position.index, sort=False)
    rows = _levels(potential.reindex(regions), list(grid.index), cuts[0], "potential")
    columns = _levels(position.reindex(regions), list(grid.columns), cuts[1], "position")
    known = (rows >= 0) & (columns >= 0)
    names = grid.to_numpy(dtype=object)[rows, columns]
    order = list(dict.fromkeys(grid.to_numpy(dtype=object).ravel()))
    if set(order) == set(TYPES):
        order = list(TYPES)
    return pd.DataFrame(
        {
            "type": pd.Categorical(np.where(known, names, None), categories=order, ordered=True),
            "potential_level": pd.Categorical.from_codes(rows, list(grid.index), ordered=True),
            "position_level": pd.Categorical.from_codes(columns, list(grid.columns), ordered=True),
        },
        index=regions.rename("region"),
    )


def _levels(values: pd.Series, names: list, cuts: Sequence[float] | None, axis: str) -> np.ndarray:
    """Level of each value, 0 the best, -1 unknown; equal values share a level."""
    known = values.dropna()
    if known.nunique() < 2 and cuts is None:
        raise MktError(f"{axis} 在所有地区都相同或缺失，分不出高低；请给出 cuts")
    if cuts is None:
        # the lowest value within the best third, two thirds ... of the regions
        within = np.ceil(len(known) * np.arange(1, len(names)) / len(names)).astype(int)
        cuts = np.sort(known.to_numpy())[::-1][within - 1]
    if len(cuts) != len(names) - 1 or (np.diff(cuts) > 0).any():
        raise MktError(f"{axis} 的分界应为 {len(names) - 1} 个从高到低的数，得到 {list(cuts)}")
    levels = (values.to_numpy()[:, None] < np.asarray(cuts, dtype=float)).sum(axis=1)
    return np.where(values.isna(), -1, levels)
