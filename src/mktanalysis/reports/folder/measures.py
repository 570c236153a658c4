"""The key figures that the reports of a part share: which is the size, which the growth, what can be added.

Always holds: an increment that no report publishes is the difference of two figures that they do; figures of
different units are never added; a missing figure stays missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from ... import words
from .places import Place, place_of
from .run import Run

#: What a key figure is taken for on the index, and the names under which notebooks publish it.
ROLES = {
    "now": ("now", "size", "size_now", "retail_now", "capacity_now"),
    "then": ("then", "size_then", "retail_then", "capacity_then"),
    "growth": ("growth",),
    "increment": ("increment",),
    "covered": ("covered", "people_covered"),
}
#: The two sizes that growth lies between.
ENDS = ("now", "then")
#: Base units of amounts that can be added up.
_ADDED = ("yuan", "person", "account", "household", "count")
#: Below this share (in percent, as it is shown) a figure is a lower bound.
COVERED = 95.0


@dataclass(frozen=True, eq=False)
class Measures:
    """The figures of a part as a table.

    Attributes
    ----------
    runs : list of Run
    places : list of Place
    figures : dict of str to dict
        Name -> label and unit, in the order in which they were published.
    values : DataFrame
        A row a report, a column a figure that is a number; missing where there is none.
    roles : dict of str to str
        now, then, growth, increment, covered -> name of the figure, where there is one.
    """

    runs: list[Run]
    places: list[Place]
    figures: dict[str, dict]
    values: pd.DataFrame
    roles: dict[str, str]

    def columns(self, first: str) -> list[str]:
        """The figures as a reader wants them: what ranks, sizes, growth, coverage, then the rest."""
        roles = [self.roles.get(role, "") for role in (*ENDS, "increment", "growth", "covered")]
        return list(dict.fromkeys(name for name in (first, *roles, *self.figures) if name in self.figures))

    def growth_of_sums(self, part: pd.DataFrame) -> float:
        """Yearly growth in percent between two sums, of the places that have both; NaN if it is not known."""
        if not self.years:
            return float("nan")
        known = part[[self.roles[end] for end in ENDS]].dropna()
        first, last = known.sum()
        return float(((last / first) ** (1 / self.years) - 1) * 100) if first > 0 else float("nan")

    def label(self, name: str, *, unit: bool = True) -> str:
        """Label of a figure, with its unit."""
        figure = self.figures[name]
        return f"{figure['label']}（{figure['unit']}）" if unit and figure["unit"] else figure["label"]

    def added(self, name: str) -> bool:
        """Whether the figures of several places can be added up."""
        return name in self.values and words.base_unit(self.figures[name]["unit"]) in _ADDED

    def bounded(self, name: str) -> bool:
        """Whether a figure counts what is published, so that places without figures make it a lower bound."""
        return name in [self.roles.get(role) for role in (*ENDS, "increment")]

    def role(self, role: str) -> pd.Series | None:
        """The figures that play a part."""
        name = self.roles.get(role)
        return None if name is None else self.values[name]

    @property
    def years(self) -> int:
        """Years from the present size to the later one, as their labels say; 0 if they do not."""
        found = [
            re.search(r"\d{4}", self.figures[self.roles[key]]["label"]) for key in self.roles if key in ENDS
        ]
        return abs(int(found[1][0]) - int(found[0][0])) if len(found) == 2 and all(found) else 0

    @property
    def thin(self) -> pd.Series:
        """Whether a report's amounts are lower bounds."""
        covered = self.role("covered")
        return pd.Series(False, self.values.index) if covered is None else covered < COVERED

    def ranked_by(self, wanted: str = "") -> str:
        """The figure that orders the reports: the increment, else the wanted one, else the first number."""
        numbers = list(self.values.columns)
        first = [self.roles.get("increment"), wanted, self.roles.get("now"), *numbers]
        return next((name for name in first if name in numbers), "")


def measures_of(rows: list[Run]) -> Measures:
    """Put the key figures of reports of one notebook together."""
    figures: dict[str, dict] = {}
    for row in rows:
        for figure in row.figures:
            figures.setdefault(figure["name"], figure)
    listed = [{f["name"]: f["value"] for f in row.figures} for row in rows]
    numeric = [name for name in figures if _is_numeric([found.get(name) for found in listed])]
    values = pd.DataFrame({n: [_number(found.get(n)) for found in listed] for n in numeric}, dtype=float)
    values = values.reindex(range(len(rows)))
    roles = {
        role: found for role, names in ROLES.items() if (found := next((n for n in names if n in values), ""))
    }
    figures, values, roles = _with_increment(figures, values, roles)
    return Measures(rows, [place_of(row) for row in rows], figures, values, roles)


def _is_numeric(values: list) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(value, (int, float)) for value in known)


def _number(value) -> float:
    return float("nan") if value is None else float(value)


def _with_increment(figures: dict, values: pd.DataFrame, roles: dict):
    """Add the increment between the two sizes where nobody published it."""
    if "increment" in roles or not set(ENDS) <= set(roles):
        return figures, values, roles
    now = figures[roles["now"]]
    then = figures[roles["then"]]
    if now["unit"] != then["unit"]:
        return figures, values, roles
    years = [re.search(r"\d{4}", figure["label"]) for figure in (now, then)]
    span = f"{years[0][0]}—{years[1][0]} 年" if all(years) else ""
    figure = {"name": "increment", "label": f"{span}增量", "unit": now["unit"]}
    order = [*figures]
    order.insert(order.index(roles["then"]) + 1, "increment")
    figures = {name: figures.get(name, figure) for name in order}
    values = values.assign(increment=values[roles["then"]] - values[roles["now"]])
    return figures, values, roles | {"increment": "increment"}
