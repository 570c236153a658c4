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
from ..one.workbook import read_published
from ..plan.grids import region_name
from ..plan.notebook import read, write
from ..plan.provenance import environment, notebook_hash
from ..plan.spec import Planned
from .batch import Settings, run_plan

TOLERANCE = 1e-9
#: Items that make a report wrong when they differ; the others only say what it was made from.
RESULTS = ("文件", "运行", "结果")


def verify_reports(folder, *, jobs: int = 1, settings: Settings | None = None) -> pd.DataFrame:
    """Run published reports again and compare.

    Parameters
    ----------
    folder : path
        A report's folder, or an output folder with many.
    jobs : int
        Reports run at the same time.
    settings : Settings, optional

    Returns
    -------
    DataFrame
        One row a comparison: report, item (文件, 笔记本, 数据, 代码, 软件包, 运行, 结果), same, detail.

    Raises
    ------
    MktError
        If there is no report.
    """
    folder = Path(folder)
    records = sorted([folder / RECORD] if (folder / RECORD).exists() else folder.glob(f"*/{RECORD}"))
    if not records:
        raise MktError(f"{folder.name} 里没有报告（{RECORD}）")
    given = settings or Settings()
    given = Settings(jobs, given.timeout, given.memory_mb, given.runner)
    published = [_Published(path.parent) for path in records]
    with tempfile.TemporaryDirectory(prefix="mkt-") as place:
        store = Store(place)
        with store.opened():
            again = run_plan([report.planned for report in published], store, given, reuse=False)
        rows = [
            line for report, row in zip(published, again, strict=True) for line in report.compare(row, store)
        ]
    return pd.DataFrame(rows, columns=["report", "item", "same", "detail"])


def is_confirmed(found: pd.DataFrame) -> bool:
    """Whether every report came out the same, whatever it was made from."""
    return bool(found.loc[found["item"].isin(RESULTS), "same"].all())


class _Published:
    """A published report: its record and how to make it again."""

    def __init__(self, folder: Path):
        self.folder = folder.absolute()
        self.store = Store(self.folder.parent)
        record = self.store.record(folder.name)
        if record is None:
            raise MktError(f"{folder.name} 的 {RECORD} 不能读")
        self.record = record
        self.planned = self._plan()

    def _plan(self) -> Planned:
        notebook = read((self.folder / "notebook.ipynb").read_text("utf-8"))
        cells = [
            cell for cell in notebook.cells if "injected-parameters" not in cell.metadata.get("tags", ())
        ]
        notebook.cells = cells
        where = project_folder("notebooks") / self.record["notebook"]
        return Planned(
            name=self.folder.name,
            title=self.record["title"],
            part="",
            label="、".join(region_name(str(v)) or str(v) for v in self.record["parameters"].values()),
            notebook=where if where.is_file() else self.folder / self.record["notebook"],
            text=write(notebook),
            parameters=self.record["parameters"],
            identity={**self.record["identity"], "notebook": notebook_hash(notebook)},
            key=Path(self.record["notebook"]).stem,
        )

    def compare(self, row: Run, store: Store):
        """Yield one line a comparison."""
        name = self.folder.name

        def line(item, same, detail=""):
            return {"report": name, "item": item, "same": bool(same), "detail": detail}

        intact = self.store.intact(name, self.record)
        yield line("文件", intact, "" if intact else "有文件在发布以后被改动或删除")
        recorded = self.record["identity"]
        same = self.planned.identity["notebook"] == recorded["notebook"]
        current = project_folder("notebooks") / self.record["notebook"]
        now = notebook_hash(read(current.read_text("utf-8"))) if current.is_file() else None
        detail = "" if same else "报告里的笔记本与记录不符"
        if same and now not in (None, recorded["notebook"]):
            detail = "报告按当时的笔记本重算；项目里的笔记本后来改过"
        yield line("笔记本", same and now in (None, recorded["notebook"]), detail)
        around = environment()
        yield line("数据", around["data"] == recorded["data"], _versions(recorded["data"], around["data"]))
        yield line("代码", around["package"] == recorded["package"], f"当时 {self.record['version']}")
        changed = _changed(self.record["packages"], around["packages"])
        yield line("软件包", digest(canonical(around["packages"])) == recorded["packages"], changed)
        ran = row.status == "done"
        yield line("运行", ran, "" if ran else row.message or row.status)
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
                yield from table_differences(
                    read_published(self.folder, meta), read_published(other, meta), name
                )
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


def _versions(old: str, new: str) -> str:
    return "" if old == new else f"当时 {old[:12]}，现在 {new[:12]}"


def _changed(old: dict, new: dict) -> str:
    names = [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]
    return "、".join(f"{name} {old.get(name, '无')} → {new.get(name, '无')}" for name in names)
