"""Amounts added up to every level at once equal the roll-up of each level."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt


@pytest.fixture(scope="module")
def tree():
    return mkt.load_regions()


def amounts(tree):
    cities = pd.Index(tree.level("prefecture"), name="region")
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {"sales": rng.uniform(1, 9, len(cities)), "staff": rng.integers(1, 9, len(cities))}, cities
    )


def test_every_level_equals_its_rollup(tree):
    table = amounts(tree)
    found = tree.totals(table, ["sales", "staff"])
    assert list(found.columns) == ["region", "level", "sales", "staff", "covered_share"]
    for level in ("nation", "macro_region", "province", "prefecture"):
        part = found[found["level"] == level].set_index("region")
        for column in ("sales", "staff"):
            direct = tree.rollup(table[column].astype(float), level)["value"]
            np.testing.assert_allclose(part[column].reindex(direct.index), direct)
    assert found.loc[found["level"] == "nation", "sales"].item() == pytest.approx(table["sales"].sum())


def test_a_hole_makes_a_lower_bound_and_the_input_stays(tree):
    table = amounts(tree)
    city = tree.subtree("320000").level("prefecture")[0]
    holed = table.copy()
    holed.loc[city, "sales"] = np.nan
    before = holed.copy()
    found = tree.totals(holed.reset_index(), ["sales", "staff"]).set_index("region")
    pd.testing.assert_frame_equal(holed, before)
    assert found.loc["320000", "covered_share"] < 1 == found.loc["330000", "covered_share"]
    assert (
        found.loc["320000", "staff"]
        == table["staff"].reindex(tree.subtree("320000").level("prefecture")).sum()
    )


def test_mixed_levels_and_unknown_codes_are_refused(tree):
    with pytest.raises(mkt.TableError):
        tree.totals(
            pd.DataFrame({"sales": [1.0, 2.0]}, pd.Index(["320000", "330100"], name="region")), ["sales"]
        )
    with pytest.raises(mkt.TableError):
        tree.totals(pd.DataFrame({"sales": [1.0]}, pd.Index(["999999"], name="region")), ["sales"])
