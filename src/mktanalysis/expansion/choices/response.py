"""How a market answers: share from effort, rank from share, margin from rank.

Always holds: every function works elementwise on arrays and knows neither time limits nor money limits;
nothing here depends on which units are held elsewhere.
"""

from __future__ import annotations

import numpy as np

from ..assumptions import Response


def attraction_share(effort, rival_strength, response: Response, order=1) -> np.ndarray:
    """Share that a lasting effort leads to: own attraction over all attraction.

    Parameters
    ----------
    effort : array
        Yearly effort as a share of capacity; a stock of goodwill is as large as the lasting effort behind it.
    rival_strength : array
        Rivals' effort relative to the usual ``response.rival_effort``.
    order : array
        Which brand of the market we are by entry, 1 the first; nothing to the ``easy`` form.

    Examples
    --------
    >>> from mktanalysis.expansion import Response
    >>> float(attraction_share(0.06, 1.0, Response.easy()))
    0.5
    >>> first, fourth = attraction_share(0.05, 1.0, Response(), order=np.array([1, 4]))
    >>> float((fourth / (1 - fourth)) / (first / (1 - first)))
    0.5
    """
    own = np.power(np.maximum(effort, 0.0), response.elasticity)
    if response.form == "goodwill":
        own = own / np.power(np.asarray(order, dtype=float), response.order_exponent)
    rival = np.power(response.rival_effort * np.asarray(rival_strength, dtype=float), response.elasticity)
    return np.divide(own, own + rival, out=np.zeros(np.broadcast(own, rival).shape), where=own + rival > 0)


class Standing:
    """What a year leaves behind in a market: goodwill, or in the ``easy`` form the share itself.

    Parameters
    ----------
    response : Response
    order : array
        See `attraction_share`.
    """

    def __init__(self, response: Response, order):
        self.response = response
        self.order = order

    def of_share(self, share, rival_strength) -> np.ndarray:
        """The standing that shows a share."""
        response = self.response
        if response.form == "easy":
            return np.asarray(share, dtype=float)
        rival = np.power(response.rival_effort * np.asarray(rival_strength), response.elasticity)
        share = np.minimum(share, 1 - 1e-9)
        own = share / (1 - share) * rival * np.power(np.asarray(self.order, float), response.order_exponent)
        return np.power(own, 1 / response.elasticity)

    def of_effort(self, effort, rival_strength) -> np.ndarray:
        """The standing that a lasting effort leads to."""
        if self.response.form == "easy":
            return attraction_share(effort, rival_strength, self.response)
        return np.broadcast_to(effort, np.shape(rival_strength)).astype(float)

    def after(self, standing, effort, rival_strength) -> np.ndarray:
        """One year of effort on."""
        response = self.response
        if response.form == "easy":
            return next_share(standing, attraction_share(effort, rival_strength, response), response)
        return response.carry_over * standing + (1 - response.carry_over) * effort

    def share(self, standing, rival_strength) -> np.ndarray:
        """The share that a standing shows."""
        if self.response.form == "easy":
            return standing
        return attraction_share(standing, rival_strength, self.response, self.order)


def order_of(rivals, base) -> np.ndarray:
    """Which brand of each market we are by entry: the first at home, else the one after its strong brands.

    Examples
    --------
    >>> order_of(np.array([[0.3, 0.2, 0.1], [0.3, 0.0, 0.0]]), np.array([False, False])).tolist()
    [4, 2]
    """
    return np.where(base, 1, 1 + (np.asarray(rivals) > 0).sum(axis=-1))


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
