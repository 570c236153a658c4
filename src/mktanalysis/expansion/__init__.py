"""Expansion paths: from a base area to a national strong brand (扩张路径)."""

from .examples import grid_example
from .plan import ExpansionPlan, plan_expansion
from .policy import LANCHESTER, Policy, Programme, Response, Rung, Staffing
from .solve import Search
from .units import market_units

__all__ = [
    "LANCHESTER",
    "ExpansionPlan",
    "Policy",
    "Programme",
    "Response",
    "Rung",
    "Search",
    "Staffing",
    "grid_example",
    "market_units",
    "plan_expansion",
]
