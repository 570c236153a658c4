"""The plan: no figure, no line; zones and market types of the source plans from figures; twelve targets."""

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import InfeasibleError, MktError, TableError
from mktanalysis.planning import set_quotas
from mktanalysis.planning.document import (
    TARGETS,
    PlanInputs,
    ZoneRule,
    market_facts,
    phase_dates,
    plan_budget,
    plan_document,
    swot,
    targets_table,
    zone_roles,
    zone_table,
)

#: The source's plan of 江苏: outlets at saturation by zone; distributors stand in 徐州 连云港 盐城 苏州 南京;
#: an outlet of 苏北 sells at most 70% of one of 苏中; upkeep in 苏北 is dear. Outlets held are made up.
JIANGSU = pd.DataFrame(
    {
        "zone": ["苏南", "苏中", "苏北"],
        "capacity": [48 + 60, 23 + 25, 40],
        "held": [20, 3, 12],
        "productivity": [1.0, 1.0, 0.7],
        "cost": [1.0, 1.0, 1.2],
        "places": [5, 3, 5],
        "covered": [2, 0, 3],
    }
)


def facts(**values):
    return pd.DataFrame({"fact": list(values), "value": list(values.values()), "source": "公司台账"})


class TestSwot:
    def test_no_figure_no_line(self):
        assert swot(facts(own_rank=np.nan, coverage=0.9)).empty

    def test_lines_by_hand(self):
        found = swot(
            facts(
                own_rank=3, own_share=0.4, rival_share=0.2, coverage=0.79, penetration=0.0499, top3_share=0.6
            )
        )
        assert found["side"].tolist() == ["strength", "strength", "weakness", "opportunity", "threat"]
        assert found["text"].iloc[1] == "本公司份额 40.0%，不低于最强对手的两倍（40.0%）"
        assert found["rule"].tolist()[:2] == ["本公司名次 ≤ 3", "本公司份额 ≥ 2 × 最强对手份额"]
        assert (found["source"] == "公司台账").all()

    @pytest.mark.parametrize(
        "given, side",
        [
            ({"own_rank": 4}, "weakness"),
            ({"completion": 0.89}, "weakness"),
            ({"tracking_signal": -4.01}, "weakness"),
            ({"growth": 0.06, "nation_growth": 0.05}, "opportunity"),
            ({"growth": 0.04, "nation_growth": 0.05}, "threat"),
            ({"rival_share": 0.21, "own_share": 0.2}, "threat"),
        ],
    )
    def test_each_rule_at_its_edge(self, given, side):
        assert swot(facts(**given))["side"].tolist() == [side]

    def test_the_edge_itself(self):
        assert swot(facts(tracking_signal=-4.0, completion=0.9, penetration=0.05, coverage=0.8)).empty
        with pytest.raises(MktError, match="没有来源"):
            swot(facts(own_rank=1).assign(source=""))
        with pytest.raises(MktError, match="重复"):
            swot(pd.concat([facts(own_rank=1), facts(own_rank=2)]))

    def test_facts_from_the_tables_of_the_chain(self):
        units = pd.DataFrame({"capacity": [3e8, 1e8], "own_share": [0.4, 0.0], "growth": [0.1, 0.02]})
        units = units.assign(rival_1=[0.1, 0.2], rival_2=[0.05, 0.6])
        density = pd.DataFrame({"n_dealers": [2, 0]})
        more = pd.DataFrame({"fact": ["penetration"], "value": [0.03], "source": ["年鉴"]})
        found = market_facts(units, source="公司", nation_growth=0.05, density=density, more=more)
        value = found.set_index("fact")["value"]
        # own .3; rivals .125 and .1875; growth (.1 x 3 + .02) / 4
        assert value["own_share"] == pytest.approx(0.3) and value["rival_share"] == pytest.approx(0.1875)
        assert value["own_rank"] == 1 and value["top3_share"] == pytest.approx(0.6125)
        assert value["growth"] == pytest.approx(0.08) and value["coverage"] == 0.5
        sides = swot(found)["side"].tolist()
        assert sides == ["strength", "weakness", "opportunity", "opportunity", "threat"]


class TestZones:
    def test_jiangsu_as_the_source_decides(self):
        found = zone_roles(JIANGSU).set_index("zone")
        assert found["role"].to_dict() == {"苏南": "deepen", "苏中": "open", "苏北": "steady"}
        assert found["capacity"].sum() == 196  # the source's total at saturation
        # 0.7 / 1.2 over the mean (108 + 48 + 40 x 0.583) / 196
        assert found.loc["苏北", "return_index"] == pytest.approx((0.7 / 1.2) / 0.915, abs=0.001)
        assert "64%" in found.loc["苏北", "reason"]

    def test_jiangsu_from_the_built_in_figures(self):
        """Retail sales by county-level unit and the dealers' cities of the source: the same three roles."""
        tree = mkt.load_regions()
        cities = tree.subtree("320000").level("prefecture")
        panel = mkt.load_panel("retail_sales")
        retail = panel[panel["period"] == "2023"].set_index("region")["value"]
        places = pd.DataFrame({"region": cities, "capacity": [float(len(tree.children(c))) for c in cities]})
        places = places.assign(held=0.0, market=places["region"].map(retail))
        named = mkt.resolve_names(["徐州市", "连云港市", "盐城市", "苏州市", "南京市"], tree)
        density = pd.DataFrame({"region": cities, "n_dealers": cities.isin(named).astype(int)})
        zones = zone_table(places, mkt.load_scheme("jiangsu_parts"), density=density)
        assert zones.set_index("zone")["places"].to_dict() == {"苏南": 5, "苏中": 3, "苏北": 5}
        role = zone_roles(zones).set_index("zone")["role"]
        assert role.to_dict() == {"苏南": "deepen", "苏中": "open", "苏北": "steady"}
        with pytest.raises(MktError, match="没有分区的地区：320100"):
            zone_table(places, pd.Series({"320200": "苏南"}))

    def test_equal_numbers_sell_seventy_percent(self):
        equal = JIANGSU.assign(capacity=40, held=0, cost=1.0)
        value = zone_roles(equal).set_index("zone")["value"]
        assert value["苏北"] == pytest.approx(0.7 * value["苏中"])

    def test_rules_are_data_and_bad_zones_are_named(self):
        role = zone_roles(JIANGSU, rule=ZoneRule(low_return=0.5)).set_index("zone")["role"]
        assert role["苏北"] == "deepen"  # not dear enough to stay steady, and covered
        with pytest.raises(TableError) as error:
            zone_roles(JIANGSU.assign(covered=[6, 0, 3], held=[np.nan, 1, 1], places=[5, 0, 5]))
        assert len(error.value.problems) == 3

    def test_hunan_market_types_from_figures(self):
        """The source waits with 吉首, 永州 and 益阳, and starts in 长沙.

        Capacity and nearness to 长沙 alone give 长沙, 永州 and 吉首 (湘西) as the source has them, but not
        益阳, which is near: the source looks at its own dealers. With them as position all four agree.
        """
        tree = mkt.load_regions()
        units = mkt.market_units("prefecture", within="430000").set_index("region")
        points = mkt.load_table("points").set_index("region").loc[units.index]
        away = np.hypot(points["lon"] - points["lon"]["430100"], points["lat"] - points["lat"]["430100"])
        near = mkt.tiering.market_types(units["capacity"], -away)["type"].astype(str)
        code = dict(zip(tree.names(units.index), units.index, strict=True))
        waiting = [code["永州市"], code["湘西土家族苗族自治州"], code["益阳市"]]
        assert near[code["长沙市"]] == "重点开发"
        assert near[waiting].tolist() == ["等待开发", "等待开发", "重点开发"]
        dealers = pd.Series(1.0, units.index)
        dealers[waiting] = 0.0
        dealers[code["长沙市"]] = 2.0
        own = mkt.tiering.market_types(units["capacity"], dealers, cuts=(None, (2.0, 1.0)))["type"].astype(
            str
        )
        assert own[code["长沙市"]] == "重点开发" and (own[waiting] == "等待开发").all()
        assert own[code["邵阳市"]] != "等待开发" and own[code["衡阳市"]] != "等待开发"


class TestTables:
    def test_twelve_targets_and_what_is_not_given(self):
        given = pd.DataFrame(
            {"target": ["share", "profit"], "base": ["5%", None], "target_value": ["8%", "1"]}
        )
        found = targets_table(given.assign(owner="经理", source="公司")).set_index("target")
        assert list(found.index) == list(TARGETS) and len(found) == 12
        assert found.loc["share", "target_value"] == "8%" and found.loc["profit", "base"] == "未提供"
        assert (found.loc["rival_gap", ["base", "target_value", "owner"]] == "未提供").all()
        with pytest.raises(MktError, match="不认识"):
            targets_table(pd.DataFrame({"target": ["利润"]}))

    def test_phases_of_the_source(self):
        starts = pd.DataFrame({"region": ["a"], "start": pd.PeriodIndex(["2025-11"], freq="M")})
        found = phase_dates(starts)
        assert found["first"].astype(str).tolist() == ["2025-11", "2026-01", "2026-03", "2026-05"]
        assert (found["first"].iloc[1:].to_numpy() == (found["last"].iloc[:-1] + 1).to_numpy()).all()

    def test_a_budget_sums_or_says_what_is_missing(self):
        lines = pd.DataFrame({"item": ["人员", "样板店"], "amount": [6e5, 2e5], "basis": ["6 人", "4 家"]})
        found = plan_budget(lines, total=1e6)
        assert found["amount"].iloc[:-1].sum() == found["amount"].iloc[-1] == 1e6
        assert found["share"].iloc[:-1].sum() == pytest.approx(1.0)
        with pytest.raises(InfeasibleError, match="超出总额 300,000"):
            plan_budget(lines, total=5e5)
        with pytest.raises(TableError):
            plan_budget(lines.assign(amount=[np.nan, -1.0], item="人员"))

    def test_lines_of_counts_and_unit_costs(self):
        lines = pd.DataFrame(
            {"item": ["人员", "样板店"], "count": [6, 4], "unit_cost": [1e5, 5e4], "unit": ["人", "家"]}
        )
        found = plan_budget(lines)
        assert found["amount"].tolist() == [6e5, 2e5, 8e5]
        assert found["basis"].tolist()[:2] == ["6 人 × 100,000 元", "4 家 × 50,000 元"]


class TestDocument:
    def test_every_section_stands_and_says_what_is_missing(self):
        plan = plan_document(PlanInputs(name="江苏省", year=2025))
        assert len(plan.sections) == 12
        empty = [s.title for s in plan.sections if s.text == ("未提供数据。",)]
        assert "二、SWOT 分析" in empty and "九、费用预算" in empty and plan.summary

    def test_sentences_repeat_figures_of_their_tables(self, tree, sales):
        quotas = set_quotas(sales, tree, total=2e8)
        inputs = PlanInputs(
            name="江苏省",
            year=2025,
            zones=zone_roles(JIANGSU),
            swot=swot(facts(own_rank=2)),
            quotas=quotas.table,
            budget=plan_budget(
                pd.DataFrame({"item": ["人员"], "amount": [6e5], "basis": ["6 人"]}), total=1e6
            ),
        )
        plan = plan_document(inputs)
        strategy = plan.section("四、分区定位").text[0]
        # the source: 立足开发苏中、深度拓展苏南、辅助稳定苏北, 196 in all
        assert strategy == "总体战略：立足开发苏中，深度拓展苏南，辅助稳定苏北；饱和容量合计 196。"
        assert plan.section("十、任务与月度分解").text[0].startswith("2025 年任务合计 20,000 万元")
        assert "机动费用占 40%" not in plan.section("九、费用预算").text[0]  # 人员 is the largest
        assert strategy in plan.summary
        assert "优势：本公司在该区域居第 2 名" in plan.section("二、SWOT 分析").text[0]
        assert plan.section("四、分区定位").tables[0][1] is inputs.zones
        with pytest.raises(MktError, match="没有这一章"):
            plan.section("十三")
