"""``runs.csv`` and ``index.html`` over all reports of a run.

Always holds: failures come first; everything shown comes from the engine's records; the page works from
a disk, without network, by keyboard, on a phone and on paper; equal records give an equal page.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from ...files import canonical, csv_bytes, digest, write_atomic
from ..names import scrub
from ..one.job import STATUSES
from ..one.page import asset, link, local_day, page
from ..plan.provenance import environment
from ..plan.spec import ReportList
from .mark import INDEX, RUNS
from .run import Run
from .store import Store

if TYPE_CHECKING:
    from .measures import Measures

#: Where the figures of all reports come from; each report says it in detail.
SOURCE = (
    "来源：各报告所列；统计数字来自《中国城市统计年鉴》、人口普查和国家统计局公布数，扩张部分含行业经验假设。"
    "地图边界：天地图。"
)


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
    from .landing import key_figures, lead  # a run that changes nothing needs no tables

    parts = _parts(rows, plan)
    compared = [part.measures for part in parts if part.measures is not None]
    body = [
        f"<main><h1>{escape(plan.title)}</h1>",
        lead(rows, compared),
        key_figures(rows, compared),
        "".join(f'<p class="bad">{escape(text)}</p>' for text in lost),
        _failures([row for row in rows if not row.ok]),
        *(_part(number, part) for number, part in enumerate(parts)),
        _files(downloads, len(rows)),
        _runs(rows),
        f'<p class="source">{escape(SOURCE)}</p></main>',
    ]
    return page(plan.title, "\n".join(body), style=asset("index.css"), script=asset("index.js"))


@dataclass(frozen=True, eq=False)
class _Part:
    """Reports under one heading; with figures side by side if they are of one notebook."""

    title: str
    rows: list[Run]
    measures: Measures | None
    wanted: str


def _parts(rows: list[Run], plan: ReportList) -> list[_Part]:
    from .measures import measures_of

    found = []
    for title in dict.fromkeys(row.part for row in rows):
        own = [row for row in rows if row.part == title]
        alike = len(own) > 1 and len({row.key for row in own}) == 1
        found.append(_Part(title, own, measures_of(own) if alike else None, plan.maps.get(title, "")))
    return sorted(found, key=lambda part: part.measures is None)  # what compares comes first


def _part(number: int, part: _Part) -> str:
    from .landing import cards, pictures
    from .ranking import ranking

    heading = f"<h2>{escape(part.title)}</h2>" if part.title else ""
    if part.measures is None:
        return f"<section>{heading}{cards(part.rows)}</section>"
    drawn = pictures(number, part.measures, part.wanted)
    chosen = _filter(number, part.measures)
    return f"<section>{heading}{drawn}{chosen}{ranking(part.measures, part.wanted)}</section>"


def _filter(number: int, measures: Measures) -> str:
    """A field that finds names, tiers, pinyin and macro-regions, and a chip for each macro-region."""
    from ...style import class_colors

    areas = list(dict.fromkeys(place.area for place in measures.places if place.area))
    colors = class_colors(sorted(areas), ordered=False)
    chips = "".join(
        f'<button type="button" class="chip" data-area="{escape(area, quote=True)}" aria-pressed="false">'
        f'<svg viewBox="0 0 10 10"><circle cx="5" cy="5" r="5" fill="{colors[area]}"/></svg>'
        f"{escape(area)}</button>"
        for area in areas
        if len(areas) > 1
    )
    return (
        f'<p class="filter"><label for="filter{number}">筛选</label> '
        f'<input id="filter{number}" type="search" placeholder="名称、拼音、级别" autocomplete="off"> '
        f'{chips} <span class="count" role="status"></span></p>'
    )


def _files(downloads: list[dict], n_reports: int) -> str:
    """The one workbook first, the single tables folded."""
    workbook = [f for f in downloads if f["file"].endswith(".xlsx")]
    tables = [f for f in downloads if f not in workbook]
    tables.append({"file": RUNS, "title": "运行清单", "rows": n_reports})
    return (
        f'<section><h2>下载</h2><p class="downloads">{_links(workbook)}</p>'
        f'<details><summary>单张表（csv）</summary><p class="downloads">{_links(tables)}</p></details>'
        "</section>"
    )


def _links(files: list[dict]) -> str:
    return "　".join(
        f'<a href="{link(*f["file"].split("/"))}">{escape(f["title"])}</a><small>（{f["rows"]} 行）</small>'
        for f in files
    )


def _runs(rows: list[Run]) -> str:
    """How the reports were made, folded."""
    lines = "".join(
        f"<tr><td>{escape(row.title)}</td>"
        f'<td class="{row.status}">{STATUSES[row.status]}</td>'
        f'<td class="n" data-sort="{row.seconds:.3f}">{row.seconds:.1f}</td>'
        f"<td>{local_day(row.started)}</td></tr>"
        for row in rows
    )
    good = sum(row.ok for row in rows)
    head = "<tr><th>报告</th><th>状态</th><th>用时（秒）</th><th>生成日期</th></tr>"
    return (
        f"<details><summary>运行情况：{len(rows)} 份报告，{good} 份可看</summary>"
        f'<div class="scroll" tabindex="0"><table><thead>{head}</thead><tbody>{lines}</tbody></table></div>'
        "</details>"
    )


def _failures(bad: list[Run]) -> str:
    if not bad:
        return ""
    items = "".join(f"<li>{_failure(row)}</li>" for row in bad)
    return f'<section class="failures"><h2>{len(bad)} 份没有完成的报告</h2><ul>{items}</ul></section>'


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
