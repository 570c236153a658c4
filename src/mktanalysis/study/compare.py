"""What changed between two runs: files, parameters, package, results.

Always holds: a row for everything that is not the same on both sides; no row means that nothing differs.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pandas as pd

from ..files import digest_file
from .folder import OUT, Study, open_study
from .freeze import results_of

_AREAS = {"files": "数据", "notebooks": "笔记本", "parameters": "参数", "package": "软件", "results": "结果"}


def compare_studies(a: Study | str | Path, b: Study | str | Path) -> pd.DataFrame:
    """Compare two studies (两次研究有何不同).

    Parameters
    ----------
    a, b : Study or path

    Returns
    -------
    DataFrame
        Columns aspect (数据, 笔记本, 参数, 软件, 结果), item, a, b: what differs, empty where one has none.
        A table of results that differs says how many rows and by how much at most.
    """
    first = a if isinstance(a, Study) else open_study(a)
    second = b if isinstance(b, Study) else open_study(b)
    rows = []
    for area, facts in (("files", _files), ("notebooks", _notebooks), ("parameters", _parameters)):
        rows += _differing(_AREAS[area], facts(first), facts(second))
    rows += _differing(_AREAS["package"], _package(first), _package(second))
    rows += _results(first, second)
    return pd.DataFrame(rows, columns=["aspect", "item", "a", "b"])


def _differing(area: str, a: dict, b: dict) -> list[dict]:
    keys = [key for key in dict.fromkeys([*a, *b]) if a.get(key) != b.get(key)]
    return [{"aspect": area, "item": key, "a": a.get(key, ""), "b": b.get(key, "")} for key in keys]


def _files(study: Study) -> dict[str, str]:
    paths = {name: study.path_of(name) for name in study.files}
    return {name: digest_file(path)[:12] if path.is_file() else "没有" for name, path in paths.items()}


def _notebooks(study: Study) -> dict[str, str]:
    """Hashes of what the notebooks say, not of stored outputs."""
    from ..reports.plan.notebook import read
    from ..reports.plan.provenance import notebook_hash

    found = sorted((study.folder / "notebooks").glob("*.ipynb"))
    return {path.stem: notebook_hash(read(path.read_text("utf-8")))[:12] for path in found}


def _parameters(study: Study) -> dict[str, str]:
    """Every value of ``study.toml`` beside the files, under its path."""
    flat: dict[str, str] = {}

    def walk(value, path: str) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                walk(item, f"{path}.{key}" if path else key)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for number, item in enumerate(value, start=1):
                walk(item, f"{path}[{number}]")
        else:
            flat[path] = json.dumps(value, ensure_ascii=False, default=str)

    walk({key: value for key, value in study.content.items() if key != "files"}, "")
    return flat


def _package(study: Study) -> dict[str, str]:
    """Version and hashes of the newest record of the study's reports."""
    for path in sorted(study.folder.glob(f"{OUT}/*/run.json")):
        with contextlib.suppress(OSError, ValueError, AttributeError, RecursionError):
            record = json.loads(path.read_text("utf-8"))
            identity = record.get("identity", {})
            return {
                "version": str(record.get("version", "")),
                "package": str(identity.get("package", ""))[:12],
                "packages": str(identity.get("packages", ""))[:12],
            }
    return {}


def _results(first: Study, second: Study) -> list[dict]:
    a = results_of(first.out)
    b = results_of(second.out)
    rows = []
    for report in dict.fromkeys([*a, *b]):
        if report not in a or report not in b:
            sides = ["有" if report in side else "没有" for side in (a, b)]
            rows.append({"aspect": _AREAS["results"], "item": report, "a": sides[0], "b": sides[1]})
            continue
        for table in dict.fromkeys([*a[report], *b[report]]):
            if a[report].get(table) == b[report].get(table):
                continue
            paths = [study.out / report / "tables" / f"{table}.csv" for study in (first, second)]
            rows.append({"aspect": _AREAS["results"], "item": f"{report}/{table}", **_by_how_much(*paths)})
    return rows


def _by_how_much(a: Path, b: Path) -> dict:
    """Two versions of a table in short: rows, and the largest relative difference of its numbers."""
    if not (a.is_file() and b.is_file()):
        return {"a": "有" if a.is_file() else "没有", "b": "有" if b.is_file() else "没有"}
    left = pd.read_csv(a, encoding="utf-8-sig", dtype=str)
    right = pd.read_csv(b, encoding="utf-8-sig", dtype=str)
    if left.shape != right.shape or list(left.columns) != list(right.columns):
        return {"a": f"{len(left)} 行 {left.shape[1]} 列", "b": f"{len(right)} 行 {right.shape[1]} 列"}
    numbers = [table.apply(pd.to_numeric, errors="coerce") for table in (left, right)]
    gap = ((numbers[1] - numbers[0]).abs() / numbers[0].abs()).max().max()
    changed = int((left.fillna("") != right.fillna("")).sum().sum())
    more = f"，数字最多差 {gap:.2%}" if gap == gap else ""
    return {"a": f"{len(left)} 行", "b": f"{len(right)} 行，{changed} 格不同{more}"}
