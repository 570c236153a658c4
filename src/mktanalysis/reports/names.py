"""Names of reports, and texts without names of this machine.

Always holds: a report's folder name stays inside the output folder and differs whenever notebook or
parameters differ; no published text names a path of the machine it was made on.
"""

from __future__ import annotations

import re
import unicodedata

from ..files import canonical, digest

#: A path that tells about the machine: two levels or more below a root that people and systems use.
_LOCAL_PATH = re.compile(
    r"(?:(?<![\w.:/<])/(?:home|root|Users|tmp|var|usr|opt|work|mnt|media|srv|private|data|etc)(?:/[^\s\"'<>:,;()\[\]]+)+"
    r"|\b[A-Za-z]:\\[^\s\"'<>:,;()\[\]]+|(?<!\w)\\\\[\w.-]+\\[^\s\"'<>:,;()\[\]]+)"
)


def names_local_path(text: str) -> bool:
    """Whether `text` holds an absolute path of some machine.

    Examples
    --------
    >>> names_local_path("/home/li/own.xlsx"), names_local_path("元/人"), names_local_path("data/own.xlsx")
    (True, False, False)
    """
    return bool(_LOCAL_PATH.search(text))


def scrub(text: str) -> str:
    """Replace absolute paths by their last part.

    Examples
    --------
    >>> scrub('File "/home/li/venv/pandas/frame.py", line 3')
    'File "…/frame.py", line 3'
    """
    return _LOCAL_PATH.sub(lambda m: "…/" + re.split(r"[/\\]", m.group().rstrip("/\\"))[-1], text)


def slug(text: str, *, limit: int = 40) -> str:
    """The letters, digits and Chinese characters of `text`, everything else a hyphen.

    Examples
    --------
    >>> slug("../江苏 / 2024\\0")
    '江苏-2024'
    """
    plain = unicodedata.normalize("NFKC", text)
    plain = re.sub(r"[^0-9A-Za-z_\u4e00-\u9fff]+", "-", plain).strip("-")
    return plain[:limit].strip("-")


def report_name(notebook: str, parameters: dict) -> str:
    """Folder name of a report: notebook, values and a hash of both.

    Parameters
    ----------
    notebook : str
        Name of the notebook without its ending.
    parameters : dict
        Encoded parameters.

    Examples
    --------
    >>> report_name("05_province_report", {"province": "320000"})[:-12]
    '05_province_report-320000-'
    """
    values = "-".join(str(value) for value in parameters.values())
    mark = digest(canonical([notebook, parameters]))[:12]
    return "-".join(part for part in (slug(notebook) or "report", slug(values), mark) if part)
