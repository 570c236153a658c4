"""Calls of the last version: tables where a market is asked for now, assumptions given one by one.

Always holds: an old call answers as the new one does, and its warning names the new one.
"""

from __future__ import annotations

import functools
import warnings

import pandas as pd

from .assumptions import Assumptions
from .market.market import expansion_market


def takes_market(function):
    """Let a function of (market, policy) be called with (units, edges, tree, policy=...) for one version."""

    @functools.wraps(function)
    def call(*given, **named):
        at = next((i for i, value in enumerate(given) if isinstance(value, pd.DataFrame)), None)
        if at is None:
            return function(*given, **named)
        warnings.warn(
            f"{function.__name__}(units, edges, tree, ...) is now {function.__name__}(market, ...) "
            "with market = expansion_market(units, edges, tree)",
            FutureWarning,
            stacklevel=2,
        )
        tables = [*given[at : at + 3], *(named.pop(name) for name in ("edges", "tree") if name in named)]
        market = expansion_market(*tables, capacity=named.pop("capacity", None))
        changes = {name: named.pop(name) for name in ("response", "rungs") if named.get(name) is not None}
        if changes:
            named["assumptions"] = Assumptions(**changes)
        first = [named.pop("policy")] if "policy" in named else []
        return function(*given[:at], market, *first, *given[at + 3 :], **named)

    return call
