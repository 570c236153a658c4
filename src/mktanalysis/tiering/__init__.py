"""City and county tiers: scores, clusters, rules, agreement."""

from .agreement import Agreement, compare_assignments
from .breaks import optimal_breaks
from .checks import TierError, suspect_units, wide_indicators
from .clusterer import TierClusterer, tier_names
from .profiles import CITY_INDICATORS, CityProfile, city_profile, score_cities
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
    "city_profile",
    "compare_assignments",
    "explain_rules",
    "list_rules",
    "optimal_breaks",
    "read_rules",
    "score_cities",
    "score_details",
    "score_regions",
    "suspect_units",
    "tier_by_rules",
    "tier_names",
    "wide_indicators",
]
