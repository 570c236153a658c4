"""Notebook files of format 4 as plain dictionaries with attributes.

Always holds: what is written opens in JupyterLab and reads back equal. The library nbformat does the same
and takes a second to import, because its validator does; here every report process would wait for it.
"""

from __future__ import annotations

import json

from ...errors import MktError


class Node(dict):
    """A dictionary whose keys are attributes too."""

    __setattr__ = dict.__setitem__

    def __getattr__(self, name):
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
    except ValueError as error:
        raise MktError(f"不是合法的笔记本文件：{error}") from None
    if (
        not isinstance(notebook, Node)
        or notebook.get("nbformat") != 4
        or not isinstance(notebook.get("cells"), list)
    ):
        raise MktError("不是格式 4 的笔记本文件")
    for cell in notebook.cells:
        cell.source = _joined(cell.get("source", ""))
        cell.setdefault("metadata", Node())
        for output in cell.get("outputs", ()):
            if "text" in output:
                output.text = _joined(output.text)
            for mime, content in output.get("data", {}).items():
                if isinstance(content, list) and not mime.endswith("json"):
                    output.data[mime] = _joined(content)
    return notebook


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
    return text if isinstance(text, str) else "".join(text)


def _split(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def new_output(output_type: str, **fields) -> Node:
    """An output of a code cell: stream, display_data, execute_result or error."""
    return node({"output_type": output_type, **fields})


def new_cell(cell_type: str, source: str, *, name: str, tags: list[str]) -> Node:
    """A cell with an id and tags."""
    cell = {"cell_type": cell_type, "id": name, "metadata": {"tags": tags}, "source": source}
    if cell_type == "code":
        cell |= {"execution_count": None, "outputs": []}
    return node(cell)
