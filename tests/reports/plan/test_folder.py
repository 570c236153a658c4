"""Files among the parameters are relative to the specification; a slip in its general parameters is
refused."""

import json

import pytest

from mktanalysis.reports.plan.spec import SpecError, read_spec

CHAPTER = (
    '[[part]]\ntitle = "a"\n[[part.chapter]]\nnotebook = '
    '"notebooks/n"\nparameters = { own_file = "own.csv" }\n'
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "notebooks").mkdir()
    cell = {"cell_type": "code", "source": 'own_file: str = ""  # own', "metadata": {"tags": ["parameters"]}}
    use = {"cell_type": "code", "source": "import helper", "metadata": {}}
    cells = [
        {**made, "id": f"c{i}", "outputs": [], "execution_count": None} for i, made in enumerate([cell, use])
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "notebooks" / "n.ipynb").write_text(json.dumps(notebook))
    (tmp_path / "notebooks" / "helper.py").write_text("X = 1")
    (tmp_path / "own.csv").write_text("a")
    (tmp_path / "s.toml").write_text(CHAPTER)
    return tmp_path


@pytest.mark.parametrize("name", ["own.csv", "notebooks/helper.py"])
def test_files_are_relative_to_the_specification_and_make_a_report_stale(folder, name):
    (report,) = read_spec(folder / "s.toml").reports
    assert report.home == folder and set(report.inputs) == {"own.csv", "notebooks/helper.py"}
    (folder / name).write_text("changed")
    (changed,) = read_spec(folder / "s.toml").reports
    assert changed.identity["data"] != report.identity["data"]


def test_a_slip_in_the_general_parameters(folder):
    (folder / "s.toml").write_text("[parameters]\nown_fil = 'own.csv'\n" + CHAPTER)
    with pytest.raises(SpecError, match="own_fil"):
        read_spec(folder / "s.toml")
    (folder / "s.toml").write_text("[parameters]\nown_file = 'own.csv'\n" + CHAPTER)
    assert len(read_spec(folder / "s.toml").reports) == 1
