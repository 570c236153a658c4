"""Former units, former names and who became what.

Always holds: a row is valid on 31 December of the years valid_from ... valid_to; an empty end is open or not
recorded; the shares of an old unit add up to 1.
"""

from __future__ import annotations

import pandas as pd

from .sources import Sources


def dated_regions(sources: Sources, regions: pd.DataFrame) -> pd.DataFrame:
    return regions.assign(valid_from=pd.NA, valid_to=pd.NA)


def aliases(regions: pd.DataFrame) -> pd.DataFrame:
    rows = [
        regions.assign(alias=regions["name"], kind="official"),
        regions.assign(alias=regions["short_name"], kind="short"),
    ]
    return pd.concat(rows)[["alias", "region", "kind", "valid_to"]].drop_duplicates(["alias", "region"])


def changes(sources, regions, counts, cities) -> pd.DataFrame:
    return pd.DataFrame(columns=["year", "old", "new", "share", "back_share", "event"])
