"""What the company may do: orders and limits of a plan, one strict, immutable record.

Always holds: orders that contradict each other whatever the market is are refused when the record is made;
what is assumed about markets is no order and stands in `Assumptions`.
"""

from __future__ import annotations

import math
import warnings
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, model_validator

from ..errors import MktError
from ..settings import Strict
from .assumptions import Amount, Assumptions, Share


class Policy(Strict):
    """The manager's orders and limits for an expansion plan.

    Wherever a code is asked for, a region's name will do; it is looked up in the market's tree.

    Parameters
    ----------
    base : tuple of str
        The base area (根据地): units, or regions above them, held and worked from the start.
    periods : int
        Length of the horizon in years.
    start : int or None
        Its first year; None is the year after the market's newest figures.
    budget : float or tuple of float
        Money for development of each period, yuan (one figure = every period).
    budget_kind : str
        What the budget is (预算口径). ``net``, the net advance: it pays the losses of units, see `reinvest`.
        ``gross``, gross spending: it pays everything that is spent beyond the base - entry, effort, fixed
        costs, offices - and nothing comes back to it.
    reinvest : float
        With a net budget: it pays the losses of units; of a unit's profit this share may be spent again in
        the same period (以战养战).
    carry_over : bool
        Whether unspent money moves to the next period.
    people : float, tuple of float or None
        Sales staff at hand in each period (base area included).
    new_units : int or None
        At most this many new units a period.
    contiguity : str
        A new unit touches a ``held`` or a ``strong`` one, or ``none`` (a wide net).
    supply_radius_km : float or None
        Units farther from their supply centre are out of reach.
    pinned : dict
        Units that must be entered: code -> year, or None for any year.
    forbidden : tuple of str
        Units that must not be entered.
    history : tuple of (code, programme, year)
        What has been started already or is locked as decided: kept as it is.
    first_open : int or None
        No new start before this year other than `history` (re-plan from here on).
    objective : str
        ``profit`` discounted profit with terminal value; ``earliest`` the first period in which the target is
        strong, then profit; ``least_cost`` the target by the end at the least discounted outlay.
    target : str or None
        Level (or region) of the ladder for the last two objectives.

    Examples
    --------
    >>> Policy(base=("郑州市",), budget=2e8).replace(periods=10).per_period("budget")[-1]
    200000000.0
    """

    base: Annotated[tuple[str, ...], Field(min_length=1)]
    periods: Annotated[int, Field(ge=1, le=60)] = 8
    start: int | None = None
    budget: Amount | tuple[Amount, ...] = 2e7
    budget_kind: Literal["net", "gross"] = "net"
    reinvest: Share = 0.5
    carry_over: bool = True
    people: Amount | tuple[Amount, ...] | None = None
    new_units: Annotated[int, Field(ge=0)] | None = None
    contiguity: Literal["held", "strong", "none"] = "held"
    supply_radius_km: Amount | None = None
    pinned: dict[str, int | None] = Field(default_factory=dict)
    forbidden: tuple[str, ...] = ()
    history: tuple[tuple[str, str, int], ...] = ()
    first_open: int | None = None
    objective: Literal["profit", "earliest", "least_cost"] = "profit"
    target: str | None = None
    _assumed: Assumptions | None = PrivateAttr(default=None)

    def __init__(self, **data):
        old = {name: data.pop(name) for name in list(data) if name in Assumptions.model_fields}
        super().__init__(**data)
        if old:
            _warn_of(old)
            self._assumed = Assumptions(**old)

    @model_validator(mode="after")
    def _consistent(self):
        for name in ("budget", "people"):
            value = getattr(self, name)
            if isinstance(value, tuple) and len(value) != self.periods:
                raise ValueError(f"{name} 有 {len(value)} 个数，应与期数 periods={self.periods} 相同")
        if any(math.isinf(value) for value in self.per_period("budget")):
            raise ValueError("budget（预算）应为有限的数；不想受预算限制时写一个很大的数，如 1e12")
        if self.objective != "profit" and self.target is None:
            raise ValueError(f"目标 objective={self.objective!r} 需要给出 target（层级或地区代码）")
        self._orders_agree()
        return self

    def _orders_agree(self) -> None:
        """Refuse orders that contradict each other whatever the market is."""
        done = {code for code, _, _ in self.history}
        if clash := sorted(set(self.pinned) & set(self.forbidden)):
            raise ValueError(
                f"pinned 与 forbidden 冲突：{'、'.join(clash)} 既被指定进入又被禁止进入，请从其中一处去掉"
            )
        if clash := sorted(set(self.base) & set(self.forbidden)):
            raise ValueError(f"base 与 forbidden 冲突：{'、'.join(clash)} 是根据地，不能禁止进入")
        moved = [c for c, _, year in self.history if self.pinned.get(c) not in (None, year)]
        if moved:
            raise ValueError(
                f"pinned 与 history 冲突：{'、'.join(moved)} 已经在别的年份进入或锁定，请从其中一处去掉"
            )
        if clash := sorted(set(self.base) & done):
            raise ValueError(f"history 与 base 冲突：{'、'.join(clash)} 是根据地，从一开始就持有")
        if clash := sorted(done & set(self.forbidden)):
            raise ValueError(f"history 与 forbidden 冲突：{'、'.join(clash)} 已经进入，请从 forbidden 中去掉")
        last = None if self.start is None else self.years[-1]
        if None not in (self.first_open, last) and self.first_open > last:
            raise ValueError(
                f"first_open={self.first_open} 晚于计划期末 {last}：请改早，或延长计划期（periods）"
            )
        first = self.first_open or 0
        if clash := [c for c, year in self.pinned.items() if c not in done and year and year < first]:
            raise ValueError(
                f"pinned 与 first_open 冲突：{'、'.join(clash)} 指定在 {first} 年之前进入，而那时不得新开"
            )

    @property
    def years(self) -> range:
        """The years of the horizon."""
        if self.start is None:
            raise MktError("计划首年 start 未定：计划里（plan.policy）才有，或在 Policy 中给出")
        return range(self.start, self.start + self.periods)

    def per_period(self, name: str) -> tuple[float, ...] | None:
        """The budget or people of each period as a tuple."""
        value = getattr(self, name)
        if value is None or isinstance(value, tuple):
            return value
        return (value,) * self.periods

    def replace(self, **changes) -> Policy:
        """A checked copy with some fields changed."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        copy = type(self)(**{**fields, **changes})
        if copy._assumed is None:
            copy._assumed = self._assumed
        elif self._assumed is not None:
            given = {name: value for name, value in changes.items() if name in Assumptions.model_fields}
            copy._assumed = self._assumed.replace(**given)
        return copy

    @property
    def assumptions(self) -> Assumptions:
        """Those that the policy carries (see `assuming`), else the defaults."""
        return self._assumed or Assumptions()

    def assuming(self, assumptions: Assumptions) -> Policy:
        """A copy that carries assumptions, as a plan's policy does: they hold wherever none are given."""
        copy = self.replace()
        copy._assumed = assumptions
        return copy

    def __getattr__(self, name: str):
        if name in Assumptions.model_fields:
            _warn_of([name])
            return getattr(self.assumptions, name)
        return super().__getattr__(name)


def _warn_of(names) -> None:
    """Assumptions were fields of the policy once; they still are for one version."""
    warnings.warn(
        f"Policy({', '.join(names)}) is now Assumptions(...), given as assumptions=...",
        FutureWarning,
        stacklevel=3,
    )


def assumptions_of(policy: Policy, assumptions: Assumptions | None) -> Assumptions:
    """The assumptions given, else those that the policy carries, else the defaults."""
    return assumptions or policy.assumptions
