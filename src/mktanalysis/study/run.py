"""Checking a study's files and parameters, and running its reports.

Always holds: nothing runs as long as one file cannot be read; all problems are told at once.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pandas as pd

from ..errors import MktError
from ..files import digest_file, write_atomic
from ..regions import RegionTree
from .folder import Study


def check_study(study: Study, tree: RegionTree | None = None) -> pd.DataFrame:
    """Read every file of a study and expand its list of reports.

    Returns
    -------
    DataFrame
        Columns file, kind, rows, sha256, ok, note: a row a note or problem of each file, and one for the
        list of reports.
    """
    from ..datasets import load_regions

    tree = tree or load_regions()
    rows = []
    for name, given in study.files.items():
        rows += _check_file(study, name, given, tree)
    try:
        plan = plan_study(study)
        rows.append(_row(study.spec.name, "", len(plan.reports), "", True, f"{len(plan.reports)} 份报告"))
    except MktError as error:
        rows.append(_row(study.spec.name, "", 0, "", False, str(error)))
    return pd.DataFrame(rows, columns=["file", "kind", "rows", "sha256", "ok", "note"])


def plan_study(study: Study, chosen: tuple[str, ...] = ()):
    """The list of the study's reports; a file with an absolute path is named from the study's folder.

    A report's parameters are published, so that no path of the machine may stand there.
    """
    from ..reports import read_spec

    text = study.spec.read_text("utf-8-sig")
    changed = text
    for given in study.files.values():
        if Path(given["path"]).is_absolute():
            near = os.path.relpath(given["path"], study.folder).replace(os.sep, "/")
            changed = changed.replace(given["path"], near)
    if changed == text:
        return read_spec(study.spec, chosen)
    beside = study.folder / f".{study.spec.name}"
    try:
        write_atomic(beside, changed)
        return read_spec(beside, chosen)
    finally:
        beside.unlink(missing_ok=True)


def _check_file(study: Study, name: str, given: dict, tree: RegionTree) -> list[dict]:
    from ..io import read_table
    from ..io.people import LIST_KINDS, read_kind

    path = study.path_of(name)
    options = {key: value for key, value in given.items() if key not in ("path", "kind", "allow_outliers")}
    options["check_magnitude"] = not given.get("allow_outliers", False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a total that is off stands among the notes
            if given["kind"] in LIST_KINDS:
                table = read_kind(path, given["kind"], tree=tree)
            else:
                table = read_table(path, kind=given["kind"], tree=tree, **options)
    except MktError as error:
        return [_row(given["path"], given["kind"], 0, "", False, str(error))]
    sha = digest_file(path)
    notes = table.attrs.get("notes", ()) or ("",)
    return [_row(given["path"], given["kind"], len(table), sha, True, note) for note in notes]


def _row(file: str, kind: str, rows: int, sha: str, ok: bool, note: str) -> dict:
    return {"file": file, "kind": kind, "rows": rows, "sha256": sha, "ok": ok, "note": note}


def run_study(
    study: Study, *, jobs: int = 1, force: bool = False, settings=None, chosen: tuple[str, ...] = ()
) -> list:
    """Check the files of a study, then make its reports in ``out/`` with an index over them.

    ``chosen`` are parameters that count above those of ``study.toml``: ``years=3``, ``05.budget=2e6``.

    Returns
    -------
    list
        How each report ended, in the order of the study.

    Raises
    ------
    MktError
        A file or the list of reports has problems: all of them, and nothing was run.
    """
    from ..reports.run.batch import run_rows

    found = check_study(study)
    bad = found[~found["ok"]]
    if len(bad):
        raise MktError("\n".join(f"{row.file}：{row.note}" for row in bad.itertuples()))
    return run_rows(plan_study(study, chosen), out_dir=study.out, jobs=jobs, force=force, settings=settings)
