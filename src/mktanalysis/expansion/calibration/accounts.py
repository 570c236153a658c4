"""What one's own books tell: margin by rank, time a visit.

Always holds: margins do not rise from rank to rank, as the planner asks.
"""

from __future__ import annotations

import numpy as np

from .estimate import Estimate, judged, untold
from .past import Past

#: Fewer unit-years at a rank than this say nothing of its margin.
LEAST_YEARS = 8
RESAMPLES = 200


def fit_margins(past: Past, rng: np.random.Generator) -> list[Estimate]:
    """Margin (contribution before effort, per yuan of sales) at each rank; pooled sales-weighted."""
    assumed = past.assumptions.response.rank_margin
    names = [f"rank_margin_{rank}" for rank in range(1, len(assumed) + 1)]
    if "contribution" not in past.table:
        return [
            untold(name, old, "历史没有贡献（contribution）列")
            for name, old in zip(names, assumed, strict=True)
        ]
    table = past.table[past.table["contribution"].notna() & (past.table["sales"] > 0)]
    place = np.minimum(table["rank"].to_numpy(), len(assumed))
    found = []
    for rank, (name, old) in enumerate(zip(names, assumed, strict=True), start=1):
        rows = table[place == rank]
        if len(rows) < LEAST_YEARS:
            found.append(
                untold(name, old, f"居第 {rank} 位的只有 {len(rows)} 个单元年（至少 {LEAST_YEARS} 个）")
            )
            continue
        sums = rows.groupby("unit")[["contribution", "sales"]].sum().to_numpy()
        pick = rng.integers(len(sums), size=(RESAMPLES, len(sums)))
        draws = sums[pick, 0].sum(axis=1) / sums[pick, 1].sum(axis=1)
        value = sums[:, 0].sum() / sums[:, 1].sum()
        found.append(judged(name, value, draws, old, (0.0, 0.5), f"{len(rows)} 个单元年的账"))
    return found


def fit_workload(past: Past, rng: np.random.Generator) -> list[Estimate]:
    """Hours that a visit takes on the spot, from visits walked and heads employed."""
    staffing = past.assumptions.staffing
    if not {"visits", "heads"} <= set(past.table):
        return [untold("visit_hours", staffing.visit_hours, "历史没有拜访（visits）和人数（heads）列")]
    table = past.table[(past.table["visits"] > 0) & (past.table["heads"] > 0)]
    if len(table) < LEAST_YEARS:
        return [untold("visit_hours", staffing.visit_hours, f"只有 {len(table)} 个单元年有拜访和人数")]
    sums = table.groupby("unit")[["heads", "visits"]].sum().to_numpy()
    pick = rng.integers(len(sums), size=(RESAMPLES, len(sums)))
    hours = staffing.hours_per_person

    def spot(heads, visits):
        return hours * heads / visits - staffing.travel_hours

    value = spot(*sums.sum(axis=0))
    draws = spot(*sums[pick].sum(axis=1).T)
    if value <= 0:
        each = value + staffing.travel_hours
        why = f"每次拜访连路上只合 {each:.1f} 小时，少于假设的路上时间：请核对人数与拜访数"
        return [untold("visit_hours", staffing.visit_hours, why)]
    return [
        judged("visit_hours", value, draws, staffing.visit_hours, (0.0, 6.0), f"{len(table)} 个单元年的拜访")
    ]
