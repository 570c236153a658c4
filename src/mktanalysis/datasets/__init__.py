"""The built-in tables and what is made of them: region trees, schemes, tier lists, indicators."""

from .._moved import moved_names
from .files import check_data, list_tables, load_table
from .indicators import Indicators, load_indicators
from .loaders import load_crosswalk, load_edges, load_regions, load_scheme, load_tier_list

__all__ = [
    "Indicators",
    "check_data",
    "list_tables",
    "load_crosswalk",
    "load_edges",
    "load_indicators",
    "load_regions",
    "load_scheme",
    "load_table",
    "load_tier_list",
]

__getattr__ = moved_names(__name__, {"datasets": "crosswalk=load_crosswalk"})
