"""Small notebooks and specifications to run."""

import json

import pytest

from mktanalysis.reports import batch
from mktanalysis.reports.runners import ForkRunner

TYPED = 'region: str = "320000"  # 地区：六位代码\nyears: int = 3  # 年数'


def cell(source, *, kind="code", tags=()):
    made = {"cell_type": kind, "metadata": {"tags": list(tags)} if tags else {}, "source": source}
    return made if kind == "markdown" else {**made, "outputs": [], "execution_count": None}


@pytest.fixture
def write_notebook(tmp_path):
    """Write a notebook of code cells below a typed cell; returns its path."""

    def write(*sources, name="small", typed=TYPED, heading="# 小报告"):
        head = [cell(heading, kind="markdown")]
        head += [cell(typed, tags=["parameters"])] if typed is not None else []
        cells = head + [cell(source) for source in sources]
        for number, made in enumerate(cells):
            made["id"] = f"c{number}"
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        content = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
        path = tmp_path / f"{name}.ipynb"
        path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
        return path

    return write


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


@pytest.fixture
def warm(monkeypatch, warm_runner):
    """Runs of this test share one preloaded process, which saves its start."""

    class Shared:
        kind, run = warm_runner.kind, staticmethod(warm_runner.run)

        def close(self):
            pass

    monkeypatch.setattr(batch, "make_runner", lambda *_: Shared())
