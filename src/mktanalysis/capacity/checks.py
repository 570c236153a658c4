"""Checks that the capacity verbs share.

Always holds: a message names the argument and what it lacks.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import MktError


def square(distance_km: pd.DataFrame, regions: pd.Index) -> np.ndarray:
    missing = regions.difference(distance_km.index)
    if len(missing):
        raise MktError(f"距离表缺少地区：{'、'.join(map(str, missing[:20]))}")
    return distance_km.loc[regions, regions].to_numpy(dtype=float, copy=True)


def positive(exponent: float) -> None:
    if not exponent > 0:
        raise MktError(f"exponent 应为正数，现为 {exponent}")


def unique(index: pd.Index, name: str) -> None:
    if index.has_duplicates:
        raise MktError(f"{name} 中地区重复：{'、'.join(map(str, index[index.duplicated()][:10]))}")


def one_level(regions, tree, name: str) -> str:
    """The level all regions belong to."""
    levels = tree.level_of(regions).unique()
    if len(levels) != 1:
        raise MktError(f"{name} 的地区应属同一层级，现有：{'、'.join(levels) or '无'}")
    return levels[0]


def need(table: pd.DataFrame, columns, name: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise MktError(f"{name} 缺少列：{'、'.join(missing)}")
