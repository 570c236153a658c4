"""Titles of the charts of an expansion study: each states what is found, in one line.

Always holds: a title says nothing that the chart does not show.
"""

from __future__ import annotations

import pandas as pd

from ...words import grade_name, values
from ..phrases import figure


def path_title(plan) -> str:
    """How many units are entered, and when most of them."""
    if not len(plan.steps):
        return "计划期内不进入新地区"
    counts = plan.steps["period"].value_counts().sort_index()
    return f"{len(plan.steps)} 个单元分 {len(counts)} 年进入，{counts.idxmax()} 年最多（{counts.max()} 个）"


def ladder_title(plan) -> str:
    """The rungs reached, and how many units are likely strong at the end."""
    reached = plan.ladder.drop_duplicates("level")
    told = "、".join(f"{row.period} 年{grade_name(row.level)}" for row in reached.itertuples())
    strong = int(plan.cash_flow["n_strong"].iloc[-1])
    start = f"登上的梯级：{told}" if told else "计划期内登不上任何一级"
    return f"{start}；期末多半强势的 {strong} 个"


def risk_title(risk) -> str:
    """Where nine of ten replays end."""
    last = risk.fan.iloc[-1]
    low, high = (figure("cash", last[name]) for name in ("lower", "upper"))
    return f"到 {last['period']} 年末，累计净现金（含根据地）九成在{low}与{high}之间"


def tornado_title(table: pd.DataFrame) -> str:
    """The assumption that moves the gain most."""
    base = table.loc[table["factor"] == 1.0, "gain"].iloc[0]
    widest = table.loc[table["gain"].sub(base).abs().idxmax(), "condition"]
    rows = table[table["condition"] == widest]
    low, high = (figure("gain", x) for x in (rows["gain"].min(), rows["gain"].max()))
    return f"影响最大的是{values('sensitivity')[widest]}：净现值增量从{low}到{high}"


def ways_title(comparison) -> str:
    """The best of what hangs together, and what being free of it would bring."""
    table = comparison.table[comparison.table["holds"].astype(bool)]
    planned = table[table["strategy"] == "planned"]
    if not len(planned):
        return "各种打法的净现值增量"
    gain = planned["gain"].iloc[0]
    text = f"规划路径{figure('gain', gain)}"
    alike = table[table["contiguity"].eq(planned["contiguity"].iloc[0]) & table["strategy"].ne("planned")]
    alike = alike[alike["strategy"] != "optimum"].sort_values("gain")
    if len(alike):
        text += f"，同样约束的“{alike['title'].iloc[-1]}”{figure('gain', alike['gain'].iloc[-1])}"
    free = table.loc[table["strategy"] == "optimum", "gain"]
    if len(free) and free.iloc[0] > gain:
        text += f"；不限连片的最优{figure('gain', free.iloc[0])}"
    return text
