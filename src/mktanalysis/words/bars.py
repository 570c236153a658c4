"""Intervals of a table as small bars, so that a reader sees at a glance how far each figure may go.

Always holds: all bars of a table are on one scale, as multiples of a figure of the same row (what is known
today), so that a large and a small place can be compared; a row without its figures has no bar; a bar holds
numbers only, never a text from data.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

import pandas as pd

_WIDE = 96
_HIGH = 9
#: Ink of the base line, the span and its middle; the same as on the index.
_LINE = "#8a8f96"
_SPAN = "#d9b8b6"
_MIDDLE = "#9c2f2a"


def interval_bars(base: Sequence, middle: Sequence, lower: Sequence, upper: Sequence) -> tuple[str, ...]:
    """Return the markup of one bar a row: from lower to upper, a mark at the middle, a thin line at the base.

    Parameters
    ----------
    base, middle, lower, upper : sequence of float
        One a row, in the same unit; missing gives an empty text.

    Examples
    --------
    >>> bars = interval_bars([100.0, None], [110.0, 5.0], [90.0, 4.0], [125.0, 6.0])
    >>> bars[0][:21], bars[1]
    ('<img alt="0.90 到 1.25', '')
    """
    ends = pd.DataFrame({"lower": list(lower), "middle": list(middle), "upper": list(upper)}, dtype=float)
    size = pd.Series(list(base), dtype=float)
    times = ends.div(size.where(size > 0), axis=0).dropna()
    if not len(times):
        return ("",) * len(size)
    low = min(1.0, float(times["lower"].min()))
    high = max(1.0, float(times["upper"].max()))
    drawn = {at: _bar(row, low, high) for at, row in times.iterrows()}
    return tuple(drawn.get(at, "") for at in range(len(size)))


def _bar(times: pd.Series, low: float, high: float) -> str:
    scale = (_WIDE - 4) / ((high - low) or 1.0)
    one = 2 + (1.0 - low) * scale
    start, middle, end = (2 + (times[name] - low) * scale for name in ("lower", "middle", "upper"))
    centre = _HIGH / 2
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDE}" height="{_HIGH}">'
        f'<path d="M{one:.1f} 0V{_HIGH}" stroke="{_LINE}"/>'
        f'<path d="M{start:.1f} {centre}H{end:.1f}" stroke="{_SPAN}" stroke-width="5"/>'
        f'<path d="M{middle:.1f} 0V{_HIGH}" stroke="{_MIDDLE}" stroke-width="2"/></svg>'
    )
    address = base64.b64encode(drawing.encode("utf-8")).decode()
    told = f"{times['lower']:.2f} 到 {times['upper']:.2f} 倍"
    return f'<img alt="{told}" src="data:image/svg+xml;base64,{address}">'
