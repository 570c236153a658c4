"""The one table of a plan: every place with its tier, size, forecast, year of entry and why (城市一览).

Always holds: lines to compare with stand first and are no places of the plan; a figure of a place that has no
series of its own is missing, or follows the region's and is marked so.
"""

from __future__ import annotations

import pandas as pd

from ...words.render import named

#: What stands where a place is not entered, and for the base area.
STAYS_OUT = "不进入"
BASE = "根据地"
_WHY_OUT = "所得抵不上花费，或计划期内轮不到"
_WHY_BASE = "从这里出发"
_COLUMNS = ["tier", "published", "now", "mean", "lower", "upper", "growth", "against"]
_COLUMNS += ["entry", "reason", "status"]


def city_table(
    units: pd.DataFrame,
    ahead: pd.DataFrame,
    *,
    region: str,
    compared: tuple[str, ...] = (),
    tiers: pd.DataFrame | None = None,
    steps: pd.DataFrame | None = None,
    base: tuple[str, ...] = (),
    category_share: float = 1.0,
) -> pd.DataFrame:
    """Put what a manager asks of every place into one table (城市一览).

    Parameters
    ----------
    units : DataFrame
        Columns region, capacity (yuan), status.
    ahead : DataFrame
        From ``forecasting.past_and_future``: index region; published, now, one column a year, lower, upper,
        growth.
    region : str
        Code of the region; places whose figures are a part of its own (status ``allocated``) follow its
        forecast.
    compared : tuple of str
        Codes of lines to compare with, the first is the one that growth is held against.
    tiers : DataFrame, optional
        Index region; columns tier, stability.
    steps : DataFrame, optional
        The path: region, period, reason.
    base : tuple of str
        Codes of the base area.
    category_share : float
        Capacity / retail sales: the size of a place without a series of its own.

    Returns
    -------
    DataFrame
        Columns region, tier (with the share of resamples that stay in it), published, now, mean (of the last
        period), lower, upper (yuan), growth (a year), against (growth less that of the first line), entry
        (year, 根据地 or 不进入), reason (the first of a step's), status.
        Lines to compare with and the region first, then the places, the largest first.

    Examples
    --------
    >>> units = pd.DataFrame({"region": ["a"], "capacity": [2.0], "status": ["observed"]})
    >>> years = {"published": 90.0, "now": 100.0, "2027": 110.0, "lower": 99.0, "upper": 120.0, "growth": 0.1}
    >>> ahead = pd.DataFrame([years, {**years, "growth": 0.04}], index=["a", "N"])
    >>> table = city_table(units, ahead, region="a", compared=("N",), base=("a",))
    >>> table[["region", "mean", "against", "entry"]].values.tolist()
    [['N', 110.0, 0.0, ''], ['a', 110.0, 0.06, ''], ['a', 110.0, 0.06, '根据地']]
    """
    last = ahead.columns[ahead.columns.get_loc("lower") - 1]
    known = ahead.rename(columns={last: "mean"})
    if "published" not in known:
        known = known.assign(published=known["now"])
    figures = ["published", "now", "mean", "lower", "upper", "growth"]
    own = known.reindex([*compared, region, *units["region"]])[figures]
    own.iloc[len(compared) + 1 :] = _places(units, own, known, region, category_share)
    against = own["growth"] - own["growth"].iloc[0]
    table = own.assign(against=against.round(12)).rename_axis("region").reset_index()
    table = table.assign(status=[*["nowcast"] * (len(compared) + 1), *units["status"]])
    table["tier"] = table["region"].map(_with_certainty(tiers)).astype(object)
    head = table.head(len(compared) + 1).assign(entry="", reason="")
    places = _entered(table.iloc[len(compared) + 1 :], steps, base)
    places = places.sort_values(["now", "region"], ascending=[False, True], na_position="last")
    whole = pd.concat([head, places], ignore_index=True)
    return named(whole[["region", *_COLUMNS]], "plan_cities")


def _with_certainty(tiers: pd.DataFrame | None) -> pd.Series:
    """Tier and how sure it is, as one text."""
    if tiers is None:
        return pd.Series(dtype=object)
    known = tiers.dropna(subset=["tier", "stability"])
    return known["tier"].astype(str) + known["stability"].map("（{:.0%}）".format)


def _places(units, own, known: pd.DataFrame, region: str, category_share: float):
    """Figures of the places: their own, else their size, along the region's path where they are parts."""
    rows = own.iloc[-len(units) :].copy()
    size = (units["capacity"] / category_share).to_numpy()
    alone = rows["now"].isna().to_numpy()
    rows.loc[alone, "now"] = size[alone]
    part = alone & units["status"].eq("allocated").to_numpy()
    if region in known.index:
        for column in ("mean", "lower", "upper"):
            times = known.loc[region, column] / known.loc[region, "now"]
            rows.loc[part, column] = size[part] * times
    return rows


def _entered(places: pd.DataFrame, steps: pd.DataFrame | None, base: tuple[str, ...]) -> pd.DataFrame:
    """Year of entry and its reason."""
    home = places["region"].isin(list(base))
    path = pd.DataFrame(columns=["region", "period", "reason"]) if steps is None else steps
    when = path.set_index("region")["period"].astype(str)
    why = path.set_index("region")["reason"].astype(str).str.split("；").str[0]  # the first of its reasons
    entry = places["region"].map(when).astype(object).fillna(STAYS_OUT).mask(home, BASE)
    reason = places["region"].map(why).astype(object).fillna(_WHY_OUT).mask(home, _WHY_BASE)
    return places.assign(entry=entry, reason=reason)
