"""City and county tiers: scores, clusters, rules, agreement."""

from .agreement import Agreement, compare_assignments
from .breaks import optimal_breaks
from .checks import TierError, suspect_units, wide_indicators
from .clusterer import TierClusterer, tier_names
from .scores import Scores, score_details, score_regions

__all__ = [
    "Agreement",
    "Scores",
    "TierClusterer",
    "TierError",
    "compare_assignments",
    "optimal_breaks",
    "score_details",
    "score_regions",
    "suspect_units",
    "tier_names",
    "wide_indicators",
]
