"""People: workload, heads, the best size, visits and stores."""

from .calendar import ROUTINE, VisitPlan, Week, visit_calendar
from .rules import INSPECTION, STORES, inspection_heads, model_stores, promotion_due
from .size import Departure, ForceSize, fit_response, optimal_force, without_person
from .standard import standard_round
from .workload import (
    SEED_CLASSES,
    CustomerClass,
    FieldForce,
    breakdown_heads,
    field_workload,
    heads,
    managers,
)

__all__ = [
    "INSPECTION",
    "ROUTINE",
    "SEED_CLASSES",
    "STORES",
    "CustomerClass",
    "Departure",
    "FieldForce",
    "ForceSize",
    "VisitPlan",
    "Week",
    "breakdown_heads",
    "field_workload",
    "fit_response",
    "heads",
    "inspection_heads",
    "managers",
    "model_stores",
    "optimal_force",
    "promotion_due",
    "standard_round",
    "visit_calendar",
    "without_person",
]
