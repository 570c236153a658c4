"""Running the cells of a notebook, in this process or by papermill, with the same outputs.

Always holds: outputs follow the notebook format; the first cell that raises ends the run and the cells
after it stay empty; nothing here decides what is published.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..plan.notebook import new_output, node, read, write
from .outputs import Ceiling, bounded


@dataclass(frozen=True)
class CellError:
    """The error that ended a run: index of the cell, class, message, traceback lines."""

    cell: int
    ename: str
    evalue: str
    traceback: tuple[str, ...]


# ---- in this process --------------------------------------------------------------------------------


class _Outputs:
    """Collects the outputs of the running cell; a stream that continues is one output."""

    def __init__(self):
        self.items = []
        self.shown = {}
        self.clear_next = False
        self.ceiling = Ceiling()
        self.stream_name = None
        self.pieces = []

    def start_cell(self):
        self.items = []
        self.clear_next = False
        self.ceiling = Ceiling()
        return self.items

    def end_cell(self):
        self._end_stream()
        if self.ceiling.left_out:
            self.items.append(self.ceiling.note())

    def add(self, output):
        self._clear_if_due()
        self._end_stream()
        if self.ceiling.one_more() or output.output_type == "error":
            self.items.append(output)

    def stream(self, name: str, text: str):
        self._clear_if_due()
        if not text:
            return
        if name != self.stream_name:
            self._end_stream()
            if not self.ceiling.one_more():
                return
            self.stream_name = name
        if kept := self.ceiling.fit(text):
            self.pieces.append(kept)

    def _end_stream(self):
        """Join the pieces of a stream once: joining them as they come takes time by the square."""
        if self.pieces:
            self.items.append(new_output("stream", name=self.stream_name, text="".join(self.pieces)))
        self.stream_name = None
        self.pieces = []

    def display(self, data, metadata, display_id=None, update=False):
        known = self.shown.setdefault(display_id, []) if display_id else []
        for output in known if update else ():
            output.data = node(data)
            output.metadata = node(metadata or {})
        if not update:
            output = new_output("display_data", data=data, metadata=metadata or {})
            known.append(output)
            self.add(output)

    def clear(self, wait: bool):
        self.clear_next = wait
        if not wait:
            self._clear()

    def _clear(self):
        self._end_stream()
        self.items.clear()
        self.ceiling = Ceiling()

    def _clear_if_due(self):
        if self.clear_next:
            self.clear_next = False
            self._clear()


class _Stream(io.TextIOBase):
    """Standard output or error of the cells."""

    encoding = "utf-8"

    def __init__(self, outputs: _Outputs, name: str, file_number: int):
        self._outputs = outputs
        self._name = name
        self._file_number = file_number

    def writable(self):
        return True

    def write(self, text):
        self._outputs.stream(self._name, text)
        return len(text)

    def fileno(self):
        return self._file_number


def make_shell():
    """An IPython shell whose outputs are collected; made once, before any report runs in it."""
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Any, Type
    from traitlets.config import Config

    outputs = _Outputs()

    class Hook(DisplayHook):
        def write_output_prompt(self):
            pass

        def write_format_data(self, format_dict, md_dict=None):
            count = self.prompt_count
            outputs.add(
                new_output(
                    "execute_result",
                    data=format_dict,
                    metadata=md_dict or {},
                    execution_count=count,
                )
            )

        def log_output(self, format_dict):
            pass

        def finish_displayhook(self):
            self._is_active = False

    class Publisher(DisplayPublisher):
        def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **_):
            outputs.display(data, metadata, (transient or {}).get("display_id"), update)

        def clear_output(self, wait=False):
            outputs.clear(wait)

    class Shell(InteractiveShell):
        displayhook_class = Type(Hook)
        display_pub_class = Type(Publisher)
        collected = Any(outputs)

        def _showtraceback(self, etype, evalue, stb):
            outputs.add(new_output("error", ename=etype.__name__, evalue=str(evalue), traceback=list(stb)))

        def enable_gui(self, gui=None):
            pass

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = Shell.instance(config=config)
    sys.displayhook = shell.displayhook
    return shell


def run_in_process(notebook, shell, *, on_cell=lambda index: None) -> CellError | None:
    """Run the code cells of `notebook` in `shell`, filling in outputs and counts.

    The process is spent afterwards: whatever the cells changed stays changed.
    """
    outputs = shell.collected
    sys.stdout = _Stream(outputs, "stdout", 1)
    sys.stderr = _Stream(outputs, "stderr", 2)
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        on_cell(index)
        cell.outputs = outputs.start_cell()
        cell.execution_count = shell.execution_count
        result = shell.run_cell(cell.source, store_history=True)
        outputs.end_cell()
        error = result.error_before_exec or result.error_in_exec
        raised = [output for output in cell.outputs if output.output_type == "error"]
        allowed = "raises-exception" in cell.metadata.get("tags", ())
        if (error is not None or raised) and not allowed:
            return _cell_error(index, error, raised)
    return None


def _cell_error(index, error, raised) -> CellError:
    if raised:
        return CellError(index, raised[0].ename, raised[0].evalue, tuple(raised[0].traceback))
    return CellError(index, type(error).__name__, str(error), ())


# ---- by papermill -----------------------------------------------------------------------------------

_START = "__import__('mktanalysis.reports.one.start').reports.one.start.start_kernel()"


def run_by_papermill(notebook, folder: Path, *, cwd: str) -> CellError | None:
    """Run `notebook` in a fresh kernel by papermill, filling in outputs and counts.

    The parameters are in the notebook already: papermill's own translation of values is not used.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    source = folder / "papermill-in.ipynb"
    target = folder / "papermill-out.ipynb"
    source.write_text(write(notebook), "utf-8")
    error = None
    with tempfile.TemporaryDirectory(prefix="mkt-") as sockets:
        options = {"cwd": cwd, "progress_bar": False, "kernel_name": "python3", **_over_files(sockets)}
        options["extra_arguments"] = [f"--IPKernelApp.exec_lines={_START}"]
        try:
            papermill.execute_notebook(str(source), str(target), **options)
        except PapermillExecutionError as failure:
            error = CellError(failure.cell_index, failure.ename, failure.evalue, tuple(failure.traceback))
    done = read(target.read_text("utf-8"))
    marks = "papermill-error-cell-tag"
    cells = [cell for cell in done.cells if marks not in cell.metadata.get("tags", ())]
    for cell, ran in zip(notebook.cells, cells, strict=True):
        if cell.cell_type == "code":
            cell.outputs = bounded(ran.outputs)
            cell.execution_count = ran.execution_count
    source.unlink()
    target.unlink()
    return error


def _over_files(folder: str) -> dict:
    """Kernel messages over sockets of the user, not over TCP ports that every user of the machine reaches.

    `folder` has a short path: a socket's is limited to about 100 characters.
    """
    if os.name != "posix":
        return {}
    from jupyter_client.manager import AsyncKernelManager

    class SocketKernelManager(AsyncKernelManager):
        def __init__(self, **options):
            super().__init__(**{**options, "transport": "ipc", "ip": os.path.join(folder, "k")})

    return {"kernel_manager_class": SocketKernelManager}
