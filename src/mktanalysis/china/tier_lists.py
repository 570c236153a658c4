"""Tiers beside the published lists: the default, what was learnt on the last list, and that list itself.

Always holds: the default sees no list; what is learnt on a list is measured on the next one, not on its own.
"""

from __future__ import annotations

import pandas as pd

from ..datasets import load_tier_list
from ..datasets.loaders import TIER_LISTS
from ..tiering import TierClusterer, TierModel, compare_assignments
from .cities import score_cities
from .today.years import newest_year

#: The newest published list: the reference of reports, and what learning goes on from.
NEWEST_LIST = max(TIER_LISTS)
#: The published list before it, which the choice of indicators was made in sight of.
FORMER_LIST = "2021"


def check_tiers(year: int | None = None, *, carried: bool = False, listed: str = NEWEST_LIST) -> pd.DataFrame:
    """Measure tiers on a published list, on the cities with figures (与榜单的一致程度).

    Parameters
    ----------
    year : int, optional
        Of the figures, default the newest published.
    carried : bool
        Use figures carried to today, see :func:`city_profile`.
    listed : str
        Short name of the list.

    Returns
    -------
    DataFrame
        Columns system (``default``; ``learnt`` on the former list and the figures of its year, ``anchored``
        the same with the former list's own judgement of each city carried on, ``former`` the former list
        itself), n_common, agreement (share in the same tier), kappa (quadratic weights).
    """
    now = score_cities(year, carried=carried)
    complete = score_cities(newest_year() if carried else year)
    known = ~complete.imputed[["gdp", "retail_sales"]].any(axis=1)
    found = {"default": TierClusterer(n_resamples=0).fit(now).tiers_}
    if listed != FORMER_LIST:
        former = load_tier_list(FORMER_LIST)
        model = TierModel().fit(score_cities(int(FORMER_LIST)).standardised, former)
        found["learnt"] = model.predict_tiers(now.standardised)
        found["anchored"] = model.predict_tiers(now.standardised, anchored=True)
        found["former"] = former.reindex(found["default"].index)
    rows = []
    for system, tiers in found.items():
        compared = compare_assignments(
            tiers[known.reindex(tiers.index, fill_value=False)], load_tier_list(listed)
        )
        rows.append((system, compared.n_common, compared.agreement, compared.kappa))
    return pd.DataFrame(rows, columns=["system", "n_common", "agreement", "kappa"])
