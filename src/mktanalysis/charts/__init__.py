"""Charts: tables in, a matplotlib figure with Chinese labels and a source line out.

Always holds: a chart computes nothing that a table should hold, and changes none of the tables it is given.
One module per part of the work (``regions``, ``tiers``, ``forecast``, ``expansion``), whose ``__all__`` are
the names found here; none loads matplotlib before it draws.
"""

from importlib import import_module as _import_module
from pkgutil import iter_modules as _iter_modules

_MODULES = tuple(sorted(module.name for module in _iter_modules(__path__)))


def __getattr__(name: str):
    if name in _MODULES:
        return _import_module(f".{name}", __name__)
    if not name.startswith("_"):
        for module in _MODULES:
            charts = _import_module(f".{module}", __name__)
            if name in charts.__all__:
                return getattr(charts, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({name for module in _MODULES for name in __getattr__(module).__all__} | set(_MODULES))
