"""Reports: notebooks run on many parameter sets, published as pages, tables and an index.

Always holds: success is recorded by the engine and never read from a notebook; published files are whole;
nothing from a notebook or a table becomes code, markup, a formula or a path.
"""

from importlib import import_module as _import_module

#: Loaded on first use: reading records or planning needs no notebook or table library.
_HOMES = {
    "run_report": "run.batch",
    "run_batch": "run.batch",
    "ReportResult": "run.batch",
    "Settings": "run.batch",
    "present": "one.publish",
    "publish_table": "one.publish",
    "publish_figure": "one.publish",
    "publish_file": "one.publish",
    "say": "one.publish",
    "publish_plan": "documents.publish",
    "write_plan_docx": "documents.docx",
    "write_plan_workbook": "documents.workbook",
    "read_spec": "plan.spec",
    "verify_reports": "run.verify",
    "estimate_run": "run.estimate",
    "SpecError": "plan.spec",
    "ParameterError": "plan.parameters",
}
__all__ = list(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_import_module(f".{_HOMES[name]}", __name__), name)
