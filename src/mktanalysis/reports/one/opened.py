"""What a report reads while it runs: own files and modules that neither its imports nor its parameters tell.

Always holds: every file that Python opens for reading counts, and every module that was loaded, but for what
belongs to the system, to Python and to this package, which have hashes of their own; a file that the report
itself wrote is no input. What a library reads without Python (a database's own file access) is not seen.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import sys
from pathlib import Path

from ...files import digest, digest_file
from ..processes import MARK as RUN_FOLDER

FILE = "opened.json"
#: More files than this are not kept apart.
_MOST = 5_000
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND
_SYSTEM = ("/proc", "/sys", "/dev", "/etc", "/usr", "/lib", "/bin", "/opt/homebrew", "/System", "/Library")

_read: dict[str, tuple[int, int]] = {}
_written: set[str] = set()
_listed: set[str] = set()
_start: list[str] = []


def watch() -> None:
    """Take note of every file that this process opens from now on; a kernel writes the list when it ends."""
    for noted in (_read, _written, _listed, _start):
        noted.clear()
    _start.append(os.getcwd())
    sys.addaudithook(_on_event)
    atexit.register(write_opened)


def _on_event(event: str, args: tuple) -> None:
    if event in ("os.listdir", "os.scandir"):
        with contextlib.suppress(Exception):
            _listed.add(os.path.abspath(os.fsdecode(args[0] or ".")))
    if event != "open" or len(_read) > _MOST:
        return
    path, mode, flags = args
    if not isinstance(path, (str, bytes)):
        return
    with contextlib.suppress(Exception):  # an audit hook that raises would stop the report
        name = os.path.abspath(os.fsdecode(path))
        writes = bool(set(mode or "") & set("wax+")) or bool((flags or 0) & _WRITING)
        if writes:
            _written.add(name)
        elif name not in _read and name not in _written:
            facts = os.stat(name)
            _read[name] = (facts.st_size, facts.st_mtime_ns)


def write_opened(home: str = "") -> None:
    """Write what was read, with the hash of each file, beside the result of a report that runs in `home`."""
    home = home or (_start[0] if _start else os.getcwd())
    folder = os.environ.get(RUN_FOLDER, "")
    if not os.path.isdir(folder):
        return
    found = {portable(name, home): _hash(name) for name in sorted(_inputs(folder))}
    for name in _folders(folder):
        found[f"{portable(name, home)}/"] = listing_hash(Path(name))
    Path(folder, FILE).write_text(json.dumps(found, ensure_ascii=False), "utf-8")


def read_opened(folder: Path) -> dict[str, str]:
    """What the process of a report noted; empty where it noted nothing that can be read."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        found = json.loads((folder / FILE).read_text("utf-8"))
        if isinstance(found, dict) and all(isinstance(part, str) for pair in found.items() for part in pair):
            return found
    return {}


def _inputs(folder: str) -> set[str]:
    outside = _prefixes(folder)
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    names = {file for file in files if isinstance(file, str)} | set(_read)
    near = {os.path.abspath(name) for name in names if not name.startswith(outside)}  # few of thousands
    near = {_source_of(name) for name in near} - _written
    return {name for name in near if not os.path.realpath(name).startswith(outside) and os.path.isfile(name)}


def _folders(folder: str) -> list[str]:
    """Folders of an analyst's that were listed; those that Python looks for modules in are not meant."""
    searched = {os.path.abspath(path or ".") for path in sys.path} | set(_start)
    listed = {os.path.realpath(name) for name in _listed - searched if os.path.isdir(name)}
    outside = _prefixes(folder)
    here = {os.path.realpath(name) for name in searched}
    return sorted(name for name in listed - here if not os.path.join(name, "").startswith(outside))


def _source_of(name: str) -> str:
    """The source of a compiled module."""
    folder, file = os.path.split(name)
    if file.endswith(".pyc") and os.path.basename(folder) == "__pycache__":
        return os.path.join(os.path.dirname(folder), f"{file.partition('.')[0]}.py")
    return name


def _prefixes(folder: str) -> tuple[str, ...]:
    """How the names of foreign files begin, as they are written and as they really are."""
    roots = _foreign(folder)
    return tuple({os.path.join(root, "") for root in [*roots, *map(os.path.realpath, roots)]})


def _foreign(folder: str) -> list[str]:
    """Folders whose files are no input of an analyst's: Python's, this package's, caches, the run's own."""
    from ...files import project_folder

    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    roots = [folder, package, sys.prefix, sys.base_prefix, sys.exec_prefix, *_SYSTEM]
    roots += [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    roots += [os.path.expanduser(f"~/{name}") for name in (".cache", ".config", ".ipython", ".local")]
    with contextlib.suppress(Exception):
        roots.append(str(project_folder("data")))
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is not None:
        roots += [matplotlib.get_cachedir(), matplotlib.get_configdir()]
    return [root for root in roots if root]


def portable(name: str, folder: str) -> str:
    """A file relative to the running folder, to the home folder, or absolute: no user's name in it."""
    if name.startswith(os.path.join(folder, "")):
        return os.path.relpath(name, folder).replace(os.sep, "/")
    home = os.path.expanduser("~")
    if len(home) > 1 and name.startswith(os.path.join(home, "")):
        return "~/" + os.path.relpath(name, home).replace(os.sep, "/")
    return name.replace(os.sep, "/")


def located(name: str, folder: Path) -> Path:
    """The file that `portable` named in a report that ran in `folder`."""
    return Path(os.path.expanduser(name)) if name.startswith("~/") else folder / name


def _hash(name: str) -> str:
    """The hash of a file as it was read; one that changed meanwhile equals no later one."""
    with contextlib.suppress(OSError):
        facts = os.stat(name)
        if _read.get(name, (facts.st_size, facts.st_mtime_ns)) == (facts.st_size, facts.st_mtime_ns):
            return digest_file(Path(name))
    return "changed"


def listing_hash(folder: Path) -> str:
    """The hash of the names in a folder; empty if there is none."""
    with contextlib.suppress(OSError):
        return digest("\n".join(sorted(os.listdir(folder))))
    return ""
