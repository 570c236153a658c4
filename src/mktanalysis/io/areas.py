"""An analyst's own sales areas as a level of the tree.

Always holds: the regions of the file keep their codes; an area stands right above its regions, and what the
file does not list hangs below the region above it.
"""

from __future__ import annotations

import pandas as pd

from ..errors import MktError
from ..regions import RegionTree


def tree_with_areas(tree: RegionTree, areas: pd.DataFrame) -> RegionTree:
    """Return the tree with own sales areas in the place of its macro-regions (自有销售区域作为大区).

    Parameters
    ----------
    tree : RegionTree
    areas : DataFrame
        From ``read_table(..., kind="areas")``: columns region, area. All regions are of one level: areas of
        provinces stand above them, areas of cities or counties between them and what is above.

    Returns
    -------
    RegionTree
        With the areas at level ``macro_region``: wherever a macro-region is asked for or shown, they are.

    Raises
    ------
    MktError
        Regions of several levels, or an area that crosses the border of a region above it.

    Examples
    --------
    >>> from mktanalysis.synthetic import make_market
    >>> tree = make_market(random_state=0).tree
    >>> cities = tree.level("prefecture")[:2]
    >>> own = tree_with_areas(tree, pd.DataFrame({"region": cities, "area": "苏南"}))
    >>> list(own.children("苏南")) == list(cities)
    True
    """
    levels = tree.level_of(areas["region"]).unique()
    if len(levels) != 1:
        raise MktError(f"销售区域里有几个层级的地区（{'、'.join(levels)}）：请都写省、都写市或都写县")
    labels = areas.set_index("region")["area"].reindex(tree.level(levels[0]))
    try:
        return tree.with_scheme(labels)
    except MktError as error:
        raise MktError(f"销售区域不能作为大区：{error}") from None
