"""Make the bundled chart font: a subset of Noto Sans SC that holds every character a chart can need.

Always holds: the subset has all of GB2312, Latin, the punctuation and units of the field, and every character
of every table given with ``--names`` (place names with rare characters, current and former). Its family is
renamed, so that a system's own Noto Sans SC (often a variable font, which matplotlib draws at its thinnest)
never takes its place. The same input gives the same bytes.

    python scripts/make_font.py NotoSansSC_400Regular.ttf --licence LICENSE_FONT --names data

The source is the npm package ``@expo-google-fonts/noto-sans-sc`` (static TTF, SIL Open Font License 1.1).
"""

import argparse
import shutil
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

FONTS = Path(__file__).resolve().parents[1] / "src" / "mktanalysis" / "fonts"
FAMILY = "Mktanalysis Sans SC"
#: Beside GB2312: signs of tables and charts, units, arrows, marks.
EXTRA = "−–—…‰％％㎡㎞㎏℃¥￥€≥≤≠≈±×÷→←↑↓↗↘⇒●○▲△▼▽■□◆◇★☆✓①②③④⑤⑥⑦⑧⑨⑩“”‘’「」《》·•°′″²³"


def gb2312() -> set[str]:
    """Every character of GB2312, both the 6,763 hanzi and its signs."""
    characters = set()
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            characters.update(bytes([row, cell]).decode("gb2312", "ignore"))
    return characters


def names_in(folders: list[Path]) -> set[str]:
    """Every character of every csv file in `folders` (or of the files themselves)."""
    files = [f for path in folders for f in (sorted(path.rglob("*.csv")) if path.is_dir() else [path])]
    return set().union(*(file.read_text("utf-8-sig") for file in files)) if files else set()


def rename(font: TTFont) -> None:
    """Give the subset its own family name (name ids 1, 3, 4, 6; the copyright and licence entries stay)."""
    style = font["name"].getDebugName(17) or font["name"].getDebugName(2) or "Regular"
    full = f"{FAMILY} {style}"
    for record in list(font["name"].names):
        new = {1: FAMILY, 3: f"{full}; subset", 4: full, 6: full.replace(" ", "")}.get(record.nameID)
        if new:
            record.string = new
        elif record.nameID in (16, 17, 25):
            font["name"].names.remove(record)


def make(source: Path, target: Path, wanted: set[str]) -> set[str]:
    """Write the subset of `source` to `target` and return the wanted characters it lacks."""
    options = subset.Options(
        hinting=False,
        layout_features=[],  # matplotlib lays out glyph by glyph
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14],
        drop_tables=["GSUB", "GPOS", "GDEF", "vhea", "vmtx", "VORG", "BASE", "STAT", "DSIG", "meta"],
        notdef_outline=True,
        recalc_timestamp=False,
    )
    font = subset.load_font(str(source), options)
    worker = subset.Subsetter(options)
    worker.populate(text="".join(sorted(wanted)))
    worker.subset(font)
    rename(font)
    target.parent.mkdir(parents=True, exist_ok=True)
    subset.save_font(font, str(target), options)
    return wanted - {chr(code) for code in font.getBestCmap()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ttf", type=Path, help="static TTF of Noto Sans SC")
    parser.add_argument("--licence", type=Path, help="its licence text, copied beside the subset")
    parser.add_argument("--names", type=Path, nargs="*", default=[], help="csv files or folders with names")
    parser.add_argument("--out", type=Path, default=FONTS / "MktanalysisSansSC-Regular.ttf")
    arguments = parser.parse_args()
    wanted = gb2312() | names_in(arguments.names) | set(EXTRA) | {chr(code) for code in range(0x20, 0x100)}
    missing = make(arguments.ttf, arguments.out, {c for c in wanted if c.isprintable()})
    if arguments.licence:
        shutil.copyfile(arguments.licence, arguments.out.with_name("OFL.txt"))
    print(f"{arguments.out.name}: {arguments.out.stat().st_size / 1e6:.2f} MB")
    print(f"not in the source font ({len(missing)}): {''.join(sorted(missing))}")


if __name__ == "__main__":
    main()
