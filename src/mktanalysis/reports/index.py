"""``runs.csv``, ``figures.csv``, the rolled-up tables and ``index.html`` over all reports of a run.

Always holds: failures come first; everything shown comes from the engine's records; the page works from
a disk, without network, by keyboard, on a phone and on paper.
"""

from __future__ import annotations

import csv
import io
import json
from html import escape

from .batch import public_row
from .files import inert_text, write_atomic
from .jobs import STATUSES, SUCCESSES
from .page import asset, link, page, show_value
from .spec import Plan
from .store import Store


def write_index(plan: Plan, rows: list[dict], store: Store) -> None:
    """Write everything that stands over the single reports."""
    order = list(STATUSES)
    ordered = sorted(
        rows, key=lambda row: order.index(row["status"]) if row["status"] not in SUCCESSES else 99
    )
    runs = [public_row(row) for row in ordered]
    write_atomic(store.folder / "runs.csv", _csv(list(runs[0]), [list(run.values()) for run in runs]))
    write_atomic(store.folder / "index.html", index_page(plan, ordered))


def _csv(head: list, rows: list[list]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([["" if cell is None else inert_text(cell) for cell in row] for row in rows])
    return text.getvalue().encode("utf-8-sig")


def index_page(plan: Plan, rows: list[dict]) -> str:
    """The index as one page."""
    bad = [row for row in rows if row["status"] not in SUCCESSES]
    good = len(rows) - len(bad)
    parts = list(dict.fromkeys(row["part"] for row in rows))
    body = [
        f"<main><h1>{escape(plan.title)}</h1>",
        f'<p class="summary">共 {len(rows)} 份报告，{good} 份可看'
        + (f'，<strong class="bad">{len(bad)} 份没有完成</strong>' if bad else "")
        + '。<a href="runs.csv">运行清单（csv）</a></p>',
        _failures(bad),
        '<p class="filter"><label>筛选 <input id="filter" type="search" placeholder="地区、标题、状态" '
        'autocomplete="off"></label> <span id="count" role="status"></span></p>',
    ]
    body += [_part(part, [row for row in rows if row["part"] == part]) for part in parts]
    body.append("</main>")
    return page(plan.title, "\n".join(body), style=asset("index.css"), script=asset("index.js"))


def _failures(bad: list[dict]) -> str:
    items = []
    for row in bad:
        error = row["error"] or {}
        where = (
            f"第 {error['cell'] + 1} 个单元格"
            if isinstance(error.get("cell"), int) and error["cell"] >= 0
            else ""
        )
        lines = "\n".join(error.get("lines") or [])
        code = error.get("source") or ""
        items.append(
            f"<li><details><summary><b>{escape(STATUSES[row['status']])}</b> {escape(row['title'])}："
            f"{escape(error.get('message', '') or '没有运行')} <small>{where}</small></summary>"
            + (f"<pre>{escape(code)}</pre>" if code else "")
            + (f"<pre>{escape(lines)}</pre>" if lines else "")
            + "</details></li>"
        )
    return (
        f'<section class="failures"><h2>没有完成的报告</h2><ul>{"".join(items)}</ul></section>'
        if items
        else ""
    )


def _part(title: str, rows: list[dict]) -> str:
    figures = {}
    for row in rows:
        for figure in (row["record"] or {}).get("figures", ()):
            figures.setdefault(figure["name"], figure)
    shared = {name: f for name, f in figures.items() if len(rows) > 1 and not isinstance(f["value"], list)}
    heads = ["报告", "状态", *(_head(figure) for figure in shared.values())]
    heads.append("用时 <small>秒</small>")
    head = "".join(f'<th scope="col"><button type="button">{text}</button></th>' for text in heads)
    lines = "\n".join(_line(row, list(shared)) for row in rows)
    heading = f"<h2>{escape(title)}</h2>" if title else ""
    return (
        f'<section>{heading}<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div></section>"
    )


def _head(figure: dict) -> str:
    unit = f" <small>{escape(figure['unit'])}</small>" if figure["unit"] else ""
    return escape(figure["label"]) + unit


def _line(row: dict, names: list[str]) -> str:
    values = {figure["name"]: figure["value"] for figure in (row["record"] or {}).get("figures", ())}
    title = escape(row["title"] if not names else row["label"])
    old = row["record"] is not None and row["status"] not in SUCCESSES
    if row["record"] is not None:
        title = f'<a href="{link(row["report"], "report.html")}">{title}</a>'
    title += f"<small>（{escape(row['started'][:10])} 的旧报告）</small>" if old else ""
    cells = [f'<th scope="row">{title}</th>', f'<td class="{row["status"]}">{STATUSES[row["status"]]}</td>']
    for name in names:
        value = values.get(name)
        sort = json.dumps(value) if isinstance(value, (int, float)) else escape(str(value or ""))
        cells.append(f'<td data-sort="{sort}">{escape(show_value(value))}</td>')
    cells.append(f'<td data-sort="{row["seconds"]:.3f}">{row["seconds"]:.1f}</td>')
    return f"<tr>{''.join(cells)}</tr>"
