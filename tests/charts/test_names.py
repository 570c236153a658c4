"""Every chart of every part is found by its name, once, and drawing is the first to load matplotlib."""

import subprocess
import sys
from collections import Counter

import pytest

from mktanalysis import charts


def test_every_chart_is_found_by_its_name_or_told_apart():
    modules = [getattr(charts, name) for name in charts._MODULES]
    names = Counter(name for module in modules for name in module.__all__)
    assert {"plot_coverage", "plot_breaks"} <= set(names) <= set(dir(charts))
    for module in modules:
        for name in module.__all__:
            assert getattr(module, name).__doc__
            if names[name] == 1:
                assert getattr(charts, name) is getattr(module, name)
            else:
                with pytest.raises(AttributeError, match=f"charts.*{name}, charts"):
                    getattr(charts, name)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="plot_nothing"):
        charts.plot_nothing  # noqa: B018


def test_importing_charts_loads_no_matplotlib():
    code = "import sys; from mktanalysis import charts; dir(charts); print('matplotlib' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
