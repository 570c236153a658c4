"""A plan and a learnt ranking side by side: where they agree, and what each has that the other has not.

Always holds: both list the same number of places not held; what the plan enters though the history holds it
has no rank.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...words.render import named
from .model import EntryModel


def plan_beside_ranking(
    steps: pd.DataFrame, model: EntryModel, *, base=(), held=None, year: int | None = None
) -> pd.DataFrame:
    """Put the units of a plan beside the places that past openings point to.

    Parameters
    ----------
    steps : DataFrame
        As in ``ExpansionPlan.steps``: region, period (years).
    model : EntryModel
        Fitted on openings at the level of the plan's units.
    base : sequence of str
        Units that the plan holds from the start: they are nowhere to go next.
    held, year : optional
        As in `EntryModel.rank`; the ranking is that of one year, the plan that of its whole horizon.

    Returns
    -------
    DataFrame
        The plan's units and the best ranked places, as many as the plan has of those that the history does
        not hold, by rank: region, planned_year (missing: not planned), rank (missing: held already, or
        unknown to the history), probability, in_both.

    Examples
    --------
    >>> from mktanalysis.expansion import fit_entries
    >>> points = pd.DataFrame({"region": list("abcd"), "lon": [0.0, 1.0, 2.0, 3.0], "lat": 0.0})
    >>> openings = pd.DataFrame({"region": ["a", "b"], "period": [2020, 2021]})
    >>> model = fit_entries(openings, pd.Series(1.0, list("abcd")), points)
    >>> steps = pd.DataFrame({"region": ["c"], "period": pd.PeriodIndex(["2023"], freq="Y")})
    >>> plan_beside_ranking(steps, model)["in_both"].tolist()
    [True]
    """
    period = steps["period"]
    years = period.dt.year if isinstance(period.dtype, pd.PeriodDtype) else period
    planned = pd.Series(years.to_numpy(), index=steps["region"].to_numpy()).groupby(level=0).min()
    chances = model.probability(held, year)
    chances = chances[~chances["region"].isin(list(base))]
    chances = chances.assign(rank=np.arange(1, len(chances) + 1)).set_index("region")
    best = chances.index[: planned.index.isin(chances.index).sum()]
    regions = pd.Index(planned.index.union(best), name="region")
    table = pd.DataFrame(
        {
            "planned_year": planned.reindex(regions).astype("Int64"),
            "rank": chances["rank"].reindex(regions).astype("Int64"),
            "probability": chances["probability"].reindex(regions),
            "in_both": regions.isin(planned.index) & regions.isin(best),
        },
        index=regions,
    )
    table = table.reset_index().sort_values(["rank", "region"], kind="stable", ignore_index=True)
    return named(table, "beside")
