"""Help and errors of the command line: Chinese, complete at 80 columns, every option and default shown."""

import inspect
import re
from importlib import import_module

import pytest
import typer.main
from typer.testing import CliRunner

from mktanalysis import cli
from mktanalysis.cli import build_app, main
from mktanalysis.cli.output import chinese_help, in_chinese
from mktanalysis.words.render import Column, text_table, text_width

chinese_help()
APP = build_app()


def commands(command=None, words=()):
    command = command or typer.main.get_command(APP)
    inner = getattr(command, "commands", {})
    if not inner:
        yield words, command
    for name, child in inner.items():
        yield from commands(child, (*words, name))


ALL = list(commands())


def shown(*arguments, width=80):
    found = CliRunner().invoke(APP, [*arguments], env={"COLUMNS": str(width), "TERMINAL_WIDTH": str(width)})
    return found.output


@pytest.mark.parametrize(
    ("words", "command"), ALL, ids=lambda value: "-".join(value) if isinstance(value, tuple) else ""
)
def test_help_is_chinese_and_nothing_is_cut(words, command, monkeypatch):
    from typer import rich_utils

    monkeypatch.setattr(rich_utils, "MAX_WIDTH", 80)
    text = shown(*words, "--help")
    assert text.lstrip().startswith("用法：") and "选项" in text and "显示这段说明后退出" in text
    english = ("Usage", "Options", "default:", "required", "Show this", "<str>", "<int", "<path>", "<bool>")
    assert not [word for word in english if word in text]
    cut = [line for line in text.splitlines() if "…" in line]
    said = "".join(filter(None, [command.help, *(p.help for p in command.params if hasattr(p, "help"))]))
    assert len(cut) <= said.count("…"), cut
    joined = re.sub(r"[\s│]", "", text)
    for parameter in command.params:
        for option in parameter.opts:
            assert not option.startswith("--") or option in joined, option
    assert max(map(text_width, text.splitlines())) <= 80


def test_errors_are_chinese():
    assert "没有选项 --yaer" in shown("forecast", "--yaer", "3")
    assert "没有选项 --nonsense" in shown("expand", "--nonsense")
    assert "没有命令 nonsense" in shown("nonsense")
    assert "应为整数" in shown("expand", "--base", "x", "--years", "a")
    assert (
        in_chinese("Invalid value for '--x': 5 is not in the range 0<=x<=1.")
        == "'--x' 的值不对： 5 不在范围 0<=x<=1 内"
    )


def column(name, texts, numeric=False):
    return Column(name, name, "", "", tuple(texts), numeric)


def test_a_wide_table_goes_below_itself_and_no_number_is_cut():
    columns = [column("name", ["南京市", "苏州市"])]
    columns += [column(f"figure {i}", ["1,234,567,890", "2"], True) for i in range(9)]
    text = text_table(columns, width=80)
    assert max(map(text_width, text.splitlines())) <= 80
    assert text.count("1,234,567,890") == 9 and text.count("南京市") == 3 and text.count("\n\n") == 2
    assert text_table(columns).count("南京市") == 1  # into a file nothing is folded


def test_prose_is_folded_and_no_line_begins_with_a_closing_mark():
    columns = [
        column("name", ["南京市"]),
        column("reason", ["与已有单元相邻；打开后续单元，容量居第二位。" * 3]),
    ]
    text = text_table(columns, width=40)
    assert max(map(text_width, text.splitlines())) <= 40
    assert not [line for line in text.splitlines() if line.strip()[:1] in "，。；：、）" and line.strip()]
    assert re.sub(r"\s", "", text).count("容量居第二位。") == 3


#: Commands that say what to do next by what they found.
OWN_WORDS = {"tiers", "forecast"}


def test_every_command_ends_with_what_one_does_next():
    from mktanalysis.words import values

    known = values("next_step")
    names = {" ".join(("targets", *words[1:]) if words[0] == "plan" else words) for words, command in ALL
             if words and not getattr(command, "commands", {})}  # fmt: skip
    assert names - OWN_WORDS == set(known)
    for name in OWN_WORDS:
        assert "next_step(" in inspect.getsource(import_module(f"mktanalysis.cli.{name}"))


def test_what_one_does_next_names_commands_and_options_that_exist():
    from mktanalysis.words import values

    every = [*ALL, (("expand",), typer.main.get_command(APP).commands["expand"])]  # a group that does work
    listed = {" ".join(words): {o for p in command.params for o in p.opts} for words, command in every}
    for said, text in values("next_step").items():
        asked = re.findall(r"mktanalysis ([a-z]+(?: [a-z]+)?)([^：；，]*)", text)
        for name, rest in asked:
            assert name in listed, f"{said}: {name}"
            assert set(re.findall(r"--[a-z-]+", rest)) <= listed[name] | {"--help"}, f"{said}: {rest}"
        own = re.sub(r"mktanalysis [^；，]*", "", text)
        assert set(re.findall(r"--[a-z-]+", own)) <= listed[said] | {"--file"}, f"{said}: {own}"


def test_the_last_line_of_a_command_is_the_next_step():
    lines = shown("data", "list").strip().splitlines()
    assert lines[-1].startswith("下一步：") and sum(line.startswith("下一步") for line in lines) == 1


LONG = "x" * 300


@pytest.mark.parametrize(
    "arguments",
    [
        ["data", "check", f"{LONG}.csv", "--kind", "sales"],
        ["forecast", "--file", f"{LONG}.csv"],
        ["report", "run", f"{LONG}.toml"],
        ["report", "run", "national", "--out", LONG],
        ["report", "verify", LONG],
        ["study", "check", LONG],
    ],
)
def test_a_path_that_the_system_refuses_is_told_in_one_line(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert "文件或文件夹不能用" in told and len(told.splitlines()) == 1


def test_an_error_without_a_file_is_not_hidden(monkeypatch):
    def fail(**_):
        raise OSError(5, "no file at all")

    monkeypatch.setattr(cli, "build_app", lambda: fail)
    with pytest.raises(OSError, match="no file at all"):
        main(["data"])


def test_help_of_forecast_names_every_model_and_method():
    from mktanalysis.forecasting.hierarchy.reconcile import METHODS
    from mktanalysis.forecasting.models.averages import MODELS

    told = re.sub(r"[\s│]", "", shown("forecast", "--help"))
    assert not [name for name in (*MODELS, "average", *METHODS) if name not in told]
