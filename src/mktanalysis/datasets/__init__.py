"""The built-in tables and what is made of them: region trees, schemes, tier lists, indicators."""

from .files import check_data, list_tables, load_table
from .indicators import Indicators, load_indicators
from .loaders import crosswalk, load_edges, load_regions, load_scheme, load_tier_list

__all__ = [
    "Indicators",
    "check_data",
    "crosswalk",
    "list_tables",
    "load_edges",
    "load_indicators",
    "load_regions",
    "load_scheme",
    "load_table",
    "load_tier_list",
]
