"""Small notebooks and specifications to run."""

import json

import pytest

from mktanalysis.reports.run import batch
from mktanalysis.reports.run.runners import ForkRunner

TYPED = 'region: str = "320000"  # 地区：六位代码\nyears: int = 3  # 年数'


def cell(source, *, kind="code", tags=()):
    made = {"cell_type": kind, "metadata": {"tags": list(tags)} if tags else {}, "source": source}
    return made if kind == "markdown" else {**made, "outputs": [], "execution_count": None}


@pytest.fixture(scope="session")
def notebook_in():
    """Write a notebook of code cells below a typed cell into a folder; returns its path."""

    def write(folder, *sources, name="small", typed=TYPED, heading="# 小报告"):
        head = [cell(heading, kind="markdown")]
        head += [cell(typed, tags=["parameters"])] if typed is not None else []
        cells = head + [cell(source) for source in sources]
        for number, made in enumerate(cells):
            made["id"] = f"c{number}"
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        content = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
        path = folder / f"{name}.ipynb"
        path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
        return path

    return write


@pytest.fixture
def write_notebook(notebook_in, tmp_path):
    return lambda *sources, **options: notebook_in(tmp_path, *sources, **options)


@pytest.fixture
def write_spec(tmp_path):
    """Write a specification; returns its path."""

    def write(text, name="spec"):
        path = tmp_path / f"{name}.toml"
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def warm_runner():
    runner = ForkRunner(["pandas", "matplotlib.pyplot"])
    yield runner
    runner.close()


@pytest.fixture(scope="session")
def share_runner(warm_runner):
    """Let runs share one preloaded process, which saves its start."""

    class Shared:
        kind, run, slots = warm_runner.kind, staticmethod(warm_runner.run), None

        def close(self):
            pass

    return lambda patch: patch.setattr(batch, "make_runner", lambda *_: Shared())


@pytest.fixture
def warm(monkeypatch, share_runner):
    share_runner(monkeypatch)
