"""The race of the regions: who met the task of the month, quarter and year, and who comes first.

Always holds: completion is judged on exact sums (whole fen), a quarter on the sum of its months and never on
a mean of rates; nobody met the task: no champion; a period with a month missing is not judged.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

import pandas as pd
from pydantic import Field

from ...errors import MktError, TableError
from ...schemas import PANEL, check_table, season_of
from ...settings import Strict
from ...words.render import named

Yuan = Annotated[float, Field(ge=0)]

#: Kinds of period, in the order of the table, with the months of each.
_KINDS = {"month": 1, "quarter": 3, "year": 12}


class Prizes(Strict):
    """What the first region that met its task is given, yuan (竞赛激励).

    Parameters
    ----------
    year : float
        The year's grand prize; the source's figure is misprinted, so it must be given.
    month, quarter : float
        The source's 1,000 and 3,000 yuan.
    """

    year: Yuan
    month: Yuan = 1000.0
    quarter: Yuan = 3000.0


def leaderboard(quotas: pd.DataFrame, actual: pd.DataFrame, *, prizes: Prizes) -> pd.DataFrame:
    """Rank regions by completion in every month, quarter and year (月度、季度、年度销售冠军).

    Champion is who met the task and is first by completion; of equals the one with the larger excess in
    yuan, then the prize is shared.

    Parameters
    ----------
    quotas, actual : DataFrame
        Columns region, period (monthly), value, yuan; regions of one race. Months without any actual figure
        are still to come.
    prizes : Prizes

    Returns
    -------
    DataFrame
        Columns kind (month, quarter, year), period (text), region, quota, actual (sums so far, yuan),
        completion, rank (1 is first; missing while months are missing), champion (flag), prize (yuan),
        complete (all months of the period are in).

    Raises
    ------
    TableError
        A month in which some regions have figures and others not, a quota that is not positive.
    MktError
        No common month, periods that are not months.

    Examples
    --------
    >>> month = pd.PeriodIndex(["2025-01"] * 2, freq="M")
    >>> quota = pd.DataFrame({"region": ["a", "b"], "period": month, "value": [100.0, 200.0]})
    >>> sold = pd.DataFrame({"region": ["a", "b"], "period": month, "value": [110.0, 210.0]})
    >>> board = leaderboard(quota, sold, prizes=Prizes(year=1e5))
    >>> board[board["kind"] == "month"][["region", "rank", "prize"]].values.tolist()
    [['a', 1, 1000.0], ['b', 2, 0.0]]
    """
    both = _joined(quotas, actual)
    parts = []
    for kind, months in _KINDS.items():
        label = _label(both["period"], kind)
        sums = both.assign(label=label, n=both["actual"].notna()).groupby(["label", "region"], sort=True)
        table = sums.agg(quota=("quota", "sum"), actual=("actual", "sum"), n=("n", "sum")).reset_index()
        full = table.groupby("label")["n"].transform("min") == months
        table = table[table.groupby("label")["n"].transform("max") > 0].assign(complete=full)
        ranked = [_ranked(group, getattr(prizes, kind)) for _, group in table.groupby("label", sort=True)]
        parts.append(pd.concat(ranked).assign(kind=kind))
    board = pd.concat(parts, ignore_index=True).rename(columns={"label": "period"})
    board = board.assign(
        completion=board["actual"] / board["quota"],
        quota=board["quota"] / 100.0,
        actual=board["actual"] / 100.0,
        rank=board["rank"].astype("Int64"),
    )
    columns = ["kind", "period", "region", "quota", "actual", "completion", "rank", "champion", "prize"]
    return named(board[[*columns, "complete"]], "leaderboard")


def _joined(quotas: pd.DataFrame, actual: pd.DataFrame) -> pd.DataFrame:
    """Quota and actual in whole fen a region and month; every region of a month has a figure or none."""
    for table, name in ((quotas, "任务"), (actual, "实际")):
        check_table(table, PANEL)
        if season_of(table["period"].dtype) != 12:
            raise MktError(f"竞赛按月评比：{name}应为月度数据，现有时期如 {table['period'].iloc[0]}")
    keys = ["region", "period"]
    both = quotas[[*keys, "value"]].merge(
        actual[[*keys, "value"]], on=keys, how="left", suffixes=("_quota", "_actual")
    )
    strangers = sorted(set(actual["region"]) - set(quotas["region"]))
    problems = [{"row": r, "column": "region", "problem": "有实际销售，没有任务"} for r in strangers]
    bad = both[~(both["value_quota"] > 0)]
    problems += [
        {"row": r, "column": str(p), "value": v, "problem": "任务应为正数"}
        for r, p, v in bad[[*keys, "value_quota"]].itertuples(index=False)
    ]
    started = both["value_actual"].notna().groupby(both["period"]).transform("any")
    gaps = both[started & both["value_actual"].isna()]
    problems += [
        {"row": r, "column": str(p), "problem": "同月其他地区有实际数，这里缺失（缺失不是 0）"}
        for r, p in gaps[keys].itertuples(index=False)
    ]
    if problems:
        raise TableError(pd.DataFrame(problems))
    if not started.any():
        raise MktError("任务与实际没有相同的月份")
    fen = {"quota": both["value_quota"], "actual": both["value_actual"]}
    whole = {name: (values * 100).round().astype("Int64") for name, values in fen.items()}
    return both[keys].assign(**whole)


def _label(period: pd.Series, kind: str) -> pd.Series:
    if kind == "month":
        return period.astype(str)
    return period.dt.asfreq("Q" if kind == "quarter" else "Y").astype(str)


def _ranked(group: pd.DataFrame, prize: float) -> pd.DataFrame:
    """One period: ranks on exact fractions, champion, prize."""
    if not group["complete"].all():
        return group.assign(rank=pd.NA, champion=False, prize=0.0)
    rate = [Fraction(int(a), int(q)) for a, q in zip(group["actual"], group["quota"], strict=True)]
    excess = [int(a) - int(q) for a, q in zip(group["actual"], group["quota"], strict=True)]
    key = list(zip(rate, excess, strict=True))
    rank = pd.Series([1 + sum(other > mine for other in key) for mine in key], group.index)
    met = pd.Series([r >= 1 for r in rate], group.index)
    champion = met & (rank == 1)
    share = prize / champion.sum() if champion.any() else 0.0
    ordered = group.assign(rank=rank, champion=champion, prize=champion * share)
    return ordered.sort_values(["rank", "region"])
