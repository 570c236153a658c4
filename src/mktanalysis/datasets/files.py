"""Reading the built-in tables.

Always holds: codes are text, ``period`` is a pandas Period (yearly or monthly), an empty cell is missing;
a file is read once a process and every caller gets a copy of their own.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

from ..errors import MktError, TableError
from ..files import data_folder, digest_file
from ..schemas import Schema, check_table, read_schemas
from .own import own_table

#: dtype word of a schema -> dtype to read with; flags and periods are made afterwards.
_READ_AS = {"text": "str", "number": "float64", "integer": "Int64", "flag": "str", "period": "str"}


@cache
def schemas() -> dict[str, Schema]:
    """Return the schemas of the built-in tables by name."""
    return read_schemas(data_folder() / "tables.toml")


@cache
def manifest() -> pd.DataFrame:
    """Return the manifest: index table, columns file, rows, sha256."""
    return pd.read_csv(
        data_folder() / "manifest.csv", index_col="table", dtype={"sha256": "str", "file": "str"}
    )


def load_table(name: str) -> pd.DataFrame:
    """Load a built-in table (内置数据表) by name.

    Parameters
    ----------
    name : str
        One of :func:`list_tables`.

    Returns
    -------
    DataFrame
        Columns as in the data dictionary, ``data/README.md``; a copy that may be changed freely. With own
        figures where these are laid over it, see :func:`mktanalysis.china.use_figures`.

    Raises
    ------
    MktError
        There is no table of that name.

    Examples
    --------
    >>> load_table("regions").query("region == '320100'")["name"].tolist()
    ['南京市']
    """
    return _read(name).copy()


def _read(name: str) -> pd.DataFrame:
    """The table in force, shared, so never changed."""
    laid = own_table(name)
    return _read_built_in(name) if laid is None else laid


@cache
def _read_built_in(name: str) -> pd.DataFrame:
    if name not in schemas():
        raise MktError(f"没有名为 {name!r} 的内置表，可用：{'、'.join(schemas())}")
    return read_csv(data_folder() / manifest().loc[name, "file"], schemas()[name])


def read_csv(path: Path, schema: Schema) -> pd.DataFrame:
    """Return the table of a file with the types of its schema."""
    types = {column.name: _READ_AS[column.dtype] for column in schema.columns}
    table = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""], encoding="utf-8")
    made = {}
    for column in schema.columns:
        if column.dtype == "flag":
            made[column.name] = table[column.name] == "true"
        elif column.dtype == "period":
            made[column.name] = as_periods(table[column.name])
        elif column.dtype == "integer" and not column.nullable:
            made[column.name] = table[column.name].astype("int64")
    return table.assign(**made)


def as_periods(texts: pd.Series) -> pd.Series:
    """Return years (2020) or months (2020-03) as Periods; all texts of a column have one form."""
    freq = "M" if texts.str.len().max() > 4 else "Y"
    known = texts.drop_duplicates()
    periods = pd.Series(pd.PeriodIndex(known, freq=freq), index=known.to_numpy())
    return pd.Series(periods.reindex(texts).array, index=texts.index, name=texts.name)


def list_tables() -> pd.DataFrame:
    """List the built-in tables.

    Returns
    -------
    DataFrame
        Index table; columns title, rows, source, licence, and in Chinese label, source_label.

    Examples
    --------
    >>> list_tables().loc["edges_county", "licence"]
    'MIT'
    """
    columns = ["title", "rows", "source", "licence", "label", "source_label"]
    listed = {
        name: (s.title, manifest().loc[name, "rows"], s.source, s.licence, s.label, s.source_label)
        for name, s in schemas().items()
    }
    table = pd.DataFrame.from_dict(listed, orient="index", columns=columns)
    return table.rename_axis("table")


def check_data() -> pd.DataFrame:
    """Check every built-in table against manifest and schema.

    Returns
    -------
    DataFrame
        Index table; columns rows, sha256_ok, schema_ok, problem (text, empty if there is none).
    """
    rows = {}
    for name, schema in schemas().items():
        path = data_folder() / manifest().loc[name, "file"]
        same = digest_file(path) == manifest().loc[name, "sha256"]
        try:
            table = check_table(read_csv(path, schema), schema, file=path.name)
            n_rows = len(table)
            problem = ""
        except (TableError, ValueError, KeyError) as error:
            n_rows = 0
            problem = str(error)
        counted = n_rows == manifest().loc[name, "rows"]
        problem = problem or ("" if same and counted else "文件与 manifest.csv 不一致")
        rows[name] = (n_rows, same, not problem or (counted and not same), problem)
    columns = ["rows", "sha256_ok", "schema_ok", "problem"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("table")
