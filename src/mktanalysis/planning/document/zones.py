"""Zones of a region and their roles: deepen, open or keep steady, from capacity, position and cost.

Always holds: a role follows from three figures by a written rule, and the reason names them; the order of
work follows from what a zone has to give.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from ...errors import MktError, TableError
from ...settings import Strict
from ...words.render import named

#: Roles and their names.
ROLES = {"deepen": "深度拓展", "open": "立足开发", "steady": "辅助稳定"}


class ZoneRule(Strict):
    """When a zone is deepened, opened or kept steady.

    Parameters
    ----------
    low_return : float
        A zone whose sales per outlet over its cost lie below this share of the region's mean (weighted by
        capacity) is kept steady.
    presence : float
        A zone in which this share of the places is covered is deepened, else opened.
    """

    low_return: Annotated[float, Field(ge=0, le=1)] = 0.75
    presence: Annotated[float, Field(ge=0, le=1)] = 0.25


def zone_table(
    places: pd.DataFrame, zones: pd.Series, *, density: pd.DataFrame | None = None, base=()
) -> pd.DataFrame:
    """Add the places of a region up to its zones, as :func:`zone_roles` wants them (按分区汇总).

    Parameters
    ----------
    places : DataFrame
        Columns region, capacity (outlets at saturation), held (of them today), market (yuan a year: what the
        outlets share) and, if known, cost (yuan a year to serve the place; default: as the capacity).
    zones : Series
        Index region, the zone of each place: a scheme or a company's own.
    density : DataFrame, optional
        From ``dealer_density``: which places have a dealer; default: where an outlet is held.
    base : sequence of str
        Regions of the base area (根据地): served, dealer or not.

    Returns
    -------
    DataFrame
        Columns zone, capacity, held, productivity (market / capacity, 1 is the region's mean), cost (per
        outlet of capacity, 1 is the mean), places, covered, base (places of the base area).

    Raises
    ------
    MktError
        A place without a zone.

    Examples
    --------
    >>> places = pd.DataFrame({"region": list("abc"), "capacity": [10.0, 10.0, 20.0],
    ...     "held": [2.0, 0.0, 1.0], "market": [300.0, 100.0, 200.0]})
    >>> zone_table(places, pd.Series({"a": "南", "b": "南", "c": "北"})).round(2).values.tolist()
    [['北', 20.0, 1.0, 0.67, 1.0, 1, 1, 0], ['南', 20.0, 2.0, 1.33, 1.0, 2, 1, 0]]
    """
    zone = places["region"].map(zones)
    if zone.isna().any():
        raise MktError(f"没有分区的地区：{'、'.join(places.loc[zone.isna(), 'region'][:20])}")
    table = places if "cost" in places else places.assign(cost=places["capacity"])
    covered = table["held"] > 0
    if density is not None:
        served = set(density.loc[density["n_dealers"] > 0, "region"])
        covered = table["region"].isin(served)
    home = table["region"].isin(list(base))
    columns = {"zone": zone, "covered": covered | home, "places": 1, "base": home}
    sums = table.assign(**columns).groupby("zone", sort=True)
    total = sums[["capacity", "held", "market", "cost", "places", "covered", "base"]].sum()
    output = total["market"] / total["capacity"]
    upkeep = total["cost"] / total["capacity"]
    mean_output = total["market"].sum() / total["capacity"].sum()
    mean_upkeep = total["cost"].sum() / total["capacity"].sum()
    found = total.assign(productivity=output / mean_output, cost=upkeep / mean_upkeep).reset_index()
    return found[["zone", "capacity", "held", "productivity", "cost", "places", "covered", "base"]]


def zone_roles(zones: pd.DataFrame, *, rule: ZoneRule | None = None) -> pd.DataFrame:
    """Give each zone of a region its role, with the reason (分区定位).

    Parameters
    ----------
    zones : DataFrame
        Columns zone, capacity (outlets or customers at saturation), held (of them today), productivity (sales
        of one, any common unit), cost (upkeep of one relative to the mean, 1), places (prefectures), covered
        (places with a dealer) and, if known, base (places of the base area: a zone that holds one is
        deepened).
    rule : ZoneRule, optional

    Returns
    -------
    DataFrame
        Columns zone, role (deepen, open, steady), capacity, held, headroom (capacity - held), value (headroom
        x productivity), value_share, return_index (productivity / cost, 1 is the mean), coverage (share
        of places), reason (Chinese). The largest value first.

    Raises
    ------
    TableError
        Missing, negative or impossible figures (held above capacity is a note in the reason, covered above
        places an error).

    Examples
    --------
    苏南、苏中、苏北 with the source's counts at saturation; 苏北 sells at most 70% of 苏中 an outlet:

    >>> zones = pd.DataFrame({"zone": ["苏南", "苏中", "苏北"], "capacity": [108, 48, 40],
    ...     "held": [20, 3, 12], "productivity": [1.0, 1.0, 0.7], "cost": [1.0, 1.0, 1.0],
    ...     "places": [5, 3, 5], "covered": [2, 0, 3]})
    >>> zone_roles(zones)[["zone", "role"]].values.tolist()
    [['苏南', 'deepen'], ['苏中', 'open'], ['苏北', 'steady']]
    """
    rule = rule or ZoneRule()
    _check(zones)
    gain = zones["productivity"] / zones["cost"]
    index = gain * zones["capacity"].sum() / (gain * zones["capacity"]).sum()
    coverage = zones["covered"] / zones["places"]
    headroom = (zones["capacity"] - zones["held"]).clip(lower=0)
    value = headroom * zones["productivity"]
    base = zones["base"] if "base" in zones else pd.Series(0, zones.index)
    present = (coverage >= rule.presence) | (base > 0)
    role = np.where(index < rule.low_return, "steady", np.where(present, "deepen", "open"))
    table = pd.DataFrame(
        {
            "zone": zones["zone"],
            "role": role,
            "capacity": zones["capacity"],
            "held": zones["held"],
            "headroom": headroom,
            "value": value,
            "value_share": value / value.sum() if value.sum() > 0 else 0.0,
            "return_index": index,
            "coverage": coverage,
        }
    )
    reasons = [_reason(row, rule, home) for row, home in zip(table.itertuples(), base > 0, strict=True)]
    table = table.assign(reason=reasons)
    return named(table.sort_values(["value", "zone"], ascending=[False, True], ignore_index=True), "zones")


def _reason(row, rule: ZoneRule, home: bool) -> str:
    if row.role == "steady":
        why = f"产出与成本之比只有平均的 {row.return_index:.0%}（低于 {rule.low_return:.0%}），以稳住为主"
    elif row.role == "deepen" and home:
        why = "根据地在这里，在现有网络上做深"
    elif row.role == "deepen":
        why = f"已有经销商的地区占 {row.coverage:.0%}（不低于 {rule.presence:.0%}），在现有网络上做深"
    else:
        why = f"已有经销商的地区占 {row.coverage:.0%}（低于 {rule.presence:.0%}），先开新点"
    if row.held > row.capacity:
        why += f"；已有 {row.held:,.0f} 家，超过饱和容量 {row.capacity:,.0f} 家"
    return why


def _check(zones: pd.DataFrame) -> None:
    names = ["capacity", "held", "productivity", "cost", "places", "covered"]
    missing = [name for name in ("zone", *names) if name not in zones]
    if missing:
        raise MktError(f"分区表缺少列：{'、'.join(missing)}")
    problems = []
    for row in zones.to_dict("records"):
        for name in names:
            least = 0 if name in ("capacity", "held", "covered") else 1e-12
            if not row[name] >= least:
                text = "应为非负数（缺失不是 0）" if least == 0 else "应为正数（缺失不是 0）"
                problems.append({"row": row["zone"], "column": name, "value": row[name], "problem": text})
        if row["covered"] > row["places"]:
            text = "有经销商的地区多于地区数"
            problems.append(
                {"row": row["zone"], "column": "covered", "value": row["covered"], "problem": text}
            )
    doubled = zones["zone"][zones["zone"].duplicated()]
    problems += [{"row": name, "column": "zone", "problem": "分区重复"} for name in doubled]
    if problems:
        raise TableError(pd.DataFrame(problems))
