"""Drawn markets small enough to try every plan: the exact solver finds the best one, no bound is below it.

Always holds: `Oracle` calls nothing of the planner - shares, ranks, money, people, ladder, spill-over and
contiguity follow from the tables, the policy and docs/expansion-model.md, written down a second time; only
the table of `workload` is taken over.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mktanalysis as mkt
from mktanalysis.expansion import (
    Assumptions,
    Policy,
    Response,
    Rung,
    Search,
    expansion_market,
    grid_example,
    plan_expansion,
    workload,
)
from mktanalysis.expansion.phases import EASY_CONCENTRATED as FORCE
from mktanalysis.expansion.phases import LIGHT, Programme


@dataclass(frozen=True, eq=False)
class Course:
    """One unit under one choice: arrays over the periods, and what the opening and the end are worth."""

    start: int
    name: str
    held: np.ndarray
    strong: np.ndarray
    share: np.ndarray
    income: np.ndarray
    outlay: np.ndarray
    people: np.ndarray
    opening: float = 0.0
    running: float = 0.0


class Oracle:
    """All plans of a market; `units` needs every optional column, the ladder is prefecture and province."""

    def __init__(self, units, edges, tree, policy):
        self.assumed = policy.assumptions
        self.policy, self.tree, units = policy, tree, units.set_index("region").sort_index()
        self.units = units.to_dict("index")
        self.codes, self.T = list(self.units), policy.periods
        self.near = {c: set() for c in self.codes}
        for edge in edges.itertuples():
            self.near[edge.region].add(edge.neighbor)
        self.base = [c in policy.base for c in self.codes]
        table = workload(units["customers"], staffing=self.assumed.staffing)
        self.staff = table.set_index(["region", "phase"])["staff"].to_dict()
        self.capacity = np.array([self._capacity(c) for c in self.codes])
        self.courses = [self._courses(c) for c in self.codes]

    def _capacity(self, code):
        row = self.units[code]
        return row["capacity"] * (1 + row["growth"]) ** np.arange(self.T)

    def _answer(self, code, efforts, share, strong):
        """Shares, strength and contribution per yuan of capacity, year by year, for the efforts given."""
        row, response, found = self.units[code], self.assumed.response, []
        rivals = [row[f"rival_{k}"] for k in (1, 2, 3)]
        for effort in efforts:
            own = effort**response.elasticity
            aim = own / (own + (response.rival_effort * row["rival_strength"]) ** response.elasticity)
            share += (response.ramp if aim >= share else 1 - response.retention) * (aim - share)
            left = (1 - share) / (1 - row["own_share"])
            rank = 1 + sum(r * left > share for r in rivals)
            door = response.exit_share if strong else response.enter_share
            strong = rank <= response.strong_rank and share >= door
            margins = response.rank_margin
            found.append((share, strong, share * margins[min(rank, len(margins)) - 1]))
        return (np.array(x) for x in zip(*found, strict=True))

    def _far(self, code):
        return 1 + self.assumed.response.distance_cost * self.units[code]["distance_km"] / 100

    def _courses(self, code):
        row, capacity = self.units[code], self._capacity(code)
        hold = max(p.effort[-1] for p in self.assumed.programmes)
        if code in self.policy.base:
            own, response = row["own_share"], self.assumed.response
            aim = hold**response.elasticity
            aim /= aim + (response.rival_effort * row["rival_strength"]) ** response.elasticity
            first = (own, own >= response.enter_share) if own > 0 else (aim, aim >= response.exit_share)
            share, strong, earned = self._answer(code, [hold] * self.T, *first)
            on = np.ones(self.T)
            outlay = capacity * hold * self._far(code) + row["annual_cost"]
            staff = on * self.staff[code, "mature"]
            income = capacity * earned
            return [Course(-1, "", on, strong, share, income, outlay, staff, 0.0, income[-1] - outlay[-1])]
        none = np.zeros(self.T)
        choices = [Course(self.T, "", none, none > 0, none, none, none, none)]
        return choices + [
            self._started(code, s, p)
            for s in range(self._first(code), self.T)
            for p in self.assumed.programmes
            if code not in self.policy.forbidden and self.policy.pinned.get(code) in (None, self._year(s))
        ]

    def _year(self, period):
        return self.policy.start + period

    def _first(self, code):
        """Steps from the base less one: no plan with contiguity can be there earlier."""
        if self.policy.contiguity == "none":
            return 0
        seen, steps = set(self.policy.base), 0
        while code not in seen and steps < self.T + 1:
            seen |= {b for a in seen for b in self.near[a]}
            steps += 1
        return steps - 1

    def _started(self, code, s, programme):
        row, capacity = self.units[code], self._capacity(code)
        efforts = [programme.effort[min(a, len(programme.effort) - 1)] for a in range(self.T - s)]
        share, strong, earned = self._answer(code, efforts, row["own_share"], False)
        before = np.zeros(s)
        effort = capacity[s:] * efforts * self._far(code)
        opening = row["entry_cost"] + effort[0]
        outlay = np.append(before, effort + row["annual_cost"])
        outlay[s] += row["entry_cost"]
        staff = np.full(self.T - s, self.staff[code, "mature"])
        staff[0] = self.staff[code, "first_year"]
        income = np.append(before, capacity[s:] * earned)
        lasting = capacity[-1] * programme.effort[-1] * self._far(code) + row["annual_cost"]
        return Course(
            s,
            programme.name,
            np.append(before, np.ones(self.T - s)),
            np.append(before > 0, strong),
            np.append(before, share),
            income,
            outlay,
            np.append(before, staff * programme.visits),
            opening,
            max(income[-1] - lasting, 0.0),
        )

    def choices(self):
        """Each unit with its choices, the first of them to stay away (or the base's own)."""
        return zip(self.codes, self.courses, strict=True)

    def plans(self):
        """All combinations of choices that hang together, one row a plan."""
        counts = [range(len(choices)) for choices in self.courses]
        grid = np.array(list(itertools.product(*counts)), dtype=np.int16)
        return grid[self._hang_together(grid)]

    def _stack(self, grid, name):
        """One figure of all plans, shape (plans, units, periods) or (plans, units)."""
        columns = [
            np.array([getattr(x, name) for x in choices])[grid[:, i]]
            for i, choices in enumerate(self.courses)
        ]
        return np.stack(columns, axis=1)

    def _hang_together(self, grid):
        rule, good = self.policy.contiguity, np.ones(len(grid), dtype=bool)
        if rule == "none":
            return good
        state = self._stack(grid, "held" if rule == "held" else "strong").astype(bool)
        for i, code in enumerate(self.codes):
            if self.base[i]:
                continue
            near = [j for j, other in enumerate(self.codes) if other in self.near[code]]
            door = [j for j in near if self.base[j] and self.courses[j][0].strong.all()]
            if any(self.base[j] for j in near) if rule == "held" else door:
                continue
            for choice, course in enumerate(self.courses[i]):
                s = course.start
                if s < self.T:
                    touched = state[:, near, s - 1].any(axis=1) if s > 0 else np.zeros(len(grid), dtype=bool)
                    good &= (grid[:, i] != choice) | touched
        return good

    def judge(self, grid):
        """Value of every plan and whether money, people, starts and pins allow it."""
        policy, start = self.policy, self._stack(grid, "start")
        held, strong, share = (self._stack(grid, name) for name in ("held", "strong", "share"))
        income, outlay = self._stack(grid, "income"), self._stack(grid, "outlay")
        outlay = outlay - self._saved(start, strong, self._stack(grid, "opening"))
        office, radiance = self._ladder(held > 0, strong, share)
        profit = income - outlay
        need = np.where(profit < 0, -profit, -policy.reinvest * profit).sum(axis=1)
        need = need + office - policy.reinvest * radiance
        budget = np.array(policy.per_period("budget"))
        money = np.cumsum(budget - need, axis=1) if policy.carry_over else budget - need
        fits = (money >= -1e-6 * budget.max()).all(axis=1)
        if policy.people is not None:
            fits &= (
                self._stack(grid, "people").sum(axis=1) <= np.array(policy.per_period("people")) + 1e-6
            ).all(axis=1)
        if policy.new_units is not None:
            new = np.stack([(start == t).sum(axis=1) for t in range(self.T)], axis=1)
            fits &= (new <= policy.new_units).all(axis=1)
        for code in policy.pinned:
            fits &= start[:, self.codes.index(code)] < self.T
        weight = 1 / (1 + self.assumed.discount) ** np.arange(1, self.T + 1)
        last, base = self._stack(grid, "running"), np.array(self.base)
        running = last[:, ~base].sum(axis=1) + np.maximum(last[:, base].sum(axis=1), 0.0)
        running = running + radiance[:, -1] - office[:, -1]
        self.spent = (outlay[:, ~base].sum(axis=1) + office) @ weight
        value = (profit.sum(axis=1) + radiance - office) @ weight
        return value + self.assumed.terminal_years * weight[-1] * running, fits

    def _saved(self, start, strong, opening):
        """Part of the opening that strong neighbours of the year before save."""
        saved = np.zeros(strong.shape)
        for i, code in enumerate(self.codes):
            near = [j for j, other in enumerate(self.codes) if other in self.near[code]]
            for t in range(self.T):
                if t > 0:
                    helpers = strong[:, near, t - 1].sum(axis=1)
                else:  # before the first year the base stands as in its first year
                    helpers = sum(self.base[j] and self.courses[j][0].strong[0] for j in near)
                part = np.minimum(self.assumed.spill * helpers, self.assumed.spill_cap)
                saved[:, i, t] = np.where(start[:, i] == t, part * opening[:, i], 0.0)
        return saved

    def _ladder(self, held, strong, share):
        """Cost of offices and radiance of strong regions, shape (plans, periods)."""
        office = np.zeros((len(held), self.T))
        radiance = np.zeros_like(office)
        below = {code: (held[:, i], strong[:, i], self.capacity[i]) for i, code in enumerate(self.codes)}
        sales = {code: self.capacity[i] * share[:, i] for i, code in enumerate(self.codes)}
        parent, self.reached = self.tree.table.set_index("region")["parent"], {}
        for rung in self.assumed.rungs:
            above = {}
            for region in self.tree.level(rung.level):
                children = [code for code in below if parent[code] == region]
                weight = sum(below[c][2] for c in children)
                sold = sum(sales[c] for c in children)
                managed = sum(below[c][0].astype(int) for c in children) >= rung.office_from
                needed = max(1, int(np.ceil(rung.count_share * len(children) - 1e-9)))
                reached = sum(below[c][1].astype(int) for c in children) >= needed
                reached &= sum(
                    below[c][1] * below[c][2] for c in children
                ) >= rung.capacity_share * weight * (1 - 1e-9)
                reached &= sold >= rung.share * weight * (1 - 1e-9)
                self.reached[region] = np.broadcast_to(reached, office.shape)
                office += managed * rung.office_cost
                radiance += reached * rung.radiance * weight
                above[region], sales[region] = (managed, reached, weight), sold
            below = above
        return office, radiance

    def best(self):
        """Highest value of a plan that every condition allows; None if there is none."""
        value, fits = self.judge(self.plans())
        return float(value[fits].max()) if fits.any() else None

    def row_of(self, steps):
        """The plan of a table of steps as a row of choices."""
        chosen = {r.region: (r.period.year - self.policy.start, r.action) for r in steps.itertuples()}
        row = [
            next(k for k, x in enumerate(choices) if (x.start, x.name) == chosen.get(code, (x.start, x.name)))
            for code, choices in zip(self.codes, self.courses, strict=True)
        ]
        return np.array([row], dtype=np.int16)

    def stands(self, steps):
        """Value of the plan of a table of steps, and whether it keeps every condition."""
        row = self.row_of(steps)
        value, fits = self.judge(row)
        return float(value[0]), bool(fits[0] and self._hang_together(row)[0])


#: Two efforts too low to win anything: where nothing is lost either (retention 1), the less the better, but
#: the more saves more by spill-over.
PRESENT, IDLE = Programme(name="守摊", effort=(0.012,)), Programme(name="留守", effort=(0.008,))
#: Plans of one market that are tried at most; more are cut by forbidding units.
MOST_PLANS = 20_000
EXACT = Search(method="exact", gap=0.0, nodes=100_000)
CALM = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@st.composite
def markets(draw):
    """Units, edges, tree, policy: ladder, spill-over, contiguity, tight money and people."""
    shape = draw(st.sampled_from([(3, 3), (4, 4)]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    units, edges, tree = grid_example(*shape, random_state=0, per_prefecture=draw(st.sampled_from([2, 3, 4])))
    n = len(units)
    units = units.assign(
        capacity=1e7 * rng.uniform(0.5, 5.0, n).round(2),
        growth=rng.choice([-0.05, 0.0, 0.08], n),
        own_share=rng.choice([0.0, 0.0, 0.05, 0.12], n),
        rival_strength=rng.uniform(0.3, 1.3, n).round(2),
        rival_1=rng.uniform(0.1, 0.35, n).round(3),
        rival_2=rng.uniform(0.05, 0.25, n).round(3),
        rival_3=rng.uniform(0.0, 0.15, n).round(3),
        entry_cost=1e5 * rng.uniform(2.0, 15.0, n).round(1),
        annual_cost=1e5 * rng.uniform(0.0, 3.0, n).round(1),
        distance_km=rng.uniform(0.0, 300.0, n).round(0),
        customers=rng.uniform(20.0, 300.0, n).round(0),
    )
    policy = _policy(draw, rng, units, shape)
    counts, cut = {code: len(x) for code, x in Oracle(units, edges, tree, policy).choices()}, []
    while np.prod(list(counts.values()), dtype=float) > MOST_PLANS:
        cut.append(str(rng.choice([c for c in counts if counts[c] > 1 and c not in policy.pinned])))
        counts[cut[-1]] = 1
    policy = policy.replace(forbidden=tuple(sorted(cut)))
    return units, edges, tree, policy


def _policy(draw, rng, units, shape):
    periods = draw(st.sampled_from([2, 3]))
    budget = rng.uniform(3e5, 6e6, periods).round(-3)
    policy = Policy(
        start=2025,
        base=(draw(st.sampled_from(["r1c1", "r2c2", "r1c2"])),),
        periods=periods,
        budget=tuple(budget.tolist()),
        reinvest=draw(st.sampled_from([0.0, 0.5, 1.0])),
        carry_over=draw(st.booleans()),
        people=draw(st.sampled_from([None, 3.0, 6.0])),
        new_units=draw(st.sampled_from([None, 1, 2])),
        contiguity=draw(st.sampled_from(["held", "held", "strong", "none"])),
        pinned={"r2c1": None} if draw(st.integers(0, 4)) == 0 else {},
    )
    return policy.assuming(_assumptions(draw, rng))


def _assumptions(draw, rng):
    rungs = tuple(
        Rung(
            level=level,
            count_share=float(rng.choice([0.3, 0.5, 0.8])),
            capacity_share=float(rng.choice([0.2, 0.5])),
            share=float(rng.choice([0.02, 0.08])),
            radiance=float(rng.choice([0.0, 0.005, 0.03])),
            office_from=int(rng.integers(1, 4)),
            office_cost=float(rng.choice([0.0, 1e5, 6e5])),
        )
        for level in ("prefecture", "province")
    )
    enter = float(rng.choice([0.12, 0.2]))
    return Assumptions.easy(
        programmes=draw(st.sampled_from([(FORCE,), (LIGHT, FORCE), (FORCE, PRESENT, IDLE)])),
        response=Response.easy(
            enter_share=enter,
            exit_share=0.8 * enter,
            ramp=float(rng.choice([0.4, 0.8])),
            retention=float(rng.choice([0.7, 1.0])),
        ),
        rungs=draw(st.sampled_from([rungs, rungs[:1], ()])),
        spill=draw(st.sampled_from([0.0, 0.1, 0.3])),
        spill_cap=0.4,
        terminal_years=draw(st.sampled_from([0.0, 3.0, 8.0])),
    )


def _near(value, policy):
    return pytest.approx(value, rel=1e-7, abs=1e-6 * max(policy.per_period("budget")))


@settings(CALM, max_examples=45)
@given(market=markets())
def test_exact_equals_the_best_of_all_plans(market):
    *tables, policy = market
    oracle = Oracle(*tables, policy)
    best = oracle.best()
    if best is None:
        with pytest.raises(mkt.InfeasibleError):
            plan_expansion(expansion_market(*tables), policy, search=EXACT)
        return
    plan = plan_expansion(expansion_market(*tables), policy, search=EXACT)
    assert plan.ended == "optimal" and plan.gap < 1e-6
    assert plan.figures["value"] == _near(best, policy)
    assert oracle.stands(plan.steps) == (_near(best, policy), True)


@settings(CALM, max_examples=45)
@given(
    market=markets(),
    method=st.sampled_from(["greedy", "anneal", "search", "auto"]),
    few=st.integers(0, 3),
)
def test_no_bound_is_below_the_best_of_all_plans_and_no_method_breaks_a_rule(market, method, few):
    *tables, policy = market
    oracle = Oracle(*tables, policy)
    best = oracle.best()
    if best is None:
        return
    search = Search(method=method, gap=0.0, nodes=few, rounds=few, anneal_rounds=5 * few)
    plan = plan_expansion(expansion_market(*tables), policy, search=search)
    value, stands = oracle.stands(plan.steps)
    assert stands and plan.checks["holds"].all()
    assert plan.figures["value"] == _near(value, policy)
    room = best - plan.figures["base_value"]
    slack = 1e-6 * max(policy.per_period("budget"))
    assert plan.gain <= room + slack
    assert plan.bound >= room - slack


def _towards_home(market, objective):
    """The market with the base's own prefecture as the target of `objective`, its oracle, and that target."""
    *tables, policy = market
    rung = Rung(level="prefecture", count_share=0.5, capacity_share=0.3, office_cost=1e5)
    policy = policy.replace(objective=objective, target="prefecture")
    policy = policy.assuming(policy.assumptions.replace(rungs=(rung,)))
    home = tables[2].parents("prefecture", policy.base).iloc[0]
    return tables, policy, Oracle(*tables, policy), home


@settings(CALM, max_examples=15)
@given(market=markets())
def test_earliest_is_strong_at_the_target_in_most_years_and_then_earns_most(market):
    tables, policy, oracle, home = _towards_home(market, "earliest")
    value, fits = oracle.judge(oracle.plans())
    years = np.where(fits, oracle.reached[home].sum(axis=1), -1)
    if not fits.any():
        return
    plan = plan_expansion(expansion_market(*tables), policy, search=EXACT)
    strong = plan.ladder.loc[plan.ladder["region"] == home, "period"]
    first = strong.iloc[0].year - policy.start if len(strong) else policy.periods
    soonest = np.where(oracle.reached[home].any(axis=1), oracle.reached[home].argmax(axis=1), policy.periods)
    assert first == soonest[fits].min()
    assert plan.figures["value"] == _near(value[years == years.max()].max(), policy)


@settings(CALM, max_examples=15)
@given(market=markets())
def test_least_cost_is_strong_at_the_target_in_the_end_for_the_least_outlay(market):
    tables, policy, oracle, home = _towards_home(market, "least_cost")
    fits = oracle.judge(oracle.plans())[1]
    fits &= oracle.reached[home][:, -1]
    if not fits.any():
        with pytest.raises(mkt.InfeasibleError):
            plan_expansion(expansion_market(*tables), policy, search=EXACT)
        return
    plan = plan_expansion(expansion_market(*tables), policy, search=EXACT)
    assert home in set(plan.ladder.loc[plan.ladder["held"], "region"])
    least = oracle.spent[fits].min()
    assert oracle.stands(plan.steps)[1] and oracle.spent[0] == _near(least, policy)
    assert plan.bound == _near(-least, policy)
