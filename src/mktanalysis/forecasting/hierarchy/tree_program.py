"""Exact bounded reconciliation of one step on a tree, by following the price of one more unit.

Always holds: a subtree's best total is a non-decreasing, piecewise linear function of the price its parent
pays; functions of children add, a node's own forecast bends the sum, its bounds cut it. One pass upwards
builds the functions, one pass downwards reads the values off: no iteration, no tolerance.
"""

from __future__ import annotations

import numpy as np

from .structure import Structure


class Response:
    """Total as a function of price: knots, values at them, slopes beyond the ends."""

    __slots__ = ("left", "price", "right", "value")

    def __init__(self, price, value, left, right):
        self.price = price
        self.value = value
        self.left = left
        self.right = right

    def at(self, price: np.ndarray | float):
        """Value at a price."""
        below = np.minimum(price - self.price[0], 0.0) * self.left
        above = np.maximum(price - self.price[-1], 0.0) * self.right
        return np.interp(price, self.price, self.value) + below + above

    def price_of(self, value: float) -> float:
        """A price at which the total is `value` (which some price reaches)."""
        first = self.price[0]
        last = self.price[-1]
        if value < self.value[0]:
            return first - (self.value[0] - value) / self.left if self.left > 0 else first
        if value > self.value[-1]:
            return last + (value - self.value[-1]) / self.right if self.right > 0 else last
        k = int(np.searchsorted(self.value, value))
        if self.value[k] == value:
            return self.price[k]
        share = (value - self.value[k - 1]) / (self.value[k] - self.value[k - 1])
        return self.price[k - 1] + share * (self.price[k] - self.price[k - 1])

    def cut(self, low: float, high: float) -> Response:
        """Keep the values within bounds."""
        if low == high:
            return Response(np.zeros(1), np.array([low]), 0.0, 0.0)
        price = self.price
        value = self.value
        left = self.left
        right = self.right
        if low > value[0] or (left > 0 and np.isfinite(low)):
            at = self.price_of(low)
            keep = value > low
            price = np.r_[at, price[keep]]
            value = np.r_[low, value[keep]]
            left = 0.0
        if high < value[-1] or (right > 0 and np.isfinite(high)):
            at = self.price_of(high)
            keep = value < high
            price = np.r_[price[keep], at]
            value = np.r_[value[keep], high]
            right = 0.0
        return Response(price, value, left, right)


def add(parts: list[Response]) -> Response:
    """Sum of responses to one common price."""
    price = np.unique(np.concatenate([part.price for part in parts]))
    value = np.sum([part.at(price) for part in parts], axis=0)
    return Response(price, value, sum(part.left for part in parts), sum(part.right for part in parts))


def bend(total: Response, base: float, variance: float) -> Response:
    """Price seen from above when a node's own forecast pulls its total towards `base`."""
    if np.isinf(variance):
        return total
    price = total.price + (total.value - base) / variance
    left, right = (slope / (1 + slope / variance) for slope in (total.left, total.right))
    return Response(price, total.value, left, right)


def tree_program(structure: Structure, base, variance, lower, upper) -> np.ndarray:
    """Coherent values within feasible bounds nearest to `base`; all arguments are (nodes,)."""
    size = structure.size
    parent = structure.parent
    children: list[list[int]] = [[] for _ in range(size)]
    for node in np.flatnonzero(parent >= 0):
        children[parent[node]].append(node)
    totals: list[Response | None] = [None] * size
    seen: list[Response] = [None] * size
    for node in range(size - 1, -1, -1):
        if children[node]:
            totals[node] = add([seen[child] for child in children[node]])
            own = bend(totals[node], base[node], variance[node]) if variance[node] > 0 else totals[node]
            low = lower[node]
            high = upper[node]
            if variance[node] == 0:
                low = high = base[node]
        else:
            own = Response(np.zeros(1), base[node : node + 1], variance[node], variance[node])
            low = lower[node]
            high = upper[node]
        seen[node] = own.cut(low, high)
    x = np.empty(size)
    price = np.zeros(size)
    for node in range(size):
        x[node] = seen[node].at(0.0 if parent[node] < 0 else price[parent[node]])
        if totals[node] is not None:
            price[node] = totals[node].price_of(x[node])
    return x
