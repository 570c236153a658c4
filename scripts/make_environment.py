"""Write environment.yml (conda) from pyproject.toml, so that the two can never differ.

Run it after a change of the dependencies:  python scripts/make_environment.py
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("lab", "test", "docs", "scale")
#: PyPI name -> conda-forge name where they differ; None: not on conda-forge, installed by its pip section.
CONDA_NAMES = {"matplotlib": "matplotlib-base", "frykit": None, "hierarchicalforecast": None}


def environment(project: dict) -> str:
    """The text of environment.yml for the ``[project]`` section of a pyproject.toml."""
    requirements = list(project["dependencies"])
    for extra in EXTRAS:
        requirements += project["optional-dependencies"][extra]
    conda, pip = [], []
    for requirement in requirements:
        name, extras, version = re.fullmatch(r"([\w.-]+)(\[[\w,]+\])?(.*)", requirement).groups()
        target = CONDA_NAMES.get(name, name)
        if target is None:
            pip.append(f'"{name}{extras or ""}{version}"')
        else:
            conda.append(f'"{target}{version}"')
    lines = [
        "# Written by `python scripts/make_environment.py` from pyproject.toml; do not edit.",
        f"name: {project['name']}",
        "channels: [conda-forge, nodefaults]",
        "dependencies:",
        f'  - "python{project["requires-python"]}"',
        "  - pip",
        *(f"  - {spec}" for spec in sorted(set(conda))),
        "  - pip:",
        *(f"      - {spec}" for spec in sorted(set(pip))),
        "      - -e .",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (ROOT / "environment.yml").write_text(environment(project), "utf-8")


if __name__ == "__main__":
    main()
