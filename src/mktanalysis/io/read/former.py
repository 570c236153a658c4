"""Names that meant another region in the years of the figures, and rows of another level than all others.

Always holds: an old figure is never given to the region that took its name later; a row that stands alone
at its level
is told.
"""

from __future__ import annotations

import pandas as pd

from ...errors import Problems
from ...regions import RegionTree
from ...regions.names import former_namesakes
from .figures import SheetReader
from .places import Place

_MOST = 2 / 3
_LEAST = 3
_LISTED = 6


def check_former(
    figures: pd.DataFrame, readers: list[SheetReader], tree: RegionTree, problems: Problems
) -> None:
    """Note names that another region bore in the years of the figures (巢湖市 until 2010, 邢台's 桥东区)."""
    years = figures.assign(year=figures["year"].astype("float64")).groupby(["sheet", "row"])["year"].min()
    years = years.to_dict()
    namesakes: dict[str, list] = {}  # by name: the same names stand in many rows
    told: dict[tuple, list[int]] = {}
    for reader in readers:
        sheet = reader.layout.sheet.name
        for place in reader.places:
            if place.region is None or place.code or not any(place.names):
                continue
            year = years.get((sheet, place.row + 1))
            if year is None:
                continue
            name = next(text for text in reversed(place.names) if text)
            if name not in namesakes:
                namesakes[name] = former_namesakes(name, tree)
            other = _other(place, year, namesakes[name], tree) if namesakes[name] else None
            if other:
                told.setdefault((other, place.region, place.names), []).append(place.row + 1)
    for (other, region, names), rows in told.items():
        code, end = other
        name = next(text for text in reversed(names) if text)
        current = tree.names([region]).iloc[0]
        text = (
            f"到 {end} 年为止另有一个“{name}”（代码 {code}），"
            f"与现在的 {region} {current} 不是一处：请写代码，"
            f"或写明它所在的市；旧年份的数也可用当年的地区树读取（load_regions(year={end})"
            f"，命令 data check --year {end}）"
        )
        problems.add(text, row=rows[0], column=_title(readers), value=name)


def _title(readers: list[SheetReader]) -> str:
    columns = readers[0].layout.having("level", "place")
    return columns[-1].title if columns else ""


def _other(place: Place, year: float, namesakes: list, tree: RegionTree) -> tuple[str, int] | None:
    """The other region that bore the name in a year (missing: in any), within the region above."""
    deepest = max(i for i, text in enumerate(place.names) if text)
    level = tree.level_of([place.region]).iloc[0]
    for code, end, heirs in namesakes:
        if code == place.region or pd.isna(end) or (year == year and year > end):
            continue
        if _same_place(place.region, heirs, tree) or not _inside(code, place, deepest, tree):
            continue
        asked = place.level if place.level else (level if year != year else "")
        if asked == level and _level(code) != level:
            continue  # the column says 城市, and the namesake was none; no year says that it was meant
        return code, int(end)
    return None


def _same_place(region: str, heirs: str, tree: RegionTree) -> bool:
    """Whether what became of a former region is this one, or all of its parts (儋州市 since 2015)."""
    became = set(heirs.split())
    inside = tree.subtree(region)
    return region in became or set(inside.leaves) <= became


def _level(code: str) -> str:
    if code.endswith("0000"):
        return "province"
    return "prefecture" if code.endswith("00") else "county"


def _inside(code: str, place: Place, deepest: int, tree: RegionTree) -> bool:
    """Whether a former code lies in the region that stands beside the name; codes of parts begin alike."""
    if not any(place.names[:deepest]) or place.scope is None:
        return True
    stem = place.scope.rstrip("0")
    stem += "0" * (len(stem) % 2)
    return not place.scope.isdigit() or code.startswith(stem)


def odd_levels(readers: list[SheetReader], tree: RegionTree) -> list[str]:
    """Notes on rows of another level than nearly all others."""
    words = {
        "nation": "全国",
        "macro_region": "大区",
        "province": "省级",
        "prefecture": "地级",
        "county": "县级",
    }
    notes = []
    for reader in readers:
        if reader.kind.every_level:
            continue
        regions = pd.Series(
            {place.row: place.region for place in reader.places if place.region is not None}, dtype="str"
        )
        if regions.nunique() < _LEAST:
            continue
        levels = pd.Series(tree.level_of(regions).to_numpy(), regions.index)
        main = levels.mode()[0]
        odd = levels[levels != main]
        if len(odd) == 0 or len(odd) > (1 - _MOST) * len(levels):
            continue
        named = tree.names(regions[odd.index]).tolist()
        listed = [
            f"第 {row + 1} 行 {name}是{words.get(level, level)}"
            for row, name, level in zip(odd.index, named, odd, strict=True)
        ]
        more = f" 等 {len(listed)} 处" if len(listed) > _LISTED else ""
        notes.append(f"与其余各行（{words.get(main, main)}）不同级：{'、'.join(listed[:_LISTED])}{more}")
    return notes
