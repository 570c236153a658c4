"""What to loosen where the conditions cannot all be met, and plans that violate them least.

Always holds: the answer to an infeasible problem says what to change; that a target or a pinned unit is out
of reach in time is proven by steps and shares alone, whatever money and people there are.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ...errors import InfeasibleError
from ...highs import solve_arrays
from ..choices.candidates import LONGEST_RAMP, Problem, list_choices
from ..choices.evaluate import rung_matrix
from ..milp.build import build_model
from ..milp.objective import outlay_cost, target_group
from .control import Clock, Control
from .neighbourhoods import complete, improve

#: Kinds of conditions that can be relaxed -> what the table calls them.
KINDS = {
    "cash": "预算（元，各期合计增加）",
    "people": "销售人员（{year} 年，缺得最多的一年）",
    "new_units": "每期新开单元数（{year} 年，超得最多的一年）",
    "pins": "指定进入的单元",
}
COLUMNS = ["condition", "given", "needed"]

#: Up to this many choices the least loosening is solved exactly (so many nodes), above by so many rounds of
#: neighbourhoods.
EXACT_CHOICES = 400
NODES = 200
ROUNDS = 30

#: With less than this to loosen (as a share of the limits) a plan without may be near: so many times the
#: rounds.
NEARLY = 0.05
TIMES = 4

#: What a condition that is to be kept costs against one that may be loosened; below the second, a loosening
#: is rounding; a budget that never binds.
KEPT = 1e3
NOTHING = 1e-6
LIMITLESS = 1e15


def infeasible(problem: Problem, loose: Loose | None = None) -> InfeasibleError:
    """The error for a problem without a feasible plan, with the smallest relaxations that would do.

    With `loose` none was found though none was proven not to exist.
    """
    words = "没有满足全部条件的扩张计划。" if loose is None else "没有找到满足全部条件的扩张计划。"
    return InfeasibleError(words, relaxations(problem, loose))


def check_reach(problem: Problem) -> None:
    """Refuse what cannot be reached in time whatever money and people there are.

    Raises
    ------
    InfeasibleError
        With the years or conditions that would let a pinned unit start or the target become strong.
    """
    if len(pins := unreachable_pins(problem)):
        raise InfeasibleError("指定进入的单元在给定条件下无法到达。", pins)
    if len(target := unreachable_target(problem)):
        raise InfeasibleError("即使资金和人员不限，目标在计划期内也无法成为强势。", target)


def unreachable_pins(problem: Problem) -> pd.DataFrame:
    """Pinned units that cannot start at all: too far in steps, out of the radius, or before planning
    begins.
    """
    case = problem.case
    policy = problem.case.policy
    has = set(problem.candidates.unit.tolist())
    rows = []
    for code, year in policy.pinned.items():
        i = case.units.get_loc(code)
        if i in has or case.base[i]:
            continue
        first = case.earliest[i]
        needed = (
            f"{policy.start + first} 年起"
            if first < policy.periods
            else "在计划期和供货半径内无法连片到达：延长计划期或放宽连片、半径"
        )
        given = "任一年" if year is None else f"{year} 年"
        rows.append({"condition": f"指定进入 {code}", "given": given, "needed": needed})
    return pd.DataFrame(rows, columns=COLUMNS)


def unreachable_target(problem: Problem) -> pd.DataFrame:
    """The target that must be strong in the end, if it cannot be though everything starts at once.

    Returns
    -------
    DataFrame
        condition, given, needed: no row if the target is in reach, else the horizon it takes at least, or
        what else to loosen.
    """
    case = problem.case
    policy = problem.case.policy
    group = target_group(problem) if policy.objective == "least_cost" else None
    if group is None or _within_reach(problem)[group, -1]:
        return pd.DataFrame(columns=COLUMNS)
    name = case.ladder.regions[group]
    longer = case.lasting(max(LONGEST_RAMP, policy.periods))
    years = _within_reach(list_choices(longer))[group]
    if years.any():
        condition = "计划期（periods，年）"
        given = policy.periods
        needed = int(years.argmax()) + 1
    else:
        condition = f"目标 {name} 成为强势"
        given = f"{len(years)} 年内也达不到"
        needed = "解除禁入（forbidden）、放宽供货半径或连片、更集中的打法，或较低的梯级门槛"
    return pd.DataFrame([[condition, given, needed]], columns=COLUMNS)


def _within_reach(problem: Problem) -> np.ndarray:
    """Rung regions x periods that could be strong if every choice were made at once."""
    c = problem.candidates
    strong = problem.base_strong.copy()
    share = problem.base_share.copy()
    np.logical_or.at(strong, c.unit, c.strong)
    np.maximum.at(share, c.unit, c.share)
    return rung_matrix(problem.case, strong, share)


def relaxations(problem: Problem, loose: Loose | None = None) -> pd.DataFrame:
    """Find the smallest loosening of each kind of condition that would do alone; if none would, of all
    together.

    Returns
    -------
    DataFrame
        condition, given, needed; one alternative a row, or, when only several together help, the parts of one
        solution. Small problems are solved exactly, larger ones by neighbourhoods: what is named would do, a
        little less may do too.
    """
    loose = loose or Loose(problem)
    kinds = tuple(loose.columns)
    alone = [row for kind in kinds for row in loose.table((kind,))]
    return pd.DataFrame(alone or loose.table(kinds), columns=COLUMNS)


class Loose:
    """A problem whose limits give way at a price: a column for each row of each kind of condition.

    Parameters
    ----------
    problem : Problem
    clock : Clock, optional
        Of the search that asks; without one all limits are counts.
    """

    def __init__(self, problem: Problem, clock=None):
        self.problem = problem
        self.clock = clock
        built = build_model(problem)
        free = replace(problem, case=problem.case.without_limits(LIMITLESS))
        self.model = replace(built, problem=free)  # a search may break limits
        outlay = outlay_cost(built)
        self.columns = {
            kind: built.program.loosen(built.parts[kind], 1.0 if kind == "pins" else -1.0)
            for kind in KINDS
            if len(built.parts.get(kind, ()))
        }
        self.outlay = np.append(outlay, np.zeros(built.program.n_columns - len(outlay)))
        self._found: dict[tuple[str, ...], np.ndarray | None] = {}

    def rows_within(self) -> np.ndarray | None:
        """Starts that keep every limit, if the search for the least loosening ends there."""
        values = self._values(tuple(self.columns))
        if values is None or max(values[columns].max() for columns in self.columns.values()) > NOTHING:
            return None
        return self.model.rows_of(values)

    def table(self, kinds: tuple[str, ...]) -> list[dict]:
        """What to loosen, if only these kinds may be; empty if that does not help."""
        values = self._values(kinds)
        rows = []
        if values is None:
            return rows
        for kind in kinds:
            slack = values[self.columns[kind]]
            if slack.max() > NOTHING:
                rows.append(_relaxed(self.problem, self.model.scale, kind, slack))
        return rows

    def _values(self, kinds: tuple[str, ...]) -> np.ndarray | None:
        """All columns at the least loosening of these kinds that was found; None if others must give way."""
        if kinds not in self._found:
            small = len(self.model.z) <= EXACT_CHOICES
            self._found[kinds] = self._exactly(kinds) if small else self._by_parts(kinds)
        return self._found[kinds]

    def _price(self, kinds: tuple[str, ...]) -> np.ndarray:
        cost = np.zeros(self.model.program.n_columns)
        for kind, columns in self.columns.items():
            price = 1.0 if kind in kinds else KEPT
            cost[columns] = -price / max(_scale(self.problem, self.model.scale, kind), 1e-9)
        return cost

    def _exactly(self, kinds: tuple[str, ...]) -> np.ndarray | None:
        self.model.program.set_cost(self._price(kinds))
        arrays = self.model.program.arrays()
        high = arrays.high.copy()
        for kind in set(self.columns) - set(kinds):
            high[self.columns[kind]] = 0.0
        return solve_arrays(arrays._replace(high=high), gap=0.01, nodes=NODES, seconds=self._seconds()).values

    def _by_parts(self, kinds: tuple[str, ...]) -> np.ndarray | None:
        """Neighbourhood search from the cheapest plan without limits, or from the least loosening of all."""
        every = tuple(self.columns)
        rows = None
        if kinds != every and (found := self._values(every)) is not None:
            rows = self.model.rows_of(found)
        elif kinds == every:
            rows = self._without_limits()
        if rows is None:
            return None
        self.model.program.set_cost(cost := self._price(kinds))
        rng = np.random.default_rng(0)
        for _ in range(TIMES if kinds == every else 1):
            rows = improve(
                self.model,
                rows,
                rounds=ROUNDS,
                nodes=40,
                rng=rng,
                control=Control(self.clock or Clock(), enough=lambda v: kinds == every and v >= -NOTHING),
            )
            values = complete(self.model, rows)
            if not -NEARLY < cost @ values < -NOTHING:
                break
        others = [values[self.columns[kind]].max() for kind in every if kind not in kinds]
        return None if max(others, default=0.0) > NOTHING else values

    def _without_limits(self) -> np.ndarray | None:
        """Starts of a cheap plan that keeps everything but the limits (a rough one: gap a half)."""
        program = self.model.program
        parts = self.model.parts
        program.set_cost(self.outlay)
        arrays = program.arrays()
        low = arrays.row_low.copy()
        high = arrays.row_high.copy()
        for kind in self.columns.keys() - {"pins"}:
            low[parts[kind]] = -np.inf
            high[parts[kind]] = np.inf
        free = arrays._replace(row_low=low, row_high=high)
        found = solve_arrays(free, gap=0.5, nodes=1, seconds=self._seconds())
        return None if found.values is None else self.model.rows_of(found.values)

    def _seconds(self) -> float | None:
        return None if self.clock is None or self.clock.left() == np.inf else max(self.clock.left(), 0.5)


def _scale(problem: Problem, unit: float, kind: str) -> float:
    if kind == "cash":
        return float(np.mean(problem.case.policy.per_period("budget"))) / unit
    if kind == "people":  # a year that has happened may have no limit
        people = np.array(problem.case.policy.per_period("people"))
        return float(people[np.isfinite(people)].mean()) if np.isfinite(people).any() else 1.0
    return 1.0


def _relaxed(problem: Problem, unit: float, kind: str, slack: np.ndarray) -> dict:
    """One row of the table; `slack` has an entry a period (of pins: a pinned unit), of cash in `unit`."""
    case = problem.case
    policy = problem.case.policy
    t = int(slack.argmax())
    if kind == "cash":
        given = sum(policy.per_period("budget"))
        given, needed = round(given), int(np.ceil(given + slack.sum() * unit))
    elif kind == "people":
        given = policy.per_period("people")[t]
        given, needed = round(given, 1), float(np.ceil(10 * (given + slack[t]) - 1e-6) / 10)
    elif kind == "new_units":
        given = policy.new_units
        needed = int(np.ceil(policy.new_units + slack[t] - 1e-6))
    else:
        units = np.unique(problem.candidates.unit)
        codes = case.units[units[case.units[units].isin(list(policy.pinned))]]
        given = f"{len(codes)} 个"
        needed = f"放弃其中 {int((slack > 0.5).sum())} 个：{'、'.join(codes[slack > 0.5])}"
    return {"condition": KINDS[kind].format(year=case.years[t]), "given": given, "needed": needed}
