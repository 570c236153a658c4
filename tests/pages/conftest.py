"""The built-in reports made once, as a person gets them."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest

from mktanalysis.reports import run_batch

#: Every notebook with its own parameters, and a province of few published figures.
SPEC = """
title = "全部"

[[part]]
title = "全国"
{chapters}

[[part]]
title = "各省"

[[part.chapter]]
notebook = "05_province_plan"

[part.chapter.grid]
province = ["110000", "320000", "540000", "650000"]
"""
NATIONAL = ("01_regions_and_data", "02_city_tiers", "03_capacity_forecast", "04_expansion_path",
            "06_market_size", "07_territories", "08_sales_targets")  # fmt: skip


class Made:
    """A finished report: its page, its tables under their Chinese heads, its key figures."""

    def __init__(self, folder):
        self.folder = folder
        self.page = (folder / "report.html").read_text("utf-8")
        record = json.loads((folder / "run.json").read_text("utf-8"))
        self.figures = {figure["name"]: figure for figure in record["figures"]}

    def table(self, name):
        """A published table in base units; codes are text."""
        found = pd.read_csv(self.folder / "tables" / f"{name}.csv", dtype={"地区代码": str})
        return found.rename(columns=lambda head: head.partition("（")[0])


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Every built-in report by the beginning of its folder's name, and the index."""
    folder = tmp_path_factory.mktemp("pages")
    chapters = "\n".join(f'[[part.chapter]]\nnotebook = "{name}"' for name in NATIONAL)
    spec = folder / "all.toml"
    spec.write_text(SPEC.format(chapters=chapters), "utf-8")
    rows = run_batch(spec, out_dir=folder / "out", jobs=2)
    assert set(rows["status"]) == {"done"}, rows.loc[rows["status"] != "done", ["title", "error"]].to_string()
    reports = {
        path.parent.name.rpartition("-")[0]: Made(path.parent) for path in (folder / "out").glob("*/run.json")
    }
    return SimpleNamespace(reports=reports, index=(folder / "out" / "index.html").read_text("utf-8"))
