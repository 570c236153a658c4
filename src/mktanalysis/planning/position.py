"""Where a company stands in a region before it plans: sales, base, dealers, the running year.

Always holds: what the company has not given is assumed in one place and said; sales are never larger than
the market; a place without sales in a file that has others sold nothing, and the notes count such places.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..errors import MktError, TableError
from ..schemas import season_of
from ..words.render import named
from ..words.summary import Shown, Summary
from .outlook import year_outlook
from .quotas.months import quota_months
from .seasons import seasonal_index

#: A place with this share is strong (folklore of the expansion model): it belongs to the base.
STRONG_SHARE = 0.16
_NO_DEALERS = {"dealer": "str", "region": "str", "rank": "str"}


@dataclass(frozen=True, eq=False, repr=False)
class Position(Shown):
    """A company in a region (公司现状).

    Attributes
    ----------
    units : DataFrame
        The market units with own_share; rivals' assumed shares are of what is left.
    base : tuple of str
        Codes of the base area.
    last : Series or None
        Index region (units' level), yuan a year: sales of the year before the plan's first.
    season : DataFrame
        Seasonal index of the company's own months, or the one given.
    dealers : DataFrame
        Columns dealer, region, rank; none known: no row.
    outlook : DataFrame or None
        The running year against its tasks, to its end.
    source : str
        Where the company's figures come from.
    notes : tuple of str
        What was assumed, Chinese.
    """

    units: pd.DataFrame
    base: tuple[str, ...]
    last: pd.Series | None
    season: pd.DataFrame
    dealers: pd.DataFrame
    outlook: pd.DataFrame | None
    source: str
    notes: tuple[str, ...]

    def summary(self) -> Summary:
        """What is shown of it: the units with the largest own share."""
        figures: dict[str, object] = {"来源": self.source, "根据地": "、".join(self.base)}
        figures["去年销售额"] = (
            "没有（按根据地推算）" if self.last is None else f"{self.last.sum() / 1e4:,.0f} 万元"
        )
        figures["经销商"] = f"{len(self.dealers)} 家" if len(self.dealers) else "没有名单"
        figures["今年预计"] = "没有对照" if self.outlook is None else "见 outlook"
        wanted = [name for name in ("region", "capacity", "own_share", "rival_1") if name in self.units]
        table = self.units.sort_values(wanted[2:0:-1], ascending=False, kind="stable")[wanted]
        step = "mkt.expansion_market(own.units, edges, tree) 接着做路径；own.notes 是做过的假设"
        return Summary("公司现状", figures, named(table, "own_units"), step)


def company_position(
    units: pd.DataFrame,
    tree,
    *,
    level: str,
    season: pd.DataFrame,
    sales: pd.DataFrame | None = None,
    targets: pd.DataFrame | None = None,
    dealers: pd.DataFrame | None = None,
    base: tuple[str, ...] = (),
) -> Position:
    """Bring a company's own tables to the units of a plan (由自己的文件定现状).

    Parameters
    ----------
    units : DataFrame
        Market units: region, capacity (yuan), year, growth, rival_1 ... and what else the market wants.
    tree : RegionTree
        Of the region.
    level : str
        Level of the units.
    season : DataFrame
        From :func:`seasonal_index`: used where the company's months do not give one (two full years).
    sales : DataFrame, optional
        Columns region (at `level` or below), period (months, quarters or years), value (yuan).
    targets : DataFrame, optional
        Columns region, period, value (yuan): the running year's tasks, compared with its months in `sales`.
    dealers : DataFrame, optional
        Columns dealer (or name), region; rank if known.
    base : tuple of str
        Codes; default the places in which the company is strong, else its largest, else the largest market.

    Returns
    -------
    Position

    Raises
    ------
    TableError
        Sales above the market of a place, sales outside the region.
    MktError
        A base that is no unit, tasks without months to compare with.

    Examples
    --------
    >>> import mktanalysis as mkt
    >>> tree = mkt.load_regions().subtree("320000")
    >>> units = mkt.market_units("prefecture", within="320000")
    >>> months = pd.DataFrame({"region": "all", "season": range(1, 13), "index": 1.0})
    >>> year = pd.PeriodIndex(["2026"], freq="Y")
    >>> sales = pd.DataFrame({"region": ["320500"], "period": year, "value": [2e9]})
    >>> found = company_position(units, tree, level="prefecture", season=months, sales=sales)
    >>> found.base, found.last.to_dict()
    (('320500',), {'320500': 2000000000.0})
    """
    notes: list[str] = []
    kept = _dealers(dealers, tree, level, notes)
    if sales is None and "own_share" in units and (units["own_share"] > 0).any():
        return _from_shares(units, tree, kept, season, base, notes)
    if sales is None:
        chosen = base or (_largest(units, tree),)
        _check_base(chosen, units)
        if not base:
            notes.append(f"没有自有销售：假设从容量最大的{_names(tree, chosen)}出发，它已是稳固的根据地。")
        return Position(units, chosen, None, season, kept, None, "假设（没有自有文件）", tuple(notes))
    own = _at_level(sales, tree, level)
    last, outlook = _last_year(own, targets, tree, units, notes)
    placed = _with_shares(units, last, tree)
    chosen = base or _strong(placed, last)
    _check_base(chosen, units)
    return Position(
        placed, chosen, last, _season(own, season, notes), kept, outlook, "自有文件", tuple(notes)
    )


def _from_shares(units: pd.DataFrame, tree, dealers, season, base, notes: list[str]) -> Position:
    """Sales as the own shares of the units say."""
    sold = (units["own_share"] * units["capacity"]).set_axis(units["region"]).rename_axis("region")
    last = sold[sold > 0]
    chosen = base or _strong(units, last)
    _check_base(chosen, units)
    notes.append("没有销售文件：去年的销售额由自有单元表的份额乘以容量得到。")
    return Position(units, chosen, last, season, dealers, None, "自有单元表", tuple(notes))


def _names(tree, codes) -> str:
    return "、".join(tree.names(list(codes)))


def _largest(units: pd.DataFrame, tree) -> str:
    """The largest market that is a place, not a group of county-level units under a province."""
    places = units
    if "kind" in tree.table:
        kinds = tree.table.set_index("region")["kind"].reindex(units["region"])
        places = units[kinds.ne("direct").to_numpy()]
    return places.sort_values("capacity", ascending=False, kind="stable")["region"].iloc[0]


def _check_base(base, units: pd.DataFrame) -> None:
    strangers = [code for code in base if code not in set(units["region"])]
    if strangers:
        known = "、".join(units["region"][:20])
        raise MktError(f"根据地不是本区域的市场单元：{'、'.join(strangers)}；可用：{known}")


def _dealers(dealers, tree, level: str, notes: list[str]) -> pd.DataFrame:
    if dealers is None or not len(dealers):
        notes.append("没有经销商名单：下面的密度按“都没有”计算，给出名单后重算。")
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in _NO_DEALERS.items()})
    table = dealers.rename(columns={"name": "dealer"}) if "dealer" not in dealers else dealers
    inside = table[table["region"].isin(tree.regions)]
    left = len(table) - len(inside)
    if left:
        notes.append(f"{left} 家经销商不在本区域，没有计入。")
    return inside.reset_index(drop=True)


def _at_level(sales: pd.DataFrame, tree, level: str) -> pd.DataFrame:
    """Sales summed to the units' level; places outside the region or above that level are named."""
    inside = sales["region"].isin(tree.regions)
    rows = sales[inside].dropna(subset=["value"])
    if rows.empty:
        raise MktError("自有销售里没有本区域的数")
    up = tree.parents(level, rows["region"].unique())
    high = up.index[up.isna()]
    if len(high):
        problems = {"column": "region", "value": list(high), "problem": "比市场单元高一级，请按市或县给出"}
        raise TableError(pd.DataFrame(problems))
    home = rows["region"].map(up.set_axis(rows["region"].unique()))
    return rows.assign(region=home).groupby(["region", "period"], as_index=False)["value"].sum()


def _last_year(own, targets, tree, units, notes: list[str]):
    """Sales of the year before the plan's by unit, and the running year's outlook where it has tasks."""
    steps = season_of(own["period"].dtype)
    years = own["period"].dt.year
    count = own.groupby(years)["period"].nunique()
    full = count.index[count == steps]
    running = int(count.index[-1]) if count.iloc[-1] < steps else None
    outlook = None if targets is None else _outlook(own, targets, tree, units, notes)
    if outlook is not None and running is not None:
        lowest = outlook[outlook["level"] == outlook["level"].iloc[-1]]
        notes.append(f"{running} 年按已有 {count.iloc[-1]} 期和今年至今的完成率估到年底。")
        return _carried(lowest.set_index("region")["outlook"], running, units, notes), outlook
    if not len(full):
        raise MktError("自有销售没有一个完整的年份")
    newest = int(full[-1])
    if running is not None:
        notes.append(f"{running} 年只有 {count.iloc[-1]} 期又没有今年任务，没有用；去年取 {newest} 年。")
    last = own[years == newest].groupby("region")["value"].sum()
    return _carried(last, newest, units, notes), outlook


def _carried(last: pd.Series, year: int, units: pd.DataFrame, notes: list[str]) -> pd.Series:
    """Sales of `year` brought to the year of the units, at the market's growth."""
    gap = int(units["year"].max()) - year if "year" in units else 0
    if gap <= 0:
        return last
    rate = units.set_index("region")["growth"].reindex(last.index).fillna(0.0)
    notes.append(f"自有销售到 {year} 年，按市场增速补 {gap} 年到 {year + gap} 年。")
    return last * (1 + rate) ** gap


def _outlook(own, targets, tree, units, notes: list[str]):
    """The running year's months against its tasks."""
    if season_of(own["period"].dtype) == 1:
        notes.append("自有销售只有年度数，不能与今年任务逐月对照。")
        return None
    year = int(targets["period"].dt.year.max())
    actual = own[own["period"].dt.year == year]
    if actual.empty:
        notes.append(f"自有销售没有 {year} 年的数，任务没有对照。")
        return None
    inside = targets["region"].isin(tree.regions) & (targets["period"].dt.year == year)
    if not inside.any():
        notes.append(f"任务文件没有本区域 {year} 年的任务，没有对照。")
        return None
    plan = targets[inside]
    if season_of(plan["period"].dtype) == 1:
        index = seasonal_index(_total(own[own["period"].dt.year < year]))
        whole = plan.set_index("region")["value"].round(-4)
        plan = quota_months(whole, index, year=year)
    known = plan["region"].unique()
    return year_outlook(plan, actual[actual["region"].isin(known)], tree.pruned(known))


def _total(own: pd.DataFrame) -> pd.DataFrame:
    return own.groupby("period", as_index=False)["value"].sum().assign(region="all")


def _season(own: pd.DataFrame, usual: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    steps = season_of(own["period"].dtype)
    total = _total(own)
    if steps == 12 and len(total) >= 24:
        notes.append("季节用自己各月的数。")
        return seasonal_index(total, combine_spring_festival=True)
    notes.append("季节用全国社零各月的数（自有销售没有满两年的月度数）。")
    return usual


def _with_shares(units: pd.DataFrame, last: pd.Series, tree) -> pd.DataFrame:
    size = units.set_index("region")["capacity"]
    strangers = last.index.difference(size.index)
    over = last.index[(last > size.reindex(last.index)).to_numpy()]
    if len(strangers) or len(over):
        text = "自有销售超过品类容量，请调大 category_share 或核对单位"
        rows = [(code, "没有这个市场单元的容量") for code in strangers] + [(code, text) for code in over]
        columns = {"value": [f"{tree.names([c]).iloc[0]}" for c, _ in rows], "problem": [t for _, t in rows]}
        raise TableError(pd.DataFrame({"column": "region", **columns}))
    share = (last / size.reindex(last.index)).reindex(units["region"]).fillna(0.0).to_numpy()
    rivals = [column for column in units if column.startswith("rival_") and column[6:].isdigit()]
    left = {column: units[column].to_numpy() * (1 - share) for column in rivals}
    return units.assign(own_share=share, **left)


def _strong(units: pd.DataFrame, last: pd.Series) -> tuple[str, ...]:
    held = units.loc[units["own_share"] >= STRONG_SHARE, "region"]
    return tuple(held) if len(held) else (str(last.idxmax()),)
