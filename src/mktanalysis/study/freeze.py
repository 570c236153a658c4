"""A study as one file that another analyst unpacks and runs.

Always holds: the archive holds every file that the study reads; the same study gives the same bytes.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path, PurePosixPath

from ..errors import MktError
from ..files import digest_file, replacing
from .folder import DATA, NOTEBOOKS, SPEC, Study

RECORD = "freeze.json"
#: All entries bear this date: when an archive was made is no part of a study.
_DATE = (2020, 1, 1, 0, 0, 0)
_LEFT_OUT = ("__pycache__", ".ipynb_checkpoints")


def freeze_study(study: Study, path: str | Path | None = None) -> Path:
    """Write a study with its data, notebooks, versions and results into one zip file.

    Files with an absolute path are put into ``data/`` and named there in the packed ``study.toml``.

    Parameters
    ----------
    study : Study
    path : path, optional
        Default: beside the folder of the study, with its name.

    Returns
    -------
    Path
    """
    path = Path(path) if path is not None else study.folder.with_suffix(".zip")
    if path.suffix.lower() != ".zip":
        raise MktError(f"只能写成 .zip，而给出的是 {path.name!r}")
    entries: dict[str, Path] = {}
    for folder in (DATA, NOTEBOOKS):
        entries |= _files_below(study.folder / folder, folder)
    entries |= {f"{file.name}": file for file in sorted(study.folder.glob("*.py"))}
    text = study.spec.read_text("utf-8-sig")
    for name, given in study.files.items():
        outside = Path(given["path"])
        if not study.path_of(name).is_file():
            raise MktError(f"files.{name}：找不到 {given['path']}")
        if outside.is_absolute():
            packed = f"{DATA}/{name}_{outside.name}"
            entries[packed] = outside
            text = text.replace(given["path"], packed)
    record = {
        "environment": _environment(),
        "files": {name: digest_file(file) for name, file in sorted(entries.items())},
        "results": results_of(study.out),
    }
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        root = PurePosixPath(study.folder.name)
        _add(archive, str(root / SPEC), text.encode())
        _add(
            archive,
            str(root / RECORD),
            json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True).encode(),
        )
        for name, file in sorted(entries.items()):
            _add(archive, str(root / name), file.read_bytes())
    return path


def _files_below(folder: Path, name: str) -> dict[str, Path]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    kept = [path for path in found if not any(part in _LEFT_OUT for part in path.parts)]
    return {f"{name}/{path.relative_to(folder).as_posix()}": path for path in kept}


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)


def _environment() -> dict:
    from ..reports.plan.provenance import environment

    return environment()


def results_of(out: Path) -> dict[str, dict[str, str]]:
    """Report -> table -> sha256 of its csv, as they lie in an output folder."""
    results: dict[str, dict[str, str]] = {}
    for table in sorted(out.glob("*/tables/*.csv")):
        results.setdefault(table.parts[-3], {})[table.stem] = digest_file(table)
    return results
