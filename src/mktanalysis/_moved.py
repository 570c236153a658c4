"""Names that moved: the old place still answers for one version, and says the new one.

Always holds: a name is asked for under its new place in the end; nothing is copied.
"""

import warnings
from importlib import import_module


def moved_names(room: str, homes: dict[str, str], *, depth: int = 2):
    """Return a module's ``__getattr__`` for names that now live elsewhere.

    Parameters
    ----------
    room : str
        The module that is asked, ``__name__``.
    homes : dict
        New room below ``mktanalysis`` -> the names that moved there, separated by blanks; ``old=new`` where
        the name changed too.
    depth : int
        How many calls above the warning the asking code stands.

    Returns
    -------
    callable
        Warns with a `FutureWarning` that names the new place, and returns what is there.
    """
    places = {}
    for home, names in homes.items():
        for old, _, new in (name.partition("=") for name in names.split()):
            places[old] = (home, new or old)

    def __getattr__(name: str):
        if name not in places:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        home, new = places[name]
        warnings.warn(f"{room}.{name} is now mktanalysis.{home}.{new}", FutureWarning, stacklevel=depth)
        return getattr(import_module(f"mktanalysis.{home}"), new)

    return __getattr__
