"""The walls of the house: who may import whom, what an import costs, how long a function may be."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import mktanalysis as mkt

SOURCE = Path(mkt.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))

#: The methods are siblings that meet through tables.
METHODS = {"tiering", "forecasting", "capacity", "expansion", "planning", "territories"}
#: From the bottom up; a part may import parts of lower layers only, and never a sibling of its own.
LAYERS = [
    {"errors"},
    {"files", "settings", "schemas", "highs", "fieldwork", "progress", "_moved"},
    {"words"},
    {"regions"},
    {"datasets", "io", "synthetic"},
    METHODS,
    {"china"},
    {"style", "presentation", "stories"},
    {"maps"},
    {"charts"},
    {"reports"},
    {"study"},
    {"cli"},
]
HEIGHT = {part: height for height, layer in enumerate(LAYERS) for part in layer}
#: Charts and maps take tables: they may know the regions and the data, never the methods.
FORBIDDEN = {(chart, room) for chart in ("style", "maps", "charts") for room in METHODS}
#: And the methods take their tables from whoever calls them.
FORBIDDEN |= {(room, "datasets") for room in METHODS}
FORBIDDEN |= {("io", "datasets")}


def part_of(path):
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_parts(path):
    """The package's parts that a module names in any import, wherever in the file it stands."""
    package = ["mktanalysis", *path.relative_to(SOURCE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            full = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = base + (node.module.split(".") if node.module else [])
            full = [[*base, alias.name] for alias in node.names]
        else:
            continue
        yield from (name[1] for name in full if name[0] == "mktanalysis" and len(name) > 1)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_point_down_only(path):
    part = part_of(path)
    if part in ("__init__", "__main__"):
        return  # the front door: names only, each loaded when it is first used
    assert part in HEIGHT, f"{part}: say in LAYERS where this part stands"
    for other in set(imported_parts(path)) & set(HEIGHT) - {part}:
        assert HEIGHT[other] < HEIGHT[part], f"{part} imports {other}"
        assert (part, other) not in FORBIDDEN, f"{part} imports {other}"


def test_lint_is_clean():
    """Style questions are settled by the tool, not in reviews."""
    ruff = [sys.executable, "-m", "ruff", "check", "--quiet", str(SOURCE), str(Path(__file__).parent)]
    result = subprocess.run(ruff, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_no_module_rests_on_itself():
    """No circle of imports between modules, inside a room or not; an import in a function counts too."""
    names = {module_name(path): path for path in MODULES}
    edges = {
        name: {other for other in imported_modules(path) if other in names} for name, path in names.items()
    }
    rooms = {name for name, path in names.items() if path.name == "__init__.py"}
    edges = {name: others - {name} - rooms for name, others in edges.items() if name not in rooms}
    done: set[str] = set()
    for start in sorted(edges):
        trail = [(start, iter(sorted(edges[start])))]
        on_trail = [start]
        while trail and start not in done:
            other = next(trail[-1][1], None)
            if other is None:
                done.add(trail.pop()[0])
                on_trail.pop()
            elif other not in done:
                assert other not in on_trail, " -> ".join([*on_trail[on_trail.index(other) :], other])
                trail.append((other, iter(sorted(edges[other]))))
                on_trail.append(other)


def module_name(path):
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path):
    """Dotted names below the package that a module imports: modules, and names of modules."""
    package = list(path.relative_to(SOURCE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            absolute = (node.module or "").split(".")
            if node.level == 0 and absolute[0] != "mktanalysis":
                continue
            base = package[: len(package) - node.level + 1] if node.level else absolute[1:]
            if node.level and node.module:
                base = [*base, *absolute]
            yield ".".join(base)
            yield from (".".join([*base, alias.name]) for alias in node.names)


def test_types_are_checked():
    """Names, attributes and calls agree with what is declared (settings in pyproject.toml)."""
    mypy = [sys.executable, "-m", "mypy", "--no-error-summary", str(SOURCE)]
    result = subprocess.run(mypy, capture_output=True, text=True, cwd=SOURCE.parents[1])
    assert result.returncode == 0, result.stdout


def test_import_is_light():
    heavy = ["matplotlib", "papermill", "cartopy", "frykit", "statsmodels", "sklearn", "highspy", "pandera"]
    code = f"import sys, mktanalysis; print([m for m in {heavy!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_every_public_name_exists_and_is_documented():
    for name in mkt.__all__:
        value = getattr(mkt, name)
        assert name == "__version__" or (value.__doc__ and len(value.__doc__) > 40), name


def code_lines(function):
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_functions_and_modules_stay_small(path):
    text = path.read_text("utf-8")
    assert text.count("\n") <= 450, "split this module"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert code_lines(node) <= 60, f"{node.name} has {code_lines(node)} lines of code"
            arguments = len(node.args.args) + len(node.args.kwonlyargs)
            if part_of(path) != "cli":  # a command's arguments are its options
                assert arguments <= 10, f"{node.name} takes {arguments} arguments"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_no_global_randomness_no_bare_exception(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and ast.unparse(node).startswith(("np.random.", "numpy.random.")):
            seeds_a_report = path.name == "job.py" and node.attr == "seed"  # for the notebook's own code
            allowed = node.attr in ("default_rng", "Generator", "SeedSequence") or seeds_a_report
            assert allowed, ast.unparse(node)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            assert ast.unparse(node.exc.func) != "Exception", f"line {node.lineno}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_one_idea_a_line(path):
    """Three or more values are not packed into one assignment; what a call returns may be unpacked."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            packed = any(isinstance(t, ast.Tuple) and len(t.elts) > 2 for t in node.targets)
            assert not packed, f"line {node.lineno}: one assignment a line"


def test_folders_stay_small():
    """A folder gets rooms of its own at about a dozen modules."""
    folders = {}
    for path in MODULES:
        if path.name != "__init__.py":
            folders.setdefault(path.parent, []).append(path.name)
    for folder, names in folders.items():
        assert len(names) <= 12, f"{folder.relative_to(SOURCE)} has {len(names)} modules: {sorted(names)}"


def test_old_names_of_the_front_door_answer_with_the_new_place():
    for home, names in mkt._MOVED.items():
        for old, _, new in (name.partition("=") for name in names.split()):
            with pytest.warns(FutureWarning, match=rf"{home}\.{new or old}"):
                found = getattr(mkt, old)
            assert found is getattr(getattr(mkt, home), new or old)
            assert old not in mkt.__all__


def test_front_door_is_small():
    assert len(mkt.__all__) <= 50, "a name that is not used every day lives in its room"


def test_every_runtime_dependency_is_imported():
    """What no module imports belongs to an extra; papermill starts a kernel without importing it."""
    project = tomllib.loads((SOURCE.parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {re.match(r"[\w-]+", spec).group(0) for spec in project["dependencies"]}
    spelled = {
        "scikit-learn": "sklearn",
        "python-calamine": "python_calamine",
        "ipykernel": "IPython",
        "python-docx": "docx",
    }
    text = "\n".join(path.read_text("utf-8") for path in MODULES)
    unused = {
        name
        for name in declared
        if not re.search(rf"^\s*(import|from) {spelled.get(name, name)}\b", text, re.MULTILINE)
    }
    assert not unused
