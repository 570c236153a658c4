"""The fixed tables of a plan: twelve targets, phases with dates, a budget that sums.

Always holds: a target without a figure says so and is not left out; the budget's lines and its reserve sum to
its total; a phase begins where the one before it ends.
"""

from __future__ import annotations

import pandas as pd

from ...errors import InfeasibleError, MktError, TableError
from ...words.render import named

#: The targets that a marketing plan states, in the source's order.
TARGETS = {
    "profit": "目标利润",
    "share": "市场占有率",
    "share_growth": "市场占有率增长",
    "sales": "销售额",
    "sales_growth": "销售增长率",
    "price": "销售价格",
    "quality": "质量水平与投诉率",
    "product_mix": "产品体系构成",
    "channels": "营销渠道",
    "promotions": "促销活动",
    "awareness": "品牌知名度、美誉度",
    "rival_gap": "与竞争对手的差距",
}
#: What stands where there is no figure.
NOT_GIVEN = "未提供"


def targets_table(given: pd.DataFrame) -> pd.DataFrame:
    """All twelve targets of a plan, those without a figure marked (营销目标表).

    Parameters
    ----------
    given : DataFrame
        Columns target (a key of ``TARGETS``), base, target_value, owner, source; the figures as texts or
        numbers as they are to be read, missing where not known.

    Returns
    -------
    DataFrame
        Columns target, name (Chinese), base, target_value, owner, source: twelve rows, texts; 未提供 where
        nothing is known.

    Raises
    ------
    MktError
        An unknown target, a target twice.

    Examples
    --------
    >>> table = targets_table(pd.DataFrame({"target": ["sales"], "base": ["1,000 万元"],
    ...     "target_value": ["1,200 万元"], "owner": ["大区经理"], "source": ["任务分解"]}))
    >>> len(table), table["base"].tolist()[3:5]
    (12, ['1,000 万元', '未提供'])
    """
    unknown = sorted(set(given["target"]) - set(TARGETS))
    if unknown or given["target"].duplicated().any():
        raise MktError(
            f"目标表有不认识或重复的项：{'、'.join(unknown) or '重复'}；可用：{'、'.join(TARGETS)}"
        )
    columns = ["base", "target_value", "owner", "source"]
    table = given.set_index("target").reindex(list(TARGETS)).reindex(columns=columns)
    texts = table.map(lambda value: NOT_GIVEN if pd.isna(value) or value == "" else str(value))
    table = texts.assign(name=pd.Series(TARGETS))[["name", *columns]].rename_axis("target").reset_index()
    return named(table, "plan_targets")


#: Phases of one market: months since the start, and what is done (source: a market's development schedule).
PHASES = (
    ("起步", 0, 2, "走访全部老客户；逐街走访，建立客户、经销商、合作伙伴档案"),
    ("开发", 2, 4, "客户分类；筛选前五名经销商；按类别拜访"),
    ("巩固", 4, 6, "按标准拜访、签单收款；组织推广会；建立样板店"),
    ("成熟", 6, None, "每年一至四月集中回访；按周计划拜访；完善样板店"),
)


def phase_starts(steps: pd.DataFrame) -> pd.DataFrame:
    """The month in which each entry of a path begins, spread over its year (各市场的启动月).

    Sweeping a market takes two months: of the entries of one year the first begin in January, the next in
    March and so on, as many at a time as are needed for all to begin by November.

    Parameters
    ----------
    steps : DataFrame
        Columns region, period (yearly), best first within a year.

    Returns
    -------
    DataFrame
        Columns region, start (monthly Period).

    Examples
    --------
    >>> years = pd.PeriodIndex(["2027", "2027", "2028"], freq="Y")
    >>> steps = pd.DataFrame({"region": list("abc"), "period": years})
    >>> phase_starts(steps)["start"].astype(str).tolist()
    ['2027-01', '2027-03', '2028-01']
    """
    sweep = PHASES[0][2]
    slots = 12 // sweep
    by_year = steps.groupby("period", sort=False)["region"]
    at_a_time = -(-by_year.transform("size") // slots)
    later = (by_year.cumcount() // at_a_time) * sweep
    first = steps["period"].dt.asfreq("M", how="start")
    start = [month + int(shift) for month, shift in zip(first, later, strict=True)]
    return pd.DataFrame({"region": steps["region"].to_numpy(), "start": pd.PeriodIndex(start, freq="M")})


def phase_dates(starts: pd.DataFrame) -> pd.DataFrame:
    """The phases of each market with their dates (开发阶段).

    Parameters
    ----------
    starts : DataFrame
        Columns region, start (monthly Period): the month in which work begins.

    Returns
    -------
    DataFrame
        Columns region, phase, first, last (monthly Periods; last missing for the mature phase), work
        (Chinese).

    Examples
    --------
    >>> starts = pd.DataFrame({"region": ["a"], "start": pd.PeriodIndex(["2025-03"], freq="M")})
    >>> phase_dates(starts)[["phase", "first", "last"]].astype(str).values.tolist()[:2]
    [['起步', '2025-03', '2025-04'], ['开发', '2025-05', '2025-06']]
    """
    rows = [
        {
            "region": row.region,
            "phase": name,
            "first": row.start + begin,
            "last": pd.NaT if end is None else row.start + end - 1,
            "work": work,
        }
        for row in starts.itertuples()
        for name, begin, end, work in PHASES
    ]
    table = pd.DataFrame(rows, columns=["region", "phase", "first", "last", "work"])
    return named(table.astype({"first": "period[M]", "last": "period[M]"}), "plan_phases")


def plan_budget(lines: pd.DataFrame, *, total: float | None = None) -> pd.DataFrame:
    """The budget of a plan, which sums to its total (费用预算).

    Parameters
    ----------
    lines : DataFrame
        Columns item (Chinese), amount (yuan), basis (how it was reckoned); or item, count, unit_cost (yuan)
        and unit (Chinese), from which amount and basis follow.
    total : float, optional
        The money at hand; what the lines leave becomes a reserve (机动费用). Default: the lines' sum.

    Returns
    -------
    DataFrame
        Columns item, amount, share, basis; the last row is 合计.

    Raises
    ------
    TableError
        Missing or negative amounts, an item twice.
    InfeasibleError
        Lines above the total, with what is missing.

    Examples
    --------
    >>> lines = pd.DataFrame({"item": ["人员", "样板店"], "amount": [6e5, 2e5], "basis": ["6 人", "4 家"]})
    >>> plan_budget(lines, total=1e6)[["item", "amount"]].values.tolist()
    [['人员', 600000.0], ['样板店', 200000.0], ['机动费用', 200000.0], ['合计', 1000000.0]]
    """
    lines = lines if "amount" in lines else _priced(lines)
    bad = lines[~(lines["amount"] >= 0)]
    problems = [
        {"row": row.item, "column": "amount", "value": row.amount, "problem": "应为非负数（缺失不是 0）"}
        for row in bad.itertuples()
    ]
    doubled = lines["item"][lines["item"].duplicated()]
    problems += [{"row": item, "column": "item", "problem": "费用项重复"} for item in doubled]
    if problems:
        raise TableError(pd.DataFrame(problems))
    spent = float(lines["amount"].sum())
    rows = lines[["item", "amount", "basis"]].to_dict("records")
    money = spent if total is None else float(total)
    if spent > money + 0.005:
        row = {"condition": "费用总额", "given": money, "needed": spent}
        raise InfeasibleError(f"各项费用之和超出总额 {spent - money:,.0f} 元", pd.DataFrame([row]))
    if total is not None:
        rows.append({"item": "机动费用", "amount": money - spent, "basis": "总额减各项"})
    rows.append({"item": "合计", "amount": money, "basis": ""})
    table = pd.DataFrame(rows)
    table = table.assign(share=table["amount"] / money if money else 0.0)
    return named(table[["item", "amount", "share", "basis"]], "plan_budget")


def _priced(lines: pd.DataFrame) -> pd.DataFrame:
    """Amounts and bases of counts and unit costs."""
    basis = [
        f"{row.count_:,g} {row.unit} × {row.unit_cost:,.0f} 元"
        for row in lines.rename(columns={"count": "count_"}).itertuples()
    ]
    return lines.assign(amount=lines["count"] * lines["unit_cost"], basis=basis)
