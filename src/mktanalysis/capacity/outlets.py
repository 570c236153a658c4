"""How many outlets fill a market, by zone (饱和网点数).

Always holds: a zone's sales per outlet follow a stated chain of ratios, never a circle.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ..errors import MktError
from .checks import need


def saturation_counts(
    places: pd.DataFrame, *, outlets_per_place: Mapping[str, float] | float = 1.0, productivity=None
) -> pd.DataFrame:
    """How many outlets fill a market, by zone (饱和网点数).

    Parameters
    ----------
    places : DataFrame
        Columns region (zone), kind (such as 县城, 乡镇) and n_places.
    outlets_per_place : mapping or float
        Kind -> outlets that one place holds.
    productivity : mapping, optional
        Zone -> share of another zone's sales per outlet, ``{"苏北": (0.7, "苏中")}``; a zone not named
        counts 1.

    Returns
    -------
    DataFrame
        Index zone (in the order given); one column a kind with its outlets, ``n_outlets``,
        ``productivity`` (relative to the zones that count 1) and ``equivalent_outlets``: outlets in
        units of such a zone's.

    Examples
    --------
    The 江苏 case: 苏南 48 county seats and 60 townships, 苏中 23 and 25, 苏北 40; an outlet in 苏北
    sells at most 70% of one in 苏中.

    >>> places = pd.DataFrame({"region": ["苏南", "苏南", "苏中", "苏中", "苏北"],
    ...     "kind": ["县城", "乡镇", "县城", "乡镇", "不分"], "n_places": [48, 60, 23, 25, 40]})
    >>> counts = saturation_counts(places, productivity={"苏北": (0.7, "苏中")})
    >>> counts["n_outlets"].to_dict(), int(counts["n_outlets"].sum())
    ({'苏南': 108.0, '苏中': 48.0, '苏北': 40.0}, 196)
    >>> counts["equivalent_outlets"].to_dict()
    {'苏南': 108.0, '苏中': 48.0, '苏北': 28.0}
    """
    need(places, ("region", "kind", "n_places"), "places")
    if not (places["n_places"] >= 0).all():
        raise MktError("places 的 n_places 应为不小于 0 的数，没有的写 0")
    if not isinstance(outlets_per_place, Mapping):
        outlets_per_place = dict.fromkeys(places["kind"].unique(), outlets_per_place)
    strange = set(places["kind"]) - set(outlets_per_place)
    if strange:
        raise MktError(f"outlets_per_place 缺少：{'、'.join(sorted(strange))}")
    outlets = places["n_places"] * places["kind"].map(outlets_per_place)
    wide = (
        places.assign(n=outlets)
        .pivot_table(index="region", columns="kind", values="n", aggfunc="sum", sort=False)
        .rename_axis(columns=None)
    )
    relative = _ratios(wide.index, productivity or {})
    total = wide.sum(axis=1)
    return wide.assign(n_outlets=total, productivity=relative, equivalent_outlets=total * relative)


def _ratios(zones: pd.Index, given: Mapping[str, tuple[float, str]]) -> pd.Series:
    """Follow "x% of that zone" to zones that count 1."""
    strange = (set(given) | {other for _, other in given.values()}) - set(zones)
    if strange:
        raise MktError(f"productivity 中的地区不在 places 之中：{'、'.join(sorted(strange))}")
    found = {}
    for zone in zones:
        ratio = 1.0
        at = zone
        seen = set()
        while at in given:
            if at in seen:
                raise MktError(f"productivity 互相引用成环：{'、'.join(sorted(seen))}")
            seen.add(at)
            ratio = ratio * given[at][0]
            at = given[at][1]
        found[zone] = ratio
    return pd.Series(found, name="productivity").rename_axis(zones.name)
