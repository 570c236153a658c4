"""What a year's tasks came to: how hard, how far along, what rebates cost, how many people it takes.

Always holds: whoever needs help is named from the outlook's own flag; a cost is told with the other way's.
"""

from __future__ import annotations

import pandas as pd

from .phrases import figure, listed
from .story import Claim, Number, Story


def sales_year(task: Claim, stand: Claim, paid: Claim, staffed: Claim) -> Story:
    """The first page of a sales year: the task, how it stands, what it costs, whom it takes.

    Parameters
    ----------
    task, stand, paid, staffed : Claim
        From :func:`tasks`, :func:`progress`, :func:`rebates` and :func:`people`.

    Returns
    -------
    Story
    """
    numbers = (
        Number("全年任务", figure("quota", task.figures["quota"])),
        Number("预计完成", f"{stand.figures['outlook_completion']:.1%}", note="按今年至今的完成率外推"),
        Number("需要的人", f"{staffed.figures['staff']:.1f} 人", note="按工作量"),
    )
    late = stand.figures["n"]
    risk = f"按现在的进度，{late} 个市到年底完不成任务。" if late else "按现在的进度，没有市会完不成任务。"
    hard = f"最难的市，任务是预测值的 {task.figures['difficulty']:.2f} 倍。"
    return Story(
        "销售任务",
        task,
        numbers=numbers,
        actions=(stand, paid, staffed),
        risk=Claim(risk + hard, {"n": late, "difficulty": task.figures["difficulty"]}),
    )


def tasks(cities: pd.DataFrame, total: float, growth: float, *, place: str, year: int, names) -> Claim:
    """The task and the city for which it is hardest.

    Parameters
    ----------
    cities : DataFrame
        Quotas of one level: region, quota, difficulty, chance.
    total : float
        Yuan.
    growth : float
    place : str
    year : int
    names : Series
        Code -> name.
    """
    hardest = cities.loc[cities["difficulty"].idxmax()]
    text = f"任务：{place} {year} 年{figure('quota', total)}，比去年增长 {growth:.1%}，"
    text += f"分到 {len(cities)} 个市；最难的是{names[hardest['region']]}，"
    text += f"任务是预测值的 {hardest['difficulty']:.2f} 倍，达成把握 {hardest['chance']:.0%}。"
    return Claim(text, {"quota": total, "difficulty": hardest["difficulty"], "chance": hardest["chance"]})


def progress(outlook: pd.DataFrame, late: pd.DataFrame, *, months_done: int, names) -> Claim:
    """How the year stands, and who needs help now.

    Parameters
    ----------
    outlook : DataFrame
        From :func:`mktanalysis.planning.year_outlook`, the whole in its first row.
    late : DataFrame
        Its rows that need help.
    months_done : int
    names : Series
    """
    expected = outlook["outlook_completion"].iloc[0]
    text = f"进度：{months_done} 个月过去，预计全年完成 {expected:.1%}；"
    text += f"现在需要支援的是{listed(names[late['region']])}。"
    return Claim(text, {"outlook_completion": expected, "n": len(late)})


def rebates(paid: pd.DataFrame, saved: float) -> Claim:
    """What a schedule of rebates costs, who stands near a cliff, and what a marginal one would cost less.

    Parameters
    ----------
    paid : DataFrame
        A row a dealer: rebate (yuan), cliff (flag).
    saved : float
        Yuan by which the marginal form is cheaper.
    """
    cost = paid["rebate"].sum()
    near = int(paid["cliff"].sum())
    text = f"返利：全额办法共{figure('rebate', cost)}，{near} 家站在临界点附近；"
    text += f"改为超额累进可少付{figure('rebate', saved)}，且没有临界点。"
    return Claim(text, {"rebate": cost, "n": near})


def people(staff: float, size, blank) -> Claim:
    """How many people the work takes, how many pay best, where nobody is.

    Parameters
    ----------
    staff : float
        By workload.
    size : object
        With best, flat_low and flat_high, from the response curve.
    blank : sequence of str
        Names of the places without a dealer.
    """
    text = f"人员：按工作量 {staff:.1f} 人；按销售反应曲线，利润最高的是 {size.best} 人，"
    text += f"但 {size.flat_low}—{size.flat_high} 人之间利润相差不到 1%。空白市：{listed(blank)}。"
    return Claim(text, {"staff": staff})
