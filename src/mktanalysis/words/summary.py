"""What a result says about itself: title, about five figures, the first rows of its main table, what next.

Always holds: a result shows in a notebook, on a report page and in a terminal the same figures with the same
labels and units; nothing in it is computed for showing that its tables do not hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

import pandas as pd

from . import amounts, render
from . import book as words


@dataclass(frozen=True, eq=False)
class Summary:
    """What is shown of a result.

    Attributes
    ----------
    title : str
        Chinese.
    figures : mapping of str to figure or text
        Names of ``words.toml`` (or Chinese labels) -> value in base units; about five.
    table : DataFrame
        The main table, in base units; its first rows are shown.
    next_step : str
        One line: what one does next with it.
    words : str
        Table of ``words.toml`` in which the names of `figures` are looked up first.
    units : mapping of str to str
        Column -> base unit where words do not know it.
    """

    title: str
    figures: Mapping[str, object]
    table: pd.DataFrame
    next_step: str
    words: str = ""
    units: Mapping[str, str] = field(default_factory=dict)

    def told(self) -> list[tuple[str, str]]:
        """Label and text of every figure."""
        return [
            (words.label(name, self.words), amounts.figure_text(name, value, self.words))
            for name, value in self.figures.items()
        ]

    def columns(self) -> list[render.Column]:
        """The first rows of the table as they are shown."""
        table = render.flatten(self.table)
        units = render.Units(table=table.attrs.get(render.TABLE, ""), told=self.units)
        return render.columns_of(table.head(render.FIRST_ROWS), units)

    def rest(self) -> str:
        """How many rows are not shown."""
        more = len(self.table) - render.FIRST_ROWS
        return f"只显示前 {render.FIRST_ROWS} 行，共 {len(self.table)} 行" if more > 0 else ""


class Shown:
    """A result that shows its :class:`Summary`; a subclass has a method ``summary``."""

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        """Both texts; an estimator's own diagram would hide them."""
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def summary(self) -> Summary | None:
        """What is shown; None while there is nothing to show."""
        raise NotImplementedError

    def __repr__(self) -> str:
        found = self.summary()
        if found is None:
            return super().__repr__()
        lines = [found.title, "；".join(f"{label} {text}" for label, text in found.told())]
        if len(found.table):
            lines.append(render.text_table(found.columns()))
        lines += [found.rest(), f"下一步：{found.next_step}"]
        return "\n".join(line for line in lines if line)

    def _repr_html_(self) -> str:
        found = self.summary()
        if found is None:
            return f"<pre>{escape(repr(self))}</pre>"
        told = "；".join(f"{escape(label)} <strong>{escape(text)}</strong>" for label, text in found.told())
        parts = [f"<p><strong>{escape(found.title)}</strong></p>", f"<p>{told}</p>" if told else ""]
        if len(found.table):
            parts.append(render.html_table(found.columns()))
        rest = found.rest()
        parts.append(f"<p>{escape(rest)}</p>" if rest else "")
        parts.append(f"<p>下一步：{escape(found.next_step)}</p>")
        return "".join(parts)
