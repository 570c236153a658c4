"""Tiers as tables that a reader can use: one row a region, systems side by side, ranks over the years.

Always holds: nothing is computed here that the estimators do not hold; a missing tier stays missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from .agreement import compare_assignments


def tier_table(clusters, scores) -> pd.DataFrame:
    """One row a region: its tier, how sure, and how much of it is estimated.

    Parameters
    ----------
    clusters : TierClusterer
        Fitted on `scores`.
    scores : Scores

    Returns
    -------
    DataFrame
        Index region, best score first; columns tier, rank, score, stability (share of the resamples in which
        it keeps its tier; missing without resamples), n_imputed. Regions without a tier are left out.
    """
    tiers = clusters.tiers_.dropna()
    score = clusters.score_.reindex(tiers.index)
    sure = clusters.stability_
    table = pd.DataFrame(
        {
            "tier": tiers,
            "rank": score.rank(ascending=False, method="first").astype(int),
            "score": score,
            "stability": np.nan if sure is None else sure.reindex(tiers.index),
            "n_imputed": scores.imputed.sum(axis=1).reindex(tiers.index),
        }
    )
    return table.sort_values("rank")


def tier_centers(scores, tiers: pd.Series) -> pd.DataFrame:
    """Mean standardised indicators of every tier, best tier first; index tier."""
    labels = tiers.dropna()
    means = scores.standardised.reindex(labels.index).groupby(labels.astype(object)).mean()
    order = labels.cat.categories if isinstance(labels.dtype, pd.CategoricalDtype) else sorted(set(labels))
    return means.reindex([tier for tier in order if tier in means.index])


def pairwise_agreement(systems: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Rank correlation of every two systems on the regions that both grade.

    Parameters
    ----------
    systems : mapping of str to Series
        Name -> assignment, ordered.

    Returns
    -------
    DataFrame
        Square, rows and columns the names; 1 is the same order.
    """
    rows = {
        one: {other: compare_assignments(first, second).rank_correlation for other, second in systems.items()}
        for one, first in systems.items()
    }
    return pd.DataFrame(rows)


def rank_table(history) -> pd.DataFrame:
    """Rank of every region in every year of a tier history; index region, columns year, 1 the best."""
    scores = history.table.pivot(index="region", columns="year", values="score")
    return scores.rank(ascending=False)


def notable(ranks: pd.DataFrame, *, top: int = 12, movers: int = 3, also: Iterable[str] = ()) -> list[str]:
    """Regions worth a line in a chart of ranks: the first ones, the largest movers, and those asked for.

    Parameters
    ----------
    ranks : DataFrame
        As from :func:`rank_table`.
    top : int
        How many of the best of the last year.
    movers : int
        How many of those that rose most, and of those that fell most.
    also : iterable of str

    Returns
    -------
    list of str
        Each once.
    """
    latest = ranks[ranks.columns[-1]].dropna().sort_values(kind="stable")
    by_rise = (ranks[ranks.columns[0]] - latest).dropna().sort_values(kind="stable").index
    chosen = [*latest.index[:top], *by_rise[:movers], *by_rise[len(by_rise) - movers :], *also]
    return [region for region in dict.fromkeys(chosen) if region in ranks.index]
