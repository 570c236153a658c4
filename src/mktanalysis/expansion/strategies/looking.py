"""What it is worth to look first: the plan beside the best one in which everything is fixed beforehand; and
when a wide net beats the base area.

Always holds: both plans come from the same search on the same market; without spread looking is worth nothing
beyond the search's own gap.
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from ...words.render import named
from ..assumptions import Assumptions
from ..market.market import Market
from ..old_calls import takes_market
from ..phases import fixed_courses
from ..policy import Policy, assumptions_of
from ..results.plan import ExpansionPlan, plan_expansion
from ..search.solve import Search
from .rules import TITLES, Shared, outcomes_of, with_strategies


def value_of_looking(plan: ExpansionPlan, *, search: Search | None = None) -> pd.Series:
    """Plan again without decision points, and count what becomes of the net.

    Parameters
    ----------
    plan : ExpansionPlan
    search : Search, optional
        The one the plan was made with, so that both are searched alike.

    Returns
    -------
    Series
        gain; fixed_gain (of the best plan whose ways are all fixed beforehand: the same programmes, each way
        that they may go as a programme of its own); net_information (gain - fixed_gain: what looking is worth
        to the whole plan); n_looked (steps with a decision point within the horizon); and of these, as is to
        be expected, n_pushed (worked harder after looking), n_left (left by the end) and n_bases (strong at
        the end).

    Examples
    --------
    >>> from mktanalysis.expansion import Policy, expansion_market, grid_example, plan_expansion
    >>> market = expansion_market(*grid_example(3, 3, random_state=1))
    >>> found = value_of_looking(plan_expansion(market, Policy(base=("r2c2",), budget=1e7)))
    >>> bool(found["net_information"] > 0)
    True
    """
    policy = plan.policy
    done = {action for _, action, _ in policy.history}
    fixed = fixed_courses(plan.assumptions.programmes, policy.periods)
    known = {programme.name for programme in fixed}
    fixed += tuple(p for p in plan.assumptions.programmes if p.name in done and p.name not in known)
    assumed = plan.assumptions.replace(programmes=fixed)
    other = plan_expansion(plan.market, policy, assumptions=assumed, search=search)
    looked = plan.steps[plan.steps["region"].isin(plan.rules["region"])]
    gain = float(plan.figures["gain"])
    return pd.Series(
        {
            "gain": gain,
            "fixed_gain": float(other.figures["gain"]),
            "net_information": gain - float(other.figures["gain"]),
            "n_looked": float(len(looked)),
            "n_pushed": float(plan.rules["push_chance"].sum()),
            "n_left": float(looked["left_chance"].sum()),
            "n_bases": float(looked["strong_chance"].sum()),
        },
        name="value",
    ).pipe(named, "looking")


#: The three ways that differ by looking alone (the first two) and by contiguity alone (the last two).
COMPARED = ("base_first", "scout_rings", "wide_net")


@takes_market
def net_or_base(
    market: Market,
    policy: Policy,
    *,
    assumptions: Assumptions | None = None,
    spread=(0.0, 0.3, 0.45, 0.7),
    scouting=(0.1, 0.3, 1.0),
    budget=(0.25, 1.0),
) -> pd.DataFrame:
    """When a wide net beats the base area (撒网还是根据地): all settings of what decides it.

    Parameters
    ----------
    market, policy, assumptions
        As for `plan_expansion`.
    spread : sequence of float
        How unlike markets are, as in `Assumptions.spread`.
    scouting : sequence of float
        Part of the entry cost that a scout pays; 1 is all of it.
    budget : sequence of float
        Factors on the policy's budget.

    Returns
    -------
    DataFrame
        One row a setting: spread, scouting, budget (yuan a year), gain_base_first, gain_scout_rings,
        gain_wide_net (yuan), looking (what looking first adds, ring by ring), free (what being free of
        contiguity adds to it), best (title of the strategy of most gain among those
        whose conditions hold, the first of equals; missing where none gains).

    Examples
    --------
    >>> from mktanalysis.expansion import Policy, expansion_market, grid_example
    >>> market = expansion_market(*grid_example(3, 3, random_state=1))
    >>> found = net_or_base(market, Policy(base=("r2c2",), budget=1e7), scouting=(0.3,), budget=(1.0,))
    >>> alike, unlike = found["looking"].iloc[[0, -1]]
    >>> bool(alike < 0 < unlike)
    True
    """
    given = assumptions_of(policy, assumptions)
    budgets = np.array(policy.per_period("budget"))
    shared: dict = {}
    rows = []
    for part, factor, unlike in itertools.product(scouting, budget, spread):
        if (part, unlike) not in shared:  # another budget leaves the paths of the choices as they are
            assumed = with_strategies(given.replace(spread=unlike), part)
            shared[part, unlike] = Shared(market, policy, assumed)
        own = policy.replace(budget=tuple((budgets * factor).tolist()))
        problems = shared[part, unlike].also(policy=own)
        gains, _, best = outcomes_of(COMPARED, problems)
        row = {"spread": unlike, "scouting": part, "budget": float(budgets[0] * factor)}
        row |= {f"gain_{key}": gain for key, gain in gains.items()}
        row |= {"looking": gains["scout_rings"] - gains["base_first"]}
        row |= {"free": gains["wide_net"] - gains["scout_rings"]}
        rows.append(row | {"best": None if best is None else TITLES[best]})
    return named(pd.DataFrame(rows), "net_or_base")
