"""Progress bars that are seen where somebody watches, and nowhere else.

Always holds: a bar shows in a terminal and in a notebook that a person runs, never in a pipe or in a report
made by the engine; it appears only when the work takes a while, and is gone when the work is done.
"""

from __future__ import annotations

import os
import sys

#: The engine of reports names the folder of a running report here: nobody watches.
_REPORT = "MKTANALYSIS_RUN_FOLDER"


def progress(items=None, *, total: int | None = None, what: str, delay: float = 3.0):
    """A bar over `items`, or one of `total` steps to be updated (进度条).

    Plain text is enough: a notebook shows it without any widget.

    Parameters
    ----------
    items : iterable, optional
    total : int, optional
        Number of steps, where `items` do not say.
    what : str
        Chinese, stands before the bar.
    delay : float
        Seconds before the bar appears.

    Returns
    -------
    tqdm

    Examples
    --------
    >>> list(progress([1, 2], what="预测"))
    [1, 2]
    """
    from tqdm import tqdm

    inside = in_notebook()
    return tqdm(
        items,
        total=total,
        desc=what,
        delay=delay,
        leave=False,
        disable=None if not inside else False,
        file=sys.stdout if inside else sys.stderr,
    )


def in_notebook() -> bool:
    """Whether a person runs a notebook here: a kernel of Jupyter, and no report that the engine makes."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell" and not os.environ.get(_REPORT)
