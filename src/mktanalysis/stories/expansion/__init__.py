"""Conclusions of an expansion study: what was found, what it stands on, what stands behind it."""

from .evidence import hangs_on, harvest, money, position, replanned, zones
from .strip import basis, strip
from .study import expansion

__all__ = [
    "basis",
    "expansion",
    "hangs_on",
    "harvest",
    "money",
    "position",
    "replanned",
    "strip",
    "zones",
]
