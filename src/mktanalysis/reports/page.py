"""The HTML page of a report: prose, figures and tables of a notebook, without its code.

Always holds: the page is one file that asks for nothing, on disk or on a network; every tag and attribute
on it is one of the few listed here, written out by this module, so that text from data never becomes
markup; a content security policy says the same to the browser.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from html import escape
from html.parser import HTMLParser
from importlib.resources import files
from urllib.parse import quote

from .files import scrub

_TAGS = {
    *(
        "p",
        "br",
        "hr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "blockquote",
        "pre",
    ),
    *("code", "em", "strong", "b", "i", "u", "s", "del", "sub", "sup", "small", "span", "div", "a", "img"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "figure", "figcaption"),
    *("details", "summary"),
}
_VOID = {"br", "hr", "img"}
#: Elements whose content is not text to read.
_DROPPED = {"script", "style", "title", "head", "iframe", "object", "svg", "math", "template", "noscript"}
_ATTRIBUTES = {
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "a": {"href"},
    "img": {"src", "alt"},
    "ol": {"start"},
}
#: A web address or a part of the page; a link within a page cannot name a file or a program.
_SAFE_LINK = re.compile(r"(?:https?://[^\s]+|#[^\s]*)\Z", re.I)
_SAFE_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif);base64,[A-Za-z0-9+/=\s]*\Z")


class _Inert(HTMLParser):
    """Writes allowed tags anew and everything else as text or not at all."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.out, self.open, self.dropping = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag in _DROPPED:
            self.dropping.append(tag)
        elif not self.dropping and tag in _TAGS:
            kept = "".join(f' {key}="{escape(value)}"' for key, value in attrs if _keeps(tag, key, value))
            self.out.append(f"<{tag}{kept}>")
            if tag not in _VOID:
                self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if self.dropping:
            if tag == self.dropping[-1]:
                self.dropping.pop()
        elif tag in self.open:
            while True:
                closed = self.open.pop()
                self.out.append(f"</{closed}>")
                if closed == tag:
                    break

    def handle_data(self, data):
        if not self.dropping:
            self.out.append(escape(data, quote=False))

    def result(self) -> str:
        self.close()
        return "".join(self.out) + "".join(f"</{tag}>" for tag in reversed(self.open))


def _keeps(tag: str, key: str, value: str | None) -> bool:
    if value is None or key not in _ATTRIBUTES.get(tag, ()):
        return False
    if key == "href":
        return bool(_SAFE_LINK.match(value))
    if key == "src":
        return bool(_SAFE_IMAGE.match(value))
    return len(value) < 200


def inert_html(markup: str) -> str:
    """Return `markup` with only harmless tags and attributes.

    Examples
    --------
    >>> inert_html('<table border="1" onclick="x()"><td>南京<script>alert(1)</script></td></table>')
    '<table><td>南京</td></table>'
    """
    parser = _Inert()
    parser.feed(markup)
    return parser.result()


def markdown_html(source: str) -> str:
    """Prose of a notebook as harmless HTML."""
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    renderer = IPythonRenderer(escape=False, exclude_anchor_links=True)
    return inert_html(MarkdownWithMath(renderer=renderer).render(source))


# ---- outputs ----------------------------------------------------------------------------------------


def _outputs_html(cell) -> str:
    parts, seen = [], set()
    for output in cell.outputs:
        part = _output_html(output)
        if part and part not in seen:  # a returned pyplot figure is also flushed: once is enough
            seen.add(part)
            parts.append(part)
    return "\n".join(parts)


def _output_html(output) -> str:
    if output.output_type == "error":
        return ""
    if output.output_type == "stream":
        text = escape(output.text.strip(), quote=False)
        if not text:
            return ""
        if output.name == "stderr":
            return f'<details class="notes"><summary>运行提示</summary><pre>{text}</pre></details>'
        return f"<pre>{text}</pre>"
    data = output.data
    for mime in ("image/png", "image/jpeg"):
        if mime in data:
            alt = escape(str(output.metadata.get("alt", "")) or "图")
            return (
                f'<figure><img alt="{alt}" src="data:{mime};base64,{"".join(data[mime].split())}"></figure>'
            )
    if "text/html" in data:
        return f'<div class="scroll" tabindex="0">{inert_html(_text(data["text/html"]))}</div>'
    if "text/markdown" in data:
        return markdown_html(_text(data["text/markdown"]))
    return f"<pre>{escape(_text(data['text/plain']), quote=False)}</pre>" if "text/plain" in data else ""


def _text(content) -> str:
    return content if isinstance(content, str) else "".join(content)


# ---- the page ---------------------------------------------------------------------------------------


@cache
def asset(name: str) -> str:
    """A style sheet or script of this package."""
    return files(__package__).joinpath("assets", name).read_text("utf-8")


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
        What the notebook published: ``tables`` and ``figures``.
    """
    content = []
    for cell in notebook.cells:
        if "hide" in cell.metadata.get("tags", ()):
            continue
        if cell.cell_type == "markdown":
            content.append(markdown_html(cell.source))
        elif cell.cell_type == "code":
            content.append(_outputs_html(cell))
    body = "\n".join(
        [
            '<header class="bar"><a href="../index.html">← 全部报告</a>' + _downloads(left) + "</header>",
            f"<main>{_first_heading(job, content)}{_figures(left)}",
            *(part for part in content if part),
            "</main>",
            _footer(job),
        ]
    )
    return page(job.title, body, style=asset("report.css"))


def _first_heading(job, content: list[str]) -> str:
    """The report's own title takes the place of the notebook's."""
    for i, part in enumerate(content):
        content[i], found = re.subn(r"<h1>.*?</h1>", "", part, count=1, flags=re.S)
        if found:
            break
    values = "、".join(f"{name} = {value}" for name, value in job.parameters.items())
    given = f'<p class="given">参数：{escape(scrub(values))}</p>' if values else ""
    return f"<h1>{escape(job.title)}</h1>{given}"


def _figures(left: dict) -> str:
    cards = [
        f"<div><dt>{escape(f['label'])}</dt><dd>{escape(show_value(f['value']))}"
        f"<small>{escape(f['unit'] if f['value'] is not None else '')}</small></dd></div>"
        for f in left["figures"]
        if not isinstance(f["value"], list)
    ]
    return f'<dl class="figures">{"".join(cards)}</dl>' if cards else ""


def show_value(value) -> str:
    """A key figure as the reader sees it.

    Examples
    --------
    >>> show_value(42719.26), show_value(0.31), show_value(None), show_value("一线")
    ('42,719', '0.31', '无数据', '一线')
    """
    if value is None:
        return "无数据"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return (
            f"{value:,.0f}"
            if abs(value) >= 1000
            else f"{value:,.1f}"
            if abs(value) >= 100
            else f"{value:.3g}"
        )
    return str(value)


def _downloads(left: dict) -> str:
    links = ['<a href="tables.xlsx">表格（xlsx）</a>'] if left["tables"] else []
    links.append('<a href="notebook.ipynb">笔记本</a>')
    return "<nav>" + " ".join(links) + "</nav>"


def _footer(job) -> str:
    facts = [
        f"mktanalysis {job.facts['version']}",
        f"数据 {job.facts['data'][:12]}",
        f"代码 {job.facts['package'][:12]}",
    ]
    facts += [f"笔记本 {job.notebook_name}（{job.facts['notebook'][:12]}）", f"生成于 {job.facts['started']}"]
    return (
        f'<footer><p>{escape("　".join(facts))}</p><p><a href="run.json">运行记录</a>'
        "　用 <code>mktanalysis report verify</code> 加本报告的文件夹可以重算并核对。</p></footer>"
    )


def link(*parts: str) -> str:
    """A relative address of a published file, quoted for an attribute."""
    return escape("/".join(quote(part) for part in parts))
