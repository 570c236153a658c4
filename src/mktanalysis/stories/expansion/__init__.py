"""Conclusions of an expansion study: what was found, what it stands on, what stands behind it."""

from .evidence import beside_usual, hangs_on, harvest, money, position, replanned, zones
from .strip import basis, guessed, strip
from .study import expansion
from .titles import ladder_title, path_title, risk_title, tornado_title, ways_title

__all__ = [
    "basis",
    "beside_usual",
    "expansion",
    "guessed",
    "hangs_on",
    "harvest",
    "ladder_title",
    "money",
    "path_title",
    "position",
    "replanned",
    "risk_title",
    "strip",
    "tornado_title",
    "ways_title",
    "zones",
]
