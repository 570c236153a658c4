"""City and county tiers: scores, clusters, rules, learnt lists, history, agreement."""

from .._moved import moved_names
from .agreement import Agreement, compare_assignments
from .breaks import optimal_breaks
from .calibrated import TierModel, cross_validate
from .checks import TierError, suspect_units, wide_indicators
from .clusterer import TierClusterer, tier_names
from .gaps import next_tiers
from .history import TierHistory, link_breaks, moves, tier_history
from .markets import market_types
from .mobility import mobility, transitions
from .rules.apply import explain_rules, tier_by_rules
from .rules.files import RuleSystem, list_rules, read_rules
from .scores import Scores, score_regions
from .tables import notable, pairwise_agreement, rank_table, tier_centers, tier_table

__all__ = [
    "Agreement",
    "RuleSystem",
    "Scores",
    "TierClusterer",
    "TierError",
    "TierHistory",
    "TierModel",
    "compare_assignments",
    "cross_validate",
    "explain_rules",
    "link_breaks",
    "list_rules",
    "market_types",
    "mobility",
    "moves",
    "next_tiers",
    "notable",
    "optimal_breaks",
    "pairwise_agreement",
    "rank_table",
    "read_rules",
    "score_regions",
    "suspect_units",
    "tier_by_rules",
    "tier_centers",
    "tier_history",
    "tier_names",
    "tier_table",
    "transitions",
    "wide_indicators",
]

__getattr__ = moved_names(
    __name__,
    {
        "china": (
            "CITY_INDICATORS CityProfile city_panel city_profile county_profile rule_figures "
            "score_cities score_counties"
        ),
        "tiering": "score_details=score_regions",
    },
)
