"""From the names that people write to codes.

Always holds: nothing is guessed. A name that several regions bear, or none, is an error that lists the
candidates (or comes back missing on request); an official name beats a short form or an alias of another
region only because it is spelt out in full. Region and only child of the same name are one place.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
import weakref
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

from ..errors import MktError, UnknownNameError

#: Words for kinds of regions that everyday names leave out, longest first.
_KINDS = ("特别行政区", "自治区", "自治州", "自治县", "自治旗", "地区", "新区", "林区", "特区")
_KINDS += ("省", "市", "盟", "县", "区", "旗")
#: Everyday words for a longer kind: 延边州, 峨山县.
_SHORT_KINDS = {
    "自治区": ("自治区",),
    "自治州": ("自治州", "州"),
    "自治县": ("自治县", "县"),
    "自治旗": ("自治旗", "旗"),
}
_PEOPLES = (
    "蒙古|维吾尔|布依|朝鲜|土家|哈尼|哈萨克|傈僳|高山|拉祜|东乡|纳西|景颇|柯尔克孜|达斡尔|仫佬|布朗|撒拉|毛南|仡佬|锡伯|阿昌|"
    "普米|塔吉克|乌孜别克|俄罗斯|鄂温克|德昂|保安|裕固|塔塔尔|独龙|鄂伦春|赫哲|门巴|珞巴|基诺|各"
)
_OF_PEOPLES = re.compile(rf"(.{{2,}}?)(?:(?:{_PEOPLES})族?|[回藏苗彝壮满侗瑶白傣黎佤畲水土羌怒京汉]族)+")
_SEPARATORS = re.compile(r"[/\\>|,、·_\-—:;]+")
_BRACKETS = re.compile(r"([^()]+)\(([^()]+)\)")

#: Names that many cities have for a part of theirs: they mean a region only right below its city.
_EVERYDAY = frozenset(["市区", "东区", "西区", "南区", "北区", "中区", "城区", "郊区", "矿区", "新区"])
_EVERYDAY |= {"老区", "市辖区", "市中心", "县城", "开发区", "高新区"}
_TOWN = re.compile(r"(?:镇|乡|街道|街道办事处|村|社区|居委会|苏木|开发区|园区|工业园|农场)$")
_LATIN = re.compile(r"[a-zü'’ -]+$")
_LATIN_KINDS = re.compile(r"(?:province|city|shi|sheng|prefecture|municipality|autonomousregion)$")

#: How well a spelling fits; a better one wins before candidates are counted.
_OFFICIAL = 0
_SHORT = 1
_ALIAS_SHORT = 2
#: So many of the most alike spellings are compared in full for a name that is not known.
_COMPARED = 15
_INDEXES: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def clean_name(name) -> str:
    """Return a name as it is compared: half-width, lower case, without any space.

    Examples
    --------
    >>> clean_name("北　京 市"), clean_name(320100.0), clean_name("３２０１００")
    ('北京市', '320100', '320100')
    """
    if isinstance(name, (float, np.floating)):
        name = "" if np.isnan(name) else int(name) if name == int(name) else name
    elif name is None or name is pd.NA:
        name = ""
    return _clean(str(name))


@lru_cache(maxsize=100_000)
def _clean(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) != "Cf")


def short_names(name: str) -> list[str]:
    """Return the everyday forms of an official name, without the words for kinds and peoples.

    Examples
    --------
    >>> short_names("延边朝鲜族自治州"), short_names("吉县"), short_names("东乡族自治县")
    (['延边', '延边自治州', '延边州'], [], ['东乡', '东乡自治县', '东乡县'])
    """
    for kind in _KINDS:
        stem = name.removesuffix(kind)
        if len(stem) == len(name):
            continue
        if kind in _SHORT_KINDS:
            peoples = _OF_PEOPLES.fullmatch(stem)
            stem = peoples.group(1) if peoples else stem.removesuffix("族")
        if len(stem) < 2:
            return []
        return [
            form for form in (stem, *(stem + word for word in _SHORT_KINDS.get(kind, ()))) if form != name
        ]
    return []


def is_everyday(name: str) -> bool:
    """Whether a name is one that many cities have for a part of theirs (市区, 东区).

    Examples
    --------
    >>> is_everyday("东区"), is_everyday("鼓楼区")
    (True, False)
    """
    return clean_name(name) in _EVERYDAY


def _latin(text: str) -> str:
    """A romanised name without apostrophes, and without the word for its kind."""
    plain = text.replace("'", "").replace("’", "").replace("-", "").replace("ü", "v")
    return _LATIN_KINDS.sub("", plain) or plain


def _group_names(name: str) -> list[str]:
    """Longer forms of a group of regions that has no word for its kind: 华东地区."""
    bare = not name.isascii() and len(name) == 2 and not name.endswith(_KINDS)
    return [name + word for word in ("地区", "大区", "区域", "片区")] if bare else []


class _NameIndex:
    """Spelling -> {position of the region: how well it fits}, for one tree and one table of aliases."""

    def __init__(self, tree, aliases: pd.DataFrame | None):
        self.tree = tree
        self.names = [clean_name(name) for name in tree.table["name"]]
        self.parent = tree.positions().parent.tolist()
        children = np.array([at for at in self.parent if at >= 0], dtype=int)
        self.brood = np.bincount(children, minlength=len(self.parent)).tolist()
        self.spellings: dict[str, dict[int, int]] = defaultdict(dict)
        for position, name in enumerate(self.names):
            self._enter(name, position, _OFFICIAL)
            for form in short_names(name) or _group_names(name):
                self._enter(form, position, _SHORT)
        self.former: dict[str, list[tuple[str, float, str]]] = defaultdict(list)
        self.notes: dict[str, str] = {}
        if aliases is not None:
            self._enter_aliases(aliases)
        self.spellings.pop("", None)
        self.codes = {code: position for position, code in enumerate(tree.regions)}
        self.widths = {len(code) for code in tree.regions if code.isdigit()}
        self.longest = max(map(len, self.spellings))
        self._by_letter: tuple[list[str], np.ndarray, dict[str, np.ndarray]] | None = None

    def _enter_aliases(self, aliases: pd.DataFrame) -> None:
        """Other names; those of regions that have ended, and of what is no region, lead to no code."""
        positions = self.tree.regions.get_indexer(pd.Index(aliases["region"]))
        blank = pd.Series("", aliases.index)
        kinds = aliases.get("kind", blank)
        into = aliases.get("into", blank)
        ends = pd.to_numeric(aliases.get("valid_to", pd.Series(np.nan, aliases.index)))
        for position, name, kind, heirs, end, code in zip(
            positions, aliases["alias"], kinds, into, ends, aliases["region"], strict=True
        ):
            text = clean_name(name)
            if kind == "note":
                self.notes[text] = heirs
            elif position >= 0 and kind == "latin":
                self._enter(_latin(text), position, _SHORT)
            elif position >= 0:
                self._enter(text, position, _SHORT)
                for form in short_names(text):
                    self._enter(form, position, _ALIAS_SHORT)
                if kind == "former":
                    self.former[text].append((code, end, code))
            elif isinstance(heirs, str):
                self.former[text].append((code, end, heirs))

    def _enter(self, spelling: str, position: int, fit: int) -> None:
        entry = self.spellings[spelling]
        entry[position] = min(fit, entry.get(position, fit))

    def ancestors(self, position: int) -> Iterable[int]:
        """Positions above a region, nearest first."""
        while (position := self.parent[position]) >= 0:
            yield position

    def by_code(self, name, text: str) -> dict[int, int]:
        """Regions with this code; a number may have lost its leading zeros, 12 digits end in zeros."""
        text = text.removesuffix(".0")  # what a column of codes with gaps becomes in other programs
        codes = {text}
        if len(text) == 12 and text.isdigit() and text.endswith("000000"):
            codes.add(text[:6])
        if isinstance(name, (int, float, np.integer, np.floating)) and text.isdigit():
            codes |= {text.zfill(width) for width in self.widths if width > len(text)}
        found = [self.codes[code] for code in {*codes, str(name)} if code in self.codes]
        return dict.fromkeys(found, _OFFICIAL)

    def by_name(self, text: str) -> dict[int, int]:
        """Regions that bear the whole of `text`, else those whose path it spells."""
        if found := self.spellings.get(text):
            return found
        if _LATIN.match(text):
            return self.spellings.get(_latin(text), {})
        if brackets := _BRACKETS.fullmatch(text):  # 鼓楼区(南京)
            return self._by_segments([brackets.group(2), brackets.group(1)])
        segments = [part for part in _SEPARATORS.split(text) if part]
        return self._by_segments(segments) if len(segments) > 1 else self._by_path(text)

    def _by_segments(self, segments: Sequence[str]) -> dict[int, int]:
        """Regions under the first segment, under the second and so on: 江苏/苏州/昆山."""
        if not segments:
            return {}
        found = self.spellings.get(segments[-1]) or self._by_path(segments[-1])
        if len(segments) == 1 or not found:
            return found
        above = self._by_segments(segments[:-1])
        return self._below(found, above)

    def _by_path(self, text: str) -> dict[int, int]:
        """Regions whose path `text` spells without separators: 江苏南京, 苏州市昆山市."""
        found: dict[int, int] = {}
        for cut in range(2, min(len(text) - 1, self.longest + 1)):
            above = self.spellings.get(text[:cut])
            if not above:
                continue
            rest = self.spellings.get(text[cut:]) or self._by_path(text[cut:])
            for position, fit in self._below(rest, above).items():
                found[position] = min(fit, found.get(position, fit))
        return found

    def _below(self, found: dict[int, int], above: dict[int, int]) -> dict[int, int]:
        inside = {}
        for position, fit in found.items():
            fits = [above[up] for up in self.ancestors(position) if up in above]
            if fits:
                inside[position] = max(fit, min(fits))
        return inside

    def one_place(self, positions: list[int]) -> list[int]:
        """Leave out only children of the same name as their parent, which is a candidate too."""

        def repeats(at: int) -> bool:
            up = self.parent[at]
            return up in positions and self.brood[up] == 1 and self.names[at] == self.names[up]

        return [at for at in positions if not repeats(at)]

    def nearest(self, text: str, allowed: np.ndarray, scope: int) -> list[int]:
        """Up to three regions with a similar spelling, first those within the scope.

        Spellings are sorted by how many characters they share before the few best are compared in full.
        """
        if not text:
            return []
        keys, lengths, holders = self._letters()
        shared = np.zeros(len(keys))
        for letter in set(text):
            if letter in holders:
                shared[holders[letter]] += 1.0
        likeness = 2 * shared / (lengths + len(text))
        n_best = min(_COMPARED, len(keys) - 1)
        best = np.sort(np.argpartition(-likeness, n_best)[:n_best]) if n_best > 0 else np.arange(len(keys))
        similar = [keys[at] for at in best if shared[at]]
        close = difflib.get_close_matches(text, similar, n=12, cutoff=0.5)
        found = [at for key in close for at in self.spellings[key] if allowed[at]]
        inside = [at for at in found if scope < 0 or scope in self.ancestors(at)]
        return list(dict.fromkeys(inside or found))[:3]

    def _letters(self) -> tuple[list[str], np.ndarray, dict[str, np.ndarray]]:
        """All spellings, their lengths, and for each character the spellings that have it; made once."""
        if self._by_letter is None:
            keys = [key for key in self.spellings if not key.isascii()]
            holders: dict[str, list[int]] = defaultdict(list)
            for at, key in enumerate(keys):
                for letter in set(key):
                    holders[letter].append(at)
            lengths = np.array([len(key) for key in keys], dtype=float)
            arrays = {letter: np.array(found) for letter, found in holders.items()}
            self._by_letter = (keys, lengths, arrays)
        return self._by_letter

    def told(self, text: str) -> str:
        """What there is to say of a name that is no region: a zone, a former region, a town; empty:
        nothing."""
        bare = text.split("市")[-1] if "市" in text[:-1] else text
        for word in dict.fromkeys([text, bare]):
            if word in self.notes:
                return self.notes[word]
            if any(code not in self.codes for code, _, _ in self.former.get(word, ())):
                return self._successor(word)
        return self._county_of(text) if _TOWN.search(text) else ""

    def _successor(self, text: str) -> str:
        gone = [row for row in self.former[text] if row[0] not in self.codes]
        code, end, heirs = max(gone, key=lambda row: row[1])
        named = [
            f"{heir} {self.tree.names([heir]).iloc[0]}" for heir in heirs.split()[:3] if heir in self.codes
        ]
        into = f"，并入 {'、'.join(named)}" if named else ""
        return f"{int(end) + 1} 年起已没有（原代码 {code}）{into}：请改写现名，旧年份的数请用当年的地区树读取"

    def _county_of(self, text: str) -> str:
        """The region whose path the beginning of a town's path spells."""
        for cut in range(len(text) - 2, 2, -1):
            found = self.by_name(text[:cut])
            places = self.one_place(sorted(found))
            if len(places) == 1 and text[cut - 1] in "市县区旗":
                region = self.tree.regions[places[0]]
                return (
                    f"是乡镇、街道或园区，所属地区是 {region} "
                    f"{self.tree.names([region]).iloc[0]}：请写这个地区"
                )
        return ""


def _index_of(tree, aliases: pd.DataFrame | None) -> _NameIndex:
    """Built once a tree; tables of aliases that are handed in are not remembered."""
    if aliases is not None:
        return _NameIndex(tree, aliases)
    if tree not in _INDEXES:
        _INDEXES[tree] = _NameIndex(tree, tree.aliases)
    return _INDEXES[tree]


def resolve_names(
    names: Iterable,
    tree,
    *,
    level: str | Sequence[str] | None = None,
    within: str | Sequence | None = None,
    on_unknown: str = "raise",
    aliases: pd.DataFrame | None = None,
) -> pd.Series:
    """Return the codes of regions given by name (地区名称转代码).

    Understood are codes (text or number), official names (南京市), short ones (南京, 延边州), other names
    of the table of aliases (襄樊), paths (江苏南京, 江苏省/南京市, 鼓楼区（南京）), spaces within names and
    full-width characters.

    Parameters
    ----------
    names : iterable of str or int
    tree : RegionTree
    level : str or sequence of str, optional
        Only regions of this level, or of these.
    within : str or sequence, optional
        Only regions below this one (code or name); a sequence gives one for each name, where missing
        means anywhere.
    on_unknown : {"raise", "keep"}
        ``keep`` returns what cannot be told as missing.
    aliases : DataFrame, optional
        Columns alias, region; default ``tree.aliases``.

    Returns
    -------
    Series
        Index the given names, in their order, values codes.

    Raises
    ------
    UnknownNameError
        With all names that no region bears (and the nearest spellings) or that several do.

    Examples
    --------
    >>> from mktanalysis import RegionTree
    >>> tree = RegionTree.from_table(pd.DataFrame({
    ...     "region": ["32", "3201", "320106"], "name": ["江苏省", "南京市", "鼓楼区"],
    ...     "level": ["province", "city", "county"], "parent": [None, "32", "3201"]}))
    >>> resolve_names(["南京", "江苏省南京市鼓楼区", 32], tree).tolist()
    ['3201', '320106', '32']
    """
    if on_unknown not in ("raise", "keep"):
        raise MktError(f"on_unknown 应为 'raise' 或 'keep'，现为 {on_unknown!r}")
    if isinstance(names, str):
        raise MktError(f"应给出一组名称，而不是一个字符串 {names!r}")
    given = list(names)
    index = _index_of(tree, aliases)
    scopes = _scopes(within, len(given), index, aliases)
    wanted = tree.levels if level is None else (level,) if isinstance(level, str) else tuple(level)
    at_level = np.isin(tree.positions().level, [tree.level_position(name) for name in wanted])
    answers: dict[tuple, str | None] = {}
    unresolved = []
    for name, scope in zip(given, scopes, strict=True):
        key = (type(name), "" if pd.isna(name) else name, scope)
        if key not in answers:
            answers[key], trouble = _resolve(name, scope, index, at_level, explain=on_unknown == "raise")
            unresolved += [trouble] if trouble else []
    if unresolved and on_unknown == "raise":
        raise UnknownNameError(pd.DataFrame(unresolved))
    codes = [
        answers[(type(name), "" if pd.isna(name) else name, scope)]
        for name, scope in zip(given, scopes, strict=True)
    ]
    return pd.Series(codes, index=pd.Index(given, dtype=object), name="region", dtype="str")


def bearers(name, tree) -> pd.Index:
    """Return the codes of all regions that a name may mean, of whatever level; empty if none."""
    index = _index_of(tree, None)
    text = clean_name(name)
    found = index.by_code(name, text) or index.by_name(text) if text else {}
    return tree.regions[sorted(found)]


def _scopes(within, n: int, index: _NameIndex, aliases: pd.DataFrame | None) -> list[int]:
    """Position of the region that each name must lie in, -1 for anywhere."""
    if within is None:
        return [-1] * n
    each = [within] * n if isinstance(within, str) else list(within)
    if len(each) != n:
        raise MktError(f"within 应为一个地区，或与名称一样多（{n} 个），现有 {len(each)} 个")
    asked = [name for name in dict.fromkeys(each) if not pd.isna(name)]
    codes = resolve_names(asked, index.tree, aliases=aliases) if asked else pd.Series(dtype="str")
    position = dict(zip(asked, index.tree.locate(codes), strict=True)) if asked else {}
    return [-1 if pd.isna(name) else int(position[name]) for name in each]


def _resolve(
    name, scope: int, index: _NameIndex, at_level: np.ndarray, *, explain: bool
) -> tuple[str | None, dict | None]:
    text = clean_name(name)
    found = index.by_code(name, text) or index.by_name(text) if text else {}
    if text in _EVERYDAY:  # 东区 is a district of 攀枝花, and a sales zone of any company
        found = {at: fit for at, fit in found.items() if index.brood[at] or index.parent[at] == scope >= 0}
    if scope >= 0:
        found = {at: fit for at, fit in found.items() if at == scope or scope in index.ancestors(at)}
    found = {at: fit for at, fit in found.items() if at_level[at]}
    best = min(found.values(), default=0)
    places = index.one_place(sorted(at for at, fit in found.items() if fit == best))
    regions = index.tree.regions
    if len(places) == 1:
        return regions[places[0]], None
    if not explain:
        return None, None
    note = "" if places else index.told(text)
    if text in _EVERYDAY and not places:
        note = "很多城市都有这样的叫法：请写明城市，如“攀枝花市东区”；销售片区不是行政区划"
    hints = places or ([] if note else index.nearest(text, at_level, scope))
    candidates = "、".join(_labelled(regions[at], index.tree) for at in hints)
    reason = "ambiguous" if places else "unknown"
    given = "" if pd.isna(name) else str(name)
    return None, {"name": given, "reason": reason, "candidates": candidates, "note": note}


def former_namesakes(name: str, tree) -> list[tuple[str, float, str]]:
    """Return the former regions that bore a name: code, last year, codes of what became of it (by blanks)."""
    return list(_index_of(tree, None).former.get(clean_name(name), []))


def _labelled(region: str, tree) -> str:
    """Code, name and path; groups that have no code of their own (华东) are left out of the path."""
    line = tree.path(region)
    path = "/".join(name for code, name in line.iloc[1:].items() if code != name) or line.iloc[0]
    return f"{region} {line.iloc[-1]}（{path}）"
