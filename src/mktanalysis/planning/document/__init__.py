"""The regional plan that a manager signs: SWOT from figures, zones with roles, targets, budget, sections."""

from .cities import city_table
from .market_grid import FOUR_TYPES
from .path import control_months, path_budget, path_targets
from .people import plan_heads, staff_by_unit
from .plan import PlanDocument, PlanInputs, Section, plan_document
from .swot import RULES, SwotRule, market_facts, swot
from .tables import TARGETS, phase_dates, phase_starts, plan_budget, targets_table
from .zones import ROLES, ZoneRule, zone_roles, zone_table

__all__ = [
    "FOUR_TYPES",
    "ROLES",
    "RULES",
    "TARGETS",
    "PlanDocument",
    "PlanInputs",
    "Section",
    "SwotRule",
    "ZoneRule",
    "city_table",
    "control_months",
    "market_facts",
    "path_budget",
    "path_targets",
    "phase_dates",
    "phase_starts",
    "plan_budget",
    "plan_document",
    "plan_heads",
    "staff_by_unit",
    "swot",
    "targets_table",
    "zone_roles",
    "zone_table",
]
