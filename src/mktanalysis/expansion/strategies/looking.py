"""What it is worth to look first: the plan beside the best one in which everything is fixed beforehand.

Always holds: both plans come from the same search on the same market; without spread looking is worth nothing
beyond the search's own gap.
"""

from __future__ import annotations

import pandas as pd

from ...words.render import named
from ..phases import fixed_courses
from ..results.plan import ExpansionPlan, plan_expansion
from ..search.solve import Search


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
