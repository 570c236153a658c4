"""Design of territories: balanced, connected, compact, with a proven gap.

Always holds: the same tables and seed give the same labels on any machine, thread count and row order; every
territory is connected over the given borders (and the bridges that the notes tell).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import InfeasibleError
from .build import Job, build_jobs
from .conditions import Conditions, as_labels, check_inputs
from .plan import TerritoryPlan, plan_of
from .proof.exact import MOST_UNITS, TooMany, best_choice, smallest_tolerance
from .proof.hess import MOST_PAIRS, Proof, prove
from .search.anneal import MANY_UNITS, anneal, starts_of
from .search.walk import score, total_cost
from .search.windows import mend, mendable, searched_again

#: Up to so many units a proof by branch and bound is tried at length.
LONG_PROOF = 130
#: Designs of more units share their budget among the parts, and their proofs look at fewer pairs.
SHARED_UNITS = 500
FEW_PAIRS = 1000
#: Runs of a part and the effort of each; searches of a part in which a band cannot be kept.
PART_STARTS, PART_EFFORT = 5, 0.4
PART_TRIES = 3
#: Rounds in which a design of very many units is searched again, a few neighbours at a time.
AGAIN = 2


def design_territories(
    units: pd.DataFrame,
    edges: pd.DataFrame,
    tree=None,
    *,
    n: int,
    distance: pd.DataFrame | None = None,
    current: pd.Series | None = None,
    random_state: int | None = 0,
    **conditions,
) -> TerritoryPlan:
    """Design `n` territories (片区划分): balanced within tolerances, connected, compact.

    Parameters
    ----------
    units : DataFrame
        region, the measures, and lon, lat (degrees) or planar x, y; optional name.
    edges : DataFrame
        region, neighbor: who borders whom.
    tree : RegionTree, optional
        Needed with `within`; gives names.
    n : int
        People to place; around a unit too large for one there is a territory of several.
    distance : DataFrame, optional
        Units x units, instead of points.
    current : Series, optional
        region -> today's territory: names are kept where possible, moves are listed.
    random_state : int or None
    **conditions
        Fields of `Conditions`: measures, weight, objective, within, heads, teams, seats, locks,
        together, apart, effort, nodes.

    Returns
    -------
    TerritoryPlan

    Raises
    ------
    TableError
        Every problem of the tables and every contradiction of the wishes.
    InfeasibleError
        No design can meet the conditions: proven, with the smallest relaxation.

    Notes
    -----
    Annealing over single moves and swaps, recombination of the territories met, a Lagrangian bound and, where
    the size allows, Hess's programme with separator cuts (see ``proof``).

    Examples
    --------
    >>> units = pd.DataFrame({"region": list("abcd"), "capacity": 1.0, "x": [0.0, 1.0, 2.0, 3.0], "y": 0.0})
    >>> edges = pd.DataFrame({"region": list("abc"), "neighbor": list("bcd")})
    >>> plan = design_territories(units, edges, n=2)
    >>> plan.assignment["a"] == plan.assignment["b"], plan.gap
    (True, 0.0)
    """
    wishes = Conditions(n=n, **conditions)
    current = None if current is None else as_labels(current)
    check_inputs(units, edges, wishes, tree=tree, distance=distance, current=current)
    (jobs, notes) = build_jobs(units, edges, wishes, tree=tree, distance=distance, current=current)
    rng = np.random.default_rng(random_state)
    solved = [solve(job, wishes, int(rng.integers(2**31)), units=len(units)) for job in jobs]
    return plan_of(solved, units, wishes, tree=tree, current=current, notes=notes, distance=distance)


def solve(job: Job, conditions: Conditions, seed: int, *, start=None, units: int | None = None):
    """(job, labels, bound, proven) of one problem; `units` of the whole design share the budget."""
    problem = job.problem
    (starts, effort, pairs) = _budget(problem.n, units or problem.n, conditions.effort)
    part = problem.n < (units or problem.n)
    tries = PART_TRIES if part and start is None else 1
    label = _searched(problem, seed, {"effort": effort, "start": start, "starts": starts}, tries)
    (out, _) = score(problem, label)
    if out and problem.n <= MOST_UNITS and not problem.keep:
        label = _exact(problem, label, conditions, job.parent is not None)
        (out, _) = score(problem, label)
    if problem.cut:
        return job, *_cut_proof(problem, label, out)
    proof = prove(problem, label, nodes=0 if out or problem.keep else conditions.nodes, pairs=pairs)
    if out:  # a bound for designs within the bands says nothing about one outside
        proof = Proof(list(label), proof.cost, min(proof.bound, proof.cost), False)
    return job, proof.label, proof.bound, proof.proven


def _searched(problem, seed: int, budget: dict, tries: int) -> list[int]:
    """The best of some searches, further ones only while territories stay out of their bands."""
    best = None
    for number in range(tries):
        label = anneal(problem, random_state=seed + number, **budget)
        if problem.n > MANY_UNITS and mendable(problem):
            label = searched_again(problem, label, seed, int(AGAIN * budget["effort"]))
        if score(problem, label)[0] and mendable(problem):
            label = mend(problem, label)
        found = score(problem, label)
        if best is None or found < best[0]:
            best = (found, label)
        if not best[0][0]:
            break
    return best[1]


def _budget(n: int, units: int, effort: float) -> tuple[int, float, int]:
    """Starts, effort of each, and pairs for branch and bound, of a problem that is a part of a design.

    A part of a large design gets a few shorter runs, whose territories are recombined, and a short proof.
    """
    if n == units or units < SHARED_UNITS:
        return starts_of(units), effort, MOST_PAIRS if n <= LONG_PROOF else FEW_PAIRS
    return PART_STARTS, effort * PART_EFFORT, FEW_PAIRS


def _cut_proof(problem, label, out: int):
    """Fewest borders: exact for few units, else no bound."""
    if problem.n <= MOST_UNITS // 2 and not out:
        try:
            best = best_choice(problem)
        except TooMany:
            best = None
        if best is not None:
            return best, total_cost(problem, best), True
    return label, float("nan"), False


def _exact(problem, label, conditions: Conditions, part: bool):
    """The proven best where annealing kept no band, or the proof that there is none.

    In a part of a nested design an impossible band is no error: its territories are named in the plan.
    """
    try:
        best = best_choice(problem)
        if best is not None:
            return best
        if part:
            return label
        held = problem.tolerance < 1e6
        reached = _reached(problem, label, held)
        (least, _, proven) = smallest_tolerance(problem, reached)
    except TooMany:
        return label
    given = float(problem.tolerance[held].min())
    if len(conditions.measures) > 1 or not proven or least <= given:
        return label
    name = next(iter(conditions.measures))
    needed = np.ceil(least * 1e4) / 1e4
    relaxation = pd.DataFrame([{"condition": f"容差 {name}", "given": given, "needed": needed}])
    raise InfeasibleError(
        f"{problem.n} 个单元分成 {problem.k} 片，容差 {given:.1%} 无法做到（已证明）", relaxation
    )


def _reached(problem, label, held) -> float:
    """Deviation of a design that cares for balance alone."""
    tight = problem.with_tolerance(np.where(held, 0.001, problem.tolerance))
    found = np.asarray(anneal(tight, effort=0.3))
    worst = []
    for one in (found, np.asarray(label)):
        loads = [np.bincount(one, column, problem.k) for column in problem.loads.T[held]]
        worst.append(max(float(np.abs(load - 1).max()) for load in loads))
    return min(worst)


class TerritoryDesigner:
    """Designs territories from one table after another with the same conditions (片区设计器).

    Parameters
    ----------
    n : int
    random_state : int or None
    **conditions
        As `design_territories`.

    Attributes
    ----------
    plan_ : TerritoryPlan
    labels_ : Series
        Index region, values territory.

    Examples
    --------
    >>> units = pd.DataFrame({"region": list("abcd"), "capacity": 1.0, "x": [0.0, 1.0, 2.0, 3.0], "y": 0.0})
    >>> edges = pd.DataFrame({"region": list("abc"), "neighbor": list("bcd")})
    >>> TerritoryDesigner(2).fit(units, edges).labels_.nunique()
    2
    """

    def __init__(self, n: int, *, random_state: int | None = 0, **conditions):
        self.n = n
        self.random_state = random_state
        self.conditions = conditions
        Conditions(n=n, **conditions)

    def fit(self, units, edges, tree=None, *, distance=None, current=None) -> TerritoryDesigner:
        """Design and keep the plan; returns itself."""
        self.plan_ = design_territories(
            units, edges, tree, n=self.n, distance=distance, current=current, random_state=self.random_state,
            **self.conditions,
        )  # fmt: skip
        self.labels_ = self.plan_.assignment
        return self

    def fit_predict(self, units, edges, tree=None, *, distance=None, current=None) -> pd.Series:
        """Labels of the units."""
        return self.fit(units, edges, tree, distance=distance, current=current).labels_
