"""From periods as they are written to periods of one length: running totals, months told together, dates.

Always holds: a figure is a month's, a quarter's or a year's only where the file says so; a running total
becomes single
periods only where none is missing; what is taken apart or left out has a note, what cannot be is a problem.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import Problems
from ..fields import Kind

PER_YEAR = {"Y": 1, "Q": 4, "M": 12, "W-SUN": 52, "D": 365}
#: What dated rows may be added up to, and the frequency of it.
DATED = {"month": "M", "week": "W-SUN", "day": "D"}
_WORDS = {"Y": "年", "Q": "季", "M": "月"}
_KEYS = ["region", "rest", "measure", "detail", "word", "scope"]
#: January has this share of both months where no year tells: by days.
_JANUARY = 31 / 59.25
_WIDE_GAP = 1 / 3


class Settling:
    """Settles the periods of a table of figures; notes and problems are collected."""

    def __init__(
        self,
        kind: Kind,
        problems: Problems,
        notes: list[str],
        header_row: int,
        *,
        negative: bool,
        every: str = "month",
    ):
        self.kind = kind
        self.freq = DATED[every]
        self.problems = problems
        self.notes = notes
        self.header_row = header_row
        self.negative = negative
        self.additive = {
            measure.name for measure in kind.measures if measure.additive or kind.own or kind.planned
        }

    def settle(self, figures: pd.DataFrame) -> pd.DataFrame:
        """Return the figures with ``freq`` and ``ordinal``, all of one frequency."""
        if not self.kind.has_period or figures.empty:
            return figures.assign(freq="Y" if self.kind.has_period else "", ordinal=0)
        figures = figures.assign(span=_spans(figures))
        if self.freq != "M":
            return self._by_date(figures)
        halves = figures["span"].eq("H") & figures["first"].eq(7) & figures["last"].eq(12)
        if halves.any():  # beside a second half of the year the first one is no running total
            stated = figures["cumulative"].astype(bool)
            figures["span"] = figures["span"].mask(
                figures["last"].eq(6) & ~stated & figures["span"].eq("C"), "H"
            )
        if not self.kind.needs_figures or self.kind.texts:
            return self._one_frequency(self._dated(figures))
        figures = self._single(figures)
        figures = self._january_february(figures)
        figures = self._odd(figures)
        return self._one_frequency(self._dated(figures))

    # running totals --------------------------------------------------------------------------------------
    def _single(self, figures: pd.DataFrame) -> pd.DataFrame:
        """Running totals as single periods."""
        if not (figures["span"] == "C").any():
            return figures
        running = figures["span"].eq("C")
        keys = [*_KEYS, "year"]
        touched = running.groupby([figures[key] for key in keys], dropna=False).transform("any")
        groups: dict[tuple, list[dict]] = {}
        for record in figures[touched].to_dict("records"):
            groups.setdefault(tuple(record[key] for key in keys), []).append(record)
        rows: list[dict] = []
        done: set[str] = set()
        for group in groups.values():
            piece, what = self._difference([row for row in group if row["value"] == row["value"]])
            rows += piece
            done.add(what)
        columns = _listed(figures.loc[running, "column"].unique())
        for what in sorted(done & set(_WORDS.values())):
            self.notes.append(f"累计数已逐期相减，化为每{what}的数：{columns}")
        if "redundant" in done:
            self.notes.append(f"累计数等于各期之和，没有重复计入：{columns}")
        pieces = [figures[~touched], pd.DataFrame(rows, columns=figures.columns)]
        return pd.concat([piece for piece in pieces if len(piece)] or pieces[:1], ignore_index=True)

    def _difference(self, group: list[dict]) -> tuple[list[dict], str]:
        """One region's year: the running totals taken apart, or the problem why not."""
        singles = [row for row in group if row["span"] == "M"]
        ends = [{**row, "end": _end(row)} for row in group if _end(row) and row["span"] != "M"]
        ends.sort(key=lambda row: row["end"])
        numbers = [row["end"] for row in ends]
        if len(ends) + len(singles) < len(group) or len(set(numbers)) < len(numbers):
            self._refuse(ends, "累计数与别的时期混在一起，看不出各期是多少：请只留逐期的数，或只留累计数")
            return [], ""
        if not ends:
            return singles, ""
        if singles:
            return self._compared(singles, ends)
        if numbers == [12]:
            return [_without_end(ends[0]) | {"span": "Y", "first": np.nan, "last": np.nan}], "年"
        return self._steps(ends, 3 if all(end % 3 == 0 for end in numbers) else 1)

    def _compared(self, singles: list[dict], ends: list[dict]) -> tuple[list[dict], str]:
        """Single months beside running totals: the totals must agree and are left out."""
        for row in ends:
            parts = [single["value"] for single in singles if single["first"] <= row["end"]]
            if len(parts) < row["end"] or not close(sum(parts), row["value"], row["factor"], len(parts)):
                self._refuse([row], "累计数与所列各月之和对不上：请删去累计列，或补齐各月")
                return singles, ""
        return singles, "redundant"

    def _steps(self, ends: list[dict], step: int) -> tuple[list[dict], str]:
        before = 0
        total = 0.0
        rows = []
        for row in ends:
            end = row["end"]
            both = step == 1 and before == 0 and end == 2  # the statistics office tells no January
            if end != before + step and not both:
                self._refuse([row], _missing(before, end, step, alone=len(ends) == 1))
                return [], ""
            value = row["value"] - total
            if value < 0 and not self.negative:
                less = f"累计数比前一期少 {-value / row['factor']:g}"
                self._refuse(
                    [row], f"{less}：请核对（确有退货时用 allow_negative=True，命令行加 --allow-negative）"
                )
                return [], ""
            span = "J" if both else ("M" if step == 1 else "Q")
            single = {
                "value": round(value, 4),
                "first": before + 1,
                "last": end,
                "cumulative": False,
                "span": span,
            }
            rows.append(_without_end(row) | single)
            total = row["value"]
            before = end
        return rows, _WORDS["M" if step == 1 else "Q"]

    def _refuse(self, rows: list[dict], text: str) -> None:
        """One problem a column: the first row with it is named."""
        told = {(problem["column"], problem["problem"]) for problem in self.problems.rows}
        for row in rows:
            if (row["column"], text) not in told:
                told.add((row["column"], text))
                self.problems.add(text, row=row["row"], column=row["column"], value=row["raw"])

    # January and February together -----------------------------------------------------------------------
    def _january_february(self, figures: pd.DataFrame) -> pd.DataFrame:
        """Split what is told for both months by the region's usual share of January, else by days."""
        both = figures["span"] == "J"
        if not both.any():
            return figures
        months = figures[(figures["span"] == "M") & figures["first"].isin([1, 2])]
        keys = [*_KEYS, "year"]
        wide = (
            months.pivot_table(index=keys, columns="first", values="value", dropna=False, observed=True)
            if len(months)
            else pd.DataFrame()
        )
        share: dict = {}
        if {1, 2} <= set(wide.columns):
            known = wide.dropna()
            known = known[(known[1] + known[2]) > 0]
            share = (known[1] / (known[1] + known[2])).groupby(level=["region", "measure"]).median().to_dict()
        pieces = figures[both]
        weight = [
            share.get((region, measure), _JANUARY)
            for region, measure in zip(pieces["region"], pieces["measure"], strict=True)
        ]
        january = pieces.assign(span="M", first=1, last=1, value=(pieces["value"] * weight).round(4))
        february = pieces.assign(span="M", first=2, last=2, value=pieces["value"] - january["value"])
        columns = pieces["column"].unique()
        how = "各地区历年一月的比重" if share else "天数"
        self.notes.append(f"1-2 月的合并数已按{how}分到 1 月和 2 月：{_listed(columns)}")
        return pd.concat([figures[~both], january, february], ignore_index=True)

    def _odd(self, figures: pd.DataFrame) -> pd.DataFrame:
        """Half-years and other spans are no period of their own: left out where they add up others."""
        odd = figures["span"].isin(["H", "C", "J"])
        kept = self._without_sums(figures, odd)
        left = kept["span"].isin(["H", "C", "J"])
        for row in kept[left & kept["value"].notna()].drop_duplicates("column").itertuples():
            text = (
                f"写的是 {int(row.first)}-{int(row.last)} 月，"
                "不是一个月、一季或一年：请改为逐月、逐季或全年的数"
            )
            self.problems.add(text, row=self.header_row, column=row.column)
        return kept[~left].reset_index(drop=True)

    # one frequency ---------------------------------------------------------------------------------------
    def _one_frequency(self, figures: pd.DataFrame) -> pd.DataFrame:
        """Leave out what adds up shorter periods; what else is of another length is a problem."""
        counts = figures["span"].value_counts()
        if len(counts) > 1:
            main = max(counts.index, key=lambda span: (counts[span], PER_YEAR[span]))
            longer = figures["span"].map(PER_YEAR) < PER_YEAR[main]
            figures = self._without_sums(figures, longer)
            odd = figures["span"] != main
            self._tell_odd(figures, odd, main)
            figures = figures[~odd].reset_index(drop=True)
        freq = figures["span"].iloc[0] if len(figures) else "Y"
        part = {"Y": 0, "Q": (figures["first"] - 1) // 3, "M": figures["first"] - 1}[freq]
        year = figures["year"].astype("float64") - 1970
        ordinal = (year * PER_YEAR[freq] + part).astype("int64")
        return figures.assign(freq=freq, ordinal=ordinal)

    def _tell_odd(self, figures: pd.DataFrame, odd: pd.Series, main: str) -> None:
        whole = odd.groupby(figures["column"]).transform("all")
        for row in figures[odd & whole].drop_duplicates("column").itertuples():
            text = f"时期应全部按{_WORDS[main]}，这一列按{_WORDS[row.span]}；合计列请删除"
            self.problems.add(text, row=self.header_row, column=row.column)
        for row in figures[odd & ~whole].drop_duplicates("row").itertuples():
            text = f"时期应全部按{_WORDS[main]}，这里按{_WORDS[row.span]}"
            self.problems.add(text, row=row.row, column=row.column)

    def _without_sums(self, figures: pd.DataFrame, longer: pd.Series) -> pd.DataFrame:
        """Leave out figures of longer periods that equal the sum of the shorter ones they hold."""
        keys = [*_KEYS, "year"]
        parts: dict[tuple, list[dict]] = {}
        for row in figures[~longer & figures["value"].notna()].to_dict("records"):
            parts.setdefault(tuple(row[key] for key in keys), []).append(row)
        gone = []
        equal: dict[str, int] = {}
        for index, row in zip(figures.index[longer], figures[longer].to_dict("records"), strict=True):
            inside = _held(row, parts.get(tuple(row[key] for key in keys), []))
            if row["value"] != row["value"]:
                gone.append(index)
            elif inside and row["measure"] in self.additive:
                gone.append(index)
                total = sum(part["value"] for part in inside)
                if close(total, row["value"], row["factor"], len(inside)):
                    equal[row["column"]] = equal.get(row["column"], 0) + 1
                else:
                    self._tell_unequal(row, total)
        if equal:
            self.notes.append(
                f"等于所列各期之和的合计没有重复计入（{sum(equal.values())} 个）：{_listed(equal)}"
            )
        return figures.drop(index=gone).reset_index(drop=True)

    def _tell_unequal(self, row: dict, total: float) -> None:
        factor = row["factor"]
        text = f"{row['value'] / factor:g} 不等于所列各期之和 {total / factor:g}：请核对，或删去这个合计"
        self.problems.add(text, row=row["row"], column=row["column"], value=row["raw"])

    # days and weeks --------------------------------------------------------------------------------------
    def _by_date(self, figures: pd.DataFrame) -> pd.DataFrame:
        """Dated figures by day or week; what has no date is a problem."""
        dated = (figures["span"] == "M") & figures["day"].notna()
        if not self.kind.own:
            self.problems.add("只有自有销售能按周、按日读取", row=self.header_row)
        elif not dated.all():
            text = "按周、按日读取时每个数都要有日期（2024-03-05）"
            for row in figures[~dated].head(20).itertuples():
                self.problems.add(text, row=row.row, column=row.column)
        if not dated.all() or not self.kind.own:
            return figures.assign(freq="M", ordinal=0)
        parts = figures[["year", "first", "day"]].astype(int).set_axis(["year", "month", "day"], axis=1)
        days = pd.to_datetime(parts)
        kept = pd.Series(True, figures.index)
        if self.freq == "W-SUN" and days.dt.day_of_week.nunique() > 1:
            kept = self._whole_weeks(days)
        ordinal = pd.PeriodIndex(days[kept], freq=self.freq).astype("int64")
        return figures[kept].assign(freq=self.freq, ordinal=ordinal).reset_index(drop=True)

    def _whole_weeks(self, days: pd.Series) -> pd.Series:
        """Which days lie in weeks that the file covers from Monday to Sunday, as far as its ends tell."""
        first = days.min()
        last = days.max()
        start = first + pd.Timedelta(days=(7 - first.day_of_week) % 7)
        end = last - pd.Timedelta(days=(last.day_of_week + 1) % 7)
        kept = days.between(start, end)
        if not kept.all():
            self.notes.append(f"头尾不满一周的日期没有用上（{int((~kept).sum())} 个数）：周一至周日为一周")
        return kept

    # dates -----------------------------------------------------------------------------------------------
    def _dated(self, figures: pd.DataFrame) -> pd.DataFrame:
        """Dates once a year or once a quarter are years and quarters."""
        months = figures[figures["span"] == "M"]
        if len(months) < len(figures) or months.empty or not self.kind.needs_figures or self.kind.texts:
            return figures
        filled = months[months["value"].notna()]
        if filled.empty:
            return figures
        found = set(filled["first"].astype(int))
        stamps = filled["year"].astype(int) * 12 + filled["first"].astype(int) - 1
        times = np.sort(stamps.unique())
        has_days = filled["day"].notna().all()
        at_start = has_days and filled["day"].eq(1).all()
        gaps = set(np.diff(times).tolist())
        if len(times) == 1:
            if has_days and found == {12} and filled["day"].eq(31).all():
                day = filled.iloc[0]
                text = (
                    f"{int(day['year'])}-12-31 是全年还是 12 月的数？请写 "
                    f"{int(day['year'])} 或 {int(day['year'])}-12"
                )
                self.problems.add(text, row=day["row"], column=day["column"])
            return figures
        if all(gap % 12 == 0 for gap in gaps):
            return self._as_years(figures, found, at_start)
        if all(gap % 3 == 0 for gap in gaps) and len(times) > 2:
            if min(gaps) > 3:
                text = "每半年才有一个数：半年不是一个月、一季或一年，请改为逐月、逐季或全年的数"
                self.problems.add(text, row=self.header_row)
                return figures
            return self._as_quarters(figures, found, at_start)
        span = int(times[-1] - times[0]) + 1
        if has_days and len(times) < span * _WIDE_GAP and len(times) > 2:
            text = (
                f"从 {_month(times[0])} 到 {_month(times[-1])} 共 {span} 个月，只有 "
                f"{len(times)} 个月有数：若一期不是一个月，请写明年或季（2023、2023Q2）"
            )
            self.problems.add(text, row=self.header_row)
        return figures

    def _as_years(self, figures: pd.DataFrame, found: set[int], at_start: bool) -> pd.DataFrame:
        if found == {12} or (found == {1} and at_start):
            self.notes.append(f"每年只有一个 {min(found)} 月的日期：按全年的数读取")
            return figures.assign(span="Y", first=np.nan, last=np.nan)
        month = min(found)
        text = (
            f"每年只有 {month} 月有数：若是全年的数，"
            f"请把时期写成年份（2023）；若确是 {month} 月的数，请补上其他月份"
        )
        self.problems.add(text, row=self.header_row)
        return figures

    def _as_quarters(self, figures: pd.DataFrame, found: set[int], at_start: bool) -> pd.DataFrame:
        if found <= {3, 6, 9, 12} or (found <= {1, 4, 7, 10} and at_start):
            self.notes.append(f"每季只有一个日期（{'、'.join(map(str, sorted(found)))} 月）：按整季的数读取")
            first = (figures["first"] - 1) // 3 * 3 + 1
            return figures.assign(span="Q", first=first, last=first + 2)
        text = "每三个月才有一个数：若是整季的数，请写成 2023Q2；若确是单月的数，请补上其他月份"
        self.problems.add(text, row=self.header_row)
        return figures


def _spans(figures: pd.DataFrame) -> pd.Series:
    """Y, Q, M, J (January and February), C (from January on) or H (another range)."""
    first = figures["first"]
    last = figures["last"]
    running = figures["cumulative"].astype(bool)
    whole = first.isna() | ((first == 1) & (last == 12))
    month = first == last
    quarter = (last - first == 2) & (first % 3 == 1)
    both = (first == 1) & (last == 2)
    from_start = (first == 1) & ~both & ~quarter & ~month
    spans = np.select(
        [running & first.notna(), whole, month, both, quarter, from_start],
        ["C", "Y", "M", "J", "Q", "C"],
        default="H",
    )
    return pd.Series(spans, figures.index)


def _end(row: dict) -> int:
    """The month to which a total from January reaches; 0 for another period."""
    if row["span"] in ("C", "J") or (row["span"] == "Q" and row["last"] == 3):
        return int(row["last"])
    return 12 if row["span"] == "Y" else 0


def _without_end(row: dict) -> dict:
    return {key: value for key, value in row.items() if key != "end"}


def _missing(before: int, end: int, step: int, *, alone: bool) -> str:
    if alone:
        return (
            f"是 1-{end} 月的累计数，不是一个月、一季或一年：请改为逐月（逐季）的数，或补齐以前各期的累计数"
        )
    first = before + step
    last = end - step
    missing = f"{first} 月" if first >= last else f"{first}-{last} 月"
    return f"是累计数，缺少到 {missing}为止的累计数，不能逐期相减：请补齐，或改为逐月（逐季）的数"


def _held(row: dict, parts: list[dict]) -> list[dict]:
    """The figures of shorter periods that lie in the period of a row."""
    first = 1 if row["first"] != row["first"] else row["first"]
    last = 12 if row["last"] != row["last"] else row["last"]
    return [part for part in parts if part["first"] >= first and part["last"] <= last]


def _month(stamp: int) -> str:
    return f"{stamp // 12}-{stamp % 12 + 1:02d}"


def _listed(columns) -> str:
    names = [str(column) for column in columns]
    more = f" 等 {len(names)} 列" if len(names) > 4 else ""
    return "、".join(names[:4]) + more


def close(total: float, value: float, factor: float, n: int) -> bool:
    """Whether a sum agrees with a figure, given that each was rounded to the digits that are written.

    Examples
    --------
    >>> close(700.0, 1000.0, 1.0, 2), close(33.3 * 3, 100.0, 1.0, 3), close(990.0, 1000.0, 1.0, 1)
    (False, True, False)
    """
    if pd.isna(factor) or factor <= 0:
        factor = 1.0
    off = abs(total - value)
    if off <= 1e-9 * max(abs(value), abs(total)):
        return True
    digits = min(_digits(value / factor), _digits(total / factor)) if value else 0
    rounding = 0.5 * (n + 1) * 10.0**-digits * factor
    return off <= min(rounding, 0.005 * abs(value)) * (1 + 1e-9)


def _digits(number: float) -> int:
    """Decimals in use, at most 6."""
    for digits in range(6):
        if abs(number - round(number, digits)) <= 1e-9 * max(abs(number), 1):
            return digits
    return 6
