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
        more=() if against is None else (_agreement(against, list_name),),
    )


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
