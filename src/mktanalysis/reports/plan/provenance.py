"""What a report was made from: notebook, parameters, data, code, packages, each as a hash.

Always holds: two reports with equal identities were made from equal inputs; nothing recorded names a
path or a user.
"""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import mktanalysis

from ...files import canonical, digest, digest_file, project_folder

_PACKAGE = Path(mktanalysis.__file__).parent


def _tree_hash(folder: Path, patterns: tuple[str, ...]) -> str:
    files = sorted({path for pattern in patterns for path in folder.rglob(pattern) if path.is_file()})
    return digest(canonical([[path.relative_to(folder).as_posix(), digest_file(path)] for path in files]))


@cache
def environment() -> dict:
    """Version and hash of this package, hash of its data, versions of Python and of the packages it uses."""
    packages = {"python": platform.python_version()}
    for line in requires("mktanalysis") or ():
        requirement, _, condition = line.partition(";")
        if "extra" in condition:
            continue
        name = requirement.strip()
        for mark in "[<>=!~ (":
            name = name.partition(mark)[0]
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = "missing"
    return {
        "version": mktanalysis.__version__,
        "package": _tree_hash(_PACKAGE, ("*.py", "*.css", "*.js", "*.toml")),
        "data": _tree_hash(project_folder("data"), ("*.csv", "*.json", "*.toml")),
        "packages": packages,
    }


def notebook_hash(notebook: dict) -> str:
    """Hash of what a notebook says and does: cells and tags, not stored outputs."""
    cells = [
        [cell["cell_type"], "".join(cell["source"]), sorted(cell.get("metadata", {}).get("tags", ()))]
        for cell in notebook["cells"]
    ]
    return digest(canonical(cells))


def identity(notebook: dict, parameters: dict, own_files: dict) -> dict:
    """The inputs of a report as hashes.

    Parameters
    ----------
    notebook : dict
    parameters : dict
        Encoded.
    own_files : dict of str to str
        Name of a path parameter -> sha256 of the file it names.
    """
    around = environment()
    return {
        "notebook": notebook_hash(notebook),
        "parameters": digest(canonical(parameters)),
        "data": digest(canonical([around["data"], own_files])) if own_files else around["data"],
        "package": around["package"],
        "packages": digest(canonical(around["packages"])),
    }
