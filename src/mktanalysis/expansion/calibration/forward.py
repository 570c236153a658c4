"""Planned from the past: is what a plan would have entered what the company entered?

Always holds: rankings know nothing after the year they start from; all list as many units as were entered.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import MktError
from ..assumptions import Assumptions
from ..results.plan import plan_expansion
from ..search.solve import Search
from .past import Past

#: Years ahead that are compared.
AHEAD = 5
#: Money that never binds.
LOOSE = 1e13
COLUMNS = ("method", "n_listed", "n_entered", "precision", "base_rate")


def forward_check(past: Past, calibrated: Assumptions) -> pd.DataFrame:
    """Plans with the assumptions as given and as calibrated, and capacity alone, from mid-history.

    Money is loose and as many units are entered a year as were; where a plan cannot be drawn it is left out.
    """
    years = np.array(sorted(past.first.values()))
    middle = int(np.median(years))
    later = [unit for unit, year in past.first.items() if middle < year <= middle + AHEAD]
    before = [unit for unit, year in past.first.items() if year <= middle]
    if len(later) < 5 or not before:
        return pd.DataFrame(columns=list(COLUMNS))
    units = past.market.units
    free = np.ones(len(units), dtype=bool)
    free[before] = False
    free &= ~past.base
    listed = {
        "planned_assumed": _planned(past, past.assumptions, before, len(later), middle),
        "planned_calibrated": _planned(past, calibrated, before, len(later), middle),
        "potential": _largest(past, free, len(later)),
    }
    rows = []
    for method, chosen in listed.items():
        if chosen is not None:
            hits = len(set(chosen) & {str(units[unit]) for unit in later})
            rows.append(
                (method, len(chosen), len(later), hits / max(len(chosen), 1), len(later) / free.sum())
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _largest(past: Past, free: np.ndarray, count: int) -> list[str]:
    capacity = past.market.table["capacity"].where(free)
    return capacity.sort_values(ascending=False, kind="stable").index[:count].tolist()


def _planned(past: Past, assumptions: Assumptions, before: list, count: int, middle: int) -> list[str] | None:
    """Units that a plan enters first, from the units held in the middle of the history."""
    held = tuple(str(past.market.units[unit]) for unit in before)
    policy = past.policy.replace(
        base=(*past.policy.base, *held),
        start=middle + 1,
        periods=AHEAD,
        budget=LOOSE,
        people=None,
        new_units=int(np.ceil(count / AHEAD)),
        history=(),
        first_open=None,
        pinned={},
    )
    try:
        plan = plan_expansion(past.market, policy, assumptions=assumptions, search=Search(method="greedy"))
    except MktError:
        return None
    return plan.steps["region"].head(count).tolist()
