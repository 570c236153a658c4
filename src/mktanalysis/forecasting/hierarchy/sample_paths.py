"""Sample paths: possible futures in which every level adds up.

Always holds: each path is coherent; regions move together as they did at one past origin.
"""

from __future__ import annotations

import numpy as np

from ...errors import MktError
from .structure import Structure


def draw_paths(
    structure: Structure, mean, errors, scales, width, n_paths: int, *, coverage: float, random_state=None
) -> np.ndarray:
    """Add to the forecast the errors of past origins, whole origins at a time.

    Parameters
    ----------
    structure : Structure
    mean : ndarray (nodes, horizon)
    errors : ndarray (origins, nodes, horizon)
        Past errors of reconciled forecasts, missing where unknown; origins with a missing target are not
        used.
    scales : ndarray (origins + 1, nodes)
        Unit of the errors at each origin, and now.
    width : ndarray (nodes, horizon)
        Half width of the calibrated intervals: errors of a leaf are stretched to spread as wide.
    n_paths : int
    coverage : float
        Nominal coverage of `width`.
    random_state : int or Generator, optional
        Draws the origins and a sign for each path.

    Returns
    -------
    ndarray (nodes, horizon, paths)
    """
    rng = np.random.default_rng(random_state)
    leaves = structure.leaves
    whole = np.isfinite(errors).any(axis=1).all(axis=1)
    if whole.sum() < 2:
        raise MktError(f"只有 {int(whole.sum())} 个起点有完整误差，不足以抽取路径：请缩短 horizon")
    unit = np.where(scales > 0, scales, 1.0)[:, leaves]
    relative = np.nan_to_num(errors[whole][:, leaves] / unit[:-1][whole][:, :, None]) * unit[-1][:, None]
    reach = np.quantile(np.abs(relative), coverage, axis=0)
    stretch = np.divide(width[leaves], reach, out=np.ones_like(reach), where=reach > 0).clip(0.2, 5.0)
    sign = rng.choice([-1.0, 1.0], size=(n_paths, 1, 1))
    drawn = relative[rng.integers(len(relative), size=n_paths)] * sign * stretch
    return structure.add_up(mean[leaves][:, :, None] + np.moveaxis(drawn, 0, -1))
