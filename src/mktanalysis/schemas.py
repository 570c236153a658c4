"""What a table must look like, and one function that checks it.

Always holds: a schema is data (columns with dtype, unit, bounds, definition), the same object documents
the data dictionary and checks a frame; a check reports every problem of a table at once and never
changes a value.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from .errors import MktError, TableError

#: Where a figure comes from: published as it stands, filled between neighbours in time, split from a
#: larger region by a key, estimated from other indicators, or carried on by what is known since (补到今天).
STATUSES = ("observed", "interpolated", "allocated", "imputed", "nowcast")

#: dtype word of a schema -> test of a pandas dtype.
_DTYPES = {
    "text": lambda dtype: pd.api.types.is_string_dtype(dtype),
    "number": lambda dtype: pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype),
    "integer": lambda dtype: pd.api.types.is_integer_dtype(dtype),
    "flag": lambda dtype: pd.api.types.is_bool_dtype(dtype),
    "period": lambda dtype: isinstance(dtype, pd.PeriodDtype),
}


@dataclass(frozen=True)
class Column:
    """One column: what it holds and what a value must satisfy.

    ``dtype`` is one of text, number, integer, flag, period; ``unit`` a base unit (yuan, person, km,
    share, count ...) or empty; ``low`` and ``high`` are inclusive bounds; ``values`` a closed list.
    """

    name: str
    dtype: str
    definition: str
    unit: str = ""
    nullable: bool = False
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    pattern: str = ""
    required: bool = True


@dataclass(frozen=True)
class Schema:
    """A table's columns, its key (unique together, never missing) and, for built-in tables, its origin."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    title: str = ""
    source: str = ""
    licence: str = ""
    notes: str = ""
    label: str = ""
    source_label: str = ""
    _by_name: dict = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self):
        self._by_name.update({column.name: column for column in self.columns})
        unknown = [name for name in self.key if name not in self._by_name]
        if unknown or any(column.dtype not in _DTYPES for column in self.columns):
            raise ValueError(f"schema {self.name}: key {unknown} or a dtype is not known")

    def __getitem__(self, name: str) -> Column:
        return self._by_name[name]


def read_schemas(path: str | Path) -> dict[str, Schema]:
    """Read the schemas of a TOML file: one section a table, its columns below ``[table.columns.name]``."""
    sections = tomllib.loads(Path(path).read_text("utf-8"))
    schemas = {}
    for name, section in sections.items():
        columns = tuple(
            Column(name=column, **{**spec, "values": tuple(spec.get("values", ()))})
            for column, spec in section.pop("columns").items()
        )
        schemas[name] = Schema(
            name=name, columns=columns, **{**section, "key": tuple(section.get("key", ()))}
        )
    return schemas


def check_table(table: pd.DataFrame, schema: Schema, *, file: str = "") -> pd.DataFrame:
    """Return `table` unchanged if it meets `schema`.

    Columns that the schema does not name are allowed.

    Parameters
    ----------
    table : DataFrame
    schema : Schema
    file : str
        Named in the error, nothing else.

    Raises
    ------
    TableError
        With every problem: missing columns, wrong dtypes, missing values, bounds, closed lists,
        duplicated keys.
    """
    import pandera.pandas as pa  # 0.3 s, and not every import of the package checks a table

    try:
        _to_pandera(schema, pa).validate(table, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
        found = [_problem(case, schema) for case in cases.to_dict("records")]
        problems = _without_echoes(pd.DataFrame(found, dtype=object))
        raise TableError(problems.drop_duplicates().assign(file=file)) from None
    return table


def _without_echoes(problems: pd.DataFrame) -> pd.DataFrame:
    """Leave out what only follows from another problem: bounds of a column of the wrong type, duplicates by
    a key of which a column is missing.
    """
    wrong = problems["problem"].astype(str).str.startswith("类型应为")
    missing = problems["problem"].astype(str).str.startswith("缺少这一列")
    echo = ~wrong & problems["column"].isin(problems.loc[wrong, "column"])
    return problems[~echo & ~(missing.any() & (problems["problem"] == "主键重复"))]


def _to_pandera(schema: Schema, pa):
    return pa.DataFrameSchema(
        {
            column.name: pa.Column(
                nullable=column.nullable, required=column.required, checks=_checks(column, pa)
            )
            for column in schema.columns
        },
        unique=list(schema.key) or None,
        report_duplicates="exclude_first",
    )


def _checks(column: Column, pa) -> list:
    """Checks whose ``error`` is the sentence that the analyst reads."""
    fits = _DTYPES[column.dtype]
    checks = [pa.Check(lambda s: s.isna().all() or fits(s.dtype), error=f"类型应为 {column.dtype}")]
    unit = f" {column.unit}" if column.unit else ""
    if column.low is not None:
        checks.append(pa.Check.ge(column.low, error=f"低于下限 {column.low:g}{unit}"))
    if column.high is not None:
        checks.append(pa.Check.le(column.high, error=f"高于上限 {column.high:g}{unit}"))
    if column.values:
        checks.append(pa.Check.isin(column.values, error=f"应为下列之一：{'、'.join(column.values)}"))
    if column.pattern:
        checks.append(pa.Check.str_matches(rf"(?:{column.pattern})\Z", error=f"应符合格式 {column.pattern}"))
    return checks


def _problem(case: dict, schema: Schema) -> dict:
    """One row of pandera's failure cases in this package's words."""
    check = case["check"]
    column = case["column"]
    value = case["failure_case"]
    row = case["index"]
    if check == "column_in_dataframe":
        column = value
        value = None
        row = None
        check = f"缺少这一列（{schema[column].definition}）"
    elif check == "multiple_fields_uniqueness":
        column = "+".join(schema.key)
        value = None
        check = "主键重复"
    elif check == "not_nullable":
        value = None
        check = "缺少数值"
    elif str(check).startswith("类型应为"):
        value = None
        row = None
    if isinstance(row, float):  # pandas widened the index beside a problem that has no row
        row = int(row) if row == row else None
    return {"row": row, "column": column, "value": value, "problem": check}


REGION = Column("region", "text", "region code (地区代码)")
PERIOD = Column("period", "period", "time period (时期)")

#: One figure a region and period, the input of forecasting.
PANEL = Schema(
    "panel",
    (REGION, PERIOD, Column("value", "number", "the figure, base units (数值)", nullable=True)),
    key=("region", "period"),
)
#: The long form of every indicator table, built in or brought along.
INDICATORS = Schema(
    "indicators",
    (
        REGION,
        PERIOD,
        Column("indicator", "text", "name of the indicator (指标)"),
        Column("value", "number", "the figure in `unit` (数值)", nullable=True),
        Column("unit", "text", "base unit: yuan, person, share ... (单位)"),
        Column("status", "text", "where the figure comes from (数据状态)", values=STATUSES),
        Column("source", "text", "file or publication (来源)"),
    ),
    key=("region", "period", "indicator"),
)
#: Neighbouring regions, both directions listed.
EDGES = Schema(
    "edges",
    (
        REGION,
        Column("neighbor", "text", "code of the neighbouring region (相邻地区)"),
        Column("border_km", "number", "length of the common border, 0 for a hand-made link", "km", low=0),
        Column("distance_km", "number", "great-circle distance of the centre points", "km", low=0),
    ),
    key=("region", "neighbor"),
)

#: Steps in a season by pandas frequency.
SEASONS = {"Y": 1, "Q": 4, "M": 12}


def season_of(dtype) -> int:
    """Steps a year of a period dtype: annual 1, quarterly 4, monthly 12."""
    name = dtype.freq.rule_code.split("-")[0].removesuffix("E")
    if name not in SEASONS:
        raise MktError(f"只支持年（Y）、季（Q）、月（M）数据，现为 {name}：请先汇总到其中之一")
    return SEASONS[name]
