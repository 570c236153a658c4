"""The finished plan as tables, and the call that makes one.

Always holds: the figures of a plan come from its independent replay; the value that the model promised, the
proven bound and the gap stand beside them; every condition has been checked on the plan itself.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ... import words
from ...regions import RegionTree
from ...words.render import named
from ...words.summary import Shown, Summary
from ..assumptions import Assumptions
from ..choices.candidates import Problem, build_problem, check_horizon, first_step_budget
from ..choices.evaluate import Evaluation, evaluate
from ..market.case import Case
from ..market.market import Market
from ..old_calls import takes_market
from ..policy import Policy
from ..search.solve import Outcome, Search, solve
from .conditions import check_plan
from .reasons import explain
from .replay import NOTHING, Replay, Starts, expected
from .rules import rules_table


@dataclass(frozen=True, eq=False, repr=False)
class ExpansionPlan(Shown):
    """An expansion path (扩张路径).

    Attributes
    ----------
    steps : DataFrame
        One row a start: period, region, name, action, effort and cost of the first year (yuan), saving by
        spill-over, share and rank at the end, strong_chance then, left_chance (left again by then),
        strong_from (the year in which the chance of being strong is large enough, or missing), cash (sum over
        the horizon), value (discounted, with terminal value). Shares and money are those to be expected;
        reason (Chinese).
    paths : DataFrame
        One row a held unit and period: region, period, held, strong, share, rank, income, outlay, cash,
        people.
    ladder : DataFrame
        One row a rung region ever strong: level, region, name, period reached, held (still strong at the
        end).
    cash_flow : DataFrame
        One row a period: budget, income, radiance, outlay, office_cost, cash, need, money_left, n_held,
        n_strong.
    staff : DataFrame
        One row a period: staff, managers, limit, and offices of each level.
    figures : Series
        Key figures: value, gain (value beyond the base's own), gain_within and gain_after (its parts within
        the horizon and after it, from ``terminal_years``), gross_spending (all that is paid out beyond the
        base's own outlay) and peak_cash (the net advance: the deepest point of the cumulated cash),
        promised_value, bound, gap, payback year ...
    why : DataFrame
        One row a step: what spoke for it.
    checks : DataFrame
        One row a condition, re-checked by independent code.
    gain : float
        Value beyond that of the base alone with its rungs and offices, yuan, so that a plan without steps
        gains nothing.
    objective_value, bound, gap : float
        What the policy asks to be as large as possible, the proven upper bound of any plan's, and their
        relative difference. For ``profit`` that is the gain; for ``earliest`` profit with a bonus for every
        period in which the target is strong, for ``least_cost`` minus the discounted outlay.
    ended : str
        How the search ended: optimal, within the gap, a node limit, a time limit, interrupted.
    case : Case
        The market under the policy: arrays for replays (risk) and comparisons.
    rules : DataFrame
        One row a step and decision point: look (the year at whose end one looks at one's own share),
        leave_below, stay_from and push_from (the shares that divide leaving, doing less, going on and doing
        more), the chance of each, and what looking is worth (information, yuan).
    starts : Starts
        What is started, and the rule of each step, for replays.
    """

    steps: pd.DataFrame
    paths: pd.DataFrame
    ladder: pd.DataFrame
    cash_flow: pd.DataFrame
    staff: pd.DataFrame
    figures: pd.Series
    why: pd.DataFrame
    checks: pd.DataFrame
    gain: float
    objective_value: float
    bound: float
    gap: float
    ended: str
    case: Case = field(repr=False)
    rules: pd.DataFrame = field(repr=False)
    starts: Starts = field(repr=False)

    def summary(self) -> Summary:
        """What is shown of it: the steps in order."""
        figures = {name: self.figures[name] for name in ("gain", "gap", "payback_year", "peak_cash")}
        figures |= {"n_steps": len(self.steps), "n_strong": self.figures["n_strong"]}
        figures["条件核对"] = "全部成立" if self.checks["holds"].all() else "有条件不成立，请勿采用"
        columns = ["period", "name", "action", "cost", "share", "rank", "strong_from", "value", "reason"]
        step = "mkt.simulate_risk(plan) 看风险；plan.ladder、plan.cash_flow、plan.staff 看梯级、现金与人员"
        title = f"扩张路径：{words.ending(self.ended)}"
        return Summary(title, figures, self.steps[columns], step, words="plan_figures")

    @property
    def policy(self) -> Policy:
        """The policy, with codes instead of names and with its first year."""
        return self.case.policy

    @property
    def assumptions(self) -> Assumptions:
        """What the plan takes for granted."""
        return self.case.assumptions

    @property
    def market(self) -> Market:
        """The market, for another plan in it."""
        return self.case.market

    @property
    def value(self) -> float:
        """The former name of `objective_value`; the gain is `gain`."""
        warnings.warn("plan.value is now plan.gain (or plan.objective_value)", FutureWarning, stacklevel=2)
        return self.objective_value


@takes_market
def plan_expansion(
    market: Market,
    policy: Policy,
    *,
    assumptions: Assumptions | None = None,
    search: Search | None = None,
) -> ExpansionPlan:
    """Find the expansion path of most discounted profit from a base area.

    Parameters
    ----------
    market : Market
        From `expansion_market`: units, neighbours, tree, capacity.
    policy : Policy
        Orders and limits: base, horizon, money, people, what must and must not be entered.
    assumptions : Assumptions, optional
        How markets answer, programmes, ladder, staffing, discount; the default is the trade's folklore.
    search : Search, optional
        How hard to search; the default is exact for small problems.

    Returns
    -------
    ExpansionPlan

    Raises
    ------
    UnknownNameError
        With the names in the policy that no region bears, or several.
    TableError
        With the units asked for that the market has not.
    InfeasibleError
        When pinned units, history and limits contradict each other; with the smallest relaxations.

    Examples
    --------
    >>> from mktanalysis.expansion import Policy, expansion_market, grid_example, plan_expansion
    >>> market = expansion_market(*grid_example(3, 3))
    >>> plan = plan_expansion(market, Policy(base=("r1c1",), periods=4, budget=4e6))
    >>> plan.ended, bool(plan.checks["holds"].all()), plan.policy.start
    ('optimal', True, 2025)
    """
    problem = build_problem(market, policy, assumptions)
    check_horizon(problem)
    return make_plan(problem, solve(problem, search or Search()))


def make_plan(problem: Problem, outcome: Outcome) -> ExpansionPlan:
    """Replay, check and describe what a solver found."""
    case = problem.case
    tree = case.market.tree
    c = problem.candidates
    rows = np.sort(outcome.rows)
    promised = evaluate(problem, rows)
    starts = Starts(c.unit[rows], c.programme[rows], c.start[rows], c.bars[rows])
    truth = expected(case, starts)
    order = rows[np.lexsort([c.unit[rows], c.start[rows]])]
    cash_flow = _cash_table(problem, truth)
    steps = _steps(problem, order, truth, promised, tree)
    ladder = _ladder_table(case, truth.rungs[0], tree)
    alone = evaluate(problem, [])
    gain = float(promised.value - alone.value)
    reached = gain
    bound = float(outcome.bound + problem.base_value - alone.value)
    if case.policy.objective != "profit":  # the objective has a scale of its own
        reached = float(outcome.objective)
        bound = float(outcome.bound)
    gap = max(0.0, bound - reached) / max(abs(reached), 1.0) if np.isfinite(bound) else float("inf")
    figures = _figures(problem, truth, promised, cash_flow, bound, gap)
    why = explain(problem, order, promised, tree)
    return ExpansionPlan(
        named(steps.assign(reason=why["reason"].to_numpy()), "steps"),
        named(_paths(case, truth), "paths"),
        named(ladder, "ladder"),
        named(cash_flow, "cash_flow"),
        named(_staff_table(case, truth, tree), "staff"),
        figures,
        named(why, "why"),
        check_plan(case, starts, truth, promised.value),
        gain,
        reached,
        bound,
        gap,
        outcome.ended,
        case,
        rules_table(
            case,
            starts,
            (np.maximum(c.value, 0.0) - np.maximum(c.blind, 0.0))[rows],
            lambda codes: tree.names(codes).to_numpy(),
        ),
        starts,
    )


def _years(years) -> pd.PeriodIndex:
    return pd.PeriodIndex([pd.Period(year=int(y), freq="Y") for y in years], freq="Y")


def _steps(problem: Problem, order, truth: Replay, promised: Evaluation, tree: RegionTree) -> pd.DataFrame:
    case = problem.case
    c = problem.candidates
    unit = c.unit[order]
    start = c.start[order]
    income = truth.detail["unit_income"][0]
    outlay = truth.detail["unit_outlay"][0]
    strong = truth.detail["strong"][0][unit]
    since = np.where(strong.any(axis=1), strong.argmax(axis=1), -1)
    codes = case.units[unit]
    paid = outlay[unit, start]
    return pd.DataFrame(
        {
            "period": _years(np.array(case.years)[start]),
            "region": codes.to_numpy(),
            "name": tree.names(codes).to_numpy(),
            "action": np.array(problem.names, dtype=object)[c.programme[order]],
            "effort": c.opening[order] - case.column("entry_cost")[unit],
            "cost": paid,
            "saving": np.maximum(np.round(c.outlay[order, start] - paid, 2), 0.0),
            "share": truth.detail["share"][0][unit, -1],
            "strong_chance": truth.detail["chance"][unit, -1],
            "left_chance": 1 - truth.detail["kept"][unit, -1],
            "rank": truth.detail["rank"][0][unit, -1].astype(int),
            "strong_from": pd.array([case.years[s] if s >= 0 else None for s in since], dtype="Int64"),
            "cash": (income - outlay)[unit].sum(axis=1),
            "value": c.value[order],
        }
    ).astype({"action": "str"})


def _paths(case, truth: Replay) -> pd.DataFrame:
    i, t = np.nonzero(truth.held)
    detail = {
        name: truth.detail[name][0][i, t]
        for name in ("strong", "share", "rank", "unit_income", "unit_outlay")
    }
    table = pd.DataFrame(
        {"region": case.units[i], "period": _years(np.array(case.years)[t]), "held": True, **detail}
    )
    table = table.rename(columns={"unit_income": "income", "unit_outlay": "outlay"})
    return table.assign(cash=table["income"] - table["outlay"], people=truth.detail["unit_people"][i, t])


def _ladder_table(case, rungs: np.ndarray, tree: RegionTree) -> pd.DataFrame:
    """Rung regions ever strong, by period reached, lower levels first."""
    ladder = case.ladder
    g = np.flatnonzero(rungs.any(axis=1))
    first = rungs[g].argmax(axis=1)
    order = np.lexsort([g, first])
    g = g[order]
    first = first[order]
    codes = ladder.regions[g]
    return pd.DataFrame(
        {
            "level": pd.array([ladder.rungs[x].level for x in g], dtype="str"),
            "region": pd.array(list(codes), dtype="str"),
            "name": tree.names(codes).to_numpy() if len(codes) else pd.array([], dtype="str"),
            "period": _years(np.array(case.years)[first]),
            "held": rungs[g, -1],
        }
    )


def _cash_table(problem: Problem, truth: Replay) -> pd.DataFrame:
    policy = problem.case.policy
    income, outlay, office, radiance = (
        x[0] for x in (truth.income, truth.outlay, truth.office_cost, truth.radiance)
    )
    return pd.DataFrame(
        {
            "period": _years(policy.years),
            "budget": policy.per_period("budget"),
            "income": income,
            "radiance": radiance,
            "outlay": outlay,
            "office_cost": office,
            "cash": income + radiance - outlay - office,
            "need": truth.need[0],
            "money_left": truth.money[0],
            "n_held": truth.held.sum(axis=0),
            "n_strong": truth.n_strong[0],
        }
    )


def _staff_table(case, truth: Replay, tree: RegionTree) -> pd.DataFrame:
    policy = case.policy
    assumptions = case.assumptions
    people = truth.people[0]
    table = pd.DataFrame({"period": _years(policy.years), "staff": people})
    table["managers"] = np.ceil(people / assumptions.staffing.people_per_manager - 1e-9)
    table["limit"] = np.nan if policy.people is None else np.array(policy.per_period("people"))
    for level in dict.fromkeys(r.level for r in case.ladder.rungs):
        at = [g for g, r in enumerate(case.ladder.rungs) if r.level == level]
        table[f"offices_{level}"] = truth.offices[at].sum(axis=0)
    return table


def _figures(
    problem, truth: Replay, promised: Evaluation, cash: pd.DataFrame, bound: float, gap: float
) -> pd.Series:
    case = problem.case
    alone = expected(case, NOTHING)
    base_cash = (alone.income + alone.radiance - alone.outlay - alone.office_cost)[0]
    beyond = cash["cash"].to_numpy() - base_cash
    total = np.cumsum(beyond)
    gain = float(truth.value[0] - alone.value[0])
    spent = (truth.outlay + truth.office_cost)[0]
    spent_alone = (alone.outlay + alone.office_cost)[0]
    capacity = case.capacity[:, -1]
    sales = (truth.detail["share"][0] * case.capacity)[:, -1]
    strong = truth.detail["strong"][0][:, -1]
    return pd.Series(
        {
            "value": float(truth.value[0]),
            "promised_value": promised.value,
            "base_value": float(alone.value[0]),
            "gain": gain,
            "gain_within": float(beyond @ problem.weight),
            "gain_after": gain - float(beyond @ problem.weight),
            "gross_spending": float((spent - spent_alone).sum()),
            "bound": bound,
            "gap": gap,
            "payback_year": _payback(total, case.years),
            "peak_cash": float(max(0.0, -total.min())),
            "capacity_covered_share": float(capacity[truth.held[:, -1]].sum() / max(capacity.sum(), 1e-9)),
            "share_overall": float(sales.sum() / max(capacity.sum(), 1e-9)),
            "concentration": float(sales[strong].sum() / max(sales.sum(), 1e-9)),
            "n_held": float(truth.held[:, -1].sum()),
            "n_strong": float(strong.sum()),
            "peak_staff": float(truth.people[0].max()),
            "first_step_budget": first_step_budget(problem),
        },
        name="value",
    ).pipe(named, "plan_figures")


def _payback(total: np.ndarray, years) -> float:
    """First year from whose end on the cumulated cash beyond the base's stays at or above zero; missing if
    it never does, or if nothing was spent or earned.

    >>> _payback(np.array([-3.0, -1.0, 2.0, 5.0]), (2025, 2026, 2027, 2028))
    2027.0
    """
    tolerance = 1e-9 * max(1.0, np.abs(total).max())
    if total[-1] < -tolerance or np.abs(total).max() <= tolerance:
        return float("nan")
    touched = np.flatnonzero(np.abs(total) > tolerance)[0]
    below = np.flatnonzero(total < -tolerance)
    return float(years[max(touched, below[-1] + 1 if len(below) else 0)])
