"""An analyst's own files: tables in, checked; tables out, formatted and inert."""

from .areas import tree_with_areas
from .overlay import Overlay, overlay
from .read import read_table
from .template import write_template
from .write import write_csv, write_xlsx

__all__ = [
    "Overlay",
    "overlay",
    "read_table",
    "tree_with_areas",
    "write_csv",
    "write_template",
    "write_xlsx",
]
