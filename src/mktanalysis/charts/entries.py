"""Charts of what past openings say: effect of distance and potential, expected against observed entries.

Always holds: a chart computes nothing that a table of the model or its review does not hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import style
from ..errors import MktError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_entry_calibration", "plot_entry_curves"]


def plot_entry_curves(
    curves: pd.DataFrame, *, title: str = "", source: str = "", potential_label: str = "潜力"
) -> Figure:
    """Draw how the odds of entry change with distance and with potential.

    Parameters
    ----------
    curves : DataFrame
        As from ``EntryModel.curves``: feature, value, odds, low, high.
    title, source : str
    potential_label : str
        What the potential is, with its unit.

    Returns
    -------
    Figure
    """
    _need(curves, ("feature", "value", "odds", "low", "high"))
    figure, axes = style.new_figure(9.0, 3.8, columns=2)
    color = style.ordered_colors(4)[1]
    labels = {"distance": "距最近的已进入地区，公里", "potential": potential_label}
    for ax, (feature, label) in zip(axes, labels.items(), strict=True):
        part = curves[curves["feature"] == feature]
        ax.fill_between(part["value"], part["low"], part["high"], color=color, alpha=0.2, lw=0)
        ax.plot(part["value"], part["odds"], color=color)
        ax.set(xscale="log", xlabel=label, ylim=(0, 1.3))
        ax.set_ylabel("机会（最佳处为 1）" if feature == "distance" else "")
        low, high = part["value"].min(), part["value"].max()
        steps = (1, 2, 5) if high / low < 1000 else (1,)
        ticks = [step * 10.0**power for power in range(-3, 16) for step in steps]
        shown = [tick for tick in ticks if low <= tick <= high]
        ax.set_xticks(shown, [f"{tick:,.0f}" for tick in shown])
        ax.set_xticks([], minor=True)
    figure.suptitle(title or "距离与潜力对进入机会的作用（其他相同；淡色为 80% 区间）")
    style.source_line(figure, source)
    return figure


def plot_entry_calibration(calibration: pd.DataFrame, *, title: str = "", source: str = "") -> Figure:
    """Draw expected against observed entries by class of probability.

    Parameters
    ----------
    calibration : DataFrame
        As in ``EntryReview.calibration``: low, high, expected, observed.
    title, source : str

    Returns
    -------
    Figure
    """
    _need(calibration, ("low", "high", "expected", "observed"))
    figure, ax = style.new_figure(8.0, 4.0)
    at = np.arange(len(calibration))
    colors = style.ordered_colors(4)
    ax.bar(at - 0.2, calibration["expected"], width=0.4, color=style.MISSING, label="预期")
    ax.bar(at + 0.2, calibration["observed"], width=0.4, color=colors[1], label="实际")
    classes = [f"{row.low:.1%}–{row.high:.1%}" for row in calibration.itertuples()]
    ax.set_xticks(at, classes, rotation=30, ha="right")
    ax.set(xlabel="一年内被进入的概率", ylabel="进入的地区数", title=title or "概率可信吗：预期与实际进入")
    ax.legend(fontsize=8)
    style.source_line(figure, source)
    return figure


def _need(table: pd.DataFrame, columns: tuple[str, ...]) -> None:
    if lost := [name for name in columns if name not in table]:
        raise MktError(f"表缺少列：{'、'.join(lost)}")
