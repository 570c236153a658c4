"""Sales staff from the workload: visit cadence by customer class, phases, model stores, supervisor's days.

Always holds: hours add up over kinds of work; staff = hours but the supervisor's / hours a person has for
customers; managers are counted per head led. The cadences are folklore of the trade (fields of `Staffing`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...fieldwork import KINDS, work_hours
from ..assumptions import Staffing


def workload(
    n_customers, *, staffing: Staffing | None = None, model_stores=None, level: str = "county"
) -> pd.DataFrame:
    """Yearly hours of work in market units of given size, in the first year and when mature.

    The first year holds phases 1-3: every street swept and every customer filed once, classes visited at
    their cadence for the ten months after; the mature year has the full cadence. Old customers are seen in
    both.

    Parameters
    ----------
    n_customers : Series
        Index region, customers of each unit.
    staffing : Staffing, optional
        Cadences and hours.
    model_stores : Series, optional
        Model stores (样板店) of each unit, default ``staffing.model_stores`` of their level.
    level : str
        Level of the units.

    Returns
    -------
    DataFrame
        Columns ``region``, ``phase`` (first_year, mature), hours by kind of work, ``hours``, ``staff``,
        ``managers``.

    Examples
    --------
    >>> table = workload(pd.Series({"a": 300.0}))
    >>> table[["phase", "staff"]].round(2).to_dict("list")
    {'phase': ['first_year', 'mature'], 'staff': [1.4, 1.44]}
    """
    staffing = staffing or Staffing()
    n = pd.Series(n_customers, dtype=float)
    usual = pd.Series(staffing.model_stores.get(level, 1.0), n.index)
    stores = usual if model_stores is None else model_stores.reindex(n.index)
    frames = []
    for phase in ("first_year", "mature"):
        hours = _hours(n.to_numpy(), stores.to_numpy(), staffing, phase == "first_year")
        frames.append(pd.DataFrame({"region": n.index.astype(str), "phase": phase, **hours}))
    table = pd.concat(frames, ignore_index=True).sort_values(["region", "phase"], kind="stable")
    table["hours"] = table[list(KINDS)].sum(axis=1)
    table["staff"] = _staff(table, staffing)
    table["managers"] = table["staff"] / staffing.people_per_manager
    return table.reset_index(drop=True)


def _staff(hours, staffing: Staffing):
    """Staff for these hours by kind; the supervisor's are not theirs."""
    return sum(hours[kind] for kind in KINDS if kind != "supervision") / staffing.hours_per_person


def _hours(n: np.ndarray, stores, staffing: Staffing, first: bool) -> dict[str, np.ndarray]:
    """Hours by kind of work in a year."""
    year = 10 / 12 if first else 1.0  # the sweep takes the first two months
    visit = staffing.visit_hours + staffing.travel_hours
    each = [
        contacts * year * (visit if on_the_spot else staffing.call_hours)
        for contacts, on_the_spot in zip(staffing.class_contacts, staffing.class_visits, strict=True)
    ]
    return work_hours(
        n,
        prospects=staffing.prospects,
        class_mix=staffing.class_mix,
        class_hours=each,
        old_hours=(1 - staffing.prospects) * staffing.old_customer_contacts * visit,
        sweep_hours=staffing.sweep_hours if first else 0.0,
        store_hours=stores * staffing.store_hours,
        supervision_hours=staffing.supervisor_days[0 if first else 1] * 8.0,
    )


def staff_by_age(
    customers: np.ndarray, periods: int, staffing: Staffing, *, level: str = "county", mature: bool = False
) -> np.ndarray:
    """Staff of each unit by years since the start, shape (units, periods)."""
    n = np.asarray(customers, dtype=float)
    stores = np.full(len(n), staffing.model_stores.get(level, 1.0))
    later = _staff(_hours(n, stores, staffing, False), staffing)
    staff = np.repeat(later[:, None], periods, axis=1)
    if not mature and periods:
        staff[:, 0] = _staff(_hours(n, stores, staffing, True), staffing)
    return staff
