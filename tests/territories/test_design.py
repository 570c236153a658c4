"""Designs: what an analyst may ask for, what is refused, and the independent check of every condition."""

import numpy as np
import pandas as pd
import pytest

from mktanalysis.errors import InfeasibleError, MktError, TableError
from mktanalysis.planning.people import heads
from mktanalysis.regions import RegionTree
from mktanalysis.territories import (
    Conditions,
    TerritoryDesigner,
    check_plan,
    design_territories,
    smallest_relaxation,
)


def board(rows=6, columns=6, seed=0):
    """Units on a grid and their borders."""
    rng = np.random.default_rng(seed)
    cells = [(r, c) for r in range(rows) for c in range(columns)]
    codes = [f"u{r}{c}" for r, c in cells]
    units = pd.DataFrame({"region": codes, "x": [c for _, c in cells], "y": [r for r, _ in cells]})
    units = units.assign(capacity=1 + rng.random(len(cells)), people=1 + rng.random(len(cells)))
    near = [
        (f"u{r}{c}", f"u{r + a}{c + b}")
        for r, c in cells
        for a, b in ((0, 1), (1, 0), (0, -1), (-1, 0))
        if (r + a, c + b) in cells
    ]
    return units, pd.DataFrame(near, columns=["region", "neighbor"])


def holds(plan, units, edges, tree=None):
    about = {"tree": tree, "bridges": plan.bridges}
    people = plan.territories.set_index("territory")["heads"]
    for told in (None, people):  # shared by load, or as told
        checks = check_plan(plan.assignment, units, edges, plan.conditions, heads=told, **about)
        assert checks["holds"].all(), checks
    return plan


def test_all_conditions_hold_and_the_sums_agree():
    (units, edges) = board()
    plan = holds(design_territories(units, edges, n=5, effort=0.1), units, edges)
    assert plan.figures["proven"] and plan.gap == pytest.approx(0, abs=1e-9)
    assert plan.territories["capacity"].sum() == pytest.approx(units["capacity"].sum())
    assert (
        plan.territories["n_units"].sum() == len(units)
        and plan.assignment.index.tolist() == units["region"].tolist()
    )
    assert plan.figures["bound"] <= plan.figures["cost"] + 1e-9


def test_two_hard_measures():
    (units, edges) = board()
    plan = design_territories(units, edges, n=4, measures={"capacity": 0.1, "people": 0.12}, effort=0.2)
    holds(plan, units, edges)


def test_rows_names_and_repeats_change_nothing():
    (units, edges) = board(seed=3)
    units = units.assign(x=units["x"] + np.random.default_rng(0).random(len(units)) / 9)
    first = design_territories(units, edges, n=4, effort=0.1, nodes=0).assignment
    again = design_territories(
        units.sample(frac=1, random_state=1), edges.sample(frac=1, random_state=2), n=4, effort=0.1, nodes=0
    )
    assert first.to_dict() == again.assignment.to_dict()
    new = {code: f"x{number}" for number, code in enumerate(sorted(units["region"], reverse=True))}
    renamed = design_territories(
        units.assign(region=units["region"].map(new)), edges.replace(new), n=4, effort=0.1, nodes=0
    )
    groups = first.groupby(first).groups.values()
    others = renamed.assignment.groupby(renamed.assignment).groups.values()
    assert {frozenset(new[c] for c in g) for g in groups} == {frozenset(g) for g in others}


def test_inputs_stay_as_they_are():
    (units, edges) = board(4, 4)
    before = (units.copy(), edges.copy())
    design_territories(units, edges, n=3, effort=0.05)
    pd.testing.assert_frame_equal(units, before[0])
    pd.testing.assert_frame_equal(edges, before[1])


def test_wishes_are_kept():
    (units, edges) = board()
    plan = design_territories(
        units, edges, n=4, measures={"capacity": 0.25}, effort=0.2, seats=("u00", "u55"),
        locks={"u01": "u00", "u33": "北片"}, together=(("u50", "u51"),), apart=(("u22", "u23"),),
    )  # fmt: skip
    holds(plan, units, edges)
    assert plan.assignment["u01"] == plan.assignment["u00"] == "u00" and plan.assignment["u33"] == "北片"
    seats = plan.territories.set_index("territory")["seat"]
    assert seats["u00"] == "u00" and seats["u55"] == "u55"


def test_a_large_unit_gets_a_territory_of_several_people():
    (units, edges) = board()
    units.loc[0, "capacity"] = units["capacity"].iloc[1:].sum() / 2  # a third of all
    plan = holds(design_territories(units, edges, n=6, effort=0.1), units, edges)
    team = plan.territories[plan.territories["seat"] == "u00"].iloc[0]
    assert team["heads"] == 2 and team["holds"] and 0.9 <= team["load"] <= 1.1
    assert plan.territories["heads"].sum() == 6 and len(plan.territories) == 5
    assert plan.tolerance_unit == "u00" and plan.figures["tolerance_bound"] == pytest.approx(1.0)


def test_a_unit_too_large_for_one_and_too_small_for_two_shares_with_its_neighbours():
    (units, edges) = board()
    units.loc[0, "capacity"] = units["capacity"].iloc[1:].sum() / 4 * 1.35
    plan = holds(design_territories(units, edges, n=5, effort=0.1), units, edges)
    team = plan.territories[plan.territories["heads"] == 2].iloc[0]
    assert plan.assignment["u00"] == team["territory"] and team["n_units"] > 1 and team["holds"]
    assert plan.figures["n_out"] == 0 and any("2 人共管" in note for note in plan.notes)
    assert plan.figures["bound"] <= plan.figures["cost"] + 1e-9


def test_one_person_each_names_the_unit_above_the_tolerance():
    (units, edges) = board(7, 7)
    units.loc[0, "capacity"] = units["capacity"].iloc[1:].sum() / 4 * 1.35
    plan = design_territories(units, edges, n=5, effort=0.1, teams=False)
    out = plan.territories.set_index("seat").loc["u00"]
    assert not out["holds"] and out["reason"] == "单元不可再分" and (plan.territories["heads"] == 1).all()
    assert plan.tolerance_unit == "u00" and any("u00" in note for note in plan.notes)
    assert plan.figures["tolerance_bound"] <= plan.figures["worst_deviation"] + 1e-9


def halves(units):
    """A tree of two parents: the two lowest rows and the rest."""
    parent = np.where(units["y"] < 2, "p1", "p2")
    table = pd.concat(
        [
            pd.DataFrame(
                {
                    "region": ["all", "p1", "p2"],
                    "level": ["top", "mid", "mid"],
                    "parent": [None, "all", "all"],
                }
            ),
            pd.DataFrame({"region": units["region"], "level": "low", "parent": parent}),
        ]
    ).assign(name=lambda t: t["region"])
    return RegionTree.from_table(table.reset_index(drop=True), levels=["top", "mid", "low"])


def test_nested_in_parents():
    (units, edges) = board()
    tree = halves(units)
    plan = design_territories(units, edges, tree, n=6, within="mid", measures={"capacity": 0.2}, effort=0.1)
    holds(plan, units, edges, tree)
    assert plan.territories.groupby("parent").size().to_dict() == {"p1": 2, "p2": 4}
    with pytest.raises(InfeasibleError, match="每个至少要 1 个片区"):
        design_territories(units, edges, tree, n=1, within="mid")


def test_people_of_the_parents_may_be_given():
    (units, edges) = board()
    tree = halves(units)
    wishes = {"within": "mid", "measures": {"capacity": 0.25}, "effort": 0.1}
    people = heads(pd.Series({"p1": 2.6, "p2": 2.2}), total=6, least=1)  # another share than the load's
    plan = holds(design_territories(units, edges, tree, n=6, heads=people, **wishes), units, edges, tree)
    assert plan.territories.groupby("parent")["heads"].sum().to_dict() == {"p1": 3, "p2": 3}
    with pytest.raises(TableError, match="没有给人数") as error:
        design_territories(units, edges, tree, n=6, heads={"p1": 3, "p9": 1}, **wishes)
    assert "不能派人" in str(error.value) and "合计 4" in str(error.value)
    with pytest.raises(TableError, match="同时给 within"):
        design_territories(units, edges, n=6, heads={"p1": 3, "p2": 3})


def test_more_people_than_units_of_a_parent_share_its_units():
    (units, edges) = board()
    units = units.assign(capacity=np.where(units["y"] < 2, 50.0, 1.0))  # a parent of 12 units gets 32 people
    plan = design_territories(units, edges, halves(units), n=34, within="mid", effort=0.1)
    people = plan.territories.groupby("parent")["heads"].sum()
    assert people.sum() == 34 and people["p1"] == 32
    assert (plan.territories["parent"] == "p1").sum() == 12
    with pytest.raises(InfeasibleError, match="分不成"):
        design_territories(units, edges, halves(units), n=34, within="mid", effort=0.1, teams=False)


def test_a_seat_that_is_too_large_is_told():
    (units, edges) = board(7, 7)
    units = units.assign(capacity=np.where(units.index < 1, 40.0, 1.0))
    with pytest.raises(InfeasibleError, match="已证明") as error:
        design_territories(units.iloc[:14], edges, n=5, effort=0.1, seats=("u00",))
    assert error.value.relaxation["needed"].iloc[0] == pytest.approx(40 * 5 / 53 - 1, abs=1e-4)
    plan = design_territories(units, edges, n=5, effort=0.1, seats=("u00",))
    out = plan.territories.set_index("territory").loc["u00"]
    assert not out["holds"] and out["heads"] == 1  # a named seat is one person's


def test_today_s_names_may_be_numbers():
    (units, edges) = board(4, 4)
    today = pd.Series(np.where(units["x"] < 2, 1, 2), units["region"])
    plan = design_territories(units, edges, n=2, measures={"capacity": 0.3}, current=today, effort=0.1)
    assert set(plan.assignment) == {"1", "2"}


def test_islands_are_bridged_and_said():
    (units, edges) = board(3, 4)
    cut = edges[~edges["region"].isin(["u03"]) & ~edges["neighbor"].isin(["u03"])]
    plan = design_territories(units, cut, n=3, measures={"capacity": 0.3}, effort=0.1)
    holds(plan, units, cut)
    assert len(plan.bridges) == 1 and "u03" in plan.bridges[0] and "u03" in plan.notes[0]
    one = design_territories(units, cut, n=1, effort=0.1)
    assert one.assignment.nunique() == 1 and len(one.bridges) == 1


def test_zero_measures_are_fine():
    (units, edges) = board(4, 4)
    units.loc[:3, "capacity"] = 0.0
    holds(design_territories(units, edges, n=3, measures={"capacity": 0.25}, effort=0.1), units, edges)


def test_today_is_kept_by_name_and_moves_are_listed():
    (units, edges) = board()
    today = pd.Series(np.where(units["x"] < 3, "甲", "乙"), units["region"])
    plan = design_territories(units, edges, n=3, measures={"capacity": 0.15}, current=today, effort=0.1)
    assert {"甲", "乙"} < set(plan.assignment)
    moved = plan.assignment.index[(plan.assignment != today.reindex(plan.assignment.index)).to_numpy()]
    assert sorted(plan.moves["region"]) == sorted(moved)
    assert plan.figures["moved_share"] == pytest.approx(
        plan.moves["capacity"].sum() / units["capacity"].sum()
    )


def test_no_design_is_told_with_the_least_relaxation():
    (units, edges) = board(2, 3)
    units = units.assign(capacity=[1.0, 1.0, 1.0, 1.0, 1.0, 1.3])
    with pytest.raises(InfeasibleError, match="已证明") as error:
        design_territories(units, edges, n=2, measures={"capacity": 0.01}, effort=0.05)
    needed = error.value.relaxation["needed"].iloc[0]
    holds(design_territories(units, edges, n=2, measures={"capacity": needed}, effort=0.05), units, edges)


def test_distances_may_be_given():
    (units, edges) = board(4, 4)
    points = units[["x", "y"]].to_numpy(float)
    matrix = pd.DataFrame(
        np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)), units["region"], units["region"]
    )
    ours = design_territories(
        units.drop(columns=["x", "y"]), edges, n=3, measures={"capacity": 0.3}, distance=matrix
    )
    theirs = design_territories(units, edges, n=3, measures={"capacity": 0.3})
    assert ours.figures["cost"] == pytest.approx(theirs.figures["cost"])


def test_fewest_borders():
    (units, edges) = board(4, 4)
    plan = design_territories(
        units.assign(capacity=1.0), edges, n=2, measures={"capacity": 0.0}, objective="borders", effort=0.1
    )
    assert plan.figures["cost"] == 4 and plan.figures["proven"]


def test_the_designer_remembers_its_plan():
    (units, edges) = board(3, 3)
    designer = TerritoryDesigner(2, measures={"capacity": 0.3}, effort=0.05)
    labels = designer.fit_predict(units, edges)
    assert labels.equals(designer.labels_) and designer.plan_.assignment.equals(labels)


BAD = {
    "no code": (lambda u, e: (u.assign(region=u["region"].where(u.index > 0)), e), {}, "缺少地区代码"),
    "more apart than people": (
        lambda u, e: (u, e),
        {"apart": (("u00", "u01", "u02", "u10"),)},
        "多于 n = 3",
    ),
    "unknown distance": (
        lambda u, e: (u, e),
        {"distance": pd.DataFrame(np.nan, board(3, 3)[0]["region"], board(3, 3)[0]["region"])},
        "缺失或为负",
    ),
    "repeated": (lambda u, e: (pd.concat([u, u.iloc[:1]]), e), {}, "地区代码重复"),
    "missing figure": (lambda u, e: (u.assign(capacity=u["capacity"].where(u.index > 0)), e), {}, "缺少数值"),
    "negative": (lambda u, e: (u.assign(capacity=-1.0), e), {}, "不能为负"),
    "all zero": (lambda u, e: (u.assign(capacity=0.0), e), {}, "无法均分"),
    "no column": (lambda u, e: (u, e), {"measures": {"sales": 0.1}}, "缺少这一列"),
    "too many": (lambda u, e: (u, e), {"n": 99}, "多于单元数"),
    "no points": (lambda u, e: (u.drop(columns=["x"]), e), {}, "缺少这一列"),
    "other edges": (lambda u, e: (u, e.assign(region="z", neighbor="y")), {}, "没有任何一对"),
    "unknown lock": (lambda u, e: (u, e), {"locks": {"zz": "甲"}}, "没有这个单元"),
    "seat locked away": (
        lambda u, e: (u, e),
        {"seats": ("u00",), "locks": {"u00": "甲"}},
        "锁定到另一个片区",
    ),
    "together and apart": (
        lambda u, e: (u, e),
        {"together": (("u00", "u01"),), "apart": (("u00", "u01"),)},
        "既要求同片区又要求分开",
    ),
    "locked apart": (
        lambda u, e: (u, e),
        {"locks": {"u00": "甲", "u01": "甲"}, "apart": (("u00", "u01"),)},
        "又要求分开",
    ),
    "together but locked": (
        lambda u, e: (u, e),
        {"locks": {"u00": "甲", "u01": "乙"}, "together": (("u00", "u01"),)},
        "被锁定到不同片区",
    ),
    "more names than people": (
        lambda u, e: (u, e),
        {"locks": {"u00": "甲", "u01": "乙", "u02": "丙", "u10": "丁"}},
        "多于 n",
    ),
    "within without a tree": (lambda u, e: (u, e), {"within": "province"}, "需要地区树"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_words(case):
    (spoil, wishes, message) = BAD[case]
    (units, edges) = spoil(*board(3, 3))
    with pytest.raises(TableError, match=message):
        design_territories(units, edges, **{"n": 3, **wishes})


def test_locks_that_leave_no_unit_are_refused():
    (units, edges) = board(3, 3)
    with pytest.raises(InfeasibleError, match="不够另外 1 个片区"):
        design_territories(units, edges, n=2, locks=dict.fromkeys(units["region"], "甲"))


def test_units_that_cannot_be_apart_are_told():
    units = pd.DataFrame({"region": list("abcd"), "capacity": [0.1, 0.1, 2.0, 2.2], "x": range(4), "y": 0.0})
    edges = pd.DataFrame({"region": list("abc"), "neighbor": list("bcd")})
    wishes = {"apart": (("a", "b"),), "locks": {"c": "乙", "d": "丙"}, "measures": {"capacity": 0.2}}
    plan = design_territories(units, edges, n=2, effort=0.1, **wishes)  # a is reached through b alone
    assert any("仍在同一片区" in note for note in plan.notes) and not plan.figures["proven"]
    checks = check_plan(plan.assignment, units, edges, plan.conditions).set_index("condition")
    assert not checks.loc["分开：a、b", "holds"]
    assert "apart" in smallest_relaxation(units, edges, n=2, **wishes)["condition"].tolist()


def test_all_problems_at_once():
    (units, edges) = board(3, 3)
    with pytest.raises(TableError) as error:
        design_territories(units.assign(capacity=-1.0), edges, n=99, locks={"zz": "甲"})
    found = error.value.problems["problem"]
    assert (found == "不能为负").sum() == 9 and found.str.contains("多于单元数").any()
    assert found.str.contains("没有这个单元").any()


def test_today_with_unknown_units_is_refused():
    (units, edges) = board(3, 3)
    with pytest.raises(TableError, match="单元表以外"):
        design_territories(units, edges, n=2, current=pd.Series({"zz": "甲"}))


def test_settings_are_strict():
    with pytest.raises(MktError, match="没有这一项"):
        Conditions(n=2, tolerance=0.1)


def test_the_review_finds_what_is_broken():
    (units, edges) = board(3, 3)
    labels = pd.Series(["a", "b", "a", "b", "b", "b", "b", "b", "b"], units["region"])
    checks = check_plan(labels, units, edges, Conditions(n=2)).set_index("condition")
    assert not checks.loc["连通", "holds"] and not checks.loc["市场容量在均值 ±10% 内", "holds"]
    lost = check_plan(labels.iloc[1:], units, edges, Conditions(n=2))
    assert not lost["holds"].all()
