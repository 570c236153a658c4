"""Conclusions as sentences: tables in, sentences out; each with the figures it rests on."""

from .capacity import capacity, saturation_check, vintages
from .expansion import basis, expansion, position, zones
from .expansion import replanned as expansion_replanned
from .province import province
from .regions import data_coverage
from .story import Claim, Number, Story
from .targets import people, progress, rebates, tasks
from .tiers import moves, tiers

__all__ = [
    "Claim",
    "Number",
    "Story",
    "basis",
    "capacity",
    "data_coverage",
    "expansion",
    "expansion_replanned",
    "moves",
    "people",
    "position",
    "progress",
    "province",
    "rebates",
    "saturation_check",
    "tasks",
    "tiers",
    "vintages",
    "zones",
]
