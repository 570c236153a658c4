"""What cells put out, made fit to be kept: bounded, valid as JSON, without names of this machine.

Always holds: after `tidy` a notebook can be written and read back whatever its cells have put out; what is
left out for its size is said in its place.
"""

from __future__ import annotations

import base64
import math
import re

from ..names import scrub
from ..plan.notebook import Node, new_output

#: Text, lines and outputs that are kept of one cell.
MAX_CHARS = 1_000_000
MAX_LINES = 10_000
MAX_OUTPUTS = 500
#: Levels of nested JSON that are kept.
_MAX_DEPTH = 60
_SURROGATE = re.compile("[\ud800-\udfff]")
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class Ceiling:
    """Counts what a cell has put out and says how much of the next piece still fits."""

    def __init__(self):
        self.chars = 0
        self.lines = 0
        self.outputs = 0
        self.left_out = False

    def fit(self, text: str) -> str:
        """The start of `text` that fits; all of it as a rule."""
        room = MAX_LINES - self.lines
        kept = text[: max(0, MAX_CHARS - self.chars)] if room > 0 else ""
        if kept.count("\n") > room:
            kept = "".join(kept.splitlines(keepends=True)[:room])
        self.chars += len(text)
        self.lines += text.count("\n")
        self.left_out = self.left_out or len(kept) < len(text)
        return kept

    def one_more(self) -> bool:
        """Whether another output fits."""
        self.outputs += 1
        self.left_out = self.left_out or self.outputs > MAX_OUTPUTS
        return self.outputs <= MAX_OUTPUTS

    def note(self) -> Node:
        """An output that says what was left out."""
        found = f"共 {self.chars:,} 字、{self.lines:,} 行、{self.outputs:,} 项"
        limits = f"{MAX_CHARS:,} 字、{MAX_LINES:,} 行、{MAX_OUTPUTS:,} 项"
        text = f"（这个单元格的输出太多：{found}；只保留前 {limits}）\n"
        return new_output("stream", name="stderr", text=text)


def bounded(outputs: list) -> list:
    """The outputs of a cell up to the ceiling, as the process that collects them itself keeps them."""
    ceiling = Ceiling()
    kept = []
    for output in outputs:
        if not ceiling.one_more():
            continue
        if output.output_type == "stream":
            output.text = ceiling.fit(output.text)
            if not output.text:
                continue
        kept.append(output)
    return [*kept, ceiling.note()] if ceiling.left_out else kept


def tidy(notebook) -> None:
    """Make all outputs of `notebook` valid and take local paths and terminal colours out of their texts."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "stream":
                output.text = clean_text(output.text)
            elif output.output_type == "error":
                output.ename = clean_text(output.ename)
                output.evalue = clean_text(output.evalue)
                output.traceback = [plain(clean_text(line)) for line in output.traceback]
            else:
                contents = {str(mime): content for mime, content in output.data.items()}
                output.data = Node({mime: clean_content(mime, it) for mime, it in contents.items()})
                output.metadata = Node(clean_json(dict(output.metadata or {})))


def clean_content(mime: str, content):
    """What an output holds under a type: JSON for JSON types, base64 for images in bytes, else text."""
    if mime.endswith("json"):
        return clean_json(content)
    if isinstance(content, (bytes, bytearray)):
        return base64.b64encode(content).decode()
    if isinstance(content, (list, tuple)):
        content = "".join(map(str, content))
    text = content if isinstance(content, str) else str(content)
    is_binary = mime.startswith(("image/", "audio/", "video/", "font/")) and not mime.endswith("xml")
    return text if is_binary else clean_text(text)


def clean_json(value, depth: int = 0):
    """A value that JSON can spell: no NaN, text keys, nothing nested without end."""
    if depth > _MAX_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {clean_text(str(key)): clean_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean_json(item, depth + 1) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int)):
        return value
    return clean_text(value if isinstance(value, str) else str(value))


def clean_text(text) -> str:
    """Text that can be encoded, without local paths.

    Examples
    --------
    >>> clean_text("a\\ud800 /home/li/own.xlsx") == "a\ufffd …/own.xlsx"
    True
    """
    return scrub(_SURROGATE.sub("\ufffd", text if isinstance(text, str) else str(text)))


def plain(text: str) -> str:
    """Without terminal colours."""
    return _COLOUR.sub("", text)


def role(output) -> str:
    """What an output is on its page, as the thing shown says itself: ``story``, ``strip``, or nothing."""
    told = (output.get("metadata") or {}).get("role", "") if "data" in output else ""
    return told if isinstance(told, str) else ""


def headline(notebook) -> str:
    """The judgement of the first story that a notebook shows; empty without one."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if role(output) == "story":
                told = output.metadata.get("judgement", "")
                return clean_text(told)[:500] if isinstance(told, str) else ""
    return ""
