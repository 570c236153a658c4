"""Titles of charts that state what the chart found: tables in, one short sentence out, with its figures.

Always holds: a title says no more than its table does; it fits above a chart (see `MOST`); where the table
finds nothing, the title says so instead of praising.
"""

from .forecast import arrivals, fans, increments, past_fans, seasons
from .market import counties, curves, potential
from .regions import breaks, published
from .territories import centres, frontier, loads, map_of_territories, schemes
from .tiers import bump, confusion, county_tiers, ladder, market_types, profile, staying

#: So many Chinese characters fit above a chart as wide as the page; a Latin one counts half.
MOST = 40

__all__ = [
    "MOST",
    "arrivals",
    "breaks",
    "bump",
    "centres",
    "confusion",
    "counties",
    "county_tiers",
    "curves",
    "fans",
    "frontier",
    "increments",
    "ladder",
    "loads",
    "map_of_territories",
    "market_types",
    "past_fans",
    "potential",
    "profile",
    "published",
    "schemes",
    "seasons",
    "staying",
]
