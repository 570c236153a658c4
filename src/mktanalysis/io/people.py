"""A company's dealers, people and visits as lists (经销商、人员、拜访清单).

Always holds: words of a closed list become the names that the methods know; what a list does not have is not
made up.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..errors import MktError
from .lists import Field, money_factor, read_list, rows_of

_DEALER = Field(("经销商", "经销商名称", "名称", "代理商", "dealer"))
_PLACE = Field(("地区", "城市", "市", "所在地区", "所在城市", "区域", "region"), "region")
_PERSON = Field(("人员", "业务员", "销售员", "姓名", "负责人", "person"))
_DEALERS = {
    "dealer": _DEALER,
    "region": _PLACE,
    "volume": Field(
        ("年销量", "年销售额", "销售额", "年度销售额", "销售规模", "volume"), "yuan", required=False
    ),
    "rank": Field(("级次", "经销商级次", "层级", "rank"), required=False),
}
_UNITS = {
    "region": _PLACE,
    "customers": Field(("客户数", "客户", "建档客户", "customers"), "number"),
    "area_km2": Field(("面积", "area_km2"), "number", required=False),
    "radius_km": Field(("距离", "路程", "radius_km"), "number", required=False),
    "stores": Field(("样板店", "样板店数", "stores"), "number", required=False),
}
_VISITS = {
    "person": _PERSON,
    "customer": Field(("客户", "客户名称", "customer")),
    "class": Field(("类别", "客户类别", "等级", "class")),
    "hours": Field(("时间", "拜访时间", "每次时间", "小时", "hours"), "number"),
    "kind": Field(("类型", "对象", "kind"), required=False),
}
_KINDS = {"经销商": "dealer", "合作伙伴": "partner", "样板店": "model_store", "客户": "customer"}
_STEPS = ("门槛", "分类门槛", "年销量", "起点")
_RANKS = {"一级": "first", "二级": "second"}


def read_dealers(path: str | Path, *, tree) -> pd.DataFrame:
    """Read a list of dealers: dealer, region and, if there, volume (yuan a year) and rank (经销商表)."""
    table = read_list(Path(path), _DEALERS, tree=tree)
    if "rank" in table:
        table = table.assign(rank=table["rank"].map(_RANKS).fillna(table["rank"]))
    return table


def read_framework(path: str | Path) -> tuple[pd.DataFrame, pd.Series | None]:
    """Read a company's framework of dealers (经营框架): a row a tier of cities, a column a class.

    Returns
    -------
    framework : DataFrame
        Index tier, columns class, missing where a class is not admitted.
    thresholds : Series or None
        Index class, the least yearly volume, yuan, where a row ``门槛(万元)`` gives them.
    """
    rows = rows_of(Path(path))
    if len(rows) < 2 or len(rows[0]) < 2:
        raise MktError(f"{Path(path).name}：经营框架应是一张表，第一列为城市级别，其余各列为经销商类别")
    wide = pd.DataFrame(rows[1:], columns=rows[0])
    frame = wide.set_index(wide.columns[0])
    at = frame.index.str.startswith(_STEPS)
    steps = None
    if at.any():
        factor = money_factor(str(frame.index[at][0]), Path(path))
        numbers = pd.to_numeric(frame[at].iloc[0].str.replace(",", ""), errors="coerce")
        if numbers.isna().any():
            raise MktError(f"{Path(path).name}：分类门槛一行应全是数字：{'、'.join(frame[at].iloc[0])}")
        steps = (numbers * factor).rename_axis("class").rename(None)
    return frame[~at].replace("", None), steps


def read_staff(path: str | Path, *, tree) -> pd.DataFrame:
    """Read who works where: person, region (人员名单)."""
    table = read_list(Path(path), {"person": _PERSON, "region": _PLACE}, tree=tree)
    doubled = table["person"][table.duplicated()].tolist()
    if doubled:
        raise MktError(f"{Path(path).name}：同一人员在同一地区写了两行：{'、'.join(doubled[:10])}")
    return table


def read_work_units(path: str | Path, *, tree) -> pd.DataFrame:
    """Read what the work of each place depends on: customers, area, distance, model stores (市场单元)."""
    return read_list(Path(path), _UNITS, tree=tree)


def read_visits(path: str | Path) -> pd.DataFrame:
    """Read customers to be visited: person, customer, class, hours and, if there, kind (拜访清单)."""
    table = read_list(Path(path), _VISITS)
    if "kind" in table:
        table = table.assign(kind=table["kind"].map(_KINDS).fillna(table["kind"]))
    return table


#: Lists that a study may name as a kind of file.
LIST_KINDS = ("dealers", "framework", "staff", "visits")


def read_kind(path: str | Path, kind: str, *, tree) -> pd.DataFrame:
    """Read one of `LIST_KINDS`; ``attrs["notes"]`` says how much and what was left out."""
    if kind == "framework":
        table, steps = read_framework(path)
        said = "，有分类门槛" if steps is not None else "，没有分类门槛（按分位数）"
        table.attrs["notes"] = (f"读入 {len(table)} 个城市级别、{len(table.columns)} 个类别{said}",)
        return table
    if kind == "visits":
        table = read_visits(path)
    else:
        table = {"dealers": read_dealers, "staff": read_staff}[kind](path, tree=tree)
    table.attrs["notes"] = (f"读入 {len(table):,} 行", *table.attrs.get("notes", ()))
    return table


def read_steps(text: str) -> pd.Series:
    """Thresholds of dealer classes as one writes them, ten thousand yuan (分类门槛).

    Examples
    --------
    >>> read_steps("A=500，B=200,C=0").to_dict()
    {'A': 5000000.0, 'B': 2000000.0, 'C': 0.0}
    """
    pairs = _pairs(text, f"门槛应写成 A=500,B=200,C=0（万元），给出的是 {text!r}")
    return pairs * 1e4


def read_intervals(text: str) -> pd.Series:
    """Weeks between visits of each class as one writes them (拜访间隔).

    Examples
    --------
    >>> read_intervals("A=1,B=4").to_dict()
    {'A': 1.0, 'B': 4.0}
    """
    return _pairs(text, f"--intervals 应写成 A=1,B=4,C=13（周），给出的是 {text!r}")


def _pairs(text: str, problem: str) -> pd.Series:
    try:
        pairs = [part.split("=") for part in text.replace("，", ",").split(",")]
        return pd.Series({name.strip(): float(amount) for name, amount in pairs})
    except ValueError:
        raise MktError(problem) from None
