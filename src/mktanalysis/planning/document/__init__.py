"""The regional plan that a manager signs: SWOT from figures, zones with roles, targets, budget, sections."""

from .plan import PlanDocument, PlanInputs, Section, plan_document
from .swot import RULES, SwotRule, market_facts, swot
from .tables import TARGETS, phase_dates, plan_budget, targets_table
from .zones import ZoneRule, zone_roles, zone_table

__all__ = [
    "RULES",
    "TARGETS",
    "PlanDocument",
    "PlanInputs",
    "Section",
    "SwotRule",
    "ZoneRule",
    "market_facts",
    "phase_dates",
    "plan_budget",
    "plan_document",
    "swot",
    "targets_table",
    "zone_roles",
    "zone_table",
]
