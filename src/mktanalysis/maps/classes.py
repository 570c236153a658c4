"""Numbers into a few ordered classes that a map legend can show.

Always holds: classes are ordered highest first (as tiers are), their labels hold the bounds that were used,
every number falls into exactly one class, and a missing number stays missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from ..errors import MktError
from ..words import scale, scales
from ..words.amounts import format_plain


def classify(
    values: pd.Series, *, breaks: int | Sequence[float] = 6, how: str = "quantile", unit: str = ""
) -> pd.Series:
    """Return an ordered assignment of numbers to classes, highest class first.

    Parameters
    ----------
    values : Series
        Numbers in base units, index ``region``.
    breaks : int or sequence of float
        How many classes, or their inner bounds in base units, rising; a value equal to a bound belongs to
        the class above it.
    how : {"quantile", "log", "equal"}
        How bounds are found when `breaks` is a number: equally many regions, equal steps of the logarithm
        (figures above 0 only), or equal steps. Bounds found are rounded to two digits where that leaves them
        apart.
    unit : str
        Display unit of the labels (``"亿元"``, ``"万人"``, ``"%"`` ...), see ``words.scales``.

    Returns
    -------
    Series
        Ordered Categorical, same index.

    Raises
    ------
    MktError
        If a value is infinite, not a number, or breaks do not rise.

    Examples
    --------
    >>> classify(pd.Series([1.0, 5.0, 50.0], index=["a", "b", "c"]), breaks=[5, 10]).tolist()
    ['< 5', '5 – 10', '≥ 10']
    """
    if not pd.api.types.is_numeric_dtype(values) or unit not in scales():
        raise MktError(f"分级需要数值和已知的显示单位，收到类型 {values.dtype}、单位 {unit!r}")
    numbers = values.astype(float)
    if np.isinf(numbers).any():
        raise MktError(f"分级不能有无穷大：{numbers.index[np.isinf(numbers)].tolist()[:5]}")
    bounds = _given(breaks) if not isinstance(breaks, int) else _found(numbers.dropna(), breaks, how, unit)
    labels = _labels(bounds, unit)
    codes = np.searchsorted(bounds, numbers.to_numpy(), side="right")
    codes = np.where(numbers.isna(), -1, len(bounds) - codes)
    data = pd.Categorical.from_codes(codes, categories=labels[::-1], ordered=True)
    return pd.Series(data, index=values.index, name=values.name)


def _given(breaks: Sequence[float]) -> np.ndarray:
    bounds = np.asarray(list(breaks), float)
    if not len(bounds) or not np.isfinite(bounds).all() or (np.diff(bounds) <= 0).any():
        raise MktError(f"分级界限必须是递增的有限数，收到 {list(breaks)}")
    return bounds


def _found(numbers: pd.Series, n: int, how: str, unit: str) -> np.ndarray:
    if n < 2 or how not in ("quantile", "log", "equal"):
        raise MktError(f"级数至少为 2，方法为 quantile、log 或 equal，收到 {n}、{how!r}")
    if how == "log" and (numbers <= 0).any():
        raise MktError("对数分级要求数值都大于 0")
    if numbers.nunique() < 2:
        return np.array([])
    steps = np.arange(1, n) / n
    low = numbers.min()
    high = numbers.max()
    exact = {
        "quantile": lambda: np.quantile(numbers, steps),
        "log": lambda: np.exp(np.log(low) + steps * np.log(high / low)),
        "equal": lambda: low + steps * (high - low),
    }[how]()
    exact = np.unique(exact[exact > low])
    for digits in (2, 3, 4):
        rounded = np.array([float(f"{bound / scale(unit):.{digits - 1}e}") for bound in exact])
        rounded *= scale(unit)
        if len(set(_texts(rounded, unit))) == len(exact):
            return rounded
    return exact


def _texts(bounds: np.ndarray, unit: str) -> list[str]:
    return [format_plain(bound, unit) for bound in bounds]


def _labels(bounds: np.ndarray, unit: str) -> list[str]:
    """Labels lowest class first; bounds that print alike are told apart by all their digits."""
    if not len(bounds):
        return ["全部"]
    texts = _texts(bounds, unit)
    if len(set(texts)) < len(texts):
        texts = [repr(float(bound / scale(unit))) for bound in bounds]
    middle = [f"{low} – {high}" for low, high in pairwise(texts)]
    return [f"< {texts[0]}", *middle, f"≥ {texts[-1]}"]
