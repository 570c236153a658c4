"""Set up the project's own environment and run a task in it; standard library only.

    python bootstrap.py setup     the environment in .venv, nothing else
    python bootstrap.py report    all built-in reports, into reports/out/
    python bootstrap.py test      the tests (further arguments go to pytest)
    python bootstrap.py lab       JupyterLab with the notebooks
    python bootstrap.py docs      the documentation site, into docs/_build/

The Makefile calls this script. A set-up that is complete is never touched again, so that later runs
need no network; it is repeated when the lock, the project's dependencies, the Python or the folder changes.
Old Pythons must still be able to read this file far enough to say that they are too old.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

OLDEST, NEWEST = (3, 11), (3, 13)
ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "setup-complete")
LOCK = os.path.join(ROOT, "requirements.lock")
WINDOWS = os.name == "nt"
PYTHON = os.path.join(VENV, "Scripts" if WINDOWS else "bin", "python.exe" if WINDOWS else "python")


def supported(version):
    return OLDEST <= tuple(version[:2]) <= NEWEST


def check_python():
    """Go on with a supported Python, another one of this machine if need be, or stop with a message."""
    if supported(sys.version_info):
        return
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        other = shutil.which("python3.{}".format(minor)) if sys.version_info >= (3, 3) else None
        if other and subprocess.call([other, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            print("This Python is not supported, going on with " + other)
            sys.exit(subprocess.call([other, os.path.abspath(__file__)] + sys.argv[1:]))
    sys.exit(
        "mktanalysis needs Python {}.{} to {}.{}; this is {} ({}).\n"
        "Install one of them, then say which:  make PYTHON=python3.12 report".format(
            OLDEST[0], OLDEST[1], NEWEST[0], NEWEST[1], sys.version.split()[0], sys.executable
        )
    )


def fingerprint():
    """What the environment was made from; a change of any part calls for a new set-up."""
    with open(LOCK, encoding="utf-8") as file:
        lock = file.read()
    with open(os.path.join(ROOT, "pyproject.toml"), encoding="utf-8") as file:
        project = file.read().split("[tool.", 1)[0]  # settings of test tools change nothing installed
    return hashlib.sha256("\n".join([sys.version, ROOT, lock, project]).encode("utf-8")).hexdigest()


def is_set_up():
    if not (os.path.isfile(STAMP) and os.path.exists(PYTHON)):
        return False
    with open(STAMP) as file:
        return file.read() == fingerprint()


def check_folder():
    """Stop with a message where no environment can be made; nothing that is there is touched."""
    if os.pathsep in ROOT:
        sys.exit(
            "The folder's name holds '{}', which separates folders in PATH: no environment can be\n"
            "made in it. Move or rename it: {}".format(os.pathsep, ROOT)
        )
    if os.path.islink(VENV):
        sys.exit(".venv is a link, and what it leads to would be emptied. Remove the link, then try again.")
    if os.path.lexists(VENV) and not os.path.isdir(VENV):
        sys.exit(".venv is a file. Remove or rename it, then try again.")
    if os.path.isdir(VENV) and os.listdir(VENV) and not is_environment():
        sys.exit(".venv holds files that are no Python environment. Remove or rename it, then try again.")
    if not os.access(VENV if os.path.isdir(VENV) else ROOT, os.W_OK):
        sys.exit("This folder cannot be written, copy it to one of your own: {}".format(ROOT))


def is_environment():
    """Whether .venv is an environment, complete or begun."""
    names = ("pyvenv.cfg", "Scripts" if WINDOWS else "bin", "setup-complete")
    return any(os.path.lexists(os.path.join(VENV, name)) for name in names)


def create_venv():
    try:
        import ensurepip  # noqa: F401 - its absence is what is asked for
        import venv
    except ImportError:
        sys.exit(
            "This Python comes without venv or ensurepip.\n"
            "Debian/Ubuntu: apt-get install python3-venv; elsewhere install a complete Python."
        )
    print("Creating the environment in .venv ...")
    venv.create(VENV, clear=True, with_pip=True)


def locked_uv(folder):
    """The lock's own entry for uv, hashes included, as a requirements file of its own."""
    with open(LOCK) as file:
        entry = re.search(r"^uv==(?:.*\\\n)*.*\n", file.read(), re.MULTILINE).group(0)
    path = os.path.join(folder, "uv.txt")
    with open(path, "w") as file:
        file.write(entry)
    return path


def install(env):
    """Install the lock with uv; where uv is not to be had or cannot reach its index, with pip."""
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    project = ["--no-deps", "--no-build-isolation", "--editable", ROOT]
    with tempfile.TemporaryDirectory() as folder:
        failed = subprocess.call(pip + ["--require-hashes", "-r", locked_uv(folder)], env=env)
    if not failed:
        print("Installing the locked packages with uv ...")
        uv = [PYTHON, "-m", "uv", "pip", "install", "--quiet", "--python", PYTHON]
        failed = subprocess.call(uv + ["--compile-bytecode", "--require-hashes", "-r", LOCK], env=env)
    if failed:
        print("uv did not work here; installing with pip, which takes a few minutes ...")
        subprocess.check_call(pip + ["--require-hashes", "-r", LOCK], env=env)
    subprocess.check_call(pip + project, env=env)


def set_up(env):
    if is_set_up():
        return
    check_folder()
    try:
        create_venv()
    except (OSError, ValueError) as error:
        sys.exit("The environment could not be made in {}: {}".format(VENV, error))
    try:
        install(env)
    except subprocess.CalledProcessError as error:
        sys.exit("Set-up failed (exit code {}); the lines above say why.".format(error.returncode))
    with open(STAMP, "w") as file:
        file.write(fingerprint())
    print("Set-up complete.")


def tasks():
    jobs = str(os.cpu_count() or 1)
    spec, out = os.path.join("reports", "specs", "china.toml"), os.path.join("reports", "out")
    return {
        "setup": None,
        "report": [PYTHON, "-m", "mktanalysis", "report", "run", spec, "--out", out, "--jobs", jobs],
        "test": [PYTHON, "-m", "pytest", "-n", jobs, "--dist", "loadfile"],
        "lab": [PYTHON, "-m", "jupyter", "lab", "--notebook-dir", "notebooks"],
        "docs": [PYTHON, "-m", "sphinx", "-q", "-b", "html", "docs", os.path.join("docs", "_build")],
    }


def main(arguments):
    check_python()
    known = tasks()
    if not arguments or arguments[0] not in known:
        sys.exit(__doc__)
    env = dict(os.environ, UV_PYTHON_DOWNLOADS="never")
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # without bytecode every kernel start costs twice
    set_up(env)
    command = known[arguments[0]]
    return subprocess.call(command + arguments[1:], env=env, cwd=ROOT) if command else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
