"""A chart in words: what a reader without the picture is told, and titles folded so that none is cut.

Always holds: a description tells what is drawn, with the figures that the axes would show; folding changes
where a title breaks, never what it says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .amounts import format_plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def fold_titles(figure: Figure) -> None:
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
        title.set_text(wrap(text, max(inches * 72 / title.get_fontsize(), 6)))


#: So many lines, bars and legend entries an alternative text tells, and so many characters in all.
_TOLD = 8
_MAX_ALT = 400


def describe(figure: Figure) -> str:
    """What is seen on a chart, in words: title, legend, ends of lines, longest bars (图的替代文字).

    Examples
    --------
    >>> from mktanalysis.style import new_figure
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
        parts = [
            *_legend_words(axes),
            *_line_words(axes),
            *_bar_words(axes),
            *_dot_words(axes),
            *_grid_words(axes),
        ]
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


def _grid_words(axes) -> list[str]:
    """Of a grid of shades how large it is, and which named row and column has the deepest cell."""
    found = []
    for grid in axes.images:
        values = grid.get_array().filled(float("-inf"))
        if values.ndim != 2 or not values.size:
            continue
        row, column = divmod(int(values.argmax()), values.shape[1])
        beside = {"行": (axes.yaxis, row), "列": (axes.xaxis, column)}
        names = [_name_at(axis, at) or f"第 {at + 1} {word}" for word, (axis, at) in beside.items()]
        found.append(f"{values.shape[0]} 行 {values.shape[1]} 列的格子，最深的是{names[0]}、{names[1]}")
    return found


def _name_at(axis, place: int) -> str:
    """The label of the axis at a place, empty where it has none."""
    labels = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=False)
    return next((label.get_text() for at, label in labels if abs(float(at) - place) < 0.01), "")


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


def wrap(text: str, per_line: float) -> str:
    """Break `text` so that no line is wider than `per_line` Chinese characters (a Latin one counts half).

    Numbers and Latin words stay whole; marks that stand behind a word never begin a line.

    >>> wrap("差得最多的东北 +5.6%，其余相近", 9)
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
