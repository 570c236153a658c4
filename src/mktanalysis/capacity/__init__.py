"""Market capacity: how large, how far penetration goes, what lies around, outlets, shares of counties."""

from .allocation import allocate
from .outlets import saturation_counts
from .penetration import PenetrationFit, check_saturation, fit_penetration, saturation_table
from .potential import HuffFit, distances, fit_huff, harris_potential, huff_shares
from .size import headroom, market_capacity, usual_share

__all__ = [
    "HuffFit",
    "PenetrationFit",
    "allocate",
    "check_saturation",
    "distances",
    "fit_huff",
    "fit_penetration",
    "harris_potential",
    "headroom",
    "huff_shares",
    "market_capacity",
    "saturation_counts",
    "saturation_table",
    "usual_share",
]
