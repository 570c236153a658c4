"""The set-up script on odd states of the folder: a message, and nothing that is there is touched."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("bootstrap.py", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, folder)
    return folder


def set_up(folder):
    """Run the set-up where no package can be had; what it says."""
    env = {**os.environ, "PIP_INDEX_URL": "file:///nowhere", "PIP_NO_INDEX": "1"}
    command = [sys.executable, str(folder / "bootstrap.py"), "setup"]
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    return done.stderr


def test_a_link_is_never_emptied(checkout, tmp_path):
    target = tmp_path / "target"
    target.mkdir()
    (target / "mine.txt").write_text("mine")
    (target / "pyvenv.cfg").write_text("")
    (checkout / ".venv").symlink_to(target)
    assert "link" in set_up(checkout)
    assert (target / "mine.txt").read_text() == "mine" and (checkout / ".venv").is_symlink()


def test_a_file_in_its_place_stays(checkout):
    (checkout / ".venv").write_text("mine")
    assert "is a file" in set_up(checkout)
    assert (checkout / ".venv").read_text() == "mine"


def test_a_folder_of_somebody_else_stays(checkout):
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "mine.txt").write_text("mine")
    assert "no Python environment" in set_up(checkout)
    assert (checkout / ".venv" / "mine.txt").read_text() == "mine"


def test_a_name_with_the_sign_between_folders_is_told(checkout, tmp_path):
    odd = tmp_path / f"a{os.pathsep}b"
    checkout.rename(odd)
    assert "PATH" in set_up(odd)
    assert not (odd / ".venv").exists()


def test_a_folder_that_cannot_be_written_is_told(checkout, monkeypatch):
    """Asked of the function itself: whoever may write everywhere cannot make such a folder."""
    spec = importlib.util.spec_from_file_location("bootstrap_of_checkout", checkout / "bootstrap.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module.os, "access", lambda *_: False)
    with pytest.raises(SystemExit, match="cannot be written"):
        module.check_folder()
