"""Named strategies on the same market with the same budget, and the planner's own path beside them.

Always holds: every strategy is built by the same feasible builder and judged by the same replay and by
profit, whatever the planner's objective; the row ``planned`` is never worse than a strategy that keeps the
policy's contiguity (when profit is the objective), the row ``optimum`` never worse than any other row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..errors import MktError
from ..regions import RegionTree
from .candidates import Problem, build_problem
from .evaluate import evaluate
from .greedy import Builder, greedy_score, ladder_score
from .lns import improve
from .market import build_market
from .model import build_model
from .plan import ExpansionPlan, make_plan
from .policy import LIGHT, SCOUT_THEN_CONCENTRATE, Policy
from .risk import simulate_risk
from .solve import Clock, Outcome, Search, solve


@dataclass(frozen=True, eq=False)
class Strategy:
    """A rule: how new units hang together, which programme they get, what comes first."""

    title: str
    contiguity: str
    score: object
    programme: str | None = None


def _base_first(problem: Problem) -> np.ndarray:
    """Ring by ring around the base; within a ring value per yuan."""
    from scipy.sparse.csgraph import dijkstra

    market, c = problem.market, problem.candidates
    hops = dijkstra(market.adjacency, indices=np.flatnonzero(market.base), unweighted=True, min_only=True)
    return _lexicographic(-np.where(np.isfinite(hops), hops, 1e6)[c.unit], greedy_score(problem))


def _potential(problem: Problem) -> np.ndarray:
    return problem.market.capacity[problem.candidates.unit, 0] + 0.0


def _centre_first(problem: Problem) -> np.ndarray:
    """The largest unit of each region right above first, larger regions first; then the rest by capacity."""
    return _lexicographic(-_place_in_home(problem)[problem.candidates.unit].clip(max=1), _potential(problem))


def _countryside_first(problem: Problem) -> np.ndarray:
    """The largest units of each region last, the smaller places before them by value per yuan."""
    place = _place_in_home(problem)[problem.candidates.unit]
    return _lexicographic((place > 0).astype(float), greedy_score(problem))


def _place_in_home(problem: Problem) -> np.ndarray:
    """0 for the largest unit of each region right above, 1 for the next ..."""
    market = problem.market
    home = pd.Series(market.ladder.parent[: len(market.units)])
    return pd.Series(-market.capacity[:, 0]).groupby(home).rank(method="first").to_numpy() - 1


def _lexicographic(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """A score that sorts by `first`, then by `second`; -inf of the second stays."""
    ok = np.isfinite(second)
    order = np.lexsort([np.where(ok, second, -np.inf), first])
    score = np.empty(len(first))
    score[order] = np.arange(len(first))
    return np.where(ok, score, -np.inf)


#: Key -> strategy; titles are the field's own words.
STRATEGIES = {
    "base_first": Strategy("根据地：逐圈推进", "held", _base_first),
    "wide_net": Strategy("撒网→集中", "none", greedy_score, "先撒网后集中"),
    "centre_first": Strategy("中心城市先", "none", _centre_first, "集中"),
    "countryside_first": Strategy("先农村后城市", "held", _countryside_first),
    "potential": Strategy("跟着潜力走", "none", _potential, "集中"),
    "sprinkler": Strategy("遍地开花", "none", _potential, "浅耕"),
    "waterfall": Strategy("瀑布：站稳再走", "strong", ladder_score),
}


@dataclass(frozen=True, eq=False)
class Comparison:
    """Strategies side by side.

    Attributes
    ----------
    table : DataFrame
        One row a strategy, best first: strategy, title, gain (yuan), gap_to_best, p05 and loss_probability
        (risk), a
        column ``year_<level>`` with the first year strong there, peak_cash, payback_year, n_held, n_strong.
    plans : dict
        Strategy -> ExpansionPlan.
    """

    table: pd.DataFrame
    plans: dict[str, ExpansionPlan]


def compare_strategies(
    units: pd.DataFrame,
    edges: pd.DataFrame,
    tree: RegionTree,
    *,
    policy: Policy,
    strategies=None,
    capacity: pd.DataFrame | None = None,
    search: Search | None = None,
    n_draws: int = 200,
    random_state: int = 0,
) -> Comparison:
    """Run named strategies with the same budget on the same market.

    Parameters
    ----------
    units, edges, tree, policy, capacity
        As for `plan_expansion`.
    strategies : sequence of str, optional
        Keys of `STRATEGIES`; default all.
    search : Search, optional
        For the rows ``planned`` (the planner under the policy's own contiguity) and ``optimum`` (free to
        choose where: the best of all rows, improved by half of ``search.rounds`` neighbourhoods, for they
        are larger; none beyond `FREE_CHOICES` choices). The free choice has no bound. Most of the time of a
        comparison goes into these two rows: fewer rounds make it quicker, and the reference lower.
    n_draws : int
        Replays for the risk columns; 0 leaves them out.
    random_state : int

    Examples
    --------
    >>> import mktanalysis as mkt
    >>> from mktanalysis.expansion import Policy, grid_example
    >>> units, edges, tree = grid_example(3, 3)
    >>> result = compare_strategies(units, edges, tree, policy=Policy(base=("r2c2",), budget=4e6), n_draws=0)
    >>> result.table["strategy"].iloc[0]
    'optimum'
    """
    search = search or Search()
    policy = _with_programmes(policy)
    plans, best = {}, (-np.inf, None)
    for key in strategies or STRATEGIES:
        plans[key] = plan_strategy(key, units, edges, tree, policy=policy, capacity=capacity)
        best = max(best, (plans[key].figures["gain"], key))
    problem = build_problem(build_market(units, edges, tree, policy=policy, capacity=capacity))
    plans["planned"] = make_plan(problem, _at_least(problem, solve(problem, search), plans, search), tree)
    best = max(best, (plans["planned"].figures["gain"], "planned"))
    plans["optimum"] = _optimum(plans[best[1]], units, edges, tree, policy, capacity, search)
    return Comparison(_compare(plans, n_draws, random_state), plans)


#: Contiguity asked for -> rules whose plans keep it (what is strong is held).
KEEPS = {"held": ("held", "strong"), "strong": ("strong",), "none": ("held", "strong", "none")}
#: Beyond this many choices the optimum row is the best of the others: a neighbourhood takes too long.
FREE_CHOICES = 6000


def _at_least(problem: Problem, outcome: Outcome, plans: dict, search: Search) -> Outcome:
    """The outcome, or the best named plan that keeps the same conditions, improved, where that is better."""
    policy = problem.market.policy
    if policy.objective != "profit":
        return outcome
    known = [plan for key, plan in plans.items() if STRATEGIES[key].contiguity in KEEPS[policy.contiguity]]
    known = [_rows_of(problem, plan) for plan in known if plan.checks["holds"].all()]
    starts = [rows for rows in known if rows is not None and evaluate(problem, rows).feasible]
    rows = max(starts, key=lambda rows: evaluate(problem, rows).value, default=outcome.rows)
    if evaluate(problem, rows).value <= evaluate(problem, outcome.rows).value:
        return outcome
    rounds, rng = search.rounds // 2, np.random.default_rng(search.random_state)
    rows = improve(build_model(problem), rows, rounds=rounds, nodes=40, rng=rng, clock=Clock(search.seconds))
    gain = evaluate(problem, rows).value - problem.base_value
    return replace(outcome, rows=rows, objective=gain)


def _with_programmes(policy: Policy) -> Policy:
    """The policy with every programme that a strategy asks for."""
    names = {programme.name for programme in policy.programmes}
    extra = tuple(p for p in (LIGHT, SCOUT_THEN_CONCENTRATE) if p.name not in names)
    return policy.replace(programmes=policy.programmes + extra)


def plan_strategy(
    strategy: str,
    units: pd.DataFrame,
    edges: pd.DataFrame,
    tree: RegionTree,
    *,
    policy: Policy,
    capacity: pd.DataFrame | None = None,
) -> ExpansionPlan:
    """Make the plan of one named strategy, by its rule; nothing is proven about it (its bound is infinite).

    Parameters
    ----------
    strategy : str
        Key of `STRATEGIES`.
    units, edges, tree, policy, capacity
        As for `plan_expansion`; the strategy's own rule replaces the policy's contiguity.

    Examples
    --------
    >>> from mktanalysis.expansion import Policy, grid_example
    >>> units, edges, tree = grid_example(3, 3)
    >>> plan_strategy("potential", units, edges, tree, policy=Policy(base=("r2c2",), budget=4e6)).ended
    'rule'
    """
    if strategy not in STRATEGIES:
        raise MktError(f"没有打法 {strategy!r}，可用：{'、'.join(STRATEGIES)}")
    policy = _with_programmes(policy)
    problem, rows = run_strategy(strategy, units, edges, tree, policy=policy, capacity=capacity)
    return make_plan(problem, Outcome(rows, np.inf, np.nan, "rule"), tree)


def run_strategy(
    key: str, units, edges, tree, *, policy: Policy, capacity=None
) -> tuple[Problem, np.ndarray]:
    """Build the plan of one named strategy; returns the problem and the rows started."""
    strategy = STRATEGIES[key]
    market = build_market(
        units, edges, tree, policy=policy.replace(contiguity=strategy.contiguity), capacity=capacity
    )
    problem = build_problem(market, keep_dominated=strategy.programme is not None)
    score = np.asarray(strategy.score(problem), dtype=float)
    if strategy.programme is not None:
        wanted = (
            problem.library.names.index(strategy.programme)
            if strategy.programme in problem.library.names
            else 0
        )
        score = np.where(
            problem.candidates.programme == wanted, np.where(np.isfinite(score), score, 0.0), -np.inf
        )
    pinned = market.units.isin(list(policy.pinned))[problem.candidates.unit]
    return problem, Builder(problem).build(np.where(pinned, 1e18, score))


def _optimum(
    best: ExpansionPlan, units, edges, tree, policy: Policy, capacity, search: Search
) -> ExpansionPlan:
    """From the most profitable plan of all, free of contiguity, by neighbourhoods."""
    free = policy.replace(contiguity="none", objective="profit")
    problem = build_problem(
        build_market(units, edges, tree, policy=free, capacity=capacity),
        keep_dominated=True,
    )
    rows = _rows_of(problem, best)
    model = build_model(problem)
    rounds = search.rounds // 2 if len(model.z) <= FREE_CHOICES else 0
    rng = np.random.default_rng(search.random_state)
    rows = improve(model, rows, rounds=rounds, nodes=40, rng=rng, clock=Clock(search.seconds))
    return make_plan(problem, Outcome(rows, np.inf, np.nan, "neighbourhoods"), tree)


def _rows_of(problem: Problem, plan: ExpansionPlan) -> np.ndarray | None:
    """Candidates of another problem that make up a plan; None where one is not among them."""
    c = problem.candidates
    key = {(u, s, k): row for row, (u, s, k) in enumerate(zip(c.unit, c.start, c.programme, strict=True))}
    units = problem.market.units.get_indexer(pd.Index(plan.steps["region"]))
    starts = plan.steps["period"].dt.year.to_numpy() - problem.market.policy.start
    programmes = [problem.library.names.index(action) for action in plan.steps["action"]]
    rows = [key.get(at) for at in zip(units, starts, programmes, strict=True)]
    return None if None in rows else np.array(rows, dtype=int)


def _compare(plans: dict[str, ExpansionPlan], n_draws: int, random_state: int) -> pd.DataFrame:
    titles = {key: s.title for key, s in STRATEGIES.items()} | {
        "planned": "规划路径",
        "optimum": "最优（不限连片）",
    }
    gains = {key: float(plan.figures["gain"]) for key, plan in plans.items()}
    top, rows = max(gains.values()), []
    for key, plan in plans.items():
        row = {"strategy": key, "title": titles[key], "gain": gains[key], "gap_to_best": top - gains[key]}
        if n_draws:
            risk = simulate_risk(plan, n_draws=n_draws, random_state=random_state).figures
            row |= {"p05": risk["p05"], "loss_probability": risk["loss_probability"]}
        first = plan.ladder.groupby("level")["period"].min()
        levels = dict.fromkeys(r.level for r in plan.market.ladder.rungs)
        row |= {f"year_{level}": first[level].year if level in first.index else pd.NA for level in levels}
        row |= {name: plan.figures[name] for name in ("peak_cash", "payback_year", "n_held", "n_strong")}
        rows.append(row)
    table = pd.DataFrame(rows).sort_values("gain", ascending=False, kind="stable").reset_index(drop=True)
    order = table["strategy"].eq("optimum") & (table["gain"] >= top)  # a tie goes to the optimum
    table = pd.concat([table[order], table[~order]], ignore_index=True)
    return table.astype({name: "Int64" for name in table.columns if name.startswith("year_")})


def strategy_sensitivity(
    units: pd.DataFrame,
    edges: pd.DataFrame,
    tree: RegionTree,
    *,
    policy: Policy,
    budget=(0.5, 1.0, 2.0),
    rivals=(0.8, 1.0, 1.25),
    spill=(0.0, 1.0, 2.0),
    strategies=None,
    capacity: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Under which conditions which named strategy wins: one factor at a time.

    Parameters
    ----------
    budget, rivals, spill : sequence of float
        Factors on the budget, on rivals' strength and on spill-over.

    Returns
    -------
    DataFrame
        condition (budget, rivals, spill), factor, strategy, title, gain, wins (best of its setting).
    """
    policy, rows = _with_programmes(policy), []
    strength = units.get("rival_strength", pd.Series(1.0, units.index)).fillna(1.0)
    budgets = np.array(policy.per_period("budget"))
    settings = [("budget", f, units, policy.replace(budget=tuple((budgets * f).tolist()))) for f in budget]
    settings += [("rivals", f, units.assign(rival_strength=strength * f), policy) for f in rivals]
    settings += [("spill", f, units, policy.replace(spill=policy.spill * f)) for f in spill]
    for condition, factor, table, changed in settings:
        gains = {}
        for key in strategies or STRATEGIES:
            problem, chosen = run_strategy(key, table, edges, tree, policy=changed, capacity=capacity)
            gains[key] = evaluate(problem, chosen).value - evaluate(problem, []).value
        best = max(gains, key=lambda key: gains[key])
        rows += [
            {
                "condition": condition,
                "factor": factor,
                "strategy": key,
                "title": STRATEGIES[key].title,
                "gain": gain,
                "wins": key == best,
            }
            for key, gain in gains.items()
        ]
    return pd.DataFrame(rows)
