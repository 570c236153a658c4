"""Hours of a sales force's work: contacts a year, travel, and what they add up to.

Always holds: hours add up over kinds of work; a class of customers is either a stock (so many at any time,
contacted all year) or a flow (so many pass through in a year, contacted while they stay), never both.
"""

from __future__ import annotations

import numpy as np

from .errors import MktError

#: Weeks of a year.
WEEKS = 52
#: Length of a tour through random points, in units of sqrt(area x points): Daganzo (1984).
TOUR = 0.57

#: The trade's classes of prospects by the time to their purchase, with the usual mix (an assumption), the
#: weeks between contacts (a quarter, a month - assumption -, a month, a week, every working day), the weeks
#: that a prospect stays in the class (52: a stock, less: it flows through), and whether a contact is a visit.
CLASSES = ("潜在客户", "六月期", "三月期", "一月期", "半月期")
CLASS_MIX = (0.50, 0.20, 0.15, 0.10, 0.05)
EVERY_WEEKS = (13.0, 52 / 12, 52 / 12, 1.0, 0.2)
STAY_WEEKS = (52.0, 13.0, 104 / 12, 26 / 12, 26 / 12)
ON_THE_SPOT = (False, False, True, True, True)

#: Kinds of work, in the order of every table of hours.
KINDS = ("sweep", "visits", "old_customers", "model_stores", "supervision")


def yearly_contacts(every_weeks: float, *, reading: str = "stock", stay_weeks: float = WEEKS) -> float:
    """Contacts a year of one customer of a class: a stock is contacted all year, a flow while it stays.

    Parameters
    ----------
    every_weeks : float
        Weeks from one contact to the next.
    reading : {"stock", "flow"}
        Whether the class's count is customers at any time or customers a year.
    stay_weeks : float
        How long a customer of a flow stays in the class.

    Examples
    --------
    A weekly visit is 52 a year to a stock, and about two to a customer who stays half a month:

    >>> yearly_contacts(1.0)
    52.0
    >>> yearly_contacts(1.0, reading="flow", stay_weeks=2.0)
    2.0
    """
    if reading not in ("stock", "flow"):
        raise MktError(f"客户类别应说明是存量 stock 还是流量 flow，现为 {reading!r}")
    if every_weeks <= 0:
        raise MktError(f"联系间隔应为正的周数，现为 {every_weeks}")
    return (WEEKS if reading == "stock" else stay_weeks) / every_weeks


def travel_hours(radius_km, area_km2, visits_a_day, *, speed_kmh: float = 40.0, tour: float = TOUR):
    """Hours on the road of a day's tour: out and back, and from customer to customer.

    2 r / v + k sqrt(A n) / v with r the distance to the area, A its size, n the visits of the day (Daganzo
    1984).

    Parameters
    ----------
    radius_km, area_km2, visits_a_day : float or ndarray
    speed_kmh : float
        Mean speed, km an hour.
    tour : float
        The constant k.

    Examples
    --------
    >>> round(float(travel_hours(20.0, 400.0, 4.0, speed_kmh=40.0)), 2)
    1.57
    """
    between = tour * np.sqrt(np.multiply(area_km2, visits_a_day))
    return (2 * np.asarray(radius_km, dtype=float) + between) / speed_kmh


def work_hours(
    customers,
    *,
    prospects: float,
    class_mix,
    class_hours,
    old_hours: float,
    sweep_hours: float,
    store_hours,
    supervision_hours: float,
) -> dict[str, np.ndarray]:
    """Hours by kind of work of units with so many customers on file.

    Parameters
    ----------
    customers : array
        Customers on file of each unit.
    prospects : float
        Share of them that are prospects of the classes.
    class_mix : sequence
        Share of each class in the prospects.
    class_hours : sequence or list of arrays
        Hours a year that one customer of each class takes, travel included (one figure or one a unit).
    old_hours : float or array
        Hours a year for old customers, per customer on file.
    sweep_hours : float
        Hours to sweep and file one customer.
    store_hours : float or array
        Hours a year for model stores, per unit.
    supervision_hours : float
        Hours a year of the supervisor in the unit.

    Examples
    --------
    >>> hours = work_hours([100.0], prospects=1.0, class_mix=[0.5, 0.5], class_hours=[1.0, 3.0],
    ...     old_hours=2.0, sweep_hours=0.5, store_hours=80.0, supervision_hours=16.0)
    >>> {kind: float(value[0]) for kind, value in hours.items()}
    {'sweep': 50.0, 'visits': 200.0, 'old_customers': 200.0, 'model_stores': 80.0, 'supervision': 16.0}
    """
    n = np.asarray(customers, dtype=float)
    each = sum(share * np.asarray(hours) for share, hours in zip(class_mix, class_hours, strict=True))
    parts = (n * sweep_hours, n * prospects * each, n * old_hours, store_hours, supervision_hours)
    return {kind: np.broadcast_to(part, n.shape) * 1.0 for kind, part in zip(KINDS, parts, strict=True)}
