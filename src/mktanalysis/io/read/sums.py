"""Rows that add up others, and rows that are added up.

Always holds: a row is left out only where it equals its parts, and that is noted; what a row of an upper
region has
beyond its parts is never lost; rows of one place and time are added up only where a column says how they
differ.
"""

from __future__ import annotations

import pandas as pd

from ...errors import MktError, Problems
from ...regions import RegionTree
from ..fields import Kind
from .periods import PER_YEAR, close
from .plausible import above_others

#: What a row of an upper region is beside rows of its parts.
UPPER = ("ask", "total", "rest")
_KEY = ["region", "rest", "ordinal", "measure"]


def add_up(
    figures: pd.DataFrame, kind: Kind, problems: Problems, notes: list[str], *, sum_rows: bool
) -> pd.DataFrame:
    """Return the figures with one a region, period and measure: detailed rows summed, real repetitions
    told."""
    if not kind.needs_figures or kind.texts:
        return figures
    again = figures.duplicated(_KEY, keep=False)
    if not again.any():
        return figures
    repeated = figures[again]
    groups = repeated.groupby(_KEY, dropna=False)
    differ = groups["detail"].transform("nunique").gt(1) | groups["day"].transform("nunique").gt(1)
    # Where rows are listed by day, two of one day are two sales.
    by_date = PER_YEAR.get(repeated["freq"].iloc[0], 0) > 12
    listed_by_day = by_date or groups["day"].transform("nunique").gt(1).any()
    additive = repeated["measure"].map({m.name: m.additive or kind.own for m in kind.measures}).astype(bool)
    sure = additive & (differ | sum_rows | listed_by_day)
    _tell_repeated(repeated[~sure], kind, problems)
    summed = repeated[sure]
    if summed.empty:
        return figures
    by = summed.groupby(_KEY, dropna=False, sort=False)
    totals = by["value"].sum(min_count=1)
    first = summed.drop_duplicates(_KEY).set_index(_KEY)
    first["value"] = totals.reindex(first.index)
    notes.append(f"明细行已按地区和时期合计：{len(summed)} 个数合为 {len(first)} 个")
    if (summed["value"] < 0).any():
        notes.append(f"其中 {int((summed['value'] < 0).sum())} 个负数（退货）已冲减")
    same = summed.duplicated([*_KEY, "detail", "day", "value"], keep="first")
    if same.any():
        rows = "、".join(str(row) for row in summed[same]["row"].head(8))
        notes.append(f"有 {int(same.sum())} 行与前面某行完全相同，也计入了合计：第 {rows} 行")
    rest = figures.drop(index=summed.index)
    return pd.concat([rest, first.reset_index()[figures.columns]], ignore_index=True)


def _tell_repeated(repeated: pd.DataFrame, kind: Kind, problems: Problems) -> None:
    more = "；若是明细，请写明门店、客户或日期列，或用 sum_rows=True（命令行 --sum）合计" if kind.own else ""
    first = repeated.groupby(_KEY, dropna=False)[["row", "sheet"]].transform("first")
    later = repeated[(repeated["row"] != first["row"]) | (repeated["sheet"] != first["sheet"])]
    before = first.loc[later.index]
    for row, other in zip(later.to_dict("records"), before.to_dict("records"), strict=True):
        sheet = f"工作表 {other['sheet']} " if other["sheet"] != row["sheet"] else ""
        text = f"与{sheet}第 {other['row']} 行重复（同一地区、同一时期）{more}"
        problems.add(text, row=row["row"], column=row["column"], value=row["region"], sheet=row["sheet"])


def settle_upper(
    figures: pd.DataFrame, kind: Kind, tree: RegionTree, problems: Problems, notes: list[str], *, upper: str
) -> pd.DataFrame:
    """Leave out rows of regions above others that equal them; ask what the others are.

    With ``upper="total"`` such a row holds its parts and what it has beyond them is kept as the rest; with
    ``upper="rest"`` it is the rest already. A region with a rest is told as one figure, the rest and the
    listed
    parts together, because a rest is no region of the tree.
    """
    if upper not in UPPER:
        raise MktError(f"upper 应为 {'、'.join(UPPER)}，现为 {upper!r}")
    nested = above_others(figures["region"], tree)
    if not (nested | figures["rest"]).any():
        return figures
    depth = tree.level_of(figures["region"]).map(tree.level_position).to_numpy()
    order = figures.assign(depth=depth).sort_values("depth", ascending=False, kind="stable")
    parent = dict(zip(tree.table["region"], tree.table["parent"], strict=True))
    book = _Book(order, parent)
    names = tree.names()
    for region in order.loc[nested | order["rest"], "region"].drop_duplicates():
        _settle_region(region, names[region], book, problems, notes, upper)
    return book.left(figures)


class _Book:
    """Figures by region, period and measure, with the sums of what stands below each region."""

    def __init__(self, order: pd.DataFrame, parent: dict):
        self.parent = parent
        self.own: dict[tuple, list[dict]] = {}
        self.dropped: set = set()
        self.added: dict = {}
        self.below: dict[tuple, list[dict]] = {}
        for record in order.assign(index=order.index).to_dict("records"):
            key = (record["region"], record["ordinal"], record["measure"])
            self.own.setdefault(key, []).append(record)

    def keys(self, region: str) -> list[tuple]:
        return [key for key in self.own if key[0] == region]

    def parts(self, key: tuple) -> list[dict]:
        """The figures right below: of listed regions with no other listed region between."""
        if not self.below:
            self._enter()
        found: dict[str, dict] = {}
        for record in self.below.get(key, []):
            if not record["rest"]:  # a rest has been put together with its parts before
                found.setdefault(record["region"], record)
        return list(found.values())

    def _enter(self) -> None:
        regions = {key[0] for key in self.own}
        for key, records in self.own.items():
            up = self.parent.get(key[0])
            while isinstance(up, str):
                if up in regions:
                    self.below.setdefault((up, *key[1:]), []).extend(records)
                    break
                up = self.parent.get(up)

    def left(self, figures: pd.DataFrame) -> pd.DataFrame:
        kept = figures.drop(index=list(self.dropped))
        if self.added:
            value = pd.Series(self.added)
            kept = kept.assign(
                value=kept["value"].where(~kept.index.isin(value.index), value.reindex(kept.index))
            )
        return kept


def _settle_region(
    region: str, name: str, book: _Book, problems: Problems, notes: list[str], upper: str
) -> None:
    """One region above others, or with a rest."""
    equal = 0
    beyond: list[float] = []
    troubles: list[tuple[dict, float, int]] = []
    merge: list[tuple[list[dict], list[dict]]] = []
    for key in book.keys(region):
        records = book.own[key]
        totals = [record for record in records if not record["rest"]]
        rests = [record for record in records if record["rest"]]
        parts = [record for record in book.parts(key) if record["value"] == record["value"]]
        amount = sum(record["value"] for record in [*parts, *rests] if record["value"] == record["value"])
        for total in totals:
            if not (parts or rests):
                continue
            if total["value"] != total["value"]:
                book.dropped.add(total["index"])
                continue
            if close(amount, total["value"], total["factor"], len(parts) + len(rests)):
                book.dropped.add(total["index"])
                equal += 1
            elif upper == "total":
                total["value"] = total["value"] - amount
                beyond.append(total["value"])
                rests.append(total)
            elif upper == "rest":
                rests.append(total)
            else:
                troubles.append((total, amount, len(parts)))
        if rests and not troubles:
            merge.append((rests, parts))
    if equal:
        notes.append(f"{name}的 {equal} 个数等于所列下级之和，没有重复计入")
    if troubles:
        _ask(name, troubles, problems)
        return
    if any(value < 0 for value in beyond):
        total = next(record for record in book.own[book.keys(region)[0]])
        problems.add(
            f"{name}小于所列下级之和，不能是它们的合计：请核对", row=total["row"], column=total["column"]
        )
    if merge:
        _merge(name, merge, book, notes)


def _ask(name: str, troubles: list[tuple[dict, float, int]], problems: Problems) -> None:
    for total, amount, n in troubles[:3]:
        factor = total["factor"] if total["factor"] == total["factor"] else 1.0
        text = (
            f"{name} {total['value'] / factor:g} 与所列 {n} 个下级之和 {amount / factor:g} 不等："
            f'它含不含这些下级？不含请把名称写成“{name}其余”（或 upper="rest"、--upper rest）；'
            '含则补齐下级，或用 upper="total"、--upper total 把差额留作其余'
        )
        problems.add(text, row=total["row"], column=total["column"], value=total["raw"])


def _merge(name: str, merge: list[tuple[list[dict], list[dict]]], book: _Book, notes: list[str]) -> None:
    """Put a region's rest and its listed parts into one figure of the region."""
    rest_sum = 0.0
    part_sum = 0.0
    labels: dict[str, None] = {}
    for rests, parts in merge:
        rest = sum(record["value"] for record in rests if record["value"] == record["value"])
        part = sum(record["value"] for record in parts)
        rest_sum += rest
        part_sum += part
        keep = rests[0]
        book.added[keep["index"]] = rest + part
        keep["value"] = rest + part
        keep["rest"] = False
        book.dropped |= {record["index"] for record in [*rests[1:], *parts]}
        labels |= dict.fromkeys(record["region"] for record in parts)
    if labels:
        notes.append(
            f"{name}其余 {rest_sum / 1e4:,.6g} 万不在所列县市中："
            f"与所列 {len(labels)} 个下级的 {part_sum / 1e4:,.6g} 万合为{name}一个数"
        )
