"""What is computed before reports are forked is what a report would have computed."""

from pathlib import Path

import pandas as pd
import pytest

from mktanalysis import china
from mktanalysis.china.today import bridge
from mktanalysis.datasets.own import laid_tables
from mktanalysis.reports.run import shared
from mktanalysis.reports.run.runners import ForkRunner, local_runner

NOTEBOOKS = sorted(Path(__file__).parents[3].glob("notebooks/*.ipynb"))


def test_only_what_the_notebooks_call_is_computed():
    texts = {path.stem: path.read_text("utf-8") for path in NOTEBOOKS}
    plan = shared.shared_verbs([texts["05_province_plan"]])
    assert {"bridge_panel", "planning_units"} <= set(plan)
    assert shared.shared_verbs(["rebridge_panel(x)", "planning_units_of(x)", ""]) == []
    assert set(shared.shared_verbs(texts.values())) == set(shared._SHARED)


@pytest.mark.parametrize("verb", shared._SHARED)
def test_every_shared_verb_is_a_verb_of_the_package(verb):
    assert callable(getattr(china, verb))


def test_a_later_call_finds_what_was_computed(monkeypatch):
    shared.fill_caches(["bridge_panel", "planning_units"])

    def refuse(*_, **__):
        raise AssertionError("computed again")

    monkeypatch.setattr(bridge, "bridge", refuse)
    found = china.bridge_panel("retail_sales")
    assert found.end.year == china.carried_year()
    with laid_tables({"breaks": china.load_breaks("gdp").head(0)}), pytest.raises(AssertionError):
        china.bridge_panel("retail_sales")  # of other tables: never that of the built-in ones


def test_a_panel_that_was_kept_can_be_changed_by_its_caller():
    panel = china.load_panel()
    panel["value"] = 0.0
    assert china.load_panel()["value"].sum() > 1e12
    pd.testing.assert_frame_equal(china.load_panel(), china.load_panel())


def test_what_fails_beforehand_is_left_to_the_report(monkeypatch, capsys):
    def broken(_):
        raise ValueError("no figures")

    monkeypatch.setitem(shared._SHARED, "market_units", broken)
    shared.fill_caches(["market_units"])
    assert "market_units: no figures" in capsys.readouterr().err


def test_the_preloaded_process_is_told_modules_and_verbs():
    text = NOTEBOOKS[4].read_text("utf-8")
    runner = local_runner("fork", [text])
    assert isinstance(runner, ForkRunner)
    cut = runner._arguments.index(shared.VERBS)
    modules, verbs = runner._arguments[:cut], runner._arguments[cut + 1 :]
    assert "mktanalysis" in modules and "bridge_panel" in verbs
