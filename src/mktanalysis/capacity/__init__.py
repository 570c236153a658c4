"""Market capacity: how large, how far penetration goes, what lies around, outlets, shares of counties."""

from .allocation import allocate
from .outlets import saturation_counts
from .penetration import PenetrationFit, fit_penetration
from .potential import HuffFit, distances, fit_huff, harris_potential, huff_shares
from .size import headroom, market_capacity

__all__ = [
    "HuffFit",
    "PenetrationFit",
    "allocate",
    "distances",
    "fit_huff",
    "fit_penetration",
    "harris_potential",
    "headroom",
    "huff_shares",
    "market_capacity",
    "saturation_counts",
]
