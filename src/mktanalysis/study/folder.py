"""The folder of a study: made, opened, given another notebook.

Always holds: a folder that is not empty is never taken over; a notebook that is there is never overwritten.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import MktError
from ..files import project_folder, write_atomic
from .starter import starter_notebook, study_text

SPEC = "study.toml"
OUT = "out"
NOTEBOOKS = "notebooks"
DATA = "data"
_FILE_KEYS = {"path", "kind", "sheet", "allow_outliers", "allow_negative", "sum_rows", "upper", "price"}


@dataclass(frozen=True, eq=False)
class Study:
    """An opened study.

    Attributes
    ----------
    folder : Path
    title : str
    files : dict
        Name -> path, kind and options of reading, as ``study.toml`` has them.
    content : dict
        All of ``study.toml``.
    """

    folder: Path
    title: str
    files: dict = field(default_factory=dict)
    content: dict = field(default_factory=dict)

    @property
    def spec(self) -> Path:
        """The file that says what is run."""
        return self.folder / SPEC

    @property
    def out(self) -> Path:
        """The folder of the reports."""
        return self.folder / OUT

    def path_of(self, name: str) -> Path:
        """Where a file of the study lies; absolute paths stay."""
        return self.folder / self.files[name]["path"]


def open_study(folder: str | Path = ".") -> Study:
    """Open the study in `folder`.

    Raises
    ------
    MktError
        There is none, or ``study.toml`` cannot be understood: line and key are named.
    """
    folder = Path(folder).absolute()
    spec = folder / SPEC
    if not spec.is_file():
        raise MktError(f"{folder.name} 里没有 {SPEC}：请先 mktanalysis study new 新建，或进入研究的文件夹")
    try:
        content = tomllib.loads(spec.read_text("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise MktError(f"{SPEC} 不是合法的 TOML：{error}") from None
    files = content.get("files", {})
    problems = []
    for name, given in files.items():
        if not isinstance(given, dict) or not isinstance(given.get("path"), str) or "kind" not in given:
            problems.append(f'files.{name}：应写成 {{ path = "data/销售.xlsx", kind = "sales" }}')
            continue
        unknown = sorted(set(given) - _FILE_KEYS)
        problems += [
            f"files.{name}：没有 {key!r} 这一项，可用：{'、'.join(sorted(_FILE_KEYS))}" for key in unknown
        ]
    if problems:
        raise MktError(f"{SPEC} 有 {len(problems)} 处问题：\n" + "\n".join(f"- {text}" for text in problems))
    return Study(folder, str(content.get("title", folder.name)), files, content)


def new_study(
    folder: str | Path, *, title: str = "", notebooks: tuple[str, ...] = (), example: bool = False
) -> Study:
    """Make a study in a new or empty folder.

    Parameters
    ----------
    folder : path
    title : str
        Default: the folder's name.
    notebooks : tuple of str
        Notebooks of the package to copy, by name or number (``05``), beside the starter.
    example : bool
        Fill ``data/`` with the files of a made-up company, so that it runs at once.

    Returns
    -------
    Study
    """
    folder = Path(folder).absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise MktError(f"{folder.name} 已存在，而且不是空文件夹：请另取一个名字")
    chosen = [_built_in(name) for name in notebooks]
    (folder / DATA).mkdir(parents=True)
    (folder / NOTEBOOKS).mkdir()
    title = title or folder.name
    write_atomic(
        folder / NOTEBOOKS / "自有销售.ipynb", json.dumps(starter_notebook(), ensure_ascii=False, indent=1)
    )
    write_atomic(folder / SPEC, study_text(title, example=example))
    if example:
        _write_example(folder / DATA)
    study = open_study(folder)
    for source in chosen:
        _copy(study, source)
    return open_study(folder)


def _write_example(folder: Path) -> None:
    from ..datasets import load_regions
    from ..synthetic import make_company, write_company

    tree = load_regions()
    write_company(make_company(tree, within="320000", random_state=2024), tree, folder)


def add_notebook(study: Study, name: str) -> Path:
    """Copy a notebook of the package into the study and add a chapter for it.

    Returns
    -------
    Path
        The copy, to be changed at will.
    """
    return _copy(study, _built_in(name))


def _built_in(name: str) -> Path:
    """The notebook of the package that a name or a number means."""
    found = sorted(project_folder("notebooks").glob("*.ipynb"))
    stem = Path(name).stem
    fitting = [path for path in found if path.stem == stem or path.stem.startswith(f"{stem}_")]
    if len(fitting) != 1:
        from ..reports.plan.finding import renamed

        names = "、".join(path.stem for path in found)
        raise MktError(f"没有名为 {name!r} 的笔记本{renamed(name)}；可用：{names}（也可只写编号，如 05）")
    return fitting[0]


def _copy(study: Study, source: Path) -> Path:
    target = study.folder / NOTEBOOKS / source.name
    if target.exists():
        raise MktError(f"{NOTEBOOKS}/{source.name} 已经在研究里了；要重新取一份请先改名")
    write_atomic(target, source.read_bytes())
    text = study.spec.read_text("utf-8")
    title, declared = _title_and_parameters(source)
    part = (
        f'\n[[part]]\ntitle = "{title}"\n\n[[part.chapter]]\n'
        f'notebook = "{NOTEBOOKS}/{source.stem}"\nparameters = {_own_files(study, declared)}\n'
    )
    write_atomic(study.spec, text.rstrip("\n") + "\n" + part + _declared(declared))
    return target


def _title_and_parameters(notebook: Path) -> tuple[str, dict]:
    """What the notebook is called, without its number and what follows a colon, and what it takes."""
    from ..reports.plan.parameters import read_parameters
    from ..reports.plan.spec import notebook_title, read_notebook

    _, cells = read_notebook(notebook)
    title = re.sub(r"^\d+\s*", "", notebook_title(cells) or notebook.stem).split("：")[0]
    return title.replace("\\", "").replace('"', ""), read_parameters(cells)


def _own_files(study: Study, declared: dict) -> str:
    """The study's files that the notebook asks for by name (``sales`` as ``sales_file``), as TOML."""
    given = [
        f"{name}_file = {json.dumps(file['path'], ensure_ascii=False)}"
        for name, file in study.files.items()
        if f"{name}_file" in declared and study.path_of(name).is_file()
    ]
    return f"{{ {', '.join(given)} }}" if given else "{}"


def _declared(declared: dict) -> str:
    """The parameters that a notebook takes, as comments to be copied into its chapter."""
    lines = ['# 可写进 parameters 的参数，例：parameters = { own_file = "data/销售.xlsx" }']
    for parameter in declared.values():
        default = json.dumps(parameter.default, ensure_ascii=False, default=str)
        lines.append(f"#   {parameter.name} = {default}  # {parameter.help}".rstrip(" #"))
    return "\n".join(lines) + "\n"
