"""Today's territories: re-aligned with few moves, the frontier of balance against moves, hand-overs."""

from .frontier import Frontier, realign_frontier
from .handovers import carry_over, handovers
from .realign import realign

__all__ = ["Frontier", "carry_over", "handovers", "realign", "realign_frontier"]
