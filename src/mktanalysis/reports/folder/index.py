"""``runs.csv`` and ``index.html`` over all reports of a run.

Always holds: failures come first; everything shown comes from the engine's records; the page works from
a disk, without network, by keyboard, on a phone and on paper; equal records give an equal page.
"""

from __future__ import annotations

import json
from html import escape

from ...files import canonical, csv_bytes, digest, write_atomic
from ..names import scrub
from ..one.job import STATUSES
from ..one.page import asset, link, page, show_value
from ..plan.provenance import environment
from ..plan.spec import ReportList
from .mark import INDEX, RUNS
from .run import Run
from .store import Store


def write_index(plan: ReportList, rows: list[Run], store: Store) -> None:
    """Write everything that stands over the single reports, unless it is there and nothing has changed.

    A roll-up that cannot be written costs its own files only; the index says so.

    Raises
    ------
    OSError
        Not even the index could be written.
    """
    ordered = sorted(rows, key=lambda row: 99 if row.ok else row.rank)
    shown = [[row.report, _status(row), row.part, row.error, row.record] for row in ordered]
    stamp = digest(canonical([plan.title, plan.maps, environment()["package"], shown]))
    if store.overview_holds(stamp):
        return
    from .rollup import write_rollup

    folder = store.begin_overview()
    try:
        downloads, lost = write_rollup(ordered, store, folder)
    except Exception as error:  # whatever is wrong with a table, the reports can be reached
        folder = store.begin_overview()
        downloads = []
        lost = [f"汇总表没有写成：{scrub(f'{type(error).__name__}: {error}')[:200]}"]
    runs = [row.public() for row in ordered]
    head = list(runs[0]) if runs else ["report"]
    write_atomic(folder / RUNS, csv_bytes([head, *(run.values() for run in runs)]))
    write_atomic(folder / INDEX, index_page(plan, ordered, downloads, lost))
    store.commit_overview("" if lost else stamp)


def _status(row: Run) -> str:
    """A report that was kept shows as what it was when it was made."""
    return "done" if row.status == "kept" else row.status


def index_page(plan: ReportList, rows: list[Run], downloads: list[dict], lost: list[str] = ()) -> str:
    """The index as one page; `lost` says what could not be put together."""
    bad = [row for row in rows if not row.ok]
    files = [{"file": RUNS, "title": "运行清单", "rows": len(rows)}, *downloads]
    links = "　".join(
        f'<a href="{link(*f["file"].split("/"))}">{escape(f["title"])}</a><small>（{f["rows"]} 行）</small>'
        for f in files
    )
    missing = f'，<strong class="bad">{len(bad)} 份没有完成</strong>' if bad else ""
    body = [
        f"<main><h1>{escape(plan.title)}</h1>",
        f'<p class="summary">共 {len(rows)} 份报告，{len(rows) - len(bad)} 份可看{missing}。</p>',
        "".join(f'<p class="bad">{escape(text)}</p>' for text in lost),
        _failures(bad),
        '<p class="filter"><label for="filter">筛选</label> <input id="filter" type="search" '
        'placeholder="地区、标题、状态" autocomplete="off"> <span id="count" role="status"></span></p>',
    ]
    parts = list(dict.fromkeys(row.part for row in rows))
    body += [_part(number, part, rows, plan) for number, part in enumerate(parts)]
    body.append(f'<section><h2>下载</h2><p class="downloads">{links}</p></section></main>')
    return page(plan.title, "\n".join(body), style=asset("index.css"), script=asset("index.js"))


def _failures(bad: list[Run]) -> str:
    if not bad:
        return ""
    items = "".join(f"<li>{_failure(row)}</li>" for row in bad)
    return f'<section class="failures"><h2>没有完成的报告</h2><ul>{items}</ul></section>'


def _failure(row: Run) -> str:
    error = row.error or {}
    cell = error.get("cell")
    code = error.get("source") or ""
    where = f"第 {cell + 1} 个单元格" if isinstance(cell, int) and cell >= 0 else ""
    lines = "\n".join(error.get("lines") or [])
    message = escape(row.message or "没有运行")
    status = f"<b>{escape(STATUSES[row.status])}</b>"
    told = f"<summary>{status} {escape(row.title)}：{message} <small>{where}</small></summary>"
    told += "".join(f"<pre>{escape(text)}</pre>" for text in (code, lines) if text)
    return f"<details>{told}</details>"


# ---- one part of the specification ------------------------------------------------------------------


def _part(number: int, title: str, all_rows: list[Run], plan: ReportList) -> str:
    rows = [row for row in all_rows if row.part == title]
    figures: dict[str, dict] = {}
    for row in rows:
        for figure in row.figures:
            figures.setdefault(figure["name"], figure)
    shared = figures if len({row.key for row in rows}) == 1 and len(rows) > 1 else {}
    heads = ["报告", "状态", *(_head(figure) for figure in shared.values()), "用时 <small>秒</small>"]
    head = "".join(f'<th scope="col"><button type="button">{text}</button></th>' for text in heads)
    lines = "\n".join(_line(row, shared) for row in rows)
    heading = f"<h2>{escape(title)}</h2>" if title else ""
    return (
        f"<section>{heading}{_map(number, rows, shared, plan.maps.get(title, ''))}"
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div></section>"
    )


def _head(figure: dict) -> str:
    unit = f" <small>{escape(figure['unit'])}</small>" if figure["unit"] else ""
    return escape(figure["label"]) + unit


def _line(row: Run, shared: dict) -> str:
    values = {figure["name"]: figure["value"] for figure in row.figures}
    title = escape(row.label if shared else row.title)
    if row.record is not None:
        title = f'<a href="{link(row.report, "report.html")}">{title}</a>'
        if not row.ok:
            title += f"<small>（{escape(row.record['started'][:10])} 的旧报告）</small>"
    cells = [f'<th scope="row">{title}</th>', f'<td class="{row.status}">{STATUSES[row.status]}</td>']
    cells += [_cell(values.get(name)) for name in shared]
    cells.append(f'<td data-sort="{row.seconds:.3f}" class="n">{row.seconds:.1f}</td>')
    return f"<tr>{''.join(cells)}</tr>"


def _cell(value) -> str:
    if isinstance(value, list):
        numbers = [v for v in value if v is not None]
        return f'<td data-sort="{numbers[-1] if numbers else ""}">{sparkline(value)}</td>'
    sort = json.dumps(value) if isinstance(value, (int, float)) else escape(str(value or ""))
    mark = ' class="n"' if isinstance(value, (int, float)) else ""
    return f'<td data-sort="{sort}"{mark}>{escape(show_value(value))}</td>'


def sparkline(values: list) -> str:
    """A small line of a series; a gap where a value is missing.

    Examples
    --------
    >>> sparkline([1, 3, 2]).partition(">")[2]
    '<polyline points="2,22 50,2 98,12"/></svg>'
    """
    numbers = [value for value in values if value is not None]
    if len(numbers) < 2:
        return ""
    low = min(numbers)
    span = (max(numbers) - min(numbers)) or 1.0
    step = 96 / (len(values) - 1)
    pieces: list[list[str]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append(f"{2 + at * step:.4g},{22 - 20 * (value - low) / span:.4g}")
    lines = "".join(f'<polyline points="{" ".join(points)}"/>' for points in pieces if len(points) > 1)
    label = f"从 {show_value(numbers[0])} 到 {show_value(numbers[-1])}"
    return f'<svg class="spark" viewBox="0 0 100 24" role="img" aria-label="{escape(label)}">{lines}</svg>'


def _map(number: int, rows: list[Run], shared: dict, wanted: str) -> str:
    """A map of a key figure where the reports are about provinces, each province leading to its report."""
    numeric = [n for n in shared if n == wanted] or [
        name for name, figure in shared.items() if isinstance(figure["value"], (int, float))
    ]
    of_province = {}
    for row in rows:
        codes = [
            v for v in row.parameters.values() if isinstance(v, str) and v.isdigit() and v.endswith("0000")
        ]
        if len(codes) == 1 and len(codes[0]) == 6 and row.record is not None:
            of_province[codes[0]] = row
    if not numeric or len(of_province) < 3:
        return ""
    import pandas as pd

    from ...maps.svg import province_svg

    figure = shared[numeric[0]]
    values = {}
    for code, row in of_province.items():
        found = {f["name"]: f["value"] for f in row.figures}.get(figure["name"])
        if isinstance(found, (int, float, str)):
            values[code] = found
    label = f"{figure['label']}（{figure['unit']}）" if figure["unit"] else figure["label"]
    codes = list(of_province)
    tips = [f"{of_province[c].label}：{show_value(values.get(c))} {figure['unit']}" for c in codes]
    links = [f"{of_province[c].report}/report.html" for c in codes]
    drawn = province_svg(
        pd.Series(values),
        label=label,
        tooltips=pd.Series(tips, codes),
        links=pd.Series(links, codes),
        identifier=f"map{number}",
    )
    return f'<figure class="map">{drawn}<figcaption>{escape(label)}；点击省份打开报告</figcaption></figure>'
