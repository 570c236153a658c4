"""What a report was made from: notebook, parameters, data, code, packages, each as a hash.

Always holds: two reports with equal identities were made from equal inputs; nothing recorded names a
path or a user.
"""

from __future__ import annotations

import platform
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import mktanalysis

from ...files import canonical, digest, digest_file, project_folder

_PACKAGE = Path(mktanalysis.__file__).parent


#: What a wheel holds inside the package and a checkout beside it: it has hashes of its own.
_BROUGHT = ("_data", "_notebooks", "_specs", "__pycache__")


def _tree_hash(folder: Path, patterns: tuple[str, ...]) -> str:
    """Hash of names and contents of the files below `folder`, the same in a wheel and in a checkout."""
    found = {
        path.relative_to(folder) for pattern in patterns for path in folder.rglob(pattern) if path.is_file()
    }
    files = sorted(path.as_posix() for path in found if not set(path.parts) & set(_BROUGHT))
    return digest(canonical([[name, digest_file(folder / name)] for name in files]))


@cache
def environment() -> dict:
    """Version and hash of this package, hash of its data, versions of Python and of all that it rests on."""
    return {
        "version": mktanalysis.__version__,
        "package": _tree_hash(_PACKAGE, ("*.py", "*.css", "*.js", "*.toml")),
        "data": _tree_hash(project_folder("data"), ("*.csv", "*.json", "*.toml")),
        "packages": {"python": platform.python_version(), **installed("mktanalysis")},
    }


def installed(root: str) -> dict[str, str]:
    """Versions of the packages that `root` requires, and of those that they require, extras left out.

    Examples
    --------
    >>> "numpy" in installed("pandas")
    True
    """
    found: dict[str, str] = {}
    todo = _facts(root)[1]
    while todo:
        name = todo.pop()
        if name not in found:
            found[name], required = _facts(name)
            todo += required
    return {name: version for name, version in sorted(found.items()) if version}


def _facts(name: str) -> tuple[str, list[str]]:
    """Version of a package and what it asks for whatever its extras; empty for one that is not installed."""
    try:
        head = (distribution(name).read_text("METADATA") or "").partition("\n\n")[0]
    except PackageNotFoundError:  # asked for on other systems only
        return "", []
    version = _VERSION.search(head)
    lines = [line.partition(";") for line in _REQUIRES.findall(head)]
    asked = [wanted.strip() for wanted, _, condition in lines if "extra" not in condition]
    names = [re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", wanted)[0]).lower() for wanted in asked]
    return version[1] if version else "", names


_REQUIRES = re.compile(r"^Requires-Dist: *(.+)$", re.M)
_VERSION = re.compile(r"^Version: *(\S+)", re.M)


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
        Name of an own file -> its sha256.
    """
    around = environment()
    return {
        "notebook": notebook_hash(notebook),
        "parameters": digest(canonical(parameters)),
        "data": own_identity(around["data"], own_files),
        "package": around["package"],
        "packages": digest(canonical(around["packages"])),
    }


def own_identity(data: str, own_files: dict) -> str:
    """Hash of the built-in data and of own files together."""
    return digest(canonical([data, own_files])) if own_files else data
