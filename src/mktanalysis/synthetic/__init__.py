"""Made-up markets and companies with a planted truth: to test and to show methods where the answer is known.

Always holds: the same ``random_state`` gives the same figures; nothing here is a real company.
"""

from .company import Company, Truth, make_company
from .company_files import write_company
from .market import TIER_LABELS, Market, make_grid_market, make_market

__all__ = [
    "TIER_LABELS",
    "Company",
    "Market",
    "Truth",
    "make_company",
    "make_grid_market",
    "make_market",
    "write_company",
]
