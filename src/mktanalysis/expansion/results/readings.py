"""What the shares of the first years say about a market, in each draw of a replay.

Always holds: a reading is the unit's own response, misled by luck; with learning, what the other units of the
province have shown by then counts too.
"""

from __future__ import annotations

import numpy as np

from ..choices.beliefs import NOTHING_SHOWN, Beliefs, beliefs, told_at
from ..choices.chance import provinces
from ..market.case import Case


class Readings:
    """Readings of the units that a plan starts.

    Parameters
    ----------
    case : Case
    starts : Starts
    shock : Shock
        ``response`` and ``luck`` of each draw and unit.
    draws : int
    learn : bool
        Whether readings of the other units of a province are taken into account.
    """

    def __init__(self, case: Case, starts, shock, draws: int, *, learn: bool):
        self.case = case
        self.starts = starts
        self.shock = shock
        self.draws = draws
        home = provinces(case)
        self.home = home[starts.unit] if learn else None
        self.known = beliefs(case) or Beliefs(case.assumptions, home, NOTHING_SHOWN)

    def alone(self, row: int, years: int) -> np.ndarray:
        """What a unit's own share says after some years of presence, shape (draws,)."""
        unit = self.starts.unit[row]
        factor, luck = (
            np.full(self.draws, plain) if given is None else given[:, unit]
            for given, plain in ((self.shock.response, 1.0), (self.shock.luck, 0.0))
        )
        return told_at(self.case, [unit], years, factor, luck).ravel()

    def told(self, row: int, years: int) -> np.ndarray:
        """The reading that the plan's rule is asked with at a review."""
        own = self.alone(row, years)
        if self.home is None:
            return own
        now = self.starts.period[row] + years
        others = []
        for other in np.flatnonzero(self.home == self.home[row]):
            present = int(now - self.starts.period[other])
            if other != row and present > 0:
                others.append((int(self.starts.unit[other]), self.alone(other, present), present))
        return self.known.together(int(self.starts.unit[row]), own, years, others)
