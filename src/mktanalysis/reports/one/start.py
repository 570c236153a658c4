"""How every report's process starts, forked or a kernel of its own.

Always holds: random generators start at one seed, and a chart can show Chinese text whether or not the
notebook asks for the house style.
"""

from __future__ import annotations

from ...style import style_when_imported
from .job import seed_generators


def start_kernel() -> None:
    """Seed the generators; style matplotlib, now or when it is imported."""
    seed_generators()
    style_when_imported()
