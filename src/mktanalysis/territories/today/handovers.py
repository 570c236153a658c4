"""From one year's units and territories to the next: codes carried over, and what is handed to whom.

Always holds: a new unit belongs where most of it came from; every moved unit is handed over once, dated.
"""

from __future__ import annotations

import pandas as pd

from ...words.render import named
from ..plan import TerritoryPlan


def carry_over(current: pd.Series, crosswalk: pd.DataFrame) -> pd.Series:
    """Carry an assignment of former units over to today's (区划变更后的现有片区).

    Parameters
    ----------
    current : Series
        region -> territory, codes of the year before.
    crosswalk : DataFrame
        old, new, share, as ``load_crosswalk`` returns it.

    Returns
    -------
    Series
        A new unit gets the territory from which most of it came.

    Examples
    --------
    >>> walk = pd.DataFrame({"old": ["a", "b"], "new": ["c", "c"], "share": [1.0, 1.0]})
    >>> carry_over(pd.Series({"a": "甲", "b": "甲", "d": "乙"}), walk).to_dict()
    {'d': '乙', 'c': '甲'}
    """
    gone = crosswalk[crosswalk["old"].isin(current.index)]
    parts = gone.assign(label=current.reindex(gone["old"]).to_numpy())
    shares = parts.groupby(["new", "label"])["share"].sum().reset_index()
    shares = shares.sort_values(["new", "share", "label"], ascending=[True, False, True]).drop_duplicates(
        "new"
    )
    kept = current[~current.index.isin(gone["old"])]
    added = shares.set_index("new")["label"]
    return pd.concat([kept, added[~added.index.isin(kept.index)]]).rename_axis("region")


def handovers(
    plan: TerritoryPlan, units: pd.DataFrame, *, effective: str, columns=("customers", "sales"), tree=None
) -> pd.DataFrame:
    """List what one salesman hands to another, and from when (交接清单).

    Parameters
    ----------
    plan : TerritoryPlan
        With moves.
    units : DataFrame
        region and any of `columns`.
    effective : str
        Date on which the new territories hold, as 2026-01-01.
    columns : sequence of str
        Figures to list beside the first measure, where `units` has them.
    tree : RegionTree, optional
        For names.

    Returns
    -------
    DataFrame
        from_territory, to_territory, region, name, the figures, effective (date).
    """
    day = pd.Timestamp(effective)
    figures = [name for name in columns if name in units and name not in plan.moves]
    table = plan.moves.merge(units[["region", *figures]], on="region", how="left")
    if "name" in units:
        names = units.set_index("region")["name"]
        table = table.assign(name=names.reindex(table["region"]).to_numpy())
    elif tree is not None:
        table = table.assign(name=tree.names(table["region"]).to_numpy())
    else:
        table = table.assign(name=table["region"])
    front = ["from_territory", "to_territory", "region", "name"]
    rest = [name for name in table if name not in front]
    table = table[[*front, *rest]].assign(effective=day)
    table = table.sort_values(["from_territory", "to_territory", "region"], ignore_index=True)
    return named(table, "handovers")
