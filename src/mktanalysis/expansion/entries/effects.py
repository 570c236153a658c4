"""What a fitted model says: effect of distance and potential as curves, and why a place ranks where it does.

Always holds: effects are log odds and add up to the score; a reason names only what speaks for or against the
place in the fitted model, with the fact behind it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import MktError
from ...words import values as words_of
from ...words.render import named
from .features import Features, distance_hinges, group_of, potential_columns
from .geography import REACH

#: Points of a curve.
POINTS = 60
#: A curve of distance runs between these, in spacings.
NEAR_AND_FAR = (0.25, 12.0)
#: Half width of a band in standard errors: 80%.
BAND = 1.2816
#: An effect smaller than this (in log odds; a factor of 1.1) is no reason.
LEAST_EFFECT = 0.1
#: A reason names so many effects for a place and so many against it.
MOST_FOR = 3
MOST_AGAINST = 1


def effect_curves(
    features: Features, weight: np.ndarray, covariance: np.ndarray, year: float
) -> pd.DataFrame:
    """Odds of entry along distance and potential, all else equal, against their best value.

    Returns
    -------
    DataFrame
        feature (``distance`` or ``potential``), value (km, or units of the potential), odds (1 at the best
        value), low and high (80% band of the odds against the median place).
    """
    names = list(features.names)
    level = features.history.potential.before(year)
    level = level[np.isfinite(level)]
    km = np.geomspace(*np.multiply(NEAR_AND_FAR, features.geography.spacing), POINTS)
    log_km = np.log1p(km)
    columns = {"log_distance": log_km, **distance_hinges(log_km, features.geography.spacing)}
    found = [_curve("distance", km, columns, names, weight, covariance)]
    size = np.geomspace(*np.quantile(level, [0.01, 0.99]), POINTS)
    columns = potential_columns(np.log(size), np.log(level))
    found.append(_curve("potential", size, columns, names, weight, covariance))
    return named(pd.concat(found, ignore_index=True), "entry_curves")


def _curve(feature: str, value, columns: dict, names: list, weight, covariance) -> pd.DataFrame:
    used = [name for name in columns if name in names]
    at = [names.index(name) for name in used]
    x = np.column_stack([columns[name] for name in used]) if used else np.zeros((len(value), 0))
    effect = x @ weight[at]
    best = int(effect.argmax())
    # the band is that of the difference from the middle of the curve: a difference from the best value
    # would have no width just where it matters
    middle = x - x[len(x) // 2]
    error = np.sqrt(np.einsum("ij,jk,ik->i", middle, covariance[np.ix_(at, at)], middle).clip(0))
    odds = effect - effect[best]
    return pd.DataFrame(
        {
            "feature": feature,
            "value": value,
            "odds": np.exp(odds),
            "low": np.exp(odds - BAND * error),
            "high": np.exp(odds + BAND * error),
        }
    )


def group_effects(features: Features, weight: np.ndarray, first: np.ndarray, year: float) -> pd.DataFrame:
    """Effect of each group of features on every place not held, in log odds against their mean.

    Index region, a column a group; places without potential are missing.
    """
    x = features.at(first, year)
    free = ~(first < year) & np.isfinite(x).all(axis=1)
    effect = (x - x[free].mean(axis=0)) * weight
    groups = [group_of(name) for name in features.names]
    table = pd.DataFrame(effect, index=features.history.regions).T.groupby(groups, sort=False).sum().T
    return table[free]


def place_facts(features: Features, first: np.ndarray, year: float) -> pd.DataFrame:
    """What stands behind the effects: index region; distance_km, potential, potential_rank,
    neighbours_held, entered_around and held_around (entries of the last period and all so far, within
    `radius_km`), around_rank (of the potential in reach), parent_held_share.
    """
    held = first < year
    potential = features.history.potential.before(year)
    around = features.geography.neighbours
    parent = features.geography.parent
    wide = features.geography.reach[-1]
    reached = (wide >= np.exp(-0.5)).astype(float)  # within one radius of the wider kernel
    last = features.history.recent(first, year, 1).astype(float)
    table = pd.DataFrame(
        {
            "distance_km": features.geography.nearest_km(held),
            "potential": potential,
            "potential_rank": _rank(potential),
            "neighbours_held": np.nan if around is None else around @ held.astype(float),
            "entered_around": reached @ last,
            "held_around": reached @ held.astype(float),
            "around_rank": _rank(wide @ np.nan_to_num(potential)),
            "radius_km": REACH[-1] * features.geography.spacing,
        },
        index=features.history.regions,
    )
    if parent is not None:
        share = np.bincount(parent, weights=held) / np.bincount(parent)
        table["parent_held_share"] = share[parent]
    return table


def _rank(values: np.ndarray) -> np.ndarray:
    """1 for the largest."""
    return pd.Series(values).rank(ascending=False, method="min").to_numpy()


def explain_place(
    features: Features, weight: np.ndarray, first: np.ndarray, year: float, region: str
) -> pd.DataFrame:
    """Effects of one place, largest first, with the facts; see `EntryModel.explain`."""
    effects = group_effects(features, weight, first, year)
    if region not in effects.index:
        known = region in features.history.regions
        raise MktError(f"{region} {'已进入或没有潜力数字' if known else '没有坐标'}，无从解释")
    facts = place_facts(features, first, year).loc[region]
    effect = effects.loc[region].sort_values(ascending=False, key=np.abs)
    words = words_of("entry_group")
    table = pd.DataFrame(
        {
            "feature": [words[group] for group in effect.index],
            "effect": effect.to_numpy(),
            "odds": np.exp(effect.to_numpy()),
            "reason": [_fact(group, facts) for group in effect.index],
        }
    )
    return named(table, "entry_reasons")


def reasons(features: Features, weight: np.ndarray, first: np.ndarray, year: float, regions) -> list[str]:
    """A sentence a place: what speaks most for it, and what against."""
    effects = group_effects(features, weight, first, year)
    facts = place_facts(features, first, year)
    found = []
    for region in regions:
        effect = effects.loc[region].sort_values(ascending=False, kind="stable")
        pro = [group for group, size in effect.items() if size > LEAST_EFFECT][:MOST_FOR]
        contra = [group for group, size in effect[::-1].items() if size < -LEAST_EFFECT][:MOST_AGAINST]
        said = [text for group in pro if (text := _fact(group, facts.loc[region]))]
        against = [text for group in contra if (text := _fact(group, facts.loc[region]))]
        told = "；".join(dict.fromkeys(said)) or "各项均为平常"
        found.append(told + (f"；不利：{'；'.join(against)}" if against else ""))
    return found


def _fact(group: str, fact: pd.Series) -> str:
    """The fact behind an effect, in words."""
    if group == "distance":
        return f"距最近的已进入地区 {fact['distance_km']:,.0f} 公里"
    if group == "potential":
        return f"潜力居第 {fact['potential_rank']:.0f} 位"
    if group == "neighbours":
        return f"{fact['neighbours_held']:.0f} 个邻区已进入"
    if group == "parent":
        return f"上级地区已进入 {fact['parent_held_share']:.0%}"
    if group == "surroundings":
        return f"周边潜力居第 {fact['around_rank']:.0f} 位"
    if group == "rivals":
        return "强势对手的多少"
    within = f"周边 {fact['radius_km']:,.0f} 公里内"
    if group == "density":
        return f"{within}已进入 {fact['held_around']:.0f} 处"
    return f"{within}上一年进入 {fact['entered_around']:.0f} 处"
