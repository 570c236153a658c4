"""Run the notebooks again and keep the outputs of the cells tagged ``check``, nothing else.

    python scripts/store_outputs.py [notebook ...]

Look at the difference before committing it: a stored output changes when data or methods do.
"""

import json
import sys
import tempfile
from pathlib import Path

from mktanalysis.reports import run_report

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def store(path: Path) -> bool:
    """Run one notebook on its defaults and write its marked outputs; whether the file changed."""
    with tempfile.TemporaryDirectory() as folder:
        result = run_report(path, {}, out_dir=folder)
        if not result.ok:
            raise SystemExit(f"{path.name}: {result.error['message']}\n" + "\n".join(result.error["lines"]))
        ran = {
            cell["id"]: cell
            for cell in json.loads((result.folder / "notebook.ipynb").read_text("utf-8"))["cells"]
        }
    before = path.read_text("utf-8")
    notebook = json.loads(before)
    notebook["metadata"] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        kept = ran[cell["id"]]["outputs"] if "check" in cell["metadata"].get("tags", []) else []
        for output in kept:
            if "data" in output:
                output["data"] = {"text/plain": output["data"]["text/plain"]}
        # nbval takes a cell without a count for one that was never run
        cell["outputs"], cell["execution_count"] = kept, ran[cell["id"]]["execution_count"] if kept else None
    after = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    path.write_text(after, "utf-8")
    return after != before


if __name__ == "__main__":
    given = [Path(name).absolute() for name in sys.argv[1:]] or sorted(NOTEBOOKS.glob("*.ipynb"))
    for notebook in given:
        print(f"{notebook.name}: {'changed' if store(notebook) else 'unchanged'}")
