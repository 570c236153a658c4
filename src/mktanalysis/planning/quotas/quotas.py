"""Yearly tasks of all regions at all levels: one target split, every parent the exact sum of its children.

Always holds: the figures of the lowest level are whole units within their bounds; nation = macro-regions =
provinces = cities to the last unit; missing sales are an error, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from ...errors import MktError, TableError
from ...schemas import PANEL, check_table, season_of
from ...words.render import named
from ...words.summary import Shown, Summary
from .projection import project
from .rules import METHODS, QuotaRule, prefer_quotas, spread_of

#: Columns of a table of quotas, in order.
COLUMNS = (
    "region", "level", "last", "quota", "growth", "share", "difficulty", "chance", "capped", "method",
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Quotas(Shown):
    """Tasks of one year.

    Attributes
    ----------
    table : DataFrame
        All levels, top down. Columns region, level, last (last year's sales, yuan), quota (yuan), growth
        (quota / last - 1), share (of the total), difficulty (quota / forecast mean), chance (of attainment,
        from the forecast's interval; both missing without a forecast), capped (``floor``, ``cap``, "" or, at
        upper levels, ""), method.
    year : int
        The year of the tasks.
    rule : QuotaRule or None
        None where the tasks follow a path.
    notes : tuple of str
        What the reader must know, Chinese.
    """

    table: pd.DataFrame
    year: int
    rule: QuotaRule | None
    notes: tuple[str, ...]

    def summary(self) -> Summary:
        """What is shown of them: the tasks from the top down."""
        top = self.table.iloc[0]
        figures = {name: top[name] for name in ("quota", "last", "growth")} | {"地区数": str(len(self.quota))}
        step = "mkt.planning.quota_months(tasks.quota, index, year=tasks.year) 分到月"
        columns = ["region", "level", "last", "quota", "growth", "share", "difficulty", "chance"]
        return Summary(f"{self.year} 年任务", figures, self.table[columns], step, words="quotas")

    @property
    def quota(self) -> pd.Series:
        """Tasks of the lowest level: index region, yuan."""
        lowest = self.table["level"].iloc[-1]
        return self.table[self.table["level"] == lowest].set_index("region")["quota"]


def set_quotas(
    history: pd.DataFrame,
    tree,
    *,
    total: float,
    rule: QuotaRule | str = "growth",
    capacity: pd.Series | None = None,
    forecast: pd.DataFrame | None = None,
    bounds: pd.DataFrame | None = None,
    new: pd.Series | None = None,
) -> Quotas:
    """Split a year's sales target over regions (任务分解), exact at every level.

    Parameters
    ----------
    history : DataFrame
        Columns region, period (yearly), value (sales, yuan); regions of one level. The year after its last
        one is planned.
    tree : RegionTree
    total : float
        The target of all regions together, yuan, a whole multiple of ``rule.unit``.
    rule : QuotaRule or str
        A method's name alone takes the defaults of :class:`QuotaRule`.
    capacity : Series, optional
        Index region, yearly market capacity, yuan; for ``potential_pull``.
    forecast : DataFrame, optional
        One row a region (upper levels too, where known): region, mean, lower, upper, for the year planned.
        For the two methods that need it, and for difficulty and chance.
    bounds : DataFrame, optional
        Columns region, lower, upper (yuan, missing: none): floors and caps (保底、封顶), regions of
        `history`'s level.
    new : Series, optional
        Index region, an agreed figure that stands for last year's in regions without one (新地区).

    Returns
    -------
    Quotas

    Raises
    ------
    TableError
        A region without last year's figure, negative sales, a region twice.
    InfeasibleError
        Floors above the target or caps below it, with the missing amount.
    MktError
        Two levels mixed, no yearly periods, what the method needs is not given.

    Notes
    -----
    On retail sales of 277 cities 2011-18 with the total known, the spread of log attainment was 0.042 for
    growth, 0.043 for shrunk growth, 0.053 for three years' shares, 0.17 with half the weight on potential and
    0.30 by potential alone: potential is a capped pull, never the base.

    Examples
    --------
    >>> import mktanalysis as mkt
    >>> tree = mkt.RegionTree.from_table(pd.DataFrame({"region": ["N", "a", "b"], "name": ["N", "a", "b"],
    ...     "level": ["nation", "city", "city"], "parent": [None, "N", "N"]}))
    >>> sales = pd.DataFrame({"region": ["a", "b"], "period": pd.PeriodIndex(["2024"] * 2, freq="Y"),
    ...     "value": [3e6, 1e6]})
    >>> set_quotas(sales, tree, total=5e6).table[["region", "quota", "growth"]].values.tolist()
    [['N', 5000000.0, 0.25], ['a', 3750000.0, 0.25], ['b', 1250000.0, 0.25]]
    """
    rule = QuotaRule(method=_known(rule)) if isinstance(rule, str) else rule
    sales = yearly_sales(history, tree, new)
    level = tree.level_of([sales.index[0]]).iloc[0]
    outlook = None if forecast is None else spread_of(forecast, rule.coverage)
    _check_outlook(outlook, sales.index)
    wish = prefer_quotas(
        rule, sales, float(total), capacity, None if outlook is None else outlook.reindex(sales.index)
    )
    low = _bound(bounds, "lower", sales.index)
    high = _bound(bounds, "upper", sales.index)
    exact = project(float(total), wish.prefer, weight=wish.weight, lower=low, upper=high)
    quota = nested(float(total), exact, tree, low=low, high=high, unit=rule.unit)
    last = add_up(sales.iloc[:, -1], tree.pruned(sales.index))
    table = pd.DataFrame({"level": tree.level_of(quota.index), "last": last, "quota": quota}).reset_index(
        names="region"
    )
    table = described(table, outlook, float(total), level, Limits(low, high, rule.unit))
    year = int(sales.columns[-1]) + 1
    shown = named(table.assign(method=rule.method)[list(COLUMNS)], "quotas")
    return Quotas(shown, year, rule, wish.notes)


@dataclass(frozen=True)
class Limits:
    """Bounds of the lowest level and the smallest unit."""

    low: pd.Series
    high: pd.Series
    unit: float


def _known(method: str) -> str:
    if method not in METHODS:
        raise MktError(f"没有任务分解方法 {method!r}，可用：{'、'.join(METHODS)}")
    return method


def yearly_sales(history: pd.DataFrame, tree, new: pd.Series | None) -> pd.DataFrame:
    """Sales as regions x years, checked: one level, no gap in the last year, nothing negative."""
    check_table(history, PANEL)
    if season_of(history["period"].dtype) != 1:
        raise MktError(f"任务分解用年度销售额，现有时期如 {history['period'].iloc[0]}：请先按年汇总")
    regions = pd.Index(sorted(history["region"].unique()), dtype="str")
    given = pd.Series(dtype=float) if new is None else new
    everyone = regions.union(given.index)
    levels = tree.level_of(everyone).unique()
    if len(levels) != 1:
        raise MktError(f"销售额应按同一层级的地区给出，现混有：{'、'.join(levels)}")
    wide = history.assign(period=history["period"].dt.year).pivot(
        index="region", columns="period", values="value"
    )
    wide = wide.reindex(everyone).sort_index(axis=1)
    last = wide.columns[-1]
    doubled = given.index[wide.loc[given.index, last].notna()]
    wide[last] = wide[last].fillna(given.reindex(wide.index))
    problems = [
        _problem(r, last, "没有去年的数（缺失不是 0）；新地区请用 new 给出起点数")
        for r in wide.index[wide[last].isna()]
    ]
    problems += [_problem(r, last, "已有去年的数，不能再给起点数") for r in doubled]
    negative = wide.stack()
    problems += [_problem(r, y, "销售额不能为负", v) for (r, y), v in negative[negative < 0].items()]
    if problems:
        raise TableError(pd.DataFrame(problems))
    return wide


def _problem(region, column, text: str, value=None) -> dict:
    return {"row": region, "column": column, "value": value, "problem": text}


def _check_outlook(outlook: pd.DataFrame | None, regions: pd.Index) -> None:
    missing = [] if outlook is None else list(regions.difference(outlook.index))
    if missing:
        raise MktError(f"预测缺少地区：{'、'.join(missing[:20])}")


def _bound(bounds: pd.DataFrame | None, side: str, regions: pd.Index) -> pd.Series:
    none = pd.Series(np.nan, index=regions)
    if bounds is None or side not in bounds:
        return none
    given = bounds.set_index("region")[side].astype(float)
    if given.index.has_duplicates:
        raise MktError(f"上下限中地区重复：{'、'.join(given.index[given.index.duplicated()])}")
    strangers = given.index.difference(regions)
    if len(strangers):
        raise MktError(f"上下限的地区应与销售额的地区一致，多出：{'、'.join(strangers[:20])}")
    if (given < 0).any():
        raise MktError(f"上下限不能为负：{'、'.join(given.index[given < 0])}")
    return given.reindex(regions)


def nested(
    total: float, exact: pd.Series, tree, *, low: pd.Series, high: pd.Series, unit: float
) -> pd.Series:
    """Whole units top down: each parent's figure, already whole, is projected on its children.

    The children's bounds are the sums of their leaves' whole bounds, so a parent's figure always lies
    between them, and each step is feasible when the first one is.

    Parameters
    ----------
    total : float
    exact : Series
        Index region, the exact solution of the lowest level.
    tree : RegionTree
    low, high : Series
        Bounds of the lowest level, missing: none.
    unit : float

    Returns
    -------
    Series
        Index region, all levels, in the order of the tree.
    """
    part = tree.pruned(exact.index)
    mean = add_up(exact, part)
    least = add_up(np.ceil(low.fillna(0.0) / unit - 1e-6) * unit, part)
    most = add_up(np.floor(high.fillna(np.inf) / unit + 1e-6) * unit, part)
    parent = part.table.set_index("region")["parent"]
    children = parent.groupby(parent).groups
    quota = {part.root: total}
    for region in part.regions:  # parents first
        members = children.get(region, ())
        if len(members):
            split = project(
                quota[region], mean[members], lower=least[members], upper=most[members], unit=unit
            )
            quota.update(split)
    return pd.Series(quota, dtype=float).reindex(part.regions)


def add_up(values: pd.Series, tree) -> pd.Series:
    """Sums of the leaves' `values` for every region of `tree`, in its order."""
    at = tree.positions()
    sums = values.reindex(at.regions).fillna(0.0).to_numpy(dtype=float).copy()
    for row in range(len(sums) - 1, 0, -1):  # children stand behind their parents
        sums[at.parent[row]] += sums[row]
    return pd.Series(sums, pd.Index(at.regions, name="region"))


def described(table: pd.DataFrame, outlook, total: float, level: str, limits: Limits) -> pd.DataFrame:
    """Growth, share, difficulty, chance and who stands at a bound."""
    quota = table["quota"]
    lowest = table["level"] == level
    low = table["region"].map(limits.low).where(lowest)
    high = table["region"].map(limits.high).where(lowest)
    capped = np.where(quota <= low + limits.unit * 0.999, "floor", "")
    capped = np.where(quota >= high - limits.unit * 0.999, "cap", capped)
    known = pd.DataFrame(columns=["mean", "sd"], dtype=float) if outlook is None else outlook
    mean = table["region"].map(known["mean"]).astype(float)
    sd = table["region"].map(known["sd"]).astype(float)
    normal = NormalDist()
    z = ((quota - mean) / sd).where(sd > 0)
    chance = z.map(lambda value: 1 - normal.cdf(value), na_action="ignore")
    sure = (mean >= quota).astype(float).where(mean.notna())
    return table.assign(
        growth=(quota / table["last"] - 1).where(table["last"] > 0),
        share=quota / total,
        difficulty=(quota / mean).where(mean > 0),
        chance=chance.where(sd > 0, sure),
        capped=capped,
    )
