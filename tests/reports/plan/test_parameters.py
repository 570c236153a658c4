import ast
import datetime as dt
import json
import pathlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mktanalysis.reports.plan.parameters import (
    Kind,
    Parameter,
    ParameterError,
    _kind,
    check_parameters,
    read_parameters,
    refusal,
)
from mktanalysis.reports.plan.values import decode, encode, injected_source, parse_text

CELL = """
import datetime
from datetime import date
from pathlib import Path
from typing import Literal

text: str = "a"  # 文字
whole: int = 1
number: float = 1.0
flag: bool = True
day: date = date(2020, 1, 1)
moment: datetime.datetime = datetime.datetime(2020, 1, 1, 8)
file: Path = Path("own.xlsx")
codes: list[str] = ["320000"]
pair: tuple[int, float] = (1, 2.0)
many: tuple[str, ...] = ()
weights: dict[str, float] = {"gdp": 0.5}
maybe: int | None = None
choice: Literal["a", "b", 3] = "a"
nested: list[tuple[str, int]] = []
"""


def notebook(source=CELL, tags=("parameters",)):
    return {"cells": [{"cell_type": "code", "source": source, "metadata": {"tags": list(tags)}}]}


DECLARED = read_parameters(notebook())


def _hashable(value):
    try:
        hash(value)
    except TypeError:
        return False
    return True


ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.binary(),
        st.dates(),
        st.datetimes(),
        st.datetimes(timezones=st.just(dt.UTC)),
        st.text().map(lambda t: pathlib.Path(t.replace("\0", ""))),
        st.integers(-9, 9).map(np.int64),
        st.floats().map(np.float64),
        st.fractions(),
        st.sampled_from(["a", "b", 3, "b'); import os; os._exit(9)  #", "\ud800", "{x}", "%run", "!ls", "?"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.text(), inner.filter(_hashable)), inner, max_size=3),
        st.frozensets(inner.filter(_hashable), max_size=2),
    ),
    max_leaves=6,
)
NAMES = st.one_of(
    st.sampled_from(sorted(DECLARED)), st.text(), st.sampled_from(["x; import os", "class", "__name__"])
)


def same(a, b):
    """Equal, of the same types all the way down."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return a == b


@given(NAMES, ANYTHING)
def test_any_name_and_value_arrives_equal_or_is_refused(name, value):
    try:
        check_parameters(DECLARED, {name: value})
    except ParameterError:
        return
    source = injected_source(DECLARED, {name: value})
    code = compile(source, "injected", "exec")
    allowed = {"date": dt.date, "datetime": dt, "Path": pathlib.Path}
    space = {"__builtins__": {}, **allowed}
    exec(code, space)  # with no builtins a payload could not even import
    assert same(space[name], value)
    assert set(space) - {"__builtins__"} - set(allowed) == {name}
    stored = json.loads(json.dumps(encode(value), allow_nan=False))
    assert same(decode(stored, DECLARED[name].kind), value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("whole", True),
        ("whole", 1.0),
        ("whole", "1"),
        ("whole", np.int64(1)),
        ("number", 1),
        ("number", float("nan")),
        ("number", np.float64(1)),
        ("text", np.str_("a")),
        ("text", None),
        ("text", "/home/li/own.xlsx"),
        ("flag", 1),
        ("day", dt.datetime(2020, 1, 1)),
        ("file", pathlib.Path("/etc/passwd")),
        ("file", "own.xlsx"),
        ("pair", (1, 2.0, 3)),
        ("pair", [1, 2.0]),
        ("codes", ("320000",)),
        ("choice", "c"),
        ("maybe", Fraction(1)),
    ],
)
def test_wrong_types_are_refused(name, value):
    with pytest.raises(ParameterError, match=name):
        check_parameters(DECLARED, {name: value})


def test_all_problems_at_once_with_nearest_name():
    with pytest.raises(ParameterError) as caught:
        check_parameters(DECLARED, {"wieghts": {}, "whole": "x", "nothing_like": 1})
    assert len(caught.value.problems) == 3
    assert "'weights'" in caught.value.problems[0]


def test_leading_zeros_and_chinese_stay():
    source = injected_source(DECLARED, {"text": "010000", "codes": ["江苏"]})
    assert "'010000'" in source and "江苏" in source
    assert parse_text("010000", Kind("str")) == "010000"
    with pytest.raises(ParameterError):
        check_parameters(DECLARED, {"whole": parse_text("010000", DECLARED["whole"].kind)})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("number", "0.25", 0.25),
        ("number", "3", 3.0),
        ("flag", "否", False),
        ("day", "2024-02-29", dt.date(2024, 2, 29)),
        ("codes", "南京、苏州", ["南京", "苏州"]),
        ("pair", "1,2.5", (1, 2.5)),
        ("maybe", "", None),
        ("maybe", "7", 7),
        ("choice", "3", 3),
        ("weights", '{"gdp": 1}', {"gdp": 1.0}),
    ],
)
def test_command_line_text(name, text, value):
    read = parse_text(text, DECLARED[name].kind)
    assert same(read, value)
    check_parameters(DECLARED, {name: read})


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        "x: int",
        "x: int = 'a'",
        "x: set = {1}",
        "x: str = open('f').read()",
        "import os",
        "x: int = 1\nx: int = 2",
        "for i in range(3): pass",
        "x: int = (",
    ],
)
def test_cell_with_anything_but_typed_literals_is_refused(source):
    with pytest.raises(ParameterError):
        read_parameters(notebook(source))


def test_cell_must_be_there_once():
    with pytest.raises(ParameterError, match="现有 0 个"):
        read_parameters(notebook(tags=()))
    twice = {"cells": notebook()["cells"] * 2}
    with pytest.raises(ParameterError, match="现有 2 个"):
        read_parameters(twice)


def test_help_and_order():
    assert DECLARED["text"].help == "文字"
    assert list(DECLARED)[:3] == ["text", "whole", "number"]


def kind_of(spelled):
    return _kind(ast.parse(spelled, mode="eval").body)


def tagged(source):
    return {"cell_type": "code", "source": source, "metadata": {"tags": ["parameters"]}}


AMBIGUOUS = [
    ("str | date", dt.date(2024, 5, 1)),
    ("str | date", "2024-05-01"),
    ("date | str", "2024-05-01"),
    ("str | datetime", dt.datetime(2024, 5, 1, 3)),
    ("str | Path", pathlib.Path("a.csv")),
    ("Path | str", "a.csv"),
    ("list[str | date]", [dt.date(2024, 5, 1), "2024-05-01"]),
    ("dict[str, str | date]", {"a": dt.date(2024, 5, 1)}),
    ("date | None", dt.date(2024, 5, 1)),
    ("int | float", 3),
    ("float | int", 3),
    ("float | int", 3.0),
    ("float", 2.0**60),
]


@pytest.mark.parametrize(("kind", "value"), AMBIGUOUS)
def test_a_value_keeps_its_type_through_the_record(kind, value):
    stored = json.loads(json.dumps(encode(value, kind_of(kind))))
    assert same(decode(stored, kind_of(kind)), value)
    source = injected_source({"x": Parameter("x", kind_of(kind), None)}, {"x": value})
    scope = {"date": dt.date, "datetime": dt.datetime, "Path": pathlib.Path}
    exec(source, scope)
    assert same(scope["x"], value)


@pytest.mark.parametrize("value", [2**63, 10**30, 10**400])
def test_a_huge_integer_does_not_become_a_float(value):
    assert type(decode(value, kind_of("int | float"))) is int
    assert refusal(decode(value, kind_of("int | float")), kind_of("int | float"))


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("x: date = date(2024, 1, 2)", dt.date(2024, 1, 2)),
        ("x: date | None = date(2024, 1, 2)", dt.date(2024, 1, 2)),
        ('x: list[Path] = [Path("a"), Path("b")]', [pathlib.Path("a"), pathlib.Path("b")]),
        ("x: tuple[date, ...] = (date(2024, 1, 2),)", (dt.date(2024, 1, 2),)),
        ('x: dict[str, Path] = {"a": Path("b")}', {"a": pathlib.Path("b")}),
    ],
)
def test_calls_may_stand_inside_defaults(line, value):
    assert read_parameters({"cells": [tagged(line)]})["x"].default == value
