"""The rules of a plan: when one looks at one's own share, and from which share on one leaves or pushes.

Always holds: shares are those that the replay's readings stand for; the chances of what may be done add up to
the chance of coming to the review.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...words.render import named
from ..choices.beliefs import market_answers, told_at
from ..choices.simulate import phase_at, share_seen
from ..market.case import Case
from ..phases import Phase, tracks
from .replay import Starts

#: What may be done at a review, the poorest first.
DONE = ("leave", "less", "stay", "more")
COLUMNS = (
    *("period", "region", "name", "action", "phase", "look", "leave_below", "stay_from", "push_from"),
    *("leave_chance", "less_chance", "stay_chance", "push_chance", "information"),
)


def rules_table(case: Case, starts: Starts, information: np.ndarray, name) -> pd.DataFrame:
    """One row a step and review within the horizon, in the order of the steps.

    Parameters
    ----------
    case : Case
    starts : Starts
    information : array, shape (starts,)
        What looking is worth in each step: its value less that of the best way fixed beforehand, or of
        staying away, yuan.
    name : callable
        Codes -> names.

    Returns
    -------
    DataFrame
        period (of the start), region, name, action, phase (worked until then), look (year at whose end the
        share is looked at); leave_below, stay_from, push_from (shares that divide leaving, doing less, going
        on, doing more; missing where there is no such choice or no share leads to it); the chances of each,
        of all answers; information (yuan, of the step, in the row of its first review).
    """
    parts = market_answers(case)
    every = tracks(case.assumptions.programmes)
    rows = []
    for row in np.lexsort([starts.unit, starts.period]):
        root = next(v for v, t in enumerate(every) if t.programme == starts.programme[row])
        first = len(rows)
        _follow(rows, (case, starts, every, parts), row, root, np.ones(len(parts.factor), dtype=bool))
        if len(rows) > first:
            rows[first]["information"] = information[row]
    table = pd.DataFrame(rows, columns=[c for c in COLUMNS if c != "name"])
    table.insert(2, "name", name(table["region"]) if len(table) else pd.array([], dtype="str"))
    return named(table.astype({"look": "Int64"}), "rules")


def _follow(rows: list, known, row: int, at: int, who: np.ndarray) -> None:
    """Add the review of a phase, and those of the phases that may follow, for the answers that come to it."""
    case, starts, every, parts = known
    track = every[at]
    review = track.phase.review
    if review is None or starts.period[row] + track.looks >= case.policy.periods or not who.any():
        return
    unit = starts.unit[[row]]
    told = told_at(case, unit, track.looks, parts.of(unit).factor, parts.luck).ravel()
    bars = starts.bars[row, at, : len(review.options) - 1]
    chosen = np.searchsorted(bars, told, side="right")
    stays = review.options.index("stay")
    kinds = np.array([_kind(option, k, stays) for k, option in enumerate(review.options)])[chosen]
    shares = _shares(case, starts, every, row, at, bars)
    bar = _bars(review.options, stays, shares)
    codes = case.units[starts.unit[row]]
    rows.append(
        {
            "period": pd.Period(year=case.years[starts.period[row]], freq="Y"),
            "region": codes,
            "action": every[_root(every, at)].phase.name,
            "phase": track.phase.name,
            "look": case.years[starts.period[row] + track.looks - 1],
            **bar,
            **{f"{'push' if x == 'more' else x}_chance": float((who & (kinds == x)).mean()) for x in DONE},
            "information": np.nan,
        }
    )
    follow = [k for k, option in enumerate(review.options) if isinstance(option, Phase)]
    for option, after in zip(follow, track.next, strict=True):
        _follow(rows, known, row, after, who & (chosen == option))


def _kind(option, k: int, stays: int) -> str:
    if not isinstance(option, Phase):
        return option
    return "less" if k < stays else "more"


def _root(every, at: int) -> int:
    while every[at].before >= 0:
        at = every[at].before
    return at


def _shares(case: Case, starts: Starts, every, row: int, at: int, bars: np.ndarray) -> np.ndarray:
    """The shares that readings at the bars would show: 0 where everything passes, infinite where nothing."""
    years = every[at].looks
    effort = np.array([phase_at(every, at, age)[1] for age in range(years)])
    inside = (bars > 0) & np.isfinite(bars)
    unit = starts.unit[[row]]
    seen = share_seen(case, unit, starts.period[[row]], effort, np.where(inside, bars, 1.0))[:, 0]
    return np.where(inside, seen, np.where(bars > 0, np.inf, 0.0))


def _bars(options, stays: int, shares: np.ndarray) -> dict[str, float]:
    """The shares between leaving, doing less, going on and doing more: missing where nothing leads there."""
    lower = np.concatenate([[0.0], shares])  # from this share on an option is chosen
    upper = np.concatenate([shares, [np.inf]])
    leave = upper[0] if options[0] == "leave" else 0.0
    push = lower[stays + 1] if stays + 1 < len(options) else np.inf
    has_less = stays > (options[0] == "leave")
    stay = lower[stays] if has_less else np.nan
    return {
        "leave_below": leave if np.isfinite(leave) and leave > 0 else np.nan if leave == 0 else 1.0,
        "stay_from": stay if np.isfinite(stay) and stay > 0 else np.nan,
        "push_from": push if np.isfinite(push) else np.nan,
    }
