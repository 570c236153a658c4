"""How every report's process starts, forked or a kernel of its own.

Always holds: random generators start at one seed, a chart can show Chinese text whether or not the notebook
asks for the house style, and what is read from now on is noted.
"""

from __future__ import annotations

from ...style import style_when_imported
from .job import seed_generators
from .opened import watch


def start_kernel() -> None:
    """Seed the generators; style matplotlib, now or when it is imported; watch what is read."""
    seed_generators()
    style_when_imported()
    watch()
