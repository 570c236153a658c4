"""Expansion paths: from a base area to a national strong brand (扩张路径)."""

from .diagnose import Diagnosis, diagnose_position
from .edit import compare_plans, continue_policy
from .entries import EntryModel, backtest_entries, fit_entries, rank_entries
from .examples import grid_example
from .market import UNITS
from .plan import ExpansionPlan, plan_expansion
from .policy import LANCHESTER, Policy, Programme, Response, Rung, Staffing
from .risk import Chance, RiskResult, choose_robust, simulate_risk
from .rules import STRATEGIES
from .solve import Search
from .staffing import workload
from .strategies import Comparison, compare_strategies, plan_strategy, strategy_sensitivity
from .supply import SupplyPlan, coverage, great_circle_km, max_cover, opening_times, p_median
from .units import mark_centres, market_units
from .why import unreachable_units

__all__ = [
    "LANCHESTER",
    "STRATEGIES",
    "UNITS",
    "Chance",
    "Comparison",
    "Diagnosis",
    "EntryModel",
    "ExpansionPlan",
    "Policy",
    "Programme",
    "Response",
    "RiskResult",
    "Rung",
    "Search",
    "Staffing",
    "SupplyPlan",
    "backtest_entries",
    "choose_robust",
    "compare_plans",
    "compare_strategies",
    "continue_policy",
    "coverage",
    "diagnose_position",
    "fit_entries",
    "great_circle_km",
    "grid_example",
    "mark_centres",
    "market_units",
    "max_cover",
    "opening_times",
    "p_median",
    "plan_expansion",
    "plan_strategy",
    "rank_entries",
    "simulate_risk",
    "strategy_sensitivity",
    "unreachable_units",
    "workload",
]
