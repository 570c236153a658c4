"""What a place looks like at the start of a period: features of the choice where to go next.

Always holds: only what was known before the period is used; scales come from the data (spacing of the places,
quantiles of potential), so the features mean the same on every map.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...errors import MktError
from .geography import Geography, build_geography
from .history import History

#: Features of the simple model, in this order.
FEATURES = ("log_potential", "log_distance", "neighbours_held", "rivals")
#: Knots of the distance curve, in spacings.
DISTANCE_KNOTS = (0.5, 1.0, 2.0, 4.0, 8.0)
#: Knots of the potential curve, as quantiles of all places with potential in the period.
POTENTIAL_KNOTS = (0.25, 0.5, 0.75, 0.9)
#: Entries of so many periods count as recent.
RECENT = 3
#: What a feature belongs to, for reasons and curves: the start of its name -> the group.
GROUPS = {
    "log_potential": "potential",
    "log_distance": "distance",
    "neighbours": "neighbours",
    "entered": "momentum",
    "held": "density",
    "potential": "surroundings",
    "parent": "parent",
    "rivals": "rivals",
}


def group_of(name: str) -> str:
    """The group of a feature, e.g. ``log_distance_2`` -> ``distance``."""
    return next(group for start, group in GROUPS.items() if name.startswith(start))


@dataclass(frozen=True, eq=False)
class Features:
    """Makes the features of all places for any period and any state.

    Attributes
    ----------
    history : History
    geography : Geography
    rivals : ndarray or None
        Number of strong rivals by place.
    shape : str
        ``flexible`` or ``linear``.
    groups : frozenset
        Groups that are used.
    """

    history: History
    geography: Geography
    rivals: np.ndarray | None
    shape: str
    groups: frozenset
    #: Potential in reach by column of the potential: it changes with the years only.
    _kept: dict = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of :meth:`at`."""
        nobody = np.zeros(len(self.history.regions), dtype=bool)
        nobody[0] = True
        return tuple(self.columns(np.where(nobody, -np.inf, np.nan), 0.0))

    def at(self, first: np.ndarray, period: float) -> np.ndarray:
        """Features of all places at the start of a period, shape (n, p).

        Parameters
        ----------
        first : ndarray
            Period of entry of each place, nan where not entered; entries from `period` on do not count.
        period : float
        """
        return np.column_stack(list(self.columns(first, period).values()))

    def columns(self, first: np.ndarray, period: float) -> dict[str, np.ndarray]:
        """The same by name; places without potential are nan."""
        held = first < period
        parts = {
            "potential": self._potential(period),
            "distance": self._distance(held),
            "neighbours": self._neighbours(first, held, period),
        }
        if self.rivals is not None:
            parts["rivals"] = {"rivals": self.rivals}
        if self.shape == "flexible":
            parts["momentum"] = self._momentum(first, period)
            parts["density"] = self._density(held)
            parts["surroundings"] = self._surroundings(period)
            parts["parent"] = self._parent(first, held, period)
        used = [part for group, part in parts.items() if group in self.groups]
        return {name: column for part in used for name, column in part.items()}

    def _potential(self, period: float) -> dict:
        """Log potential against the period's own median, so that general growth changes nothing."""
        level = np.log(self.history.potential.before(period))
        found = potential_columns(level, level[np.isfinite(level)])
        return found if self.shape == "flexible" else {"log_potential": found["log_potential"]}

    def _distance(self, held: np.ndarray) -> dict:
        distance = np.log1p(self.geography.nearest_km(held))
        found = {"log_distance": distance}
        if self.shape == "flexible":
            found |= distance_hinges(distance, self.geography.spacing)
        return found

    def _neighbours(self, first, held, period) -> dict:
        around = self.geography.neighbours
        if around is None:
            return {}
        count = around @ held.astype(float)
        found = {"neighbours_held": count}
        if self.shape == "flexible":
            recent = self.history.recent(first, period, RECENT)
            found["neighbours_any"] = (count > 0).astype(float)
            found["neighbours_recent"] = np.minimum(around @ recent.astype(float), 3.0)
        return found

    def _momentum(self, first, period) -> dict:
        """Last period's own entries around: a company works on one area at a time."""
        last = self.history.recent(first, period, 1).astype(float)
        near, far = self.geography.reach
        return {"entered_near": np.log1p(near @ last), "entered_far": np.log1p(far @ last)}

    def _density(self, held) -> dict:
        near, far = self.geography.reach
        count = held.astype(float)
        return {"held_near": np.log1p(near @ count), "held_far": np.log1p(far @ count)}

    def _surroundings(self, period: float) -> dict:
        """Potential in reach, on a log scale; a place with nothing around it has that of the least place."""
        at = max(int(np.searchsorted(self.history.potential.years, period)) - 1, 0)
        if at not in self._kept:
            potential = np.nan_to_num(self.history.potential.before(period))
            least = potential[potential > 0].min(initial=np.inf) if (potential > 0).any() else 1.0
            near, far = (np.log(kernel @ potential + least) for kernel in self.geography.reach)
            self._kept[at] = {
                "potential_near": near - np.median(near),
                "potential_far": far - np.median(far),
            }
        return self._kept[at]

    def _parent(self, first, held, period) -> dict:
        parent = self.geography.parent
        if parent is None:
            return {}
        size = np.bincount(parent)
        recent = self.history.recent(first, period, RECENT)
        share = np.bincount(parent, weights=held) / size
        entered = np.log1p(np.bincount(parent, weights=recent))
        return {"parent_held": share[parent], "parent_recent": entered[parent]}


def distance_hinges(log_distance: np.ndarray, spacing: float) -> dict[str, np.ndarray]:
    """How far the log distance lies above each knot."""
    return {
        f"log_distance_{knot:g}": np.maximum(log_distance - np.log1p(knot * spacing), 0.0)
        for knot in DISTANCE_KNOTS
    }


def potential_columns(log_potential: np.ndarray, places: np.ndarray) -> dict[str, np.ndarray]:
    """Log potential against the median of all places, and how far it lies above each knot."""
    knots = np.quantile(places, POTENTIAL_KNOTS) if len(places) else np.zeros(len(POTENTIAL_KNOTS))
    middle = np.median(places) if len(places) else 0.0
    hinges = {
        f"log_potential_{quantile:g}": np.maximum(log_potential - knot, 0.0)
        for quantile, knot in zip(POTENTIAL_KNOTS, knots, strict=True)
    }
    return {"log_potential": log_potential - middle, **hinges}


def make_features(
    history: History, *, edges=None, rivals=None, tree=None, shape: str = "flexible", only: Sequence | None
) -> Features:
    """Prepare the features that the data allow, or those of them that were asked for."""
    geography = build_geography(history.regions, history.place, edges, tree)
    strong = None
    if rivals is not None:
        strong = rivals.reindex(history.regions).fillna(0.0).to_numpy(float)
    return Features(history, geography, strong, shape, _chosen_groups(only, edges, rivals))


def _chosen_groups(only: Sequence | None, edges, rivals) -> frozenset:
    if only is None:
        return frozenset(GROUPS.values())
    known = (*FEATURES, *(group for group in GROUPS.values()))
    if len(only) == 0:
        raise MktError(f"至少要有一个特征；可用：{'、'.join(FEATURES)}")
    if unknown := sorted(set(only) - set(known)):
        raise MktError(f"不认识的特征：{'、'.join(unknown)}；可用：{'、'.join(dict.fromkeys(known))}")
    groups = {GROUPS.get(name, "neighbours" if name == "neighbours_held" else name) for name in only}
    for group, data, named in (("neighbours", edges, "edges"), ("rivals", rivals, "rivals")):
        if group in groups and data is None:
            wish = "neighbours_held" if group == "neighbours" else group
            raise MktError(f"特征 {wish} 没有数据：请给出 {named}")
    return frozenset(groups)
