"""What the index says before its tables: the finding, four figures, maps with a switch, a scatter, cards.

Always holds: every figure comes from the record of a report or is a sum of such; a map shows only figures
that are there; without a script the first map is shown and nothing is lost.
"""

from __future__ import annotations

from html import escape

import pandas as pd

from ..one.page import link, show_value
from .measures import Measures
from .ranking import title
from .run import Run

#: So many figures stand on top, so many maps behind the switch.
FIGURES = 4
MAPS = 5


def lead(rows: list[Run], parts: list[Measures]) -> str:
    """What was found: of the parts that compare, else the judgement of the report with the firmest figure."""
    compared = "".join(map(overview, parts))
    told = [row for row in rows if row.headline]
    sure = [row for row in told if any("lower" in figure for figure in row.figures)]
    if compared or not told:
        return compared
    return f'<p class="lead">{escape((sure or told)[0].headline)}</p>'


def overview(measures: Measures) -> str:
    """The sentence that says what was found, where a part has sizes of two years."""
    if not {"now", "then"} <= set(measures.roles):
        return ""
    from ...stories import landing

    now = measures.figures[measures.roles["now"]]
    then = measures.figures[measures.roles["then"]]
    table = pd.DataFrame(
        {"name": _names(measures), "now": measures.role("now"), "then": measures.role("then")}
    )
    covered = measures.role("covered")
    if covered is not None:
        table["covered"] = covered / 100
    told = landing(table, unit=now["unit"], now=now["label"], then=then["label"])
    return f'<p class="lead">{escape(told.text)}</p>'


def _names(measures: Measures) -> list[str]:
    pairs = zip(measures.places, measures.runs, strict=True)
    return [place.name or run.label for place, run in pairs]


def key_figures(rows: list[Run], parts: list[Measures]) -> str:
    """Four figures: those that single reports give an interval, then sums of the parts that compare."""
    compared = {id(run) for part in parts for run in part.runs}
    single = [row for row in rows if id(row) not in compared and row.record is not None]
    found = [(f, row) for row in single for f in row.figures if "lower" in f and "upper" in f]
    cards_ = [_figure_card(figure, row) for figure, row in found]
    cards_ += [card for part in parts for card in _sum_cards(part)]
    cards_ += [_figure_card(f, row) for row in single for f in row.figures if "lower" not in f]
    return f'<dl class="figures">{"".join(cards_[:FIGURES])}</dl>' if cards_ else ""


def _figure_card(figure: dict, row: Run) -> str:
    span = ""
    if "lower" in figure and "upper" in figure:
        span = f"{show_value(float(figure['lower']))} — {show_value(float(figure['upper']))}"
    return _card(figure["label"], show_value(figure["value"]), figure["unit"], span, row.report)


def _sum_cards(measures: Measures) -> list[str]:
    """Sums of what can be added; a growth between the two sums."""
    bound = "下限" if measures.thin.any() else ""
    found = []
    for role in ("now", "then", "increment"):
        name = measures.roles.get(role, "")
        if name and measures.added(name):
            figure = measures.figures[name]
            total = show_value(float(measures.values[name].sum()))
            found.append(_card(f"{figure['label']}合计", total, figure["unit"], bound, ""))
    grown = measures.growth_of_sums(measures.values) if found else float("nan")
    if not pd.isna(grown):
        found.append(_card("合计的年均增长", show_value(grown), "%", "", ""))
    return found


def _card(label: str, value: str, unit: str, note: str, report: str) -> str:
    small = f"<small>{escape(unit)}</small>" if unit else ""
    under = f'<span class="span">{escape(note)}</span>' if note else ""
    text = escape(label)
    head = f'<a href="{link(report, "report.html")}">{text}</a>' if report else text
    return f"<div><dt>{head}</dt><dd>{escape(value)}{small}{under}</dd></div>"


def cards(rows: list[Run]) -> str:
    """Reports that do not compare: title, what was found, their figures."""
    items = []
    for row in rows:
        figures = "".join(
            f"<li>{escape(f['label'])} <b>{escape(show_value(f['value']))}</b> {escape(f['unit'])}</li>"
            for f in row.figures
            if not isinstance(f["value"], list)
        )
        found = f"<p>{escape(row.headline)}</p>" if row.headline else ""
        items.append(f"<li><h3>{title(row)}</h3>{found}<ul>{figures}</ul></li>")
    return f'<ul class="cards">{"".join(items)}</ul>'


# ---- pictures ---------------------------------------------------------------------------------------


def pictures(number: int, measures: Measures, wanted: str) -> str:
    """Maps of the shared figures with a switch, and beside them size against growth."""
    drawn = _maps(number, measures, wanted)
    beside = _scatter(measures)
    return f'<div class="pictures">{drawn}{beside}</div>' if drawn or beside else ""


def _maps(number: int, measures: Measures, wanted: str) -> str:
    there = [
        bool(place.code) and run.record is not None
        for place, run in zip(measures.places, measures.runs, strict=True)
    ]
    names = _map_order(measures, wanted)
    if not names or sum(there) < 3:
        return ""
    first = f"map{number}x0"
    figures = []
    buttons = []
    for at, name in enumerate(names):
        identifier = f"map{number}x{at}"
        svg = _map(measures, name, there, identifier, "" if at == 0 else first)
        hidden = "" if at == 0 else " hidden"
        caption = escape(f"{measures.label(name)}；点击省份打开报告")
        figures.append(f'<figure data-map="{at}"{hidden}>{svg}<figcaption>{caption}</figcaption></figure>')
        pressed = "true" if at == 0 else "false"
        text = escape(measures.label(name, unit=False))
        buttons.append(f'<button type="button" data-map="{at}" aria-pressed="{pressed}">{text}</button>')
    switch = f'<p class="switch">{"".join(buttons)}</p>' if len(names) > 1 else ""
    return f'<div class="map">{switch}{"".join(figures)}</div>'


def _map_order(measures: Measures, wanted: str) -> list[str]:
    """The wanted figure first, then size, growth, increment, coverage, then what else there is."""
    roles = [measures.roles.get(role, "") for role in ("now", "growth", "increment", "covered")]
    names = dict.fromkeys(name for name in (wanted, *roles, *measures.values) if name in measures.values)
    return [name for name in names if measures.values[name].notna().any()][:MAPS]


def _map(measures: Measures, name: str, there: list[bool], identifier: str, shapes: str) -> str:
    from ...maps.classes import classify
    from ...maps.svg import province_svg

    unit = measures.figures[name]["unit"]
    rows = [at for at, wanted in enumerate(there) if wanted]
    codes = [measures.places[at].code for at in rows]
    values = pd.Series(measures.values[name].iloc[rows].to_numpy(), codes)
    tips = [
        f"{measures.runs[at].label}：{show_value(_or_none(measures.values[name].iloc[at]))} {unit}".strip()
        for at in rows
    ]
    links = [f"{measures.runs[at].report}/report.html" for at in rows]
    counted = measures.bounded(name) or name == measures.roles.get("growth")
    thin = [measures.places[at].code for at in rows if counted and measures.thin.iloc[at]]
    return province_svg(
        classify(values) if values.notna().any() else values,
        label=measures.label(name),
        tooltips=pd.Series(tips, codes),
        links=pd.Series(links, codes),
        identifier=identifier,
        shapes=shapes,
        hatched=thin,
    )


def _or_none(value: float):
    return None if pd.isna(value) else float(value)


def _scatter(measures: Measures) -> str:
    """Size against growth, the bubble the increment."""
    if not {"now", "growth", "increment"} <= set(measures.roles):
        return ""
    from ...charts.bubbles import bubble_svg

    table = pd.DataFrame(
        {
            "name": _names(measures),
            "x": measures.role("now"),
            "y": measures.role("growth"),
            "size": measures.role("increment"),
            "group": [place.area for place in measures.places],
            "link": [f"{run.report}/report.html" if run.record else "" for run in measures.runs],
        }
    )
    axes = {key: measures.label(measures.roles[role]) for key, role in AXES.items()}
    drawn = bubble_svg(table, **axes, label=f"{axes['x']}与{axes['y']}，气泡大小为{axes['size']}")
    caption = "大而快的在右上；颜色是大区，点击打开报告"
    return f"<figure>{drawn}<figcaption>{caption}</figcaption></figure>" if drawn else ""


AXES = {"x": "now", "y": "growth", "size": "increment"}
