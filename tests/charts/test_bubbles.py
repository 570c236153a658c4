"""The scatter of the index: a bubble a region, its place and size by its figures, nothing but text."""

import re
import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest

from mktanalysis import MktError
from mktanalysis.charts.bubbles import bubble_svg

SVG = "{http://www.w3.org/2000/svg}"


def table(**more):
    known = {
        "name": ["江苏", "西藏", "广东", "青海"],
        "x": [45000.0, 860.0, 47000.0, 763.0],
        "y": [5.5, 5.7, 4.6, 3.7],
        "size": [13859.0, 274.0, 11912.0, 152.0],
        "group": ["华东", "西南", "华南", "西北"],
        "link": ["a/report.html", "", "b/report.html", ""],
    }
    return pd.DataFrame({**known, **more})


def circles(text):
    found = ElementTree.fromstring(text).iter(f"{SVG}circle")
    return {
        c.find(f"{SVG}title").text.split("：")[0]: tuple(float(c.get(key)) for key in ("cx", "cy", "r"))
        for c in found
    }


def test_places_and_sizes_follow_the_figures():
    found = circles(bubble_svg(table(), x="零售额（亿元）", y="增长（%）", size="增量"))
    across, up, radius = ({name: place[at] for name, place in found.items()} for at in range(3))
    assert sorted(across, key=across.get) == ["青海", "西藏", "江苏", "广东"]
    assert sorted(up, key=up.get) == ["西藏", "江苏", "广东", "青海"]  # y runs downwards
    assert max(radius, key=radius.get) == "江苏" and min(radius, key=radius.get) == "青海"


def test_names_do_not_cover_one_another_and_text_is_never_markup():
    many = pd.concat([table()] * 6, ignore_index=True)
    many["name"] = [f"<b>{i}</b>" for i in range(len(many))]
    text = bubble_svg(many, x="<x>", y="y", size="s")
    assert "<b>" not in text and ElementTree.fromstring(text) is not None
    spots = re.findall(r'<text x="([\d.]+)" y="([\d.]+)">&lt;b', text)
    assert len(spots) == len(set(spots)) and len(spots) < len(many)


def test_missing_figures_are_left_out_and_too_few_draw_nothing():
    some = table(y=[5.5, None, 4.6, 3.7])
    assert len(circles(bubble_svg(some, x="x", y="y", size="s"))) == 3
    assert bubble_svg(table(y=[5.5, None, None, 3.7]), x="x", y="y", size="s") == ""
    assert "对数刻度" in bubble_svg(table(), x="零售额（亿元）", y="y", size="s")
    with pytest.raises(MktError, match="缺少列：group"):
        bubble_svg(table().drop(columns="group"), x="x", y="y", size="s")


def test_equal_tables_give_equal_text_with_links():
    one, two = (bubble_svg(table(), x="x", y="y", size="s") for _ in range(2))
    assert one == two and one.count("<a href=") == 2
