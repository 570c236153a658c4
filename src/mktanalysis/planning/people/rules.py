"""Small rules of the trade: model stores by level, events by prospects, departments of inspection.

Always holds: edges are inclusive; an unknown figure never decides against a unit, it is named.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import MktError

#: Model stores a place (样板店): at least, at most. Source: one a county, two or three a prefecture city,
#: three to five a provincial capital or municipality.
STORES = {"county": (1, 1), "prefecture": (2, 3), "capital": (3, 5), "municipality": (3, 5)}


def model_stores(kinds: pd.Series) -> pd.DataFrame:
    """Model stores that each place should have (样板店数).

    Parameters
    ----------
    kinds : Series
        Index region, values county, prefecture, capital (of a province) or municipality.

    Returns
    -------
    DataFrame
        Index region, columns kind, least, most.

    Examples
    --------
    >>> model_stores(pd.Series({"a": "county", "b": "capital"}))[["least", "most"]].values.tolist()
    [[1, 1], [3, 5]]
    """
    unknown = sorted(set(kinds.dropna()) - set(STORES))
    if unknown or kinds.isna().any():
        raise MktError(
            f"地区类别应为 {'、'.join(STORES)} 之一，现有：{'、'.join(map(str, unknown)) or '缺失'}"
        )
    return pd.DataFrame(
        {
            "kind": kinds,
            "least": kinds.map({kind: low for kind, (low, _) in STORES.items()}),
            "most": kinds.map({kind: high for kind, (_, high) in STORES.items()}),
        }
    )


def promotion_due(
    markets: pd.DataFrame, today: pd.Period, *, prospects: int = 20, months: int = 6
) -> pd.DataFrame:
    """Which markets may ask for a promotion event (推广会): enough prospects and none in the last half-year.

    Parameters
    ----------
    markets : DataFrame
        Columns region, prospects, last_event (monthly Period, missing: never).
    today : Period
        Monthly.
    prospects, months : int
        Source: 20 prospects, at most one event in six months; both edges inclusive.

    Returns
    -------
    DataFrame
        Columns region, prospects, last_event, due (flag), missing_prospects, months_to_wait.

    Examples
    --------
    >>> last = pd.PeriodIndex(["2025-01", "2025-02", None], freq="M")
    >>> markets = pd.DataFrame({"region": list("abc"), "prospects": [20, 25, 19], "last_event": last})
    >>> promotion_due(markets, pd.Period("2025-07", freq="M"))["due"].tolist()
    [True, False, False]
    """
    if (markets["prospects"] < 0).any() or markets["prospects"].isna().any():
        raise MktError("准客户数应为非负数（缺失不是 0）")
    since = [months if pd.isna(last) else (today - last).n for last in markets["last_event"]]
    wait = np.maximum(months - np.array(since), 0)
    short = np.maximum(prospects - markets["prospects"].to_numpy(), 0)
    front = markets[["region", "prospects", "last_event"]]
    return front.assign(due=(wait == 0) & (short == 0), missing_prospects=short, months_to_wait=wait)


#: Any one of these makes a department of its own, edges inclusive: 10 TWh a year, a million customers, ten
#: county units (or the utility of a provincial capital).
INSPECTION = {"energy_twh": 10.0, "customers": 1e6, "county_units": 10.0}


def inspection_heads(units: pd.DataFrame) -> pd.DataFrame:
    """Which utility needs an inspection department of its own, and its least size (营销稽查机构).

    Parameters
    ----------
    units : DataFrame
        Columns unit, capital (flag), energy_twh (sold a year), customers, county_units; any may be missing
        in a row.

    Returns
    -------
    DataFrame
        Columns unit, department (``yes``, ``no``, ``unknown``: no condition known to hold and one is not
        known), least_heads (4 or 2; 2 while unknown), reason (Chinese).

    Examples
    --------
    >>> units = pd.DataFrame({"unit": ["甲", "乙"], "capital": [False, False], "energy_twh": [10.0, 9.9],
    ...     "customers": [2e5, 9e5], "county_units": [3.0, None]})
    >>> inspection_heads(units)[["department", "least_heads"]].values.tolist()
    [['yes', 4], ['unknown', 2]]
    """
    names = {
        "capital": "省会城市",
        "energy_twh": "年售电量",
        "customers": "客户数",
        "county_units": "县级单位数",
    }
    missing = [name for name in ("unit", *names) if name not in units]
    if missing:
        raise MktError(f"供电单位表缺少列：{'、'.join(missing)}")
    rows = []
    for row in units.to_dict("records"):
        held = {
            name: row[name] if pd.isna(row[name]) else row[name] >= edge for name, edge in INSPECTION.items()
        }
        held["capital"] = row["capital"] if pd.isna(row["capital"]) else bool(row["capital"])
        reasons = [names[name] for name in names if not pd.isna(held[name]) and held[name]]
        unknown = [names[name] for name in names if pd.isna(held[name])]
        if reasons:
            rows.append((row["unit"], "yes", 4, f"符合：{'、'.join(reasons)}"))
        elif unknown:
            rows.append((row["unit"], "unknown", 2, f"未知：{'、'.join(unknown)}；其余条件不符合"))
        else:
            rows.append((row["unit"], "no", 2, "各条件均不符合"))
    return pd.DataFrame(rows, columns=["unit", "department", "least_heads", "reason"])
