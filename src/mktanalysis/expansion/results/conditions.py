"""Check a finished plan against every condition, from its tables and the replay alone.

Always holds: one row a condition; nothing of the solver's state is trusted - held, shares, money and people
come from the replay, neighbours from the edges.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..market.case import Case
from .replay import Replay, Starts


def check_plan(case: Case, starts: Starts, outcome: Replay, promised_value: float) -> pd.DataFrame:
    """Return columns ``condition``, ``holds``, ``worst`` (how far it is from breaking; below 0 breaks),
    ``detail``.
    """
    policy = case.policy
    now = _open_periods(case)
    rows = [_once(case, starts), _contiguous(case, starts, outcome), _money(case, outcome, now)]
    if policy.people is not None:
        spare = np.array(policy.per_period("people")) - outcome.people[0]
        rows.append(_row("人员", spare[now].min(initial=np.inf), "可用人员减去所需人员的最小值"))
    if policy.new_units is not None:
        count = np.array([(starts.period == t).sum() for t in range(policy.periods)])
        rows.append(
            _row("每期新开数", policy.new_units - count[now].max(initial=0), "上限减去每期新开单元数")
        )
    if policy.supply_radius_km is not None:
        km = case.column("distance_km")[_free(case, starts)]
        rows.append(
            _row("供货半径", policy.supply_radius_km - km.max(initial=0), "半径减去最远单元的距离（公里）")
        )
    rows += [_orders(case, starts), _hysteresis(case, outcome)]
    gap = abs(outcome.value[0] - promised_value) / max(abs(promised_value), 1.0)
    rows.append(_row("复算与模型一致", 1e-6 - gap, f"复算价值与模型价值相差 {gap:.1%}"))
    return pd.DataFrame(rows)


def _row(condition: str, worst: float, detail: str) -> dict:
    return {"condition": condition, "holds": bool(worst >= -1e-5), "worst": float(worst), "detail": detail}


def _open_periods(case: Case) -> np.ndarray:
    first = case.policy.first_open
    return np.array([first is None or year >= first for year in case.years])


def _history_units(case: Case) -> set:
    return {code for code, _, _ in case.policy.history}


def _free(case: Case, starts: Starts) -> np.ndarray:
    """Units started by this plan, not by history."""
    return np.array([i for i in starts.unit if case.units[i] not in _history_units(case)], dtype=int)


def _once(case: Case, starts: Starts) -> dict:
    repeated = len(starts.unit) - len(set(starts.unit.tolist()))
    in_base = int(case.base[starts.unit].sum())
    return _row(
        "每单元至多启动一次", -repeated - in_base, f"重复 {repeated} 个，启动根据地内单元 {in_base} 个"
    )


def _contiguous(case: Case, starts: Starts, outcome: Replay) -> dict:
    """Walk the starts and look for a neighbour held (strong) the year before."""
    rule = case.policy.contiguity
    if rule == "none":
        return _row("连片", 0.0, "不要求（撒网）")
    history = _history_units(case)
    broken = []
    state = outcome.held if rule == "held" else outcome.detail["strong"][0]
    for i, s in zip(starts.unit, starts.period, strict=True):
        near = np.flatnonzero(case.adjacency[[i]].toarray()[0])
        base_near = (
            case.base[near].any() if rule == "held" else (case.base[near] & state[near].all(axis=1)).any()
        )
        if case.units[i] not in history and not base_near and not (s > 0 and state[near, s - 1].any()):
            broken.append(case.units[i])
    return _row("连片", -len(broken), f"未与上一期已有单元相邻：{'、'.join(broken) or '无'}")


def _money(case: Case, outcome: Replay, now: np.ndarray) -> dict:
    budget = max(max(case.policy.per_period("budget")), 1.0)
    left = outcome.money[0][now].min(initial=np.inf)
    return _row("资金", left / budget, "各期最低余额÷年预算")


def _orders(case: Case, starts: Starts) -> dict:
    """Pinned, forbidden and history are kept."""
    policy = case.policy
    when = {case.units[i]: case.years[s] for i, s in zip(starts.unit, starts.period, strict=True)}
    base = set(case.units[case.base])
    broken = [code for code in policy.forbidden if code in when and code not in _history_units(case)]
    broken += [
        c for c, y in policy.pinned.items() if c not in base and (c not in when or y not in (None, when[c]))
    ]
    broken += [code for code, _, year in policy.history if when.get(code) != year]
    return _row("指定、禁止与既成步骤", -len(broken), f"未遵守：{'、'.join(broken) or '无'}")


def _hysteresis(case: Case, outcome: Replay) -> dict:
    """A unit turns strong at the entry share or above and stays strong only at the exit share or above."""
    response = case.assumptions.response
    answers = outcome.detail["answers"].detail
    strong = answers["strong"]  # shape (answers, units, periods)
    share = answers["share"]
    turned = strong.copy()
    turned[:, :, 1:] &= ~strong[:, :, :-1]
    turned[:, case.base, 0] = False
    broken = int((turned & (share < response.enter_share - 1e-9)).sum())
    broken += int((strong & (share < response.exit_share - 1e-9)).sum())
    return _row("强势的进入与失去门槛", -broken, f"不符 {broken} 处")
