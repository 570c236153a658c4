"""A region's plan as files that a manager changes: Word and Excel."""

from .docx import write_plan_docx
from .workbook import write_plan_workbook

__all__ = ["write_plan_docx", "write_plan_workbook"]
