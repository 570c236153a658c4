"""The documentation site: Chinese pages, English names and docstrings; `make docs` builds it.

Always holds: a built page asks nothing of a network; example reports are copied in where there are some.
"""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REPORTS = ROOT / "reports" / "out"

project = "mktanalysis"
author = "The mktanalysis developers"
copyright = author
language = "zh_CN"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["substitution"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "mktanalysis 区域市场分析"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {"top_of_page_buttons": []}
html_static_path = ["_static"]
html_css_files = ["site.css"]
autodoc_member_order = "groupwise"
autodoc_typehints = "none"
autodoc_default_options = {"members": True}
napoleon_google_docstring = False
# docstrings are checked by the doctests and read in editors; here only the pages themselves must be sound
suppress_warnings = ["docutils", "ref.python", "ref.term", "ref.ref", "autodoc"]

#: What the page of examples says of them.
THERE = "[打开目录页](reports/index.html)"
ABSENT = "现在还没有：先 `make report`，再 `make docs`。"
has_reports = (REPORTS / "index.html").exists()
myst_substitutions = {"reports": THERE if has_reports else ABSENT}
if has_reports:  # a file that is copied in after the build is no page of the site
    suppress_warnings.append("myst.xref_missing")


def copy_reports(app, error):
    """Put the reports that are there beside the pages, so that the examples can be opened."""
    if error is None and app.builder.name == "html" and has_reports:
        shutil.copytree(REPORTS, Path(app.outdir) / "reports", dirs_exist_ok=True)


def setup(app):
    """Register what happens after a build."""
    app.connect("build-finished", copy_reports)
