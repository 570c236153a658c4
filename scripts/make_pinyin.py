"""Write how the names of provinces and prefectures are typed, for the filter of the index page.

Needs `pypinyin` (not a dependency): `pip install pypinyin`, then `python scripts/make_pinyin.py`.
"""

import csv
from pathlib import Path

from pypinyin import Style, lazy_pinyin, load_phrases_dict

ROOT = Path(__file__).parents[1]
#: Spelled otherwise in English, to tell it from 山西.
ALSO = {"610000": "shaanxi"}
TARGET = ROOT / "src/mktanalysis/reports/assets/pinyin.csv"
#: Readings of place names that a dictionary of words gets wrong.
load_phrases_dict({"六安": [["lù"], ["ān"]], "儋州": [["dān"], ["zhōu"]], "亳州": [["bó"], ["zhōu"]]})


def main() -> None:
    """Write code, letters and initials of every province and prefecture."""
    with (ROOT / "data/regions.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["level"] in ("province", "prefecture")]
    lines = []
    for row in sorted(rows, key=lambda row: row["region"]):
        name = row["short_name"] or row["name"]
        letters = "".join(lazy_pinyin(name))
        initials = "".join(lazy_pinyin(name, style=Style.FIRST_LETTER))
        letters = " ".join(filter(None, (letters, ALSO.get(row["region"]))))
        lines.append((row["region"], letters, initials))
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([("region", "letters", "initials"), *lines])


if __name__ == "__main__":
    main()
