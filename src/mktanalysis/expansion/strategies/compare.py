"""Named strategies on the same market with the same budget, and the planner's own path beside them.

Always holds: every strategy is built by the same feasible builder and judged by the same replay and by
profit, whatever the planner's objective; the row ``planned`` is never worse than a strategy that keeps the
policy's contiguity (when profit is the objective), the row ``optimum`` never worse than any other row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ...errors import MktError
from ...words.amounts import figure_text
from ...words.render import named
from ...words.summary import Shown, Summary
from ..assumptions import Assumptions
from ..choices.candidates import Problem
from ..choices.evaluate import evaluate
from ..market.market import Market
from ..milp.build import build_model
from ..old_calls import takes_market
from ..phases import SCOUT_ENTRY
from ..policy import Policy, assumptions_of
from ..results.plan import ExpansionPlan, make_plan
from ..results.risk import simulate_risk
from ..search.control import Clock, Control
from ..search.neighbourhoods import improve
from ..search.solve import Outcome, Search, solve
from .rules import STRATEGIES, TITLES, Shared, outcomes_of, run_strategy, with_strategies


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Shown):
    """Strategies side by side.

    Attributes
    ----------
    table : DataFrame
        One row a strategy, best first: strategy, title, contiguity (what new units must touch: a strategy
        that is free of it may well gain more than the planned path, which is not), gain (yuan), gap_to_best,
        p05 and loss_probability (risk), a column ``year_<level>`` with the first year strong there,
        peak_cash, payback_year, n_held, n_strong, n_left (expected number of units left again), holds
        (whether all conditions hold: a rule may miss a unit that the manager has pinned).
    plans : dict
        Strategy -> ExpansionPlan.
    """

    table: pd.DataFrame
    plans: dict[str, ExpansionPlan]

    def summary(self) -> Summary:
        """What is shown of it: the strategies, best first."""
        best = self.table.iloc[0]
        figures = {"最好的打法": best["title"], "gain": best["gain"], "打法": f"{len(self.table)} 种"}
        if len(self.table) > 1:
            figures["比第二名多"] = figure_text("gain", best["gain"] - self.table["gain"].iloc[1])
        shown = ["title", "gain", "gap_to_best", "p05", "loss_probability", "peak_cash", "n_strong", "holds"]
        table = self.table[[name for name in shown if name in self.table]]
        step = "comparison.plans['planned'] 是规划路径；strategy_sensitivity(...) 看条件变了谁更好"
        return Summary("打法比较", figures, table, step)


@takes_market
def compare_strategies(
    market: Market,
    policy: Policy,
    *,
    assumptions: Assumptions | None = None,
    strategies=None,
    search: Search | None = None,
    n_draws: int = 200,
    random_state: int = 0,
) -> Comparison:
    """Run named strategies with the same budget on the same market.

    Parameters
    ----------
    market, policy, assumptions
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
    >>> from mktanalysis.expansion import Policy, expansion_market, grid_example
    >>> market = expansion_market(*grid_example(3, 3))
    >>> result = compare_strategies(market, Policy(base=("r2c2",), budget=4e6), n_draws=0)
    >>> result.table["strategy"].iloc[0]
    'optimum'
    """
    search = search or Search()
    assumptions = with_strategies(assumptions_of(policy, assumptions))
    plans = {}
    shared = Shared(market, policy, assumptions)
    for key in _keys(strategies):
        own, rows = run_strategy(key, shared)
        plans[key] = make_plan(own, Outcome(rows, np.inf, np.nan, "rule"))
    problem = shared.problem(policy.contiguity, keep_dominated=False)
    plans["planned"] = make_plan(problem, _at_least(problem, solve(problem, search), plans, search))
    allowed = [plan for plan in plans.values() if plan.checks["holds"].all()] or [plans["planned"]]
    best = max(allowed, key=lambda plan: plan.figures["gain"])
    plans["optimum"] = _optimum(best, shared, search)
    return Comparison(_compare(plans, n_draws, random_state), plans)


def _keys(strategies) -> list[str]:
    """Keys of strategies asked for: one, several, or all."""
    keys = [strategies] if isinstance(strategies, str) else list(strategies or STRATEGIES)
    if unknown := [str(key) for key in keys if key not in STRATEGIES]:
        raise MktError(f"没有打法 {'、'.join(unknown)}，可用：{'、'.join(STRATEGIES)}")
    return keys


#: Contiguity asked for -> rules whose plans keep it (what is strong is held).
KEEPS = {"held": ("held", "strong"), "strong": ("strong",), "none": ("held", "strong", "none")}
#: Beyond this many choices the optimum row is the best of the others: a neighbourhood takes too long.
FREE_CHOICES = 6000


def _at_least(problem: Problem, outcome: Outcome, plans: dict, search: Search) -> Outcome:
    """The outcome, or the best named plan that keeps the same conditions, improved, where that is better."""
    policy = problem.case.policy
    if policy.objective != "profit":
        return outcome
    known = [plan for key, plan in plans.items() if STRATEGIES[key].contiguity in KEEPS[policy.contiguity]]
    known = [_rows_of(problem, plan) for plan in known if plan.checks["holds"].all()]
    starts = [rows for rows in known if rows is not None and evaluate(problem, rows).feasible]
    rows = max(starts, key=lambda rows: evaluate(problem, rows).value, default=outcome.rows)
    if evaluate(problem, rows).value <= evaluate(problem, outcome.rows).value:
        return outcome
    rounds = search.rounds // 2
    rng = np.random.default_rng(search.random_state)
    rows = improve(
        build_model(problem), rows, rounds=rounds, nodes=40, rng=rng, control=Control(Clock(search.seconds))
    )
    gain = evaluate(problem, rows).value - problem.base_value
    return replace(outcome, rows=rows, objective=gain)


@takes_market
def plan_strategy(
    strategy: str, market: Market, policy: Policy, *, assumptions: Assumptions | None = None
) -> ExpansionPlan:
    """Make the plan of one named strategy, by its rule; nothing is proven about it (its bound is infinite).

    Parameters
    ----------
    strategy : str
        Key of `STRATEGIES`.
    market, policy, assumptions
        As for `plan_expansion`; the strategy's own rule replaces the policy's contiguity.

    Examples
    --------
    >>> from mktanalysis.expansion import Policy, expansion_market, grid_example
    >>> market = expansion_market(*grid_example(3, 3))
    >>> plan_strategy("potential", market, Policy(base=("r2c2",), budget=4e6)).ended
    'rule'
    """
    (key,) = _keys(strategy)
    assumptions = with_strategies(assumptions_of(policy, assumptions))
    problem, rows = run_strategy(key, Shared(market, policy, assumptions))
    return make_plan(problem, Outcome(rows, np.inf, np.nan, "rule"))


def _optimum(best: ExpansionPlan, shared: Shared, search: Search) -> ExpansionPlan:
    """From the most profitable plan of all, free of contiguity, by neighbourhoods."""
    problem = shared.problem("none", keep_dominated=True, objective="profit")
    rows = _rows_of(problem, best)
    model = build_model(problem)
    rounds = search.rounds // 2 if 0 < len(model.z) <= FREE_CHOICES else 0
    rng = np.random.default_rng(search.random_state)
    rows = improve(model, rows, rounds=rounds, nodes=40, rng=rng, control=Control(Clock(search.seconds)))
    return make_plan(problem, Outcome(rows, np.inf, np.nan, "neighbourhoods"))


def _rows_of(problem: Problem, plan: ExpansionPlan) -> np.ndarray | None:
    """Candidates of another problem that make up a plan; None where one is not among them."""
    c = problem.candidates
    key = {(u, s, k): row for row, (u, s, k) in enumerate(zip(c.unit, c.start, c.programme, strict=True))}
    units = problem.case.units.get_indexer(pd.Index(plan.steps["region"]))
    starts = plan.steps["period"].dt.year.to_numpy() - problem.case.policy.start
    programmes = [problem.names.index(action) for action in plan.steps["action"]]
    rows = [key.get(at) for at in zip(units, starts, programmes, strict=True)]
    return None if None in rows else np.array(rows, dtype=int)


def _compare(plans: dict[str, ExpansionPlan], n_draws: int, random_state: int) -> pd.DataFrame:
    gains = {key: float(plan.figures["gain"]) for key, plan in plans.items()}
    kept = [gains[key] for key, plan in plans.items() if plan.checks["holds"].all()]
    top = max(kept or gains.values())
    rows = []
    for key, plan in plans.items():
        row = {"strategy": key, "title": TITLES[key], "contiguity": plan.policy.contiguity}
        row |= {"gain": gains[key], "gap_to_best": top - gains[key]}
        if n_draws:
            risk = simulate_risk(plan, n_draws=n_draws, random_state=random_state).figures
            row |= {"p05": risk["p05"], "loss_probability": risk["loss_probability"]}
        first = plan.ladder.groupby("level")["period"].min()
        levels = dict.fromkeys(r.level for r in plan.case.ladder.rungs)
        row |= {f"year_{level}": first[level].year if level in first.index else pd.NA for level in levels}
        row |= {name: plan.figures[name] for name in ("peak_cash", "payback_year", "n_held", "n_strong")}
        row["n_left"] = float(plan.steps["left_chance"].sum())
        row["holds"] = bool(plan.checks["holds"].all())
        rows.append(row)
    table = pd.DataFrame(rows).sort_values("gain", ascending=False, kind="stable").reset_index(drop=True)
    order = ~(table["strategy"].eq("optimum") & (table["gain"] >= top)) + 2 * ~table["holds"]
    table = table.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)  # a tie goes to the optimum
    table = table.astype({name: "Int64" for name in table.columns if name.startswith("year_")})
    return named(table, "strategies")


@takes_market
def strategy_sensitivity(
    market: Market,
    policy: Policy,
    *,
    assumptions: Assumptions | None = None,
    budget=(0.5, 1.0, 2.0),
    rivals=(0.8, 1.0, 1.25),
    spill=(0.0, 1.0, 2.0),
    spread=(0.0, 1.0, 1.5),
    scouting=(0.3, 1.0, 3.0),
    strategies=None,
) -> pd.DataFrame:
    """Under which conditions which named strategy wins: one factor at a time.

    Parameters
    ----------
    market, policy, assumptions
        As for `plan_expansion`; the market is used as it is, whatever the number of settings.
    budget, rivals, spill, spread, scouting : sequence of float
        Factors on the budget, on rivals' strength, on spill-over, on how unlike markets are, and on what a
        scout pays of the entry cost (at most all of it).

    Returns
    -------
    DataFrame
        condition (budget, rivals, spill, spread, scouting), factor, strategy, title, gain, holds (all
        conditions hold), wins (best of its setting, the first of equals; nobody where no strategy that holds
        gains anything).
    """
    given = assumptions_of(policy, assumptions)
    assumptions = with_strategies(given)
    keys = _keys(strategies)
    usual = Shared(market, policy, assumptions)
    budgets = np.array(policy.per_period("budget"))
    # what moves money or spill-over alone leaves the paths of the choices as they are
    changes = {
        "budget": (budget, lambda x: usual.also(policy=policy.replace(budget=tuple((budgets * x).tolist())))),
        "rivals": (rivals, lambda x: Shared(market.with_rivals(x), policy, assumptions)),
        "spill": (
            spill,
            lambda x: usual.also(assumptions=assumptions.replace(spill=assumptions.spill * x)),
        ),
        "spread": (
            spread,
            lambda x: Shared(market, policy, assumptions.replace(spread=assumptions.spread * x)),
        ),
        "scouting": (scouting, lambda x: Shared(market, policy, _scouts_paying(given, x))),
    }
    unchanged = _outcomes(keys, usual)
    own_scouts = _scouts_paying(given, 1.0) != assumptions
    rows = []
    for condition, (factors, changed) in changes.items():
        for factor in factors:
            same = factor == 1.0 and not (condition == "scouting" and own_scouts)
            found = unchanged if same else _outcomes(keys, changed(factor))
            rows += [{"condition": condition, "factor": factor, **row} for row in found]
    columns = ["condition", "factor", "strategy", "title", "gain", "holds", "wins"]
    return named(pd.DataFrame(rows, columns=columns), "sensitivity")


def _scouts_paying(given: Assumptions, factor: float) -> Assumptions:
    """Scouts that pay so many times the usual part of the entry cost, all of it at most."""
    return with_strategies(given, min(SCOUT_ENTRY * factor, 1.0))


def _outcomes(keys: list[str], shared: Shared) -> list[dict]:
    """Gain of each strategy in one setting, whether it holds all conditions, and which wins."""
    gains, holds, best = outcomes_of(keys, shared)
    return [
        {
            "strategy": key,
            "title": TITLES[key],
            "gain": gain,
            "holds": holds[key],
            "wins": key == best,
        }
        for key, gain in gains.items()
    ]
