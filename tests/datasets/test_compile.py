"""Parts of the compile script on small tables."""

import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture
def part(monkeypatch):
    """Import a module of the compile script."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return lambda name: importlib.import_module(f"compile.{name}")


def _panel(values: dict[str, list[float]], column: str, **more) -> pd.DataFrame:
    rows = [(code, 2000 + i, v) for code, series in values.items() for i, v in enumerate(series)]
    return pd.DataFrame(rows, columns=["adcode", "year", column]).assign(**more)


def test_filled_cells_are_found_on_the_line_only(part):
    filled = part("interpolated").filled_cells
    panel = _panel({"a": [10.0, 21.37, 35.1, 41.9], "b": [10.0, 12.5, 15.0, 40.0]}, "bank_deposits")
    panel["bank_deposits"] *= 1e4
    assert filled(panel, "bank_deposits").tolist() == [False] * 5 + [True, False, False]


def test_a_year_filled_for_most_cities_is_filled_for_all(part):
    rng = np.random.default_rng(0)
    walk = rng.integers(50, 900, size=(8, 5)).astype(float)
    walk[:6, 2] = np.floor((walk[:6, 1] + walk[:6, 3]) / 2)
    panel = _panel({str(i): list(row) for i, row in enumerate(walk)}, "mobile_users")
    found = panel[part("interpolated").filled_cells(panel, "mobile_users")]
    assert set(found["year"]) == {2002} and len(found) == 8


def test_a_single_cell_of_few_digits_may_lie_on_the_line_by_chance(part):
    flags, other = {"gdp_interp": False}, [10.0, 70.0, 90.0, 30.0, 300.0]
    filled = part("interpolated").filled_cells
    single = _panel({"a": [100.0, 150.0, 200.0, 900.0, 950.0], "b": other}, "gdp_pc_yuan")
    assert not filled(single.assign(**flags), "gdp_pc_yuan").any()
    recent = single.assign(year=single["year"] + 17, **flags)  # the year 2018 is in the yearbook tables
    assert filled(recent, "gdp_pc_yuan").tolist() == [False, True] + [False] * 8
    run = _panel({"a": [100.0, 150.0, 200.0, 250.0, 950.0], "b": other}, "gdp_pc_yuan")
    assert filled(run.assign(**flags), "gdp_pc_yuan").tolist() == [False, True, True] + [False] * 7


def test_upstream_flags_count(part):
    panel = _panel({"a": [1.0, 5.0, 2.0]}, "gdp_yi", gdp_interp=[False, True, False])
    assert part("interpolated").filled_cells(panel, "gdp_yi").tolist() == [False, True, False]


def test_apportioned_persons_are_whole_and_complete(part):
    for total in (0, 1, 7, 1_487_787):
        shares = part("census")._apportion(total, [0.2, 0.3, 0.5])
        assert sum(shares) == total and all(isinstance(n, int) for n in shares)
    assert part("census")._apportion(10, [1.0, 1.0, 1.0]) == [4, 3, 3]


@pytest.mark.parametrize(
    ("name", "short"),
    [("融水苗族自治县", "融水"), ("彭水苗族土家族自治县", "彭水"), ("长白朝鲜族自治县", "长白"),
     ("赵县", "赵县"),
     ("东乡族自治县", "东乡"), ("龙胜各族自治县", "龙胜"),
     ("昆山市", "昆山"), ("莫力达瓦达斡尔族自治旗", "莫力达瓦"),
     ("巴里坤哈萨克自治县", "巴里坤"), ("鄂伦春自治旗", "鄂伦春"), ("南区", "南区")],
)  # fmt: skip
def test_short_names(part, name, short):
    assert part("divisions").shorten(name) == short


def test_parents_of_county_codes(part):
    parent = part("divisions").county_parent
    codes = {
        "320583": "320500",
        "110101": "110100",
        "500230": "500100",
        "429004": "429000",
        "659001": "659000",
    }
    assert {code: parent(code) for code in codes} == codes


def test_spikes_need_a_return(part):
    cells = pd.DataFrame(
        {
            "region": "a",
            "indicator": "gdp",
            "year": range(2000, 2007),
            "value": [10, 11, 30, 12, 13, 33, 35.0],
        }
    ).assign(period=lambda t: t["year"].astype("str"))
    assert part("indicators")._spikes(cells)["year"].tolist() == [2002]
