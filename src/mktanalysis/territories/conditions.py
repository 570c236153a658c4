"""What a design must keep: one strict record, and every contradiction in it told at once.

Always holds: a wish that names an unknown unit, or that contradicts another wish, is an error before any
search starts; units, borders and today's territories are checked in the same pass.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from ..errors import Problems
from ..settings import Strict

Tolerance = Annotated[float, Field(ge=0)]


class Conditions(Strict):
    """Conditions of a design (划分条件).

    Parameters
    ----------
    n : int
        Number of people (seats, 片区) to divide among.
    measures : dict
        Column -> tolerance: every territory's sum lies within 1 +- tolerance of the mean. All are hard. The
        first is the one that counts people and moved sales.
    weight : str or None
        Column that weighs travel; None: a plain sum over units.
    objective : {"travel", "borders"}
        Least weighted distance to the territory's median unit (or its seat), or fewest borders cut.
    within : str, optional
        Level of the tree that no territory crosses; people go to its regions by load, at least one each.
    heads : dict or Series
        With ``within``: region of that level -> people, as from a plan by workload; default by load.
    teams : bool
        A unit too large for one person gets a territory of several, with its neighbours (多人片区); False:
        every territory has one person, and such a unit is told as out of its band.
    seats : tuple of str
        Units that are each the seat of a territory of their own.
    locks : dict
        Unit -> name of the territory it must belong to (a seat's code, a name of today's, or any new name).
    together, apart : tuple of tuples
        Groups of units that share a territory (each group the core of one of its own); groups of which no two
        do.
    effort : float
        Times the standard budget of proposals.
    nodes : int
        Nodes of branch and bound a round; 0: a bound only, no proof.

    Examples
    --------
    >>> Conditions(n=3, locks={"320583": "苏州"}).n
    3
    """

    n: Annotated[int, Field(ge=1)]
    measures: Annotated[dict[str, Tolerance], Field(min_length=1)] = {"capacity": 0.1}  # noqa: RUF012
    weight: str | None = "capacity"
    objective: Literal["travel", "borders"] = "travel"
    within: str | None = None
    heads: dict[str, Annotated[int, Field(ge=1)]] = {}  # noqa: RUF012
    teams: bool = True
    seats: tuple[str, ...] = ()
    locks: dict[str, str] = {}  # noqa: RUF012
    together: tuple[tuple[str, ...], ...] = ()
    apart: tuple[tuple[str, ...], ...] = ()
    effort: Annotated[float, Field(gt=0)] = 1.0
    nodes: Annotated[int, Field(ge=0)] = 400

    @field_validator("heads", mode="before")
    @classmethod
    def _as_dict(cls, value):
        given = dict(value.items()) if value is not None else {}
        return {code: int(x) if x == x // 1 else x for code, x in given.items()}


def check_inputs(units, edges, conditions: Conditions, *, tree=None, distance=None, current=None) -> None:
    """Raise a `TableError` with every problem of the tables and every contradiction of the wishes."""
    problems = Problems()
    if "region" not in units:
        problems.add("单元表缺少 region 列（地区代码）", column="region")
        problems.raise_any()
    _check_figures(units, conditions, distance, problems)
    known = set(units["region"])
    if conditions.n > len(units):
        problems.add(
            f"片区数 n 多于单元数 {len(units)}：请减少片区，或用更细的单元", column="n", value=conditions.n
        )
    _check_edges(edges, known, problems)
    _check_wishes(conditions, known, problems)
    if current is not None:
        _check_current(current, known, problems)
    if conditions.within is not None and (tree is None or conditions.within not in tree.levels):
        levels = "" if tree is None else "，可用：" + "、".join(tree.levels)
        problems.add(f"within 需要地区树和它的一个层级{levels}", value=conditions.within)
    elif conditions.heads:
        _check_heads(conditions, known, tree, problems)
    problems.raise_any()


def _check_heads(conditions: Conditions, known: set, tree, problems: Problems) -> None:
    if conditions.within is None:
        problems.add("按上级地区给人数，需要同时给 within", column="heads")
        return
    inside = pd.Index(sorted(known)).intersection(tree.regions)
    parents = set(tree.parents(conditions.within, inside))
    for code in sorted(parents - set(conditions.heads)):
        problems.add("这个上级地区没有给人数（每个至少 1 人）", column="heads", value=code)
    for code in sorted(set(conditions.heads) - parents):
        problems.add("这个上级地区没有单元，不能派人", column="heads", value=code)
    total = sum(conditions.heads.values())
    if total != conditions.n:
        problems.add(f"各上级地区的人数合计 {total}，与 n = {conditions.n} 不同", column="heads", value=total)


def _check_figures(units: pd.DataFrame, conditions: Conditions, distance, problems: Problems) -> None:
    problems.add_rows(units["region"].isna(), "region", units["region"], "缺少地区代码")
    again = units["region"].duplicated() & units["region"].notna()
    problems.add_rows(again, "region", units["region"], "地区代码重复")
    columns = [*conditions.measures, *([conditions.weight] if conditions.weight else [])]
    points = ("lon", "lat") if "lon" in units else ("x", "y")
    if distance is None and conditions.objective == "travel":
        columns += points
    for name in dict.fromkeys(columns):
        if name not in units:
            problems.add("单元表缺少这一列（指标，或坐标 lon、lat 或 x、y，或改给 distance）", column=name)
        elif not pd.api.types.is_numeric_dtype(units[name]):
            problems.add("应为数值", column=name)
        else:
            bad = ~np.isfinite(units[name].to_numpy(float))
            problems.add_rows(bad, name, units[name], "缺少数值：没有的请填 0，不知道的请先估计")
            if name not in points:
                problems.add_rows(units[name] < 0, name, units[name], "不能为负")
    for name in conditions.measures:
        if name in units and pd.api.types.is_numeric_dtype(units[name]) and not units[name].sum() > 0:
            problems.add("全部为 0，无法均分", column=name)
    if distance is not None:
        missing = pd.Index(units["region"]).difference(distance.index)
        for code in missing:
            problems.add("距离表中没有这个单元", column="distance", value=code)
        if not len(missing):
            far = distance.reindex(index=units["region"], columns=units["region"]).to_numpy(float)
            bad = ~np.isfinite(far).all(axis=1) | (far < 0).any(axis=1)
            problems.add_rows(bad, "distance", units["region"], "这个单元到其他单元的距离有缺失或为负")


def _check_edges(edges: pd.DataFrame, known: set, problems: Problems) -> None:
    for name in ("region", "neighbor"):
        if name not in edges:
            problems.add("邻接表缺少这一列", column=name)
    if not {"region", "neighbor"} <= set(edges) or len(known) == 1:
        return
    if not (edges["region"].isin(known) & edges["neighbor"].isin(known)).any():
        problems.add("邻接表中没有任何一对所给的单元：层级或代码不一致", column="neighbor")


def _check_wishes(conditions: Conditions, known: set, problems: Problems) -> None:
    groups = [("together", group) for group in conditions.together]
    groups += [("apart", group) for group in conditions.apart]
    named = [("seats", code) for code in conditions.seats] + [("locks", code) for code in conditions.locks]
    named += [(what, code) for what, group in groups for code in group]
    for what, code in named:
        if code not in known:
            problems.add("单元表中没有这个单元", column=what, value=code)
    if len(set(conditions.seats)) < len(conditions.seats):
        problems.add("驻地重复", column="seats")
    names = set(conditions.locks.values()) | set(conditions.seats)
    if len(names) > conditions.n:
        problems.add(f"驻地与锁定共指定 {len(names)} 个片区，多于 n = {conditions.n}", column="locks")
    home = dict(conditions.locks)
    for seat in conditions.seats:
        if home.setdefault(seat, seat) != seat:
            problems.add("驻地被锁定到另一个片区", column="locks", value=seat)
    for group in conditions.together:
        where = {home[code] for code in group if code in home}
        if len(where) > 1:
            problems.add(f"要求同片区的单元被锁定到不同片区：{'、'.join(sorted(where))}", column="together")
    joined = {frozenset((a, b)) for group in conditions.together for a in group for b in group if a != b}
    for group in conditions.apart:
        if len(group) > conditions.n:
            problems.add(f"要求彼此分开的有 {len(group)} 个单元，多于 n = {conditions.n}", column="apart")
        for i, a in enumerate(group):
            for b in group[i + 1 :]:
                if frozenset((a, b)) in joined:
                    problems.add(f"{a} 与 {b} 既要求同片区又要求分开", column="apart")
                elif a in home and home.get(b) == home[a]:
                    problems.add(f"{a} 与 {b} 锁定在同一片区，又要求分开", column="apart")


def met_apart(assignment: pd.Series, conditions: Conditions) -> list[tuple]:
    """Pairs of units that should be apart and share a territory."""
    return [
        (a, b)
        for group in conditions.apart
        for i, a in enumerate(group)
        for b in group[i + 1 :]
        if assignment[a] == assignment[b]
    ]


def as_labels(current: pd.Series) -> pd.Series:
    """Today's territories with names as text; numbers as whole ones.

    Examples
    --------
    >>> as_labels(pd.Series({"a": 1.0, "b": None})).tolist()
    ['1', nan]
    """
    if not isinstance(current, pd.Series):  # told by the check
        return current
    names = current.map(lambda x: str(int(x)) if isinstance(x, float) and x.is_integer() else str(x))
    return names.astype(object).where(current.notna(), np.nan)


def _check_current(current: pd.Series, known: set, problems: Problems) -> None:
    if not isinstance(current, pd.Series):
        problems.add("现有片区应为 Series（索引为单元代码，值为片区名）", column="current")
        return
    for code in current.index[current.index.duplicated()]:
        problems.add("现有片区中单元重复", column="current", value=code)
    for code in current.index:
        if code not in known:
            problems.add(
                "现有片区中有单元表以外的单元：区划变更请先用 carry_over 对照", column="current", value=code
            )
