"""The look of every chart: bundled Chinese font, colours, number formats, the source line.

Always holds: a chart drawn after :func:`use_style` looks the same on every machine (the font travels with the
package) and gives the same bytes for the same table; colours of ordered classes run from the best (dark) to
the last (pale) and stay apart for colour-blind readers and in grey print.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import re
import sys
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from . import words
from .schemas import STATUSES
from .words.amounts import format_number as format_number
from .words.amounts import format_plain as format_plain

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
#: One colour a macro-region, whichever scheme it is of, on every map and chart; other groups get others.
MACRO_REGIONS = {
    "东北": "#77aadd",
    "华北": "#ee8866",
    "华东": "#eedd88",
    "华中": "#44bb99",
    "华南": "#ffaabb",
    "西南": "#bbcc33",
    "西北": "#99ddff",
    "中南": "#aa99cc",
    "东部": "#eedd88",
    "中部": "#44bb99",
    "西部": "#bbcc33",
}
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
STATUS_COLOR = {
    "observed": "#33608c",
    "interpolated": "#eebb66",
    "allocated": "#44bb99",
    "imputed": "#c83e73",
    "nowcast": "#7b52a1",
    "missing": MISSING,
}


#: Names that moved to words: old name -> how they are told there.
_MOVED = {
    "INDICATORS": ("words.indicators()", words.indicators),
    "UNIT_SCALE": ("words.scales()", words.scales),
    "STATUS_LABEL": ("words.status_word()", lambda: {s: words.status_word(s) for s in STATUSES}),
}


def __getattr__(name: str):
    if name not in _MOVED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    new, tell = _MOVED[name]
    warnings.warn(f"style.{name} is now {new}", FutureWarning, stacklevel=2)
    return tell()


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


def style_when_imported() -> None:
    """Let charts of this process have Chinese text and the house style as soon as matplotlib is imported.

    What a notebook sets itself counts; text between ``$`` stays mathematics, as matplotlib has it.
    """
    if "matplotlib" in sys.modules:
        _start_style()
    else:
        sys.meta_path.insert(0, _Watch())


class _Watch(importlib.abc.MetaPathFinder):
    """Waits for the import of matplotlib, then is gone."""

    def find_spec(self, name, path=None, target=None):
        """The usual spec of matplotlib, with the style set when it has been loaded; None for the rest."""
        if name != "matplotlib":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_style(module):
                load(module)
                _start_style()

            spec.loader.exec_module = load_and_style  # type: ignore[method-assign]
        return spec


def _start_style() -> None:
    import matplotlib

    use_style()
    matplotlib.rcParams["text.parse_math"] = True
    fonts = {"font.family": [FONT_FAMILY], "axes.unicode_minus": True}
    matplotlib.rcParamsDefault.update(fonts)  # what plt.style.use("default") and rcdefaults go back to


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

    figure, axes = plt.subplots(rows, columns, figsize=(width, height), FigureClass=_described_figure())
    plt.close(figure)
    return figure, axes


@cache
def _described_figure():
    """A Figure that tells a page in words what is seen on it, see :func:`describe`."""
    from matplotlib.figure import Figure

    class DescribedFigure(Figure):
        def draw(self, renderer):
            _fold_titles(self)
            super().draw(renderer)

        def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
            return {}, {"alt": describe(self)}

    return DescribedFigure


def _fold_titles(figure: Figure) -> None:
    """Break titles that are wider than the page, so that a finding is never cut; a figure of one chart folds
    its title at its own right edge, small charts fold theirs at their own width."""
    wide = figure.get_figwidth()
    heading = getattr(figure, "_suptitle", None)
    if heading is not None:
        _fold(heading, wide * 0.97)
    places = [axes.get_position() for axes in figure.axes if axes.get_visible()]
    alone = len({round(place.x0, 2) for place in places}) <= 1
    for axes in figure.axes:
        place = axes.get_position()
        title = getattr(axes, "_left_title")  # noqa: B009  matplotlib gives no other way to it
        _fold(title, wide * (0.98 - place.x0 if alone else place.width * 1.1))


def _fold(title, inches: float) -> None:
    text = title.get_text()
    if text and "\n" not in text:
        title.set_text(_wrap(text, max(inches * 72 / title.get_fontsize(), 6)))


#: So many lines, bars and legend entries an alternative text tells, and so many characters in all.
_TOLD = 8
_MAX_ALT = 400


def describe(figure: Figure) -> str:
    """What is seen on a chart, in words: title, legend, ends of lines, longest bars (图的替代文字).

    Examples
    --------
    >>> figure, axes = new_figure()
    >>> lines = axes.plot([2020, 2023], [1.0, 3.0], label="甲市")
    >>> title = axes.set_title("零售额")
    >>> describe(figure)
    '零售额。甲市从 1 到 3'
    """
    heading = figure.get_suptitle() or next(
        (a.get_title("left") for a in figure.axes if a.get_title("left")), ""
    )
    told = [heading] if heading else []
    for axes in figure.axes:
        own = axes.get_title("left")
        parts = [*_legend_words(axes), *_line_words(axes), *_bar_words(axes), *_dot_words(axes)]
        parts = (parts or _text_words(axes))[:_TOLD]
        if parts:
            told.append(f"{own}：{'，'.join(parts)}" if own and own != heading else "，".join(parts))
    text = "。".join(told[: _TOLD + 1]).replace("\n", "")
    return text if len(text) <= _MAX_ALT else text[: _MAX_ALT - 1] + "…"


def _legend_words(axes) -> list[str]:
    """Entries of a map's legend, which count the regions of each class."""
    legend = axes.get_legend()
    texts = [] if legend is None else [text.get_text() for text in legend.get_texts()]
    return [text for text in texts if text.endswith("）")]


def _line_words(axes) -> list[str]:
    """First and last value of every named line; of marks beside names the names with the largest values."""
    parts = []
    places = _names_beside(axes)
    for line in axes.get_lines():
        name = str(line.get_label())
        x = [float(value) for value in line.get_xdata()]
        y = [float(value) for value in line.get_ydata()]
        known = [(a, b) for a, b in zip(x, y, strict=True) if a == a and b == b]
        if len(known) < 2 or name.startswith("_"):
            continue
        if places and line.get_linestyle() == "None":
            parts.append(f"{name} {_largest(axes, known, places)}")
        elif line.get_linestyle() == "None":
            parts.append(f"{name} {len(known)} 处")
        else:
            first, last = (_tick_text(axes.yaxis, known[at][1]) for at in (0, -1))
            parts.append(f"{name}从 {first} 到 {last}")
    return parts


def _names_beside(axes) -> dict[float, str]:
    """Places of the vertical axis that have a name."""
    from matplotlib.ticker import FixedLocator

    if not isinstance(axes.yaxis.get_major_locator(), FixedLocator):  # numbers; asking would round them
        return {}
    labels = zip(axes.get_yticks(), axes.get_yticklabels(), strict=False)
    named = {float(at): label.get_text() for at, label in labels}
    return named if any(_is_name(text) for text in named.values()) else {}


def _is_name(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def _largest(axes, points: list[tuple[float, float]], places: dict[float, str]) -> str:
    """The three names furthest to the right, with their values."""
    told = [
        f"{places[y]} {_tick_text(axes.xaxis, x)}" for x, y in sorted(points, reverse=True) if y in places
    ]
    return "、".join(told[:3])


def _dot_words(axes) -> list[str]:
    """Of dots beside names the names furthest to the right."""
    places = _names_beside(axes)
    found = []
    for dots in axes.collections if places else ():
        points = [(float(x), float(y)) for x, y in dots.get_offsets()]
        if len(points) > 1 and all(y in places for _, y in points):
            found.append(f"最靠右的 {_largest(axes, points, places)}")
    return found


def _text_words(axes) -> list[str]:
    """What is written on a chart that has neither lines nor bars with names."""
    told = [text.get_text().replace("\n", " ").strip() for text in axes.texts]
    return [text for text in told if _is_name(text)]


def _bar_words(axes) -> list[str]:
    """The longest bars of a chart with named bars."""
    names = [label.get_text() for label in axes.get_yticklabels()]
    bars = [bar for container in axes.containers for bar in getattr(container, "patches", ())]
    if len(bars) != len(names) or not all(names):
        return []
    longest = sorted(zip(names, bars, strict=True), key=lambda pair: -abs(pair[1].get_width()))
    return [f"{name} {_tick_text(axes.xaxis, bar.get_width())}" for name, bar in longest]


def _tick_text(axis, value: float) -> str:
    text = axis.get_major_formatter()(value, 0)
    return text or format_plain(value, "")


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
    """Return the colour of each label; a macro-region keeps its own whatever it stands beside.

    >>> class_colors(["一线", "二线"], ordered=True)
    {'一线': '#3b0f70', '二线': '#fbe0b0'}
    >>> class_colors(["华东", "甲"], ordered=False) == class_colors(["甲", "华东"], ordered=False)
    True
    """
    if ordered:
        return dict(zip(labels, ordered_colors(len(labels)), strict=True))
    known = {label: MACRO_REGIONS[label] for label in labels if label in MACRO_REGIONS}
    rest = [color for color in _GROUPS if color not in known.values()]
    free = sorted(rest, key=lambda color: color in MACRO_REGIONS.values())  # nobody's colours first
    others = [label for label in labels if label not in known]
    return known | {label: free[i % len(free)] for i, label in enumerate(others)}


def source_line(figure: Figure, text: str, *, part: float = 1.0) -> None:
    """Write where the figures come from below a chart; room is made for it, long text is wrapped.

    Parameters
    ----------
    figure : Figure
    text : str
    part : float
        Of the figure's width that it may take.
    """
    if not text:
        return
    size = 8
    per_line = max(int(figure.get_figwidth() * part * 72 / size * 0.97), 10)
    text = text if text.startswith(("数据来源", "来源")) else f"数据来源：{text}"
    lines = "\n".join(_wrap(line, per_line) for line in text.split("\n"))
    figure.supxlabel(lines, x=0.01, ha="left", fontsize=size, color=MUTED)


def _wrap(text: str, per_line: float) -> str:
    """Break `text` so that no line is wider than `per_line` Chinese characters (a Latin one counts half).

    Numbers and Latin words stay whole; marks that stand behind a word never begin a line.

    >>> _wrap("差得最多的东北 +5.6%，其余相近", 9)
    '差得最多的东北 \\n+5.6%，其余相近'
    """
    lines = [""]
    width = 0.0
    for piece in re.findall(r"[!-~−]+|.", text):
        wide = sum(0.55 if ord(character) < 0x2000 else 1.0 for character in piece)
        width += wide
        if width > per_line and lines[-1] and piece not in "，。；：、）》”":
            lines = [*lines, ""]
            width = wide
        lines[-1] += piece
    return "\n".join(lines)


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
