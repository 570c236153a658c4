"""What a regional plan takes from the built-in figures beside its market: tiers, and the provinces around.

Always holds: tiers are those of the report on tiers (newest complete year, six tiers); a municipality has the
tier of its city.
"""

from __future__ import annotations

import pandas as pd

from ..datasets import load_edges, load_regions
from ..datasets.own import cached
from ..regions import RegionTree
from .cities import score_cities

_N_TIERS = 6


def tiers_today() -> pd.DataFrame:
    """Tier of every prefecture and municipality, with the share of resamples that stay in it (今天的级别).

    Returns
    -------
    DataFrame
        Index region; columns tier, stability (0-1).

    Examples
    --------
    >>> tiers = tiers_today()
    >>> str(tiers.loc["110000", "tier"]) == str(tiers.loc["110100", "tier"]) == "一线"
    True
    """
    return _tiers_today().copy()


@cached
def _tiers_today() -> pd.DataFrame:
    """Computed once for every set of figures in force; shared, so never changed."""
    from ..tiering import TierClusterer

    tree = load_regions()
    clusters = TierClusterer(_N_TIERS).fit(score_cities())
    table = pd.DataFrame({"tier": clusters.tiers_, "stability": clusters.stability_})
    home = tree.parents("province", tree.level("prefecture"))
    alone = home[~home.duplicated(keep=False)].reindex(table.index).dropna()
    above = table.loc[alone.index].set_axis(alone.to_numpy())
    return pd.concat([above, table]).rename_axis("region")


def neighbour_provinces(code: str, tree: RegionTree) -> tuple[str, ...]:
    """Codes of the provinces that border on one, the longest border first (相邻省份).

    Examples
    --------
    >>> neighbour_provinces("320000", load_regions())
    ('340000', '370000', '330000', '310000')
    """
    edges = load_edges("prefecture")
    codes = pd.unique(edges[["region", "neighbor"]].to_numpy().ravel())
    home = tree.parents("province", codes).set_axis(codes)
    ours = edges[edges["region"].map(home) == code]
    other = ours["neighbor"].map(home)
    length = ours["border_km"].groupby(other[other != code]).sum()
    return tuple(length.sort_values(ascending=False, kind="stable").index)
