"""What a forecast found: how large, how sure, where the increase is, what the last year taught.

Always holds: the coverage told is that of a backtest without hindsight, never the calibration's own; a total
that leaves regions out is called a lower bound; errors of the last forecast are told with their number.
"""

from __future__ import annotations

import pandas as pd

from ..forecasting import published_figures, published_part
from ..words import label, level_name, status_word
from ..words.amounts import format_number
from .phrases import listed, spoken_share
from .story import Claim, Number, Story

#: So many points may the measured coverage lie from the nominal one before the interval is called off.
CLOSE = 0.05
#: With fewer forecasts than this at the region's own level another level's coverage says more.
FEW = 30


def capacity(
    result, tree, region: str, *, scores=None, changes=None, measure: str = "retail_sales", covered=None
) -> Story:
    """Conclusions of a forecast for one region and what lies below it (容量预测的结论).

    Parameters
    ----------
    result : ForecastResult
    tree : RegionTree
    region : str
        Code.
    scores : DataFrame, optional
        From :func:`score_forecasts` on a backtest: level, model, coverage, bias.
    changes : DataFrame, optional
        From :func:`compare_vintages`: what came in against the forecast of a year ago.
    measure : str
        Name of ``words.toml`` of what is forecast.
    covered : float, optional
        Share of the region's people in cities with figures.

    Returns
    -------
    Story
    """
    ends = _ends(result, region)
    name = tree.names([region]).iloc[0]
    sure = _coverage(result, scores, tree.level_of([region]).iloc[0])
    return Story(
        "容量预测",
        _judgement(ends, name, measure, _nominal(result), covered),
        numbers=_numbers(ends, measure, sure),
        actions=tuple(_actions(result, tree, region, ends)),
        risk=sure,
        more=() if changes is None else (vintages(changes, tree, _nominal(result)),),
    )


def _ends(result, region: str) -> pd.Series:
    """Last figures (published; known or carried on) and the last forecast of a region."""
    past = result.history[result.history["region"] == region].dropna(subset=["value"])
    seen = published_figures(past)
    told = seen.assign(value=published_part(seen)).dropna(subset=["value"])
    own = (told if len(told) else seen).sort_values("period").iloc[-1]
    ahead = result.table[result.table["region"] == region].sort_values("period")
    last = past.sort_values("period").iloc[-1]
    final = ahead.iloc[-1]
    years = len(ahead) / _per_year(ahead["period"])
    growth = (final["mean"] / last["value"]) ** (1 / years) - 1 if last["value"] > 0 else float("nan")
    return pd.Series(
        {
            "known": own["period"],
            "published": own["value"],
            "last": last["period"],
            "now": last["value"],
            "final": final["period"],
            "mean": final["mean"],
            "lower": final["lower"],
            "upper": final["upper"],
            "growth": growth,
        }
    )


def _nominal(result) -> float:
    return float(result.coverage["nominal"].iloc[0])


def _per_year(periods: pd.Series) -> int:
    from ..schemas import season_of

    return season_of(periods.dtype)


def _judgement(ends: pd.Series, name: str, measure: str, nominal: float, covered) -> Claim:
    unit = _unit(measure)
    text = f"{name} {ends['known']} 年{label(measure)} {format_number(ends['published'], unit)}"
    if ends["known"] < ends["last"]:
        text += (
            f"（公布），{ends['last']} 年约 {format_number(ends['now'], unit)}（{status_word('nowcast')}）"
        )
    text += f"，预计 {ends['final']} 年 {format_number(ends['mean'], unit)}，年均增长 {ends['growth']:.1%}；"
    text += f"{spoken_share(nominal)}区间 {format_number(ends['lower'], unit)}"
    text += f" — {format_number(ends['upper'], unit)}。"
    if covered is not None and covered < 0.995:
        text += f"只含有数据的城市（占人口 {covered:.0%}），是下限。"
    return Claim(text, {measure: ends["now"], "mean": ends["mean"], "growth": ends["growth"]})


def _unit(measure: str) -> str:
    from ..words import indicator

    return indicator(measure)[1] or "万元"


def _numbers(ends: pd.Series, measure: str, sure: Claim | None) -> tuple[Number, ...]:
    first = Number(f"{ends['final']} 年{label(measure)}", *_texts(ends, _unit(measure)))
    growth = Number("growth", ends["growth"], note=f"{ends['last']}—{ends['final']} 年平均")
    if sure is None or "coverage" not in sure.figures:
        return first, growth
    return first, growth, Number("coverage", sure.figures["coverage"], note="不用后见之明的回测")


def _texts(ends: pd.Series, unit: str) -> tuple[str, ...]:
    return tuple(format_number(ends[key], unit) for key in ("mean", "lower", "upper"))


def _coverage(result, scores, level: str) -> Claim | None:
    """The one coverage that is told: of the backtest, at the region's level or where there are most."""
    if scores is None or not len(scores):
        return Claim("历史太短，没有回测，区间有多可信说不准。", {})
    of_model = scores[scores["model"] == "reconciled"]
    own = of_model[(of_model["level"] == level) & (of_model["n"] >= FEW)]
    row = (own if len(own) else of_model.sort_values("n", ascending=False)).iloc[0]
    nominal = _nominal(result)
    off = row["coverage"] - nominal
    word = "相符" if abs(off) <= CLOSE else "偏窄，实际范围要看得更宽" if off < 0 else "偏宽"
    text = f"区间承诺 {nominal:.0%}，过去同样做法在{level_name(row['level'])}一级"
    text += f"兑现 {row['coverage']:.0%}（{row['n']:.0f} 次）：{word}；"
    text += f"平均误差 {row['wape']:.1%}，偏差 {row['bias']:+.1%}。"
    return Claim(text, {name: row[name] for name in ("coverage", "n", "wape", "bias")})


def _actions(result, tree, region: str, ends: pd.Series):
    below = [code for code in tree.children(region) if code in set(result.table["region"])]
    if not below:
        return
    table = result.table[result.table["period"] == ends["final"]].set_index("region")["mean"]
    past = result.history[result.history["period"] == ends["last"]].set_index("region")["value"]
    gain = (table.reindex(below) - past.reindex(below)).dropna().sort_values(ascending=False)
    total = gain.sum()
    if not len(gain) or total <= 0:
        yield Claim("下级合计没有增长，先守住现有市场。", {"gain": total})
        return
    most = gain.head(3)
    text = f"增量的 {most.sum() / total:.0%} 在{listed(tree.names(most.index))}，先把力量放在那里。"
    yield Claim(text, {"share": most.sum() / total})
    rate = (table.reindex(below) / past.reindex(below)).dropna().sort_values(ascending=False)
    fast = [code for code in rate.index[:3] if code not in most.index]
    if fast:
        text = f"增长最快而增量不在前三的是{listed(tree.names(fast))}，宜早布点。"
        yield Claim(text, {"n_fast": len(fast)})


def vintages(changes: pd.DataFrame, tree, nominal: float) -> Claim:
    """How the forecast of a year ago did: how many fell outside, and which most.

    Parameters
    ----------
    changes : DataFrame
        From :func:`compare_vintages`.
    tree : RegionTree
    nominal : float
        Coverage that was promised.
    """
    came = changes[changes["kind"] == "actual"]
    if not len(came):
        return Claim("一年前的预测还没有可以对照的实际数。", {"n": 0})
    parts = [
        f"{level_name(level)} {len(group)} 个中 {int((~group['inside']).sum())} 个"
        for level, group in came.groupby("level", sort=False)
    ]
    text = (
        f"{came['period'].iloc[0]}：落在一年前区间外的，{'，'.join(parts)}（承诺不超过 {1 - nominal:.0%}）。"
    )
    outside = came[~came["inside"]]
    lowest = outside[outside["level"] == came["level"].iloc[-1]]
    lowest = lowest.reindex(lowest["change"].abs().sort_values(ascending=False, kind="stable").index).head(5)
    if len(lowest):
        names = tree.names(lowest["region"])
        told = [f"{name}{change:+.0%}" for name, change in zip(names, lowest["change"], strict=True)]
        text += f"差得最多的：{'、'.join(told)}。"
    return Claim(text, {"n": len(came), "n_outside": len(outside)})


def saturation_check(then: pd.DataFrame, later: pd.Series, nominal: float, cut) -> Claim:
    """Whether saturation levels fitted in the past held what they promised.

    Parameters
    ----------
    then : DataFrame
        Table of a :class:`PenetrationFit` on old figures, index region.
    later : Series
        Index region: the level that came.
    nominal : float
    cut : Period
        Last period that the old fit knew.
    """
    sure = then[then["status"] == "identified"].join(later.rename("later")).dropna(subset=["later"])
    refused = len(then) - int((then["status"] == "identified").sum())
    if not len(sure):
        return Claim(f"用 {cut} 年及以前的数，没有一个地区可以认定饱和水平。", {"n": len(then)})
    inside = sure["later"].between(sure["lower"], sure["upper"])
    text = f"用 {cut} 年及以前的数：{len(then)} 个地区中 {len(sure)} 个可以认定饱和水平，"
    text += f"其中 {int(inside.sum())} 个（{inside.mean():.0%}）后来落在当时的区间里，承诺是 {nominal:.0%}；"
    text += f"另外 {refused} 个当时就看不出，没有给出。"
    return Claim(text, {"coverage": inside.mean(), "n": len(sure), "n_refused": refused})


def market_size(
    levels: pd.DataFrame,
    check: Claim,
    counties: pd.DataFrame,
    potential: pd.DataFrame,
    tree,
    *,
    city: str,
    what: str,
) -> Story:
    """The first page of a study of market size: what can be told, what only estimated, what only assumed.

    Parameters
    ----------
    levels : DataFrame
        From :func:`mktanalysis.capacity.saturation_table`: a row a region, column status.
    check : Claim
        From :func:`saturation_check`.
    counties : DataFrame
        Estimates of the counties of `city`: index region; columns value, lower, upper.
    potential : DataFrame
        Index city, highest first; columns potential and own_part.
    tree : RegionTree
    city : str
        Code.
    what : str
        What penetrates.

    Returns
    -------
    Story
    """
    known = int((levels["status"] == "identified").sum())
    over = int((levels["status"] == "passed").sum())
    text = f"{what}：{len(levels)} 个地区中 {known} 个的数据看得出饱和水平，{over} 个今天已在其上，"
    text += f"其余 {len(levels) - known - over} 个只给下限。"
    judged = Claim(text, {"n": len(levels), "n_identified": known, "n_passed": over})
    first = tree.names(potential.index[:3])
    placed = Claim(
        f"四周市场最大的是{listed(first)}：仓和区域中心先看这里（距离怎样打折是假设）。",
        {"potential": potential["potential"].iloc[0]},
    )
    numbers = [
        Number("可以认定饱和水平的地区", f"{known} 个", note=f"共 {len(levels)} 个"),
        Number("四周市场最大的城市", first.iloc[0], note=f"本市占其中 {potential['own_part'].iloc[0]:.0%}"),
    ]
    more = [_largest_county(counties, tree, city)] if len(counties.dropna(subset=["value"])) else []
    if "coverage" in check.figures:
        numbers.insert(
            1, Number("coverage", check.figures["coverage"], note="六年前给出的饱和区间兑现的比例")
        )
    return Story("市场规模", judged, numbers=tuple(numbers), actions=(placed,), risk=check, more=tuple(more))


def _largest_county(counties: pd.DataFrame, tree, city: str) -> Claim:
    """The largest county of a city with its interval: an estimate, never a published figure."""
    sizes = counties.dropna(subset=["value"])
    row = sizes.loc[sizes["value"].idxmax()]
    share = row["value"] / sizes["value"].sum()
    whole, largest = tree.names([city, row.name])
    text = f"县级只有估计：{whole}最大的是{largest}，占全市 {share:.0%}"
    if pd.notna(row["lower"]):
        text += f"，八成区间是估计值的 {row['lower'] / row['value']:.0%} 到 {row['upper'] / row['value']:.0%}"
    return Claim(text + "。", {"share": share, "value": row["value"]})
