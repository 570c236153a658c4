"""How a market answers: share from effort, rank from share, margin from rank.

Always holds: every function works elementwise on arrays and knows neither time limits nor money limits;
nothing here depends on which units are held elsewhere.
"""

from __future__ import annotations

import numpy as np

from ..assumptions import Response


def attraction_share(effort, rival_strength, response: Response) -> np.ndarray:
    """Share that a lasting effort leads to: own attraction over all attraction.

    Parameters
    ----------
    effort : array
        Yearly effort as a share of capacity.
    rival_strength : array
        Rivals' effort relative to the usual ``response.rival_effort``.

    Examples
    --------
    >>> from mktanalysis.expansion import Response
    >>> float(attraction_share(0.06, 1.0, Response()))
    0.5
    """
    own = np.power(np.maximum(effort, 0.0), response.elasticity)
    rival = np.power(response.rival_effort * np.asarray(rival_strength, dtype=float), response.elasticity)
    return np.divide(own, own + rival, out=np.zeros(np.broadcast(own, rival).shape), where=own + rival > 0)


def next_share(share, target, response: Response) -> np.ndarray:
    """One year on: part of the gap to the target closes, faster upwards (ramp) or downwards (1 -
    retention).
    """
    speed = np.where(target >= share, response.ramp, 1 - response.retention)
    return share + speed * (target - share)


def rank_of(share, rivals, present) -> np.ndarray:
    """Rank = 1 + number of rivals above; rivals keep their proportions in what we leave.

    Parameters
    ----------
    share : array, shape (...)
        Our share.
    rivals : array, shape (..., r)
        Rivals' shares today.
    present : array, shape (...)
        Our share today, on which `rivals` stand.

    Examples
    --------
    >>> int(rank_of(np.array(0.2), np.array([0.3, 0.2, 0.1]), np.array(0.0)))
    2
    """
    left = (1 - np.asarray(share)) / np.maximum(1 - np.asarray(present), 1e-9)
    return 1 + (np.asarray(rivals) * left[..., None] > np.asarray(share)[..., None]).sum(axis=-1)


def margin_of(rank, response: Response) -> np.ndarray:
    """Contribution per yuan of sales by rank; the last figure serves all later ranks."""
    margins = np.array(response.rank_margin)
    return margins[np.minimum(np.asarray(rank), len(margins)) - 1]


def strong_next(strong, share, rank, response: Response) -> np.ndarray:
    """Strong among the first `strong_rank` with the entry share; once strong, lost below the exit share
    only.
    """
    among = rank <= response.strong_rank
    return among & np.where(strong, share >= response.exit_share, share >= response.enter_share)
