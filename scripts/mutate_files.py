"""Read thousands of damaged own files: each is read right or refused by an error of ours, in 2 GB and 30 s.

    python scripts/mutate_files.py --count 1500 --seed 0

Sound files of several layouts (csv, xlsx, xls) have bytes changed, dropped, doubled, cut and swapped; of xlsx
also the parts inside the archive. Printed are how many were read and refused, and every case that broke the
rule, with its number.
"""

from __future__ import annotations

import argparse
import io
import resource
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "io"))

FIGURES = {
    (name, year): 100.0 * at + year
    for at, name in enumerate(("南京市", "无锡市", "苏州市"))
    for year in (2021, 2022)
}


def rows(layout: int) -> list[list]:
    """The same figures in one of four layouts."""
    names = list(dict.fromkeys(name for name, _ in FIGURES))
    if layout == 0:
        return [
            ["城市", "年份", "销售额(万元)"],
            *([name, float(year), value] for (name, year), value in FIGURES.items()),
        ]
    wide = [[name, *(FIGURES[name, year] for year in (2021, 2022))] for name in names]
    if layout == 1:
        return [["城市", "2021年销售额(万元)", "2022年销售额(万元)"], *wide]
    if layout == 2:
        return [["各市销售额", None, "单位：万元"], ["城市", "2021年", "2022年"], *wide, ["注：示例"]]
    return [["城市", "销售额(万元)", None], [None, "2021年", "2022年"], *wide]


def sound_file(kind: str, layout: int, folder: Path) -> bytes:
    """The bytes of an undamaged file."""
    table = rows(layout)
    if kind == "csv":
        text = "\r\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in table)
        return text.encode(("utf-8", "gb18030", "utf-8-sig")[layout % 3])
    path = folder / f"sound.{kind}"
    if kind == "xls":
        from old_books import write_old_book

        return write_old_book(path, {"数据": table}).read_bytes()
    import xlsxwriter

    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet("数据")
        for i, row in enumerate(table):
            for j, cell in enumerate(row):
                if cell is not None:
                    page.write(i, j, cell)
    return path.read_bytes()


def damaged(raw: bytes, rng) -> bytes:
    """Some bytes changed, dropped, doubled, cut or swapped."""
    data = bytearray(raw)
    for _ in range(int(rng.integers(1, 8))):
        at = int(rng.integers(max(len(data), 1)))
        size = int(rng.integers(1, 60))
        what = int(rng.integers(6))
        if what == 0 and data:
            data[at % len(data)] = int(rng.integers(256))
        elif what == 1:
            del data[at : at + size]
        elif what == 2:
            data[at:at] = data[at : at + size] * int(rng.integers(1, 4))
        elif what == 3:
            data[at : at + size] = bytes(rng.integers(0, 256, size=size, dtype=np.uint8))
        elif what == 4 and rng.integers(8) == 0:
            del data[at:]
        else:
            other = int(rng.integers(max(len(data), 1)))
            data[at : at + size], data[other : other + size] = (
                data[other : other + size],
                data[at : at + size],
            )
    return bytes(data) or b"x"


def damaged_inside(raw: bytes, rng) -> bytes:
    """One part of a spreadsheet's archive damaged, the archive itself whole."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        chosen = rng.choice([name for name in old.namelist() if name.startswith("xl/")])
        for name in old.namelist():
            new.writestr(name, damaged(old.read(name), rng) if name == chosen else old.read(name))
    return made.getvalue()


def outcome(path: Path, tree) -> str:
    """``read``, ``refused``, or what broke the rule."""
    from mktanalysis import MktError
    from mktanalysis.io import read_table

    try:
        table = read_table(path, kind="sales", tree=tree, check_magnitude=False, allow_negative=True)
    except MktError as error:
        return "refused" if str(error).strip() else "an empty message"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    sound = set(table["region"]) <= set(tree.regions) and np.isfinite(table["value"].dropna()).all()
    return "read" if sound else "figures that are none"


def main() -> int:
    """Run the corpus; 1 if any case broke the rule."""
    import mktanalysis as mkt

    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--count", type=int, default=1500)
    given.add_argument("--seed", type=int, default=0)
    asked = given.parse_args()
    tree = mkt.load_regions()
    found: Counter = Counter()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        sound = {
            (kind, layout): sound_file(kind, layout, folder)
            for kind in ("csv", "xlsx", "xls")
            for layout in range(4)
        }
        for number in range(asked.count):
            rng = np.random.default_rng((asked.seed, number))
            kind = ("csv", "xlsx", "xls")[number % 3]
            raw = sound[kind, int(rng.integers(4))]
            inside = kind == "xlsx" and rng.integers(2)
            path = folder / f"own.{kind}"
            path.write_bytes(damaged_inside(raw, rng) if inside else damaged(raw, rng))
            clock = time.monotonic()
            result = outcome(path, tree)
            slowest = max(slowest, time.monotonic() - clock)
            found[kind, result if result in ("read", "refused") else "BROKEN"] += 1
            if result not in ("read", "refused"):
                print(f"{kind} {number}: {result}", flush=True)
    peaks = {
        who: resource.getrusage(what).ru_maxrss // 1024
        for who, what in (("own", resource.RUSAGE_SELF), ("parser", resource.RUSAGE_CHILDREN))
    }
    for (kind, result), count in sorted(found.items()):
        print(f"{kind:5} {result:8} {count}")
    print(f"slowest {slowest:.1f} s, peak memory {peaks} MB")
    broken = sum(count for (_, result), count in found.items() if result == "BROKEN")
    return int(bool(broken) or slowest > 30 or max(peaks.values()) > 2000)


if __name__ == "__main__":
    raise SystemExit(main())
