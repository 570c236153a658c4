"""Charts of territories: what is drawn is what the tables say."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.charts import territories as charts
from mktanalysis.errors import MktError


def test_the_map_has_a_star_at_every_seat():
    assignment = pd.Series({"460100": "甲", "460200": "乙", "460300": "乙", "460400": "甲"})
    table = pd.DataFrame({"territory": ["甲", "乙"], "seat": ["460100", "460200"]})
    figure = charts.plot_territories(
        assignment, table, mkt.load_table("points"), level="prefecture", within="460000", source="来源：甲"
    )
    stars = next(c for c in figure.axes[0].collections if c.get_gid() == "seats")
    assert len(stars.get_offsets()) == 2


def test_loads_outside_the_band_stand_out():
    table = pd.DataFrame(
        {"territory": ["甲", "乙", "丙"], "load": [0.95, 1.3, 1.0], "holds": [True, False, True]}
    )
    figure = charts.plot_loads(table, tolerance=0.1, source="来源：甲")
    ax = figure.axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["甲", "丙", "乙"]
    many = pd.concat([table.assign(territory=table["territory"] + str(i)) for i in range(30)])
    assert "只画" in charts.plot_loads(many, tolerance=0.1).axes[0].get_title(loc="left")


def test_frontiers():
    table = pd.DataFrame(
        {
            "tolerance": [0.2, 0.1, 0.1],
            "moved_share": [0.0, 0.05, 0.3],
            "worst_deviation": [0.18, 0.09, 0.1],
            "n_moved": [0, 3, 20],
            "free": [False, False, True],
        }
    )
    ax = charts.plot_realign_frontier(table, source="来源：甲").axes[0]
    assert np.allclose(ax.lines[0].get_ydata(), [5.0, 0.0])
    with pytest.raises(MktError, match="free"):
        charts.plot_realign_frontier(table.drop(columns="free"))
    schemes = pd.DataFrame(
        {"n_groups": [6, 6, 7, 7], "tolerance": [0.1, np.nan] * 2, "travel": [3.0, 2.0, np.nan, 1.0]}
    )
    texts = [t.get_text() for t in charts.plot_scheme_frontier(schemes, source="来源：甲").axes[0].texts]
    assert texts == ["容差 ±10%\n做不到"]


def test_schemes_and_shares():
    table = pd.DataFrame(
        {"scheme": ["七大区", "最优"], "n_groups": [7, 7], "deviation": [1.8, 0.1], "travel": [331.0, 319.0]}
    )
    ax = charts.plot_schemes(table, source="来源：甲").axes[0]
    assert [t.get_text() for t in ax.texts] == ["七大区（7 个）", "最优（7 个）"]
    shares = pd.DataFrame(
        {"group": ["浙江", "安徽", "云南"], "上海": [0.8, 0.1, 0.0], "any": [0.8, 0.1, 0.0]}
    )
    ax = charts.plot_centre_shares(shares, source="来源：甲").axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["安徽", "浙江"]
