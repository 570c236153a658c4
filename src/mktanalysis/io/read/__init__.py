"""From an analyst's file to a checked table: sheets, headers and titles, places, periods, sums.

Always holds: no figure is lost or changed without a line in the notes; a doubt is an error that says what
to write.
"""

from .table import read_table

__all__ = ["read_table"]
