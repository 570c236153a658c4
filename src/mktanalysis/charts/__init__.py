"""Charts: tables in, a matplotlib figure with Chinese labels and a source line out.

Always holds: a chart computes nothing that a table should hold, and changes none of the tables it is given.
One module per part of the work (``regions``, ``tiers``, ``forecast``, ``expansion``); it is imported when a
name of it is first used.
"""

from importlib import import_module as _import_module

#: Name of a chart -> the module that holds it.
_CHARTS = {
    "coverage_table": "regions",
    "plot_breaks": "regions",
    "plot_coverage": "regions",
    "plot_group_sizes": "regions",
}
__all__ = list(_CHARTS)


def __getattr__(name: str):
    if name not in _CHARTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_import_module(f".{_CHARTS[name]}", __name__), name)


def __dir__():
    return sorted(__all__)
