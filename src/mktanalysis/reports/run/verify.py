"""Making a published report again from its own record, and telling what differs.

Always holds: nothing published is changed; labels must be identical and figures agree to 1e-9; a
difference is named as one of files, notebook, data, code, packages or result.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import pandas as pd

from ...errors import MktError
from ...files import canonical, digest, project_folder
from ..folder.run import Run
from ..folder.store import RECORD, Store
from ..names import scrub
from ..one.workbook import read_published
from ..plan.grids import region_name
from ..plan.inputs import own_files
from ..plan.notebook import read, write
from ..plan.parameters import read_parameters
from ..plan.provenance import environment, identity, notebook_hash, own_identity
from ..plan.spec import Planned
from ..plan.values import decode
from .batch import Settings, run_plan

TOLERANCE = 1e-9
#: Items that make a report wrong when they differ; the others only say what it was made from.
RESULTS = ("文件", "运行", "结果")


def verify_reports(
    folder, *, jobs: int = 1, settings: Settings | None = None, notebooks=None
) -> pd.DataFrame:
    """Run published reports again and compare; a damaged one is named, and the others are compared.

    Parameters
    ----------
    folder : path
        A report's folder, or an output folder with many.
    jobs : int
        Reports run at the same time.
    settings : Settings, optional
    notebooks : path, optional
        Where the notebooks are, with the modules and files beside them that they need. Without it they are
        looked for in the project, in the current folder and around the output folder.

    Returns
    -------
    DataFrame
        One row a comparison: report, item (文件, 笔记本, 数据, 代码, 软件包, 运行, 结果), same, detail.

    Raises
    ------
    MktError
        If there is no report.
    """
    folder = Path(folder).absolute()
    single = (folder / RECORD).exists()
    source = Store(folder.parent if single else folder)
    names = [folder.name] if single else source.names()
    if not names and (single or not source.listed()):
        raise MktError(f"{folder.name} 里没有报告（{RECORD}）")
    given = settings or Settings()
    given = Settings(jobs, given.timeout, given.memory_mb, given.runner)
    lost = [] if single else [name for name in source.listed() if name not in names]
    rows = [
        {"report": name, "item": "文件", "same": False, "detail": f"缺少 {RECORD}，无从核对"} for name in lost
    ]
    published = []
    for name in names:
        try:
            published.append(_Published(source, name, notebooks))
        except Exception as error:  # whatever is wrong with one report, the others are compared
            rows.append({"report": name, "item": "文件", "same": False, "detail": _told(error)})
    with tempfile.TemporaryDirectory(prefix="mkt-") as place:
        store = Store(place)
        with store.opened():
            again = run_plan([report.planned for report in published], store, given, reuse=False)
        for report, row in zip(published, again, strict=True):
            rows += _compared(report, row, store)
    return pd.DataFrame(rows, columns=["report", "item", "same", "detail"])


def _compared(report: _Published, row: Run, store: Store) -> list[dict]:
    lines = []
    try:
        lines.extend(report.compare(row, store))
    except Exception as error:
        lines.append({"report": report.name, "item": "结果", "same": False, "detail": _told(error)})
    return lines


def _told(error: Exception) -> str:
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"缺少 {Path(error.filename).name}"
    return scrub(str(error) if isinstance(error, MktError) else f"已损坏（{type(error).__name__}: {error}）")[
        :500
    ]


def is_confirmed(found: pd.DataFrame) -> bool:
    """Whether every report came out the same, whatever it was made from."""
    return bool(found.loc[found["item"].isin(RESULTS), "same"].all())


class _Published:
    """A published report: its record and how to make it again."""

    def __init__(self, store: Store, name: str, notebooks=None):
        self.name = name
        self.folder = store.folder / name
        self.store = store
        record = store.record(name)
        if record is None:
            raise MktError(f"{RECORD} 不能读，或者缺少内容")
        self.record = record
        text = (self.folder / "notebook.ipynb").read_text("utf-8")
        notebook = read(text)
        notebook.cells = [cell for cell in notebook.cells if "injected-parameters" not in _tags(cell)]
        self.hash = notebook_hash(notebook)
        self.home = self._find_home(notebooks)
        self.planned = self._plan(notebook)

    def _find_home(self, notebooks) -> Path | None:
        """The notebook that the report was made from: the very same where there is one, else its namesake."""
        key = Path(str(self.record.get("key") or Path(self.record["notebook"]).stem))
        key = Path(key.name) if key.is_absolute() or ".." in key.parts else key
        key = key.with_name(f"{key.name}.ipynb")
        out = self.store.folder
        around = [project_folder("notebooks"), Path.cwd(), out.parent, out.parent.parent]
        bases = [notebooks] if notebooks else around
        found = []
        for base in map(Path, bases):
            found += [path for path in (base / key, base / key.name) if path.is_file()]
            found += sorted(path for path in base.glob("*/*.ipynb") if path.name == key.name)[:20]
        found = [path for path in found if self.store.folder not in path.parents]
        same = (path for path in found if _hash_at(path) == self.hash)
        return next(same, found[0] if found else None)

    def _plan(self, notebook) -> Planned:
        parameters = self.record["parameters"]
        where = self.home or self.folder / self.record["notebook"]
        try:
            declared = read_parameters(notebook)
            values = {name: parameter.default for name, parameter in declared.items()}
            values |= {name: decode(value, declared[name].kind) for name, value in parameters.items()}
        except KeyError as error:
            raise MktError(f"报告里的笔记本没有参数 {error}") from None
        study = next((up for up in where.parents if (up / "study.toml").is_file()), None)
        inputs = own_files(notebook, values, study or where.parent, where.parent)
        return Planned(
            name=self.name,
            title=self.record["title"],
            part="",
            label="、".join(region_name(str(v)) or str(v) for v in parameters.values()),
            notebook=where,
            text=write(notebook),
            parameters=parameters,
            identity=identity(notebook, parameters, inputs),
            key=where.stem,
            inputs=inputs,
            folder=study,
        )

    def compare(self, row: Run, store: Store):
        """Yield one line a comparison."""
        name = self.name

        def line(item, same, detail=""):
            return {"report": name, "item": item, "same": bool(same), "detail": detail}

        intact = self.store.intact(name, self.record)
        yield line("文件", intact, "" if intact else "有文件在发布以后被改动或删除")
        recorded = self.record["identity"]
        same = self.hash == recorded["notebook"]
        now = _hash_at(self.home) if self.home else None
        detail = "" if same else "报告里的笔记本与记录不符"
        if same and now not in (None, recorded["notebook"]):
            detail = "报告按当时的笔记本重算；项目里的笔记本后来改过"
        yield line("笔记本", same and now in (None, recorded["notebook"]), detail)
        around = environment()
        data = own_identity(around["data"], self.planned.inputs)
        yield line("数据", data == recorded["data"], _versions(recorded["data"], data))
        yield line("代码", around["package"] == recorded["package"], f"当时 {self.record['version']}")
        changed = _changed(self.record["packages"], around["packages"])
        yield line("软件包", digest(canonical(around["packages"])) == recorded["packages"], changed)
        ran = row.status == "done"
        hint = "" if self.home else "；没有找到原来的笔记本所在的文件夹，可用 --notebooks 指出"
        yield line("运行", ran, "" if ran else (row.message or row.status) + hint)
        if ran:
            differences = list(self._differences(row.record, store.folder / name))
            yield line("结果", not differences, "；".join(differences[:5]))

    def _differences(self, again: dict, other: Path):
        """Tables and figures that are not the same."""
        before = {table["name"]: table for table in self.record["tables"]}
        after = {table["name"]: table for table in again["tables"]}
        for name in dict.fromkeys([*before, *after]):
            if name not in before or name not in after:
                yield f"表 {name} 只有一边有"
            elif before[name] != after[name]:
                yield f"表 {name} 的列、类型或行数不同"
            else:
                meta = before[name]
                try:
                    published = read_published(self.folder, meta)
                except (OSError, ValueError) as error:
                    yield f"表 {name} 不能读：{_told(error)}"
                    continue
                yield from table_differences(published, read_published(other, meta), name)
        files = [{f["name"] for f in record.get("files", [])} for record in (self.record, again)]
        yield from (f"文件 {name} 只有一边有" for name in sorted(files[0] ^ files[1]))
        figures = [{f["name"]: f for f in record["figures"]} for record in (self.record, again)]
        for name in dict.fromkeys([*figures[0], *figures[1]]):
            pair = [side.get(name, {}).get("value") for side in figures]
            if (name in figures[0]) != (name in figures[1]) or not same_value(*pair):
                yield f"关键数字 {name}：{pair[0]} 变为 {pair[1]}"


def table_differences(before: pd.DataFrame, after: pd.DataFrame, name: str):
    """Yield a line for the first differing cell of every column.

    Examples
    --------
    >>> list(table_differences(pd.DataFrame({"a": [1.0, 2.0]}), pd.DataFrame({"a": [1.0, 2.1]}), "t"))
    ['表 t 第 2 行 a：2.0 变为 2.1']
    """
    if len(before) != len(after):
        yield f"表 {name} 的行数不同：{len(before)} 变为 {len(after)}"
        return
    for column in before.columns:
        pairs = zip(before[column].astype(object), after[column].astype(object), strict=True)
        for at, (old, new) in enumerate(pairs, start=1):
            if not same_value(old, new):
                yield f"表 {name} 第 {at} 行 {column}：{old} 变为 {new}"
                break


def same_value(old, new) -> bool:
    """Equal text, or figures equal to a relative 1e-9."""
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(same_value, old, new))
    if isinstance(old, (int, float)) and isinstance(new, (int, float)):
        if math.isnan(old) or math.isnan(new):
            return math.isnan(old) and math.isnan(new)
        return math.isclose(old, new, rel_tol=TOLERANCE, abs_tol=1e-12)
    return type(old) is type(new) and old == new


def _tags(cell) -> list:
    return cell.metadata.get("tags", [])


def _hash_at(path: Path) -> str | None:
    """Hash of what a notebook's file says; None if it cannot be read."""
    try:
        return notebook_hash(read(path.read_text("utf-8-sig")))
    except (OSError, ValueError, MktError):
        return None


def _versions(old: str, new: str) -> str:
    return "" if old == new else f"当时 {old[:12]}，现在 {new[:12]}"


def _changed(old: dict, new: dict) -> str:
    names = [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]
    return "、".join(f"{name} {old.get(name, '无')} → {new.get(name, '无')}" for name in names)
