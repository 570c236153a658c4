"""What a run will take: time and disk, from the records of earlier reports of the same notebooks.

Always holds: an estimate says how many records it rests on; without any it says nothing rather than guess.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from statistics import median

from ...errors import MktError
from ..folder.store import Store
from ..plan.spec import ReportList
from .held import held_record

#: Records read for one notebook.
_SAMPLE = 50


@dataclass(frozen=True)
class Estimate:
    """Reports to make and to keep; seconds and bytes of those to make (None: no record to go by)."""

    to_make: int
    to_keep: int
    seconds: float | None
    size: int | None
    free: int

    def text(self) -> str:
        """The estimate in a sentence."""
        parts = [f"要做 {self.to_make} 份，沿用 {self.to_keep} 份"]
        if self.to_make and self.seconds is not None:
            parts.append(
                f"预计 {_duration(self.seconds)}、占用磁盘 {_size(self.size)}（可用 {_size(self.free)}）"
            )
        elif self.to_make:
            parts.append(f"还没有同类报告的记录，无法预计时间；磁盘可用 {_size(self.free)}")
        return "，".join(parts)


def estimate_run(plan: ReportList, out_dir, *, jobs: int) -> Estimate:
    """Estimate a run of `plan` into `out_dir` before it starts.

    Raises
    ------
    MktError
        If the reports would not fit on the disk.
    """
    store = Store(out_dir)
    kept = {report.name for report in plan.reports if held_record(report, store)}
    todo = [report for report in plan.reports if report.name not in kept]
    folder = next(place for place in (store.folder, *store.folder.parents) if place.exists())
    free = shutil.disk_usage(folder).free
    known = _records(store)
    seconds = 0.0
    size = 0
    for report in todo:
        found = known.get(report.notebook.name)
        if not found:
            return Estimate(len(todo), len(kept), None, None, free)
        seconds += median(record[0] for record in found)
        size += int(median(record[1] for record in found))
    if size > free:
        raise MktError(f"磁盘不够：预计需要 {_size(size)}，只剩 {_size(free)}")
    return Estimate(len(todo), len(kept), seconds / max(1, min(jobs, len(todo))), size, free)


def _records(store: Store) -> dict[str, list[tuple[float, int]]]:
    """Notebook -> seconds and bytes of its reports in an output folder."""
    found: dict[str, list[tuple[float, int]]] = {}
    for name in store.names():
        record = store.record(name)
        if record is None:
            continue
        several = found.setdefault(record["notebook"], [])
        if len(several) < _SAMPLE:
            with contextlib.suppress(OSError):
                size = sum((store.folder / name / file).lstat().st_size for file in record["outputs"])
                several.append((record["seconds"], size))
    return {name: several for name, several in found.items() if several}


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} 秒"
    return f"{seconds / 60:.0f} 分钟" if seconds < 5400 else f"{seconds / 3600:.1f} 小时"


def _size(size: int | None) -> str:
    for unit, scale in (("GB", 1e9), ("MB", 1e6)):
        if (size or 0) >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{(size or 0) / 1e3:.0f} KB"
