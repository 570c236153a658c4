"""Figures as they are written: units, decimals, signs; percent only of parts of one."""

import math

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mktanalysis.errors import MktError
from mktanalysis.words.amounts import cell_text, figure_text, format_plain, number_texts, refuse_percent


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=8), st.sampled_from(["元", "万元", "亿元"]))
def test_a_column_reads_back_within_its_last_decimal(values, unit):
    texts = number_texts(pd.Series(values), unit, "yuan")
    scale = {"元": 1, "万元": 1e4, "亿元": 1e8}[unit]
    places = {len(text.partition(".")[2]) for text in texts}
    assert len(places) == 1
    for value, text in zip(values, texts, strict=True):
        back = float(text.replace(",", "").replace("−", "-"))
        assert abs(back - value / scale) <= 0.5000001 * 10 ** -places.copy().pop()


def test_shares_are_percent_and_zero_has_no_minus():
    assert number_texts(pd.Series([0.235, -0.00001, None]), "%", "share") == ["23.5%", "0.0%", "—"]
    assert number_texts(pd.Series([2025.0, math.nan]), "", "year") == ["2025", "—"]


@pytest.mark.parametrize("values", [[23.5], [0.2, 2350.0], [-1.6]])
def test_percent_of_what_was_multiplied_already_is_refused(values):
    with pytest.raises(MktError, match="0—1"):
        refuse_percent(values, "期末份额")


def test_percent_of_parts_of_one_is_not():
    refuse_percent([0.0, 1.0, 1.5, None, math.nan, math.inf, "文字"], "份额")
    refuse_percent([], "份额")


def test_figures_in_a_sentence():
    assert figure_text("gain", -3.2e7) == "−3,200 万元"
    assert figure_text("bound", math.inf) == "没有上界"
    assert figure_text("gap", 0.021, "plan_figures") == "2.1%"
    assert figure_text("n_held", 12.0) == "12 个" and figure_text("说明", "甲") == "甲"
    assert figure_text("gain", math.nan) == "—" == format_plain(None, "元")


def test_cells_are_one_line():
    assert cell_text("一\n二") == "一 二" and cell_text(True) == "是" and cell_text(pd.NA) == "—"
    assert cell_text(pd.Timestamp("2024-03-01")) == "2024-03-01"
    assert cell_text(pd.Period("2024", "Y")) == "2024"
