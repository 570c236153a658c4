"""Which region each row of a sheet is about.

Always holds: a code decides, a name must agree with it; a name is looked up within the province and city
that stand beside it (merged cells are filled downwards); a name that stays unclear is a problem. One thing
is inferred, and noted: where the other rows are of one level, so is a name that two levels share (长沙).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pandas as pd

from ...errors import Problems, UnknownNameError
from ...regions import RegionTree, resolve_names
from ...regions.names import bearers, clean_name, is_everyday
from ..fields import fields
from .grammar.cells import as_text, without_marks
from .grammar.layout import ColumnRole, Layout

#: Share of the other rows that must be of one level before a shared name is taken at it.
_MOST = 2 / 3
#: So many rows are named in a note.
_LISTED = 8
_MARKS = re.compile(
    r"^[\s#*＊·●○■□◆★'‘’`]+|^其中[::：]?|[\s*＊]+$|^[(（][一二三四五六七八九十\d]{1,2}[)）]|^[一二三四五六七八九十]{1,2}、|^\d{1,3}[.、．](?=\s*[^\d\s])"
)
#: Steps of a path that are no region: 北京市,市辖区,朝阳区; 重庆市,县,城口县.
_NO_STEP = re.compile(
    r"市辖区|市辖县|县|区|省直辖县级行政区划|自治区直辖县级行政区划|省直辖(?:行政单位|县级行政单位|县)?|直辖县级|.{2,}(?:城区|郊县|郊区|主城区)"
)
#: A sum over a region, an area or a class: 南京市合计, 苏南小计.
_SUM_OF = re.compile(r"(?P<of>.*?)[(（]?(?:合计|小计|总计|共计|汇总)[)）]?")
_SUBTOTAL = "小计"
#: Between the regions of a list in one cell.
_LIST = re.compile(r"[、,，;；\n]+")
#: What is left of a city beside its own counties.
_REST = re.compile(
    r"(?P<city>.{2,}?)?(?:市)?(?P<word>市辖区|市区|城区|主城区|中心城区|中心市区|市本级|本级|本部|其余|其他|其它|其余地区|其他地区|其它地区|其他县市|其他区县|郊县)"
)


@dataclass
class Place:
    """A data row: its position in the sheet and what its place columns say.

    ``region`` is a code or missing; ``is_total`` marks 合计 and the like, ``scope`` the region that it adds
    up (missing: the whole table); ``rest`` marks what is left of a region beside its parts (市区, 其余);
    ``level`` is that of its column;
    ``trouble`` says why there is no region.
    """

    row: int
    code: str
    names: tuple[str, ...]
    region: str | None = None
    is_total: bool = False
    scope: str | None = None
    trouble: str = ""
    column: str = ""
    value: object = None
    rest: bool = False
    level: str = ""
    notes: list[str] = field(default_factory=list)


class PlaceReader:
    """Finds the region of every row; results are in :attr:`places` by row.

    With `every_level` a row named like the root of the tree (全国) is that region, not a total; with
    `listed` a cell may list several regions (南京市、镇江市).
    """

    def __init__(self, layout: Layout, tree: RegionTree, *, every_level: bool = False, listed: bool = False):
        self.tree = tree
        self.listed = listed
        self.layout = layout
        roots = tree.names(tree.level(tree.levels[0])) if every_level else []
        self.totals = fields().totals - {clean_name(name) for name in roots}
        self.code = next(iter(layout.having("code")), None)
        order = {name: i for i, name in enumerate(tree.levels)}
        steps = sorted(layout.having("level"), key=lambda column: order.get(column.level, 99))
        lowest = max((column.position for column in steps), default=-1)
        named = [column for column in layout.having("place") if column.position > lowest]
        self.steps: list[ColumnRole] = [*steps, *named[:1]]  # 区域 to the left of 城市 is only a group
        self.notes: list[str] = []
        self._regions: dict[tuple[str, str], bool] = {}
        self.headers: list[int] = []
        self.places = self._rows()
        self._mark_totals()
        self._resolve_codes()
        self._resolve_names()

    def _rows(self) -> list[Place]:
        """Texts of the place columns with merged cells filled downwards."""
        layout = self.layout
        places = []
        carried = [""] * len(self.steps)
        lists = self.layout.having("area") and self.listed
        long = bool(layout.having("period", "month", "quarter", "indicator"))
        code_before = ""
        for row in range(layout.first_row, len(layout.sheet.rows)):
            cells = layout.sheet.rows[row]
            texts = [_name(cells[column.position]) for column in self.steps]
            code = as_text(cells[self.code.position]).lstrip("'‘’`") if self.code else ""
            if not self.steps and not self.code and any(as_text(cell) for cell in cells):
                texts = []
            if any(texts) and all(clean_name(text) in fields().role_of for text in texts if text):
                self.headers.append(row)
                continue
            if not any(texts) and not code and long and any(as_text(cell) for cell in cells):
                texts = list(carried)
                code = code_before
            deepest = max((i for i, text in enumerate(texts) if text), default=-1)
            fresh = False
            for i, text in enumerate(texts):
                if text:
                    fresh = fresh or (text != carried[i] and bool(carried[i]))
                    carried[i] = text
                elif i < deepest and not fresh:
                    texts[i] = carried[i]
                else:
                    carried[i] = ""
            code_before = code
            several = [text for text in _LIST.split(texts[deepest]) if text] if lists and deepest >= 0 else []
            for text in several[1:]:
                places.append(self._place(row, code, [*texts[:deepest], _name(text), *texts[deepest + 1 :]]))
            if len(several) > 1:
                texts[deepest] = _name(several[0])
            places.append(self._place(row, code, texts))
        return places

    def _place(self, row: int, code: str, texts: list[str]) -> Place:
        """Leave out steps that are no region; recognise what is left of a city."""
        deepest = max((i for i, text in enumerate(texts) if text), default=-1)
        kept = [
            "" if i < deepest and i and _NO_STEP.fullmatch(text) and not self._is_region(text) else text
            for i, text in enumerate(texts)
        ]
        place = Place(row, code, tuple(kept))
        if deepest >= 0 and (total := _SUM_OF.fullmatch(clean_name(kept[deepest]))) and not code:
            place.names = self._sum_of(kept, deepest, total.group("of"))
            return place
        if deepest < 0 or code:
            return place if deepest >= 0 or code else self._sum_of_area(place)
        found = _REST.fullmatch(kept[deepest])
        above = next((text for text in reversed(kept[:deepest]) if text), "")
        if found is None or self._is_region(kept[deepest], above):
            return place
        city = found.group("city") or ""
        if not city and not above:
            place.trouble = f"“{kept[deepest]}”不是地区名：请写明是哪个市的，如“苏州市区”，或另加一列城市"
            place.column = self.steps[deepest].title
            place.value = kept[deepest]
            return place
        kept[deepest] = city
        place.names = tuple(kept)
        place.rest = True
        place.notes.append(found.group("word"))
        return place

    def _sum_of(self, names: list[str], deepest: int, of: str) -> tuple[str, ...]:
        """南京市合计 is a figure of 南京市, with parts elsewhere or none; 直营小计 adds up rows before it."""
        if clean_name(names[deepest]) in self.totals:
            return tuple(names)
        names[deepest] = of if self._is_region(of) else _SUBTOTAL
        return tuple(names)

    def _sum_of_area(self, place: Place) -> Place:
        """华东合计 in a column of sales areas, where no region stands."""
        cells = self.layout.sheet.rows[place.row]
        texts = [_name(cells[column.position]) for column in self.layout.having("area")]
        sums = [text for text in texts if _SUM_OF.fullmatch(clean_name(text))]
        if self.steps and sums:
            alone = clean_name(sums[0]) in self.totals
            place.names = (*place.names[:-1], sums[0] if alone else _SUBTOTAL)
        return place

    def _is_region(self, text: str, above: str = "") -> bool:
        """Whether a text is the name of a region, within the one above if one stands there."""
        key = (text, above)
        if key not in self._regions:
            meant = bearers(text, self.tree)
            if above and len(meant):
                upper = set(bearers(above, self.tree))
                meant = [code for code in meant if upper & set(self.tree.path(code).index)]
            self._regions[key] = bool(len(meant)) and (bool(above) or not is_everyday(text))
        return self._regions[key]

    def _mark_totals(self) -> None:
        totals = self.totals
        for place in self.places:
            last = next((text for text in reversed(place.names) if text), "")
            first = next((text for text in place.names if text), "")
            place.is_total = bool({clean_name(last), clean_name(first)} & totals)
        if not any(not p.is_total and (p.code or any(p.names)) for p in self.places if self._has_more(p)):
            for place in self.places:  # nothing but 全国: then it is the region, not a total
                place.is_total = False

    def _has_more(self, place: Place) -> bool:
        own = {column.position for column in self.steps} | ({self.code.position} if self.code else set())
        row = self.layout.sheet.rows[place.row]
        return any(as_text(cell) for i, cell in enumerate(row) if i not in own)

    def _resolve_codes(self) -> None:
        given = [place for place in self.places if place.code and not place.is_total]
        if self.layout.titles.region and not self.steps and not self.code:
            self._resolve_title()
        if not given:
            return
        found = resolve_names([p.code for p in given], self.tree, on_unknown="keep")
        for place, region in zip(given, found, strict=True):
            place.column = self.code.title
            place.value = place.code
            if pd.isna(region):
                place.trouble = "地区树中没有这个代码，可能已撤销或改码；可改写地区名称"
                long = place.code.ljust(6, "0")
                if place.code.isdigit() and len(place.code) in (2, 4) and long in set(self.tree.regions):
                    place.trouble = f"代码应写满六位：{long}"
                continue
            name = next((text for text in reversed(place.names) if text), "")
            meant = bearers(name, self.tree) if name else ()
            if len(meant) and region not in meant and not set(meant) & set(self.tree.path(region).index):
                place.trouble = (
                    f"代码与名称不符：{region} 是{self.tree.names([region]).iloc[0]}，名称是{name}"
                )
            else:
                place.region = region

    def _resolve_title(self) -> None:
        """The one region of the whole table stands in its title."""
        name = self.layout.titles.region
        found = resolve_names([name], self.tree, on_unknown="keep").iloc[0]
        self.notes.append(f"地区取自标题：{name}")
        for place in self.places:
            if pd.isna(found):
                place.trouble = _trouble(name, self.tree, None)
                place.value = name
            else:
                place.region = found

    def _resolve_names(self) -> None:
        """Step by step from the highest place column to the lowest."""
        within: dict[int, str | None] = {place.row: None for place in self.places}
        for i, column in enumerate(self.steps):
            named = [p for p in self.places if not p.code and p.names[i] and not p.trouble]
            totals = self.totals
            named = [p for p in named if clean_name(p.names[i]) not in totals or not p.is_total]
            if not named:
                continue
            names = [p.names[i] for p in named]
            scopes = [within[p.row] for p in named]
            codes = self._codes(names, scopes, column.level or None)
            for place, code in zip(named, codes, strict=True):
                if pd.isna(code):
                    place.column = column.title
                    place.value = place.names[i]
                    place.trouble = "?"  # told together: near spellings are looked up once a name
                    place.scope = within[place.row]
                    place.region = None
                else:
                    place.scope = within[place.row]
                    place.level = column.level
                    place.region = code
                    within[place.row] = code
        for place in self.places:
            if place.rest and place.region is not None:
                self._note_rest(place)
            if place.is_total:
                place.scope = place.region
                place.region = None
        self._keep_lone_totals()

    def _keep_lone_totals(self) -> None:
        """A total of a region of which no part is listed is the region's own figure."""
        listed = {place.region for place in self.places if place.region is not None}
        above = {region for one in listed for region in self.tree.path(one).index}
        for place in self.places:
            if place.is_total and place.scope is not None and place.scope not in above:
                place.region = place.scope
                place.is_total = False
                word = next(text for text in reversed(place.names) if text)
                name = self.tree.names([place.region]).iloc[0]
                self.notes.append(f"第 {place.row + 1} 行“{word}”没有所列下级，按{name}的数读取")

    def _note_rest(self, place: Place) -> None:
        name = self.tree.names([place.region]).iloc[0]
        note = f"“{place.notes[-1]}”认作{name}在所列县市以外的其余部分"
        self.notes += [note] if note not in self.notes else []

    def _codes(self, names: list[str], scopes: list, level: str | None) -> list:
        """Codes at the column's level, else at any level, else at the level of all the others."""
        look = {"tree": self.tree, "within": scopes, "on_unknown": "keep"}
        free = resolve_names(names, **look).to_numpy(dtype=object)
        if level is None:
            known = [code for code in free if isinstance(code, str)]
            if not known:
                return list(free)
            level = self.tree.level_of(known).mode()[0]
            at_level = resolve_names(names, level=level, **look).to_numpy(dtype=object)
            return self._at_main_level(names, free, at_level, level)
        at_level = resolve_names(names, level=level, **look)
        free_names = [name if scope is None else "" for name, scope in zip(names, scopes, strict=True)]
        self._tell_namesakes(free_names, at_level)
        return [b if pd.isna(a) else a for a, b in zip(at_level, free, strict=True)]

    def _tell_namesakes(self, names: list[str], codes) -> None:
        """海南 in a column of cities is a prefecture of another province than the one of that name."""
        for name, code in dict(zip(names, codes, strict=True)).items():
            others = set(bearers(name, self.tree)) - {code} if name and isinstance(code, str) else set()
            level = self.tree.level_of([code]).iloc[0] if others else ""
            others = {other for other in others if self.tree.level_of([other]).iloc[0] != level}
            near = set(self.tree.path(code).index) | set(self.tree.subtree(code).regions) if others else set()
            if others and not others & near:
                told = "、".join(f"{other} {self.tree.names([other]).iloc[0]}" for other in sorted(others))
                note = f"“{name}”按列名的层级认作 {code} {self.tree.names([code]).iloc[0]}，不是 {told}"
                self.notes += [note] if note not in self.notes else []

    def _at_main_level(self, names: list[str], free, at_level, level: str) -> list:
        """Move a region to its only child of the same name; settle names that two levels share.

        A shared name is taken at the level of the other rows: of all of them, or of two thirds where it
        is a region and places within it that share the name (安阳市 and 安阳县, beside 济源).
        """
        pairs = list(zip(free, at_level, strict=True))
        lone = {(a, b) for a, b in set(pairs) if isinstance(a, str) and isinstance(b, str) and a != b}
        lone = {(a, b) for a, b in lone if list(self.tree.children(a)) == [b]}
        result = [b if (a, b) in lone else a for a, b in pairs]
        agreeing = (self.tree.level_of([code for code in result if isinstance(code, str)]) == level).mean()
        if agreeing < _MOST:
            return result
        open_rows = [i for i, code in enumerate(result) if not isinstance(code, str)]
        asked = dict.fromkeys((names[i], at_level[i]) for i in open_rows if isinstance(at_level[i], str))
        settled = dict.fromkeys(key for key in asked if agreeing == 1 or self._all_within(*key))
        for name, chosen in settled:
            label = f"{chosen} {self.tree.names([chosen]).iloc[0]}"
            self.notes.append(f"“{name}”与其他各行同级，认作 {label}")
        for i in open_rows:
            result[i] = at_level[i] if (names[i], at_level[i]) in settled else result[i]
        return result

    def _all_within(self, name: str, region: str) -> bool:
        """Whether every region of this name is `region` or lies within it."""
        return set(bearers(name, self.tree)) <= set(self.tree.subtree(region).regions)


def _name(cell) -> str:
    """The text of a place column without marks at either end."""
    return _MARKS.sub("", without_marks(as_text(cell))).strip()


def name_troubles(names: list[str], tree: RegionTree) -> list[str]:
    """Why each name cannot be told, with the candidates."""
    return _troubles(names, [None] * len(names), tree) if names else []


def _trouble(name: str, tree: RegionTree, scope: str | None) -> str:
    return next(iter(_troubles([name], [scope], tree)))


def _troubles(names: list[str], scopes: list[str | None], tree: RegionTree) -> list[str]:
    """Why each name cannot be told, with the candidates; all looked up in one go."""
    asked = list(dict.fromkeys(zip(names, scopes, strict=True)))
    hints: dict[tuple, str] = {}
    for scope in dict.fromkeys(scope for _, scope in asked):
        group = [name for name, where in asked if where == scope]
        inside = f"（在{tree.names([scope]).iloc[0]}内）" if scope else ""
        reasons: dict[str, str] = {}
        try:
            resolve_names(group, tree, within=scope)
        except UnknownNameError as error:
            reasons = {row["name"]: unknown_text(row) for row in error.unresolved.to_dict("records")}
        hints |= {
            (name, scope): f"地区名称无法确定{inside}：{reasons.get(name, '没有这个地区')}" for name in group
        }
    return [hints[key] for key in zip(names, scopes, strict=True)]


def unknown_text(row: dict) -> str:
    """One row of the table of an UnknownNameError as a clause."""
    if row.get("note"):
        return row["note"]
    what = "有多个地区同名" if row["reason"] == "ambiguous" else "没有这个地区"
    word = "候选" if row["reason"] == "ambiguous" else "相近的有"
    return f"{what}，{word}：{row['candidates']}" if row["candidates"] else what


def report_places(
    places: list[Place], has_figures, problems: Problems, tree: RegionTree | None = None
) -> tuple[list[Place], list[str]]:
    """Return the rows that count, note the problems of those that have figures but no region."""
    unclear = [place for place in places if place.trouble == "?" and tree is not None and has_figures(place)]
    texts = _troubles([p.value for p in unclear], [p.scope for p in unclear], tree) if unclear else []
    for place, text in zip(unclear, texts, strict=True):
        place.trouble = text
    kept = []
    skipped = []
    told: dict[tuple, list[Place]] = {}
    for place in places:
        if place.region is not None or (place.is_total and has_figures(place)):
            kept.append(place)
        elif not has_figures(place):
            text = next((text for text in place.names if text), "")
            skipped += [f"第 {place.row + 1} 行没有数字，已跳过：{text[:30]}"] if text else []
        elif place.trouble:
            told.setdefault((place.trouble, place.column, place.value), []).append(place)
        else:
            problems.add("有数字但没有写地区", row=place.row + 1)
    for (trouble, column, value), rows in told.items():  # one name in many rows is one problem
        more = f"（共 {len(rows)} 行）" if len(rows) > 1 else ""
        problems.add(trouble + more, row=rows[0].row + 1, column=column, value=value)
    return kept, skipped


def blank_rows(places: list[Place], has_figures, tree: RegionTree) -> list[str]:
    """A note on rows of a region whose cells are all blank: there is nothing of theirs to read."""
    blank = [place for place in places if place.region is not None and not has_figures(place)]
    if not blank:
        return []
    names = tree.names([place.region for place in blank])
    told = [f"第 {place.row + 1} 行{name}" for place, name in zip(blank, names, strict=True)]
    more = "……" if len(told) > _LISTED else ""
    return [f"{len(told)} 行没有数字，作缺失：{'、'.join(told[:_LISTED])}{more}"]
