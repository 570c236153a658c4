"""What a search is told while it runs: how long it may take, what is enough, where better plans are kept.

Always holds: without a time limit nothing here depends on the clock, so that the same call gives the same
plan.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np


class Clock:
    """Seconds left of a time limit (never, without one)."""

    def __init__(self, seconds: float | None = None):
        self.seconds = seconds
        self.start = time.monotonic()

    def spent(self) -> float:
        return time.monotonic() - self.start

    def left(self) -> float:
        return np.inf if self.seconds is None else self.seconds - self.spent()

    def part(self, share: float) -> Clock:
        """A clock that runs out after a share of what is left."""
        return Clock(None if self.seconds is None else max(self.left() * share, 0.1))


def _ignore(_) -> None:
    """Nobody listens."""


def _never(_value: float) -> bool:
    """Nothing is ever enough."""
    return False


def _nobody(_value: float) -> None:
    """Nobody else has a plan."""


@dataclass(frozen=True)
class Control:
    """How one stage of a search is steered.

    Attributes
    ----------
    clock : Clock
        Its time limit; the default has none.
    found : callable
        Called with the rows of every better plan.
    enough : callable
        Asked with an objective (in the model's scale): whether the search need not go on.
    offered : callable
        Asked with an objective (in the model's scale): the rows of a plan found elsewhere that is worth more,
        or None.
    tell : callable
        Called now and then with the part of the work that is done, 0 to 1.

    Examples
    --------
    >>> plans = []
    >>> control = Control(found=plans.append, enough=lambda value: value >= 5.0)
    >>> control.found([1, 2])
    >>> control.expired(), control.enough(6.0), plans
    (False, True, [[1, 2]])
    """

    clock: Clock = field(default_factory=Clock)
    found: Callable[[np.ndarray], None] = _ignore
    enough: Callable[[float], bool] = _never
    offered: Callable[[float], np.ndarray | None] = _nobody
    tell: Callable[[float], None] = _ignore

    @property
    def timed(self) -> bool:
        return self.clock.left() < np.inf

    def expired(self, spare: float = 0.0) -> bool:
        """Whether no more than `spare` seconds are left."""
        return self.clock.left() <= spare

    def part(self, share: float) -> Control:
        """The same control over a share of the time left."""
        return replace(self, clock=self.clock.part(share))

    def done(self, count: int, of: int) -> float:
        """The part of the work that is done: of the time where there is a limit, else of the count."""
        return self.clock.spent() / self.clock.seconds if self.timed else count / max(of, 1)
