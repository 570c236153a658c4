"""The four types of markets of a regional plan, as a grid of potential and position (市场类型).

Always holds: the types stand in the order of attention; the best cell of the grid, and no other, is the core.
"""

from __future__ import annotations

import pandas as pd

#: Rows: potential high, middle, low; columns: position strong, middle, weak. For ``tiering.market_types``.
FOUR_TYPES = pd.DataFrame(
    [
        ["战略核心", "重点开发", "培育"],
        ["重点开发", "培育", "等待开发"],
        ["培育", "等待开发", "等待开发"],
    ],
    index=pd.Index(["高", "中", "低"], name="potential"),
    columns=pd.Index(["强", "中", "弱"], name="position"),
)
