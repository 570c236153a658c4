"""Kinds of files whose rows have text beside their figures: name, class, sales area, destination.

Always holds: a city stands in one sales area, a destination is a region, one class of customers or one flow
is told once; what is not so is a problem with its row.
"""

from __future__ import annotations

import re

import pandas as pd

from ...errors import Problems
from ...regions import RegionTree, resolve_names
from ...regions.names import clean_name
from ..fields import Kind
from .figures import SheetReader
from .grammar.cells import as_text
from .places import name_troubles

_COLUMNS = {
    "areas": ["region", "area"],
    "customers": ["region", "class", "value"],
    "flows": ["region", "center", "value"],
    "stores": ["region", "period", "name", "class"],
}
#: What a column of customers is called beside its class: A类客户数.
_CUSTOMERS = re.compile(r"[(（][^()（）]*[)）]|客户(?:数量|数|家数)?|(?:数量|户数|家数)$")


def with_texts(
    figures: pd.DataFrame,
    kind: Kind,
    tree: RegionTree,
    readers: list[SheetReader],
    source: str,
    notes: list[str],
) -> pd.DataFrame:
    """Return the table of a kind with texts, which are looked up again by row."""
    problems = Problems(file=source)
    roles = ("detail", "label", "area", "center")
    rows = []
    for reader in readers:
        layout = reader.layout
        columns = {role: layout.having(role) for role in roles}
        for place in reader.places:
            cells = layout.sheet.rows[place.row]
            texts = {role: as_text(cells[found[0].position]) for role, found in columns.items() if found}
            rows.append({"row": place.row + 1, "sheet": layout.sheet.name, **texts})
    kept = pd.DataFrame(rows, columns=["row", "sheet", *roles]).drop_duplicates(["row", "sheet"])
    table = figures.drop(columns="detail").merge(kept, on=["row", "sheet"], how="left")
    table = table.rename(columns={"detail": "name", "label": "class"})
    if kind.name == "customers" and not any(reader.layout.having("label") for reader in readers):
        table["class"] = table["column"].map(customer_class)
        table = _without_sums(table, problems, notes)
    if kind.name == "areas":
        table = _filled_areas(table, readers, problems, notes)
    if kind.name == "flows":
        table = _flows(table, tree, problems)
    if kind.measures:
        table = table[table["value"].notna()]
        if all(reader.units.quantity for reader in readers):
            notes.append(f"数值的单位是{readers[0].units.quantity}")
    keys = {"areas": ["region"], "customers": ["region", "class"], "flows": ["region", "center"]}
    _check_once(table, keys.get(kind.name, []), kind, problems)
    problems.raise_any()
    columns = _COLUMNS[kind.name]
    table = table.drop_duplicates(keys["areas"]) if kind.name == "areas" else table
    order = [column for column in ("region", "period", "name", "center") if column in columns]
    table = table.sort_values(order, kind="stable")
    texts = [column for column in ("name", "class", "area") if column in columns]
    table = table[columns].reset_index(drop=True).astype(dict.fromkeys(texts, "str"))
    return table.replace(dict.fromkeys(texts, ""), None)


def _without_sums(table: pd.DataFrame, problems: Problems, notes: list[str]) -> pd.DataFrame:
    """Columns of classes beside one that adds them up."""
    sums = table["is_sum"].astype(bool)
    notes += [f"各等级之和没有作为一个等级：{title}" for title in table[sums]["column"].unique()]
    parts = table[~sums].groupby(["sheet", "row"])["value"].sum()
    for row in table[sums & table["value"].notna()].to_dict("records"):
        total = parts.get((row["sheet"], row["row"]), 0.0)
        if total != row["value"]:
            text = f"{row['value']:g} 不等于所列各等级之和 {total:g}：请核对，或删去这个合计"
            problems.add(text, row=row["row"], column=row["column"], value=row["raw"], sheet=row["sheet"])
    return table[~sums]


def _filled_areas(
    table: pd.DataFrame, readers: list[SheetReader], problems: Problems, notes: list[str]
) -> pd.DataFrame:
    """An area left of its regions stands once above them, as in merged cells; else it must be written."""
    table = table.sort_values(["sheet", "row"], kind="stable")
    area = table["area"].replace("", None)
    layout = readers[0].layout
    first = min(column.position for column in layout.having("level", "place", "code"))
    at = layout.having("area")
    if area.isna().any() and at and at[0].position < first:
        notes.append(f"{at[0].title} 列的空格按上一行填写（{int(area.isna().sum())} 行）")
        area = area.groupby(table["sheet"]).ffill()
    for row in table[area.isna()].to_dict("records"):
        problems.add("没有写销售区域", row=row["row"], column=at[0].title if at else "", sheet=row["sheet"])
    return table.assign(area=area)


def customer_class(title: str) -> str:
    """The class of customers that a column holds.

    Examples
    --------
    >>> customer_class("A类客户数(家)"), customer_class("重点客户"), customer_class("客户数")
    ('A类', '重点', '')
    """
    return _CUSTOMERS.sub("", title).strip()


def _flows(table: pd.DataFrame, tree: RegionTree, problems: Problems) -> pd.DataFrame:
    """The destinations as codes."""
    names = table["center"].fillna("")
    found = resolve_names(names.tolist(), tree, on_unknown="keep").to_numpy(dtype=object)
    codes = pd.Series(found, table.index)
    wrong = table[codes.isna() & table["value"].notna()]
    texts = name_troubles(wrong["center"].tolist(), tree)
    for row, text in zip(wrong.itertuples(), texts, strict=True):
        told = text if row.center else "没有写目的地"
        problems.add(told, row=row.row, column="目的地", value=row.center, sheet=row.sheet)
    return table.assign(center=_at_level_of(table["region"], names, codes, tree))


def _at_level_of(regions: pd.Series, names: pd.Series, codes: pd.Series, tree: RegionTree) -> pd.Series:
    """Where a destination is an origin too, it is the same region: 上海 is the city in both columns."""
    by_name = {clean_name(tree.names([code]).iloc[0]): code for code in regions.unique()}
    same = names.map(lambda name: by_name.get(clean_name(name)))
    level = tree.level_of(regions).mode()[0] if len(regions) else ""
    children = {code: list(tree.children(code)) for code in codes.dropna().unique()}
    only = codes.map(lambda code: children[code][0] if len(children.get(code, ())) == 1 else code)
    known = only.dropna()
    at_level = known[(tree.level_of(known) == level).to_numpy()] if len(known) else known
    return same.where(same.notna(), at_level.reindex(codes.index)).where(lambda s: s.notna(), codes)


def _check_once(table: pd.DataFrame, keys: list[str], kind: Kind, problems: Problems) -> None:
    """A region has one area, a class and a pair of places one figure."""
    words = {
        "areas": "同一地区写了两个销售区域",
        "customers": "同一地区、同一等级",
        "flows": "同一来源地、同一目的地",
    }
    seen: dict[tuple, dict] = {}
    for row in table.to_dict("records") if keys else []:
        first = seen.setdefault(tuple(row[key] for key in keys), row)
        if first is row or (kind.name == "areas" and first["area"] == row["area"]):
            continue
        text = f"与第 {first['row']} 行重复（{words[kind.name]}）：请只留一行，或先合计"
        problems.add(text, row=row["row"], column=row["column"], value=row[keys[-1]], sheet=row["sheet"])
