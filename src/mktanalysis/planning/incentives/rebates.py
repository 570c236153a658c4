"""Rebates on a year's sales: schedules as data, their cost, their cliffs and who stands near one.

Always holds: a rebate never falls when sales rise; the marginal reading never pays more than the
whole-amount one and has no jump above the task; splitting one dealer into two never pays.
"""

from __future__ import annotations

import itertools
from statistics import NormalDist
from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from ...errors import MktError, TableError
from ...settings import Strict
from ...words.render import named
from ...words.summary import Shown, Summary

Yuan = Annotated[float, Field(ge=0)]
Rate = Annotated[float, Field(ge=0, lt=1)]


class RebateSchedule(Shown, Strict):
    """Bands of yearly sales and the rate of each (返利阶梯).

    Parameters
    ----------
    bands : tuple of (from, rate)
        Lower edge of each band, yuan, inclusive, and its rate; ascending, rates not falling. Below the
        first edge nothing is paid.
    mode : str
        ``whole`` (全额): the band's rate on all sales; ``marginal`` (超额累进): each rate on the part of the
        sales that lies in its band.
    edges : str
        ``absolute``: edges are amounts of sales; ``above_task``: edges are amounts above the dealer's task
        (2% when the task is met, 1 point more per full million above it).
    task_required : bool
        Paid only where the year's task is met.
    """

    bands: Annotated[tuple[tuple[Yuan, Rate], ...], Field(min_length=1)]
    mode: Literal["whole", "marginal"] = "whole"
    edges: Literal["absolute", "above_task"] = "absolute"
    task_required: bool = True

    @model_validator(mode="after")
    def _ascending(self):
        starts = [start for start, _ in self.bands]
        rates = [rate for _, rate in self.bands]
        if any(a >= b for a, b in itertools.pairwise(starts)):
            raise ValueError("bands（返利档）的起点必须从低到高，不能重叠")
        if any(a > b for a, b in itertools.pairwise(rates)):
            raise ValueError("bands（返利档）的比例不能随销售额下降")
        return self

    def __str__(self) -> str:
        return repr(self)

    def summary(self) -> Summary:
        """What is shown of it: the bands."""
        reading = {
            "whole": "全额（达到一档，全部销售额按这一档）",
            "marginal": "超额累进（各档只算本档内的部分）",
        }
        edges = {"absolute": "按销售额", "above_task": "按超过任务的金额"}
        paid = "完成年度任务才有" if self.task_required else "不论任务"
        figures = {"算法": reading[self.mode], "起点": edges[self.edges], "条件": paid}
        table = pd.DataFrame(self.bands, columns=["起点", "返利率"])
        table.insert(1, "终点", table["起点"].shift(-1))
        units = {"起点": "万元", "终点": "万元", "返利率": "share"}
        step = "planning.rebates(经销商表, schedule) 算每家的返利；rebate_cost 算预期费用"
        return Summary("返利阶梯", figures, table, step, units=units)


_RATES = (0.02, 0.03, 0.04, 0.05, 0.06)
#: The source's table: 200-300 2%, 300-400 3%, 400-500 4%, 500-600 5%, above 600 6%, in 10,000 yuan.
FIVE_BANDS = RebateSchedule(bands=tuple((2e6 + 1e6 * i, rate) for i, rate in enumerate(_RATES)))
#: The same clause read relative to the task: 2% when met, 1 point more per full million above, at most 6%.
ABOVE_TASK = RebateSchedule(bands=tuple((1e6 * i, rate) for i, rate in enumerate(_RATES)), edges="above_task")


def schedule_from_table(table: pd.DataFrame, **settings) -> RebateSchedule:
    """Make a schedule of a table of bands as an analyst writes it (返利表).

    Parameters
    ----------
    table : DataFrame
        Columns low, high (yuan; the last high may be missing), rate (0-1).
    **settings
        Other fields of :class:`RebateSchedule`.

    Raises
    ------
    TableError
        Bands that overlap or leave a gap, each named.

    Examples
    --------
    >>> bands = pd.DataFrame({"low": [2e6, 3e6], "high": [3e6, None], "rate": [0.02, 0.03]})
    >>> schedule_from_table(bands).bands
    ((2000000.0, 0.02), (3000000.0, 0.03))
    """
    ordered = table.sort_values("low")
    problems = []
    rows = list(ordered.itertuples())
    for now, later in itertools.pairwise(rows):
        if pd.isna(now.high) or now.high > later.low:
            problems.append(
                {"row": later.Index, "column": "low", "value": later.low, "problem": "与上一档重叠"}
            )
        elif now.high < later.low:
            problems.append(
                {"row": later.Index, "column": "low", "value": later.low, "problem": "与上一档之间有空档"}
            )
    for row in rows:
        if not pd.isna(row.high) and row.high <= row.low:
            problems.append(
                {"row": row.Index, "column": "high", "value": row.high, "problem": "上限不高于下限"}
            )
    if problems:
        raise TableError(pd.DataFrame(problems))
    bands = tuple((float(row.low), float(row.rate)) for row in rows)
    return RebateSchedule(bands=bands, **settings)


def rebate_lines(schedule: RebateSchedule, task: float) -> pd.DataFrame:
    """The rebate as pieces of straight lines: from `start` on it is intercept + slope x sales.

    Parameters
    ----------
    schedule : RebateSchedule
    task : float
        The dealer's task, yuan.

    Returns
    -------
    DataFrame
        Columns start, intercept, slope, cliff (jump at the start); the first piece starts at 0.
    """
    return pd.DataFrame(_lines(schedule, task)._asdict())


class _Lines(NamedTuple):
    """Pieces of a rebate as arrays."""

    start: np.ndarray
    intercept: np.ndarray
    slope: np.ndarray
    cliff: np.ndarray

    def paid(self, sales: float) -> float:
        """The rebate on `sales`."""
        at = np.searchsorted(self.start, sales, side="right") - 1
        return float(self.intercept[at] + self.slope[at] * sales)


def _lines(schedule: RebateSchedule, task: float) -> _Lines:
    offset = task if schedule.edges == "above_task" else 0.0
    starts = [offset + start for start, _ in schedule.bands]
    rates = [rate for _, rate in schedule.bands]
    pieces = {0.0: (0.0, 0.0)}  # start -> intercept, slope
    paid = 0.0
    before = 0.0
    for i, (start, rate) in enumerate(zip(starts, rates, strict=True)):
        if schedule.mode == "whole":
            pieces[start] = (0.0, rate)
        else:
            paid += before * (start - (starts[i - 1] if i else 0.0))
            pieces[start] = (paid - rate * start, rate)
            before = rate
    if schedule.task_required:  # nothing is paid below the task
        running = pieces[max(start for start in pieces if start <= task)]
        above = {start: line for start, line in pieces.items() if start > task}
        pieces = {0.0: (0.0, 0.0), task: running, **above}
    start = np.array(list(pieces))
    lines = np.array(list(pieces.values()))
    jump = np.diff(lines, axis=0, prepend=lines[:1])  # shape (pieces, 2): what each start adds
    return _Lines(start, lines[:, 0], lines[:, 1], jump[:, 0] + jump[:, 1] * start)


def rebates(dealers: pd.DataFrame, schedule: RebateSchedule, *, near: float = 0.05) -> pd.DataFrame:
    """Each dealer's rebate, the next threshold and what reaching it would bring (返利与临界点).

    Parameters
    ----------
    dealers : DataFrame
        Columns dealer, sales, task (yuan; the task may be left out where the schedule needs none).
    schedule : RebateSchedule
    near : float
        A dealer this share of a cliff's amount below it (or just past it) is flagged: cliffs invite
        loading and cross-selling (压货、窜货).

    Returns
    -------
    DataFrame
        Columns dealer, sales, task, rebate, effective_rate, next_threshold, gap, gain (rebate at the next
        threshold less the present one), cliff (flag; whole amounts and the task's gate have cliffs).

    Raises
    ------
    TableError
        Missing or negative sales, a dealer twice, a task missing where one is needed.

    Examples
    --------
    >>> table = pd.DataFrame({"dealer": ["甲", "乙"], "sales": [3e6, 2.95e6], "task": 2e6})
    >>> rebates(table, FIVE_BANDS)[["rebate", "gain", "cliff"]].values.tolist()
    [[90000.0, 70000.0, True], [59000.0, 31000.0, True]]
    """
    table = _dealers(dealers, schedule)
    rows = []
    for row in table.itertuples():
        lines = _lines(schedule, row.task)
        now = lines.paid(row.sales)
        ahead = lines.start[(lines.start > row.sales) & (lines.slope > 0)]
        after = float(ahead[0]) if len(ahead) else np.nan
        cliffs = lines.start[lines.cliff > 1e-9]
        close = (np.abs(row.sales - cliffs) <= near * cliffs).any()
        rows.append(
            {
                "rebate": now,
                "effective_rate": now / row.sales if row.sales > 0 else 0.0,
                "next_threshold": after,
                "gap": after - row.sales,
                "gain": lines.paid(after) - now if len(ahead) else np.nan,
                "cliff": bool(close),
            }
        )
    front = table[["dealer", "sales", "task"]]
    return named(pd.concat([front, pd.DataFrame(rows, index=table.index)], axis=1), "rebates")


def rebate_cost(forecast: pd.DataFrame, schedule: RebateSchedule, *, coverage: float = 0.8) -> pd.DataFrame:
    """What a schedule will cost on a forecast: the expected rebate, not the rebate of the expected sales.

    Parameters
    ----------
    forecast : DataFrame
        Columns dealer, mean, lower, upper, task, yuan.
    schedule : RebateSchedule
    coverage : float
        Nominal coverage of the interval; sales are taken as normal around the mean.

    Returns
    -------
    DataFrame
        Columns dealer, mean, task, rebate_at_mean, expected, low, high (at the interval's ends), chance
        (of any rebate).

    Examples
    --------
    Half of the chance lies below the task, where nothing is paid:

    >>> one = pd.DataFrame({"dealer": ["甲"], "mean": 2e6, "lower": 2e6 - 1, "upper": 2e6 + 1, "task": 2e6})
    >>> rebate_cost(one, FIVE_BANDS)[["rebate_at_mean", "expected"]].round(0).values.tolist()
    [[40000.0, 20000.0]]
    """
    z = NormalDist().inv_cdf(0.5 + coverage / 2)
    table = _dealers(forecast.rename(columns={"mean": "sales"}), schedule)
    rows = []
    for row in table.itertuples():
        lines = _lines(schedule, row.task)
        sd = max(row.upper - row.sales, row.sales - row.lower) / z
        paying = lines.start[(lines.slope > 0) | (lines.intercept > 0)]
        chance = _above(row.sales, sd, paying[0]) if len(paying) else 0.0
        rows.append(
            {
                "dealer": row.dealer,
                "mean": row.sales,
                "task": row.task,
                "rebate_at_mean": lines.paid(row.sales),
                "expected": _expected(lines, row.sales, sd),
                "low": lines.paid(max(row.lower, 0.0)),
                "high": lines.paid(row.upper),
                "chance": chance,
            }
        )
    return named(pd.DataFrame(rows), "rebates")


def _above(mean: float, sd: float, start: float) -> float:
    return 1 - NormalDist().cdf((start - mean) / sd) if sd > 0 else float(mean >= start)


def _expected(lines: _Lines, mean: float, sd: float) -> float:
    """Mean of the piecewise linear rebate under a normal: partial moments, piece by piece."""
    if sd <= 0:
        return lines.paid(mean)
    normal = NormalDist()
    ends = [*lines.start[1:], np.inf]
    total = 0.0
    for start, intercept, slope, end in zip(lines.start, lines.intercept, lines.slope, ends, strict=True):
        a = (start - mean) / sd
        b = (end - mean) / sd
        mass = normal.cdf(b) - normal.cdf(a)
        density = normal.pdf(a) - (normal.pdf(b) if np.isfinite(b) else 0.0)
        total += (intercept + slope * mean) * mass + slope * sd * density
    return total


def compare_schedules(dealers: pd.DataFrame, now: RebateSchedule, then: RebateSchedule) -> pd.DataFrame:
    """What a change of schedule does to each dealer (返利政策调整的影响).

    Parameters
    ----------
    dealers : DataFrame
        Columns dealer, sales, task, yuan.
    now, then : RebateSchedule

    Returns
    -------
    DataFrame
        Columns dealer, sales, rebate_now, rebate_then, change (yuan), cliff_now, cliff_then (flags).
    """
    before = rebates(dealers, now)
    after = rebates(dealers, then)
    changed = before[["dealer", "sales"]].assign(
        rebate_now=before["rebate"],
        rebate_then=after["rebate"],
        change=after["rebate"] - before["rebate"],
        cliff_now=before["cliff"],
        cliff_then=after["cliff"],
    )
    return named(changed, "rebates")


def _dealers(dealers: pd.DataFrame, schedule: RebateSchedule) -> pd.DataFrame:
    needs_task = schedule.task_required or schedule.edges == "above_task"
    missing = [name for name in ("dealer", "sales", *(["task"] if needs_task else [])) if name not in dealers]
    if missing:
        raise MktError(f"经销商表缺少列：{'、'.join(missing)}")
    table = dealers if "task" in dealers else dealers.assign(task=0.0)
    numbers = ["sales", "task"] if needs_task else ["sales"]
    problems = []
    for name in numbers:
        bad = table[~(table[name] >= 0)]
        problems += [
            {
                "row": row.dealer,
                "column": name,
                "value": getattr(row, name),
                "problem": "应为非负数（缺失不是 0）",
            }
            for row in bad.itertuples()
        ]
    doubled = table["dealer"][table["dealer"].duplicated()]
    problems += [{"row": name, "column": "dealer", "problem": "经销商重复"} for name in doubled]
    if problems:
        raise TableError(pd.DataFrame(problems))
    return table.reset_index(drop=True)
