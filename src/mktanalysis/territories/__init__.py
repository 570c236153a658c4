"""Territories: balanced, connected, compact, proven, and kind to today's map (片区划分)."""

from .conditions import Conditions
from .design import TerritoryDesigner, design_territories
from .plan import TerritoryPlan
from .review import check_plan

__all__ = ["Conditions", "TerritoryDesigner", "TerritoryPlan", "check_plan", "design_territories"]
