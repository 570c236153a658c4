"""The typed parameters cell of a notebook, and which values may be put into it.

Always holds: a name that the cell does not declare, and a value that is not exactly of the declared type,
are refused before anything starts.
"""

from __future__ import annotations

import ast
import datetime as dt
import difflib
import io
import math
import tokenize
from dataclasses import dataclass
from pathlib import Path, PurePath

from ...errors import MktError
from ..names import names_local_path

_SCALARS = {"str": str, "int": int, "float": float, "bool": bool}
DATES = {"date": dt.date, "datetime": dt.datetime}
_IMPORTS = {"__future__", "datetime", "pathlib", "typing"}


class ParameterError(MktError):
    """Parameters that a notebook does not take; ``problems`` lists all of them."""

    def __init__(self, problems):
        self.problems = list(problems)
        super().__init__("参数有问题：\n" + "\n".join(f"- {problem}" for problem in self.problems))

    def __reduce__(self):
        return type(self), (self.problems,)


@dataclass(frozen=True)
class Kind:
    """A type as the cell spells it: ``name`` one of str, int, float, bool, date, datetime, Path, None,
    list, tuple, dict, union, literal; ``args`` its parts; ``spelled`` how to call it in the notebook."""

    name: str
    args: tuple = ()
    spelled: str = ""

    def __str__(self):
        return self.spelled or self.name


@dataclass(frozen=True)
class Parameter:
    """One declared parameter: name, kind, default and its one-line help."""

    name: str
    kind: Kind
    default: object
    help: str = ""


# ---- reading the cell -------------------------------------------------------------------------------


def parameters_cell(notebook: dict) -> int:
    """Index of the one code cell tagged ``parameters``.

    Raises
    ------
    ParameterError
        If there is none or more than one.
    """
    tagged = [
        i
        for i, cell in enumerate(notebook["cells"])
        if cell["cell_type"] == "code" and "parameters" in cell.get("metadata", {}).get("tags", ())
    ]
    if len(tagged) != 1:
        raise ParameterError([f"应有且只有一个带 parameters 标签的单元格，现有 {len(tagged)} 个"])
    return tagged[0]


def read_parameters(notebook: dict) -> dict[str, Parameter]:
    """Return the parameters that a notebook declares, in the order of its cell.

    The cell may hold only imports from ``datetime``, ``pathlib`` and ``typing`` and assignments with a
    type, ``name: type = literal  # help``.

    Raises
    ------
    ParameterError
        With every line that is anything else.
    """
    source = notebook["cells"][parameters_cell(notebook)]["source"]
    source = source if isinstance(source, str) else "".join(source)
    try:
        statements = ast.parse(source).body
        helps = _helps(source)
    except (SyntaxError, tokenize.TokenError, ValueError, RecursionError, MemoryError) as error:
        raise ParameterError([f"参数单元格不是合法的 Python：{error or type(error).__name__}"]) from None
    found = {}
    problems = []
    for statement in statements:
        try:
            parameter = _declared(statement, helps)
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            problems.append(f"参数单元格第 {statement.lineno} 行：{error}")
            continue
        if parameter and parameter.name in found:
            problems.append(f"参数 {parameter.name} 声明了两次")
        elif parameter:
            found[parameter.name] = parameter
    if problems:
        raise ParameterError(problems)
    return found


def _declared(statement: ast.stmt, helps: dict[int, str]) -> Parameter | None:
    if isinstance(statement, ast.ImportFrom) and statement.module in _IMPORTS:
        return None
    if isinstance(statement, ast.Import) and all(alias.name in _IMPORTS for alias in statement.names):
        return None
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return None
    if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)):
        raise ValueError("应写成“名称: 类型 = 默认值  # 说明”")
    if statement.value is None:
        raise ValueError(f"参数 {statement.target.id} 没有默认值")
    kind = _kind(statement.annotation)
    default = _evaluate(statement.value)
    name = statement.target.id
    problem = refusal(default, kind)
    if problem:
        raise ValueError(f"参数 {name} 的默认值与类型不符：{problem}")
    return Parameter(name, kind, default, helps.get(statement.end_lineno, ""))


def _helps(source: str) -> dict[int, str]:
    """Line number -> trailing comment."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string.lstrip("# ").strip() for t in tokens if t.type == tokenize.COMMENT}


def _kind(node: ast.expr) -> Kind:
    spelled = ast.unparse(node)
    if isinstance(node, ast.Constant) and node.value is None:
        return Kind("None", (), "None")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return Kind("union", (_kind(node.left), _kind(node.right)), spelled)
    if isinstance(node, ast.Subscript):
        return _generic(node, spelled)
    name = spelled.rpartition(".")[2]
    if isinstance(node, (ast.Name, ast.Attribute)) and (name in _SCALARS or name in DATES or name == "Path"):
        return Kind(name, (), spelled)
    raise ValueError(f"不支持的类型 {spelled}")


def _generic(node: ast.Subscript, spelled: str) -> Kind:
    outer = ast.unparse(node.value).rpartition(".")[2].lower()
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if outer == "literal":
        return Kind("literal", tuple(ast.literal_eval(part) for part in parts), spelled)
    if outer == "optional" and len(parts) == 1:
        return Kind("union", (_kind(parts[0]), Kind("None", (), "None")), spelled)
    if outer == "list" and len(parts) == 1:
        return Kind("list", (_kind(parts[0]),), spelled)
    if outer == "dict" and len(parts) == 2 and ast.unparse(parts[0]) == "str":
        return Kind("dict", (_kind(parts[1]),), spelled)
    if outer == "tuple":
        if len(parts) == 2 and isinstance(parts[1], ast.Constant) and parts[1].value is Ellipsis:
            return Kind("tuple", (_kind(parts[0]), ...), spelled)
        return Kind("tuple", tuple(_kind(part) for part in parts), spelled)
    raise ValueError(f"不支持的类型 {spelled}")


def _evaluate(node: ast.expr):
    """A literal, or a call of Path, date or datetime with literals, also inside lists, tuples and dicts."""
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_evaluate(item) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    if isinstance(node, ast.Dict) and None not in node.keys:
        return {
            ast.literal_eval(key): _evaluate(item) for key, item in zip(node.keys, node.values, strict=True)
        }
    if isinstance(node, ast.Call) and not node.keywords:
        name = ast.unparse(node.func).rpartition(".")[2]
        maker = {**DATES, "Path": Path}.get(name)
        if maker:
            return maker(*(ast.literal_eval(arg) for arg in node.args))  # a wrong call: TypeError, ValueError
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise ValueError(f"默认值 {ast.unparse(node)} 应是字面量") from None


# ---- checking values --------------------------------------------------------------------------------


def check_parameters(declared: dict[str, Parameter], values: dict) -> dict:
    """Return `values` if every name is declared and every value fits its type.

    Parameters
    ----------
    declared : dict of str to Parameter
    values : dict
        Only the parameters that differ from their defaults need to be there.

    Raises
    ------
    ParameterError
        With every unknown name (and the nearest known one) and every value that does not fit.

    Examples
    --------
    >>> tagged = {"tags": ["parameters"]}
    >>> cell = {"cell_type": "code", "source": "province: str = '320000'", "metadata": tagged}
    >>> declared = read_parameters({"cells": [cell]})
    >>> check_parameters(declared, {"province": "010000"})
    {'province': '010000'}
    >>> check_parameters(declared, {"provinse": "010000"})
    Traceback (most recent call last):
    ...
    mktanalysis.reports.plan.parameters.ParameterError: 参数有问题：
    - 没有参数 'provinse'，是否指 'province'？
    """
    problems = []
    for name, value in values.items():
        if type(name) is not str or name not in declared:
            problems.append(unknown_name(name, declared))
            continue
        problem = refusal(value, declared[name].kind)
        if problem:
            problems.append(f"参数 {name}：{problem}")
    if problems:
        raise ParameterError(problems)
    return values


def unknown_name(name, declared) -> str:
    """Say that `name` is not declared, with the nearest declared name."""
    near = difflib.get_close_matches(str(name), declared, n=1, cutoff=0.5)
    hint = f"，是否指 {near[0]!r}？" if near else f"，可用的参数：{'、'.join(declared) or '无'}"
    return f"没有参数 {name!r}{hint}"


def refusal(value, kind: Kind) -> str:
    """Why `value` does not fit `kind`; empty if it fits."""
    if kind.name == "union":
        return "" if any(not refusal(value, part) for part in kind.args) else _mismatch(value, kind)
    if kind.name == "literal":
        same = any(type(value) is type(option) and value == option for option in kind.args)
        return "" if same else f"应为 {'、'.join(map(repr, kind.args))} 之一，给的是 {value!r}"
    if kind.name == "None":
        return "" if value is None else _mismatch(value, kind)
    if kind.name in ("list", "tuple", "dict"):
        return _refuse_container(value, kind)
    exact = {**_SCALARS, **DATES, "Path": type(Path())}[kind.name]
    if type(value) is not exact:
        return _mismatch(value, kind)
    return _refuse_scalar(value)


def _mismatch(value, kind: Kind) -> str:
    return f"类型应为 {kind}，给的是 {type(value).__module__}.{type(value).__qualname__}"


def _refuse_scalar(value) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "不接受无穷大或 NaN"
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return "整数超出 64 位范围"
    if isinstance(value, dt.datetime) and (value.tzinfo is not None or value.fold):
        return "不接受带时区的时间"
    text = str(value) if isinstance(value, (str, PurePath)) else ""
    if any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        return "文字里有不成对的代理字符"
    if names_local_path(text) or (isinstance(value, PurePath) and value.is_absolute()):
        return "不接受本机绝对路径，请写相对路径"
    return ""


def _refuse_container(value, kind: Kind) -> str:
    if type(value) is not {"list": list, "tuple": tuple, "dict": dict}[kind.name]:
        return _mismatch(value, kind)
    if kind.name == "dict":
        keys = Kind("str", (), "str")
        pairs = [(part, k) for key, item in value.items() for part, k in ((key, keys), (item, kind.args[0]))]
    elif kind.name == "list" or kind.args[-1:] == (...,):
        pairs = [(item, kind.args[0]) for item in value]
    elif len(value) != len(kind.args):
        return f"应有 {len(kind.args)} 项，给了 {len(value)} 项"
    else:
        pairs = list(zip(value, kind.args, strict=True))
    return next((problem for item, part in pairs if (problem := refusal(item, part))), "")
