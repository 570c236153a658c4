"""Weekly and daily figures: their cycle, the year in daily ones, and holidays that move.

Always holds: effects are factors estimated from the past alone; a series' own effect is drawn towards that of
all by its standard error; a series with values of 0 or less is left as it is. Which days are holidays is a
table that the caller brings: nothing here knows a country.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import MktError
from ...schemas import season_of

#: Steps of the cycle that models see: a year of weeks, a week of days.
CYCLES = {"W": 52, "D": 7}
#: Sine and cosine pairs of the year in daily figures: a quarter's rise and fall, no single weeks.
HARMONICS = 4
_DAYS = 365.25
#: Days around an event that say what would have been usual.
_AROUND = 28


def cycle_of(dtype) -> int:
    """Steps of the cycle of a period dtype: those of :func:`season_of`, weekly 52, daily 7.

    Examples
    --------
    >>> [cycle_of(pd.PeriodDtype(freq)) for freq in ("Y", "M", "W", "D")]
    [1, 12, 52, 7]
    """
    name = dtype.freq.rule_code.split("-")[0]
    return CYCLES[name] if name in CYCLES else season_of(dtype)


class Calendar:
    """A model that looks at weekly or daily figures without the year and the holidays, and puts them back.

    Parameters
    ----------
    model : str or object
        As for :class:`HierarchicalForecaster`.
    events : DataFrame, optional
        Columns name, date (one row an occurrence, those ahead too) and, optionally, before, after: days
        around it that it reaches, each with an effect of its own. In weekly figures an event counts by the
        share of its days in the week.
    yearly : bool
        Daily figures of two years or more: also the course of the year.

    Examples
    --------
    >>> from mktanalysis.forecasting import HierarchicalForecaster
    >>> days = pd.DataFrame({"name": "feast", "date": pd.to_datetime(["2023-01-22", "2024-02-10"])})
    >>> HierarchicalForecaster(Calendar("ets", events=days)).model.yearly
    True
    """

    def __init__(self, model="average", *, events: pd.DataFrame | None = None, yearly: bool = True):
        if events is not None and not {"name", "date"} <= set(events.columns):
            raise MktError("events 应有列 name、date，可另有 before、after（前后各几天）")
        self.model = model
        self.events = events
        self.yearly = yearly


def calendar_factors(calendar: Calendar, history: np.ndarray, periods: pd.PeriodIndex, horizon: int):
    """Factors of the year and of the events on the past (nodes, time) and ahead (nodes, horizon)."""
    later = pd.period_range(periods[-1] + 1, periods=horizon)
    log_past = np.zeros(history.shape)
    log_later = np.zeros((len(history), horizon))
    rows = np.flatnonzero((history > 0).all(axis=1))
    daily = periods.freqstr.startswith("D")
    if not len(rows) or not (daily or periods.freqstr.startswith("W")):
        return np.ones(history.shape), np.ones((len(history), horizon))
    logs = np.log(history[rows])
    cycle = 7 if daily else 1
    if calendar.yearly and daily and len(periods) >= 2 * _DAYS:
        time = np.arange(len(periods)) - (len(periods) - 1) / 2
        rest = logs - logs.mean(axis=1, keepdims=True)
        rest = rest - np.outer(rest @ time / (time @ time), time)
        effect = shrunk_effects(_without_cycle(rest, cycle), fourier(periods))
        log_past[rows] += effect @ fourier(periods).T
        log_later[rows] += effect @ fourier(later).T
    if calendar.events is not None and len(calendar.events):
        past = event_days(periods, calendar.events)
        ahead = event_days(later, calendar.events)
        known = past.abs().sum() > 0  # an event that has not been yet has no effect that is known
        usual = _moving_median(logs - log_past[rows], _AROUND if daily else 8)
        rest = _without_cycle(logs - log_past[rows] - usual, cycle)
        effect = shrunk_effects(rest, past.loc[:, known].to_numpy())
        log_past[rows] += effect @ past.loc[:, known].to_numpy().T
        log_later[rows] += effect @ ahead.loc[:, known].to_numpy().T
    return np.exp(log_past), np.exp(log_later)


def fourier(periods: pd.PeriodIndex) -> np.ndarray:
    """Sines and cosines of the day of the year (time, 2 x harmonics)."""
    angle = 2 * np.pi * periods.day_of_year.to_numpy() / _DAYS
    waves = [wave(k * angle) for k in range(1, HARMONICS + 1) for wave in (np.sin, np.cos)]
    return np.stack(waves, axis=1)


def event_days(periods: pd.PeriodIndex, events: pd.DataFrame) -> pd.DataFrame:
    """Share of each period (time, event and day around it) that falls on an event's day.

    Examples
    --------
    >>> feast = pd.DataFrame({"name": ["feast"], "date": ["2024-02-10"], "before": [1]})
    >>> event_days(pd.period_range("2024-02-08", periods=4, freq="D"), feast).to_numpy().T.tolist()
    [[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]
    """
    daily = periods.freqstr.startswith("D")
    columns: dict[str, np.ndarray] = {}
    for event in events.to_dict("records"):
        before = _whole(event.get("before"))
        after = _whole(event.get("after"))
        for offset in range(-before, after + 1):
            name = f"{event['name']}{offset:+d}" if daily else str(event["name"])
            share = columns.setdefault(name, np.zeros(len(periods)))
            day = pd.Timestamp(event["date"]) + pd.Timedelta(days=offset)
            at = periods.get_indexer([day.to_period(periods.freq)])[0]
            if at >= 0:
                share[at] += 1.0 if daily else 1.0 / (before + after + 1)
    return pd.DataFrame(columns, index=periods)


def _whole(value) -> int:
    return 0 if value is None or value != value else int(value)


def shrunk_effects(rest: np.ndarray, design: np.ndarray) -> np.ndarray:
    """Least squares of each row (rows, time) on a design (time, columns), drawn towards all rows' mean.

    How much rows really differ is the estimate of DerSimonian and Laird (1986).
    """
    if not design.shape[1]:
        return np.zeros((len(rest), 0))
    inverse = np.linalg.pinv(design.T @ design)
    own = rest @ design @ inverse
    left = rest - own @ design.T
    freedom = max(rest.shape[1] - design.shape[1], 1)
    error = np.outer((left**2).sum(axis=1) / freedom, np.diag(inverse))
    error = np.maximum(error, 1e-12)
    weight = 1.0 / error
    total = weight.sum(axis=0)
    centre = (weight * own).sum(axis=0) / total
    excess = (weight * (own - centre) ** 2).sum(axis=0) - (len(own) - 1)
    scale = total - (weight**2).sum(axis=0) / total
    spread = np.maximum(np.divide(excess, scale, out=np.zeros_like(excess), where=scale > 1e-9), 0.0)
    trust = spread / (spread + error)
    return trust * own + (1 - trust) * centre


def _without_cycle(rest: np.ndarray, cycle: int) -> np.ndarray:
    """Take each place of the cycle's median out of rows."""
    out = rest.copy()
    for place in range(cycle):
        out[:, place::cycle] -= np.median(rest[:, place::cycle], axis=1, keepdims=True)
    return out


def _moving_median(values: np.ndarray, window: int) -> np.ndarray:
    """Centred moving median of rows, with the ends repeated."""
    half = window // 2
    padded = np.pad(values, ((0, 0), (half, half)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=1)
    return np.median(windows, axis=2)
