"""What many reports compute alike is computed once, before they are forked.

Always holds: only caches of the built-in tables are filled, by the very calls that a report would make, so
that a report finds what it would have computed; what fails here fails in the report that asks for it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable

#: Stands between the modules and the verbs among the arguments of the preloaded process.
VERBS = "--verbs"
#: Verb that notebooks call -> what fills its cache. Only verbs that keep what they return.
_SHARED: dict[str, Callable] = {
    "bridge_panel": lambda china: china.bridge_panel(),
    "planning_units": lambda china: [china.planning_units(level) for level in ("prefecture", "county")],
    "market_units": lambda china: china.market_units("prefecture"),
    "tiers_today": lambda china: china.tiers_today(),
}


def shared_verbs(notebooks: Iterable[str]) -> list[str]:
    """Verbs worth calling beforehand: those that the texts of the notebooks to be run call.

    Examples
    --------
    >>> shared_verbs(["today = china.bridge_panel(indicator)", "rebridge_panel(x)"])
    ['bridge_panel']
    """
    texts = list(notebooks)
    return [verb for verb in _SHARED if any(re.search(rf"\b{verb}\(", text) for text in texts)]


def fill_caches(verbs: Iterable[str] = ()) -> None:
    """Have the package read what nearly every report reads, and compute what `verbs` return.

    These are caches of files that do not change; settings of matplotlib are put back, no figure stays.
    """
    import matplotlib
    import pandas as pd

    import mktanalysis as mkt
    from mktanalysis import maps, style

    mkt.resolve_names(["江苏省"], mkt.load_regions())
    for table in ("city_indicators", "county_indicators", "edges_prefecture", "points"):
        mkt.load_table(table)
    with matplotlib.rc_context():
        style.use_style()
        wanted = (
            ("province", "320000", None),
            ("prefecture", "320100", None),
            ("prefecture", "320100", "320000"),
        )
        for level, code, within in wanted:
            maps.plot_map(pd.Series({code: 1.0}), level=level, within=within).canvas.draw()
    plt = sys.modules.get("matplotlib.pyplot")
    if plt is not None:
        plt.close("all")
    for verb in verbs:
        _call(verb)


def _call(verb: str) -> None:
    from mktanalysis import china

    try:
        _SHARED[verb](china)
    except Exception as error:
        print(f"{verb}: {error}", file=sys.stderr)
