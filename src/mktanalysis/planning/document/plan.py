"""The plan of a region as a document: sections of sentences and tables, in the order that a manager reads.

Always holds: every sentence comes from a table that stands beside it; a section without data says so and is
not left out; the page on top repeats figures of the sections and has none of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

import pandas as pd

from ...errors import MktError
from .swot import SIDES
from .zones import ROLES

#: What a table of the plan is called where no page gave it a title.
CAPTIONS = {
    "situation": "市场现状",
    "cities": "城市一览",
    "capacity": "容量与空间",
    "swot": "SWOT",
    "market_types": "市场类型",
    "zones": "分区定位",
    "targets": "目标",
    "path": "路径",
    "phases": "阶段",
    "dealers": "经销商分类",
    "density": "密度与空白",
    "territories": "片区",
    "people": "人员",
    "budget": "预算",
    "cash": "投入、当年回款与净垫付",
    "quotas": "任务",
    "control": "控制表",
    "outlook": "全年预计",
    "board": "竞赛",
}
#: Said where a section has no data.
NO_DATA = "未提供数据。"


@dataclass(frozen=True, eq=False)
class Section:
    """One chapter.

    Attributes
    ----------
    title : str
    text : tuple of str
        Paragraphs, Chinese.
    tables : tuple of (str, table)
        Caption and table: in base units, or as a page shows it.
    pictures : tuple of (str, Figure)
        Caption and matplotlib figure.
    """

    title: str
    text: tuple[str, ...] = ()
    tables: tuple[tuple[str, object], ...] = ()
    pictures: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class PlanDocument:
    """A plan that can be written as docx, xlsx or shown.

    Attributes
    ----------
    title : str
    summary : tuple of str
        The page on top, one sentence an item.
    sections : tuple of Section
    sources : tuple of str
        Where the figures come from.
    inputs : PlanInputs or None
        The tables that it was made of.
    """

    title: str
    summary: tuple[str, ...]
    sections: tuple[Section, ...]
    sources: tuple[str, ...] = ()
    inputs: PlanInputs | None = None

    def __repr__(self) -> str:
        return "\n".join([self.title, *(f"· {line}" for line in self.summary)])

    def _repr_html_(self) -> str:
        lines = "".join(f"<li>{escape(line)}</li>" for line in self.summary)
        return f"<p><strong>{escape(self.title)}</strong></p><ul>{lines}</ul>"

    def section(self, title: str) -> Section:
        """The section called `title`."""
        for one in self.sections:
            if one.title == title:
                return one
        raise MktError(f"没有这一章：{title}；现有：{'、'.join(s.title for s in self.sections)}")


@dataclass(frozen=True, eq=False)
class PlanInputs:
    """What a plan is made of; every table is the result of the function named, missing ones are said.

    Attributes
    ----------
    name : str
        The region's name.
    year : int
    summary : tuple of str
        The page on top; default the first sentence of every section that has one.
    situation : DataFrame or None
        Columns figure, value (text), source: what is known of the market.
    cities : DataFrame or None
        :func:`city_table`: every place with its tier, size, forecast, entry and why.
    capacity : DataFrame or None
        Columns region, capacity, own, share, headroom ...: every place's market and room.
    swot : DataFrame or None
        :func:`swot`.
    market_types : DataFrame or None
        Columns region, type: :func:`mktanalysis.tiering.market_types`.
    zones : DataFrame or None
        :func:`zone_roles`.
    targets : DataFrame or None
        :func:`targets_table`.
    path, phases : DataFrame or None
        Steps of an expansion plan (period, name, action ...); :func:`phase_dates`.
    dealers : DataFrame or None
        :func:`classify_dealers`.
    density : DataFrame or None
        :func:`dealer_density`.
    territories : DataFrame or None
        Who works where: the territories' table.
    people : DataFrame or None
        :func:`plan_heads`, :func:`field_workload` or heads by region.
    budget, cash : DataFrame or None
        :func:`plan_budget`; the path's money by year: spent, coming back, advanced.
    quotas, months : DataFrame or None
        :func:`set_quotas` (its table), :func:`quota_months`.
    outlook, board, control : DataFrame or None
        :func:`year_outlook`, :func:`leaderboard`, :func:`control_months`.
    risks : tuple of str
        Sentences on what may go wrong, from figures.
    pictures : dict
        Section title -> list of (caption, Figure).
    shown : dict
        Name of a table above -> the same as a page shows it (a ``Presented``): its title, columns and units
        are then those of the document too.
    sources : tuple of str
    """

    name: str
    year: int
    summary: tuple[str, ...] = ()
    situation: pd.DataFrame | None = None
    cities: pd.DataFrame | None = None
    capacity: pd.DataFrame | None = None
    swot: pd.DataFrame | None = None
    market_types: pd.DataFrame | None = None
    zones: pd.DataFrame | None = None
    targets: pd.DataFrame | None = None
    path: pd.DataFrame | None = None
    phases: pd.DataFrame | None = None
    dealers: pd.DataFrame | None = None
    density: pd.DataFrame | None = None
    territories: pd.DataFrame | None = None
    people: pd.DataFrame | None = None
    budget: pd.DataFrame | None = None
    cash: pd.DataFrame | None = None
    quotas: pd.DataFrame | None = None
    months: pd.DataFrame | None = None
    outlook: pd.DataFrame | None = None
    board: pd.DataFrame | None = None
    control: pd.DataFrame | None = None
    risks: tuple[str, ...] = ()
    pictures: dict = field(default_factory=dict)
    shown: dict = field(default_factory=dict)
    sources: tuple[str, ...] = ()


def plan_document(inputs: PlanInputs) -> PlanDocument:
    """Assemble a region's plan (区域市场开发计划书) from the tables of the chain.

    Parameters
    ----------
    inputs : PlanInputs

    Returns
    -------
    PlanDocument
        Twelve sections in the source's order: situation, SWOT, market types, zones, targets, path and
        phases, dealers, people, budget, tasks by month, risks, control.

    Examples
    --------
    >>> plan = plan_document(PlanInputs(name="江苏省", year=2025))
    >>> plan.title, len(plan.sections), plan.sections[0].text
    ('江苏省 2025 年区域市场开发计划书', 12, ('未提供数据。',))
    """
    parts = [
        ("一、市场现状", _situation(inputs), ("situation", "cities", "capacity")),
        ("二、SWOT 分析", _swot(inputs), ("swot",)),
        ("三、市场类型", _types(inputs), ("market_types",)),
        ("四、分区定位", _zones(inputs), ("zones",)),
        ("五、营销目标", _targets(inputs), ("targets",)),
        ("六、开发路径与阶段", _path(inputs), ("path", "phases")),
        ("七、经销商", _dealers(inputs), ("dealers", "density", "territories")),
        ("八、人员", _people(inputs), ("people",)),
        ("九、费用预算", _budget(inputs), ("budget", "cash")),
        ("十、任务与月度分解", _quotas(inputs), ("quotas",)),
        ("十一、风险", inputs.risks, ()),
        ("十二、控制", _control(inputs), ("control", "outlook", "board")),
    ]
    sections = tuple(_section(inputs, *part) for part in parts)
    title = f"{inputs.name} {inputs.year} 年区域市场开发计划书"
    return PlanDocument(title, inputs.summary or _summary(inputs), sections, inputs.sources, inputs)


def _section(inputs: PlanInputs, title: str, text, names: tuple[str, ...]) -> Section:
    given = []
    for name in names:
        table = getattr(inputs, name)
        if table is None or not len(table):
            continue
        if name == "targets":  # by their names, without the keys
            table = table.drop(columns="target", errors="ignore")
        shown = inputs.shown.get(name)
        caption = shown.title if shown is not None and shown.title else CAPTIONS[name]
        given.append((caption, table if shown is None else shown))
    said = tuple(text) or (() if given else (NO_DATA,))
    return Section(title, said, tuple(given), tuple(inputs.pictures.get(title, ())))


def _situation(inputs: PlanInputs) -> tuple[str, ...]:
    table = inputs.situation
    if table is None or table.empty:
        return ()
    return ("；".join(f"{row.figure} {row.value}" for row in table.itertuples()) + "。",)


def _swot(inputs: PlanInputs) -> tuple[str, ...]:
    if inputs.swot is None:
        return ()
    sides = [
        f"{name}：{'；'.join(inputs.swot.loc[inputs.swot['side'] == side, 'text']) or '没有达到门槛的数字'}。"
        for side, name in SIDES.items()
    ]
    return tuple(sides)


def _types(inputs: PlanInputs) -> tuple[str, ...]:
    table = inputs.market_types
    if table is None:
        return ()
    groups = table.dropna(subset=["type"]).groupby("type", observed=True, sort=True)
    column = "name" if "name" in table else "region"
    return tuple(f"{kind}：{'、'.join(group[column])}。" for kind, group in groups)


def _zones(inputs: PlanInputs) -> tuple[str, ...]:
    if inputs.zones is None or inputs.zones.empty:
        return ()
    roles = ("open", "deepen", "steady")
    order = [(role, inputs.zones.loc[inputs.zones["role"] == role, "zone"]) for role in roles]
    parts = [f"{ROLES[role]}{'、'.join(names)}" for role, names in order if len(names)]
    reasons = tuple(f"{row.zone}：{row.reason}。" for row in inputs.zones.itertuples())
    return (f"总体战略：{'，'.join(parts)}；饱和容量合计 {inputs.zones['capacity'].sum():,.0f}。", *reasons)


def _targets(inputs: PlanInputs) -> tuple[str, ...]:
    if inputs.targets is None:
        return ()
    known = (inputs.targets["target_value"] != "未提供").sum()
    return (f"十二项目标中 {known} 项有数字，其余标明“未提供”，应由责任人补齐。",)


def _path(inputs: PlanInputs) -> tuple[str, ...]:
    table = inputs.path
    if table is None or table.empty:
        return ()
    first = table.sort_values("period", kind="stable")
    names = "、".join(first["name"].head(3))
    return (f"共 {len(table)} 步，先进{names}；最后一步在 {table['period'].max()} 年。",)


def _dealers(inputs: PlanInputs) -> tuple[str, ...]:
    said = []
    if inputs.dealers is not None and len(inputs.dealers):
        low = inputs.dealers[inputs.dealers["status"] == "must_move_up"]
        said.append(f"{len(inputs.dealers)} 家经销商中 {len(low)} 家低于所在城市级别的要求，须向上靠拢。")
        said += [f"{row.dealer}：还差年销量 {row.gap / 1e4:,.1f} 万元。" for row in low.itertuples()]
    if inputs.territories is not None and len(inputs.territories):
        teams = int((inputs.territories["heads"] > 1).sum()) if "heads" in inputs.territories else 0
        shared = f"，其中 {teams} 个由几人共管" if teams else ""
        said.append(f"划分为 {len(inputs.territories)} 个片区，每片一名负责人{shared}。")
    if inputs.density is not None and len(inputs.density) and not inputs.density["n_dealers"].any():
        said.append(
            f"没有经销商名单：{len(inputs.density)} 个市场按容量排先后，每个地级市应设两家一级经销商。"
        )
    elif inputs.density is not None and len(inputs.density):
        counts = inputs.density["status"].value_counts()
        said.append(
            f"经销商密度：空白 {counts.get('blank', 0)} 个，不足 {counts.get('short', 0)} 个，"
            f"合适 {counts.get('kept', 0)} 个，过密 {counts.get('crowded', 0)} 个。"
        )
    return tuple(said)


def _people(inputs: PlanInputs) -> tuple[str, ...]:
    table = inputs.people
    if table is None or "staff" not in table:
        return ()
    if "people" in table:
        each = table["quota"].sum() / table["people"].sum()
        return (
            f"编制 {table['people'].sum():.0f} 人，分在 {len(table)} 个市场，"
            f"人均任务 {each / 1e4:,.0f} 万元。",
        )
    now = table[table["phase"] == "mature"] if "phase" in table else table
    return (f"按工作量需要 {now['staff'].sum():,.1f} 人（{len(now)} 个市场单元，成熟期）。",)


def _budget(inputs: PlanInputs) -> tuple[str, ...]:
    table = inputs.budget
    if table is None or table.empty:
        return ()
    lines = table[table["item"] != "合计"]
    total = table.loc[table["item"] == "合计", "amount"].iloc[0]
    largest = lines.loc[lines["amount"].idxmax()]
    head = f"费用预算合计 {total / 1e4:,.1f} 万元，共 {len(lines)} 项；"
    return (f"{head}最大一项{largest['item']}占 {largest['share']:.0%}。",)


def _quotas(inputs: PlanInputs) -> tuple[str, ...]:
    table = inputs.quotas
    if table is None or table.empty:
        return ()
    top = table.iloc[0]
    said = [f"{inputs.year} 年任务合计 {top['quota'] / 1e4:,.0f} 万元，比去年增长 {top['growth']:.1%}。"]
    known = table[table["difficulty"].notna()]
    if len(known):
        hard = known.loc[known["difficulty"].idxmax()]
        said.append(f"最难的任务为预测值的 {hard['difficulty']:.2f} 倍。")
    if inputs.months is not None:
        said.append("月度任务见工作簿：每个地区各月之和等于全年，每月各地区之和等于当月合计。")
    return tuple(said)


def _control(inputs: PlanInputs) -> tuple[str, ...]:
    table = inputs.outlook
    if table is None or table.empty:
        return ("每月对照计划与实际：完成率、跟踪信号（低于 -4 即持续落后）、全年达成把握。",)
    top = table.iloc[0]
    late = table[table["needs_help"] & (table["level"] == table["level"].iloc[-1])]
    said = f"预计全年完成 {top['outlook_completion']:.1%}，达成把握 {top['chance']:.0%}；"
    return (said + f"需要支援的地区 {len(late)} 个。",)


def _summary(inputs: PlanInputs) -> tuple[str, ...]:
    """The first sentence of every section that has one, in their order."""
    parts = (_situation, _zones, _quotas, _path, _dealers, _people, _budget, _control)
    return tuple(said[0] for said in (part(inputs) for part in parts) if said)
