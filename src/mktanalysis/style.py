"""The look of every chart: bundled Chinese font, colours, number formats, the source line.

Always holds: a chart drawn after :func:`use_style` looks the same on every machine (the font travels with the
package) and gives the same bytes for the same table; colours of ordered classes run from the best (dark) to
the last (pale) and stay apart for colour-blind readers and in grey print.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
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
from .words.pictures import describe as describe
from .words.pictures import fold_titles, wrap

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
            fold_titles(self)
            super().draw(renderer)

        def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
            return {}, {"alt": describe(self)}

    return DescribedFigure


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
    lines = "\n".join(wrap(line, per_line) for line in text.split("\n"))
    figure.supxlabel(lines, x=0.01, ha="left", fontsize=size, color=MUTED)


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
