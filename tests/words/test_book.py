"""Every label and unit has one home: the book is whole, and nobody keeps a second one."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

import mktanalysis as mkt
from mktanalysis import words
from mktanalysis.errors import MktError
from mktanalysis.schemas import STATUSES, read_schemas

SOURCE = Path(mkt.__file__).parent
BOOK = tomllib.loads((SOURCE / "words" / "words.toml").read_text("utf-8"))


def entries():
    for section in (BOOK["indicators"], *BOOK["columns"].values()):
        yield from section.items()
    for table in BOOK["tables"].values():
        yield from ((name, entry) for name, entry in table.items() if name != "heading")


def test_a_column_stands_in_one_section_only():
    names = [name for section in (BOOK["indicators"], *BOOK["columns"].values()) for name in section]
    assert sorted(names) == sorted(set(names))


def test_units_and_lists_that_are_named_exist():
    for name, entry in entries():
        assert entry["label"].strip() == entry["label"] != "", name
        assert entry.get("unit", "") in {"", *BOOK["units"]}, name
        if "show" in entry:
            assert entry["show"] in BOOK["units"][entry["unit"]]["show"], name
        if "values" in entry:
            assert words.values(entry["values"]), name


def test_every_table_has_a_title():
    assert all(words.title(table) for table in words.table_names())


def test_every_status_has_a_word():
    assert all(words.status_word(status) != status for status in STATUSES)


@pytest.mark.parametrize("name", list(BOOK["indicators"]))
def test_indicators_are_shown_in_a_unit_of_their_own(name):
    label, unit = words.indicator(name)
    assert label != name and unit in words.scales()
    assert words.base_unit(unit) in (words.unit(name), "household", "account", "share")


def test_columns_of_the_built_in_tables_have_labels():
    schemas = read_schemas(SOURCE.parents[1] / "data" / "tables.toml")
    without = {c.name for s in schemas.values() for c in s.columns if words.word(c.name) is None}
    assert not without


def test_an_unknown_unit_names_those_there_are():
    with pytest.raises(MktError, match="亿元"):
        words.scale("百亿元")
    assert words.base_unit("台") == "" and words.unit_word("台") == "台"


def test_families_are_told_by_their_level():
    assert words.label("offices_macro_region") == "大区级机构"
    assert words.unit("rival_2") == "share" and words.label("rival_share") == "最强对手份额"
    assert words.word("year_") is None and words.word("something_else") is None


#: Modules with Chinese texts under names that words know too, and why they are no labels.
NO_LABELS = {
    "china/cities.py": "what an indicator stands for in the score: part of the method",
    "expansion/results/risk.py": "criteria of choice, of which the names are those of figures",
    "expansion/search/infeasible.py": "conditions of a message, with the year in them",
    "io/read/checks.py": "units that a message offers",
    "io/read/former.py": "levels inside a sentence, where a prefecture is 地级",
    "io/read/plausible.py": "pairs of units that are mixed up, in a message",
    "io/template.py": "units that a blank form asks for",
    "planning/document/plan.py": "captions of the plan's tables, which are named like some columns",
    "planning/document/tables.py": "the twelve targets of the source's form, in its words",
    "planning/people/rules.py": "conditions of the source's staffing rule",
    "synthetic/company_files.py": "names of files, and kinds of customers as an analyst writes them",
    "reports/plan/sections.py": "what a setting should have been, in a message",
}


def label_dictionaries(path):
    """Dict literals of a module that say in Chinese what two or more names of words are called."""
    known = set(words.column_names()) | set(words.values("level")) | set(words.values("status"))
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Dict):
            pairs = [
                key.value
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and key.value in known
                if isinstance(value, ast.Constant) and isinstance(value.value, str)
                if re.search("[\u4e00-\u9fff]", value.value) and value.value not in words.scales()
            ]
            if len(pairs) > 1:
                yield node.lineno, pairs


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCE)))
def test_nobody_keeps_labels_of_their_own(path):
    if path.relative_to(SOURCE).as_posix() in NO_LABELS:
        return
    found = list(label_dictionaries(path))
    assert not found, f"{path.name}: labels belong into words.toml: {found}"


def test_a_second_home_of_labels_would_be_seen(tmp_path):
    path = tmp_path / "bad.py"
    path.write_text('HEADS = {"gain": "增量", "cost": "费用"}', "utf-8")
    assert [names for _, names in label_dictionaries(path)] == [["gain", "cost"]]


def test_what_tables_say_in_english_has_chinese_words():
    import mktanalysis as mkt

    assert set(mkt.load_table("breaks")["reason"]) <= set(words.values("break_reason"))
    own_names = {"MIT", "CC BY 4.0; MIT"}
    assert set(mkt.list_tables()["licence"]) <= set(words.values("licence")) | own_names
