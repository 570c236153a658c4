import os
import unicodedata

import pytest

from mktanalysis.files import inert_text, write_atomic
from mktanalysis.reports.names import names_local_path, report_name, scrub

PIECES = [
    "..",
    "/",
    "\\",
    "\0",
    "江苏",
    "é",
    "A" * 300,
    "%2e%2e",
    "CON",
    "a:b",
    " ",
    ".",
    "~",
    "*",
    "\u202e",
    "<b>",
    "-",
]


def hostile_names():
    names = {
        unicodedata.normalize("NFC", "é"),
        unicodedata.normalize("NFD", "é"),
        "",
        ".",
        "..",
        "a",
        "A",
        "ａ",
    }
    for first in PIECES:
        for second in PIECES:
            for third in PIECES[:4]:
                names.add(first + second + third)
    return sorted(names)[:1100]


def test_a_thousand_hostile_names_stay_inside_and_distinct(tmp_path):
    names = hostile_names()
    assert len(names) >= 1000
    folders = [report_name(name, {"region": name}) for name in names]
    assert len({folder.casefold() for folder in folders}) == len(names)
    for folder in folders:
        assert len(folder.encode()) < 255 and not folder.startswith((".", "-"))
        path = tmp_path / folder
        path.mkdir()
        assert path.resolve().parent == tmp_path.resolve()
    assert len(os.listdir(tmp_path)) == len(names)


def test_name_depends_on_type_and_order_free_parameters():
    assert report_name("n", {"a": "1"}) != report_name("n", {"a": 1})
    assert report_name("n", {"a": 1, "b": 2})[-12:] == report_name("n", {"b": 2, "a": 1})[-12:]


@pytest.mark.parametrize(
    "text",
    [
        "/home/li/x.csv",
        "see /srv/.cache/a",
        r"C:\Users\li\x.csv",
        r"\\server\share\x",
        "(/Users/li/work/x.py)",
    ],
)
def test_local_paths_are_seen_and_scrubbed(text):
    assert names_local_path(text)
    assert not any(word in scrub(text) for word in ("li", "cache", "server"))
    assert not names_local_path(scrub(text))


@pytest.mark.parametrize(
    "text", ["元/人/年", "data/own.xlsx", "https://example.org/home/a", "1/2", "县/市/省", "a:b"]
)
def test_ordinary_text_is_no_path(text):
    assert scrub(text) == text


def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    write_atomic(path, "old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@a",
        "\t=1",
        "  =cmd()",
        "\n=1",
        "\r\n+1",
        "\u3000=1",
        "\u200b=1",
        "\ufeff@x",
        "＝1",
        " ＋1",
        "－1",
        "＠a",
    ],
)
def test_formulas_are_made_text(text):
    assert inert_text(text) == "'" + text


def test_folders_below_unusual_roots_are_taken_out_in_every_spelling():
    import json
    from urllib.parse import quote

    from mktanalysis.reports import names

    secret = "/volume1/市场 部/li.wang"
    names.hide(secret)
    try:
        for text in (
            secret,
            f"see {secret}/own.xlsx now",
            f"file://{quote(secret)}/own.xlsx",
            json.dumps(f"{secret}/own.xlsx"),
            repr(f"{secret}/own.xlsx"),
            json.dumps(secret).replace("/", "\\/"),
        ):
            assert "li.wang" not in scrub(text) and "volume1" not in scrub(text), scrub(text)
            assert names_local_path(text)
        assert scrub(f"see {secret}/own.xlsx now") == "see …/own.xlsx now"
        assert scrub("see /volume10/own.xlsx") == "see /volume10/own.xlsx"
    finally:
        names._hidden.clear()
        names._literal.cache_clear()
