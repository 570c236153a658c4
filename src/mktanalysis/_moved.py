"""Names that moved: the old place still answers for one version, and says the new one.

Always holds: a name is asked for under its new place in the end; nothing is copied.
"""

import warnings
from importlib import import_module


def moved_names(room: str, homes: dict[str, tuple[str, ...]]):
    """Return a module's ``__getattr__`` for names that now live elsewhere.

    Parameters
    ----------
    room : str
        The module that is asked, ``__name__``.
    homes : dict
        New room below ``mktanalysis`` -> the names that moved there; ``"new"`` may be ``"room:new_name"``.

    Returns
    -------
    callable
        Warns with a `FutureWarning` that names the new place, and returns what is there.
    """
    places = {name: home for home, names in homes.items() for name in names}

    def __getattr__(name: str):
        if name not in places:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        home = places[name]
        new = f"mktanalysis.{home}.{name}"
        warnings.warn(f"{room}.{name} is now {new}", FutureWarning, stacklevel=2)
        return getattr(import_module(f"mktanalysis.{home}"), name)

    return __getattr__
