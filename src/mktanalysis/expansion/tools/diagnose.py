"""Where we stand today: ranks, concentration, what the ladder says, and where a base could be.

Always holds: only shares and capacities of today are used; effort is assumed for a base without a share only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ...words.render import named
from ...words.summary import Shown, Summary
from ..assumptions import Assumptions
from ..choices.evaluate import rung_matrix
from ..choices.programmes import build_library, hold_programme
from ..choices.response import rank_of
from ..market.case import Case, build_case
from ..market.market import Market
from ..old_calls import takes_market
from ..policy import Policy

#: A lead beyond three times the strongest rival makes a base no safer (folklore: Lanchester's 3 to 1).
LEAD_MOST = 3.0
#: Rank -> what it is called; the first eats the meat, the fourth has the wind.
POSITIONS = ("第一", "第二", "第三", "第四及以后", "未进入")


@dataclass(frozen=True, eq=False, repr=False)
class Diagnosis(Shown):
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

    def summary(self) -> Summary:
        """What is shown of it: how many units stand at which rank."""
        names = ("sales", "strong_sales_share", "top_unit_share", "hhi")
        figures = {name: self.concentration[name] for name in names}
        figures["n_strong"] = int(self.units["strong"].sum())
        step = "diagnosis.bases 是可作根据地的单元；diagnosis.ladder 看离上一级还差什么"
        return Summary("今日的位置", figures, self.counts, step)


@takes_market
def diagnose_position(
    market: Market,
    *,
    base: tuple[str, ...] = (),
    assumptions: Assumptions | None = None,
    n_bases: int = 10,
) -> Diagnosis:
    """Diagnose today's position from shares and rivals' shares.

    Parameters
    ----------
    market : Market
        From `expansion_market`; ``own_share`` and rivals' shares matter here.
    base : tuple of str, optional
        Base area, codes or names; where it has no stated share it has the share, rank and strength that a
        base's lasting effort leads to, as in the first year of a plan.
    assumptions : Assumptions, optional
        Thresholds of a strong brand (``response``) and the ladder (``rungs``).
    n_bases : int
        Candidates listed.

    Examples
    --------
    >>> from mktanalysis.expansion import expansion_market, grid_example
    >>> units, edges, tree = grid_example(2, 2)
    >>> market = expansion_market(units.assign(own_share=[0.4, 0.02, 0.0, 0.0]), edges, tree)
    >>> found = diagnose_position(market)
    >>> found.counts["n_units"].tolist(), found.bases["region"].iloc[0]
    ([1, 0, 0, 1, 2], 'r1c1')
    """
    assumptions = assumptions or Assumptions()
    response = assumptions.response
    base = (base,) if isinstance(base, str) else tuple(base)
    today = 1 if market.newest is None else market.newest + 1
    policy = Policy(base=base or (market.units[0],), periods=1, start=today)
    case = build_case(market, policy, assumptions)
    own = case.column("own_share")
    capacity = case.capacity[:, 0]
    rank = rank_of(own, case.rivals, own)
    strong = (rank <= response.strong_rank) & (own >= response.enter_share)
    if base:
        unstated = case.base & (own <= 0)
        own, rank, strong = (
            np.where(unstated, assumed, stated)
            for assumed, stated in zip(_at_home(case), (own, rank, strong), strict=True)
        )
    place = np.where(own > 0, np.minimum(rank, 4) - 1, 4)
    position = pd.Categorical.from_codes(place, categories=POSITIONS, ordered=True)
    table = pd.DataFrame(
        {
            "region": case.units.to_numpy(),
            "name": market.tree.names(case.units).to_numpy(),
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
        pd.Series(position, index=case.units, name="position"),
        table,
        _ladder_now(case, strong, own),
        _concentration(table),
        _bases(case, table, n_bases),
    )


def _at_home(case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Share, rank and strength of every unit if it were held as a base."""
    held = build_library(case, (hold_programme(case),), mature=True)
    share = held.share.mean(axis=0)[:, 0, 0]
    return share, rank_of(share, case.rivals, case.column("own_share")), held.chance()[:, 0, 0] >= 0.5


def _counts(table: pd.DataFrame) -> pd.DataFrame:
    groups = table.groupby("position", observed=False)
    total = max(table["capacity"].sum(), 1e-9)
    sales = max(table["sales"].sum(), 1e-9)
    table = pd.DataFrame(
        {
            "n_units": groups.size(),
            "capacity_share": groups["capacity"].sum() / total,
            "sales_share": groups["sales"].sum() / sales,
        }
    )
    return named(table.reset_index(), "position")


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


def _ladder_now(case: Case, strong, own) -> pd.DataFrame:
    """How many regions of each level are strong, and which weaker one is nearest to it."""
    ladder = case.ladder
    state = rung_matrix(case, strong[:, None], own[:, None])[:, 0]
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
                "nearest": case.market.tree.names([ladder.regions[near]]).iloc[0],
                "lacks": max(0, int(ladder.needed[near]) - has[near]),
            }
        rows.append(row)
    columns = ["level", "n_regions", "n_strong", "nearest", "lacks"]
    return pd.DataFrame(rows, columns=columns).astype({"lacks": "Int64"})


def _bases(case: Case, table: pd.DataFrame, count: int) -> pd.DataFrame:
    """Score = share against the strongest rival (at most `LEAD_MOST`) + a quarter of the log of the capacity
    in and around the unit (against the largest) + 0.05 per strong neighbour.
    """
    around = case.capacity[:, 0] + case.adjacency @ case.capacity[:, 0]
    own = table["own_share"].to_numpy()
    rival = case.rivals.max(axis=1)
    lead = np.minimum(own / np.maximum(rival, own / LEAD_MOST + 1e-12), LEAD_MOST)
    score = lead + 0.25 * np.log10(np.maximum(around, 1.0)) / np.log10(max(around.max(), 10.0))
    neighbours = case.adjacency @ table["strong"].to_numpy(dtype=float)
    found = table.assign(
        score=score + 0.05 * neighbours, capacity_around=around, lead=lead, strong_neighbours=neighbours
    )
    found = found.sort_values(["score", "region"], ascending=[False, True]).head(count)
    reasons = [_base_reason(row) for row in found.to_dict("records")]
    columns = ["region", "name", "score", "rank", "own_share", "capacity", "capacity_around"]
    return named(found[columns].assign(reason=reasons).reset_index(drop=True), "bases")


def _base_reason(row: dict) -> str:
    if row["own_share"] <= 0:
        return f"尚未进入；本区与邻区容量 {row['capacity_around'] / 1e8:,.1f} 亿元"
    more = "以上" if row["lead"] > LEAD_MOST - 1e-6 else ""
    parts = [f"现居{row['position']}，份额 {row['own_share']:.0%}，为最强对手的 {row['lead']:.1f} 倍{more}"]
    parts.append(f"本区与邻区容量 {row['capacity_around'] / 1e8:,.1f} 亿元")
    if row["strong_neighbours"]:
        parts.append(f"有 {int(row['strong_neighbours'])} 个强势邻区可连片")
    return "；".join(parts)


def thin_example(market: Market, *, share: float = 0.05, third: float = 0.15) -> Market:
    """The market of a company that is everywhere and strong nowhere: the failure case of a brewery.

    Parameters
    ----------
    market : Market
        Its units, rivals and tree are kept.
    share : float
        Own share in every unit.
    third : float
        In the two largest units: enough for a third place in the usual market, too little to be strong.

    Returns
    -------
    Market
    """
    large = market.table["capacity"].rank(ascending=False, method="first") <= 2
    own = np.where(large, third, share)
    return replace(market, table=market.table.assign(own_share=own))
