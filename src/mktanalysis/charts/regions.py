"""Charts of what data there are: coverage by indicator and year, breaks in level, region counts.

Always holds: missing is shown as missing, and a figure that is not as published is marked as such.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import style, words
from ..errors import MktError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["coverage_table", "plot_breaks", "plot_coverage", "plot_group_sizes"]


def coverage_table(indicators: pd.DataFrame, *, n_regions: int) -> pd.DataFrame:
    """Return how many of `n_regions` have a figure, by indicator, year and status.

    Parameters
    ----------
    indicators : DataFrame
        Long table: region, period, indicator, value, status.
    n_regions : int
        How many regions there should be.

    Returns
    -------
    DataFrame
        Columns indicator, year, status, n_regions, share; per indicator and year the shares add up to 1.
        Beside the statuses of the figures, ``withheld`` counts cells that the source had filled in and that
        are left empty here, ``missing`` those that never had a figure.

    Raises
    ------
    MktError
        If a year has more regions than `n_regions`.
    """
    years = indicators["period"].dt.year.rename("year")
    status = indicators["status"].astype(object).where(indicators["value"].notna(), "withheld")
    counts = indicators.groupby(["indicator", years, status.rename("status")])["region"].nunique()
    counts = counts.unstack("status", fill_value=0)
    if (counts.sum(axis=1) > n_regions).any():
        raise MktError(f"有的年份有 {counts.sum(axis=1).max()} 个地区，多于应有的 {n_regions} 个")
    every = pd.MultiIndex.from_product(
        [counts.index.levels[0], range(years.min(), years.max() + 1)], names=["indicator", "year"]
    )
    counts = counts.reindex(every, fill_value=0)
    counts = counts.assign(missing=n_regions - counts.sum(axis=1)).rename_axis(columns="status")
    table = counts.stack().rename("n_regions").reset_index()
    return table.assign(share=table["n_regions"] / n_regions)


def plot_coverage(coverage: pd.DataFrame, *, title: str = "", source: str = "") -> Figure:
    """Draw which share of the regions has a figure, one row an indicator, one column a year.

    The darker a cell, the more regions have a published figure; its text is that share in percent, with
    ``+`` and the share of figures that are allocated or imputed, ``×`` and the share withheld.

    Parameters
    ----------
    coverage : DataFrame
        As :func:`coverage_table` returns it.
    title, source : str

    Returns
    -------
    Figure
    """
    shares = coverage.pivot_table(
        index=["indicator", "year"], columns="status", values="share", fill_value=0.0
    )
    none = 0.0 * shares.iloc[:, 0]
    observed, withheld = (shares.get(name, none).unstack("year") for name in ("observed", "withheld"))
    apart = ["observed", "withheld", "missing"]
    marked = shares.drop(columns=apart, errors="ignore").sum(axis=1).unstack("year")
    order = (observed + marked).sum(axis=1).sort_values(ascending=False, kind="stable").index
    observed, marked, withheld = (table.loc[order] for table in (observed, marked, withheld))
    figure, ax = style.new_figure(10.0, 0.9 + 0.36 * len(order))
    ax.imshow(observed.to_numpy(), cmap=_blues(), vmin=0, vmax=1, aspect="auto")
    for row, column in np.argwhere((observed + marked + withheld).to_numpy() > 0):
        shown = [(sign, table.iat[row, column]) for sign, table in (("+", marked), ("×", withheld))]
        published = observed.iat[row, column]
        parts = [_percent(published), *[sign + _percent(share) for sign, share in shown if share > 0]]
        color = "white" if published > 0.6 else style.INK
        ax.text(
            column,
            row,
            "\n".join(parts),
            ha="center",
            va="center",
            fontsize=6.5,
            color=color,
            linespacing=0.95,
        )
    names = [words.indicator(name)[0] for name in order]
    ax.set_yticks(range(len(order)), names)
    ax.set_xticks(range(observed.shape[1]), [f"{year % 100:02d}" for year in observed.columns])
    ax.set_xlabel(f"年份（{observed.columns[0]}—{observed.columns[-1]}）")
    ax.grid(False)
    ax.tick_params(length=0)
    ax.set_title(title)
    style.source_line(figure, source)
    return figure


def _percent(share: float) -> str:
    return "<1" if 0 < share < 0.005 else f"{share * 100:.0f}"


def _blues():
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("coverage", ["#f7f7f5", "#c6d6e6", "#33608c"])


def plot_breaks(
    values: pd.DataFrame, breaks: pd.DataFrame, *, indicator: str, title: str = "", source: str = ""
) -> Figure:
    """Draw the median yearly growth over regions, the years of a break in level marked.

    Each year's growth is the median over the regions that have a figure in that year and the year before,
    with the middle half of them as a bar: a change that all regions share at once is one of definition, not
    of the market.

    Parameters
    ----------
    values : DataFrame
        Columns region, period, value: one indicator.
    breaks : DataFrame
        Columns indicator, period: the first period on a new base.
    indicator : str
        Which rows of `breaks` concern these values.
    title, source : str

    Returns
    -------
    Figure
    """
    wide = values.pivot(index="region", columns="period", values="value").sort_index(axis=1)
    full = pd.period_range(wide.columns.min(), wide.columns.max(), freq="Y")
    growth = wide.reindex(columns=full).pct_change(axis=1, fill_method=None)
    growth = growth.replace([np.inf, -np.inf], np.nan).dropna(axis=1, how="all")
    low, middle, high = (growth.quantile(q) for q in (0.25, 0.5, 0.75))
    years = growth.columns.year
    marked = set(
        pd.PeriodIndex(breaks.loc[breaks["indicator"] == indicator, "period"].astype(str), freq="Y").year
    )
    colors = [style.ACCENT if year in marked else style.LINES[0] for year in years]
    figure, ax = style.new_figure()
    ax.vlines(years, low, high, colors=colors, linewidth=5, alpha=0.35)
    ax.scatter(years, middle, c=colors, s=26, zorder=3)
    ax.axhline(0, color="#b8b8b8", linewidth=0.8)
    for year in sorted(marked & set(years)):
        top = high[pd.Period(str(year), freq="Y")]
        ax.annotate("口径变化", (year, top), xytext=(0, 6), textcoords="offset points", ha="center",
                    fontsize=8, color=style.ACCENT)  # fmt: skip
    style.axis_in(ax.yaxis, "%", label="比上年增长")
    ax.set_xticks(years[years % 2 == years[-1] % 2])
    ax.set_title(title)
    style.source_line(figure, source or "")
    return figure


def plot_group_sizes(sizes: pd.DataFrame, *, title: str = "", source: str = "") -> Figure:
    """Draw the share of each group of a scheme in some totals, one bar a total.

    Parameters
    ----------
    sizes : DataFrame
        Index group, columns totals (any units): population, GDP, number of cities ... Missing counts as 0.
    title, source : str

    Returns
    -------
    Figure
    """
    shares = (sizes / sizes.sum()).fillna(0.0)
    colors = style.class_colors([str(group) for group in shares.index], ordered=False)
    figure, ax = style.new_figure(8.0, 1.4 + 0.5 * shares.shape[1])
    left = np.zeros(shares.shape[1])
    for group, row in shares.iterrows():
        ax.barh(
            range(len(row)), row, left=left, color=colors[str(group)], edgecolor="white", label=str(group)
        )
        for position, (start, share) in enumerate(zip(left, row, strict=True)):
            if share >= 0.04:
                text = f"{share * 100:.0f}%"
                ax.text(
                    start + share / 2, position, text, ha="center", va="center", fontsize=8, color=style.INK
                )
        left = left + row.to_numpy()
    ax.set_yticks(range(shares.shape[1]), [words.label(str(column)) for column in shares.columns])
    ax.invert_yaxis()
    ax.set(xlim=(0, 1), xticks=[])
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(length=0)
    ax.legend(
        ncols=min(len(shares), 9),
        loc="upper left",
        bbox_to_anchor=(0, 0),
        handlelength=1.0,
        columnspacing=1.0,
    )
    ax.set_title(title)
    style.source_line(figure, source)
    return figure
