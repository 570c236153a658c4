"""One report, made in one process: parameters in, cells run, page and tables out, into a folder of its own.

Always holds: everything is written below the job's folder and ``result.json`` comes last; a report whose
process ends without it has not succeeded, whatever the notebook says.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import time
from pathlib import Path

from ...files import write_atomic
from ..names import hide
from ..plan.notebook import new_cell, node, read, write
from ..plan.parameters import parameters_cell, read_parameters
from ..plan.values import decode, injected_source
from .execute import CellError, run_by_papermill, run_in_process
from .job import DISK_FULL, EXIT_DISK_FULL, Job
from .opened import write_opened
from .outputs import clean_text, headline, plain, tidy
from .publish import RUN_FOLDER, published


def parameterized(job: Job):
    """The notebook with the injected cell after the parameters cell, no outputs, as papermill lays it out."""
    notebook = read(job.notebook)
    declared = read_parameters(notebook)
    values = {name: decode(value, declared[name].kind) for name, value in job.parameters.items()}
    where = parameters_cell(notebook)
    cells = [cell for cell in notebook.cells if "injected-parameters" not in cell.metadata.get("tags", ())]
    source = injected_source(declared, values)
    injected = new_cell("code", source, name="injected-parameters", tags=["injected-parameters"])
    notebook.cells = [*cells[: where + 1], injected, *cells[where + 1 :]]
    for number, cell in enumerate(notebook.cells):
        cell.setdefault("id", f"cell-{number}")
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
    notebook.metadata["papermill"] = node({"parameters": job.parameters})
    notebook.nbformat_minor = max(notebook.get("nbformat_minor") or 0, 5)
    return notebook


def make_report(folder: Path, *, shell=None, seal: str = "") -> None:
    """Make the report whose ``job.json`` lies in `folder`: here with `shell`, else by papermill.

    `seal` stands in the result; a file that a notebook wrote in the result's place does not have it.
    """
    job = Job.load(folder)
    started = time.monotonic()
    hide(job.cwd, job.beside or job.cwd, str(folder), *(str(parent) for parent in folder.parents[:3]))
    try:
        notebook = parameterized(job)
        error = _run(job, notebook, folder, shell)
        tidy(notebook)
        if shell is not None:
            write_opened(job.cwd)
        status = _status(error)
        told = _told(error, notebook)
        if error is None:
            unwritten = _write_outputs(job, notebook, folder)
            status = "failed" if unwritten else status
            told = unwritten
        else:
            _mark_error(notebook, error)
        write_atomic(folder / "notebook.ipynb", write(notebook).encode("utf-8", "replace"), durable=False)
        result = {"status": status, "seconds": time.monotonic() - started, "error": told, "seal": seal}
        result["headline"] = headline(notebook)
        write_atomic(
            folder / "result.json",
            json.dumps({**result, **published(folder)}),
            durable=False,
        )
    except OSError as full:
        if full.errno in DISK_FULL:
            os._exit(EXIT_DISK_FULL)
        raise


def _run(job: Job, notebook, folder: Path, shell) -> CellError | None:
    os.environ[RUN_FOLDER] = str(folder)
    try:
        if shell is None:
            paths = [job.beside, os.environ.get("PYTHONPATH", "")]
            os.environ["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
            return run_by_papermill(notebook, folder, cwd=job.cwd)
        return _run_here(job, notebook, folder, shell)
    except BaseException as stopped:  # a kernel that died, an interrupt outside a cell's own handling
        return CellError(-1, type(stopped).__name__, str(stopped), ())


def _run_here(job: Job, notebook, folder: Path, shell) -> CellError | None:
    os.chdir(job.cwd)
    sys.path.insert(0, job.beside or "")  # modules beside the notebook can be imported
    sys.path.insert(0, "")  # as a kernel does
    progress = os.open(folder / "cell", os.O_CREAT | os.O_WRONLY)

    def on_cell(index):
        os.pwrite(progress, f"{index:<8}".encode(), 0)

    try:
        return run_in_process(notebook, shell, on_cell=on_cell)
    finally:
        os.close(progress)


def _status(error: CellError | None) -> str:
    if error is None:
        return "done"
    if error.ename in ("MemoryError", "ArrayMemoryError", "_ArrayMemoryError"):
        return "out_of_memory"
    if error.ename == "KeyboardInterrupt":
        return "interrupted"
    if error.ename == "DeadKernelError":
        return "died"
    if error.ename == "OSError" and any(error.evalue.startswith(f"[Errno {code}]") for code in DISK_FULL):
        return "disk_full"
    return "failed"


def _told(error: CellError | None, notebook) -> dict | None:
    """The error as the index tells it: which cell, its code, the last lines."""
    if error is None:
        return None
    lines = "\n".join(error.traceback).splitlines()[-12:] or [f"{error.ename}: {error.evalue}"]
    source = notebook.cells[error.cell].source if 0 <= error.cell < len(notebook.cells) else ""
    return {
        "cell": error.cell,
        "source": clean_text(source)[:2000],
        "message": clean_text(f"{error.ename}: {error.evalue}")[:2000],
        "lines": [clean_text(plain(line))[:300] for line in lines],
    }


def _mark_error(notebook, error: CellError) -> None:
    """Mark the failing cell as papermill does, so that JupyterLab users find it."""
    if not 0 <= error.cell < len(notebook.cells):
        return
    notebook.cells[error.cell].metadata["papermill"] = {"exception": True, "status": "failed"}
    text = f"**运行到这里出错：** `{clean_text(error.ename)}`，见下一个单元格。"
    note = new_cell("markdown", text, name="error-note", tags=["papermill-error-cell-tag"])
    notebook.cells.insert(error.cell, note)


def _write_outputs(job: Job, notebook, folder: Path) -> dict | None:
    """Write tables and page; the error where what the notebook left cannot be written."""
    from .page import report_page
    from .workbook import write_workbook

    try:
        left = published(folder)
        if left["tables"]:
            write_workbook(folder / "tables.xlsx", folder, left["tables"])
        page = report_page(job, notebook, left).encode("utf-8", "replace")
        write_atomic(folder / "report.html", page, durable=False)
    except Exception as error:
        if _is_full(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
        message = clean_text(f"报告没有写成：{type(error).__name__}: {error}")[:2000]
        return {"cell": None, "source": "", "message": message, "lines": []}
    return None


def _is_full(error: BaseException | None) -> bool:
    """Whether no room on the disk is the reason, however it is wrapped."""
    while error is not None:
        inner = error.args[0] if error.args and isinstance(error.args[0], OSError) else error
        if isinstance(inner, OSError) and inner.errno in DISK_FULL:
            return True
        error = error.__cause__ or error.__context__
    return False
