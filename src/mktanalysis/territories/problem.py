"""Units, borders and wishes as arrays and lists: what every search and every proof works on.

Always holds: units stand in an order that depends on their figures only, never on the order of rows; each
measure is divided by its mean a territory, so that 1 is a balanced load; the graph is connected (islands are
bridged, and the bridges are told).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from ..regions import haversine_km

#: A tolerance this large is no condition at all.
NO_BALANCE = 1e6


@dataclass(frozen=True, eq=False)
class Problem:
    """One connected set of units to be cut into `k` territories.

    Attributes
    ----------
    codes : Index
        Regions in canonical order (n).
    loads : ndarray, (n, measures)
        Relative to the mean of a territory; a territory's column sums should be within 1 +- tolerance.
    tolerance : ndarray, (measures,)
    weight : ndarray, (n,)
        Weighs travel.
    distance : ndarray, (n, sites)
        From units to the places a territory may be served from; sites are the units unless `homes` are given.
    neighbors : list of lists
    k : int
    lock : list of int
        Territory of a unit, -1 where it is free.
    site : list of int
        Fixed site of a territory, -1 where it is the median unit.
    apart : list of sets
        Units that a unit may not share a territory with.
    old : list of int
        Today's territory of each unit, -1 where it has none.
    keep : float
        Price of a moved share of the first measure, beside travel; 0: travel alone.
    cut : bool
        The objective counts cut borders instead of travel.
    people : list of int
        People of each territory, empty for one each; a territory of several has exactly one locked unit and
        is balanced at so many times the load.
    """

    codes: pd.Index
    loads: np.ndarray
    tolerance: np.ndarray
    weight: np.ndarray
    distance: np.ndarray
    neighbors: list
    k: int
    lock: list
    site: list
    apart: list = field(default_factory=list)
    old: list = field(default_factory=list)
    keep: float = 0.0
    cut: bool = False
    bridges: tuple = ()
    coords: np.ndarray | None = None
    people: list = field(default_factory=list)

    @property
    def n(self) -> int:
        return len(self.codes)

    @property
    def heads(self) -> np.ndarray:
        """People of each territory, (k,)."""
        return np.array(self.people if self.people else [1] * self.k)

    @property
    def extra(self) -> np.ndarray:
        """People beyond the first of the territory that a team's unit is locked to, (n,)."""
        extra = np.zeros(self.n, dtype=int)
        for t, heads in enumerate(self.people):
            if heads > 1 and t in self.lock:
                extra[self.lock.index(t)] = heads - 1
        return extra

    @property
    def low(self) -> np.ndarray:
        """Least relative load of a territory by measure."""
        return np.maximum(1 - self.tolerance, 0.0)

    @property
    def high(self) -> np.ndarray:
        return 1 + self.tolerance

    def with_tolerance(self, tolerance) -> Problem:
        """The same problem with other bands."""
        wide = np.broadcast_to(np.asarray(tolerance, dtype=float), self.tolerance.shape).copy()
        return replace(self, tolerance=wide)


def distances(units: pd.DataFrame, sites: pd.DataFrame | None = None) -> np.ndarray:
    """Distances from units to sites: great-circle km from lon, lat, else plain from x, y.

    Examples
    --------
    >>> distances(pd.DataFrame({"x": [0.0, 3.0], "y": [0.0, 4.0]})).tolist()
    [[0.0, 5.0], [5.0, 0.0]]
    """
    sites = units if sites is None else sites
    if "lon" in units and "lon" in sites:
        a = units[["lon", "lat"]].to_numpy(float)
        b = sites[["lon", "lat"]].to_numpy(float)
        return haversine_km(a[:, None, 0], a[:, None, 1], b[None, :, 0], b[None, :, 1])
    a = units[["x", "y"]].to_numpy(float)
    b = sites[["x", "y"]].to_numpy(float)
    return np.hypot(a[:, None, 0] - b[None, :, 0], a[:, None, 1] - b[None, :, 1])


def plane_points(units: pd.DataFrame, distance: np.ndarray) -> np.ndarray:
    """Coordinates for directions of a first cut, (n, 2): given ones, or the main axes of the distances."""
    if "lon" in units:
        lat = units["lat"].to_numpy(float)
        return np.column_stack([units["lon"].to_numpy(float) * np.cos(np.radians(lat.mean())), lat])
    if "x" in units:
        return units[["x", "y"]].to_numpy(float)
    square = distance**2
    middle = square - square.mean(axis=0) - square.mean(axis=1)[:, None] + square.mean()
    values, vectors = np.linalg.eigh(-middle / 2)
    points = vectors[:, -2:] * np.sqrt(np.maximum(values[-2:], 0.0))
    if points.shape[1] < 2:  # a single unit
        return np.zeros((len(distance), 2))
    turned = np.sign(points[np.abs(points).argmax(axis=0), [0, 1]])
    return points * np.where(turned == 0, 1.0, turned)


def canonical_order(units: pd.DataFrame, columns: list[str], distance: np.ndarray | None) -> np.ndarray:
    """Positions of the units in an order that rows and names do not change: figures first, then the code."""
    table = units[[name for name in ("lon", "lat", "x", "y") if name in units] + columns].copy()
    if distance is not None:
        table = table.assign(_far=np.sort(distance, axis=1).sum(axis=1).round(6))
    table = table.assign(_code=units["region"].to_numpy())
    return table.reset_index(drop=True).sort_values(list(table.columns), kind="stable").index.to_numpy()


def neighbor_lists(edges: pd.DataFrame, codes: pd.Index) -> list[list[int]]:
    """Neighbours of each unit by position, both directions, without loops, each once."""
    rows = codes.get_indexer(edges["region"])
    columns = codes.get_indexer(edges["neighbor"])
    inside = (rows >= 0) & (columns >= 0) & (rows != columns)
    near: list[set[int]] = [set() for _ in range(len(codes))]
    for i, j in zip(rows[inside].tolist(), columns[inside].tolist(), strict=True):
        near[i].add(j)
        near[j].add(i)
    return [sorted(one) for one in near]


def parts_of(neighbors: list[list[int]], members=None) -> list[list[int]]:
    """Connected parts of the members (all units if None), each sorted, largest first, ties by position."""
    left = set(range(len(neighbors))) if members is None else set(members)
    found = []
    for start in sorted(left):
        if start not in left:
            continue
        left.discard(start)
        part = [start]
        for i in part:
            for j in neighbors[i]:
                if j in left:
                    left.discard(j)
                    part.append(j)
        found.append(sorted(part))
    return sorted(found, key=lambda part: (-len(part), part[0]))


def bridge_parts(neighbors: list[list[int]], distance: np.ndarray) -> list[tuple[int, int]]:
    """Join all parts by their nearest units, in place; returns the pairs joined."""
    parts = parts_of(neighbors)
    joined = []
    main = list(parts[0]) if parts else []
    rest = parts[1:]
    while rest:
        best = None
        for number, part in enumerate(rest):
            block = distance[np.ix_(part, main)]
            at = np.unravel_index(int(block.argmin()), block.shape)
            pair = (float(block[at]), part[at[0]], main[at[1]], number)
            best = pair if best is None or pair < best else best
        _, i, j, number = best
        neighbors[i] = sorted({*neighbors[i], j})
        neighbors[j] = sorted({*neighbors[j], i})
        joined.append((i, j))
        main += rest.pop(number)
    return joined
