"""The output folder: what is published in it, who may write, what still holds.

Always holds: one writer at a time; a report's files are replaced one by one, each whole, its record
``run.json`` last, and only by a success; a failure adds a record beside the last good report.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

from ...errors import MktError
from ...files import digest_file, sync_folder, write_atomic

RECORD = "run.json"
FAILURE = "failure.json"
FAILED_NOTEBOOK = "failure.ipynb"
_MAX_RECORD = 20_000_000


class Store:
    """An output folder of reports."""

    def __init__(self, folder: Path | str):
        self.folder = Path(folder).absolute()
        self.work = self.folder / ".work"

    @contextmanager
    def opened(self):
        """Hold the folder's lock; refuse a folder that cannot be written or is in use.

        Raises
        ------
        MktError
        """
        from filelock import FileLock, Timeout

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomic(self.folder / ".writable", "", durable=False)
            (self.folder / ".writable").unlink()
        except OSError as error:
            raise MktError(f"输出文件夹不能写入：{self.folder.name}（{error.strerror}）") from None
        lock = FileLock(self.folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise MktError(
                f"输出文件夹 {self.folder.name} 正被另一次运行使用，请等它结束或换一个 --out"
            ) from None
        try:
            shutil.rmtree(self.work, ignore_errors=True)
            for left in [*self.folder.glob(".*.tmp"), *self.folder.glob("*/.*.tmp")]:  # of a killed run
                left.unlink(missing_ok=True)
            yield self
        finally:
            shutil.rmtree(self.work, ignore_errors=True)
            lock.release()

    def record(self, name: str, kind: str = RECORD) -> dict | None:
        """The record of a report, or None where there is none that can be read."""
        path = self.folder / name / kind
        try:
            if path.stat().st_size > _MAX_RECORD:
                return None
            record = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return record if isinstance(record, dict) else None

    def holds(self, name: str, identity: dict) -> dict | None:
        """The record of a good report made from `identity` whose files are all unchanged."""
        record = self.record(name)
        if record is None or record.get("status") != "done" or record.get("identity") != identity:
            return None
        return record if self.intact(name, record) else None

    def intact(self, name: str, record: dict) -> bool:
        """Whether every published file of a report has the recorded hash."""
        try:
            return all(
                digest_file(self.folder / name / file) == sha for file, sha in record["outputs"].items()
            )
        except OSError:
            return False

    def publish(self, name: str, staging: Path, record: dict) -> dict:
        """Move the files of a successful report into place, record last; return the record with hashes."""
        target = self.folder / name
        files = [
            file for file in ("report.html", "notebook.ipynb", "tables.xlsx") if (staging / file).exists()
        ]
        files += [f"tables/{path.name}" for path in sorted((staging / "tables").glob("*.csv"))]
        (target / "tables").mkdir(parents=True, exist_ok=True)
        record = {**record, "outputs": {file: digest_file(staging / file) for file in files}}
        for file in files:
            with open(staging / file, "rb+") as stream:
                os.fsync(stream.fileno())
            os.replace(staging / file, target / file)
        sync_folder(target / "tables")
        for stale in [*(target / "tables").glob("*.csv"), target / "tables.xlsx", target / "report.pdf"]:
            if stale.relative_to(target).as_posix() not in files:
                stale.unlink(missing_ok=True)
        write_atomic(target / RECORD, json.dumps(record, ensure_ascii=False, indent=1))
        self.forget_failure(name)
        return record

    def publish_failure(self, name: str, staging: Path, record: dict) -> None:
        """Record a failure beside whatever good report there is."""
        target = self.folder / name
        target.mkdir(exist_ok=True)
        (target / FAILED_NOTEBOOK).unlink(missing_ok=True)
        if (staging / "notebook.ipynb").exists():
            os.replace(staging / "notebook.ipynb", target / FAILED_NOTEBOOK)
        write_atomic(target / FAILURE, json.dumps(record, ensure_ascii=False, indent=1))

    def forget_failure(self, name: str) -> None:
        """Remove the record of a failure that no longer holds."""
        for file in (FAILURE, FAILED_NOTEBOOK):
            (self.folder / name / file).unlink(missing_ok=True)
