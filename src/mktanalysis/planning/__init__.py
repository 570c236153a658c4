"""Plans and how they come true: drivers, scenarios, targets by month, seasons, plan against actual."""

from .control import accuracy, plan_vs_actual
from .drivers import apply_scenario, decompose_growth
from .seasons import seasonal_index
from .targets import split_target
from .vintages import compare_vintages

__all__ = [
    "accuracy",
    "apply_scenario",
    "compare_vintages",
    "decompose_growth",
    "plan_vs_actual",
    "seasonal_index",
    "split_target",
]
