"""An analyst's own files: tables out, formatted and inert; tables in, checked."""

from .write import write_csv, write_xlsx

__all__ = ["write_csv", "write_xlsx"]
