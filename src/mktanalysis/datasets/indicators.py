"""Indicators in wide form: one row a region, the latest known figure of each indicator.

Always holds: a figure comes with its status and its year; a missing figure is missing in all three.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from ..errors import MktError
from .files import _read
from .loaders import regions_of

_TABLES = {"province": "province_indicators", "prefecture": "city_indicators", "county": "county_indicators"}


@dataclass(frozen=True, eq=False)
class Indicators:
    """Wide figures and where they come from, three frames of one shape.

    Attributes
    ----------
    values : DataFrame
        Index region, one column an indicator, base units.
    status : DataFrame
        observed, interpolated, allocated or imputed.
    years : DataFrame
        The year of each figure (integer, missing allowed).
    """

    values: pd.DataFrame
    status: pd.DataFrame
    years: pd.DataFrame


def load_indicators(
    level: str,
    *,
    year: int | None = None,
    indicators: Iterable[str] | None = None,
    max_age: int | None = None,
) -> Indicators:
    """Return the latest figure of each indicator not after `year`, one row a region.

    Parameters
    ----------
    level : {"province", "prefecture", "county"}
    year : int, optional
        Default: the latest there is, for today's regions.
    indicators : iterable of str, optional
        Default: all that the level has.
    max_age : int, optional
        Leave out figures that are more than so many years older than `year`; default: any age.

    Returns
    -------
    Indicators
        Frames values, status, years; the regions of that year that have any of the figures.

    Raises
    ------
    MktError
        The level or an indicator is not known.

    Examples
    --------
    >>> found = load_indicators("prefecture", year=2020, indicators=["resident_population"])
    >>> int(found.values.loc["110100", "resident_population"]), int(found.years.loc["110100"].iloc[0])
    (21893095, 2020)
    """
    if level not in _TABLES:
        raise MktError(f"指标只有 {'、'.join(_TABLES)} 三级，现为 {level!r}")
    table = _read(_TABLES[level])
    known = list(table["indicator"].unique())
    asked = known if indicators is None else list(indicators)
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise MktError(f"{level} 级没有指标 {'、'.join(map(str, unknown))}，可用：{'、'.join(known)}")
    years = table["period"].dt.year
    use = table["indicator"].isin(asked) & table["value"].notna()
    use &= table["region"].isin(regions_of(year)["region"])
    if year is not None:
        use &= years <= year
    if max_age is not None:
        use &= years >= (years[use].max() if year is None else year) - max_age
    part = table.assign(year=years)[use].sort_values("year", kind="stable")
    latest = part.drop_duplicates(["region", "indicator"], keep="last").set_index(["region", "indicator"])
    return Indicators(
        values=_wide(latest["value"], asked),
        status=_wide(latest["status"], asked),
        years=_wide(latest["year"].astype("Int64"), asked),
    )


def _wide(column: pd.Series, order: list[str]) -> pd.DataFrame:
    wide = column.unstack("indicator").reindex(columns=order).sort_index()
    return wide.rename_axis(columns=None)
