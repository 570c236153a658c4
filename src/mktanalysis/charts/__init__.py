"""Charts: tables in, a matplotlib figure with Chinese labels and a source line out.

Always holds: a chart computes nothing that a table should hold, and changes none of the tables it is given.
One module per part of the work (``regions``, ``tiers``, ``forecast``, ``expansion``), whose ``__all__`` are
the names found here; a name that two of them use is found only in its module. None loads matplotlib before
it draws.
"""

from importlib import import_module as _import_module
from pkgutil import iter_modules as _iter_modules

_MODULES = tuple(sorted(module.name for module in _iter_modules(__path__)))


def __getattr__(name: str):
    if name in _MODULES:
        return _import_module(f".{name}", __name__)
    holders = [] if name.startswith("_") else [m for m in _MODULES if name in __getattr__(m).__all__]
    if len(holders) > 1:
        places = ", ".join(f"charts.{module}.{name}" for module in holders)
        raise AttributeError(f"several charts are called {name!r}: {places}")
    if not holders:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(__getattr__(holders[0]), name)


def __dir__():
    return sorted({name for module in _MODULES for name in __getattr__(module).__all__} | set(_MODULES))
