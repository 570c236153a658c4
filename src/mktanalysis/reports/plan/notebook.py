"""Notebook files of format 4 as plain dictionaries with attributes.

Always holds: what is written opens in JupyterLab and reads back equal. The library nbformat does the same
and takes a second to import, because its validator does; here every report process would wait for it.
"""

from __future__ import annotations

import json
from typing import Any

from ...errors import MktError

_CELL_TYPES = ("code", "markdown", "raw")


class Node(dict[str, Any]):
    """A dictionary whose keys are attributes too."""

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def node(value):
    """`value` with every dictionary in it a `Node`."""
    if isinstance(value, dict):
        return Node({key: node(item) for key, item in value.items()})
    return [node(item) for item in value] if isinstance(value, (list, tuple)) else value


def read(text: str) -> Node:
    """A notebook from its file's text, multi-line texts joined.

    Raises
    ------
    MktError
        If the text is no notebook of format 4.
    """
    try:
        notebook = json.loads(text, object_hook=Node)
    except (ValueError, RecursionError) as error:
        told = "嵌套太深" if isinstance(error, RecursionError) else error
        raise MktError(f"不是合法的笔记本文件：{told}") from None
    if not isinstance(notebook, Node) or notebook.get("nbformat") != 4 or isinstance(notebook.nbformat, bool):
        raise MktError("不是格式 4 的笔记本文件")
    if not isinstance(notebook.get("cells"), list):
        raise MktError("不是格式 4 的笔记本文件：没有单元格的列表 cells")
    if not isinstance(notebook.get("nbformat_minor"), int):
        notebook.nbformat_minor = 5
    if not isinstance(notebook.get("metadata"), Node):
        notebook.metadata = Node()
    for number, cell in enumerate(notebook.cells, start=1):
        _complete(cell, number)
    return notebook


def _complete(cell, number: int) -> None:
    """Give a cell what the format asks for; a cell that cannot be understood is an error."""
    if not isinstance(cell, Node) or cell.get("cell_type") not in _CELL_TYPES:
        raise MktError(f"第 {number} 个单元格没有 cell_type，或者不是 {'、'.join(_CELL_TYPES)} 之一")
    cell.source = _joined(cell.get("source", ""))
    if not isinstance(cell.get("metadata"), Node):
        cell.metadata = Node()
    if "tags" in cell.metadata:
        tags = cell.metadata.tags if isinstance(cell.metadata.tags, list) else []
        cell.metadata.tags = [tag for tag in tags if isinstance(tag, str)]
    if "outputs" in cell:
        given = cell.outputs if isinstance(cell.outputs, list) else []
        cell.outputs = [output for output in given if _is_output(output)]
    for output in cell.get("outputs", ()):
        if "text" in output:
            output.text = _joined(output.text)
        for mime, content in output.get("data", {}).items():
            if isinstance(content, list) and not mime.endswith("json"):
                output.data[mime] = _joined(content)


def _is_output(output) -> bool:
    if not isinstance(output, Node) or not isinstance(output.get("output_type"), str):
        return False
    return isinstance(output.get("data", Node()), Node)


def write(notebook: Node) -> str:
    """The text of a notebook's file, multi-line texts split as JupyterLab does.

    Examples
    --------
    >>> text = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    >>> read(write(read(text))) == json.loads(text)
    True
    """
    cells = []
    for cell in notebook.cells:
        split = {**cell, "source": _split(cell.source)}
        if "outputs" in cell:
            split["outputs"] = [_split_output(output) for output in cell.outputs]
        cells.append(split)
    content = {**notebook, "cells": cells}
    return (
        json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False, default=str) + "\n"
    )


def _split_output(output: Node) -> dict:
    split = dict(output)
    if "text" in split:
        split["text"] = _split(split["text"])
    if "data" in split:
        split["data"] = {
            mime: _split(content) if isinstance(content, str) and not mime.endswith("json") else content
            for mime, content in split["data"].items()
        }
    return split


def _joined(text) -> str:
    if isinstance(text, str):
        return text
    return "".join(map(str, text)) if isinstance(text, (list, tuple)) else ""


def _split(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def new_output(output_type: str, **fields) -> Node:
    """An output of a code cell: stream, display_data, execute_result or error."""
    own = {name: Node(field) if isinstance(field, dict) else field for name, field in fields.items()}
    return Node({"output_type": output_type, **own})


def new_cell(cell_type: str, source: str, *, name: str, tags: list[str]) -> Node:
    """A cell with an id and tags."""
    cell = {"cell_type": cell_type, "id": name, "metadata": {"tags": tags}, "source": source}
    if cell_type == "code":
        cell |= {"execution_count": None, "outputs": []}
    return node(cell)
