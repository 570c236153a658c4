"""Regions in force: one row a code, with its level, parent and kind.

Always holds: a municipality has one prefecture-level child; a prefecture without counties has one
county-level child (code ``xxxx99``); counties run by their province hang below a pseudo-prefecture
(code ``xx9000``); a parent is the code's own prefix.
"""

from __future__ import annotations

import re

import pandas as pd

from .sources import DECISIONS, Sources

MUNICIPALITIES = ("11", "12", "31", "50")
#: 副省级城市 that are not municipalities.
SUB_PROVINCIAL = [
    "210100",
    "210200",
    "220100",
    "230100",
    "320100",
    "330100",
    "330200",
    "350200",
    "370100",
    "370200",
    "420100",
    "440100",
    "440300",
    "510100",
    "610100",
]
CAPITALS = [
    "130100",
    "140100",
    "150100",
    "210100",
    "220100",
    "230100",
    "320100",
    "330100",
    "340100",
    "350100",
    "360100",
    "370100",
    "410100",
    "420100",
    "430100",
    "440100",
    "450100",
    "460100",
    "510100",
    "520100",
    "530100",
    "540100",
    "610100",
    "620100",
    "630100",
    "640100",
    "650100",
]
#: Outside the default tree: code, name, short name.
SPECIAL_PROVINCES = (
    ("710000", "台湾省", "台湾"),
    ("810000", "香港特别行政区", "香港"),
    ("820000", "澳门特别行政区", "澳门"),
)
DIRECT_NAMES = {"41": "河南", "42": "湖北", "46": "海南", "65": "新疆"}
#: Endings of county names -> kind; the first that fits.
COUNTY_KINDS = {
    "自治县": "autonomous_county",
    "自治旗": "autonomous_county",
    "农架林区": "forest_district",  # the only one: 西林区, 新林区 are districts
    "区": "district",
    "市": "county_city",
    "县": "county",
    "旗": "banner",
}
#: Names of peoples that stand between a county's name and 自治县.
ETHNIC = (
    "各|回|蒙古|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|拉祜|水|东乡|纳西|景颇|柯尔克孜|土|达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|"
    "锡伯|阿昌|普米|塔吉克|怒|鄂温克|德昂|保安|裕固|独龙|门巴|珞巴|基诺"
)
PREFECTURE_KINDS = {"自治州": "autonomous_prefecture", "地区": "area", "盟": "league", "市": "city"}


def current_regions(sources: Sources, short_names: dict[str, str]) -> pd.DataFrame:
    """All regions in force, and those that are known but not in the default tree (``in_tree`` False)."""
    listed = sources.current[sources.current["mainland"]]
    rows = [_row("100000", "全国", "nation", None, "nation")]
    rows += [_row(c, n, "province", "100000", _province_kind(c, n)) for c, n in _pairs(listed, "province")]
    rows += [_row(c, n, "province", "100000", "special", in_tree=False) for c, n, _ in SPECIAL_PROVINCES]
    rows += _prefectures(listed)
    rows += _counties(listed, {row["region"] for row in rows})
    table = pd.DataFrame(rows)
    known = (
        short_names | {"653000": "克孜勒苏"} | {c: s for c, _, s in SPECIAL_PROVINCES} | {"100000": "全国"}
    )
    extra = {code: unit["short_name"] for code, unit in DECISIONS["extra_counties"].items()}
    names = table["region"].map(known | extra)
    table["short_name"] = names.where(names.notna(), table["name"].map(shorten))
    return table


def _pairs(listed: pd.DataFrame, level: str):
    part = listed[listed["level"] == level]
    return zip(part["adcode"], part["name"], strict=True)


def _row(region, name, level, parent, kind, **more) -> dict:
    row = {"region": region, "name": name, "short_name": None, "level": level, "parent": parent, "kind": kind}
    return row | {"rank": None, "is_capital": False, "in_tree": True, "note": None} | more


def _province_kind(code: str, name: str) -> str:
    if code[:2] in MUNICIPALITIES:
        return "municipality"
    return "autonomous_region" if name.endswith("自治区") else "province"


def _prefectures(listed: pd.DataFrame) -> list[dict]:
    rows = []
    for code, name in _pairs(listed, "province"):
        if code[:2] in MUNICIPALITIES:
            more = {"rank": "municipality", "is_capital": True}
            rows.append(_row(code[:2] + "0100", name, "prefecture", code, "city", **more))
        if code[:2] in DIRECT_NAMES:
            name = f"{DIRECT_NAMES[code[:2]]}省直辖县级" if code[:2] != "65" else "新疆自治区直辖县级"
            note = "pseudo-prefecture: holds the county-level units run by the province itself"
            rows.append(_row(code[:2] + "9000", name, "prefecture", code, "direct", note=note))
    for code, name in _pairs(listed, "prefecture"):
        rows.append(prefecture_row(code, name))
    return rows


def prefecture_row(code: str, name: str) -> dict:
    """A row of an ordinary prefecture-level unit."""
    rank = "sub_provincial" if code in SUB_PROVINCIAL else "prefecture"
    more = {"rank": rank, "is_capital": code in CAPITALS}
    return _row(code, name, "prefecture", code[:2] + "0000", _kind(name, PREFECTURE_KINDS), **more)


def _counties(listed: pd.DataFrame, above: set[str]) -> list[dict]:
    absent = DECISIONS["not_in_tree"]
    rows = []
    for code, name in _pairs(listed, "county"):
        more = {"in_tree": code not in absent, "note": absent.get(code)}
        rows.append(county_row(code, name, **more))
    for code, unit in DECISIONS["extra_counties"].items():
        rows.append(county_row(code, unit["name"], note=unit["note"]) | {"parent": unit["parent"]})
    with_counties = {row["parent"] for row in rows if row["in_tree"]}
    for code, name in _pairs(listed, "prefecture"):
        if code not in with_counties:
            note = "the prefecture itself at county level: it has no counties"
            rows.append(_row(code[:4] + "99", name, "county", code, "undivided", note=note))
    missing = {row["parent"] for row in rows} - above
    assert not missing, f"counties below unknown prefectures: {sorted(missing)}"
    return rows


def county_row(code: str, name: str, **more) -> dict:
    """A row of a county-level unit; its parent follows from the code."""
    return _row(code, name, "county", county_parent(code), _kind(name, COUNTY_KINDS), **more)


def county_parent(code: str) -> str:
    """Prefecture-level code of a county code: 110101 -> 110100, 500230 -> 500100, 429004 -> 429000."""
    if code[:2] in MUNICIPALITIES:
        return code[:2] + "0100"
    return code[:3] + "000" if code[2] == "9" else code[:4] + "00"


def _kind(name: str, endings: dict[str, str]) -> str:
    return next((kind for ending, kind in endings.items() if name.endswith(ending)), "other")


def shorten(name: str) -> str:
    """The name without its ending (高邮市 -> 高邮, 白沙黎族自治县 -> 白沙); two characters stay (赵县)."""
    if name.endswith(("自治县", "自治旗")):
        stem = re.sub(rf"(?:(?:(?:{ETHNIC})族)+|蒙古|哈萨克|塔吉克|锡伯)$", "", name[:-3])
        return stem if len(stem) >= 2 else name[:-3].removesuffix("族")
    for ending in ("自治区", "地区", "省", "市", "区", "县", "旗", "盟"):
        if name.endswith(ending) and len(name) - len(ending) >= 2:
            return name[: -len(ending)]
    return name
