"""Write docs/worked-plans.md: the source plans worked through, every figure computed here.

    python scripts/make_worked_plans.py

A test makes the page again and compares.
"""

from pathlib import Path

import pandas as pd

import mktanalysis as mkt
from mktanalysis import capacity, china, expansion, planning, tiering

TARGET = Path(__file__).parents[1] / "docs" / "worked-plans.md"
CATEGORY = 0.01
HENAN, ZHENGZHOU, HUNAN, CHANGSHA = "410000", "410100", "430000", "430100"

HEAD = """# 三份计划，逐句算一遍

由 `python scripts/make_worked_plans.py` 生成：页上每个数都由函数算出，测试重新生成并逐字核对。品类容量取社会消费品零售总额的 1%（假设），
对手份额、费用、响应快慢是行业经验。换成自己的数：笔记本 `05_province_plan` 的参数。
"""


def source_zones() -> pd.DataFrame:
    """苏南、苏中、苏北 with the source's outlets; an outlet in 苏北 sells at most 70% of one in 苏中."""
    places = pd.DataFrame(
        {
            "region": ["苏南", "苏南", "苏中", "苏中", "苏北"],
            "kind": ["县城", "乡镇", "县城", "乡镇", "不分"],
            "n_places": [48, 60, 23, 25, 40],
        }
    )
    counts = capacity.saturation_counts(places, productivity={"苏北": (0.7, "苏中")})["n_outlets"]
    zones = pd.DataFrame({"zone": counts.index, "capacity": counts.to_numpy(), "held": 0})
    zones["productivity"] = zones["zone"].map({"苏南": 1.0, "苏中": 1.0, "苏北": 0.7})
    zones["cost"] = zones["zone"].map({"苏北": 1.2}).fillna(1.0)
    zones["places"] = zones["zone"].map({"苏南": 5, "苏中": 3, "苏北": 5})
    zones["covered"] = zones["zone"].map({"苏南": 2, "苏中": 0, "苏北": 3})
    return planning.zone_roles(zones)


def henan(level: str, base: str):
    """A path from one base area through 河南, eight years, a budget of 1% of the capacity a year."""
    units, edges, scope = china.planning_units(level, within=HENAN, category_share=CATEGORY)
    market = mkt.expansion_market(units, edges, scope.subtree(HENAN))
    budget = float(round(units["capacity"].sum() * 0.01, -5))
    policy = mkt.Policy(base=(base,), budget=budget, periods=8)
    return mkt.plan_expansion(market, policy, search=mkt.Search(gap=0.05, nodes=10))


def hunan_types(position: str) -> pd.DataFrame:
    """Market types of 湖南 by capacity and nearness to 长沙, or by the source's own network."""
    units = china.planning_units("prefecture", within=HUNAN, category_share=CATEGORY)[0]
    tree = mkt.load_regions()
    size = units.set_index("region")["capacity"]
    if position == "near":
        places = china.plan_places(units, tree, [CHANGSHA]).set_index("region")
        return tiering.market_types(size, -places["distance_km"], grid=planning.FOUR_TYPES)
    network = pd.Series(1.0, size.index)
    waiting = mkt.resolve_names(["湘西土家族苗族自治州", "永州市", "益阳市"], tree)
    network[list(waiting)], network[CHANGSHA] = 0.0, 2.0
    return tiering.market_types(size, network, grid=planning.FOUR_TYPES, cuts=(None, (2.0, 1.0)))


def markdown(shown) -> str:
    """A presented table as Markdown."""
    columns = shown.shown
    rows = [[column.head for column in columns], ["---"] * len(columns)]
    rows += [list(texts) for texts in zip(*(column.texts for column in columns), strict=True)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def entered_by_year(steps: pd.DataFrame) -> str:
    """How many markets are entered in each year, in which way, for how much, as Markdown."""
    ways = list(dict.fromkeys(steps["action"]))
    rows = [["年份", "进入", *ways, "首年费用（万元）"], ["---"] * (3 + len(ways))]
    for year, part in steps.groupby("period"):
        counts = [str((part["action"] == way).sum()) for way in ways]
        rows.append([str(year), str(len(part)), *counts, f"{part['cost'].sum() / 1e4:,.0f}"])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def jiangsu_part() -> str:
    zones = source_zones()
    columns = ["zone", "role", "capacity", "headroom", "return_index", "reason"]
    total = zones["capacity"].sum()
    return f"""
## 江苏：立足开发苏中、深度拓展苏南、辅助稳定苏北

原计划数得出县城与乡镇各容得下几家，苏北一家的业绩至多是苏中的七成，维护成本高（这里按高两成）。`capacity.saturation_counts` 数出合计 {total:.0f} 家，
`planning.zone_roles` 由产出与成本之比、有没有经销商定出三个定位，与原文一致：

{markdown(mkt.present(zones, columns))}
"""


def henan_part() -> str:
    tree = mkt.load_regions()
    units = china.planning_units("county", within=HENAN, category_share=CATEGORY)[0]
    size = units.set_index("region")["capacity"]
    whole, middle = size.sum(), size.median()
    base = size[tree.parents("prefecture", size.index).eq(ZHENGZHOU).to_numpy()].idxmax()
    plan = henan("county", base)
    thin = expansion.diagnose_position(expansion.thin_example(plan.market)).counts.set_index("position")
    cities = henan("prefecture", ZHENGZHOU)
    steps = entered_by_year(plan.steps)
    reached = plan.ladder
    names = "、".join(f"{row.name}（{row.period}）" for row in reached.itertuples(index=False)) or "没有"
    province = cities.ladder[cities.ladder["level"] == "province"]
    when = str(province["period"].iloc[0]) if len(province) else "计划期内没有"
    first = "、".join(cities.steps.loc[cities.steps["period"] == cities.steps["period"].min(), "name"])
    strong = int((plan.paths["strong"] & (plan.paths["period"] == plan.paths["period"].max())).sum())
    return f"""
## 河南：如何攻占一个省

**三个问题。** 原文问一家年产五万吨的啤酒厂：在哪个县第一、第二、第三？`expansion.diagnose_position` 对到处有货的摆法（`thin_example`）数出：
第一 {thin.loc["第一", "n_units"]} 处，第二 {thin.loc["第二", "n_units"]} 处，第三 {thin.loc["第三", "n_units"]} 处。

**“一个省级市场 1000 万元不如一个县级市场 100 万元”。** 全省 {len(size)} 个县级单位，品类容量 {whole / 1e8:,.1f} 亿元，中位数的县 {middle / 1e4:,.0f} 万元。
全省 1000 万元的份额是 {1e7 / whole:.3%}；一个中等县 100 万元的份额是 {1e6 / middle:.2%}，高 {1e6 / middle / (1e7 / whole):.0f} 倍。离强势门槛
（份额 16%）都远，但名次由份额决定，只有集中才够得着。

**第一步 红色根据地，第二步 周边撒网、发现潜力后集中，第三步 小根据地扩张。** 从郑州{tree.names([base]).iloc[0]}出发，每年净垫付不超过容量的 1%
（{plan.cash_flow["budget"].iloc[0] / 1e4:,.0f} 万元），八年共进入 {len(plan.steps)} 个县级单位，
末年强势 {strong} 个。“先撒网后集中”先少花钱进去看，够好才集中：

{steps}

登上的梯级（地市级强势品牌）：{names}。

**第四步 省级强势。** 按县一步步走，八年里没有登上省一级；按市走、从整个郑州出发，先进{first}，{when} 年成为省级强势品牌。
两条路的起点不同（一个区、整个郑州），不是同一块根据地的比较；它说的是原文的次序：县级站稳了再走地市，地市站稳了再走全省，跳级要花的年数更多。
"""


def hunan_part() -> str:
    names = mkt.load_regions().names()
    near, own = hunan_types("near"), hunan_types("network")
    rows = [
        (
            kind,
            "、".join(names[near.index[near["type"] == kind]]),
            "、".join(names[own.index[own["type"] == kind]]),
        )
        for kind in near["type"].cat.categories
    ]
    table = pd.DataFrame(rows, columns=["类型", "按容量与离长沙的远近", "按容量与自己的网络"])
    lines = [f"| {' | '.join(table.columns)} |", "| --- | --- | --- |"]
    lines += [f"| {' | '.join(text or '—' for text in row)} |" for row in table.itertuples(index=False)]
    return f"""
## 湖南：市场分四类

存下来的原文只剩最后两行：一类以“衡阳、邵阳”结尾，类名已失；最后一类是“等待开发型市场：吉首、永州、益阳”。原计划“以长沙为核心、以地市为利润增长点”，
所以比重点、培育、等待多一类核心。`planning.FOUR_TYPES` 是潜力（品类容量）× 位置的九宫格：两样都在前三分之一的是**战略核心**，其余依次为重点开发、培育、等待开发。

{chr(10).join(lines)}

吉首（湘西州）、永州按远近就在等待一类，与原文一致；益阳离长沙近，按远近不该等，**这一处规则没有做出原文的结论**。右列的网络是由原文倒推的（等待的三处没有、
长沙两家、其余一家），只说明同一条规则装得下原文，不是独立的验证；有了自己的销售，位置就用自己的份额。
"""


def page() -> str:
    """The text of the page."""
    return HEAD + jiangsu_part() + henan_part() + hunan_part()


if __name__ == "__main__":
    TARGET.write_text(page(), "utf-8")
    print(f"{TARGET.name}: {len(page().splitlines())} lines")
