"""The HTML page of a report: prose, figures and tables of a notebook, without its code.

Always holds: the page is one file that asks for nothing, on disk or on a network; what a notebook or a
table puts on it has gone through `markup`; a content security policy says the same to the browser.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from functools import cache
from html import escape
from importlib.resources import files
from urllib.parse import quote

from ... import words
from ...errors import MktError
from ..names import scrub
from ..plan.grids import in_words
from ..plan.notebook import read
from ..plan.parameters import read_parameters
from .markup import inert_html, markdown_html, table_html
from .outputs import role

# ---- outputs ----------------------------------------------------------------------------------------


def _outputs_html(cell, above: dict[str, str] | None = None) -> str:
    """What a code cell shows; the first story and the first strip go into `above` instead."""
    parts = []
    seen = set()
    for output in cell.outputs:
        part = _output_html(output)
        kind = role(output)
        if above is not None and above.get(kind) == "" and part:
            above[kind] = part
            continue
        if part and part not in seen:  # a returned pyplot figure is also flushed: once is enough
            seen.add(part)
            parts.append(part)
    return "\n".join(parts)


def _output_html(output) -> str:
    if output.output_type == "error":
        return ""
    if output.output_type == "stream":
        text = _YES.sub(lambda found: _ANSWERS[found[1]], output.text.strip())
        text = escape(text, quote=False)
        if not text:
            return ""
        if output.name == "stderr":
            return f'<details class="notes"><summary>运行提示</summary><pre>{text}</pre></details>'
        return f"<pre>{text}</pre>"
    data = output.data
    alt = escape(str((output.get("metadata") or {}).get("alt", "")) or "图")
    for mime in IMAGES:
        if mime in data and (address := image_address(mime, data[mime])):
            told = f"<figcaption>{alt.partition('。')[0]}</figcaption>" if alt != "图" else ""
            return f'<figure>{told}<img alt="{alt}" src="{address}"></figure>'
    if "text/html" in data and "<table" not in _text(data["text/html"]):
        return inert_html(_text(data["text/html"]))
    if "text/html" in data:
        return f'<div class="scroll" tabindex="0">{table_html(_text(data["text/html"]))}</div>'
    if "text/markdown" in data:
        return markdown_html(_text(data["text/markdown"]))
    return f"<pre>{escape(_text(data['text/plain']), quote=False)}</pre>" if "text/plain" in data else ""


#: A check that prints whether it holds is read by people.
_YES = re.compile(r"(?<=[：:])\s*(True|False)(?=\s|；|，|$)", re.M)
_ANSWERS = {"True": "是", "False": "否"}


def _text(content) -> str:
    return content if isinstance(content, str) else "".join(map(str, content))


#: Types of images that are shown, the best first, with how their bytes begin.
IMAGES = {
    "image/svg+xml": (b"<",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
}


def image_address(mime: str, content) -> str:
    """An image as a data address, written anew from its bytes; empty if it is none of its type.

    A drawing in svg is shown as an image too, which can neither run anything nor ask for anything.

    Examples
    --------
    >>> image_address("image/png", '"><img src="http://x">'), image_address("image/svg+xml", "<svg/>")
    ('', 'data:image/svg+xml;base64,PHN2Zy8+')
    """
    try:
        if mime == "image/svg+xml":
            raw = _text(content).strip().encode("utf-8")
        else:
            raw = base64.b64decode("".join(_text(content).split()), validate=True)
    except ValueError:
        return ""
    if not raw.startswith(IMAGES[mime]):
        return ""
    return f"data:{mime};base64,{base64.b64encode(raw).decode()}"


#: Characters of a page; a browser shows no larger one in reasonable time.
MAX_PAGE = 30_000_000


# ---- the page ---------------------------------------------------------------------------------------


@cache
def asset(name: str) -> str:
    """A style sheet or script of this package."""
    return files("mktanalysis.reports").joinpath("assets", name).read_text("utf-8")


def _hash_source(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode() + "'"


def page(title: str, body: str, *, style: str, script: str = "") -> str:
    """A whole HTML page that may show its own text and images and do nothing else.

    ``title`` is text; ``body`` is markup that is inert already.
    """
    policy = f"default-src 'none'; img-src data:; style-src {_hash_source(style)}; "
    policy += f"script-src {_hash_source(script)}; " if script else ""
    policy += "base-uri 'none'; form-action 'none'"
    end = f"<script>{script}</script>" if script else ""
    return f"""<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body>
{body}
{end}
</body>
</html>
"""


def report_page(job, notebook, left: dict) -> str:
    """The page of one report.

    Parameters
    ----------
    job : Job
    notebook : NotebookNode
        Executed.
    left : dict
        What the notebook published: ``tables``, ``figures`` and ``files``.
    """
    content, first, strip = _contents(notebook)
    headings: list[str] = []
    content = [_anchored(part, headings) for part in content]
    body = "\n".join(
        [
            f'<header class="bar">{_neighbours(job)}{_downloads(left)}</header>',
            f"<main>{_first_heading(job, content)}{_strip(job, strip)}",
            f'<section class="first">{first}</section>' if first else "",
            "" if "<dl>" in first else _figures(left),  # the first page has told them
            _table_of_contents(headings),
            *(part for part in content if part),
            "</main>",
            _footer(job),
        ]
    )
    return page(job.title, body, style=asset("report.css"))


def _contents(notebook) -> tuple[list[str], str, str]:
    """The parts of the page in their order, the first page and the strip that stand above them.

    Cells tagged ``hide`` are left out, cells tagged ``appendix`` come last under a heading of their own.
    """
    content: list[str] = []
    appendix: list[str] = []
    above = {"story": "", "strip": ""}
    size = 0
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", ())
        if "hide" in tags:
            continue
        part = markdown_html(cell.source) if cell.cell_type == "markdown" else ""
        part = _outputs_html(cell, above) if cell.cell_type == "code" else part
        size += len(part)
        if size > MAX_PAGE:
            content.append('<p class="bad">报告页太大，从这里起不再显示；完整内容见笔记本。</p>')
            break
        (appendix if "appendix" in tags else content).append(part)
    if appendix:
        content += ["<h2>附录：方法与核对</h2>", *(_lowered(part) for part in appendix)]
    return content, above["story"], above["strip"]


def _lowered(part: str) -> str:
    """Headings one level lower, below that of the appendix."""
    return (
        part.replace("<h3>", "<h4>")
        .replace("</h3>", "</h4>")
        .replace("<h2>", "<h3>")
        .replace("</h2>", "</h3>")
    )


def _anchored(part: str, headings: list[str]) -> str:
    """A part whose headings can be linked to; their texts are collected."""

    def anchor(found: re.Match) -> str:
        headings.append(re.sub(r"<[^>]*>", "", found[1]))
        return f'<h2 id="s{len(headings)}">{found[1]}</h2>'

    return re.sub(r"<h2>(.*?)</h2>", anchor, part, flags=re.S)


def _table_of_contents(headings: list[str]) -> str:
    if len(headings) < 3:
        return ""
    items = "".join(f'<li><a href="#s{at}">{text}</a></li>' for at, text in enumerate(headings, 1))
    return f'<nav class="toc" aria-label="目录"><ul>{items}</ul></nav>'


def _first_heading(job, content: list[str]) -> str:
    """The report's own title takes the place of the notebook's."""
    for i, part in enumerate(content):
        content[i], found = re.subn(r"<h1>.*?</h1>", "", part, count=1, flags=re.S)
        if found:
            break
    return f"<h1>{escape(job.title)}</h1>"


def _strip(job, told: str) -> str:
    """What was asked for, in Chinese, and what the report says that it stands on."""
    parts = "".join(_given(*asked) for asked in given_parameters(job))
    first = f"<p>{parts}</p>" if parts else ""
    key = '<p class="key"><span>统计与选定</span> <em>假设</em></p>' if "<em>" in parts + told else ""
    return f'<div class="strip">{first}{told}{key}</div>' if parts or told else ""


def _given(name: str, value: str, assumed: bool) -> str:
    tag = "em" if assumed else "span"
    return f"<{tag}>{escape(name)} <b>{escape(value)}</b></{tag}> "


def given_parameters(job) -> list[tuple[str, str, bool]]:
    """The parameters that were given: what they are called, their value in words, whether it is assumed.

    A parameter is called what its line in the parameters cell says first: ``# 省份：六位代码或名称``.
    """
    if not job.parameters:
        return []
    try:
        declared = read_parameters(read(job.notebook))
    except (MktError, ValueError, KeyError, TypeError):
        declared = {}
    found = []
    for name, value in job.parameters.items():
        told = declared[name].help if name in declared else ""
        called = re.split("[：，（；]", told)[0].strip() or words.label(name)
        found.append((called, scrub(in_words(value)), "假设" in told))
    return found


def _neighbours(job) -> str:
    """Links back to the index and on to the reports beside this one."""
    parts = ['<a href="../index.html">全部报告</a>']
    if job.before:
        parts.append(
            f'<a rel="prev" href="{link("..", job.before[0], "report.html")}">← {escape(job.before[1])}</a>'
        )
    if job.after:
        parts.append(
            f'<a rel="next" href="{link("..", job.after[0], "report.html")}">{escape(job.after[1])} →</a>'
        )
    return f"<nav>{''.join(parts)}</nav>"


def _figures(left: dict) -> str:
    cards = [
        f"<div><dt>{escape(f['label'])}</dt><dd>{escape(show_value(f['value']))}"
        f"<small>{escape(f['unit'] if f['value'] is not None else '')}{_span(f)}</small></dd></div>"
        for f in left["figures"]
        if not isinstance(f["value"], list)
    ]
    return f'<dl class="figures">{"".join(cards)}</dl>' if cards else ""


def _span(figure: dict) -> str:
    """The interval of a figure in brackets."""
    if "lower" not in figure or "upper" not in figure:
        return ""
    return escape(f"（{show_value(float(figure['lower']))} — {show_value(float(figure['upper']))}）")


def show_value(value) -> str:
    """A key figure as the reader sees it.

    Examples
    --------
    >>> show_value(42719.26), show_value(4.8), show_value(None), show_value("一线")
    ('42,719', '4.80', '无数据', '一线')
    """
    if value is None:
        return "无数据"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        places = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
        return f"{value:,.{places}f}" if abs(value) >= 0.1 or value == 0 else f"{value:.2g}"
    return str(value)


def local_day(started: str) -> str:
    """The day of a time of the engine, as this machine's clock counts days.

    Examples
    --------
    >>> local_day("nonsense"), local_day("2026-11-27T12:00:00+00:00")[:8]
    ('', '2026 年 1')
    """
    try:
        time = dt.datetime.fromisoformat(started).astimezone()
    except ValueError:
        return ""
    return f"{time.year} 年 {time.month} 月 {time.day} 日"


def _downloads(left: dict) -> str:
    links = ['<a href="tables.xlsx">表格（xlsx）</a>'] if left["tables"] else []
    links += [f'<a href="{link(file["name"])}">{escape(file["title"])}</a>' for file in left.get("files", [])]
    links.append('<a href="notebook.ipynb">笔记本</a>')
    return "<nav>" + " ".join(links) + "</nav>"


def _footer(job) -> str:
    facts = [
        f"mktanalysis {job.facts['version']}",
        f"数据 {job.facts['data'][:12]}",
        f"代码 {job.facts['package'][:12]}",
    ]
    facts += [
        f"笔记本 {job.notebook_name}（{job.facts['notebook'][:12]}）",
        f"生成于 {local_day(job.facts['started'])}",
    ]
    return (
        f'<footer><p>{escape("　".join(facts))}</p><p><a href="run.json">运行记录</a>'
        "　用 <code>mktanalysis report verify</code> 加本报告的文件夹可以重算并核对。</p></footer>"
    )


def link(*parts: str) -> str:
    """A relative address of a published file, quoted for an attribute."""
    return escape("/".join(quote(part) for part in parts))
