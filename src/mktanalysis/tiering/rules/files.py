"""Rule systems as files: what a file may say, and errors that name the line.

Always holds: a file that was read is complete and consistent (known tiers, conditions that parse,
thresholds that exist); a fault is reported with the file, the line and what was expected.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import Field, ValidationError

from ...errors import MktError, TableError
from ...files import data_folder
from ...settings import Record, line_of, problem_words

#: Chinese multipliers that a threshold may carry.
UNITS = {"": 1.0, "万": 1e4, "亿": 1e8, "%": 0.01}
#: Words for a region's administrative rank -> which rows of the tree's table they mean.
RANKS: dict[str, dict[str, tuple]] = {
    "直辖市": {"rank": ("municipality",)},
    "副省级市": {"rank": ("sub_provincial",)},
    "省会": {"is_capital": (True,), "rank": ("sub_provincial", "prefecture")},
    "地级": {"level": ("prefecture",)},
    "县级": {"level": ("county",)},
    "县级市": {"kind": ("county_city",)},
    "市辖区": {"kind": ("district",)},
}
_CONDITION = re.compile(r"\s*([^\s<>=]+)\s*(>=|<=|>|<)\s*(@?[^\s@]+)\s*\Z")
_RANK = re.compile(r"\s*rank\s+in\s+(.+?)\s*\Z")
_NUMBER = re.compile(r"(-?[0-9][0-9_,]*(?:\.[0-9]+)?)(万|亿|%|)\Z")


@dataclass(frozen=True)
class Condition:
    """One condition: an indicator against a number or a named threshold, or a rank.

    ``operator`` is one of >=, <=, >, <, in; ``threshold`` the name of a threshold that goes by year, else
    empty; ``ranks`` the words after ``rank in``.
    """

    text: str
    indicator: str
    operator: str
    value: float = float("nan")
    threshold: str = ""
    ranks: tuple[str, ...] = ()


def parse_condition(text: str) -> Condition:
    """Read a condition.

    Raises
    ------
    ValueError
        With what was expected, in Chinese.

    Examples
    --------
    >>> parse_condition("resident_population >= 800万").value
    8000000.0
    >>> parse_condition("rank in 直辖市、省会").ranks
    ('直辖市', '省会')
    """
    if ranked := _RANK.match(text):
        words = tuple(re.split(r"[、,，\s]+", ranked.group(1)))
        unknown = [word for word in words if word not in RANKS]
        if unknown:
            raise ValueError(f"不认识的行政级别 {'、'.join(unknown)}；可用：{'、'.join(RANKS)}")
        return Condition(text, "rank", "in", ranks=words)
    match = _CONDITION.match(text)
    if not match:
        raise ValueError(f"条件 {text!r} 看不懂；应写成“指标 >= 数值”或“rank in 省会、直辖市”")
    indicator, operator, right = match.groups()
    if right.startswith("@"):
        return Condition(text, indicator, operator, threshold=right[1:])
    number = _NUMBER.match(right)
    if not number:
        raise ValueError(
            f"条件 {text!r} 里的数值 {right!r} 看不懂；可写 8000000、800万、3.5亿、60% 或 @门槛名"
        )
    return Condition(
        text, indicator, operator, float(re.sub("[_,]", "", number.group(1))) * UNITS[number.group(2)]
    )


class Rule(Record):
    """Regions of `level` (all levels of the system if empty) that meet every condition in `all_of`, one in
    `any_of` and, where given, are among `names`, belong to `tier`."""

    tier: str
    level: str = ""
    all_of: list[str] = Field(default=[], alias="all")
    any_of: list[str] = Field(default=[], alias="any")
    names: list[str] = Field(default=[])


class Subgrades(Record):
    """Grades within each tier, by rank of one indicator; shares of the tier's regions, best first."""

    by: str
    labels: list[str]
    shares: list[float]
    tiers: list[str] = Field(default=[])


class RuleSystem(Record):
    """A rule system as its file says it (分级规则)."""

    name: str
    title: str
    source: str
    tiers: list[str]
    levels: list[str] = Field(default=["prefecture"])
    default: str = ""
    never_lower: bool = False
    thresholds: dict[str, dict[str, float]] = Field(default={})
    subgrades: Subgrades | None = None
    rule: list[Rule]


def read_rules(source: str | Path) -> RuleSystem:
    """Read a rule system from a TOML file, or a built-in one by name.

    Parameters
    ----------
    source : str or Path
        Path of a .toml file, or a name of :func:`list_rules`.

    Returns
    -------
    RuleSystem

    Raises
    ------
    TableError
        Every fault of the file, with its line.
    MktError
        No such file or name.

    Examples
    --------
    >>> read_rules("T3").tiers
    ['一线', '二线', '三线', '四线']
    """
    path = _find(source)
    text = path.read_text("utf-8-sig")
    try:
        system = RuleSystem.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise _fault(path, [(int(line.group(1)) if line else None, f"不是合法的 TOML：{error}")]) from None
    except ValidationError as error:
        faults = [(line_of(text, item["loc"]), _words(item)) for item in error.errors()]
        raise _fault(path, faults) from None
    faults = [(line_of(text, location), problem) for location, problem in _inconsistencies(system)]
    if faults:
        raise _fault(path, faults)
    return system


def list_rules() -> pd.DataFrame:
    """The built-in rule systems (内置分级规则).

    Returns
    -------
    DataFrame
        Index name; columns title, tiers, source, path (a file to copy and edit).

    Examples
    --------
    >>> "T3" in list_rules().index
    True
    """
    rows = []
    for path in sorted(_folder().glob("*.toml")):
        system = read_rules(path)
        rows.append((system.name, system.title, "、".join(system.tiers), system.source, path))
    return pd.DataFrame(rows, columns=["name", "title", "tiers", "source", "path"]).set_index("name")


def _folder() -> Path:
    return data_folder() / "rules"


def _find(source: str | Path) -> Path:
    path = Path(source)
    if path.suffix == ".toml":
        if not path.is_file():
            raise MktError(f"没有这个规则文件：{path}")
        return path
    built_in = _folder() / f"{source}.toml"
    if not built_in.is_file():
        names = "、".join(sorted(p.stem for p in _folder().glob("*.toml")))
        raise MktError(f"没有名为 {source!r} 的规则；内置规则有 {names}，自己的规则请给 .toml 文件路径")
    return built_in


def _inconsistencies(system: RuleSystem):
    """(location, problem) of everything that parses but cannot be meant."""
    tiers = set(system.tiers)
    if len(tiers) < len(system.tiers):
        yield ("tiers",), "tiers 中有重复的级别"
    if system.default and system.default not in tiers:
        yield ("default",), f"default 的级别 {system.default!r} 不在 tiers 中"
    for name, by_year in system.thresholds.items():
        wrong = [year for year in by_year if not re.fullmatch(r"[12][0-9]{3}", year)]
        if wrong or not by_year:
            yield (
                ("thresholds", name),
                f"门槛 {name!r} 应按年份给值，例如 2020 = 72000，得到 {wrong or '空表'}",
            )
    for number, rule in enumerate(system.rule):
        yield from _rule_faults(rule, ("rule", number), system)
    grades = system.subgrades
    if grades and (len(grades.labels) != len(grades.shares) or abs(sum(grades.shares) - 1) > 1e-9):
        yield ("subgrades", "shares"), "shares 应与 labels 一样多，且合计为 1"
    if grades and not set(grades.tiers) <= tiers:
        yield ("subgrades", "tiers"), f"细分的级别 {sorted(set(grades.tiers) - tiers)} 不在 tiers 中"


def _rule_faults(rule: Rule, location: tuple, system: RuleSystem):
    if rule.tier not in system.tiers:
        yield (*location, "tier"), f"级别 {rule.tier!r} 不在 tiers（{'、'.join(system.tiers)}）中"
    if rule.level and rule.level not in system.levels:
        yield (*location, "level"), f"层级 {rule.level!r} 不在 levels（{'、'.join(system.levels)}）中"
    if not (rule.all_of or rule.any_of or rule.names):
        yield location, "规则没有任何条件：请写 all、any 或 names（其余地区的级别写在 default）"
    for key, texts in (("all", rule.all_of), ("any", rule.any_of)):
        for place, text in enumerate(texts):
            try:
                condition = parse_condition(text)
            except ValueError as error:
                yield (*location, key, place, text), str(error)
                continue
            if condition.threshold and condition.threshold not in system.thresholds:
                known = "、".join(system.thresholds) or "无"
                yield (*location, key, place, text), f"没有定义门槛 @{condition.threshold}；已定义：{known}"


def _words(item: dict) -> str:
    """One of pydantic's errors with the place in the file."""
    return f"{'.'.join(map(str, item['loc']))}：{problem_words(item)}"


def _fault(path: Path, faults) -> TableError:
    rows = [{"file": path.name, "row": line, "problem": problem} for line, problem in faults]
    return TableError(pd.DataFrame(rows, dtype=object).sort_values("row", kind="stable"))
