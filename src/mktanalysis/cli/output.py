"""What every command does with its result: a table on the screen, a file where one is asked for."""

from __future__ import annotations

import contextlib
import re
import shutil
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path

import pandas as pd

from mktanalysis.errors import MktError

#: A screen shows this many rows; a file gets them all.
SHOWN_ROWS = 40
#: Into a pipe or a file a line is folded at this width.
PIPE_WIDTH = 160


def utf8_streams() -> None:
    """Chinese must print on a console or into a pipe whatever the locale says."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and (stream.encoding or "").lower().replace("-", "") != "utf8":
            stream.reconfigure(encoding="utf-8", errors="replace")


def show(table, *, title: str, to: Path | None = None, **how) -> None:
    """Print a table as ``mkt.present`` shows it, and write all of it to `to` where a path is given.

    Parameters
    ----------
    table : DataFrame or Series
        Base units; the index is not shown unless it is named.
    title : str
        Heading on the screen, sheet name in a spreadsheet.
    to : Path, optional
        Ending .csv (UTF-8 with BOM, so that Excel reads it) or .xlsx; base units under Chinese heads.
    **how
        Of ``mkt.present``: columns, tree, money, units, intervals, kind.
    """
    from mktanalysis.presentation import present

    check_target(to)
    shown = present(table, rows=SHOWN_ROWS, title=title, **how)
    tell(shown)
    if to is not None:
        write_tables(to, {title: shown})


def tell(shown) -> None:
    """Print what ``mkt.present`` returned; prose is folded to the width of the terminal."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_WIDTH
    print(shown.text(width=width) + ("；用 --to 文件名 写出全部" if shown.note else ""))


def write(to: Path, table: pd.DataFrame, *, title: str, **how) -> None:
    """Write `table` to a .csv or .xlsx file, as :func:`show` does, and say so."""
    from mktanalysis.presentation import present

    write_tables(to, {title: present(table, title=title, **how)})


def write_tables(to: Path, shown: dict) -> None:
    """Write what ``mkt.present`` returned, all to .xlsx, the first to .csv, and say so."""
    from mktanalysis.io import write_csv, write_xlsx

    first = next(iter(shown.values()))
    if to.suffix.lower() == ".csv":
        write_csv(to, first.written())
    else:
        sheets = {title[:31]: found.sheet() for title, found in shown.items()}
        write_xlsx(to, sheets, units={title[:31]: found.units() for title, found in shown.items()})
    print(f"已写入 {to}（{len(first.table)} 行）")


def check_target(to: Path | None) -> None:
    """Refuse a path that cannot be written before any work is done for it; None is no path."""
    if to is None:
        return
    if to.suffix.lower() not in (".csv", ".xlsx"):
        raise MktError(f"只能写成 .csv 或 .xlsx，而给出的是 {to.name!r}")
    if not to.parent.is_dir():
        raise MktError(f"文件夹不存在：{to.parent}；请先建立它")


def next_step(text: str) -> None:
    """The last line of a command: what one does next."""
    print(f"下一步：{text}")


def ends_with_next_step(command: Callable, words: str) -> Callable:
    """The command with the last line that ``words.toml`` has for it; one without an entry says its own.

    Parameters
    ----------
    command : callable
    words : str
        As it is called: ``data list``.
    """
    from mktanalysis.words import values

    if words not in (known := values("next_step")):
        return command

    @wraps(command)
    def told(*arguments, **given):
        result = command(*arguments, **given)
        done = given.get("to") is not None  # what was written needs no hint that it can be
        parts = [part for part in known[words].split("；") if not (done and "加 --to" in part)]
        next_step("；".join(parts) or known[words])
        return result

    return told


# ---- the look of help and errors ------------------------------------------------------------------------

#: What typer says in English and its Chinese; types of options as an analyst calls them.
_SAID = {
    "Show this message and exit.": "显示这段说明后退出。",
    "<str>": "文字",
    "<int>": "整数",
    "<float>": "数",
    "<path>": "文件",
    "<bool>": "",
    "<list[str]>": "文字",
}
#: Errors of the command line: pattern and Chinese.
_ERRORS = (
    (r"No such option: (\S+?)\.?(?= |$)", r"没有选项 \1"),
    (r"No such command '?([^'.]+)'?\.", r"没有命令 \1。"),
    (r"Missing option '?([^'.]+)'?\.?", r"缺少选项 \1"),
    (r"Missing argument '?([^'.]+)'?\.?", r"缺少参数 \1"),
    (r"Missing command\.", "缺少命令"),
    (r"Invalid value for ([^:]+):", r"\1 的值不对："),
    (r"Got unexpected extra argument\(?s?\)? \(([^)]*)\)", r"多出的参数：\1"),
    (r"Did you mean ([^?]+)\?", r"是不是 \1？"),
    (r"is not a valid (?:integer|int)\.?", "不是整数"),
    (r"is not a valid (?:float)\.?", "不是数"),
    (r"is not in the range (.+?)\.?$", r"不在范围 \1 内"),
    (r"Value error, ", ""),
    (r"is not one of (.+?)\.?$", r"应为其中之一：\1"),
    (r"does not exist\.", "不存在。"),
    (r" ?\(Possible options: ([^)]+)\)", r"，可能是 \1"),
    (r"Input should be less than or equal to (\S+)", r"最多 \1"),
    (r"Input should be greater than or equal to (\S+)", r"至少 \1"),
    (r"Input should be a valid integer.*", "应为整数"),
    (r"Input should be a valid number.*", "应为数"),
    (r"Input should be (.+)", r"应为 \1"),
)


def in_chinese(message: str) -> str:
    """An error of the command line in Chinese.

    >>> in_chinese("No such option: --yaer Did you mean --year?")
    '没有选项 --yaer 是不是 --year？'
    """
    for pattern, chinese in _ERRORS:
        message = re.sub(pattern, chinese, message)
    return message


def chinese_help() -> None:
    """Let typer write its help pages and errors in Chinese and fold what it would cut."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text
    from typer import rich_utils as look

    class Folding(Table):
        """A table of options: long texts are folded, never cut."""

        def add_row(self, *cells, **how):
            super().add_row(*(_translated(cell, Text, Group) for cell in cells), **how)
            for column in self.columns:
                column.overflow = "fold"

    said = {
        "ARGUMENTS_PANEL_TITLE": "参数",
        "OPTIONS_PANEL_TITLE": "选项",
        "COMMANDS_PANEL_TITLE": "命令",
        "ERRORS_PANEL_TITLE": "有误",
        "DEFAULT_STRING": "[默认：{}]",
        "REQUIRED_LONG_STRING": "[必填]",
        "RICH_HELP": "用 [blue]{command_path} {help_option}[/] 看说明。",
        "ABORTED_TEXT": "已中断。",
        "Table": Folding,
    }
    plain = look.rich_format_error

    def format_error(error):
        message = in_chinese(error.format_message())
        error.format_message = lambda: message
        return plain(error)

    for name, value in {**said, "rich_format_error": format_error}.items():
        if hasattr(look, name):  # of another version of typer what is not there stays as it is
            setattr(look, name, value)
    _usage_in_chinese()


def _usage_in_chinese() -> None:
    with contextlib.suppress(ImportError, AttributeError):  # a part of typer that may move
        from typer._click.formatting import HelpFormatter

        plain = HelpFormatter.write_usage

        def write_usage(self, prog, args="", prefix="用法："):
            plain(
                self,
                prog,
                args.replace("[OPTIONS]", "[选项]").replace("COMMAND [ARGS]", "命令 [参数]"),
                prefix,
            )

        HelpFormatter.write_usage = write_usage


def _translated(cell, text_class, group_class):
    """A cell of a help page with typer's own words in Chinese; what stands side by side goes below."""
    if hasattr(cell, "renderables") and not isinstance(cell, group_class):
        return group_class(*(_translated(part, text_class, group_class) for part in cell.renderables))
    if not isinstance(cell, text_class):
        written = getattr(cell, "markup", "")  # Markdown
        return text_class(_SAID[written]) if written in _SAID else cell
    plain = cell.plain.strip()
    kind, _, bounds = plain.partition(" range> ")
    if bounds:
        return text_class(f"{_SAID.get(kind + '>', kind)} {bounds}", style="yellow")
    return text_class(_SAID[plain], style=cell.style) if plain in _SAID else cell
