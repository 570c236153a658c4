"""The errors an analyst can meet.

Always holds: a message says what was expected, what was found and what to do; an error that concerns
many cells or many names carries all of them in a table, so that nothing is fixed one at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

#: How many rows of a table an error message spells out; the rest is counted and stays in the attribute.
_SHOWN = 20


class MktError(Exception):
    """Base of every error that this package raises on purpose."""

    def _render_traceback_(self) -> list[str]:
        """A notebook shows the message alone: it says what to do, and the code that raised it does not."""
        return [f"{type(self).__name__}: {self}"]


def _listing(table: pd.DataFrame, line) -> str:
    lines = [line(row) for row in table.head(_SHOWN).to_dict("records")]
    if len(table) > _SHOWN:
        lines.append(f"... 另有 {len(table) - _SHOWN} 条，见异常对象的表格属性")
    return "\n".join(lines)


class TableError(MktError):
    """A table breaks its schema; every problem is listed at once.

    Parameters
    ----------
    problems : DataFrame
        One row a problem, columns ``file``, ``sheet``, ``row``, ``column``, ``value``, ``problem``.
        ``row`` counts as a spreadsheet does (the header is row 1) where a file was read, else it is
        the frame's own index label.
    """

    COLUMNS = ("file", "sheet", "row", "column", "value", "problem")

    def __init__(self, problems: pd.DataFrame):
        self.problems = problems.reindex(columns=list(self.COLUMNS))
        super().__init__(f"表格有 {len(problems)} 处问题：\n" + _listing(self.problems, self._line))

    @staticmethod
    def _line(row: dict) -> str:
        def given(value) -> bool:
            return value is not None and value == value and value != ""

        where = [str(row["file"])] if given(row["file"]) else []
        where += [f"工作表 {row['sheet']}"] if given(row["sheet"]) else []
        where += [f"第 {row['row']} 行"] if given(row["row"]) else []
        where += [f"列“{row['column']}”"] if given(row["column"]) else []
        found = f"（值：{row['value']!r}）" if given(row["value"]) else ""
        place = f"{'，'.join(where)}：" if where else ""
        return f"- {place}{row['problem']}{found}"

    def __reduce__(self):
        return type(self), (self.problems,)


class Problems:
    """Collects the rows of a `TableError`, so that all are raised at once.

    Parameters
    ----------
    **common
        What every row has in common: ``file``, ``sheet``, ``column`` ...

    Examples
    --------
    >>> found = Problems(file="a.xlsx")
    >>> found.add("应为数", row=3, column="容量")
    >>> len(found)
    1
    """

    def __init__(self, **common):
        self._common = common
        self.rows: list[dict] = []

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, problem: str, *, row=None, column=None, value=None, **more) -> None:
        """Note one problem."""
        found = {**self._common, "row": row, "column": column, "value": value, "problem": problem, **more}
        self.rows.append(found)

    def add_rows(self, mask, column: str, values: pd.Series, problem: str) -> None:
        """Note one problem a row of `values` where `mask` holds; the row is the index label."""
        for row, value in values.loc[list(mask)].items():
            self.add(problem, row=row, column=column, value=value)

    def raise_any(self) -> None:
        """Raise all that was noted, if anything was."""
        if self.rows:
            import pandas as pd

            raise TableError(pd.DataFrame(self.rows, columns=list(TableError.COLUMNS), dtype=object))


class UnknownNameError(MktError):
    """Names that no region bears, or that several do.

    Parameters
    ----------
    unresolved : DataFrame
        Columns ``name``, ``reason`` (``unknown`` or ``ambiguous``), ``candidates`` (text, codes with
        names, separated by 、; for an unknown name the nearest ones) and, where something is known of
        the name, ``note`` (what became of a former region, which region a zone lies in).
    """

    def __init__(self, unresolved: pd.DataFrame):
        self.unresolved = unresolved
        super().__init__(
            f"{len(unresolved)} 个地区名称无法确定，请改用代码或写全称：\n" + _listing(unresolved, self._line)
        )

    @staticmethod
    def _line(row: dict) -> str:
        word = "有多个地区同名" if row["reason"] == "ambiguous" else "没有这个地区"
        hint = f"，候选：{row['candidates']}" if row["candidates"] else ""
        if row.get("note"):
            hint = f"：{row['note']}"
        return f"- {row['name']!r}：{word}{hint}"

    def __reduce__(self):
        return type(self), (self.unresolved,)


class InfeasibleError(MktError):
    """No plan or forecast meets all conditions at once.

    Parameters
    ----------
    message : str
        What cannot be met.
    relaxation : DataFrame
        The smallest change that would do: one row a condition to loosen, columns ``condition``,
        ``given``, ``needed``.
    """

    def __init__(self, message: str, relaxation: pd.DataFrame):
        self.message = message
        self.relaxation = relaxation
        hints = _listing(
            relaxation, lambda r: f"- {r['condition']}：现为 {r['given']}，至少需要 {r['needed']}"
        )
        super().__init__(f"{message}\n放宽下列条件即可：\n{hints}" if len(relaxation) else message)

    def __reduce__(self):
        return type(self), (self.message, self.relaxation)
