"""Programmes that look at their own share and leave, keep or push on: rules, promises, rivals that come."""

import itertools

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.expansion import (
    Assumptions,
    Chance,
    Phase,
    Policy,
    Programme,
    Review,
    Search,
    expansion_market,
    grid_example,
    plan_expansion,
)
from mktanalysis.expansion.choices.beliefs import NOTHING_SHOWN, Beliefs
from mktanalysis.expansion.choices.candidates import build_problem
from mktanalysis.expansion.choices.chance import answers, reading
from mktanalysis.expansion.choices.evaluate import evaluate
from mktanalysis.expansion.choices.rules import best_cuts
from mktanalysis.expansion.phases import CONCENTRATED, LIGHT, SCOUT, UPKEEP, scout_then, tracks
from mktanalysis.expansion.results.replay import Starts, expected

EXACT = Search(method="exact", gap=0.0, nodes=10_000)


def _entries(*rows):
    return pd.DataFrame(rows, columns=["region", "year", "probability"])


def _market(seed=0, shape=(2, 3), entries=None, **columns):
    units, edges, tree = grid_example(*shape, random_state=seed, per_prefecture=2)
    return expansion_market(units.assign(**columns), edges, tree, rival_entries=entries)


# ---- the rule --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [2, 3, 4])
def test_the_best_cuts_are_the_best_of_all_cuts(options):
    rng = np.random.default_rng(options)
    values = rng.normal(size=(options, 6, 20))
    told = np.array([1.0, 2.0, 2.0, 3.0, 4.0, 5.0])  # two parts that nobody can tell apart
    cuts = best_cuts(values, told[:, None])
    for choice in range(values.shape[2]):
        worths = {
            at: sum(values[k, a:b, choice].sum() for k, (a, b) in enumerate(itertools.pairwise([0, *at, 6])))
            for at in itertools.combinations_with_replacement([0, 1, 3, 4, 5, 6], options - 1)
        }
        assert worths[tuple(cuts[:, choice])] == pytest.approx(max(worths.values()))


class Alone:
    """One unit, one programme with one review, followed in plain loops: what the planner should promise."""

    def __init__(self, case, unit, start, programme):
        self.case, self.unit, self.start, self.programme = case, unit, start, programme
        self.parts = answers(case.assumptions, rivals_enter=case.arrivals is not None)

    def value(self, part, option, at):
        """Discounted profit of one answer if `option` is what is done after `at` years."""
        case, response, assumed = self.case, self.case.assumptions.response, self.case.assumptions
        row = case.table.iloc[self.unit]
        rivals, order = case.rivals[self.unit], 1 + (case.rivals[self.unit] > 0).sum()
        far = 1 + response.distance_cost * row["distance_km"] / 100
        goodwill = share = total = earned = last = 0.0
        phase, since, paid = self.programme, 0, 0.0
        for t in range(self.start, case.policy.periods):
            age, cost, back = t - self.start, 0.0, 0.0
            if age == at and option == "leave":
                net = (assumed.leaving_cost - assumed.salvage) * paid * row["entry_cost"]
                return total - net / (1 + assumed.discount) ** (t + 1)
            if age == at and option != "stay":
                phase, since = option, at
            entry = phase.entry * row["entry_cost"] if age == since else 0.0
            paid += phase.entry if age == since else 0.0
            effort = phase.effort[min(age - since, len(phase.effort) - 1)]
            strength = row["rival_strength"] * (1 + response.reaction * row["reaction"] * share * (age > 0))
            if case.arrivals is not None and self.parts.arrival[part] <= case.arrivals[self.unit, t]:
                strength += response.entrant
            goodwill = response.carry_over * goodwill
            goodwill += (1 - response.carry_over) * self.parts.factor[part] * effort
            pull = goodwill / order**response.order_exponent
            share = pull / (pull + response.rival_effort * strength)
            rank = 1 + (rivals * (1 - share) > share).sum()
            margin = response.rank_margin[min(rank, len(response.rank_margin)) - 1]
            earned = case.capacity[self.unit, t] * share * margin
            cost = case.capacity[self.unit, t] * effort * far + row["annual_cost"] + entry
            total += (earned + back - cost) / (1 + assumed.discount) ** (t + 1)
            last = earned - case.capacity[self.unit, t] * phase.effort[-1] * far - row["annual_cost"]
        end = assumed.terminal_years / (1 + assumed.discount) ** case.policy.periods
        return total + end * max(last, 0.0)

    def best(self):
        """The best of all rules that divide the answers by their reading."""
        review = self.programme.review
        told = reading(self.parts.factor, self.parts.luck, review.after, self.case.assumptions)
        order = np.argsort(told, kind="stable")
        worth = np.array([[self.value(p, option, review.after) for p in order] for option in review.options])
        n = len(order)
        if self.start + review.after >= self.case.policy.periods:
            return worth[review.options.index("stay")].mean()
        cuts = itertools.combinations_with_replacement(range(n + 1), len(worth) - 1)
        return max(
            sum(worth[k, a:b].sum() for k, (a, b) in enumerate(itertools.pairwise([0, *at, n]))) / n
            for at in cuts
        )


PUSH = Phase(name="集中", effort=(0.07, 0.04), entry=0.6)
LOOK = Programme(name="看一年", effort=(0.02,), entry=0.4, review=Review(after=1, more=(PUSH,)))
THREE = Programme(name="三条路", effort=(0.06, 0.05), review=Review(after=2, less=(UPKEEP,)))


@pytest.mark.parametrize("programme", [LOOK, THREE], ids=["scout", "force"])
@pytest.mark.parametrize("rivals_come", [False, True])
def test_each_choice_follows_the_best_rule_and_promises_what_it_brings(programme, rivals_come):
    entries = _entries(("r1c2", 2026, 0.3), ("r1c2", 2028, 0.5)) if rivals_come else None
    market = _market(seed=3, shape=(1, 2), entries=entries, reaction=1.5, annual_cost=5e4)
    assumed = Assumptions(programmes=(programme,), spread=0.6, rungs=(), spill=0.0)
    problem = build_problem(market, Policy(base=("r1c1",), periods=5, budget=1e8), assumed)
    assert len(problem.candidates) == 5
    for row in range(5):
        alone = Alone(problem.case, 1, problem.candidates.start[row], programme)
        assert problem.candidates.value[row] == pytest.approx(alone.best(), rel=1e-9)


def test_the_right_to_leave_is_never_worth_less_than_nothing():
    free = Assumptions(programmes=(SCOUT, CONCENTRATED))
    bound = Assumptions(programmes=(LIGHT, CONCENTRATED.model_copy(update={"review": None})))
    policy = Policy(base=("r1c1",), periods=6)
    some, none = (build_problem(_market(1), policy, x, keep_dominated=True).candidates for x in (free, bound))
    force = [c.value[c.programme == 1] for c in (some, none)]
    assert (force[0] >= force[1] - 1e-6).all() and (force[0] > force[1] + 1.0).any()


def test_without_spread_nothing_is_learnt_by_looking():
    market, policy = _market(2), Policy(base=("r1c1",), periods=6)
    known = Assumptions(spread=0.0, programmes=(scout_then(CONCENTRATED),))
    c = build_problem(market, policy, known, keep_dominated=True).candidates
    assert np.isin(c.kept, [0.0, 1.0]).all()  # whatever is done is known beforehand
    assert np.isin(c.bars[~np.isnan(c.bars)], [0.0, np.inf]).all()


def test_bars_that_are_given_divide_by_the_share_that_is_seen():
    given = Programme(name="按线", effort=(0.04,), review=Review(after=1, bars=(0.05,)))
    assumed = Assumptions(programmes=(given,), luck=0.0)
    problem = build_problem(_market(0, (1, 2)), Policy(base=("r1c1",), periods=4), assumed)
    c, case = problem.candidates, problem.case
    first = np.flatnonzero(c.start == 0)[0]
    found = expected(case, Starts(c.unit[[first]], c.programme[[first]], c.start[[first]], c.bars[[first]]))
    answered = found.detail["answers"].detail
    share, kept = answered["share"][:, 1, 0], answered["kept"][:, 1, 1]
    assert 0 < kept.mean() < 1
    assert ((share >= 0.05) == (kept > 0)).all()


def test_two_reviews_one_after_the_other():
    later = Phase(name="再看", effort=(0.05,), review=Review(after=1, less=(UPKEEP,)))
    first = Programme(name="两次", effort=(0.03,), review=Review(after=1, more=(later,)))
    assert [track.looks for track in tracks([first])] == [1, 2, None]
    plan = _plan(_market(1), Assumptions(programmes=(first,), spread=0.8), contiguity="none")
    assert len(plan.steps) and plan.checks["holds"].all()


# ---- plans -----------------------------------------------------------------------------------------------


def _plan(market, assumed, search=EXACT, **policy):
    policy = {"base": ("r1c1",), "periods": 4, "budget": 4e6, **policy}
    return plan_expansion(market, Policy(**policy), assumptions=assumed, search=search)


#: Looked at after a year and mostly left again.
CHEAP = Programme(
    name="探路", effort=(0.015,), entry=0.1, review=Review(after=1, bars=(0.05, 0.05), more=(PUSH,))
)


def _best_of_all(problem):
    """The best of all plans whose starts touch the base, or what is likelier held than left."""
    c, case = problem.candidates, problem.case
    near, base = case.adjacency.toarray() > 0, case.base
    best = -np.inf
    units = np.flatnonzero(~base)
    for rows in itertools.product(*[[-1, *np.flatnonzero(c.unit == i)] for i in units]):
        rows = [row for row in rows if row >= 0]
        held = {c.unit[row]: c.held[row] for row in rows}
        if case.policy.contiguity == "held" and not all(
            near[c.unit[r]][base].any()
            or any(near[c.unit[r], j] and on[c.start[r] - 1] for j, on in held.items() if c.start[r])
            for r in rows
        ):
            continue
        found = evaluate(problem, rows)
        best = max(best, found.value) if found.feasible else best
    return best


@pytest.mark.parametrize("contiguity", ["held", "none"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_exact_plan_with_leaving_is_the_best_of_all_plans(seed, contiguity):
    market = _market(seed, rival_strength=[0.6, 0.9, 0.7, 0.8, 0.6, 1.0])
    assumed = Assumptions(programmes=(CHEAP, THREE), spread=0.9, terminal_years=8.0)
    policy = {"periods": 3, "budget": 1e6, "contiguity": contiguity}
    problem = build_problem(market, Policy(base=("r1c1",), **policy), assumed, keep_dominated=True)
    assert (problem.candidates.kept > 0).any() and (problem.candidates.held[:, -1] == 0).any()
    plan = _plan(market, assumed, **policy)
    assert plan.figures["value"] == pytest.approx(_best_of_all(problem), rel=1e-7)
    assert plan.checks["holds"].all()


@pytest.mark.parametrize("method", ["greedy", "anneal", "search", "auto"])
@pytest.mark.parametrize("contiguity", ["held", "strong", "none"])
def test_every_search_keeps_the_rules_and_the_promise(method, contiguity):
    entries = _entries(*[(f"r{r}c{c}", 2026, 0.3) for r in (1, 2, 3) for c in (1, 2, 3)])
    market = _market(4, (4, 4), entries=entries)
    assumed = Assumptions(programmes=(CHEAP, THREE), spread=0.9)
    search = Search(method=method, rounds=4, anneal_rounds=10, nodes=5)
    plan = _plan(market, assumed, search=search, contiguity=contiguity, budget=6e6)
    assert plan.checks["holds"].all()
    assert plan.figures["value"] == pytest.approx(plan.figures["promised_value"], rel=1e-9)


# ---- rivals ----------------------------------------------------------------------------------------------


def test_a_rival_that_is_sure_to_come_is_a_stronger_market_from_then_on():
    policy, assumed = Policy(base=("r1c1",), periods=5), Assumptions(spread=0.0, programmes=(LIGHT,))
    columns = {"rival_strength": 1.0}
    sure = _market(0, (1, 2), entries=_entries(("r1c2", 2025, 1.0)), **columns)
    strong = _market(0, (1, 2), rival_strength=[1.0, 1.0 + assumed.response.entrant])
    calm = assumed.replace(response=assumed.response.model_copy(update={"reaction": 0.0}))
    one, two = (build_problem(m, policy, calm).candidates for m in (sure, strong))
    np.testing.assert_allclose(one.value, two.value)
    never = _market(0, (1, 2), entries=_entries(("r1c2", 2026, 0.0)), **columns)
    plain = _market(0, (1, 2), **columns)
    one, two = (build_problem(m, policy, assumed).candidates for m in (never, plain))
    np.testing.assert_array_equal(one.value, two.value)


def test_rivals_that_answer_harder_leave_less():
    policy = Policy(base=("r1c1",), periods=6)
    worth = [
        build_problem(_market(0, reaction=x), policy, Assumptions(), keep_dominated=True).candidates.value
        for x in (0.0, 1.0, 3.0)
    ]
    assert (worth[0] >= worth[1]).all() and (worth[1] >= worth[2]).all() and worth[0].sum() > worth[2].sum()


def test_rivals_may_come_to_the_base_too():
    policy = Policy(base=("r1c1",), periods=5)
    calm, threatened = (
        build_problem(_market(0, entries=x), policy, Assumptions()).base_value
        for x in (None, _entries(("r1c1", 2026, 0.8)))
    )
    assert threatened < calm


# ---- what is refused -------------------------------------------------------------------------------------


TWICE = Review(after=1, more=(PUSH,))


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: Review(after=1, leave=False), "没有可选的做法"),
        (lambda: Review(after=1, more=(PUSH,), bars=(0.06, 0.03)), "互相矛盾"),
        (lambda: Review(after=1, bars=(0.01, 0.03)), "2 个，2 种做法之间应有 1 个"),
        (lambda: Review(after=0), "after：不能小于 1"),
        (lambda: Programme(name="付两次", effort=(0.02,), review=TWICE), "不能超过一次"),
        (lambda: Assumptions(luck=-1.0), "luck：不能小于 0"),
    ],
)
def test_rules_that_cannot_be_are_refused(make, words):
    with pytest.raises(mkt.MktError, match=words):
        make()


def test_a_look_beyond_the_horizon_is_refused():
    late = Programme(name="迟看", effort=(0.04,), review=Review(after=5))
    with pytest.raises(mkt.MktError, match="迟看 在进入后第 5 年末看份额，而计划期只有 4 年"):
        _plan(_market(), Assumptions(programmes=(late,)))


@pytest.mark.parametrize(
    "rows, words",
    [
        ([("r1c1", 2026, 1.2)], "probability"),
        ([("r9c9", 2026, 0.2)], "地区代码不在地区树中"),
        ([("r1c1", 2026, 0.2), ("r1c1", 2026, 0.3)], "region"),
        ([("r1c1", 2026, 0.7), ("r1c1", 2027, 0.7)], "合计 1.40，超过 1"),
    ],
)
def test_chances_of_rivals_that_cannot_be_are_refused(rows, words):
    with pytest.raises(mkt.TableError, match=words):
        _market(entries=_entries(*rows))


def test_a_net_that_is_larger_than_the_budget_is_told():
    pinned = {f"r{r}c{c}": 2025 for r in (1, 2, 3) for c in (1, 2, 3) if (r, c) != (2, 2)}
    market = _market(0, (3, 3))
    with pytest.raises(mkt.InfeasibleError, match="预算"):
        _plan(market, Assumptions(), base=("r2c2",), pinned=pinned, budget=5e4, contiguity="none")


# ---- what others show ------------------------------------------------------------------------------------


def test_belief_follows_bayes():
    """Against the posterior of a joint normal, computed with its whole covariance matrix."""
    assumed = Assumptions(spread=0.5, common=0.4, luck=0.3)
    n, years = 4, [1, 2, 3, 1]
    prior = 0.25 * (0.4 * np.ones((n, n)) + 0.6 * np.eye(n))
    noise = np.diag([0.09 / y for y in years])
    told = np.log([1.4, 0.7, 0.8, 0.9])
    mean = (prior @ np.linalg.solve(prior + noise, told + 0.125))[0]
    others = [(i, np.exp([x]), y) for i, (x, y) in enumerate(zip(told[1:], years[1:], strict=True), start=1)]
    known = Beliefs(assumed, np.zeros(4, dtype=int), NOTHING_SHOWN)
    adjusted = known.together(0, np.exp(told[:1]), 1, others)
    alone = 0.25 / (0.25 + 0.09) * (np.log(adjusted) + 0.125)
    assert alone == pytest.approx([mean])
    assert known.together(0, np.exp(told[:1]), 1, []) == pytest.approx(np.exp(told[0]))


def test_heeding_the_province_pays_on_average():
    market = _market(5, (4, 5))
    assumed = Assumptions(spread=0.8, common=0.8, luck=0.6, rungs=(), spill=0.0)
    plan = _plan(market, assumed, search=Search(method="greedy"), budget=3e7, periods=6)
    calm = Chance(capacity_sd=0.0, response_sd=0.0, rivals_sd=0.0, reaction=(0.25, 0.25))
    alone, together = (
        mkt.simulate_risk(plan, chance=calm, n_draws=3000, learn=x).figures["mean"] for x in (False, True)
    )
    assert together > alone
