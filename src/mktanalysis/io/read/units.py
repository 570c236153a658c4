"""From the unit that a file states to a factor.

Always holds: a figure without a unit, in a foreign currency or in a unit of something else is a problem,
never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import Problems
from ..fields import QUANTITIES, UNITLESS, Measure, fields
from .grammar.layout import Layout


def _counted(measure: Measure) -> dict[str, tuple[str, float]]:
    """What goods are counted in; a flow may be one of money too."""
    known = fields()
    money = {word: ("元", factor) for word, (dimension, factor) in known.units.items() if dimension == "yuan"}
    return known.quantities | (money if measure.dimension == "flow" else {})


@dataclass
class Units:
    """The units of one sheet; ``quantity`` is that of goods, once one is met."""

    layout: Layout
    problems: Problems
    quantity: str = ""

    def factor(self, measure: Measure, unit: str, row: int, title: str) -> float | None:
        """Factor to the base unit; missing: the figures decide; None: a problem, which is noted."""
        known = fields()
        found = known.unit(unit) if unit else self._title_unit(measure)
        hint = known.hints.get(measure.dimension, "")
        if measure.dimension in QUANTITIES:
            return self._quantity_factor(measure, unit, row, title)
        if found is None and not unit and measure.dimension in UNITLESS:
            return 1.0
        if found is None and not unit and measure.dimension == "share":
            return np.nan  # decided by the figures: 0-1, or with a % sign each
        if found is None and not unit:
            example = "元" if measure.dimension == "yuan" and not measure.additive else hint.split("、")[-1]
            self.problems.add(
                f"没有写单位：请在列名中写明（{hint}），如“{measure.label}({example})”", row=row, column=title
            )
        elif found is None:
            self.problems.add(f"不认识的单位“{unit}”，应为：{hint}", row=row, column=title)
        elif found[0] == "foreign":
            self.problems.add(f"不支持外币“{unit}”：请先换算为人民币，并写明{hint}", row=row, column=title)
        elif found[0] == measure.dimension or (found[0] == "any" and measure.dimension != "share"):
            return found[1]
        else:
            more = (
                "；销量请用 kind=volumes 读取"
                if found[0] in QUANTITIES and measure.dimension == "yuan"
                else ""
            )
            self.problems.add(
                f"单位“{unit}”不适用于{measure.label}，应为：{hint}{more}", row=row, column=title
            )
        return None

    def _quantity_factor(self, measure: Measure, unit: str, row: int, title: str) -> float | None:
        """Factor of a unit of goods; all columns of a file count in the same goods."""
        counted = _counted(measure)
        hint = fields().hints[measure.dimension]
        stated = unit or next((u for u in self.layout.titles.units if u in counted), "")
        if stated not in counted:
            if not stated:
                example = hint.split("、")[0]
                text = f"没有写单位：请在列名中写明（{hint}），如“{measure.label}({example})”"
            elif fields().unit(stated):
                text = f"单位“{stated}”不适用于{measure.label}，应为：{hint}"
            else:
                text = f"不认识的单位“{stated}”，应为：{hint}"
            self.problems.add(text, row=row, column=title)
            return None
        base, factor = counted[stated]
        if self.quantity and self.quantity != base:
            self.problems.add(
                f"单位“{base}”与别处的“{self.quantity}”不能相加：请分成几个文件", row=row, column=title
            )
            return None
        self.quantity = base
        return factor

    def _title_unit(self, measure: Measure) -> tuple[str, float] | None:
        units = [fields().unit(text) for text in self.layout.titles.units]
        fitting = [unit for unit in units if unit and unit[0] == measure.dimension]
        foreign = [unit for unit in units if unit and unit[0] == "foreign"]
        if foreign and measure.dimension == "yuan":
            return foreign[0]
        return fitting[0] if len(set(fitting)) == 1 else None
