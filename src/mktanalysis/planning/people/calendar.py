"""A salesman's calendar: every customer at the interval of its class, weeks levelled, days by the routine.

Always holds: every interval is met; what does not fit is named as overload and never dropped; the same
customers give the same calendar whatever their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from ...errors import MktError, TableError
from ...settings import Strict
from ...words.render import named
from ...words.summary import Shown, Summary

#: Who is seen on which days of the week (1 is Monday): the source's weekly routine.
ROUTINE = {"dealer": (1,), "partner": (2,), "model_store": (2,), "customer": (3, 4, 5)}


class Week(Strict):
    """One person's working week.

    Parameters
    ----------
    day_hours : float
        Hours a day for visits.
    least_customers : int
        Customers a week, Wednesday to Friday (source: at least six); weeks below it are named.
    weeks : int
        Length of the calendar.
    """

    day_hours: Annotated[float, Field(gt=0)] = 8.0
    least_customers: Annotated[int, Field(ge=0)] = 6
    weeks: Annotated[int, Field(ge=1, le=106)] = 52


@dataclass(frozen=True, eq=False, repr=False)
class VisitPlan(Shown):
    """A calendar of visits.

    Attributes
    ----------
    visits : DataFrame
        One row a visit: person, week, day (1 is Monday), customer, kind, hours. Saturday's report is in
        `days`.
    days : DataFrame
        One row a person, week and day 1-6: n_visits, hours, overload (hours above the day's).
    weeks : DataFrame
        One row a person and week: n_customers, hours, overload, short (fewer customers than the routine
        asks).
    peak_ratio : float
        Hours of the fullest week / hours of the mean week, the worst person's: 1 is level.
    notes : tuple of str
        What cannot be met, Chinese.
    """

    visits: pd.DataFrame
    days: pd.DataFrame
    weeks: pd.DataFrame
    peak_ratio: float
    notes: tuple[str, ...]

    def summary(self) -> Summary:
        """What is shown of it: the weeks."""
        figures = {"全年拜访": f"{len(self.visits):,} 次", "最忙一周": f"平均的 {self.peak_ratio:.2f} 倍"}
        figures["不能满足的"] = f"{len(self.notes)} 条（见 notes）" if self.notes else "没有"
        step = "charts.plot_calendar(plan.days, 人员) 画日历；plan.visits 是每次拜访"
        return Summary("拜访日历", figures, self.weeks, step, words="visit_weeks")


def visit_calendar(customers: pd.DataFrame, intervals: pd.Series, *, week: Week | None = None) -> VisitPlan:
    """Lay visits out over the weeks of a year and the days of the routine (拜访日历).

    Each class has an interval in weeks. Those with the shortest interval, then the longest visits, choose
    first the offset whose weeks are lightest; within a week the longest visit goes first into the lightest
    of the kind's days.

    Parameters
    ----------
    customers : DataFrame
        Columns person, customer, class, hours (a visit, with travel) and, if known, kind (``dealer``,
        ``partner``, ``model_store``, ``customer``; default customer).
    intervals : Series
        Index class, whole weeks between visits.
    week : Week, optional

    Returns
    -------
    VisitPlan

    Raises
    ------
    TableError
        A customer twice for a person, hours that are not positive, an unknown kind.
    MktError
        A class without an interval, an interval that is no whole number of weeks from 1.

    Examples
    --------
    >>> customers = pd.DataFrame({"person": "甲", "customer": ["a", "b"], "class": "C", "hours": 2.0})
    >>> plan = visit_calendar(customers, pd.Series({"C": 2}), week=Week(weeks=4))
    >>> plan.visits[["week", "customer"]].values.tolist(), plan.peak_ratio
    ([[1, 'a'], [2, 'b'], [3, 'a'], [4, 'b']], 1.0)
    """
    week = week or Week()
    table = _checked(customers, intervals)
    visits = pd.concat([_visits(part, week) for _, part in table.groupby("person", sort=True)])
    visits = visits.sort_values(["person", "week", "day", "customer"], ignore_index=True)
    days = _days(visits, week)
    weeks = named(_weeks(visits, days, week), "visit_weeks")
    load = weeks.groupby("person")["hours"]
    ratio = float((load.max() / load.mean()).max())
    return VisitPlan(visits, days, weeks, ratio, _notes(days, weeks))


def _checked(customers: pd.DataFrame, intervals: pd.Series) -> pd.DataFrame:
    missing = [name for name in ("person", "customer", "class", "hours") if name not in customers]
    if missing:
        raise MktError(f"客户表缺少列：{'、'.join(missing)}")
    unknown = sorted(set(customers["class"]) - set(intervals.index))
    if unknown:
        raise MktError(f"没有拜访间隔的客户类别：{'、'.join(map(str, unknown))}")
    wrong = intervals[(intervals < 1) | (intervals != intervals.round())]
    if len(wrong):
        raise MktError(f"拜访间隔应为 1 以上的整周数：{'、'.join(map(str, wrong.index))}")
    table = customers if "kind" in customers else customers.assign(kind="customer")
    problems = []
    for row in table[~(table["hours"] > 0)].itertuples():
        problems.append(
            {"row": row.customer, "column": "hours", "value": row.hours, "problem": "拜访时间应为正数"}
        )
    for row in table[~table["kind"].isin(list(ROUTINE))].itertuples():
        problems.append(
            {
                "row": row.customer,
                "column": "kind",
                "value": row.kind,
                "problem": f"应为 {'、'.join(ROUTINE)} 之一",
            }
        )
    for row in table[table.duplicated(["person", "customer"])].itertuples():
        problems.append({"row": row.customer, "column": "customer", "problem": "同一人员的客户重复"})
    if problems:
        raise TableError(pd.DataFrame(problems))
    return table.assign(every=table["class"].map(intervals).astype(int))


def _visits(part: pd.DataFrame, week: Week) -> pd.DataFrame:
    """One person's visits: offsets first, then days."""
    load = np.zeros(week.weeks)
    seen = []
    ordered = part.sort_values(["every", "hours", "customer"], ascending=[True, False, True])
    for row in ordered.itertuples():
        offset = _lightest(load, row.every)
        at = np.arange(offset, week.weeks, row.every)
        load[at] += row.hours
        seen.append(
            pd.DataFrame(
                {
                    "person": row.person,
                    "week": at + 1,
                    "customer": row.customer,
                    "kind": row.kind,
                    "hours": row.hours,
                }
            )
        )
    visits = pd.concat(seen)
    return pd.concat([_dated(group) for _, group in visits.groupby("week", sort=True)])


def _lightest(load: np.ndarray, every: int) -> int:
    """The offset whose weeks have the lowest peak, then the lowest sum; the earliest of equals.

    An offset beyond the calendar would be no visit at all: a customer seen less than once is seen once.
    """
    best = None
    for offset in range(min(every, len(load))):
        weeks = load[offset::every]
        key = (round(weeks.max(), 9), round(weeks.sum(), 9), offset)
        best = key if best is None else min(best, key)
    return best[2]


def _dated(group: pd.DataFrame) -> pd.DataFrame:
    """Days of one week: the longest visit first into the lightest day of its kind."""
    load = dict.fromkeys(range(1, 7), 0.0)
    ordered = group.sort_values(["hours", "customer"], ascending=[False, True])
    day = []
    for row in ordered.itertuples():
        best = min(ROUTINE[row.kind], key=lambda d: (load[d], d))
        load[best] += row.hours
        day.append(best)
    return ordered.assign(day=day)


def _days(visits: pd.DataFrame, week: Week) -> pd.DataFrame:
    people = sorted(visits["person"].unique())
    grid = pd.MultiIndex.from_product(
        [people, range(1, week.weeks + 1), range(1, 7)], names=["person", "week", "day"]
    )
    sums = visits.groupby(["person", "week", "day"]).agg(
        n_visits=("customer", "size"), hours=("hours", "sum")
    )
    table = sums.reindex(grid, fill_value=0).reset_index()
    return table.assign(overload=(table["hours"] - week.day_hours).clip(lower=0.0))


def _weeks(visits: pd.DataFrame, days: pd.DataFrame, week: Week) -> pd.DataFrame:
    sums = days.groupby(["person", "week"], as_index=False).agg(
        hours=("hours", "sum"), overload=("overload", "sum")
    )
    only = visits[visits["kind"] == "customer"].groupby(["person", "week"]).size()
    keys = pd.MultiIndex.from_frame(sums[["person", "week"]])
    n = only.reindex(keys, fill_value=0).to_numpy()
    return sums.assign(n_customers=n, short=n < week.least_customers)[
        ["person", "week", "n_customers", "hours", "overload", "short"]
    ]


def _notes(days: pd.DataFrame, weeks: pd.DataFrame) -> tuple[str, ...]:
    notes = []
    for person, part in days[days["overload"] > 1e-9].groupby("person", sort=True):
        total = part["overload"].sum()
        most = part["overload"].max()
        notes.append(
            f"{person}：{len(part)} 天超时，共 {total:,.1f} 小时，最多一天 {most:,.1f} 小时；"
            "拜访未删减，请增加人员或放宽间隔"
        )
    for person, part in weeks[weeks["short"]].groupby("person", sort=True):
        notes.append(f"{person}：{len(part)} 周拜访的客户少于周计划要求，可增加客户")
    return tuple(notes)
