"""Macro-regions, re-alignment, coverage, people and edits: planted answers and what must hold."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.china import macro_inputs
from mktanalysis.errors import InfeasibleError, MktError, TableError
from mktanalysis.regions import RegionTree
from mktanalysis.territories import (
    carry_over,
    centre_coverage,
    check_plan,
    compare_designs,
    compare_schemes,
    design_for_people,
    design_levels,
    design_macro_regions,
    design_territories,
    edit_plan,
    handovers,
    realign,
    realign_frontier,
    scheme_frontier,
    smallest_relaxation,
)


def board(rows=6, columns=6, seed=0):
    rng = np.random.default_rng(seed)
    cells = [(r, c) for r in range(rows) for c in range(columns)]
    units = pd.DataFrame(
        {
            "region": [f"u{r}{c}" for r, c in cells],
            "x": [float(c) for _, c in cells],
            "y": [float(r) for r, _ in cells],
        }
    )
    units = units.assign(capacity=1 + rng.random(len(cells)))
    near = [
        (f"u{r}{c}", f"u{r + a}{c + b}")
        for r, c in cells
        for a, b in ((0, 1), (1, 0), (0, -1), (-1, 0))
        if (r + a, c + b) in cells
    ]
    return units, pd.DataFrame(near, columns=["region", "neighbor"])


def two_halves(units):
    """A tree of two parents: the three lowest rows and the rest."""
    top = pd.DataFrame({"region": ["all", "p1", "p2"], "level": ["top", "mid", "mid"]})
    top = top.assign(parent=[None, "all", "all"])
    low = pd.DataFrame({"region": units["region"], "level": "low"})
    table = pd.concat([top, low.assign(parent=np.where(units["y"] < 3, "p1", "p2"))], ignore_index=True)
    return RegionTree.from_table(table.assign(name=table["region"]), levels=["top", "mid", "low"])


@pytest.fixture(scope="module")
def china():
    return macro_inputs()


class TestMacroRegions:
    def test_seven_balanced_regions_are_a_scheme_of_the_tree(self, china):
        plan = design_macro_regions(china.units, china.edges, k=7, distance=china.distance, effort=0.1)
        assert plan.figures["proven"] and plan.figures["worst_deviation"] <= 0.1
        tree = mkt.load_regions(scheme=None).with_scheme(plan.assignment)
        assert len(tree.level("macro_region")) == 7
        sums = tree.rollup(china.units.set_index("region")["capacity"], "macro_region")["value"]
        assert (sums / sums.mean() - 1).abs().max() == pytest.approx(plan.figures["worst_deviation"])

    def test_nine_within_ten_per_cent_are_impossible(self, china):
        with pytest.raises(InfeasibleError) as error:
            design_macro_regions(china.units, china.edges, k=9, distance=china.distance, effort=0.1)
        needed = float(error.value.relaxation["needed"].iloc[0])
        wishes = {"k": 9, "distance": china.distance, "effort": 0.1}
        plan = design_macro_regions(china.units, china.edges, tolerance=needed, **wishes)
        assert plan.figures["proven"] and needed - 1e-4 <= plan.figures["worst_deviation"] <= needed
        with pytest.raises(InfeasibleError):
            design_macro_regions(china.units, china.edges, tolerance=needed - 2e-4, **wishes)

    def test_the_optimum_is_better_than_the_schemes_in_use(self, china):
        names = ("seven", "six", "company")
        schemes = {name: mkt.datasets.load_scheme(name) for name in names}
        best = design_macro_regions(china.units, china.edges, k=7, distance=china.distance, effort=0.1)
        schemes["最优"] = best.assignment
        table = compare_schemes(schemes, china.units, china.edges, distance=china.distance, today="seven")
        table = table.set_index("scheme")
        assert table.loc["最优", "travel"] < table.loc["seven", "travel"]
        assert table.loc["seven", "moved_share"] == 0
        assert table.loc["最优", "deviation"] < 0.1 < 1 < table.loc["seven", "deviation"]
        assert table.loc["company", "n_groups"] == 8  # 山东 is run by head office
        assert table.loc["最优", "travel"] == pytest.approx(best.figures["cost"])

    def test_a_scheme_of_some_cities_covers_a_part(self, china):
        some = mkt.datasets.load_scheme("nine_plates")
        with pytest.raises(MktError, match="没有任何一个"):
            compare_schemes({"nine": some}, china.units, china.edges)

    def test_balance_costs_travel(self, china):
        table = scheme_frontier(
            china.units, china.edges, counts=(7,), tolerances=(0.05, 0.1, None), distance=china.distance
        )
        assert np.isnan(table["travel"][0]) and table["deviation"][0] > 0.05
        assert table["travel"][1] >= table["travel"][2] and table["proven"].all()


class TestRealign:
    def test_zero_drift_moves_nothing(self):
        (units, edges) = board()
        today = design_territories(units, edges, n=4, effort=0.1, nodes=0).assignment
        plan = realign(units, edges, today)
        assert len(plan.moves) == 0 and plan.assignment.equals(today.reindex(plan.assignment.index))

    def test_drift_moves_less_than_a_redesign_and_a_tighter_wish_more(self):
        (units, edges) = board()
        today = design_territories(units, edges, n=4, effort=0.1, nodes=0).assignment
        drift = np.exp(np.random.default_rng(1).normal(0, 0.3, len(units)))
        units = units.assign(capacity=units["capacity"] * drift)
        found = realign_frontier(units, edges, today, tolerances=(0.3, 0.15, 0.08), effort=0.2)
        path = found.table[~found.table["free"]]
        assert path["moved_share"].is_monotonic_increasing and (path["n_out"] == 0).all()
        assert path["moved_share"].iloc[-1] <= found.table["moved_share"].iloc[-1]
        for plan in found.plans.values():
            checks = check_plan(plan.assignment, units, edges, plan.conditions, bridges=plan.bridges)
            assert checks["holds"].all(), checks

    @pytest.mark.parametrize("n", [3, 5])
    def test_a_salesman_more_or_fewer(self, n):
        (units, edges) = board()
        today = design_territories(units, edges, n=4, effort=0.1, nodes=0).assignment
        plan = realign(units, edges, today, n=n, measures={"capacity": 0.15}, effort=0.3)
        assert plan.assignment.nunique() == n and plan.figures["n_out"] == 0
        kept = set(plan.assignment) & set(today)
        assert len(kept) == min(n, 4)
        checks = check_plan(plan.assignment, units, edges, plan.conditions)
        assert checks["holds"].all(), checks

    def test_new_units_and_torn_territories_are_joined(self):
        (units, edges) = board(3, 4)
        today = pd.Series({"u00": "甲", "u23": "甲", "u01": "乙", "u10": "乙"})
        plan = realign(units, edges, today, measures={"capacity": 0.3}, effort=0.1)
        checks = check_plan(plan.assignment, units, edges, plan.conditions)
        assert checks["holds"].all(), checks

    def test_least_moves_are_proven_and_agree_with_all_designs(self):
        """Every labelling of eight units in a row and a column, by brute force."""
        (units, edges) = board(2, 4, seed=5)
        today = pd.Series(["甲", "甲", "甲", "乙", "甲", "甲", "乙", "乙"], units["region"])
        plan = realign(units, edges, today, measures={"capacity": 0.12}, effort=0.1)
        load = units.set_index("region")["capacity"]
        least = np.inf
        for number in range(1, 255):
            label = pd.Series(["甲" if number >> i & 1 else "乙" for i in range(8)], units["region"])
            checks = check_plan(label, units, edges, plan.conditions)
            if checks["holds"].all():
                least = min(least, load[label != today].sum() / load.sum())
        assert plan.figures["moved_share"] == pytest.approx(least) == plan.figures["moved_bound"]

    def test_an_impossible_band_is_told(self):
        (units, edges) = board(2, 2)
        units = units.assign(capacity=[5.0, 1.0, 1.0, 1.0])
        today = pd.Series(["甲", "甲", "乙", "乙"], units["region"])
        plan = realign(units, edges, today, effort=0.1)
        assert plan.figures["n_out"] == 2 and any("没有一种分法" in note for note in plan.notes)

    def test_within_a_level_each_part_is_realigned_by_itself(self):
        (units, edges) = board()
        tree = two_halves(units)
        wishes = {"within": "mid", "measures": {"capacity": 0.2}}
        plan = design_territories(units, edges, tree, n=6, effort=0.1, **wishes)
        drift = np.exp(np.random.default_rng(3).normal(0, 0.4, len(units)))
        later = units.assign(capacity=units["capacity"] * drift)
        moved = realign(later, edges, plan.assignment, tree, effort=0.2, **wishes)
        checks = check_plan(moved.assignment, later, edges, moved.conditions, tree=tree)
        assert checks["holds"].all(), checks
        assert moved.figures["moved_share"] > 0 and moved.figures["moved_bound"] > 0
        crossing = design_territories(units, edges, n=5, effort=0.1).assignment
        with pytest.raises(MktError, match="跨越"):
            realign(later, edges, crossing, tree, **wishes)

    def test_a_team_stays_a_team(self):
        (units, edges) = board()
        units = units.assign(capacity=np.where(units.index < 1, 20.0, units["capacity"]))
        plan = design_territories(units, edges, n=6, effort=0.1)
        people = plan.territories.set_index("territory")["heads"]
        assert people.max() == 2
        same = realign(units, edges, plan.assignment, people=people)
        assert len(same.moves) == 0 and same.territories["heads"].sum() == 6
        code = next(c for c, t in plan.assignment.items() if people[t] == 1)
        other = next(t for t in people.index if t != plan.assignment[code] and people[t] == 1)
        edited = edit_plan(plan, units, edges, moves={code: other})
        assert edited.assignment[code] == other and edited.territories["heads"].sum() == 6

    def test_together_is_kept(self):
        (units, edges) = board()
        today = design_territories(units, edges, n=4, effort=0.1, nodes=0).assignment
        one, other = today.groupby(today).head(1).index[:2]
        plan = realign(units, edges, today, together=((one, other),), measures={"capacity": 0.5}, effort=0.2)
        assert plan.assignment[one] == plan.assignment[other]
        checks = check_plan(plan.assignment, units, edges, plan.conditions)
        assert checks.set_index("condition").loc["连通", "holds"]

    def test_a_lock_to_no_territory_of_today_is_refused(self):
        (units, edges) = board(3, 3)
        today = pd.Series(np.where(units["x"] < 1, "甲", "乙"), units["region"])
        with pytest.raises(MktError, match="现有片区以外"):
            realign(units, edges, today, locks={"u00": "丙"})

    def test_handovers_are_dated(self):
        (units, edges) = board(3, 4)
        units = units.assign(customers=np.arange(12.0))
        today = pd.Series(np.where(units["x"] < 1, "甲", "乙"), units["region"])
        plan = realign(units, edges, today, measures={"capacity": 0.25}, effort=0.1)
        table = handovers(plan, units, effective="2026-01-01")
        assert len(table) == len(plan.moves) > 0
        customers = units.set_index("region").loc[plan.moves["region"], "customers"]
        assert table["customers"].sum() == customers.sum()
        assert (table["effective"] == pd.Timestamp("2026-01-01")).all()

    def test_carried_over_by_the_crosswalk(self):
        walk = pd.DataFrame({"old": ["a", "a", "b"], "new": ["c", "d", "d"], "share": [0.3, 0.7, 1.0]})
        carried = carry_over(pd.Series({"a": "甲", "b": "乙", "e": "丙"}), walk)
        assert carried.to_dict() == {"e": "丙", "c": "甲", "d": "乙"}


class TestCoverage:
    def test_the_seed_s_cases(self):
        cities = macro_inputs("prefecture").units
        sites = cities.set_index("name").loc[["上海", "成都", "南京"], ["lon", "lat"]]
        sites = sites.rename_axis("centre").reset_index()
        tree = mkt.load_regions(scheme=None)
        home = tree.names(tree.parents("province", cities["region"])).to_numpy()
        found = centre_coverage(cities, sites, radius=300, groups=pd.Series(home, cities["region"]))
        shares = found.shares.set_index("group")
        assert shares.loc["浙江省", "上海"] > 0.75 and shares.loc["安徽省", "上海"] < 0.15
        assert shares.loc["云南省", "成都"] == 0 and shares.loc["安徽省", "南京"] > 0.8

    def test_counted_by_hand(self):
        units = pd.DataFrame({"region": list("abcde"), "capacity": [1.0, 2, 3, 4, 5], "y": 0.0})
        units = units.assign(x=[0.0, 1, 2, 3, 10])
        centres = pd.DataFrame({"centre": ["A", "B"], "x": [0.0, 2.0], "y": 0.0})
        found = centre_coverage(units, centres, radius=1)
        assert found.centres["in_reach"].tolist() == [3.0, 9.0]
        assert found.overlap[["shared", "shared_share"]].values.tolist() == [[2.0, 2 / 3]]
        assert found.gaps["region"].tolist() == ["e"] and found.covered_share == pytest.approx(10 / 15)
        assert found.next_centres.values.tolist() == [["e", 5.0, 5 / 15, 1.0]]
        longer = centre_coverage(units, centres, radius=1, road_factor=1.3)
        assert longer.covered_share == pytest.approx(4 / 15)

    def test_nothing_to_cover_is_refused(self):
        units = pd.DataFrame({"region": ["a"], "capacity": 0.0, "x": 0.0, "y": 0.0})
        with pytest.raises(TableError, match="没有可覆盖"):
            centre_coverage(units, pd.DataFrame({"centre": ["A"], "x": 0.0, "y": 0.0}), radius=1)

    def test_bad_centres_are_refused(self):
        units = pd.DataFrame({"region": ["a"], "capacity": 1.0, "x": 0.0, "y": 0.0})
        twice = pd.DataFrame({"centre": ["A", "A"], "x": 0.0, "y": 0.0})
        with pytest.raises(TableError, match="重名") as error:
            centre_coverage(units, twice, radius=-1, road_factor=0.5)
        assert len(error.value.problems) == 3


class TestPeople:
    def test_each_person_gets_the_land_around_the_home(self):
        (units, edges) = board()
        people = pd.DataFrame({"name": ["东", "西", "北"], "region": ["u25", "u20", "u53"]})
        plan = design_for_people(units, edges, people, measures={"capacity": 0.15}, effort=0.2)
        assert set(plan.assignment) == {"东", "西", "北"}
        checks = check_plan(plan.assignment, units, edges, plan.conditions)
        assert checks["holds"].all(), checks
        assert plan.figures["bound"] <= plan.figures["cost"] + 1e-9

    def test_levels_nest(self):
        (units, edges) = board()
        found = design_levels(
            units, edges, counts={"片区": 9, "区域": 3, "大区": 1}, measures={"capacity": 0.2}, effort=0.1
        )
        assert found.assignment.nunique().tolist() == [9, 3, 1]
        assert (found.assignment.groupby("片区")["区域"].nunique() == 1).all()
        sums = [plan.territories["capacity"].sum() for plan in found.plans]
        assert sums == pytest.approx([units["capacity"].sum()] * 3)

    def test_a_group_goes_to_the_person_of_one_of_its_units(self):
        (units, edges) = board()
        people = pd.DataFrame({"name": ["东", "西"], "region": ["u25", "u20"]})
        group = {"together": (("u00", "u01"),), "measures": {"capacity": 0.2}, "effort": 0.1}
        with pytest.raises(TableError, match="锁定给某人"):
            design_for_people(units, edges, people, **group)
        plan = design_for_people(units, edges, people, locks={"u00": "东"}, **group)
        assert plan.assignment["u00"] == plan.assignment["u01"] == "东"

    def test_bad_people_are_refused(self):
        (units, edges) = board(3, 3)
        people = pd.DataFrame({"name": ["张", "张"], "region": ["u00", "zz"]})
        with pytest.raises(TableError, match="重名") as error:
            design_for_people(units, edges, people)
        assert "住处不在单元表中" in str(error.value)


class TestEdits:
    def test_a_move_by_hand_stays_and_the_rest_follows(self):
        (units, edges) = board()
        plan = design_territories(units, edges, n=4, measures={"capacity": 0.12}, effort=0.1, nodes=0)
        border = edges[edges["region"].map(plan.assignment) != edges["neighbor"].map(plan.assignment)].iloc[0]
        edited = edit_plan(plan, units, edges, moves={border["region"]: plan.assignment[border["neighbor"]]})
        assert edited.assignment[border["region"]] == plan.assignment[border["neighbor"]]
        assert edited.figures["n_out"] == 0 and edited.figures["moved_share"] < 0.3
        table = compare_designs({"前": plan, "后": edited}, units, today=plan.assignment)
        assert table["n_moved"].tolist() == [0, len(edited.moves)]

    def test_kept_territories_stay(self):
        (units, edges) = board()
        plan = design_territories(units, edges, n=4, measures={"capacity": 0.2}, effort=0.1, nodes=0)
        (kept, *_) = sorted(set(plan.assignment))
        code = next(c for c, t in plan.assignment.items() if t != kept)
        edited = edit_plan(plan, units, edges, moves={code: plan.assignment[code]}, keep=(kept,))
        inside = plan.assignment.index[(plan.assignment == kept).to_numpy()]
        assert (edited.assignment[inside] == kept).all()

    def test_unknown_names_are_refused(self):
        (units, edges) = board(3, 3)
        plan = design_territories(units, edges, n=2, measures={"capacity": 0.3}, effort=0.05)
        with pytest.raises(MktError, match="没有这些片区"):
            edit_plan(plan, units, edges, moves={"u00": "火星"})
        with pytest.raises(MktError, match="没有这些单元"):
            edit_plan(plan, units, edges, moves={"zz": plan.assignment.iloc[0]})

    def test_what_to_loosen(self):
        (units, edges) = board(3, 4)
        locks = dict.fromkeys(("u00", "u01", "u02", "u03", "u10", "u11", "u12"), "甲")
        wishes = {"measures": {"capacity": 0.2}, "locks": locks}
        table = smallest_relaxation(units, edges, n=3, **wishes)
        tolerance = table[table["condition"] == "容差 capacity"]["needed"].iloc[0]
        wider = {**wishes, "measures": {"capacity": float(tolerance)}}
        loose = design_territories(units, edges, n=3, **wider)
        assert loose.figures["n_out"] == 0
        assert smallest_relaxation(units, edges, n=3, measures={"capacity": 0.3}).empty
