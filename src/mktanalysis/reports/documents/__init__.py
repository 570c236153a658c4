"""A region's plan as files that a manager changes: Word and Excel."""

from .docx import write_plan_docx
from .publish import publish_plan
from .workbook import write_plan_workbook

__all__ = ["publish_plan", "write_plan_docx", "write_plan_workbook"]
