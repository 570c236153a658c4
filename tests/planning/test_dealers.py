"""Dealers: classes by hand, the one who must move up is found, density, breaches, blank places."""

import numpy as np
import pandas as pd
import pytest

from mktanalysis import MktError, TableError
from mktanalysis.planning import class_thresholds, classify_dealers, dealer_breaches, dealer_density

STEPS = pd.Series({"A": 5e6, "B": 2e6, "C": 5e5, "D": 0.0})
FRAME = pd.DataFrame(
    {
        "A": ["旗舰", "旗舰", None],
        "B": ["标准", "标准", "标准"],
        "C": [None, "基础", "基础"],
        "D": [None, None, "网点"],
    },
    index=["一线", "二线", "三线"],
)
TIERS = pd.Series(
    {f"c{i:02d}": tier for i, tier in zip(range(1, 13), ["一线", "二线", "三线"] * 4, strict=True)}
)


def dealers(rows):
    return pd.DataFrame(rows, columns=["dealer", "region", "volume"])


class TestClasses:
    def test_by_hand(self, tree):
        table = dealers(
            [
                ("甲", "c01", 5e6),
                ("乙", "c01", 1.9e6),
                ("丙", "c02", 1.9e6),
                ("丁", "c03", 6e6),
                ("戊", "c03", 1.0),
            ]
        )
        found = classify_dealers(table, TIERS, tree, thresholds=STEPS, framework=FRAME).set_index("dealer")
        assert found["class"].to_dict() == {"甲": "A", "乙": "C", "丙": "C", "丁": "A", "戊": "D"}
        assert found["status"].to_dict() == {
            "甲": "ok", "乙": "must_move_up", "丙": "ok", "丁": "exceeds", "戊": "ok",
        }  # fmt: skip
        assert found.loc["乙", "gap"] == 1e5 and found.loc["乙", "least_class"] == "B"
        assert found.loc["丙", "framework"] == "基础" and found.loc["乙", "framework"] == ""

    def test_a_county_takes_the_tier_of_its_city(self, tree):
        found = classify_dealers(
            dealers([("甲", "c01x", 3e6)]), TIERS, tree, thresholds=STEPS, framework=FRAME
        )
        assert found["tier"].tolist() == ["一线"] and found["class"].tolist() == ["B"]

    def test_quantiles_say_that_they_are(self, tree):
        table = dealers([(f"d{i}", "c03", 1e5 * i) for i in range(1, 11)])
        steps = class_thresholds(table["volume"], classes=("A", "B", "D"), shares=(0.2, 0.3, 0.5))
        found = classify_dealers(table, TIERS, tree, thresholds=steps, framework=FRAME[["A", "B", "D"]])
        assert found["class"].value_counts().to_dict() == {"D": 5, "B": 3, "A": 2}
        assert set(found["basis"]) == {"quantiles"}

    def test_bad_inputs(self, tree):
        with pytest.raises(TableError, match="不在地区树中") as error:
            classify_dealers(
                dealers([("甲", "火星", 1.0), ("乙", "c01", np.nan)]),
                TIERS,
                tree,
                thresholds=STEPS,
                framework=FRAME,
            )
        assert error.value.problems["row"].tolist() == ["甲", "乙"]
        one = dealers([("甲", "P1", 1.0)])
        with pytest.raises(MktError, match="没有城市级别的地区：省P1"):
            classify_dealers(one, TIERS, tree, thresholds=STEPS, framework=FRAME)
        one = dealers([("甲", "c01", 1.0)])
        with pytest.raises(MktError, match="从高到低"):
            classify_dealers(one, TIERS, tree, thresholds=STEPS[::-1], framework=FRAME)
        with pytest.raises(MktError, match="没有这些城市级别：一线"):
            classify_dealers(one, TIERS, tree, thresholds=STEPS, framework=FRAME.drop(index="一线"))


class TestDensity:
    ROWS = (("甲", "c01"), ("乙", "c01"), ("丙", "c02"), ("丁", "c03x"), ("戊", "c03"), ("己", "c03"))

    def test_two_a_prefecture_as_the_source_asks(self, tree):
        table = pd.DataFrame(self.ROWS, columns=["dealer", "region"])
        size = pd.Series({"c04": 1e8, "c05": 3e8, "c06": 2e8})
        found = dealer_density(table, tree, capacity=size, within="东区").set_index("region")
        assert found["status"].to_dict() == {
            "c05": "blank", "c06": "blank", "c04": "blank", "c07": "blank",
            "c02": "short", "c03": "crowded", "c01": "kept",
        }  # fmt: skip
        assert found["priority"].dropna().to_dict() == {"c05": 1, "c06": 2, "c04": 3}
        assert len(dealer_density(table, tree)) == 12  # every place, none dropped

    def test_a_general_dealer_of_a_province_is_a_breach(self, tree):
        rows = [*self.ROWS, ("总", "P2"), ("跨", "c08"), ("跨", "c09"), ("县", "c10x"), ("县", "c10")]
        found = dealer_breaches(pd.DataFrame(rows, columns=["dealer", "region"]), tree).set_index("dealer")
        assert found["breach"].to_dict() == {"总": "above_level", "跨": "several_places"}
        assert found["n_places"].to_dict() == {"总": 3, "跨": 2}

    def test_second_level_dealers_do_not_count_and_unknown_ranks_are_errors(self, tree):
        table = pd.DataFrame({"dealer": ["甲", "乙"], "region": ["c01", "P1"], "rank": ["second", "second"]})
        assert dealer_density(table, tree)["n_dealers"].sum() == 0 and dealer_breaches(table, tree).empty
        with pytest.raises(MktError, match="rank 应为"):
            dealer_density(table.assign(rank="总代"), tree)
        with pytest.raises(TableError, match="不在地区树中"):
            dealer_density(table.assign(region="火星"), tree)
