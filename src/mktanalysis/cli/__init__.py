"""The ``mktanalysis`` command: one file a group of commands, heavy imports inside the commands.

Always holds: an error that the package raises on purpose, or the system about a file, is printed as its
message alone, in red, with exit code 2; a failed report or check exits with 1; anything else is a bug and
shows its traceback.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import PurePath
from typing import Annotated

import typer

#: The files of this folder that add commands, in the order of the help page.
GROUPS = (
    "data",
    "tiers",
    "forecast",
    "capacity",
    "targets",
    "force",
    "expand",
    "territories",
    "report",
    "study",
)

#: Groups that are reached under a former name too: that name -> today's.
FORMER = {"plan": "targets"}


def build_app() -> typer.Typer:
    """The typer application with every group of commands registered."""
    app = typer.Typer(
        name="mktanalysis",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )
    app.callback()(_root)
    for group in GROUPS:
        import_module(f".{group}", __name__).register(app)
    _say_next(app)
    return app


def _say_next(app: typer.Typer, words: tuple[str, ...] = ()) -> None:
    """Let every command end with what one does next."""
    from .output import ends_with_next_step

    for info in app.registered_commands:
        if info.callback is not None:
            name = info.name or info.callback.__name__
            info.callback = ends_with_next_step(info.callback, " ".join((*words, name)))
    for group in app.registered_groups:
        if group.typer_instance is not None:
            called = FORMER.get(str(group.name), str(group.name))
            _say_next(group.typer_instance, (*words, called))


def _show_version(wanted: bool) -> None:
    if wanted:
        from mktanalysis import __version__

        typer.echo(f"mktanalysis {__version__}")
        raise typer.Exit()


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="显示版本号后退出。", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """区域市场分析：城市分级、区域容量预测、扩张路径与批量报告。每个命令加 --help 看说明和例子。"""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; `arguments` default to the process's own."""
    from mktanalysis.errors import MktError

    from .output import chinese_help, utf8_streams

    utf8_streams()
    chinese_help()
    try:
        build_app()(args=arguments)
    except MktError as error:
        _refuse(str(error))
    except OSError as error:
        if not error.filename:
            raise
        name = PurePath(os.fsdecode(error.filename)).name or str(error.filename)
        _refuse(f"文件或文件夹不能用：{name[:40]}（{error.strerror}）；请换一个路径，或检查权限和磁盘空间")


def _refuse(message: str) -> None:
    typer.secho(message, fg=typer.colors.RED, err=True)
    sys.exit(2)
