"""The page of worked plans: made again from the code, and what it claims held against the source."""

import importlib.util
from pathlib import Path

import pytest

import mktanalysis as mkt

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_worked_plans.py"


@pytest.fixture(scope="module")
def worked():
    spec = importlib.util.spec_from_file_location("make_worked_plans", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_code_makes(worked):
    assert worked.TARGET.read_text("utf-8") == worked.page(), "run: python scripts/make_worked_plans.py"


def test_jiangsu_has_the_sources_counts_and_roles(worked):
    zones = worked.source_zones().set_index("zone")
    assert zones["capacity"].to_dict() == {"苏南": 108, "苏中": 48, "苏北": 40}
    assert zones["role"].to_dict() == {"苏南": "deepen", "苏中": "open", "苏北": "steady"}


def test_henan_grows_from_the_base_ring_by_ring(worked):
    """Connected from the base, cities before the province, the budget kept: the source's order."""
    plan = worked.henan("county", "410105")
    assert plan.checks["holds"].all()
    assert {"集中", "先撒网后集中"} <= set(plan.steps["action"])
    levels = list(dict.fromkeys(plan.ladder.sort_values("period")["level"]))
    assert levels[0] == "prefecture"
    cities = worked.henan("prefecture", "410100")
    assert cities.ladder["level"].tolist() == ["province"] and cities.checks["holds"].all()
    first = cities.steps[cities.steps["period"] == cities.steps["period"].min()]
    near = mkt.load_edges("prefecture")
    ring = set(near.loc[near["region"] == "410100", "neighbor"])
    assert set(first["region"]) <= ring


def test_hunan_waits_where_the_source_waits_and_says_where_not(worked):
    code = dict(zip(mkt.load_regions().names(), mkt.load_regions().names().index, strict=False))
    near, own = worked.hunan_types("near")["type"], worked.hunan_types("network")["type"]
    assert near[code["长沙市"]] == own[code["长沙市"]] == "战略核心"
    assert list(near.cat.categories) == ["战略核心", "重点开发", "培育", "等待开发"]
    waiting = [code["永州市"], code["湘西土家族苗族自治州"]]
    assert (near[waiting] == "等待开发").all() and near[code["益阳市"]] != "等待开发"
    assert (own[[*waiting, code["益阳市"]]] == "等待开发").all()
    assert (own[[code["衡阳市"], code["邵阳市"]]] != "等待开发").all()
