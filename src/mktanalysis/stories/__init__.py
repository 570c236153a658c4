"""Conclusions as sentences: tables in, sentences out; each with the figures it rests on."""

from . import titles
from .capacity import capacity, market_size, saturation_check, vintages
from .entries import beside_history, certainty, doubted, net, net_or_force
from .expansion import (
    basis,
    beside_usual,
    expansion,
    guessed,
    hangs_on,
    harvest,
    ladder_title,
    money,
    path_title,
    position,
    risk_title,
    tornado_title,
    ways_title,
    zones,
)
from .expansion import replanned as expansion_replanned
from .expansion import strip as expansion_strip
from .landing import landing
from .plan import plan_page, plan_risks, situation
from .plan_words import plan_strip, plan_titles
from .regions import data_coverage, named_together
from .story import Claim, Number, Story, Strip
from .targets import people, progress, rebates, sales_year, tasks
from .territories import balance, macro_regions, reach, realigned, territories
from .tiers import differences, moves, number_of_tiers, tiers

__all__ = [
    "Claim",
    "Number",
    "Story",
    "Strip",
    "balance",
    "basis",
    "beside_history",
    "beside_usual",
    "capacity",
    "certainty",
    "data_coverage",
    "differences",
    "doubted",
    "expansion",
    "expansion_replanned",
    "expansion_strip",
    "guessed",
    "hangs_on",
    "harvest",
    "ladder_title",
    "landing",
    "macro_regions",
    "market_size",
    "money",
    "moves",
    "named_together",
    "net",
    "net_or_force",
    "number_of_tiers",
    "path_title",
    "people",
    "plan_page",
    "plan_risks",
    "plan_strip",
    "plan_titles",
    "position",
    "progress",
    "reach",
    "realigned",
    "rebates",
    "risk_title",
    "sales_year",
    "saturation_check",
    "situation",
    "tasks",
    "territories",
    "tiers",
    "titles",
    "tornado_title",
    "vintages",
    "ways_title",
    "zones",
]
