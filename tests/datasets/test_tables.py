"""The built-in tables as files: hashes, schemas, types, and that they can be compiled again."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import datasets
from mktanalysis.datasets import files
from mktanalysis.schemas import check_table

REPOSITORY = Path(__file__).resolve().parents[2]
TABLES = list(files.schemas())


def test_every_table_meets_manifest_and_schema():
    found = datasets.check_data()
    assert list(found.index) == TABLES
    assert found["sha256_ok"].all() and found["schema_ok"].all(), found[found["problem"] != ""]


def test_check_finds_a_changed_and_a_broken_file(tmp_path, monkeypatch):
    for path in files.data_folder().glob("*.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    points = tmp_path / "points.csv"
    points.write_text(points.read_text("utf-8").replace("\n110000,116", "\n110000,216"), "utf-8")
    breaks = tmp_path / "breaks.csv"
    breaks.write_text(breaks.read_text("utf-8") + "gdp,2021,*,added\n", "utf-8")
    monkeypatch.setattr(files, "data_folder", lambda: tmp_path)
    found = datasets.check_data()
    assert not found.loc["points", ["sha256_ok", "schema_ok"]].any()
    assert "高于上限 136" in found.loc["points", "problem"]
    assert not found.loc["breaks", "sha256_ok"]
    assert found.drop(index=["points", "breaks"])[["sha256_ok", "schema_ok"]].all(axis=None)


@pytest.mark.parametrize("name", TABLES)
def test_files_are_utf8_with_lf_and_read_with_their_types(name):
    data = (files.data_folder() / f"{name}.csv").read_bytes()
    assert b"\r" not in data and not data.startswith(b"\xef\xbb\xbf")
    table = mkt.load_table(name)
    assert check_table(table, files.schemas()[name]) is table
    for column in {"region", "old", "new", "parent", "neighbor"} & set(table.columns):
        codes = table[column].dropna()
        assert codes.str.fullmatch(r"\d{6}|\*").all(), column


def test_periods_are_years_or_months():
    assert mkt.load_table("city_indicators")["period"].dtype == "period[Y-DEC]"
    assert mkt.load_table("national_retail_monthly")["period"].dtype == "period[M]"


def test_each_caller_gets_a_copy():
    first = mkt.load_table("points")
    first.loc[:, "lon"] = 0.0
    assert mkt.load_table("points")["lon"].min() > 73
    edges = mkt.load_edges("county")
    edges["border_km"] = -1.0
    assert mkt.load_edges("county")["border_km"].min() >= 0


def test_list_names_source_and_licence_of_every_table():
    listed = mkt.list_tables()
    assert list(listed.index) == TABLES
    assert (listed[["title", "source", "licence"]].map(len) > 2).all(axis=None)
    assert all(listed.loc[name, "rows"] == len(mkt.load_table(name)) for name in TABLES)


def test_dictionary_is_up_to_date():
    text = (files.data_folder() / "README.md").read_text("utf-8")
    for name, schema in files.schemas().items():
        assert f"## {name}\n" in text
        assert all(f"| {column.name} | {column.dtype} |" in text for column in schema.columns)
    assert sum(path.stat().st_size for path in files.data_folder().glob("*.csv")) < 9e6


def test_unknown_table_names_the_known_ones():
    with pytest.raises(mkt.MktError, match="city_indicators"):
        mkt.load_table("citys")


def test_tables_can_be_compiled_again(tmp_path):
    """With the source folder at hand the script gives the same bytes; without it the hashes must hold."""
    sources = os.environ.get("MKT_SOURCE_DATA")
    manifest = pd.read_csv(files.data_folder() / "manifest.csv", index_col="table")
    assert list(manifest.index) == TABLES
    folder = files.data_folder()
    if sources:
        script = REPOSITORY / "scripts" / "compile_data.py"
        subprocess.run([sys.executable, script, sources, "--out", tmp_path], check=True, timeout=300)
        folder = tmp_path
        assert (tmp_path / "README.md").read_bytes() == (files.data_folder() / "README.md").read_bytes()
    for name, row in manifest.iterrows():
        assert hashlib.sha256((folder / row["file"]).read_bytes()).hexdigest() == row["sha256"], name
