"""What a finished plan hangs on: its gain as one assumption at a time changes, the plan kept as it is.

Always holds: nothing is planned again - the same steps and rules are replayed in a world that is otherwise;
so a figure says what a wrong assumption costs somebody who has already set out.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ...errors import MktError
from ...words.render import named
from ..choices.beliefs import beliefs
from ..market.case import Case
from ..results.plan import ExpansionPlan
from ..results.replay import NOTHING, expected

#: Condition -> factors. The rivals' strength and the pace are assumptions, so is the size of the market.
FACTORS = {
    "rivals": (0.8, 1.25),
    "capacity": (0.8, 1.25),
    "margin": (0.9, 1.1),
    "pace": (0.67, 1.5),
    "cost": (0.5, 2.0),
    "reaction": (0.0, 2.0),
    "spread": (0.0, 1.5),
    "later": (0.0, 2.0),
}


def plan_sensitivity(
    plan: ExpansionPlan, factors: dict[str, tuple[float, ...]] | None = None
) -> pd.DataFrame:
    """Replay a plan while one assumption at a time is otherwise than assumed.

    Parameters
    ----------
    plan : ExpansionPlan
    factors : dict, optional
        Condition -> factors on what was assumed: ``rivals`` (their effort), ``capacity``, ``margin``,
        ``pace`` (years until half of the goodwill is there), ``cost`` (of entry), ``reaction`` (of rivals),
        ``spread`` (of markets; not after shares were seen), ``later`` (years counted after the horizon).
        Default: `FACTORS`.

    Returns
    -------
    DataFrame
        condition, factor, strategy (``planned``), title, gain (yuan); factor 1 is the plan as promised.
        A table as `charts.expansion.plot_tornado` draws it.

    Examples
    --------
    >>> from mktanalysis.expansion import Policy, expansion_market, grid_example, plan_expansion
    >>> plan = plan_expansion(expansion_market(*grid_example(3, 3)), Policy(base=("r1c1",), budget=6e6))
    >>> found = plan_sensitivity(plan, {"rivals": (1.25,)})
    >>> found["gain"].iloc[1] < found["gain"].iloc[0]
    np.True_
    """
    factors = FACTORS if factors is None else factors
    if unknown := [name for name in factors if name not in FACTORS]:
        raise MktError(f"没有条件 {'、'.join(unknown)}，可用：{'、'.join(FACTORS)}")
    title = "计划照旧"
    promised = _gain(plan, plan.case)
    seen = plan.market.shares_seen is not None  # then the spread of what is known is no assumption any more
    rows = []
    for condition, values in factors.items():
        if condition == "spread" and seen:
            continue
        gains = {1.0: promised} | {x: _gain(plan, _changed(plan, condition, x)) for x in values}
        rows += [(condition, factor, "planned", title, gain) for factor, gain in gains.items()]
    table = pd.DataFrame(rows, columns=["condition", "factor", "strategy", "title", "gain"])
    return named(table, "sensitivity")


def _gain(plan: ExpansionPlan, case: Case) -> float:
    """Beyond the base alone, in the same world."""
    return float(expected(case, plan.starts).value[0] - expected(case, NOTHING).value[0])


def _changed(plan: ExpansionPlan, condition: str, factor: float) -> Case:
    """The plan's case in a world that is otherwise."""
    case = plan.case
    assumed = case.assumptions
    response = assumed.response
    table = case.table
    capacity = case.capacity
    if condition == "rivals":
        table = table.assign(rival_strength=table["rival_strength"] * factor)
    elif condition == "capacity":
        capacity = capacity * factor
    elif condition == "cost":
        table = table.assign(entry_cost=table["entry_cost"] * factor)
    elif condition == "margin":
        margins = tuple(factor * margin for margin in response.rank_margin)
        assumed = assumed.replace(response=response.model_copy(update={"rank_margin": margins}))
    elif condition == "pace":
        assumed = assumed.replace(response=_paced(response, factor))
    elif condition == "reaction":
        changed = response.model_copy(update={"reaction": response.reaction * factor})
        assumed = assumed.replace(response=changed)
    elif condition == "spread":
        assumed = assumed.replace(spread=min(assumed.spread * factor, 2.0))
    else:
        assumed = assumed.replace(terminal_years=assumed.terminal_years * factor)
    return replace(case, table=table, capacity=capacity, assumptions=assumed, known=_known(case))


def _known(case: Case) -> dict:
    """What the shares have taught stays taught."""
    known = beliefs(case)
    return {} if known is None else {"beliefs": known}


def _paced(response, factor: float):
    """A response in which half of the goodwill takes `factor` times as long."""
    if response.form == "easy":
        return response.model_copy(update={"ramp": float(1 - (1 - response.ramp) ** (1 / factor))})
    return response.model_copy(update={"carry_over": float(np.power(response.carry_over, 1 / factor))})
