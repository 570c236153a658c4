"""Replace assumptions by what one's own history says, and say which it cannot (experimental).

Always holds: an assumption is replaced only where the data tell it; everything else stays as assumed and is
called so; a forward check stands beside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...words import values as words_of
from ...words.render import named
from ...words.summary import Shown, Summary
from ..assumptions import Assumptions
from ..market.market import Market
from ..policy import Policy
from .accounts import fit_margins, fit_workload
from .answer import fit_answer
from .estimate import Estimate, untold
from .forward import forward_check
from .order import BELIEVED, chain_of, estimate_order
from .past import Past, read_past

#: Said with every calibration.
EXPERIMENTAL = "试验性功能：在真实连锁的历史上，这些估计并不稳定；区间只反映抽样，不反映模型错误"


@dataclass(frozen=True, eq=False, repr=False)
class Calibration(Shown):
    """Which assumptions history replaced.

    Attributes
    ----------
    table : DataFrame
        A row a parameter: parameter, value, low, high (80% interval), assumed (the value before), status
        (``estimated``, ``assumed``), reason (Chinese: what it rests on, or why it is not told).
    assumptions : Assumptions
        Those given, with what is estimated in place.
    forward : DataFrame
        From the state in the middle of the history, what was entered afterwards against three rankings:
        method,
        n_listed, n_entered, precision, base_rate; empty where the history is too short.
    notes : tuple of str
    """

    table: pd.DataFrame
    assumptions: Assumptions
    forward: pd.DataFrame
    notes: tuple[str, ...]

    def summary(self) -> Summary:
        """What is shown of it."""
        told = int((self.table["status"] == "estimated").sum())
        figures = {"由历史估计": f"{told} 项", "仍为假设": f"{len(self.table) - told} 项"}
        return Summary(
            "假设的校准（试验性）",
            figures,
            self.table,
            "plan_expansion(market, policy, calibration.assumptions)",
        )


def calibrate_assumptions(
    history: pd.DataFrame,
    market: Market,
    policy: Policy,
    assumptions: Assumptions | None = None,
    *,
    random_state: int = 0,
) -> Calibration:
    """Estimate what a company's own years can tell of the planner's assumptions (experimental).

    The answer of markets (elasticity; carry-over, or ramp and retention; strength of rivals; spread between
    units) from shares since entry, by a pooled non-linear fit with a random effect a unit; margin by rank and
    time a visit from the books; spill-over and cost of distance from the order of entries, by comparing the
    real path with paths in which two starts are swapped. Intervals by resampling units.

    Parameters
    ----------
    history : DataFrame
        A row a unit and year: region, period, sales (yuan), and what is known of effort (yuan), contribution
        (yuan, before effort), visits, heads, capacity (yuan; default the market's, carried back).
    market : Market
    policy : Policy
        Its base is where the company came from, its contiguity what its entries obeyed.
    assumptions : Assumptions, optional
        What holds where history tells nothing.
    random_state : int

    Returns
    -------
    Calibration

    Raises
    ------
    MktError
        With every problem of the history.

    Notes
    -----
    In planted histories spill below 0.05 was never told from none; see docs/entries.md for how near the
    planted figures were met. On a real chain the estimates moved from period to period: the interval tells of
    sampling only.
    """
    past = read_past(history, market, policy, assumptions)
    rng = np.random.default_rng(random_state)
    found = [*fit_answer(past, rng), *fit_margins(past, rng), *fit_workload(past, rng), *_order(past)]
    replaced = _replaced(past.assumptions, found)
    table = pd.DataFrame([vars(one) for one in found]).rename(columns={"name": "parameter", "note": "reason"})
    table["parameter"] = table["parameter"].map(words_of("assumption")).fillna(table["parameter"])
    return Calibration(
        named(table, "calibration"),
        replaced,
        named(forward_check(past, replaced), "forward_check"),
        (EXPERIMENTAL,),
    )


def _order(past: Past) -> list[Estimate]:
    """Spill-over and cost of distance from the company's one path."""
    assumed = {"spill": past.assumptions.spill, "distance_cost": past.assumptions.response.distance_cost}
    chain = chain_of(past)
    if chain is None:
        return [
            untold(name, assumed[name], "历史没有投入（effort）列，或进入的单元太少") for name in BELIEVED
        ]
    return estimate_order([chain], assumed)


def _replaced(assumptions: Assumptions, found: list[Estimate]) -> Assumptions:
    """The assumptions with what is estimated in place."""
    told = {one.name: one.value for one in found if one.status == "estimated"}
    response = {
        name: told[name]
        for name in ("elasticity", "carry_over", "rival_effort", "ramp", "retention", "distance_cost")
        if name in told
    }
    margins = list(assumptions.response.rank_margin)
    for place in range(len(margins)):
        margins[place] = told.get(f"rank_margin_{place + 1}", margins[place])
    # margins may not rise from rank to rank: a lower rank earns at most what the one above earns
    response["rank_margin"] = tuple(float(m) for m in np.minimum.accumulate(margins))
    staffing = assumptions.staffing
    if "visit_hours" in told:
        staffing = type(staffing)(**{**staffing.model_dump(), "visit_hours": told["visit_hours"]})
    changes = {name: told[name] for name in ("spill", "spread") if name in told}
    if "spill" in changes:
        changes["spill_cap"] = max(assumptions.spill_cap, changes["spill"])
    answer = type(assumptions.response)(**{**assumptions.response.model_dump(), **response})
    return assumptions.replace(response=answer, staffing=staffing, **changes)


def list_assumptions(assumptions: Assumptions, calibration: Calibration | None = None) -> pd.DataFrame:
    """What a plan assumes of markets, rivals and costs, and which of it rests on the company's own history.

    Parameters
    ----------
    assumptions : Assumptions
        Those of the plan.
    calibration : Calibration, optional
        What the history has told; without it everything is folklore of the trade.

    Returns
    -------
    DataFrame
        As `Calibration.table`: parameter, value (what the plan uses), low, high, status, reason.

    Examples
    --------
    >>> table = list_assumptions(Assumptions())
    >>> table["status"].unique().tolist(), len(table)
    (['assumed'], 11)
    """
    response = assumptions.response
    own = (
        ("carry_over", "rival_effort")
        if response.form == "goodwill"
        else ("rival_effort", "ramp", "retention")
    )
    used = {name: getattr(response, name) for name in ("elasticity", *own)}
    if response.form == "goodwill":
        used["spread"] = assumptions.spread
    used |= {f"rank_margin_{place}": margin for place, margin in enumerate(response.rank_margin, 1)}
    used |= {
        "visit_hours": assumptions.staffing.visit_hours,
        "spill": assumptions.spill,
        "distance_cost": response.distance_cost,
    }
    spoken = words_of("assumption")
    table = pd.DataFrame({"parameter": [spoken.get(name, name) for name in used], "value": used.values()})
    if calibration is None:
        told = table.assign(low=np.nan, high=np.nan, status="assumed", reason="没有用历史校准：行业经验")
        return named(told, "calibration")
    given = calibration.table.set_index("parameter")[["low", "high", "status", "reason"]]
    told = table.join(given, on="parameter")
    told["status"] = told["status"].fillna("assumed")
    told["reason"] = told["reason"].fillna("没有用历史校准：行业经验")
    return named(told, "calibration")
