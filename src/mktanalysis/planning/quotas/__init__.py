"""Tasks: a target split over regions, months and people; negotiated, checked against the past."""

from .months import check_apart, quota_months
from .negotiate import negotiate, split_to_people
from .past import compare_quota_methods, quota_spread, ratchet_check
from .path import quotas_of_path
from .projection import project
from .quotas import Quotas, set_quotas
from .rules import METHODS, QuotaRule

__all__ = [
    "METHODS",
    "QuotaRule",
    "Quotas",
    "check_apart",
    "compare_quota_methods",
    "negotiate",
    "project",
    "quota_months",
    "quota_spread",
    "quotas_of_path",
    "ratchet_check",
    "set_quotas",
    "split_to_people",
]
