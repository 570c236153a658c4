"""Progress is seen in a notebook that a person runs, and an error there is its message alone."""

import pytest

from mktanalysis import MktError
from mktanalysis.errors import UnknownNameError
from mktanalysis.progress import in_notebook, progress


class ZMQInteractiveShell:
    """The name by which a kernel of Jupyter is known."""


@pytest.fixture
def kernel(monkeypatch):
    import IPython

    monkeypatch.setattr(IPython, "get_ipython", ZMQInteractiveShell)
    monkeypatch.delenv("MKTANALYSIS_RUN_FOLDER", raising=False)


def test_a_notebook_shows_a_plain_bar(kernel, capsys):
    assert in_notebook()
    assert list(progress([1, 2, 3], what="预测", delay=0.0)) == [1, 2, 3]
    shown = capsys.readouterr()
    assert "预测" in shown.out and not shown.err  # on its own, not in red


def test_neither_a_pipe_nor_a_report_shows_one(kernel, monkeypatch, capsys):
    monkeypatch.setenv("MKTANALYSIS_RUN_FOLDER", "somewhere")
    assert not in_notebook()
    bar = progress(total=2, what="路径", delay=0.0)
    bar.update(2)
    bar.close()
    shown = capsys.readouterr()
    assert shown.out + shown.err == ""


def test_an_error_in_a_notebook_is_its_message_alone(capsys):
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shell.user_ns["fail"] = lambda: (_ for _ in ()).throw(MktError("没有城市“彭城”，是不是徐州市？"))
    shell.run_cell("fail()")
    shown = "".join(capsys.readouterr())
    assert shown.strip().splitlines() == ["MktError: 没有城市“彭城”，是不是徐州市？"]
    assert issubclass(UnknownNameError, MktError)
    shell.run_cell("1 / 0")
    assert "ZeroDivisionError" in capsys.readouterr().out  # a bug keeps its traceback


def test_a_problem_without_a_place_begins_with_the_problem():
    import pandas as pd

    from mktanalysis.errors import TableError

    error = TableError(pd.DataFrame([{"problem": "地区代码不在地区树中", "value": "410199"}]))
    assert str(error).splitlines()[1] == "- 地区代码不在地区树中（值：'410199'）"
