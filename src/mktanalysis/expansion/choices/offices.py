"""Management forms: which regions need an office, a team or a division, and what those cost.

Always holds: a form is needed from so many managed children on, climbing the ladder region by region.
"""

from __future__ import annotations

import numpy as np

from ..market.case import Case


def office_matrix(case: Case, held: np.ndarray) -> np.ndarray:
    """Which rung regions need their management form: `office_from` or more managed children.

    A plan counts every unit that has been entered, though some may be left again: whoever knows which would
    not have entered them, and a few that stay are enough.
    """
    ladder = case.ladder
    n = len(case.units)
    managed = np.vstack([held, np.zeros((len(ladder.regions), held.shape[1]), dtype=bool)])
    for g, rung in enumerate(ladder.rungs):
        managed[n + g] = managed[ladder.children(g)].sum(axis=0) >= rung.office_from
    return managed[n:]


def office_costs(case: Case, held: np.ndarray) -> np.ndarray:
    """What the management forms of the units held cost, yuan, shape (periods,)."""
    offices = office_matrix(case, held)
    each = np.array([rung.office_cost for rung in case.ladder.rungs])
    return each @ offices if len(offices) else np.zeros(held.shape[1])


def offices_of_base(case: Case) -> np.ndarray:
    """Those of the base alone: they are in no gross budget."""
    return office_costs(case, np.repeat(case.base[:, None], case.policy.periods, axis=1))
