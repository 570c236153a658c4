"""SWOT from figures: every line has its rule, its figure, its threshold and its source.

Always holds: no figure, no line; a line states only what its figure says; the rules and thresholds are data
that a reader can change.
"""

from __future__ import annotations

from typing import Annotated, Literal

import pandas as pd
from pydantic import Field

from ...errors import MktError
from ...settings import Strict
from ...words import value_word
from ...words.render import named

#: The four sides, in the order of the table.
SIDES = {"strength": "优势", "weakness": "劣势", "opportunity": "机会", "threat": "威胁"}


class SwotRule(Strict):
    """One rule: a fact compared with a threshold, and the sentence that it makes.

    Parameters
    ----------
    side : str
        ``strength``, ``weakness``, ``opportunity`` or ``threat``.
    fact : str
        The fact that is compared.
    test : str
        ``at_most`` or ``at_least`` the threshold, ``below`` or ``above`` it.
    threshold : float or None
        A number; None with `against`.
    against : str
        Another fact to compare with, times `factor`.
    factor : float
    text : str
        Sentence with ``{figure}`` and ``{threshold}``.
    form : str
        ``number``, ``percent`` or ``rank``: how both are written.
    """

    side: Literal["strength", "weakness", "opportunity", "threat"]
    fact: str
    test: Literal["at_most", "at_least", "below", "above"]
    threshold: float | None = None
    against: str = ""
    factor: Annotated[float, Field(gt=0)] = 1.0
    text: str
    form: Literal["number", "percent", "rank"] = "percent"


#: Folklore of the trade and of the source documents; every threshold can be replaced.
RULES = (
    SwotRule(
        side="strength", fact="own_rank", test="at_most", threshold=3.0, form="rank",
        text="本公司在该区域居第 {figure} 名（前 {threshold} 名即为强势品牌）",
    ),
    SwotRule(
        side="strength", fact="own_share", test="at_least", against="rival_share", factor=2.0,
        text="本公司份额 {figure}，不低于最强对手的两倍（{threshold}）",
    ),
    SwotRule(
        side="strength", fact="completion", test="at_least", threshold=1.0,
        text="任务完成率 {figure}，达到进度（{threshold}）",
    ),
    SwotRule(
        side="weakness", fact="coverage", test="below", threshold=0.8,
        text="有经销商的地区只占 {figure}，低于 {threshold}",
    ),
    SwotRule(
        side="weakness", fact="completion", test="below", threshold=0.9,
        text="任务完成率 {figure}，低于 {threshold}",
    ),
    SwotRule(
        side="weakness", fact="tracking_signal", test="below", threshold=-4.0, form="number",
        text="跟踪信号 {figure}，低于 {threshold}：持续落后于计划",
    ),
    SwotRule(
        side="weakness", fact="own_rank", test="above", threshold=3.0, form="rank",
        text="本公司在该区域居第 {figure} 名，未进前 {threshold} 名",
    ),
    SwotRule(
        side="opportunity", fact="growth", test="above", against="nation_growth",
        text="市场年均增长 {figure}，快于全国（{threshold}）",
    ),
    SwotRule(
        side="opportunity", fact="penetration", test="below", threshold=0.05,
        text="渗透率 {figure}，低于 {threshold}，仍有空间",
    ),
    SwotRule(
        side="opportunity", fact="headroom_share", test="at_least", threshold=0.5,
        text="饱和容量中尚未占有的部分为 {figure}（不低于 {threshold}）",
    ),
    SwotRule(
        side="threat", fact="rival_share", test="above", against="own_share",
        text="最强对手份额 {figure}，高于本公司（{threshold}）",
    ),
    SwotRule(
        side="threat", fact="top3_share", test="at_least", threshold=0.6,
        text="前三品牌合占 {figure}（不低于 {threshold}），新进者难以立足",
    ),
    SwotRule(
        side="threat", fact="growth", test="below", against="nation_growth",
        text="市场年均增长 {figure}，慢于全国（{threshold}）",
    ),
)  # fmt: skip

_TESTS = {
    "at_most": lambda figure, edge: figure <= edge,
    "at_least": lambda figure, edge: figure >= edge,
    "below": lambda figure, edge: figure < edge,
    "above": lambda figure, edge: figure > edge,
}
_FORMS = {"percent": "{:.1%}", "number": "{:,.2f}", "rank": "{:.0f}"}


def swot(facts: pd.DataFrame, *, rules: tuple[SwotRule, ...] = RULES) -> pd.DataFrame:
    """Judge a region's facts by the rules (由数字得出的 SWOT).

    Parameters
    ----------
    facts : DataFrame
        Columns fact, value (shares 0-1, ranks, ratios), source (where the figure comes from). A missing
        value is no figure.
    rules : tuple of SwotRule

    Returns
    -------
    DataFrame
        Columns side (strength, weakness, opportunity, threat), text (Chinese), fact, figure, threshold, rule
        (how they were compared), source. Only rules that hold make a line.

    Raises
    ------
    MktError
        A fact twice, or a fact without a source.

    Examples
    --------
    >>> facts = pd.DataFrame({"fact": ["own_rank", "growth"], "value": [2.0, 0.08], "source": "公司"})
    >>> swot(facts)["text"].tolist()
    ['本公司在该区域居第 2 名（前 3 名即为强势品牌）']
    """
    if facts["fact"].duplicated().any():
        raise MktError(f"SWOT 的事实重复：{'、'.join(facts['fact'][facts['fact'].duplicated()])}")
    known = facts.dropna(subset=["value"]).set_index("fact")
    unsourced = known.index[known["source"].isna() | (known["source"] == "")]
    if len(unsourced):
        raise MktError(f"SWOT 的数字没有来源：{'、'.join(unsourced)}")
    lines = [line for rule in rules if (line := _judged(rule, known)) is not None]
    columns = ["side", "text", "fact", "figure", "threshold", "rule", "source"]
    table = pd.DataFrame(lines, columns=columns)
    order = table["side"].map({side: i for i, side in enumerate(SIDES)})
    ordered = table.assign(order=order).sort_values("order", kind="stable", ignore_index=True)
    return named(ordered[columns], "swot")


def _judged(rule: SwotRule, known: pd.DataFrame) -> dict | None:
    """The line that a rule makes, or None."""
    if rule.fact not in known.index or (rule.against and rule.against not in known.index):
        return None
    figure = float(known.loc[rule.fact, "value"])
    edge = rule.threshold if not rule.against else rule.factor * float(known.loc[rule.against, "value"])
    if not _TESTS[rule.test](figure, edge):
        return None
    form = _FORMS[rule.form]
    sources = [known.loc[name, "source"] for name in (rule.fact, rule.against) if name]
    sign = {"at_most": "≤", "at_least": "≥", "below": "<", "above": ">"}[rule.test]
    if rule.against:
        times = "" if rule.factor == 1 else f"{rule.factor:g} × "
        other = times + _name(rule.against)
    else:
        other = f"{rule.threshold:g}"
    return {
        "side": rule.side,
        "text": rule.text.format(figure=form.format(figure), threshold=form.format(edge)),
        "fact": rule.fact,
        "figure": figure,
        "threshold": edge,
        "rule": f"{_name(rule.fact)} {sign} {other}",
        "source": "；".join(dict.fromkeys(sources)),
    }


def _name(fact: str) -> str:
    """The fact in Chinese; a company's own fact keeps its name."""
    return value_word("swot_fact", fact)


def market_facts(
    units: pd.DataFrame,
    *,
    source: str,
    growth_source: str = "",
    nation_growth: float | None = None,
    density: pd.DataFrame | None = None,
    outlook: pd.DataFrame | None = None,
    more: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Facts of a region for :func:`swot`, from the tables of the chain; what is not known is left out.

    Parameters
    ----------
    units : DataFrame
        Market units of the region: capacity (yuan) and, if known, growth (a year), own_share, rival_share or
        rival_1, rival_2 ... (shares of the strongest rivals).
    source : str
        Where the units come from.
    growth_source : str
        Where the growth comes from, if from elsewhere.
    nation_growth : float, optional
        The whole market's growth, same definition as the units'.
    density : DataFrame, optional
        From ``dealer_density``: share of places with a dealer.
    outlook : DataFrame, optional
        From ``year_outlook``: the first row is the region's.
    more : DataFrame, optional
        Columns fact, value, source: further figures, such as penetration.

    Returns
    -------
    DataFrame
        Columns fact, value, source.

    Examples
    --------
    >>> units = pd.DataFrame({"capacity": [3e8, 1e8], "own_share": [0.4, 0.0], "rival_1": [0.2, 0.6]})
    >>> market_facts(units, source="公司")[["fact", "value"]].round(2).values.tolist()
    [['own_share', 0.3], ['rival_share', 0.3], ['own_rank', 1.0], ['top3_share', 0.6]]
    """
    size = units["capacity"]
    whole = size.sum()
    rivals = [name for name in units if name.startswith("rival_") and name[6:].isdigit()]
    rivals = rivals or [name for name in ("rival_share",) if name in units]
    rows = []
    if "own_share" in units and rivals:
        own = (units["own_share"] * size).sum() / whole
        others = sorted(((units[name] * size).sum() / whole for name in rivals), reverse=True)
        top = sum(sorted([own, *others], reverse=True)[:3])
        rows += [("own_share", own), ("rival_share", others[0])]
        rows += [("own_rank", 1.0 + sum(other > own + 1e-12 for other in others)), ("top3_share", top)]
    if "growth" in units and nation_growth is not None:
        rows += [("growth", (units["growth"] * size).sum() / whole), ("nation_growth", nation_growth)]
    grown = {"growth", "nation_growth"} if growth_source else set()
    facts = [(fact, value, growth_source if fact in grown else source) for fact, value in rows]
    if density is not None and len(density):
        facts.append(("coverage", float((density["n_dealers"] > 0).mean()), "经销商表"))
    if outlook is not None and len(outlook):
        first = outlook.iloc[0]
        facts += [(name, float(first[name]), "任务与实际") for name in ("completion", "tracking_signal")]
    table = pd.DataFrame(facts, columns=["fact", "value", "source"])
    return table if more is None else pd.concat([table, more], ignore_index=True)
