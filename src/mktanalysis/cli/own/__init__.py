"""An analyst's own file in any command.

Always holds: every command that reads a file has the same options and prints every note of the reader.
"""

from .figures import uses_figures
from .reading import own_table, own_tree, reads_files, tell

__all__ = ["own_table", "own_tree", "reads_files", "tell", "uses_figures"]
