"""A plan's files beside its report: Word to sign, Excel to reckon on, both from the same tables.

Always holds: the figures of the files are those of the page; outside a report run nothing stays.
"""

from __future__ import annotations

from functools import partial

from ..one.publish import publish_file
from .docx import write_plan_docx
from .workbook import write_plan_workbook


def publish_plan(document, *, tree, inputs=None, visits=None) -> None:
    """Leave a plan as Word and Excel beside its report (计划书的 Word、Excel 版).

    Parameters
    ----------
    document : PlanDocument
        With quotas; months, budget and control if the plan has them.
    tree : RegionTree
    inputs : DataFrame, optional
        Columns item, value, source: what the plan was reckoned from.
    visits : DataFrame, optional
        ``visit_calendar(...).days``.
    """
    given = document.inputs
    sheets = {"quotas": given.quotas, "months": given.months, "budget": given.budget}
    sheets |= {"inputs": inputs, "visits": visits, "control": given.months is not None}
    word = partial(write_plan_docx, document=document, tree=tree)
    publish_file("plan.docx", word, title="计划书（Word）")
    publish_file("plan.xlsx", partial(write_plan_workbook, tree=tree, **sheets), title="计划（Excel）")
