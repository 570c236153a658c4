"""Market potential from around, and who draws custom from where (Harris, Huff).

Always holds: no distance exponent is ever assumed in silence: give one, or fit it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .. import words
from ..errors import MktError
from ..regions.edges import haversine_km
from ..words.render import named
from ..words.summary import Shown, Summary
from .checks import need, positive, square, unique


def distances(points: pd.DataFrame) -> pd.DataFrame:
    """Great-circle distances in km between all points (region, lon, lat), as a square table.

    Examples
    --------
    >>> square = distances(pd.DataFrame({"region": ["a", "b"], "lon": [0.0, 1.0], "lat": [0.0, 0.0]}))
    >>> float(square.loc["a", "b"].round())
    111.0
    """
    need(points, ("region", "lon", "lat"), "points")
    lon = points["lon"].to_numpy(dtype=float)
    lat = points["lat"].to_numpy(dtype=float)
    square = haversine_km(lon[:, None], lat[:, None], lon[None, :], lat[None, :])
    regions = pd.Index(points["region"], name="region")
    return pd.DataFrame(square, index=regions, columns=regions.rename("other"))


def harris_potential(mass: pd.Series, distance_km: pd.DataFrame, *, exponent: float, inner_km) -> pd.Series:
    """Potential of each region: what lies around it, weighed by distance (Harris 1954).

    ``P_i = m_i / inner_i^b + sum_j m_j / d_ij^b``.

    Parameters
    ----------
    mass : Series
        Index region: people, income or sales.
    distance_km : DataFrame
        Square, as from :func:`distances`; may hold more regions than `mass`.
    exponent : float
        b; 1 is Harris's own, fit it to your flows with :func:`fit_huff` where there are any.
    inner_km : float or Series
        Distance within a region, for its own mass: often a third to a half of its radius.

    Returns
    -------
    Series
        Index region, in units of `mass` per km^b.

    Examples
    --------
    >>> square = pd.DataFrame([[0.0, 10.0], [10.0, 0.0]], index=["a", "b"], columns=["a", "b"])
    >>> harris_potential(pd.Series({"a": 100.0, "b": 50.0}), square, exponent=1, inner_km=5).to_dict()
    {'a': 25.0, 'b': 20.0}
    """
    positive(exponent)
    unique(mass.index, "mass")
    known = mass.dropna()
    between = square(distance_km, known.index)
    inner = inner_km.reindex(known.index) if isinstance(inner_km, pd.Series) else inner_km
    np.fill_diagonal(between, np.broadcast_to(np.asarray(inner, dtype=float), len(known)))
    if not (between > 0).all():
        raise MktError("距离应为正：inner_km 缺失，或两个地区的位置重合")
    return pd.Series((between**-exponent) @ known.to_numpy(), known.index, name="potential")


def huff_shares(attraction: pd.Series, distance_km: pd.DataFrame, *, exponent: float) -> pd.DataFrame:
    """Share of each customer region that goes to each centre (Huff 1964).

    ``share_ij = (a_j / d_ij^b) / sum_k (a_k / d_ik^b)``; rows are customer regions and add up to 1.

    Parameters
    ----------
    attraction : Series
        Index centre: floor space, number of brands, sales.
    distance_km : DataFrame
        Rows customer regions, columns centres, all positive.
    exponent : float
        b, from :func:`fit_huff` or the literature; there is no default.

    Examples
    --------
    >>> far = pd.DataFrame([[1.0, 2.0]], index=["home"], columns=["a", "b"])
    >>> huff_shares(pd.Series({"a": 1.0, "b": 4.0}), far, exponent=2).loc["home"].tolist()
    [0.5, 0.5]
    """
    positive(exponent)
    unique(attraction.index, "attraction")
    square = distance_km.reindex(columns=attraction.index).to_numpy(dtype=float)
    if not (square > 0).all() or not (attraction > 0).all():
        raise MktError("huff_shares 需要正的距离和吸引力，且每个中心都有距离")
    pull = attraction.to_numpy() * square**-exponent
    return pd.DataFrame(pull / pull.sum(axis=1, keepdims=True), distance_km.index, attraction.index)


@dataclass(frozen=True, eq=False, repr=False)
class HuffFit(Shown):
    """Fitted Huff model.

    Attributes
    ----------
    exponent, attraction_exponent : float
        How fast custom falls with distance and rises with attraction.
    table : DataFrame
        Index exponent, attraction_exponent; columns estimate, std_error, lower, upper (at the coverage
        asked for).
    n_flows : int
    r_squared : float
        Share of the variance of log flows explained within origins.
    """

    exponent: float
    attraction_exponent: float
    table: pd.DataFrame
    n_flows: int
    r_squared: float

    def summary(self) -> Summary:
        """What is shown of it."""
        names = ("exponent", "attraction_exponent", "n_flows", "r_squared")
        table = self.table.rename_axis("parameter").reset_index()
        table = table.assign(parameter=table["parameter"].map(words.label))
        step = "mkt.capacity.huff_shares(...) 用这两个指数算份额"
        return Summary("由流量估计的吸引模型", {name: getattr(self, name) for name in names}, table, step)


def fit_huff(
    flows: pd.DataFrame, attraction: pd.Series, distance_km: pd.DataFrame, *, coverage=0.8
) -> HuffFit:
    """Fit the exponents of a Huff model to observed flows, by log-centering (Nakanishi and Cooper 1974).

    Parameters
    ----------
    flows : DataFrame
        Columns region (customers' home), center, value (visits, sales); zeros are left out.
    attraction : Series
        Index center.
    distance_km : DataFrame
        Rows regions, columns centres.
    coverage : float
        Of the intervals of the exponents.

    Raises
    ------
    MktError
        Fewer than 10 usable flows, or distances that do not vary: the exponent cannot be told; a region or
        centre without a positive distance and attraction.
    """
    from scipy.stats import t as student

    need(flows, ("region", "center", "value"), "flows")
    if not 0 < coverage < 1:
        raise MktError(f"coverage 应在 0 与 1 之间，现为 {coverage}")
    used = flows[flows["value"] > 0]
    far = distance_km.reindex(index=used["region"].unique(), columns=used["center"].unique())
    rows = far.index.get_indexer(used["region"])
    columns = far.columns.get_indexer(used["center"])
    d = far.to_numpy(dtype=float)[rows, columns]
    a = attraction.reindex(used["center"]).to_numpy(dtype=float)
    bad = ~((d > 0) & (a > 0))
    if bad.any():
        pairs = "、".join(f"{r}→{c}" for r, c in used.loc[bad, ["region", "center"]].to_numpy()[:10])
        raise MktError(f"这些流量没有正的距离或吸引力：{pairs}")
    logs = pd.DataFrame({"y": np.log(used["value"].to_numpy()), "d": -np.log(d), "a": np.log(a)})
    centred = logs - logs.groupby(used["region"].to_numpy()).transform("mean")
    x = centred[["d", "a"]].to_numpy()
    y = centred["y"].to_numpy()
    free = len(y) - used["region"].nunique() - 2
    if free < 8 or np.linalg.cond(x.T @ x) > 1e8:
        raise MktError(f"只有 {len(y)} 条可用流量，或距离与吸引力没有独立变化：无法估计距离衰减指数")
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    rest = y - x @ beta
    error = np.sqrt(np.diag(inverse) * (rest @ rest) / free)
    width = student.ppf(0.5 + coverage / 2, free) * error
    table = pd.DataFrame(
        {"estimate": beta, "std_error": error, "lower": beta - width, "upper": beta + width},
        index=["exponent", "attraction_exponent"],
    )
    table = named(table, "huff")
    return HuffFit(float(beta[0]), float(beta[1]), table, len(y), float(1 - (rest @ rest) / (y @ y)))
