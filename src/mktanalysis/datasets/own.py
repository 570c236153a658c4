"""Tables in force: the built-in ones, or with an analyst's own figures laid over them for this process.

Always holds: what was computed from one set of tables is never given for another; outside of
:func:`laid_tables` the built-in tables are as they were.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pandas as pd

_numbers = itertools.count(1)
#: Number of the set of tables in force (0: built-in alone), and its tables by name.
_in_force: tuple[int, Mapping[str, pd.DataFrame]] = (0, {})


def own_table(name: str) -> pd.DataFrame | None:
    """The table that stands in place of a built-in one; None where that stands."""
    return _in_force[1].get(name)


def lay_tables(tables: Mapping[str, pd.DataFrame] | None) -> None:
    """Put tables in place of built-in ones until further notice; None: the built-in ones again."""
    global _in_force
    _in_force = (next(_numbers), dict(tables)) if tables else (0, {})


@contextmanager
def laid_tables(tables: Mapping[str, pd.DataFrame] | None) -> Iterator[None]:
    """Put tables in place of built-in ones for a while."""
    global _in_force
    before = _in_force
    lay_tables(tables)
    try:
        yield
    finally:
        _in_force = before


def cached(function: Callable) -> Callable:
    """Keep what a function of the built-in tables returns, apart for every set of tables in force.

    Examples
    --------
    >>> @cached
    ... def answer():
    ...     return own_table("breaks") is None
    >>> with laid_tables({"breaks": pd.DataFrame()}):
    ...     laid = answer()
    >>> laid, answer()
    (False, True)
    """
    kept = functools.cache(lambda number, *given, **named: function(*given, **named))

    @functools.wraps(function)
    def call(*given, **named):
        return kept(_in_force[0], *given, **named)

    return call
