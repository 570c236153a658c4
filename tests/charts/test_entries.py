"""Charts of entries: what is drawn is what the tables hold."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.charts import plot_entry_calibration, plot_entry_curves
from mktanalysis.expansion import fit_entries


def test_the_curves_of_a_model_are_drawn_as_they_are(tmp_path):
    points = pd.DataFrame({"region": list("abcdefgh"), "lon": np.arange(8.0), "lat": 0.0})
    openings = pd.DataFrame({"region": list("abcd"), "period": [1990, 1991, 1992, 1993]})
    potential = pd.Series(np.arange(1.0, 9.0) * 1e6, points["region"])
    curves = fit_entries(openings, potential, points).curves()
    before = curves.copy(deep=True)
    figure = plot_entry_curves(curves, source="测试")
    figure.savefig(tmp_path / "curves.png")
    for ax, feature in zip(figure.axes, ("distance", "potential"), strict=True):
        drawn = ax.lines[0].get_ydata()
        np.testing.assert_array_equal(drawn, curves.loc[curves["feature"] == feature, "odds"])
    pd.testing.assert_frame_equal(curves, before)


def test_calibration_bars_are_the_table(tmp_path):
    table = pd.DataFrame({"low": [0.0, 0.1], "high": [0.1, 0.4], "expected": [3.0, 4.0], "observed": [2, 5]})
    figure = plot_entry_calibration(table)
    figure.savefig(tmp_path / "calibration.png")
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights == [3.0, 4.0, 2, 5]
    with pytest.raises(mkt.MktError, match="expected"):
        plot_entry_calibration(table.drop(columns="expected"))
