"""A history of openings as arrays, with all that is odd about it told.

Always holds: a place is entered once, at its first opening; the potential of a period is the last figure
before it, never its own; what is left out or replaced is said in the notes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ...errors import MktError
from .checks import check_columns, check_potential

#: A period with more than this many times the first entries of every period around it looks like a take-over
#: (folklore).
TAKE_OVER_TIMES = 3.0
#: And with at least so many entries.
TAKE_OVER_LEAST = 10


@dataclass(frozen=True, eq=False)
class Potential:
    """Potential by place and year: `years` ascending, `values` of shape (places, years), missing is nan."""

    years: np.ndarray
    values: np.ndarray

    def before(self, period: float) -> np.ndarray:
        """The last figures before a period; the first ones where there are none before.

        Places without a positive figure are nan: they are no candidates.
        """
        at = max(int(np.searchsorted(self.years, period)) - 1, 0)
        return self.values[:, at]


@dataclass(frozen=True, eq=False)
class History:
    """First openings and potential of all places, in the order of their codes.

    Attributes
    ----------
    regions : Index
        Places with a point and a potential (or an entry), n of them.
    place : ndarray
        Shape (n, 2): longitude, latitude.
    first : ndarray
        Period of the first opening, nan where there is none.
    potential : Potential
    notes : tuple of str
        What is odd about the history, in Chinese.
    take_overs : tuple of float
        Periods that look like take-overs.
    left_out : tuple of float
        Periods whose entries are no choices: they are held afterwards, and that is all.
    """

    regions: pd.Index
    place: np.ndarray
    first: np.ndarray
    potential: Potential
    notes: tuple[str, ...] = ()
    take_overs: tuple[float, ...] = ()
    left_out: tuple[float, ...] = ()

    @property
    def periods(self) -> np.ndarray:
        """Periods with first openings, ascending."""
        return np.unique(self.first[~np.isnan(self.first)])

    def until(self, period: float) -> np.ndarray:
        """First openings as known at the start of a period: later ones are nan."""
        return np.where(self.first < period, self.first, np.nan)

    def recent(self, first: np.ndarray, period: float, years: float) -> np.ndarray:
        """Places entered by choice in the `years` before a period."""
        return (first < period) & (first >= period - years) & ~np.isin(first, self.left_out)

    def without(self, periods) -> History:
        """The same history with the entries of some periods taken for no choices."""
        left = tuple(float(period) for period in periods)
        if unknown := sorted(set(left) - set(self.periods.tolist())):
            raise MktError(
                f"leave_out 中的年份没有首次进入：{'、'.join(f'{period:.0f}' for period in unknown)}"
            )
        told = tuple(
            f"{period:.0f} 年的 {int((self.first == period).sum())} 个进入不计入拟合与动向" for period in left
        )
        doubted = tuple(
            _take_over_note(self.first, period) for period in self.take_overs if period not in left
        )
        notes = tuple(note for note in self.notes if _TAKE_OVER not in note)
        return replace(self, left_out=left, notes=(*notes, *doubted, *told))

    def cut(self, period: float) -> History:
        """The history as it was known at the start of a period."""
        return replace(self, first=self.until(period))


def read_history(openings: pd.DataFrame, potential, points: pd.DataFrame) -> History:
    """Check the tables of a history and put them in one order."""
    check_columns(openings, ("region", "period"), "开店记录")
    check_columns(points, ("region", "lon", "lat"), "坐标表")
    check_potential(potential)
    located = points.drop_duplicates("region").set_index("region").sort_index()
    located = located[located["lon"].notna() & located["lat"].notna()]
    if lost := sorted(set(openings["region"]) - set(located.index)):
        names = "、".join(map(str, lost[:10]))
        raise MktError(f"开店记录中有 {len(lost)} 个地区没有坐标，请在坐标表补上或从记录中删去：{names}")
    dated = openings.assign(period=years_of(openings["period"]))
    entered = dated.groupby("region")["period"].min()
    usable = located.index.isin(_with_potential(potential)) | located.index.isin(entered.index)
    located = located[usable]  # a place that can be neither chosen nor held is not on the map
    first = entered.reindex(located.index).to_numpy(float)
    figures = _potential(potential, located.index)
    take_overs = find_take_overs(first)
    return History(
        pd.Index(located.index, name="region"),
        located[["lon", "lat"]].to_numpy(float),
        first,
        figures,
        tuple(_notes(dated, first, figures, isinstance(potential, pd.DataFrame), take_overs)),
        take_overs,
    )


def years_of(period: pd.Series) -> pd.Series:
    """Openings' years as numbers; other numbers stand for themselves (e.g. half-years counted through)."""
    if isinstance(period.dtype, pd.PeriodDtype) or pd.api.types.is_datetime64_any_dtype(period):
        if period.isna().any():
            raise MktError(f"开店记录中有 {int(period.isna().sum())} 行没有时期：请补上或删去")
        return period.dt.year
    year = pd.to_numeric(period, errors="coerce")
    if year.isna().any():
        found = period[year.isna()].astype(str).unique()[:5]
        raise MktError(f"开店记录的时期应为年份或日期，读不懂：{'、'.join(found)}")
    return year


def _potential(potential, index: pd.Index) -> Potential:
    if isinstance(potential, pd.Series):
        years = np.array([-np.inf])
        values = potential.reindex(index).to_numpy(float)[:, None]
    else:
        years = np.array([getattr(column, "year", column) for column in potential.columns], dtype=float)
        order = np.argsort(years, kind="stable")
        years = years[order]
        values = potential.iloc[:, order].reindex(index).to_numpy(float)
    return Potential(years, np.where(values > 0, values, np.nan))


def _with_potential(potential) -> pd.Index:
    """Regions with a positive figure in any year."""
    positive = potential > 0
    return potential.index[positive if isinstance(potential, pd.Series) else positive.any(axis=1)]


def find_take_overs(first: np.ndarray) -> tuple[float, ...]:
    """Periods with many times the first entries of the three periods before and the two after."""
    periods, counts = np.unique(first[~np.isnan(first)], return_counts=True)
    found = []
    for i in range(1, len(periods)):
        around = np.r_[counts[max(i - 3, 0) : i], counts[i + 1 : i + 3]]
        if len(around) >= 3 and counts[i] >= max(TAKE_OVER_LEAST, TAKE_OVER_TIMES * around.max()):
            found.append(float(periods[i]))
    return tuple(found)


def _notes(dated, first, potential: Potential, is_dated: bool, take_overs):
    """What is odd about a history, in words."""
    later = len(dated) - dated["region"].nunique()
    if later:
        yield f"{later} 条为已进入地区的再次开店：只有首次开店计为进入"
    start = potential.years[0]
    if is_dated and (early := int((first <= start).sum())):
        yield f"{early} 个地区的进入不晚于最早的潜力年份 {start:.0f}：用 {start:.0f} 年的潜力代替"
    end = potential.years[-1]
    if is_dated and (late := int((first > end + 1).sum())):
        yield (
            f"{late} 个地区的进入比最新的潜力年份 {end:.0f} 晚一年以上（到 {np.nanmax(first):.0f} 年）："
            f"用 {end:.0f} 年的潜力；如果年份写错了，请改正"
        )
    entered = ~np.isnan(first)
    known = np.isfinite(potential.values).any(axis=1)
    if unknown := int((entered & ~known).sum()):
        yield f"{unknown} 个进入的地区没有潜力数字：不计入拟合"
    for period in take_overs:
        yield _take_over_note(first, period)


#: What marks a note on a take-over.
_TAKE_OVER = "像是收购而不是开店"


def _take_over_note(first: np.ndarray, period: float) -> str:
    count = int((first == period).sum())
    return (
        f"{period:.0f} 年首次进入 {count} 个地区，为前后各年的 {TAKE_OVER_TIMES:g} 倍以上，{_TAKE_OVER}："
        f"可以把它排除在拟合之外（leave_out=({period:.0f},)，命令行 --leave-out {period:.0f}）"
    )
