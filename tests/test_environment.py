"""The declared environments agree with each other and with what is installed."""

import asyncio
import importlib.util
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")


def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def locked_versions(python):
    """Name -> version of the lock's entries that hold for a Python such as 3.12 on Linux."""
    machine = {
        "python_version": python,
        "python_full_version": f"{python}.1",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    entries = re.findall(r"^([\w.-]+(?:\[[^\]]*\])?==[^\\\n]+?)\s*\\?$", LOCK, re.MULTILINE)
    requirements = [Requirement(entry) for entry in entries]
    held = [r for r in requirements if r.marker is None or r.marker.evaluate(machine)]
    return {r.name: next(iter(r.specifier)).version for r in held}


def test_environment_yml_is_what_pyproject_says():
    written = (ROOT / "environment.yml").read_text("utf-8")
    assert written == script("make_environment").environment(PROJECT)


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_environment_yml_solves_against_the_locked_versions(python, tmp_path):
    """An offline conda channel that holds just the locked versions can satisfy every conda spec."""
    from rattler import Channel, solve

    names = script("make_environment").CONDA_NAMES
    versions = {names.get(n) or n: v for n, v in locked_versions(python).items()}
    versions |= {"python": f"{python}.1", "pip": "25.0"}
    packages = {
        f"{name}-{version}-0.tar.bz2": {
            "name": name, "version": version, "build": "0", "build_number": 0, "depends": [],
            "subdir": "noarch", "noarch": "python", "md5": "0" * 32, "size": 1,
        }
        for name, version in versions.items()
    }  # fmt: skip
    for subdir, content in {"noarch": packages, "linux-64": {}}.items():
        (tmp_path / subdir).mkdir()
        repodata = {"info": {"subdir": subdir}, "packages": content, "packages.conda": {}}
        (tmp_path / subdir / "repodata.json").write_text(json.dumps(repodata))

    wanted = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    specs = [spec for spec in wanted if isinstance(spec, str)]
    channel = Channel(tmp_path.as_uri())
    solved = asyncio.run(solve([channel], specs, platforms=["linux-64", "noarch"]))
    found = {record.name.normalized: str(record.version) for record in solved}
    assert len(found) == len(specs)
    assert found["pandas"] == versions["pandas"]


def test_lock_has_hashes_and_no_addresses():
    entries = re.split(r"^(?=[\w.-]+(?:\[[^\]]*\])?==)", LOCK, flags=re.MULTILINE)[1:]
    assert len(entries) > 100
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in LOCK


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_lock_satisfies_every_declared_requirement(python):
    locked = locked_versions(python)
    extras = PROJECT["optional-dependencies"]
    declared = PROJECT["dependencies"] + extras["test"] + extras["scale"] + extras["dev"]
    for text in declared:
        requirement = Requirement(text)
        assert requirement.specifier.contains(locked[requirement.name.lower()]), text


def test_the_page_of_public_names_is_current():
    made = script("make_api")
    assert made.TARGET.read_text("utf-8") == made.page(), "run: python scripts/make_api.py"
