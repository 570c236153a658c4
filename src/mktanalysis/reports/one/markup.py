"""Markup that does nothing: text of notebooks and tables as harmless HTML.

Always holds: every tag and attribute in the result is one of the few listed here and written by this
module's sanitiser, so that text from data never becomes markup.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape

import nh3

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
#: An image in svg, as an image, can neither run anything nor ask for anything.
_SAFE_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|svg\+xml);base64,[A-Za-z0-9+/=\s]*\Z")
#: Elements and comments that a browser reads to the end of the page where they are not closed.
_OPENING = re.compile(
    rf"<(?:(!--)|({'|'.join(sorted(_DROPPED | {'textarea', 'xmp', 'plaintext', 'select'}))})\b)", re.I
)
#: Prose that is longer than any person writes is shown as it is: reading it as Markdown takes too long.
_MAX_PROSE = 200_000


def inert_html(markup: str) -> str:
    """Return `markup` with only harmless tags and attributes.

    Examples
    --------
    >>> inert_html('<p onclick="x()">南京<script>alert(1)</script></p>')
    '<p>南京</p>'
    >>> inert_html("见 <title 一节")
    '见 &lt;title 一节'
    """
    clean = nh3.clean(
        _without_open_ends(markup),
        tags=_TAGS,
        clean_content_tags=_DROPPED,
        attributes=_ATTRIBUTES,
        attribute_filter=_kept,
        url_schemes={"http", "https", "data"},
        link_rel=None,
    )
    return _EMPTY_IMAGE.sub("", clean)


#: An image whose address was refused.
_EMPTY_IMAGE = re.compile(r'<img(?: alt="[^"]*")?>')


def _without_open_ends(markup: str) -> str:
    """Write the sign before an element that is never closed as text, so that what follows is not lost."""
    lowered = markup.lower()
    last_close = {}

    def write(found: re.Match) -> str:
        end = "-->" if found[1] else f"</{found[2].lower()}"
        if end not in last_close:
            last_close[end] = lowered.rfind(end)
        return found[0] if last_close[end] >= found.end() else "&lt;" + found[0][1:]

    return _OPENING.sub(write, markup) if "<" in markup else markup


def _kept(tag: str, key: str, value: str) -> str | None:
    """The value of an attribute that may stay, else None."""
    if key == "href":
        return value if _SAFE_LINK.match(value) else None
    if key == "src":
        return value if _SAFE_IMAGE.match(value) else None
    return value if len(value) < 200 else None


@cache
def _markdown():
    import mistune

    return mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "footnotes", "url"])


def markdown_html(source: str) -> str:
    """Prose of a notebook as harmless HTML.

    Examples
    --------
    >>> markdown_html("**先看**江苏<script>x</script>").strip()
    '<p><strong>先看</strong>江苏</p>'
    """
    if len(source) > _MAX_PROSE:
        return f"<pre>{escape(source, quote=False)}</pre>"
    return inert_html(_markdown()(_without_open_ends(source)))


# ---- tables -----------------------------------------------------------------------------------------

_TABLE = re.compile(r"<table>.*?</table>", re.S)
_ROW = re.compile(r"<tr>(.*?)</tr>", re.S)
_CELL = re.compile(r"<(t[hd])>(.*?)</t[hd]>", re.S)
_FIGURE = r"[-+−]?[\d,]+(?:\.\d+)?(?:e[-+]?\d+)?%?"
_NUMBER = re.compile(rf"{_FIGURE}(?: ～ {_FIGURE}| 以上| 以下)?\Z")  # a figure, or an interval
#: A small picture below the text of a cell.
_BELOW = re.compile(r"<br><img [^>]*>\Z")
_EMPTY = {"", "—", "NaN", "NaT", "None", "&lt;NA&gt;", "nan"}


def table_html(markup: str) -> str:
    """Harmless HTML of a table output: row numbers left out, numbers aligned, missing values as a dash.

    Examples
    --------
    >>> head = "<tr><th></th><th>值</th></tr>"
    >>> table_html(f"<table>{head}<tr><th>0</th><td>12000.50</td></tr></table>")
    '<table><tbody><tr><th class="n">值</th></tr><tr><td class="n">12,000.50</td></tr></tbody></table>'
    """
    return _TABLE.sub(lambda found: _tidy(found.group()), inert_html(markup))


def _tidy(table: str) -> str:
    if re.search(r"<thead>.*?colspan.*?</thead>", table, re.S):
        return _tidy_spanned(table)
    rows = [_CELL.findall(row) for row in _ROW.findall(table)]
    if not rows or len({len(row) for row in rows}) != 1 or re.search(r"(?:col|row)span", table):
        return table
    if _names_index(rows):  # the name of the index stands in a row of its own: put it into the head
        rows[0][0] = rows[1][0]
        table = _ROW.sub("", table, count=1)
        del rows[1]
    body = [row for row in rows if any(tag == "td" for tag, _ in row)]
    counted = [row[0] for row in body] == [("th", str(number)) for number in range(len(body))]
    drop = 1 if counted and rows[0][0][1] == "" else 0
    columns = [_column([row[at] for row in body]) for at in range(drop, len(rows[0]))]
    left = iter(rows)
    done = iter(range(len(body)))

    def write(_match) -> str:
        row = next(left)
        number = next(done) if any(tag == "td" for tag, _ in row) else None
        cells = []
        for at, (tag, text) in enumerate(row[drop:]):
            shown = text if number is None else columns[at][1][number]
            cells.append(f"<{tag}{_mark(*columns[at])}>{shown}</{tag}>")
        return f"<tr>{''.join(cells)}</tr>"

    return _ROW.sub(write, table)


_SPANNED = re.compile(r'<th(?: (?:colspan|rowspan)="\d+")?>')


def _tidy_spanned(table: str) -> str:
    """A table with two rows of heads: figures and their heads to the right, the common head in the middle."""
    head, mark, body = table.partition("<tbody>")
    rows = [_CELL.findall(row) for row in _ROW.findall(body)]
    if not rows or len({len(row) for row in rows}) != 1 or re.search(r"(?:col|row)span", body):
        return table
    columns = [_column([row[at] for row in rows]) for at in range(len(rows[0]))]
    left = iter(range(len(rows)))

    def write(_match) -> str:
        number = next(left)
        cells = []
        for (tag, _), column in zip(rows[number], columns, strict=True):
            cells.append(f"<{tag}{_mark(*column)}>{column[1][number]}</{tag}>")
        return f"<tr>{''.join(cells)}</tr>"

    return _heads_marked(head, [numeric for numeric, _ in columns]) + mark + _ROW.sub(write, body)


_MARK = ' class="n"'
_LONG = ' class="long"'
#: A column with a text of more characters is kept wide enough to be read.
_SENTENCE = 20


def _mark(numeric: bool, values: list[str]) -> str:
    """The class of a column's cells: figures to the right, sentences wide."""
    if numeric:
        return _MARK
    return _LONG if any(len(re.sub(r"<[^>]*>", "", value)) > _SENTENCE for value in values) else ""


def _heads_marked(head: str, numeric: list[bool]) -> str:
    """Mark the heads of figures: those over one column like the column, a common one as such."""
    first, mark, second = head.partition("</tr>")
    at = 0
    inside = []  # columns under a common head, which the second row names

    def top(found: re.Match) -> str:
        nonlocal at
        span = re.search(r'colspan="(\d+)"', found[0])
        wide = int(span[1]) if span else 1
        start = at
        at += wide
        if span:
            inside.extend(range(start, at))
            return found[0][:-1] + ' class="over">'
        return found[0][:-1] + (_MARK if start < len(numeric) and numeric[start] else "") + ">"

    def below(_found: re.Match) -> str:
        column = inside.pop(0) if inside else -1
        return f"<th{_MARK if 0 <= column < len(numeric) and numeric[column] else ''}>"

    return _SPANNED.sub(top, first) + mark + _SPANNED.sub(below, second)


def _names_index(rows: list) -> bool:
    if len(rows) < 2 or rows[0][0][1] or not rows[1][0][1]:
        return False
    return all(tag == "th" for tag, _ in rows[1]) and not any(text for _, text in rows[1][1:])


def _column(cells: list[tuple[str, str]]) -> tuple[bool, list[str]]:
    """Whether a column holds numbers, and its texts as shown: only decimals get separators, codes do not."""
    texts = [text.strip() for _, text in cells]
    if any(tag == "th" for tag, _ in cells):  # names of rows
        return False, texts
    given = [text for text in (_BELOW.sub("", text) for text in texts) if text not in _EMPTY]
    numeric = bool(given) and all(_NUMBER.match(text) for text in given)
    plain = not any(mark in text for text in given for mark in "e%～以")
    decimals = numeric and plain and any("." in text for text in given)
    whole = decimals and all(text.endswith(".0") for text in given)
    shown = []
    for text in texts:
        if text in _EMPTY:
            shown.append("—")
        elif decimals and "," not in text:
            places = 0 if whole else len(text.partition(".")[2])
            shown.append(f"{float(text.replace('−', '-')):,.{places}f}".replace("-", "−"))
        else:
            shown.append(text)
    return numeric, shown
