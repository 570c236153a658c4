"""City and county tiers: scores, clusters, rules, learnt lists, history, agreement."""

from .agreement import Agreement, compare_assignments
from .breaks import optimal_breaks
from .calibrated import TierModel, cross_validate
from .checks import TierError, suspect_units, wide_indicators
from .clusterer import TierClusterer, tier_names
from .counties import county_profile, rule_figures, score_counties
from .gaps import next_tiers
from .history import TierHistory, link_breaks, moves, tier_history
from .markets import market_types
from .mobility import mobility, transitions
from .profiles import CITY_INDICATORS, CityProfile, city_panel, city_profile, score_cities
from .rulefiles import RuleSystem, list_rules, read_rules
from .rules import explain_rules, tier_by_rules
from .scores import Scores, score_details, score_regions

__all__ = [
    "CITY_INDICATORS",
    "Agreement",
    "CityProfile",
    "RuleSystem",
    "Scores",
    "TierClusterer",
    "TierError",
    "TierHistory",
    "TierModel",
    "city_panel",
    "city_profile",
    "compare_assignments",
    "county_profile",
    "cross_validate",
    "explain_rules",
    "link_breaks",
    "list_rules",
    "market_types",
    "mobility",
    "moves",
    "next_tiers",
    "optimal_breaks",
    "read_rules",
    "rule_figures",
    "score_cities",
    "score_counties",
    "score_details",
    "score_regions",
    "suspect_units",
    "tier_by_rules",
    "tier_history",
    "tier_names",
    "transitions",
    "wide_indicators",
]
