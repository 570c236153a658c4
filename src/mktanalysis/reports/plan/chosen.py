"""Parameters given on the command line: ``years=3``, or ``05.budget=2e6`` for one notebook.

Always holds: a value is read as the type that the notebook declares; a name that no notebook has is an
error, never passed over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import MktError
from .parameters import Parameter
from .values import parse_text


@dataclass(frozen=True)
class Choice:
    """One value: for the notebook called (or numbered) `notebook`, or for all that have the parameter."""

    notebook: str
    name: str
    text: str

    @classmethod
    def of(cls, given: str) -> Choice:
        """Read ``NAME=VALUE`` or ``NOTEBOOK.NAME=VALUE``.

        Raises
        ------
        MktError

        Examples
        --------
        >>> Choice.of("05.budget=2e6")
        Choice(notebook='05', name='budget', text='2e6')
        """
        left, equal, text = given.partition("=")
        notebook, _, name = left.strip().rpartition(".")
        if not equal or not name.isidentifier():
            raise MktError(f"--set 应写成 参数=值，或 笔记本.参数=值，如 05.budget=2000000；得到 {given!r}")
        return cls(notebook.removesuffix(".ipynb"), name, text.strip())

    def concerns(self, path: Path, key: str) -> bool:
        """Whether it is for the notebook at `path`, known by `key` in the specification."""
        names = (path.stem, key)
        return not self.notebook or self.notebook in names or path.stem.startswith(f"{self.notebook}_")


@dataclass
class Choices:
    """All values of a command; ``used`` are those that some notebook took."""

    given: tuple[Choice, ...] = ()
    used: set[Choice] = field(default_factory=set)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Choices:
        """Read what was typed."""
        return cls(tuple(Choice.of(text) for text in texts))

    def values(self, path: Path, key: str, declared: dict[str, Parameter]) -> dict:
        """The values for one notebook; of two for the same parameter the one that names the notebook."""
        found: dict = {}
        for choice in sorted(self.given, key=lambda choice: bool(choice.notebook)):
            if choice.name in declared and choice.concerns(path, key):
                found[choice.name] = parse_text(choice.text, declared[choice.name].kind)
                self.used.add(choice)
        return found

    def problems(self) -> list[str]:
        """Those that no notebook took."""
        left = [choice for choice in self.given if choice not in self.used]
        where = {choice: choice.notebook or "清单里" for choice in left}
        return [f"--set {one.name}：{where[one]}没有笔记本有这个参数（report show 列出参数）" for one in left]
