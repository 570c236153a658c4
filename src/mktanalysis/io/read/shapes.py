"""From figures to the table of each kind.

Always holds: rows are sorted by region and period; a region without any figure is not there, gaps in a
series stay.
"""

from __future__ import annotations

import pandas as pd

from ...errors import MktError
from ...regions import RegionTree
from ...schemas import INDICATORS, PANEL, check_table
from ..fields import Kind
from .figures import SheetReader, base_unit
from .texts import with_texts


def shape(
    figures: pd.DataFrame,
    kind: Kind,
    tree: RegionTree,
    source: str,
    readers: list[SheetReader],
    price: float | None,
    notes: list[str],
) -> pd.DataFrame:
    """Return the table of `kind`; columns as :func:`read_table` lists them."""
    if price is not None and kind.name != "volumes":
        raise MktError("price 只用于 kind=volumes（销量）")
    figures = figures.assign(region=figures["region"].astype("str"))
    if kind.texts:
        return with_texts(figures, kind, tree, readers, source, notes)
    if kind.needs_figures and kind.has_period:
        figures = figures[figures.groupby(["region", "measure"])["value"].transform("count") > 0]
    if kind.name == "openings":
        return _openings(figures, notes)
    if kind.name in ("units", "targets"):
        return _wide(figures, kind)
    if kind.name in ("sales", "volumes", "penetration", "shares"):
        return _panel(figures, kind, readers, price, notes)
    units = {measure.name: base_unit(measure) for measure in kind.measures}
    long = figures.rename(columns={"measure": "indicator"})
    long = long.assign(unit=long["indicator"].map(units), status="observed", source=source)
    columns = [column.name for column in INDICATORS.columns]
    long = long.sort_values(["region", "period", "indicator"], ignore_index=True)[columns]
    return check_table(long, INDICATORS)


def _wide(figures: pd.DataFrame, kind: Kind) -> pd.DataFrame:
    """A column a measure; one row a region, and a period where the kind has one."""
    keys = ["region", "period"] if kind.has_period else ["region"]
    wide = figures.pivot(index=keys, columns="measure", values="value")
    order = [measure.name for measure in kind.measures if measure.name in wide.columns]
    return wide[order].rename_axis(columns=None).sort_index().reset_index()


def _panel(
    figures: pd.DataFrame, kind: Kind, readers: list[SheetReader], price: float | None, notes: list[str]
) -> pd.DataFrame:
    panel = figures.sort_values(["region", "period"], ignore_index=True)[["region", "period", "value"]]
    if kind.name == "volumes":
        unit = next(reader.units.quantity for reader in readers if reader.units.quantity)
        if price is not None:
            panel = panel.assign(value=panel["value"] * price)
            notes.append(f"销量（{unit}）已按每{unit} {price:g} 元化为销售额")
            unit = "yuan"
        else:
            notes.append(f"数值的单位是{unit}")
        panel.attrs["unit"] = unit
    attrs = panel.attrs
    table = check_table(panel, PANEL)
    table.attrs.update(attrs)
    return table


def _openings(figures: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """A row an outlet; a column 开店数 says how many rows there are."""
    table = figures.sort_values(["region", "period"], ignore_index=True)
    if table["value"].notna().any():
        if (table["value"].dropna() % 1 != 0).any():
            row = table[table["value"] % 1 != 0].iloc[0]
            raise MktError(f"第 {row['row']} 行“{row['column']}”的开店数 {row['raw']} 不是整数：请改为家数")
        times = table["value"].fillna(0).astype(int)
        notes.append(f"按开店数展开：共 {int(times.sum())} 家")
        table = table.loc[table.index.repeat(times)].reset_index(drop=True)
    return table[["region", "period"]]
