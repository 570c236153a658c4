"""Tiers by rule: apply a rule system to regions, and say which condition decided.

Always holds: the best tier whose rule is met wins; a rule that hangs on a missing figure makes the region's
tier missing unless a better rule is met, so a gap never lowers a city silently; the systems T1 to T5 and the
official size classes are files, not code.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ...errors import MktError
from ...regions import RegionTree, resolve_names
from ...words import brief
from ..checks import wide_indicators
from .files import RANKS, Condition, Rule, RuleSystem, parse_condition, read_rules

_OPERATORS = {">=": np.greater_equal, "<=": np.less_equal, ">": np.greater, "<": np.less}


def tier_by_rules(
    indicators: pd.DataFrame,
    rules: str | Path | RuleSystem,
    tree: RegionTree,
    *,
    year: int | None = None,
    previous: pd.Series | None = None,
) -> pd.Series:
    """Tiers of regions by a rule system (按规则分级).

    Parameters
    ----------
    indicators : DataFrame
        Long (one period) or wide (index region), in base units (yuan, persons); see
        :func:`explain_rules` for the rest.
    rules : str, Path or RuleSystem
        Name of a built-in system (``"T3"``), path of a rule file, or what :func:`read_rules` returned.
    tree : RegionTree
    year, previous
        As :func:`explain_rules`.

    Returns
    -------
    Series
        Index region, ordered Categorical, best tier first; missing where a figure is missing that the
        tier hangs on.

    Examples
    --------
    >>> tree = RegionTree.from_table(pd.DataFrame({"region": ["CN", "a", "b"], "name": ["全国", "甲", "乙"],
    ...     "level": ["nation", "prefecture", "prefecture"], "parent": [None, "CN", "CN"]}))
    >>> sales = pd.DataFrame({"sales": [2e6, 3e5]}, index=["a", "b"])
    >>> tier_by_rules(sales, "T4", tree).to_dict()
    {'a': '一级', 'b': '三级'}
    """
    return explain_rules(indicators, rules, tree, year=year, previous=previous)["tier"]


def explain_rules(
    indicators: pd.DataFrame,
    rules: str | Path | RuleSystem,
    tree: RegionTree,
    *,
    year: int | None = None,
    previous: pd.Series | None = None,
) -> pd.DataFrame:
    """Tiers by rule, with the condition that decided each.

    Parameters
    ----------
    indicators, rules, tree
        As :func:`tier_by_rules`.
    year : int, optional
        For thresholds that go by year: the latest one not after it. Default: the year of a long table.
    previous : Series, optional
        Tiers of the year before; a system that says "may be raised, not lowered" (可上不可下) keeps
        a region at least there.

    Returns
    -------
    DataFrame
        Index region; ``tier``, ``decided_by`` (conditions with the region's figures), ``next_tier`` and
        ``to_next`` (conditions of the next better tier that fail).

    Raises
    ------
    MktError
        An indicator of the rules is not in the table, a threshold has no year, no year is given.
    UnknownNameError
        A name of the rules is not in the tree.
    """
    system = rules if isinstance(rules, RuleSystem) else read_rules(rules)
    year = _year(indicators, year)
    regions = _regions(system, tree)
    wide = _figures(indicators, system, regions)
    checks = [_check_rule(rule, system, wide, tree, year) for rule in system.rule]
    met = [check[0].astype(object).where(check[0].notna(), None).tolist() for check in checks]
    told, lacking = ([check[i].tolist() for check in checks] for i in (1, 2))
    rank = [system.tiers.index(rule.tier) for rule in system.rule]
    cells = zip(*(zip(*column, strict=True) for column in (met, told, lacking)), strict=True)
    table = pd.DataFrame(
        [_decide(system, rank, *row) for row in cells],
        index=regions,
        columns=["tier", "decided_by", "next_tier", "to_next"],
    )
    table = _keep_up(table, system, previous)
    table["tier"] = table["tier"].astype(pd.CategoricalDtype(system.tiers, ordered=True))
    return _subdivide(table, system, wide)


def _year(indicators: pd.DataFrame, year: int | None) -> int | None:
    if year is None and "period" in indicators and len(indicators):
        return int(pd.PeriodIndex(indicators["period"]).year.max())
    return year


def _regions(system: RuleSystem, tree: RegionTree) -> pd.Index:
    table = tree.table
    kept = table["level"].isin(system.levels)
    if "kind" in table:  # a pseudo-prefecture that only holds county-level units is no city
        kept &= table["kind"] != "direct"
    return pd.Index(sorted(table.loc[kept, "region"]), name="region")


def _figures(indicators: pd.DataFrame, system: RuleSystem, regions: pd.Index) -> pd.DataFrame:
    texts = [text for rule in system.rule for text in (*rule.all_of, *rule.any_of)]
    needed = {parse_condition(text).indicator for text in texts} - {"rank"}
    needed |= {system.subgrades.by} if system.subgrades else set()
    if not needed:
        return pd.DataFrame(index=regions)
    wide = wide_indicators(indicators)
    absent = sorted(needed - set(wide.columns))
    if absent:
        there = "、".join(wide.columns)
        raise MktError(f"规则 {system.name} 用到的指标不在数据里：{'、'.join(absent)}；数据里有 {there}")
    return wide.reindex(index=regions, columns=sorted(needed))


def _check_rule(rule: Rule, system: RuleSystem, wide: pd.DataFrame, tree: RegionTree, year: int | None):
    """For every region: whether the rule is met (or unknown), what speaks for it, what is lacking."""
    parts = [_check(parse_condition(text), system, wide, tree, year) for text in rule.all_of]
    either = [_check(parse_condition(text), system, wide, tree, year) for text in rule.any_of]
    met = pd.Series(True, wide.index, dtype="boolean")
    if rule.names:
        listed = _resolve(rule.names, tree, [rule.level] if rule.level else system.levels)
        met &= pd.Series(wide.index.isin(listed), wide.index)
    if rule.level:
        met &= (tree.level_of(wide.index) == rule.level).astype("boolean")
    for part, _ in parts:
        met &= part
    if either:
        any_met = pd.Series(False, wide.index, dtype="boolean")
        for part, _ in either:
            any_met |= part
        met &= any_met
    told = _join([(part.fillna(False), text) for part, text in (*parts, *either)], wide.index)
    if rule.names:
        told = "在名单中" + told.where(told == "", "；" + told)
    lacking = _join([(~part.fillna(False), text) for part, text in (*parts, *either)], wide.index)
    return met, told, lacking


def _resolve(names: list[str], tree: RegionTree, levels: list[str]) -> list[str]:
    """Codes of names; 长沙 is the city, not the county of that name: the first level that knows it counts."""
    found: list[str] = []
    for level in levels[:-1]:
        codes = resolve_names(names, tree, level=level, on_unknown="keep")
        found += codes.dropna().tolist()
        names = codes.index[codes.isna()].tolist()
    return found + resolve_names(names, tree, level=levels[-1]).tolist()


def _join(parts, index: pd.Index) -> pd.Series:
    """Texts of the conditions whose mask holds, joined, for every region."""
    columns = [np.where(mask.astype(bool), text, "") for mask, text in parts]
    rows = zip(*columns, strict=True) if columns else [()] * len(index)
    return pd.Series(["；".join(text for text in row if text) for row in rows], index, dtype=object)


def _check(condition: Condition, system: RuleSystem, wide: pd.DataFrame, tree: RegionTree, year: int | None):
    """Whether each region meets a condition (missing: unknown), and the condition with its figure."""
    if condition.operator == "in":
        met = _has_rank(condition.ranks, tree, wide.index)
        told = met.map({True: "是", False: "不是"}).astype(str) + "、".join(condition.ranks)
        return met, told
    value = _threshold(condition, system, year)
    figures = wide[condition.indicator]
    met = pd.Series(_OPERATORS[condition.operator](figures, value), wide.index, dtype="boolean")
    met = met.mask(figures.isna())
    sign = condition.operator.replace(">=", "≥").replace("<=", "≤")
    name = brief(condition.indicator)
    bound = f"{sign}{spell(value)}"
    shown = [f"缺 {name}（需{bound}）" if np.isnan(x) else f"{name} {spell(x)}（{bound}）" for x in figures]
    return met, pd.Series(shown, wide.index, dtype=object)


def spell(number: float) -> str:
    """A figure with 万 or 亿, as people read it.

    Examples
    --------
    >>> spell(21893095), spell(2.3e12), spell(0.61)
    ('2,189万', '23,000亿', '0.61')
    """
    for size, unit in ((1e8, "亿"), (1e4, "万")):
        if abs(number) >= size:
            number /= size
            return f"{number:,.0f}{unit}" if abs(number) >= 1000 else f"{number:.4g}{unit}"
    return f"{number:.4g}"


def _threshold(condition: Condition, system: RuleSystem, year: int | None) -> float:
    if not condition.threshold:
        return condition.value
    by_year = {int(y): value for y, value in system.thresholds[condition.threshold].items()}
    if year is None:
        raise MktError(f"规则 {system.name} 的门槛随年份变动，请给出 year=")
    past = [y for y in by_year if y <= year]
    if not past:
        raise MktError(f"门槛 @{condition.threshold} 最早为 {min(by_year)} 年，没有 {year} 年可用的值")
    return by_year[max(past)]


def _has_rank(ranks: tuple[str, ...], tree: RegionTree, regions: pd.Index) -> pd.Series:
    table = tree.table.set_index("region").reindex(regions)
    met = pd.Series(False, regions)
    for rank in ranks:
        fits = pd.Series(True, regions)
        for column, values in RANKS[rank].items():
            if column not in table:
                raise MktError(
                    f"地区树没有列 {column!r}，无法判断行政级别“{rank}”；请用 load_regions() 的地区树"
                )
            fits &= table[column].isin(values)
        met |= fits
    return met.astype("boolean")


def _decide(system: RuleSystem, rank: list[int], met, told, lacking) -> tuple:
    """Tier, reason, next tier and what it lacks, of one region; one `met` a rule, None is unknown."""
    order = sorted(range(len(rank)), key=rank.__getitem__)
    won = next((i for i in order if met[i]), None)
    better = [i for i in order if won is None or rank[i] < rank[won]]
    unknown = next((i for i in better if met[i] is None), None)
    if unknown is not None:
        tier = system.rule[unknown].tier
        return None, f"数据不足，无法判断是否为{tier}：{lacking[unknown]}", tier, lacking[unknown]
    near = better[-1] if better else None
    following = (system.rule[near].tier, lacking[near]) if near is not None else ("", "")
    if won is not None:
        return system.rule[won].tier, told[won], *following
    if system.default:
        return system.default, "不满足以上任何规则", *following
    return None, "不满足任何规则，且没有 default", *following


def _keep_up(table: pd.DataFrame, system: RuleSystem, previous: pd.Series | None) -> pd.DataFrame:
    if previous is None or not system.never_lower:
        return table
    before = previous.astype(object).reindex(table.index)
    unknown = sorted(set(before.dropna()) - set(system.tiers))
    if unknown:
        raise MktError(f"previous 中的级别不在规则 {system.name} 的 tiers 中：{'、'.join(map(str, unknown))}")
    place = {tier: i for i, tier in enumerate(system.tiers)}
    fallen = before.map(place) < table["tier"].map(place)
    return table.assign(
        tier=table["tier"].mask(fallen, before),
        decided_by=table["decided_by"].mask(
            fallen, "可上不可下：保留上一期级别（按本期数据：" + table["tier"].astype(str) + "）"
        ),
    )


def _subdivide(table: pd.DataFrame, system: RuleSystem, wide: pd.DataFrame) -> pd.DataFrame:
    """Grades A, B, C within the tiers, by rank of one indicator; a missing figure is graded 未细分."""
    grades = system.subgrades
    if grades is None:
        return table
    split = grades.tiers or system.tiers
    figure = wide[grades.by].where(table["tier"].isin(split))
    place = figure.groupby(table["tier"].astype(object)).rank(ascending=False, method="min", pct=False)
    size = figure.groupby(table["tier"].astype(object)).transform("count")
    bounds = np.cumsum(grades.shares)[:-1]
    grade = pd.Series(np.searchsorted(bounds, (place - 0.5) / size), table.index).map(
        dict(enumerate(grades.labels))
    )
    return table.assign(grade=grade.where(figure.notna(), "").astype(object))
