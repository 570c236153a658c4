"""Sales staff from the workload: visit cadence by customer class, phases, model stores, supervisor's days.

Always holds: hours add up over kinds of work; staff = hours / hours a person works a year; managers are
counted per head led. The cadences are folklore of the trade (every figure is a field of `Staffing`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..assumptions import Staffing

#: Kinds of work, in the order of the workload table.
KINDS = ("sweep", "visits", "old_customers", "model_stores", "supervision")


def workload(n_customers, *, staffing: Staffing | None = None, model_stores=None) -> pd.DataFrame:
    """Yearly hours of work in market units of given size, in the first year and when mature.

    The first year holds phases 1-3: every street swept and every customer filed once, classes visited at
    their cadence for the ten months after; the mature year has the full cadence and two contacts of each old
    customer.

    Parameters
    ----------
    n_customers : Series
        Index region, customers of each unit.
    staffing : Staffing, optional
        Cadences and hours.
    model_stores : Series, optional
        Model stores (样板店) of each unit, default ``staffing.model_stores``.

    Returns
    -------
    DataFrame
        Columns ``region``, ``phase`` (first_year, mature), hours by kind of work, ``hours``, ``staff``,
        ``managers``.

    Examples
    --------
    >>> table = workload(pd.Series({"a": 300.0}))
    >>> table[["phase", "staff"]].round(2).to_dict("list")
    {'phase': ['first_year', 'mature'], 'staff': [1.63, 2.27]}
    """
    staffing = staffing or Staffing()
    n = pd.Series(n_customers, dtype=float)
    stores = (
        pd.Series(staffing.model_stores, n.index) if model_stores is None else model_stores.reindex(n.index)
    )
    frames = [_hours(n, stores, staffing, first) for first in (True, False)]
    table = pd.concat(frames, ignore_index=True).sort_values(["region", "phase"], kind="stable")
    table["hours"] = table[list(KINDS)].sum(axis=1)
    table["staff"] = table["hours"] / staffing.hours_per_person
    table["managers"] = table["staff"] / staffing.people_per_manager
    return table.reset_index(drop=True)


def _hours(n: pd.Series, stores: pd.Series, staffing: Staffing, first: bool) -> pd.DataFrame:
    contacts = sum(m * c for m, c in zip(staffing.class_mix, staffing.class_contacts, strict=True))
    months = 10 / 12 if first else 1.0
    day = 8.0
    return pd.DataFrame(
        {
            "region": n.index.astype(str),
            "phase": "first_year" if first else "mature",
            "sweep": (n * staffing.sweep_hours if first else n * 0).to_numpy(),
            "visits": (n * contacts * months * staffing.visit_hours * PROSPECTS).to_numpy(),
            "old_customers": (
                n * (0 if first else staffing.old_customer_contacts) * staffing.visit_hours
            ).to_numpy(),
            "model_stores": (stores * staffing.store_hours).to_numpy(),
            "supervision": staffing.supervisor_days[0 if first else 1] * day,
        }
    )


#: Part of the filed customers that are prospects in the classes at any time; the rest are only on file.
PROSPECTS = 0.8


def staff_by_age(
    customers: np.ndarray, periods: int, staffing: Staffing, *, mature: bool = False
) -> np.ndarray:
    """Staff of each unit by years since the start, shape (units, periods)."""
    table = workload(pd.Series(customers), staffing=staffing)
    first = table.loc[table["phase"] == "first_year"].set_index("region")["staff"]
    later = table.loc[table["phase"] == "mature"].set_index("region")["staff"]
    order = pd.RangeIndex(len(customers)).astype(str)
    staff = np.repeat(later.reindex(order).to_numpy()[:, None], periods, axis=1)
    if not mature and periods:
        staff[:, 0] = first.reindex(order).to_numpy()
    return staff
