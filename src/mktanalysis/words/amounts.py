"""How a figure is written: display unit, decimals, minus sign, a dash where it is missing.

Always holds: a figure comes in base units (yuan, persons, a share) and only its text is in a display unit;
a column has the same decimals in every row; a share that was multiplied by 100 before is refused.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import MktError
from . import book as words

#: What stands for a figure that is missing.
NOTHING = "—"


def refuse_percent(values, label: str) -> None:
    """Raise if a column that is to be shown as percent does not hold parts of one.

    Parameters
    ----------
    values : sequence of number
    label : str
        Named in the message.

    Raises
    ------
    MktError
        A value above 1.5: it was multiplied by 100 already.
    """
    numbers = pd.to_numeric(pd.Series(list(values), dtype=object), errors="coerce").abs()
    top = numbers[np.isfinite(numbers.astype(float))].max()
    if top > words.LARGEST_SHARE:
        raise MktError(
            f"列“{label}”要按 % 显示，却有 {top:,.6g}：表里应为 0—1 的比例，显示时才乘 100；"
            "增长率、完成率等可以超过 1 的比率，单位请写 rate"
        )


def format_number(value: float, unit: str = "") -> str:
    """Return a figure in base units (yuan, persons, a share) written in a display unit, about four digits.

    >>> format_number(123_456_789_000, "亿元")
    '1,235 亿元'
    >>> format_number(8_474_893, "万人")
    '847.5 万人'
    >>> format_number(0.639, "%")
    '63.9%'
    >>> format_number(float("nan"), "元")
    '—'
    """
    number = format_plain(value, unit)
    if number == NOTHING or not unit:
        return number
    return f"{number}%" if unit == "%" else f"{number} {unit}"


def format_plain(value: float, unit: str = "") -> str:
    """Return the number of :func:`format_number` without its unit.

    >>> format_plain(-5e7, "亿元")
    '−0.5'
    """
    divisor = words.scale(unit)
    if value is None or not math.isfinite(value):
        return NOTHING
    shown = value / divisor
    whole = abs(shown) >= 999.5 or unit in ("人", "个")
    places = 0 if whole else 1 if abs(shown) >= 9.995 or unit == "%" else 2
    text = f"{shown:,.{places}f}"
    text = text.rstrip("0").rstrip(".") if places else text
    return text.replace("-", "−")


def money_unit(amounts: Sequence[float]) -> str:
    """Return the unit in which amounts of yuan are best read together: 元, 万元 or 亿元.

    >>> money_unit([3.2e9, 4e7]), money_unit([250_000.0]), money_unit([])
    ('亿元', '万元', '元')
    """
    top = max((abs(x) for x in amounts if x == x and abs(x) != math.inf), default=0.0)
    return "亿元" if top >= 1e9 else "万元" if top >= 1e5 else "元"


def figure_text(name: str, value, table: str = "") -> str:
    """Return one key figure with its unit, as it stands in a sentence.

    >>> figure_text("gain", 2.5e8), figure_text("payback_year", 2027.0), figure_text("share", 0.021)
    ('2.5 亿元', '2027', '2.1%')
    """
    if isinstance(value, str) or value is None or isinstance(value, (bool, np.bool_)):
        return cell_text(value)
    known = words.word(name, table)
    base = known.unit if known else ""
    if pd.isna(value):
        return NOTHING
    if not math.isfinite(value):
        return "没有上界" if name == "bound" else NOTHING
    if base in ("year", "whole"):
        return f"{value:.0f}"
    if base == "yuan" and not known.show:
        return format_number(value, "亿元" if abs(value) >= 1e8 else money_unit([value]))
    return format_number(value, words.shown_unit(base, show=known.show if known else ""))


def _places(values: list[float], unit: str, base: str) -> int:
    """Decimals of a column in its display unit: the same in every row, about four digits of the largest."""
    top = max(values, default=0.0)
    if unit != "%" and all(float(v).is_integer() for v in values):
        return 0
    if unit == "%":
        return 1 if top >= 1 or top == 0 else 2 if top >= 0.1 else 3 if top >= 0.01 else 4
    if base in ("count", "whole", "year") or unit in ("元", "人", "户"):
        return 0 if top >= 100 else 1
    if unit:
        return 0 if top >= 1000 else 1 if top >= 10 else 2
    return next(places for least, places in ((1000, 0), (100, 1), (10, 2), (0.1, 3), (0, 4)) if top >= least)


def number_texts(column: pd.Series, unit: str, base: str) -> list[str]:
    """Texts of a column of numbers."""
    values = [None if pd.isna(v) else float(v) for v in column.tolist()]
    if base == "year":
        return [NOTHING if v is None else f"{v:.0f}" for v in values]
    divisor = words.scale(unit)
    shown = [None if v is None else v / divisor for v in values]
    places = _places([abs(v) for v in shown if v is not None and math.isfinite(v)], unit, base)
    return [_number(v, places, unit) for v in shown]


def _number(value: float | None, places: int, unit: str) -> str:
    if value is None:
        return NOTHING
    if not math.isfinite(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:,.{places}f}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")  # no minus before a zero
    return text.replace("-", "−") + ("%" if unit == "%" else "")


def cell_text(value) -> str:
    """Text of a cell that is no number."""
    if value is None or (not isinstance(value, str) and np.ndim(value) == 0 and pd.isna(value)):
        return NOTHING
    if isinstance(value, (bool, np.bool_)):
        return "是" if value else "否"
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat() if value == value.normalize() else value.isoformat(sep=" ")
    return " ".join(str(value).split("\n"))
