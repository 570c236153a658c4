"""Reports a minute: forked from a preloaded process, papermill, and the bare floor, in one run.

    python benchmarks/reports.py [--reports 8] [--notebook 05_province_plan]

All make the same reports from the same notebook. ``papermill`` is plain papermill plus nbconvert's HTML, one
by one and two at a time; ``floor`` is the same code run by ``exec`` in one warm loop, its figures drawn,
plus HTML of the same text: nothing isolated, nothing saved. Results are printed as ratios.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

PLAIN = """
import sys, papermill, nbformat
from nbconvert import HTMLExporter
source, target, province = sys.argv[1:]
parameters = {"province": province}
papermill.execute_notebook(source, target, parameters=parameters, progress_bar=False)
exporter = HTMLExporter(exclude_input=True, embed_images=True)
body, _ = exporter.from_notebook_node(nbformat.read(target, as_version=4))
open(target + ".html", "w", encoding="utf-8").write(body)
"""


def provinces(n: int) -> list[str]:
    """The first `n` provinces of several cities, in the order of their codes."""
    import mktanalysis as mkt

    tree = mkt.load_regions()
    several = [code for code in tree.level("province") if len(tree.subtree(code).level("prefecture")) > 3]
    return sorted(several)[:n]


def engine(notebook: str, codes: list[str], folder: Path, *, jobs: int, runner: str) -> None:
    """This package's own runner, everything that it publishes included."""
    from mktanalysis.reports import Settings, run_batch

    listed = ", ".join(f'"{code}"' for code in codes)
    spec = folder / "spec.toml"
    spec.write_text(
        f'title = "b"\n[[part]]\n[[part.chapter]]\nnotebook = "{notebook}"\n'
        f"[part.chapter.grid]\nprovince = [{listed}]\n",
        "utf-8",
    )
    rows = run_batch(spec, out_dir=folder / "out", jobs=jobs, settings=Settings(runner=runner))
    assert set(rows["status"]) == {"done"}, rows[["title", "error"]]


def papermill(path: Path, codes: list[str], folder: Path, *, jobs: int) -> None:
    """Plain papermill and nbconvert, a process a report."""

    def one(code):
        target = folder / f"{code}.ipynb"
        subprocess.run(
            [sys.executable, "-c", PLAIN, str(path), str(target), code], check=True, capture_output=True
        )

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, codes))


def floor(path: Path, codes: list[str], folder: Path) -> None:
    """The cells' code in one loop, warm, and HTML of a notebook with the figures."""
    import base64
    import contextlib
    import io
    import json

    import matplotlib

    matplotlib.use("agg")
    from matplotlib.figure import Figure

    from mktanalysis.reports.one.markup import table_html

    cells = json.loads(path.read_text("utf-8"))["cells"]
    for code in codes:
        space, parts = {}, []
        for cell in cells:
            if cell["cell_type"] != "code":
                continue
            lines = "".join(cell["source"]).rstrip().splitlines()
            if "parameters" in cell["metadata"].get("tags", ()):
                lines.append(f"province = {code!r}")
            with contextlib.redirect_stdout(io.StringIO()):
                shown = _run("\n".join(lines), space)
            if isinstance(shown, Figure):
                png = io.BytesIO()
                shown.savefig(png, format="png", bbox_inches="tight")
                parts.append(f'<img src="data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}">')
            elif hasattr(shown, "_repr_html_"):
                parts.append(table_html(shown._repr_html_()))
        (folder / f"{code}.html").write_text("\n".join(parts), "utf-8")


def _run(code: str, space: dict):
    """Run a cell; the value of its last expression."""
    import ast

    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), space)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), space) if last else None


def timed(name: str, work, n: int) -> dict:
    """Wall and CPU seconds of `work`, its processes included."""

    def cpu():
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(one.ru_utime + one.ru_stime for one in used)

    before, start = cpu(), time.perf_counter()
    work()
    wall, spent = time.perf_counter() - start, cpu() - before
    print(f"{name:<34} {wall:7.1f} s  {60 * n / wall:7.1f} a minute  {spent:7.1f} CPU s", flush=True)
    return {"wall": wall, "cpu": spent}


def main() -> None:
    """Measure all in one run and print the ratios."""
    from mktanalysis.files import project_folder

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reports", type=int, default=8)
    parser.add_argument("--notebook", default="05_province_plan")
    given = parser.parse_args()
    path = project_folder("notebooks") / f"{given.notebook}.ipynb"
    codes = provinces(given.reports)
    n = len(codes)
    with tempfile.TemporaryDirectory() as place:
        folders = {name: Path(place) / name for name in "abcdef"}
        for folder in folders.values():
            folder.mkdir()
        floor(path, codes[:1], folders["a"])  # warm: imports and caches are not the floor's business
        low = timed("floor: one warm loop, exec + HTML", lambda: floor(path, codes, folders["a"]), n)
        ours = timed(
            "forked, 2 at a time",
            lambda: engine(given.notebook, codes, folders["b"], jobs=2, runner="fork"),
            n,
        )
        one = timed(
            "forked, one by one",
            lambda: engine(given.notebook, codes, folders["c"], jobs=1, runner="fork"),
            n,
        )
        plain = timed("papermill, one by one", lambda: papermill(path, codes, folders["d"], jobs=1), n)
        two = timed("papermill, 2 at a time", lambda: papermill(path, codes, folders["e"], jobs=2), n)
    print(f"\nforked (2) / papermill one by one    {plain['wall'] / ours['wall']:5.2f} x as fast")
    print(f"forked (2) / papermill (2)           {two['wall'] / ours['wall']:5.2f} x as fast")
    print(f"forked (1) / papermill one by one    {plain['wall'] / one['wall']:5.2f} x as fast")
    print(f"papermill one by one / forked (1)    {plain['cpu'] / one['cpu']:5.2f} x the CPU time")
    wall, cpu = one["wall"] / low["wall"], one["cpu"] / low["cpu"]
    print(f"forked (1) over the floor            {wall:5.2f} x the wall time, {cpu:.2f} x the CPU time")


if __name__ == "__main__":
    main()
