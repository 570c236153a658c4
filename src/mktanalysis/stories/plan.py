"""The first page of a regional plan: judgement, three numbers with their range, three things to do, the risk.

Always holds: every figure of the page stands in a table of the plan; what is an assumption is called one; a
region that will miss its task is named before anything new is begun.
"""

from __future__ import annotations

import pandas as pd

from ..words import grade_name, level_name, value_word
from ..words.render import named
from .capacity import capacity
from .expansion import expansion
from .phrases import figure, listed
from .story import Claim, Number, Story

#: The order in which zones are told: the source's plan opens, deepens, keeps.
_ORDER = ("open", "deepen", "steady")


def plan_page(
    plan, result, tables: dict, tree, region: str, *, risk=None, scores=None, covered=None
) -> Story:
    """Conclusions of a region's development plan (计划书首页).

    Parameters
    ----------
    plan : ExpansionPlan
    result : ForecastResult
        Of the region's retail sales.
    tables : dict
        The plan's tables by name: tasks (the whole region in the first row), zones
        (``planning.zone_roles``), density (``planning.dealer_density``), starts (region, start: when each
        market is begun), budget (``planning.path_budget``), and outlook (``planning.year_outlook`` of the
        running year) and dealers (``planning.classify_dealers``) or None.
    tree : RegionTree
    region : str
        Code.
    risk : RiskResult, optional
    scores, covered
        As for :func:`mktanalysis.stories.capacity.capacity`.

    Returns
    -------
    Story
    """
    year = int(plan.policy.years[0])
    names = tree.names()
    path = expansion(plan, risk=risk, tree=tree)
    size = capacity(result, tree, region, scores=scores, covered=covered)
    actions = [
        _help(tables.get("outlook"), names),
        _low_dealers(tables.get("dealers")),
        _begin(plan, tables["starts"], year),
        _zones(tables["zones"]),
        _dealers(tables["density"], names),
    ]
    known = [action for action in actions if action is not None]
    return Story(
        f"{names[region]} {year} 年区域市场开发计划书",
        _judgement(plan, tables["tasks"], tables["budget"], path, year, names[region]),
        numbers=(_task(tables["tasks"], result, region, year), *size.numbers[:1], *_gain(path)),
        actions=tuple(known[:3]),
        risk=path.risk or size.risk,
        more=tuple(claim for claim in (*known[3:], *_evidence(plan, tree, region, size, path)) if claim),
    )


def _evidence(plan, tree, region: str, size: Story, path: Story) -> tuple[Claim | None, ...]:
    return size.judgement, path.judgement, _rung(plan, tree, region), _budget(plan)


def _judgement(plan, tasks: pd.DataFrame, budget: pd.DataFrame, path: Story, year: int, name: str) -> Claim:
    broken = plan.checks.loc[~plan.checks["holds"].astype(bool), "condition"]
    if len(broken):
        return path.judgement
    total = tasks["quota"].iloc[0]
    spent = budget["amount"].iloc[-1]
    first = plan.steps[plan.steps["period"].dt.year == year] if len(plan.steps) else plan.steps
    text = f"{name} {year} 年任务 {figure('quota', total)}，投入 {figure('amount', spent)}；"
    if len(first):
        text += f"从根据地{_base(plan)}出发，当年进入{listed(first['name'], most=4)}"
    elif len(plan.steps):
        later = plan.steps["period"].dt.year.min()
        text += f"当年守住根据地{_base(plan)}，{later} 年起进入{listed(plan.steps['name'], most=3)}"
    else:
        text += f"守住根据地{_base(plan)}，计划期内不进入新的地区（进入的所得抵不上花费）"
    return Claim(text + "。", {"quota": total, "amount": spent, "n_steps": len(first)})


def _base(plan) -> str:
    return listed(plan.market.tree.names(list(plan.policy.base)), most=2)


def _task(tasks: pd.DataFrame, result, region: str, year: int) -> Number:
    """The task, with the range that the market's own forecast leaves if shares come out as planned."""
    total = tasks["quota"].iloc[0]
    ahead = result.table[(result.table["region"] == region) & (result.table["period"].dt.year == year)]
    name = f"{year} 年任务"
    if not len(ahead):
        return Number(name, figure("quota", total), note="没有市场预测，给不出范围")
    row = ahead.iloc[0]
    low, high = (figure("quota", total * row[end] / row["mean"]) for end in ("lower", "upper"))
    return Number(name, figure("quota", total), low, high, "份额如计划，市场落在八成区间内")


def _gain(path: Story) -> tuple[Number, ...]:
    return tuple(number for number in path.numbers if number.name == "gain")


def _help(outlook: pd.DataFrame | None, names) -> Claim | None:
    if outlook is None or not len(outlook):
        return None
    late = outlook[outlook["needs_help"] & (outlook["level"] == outlook["level"].iloc[-1])]
    if not len(late):
        return None
    text = f"先支援今年完不成的{listed(names[late['region']])}："
    text += f"预计还差 {figure('shortfall', late['shortfall'].sum())}。"
    return Claim(text, {"n": len(late), "shortfall": late["shortfall"].sum()})


def _low_dealers(dealers: pd.DataFrame | None) -> Claim | None:
    """Dealers below every class that the tier of their city admits."""
    if dealers is None or not len(dealers):
        return None
    low = dealers[dealers["status"].isin(("must_move_up", "unclassed"))].sort_values("gap")
    if not len(low):
        return None
    names = listed(low["dealer"], most=3, unit="家")
    text = f"{len(low)} 家经销商低于所在城市级别的要求，须向上靠拢：{names}，"
    text += f"合计还差年销量 {figure('gap', low['gap'].sum())}。"
    return Claim(text, {"n": len(low), "gap": low["gap"].sum()})


def _begin(plan, starts: pd.DataFrame, year: int) -> Claim | None:
    first = starts[starts["start"].dt.year == year].sort_values("start", kind="stable")
    if not len(first):
        return None
    name = plan.steps.set_index("region")["name"]
    dates = [f"{row.start.month} 月{name[row.region]}" for row in first.itertuples()]
    cost = plan.steps[plan.steps["period"].dt.year == year]["cost"].sum()
    text = f"按先后启动新市场：{listed(dates, most=6)}；首年费用合计 {figure('cost', cost)}。"
    return Claim(text, {"n_steps": len(first), "cost": cost})


def _zones(zones: pd.DataFrame) -> Claim | None:
    if not len(zones):
        return None
    parts = [
        f"{value_word('zone_role', role)}{'、'.join(group)}"
        for role in _ORDER
        if len(group := zones.loc[zones["role"] == role, "zone"])
    ]
    text = f"分区定位：{'，'.join(parts)}；网点空间 {zones['headroom'].sum():,.0f} 家。"
    return Claim(text, {"headroom": zones["headroom"].sum()})


def _dealers(density: pd.DataFrame, names) -> Claim | None:
    blank = density[density["status"] == "blank"].sort_values("priority")
    if not len(blank):
        return None
    first = "、".join(names[blank["region"].head(4)])
    head = f"空白市场 {len(blank)} 个" if density["n_dealers"].any() else "没有经销商名单，都按空白排"
    text = f"{head}：按容量先设{first}；每个地级市两家一级经销商，不设省级总经销。"
    return Claim(text, {"n": len(blank)})


def _rung(plan, tree, region: str) -> Claim | None:
    """When the province itself becomes strong, what that counts, and what is not in it."""
    level = tree.level_of([region]).iloc[0]
    reached = plan.ladder[plan.ladder["region"] == region]
    if not len(plan.steps):
        return None
    if not len(reached):
        return Claim(f"计划期内还不能成为{grade_name(level)}强势品牌，需要更大的预算或更长的时间。", {})
    year = reached["period"].iloc[0]
    rule = next((rung for rung in plan.assumptions.rungs if rung.level == level), None)
    text = f"{year} 年成为{grade_name(level)}强势品牌"
    if rule is not None:
        text += f"：强势单元占个数的 {rule.count_share:.0%}、占容量的 {rule.capacity_share:.0%} 以上就算"
    at_that_time = plan.paths[(plan.paths["period"] == year) & plan.paths["strong"]]["region"]
    weak = [code for code in plan.case.units if code not in set(at_that_time)]
    if weak:
        text += f"；当时不在其中的有{listed(tree.names(weak), most=4)}"
    return Claim(text + "。", {"n_weak": len(weak)})


def _budget(plan) -> Claim | None:
    """Spending, income of the same year and net advance of the dearest year, side by side."""
    if not len(plan.steps):
        return None
    flow = plan.cash_flow
    worst = flow.loc[flow["need"].idxmax()]
    spent = worst["outlay"] + worst["office_cost"]
    text = f"预算指净垫付：最紧的 {worst['period']} 年投入 {figure('outlay', spent)}，"
    text += f"当年回款 {figure('income', worst['income'])}，"
    if worst["need"] <= 0:
        text += "不占用预算"
    else:
        text += f"占用预算 {figure('need', worst['need'])}"
    text += f"（每年可用 {figure('budget', worst['budget'])}"
    text += "，不足的用上年结余）。" if worst["need"] > worst["budget"] else "）。"
    return Claim(text, {name: worst[name] for name in ("outlay", "income", "need", "budget")})


def situation(result, units: pd.DataFrame, own, tree, region: str, *, last: pd.Series, covered=None):
    """What is known of a region before it is planned, figure by figure with its source (市场现状表).

    Parameters
    ----------
    result : ForecastResult
        Of retail sales.
    units : DataFrame
        Market units: region, capacity, population, year, growth, rival_1.
    own : Position
        The company.
    tree : RegionTree
    region : str
    last : Series
        Index region, the company's sales of the year before the plan's, yuan.
    covered : float, optional
        Share of the people in cities with published figures.

    Returns
    -------
    DataFrame
        Columns figure, value (text), source.
    """
    part = tree.subtree(region)
    size = units.set_index("region")["capacity"]
    counts = "、".join(f"{len(part.level(at))} 个{level_name(at)}级单位" for at in ("prefecture", "county"))
    ranked = size.sort_values(ascending=False, kind="stable")
    largest = f"{tree.names(ranked.index[:1]).iloc[0]}，占 {ranked.iloc[0] / size.sum():.0%}"
    rows = [("行政区划", counts, "行政区划表")]
    rows += [("常住人口", figure("resident_population", units["population"].sum()), "2020 年人口普查")]
    rows += _market_rows(result, region)
    rows += [
        (f"{units['year'].max()} 年品类容量", figure("capacity", size.sum()), "零售总额 × 品类比例（假设）")
    ]
    rows += [("最大的市场单元", largest, "品类容量")]
    sales = f"{figure('own', last.sum())}，份额 {last.sum() / size.sum():.1%}"
    rows += [
        ("本公司去年销售额", sales, own.source),
        ("根据地", listed(tree.names(list(own.base))), own.source),
    ]
    if "rival_1" in units:
        first = (own.units["rival_1"] * own.units["capacity"]).sum() / size.sum()
        rows.append(("最强对手份额", f"{first:.1%}", "行业经验（假设）"))
    if covered is not None:
        rows.append(("有公布数的市占人口", f"{covered:.0%}", "其余为推算"))
    return named(pd.DataFrame(rows, columns=["figure", "value", "source"]), "plan_situation")


def _market_rows(result, region: str) -> list[tuple[str, str, str]]:
    past = result.history[result.history["region"] == region].dropna(subset=["value"])
    ahead = result.table[result.table["region"] == region].sort_values("period")
    if not len(past) or not len(ahead):
        return [("社会消费品零售总额", "无数据", "年鉴没有本区域的连续数")]
    now = past.sort_values("period").iloc[-1]
    end = ahead.iloc[-1]
    span = f"（{figure('retail_sales', end['lower'])} — {figure('retail_sales', end['upper'])}）"
    rows = [(f"{now['period']} 年社会消费品零售总额", figure("retail_sales", now["value"]), "补到今天")]
    told = figure("retail_sales", end["mean"]) + span
    rows += [(f"{end['period']} 年预计", told, "预测，八成区间")]
    years = end["period"].year - now["period"].year
    growth = (end["mean"] / now["value"]) ** (1 / years) - 1
    return [*rows, ("年均增长", f"{growth:.1%}", "预测")]


#: A task that grows by more is steep.
STEEP = 0.3
#: From this share of the tasks on a plan hangs on one place.
LEANING = 0.4


def plan_risks(page: Story, tasks: pd.DataFrame, units: pd.DataFrame, result, region: str, tree) -> Story:
    """What may go wrong with a plan, each from a figure, the page's own risk first (计划的风险).

    Parameters
    ----------
    page : Story
        From :func:`plan_page`.
    tasks : DataFrame
        The year's tasks, the whole region in the first row.
    units : DataFrame
        Market units: capacity, status.
    result : ForecastResult
    region : str
    tree : RegionTree

    Returns
    -------
    Story
        The judgement is the largest risk.
    """
    found = [page.risk, _steep(tasks, result, region), _leaning(tasks, tree)]
    found += [_shrinking(tasks, result, region), _guessed(units)]
    known = [claim for claim in found if claim is not None]
    if not known:
        known = [Claim("没有一个数字达到风险的门槛。", {})]
    return Story("风险", known[0], more=tuple(known[1:]))


def _steep(tasks: pd.DataFrame, result, region: str) -> Claim | None:
    """A task that grows far faster than the market rests on the model's response, not on the past."""
    growth = tasks["growth"].iloc[0]
    if not growth > STEEP:
        return None
    ahead = result.table[result.table["region"] == region].sort_values("period")
    past = result.history[result.history["region"] == region].dropna(subset=["value"])
    text = f"任务比去年增长 {growth:.0%}"
    if len(ahead) and len(past):
        pace = ahead["mean"].iloc[0] / past.sort_values("period")["value"].iloc[-1] - 1
        text += f"，市场当年只增长 {pace:.1%}"
    return Claim(text + "：靠的是新市场和模型推算的份额，签字之前逐个市场核实。", {"growth": growth})


def _leaning(tasks: pd.DataFrame, tree) -> Claim | None:
    low = tasks[tasks["level"] == tasks["level"].iloc[-1]]
    top = low.loc[low["quota"].idxmax()]
    share = top["quota"] / low["quota"].sum()
    if share < LEANING:
        return None
    where = tree.names([top["region"]]).iloc[0]
    text = f"任务的 {share:.0%} 在{where}一处，它少完成一成，全区域就少 {share / 10:.1%}。"
    return Claim(text, {"share": share})


def _shrinking(tasks: pd.DataFrame, result, region: str) -> Claim | None:
    number = _task(tasks, result, region, int(result.table["period"].dt.year.min()))
    if number.lower is None:
        return Claim("本区域没有市场预测，任务没有上下范围。", {})
    text = f"份额做到了、市场落在八成区间的下端时，任务只能完成{number.lower}（计划{number.value}）。"
    return Claim(text, {"quota": tasks["quota"].iloc[0]})


def _guessed(units: pd.DataFrame) -> Claim | None:
    if "status" not in units:
        return None
    share = units.loc[units["status"] == "imputed", "capacity"].sum() / units["capacity"].sum()
    if not share > 0.05:
        return None
    return Claim(f"{share:.0%} 的容量是由其他指标推算的，进入之前先实地核实。", {"share": share})
