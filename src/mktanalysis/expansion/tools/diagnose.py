"""Where we stand today: ranks, concentration, what the ladder says, and where a base could be.

Always holds: only shares and capacities of today are used; effort is assumed for a base without a share only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...errors import MktError
from ...regions import RegionTree
from ..choices.evaluate import rung_matrix
from ..choices.programmes import build_library, hold_programme
from ..choices.response import rank_of
from ..market.market import Market, build_market
from ..policy import RUNGS, Policy, Response, Rung

#: A lead beyond three times the strongest rival makes a base no safer (folklore: Lanchester's 3 to 1).
LEAD_MOST = 3.0
#: Rank -> what it is called; the first eats the meat, the fourth has the wind.
POSITIONS = ("第一", "第二", "第三", "第四及以后", "未进入")


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Today's position.

    Attributes
    ----------
    counts : DataFrame
        position (第一 ... 未进入), n_units, capacity_share, sales_share.
    strength : Series
        Index region, ordered Categorical of positions, for a map.
    units : DataFrame
        region, name, capacity, own_share, sales, rank, position, strong.
    ladder : DataFrame
        level, n_regions, n_strong, nearest (name of the weaker region nearest to its rung), lacks (how many
        strong children are missing there).
    concentration : Series
        sales, strong_sales_share, top_unit_share, hhi (sum of squared sales shares), sales_per_strong_unit.
    bases : DataFrame
        Candidates for the base area, best first: region, name, score, rank, own_share, capacity_around,
        reason.
    """

    counts: pd.DataFrame
    strength: pd.Series
    units: pd.DataFrame
    ladder: pd.DataFrame
    concentration: pd.Series
    bases: pd.DataFrame


def diagnose_position(
    units: pd.DataFrame,
    edges: pd.DataFrame,
    tree: RegionTree,
    *,
    base: tuple[str, ...] = (),
    response: Response | None = None,
    rungs: tuple[Rung, ...] = RUNGS,
    n_bases: int = 10,
) -> Diagnosis:
    """Diagnose today's position from shares and rivals' shares.

    Parameters
    ----------
    units : DataFrame
        As for `plan_expansion`; ``own_share`` and rivals' shares matter here.
    edges, tree
        As for `plan_expansion`.
    base : tuple of str, optional
        Base area; where it has no stated share it has the share, rank and strength that a base's lasting
        effort leads to, as in the first year of a plan.
    response : Response, optional
        Thresholds of a strong brand.
    rungs : tuple of Rung
    n_bases : int
        Candidates listed.

    Examples
    --------
    >>> from mktanalysis.expansion import grid_example
    >>> units, edges, tree = grid_example(2, 2)
    >>> found = diagnose_position(units.assign(own_share=[0.4, 0.02, 0.0, 0.0]), edges, tree)
    >>> found.counts["n_units"].tolist(), found.bases["region"].iloc[0]
    ([1, 0, 0, 1, 2], 'r1c1')
    """
    response = response or Response()
    base = (base,) if isinstance(base, str) else tuple(base)
    if len(units) == 0:
        raise MktError("市场单元表是空的：至少需要一个单元")
    first = str(units["region"].iloc[0])
    policy = Policy(base=base or (first,), periods=1, rungs=rungs, response=response)
    market = build_market(units, edges, tree, policy=policy)
    own = market.column("own_share")
    capacity = market.capacity[:, 0]
    rank = rank_of(own, market.rivals, own)
    strong = (rank <= response.strong_rank) & (own >= response.enter_share)
    if base:
        held = build_library(market, (hold_programme(market),), mature=True)
        unstated = market.base & (own <= 0)
        own, rank, strong = (
            np.where(unstated, assumed[:, 0, 0], stated)
            for assumed, stated in ((held.share, own), (held.rank, rank), (held.strong, strong))
        )
    place = np.where(own > 0, np.minimum(rank, 4) - 1, 4)
    position = pd.Categorical.from_codes(place, categories=POSITIONS, ordered=True)
    table = pd.DataFrame(
        {
            "region": market.units.to_numpy(),
            "name": tree.names(market.units).to_numpy(),
            "capacity": capacity,
            "own_share": own,
            "sales": capacity * own,
            "rank": rank,
            "position": position,
            "strong": strong,
        }
    )
    return Diagnosis(
        _counts(table),
        pd.Series(position, index=market.units, name="position"),
        table,
        _ladder_now(market, strong, own, tree),
        _concentration(table),
        _bases(market, table, n_bases),
    )


def _counts(table: pd.DataFrame) -> pd.DataFrame:
    groups = table.groupby("position", observed=False)
    total = max(table["capacity"].sum(), 1e-9)
    sales = max(table["sales"].sum(), 1e-9)
    return pd.DataFrame(
        {
            "n_units": groups.size(),
            "capacity_share": groups["capacity"].sum() / total,
            "sales_share": groups["sales"].sum() / sales,
        }
    ).reset_index()


def _concentration(table: pd.DataFrame) -> pd.Series:
    sales = table["sales"]
    total = table["sales"].sum()
    share = sales / total if total > 0 else sales * np.nan
    n_strong = int(table["strong"].sum())
    return pd.Series(
        {
            "sales": total,
            "strong_sales_share": share[table["strong"]].sum() if total > 0 else np.nan,
            "top_unit_share": share.max(),
            "hhi": (share**2).sum() if total > 0 else np.nan,
            "sales_per_strong_unit": sales[table["strong"]].sum() / n_strong if n_strong else np.nan,
        },
        name="value",
    )


def _ladder_now(market: Market, strong, own, tree: RegionTree) -> pd.DataFrame:
    """How many regions of each level are strong, and which weaker one is nearest to it."""
    ladder = market.ladder
    state = rung_matrix(market, strong[:, None], own[:, None])[:, 0]
    below = np.concatenate([strong, state])
    rows = []
    for level in dict.fromkeys(rung.level for rung in ladder.rungs):
        at = [g for g, rung in enumerate(ladder.rungs) if rung.level == level]
        has = {g: int(below[ladder.children(g)].sum()) for g in at}
        weak = [g for g in at if not state[g] and has[g] > 0]
        near = min(weak, key=lambda g: (ladder.needed[g] - has[g], -has[g], g), default=None)
        row = {
            "level": level,
            "n_regions": len(at),
            "n_strong": int(state[at].sum()),
            "nearest": "",
            "lacks": pd.NA,
        }
        if near is not None:
            row |= {
                "nearest": tree.names([ladder.regions[near]]).iloc[0],
                "lacks": max(0, int(ladder.needed[near]) - has[near]),
            }
        rows.append(row)
    columns = ["level", "n_regions", "n_strong", "nearest", "lacks"]
    return pd.DataFrame(rows, columns=columns).astype({"lacks": "Int64"})


def _bases(market: Market, table: pd.DataFrame, count: int) -> pd.DataFrame:
    """Score = share against the strongest rival (at most `LEAD_MOST`) + a quarter of the log of the capacity
    in and around the unit (against the largest) + 0.05 per strong neighbour.
    """
    around = market.capacity[:, 0] + market.adjacency @ market.capacity[:, 0]
    own = table["own_share"].to_numpy()
    rival = market.rivals.max(axis=1)
    lead = np.minimum(own / np.maximum(rival, own / LEAD_MOST + 1e-12), LEAD_MOST)
    score = lead + 0.25 * np.log10(np.maximum(around, 1.0)) / np.log10(max(around.max(), 10.0))
    neighbours = market.adjacency @ table["strong"].to_numpy(dtype=float)
    found = table.assign(
        score=score + 0.05 * neighbours, capacity_around=around, lead=lead, strong_neighbours=neighbours
    )
    found = found.sort_values(["score", "region"], ascending=[False, True]).head(count)
    reasons = [_base_reason(row) for row in found.to_dict("records")]
    columns = ["region", "name", "score", "rank", "own_share", "capacity", "capacity_around"]
    return found[columns].assign(reason=reasons).reset_index(drop=True)


def _base_reason(row: dict) -> str:
    if row["own_share"] <= 0:
        return f"尚未进入；本区与邻区容量 {row['capacity_around'] / 1e8:,.1f} 亿元"
    more = "以上" if row["lead"] > LEAD_MOST - 1e-6 else ""
    parts = [f"现居{row['position']}，份额 {row['own_share']:.0%}，为最强对手的 {row['lead']:.1f} 倍{more}"]
    parts.append(f"本区与邻区容量 {row['capacity_around'] / 1e8:,.1f} 亿元")
    if row["strong_neighbours"]:
        parts.append(f"有 {int(row['strong_neighbours'])} 个强势邻区可连片")
    return "；".join(parts)
