"""Own sales areas as the macro-regions of the tree."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.cli import main
from mktanalysis.errors import MktError
from mktanalysis.io import read_table, tree_with_areas


@pytest.fixture(scope="module")
def china():
    return mkt.load_regions()


def test_areas_of_cities_stand_between_province_and_city(china, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("分公司,城市\n宁镇,南京市、镇江市\n苏锡,苏州市、无锡市\n", "utf-8")
    own = tree_with_areas(china, read_table(file, kind="areas", tree=china))
    assert own.levels == ("nation", "province", "macro_region", "prefecture", "county")
    assert list(own.path("320583").index) == ["100000", "320000", "苏锡", "320500", "320583"]
    assert list(own.path("320300").index) == ["100000", "320000", "320300"]
    assert set(own.level("county")) == set(china.level("county"))
    sales = pd.DataFrame({"region": own.level("prefecture")})
    sales["value"] = np.arange(len(sales), dtype=float)
    total = own.totals(sales, ["value"]).set_index("region")["value"]
    by_hand = sales.set_index("region")["value"]
    assert total["苏锡"] == by_hand["320500"] + by_hand["320200"]
    assert total["320000"] == by_hand[list(china.children("320000"))].sum()


def test_areas_of_provinces_take_the_place_of_macro_regions(china):
    areas = pd.DataFrame({"region": ["320000", "330000", "110000"], "area": ["东区", "东区", "北区"]})
    own = tree_with_areas(china, areas)
    assert own.levels == china.levels and list(own.children("东区")) == ["320000", "330000"]


@pytest.mark.parametrize(
    ("regions", "word"), [(["320100", "330100"], "跨越"), (["320000", "330100"], "几个层级")]
)
def test_areas_that_make_no_tree_are_refused(china, regions, word):
    with pytest.raises(MktError, match=word):
        tree_with_areas(china, pd.DataFrame({"region": regions, "area": ["东区", "东区"]}))


def test_a_command_forecasts_an_area(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("分公司,城市\n苏锡,苏州市、无锡市\n宁镇,南京市、镇江市\n", "utf-8")
    lines = ["城市,年份,销售额(万元)"]
    for k, name in enumerate(("苏州市", "无锡市", "南京市", "镇江市")):
        lines += [f"{name},{year},{(k + 1) * 100 + (year - 2015) * 5}" for year in range(2015, 2024)]
    (tmp_path / "s.csv").write_text("\n".join(lines), "utf-8")
    options = ["--file", str(tmp_path / "s.csv"), "--areas", str(tmp_path / "a.csv"), "--region", "苏锡"]
    with pytest.raises(SystemExit) as ended:
        main(["forecast", *options, "--horizon", "1"])
    printed = capsys.readouterr()
    assert not ended.value.code and "苏锡" in printed.out, printed.err
