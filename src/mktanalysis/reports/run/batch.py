"""Running a plan: skip what still holds, make the rest, publish each success, record each failure.

Always holds: a status is decided here, from how the process ended and what it left, never from the
notebook; one report's end, whatever it is, does not stop the others; Ctrl-C stops all and records it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from ...errors import MktError
from ..folder.run import Run
from ..folder.store import FAILURE, Store
from ..one.job import DISK_FULL, EXIT_DISK_FULL, NOT_RUN, SEED, SUCCESSES, Job
from ..one.opened import read_opened
from ..plan.finding import find_notebook, no_notebook
from ..plan.inputs import changed
from ..plan.parameters import check_parameters, read_parameters
from ..plan.provenance import environment
from ..plan.spec import Planned, ReportList, plan_report, read_notebook, read_spec
from ..plan.values import encode
from .ending import error_of, in_words, judge
from .held import held_record
from .runners import Ended, local_runner


@dataclass(frozen=True)
class Settings:
    """How reports are run: processes side by side, seconds and megabytes for each, kind of runner."""

    jobs: int = 1
    timeout: float = 900.0
    memory_mb: int | None = 4096
    runner: str = "auto"

    def __post_init__(self):
        if self.jobs < 1 or self.timeout <= 0 or (self.memory_mb is not None and self.memory_mb < 64):
            raise MktError("jobs 至少为 1，timeout 应为正数，memory_mb 至少为 64")
        if self.runner not in ("auto", "fork", "papermill") and "://" not in self.runner:
            raise MktError(f"runner 应为 auto、fork、papermill 或调度器地址，给的是 {self.runner!r}")


@dataclass(frozen=True, eq=False)
class ReportResult:
    """How one report ended.

    ``status`` is one of the statuses of `STATUSES`; ``folder`` holds ``report.html``, ``tables.xlsx``,
    ``notebook.ipynb`` and ``run.json`` of the last success; ``error`` tells cell and last lines of a
    failure; ``figures`` maps names to key figures; ``tables`` names to csv files.
    """

    name: str
    status: str
    folder: Path
    seconds: float
    error: dict | None
    figures: dict
    tables: dict

    @property
    def ok(self) -> bool:
        """Whether the report is there and holds."""
        return self.status in SUCCESSES


def run_report(notebook, parameters: dict, *, out_dir, settings: Settings | None = None) -> ReportResult:
    """Make one report.

    Parameters
    ----------
    notebook : path
    parameters : dict
        Name -> value, exactly of the declared types; what is left out keeps its default.
    out_dir : path
        The report gets a folder of its own in it.
    settings : Settings, optional

    Returns
    -------
    ReportResult
        Also for a report that failed: look at ``status`` and ``error``.

    Raises
    ------
    ParameterError
        Before anything starts, if a name or a value does not fit the notebook's typed cell.
    """
    found = find_notebook(str(notebook), Path.cwd())
    if found is None:
        raise MktError(no_notebook(Path(notebook).name))
    source = read_notebook(found)
    declared = read_parameters(source[1])
    check_parameters(declared, parameters)
    encoded = {name: encode(value, declared[name].kind) for name, value in parameters.items()}
    planned = plan_report(found, encoded, source=source)
    store = Store(out_dir)
    with store.opened():
        (row,) = run_plan([planned], store, settings or Settings(), reuse=False)
    return _result(row, store)


def _result(row: Run, store: Store) -> ReportResult:
    folder = store.folder / row.report
    return ReportResult(
        name=row.report,
        status=row.status,
        folder=folder,
        seconds=row.seconds,
        error=row.error,
        figures={figure["name"]: figure["value"] for figure in row.figures},
        tables={table["name"]: folder / "tables" / f"{table['name']}.csv" for table in row.tables},
    )


def run_batch(spec, *, out_dir, jobs: int = 1, only_failed: bool = False, settings: Settings | None = None):
    """Make all reports of a specification, with ``runs.csv`` and ``index.html`` over them.

    Parameters
    ----------
    spec : path or ReportList
        A TOML specification.
    out_dir : path
    jobs : int
        Reports made at the same time.
    only_failed : bool
        Run again only what failed last time.
    settings : Settings, optional
        Time and memory for each report, kind of runner; its ``jobs`` gives way to `jobs`.

    Returns
    -------
    DataFrame
        One row a report, failures first: report, part, title, status, seconds, peak_mb, parameters
        (JSON), cell, error, and the hashes of notebook, data, package and packages.

    Raises
    ------
    SpecError
        Before anything starts, with every problem of the specification.
    """
    import pandas as pd

    rows = run_rows(spec, out_dir=out_dir, jobs=jobs, only_failed=only_failed, settings=settings)
    return pd.DataFrame([row.public() for row in rows])


def run_rows(
    spec, *, out_dir, jobs=1, only_failed=False, force=False, settings: Settings | None = None
) -> list[Run]:
    """As `run_batch`, as `Run` records; needs no pandas when all holds. `force`: nothing is kept."""
    from ..folder.index import write_index

    plan = spec if isinstance(spec, ReportList) else read_spec(spec)
    given = settings or Settings()
    given = Settings(jobs, given.timeout, given.memory_mb, given.runner)
    store = Store(out_dir)
    with store.opened():
        rows = run_plan(list(plan.reports), store, given, reuse=not force, only_failed=only_failed)
        try:
            write_index(plan, rows, store)
        except OSError as error:
            raise MktError(f"报告已写好，但总目录没有写成：{in_words(error)}") from None
    return sorted(rows, key=lambda row: row.rank)


# ---- the run ----------------------------------------------------------------------------------------


def run_plan(
    reports: list[Planned], store: Store, settings: Settings, *, reuse: bool = True, only_failed: bool = False
) -> list[Run]:
    """Rows of all `reports`, in their order; the store is open."""
    rows: dict[str, Run] = {}
    for report in reports:
        held = held_record(report, store) if reuse else None
        failed = store.record(report.name, FAILURE)
        if held is not None:
            if failed:
                store.forget_failure(report.name)
            rows[report.name] = Run.of(
                report, "kept", held, seconds=held["seconds"], peak_mb=held.get("peak_mb")
            )
        elif only_failed and not failed and store.record(report.name) is not None:
            rows[report.name] = Run.of(report, NOT_RUN, store.record(report.name))  # good, of older inputs
    todo = [report for report in reports if report.name not in rows]
    if todo:
        rows |= {row.report: row for row in _run_all(todo, store, settings)}
    return [rows[report.name] for report in reports]


def _run_all(todo: list[Planned], store: Store, settings: Settings):
    """Yield the row of each report as it ends; one thread waits for each running process."""
    from tqdm import tqdm

    run_folder = store.work / f"{os.getpid()}"
    runner = make_runner(settings.runner, {report.text for report in todo})
    pending = {report.name: report for report in todo}
    threads = ThreadPoolExecutor(max_workers=runner.slots or settings.jobs)
    bar = tqdm(total=len(todo), desc="报告", unit="份", delay=1.0)
    try:
        futures = {threads.submit(_make, report, run_folder, runner, settings): report for report in todo}
        for future in as_completed(futures):
            report = futures[future]
            yield _finish(report, run_folder / report.name, future.result(), store, runner.kind)
            del pending[report.name]
            bar.update()
    except KeyboardInterrupt:
        threads.shutdown(wait=False, cancel_futures=True)
        runner.close()
        for report in pending.values():
            if held := held_record(report, store):  # it came while that one was published
                facts = {key: held[key] for key in ("seconds", "peak_mb")}
                yield Run.of(report, "done", held, **facts)
                continue
            ended = Ended(-2, stopped=True)
            yield _finish(report, run_folder / report.name, (ended, "", 0.0), store, runner.kind)
        _interrupted.set()
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
        runner.close()
        threads.shutdown(wait=True)
        bar.close()


#: Set when Ctrl-C ended a run, so that the command can exit with 130 after writing the index.
_interrupted = threading.Event()


def was_interrupted() -> bool:
    """Whether Ctrl-C ended a run of this process; asking clears it."""
    was = _interrupted.is_set()
    _interrupted.clear()
    return was


def make_runner(kind: str, notebooks: Iterable[str] = ()):
    """A runner: ``auto``, ``fork``, ``papermill`` or a scheduler's address.

    `notebooks` are the texts of what is going to run: what they import is loaded beforehand.
    """
    if "://" in kind:
        from .cluster import ClusterRunner

        return ClusterRunner(kind)
    return local_runner(kind, notebooks)


def _make(report: Planned, run_folder: Path, runner, settings: Settings) -> tuple[Ended, str, float]:
    """Make one report in its staging folder: how it ended, when it started, how long it took."""
    started = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    clock = time.monotonic()
    folder = run_folder / report.name
    try:
        job_of(report, started).save(folder)
        ended = runner.run(folder, timeout=settings.timeout, memory_mb=settings.memory_mb)
    except Exception as error:  # whatever it is, it is this report's end and no other's
        full = isinstance(error, OSError) and error.errno in DISK_FULL
        ended = Ended(EXIT_DISK_FULL if full else 1, told=f"没有能运行：{in_words(error)}")
    return ended, started, time.monotonic() - clock


def job_of(report: Planned, started: str) -> Job:
    """The report as a job for one process."""
    around = environment()
    facts = {key: around[key] for key in ("version", "data", "package")}
    return Job(
        name=report.name,
        title=report.title,
        notebook_name=report.notebook.name,
        notebook=report.text,
        parameters=report.parameters,
        cwd=str(report.home),
        beside=str(report.notebook.parent),
        facts={**facts, "notebook": report.identity["notebook"], "started": started},
        before=report.before,
        after=report.after,
    )


def _finish(report: Planned, staging: Path, made: tuple, store: Store, runner: str) -> Run:
    """The row of a report that has ended; nothing that goes wrong here concerns another report."""
    ended, started, seconds = made
    facts = {"seconds": round(seconds, 3), "peak_mb": ended.peak_mb, "started": started}
    try:
        return _publish(report, staging, ended, facts, store, runner)
    except Exception as failure:
        full = isinstance(failure, OSError) and failure.errno in DISK_FULL
        status = "disk_full" if full else "failed"
        error = error_of(f"写入输出文件夹失败：{in_words(failure)}", staging)
        good = None
        with contextlib.suppress(Exception):
            good = store.record(report.name)
            failed = _record(report, status, facts, runner)
            store.publish_failure(report.name, staging, {**failed, "error": error})
        return Run.of(report, status, good, error=error, **facts)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _record(report: Planned, status: str, facts: dict, runner: str) -> dict:
    """What is recorded of every report, however it ended."""
    around = environment()
    return {
        "schema": 1,
        "report": report.name,
        "title": report.title,
        "notebook": report.notebook.name,
        "key": report.key,
        "parameters": report.parameters,
        "status": status,
        **facts,
        "runner": runner,
        "seed": SEED,
        "threads": 1,
        "identity": report.identity,
        "version": around["version"],
        "packages": around["packages"],
    }


def _publish(report: Planned, staging: Path, ended: Ended, facts: dict, store: Store, runner: str) -> Run:
    """Decide how the report ended, put it into the store, and return its row."""
    status, error, result = judge(staging, ended)
    if result is not None:
        facts = {**facts, "seconds": round(result["seconds"], 3)}  # without waiting for the preloaded process
    edited = changed(report.inputs, report.home) if status == "done" else []
    if edited:
        status = "failed"
        error = error_of(f"运行期间 {'、'.join(edited[:3])} 被改动，结果不能归于哪一个版本；请重跑", staging)
    record = _record(report, status, facts, runner)
    if status == "done":
        contents = {part: result[part] for part in ("figures", "tables", "files")}
        contents["headline"] = str(result.get("headline", ""))[:500]
        contents["opened"] = read_opened(staging)
        record = store.publish(report.name, staging, {**record, **contents})
        return Run.of(report, status, record, **facts)
    store.publish_failure(report.name, staging, {**record, "error": error})
    return Run.of(report, status, store.record(report.name), error=error, **facts)
