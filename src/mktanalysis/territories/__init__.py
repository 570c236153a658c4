"""Territories: balanced, connected, compact, proven, and kind to today's map (片区划分)."""

from .conditions import Conditions
from .coverage import CentreCoverage, centre_coverage
from .design import TerritoryDesigner, design_territories
from .edits import compare_designs, edit_plan, smallest_relaxation
from .macro import compare_schemes, design_macro_regions, scheme_frontier
from .people import Levels, design_for_people, design_levels
from .plan import TerritoryPlan
from .review import check_plan
from .today import Frontier, carry_over, handovers, realign, realign_frontier

__all__ = [
    "CentreCoverage",
    "Conditions",
    "Frontier",
    "Levels",
    "TerritoryDesigner",
    "TerritoryPlan",
    "carry_over",
    "centre_coverage",
    "check_plan",
    "compare_designs",
    "compare_schemes",
    "design_for_people",
    "design_levels",
    "design_macro_regions",
    "design_territories",
    "edit_plan",
    "handovers",
    "realign",
    "realign_frontier",
    "scheme_frontier",
    "smallest_relaxation",
]
