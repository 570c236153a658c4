"""Staff from the workload: customers by class, visits with their travel, stores, sweeps, supervision.

Always holds: staff = hours / hours a person has for the work; heads are whole and sum to the total; one
manager stands at the top whatever the size. The cadences are the trade's; those the source does not
give are marked as assumptions and are fields.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from ...errors import MktError, TableError
from ...fieldwork import (
    CLASS_MIX,
    CLASSES,
    EVERY_WEEKS,
    KINDS,
    ON_THE_SPOT,
    STAY_WEEKS,
    WEEKS,
    travel_hours,
    work_hours,
    yearly_contacts,
)
from ...settings import Strict
from ...words.render import named
from ..quotas.projection import project

Amount = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]

#: Phases of a market, in order.
PHASES = ("first_year", "mature")


class CustomerClass(Strict):
    """A class of prospects and how it is contacted.

    Parameters
    ----------
    name : str
    share : float
        Share of the prospects: at any time (stock) or in a year (flow).
    every_weeks : float
        Weeks from contact to contact.
    visit : bool
        A visit on the spot (with travel) or a call.
    reading : str
        ``stock`` or ``flow``, see :func:`mktanalysis.fieldwork.yearly_contacts`.
    stay_weeks : float
        How long a customer of a flow stays in the class.
    """

    name: str
    share: Share
    every_weeks: Positive
    visit: bool
    reading: Literal["stock", "flow"] = "stock"
    stay_weeks: Positive = 52.0

    @property
    def contacts(self) -> float:
        """Contacts a year of one customer."""
        return yearly_contacts(self.every_weeks, reading=self.reading, stay_weeks=self.stay_weeks)


#: The trade's classes; prospects pass through all but the first, which is a stock.
SEED_CLASSES = tuple(
    CustomerClass(
        name=name,
        share=share,
        every_weeks=every,
        visit=visit,
        reading="stock" if stay == WEEKS else "flow",
        stay_weeks=stay,
    )
    for name, share, every, stay, visit in zip(
        CLASSES, CLASS_MIX, EVERY_WEEKS, STAY_WEEKS, ON_THE_SPOT, strict=True
    )
)


class FieldForce(Strict):
    """The working rules of a sales force; hours and shares are assumptions unless marked as the source's.

    Parameters
    ----------
    classes : tuple of CustomerClass
    prospects : float
        Share of the customers on file that are prospects; the rest are old customers.
    visit_hours, call_hours : float
        Hours a contact takes on the spot.
    old_contacts : float
        Visits a year to an old customer (source: at least two).
    sweep_hours : float
        Hours to visit and file one customer in the sweep of the first months.
    store_hours : float
        Hours a year for one model store (source: a visit a week where the salesman lives).
    supervisor_days : tuple of float
        Days of the supervisor in the first year and when mature (source: a week a month in phase 2, three
        days a quarter in phase 3, three days a half-year later).
    customer_days, customers_a_week, weeks : float
        The source's routine: Wednesday to Friday, at least six customers a week; working weeks a year.
    day_hours : float
    speed_kmh : float
        Mean speed on the road.
    span : int
        People one manager leads.
    """

    classes: Annotated[tuple[CustomerClass, ...], Field(min_length=1)] = SEED_CLASSES
    prospects: Share = 0.8
    visit_hours: Positive = 1.5
    call_hours: Amount = 0.25
    old_contacts: Amount = 2.0
    sweep_hours: Amount = 0.5
    store_hours: Amount = 78.0
    supervisor_days: tuple[Amount, Amount] = (19.0, 6.0)
    customer_days: Positive = 3.0
    customers_a_week: Positive = 6.0
    weeks: Positive = 50.0
    day_hours: Positive = 8.0
    speed_kmh: Positive = 40.0
    span: Annotated[int, Field(ge=2)] = 8

    @model_validator(mode="after")
    def _whole(self):
        total = sum(one.share for one in self.classes)
        if abs(total - 1) > 1e-6:
            raise ValueError(f"classes（客户类别）的占比合计应为 1，现为 {total:.3f}")
        return self

    @property
    def visits_a_person(self) -> float:
        """Customer visits that one person's routine holds in a year (six a week: about 300)."""
        return self.customers_a_week * self.weeks

    @property
    def hours_a_person(self) -> float:
        """Hours a year that one person's routine leaves for customers."""
        return self.customer_days * self.day_hours * self.weeks


def field_workload(units: pd.DataFrame, force: FieldForce | None = None) -> pd.DataFrame:
    """Hours of work and staff of each market unit, in the first year and when mature (工作量与人员).

    Parameters
    ----------
    units : DataFrame
        Columns region, customers (on file) and, if known, area_km2, radius_km (distance to the salesman's
        base), stores (model stores); without the geography travel is 0 and `travel` says so.
    force : FieldForce, optional

    Returns
    -------
    DataFrame
        Columns region, phase (first_year, mature), hours by kind (sweep, visits, old_customers,
        model_stores, supervision), hours, staff (persons, not whole), visits_made (customer visits a year),
        routine_staff (persons if only the routine's six visits a week bound), travel (``computed`` or
        ``none``).

    Raises
    ------
    TableError
        Missing or negative figures, a region twice.

    Examples
    --------
    >>> table = field_workload(pd.DataFrame({"region": ["a"], "customers": [300.0]}))
    >>> table[["phase", "staff"]].round(2).values.tolist()
    [['first_year', 0.65], ['mature', 0.6]]
    """
    force = force or FieldForce()
    _check_units(units)
    a_day = force.customers_a_week / force.customer_days
    known = {"area_km2", "radius_km"} <= set(units.columns)
    n = units["customers"].to_numpy(dtype=float)
    road = np.zeros(len(units))
    if known:
        road = travel_hours(
            units["radius_km"].to_numpy(), units["area_km2"].to_numpy(), a_day, speed_kmh=force.speed_kmh
        )
    each_visit = force.visit_hours + road / a_day  # shape (units,)
    stores = units["stores"].to_numpy(dtype=float) if "stores" in units else np.zeros(len(units))
    frames = [_phase(units, n, each_visit, stores, force, phase) for phase in PHASES]
    table = pd.concat(frames, ignore_index=True).sort_values(["region", "phase"], kind="stable")
    hours = table[list(KINDS)].sum(axis=1)
    own = table[[kind for kind in KINDS if kind != "supervision"]].sum(axis=1)
    table = table.assign(
        hours=hours,
        staff=own / force.hours_a_person,
        routine_staff=table["visits_made"] / force.visits_a_person,
        travel="computed" if known else "none",
    )
    return named(table.reset_index(drop=True), "field_workload")


def _phase(units, n, each_visit, stores, force: FieldForce, phase: str) -> pd.DataFrame:
    first = phase == "first_year"
    year = 10 / 12 if first else 1.0  # the sweep takes the first two months
    hours = [one.contacts * year * (each_visit if one.visit else force.call_hours) for one in force.classes]
    old = (1 - force.prospects) * force.old_contacts
    made = sum(one.share * one.contacts for one in force.classes if one.visit)
    parts = work_hours(
        n,
        prospects=force.prospects,
        class_mix=[one.share for one in force.classes],
        class_hours=hours,
        old_hours=old * each_visit,
        sweep_hours=force.sweep_hours if first else 0.0,
        store_hours=stores * force.store_hours,
        supervision_hours=force.supervisor_days[0 if first else 1] * force.day_hours,
    )
    visits = n * (force.prospects * made * year + old)
    return pd.DataFrame(
        {"region": units["region"].to_numpy(), "phase": phase, **parts, "visits_made": visits}
    )


def _check_units(units: pd.DataFrame) -> None:
    missing = [name for name in ("region", "customers") if name not in units]
    if missing:
        raise MktError(f"市场单元表缺少列：{'、'.join(missing)}")
    problems = []
    for name in ("customers", "area_km2", "radius_km", "stores"):
        if name in units:
            bad = units[~(units[name] >= 0)]
            problems += [
                {
                    "row": row["region"],
                    "column": name,
                    "value": row[name],
                    "problem": "应为非负数（缺失不是 0）",
                }
                for row in bad.to_dict("records")
            ]
    doubled = units["region"][units["region"].duplicated()]
    problems += [{"row": region, "column": "region", "problem": "地区重复"} for region in doubled]
    if problems:
        raise TableError(pd.DataFrame(problems))


def heads(need: pd.Series, *, total: int | None = None, least: int = 0) -> pd.Series:
    """Whole persons from staff needs, summing to the total (编制取整).

    Parameters
    ----------
    need : Series
        Index region, persons, not whole.
    total : int, optional
        Persons to share out; default the sum of the needs, rounded up.
    least : int
        At least this many in every region.

    Returns
    -------
    Series
        Index region, whole persons; ties by code.

    Examples
    --------
    >>> heads(pd.Series({"a": 1.6, "b": 1.2, "c": 0.2})).tolist()
    [2, 1, 0]
    """
    number = int(np.ceil(need.sum() - 1e-9)) if total is None else total
    scale = number / need.sum() if need.sum() > 0 else 0.0
    low = pd.Series(float(least), need.index)
    return project(number, need * scale, weight=need, lower=low, unit=1.0).astype(int)


def managers(staff: int, *, span: int = 8) -> pd.DataFrame:
    """Managers above `staff` people, level by level until one stands at the top (管理层级).

    Returns
    -------
    DataFrame
        Columns layer (1 leads the salesmen), leads (people below), n_managers.

    Examples
    --------
    >>> managers(70)["n_managers"].tolist()
    [9, 2, 1]
    """
    if staff < 0 or span < 2:
        raise MktError(f"人数不能为负，管理幅度至少为 2，现为 {staff} 人、{span}")
    rows = []
    below = staff
    while below > 0:
        above = -(-below // span)
        rows.append({"layer": len(rows) + 1, "leads": below, "n_managers": above})
        if above == 1:
            break
        below = above
    return pd.DataFrame(rows, columns=["layer", "leads", "n_managers"])


def breakdown_heads(forecast: pd.Series, productivity: float) -> pd.Series:
    """Staff by the breakdown method: forecast sales / sales a person makes (销售额分解法).

    Shown beside the workload, not instead of it: it takes today's productivity for right.

    Examples
    --------
    >>> breakdown_heads(pd.Series({"a": 6e6}), 2e6).tolist()
    [3.0]
    """
    if productivity <= 0:
        raise MktError(f"人均销售额应为正数，现为 {productivity}")
    return forecast / productivity
