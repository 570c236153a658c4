"""A tiny market on a grid, for examples and tests: every figure can be checked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...regions import RegionTree


def grid_example(
    n_rows: int, n_columns: int, *, random_state: int | None = None, per_prefecture: int = 3
) -> tuple[pd.DataFrame, pd.DataFrame, RegionTree]:
    """Units, edges and tree of an ``n_rows`` x ``n_columns`` grid; cells touch along their sides.

    Without `random_state` all cells are alike: capacity 20 million yuan in 2024, entry cost 1 million.

    Examples
    --------
    >>> units, edges, tree = grid_example(2, 2)
    >>> units["region"].tolist(), len(edges)
    (['r1c1', 'r1c2', 'r2c1', 'r2c2'], 8)
    """
    cells = [(r, c) for r in range(1, n_rows + 1) for c in range(1, n_columns + 1)]
    code = {cell: f"r{cell[0]}c{cell[1]}" for cell in cells}
    units = pd.DataFrame({"region": [code[cell] for cell in cells], "capacity": 2e7, "entry_cost": 1e6})
    units["year"] = 2024
    if random_state is not None:
        rng = np.random.default_rng(random_state)
        units = units.assign(
            capacity=2e7 * rng.uniform(0.4, 2.5, len(cells)).round(2),
            entry_cost=1e6 * rng.uniform(0.3, 2.0, len(cells)).round(2),
            rival_strength=rng.uniform(0.6, 1.4, len(cells)).round(2),
        )
    pairs = [(a, b) for a in cells for b in cells if abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1]
    edges = pd.DataFrame(
        {"region": [code[a] for a, _ in pairs], "neighbor": [code[b] for _, b in pairs], "distance_km": 30.0}
    )
    home = {cell: f"P{i // per_prefecture + 1}" for i, cell in enumerate(cells)}
    table = [("A", "甲省", "province", None)]
    table += [(p, f"{p}市", "prefecture", "A") for p in sorted(set(home.values()))]
    table += [(code[cell], code[cell], "county", home[cell]) for cell in cells]
    tree = RegionTree.from_table(pd.DataFrame(table, columns=["region", "name", "level", "parent"]))
    return units, edges, tree
