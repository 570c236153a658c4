"""The output folder: what is published in it, who may write, what still holds.

Always holds: one writer at a time; a report's files are replaced one by one, each whole, its record
``run.json`` last, and only by a success; a failure adds a record beside the last good report; the files
over the reports change together or not at all; only files that a record or the mark lists are removed.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

from ...errors import MktError
from ...files import digest, digest_file, sync_folder, write_atomic
from . import mark
from .record import is_sound, is_sound_failure
from .swap import exchange

RECORD = "run.json"
FAILURE = "failure.json"
FAILED_NOTEBOOK = "failure.ipynb"
PDF = "report.pdf"
PAGE = "report.html"
#: The link to a pdf that is printed after the page was made, and before which it goes.
_PDF_LINK = f'<a href="{PDF}">PDF</a> '
_LAST_LINK = '<a href="notebook.ipynb">'
_PAGES = ("report.html", "notebook.ipynb", "tables.xlsx")
_COMMIT = "commit"
_MAX_RECORD = 20_000_000
_MAX_FILE = 2_000_000_000
#: Room on the disk that is kept free for index and run list, whatever the reports write.
_RESERVE = 8_000_000


class Store:
    """An output folder of reports."""

    def __init__(self, folder: Path | str):
        if not str(folder).strip():
            raise MktError("没有给出输出文件夹")
        self.folder = Path(os.path.abspath(os.path.expanduser(folder)))
        self.work = self.folder / mark.WORK
        self.next = self.folder / mark.NEXT

    @contextmanager
    def opened(self):
        """Hold the folder's lock; refuse a folder that is somebody else's, cannot be written or is in use.

        Raises
        ------
        MktError
        """
        from filelock import FileLock, Timeout

        mark.claim(self.folder)
        lock = FileLock(self.folder / mark.LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise MktError(
                f"输出文件夹 {self.folder.name} 正被另一次运行使用，请等它结束或换一个 --out"
            ) from None
        except OSError as error:
            raise MktError(f"输出文件夹不能写入：{self.folder.name}（{error.strerror}）") from None
        try:
            self._clear_up()
            yield self
        finally:
            shutil.rmtree(self.work, ignore_errors=True)
            lock.release()

    def _clear_up(self) -> None:
        """Finish or undo what a killed run had begun, and keep some room on the disk."""
        shutil.rmtree(self.work, ignore_errors=True)
        folders = [self.folder, *(self.folder / name for name in self._report_folders())]
        for left in (path for folder in folders for path in _unfinished(folder)):
            left.unlink(missing_ok=True)
        if mark.is_plain(self.next / _COMMIT):
            self._apply()
        shutil.rmtree(self.next, ignore_errors=True)
        try:
            self.work.mkdir(exist_ok=True)
        except OSError as error:
            raise MktError(f"输出文件夹不能写入：{self.folder.name}（{error.strerror}）") from None
        with contextlib.suppress(OSError, AttributeError):
            handle = os.open(self.work / "reserve", os.O_CREAT | os.O_WRONLY)
            try:
                os.posix_fallocate(handle, 0, _RESERVE)
            finally:
                os.close(handle)

    def _report_folders(self) -> list[str]:
        """Names of the folders that may hold a report: no links, no working folders."""
        try:
            with os.scandir(self.folder) as entries:
                found = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            return []
        return sorted(name for name in found if not name.startswith(".") and name != mark.TABLES)

    # ---- records ------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """Names of the reports that have a record, sound or not."""
        return [name for name in self._report_folders() if mark.is_plain(self.folder / name / RECORD)]

    def listed(self) -> list[str]:
        """Names of the reports that the run list calls good."""
        try:
            text = mark.read_plain(self.folder / mark.RUNS, _MAX_RECORD).decode("utf-8-sig")
            lines = list(csv.DictReader(io.StringIO(text, newline="")))
        except (OSError, ValueError, csv.Error):
            return []
        return [line.get("report") or "" for line in lines if line.get("status") in ("done", "kept")]

    def record(self, name: str, kind: str = RECORD) -> dict | None:
        """The record of a report, or None where there is none that can be read and is sound."""
        if not mark.is_real_folder(self.folder / name):
            return None
        try:
            record = json.loads(mark.read_plain(self.folder / name / kind, _MAX_RECORD))
        except (OSError, ValueError, RecursionError):
            return None
        sound = is_sound(record) if kind == RECORD else is_sound_failure(record)
        return record if sound else None

    def holds(self, name: str, identity: dict) -> dict | None:
        """The record of a good report made from `identity` whose files are all unchanged."""
        record = self.record(name)
        if record is None or record.get("status") != "done" or record.get("identity") != identity:
            return None
        return record if self.intact(name, record) else None

    def intact(self, name: str, record: dict) -> bool:
        """Whether every published file of a report has the recorded hash."""
        return all(self._has(f"{name}/{file}", sha) for file, sha in record["outputs"].items())

    def _has(self, file: str, sha: str) -> bool:
        """Whether a file below the folder is there, no link on its way, with this content."""
        parts = file.split("/")
        folders = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
        try:
            plain = all(mark.is_real_folder(self.folder / folder) for folder in folders)
            return plain and digest(mark.read_plain(self.folder / file, _MAX_FILE)) == sha
        except OSError:
            return False

    # ---- one report ---------------------------------------------------------------------------------

    def publish(self, name: str, staging: Path, record: dict) -> dict:
        """Move the files of a successful report into place, record last; return the record with hashes.

        Raises
        ------
        MktError
            A link or a strange file is in the way.
        OSError
        """
        target = self._target(name)
        files = [file for file in _PAGES if (staging / file).exists()]
        files += [f"tables/{table['name']}.csv" for table in record["tables"]]
        files += [file["name"] for file in record.get("files", [])]
        odd = [file for file in files if not mark.is_plain(staging / file)]
        if odd:
            raise MktError(f"报告没有留下文件 {odd[0]}，或者它是一个链接")
        before = self.record(name) or {}
        (target / mark.TABLES).mkdir(exist_ok=True)
        record = {**record, "outputs": {file: digest_file(staging / file) for file in files}}
        if not is_sound(record):
            raise MktError("报告留下的内容不合规定，没有发布")
        for file in files:
            with open(staging / file, "rb+") as stream:
                os.fsync(stream.fileno())
            _make_way(target / file)
            os.replace(staging / file, target / file)
        sync_folder(target / mark.TABLES)
        _make_way(target / RECORD)
        for file, sha in {**before.get("outputs", {}), PDF: before.get("pdf", "")}.items():
            if file not in files and self._has(f"{name}/{file}", sha):
                (target / file).unlink()
        write_atomic(target / RECORD, json.dumps(record, ensure_ascii=False, indent=1))
        self.forget_failure(name)
        return record

    def _target(self, name: str) -> Path:
        """The folder of a report, made if need be; never through a link."""
        target = self.folder / name
        for path in (target, target / mark.TABLES):
            if path.is_symlink() or (path.exists() and not path.is_dir()):
                raise MktError(f"{path.relative_to(self.folder).as_posix()} 是链接或别的文件，没有写入")
        target.mkdir(exist_ok=True)
        return target

    def publish_failure(self, name: str, staging: Path, record: dict) -> None:
        """Record a failure beside whatever good report there is."""
        target = self._target(name)
        _make_way(target / FAILURE)
        _make_way(target / FAILED_NOTEBOOK)
        (target / FAILED_NOTEBOOK).unlink(missing_ok=True)
        if mark.is_plain(staging / "notebook.ipynb"):
            os.replace(staging / "notebook.ipynb", target / FAILED_NOTEBOOK)
        write_atomic(target / FAILURE, json.dumps(record, ensure_ascii=False, indent=1))

    def forget_failure(self, name: str) -> None:
        """Remove the record of a failure that no longer holds."""
        for file in (FAILURE, FAILED_NOTEBOOK):
            _make_way(self.folder / name / file)
            (self.folder / name / file).unlink(missing_ok=True)

    def add_pdf(self, name: str, data: bytes) -> Path:
        """Put a printed page beside its report, its hash into the record, a link into the page."""
        target = self._target(name)
        write_atomic(target / PDF, data)
        record = self.record(name)
        if record is not None:
            with_pdf = {**record, "pdf": digest(data)}
            page = (target / PAGE).read_text("utf-8")
            linked = page if _PDF_LINK in page else page.replace(_LAST_LINK, _PDF_LINK + _LAST_LINK, 1)
            if linked != page and self._has(f"{name}/{PAGE}", record["outputs"].get(PAGE, "")):
                write_atomic(target / PAGE, linked)
                with_pdf["outputs"] = {**record["outputs"], PAGE: digest(linked)}
            write_atomic(target / RECORD, json.dumps(with_pdf, ensure_ascii=False, indent=1))
        return target / PDF

    def has_pdf(self, name: str) -> bool:
        """Whether the pdf of a report is there, unchanged."""
        record = self.record(name)
        return record is not None and bool(record.get("pdf")) and self._has(f"{name}/{PDF}", record["pdf"])

    # ---- over the reports ---------------------------------------------------------------------------

    def overview_holds(self, stamp: str) -> bool:
        """Whether index, run list and roll-up were made for `stamp` and are all unchanged."""
        known = mark.read_mark(self.folder)
        if known is None or known.get("stamp") != stamp or not {mark.INDEX, mark.RUNS} <= set(known["files"]):
            return False
        return all(self._has(file, sha) for file, sha in known["files"].items())

    def free_name(self, file: str) -> str:
        """`file`, or a like name where somebody else's file has that one."""
        known = (mark.read_mark(self.folder) or {"files": {}})["files"]
        stem, dot, ending = file.rpartition(".")
        tried = file
        number = 2
        while tried not in known and os.path.lexists(self.folder / tried):
            tried = f"{stem}-{number}{dot}{ending}"
            number += 1
        return tried

    def begin_overview(self) -> Path:
        """An empty folder for the next index, run list and roll-up; frees the room kept for them."""
        with contextlib.suppress(OSError):
            (self.work / "reserve").unlink()
        shutil.rmtree(self.next, ignore_errors=True)
        (self.next / mark.TABLES).mkdir(parents=True)
        return self.next

    def commit_overview(self, stamp: str) -> None:
        """Let what lies in the next folder take the place of the files over the reports, all together.

        A run that is killed meanwhile is finished by the next one.
        """
        found = [path for path in self.next.rglob("*") if mark.is_plain(path)]
        files = {path.relative_to(self.next).as_posix(): digest_file(path) for path in found}
        known = (mark.read_mark(self.folder) or {"files": {}})["files"]
        mark.write_mark(self.folder, {"files": {**known, **files}})
        drop = {file: sha for file, sha in known.items() if file not in files}
        plan = {"files": files, "drop": drop, "stamp": stamp}
        write_atomic(self.next / _COMMIT, json.dumps(plan, ensure_ascii=False))
        self._apply()
        shutil.rmtree(self.next, ignore_errors=True)

    def _swap_tables(self, files: dict[str, str], drop: dict[str, str]) -> None:
        """Let the next folder of tables take the place of the old one in one step.

        Only where the old one holds nothing but the engine's own files; else they are moved one by one. Begun
        before, it is not done again.
        """
        old = self.folder / mark.TABLES
        new = self.next / mark.TABLES
        mine = [file for file in files if file.startswith(f"{mark.TABLES}/")]
        if not mark.is_real_folder(new) or all(self._has(file, files[file]) for file in mine):
            return
        if not mark.is_real_folder(old):
            with contextlib.suppress(OSError):  # a file of somebody's has the name: told where it is moved to
                os.rename(new, old)
            return
        found = [f"{mark.TABLES}/{name}" for name in os.listdir(old)]
        own = [file for file in found if mark.is_plain(self.folder / file)]
        own = [file for file in own if file in files or self._has(file, drop.get(file, ""))]
        if own == found:
            with contextlib.suppress(OSError):  # a system that does not let go of it: one by one
                exchange(new, old)
                sync_folder(self.folder)
                shutil.rmtree(new, ignore_errors=True)

    def _apply(self) -> None:
        """Carry out what the next folder's commit says; again where it was begun."""
        try:
            plan = json.loads(mark.read_plain(self.next / _COMMIT, _MAX_RECORD))
            moves = [file for file in plan["files"] if mark.is_overview(file)]
            drop = {file: sha for file, sha in plan["drop"].items() if mark.is_overview(file)}
            stamp = plan["stamp"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return
        if any(file.startswith(mark.TABLES) for file in moves):
            self._swap_tables({file: plan["files"][file] for file in moves}, drop)
            (self.folder / mark.TABLES).mkdir(exist_ok=True)
        for file in moves:
            if mark.is_plain(self.next / file):
                _make_way(self.folder / file)
                os.replace(self.next / file, self.folder / file)
        for file, sha in drop.items():
            if self._has(file, sha):
                (self.folder / file).unlink()
        with contextlib.suppress(OSError):  # not empty: somebody's files are in it
            (self.folder / mark.TABLES).rmdir()
        sync_folder(self.folder)
        mark.write_mark(self.folder, {"files": {file: plan["files"][file] for file in moves}, "stamp": stamp})


def _make_way(path: Path) -> None:
    """Remove an empty folder that stands where a file belongs; one with something in it stays."""
    if mark.is_real_folder(path):
        with contextlib.suppress(OSError):
            path.rmdir()


def _unfinished(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in os.listdir(folder) if mark.is_unfinished(name)]
    except OSError:
        return []
