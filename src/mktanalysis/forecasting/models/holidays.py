"""Statutory holidays of China (法定节假日) as a table of days, for weekly and daily figures.

Always holds: one row a holiday and year, on its own day (Spring Festival: the first of the lunar year); how
far it reaches before and after is part of the row. Days in lieu (调休) are not in it: they are set by decree
year by year, and an own table can carry them.
"""

from __future__ import annotations

import pandas as pd

from ...errors import MktError
from .calendar import NEW_YEAR

#: Fifth day of the fifth lunar month (public calendar; two programs agree, see tests).
DRAGON_BOAT = pd.to_datetime(
    [
        "1995-06-02", "1996-06-20", "1997-06-09", "1998-05-30", "1999-06-18", "2000-06-06", "2001-06-25",
        "2002-06-15", "2003-06-04", "2004-06-22", "2005-06-11", "2006-05-31", "2007-06-19", "2008-06-08",
        "2009-05-28", "2010-06-16", "2011-06-06", "2012-06-23", "2013-06-12", "2014-06-02", "2015-06-20",
        "2016-06-09", "2017-05-30", "2018-06-18", "2019-06-07", "2020-06-25", "2021-06-14", "2022-06-03",
        "2023-06-22", "2024-06-10", "2025-05-31", "2026-06-19", "2027-06-09", "2028-05-28", "2029-06-16",
        "2030-06-05", "2031-06-24", "2032-06-12", "2033-06-01", "2034-06-20", "2035-06-10", "2036-05-30",
        "2037-06-18", "2038-06-07", "2039-05-27", "2040-06-14",
    ]
)  # fmt: skip
#: Fifteenth day of the eighth lunar month.
MID_AUTUMN = pd.to_datetime(
    [
        "1995-09-09", "1996-09-27", "1997-09-16", "1998-10-05", "1999-09-24", "2000-09-12", "2001-10-01",
        "2002-09-21", "2003-09-11", "2004-09-28", "2005-09-18", "2006-10-06", "2007-09-25", "2008-09-14",
        "2009-10-03", "2010-09-22", "2011-09-12", "2012-09-30", "2013-09-19", "2014-09-08", "2015-09-27",
        "2016-09-15", "2017-10-04", "2018-09-24", "2019-09-13", "2020-10-01", "2021-09-21", "2022-09-10",
        "2023-09-29", "2024-09-17", "2025-10-06", "2026-09-25", "2027-09-15", "2028-10-03", "2029-09-22",
        "2030-09-12", "2031-10-01", "2032-09-19", "2033-09-08", "2034-09-27", "2035-09-16", "2036-10-04",
        "2037-09-24", "2038-09-13", "2039-10-02", "2040-09-20",
    ]
)  # fmt: skip
#: Holiday -> days before and after its own that it reaches (folklore: a week off, a fortnight of shopping
#: before Spring Festival; a long weekend for the others).
REACH = {
    "元旦": (1, 2),
    "春节": (14, 15),
    "清明": (1, 2),
    "劳动节": (1, 4),
    "端午": (1, 2),
    "中秋": (1, 2),
    "国庆": (1, 7),
}


def load_holidays(first_year: int, last_year: int) -> pd.DataFrame:
    """Holidays of China from one year to another: columns name, date, before, after.

    Parameters
    ----------
    first_year, last_year : int
        Both included, within 1995-2040.

    Returns
    -------
    DataFrame
        In the order of the calendar; `before` and `after` are days that the holiday reaches, for
        :class:`~mktanalysis.forecasting.Calendar`.

    Raises
    ------
    MktError
        Years beyond the table.

    Examples
    --------
    >>> load_holidays(2026, 2026)["name"].tolist()
    ['元旦', '春节', '清明', '劳动节', '端午', '中秋', '国庆']
    """
    known = NEW_YEAR.year
    if not known.min() <= first_year <= last_year <= known.max():
        raise MktError(f"节假日表只有 {known.min()}—{known.max()} 年，要的是 {first_year}—{last_year}")
    rows = []
    for year in range(first_year, last_year + 1):
        place = year - int(known.min())
        days = {
            "元旦": f"{year}-01-01",
            "春节": NEW_YEAR[place],
            "清明": _clear_and_bright(year),
            "劳动节": f"{year}-05-01",
            "端午": DRAGON_BOAT[place],
            "中秋": MID_AUTUMN[place],
            "国庆": f"{year}-10-01",
        }
        rows += [(name, pd.Timestamp(day), *REACH[name]) for name, day in days.items()]
    return pd.DataFrame(rows, columns=["name", "date", "before", "after"])


def _clear_and_bright(year: int) -> pd.Timestamp:
    """Day of the solar term 清明: the usual formula, right for 1995-2099."""
    century = year % 100
    constant = 4.81 if year >= 2000 else 5.59
    return pd.Timestamp(year, 4, int(century * 0.2422 + constant) - century // 4)
