"""Expansion paths: from a base area to a national strong brand (扩张路径)."""

from .._moved import moved_names
from .assumptions import LANCHESTER, Assumptions, Response, Rung, Staffing
from .calibration.calibrate import Calibration, calibrate_assumptions, list_assumptions
from .choices.workload import workload
from .entries.backtest import backtest_entries
from .entries.beside import plan_beside_ranking
from .entries.fit import fit_entries
from .entries.model import EntryModel
from .entries.ranking import rank_entries
from .entries.review import EntryReview, review_entries, trust_of
from .market.example import grid_example
from .market.market import Market, expansion_market
from .market.schema import UNITS
from .phases import Phase, Programme, Review
from .policy import Policy
from .results.plan import ExpansionPlan, plan_expansion
from .results.plausibility import doubts, plausibility
from .results.reading import base_sales, largest_moves, path_sales, yearly_states, zone_table
from .results.reasons import unreachable_units
from .results.replan import compare_plans, continue_plan, continue_policy
from .results.risk import Chance, RiskResult, choose_robust, simulate_risk
from .search.solve import Search
from .strategies.compare import Comparison, compare_strategies, plan_strategy, strategy_sensitivity
from .strategies.looking import net_or_base, value_of_looking
from .strategies.rules import STRATEGIES
from .strategies.sensitivity import plan_sensitivity
from .tools.diagnose import Diagnosis, diagnose_position, thin_example
from .tools.supply import (
    SupplyPlan,
    compare_sites,
    great_circle_km,
    max_cover,
    opening_times,
    p_median,
    supply_coverage,
)

__all__ = [
    "LANCHESTER",
    "STRATEGIES",
    "UNITS",
    "Assumptions",
    "Calibration",
    "Chance",
    "Comparison",
    "Diagnosis",
    "EntryModel",
    "EntryReview",
    "ExpansionPlan",
    "Market",
    "Phase",
    "Policy",
    "Programme",
    "Response",
    "Review",
    "RiskResult",
    "Rung",
    "Search",
    "Staffing",
    "SupplyPlan",
    "backtest_entries",
    "base_sales",
    "calibrate_assumptions",
    "choose_robust",
    "compare_plans",
    "compare_sites",
    "compare_strategies",
    "continue_plan",
    "continue_policy",
    "diagnose_position",
    "doubts",
    "expansion_market",
    "fit_entries",
    "great_circle_km",
    "grid_example",
    "largest_moves",
    "list_assumptions",
    "max_cover",
    "net_or_base",
    "opening_times",
    "p_median",
    "path_sales",
    "plan_beside_ranking",
    "plan_expansion",
    "plan_sensitivity",
    "plan_strategy",
    "plausibility",
    "rank_entries",
    "review_entries",
    "simulate_risk",
    "strategy_sensitivity",
    "supply_coverage",
    "thin_example",
    "trust_of",
    "unreachable_units",
    "value_of_looking",
    "workload",
    "yearly_states",
    "zone_table",
]

__getattr__ = moved_names(
    __name__,
    {
        "china": "mark_centres market_units",
        "expansion": "coverage=supply_coverage",
    },
)
