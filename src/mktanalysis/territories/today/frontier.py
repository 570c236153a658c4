"""Imbalance against disruption: what each tolerance costs in moved sales, from today's territories.

Always holds: a frontier is never worse at a wider tolerance than at a tighter one; its last row is a redesign
that asks nothing of today.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ...words.render import named
from ..design import design_territories
from ..plan import TerritoryPlan
from .realign import realign


@dataclass(frozen=True, eq=False)
class Frontier:
    """Imbalance against disruption.

    Attributes
    ----------
    table : DataFrame
        tolerance, moved_share, moved_bound (no re-alignment to this tolerance moves less), n_moved,
        worst_deviation, travel, n_out; the last row (tolerance of the tightest, ``free`` true) is a redesign
        that asks nothing of today.
    plans : dict
        Tolerance -> TerritoryPlan.
    free : TerritoryPlan
    """

    table: pd.DataFrame
    plans: dict
    free: TerritoryPlan


def realign_frontier(
    units: pd.DataFrame,
    edges: pd.DataFrame,
    current: pd.Series,
    tree=None,
    *,
    tolerances=(0.3, 0.2, 0.15, 0.1),
    n: int | None = None,
    people: pd.Series | None = None,
    measure: str = "capacity",
    random_state: int | None = 0,
    **conditions,
) -> Frontier:
    """Sales moved against imbalance, from today's territories (调整前沿).

    Parameters
    ----------
    units, edges, current, tree, n, people, random_state, **conditions
        As `realign`, without measures.
    tolerances : sequence of float
    measure : str

    Returns
    -------
    Frontier
    """
    plans: dict[float, TerritoryPlan] = {}
    best = None
    for tolerance in sorted(tolerances):  # tight first: a tighter design serves a wider wish too
        plan = realign(
            units, edges, current, tree, n=n, people=people, random_state=random_state,
            measures={measure: float(tolerance)}, weight=measure, **conditions,
        )  # fmt: skip
        if best is not None and best.figures["n_out"] == 0 and _more(plan, best):
            table = best.territories.assign(holds=True, reason="")
            figures = best.figures.copy()
            figures["moved_bound"] = plan.figures["moved_bound"]
            plan = replace(best, territories=table, conditions=plan.conditions, figures=figures)
        plans[float(tolerance)] = plan
        best = plan
    tightest = min(plans)
    count = plans[tightest].conditions.n
    free = design_territories(
        units, edges, tree, n=count, measures={measure: tightest}, weight=measure, current=current,
        random_state=random_state, **{"nodes": 0, "teams": people is not None, **conditions},
    )  # fmt: skip
    rows = [
        _point(tolerance, plan, units, measure) for tolerance, plan in sorted(plans.items(), reverse=True)
    ]
    rows.append({**_point(tightest, free, units, measure), "free": True})
    return Frontier(named(pd.DataFrame(rows), "territory_frontier"), plans, free)


def _more(plan: TerritoryPlan, other: TerritoryPlan) -> bool:
    """Whether a plan moves more than another, or keeps less."""
    worse = plan.figures["n_out"] > other.figures["n_out"]
    return worse or plan.figures["moved_share"] > other.figures["moved_share"]


def _point(tolerance: float, plan: TerritoryPlan, units: pd.DataFrame, measure: str) -> dict:
    load = plan.territories[measure]
    return {
        "tolerance": tolerance,
        "moved_share": plan.figures["moved_share"],
        "moved_bound": plan.figures.get("moved_bound", np.nan),
        "n_moved": len(plan.moves),
        "worst_deviation": plan.figures["worst_deviation"],
        "travel": float((plan.territories["travel"] * load).sum() / load.sum()),
        "n_out": plan.figures["n_out"],
        "free": False,
    }
