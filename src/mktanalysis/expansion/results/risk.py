"""Risk of a plan: many replays under chance - capacity, response of the market, rivals' strength and
reaction.

Always holds: draws of capacity are coherent (a region's capacity is the sum of its units' in every draw);
the same seed gives the same draws, whatever the size of a batch; the plan does not adapt, shortages are
counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from ...errors import MktError
from ...settings import Strict
from ...words.render import named
from ...words.summary import Shown, Summary
from ..assumptions import Amount
from ..choices.beliefs import beliefs
from ..choices.chance import draw_responsiveness, provinces
from ..market.capacity import relative_sd
from .replay import NOTHING, Shock, Starts, replay

#: Numbers of one batch (draws x units x periods), to bound memory.
BATCH_CELLS = 1_000_000


class Chance(Strict):
    """How uncertain the assumptions are (folklore, replaceable).

    Parameters
    ----------
    capacity_sd : float
        Yearly relative shock of a unit's capacity; it accumulates over years. A forecast with intervals
        replaces it.
    common : float
        Part of its variance that all units share; as much again is shared within the regions right above
        units.
    response_sd : float
        Relative error of our effort's effect, one draw for the company and one a unit, equal parts.
    rivals_sd : float
        Relative error of rivals' strength by unit.
    reaction : tuple of float
        Rivals raise their effort by this times our share: lowest and highest, uniform.
    """

    capacity_sd: Amount = 0.06
    common: Annotated[float, Field(ge=0, le=0.5)] = 0.4
    response_sd: Amount = 0.10
    rivals_sd: Amount = 0.15
    reaction: tuple[Amount, Amount] = (0.0, 0.5)

    @model_validator(mode="after")
    def _ordered(self):
        if self.reaction[0] > self.reaction[1]:
            raise ValueError("reaction（对手反应）应先写最低、后写最高")
        return self


@dataclass(frozen=True, eq=False, repr=False)
class RiskResult(Shown):
    """What may come of a plan.

    Attributes
    ----------
    rungs : DataFrame
        level, region, period, probability of being strong there by then.
    levels : DataFrame
        level, period, probability that at least one region of the level is strong.
    fan : DataFrame
        period, lower, median, upper of the cumulated cash (5 %, 50 %, 95 %), and shortage (probability that
        money runs out).
    figures : Series
        mean, sd, p05, p50, p95 of the gain, value_at_risk (mean - p05), expected_shortfall (mean of the worst
        5 %),
        loss_probability, shortage_probability.
    values : Series
        Gain of every draw: value beyond that of the base alone in the same draw.
    """

    rungs: pd.DataFrame
    levels: pd.DataFrame
    fan: pd.DataFrame
    figures: pd.Series
    values: pd.Series

    def summary(self) -> Summary:
        """What is shown of it: the range of the cumulated cash."""
        names = ("mean", "p05", "p95", "loss_probability", "shortage_probability")
        figures = {name: self.figures[name] for name in names} | {"重放次数": f"{len(self.values):,} 次"}
        step = "risk.rungs、risk.levels 看每一级何时登上的概率；choose_robust({...}) 比较几个计划"
        return Summary("计划的风险", figures, self.fan, step, words="risk_figures")


def plan_starts(plan) -> Starts:
    """The starts of a plan as positions in its market, with their rules."""
    return plan.starts


def simulate_risk(
    plan,
    *,
    chance: Chance | None = None,
    n_draws: int = 1000,
    forecast: pd.DataFrame | None = None,
    learn: bool = False,
    random_state: int | None = 0,
) -> RiskResult:
    """Replay a plan under chance.

    Beside what `chance` says, every market entered answers otherwise than expected, by the plan's own
    ``assumptions.spread``.

    Parameters
    ----------
    plan : ExpansionPlan
    chance : Chance, optional
    n_draws : int
    forecast : DataFrame, optional
        region, period, mean, lower, upper (80 %): capacity varies as it says, units moving together by
        ``common``.
    learn : bool, default False
        Whether the reviews of a unit also heed what the other units of its province have shown by then; the
        plan itself counts with each unit's own share alone.
    random_state : int

    Returns
    -------
    RiskResult
    """
    if n_draws < 1:
        raise MktError(f"重放次数 n_draws 至少为 1，给出的是 {n_draws}")
    chance = chance or Chance()
    case = plan.case
    rng = np.random.default_rng(random_state)
    n = len(case.units)
    periods = case.policy.periods
    sd = None if forecast is None else relative_sd(forecast, case.units, case.years)
    size = max(1, BATCH_CELLS // (n * periods))
    parts = []
    alone = []
    for first in range(0, n_draws, size):
        count = min(size, n_draws - first)
        shock = _draw(chance, case, sd, count, rng.spawn(count))
        parts.append(replay(case, plan_starts(plan), shock=shock, detail=False, learn=learn))
        alone.append(replay(case, NOTHING, shock=shock, detail=False).value)
    return _summary(plan, parts, np.concatenate(alone))


def _draw(chance: Chance, case, sd, count: int, streams) -> Shock:
    """Each draw from a stream of its own, so that batches do not matter."""
    n = len(case.units)
    periods = case.policy.periods
    unknown = provinces(case)
    known = beliefs(case)
    home = case.ladder.parent[:n]
    groups = home.max(initial=-1) + 2
    parts = np.sqrt([chance.common, chance.common, 1 - 2 * chance.common])
    capacity = np.empty((count, n, periods))
    response = np.empty((count, n))
    rivals = np.empty((count, n))
    reaction = np.empty(count)
    luck = np.empty((count, n))
    arrival = np.empty((count, n))
    for d, rng in enumerate(streams):
        steps = parts[0] * rng.normal(size=periods) + parts[1] * rng.normal(size=(groups, periods))[home]
        steps = steps + parts[2] * rng.normal(size=(n, periods))
        if sd is None:
            spread = chance.capacity_sd * np.cumsum(steps, axis=1)
        else:  # the interval's width of each period, paths smooth in time
            spread = sd * np.cumsum(steps, axis=1) / np.sqrt(np.arange(1, periods + 1))
        capacity[d] = spread
        both = (rng.normal() + rng.normal(size=n)) / np.sqrt(2)
        response[d] = np.exp(chance.response_sd * both)
        if case.assumptions.spread:  # how the markets entered answer; at home it is known
            found = draw_responsiveness(case.assumptions, unknown, rng) if known is None else known.draw(rng)
            response[d] *= np.where(case.base, 1.0, found)
        rivals[d] = np.exp(chance.rivals_sd * rng.normal(size=n))
        reaction[d] = rng.uniform(*chance.reaction)
        luck[d] = rng.normal(size=n)
        arrival[d] = rng.uniform(size=n)
    variance = (chance.capacity_sd**2 * np.arange(1, periods + 1))[None, :] if sd is None else sd**2
    return Shock(np.exp(capacity - variance / 2), response, rivals, reaction, luck, arrival)


def _summary(plan, parts, base_value: np.ndarray) -> RiskResult:
    """The gain of a draw is the value beyond that of the base alone in the same draw."""
    case = plan.case
    periods = plan.cash_flow["period"]
    gain = np.concatenate([p.value for p in parts]) - base_value
    cash = np.concatenate([p.income + p.radiance - p.outlay - p.office_cost for p in parts]).cumsum(axis=1)
    money = np.concatenate([p.money for p in parts])
    rungs = np.concatenate([p.rungs for p in parts])
    lower, median, upper = np.quantile(cash, [0.05, 0.5, 0.95], axis=0)
    short = money < -1e-6 * max(plan.policy.per_period("budget"))
    fan = pd.DataFrame(
        {"period": periods, "lower": lower, "median": median, "upper": upper, "shortage": short.mean(axis=0)}
    )
    by_then = np.maximum.accumulate(rungs, axis=2)
    return RiskResult(
        _rung_table(case, by_then.mean(axis=0), periods),
        _level_table(case, by_then, periods),
        named(fan, "risk_fan"),
        _risk_figures(gain, short),
        pd.Series(gain, name="gain"),
    )


def _risk_figures(gain: np.ndarray, short: np.ndarray) -> pd.Series:
    p05, p50, p95 = np.quantile(gain, [0.05, 0.5, 0.95])
    worst = np.sort(gain)[: max(1, int(np.ceil(0.05 * len(gain))))]
    return pd.Series(
        {
            "mean": gain.mean(),
            "sd": gain.std(),
            "p05": p05,
            "p50": p50,
            "p95": p95,
            "value_at_risk": gain.mean() - p05,
            "expected_shortfall": worst.mean(),
            "loss_probability": float((gain < 0).mean()),
            "shortage_probability": float(short.any(axis=1).mean()),
        },
        name="value",
    ).pipe(named, "risk_figures")


def _rung_table(case, probability: np.ndarray, periods) -> pd.DataFrame:
    ladder = case.ladder
    frames = [
        pd.DataFrame({"level": r.level, "region": code, "period": periods, "probability": probability[g]})
        for g, (code, r) in enumerate(zip(ladder.regions, ladder.rungs, strict=True))
        if probability[g].any()
    ]
    columns = ["level", "region", "period", "probability"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _level_table(case, by_then: np.ndarray, periods) -> pd.DataFrame:
    levels = [rung.level for rung in case.ladder.rungs]
    frames = []
    for level in dict.fromkeys(levels):
        at = [g for g, name in enumerate(levels) if name == level]
        some = by_then[:, at].any(axis=1).mean(axis=0)
        count = by_then[:, at].sum(axis=1).mean(axis=0)
        frames.append(
            pd.DataFrame({"level": level, "period": periods, "probability": some, "expected_number": count})
        )
    columns = ["level", "period", "probability", "expected_number"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def choose_robust(risks: dict[str, RiskResult]) -> pd.DataFrame:
    """Compare plans under the same draws and mark the choice of each criterion.

    Parameters
    ----------
    risks : dict
        Name -> RiskResult, all with the same seed and number of draws.

    Returns
    -------
    DataFrame
        plan, mean, p05, expected_shortfall, largest_regret (over draws), best_share (of draws in which it is
        best), and
        ``best_by``: criteria that would choose it.
    """
    if len({len(risk.values) for risk in risks.values()}) != 1:
        raise MktError("请给出至少一个计划的风险结果，且重放次数与种子相同：比较要在同样的抽样下进行")
    values = pd.DataFrame({name: risk.values for name, risk in risks.items()})
    regret = values.rsub(values.max(axis=1), axis=0)
    table = pd.DataFrame(
        {
            "mean": values.mean(),
            "p05": values.quantile(0.05),
            "expected_shortfall": pd.Series({k: r.figures["expected_shortfall"] for k, r in risks.items()}),
            "largest_regret": regret.max(),
            "best_share": (regret == 0).mean(),
        }
    )
    criteria = {"mean": "平均最高", "p05": "最差 5% 最好", "expected_shortfall": "尾部最好"}
    chosen = {name: [] for name in table.index}
    for column, text in criteria.items():
        chosen[table[column].idxmax()].append(text)
    chosen[table["largest_regret"].idxmin()].append("最大后悔最小")
    return (
        table.assign(best_by=["、".join(chosen[name]) for name in table.index])
        .rename_axis("plan")
        .reset_index()
    )
