"""A report specification (TOML) and the list of reports that it stands for.

Always holds: every notebook, parameter, grid and exclusion is checked before anything runs, and every
problem is told with file, line and key; the list has a fixed order and no report twice.

A specification::

    title = "中国区域市场报告"
    include = ["national.toml"]            # parts of other specifications, in this order
    [parameters]                           # inherited by every chapter whose notebook has them
    [[part]]
    title = "各省"
    map = "growth"                         # key figure that the index draws on a map
    [part.parameters]
    [[part.chapter]]
    notebook = "05_province_plan"        # beside the specification, or one of the project's
    parameters = { horizon = 5 }
    exclude = [{ province = ["710000"] }]  # codes or names
    [part.chapter.grid]
    province = { level = "province", within = "华东" }   # or a list, or { table = "a.csv", column = "省" }
    [part.chapter.rows]                    # instead of a grid: one report a row, columns are parameters
    table = "runs.csv"
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from ...errors import MktError
from ...files import decode as decode_file
from ...files import project_folder
from ..names import report_name
from .apart import told_apart
from .chosen import Choices
from .finding import find_notebook, no_notebook, no_spec
from .grids import grid_values, in_words, region_name, table_rows
from .inputs import own_files
from .notebook import read
from .parameters import Parameter, ParameterError, check_parameters, read_parameters, unknown_name
from .provenance import identity
from .sections import CHAPTER, PART, TOP, Problems
from .values import decode, encode

#: Reports of one specification, and bytes of its file: more is a slip, found before it fills the memory.
MAX_REPORTS = 100_000
_MAX_SPEC = 5_000_000
_MAX_NOTEBOOK = 200_000_000


class SpecError(MktError):
    """A specification that cannot be run; ``problems`` lists everything that is wrong with it."""

    def __init__(self, problems):
        self.problems = list(problems)
        super().__init__(
            f"报告清单有 {len(self.problems)} 处问题：\n"
            + "\n".join(f"- {problem}" for problem in self.problems)
        )

    def __reduce__(self):
        return type(self), (self.problems,)


@dataclass(frozen=True)
class Planned:
    """One report to make: encoded parameters, the notebook's text as read, and what it is made from.

    ``key`` is the notebook's name without its ending, with the folders that the specification names;
    ``inputs`` are the analyst's own files with their hashes, ``folder`` is where the notebook runs, to which
    they are relative (missing: beside the notebook). ``before`` and ``after`` are name and label of the
    neighbours among the reports of one notebook.
    """

    name: str
    title: str
    part: str
    label: str
    notebook: Path
    text: str
    parameters: dict
    identity: dict
    key: str
    inputs: dict = field(default_factory=dict)
    folder: Path | None = None
    before: tuple[str, str] | None = None
    after: tuple[str, str] | None = None

    @property
    def home(self) -> Path:
        """The folder in which the notebook runs."""
        return self.folder or self.notebook.parent


@dataclass(frozen=True)
class ReportList:
    """All reports of a specification, in order; `maps` says which key figure of a part is drawn on a map."""

    title: str
    reports: tuple[Planned, ...]
    maps: dict = field(default_factory=dict)


# ---- reading ----------------------------------------------------------------------------------------


def read_spec(path: Path | str, chosen: Iterable[str] = ()) -> ReportList:
    """Read a specification and expand it into reports.

    Parameters
    ----------
    path : path
        A TOML file; a bare name such as ``"china"`` means one that comes with the package.
    chosen : iterable of str
        Parameters that count above those of the file: ``years=3``, ``05.budget=2e6``.

    Raises
    ------
    SpecError
        With every problem, each with file, line and key.
    """
    path = find_spec(path)
    problems: list[str] = []
    maps: dict[str, str] = {}
    choices = Choices.of(chosen)
    title, reports = _read_file(path.resolve(), problems, maps, choices, seen=[], around=())
    reports = told_apart(reports)
    names = {}
    for report in reports:
        if report.name in names:
            given = json.dumps(report.parameters, ensure_ascii=False)
            problems.append(f"同一份报告出现两次：{report.notebook.stem} {given}")
        names[report.name] = report
    problems += [] if problems else choices.problems()
    if not reports and not problems:
        problems.append(f"{path.name}：没有任何报告")
    if problems:
        raise SpecError(problems)
    return ReportList(title, tuple(reports), maps)


def find_spec(path: Path | str) -> Path:
    """The file that `path` names, also below the package's own specifications."""
    given = Path(path)
    for candidate in (
        given,
        project_folder("specs") / given.name,
        project_folder("specs") / f"{given.name}.toml",
    ):
        if candidate.is_file():
            return candidate
    raise SpecError([no_spec(given.name)])


def _read_file(
    path: Path, problems: list, maps: dict, choices: Choices, *, seen: list, around: tuple
) -> tuple[str, list[Planned]]:
    """Title and reports of one file; `seen` are all files so far, `around` those that include this one."""
    seen.append(path)
    try:
        if path.stat().st_size > _MAX_SPEC:
            raise MktError(f"文件超过 {_MAX_SPEC // 10**6} MB，不像报告清单")
        text = decode_file(path.read_bytes(), path.name)
        content = tomllib.loads(text.removeprefix("\ufeff"))
    except (tomllib.TOMLDecodeError, MktError, OSError, RecursionError) as error:
        told = "嵌套太深" if isinstance(error, RecursionError) else error
        problems.append(f"{path.name}：不是合法的 TOML：{told}")
        return path.stem, []
    local = Problems(path.name, text)
    content = local.sound(content, TOP, ())
    reports = []
    for at, other in enumerate(content.get("include", ())):
        found = _beside(path.parent, other)
        if found is None or found in (*around, path):
            local.add(("include",), f"第 {at + 1} 项 {other!r} 找不到，或者包含了自己")
        elif found in seen:
            local.add(("include",), f"第 {at + 1} 项 {other!r} 已经包含过")
        else:
            around_it = (*around, path)
            reports += _read_file(found, problems, maps, choices, seen=seen, around=around_it)[1]
    chapters = _Chapters(path.parent, local, choices)
    general = content.get("parameters", {})
    for number, part in enumerate(content.get("part", ())):
        reports += chapters.of_part(part, number, general)
        if isinstance(part.get("title", ""), str) and isinstance(part.get("map", ""), str):
            maps[part.get("title", "")] = part.get("map", "")
    for name in general:
        if name not in chapters.used and not local.found:
            local.add(("parameters", name), "没有哪个笔记本有这个参数")
    problems += local.found
    return content.get("title", path.stem), reports


def _beside(folder: Path, name: str) -> Path | None:
    """The file that `name` means beside a specification, whatever way it is written; None without one."""
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        found = (folder / name).resolve()
        return found if found.is_file() else None
    return None


class _Chapters:
    """Expands the chapters of one file."""

    def __init__(self, folder: Path, problems: Problems, choices: Choices):
        self.folder = folder
        self.choices = choices
        self.problems = problems
        self.used: set = set()
        own = folder.absolute() != project_folder("specs").absolute()
        self.running_folder = folder.absolute() if own else None

    def of_part(self, part: dict, number: int, inherited: dict) -> list[Planned]:
        path = ("part", number)
        part = self.problems.sound(part, PART, path)
        own = part.get("parameters", {})
        inherited = {**inherited, **own}
        used = set()
        reports = []
        if not part.get("chapter"):
            self.problems.add(path, "没有章节（[[part.chapter]]）")
        for at, chapter in enumerate(part.get("chapter", ())):
            reports += self._of_chapter(chapter, (*path, "chapter", at), inherited, used)
        for name in own:
            if name not in used:
                self.problems.add((*path, "parameters", name), "这一部分没有哪个笔记本有这个参数")
        return [replace(report, part=part.get("title", "")) for report in reports]

    def _of_chapter(self, chapter: dict, path: tuple, inherited: dict, used: set) -> list[Planned]:
        before = len(self.problems.found)
        chapter = self.problems.sound(chapter, CHAPTER, path)
        name = chapter.get("notebook", "")
        notebook = find_notebook(name, self.folder)
        if notebook is None:
            self.problems.add((*path, "notebook"), no_notebook(name))
            return []
        try:
            text, cells = read_notebook(notebook)
            declared = read_parameters(cells)
        except MktError as error:
            self.problems.add((*path, "notebook"), f"{notebook.name}：{error}")
            return []
        used |= set(inherited) & set(declared)
        self.used |= used
        given = {k: v for k, v in inherited.items() if k in declared} | dict(chapter.get("parameters", {}))
        key = _key(name, notebook)
        chosen = self.choices.values(notebook, key, declared)
        rows = self._rows(_without_axes(chapter, chosen), path, declared)
        rows = list({repr(row): row for row in ({**row, **chosen} for row in rows)}.values())
        if len(self.problems.found) > before:
            return []
        title = chapter.get("title") or notebook_title(cells) or notebook.stem
        reports = []
        for row in rows:
            try:
                values = {**given, **row}
                told = {"title": title, "source": (text, cells), "key": key}
                reports.append(plan_report(notebook, values, **told, folder=self.running_folder))
            except ParameterError as error:
                for problem in error.problems:
                    self.problems.add((*path, "grid" if row else "parameters"), problem)
            except MktError as error:
                self.problems.add((*path, "grid" if row else "parameters"), str(error))
        return _neighbours(reports)

    def _rows(self, chapter: dict, path: tuple, declared: dict[str, Parameter]) -> list[dict]:
        """The parameter sets of a chapter: its grid or its table of rows, without exclusions."""
        if "grid" in chapter and "rows" in chapter:
            self.problems.add((*path, "rows"), "grid 与 rows 只能有一个")
            return []
        axes = {}
        for name, axis in chapter.get("grid", {}).items():
            if name not in declared:
                self.problems.add((*path, "grid", name), unknown_name(name, declared))
                continue
            try:
                axes[name] = grid_values(axis, declared[name], self.folder)
            except (MktError, OSError, ValueError) as error:
                self.problems.add((*path, "grid", name), str(error))
        expected = math.prod(map(len, axes.values()))
        if expected > MAX_REPORTS:
            self.problems.add((*path, "grid"), f"会展开成 {expected:,} 份报告，上限 {MAX_REPORTS:,} 份")
            return []
        rows = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
        if "rows" in chapter:
            try:
                rows = table_rows(chapter["rows"], declared, self.folder)
            except (MktError, OSError, ValueError) as error:
                self.problems.add((*path, "rows"), str(error))
        rules = chapter.get("exclude", ())
        known = declared if "rows" in chapter else axes
        for at, rule in enumerate(rules):
            for name in rule:
                if name not in known:
                    self.problems.add((*path, "exclude"), f"第 {at + 1} 条：{unknown_name(name, known)}")
        rows = [row for row in rows if not any(self._excluded(row, rule) for rule in rules)]
        if not rows:
            self.problems.add((*path, "grid"), "没有留下任何取值")
        return rows

    @staticmethod
    def _excluded(row: dict, rule: dict) -> bool:
        def meets(name, wanted):
            wanted = wanted if isinstance(wanted, list) else [wanted]
            value = row.get(name)
            return value in wanted or (isinstance(value, str) and region_name(value) in wanted)

        return bool(rule) and all(meets(name, wanted) for name, wanted in rule.items())


def _without_axes(chapter: dict, chosen: dict) -> dict:
    """The chapter without the axes of its grid that a chosen value takes the place of."""
    grid = {name: axis for name, axis in chapter.get("grid", {}).items() if name not in chosen}
    return {**chapter, "grid": grid} if "grid" in chapter else chapter


def plan_report(
    notebook: Path, values: dict, *, title: str = "", source=None, key: str = "", folder: Path | None = None
) -> Planned:
    """One report of `notebook` with `values` (as TOML or JSON spells them), run in `folder` or beside it."""
    key = key or notebook.stem
    text, cells = source or read_notebook(notebook)
    declared = read_parameters(cells)
    values = {n: decode(v, declared[n].kind) if n in declared else v for n, v in values.items()}
    check_parameters(declared, values)
    encoded = {name: encode(values[name], declared[name].kind) for name in declared if name in values}
    full = {name: values.get(name, parameter.default) for name, parameter in declared.items()}
    title = title or notebook_title(cells) or notebook.stem
    inputs = own_files(cells, full, folder or notebook.parent, notebook.parent)
    told = [value for value in encoded.values() if not (isinstance(value, str) and value in inputs)]
    label = "、".join(
        in_words(value) for value in told if value != ""
    )  # own files stand below the title, not in it
    return Planned(
        name=report_name(key, encoded),
        title=f"{title} · {label}" if label else title,
        part="",
        label=label or title,
        notebook=notebook,
        text=text,
        parameters=encoded,
        identity=identity(cells, encoded, inputs),
        key=key,
        inputs=inputs,
        folder=folder,
    )


def _neighbours(reports: list[Planned]) -> list[Planned]:
    """The reports of a chapter, each with the one before and the one after it."""
    marks = [None, *((report.name, report.label) for report in reports), None]
    pairs = zip(reports, marks, marks[2:], strict=False)
    return [replace(report, before=before, after=after) for report, before, after in pairs]


def _key(name: str, notebook: Path) -> str:
    """What tells a notebook from others of its name: the folders that the specification writes before it."""
    given = PurePosixPath(name.replace("\\", "/")).with_suffix("")
    inside = not given.is_absolute() and ".." not in given.parts
    return given.as_posix() if inside and len(given.parts) > 1 else notebook.stem


def read_notebook(path: Path) -> tuple[str, dict]:
    """Text and content of a notebook file.

    Raises
    ------
    MktError
        If it is no notebook of format 4.
    """
    try:
        if path.stat().st_size > _MAX_NOTEBOOK:
            raise MktError(f"笔记本超过 {_MAX_NOTEBOOK // 10**6} MB")
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise MktError("不是 UTF-8 编码的笔记本文件") from None
    except OSError as error:
        raise MktError(f"笔记本打不开（{error.strerror}）") from None
    return text, read(text)


def notebook_title(notebook: dict) -> str:
    """First heading of a notebook's prose."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            found = re.search(r"^#\s+(.+)$", "".join(cell["source"]), re.M)
            if found:
                return re.sub(r"[*_`]", "", found[1]).strip()
    return ""
