"""What a tier study found: how many tiers, how sure, how close to a published list, who moved and why.

Always holds: cities beside a cut are named before anyone acts on their tier; estimated figures are counted;
agreement is told for the cities with figures only, and never as a grade of the list.
"""

from __future__ import annotations

import pandas as pd

from .phrases import counted, listed
from .story import Claim, Number, Story

#: Below this part of the resamples in its tier a region stands beside a cut.
UNSURE = 0.6


def tiers(clusters, scores, *, year: int, names: pd.Series, against=None, list_name: str = "") -> Story:
    """Conclusions of a tier study (城市分级的结论).

    Parameters
    ----------
    clusters : TierClusterer
        Fitted.
    scores : Scores
        What it was fitted on.
    year : int
    names : Series
        Code -> name.
    against : Agreement, optional
        With a published list, of the regions whose figures are known.
    list_name : str
        What the list is called in a sentence.

    Returns
    -------
    Story
    """
    found = clusters.tiers_.dropna()
    stability = clusters.stability_.reindex(found.index)
    estimated = scores.imputed.reindex(found.index).any(axis=1)
    unsure = _beside_a_cut(stability, clusters.score_)
    numbers = (
        Number("stability", stability.mean(), note="重算 200 次仍留在原级的平均比例"),
        Number("n_unsure", len(unsure), note=f"稳定度低于 {UNSURE:.0%} 的个数"),
        Number("n_estimated", int(estimated.sum()), note="有指标是推算的个数"),
    )
    return Story(
        "城市分级",
        _judgement(found, year, names),
        numbers=numbers,
        actions=tuple(_actions(unsure, names, estimated)),
        risk=_risk(stability, unsure),
        more=tuple(_more(clusters, found, names, against, list_name)),
    )


def _more(clusters, found: pd.Series, names: pd.Series, against, list_name: str):
    without = clusters.tiers_.index[clusters.tiers_.isna()]
    if len(without):
        text = f"{listed(names.reindex(without))}的指标太少，没有级别。"
        yield Claim(text, {"n_without": len(without)})
    outvoted = _outvoted(clusters, found, names)
    if outvoted is not None:
        yield outvoted
    if against is not None:
        yield _agreement(against, list_name)


def _outvoted(clusters, found: pd.Series, names: pd.Series) -> Claim | None:
    """Regions of which most resamples say another tier than their own, and the rule that decides."""
    votes = getattr(clusters, "membership_", None)
    if votes is None or not len(votes):
        return None
    most = votes.reindex(found.index).dropna().idxmax(axis=1)
    other = most[most.astype(str) != found.reindex(most.index).astype(str)].index
    if not len(other):
        return None
    first = clusters.score_.reindex(other).sort_values(ascending=False, kind="stable").index
    text = f"级别按原数据的得分和分界线定，不按重算的多数：{listed(names.reindex(first), most=4)}"
    text += "在重算里多半落在别的级，两级都说得通。"
    return Claim(text, {"n_outvoted": len(other)})


def _beside_a_cut(stability: pd.Series, score: pd.Series) -> pd.Series:
    """Regions below `UNSURE`, the largest first."""
    unsure = stability[stability < UNSURE]
    return unsure.reindex(score.reindex(unsure.index).sort_values(ascending=False, kind="stable").index)


def _judgement(found: pd.Series, year: int, names: pd.Series) -> Claim:
    counts = found.value_counts(sort=False)
    counts = counts[counts > 0]
    if len(found) == 1:
        only = names.get(found.index[0], found.index[0])
        return Claim(f"{year} 年只有{only}一个单位，谈不上分级。", {"n_regions": 1})
    top = found.index[found == counts.index[0]]
    text = f"{year} 年，{len(found)} 个单位分为 {len(counts)} 级：{counted(counts)}。"
    text += f"{counts.index[0]}是{listed(names.reindex(top), most=6)}。"
    return Claim(text, {"n_regions": len(found), **{str(tier): int(n) for tier, n in counts.items()}})


def _actions(unsure: pd.Series, names: pd.Series, estimated: pd.Series):
    if len(unsure):
        first = listed(names.reindex(unsure.index))
        text = f"{len(unsure)} 个城市紧挨分界线，不宜只凭级别定资源，先看：{first}。"
        yield Claim(text, {"n_unsure": len(unsure)})
    if estimated.any():
        text = f"{int(estimated.sum())} 个单位有指标是推算的，进入之前另做实地估计。"
        yield Claim(text, {"n_estimated": int(estimated.sum())})


def _risk(stability: pd.Series, unsure: pd.Series) -> Claim:
    share = len(unsure) / len(stability) if len(stability) else float("nan")
    text = f"换一批样本、指标上下浮动一成，平均 {1 - stability.mean():.0%} 的单位会换级；"
    text += f"{share:.0%} 的单位可上可下。"
    return Claim(text, {"stability": stability.mean(), "n_unsure": len(unsure)})


def _agreement(against, list_name: str) -> Claim:
    compared = f"与{list_name}相比，有完整数据的 {against.n_common} 个城市中"
    if pd.isna(against.kappa):
        text = f"级数与{list_name}不同，{compared}秩相关 {against.rank_correlation:.2f}。"
        return Claim(text, {"n_common": against.n_common, "rank_correlation": against.rank_correlation})
    text = f"{compared} {against.agreement:.0%} 同级，加权 kappa {against.kappa:.3f}；"
    text += "权重和分界线没有向榜单拟合。"
    figures = {"n_common": against.n_common, "agreement": against.agreement, "kappa": against.kappa}
    return Claim(text, figures)


def moves(moved: pd.DataFrame, mobility: pd.Series, *, years: tuple[int, int], names: pd.Series) -> Claim:
    """Who rose and who fell between two years, and whether that happens often.

    Parameters
    ----------
    moved : DataFrame
        From :func:`mktanalysis.tiering.moves`: index region, column shift.
    mobility : Series
        From :func:`mktanalysis.tiering.mobility`, with ``prais``.
    years : tuple of int
    names : Series
        Code -> name.
    """
    up = moved.index[moved["shift"] > 0]
    down = moved.index[moved["shift"] < 0]
    text = f"{years[0]} 至 {years[1]} 年，{len(up)} 个城市升级、{len(down)} 个降级"
    if len(up):
        text += f"；升级的有{listed(names.reindex(up), most=8)}"
    if len(down):
        text += f"；降级的有{listed(names.reindex(down), most=8)}"
    text += f"。Prais 流动性指数 {mobility['prais']:.3f}（0 为无人流动，1 为级别与上年无关）"
    text += (
        "：级别以五年、十年计，不必年年重排渠道。"
        if mobility["prais"] < 0.2
        else "：级别常有变动，每年要复核。"
    )
    return Claim(text, {"n_up": len(up), "n_down": len(down), "prais": mobility["prais"]})


def number_of_tiers(evidence: pd.DataFrame, used: int) -> Claim:
    """Which number of tiers the evidence prefers, and what the one in use costs against it.

    Parameters
    ----------
    evidence : DataFrame
        From :class:`TierClusterer`: index number of tiers, columns explained, stability.
    used : int
        How many tiers the report shows.
    """
    worth = evidence["explained"] * evidence["stability"]
    best = int(worth.idxmax())
    figures = {"n_tiers": used, "最合算的级数": best}
    if used == best or used not in evidence.index:
        return Claim(f"“解释 × 稳定”最大的是 {best} 级。", figures)
    more = evidence.loc[used, "explained"] - evidence.loc[best, "explained"]
    less = evidence.loc[best, "stability"] - evidence.loc[used, "stability"]
    text = f"“解释 × 稳定”最大的是 {best} 级；本报告用 {used} 级，是为了与榜单的级数相同、便于对照，"
    text += f"解释比例{_points(more)}，稳定度{_points(-less)}。"
    return Claim(text, figures | {"explained": more, "stability": -less})


def _points(change: float) -> str:
    word = "高" if change >= 0 else "低"
    return f"{word} {abs(change) * 100:.1f} 个百分点"


def differences(against, list_name: str, names: pd.Series) -> Claim:
    """How many regions a list places elsewhere, how far, and which way.

    Parameters
    ----------
    against : Agreement
        Of the data (a) with the list (b); ``shift`` counts tiers by which the list is better.
    list_name : str
    names : Series
        Code -> name.
    """
    shift = against.differing["shift"].dropna()
    if not len(shift):
        return Claim(f"与{list_name}没有可比的差别。", {"n_differing": len(against.differing)})
    far = shift[shift.abs() >= 2]
    text = f"{against.n_common} 个共有的单位中 {len(shift)} 个级别不同："
    text += f"榜单评得更高的 {int((shift > 0).sum())} 个，更低的 {int((shift < 0).sum())} 个；"
    text += (
        f"相差两级以上的 {len(far)} 个：{listed(names.reindex(far.index), most=6)}，值得逐个追问。"
        if len(far)
        else "没有一个相差两级以上。"
    )
    return Claim(text, {"n_differing": len(shift), "n_far": len(far)})
