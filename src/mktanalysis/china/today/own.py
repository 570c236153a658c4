"""An analyst's own newer figures in force: laid over the built-in tables for every verb (自有新数).

Always holds: own figures win where both speak; what they change and where they may be on another base is told
before they are used; a region of another level goes to the table of its level.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ... import words
from ...datasets import load_regions, load_table
from ...datasets.own import laid_tables, lay_tables
from ...errors import MktError, TableError
from ...io import overlay, read_table
from ...schemas import season_of
from .bridge import nation_growth
from .years import COMPLETE, newest_year

#: Table of the figures of each level.
TABLES = {
    "prefecture": "city_indicators",
    "province": "province_indicators",
    "county": "county_indicators",
}
#: Own cities together against the nation's published growth: so many standard errors off is told.
STRANGE = 4.0
#: Regions that an analyst writes as provinces and that are cities too.
_ONE_CITY = ("110000", "120000", "310000", "500000")


@dataclass(frozen=True, eq=False)
class OwnFigures:
    """Own figures, ready to be put in force.

    Attributes
    ----------
    source : str
        Name of the file, for provenance.
    tables : dict
        Built-in table -> that table with own figures laid over it; also ``breaks``.
    report : DataFrame
        Columns region, period, indicator, builtin, own, change, kind (new, changed, same).
    breaks : DataFrame
        Columns region, period, indicator, step, reason: where own figures may be on another base.
    """

    source: str
    tables: dict[str, pd.DataFrame]
    report: pd.DataFrame
    breaks: pd.DataFrame

    @property
    def conflicts(self) -> pd.DataFrame:
        """Cells where a published figure was changed, the largest changes first."""
        rows = self.report[self.report["kind"] == "changed"]
        return rows.reindex(rows["change"].abs().sort_values(ascending=False, kind="stable").index)

    def said(self) -> str:
        """Say in one line what own figures do."""
        count = self.report["kind"].value_counts()
        told = [f"{word} {count[kind]} 个" for kind, word in words.values("overlay").items() if kind in count]
        return f"{self.source}：{'、'.join(told)}"


def own_figures(own: pd.DataFrame, *, source: str = "自有数据", rebased: bool | None = None) -> OwnFigures:
    """Lay an analyst's figures over the built-in tables (自有新数覆盖内置数).

    Parameters
    ----------
    own : DataFrame
        Columns region, period (years), indicator, value in base units: of cities, provinces, counties, as
        :func:`mktanalysis.read_table` with ``kind="indicators"`` gives it.
    source : str
    rebased : bool, optional
        Where own figures step away from the built-in ones as another base would: True, they are on another
        base (a level break is put down), False, the market moved so. None: ask, by an error that lists them.

    Returns
    -------
    OwnFigures

    Raises
    ------
    TableError
        Other units, old codes, cells given twice, unknown indicators; with ``rebased=None`` suspected breaks.

    Examples
    --------
    >>> own = pd.DataFrame({"region": ["320100"], "period": pd.PeriodIndex(["2024"], freq="Y"),
    ...                     "indicator": ["retail_sales"], "value": [8.6e11]})
    >>> own_figures(own, source="年鉴.xlsx").said()
    '年鉴.xlsx：新增 1 个'
    """
    tree = load_regions()
    own = _at_their_level(own, tree)
    parts = {}
    for level, name in TABLES.items():
        rows = own[own["level"] == level].drop(columns="level")
        if len(rows):
            table = load_table(name)
            _known_indicators(rows, table, level)
            parts[name] = overlay(table, rows, tree=tree, source=source)
    report = pd.concat([part.report for part in parts.values()], ignore_index=True)
    tables = {name: part.table for name, part in parts.items()}
    suspects = [*(part.breaks for part in parts.values()), _against_the_nation(tables)]
    found = pd.concat([part for part in suspects if len(part)] or suspects[:1], ignore_index=True)
    if len(found) and rebased is None:
        raise TableError(_questions(found, tree))
    if rebased:
        anew = found[["indicator", "period", "region"]].assign(reason=f"{source}：口径不同（由使用者确认）")
        tables["breaks"] = pd.concat([load_table("breaks"), anew], ignore_index=True)
    return OwnFigures(source, tables, report, found)


@contextmanager
def with_figures(figures: OwnFigures | None) -> Iterator[None]:
    """Put own figures in force for a while: every verb of the built-in tables sees them."""
    with laid_tables(None if figures is None else figures.tables):
        yield


def use_figures(file: str | Path | pd.DataFrame = "", *, rebased: str | bool | None = None) -> str:
    """Put own newer figures in force from here on (启用自有新数); for a notebook's parameter.

    Parameters
    ----------
    file : path or DataFrame
        A file of indicators (rows 地区, 年份, columns of indicators), or such a table; empty: the built-in
        figures alone.
    rebased : bool or {"ask", "yes", "no"}, optional
        See :func:`own_figures`.

    Returns
    -------
    str
        What they change, in one line; empty without any.
    """
    lay_tables(None)
    if isinstance(file, (str, Path)) and not str(file):
        return ""
    rebased = {"ask": None, "yes": True, "no": False}.get(rebased, rebased) if rebased else None
    if isinstance(file, pd.DataFrame):
        figures = own_figures(file, rebased=rebased)
    else:
        table = read_table(file, kind="indicators", tree=load_regions())
        figures = own_figures(table, source=Path(file).name, rebased=rebased)
    lay_tables(figures.tables)
    return figures.said()


def _at_their_level(own: pd.DataFrame, tree) -> pd.DataFrame:
    """With the level of each region; a municipality counts as a province and as its one city."""
    missing = [name for name in ("region", "period", "indicator", "value") if name not in own]
    if missing:
        raise MktError(f"自有新数应有列 region、period、indicator、value，缺少：{'、'.join(missing)}")
    own = own.dropna(subset=["value"])
    if season_of(own["period"].dtype) != 1:
        raise MktError("自有新数应按年；月度累计数请先合成全年，或等全年数")
    city = own[own["region"].isin(_ONE_CITY)]
    city = city.assign(region=city["region"].str[:2] + "0100")
    given = pd.MultiIndex.from_frame(own[["region", "period", "indicator"]])
    city = city[~pd.MultiIndex.from_frame(city[["region", "period", "indicator"]]).isin(given)]
    own = pd.concat([own, city], ignore_index=True)[["region", "period", "indicator", "value"]]
    level = own["region"].map(tree.table.set_index("region")["level"])
    above = own[level.isin(["nation", "macro_region"])]
    if len(above):
        raise MktError("自有新数只接省、市、县三级；全国与大区由下级相加，请删去：全国、大区各行")
    # an unknown code goes to the cities' table, which refuses it with its row
    return own.assign(level=level.fillna("prefecture"))


def _known_indicators(rows: pd.DataFrame, table: pd.DataFrame, level: str) -> None:
    unknown = [
        words.label(name) for name in rows["indicator"].unique() if name not in set(table["indicator"])
    ]
    if unknown:
        known = "、".join(words.label(name) for name in table["indicator"].unique())
        raise MktError(f"{words.level_name(level)}级的内置表没有指标 {'、'.join(unknown)}，可用：{known}")


def _against_the_nation(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """A whole newer year of retail that grew unlike the nation: all of it may be on another base."""
    empty = pd.DataFrame(columns=["region", "period", "indicator", "step", "reason"])
    if "city_indicators" not in tables:
        return empty
    table = tables["city_indicators"]
    table = table[(table["indicator"] == "retail_sales") & (table["status"] == "observed")]
    wide = table.assign(year=table["period"].dt.year).pivot(index="region", columns="year", values="value")
    last = newest_year()
    rows = []
    for year, growth, error in nation_growth(last):
        both = wide[[year - 1, year]].dropna() if {year - 1, year} <= set(wide) else []
        if len(both) >= COMPLETE * wide[last].notna().sum():
            step = float(np.log(both[year].sum() / both[year - 1].sum()) - np.log1p(growth))
            if abs(step) > STRANGE * error:
                text = f"{len(both)} 个城市合计的增速与全国公布的 {growth:.1%} 相差 {step:+.1%}"
                rows.append(("*", pd.Period(str(year), "Y"), "retail_sales", step, text))
    return pd.DataFrame(rows, columns=empty.columns) if rows else empty


def _questions(found: pd.DataFrame, tree) -> pd.DataFrame:
    """Suspected breaks as the problems of a table, with what to answer."""
    names = tree.names()
    label = words.values("indicator") if "indicator" in found else {}
    return pd.DataFrame(
        {
            "row": range(len(found)),
            "column": "value",
            "value": [f"{names.get(row.region, '全部城市')} {row.period}" for row in found.itertuples()],
            "problem": [
                f"{label.get(row.indicator, row.indicator)}：{row.reason}（{row.step:+.0%}）。若换了口径，用 "
                "--rebased yes（笔记本参数 data_rebased）；若确实变动，用 no；数有误则改正"
                for row in found.itertuples()
            ],
        }
    )
