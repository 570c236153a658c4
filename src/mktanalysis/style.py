"""The look of every chart: bundled Chinese font, colours, number formats, the source line.

Always holds: a chart drawn after :func:`use_style` looks the same on every machine (the font travels with the
package) and gives the same bytes for the same table; colours of ordered classes run from the best (dark) to
the last (pale) and stay apart for colour-blind readers and in grey print.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import MktError

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

FONT_FILE = Path(__file__).with_name("fonts") / "MktanalysisSansSC-Regular.ttf"
FONT_FAMILY = "Mktanalysis Sans SC"

INK = "#2b2b2b"
MUTED = "#7a7a7a"
ACCENT = "#b5367a"
#: Fill of a region without a figure, and of what lies outside the region looked at.
MISSING = "#e4e4e4"
OUTSIDE = "#f5f5f3"
MISSING_LABEL = "无数据"

#: Anchors of the ordered palette, best to last (dark to pale, hue turning with lightness).
_ORDERED = ("#3b0f70", "#8c2981", "#c83e73", "#f1735e", "#fdae78", "#fbe0b0")
#: Unordered groups (schemes, clusters): light enough to print names on, apart for colour-blind readers.
_GROUPS = (
    "#77aadd", "#ee8866", "#eedd88", "#44bb99", "#ffaabb", "#bbcc33", "#99ddff",
    "#aa99cc", "#c8a27a", "#d46a9f", "#7f9a5b", "#5f86a8", "#e0b040",
)  # fmt: skip
#: Lines of several series on white.
LINES = ("#33608c", "#c83e73", "#2a8f6f", "#e08a2e", "#7b52a1", "#7a7a7a", "#1f9fb5", "#9a6b3f")

#: Pattern of a figure by where it comes from: solid is published, everything else is marked.
STATUS_HATCH = {
    "observed": "",
    "interpolated": "....",
    "allocated": "////",
    "imputed": "xxxx",
    "nowcast": "--",
}
STATUS_LABEL = {
    "observed": "公布值",
    "interpolated": "插补值",
    "allocated": "按比例分摊",
    "imputed": "由其他指标推算",
    "nowcast": "补到今天",
}
STATUS_COLOR = {
    "observed": "#33608c",
    "interpolated": "#eebb66",
    "allocated": "#44bb99",
    "imputed": "#c83e73",
    "nowcast": "#7b52a1",
    "missing": MISSING,
}

#: Indicator -> Chinese name and the unit that charts show it in.
INDICATORS = {
    "gdp": ("地区生产总值", "亿元"),
    "gdp_per_capita": ("人均地区生产总值", "元"),
    "retail_sales": ("社会消费品零售总额", "亿元"),
    "resident_population": ("常住人口", "万人"),
    "registered_population": ("户籍人口", "万人"),
    "urban_rate": ("城镇化率", "%"),
    "average_wage": ("平均工资", "元"),
    "disposable_income": ("人均可支配收入", "元"),
    "bank_deposits": ("金融机构存款余额", "亿元"),
    "fiscal_revenue": ("一般公共预算收入", "亿元"),
    "mobile_users": ("移动电话用户", "万户"),
    "urban_population": ("城镇人口", "万人"),
    "population_growth": ("人口增长（2020/2010）", "倍"),
    "market_potential": ("可及经济总量", "亿元"),
    "urban_core_population": ("城区人口", "万人"),
    "n_households": ("户数", "万户"),
    "age_0_14_share": ("0—14 岁占比", "%"),
    "age_15_59_share": ("15—59 岁占比", "%"),
    "age_60_share": ("60 岁以上占比", "%"),
    "age_65_share": ("65 岁以上占比", "%"),
}
#: Display unit -> how many base units (yuan, persons, households, shares) one of it is.
UNIT_SCALE = {
    "": 1, "元": 1, "万元": 1e4, "亿元": 1e8, "人": 1, "万人": 1e4, "亿人": 1e8, "万户": 1e4,
    "%": 0.01, "公里": 1, "个": 1, "倍": 1,
}  # fmt: skip


def use_style() -> None:
    """Register the bundled font and set matplotlib's defaults; calling it again changes nothing more.

    Examples
    --------
    >>> use_style()
    >>> import matplotlib
    >>> matplotlib.rcParams["font.family"]
    ['Mktanalysis Sans SC']
    """
    import matplotlib

    _register_font()
    matplotlib.rcParams.update(_rc())


@cache
def _register_font() -> None:
    from matplotlib import font_manager

    font_manager.fontManager.addfont(FONT_FILE)


def _rc() -> dict:
    return {
        "font.family": [FONT_FAMILY],
        "font.size": 10,
        "text.parse_math": False,  # a "$" in a name is a "$"
        "axes.unicode_minus": True,  # the bundled font has U+2212
        "axes.titlesize": 13,
        "axes.titlelocation": "left",
        "axes.titlecolor": INK,
        "axes.titlepad": 10,
        "axes.labelsize": 10,
        "axes.labelcolor": INK,
        "axes.edgecolor": "#b8b8b8",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.prop_cycle": _cycler(),
        "grid.color": "#e8e8e8",
        "grid.linewidth": 0.8,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "legend.frameon": False,
        "legend.fontsize": 9,
        "figure.titlesize": 14,
        "figure.figsize": (8.0, 4.6),
        "figure.dpi": 144,
        "figure.constrained_layout.use": True,
        "savefig.dpi": 144,
        "hatch.linewidth": 0.6,
        "lines.linewidth": 1.8,
        "svg.hashsalt": "mktanalysis",
        "svg.fonttype": "path",
        "pdf.fonttype": 42,
    }


def _cycler():
    from cycler import cycler

    return cycler(color=list(LINES))


def new_figure(width: float = 8.0, height: float = 4.6, *, rows: int = 1, columns: int = 1):
    """Return a styled figure and its axes, detached from pyplot.

    Detached: a notebook shows it once, as the value of its cell, and a run of a thousand charts keeps none
    of them in memory.

    Parameters
    ----------
    width, height : float
        Inches; 8 fills a report page, 4 a phone.
    rows, columns : int
        Grid of axes.

    Returns
    -------
    tuple
        The Figure, and an Axes or (more than one) an array of them.
    """
    use_style()
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(rows, columns, figsize=(width, height))
    plt.close(figure)
    return figure, axes


def ordered_colors(n: int) -> list[str]:
    """Return `n` colours for ordered classes, best first.

    >>> ordered_colors(2)
    ['#3b0f70', '#fbe0b0']
    >>> len(set(ordered_colors(9)))
    9
    """
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    if n == len(_ORDERED):
        return list(_ORDERED)
    ramp = LinearSegmentedColormap.from_list("ordered", _ORDERED)
    return [to_hex(ramp(i / max(n - 1, 1))) for i in range(n)]


def group_colors(n: int) -> list[str]:
    """Return `n` colours for groups without an order; beyond thirteen they repeat."""
    return [_GROUPS[i % len(_GROUPS)] for i in range(n)]


def class_colors(labels: Sequence[str], *, ordered: bool) -> dict[str, str]:
    """Return the colour of each label.

    >>> class_colors(["一线", "二线"], ordered=True)
    {'一线': '#3b0f70', '二线': '#fbe0b0'}
    """
    colors = ordered_colors(len(labels)) if ordered else group_colors(len(labels))
    return dict(zip(labels, colors, strict=True))


def source_line(figure: Figure, text: str) -> None:
    """Write where the figures come from below a chart; room is made for it, long text is wrapped."""
    if not text:
        return
    size = 8
    per_line = max(int(figure.get_figwidth() * 72 / size * 0.97), 10)
    text = text if text.startswith(("数据来源", "来源")) else f"数据来源：{text}"
    lines = "\n".join(_wrap(line, per_line) for line in text.split("\n"))
    figure.supxlabel(lines, x=0.01, ha="left", fontsize=size, color=MUTED)


def _wrap(text: str, per_line: int) -> str:
    """Break `text` so that no line is wider than `per_line` Chinese characters (a Latin one counts half)."""
    lines = [""]
    width = 0.0
    for character in text:
        width += 0.55 if ord(character) < 0x2000 else 1.0
        if width > per_line:
            lines = [*lines, ""]
            width = 1.0
        lines[-1] += character
    return "\n".join(lines)


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
    if number == "—" or not unit:
        return number
    return f"{number}%" if unit == "%" else f"{number} {unit}"


def format_plain(value: float, unit: str = "") -> str:
    """Return the number of :func:`format_number` without its unit.

    >>> format_plain(-5e7, "亿元")
    '−0.5'
    """
    if unit not in UNIT_SCALE:
        raise MktError(f"显示单位 {unit!r} 未定义，可用：{'、'.join(u for u in UNIT_SCALE if u)}")
    if value is None or not math.isfinite(value):
        return "—"
    shown = value / UNIT_SCALE[unit]
    whole = abs(shown) >= 999.5 or unit in ("人", "个")
    places = 0 if whole else 1 if abs(shown) >= 9.995 or unit == "%" else 2
    text = f"{shown:,.{places}f}"
    text = text.rstrip("0").rstrip(".") if places else text
    return text.replace("-", "−")


def axis_in(axis: Axis, unit: str, *, label: str = "") -> None:
    """Show an axis of base units in a display unit: ``axis_in(ax.yaxis, "亿元", label="零售额")``."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _position: format_plain(value, unit)))
    if label:
        axis.set_label_text(f"{label}（{unit}）" if unit else label)


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write a figure without date or program version, so that equal tables give equal files."""
    path = Path(path)
    metadata = {
        ".svg": {"Date": None, "Creator": None},
        ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
        ".png": {"Software": None},
    }
    figure.savefig(path, metadata=metadata.get(path.suffix.lower()))
    return path
