"""An analyst's own study: a folder with files, notebooks, parameters and what came out of them.

Always holds: nothing outside the folder is changed; files are checked before anything runs; what a frozen
study needs
is in its one file.
"""

from .compare import compare_studies
from .folder import Study, add_notebook, new_study, open_study
from .freeze import freeze_study
from .run import check_study, run_study

__all__ = [
    "Study",
    "add_notebook",
    "check_study",
    "compare_studies",
    "freeze_study",
    "new_study",
    "open_study",
    "run_study",
]
