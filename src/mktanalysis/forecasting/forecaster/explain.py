"""What a forecast is made of, as a table and in a sentence.

Always holds: the parts of a forecast add up to it; the weights of a region's models add up to 1.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import MktError
from ...words import value_word
from .panel import Cube


def explained(keys: pd.DataFrame, rolled, mean: np.ndarray, cube: Cube) -> pd.DataFrame:
    """Parts of the last origin's forecast: see ``ForecastResult.parts``."""
    base = rolled.base[-1]
    bias = rolled.bias
    free = rolled.reconciled[-1]
    own = (~np.isnan(cube.own)).sum(axis=1)
    # A sum has as many figures as the leaf below it with the longest history.
    observed = np.zeros(cube.structure.size, dtype=int)
    observed[cube.structure.leaves] = own
    for node in range(cube.structure.size - 1, -1, -1) if cube.structure.parent is not None else ():
        up = cube.structure.parent[node]
        if up >= 0:
            observed[up] = max(observed[up], observed[node])
    if cube.structure.parent is None:
        observed = np.where(observed > 0, observed, own.max(initial=0))
    parts = {"base": base, "bias": bias, "reconciliation": free - base - bias, "fixed": mean - free}
    columns = {name: array.ravel() for name, array in parts.items()}
    return keys.assign(**columns, mean=mean.ravel(), n_observed=np.repeat(observed, mean.shape[1]))


def member_table(cube: Cube, rolled) -> pd.DataFrame:
    """Weights and past errors of the models by region: see ``ForecastResult.members``."""
    n_models = len(rolled.names)
    nodes = cube.structure.nodes.to_numpy()
    return pd.DataFrame(
        {
            "region": np.repeat(nodes, n_models),
            "level": np.repeat(cube.structure.levels.to_numpy(), n_models),
            "model": np.tile(rolled.names, len(nodes)),
            "weight": rolled.weights.T.ravel(),
            "past_error": rolled.past_error.T.ravel(),
        }
    )


def explain(result, region: str, *, period=None, name: str | None = None) -> str:
    """Say in a sentence how the forecast of a region came about.

    Parameters
    ----------
    result : ForecastResult
    region : str
    period : Period or str, optional
        Default: the last one.
    name : str, optional
        Of the region; default its code.

    Returns
    -------
    str
        Chinese; shares are of the models' average.

    Raises
    ------
    MktError
        No forecast of this region.
    """
    parts = result.parts[result.parts["region"] == region]
    if not len(parts):
        raise MktError(f"没有 {region} 的预测：不在面板之中，或在它的最底层以下")
    row = parts.iloc[-1] if period is None else parts[parts["period"].astype(str) == str(period)].iloc[0]
    size = abs(row["base"]) or 1.0
    members = result.members[result.members["region"] == region].sort_values(
        "weight", ascending=False, kind="stable"
    )
    equal = len(members) > 1 and np.ptp(members["weight"]) < 1e-9
    names = [value_word("forecast_model", model) for model in members["model"]]
    shown = [f"{word} {weight:.0%}" for word, weight in zip(names, members["weight"], strict=True)]
    used = "各模型权重相同（年份少，不按误差加权）：" if equal else "按过去误差加权："
    used = used if len(members) > 1 else "模型："
    moved = [
        f"{words} {row[part] / size:+.1%}"
        for part, words in (("bias", "近期偏差修正"), ("reconciliation", "上下级协调"), ("fixed", "固定总数"))
        if abs(row[part]) > 5e-4 * size
    ]
    few = ""
    if row["n_observed"] < 4:
        few = f"这个地区只有 {int(row['n_observed'])} 个数，其余由上级的增长推出，区间据此放宽。"
    return (
        f"{name or region} {row['period']}：{used}{'、'.join(shown)}；"
        + ("在此之上" + "、".join(moved) if moved else "没有修正")
        + "。"
        + few
    )
