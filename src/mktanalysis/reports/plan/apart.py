"""Notebooks of one name in several folders, told apart.

Always holds: two notebooks never share a key, and with it neither a report's folder nor a rolled-up table;
a notebook whose name is its own keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ..names import report_name


def told_apart(reports: Sequence) -> list:
    """The reports with as many of their notebooks' folders in the key as tell them apart.

    Parameters
    ----------
    reports : sequence of Planned
    """
    places: dict[str, set[Path]] = {}
    for report in reports:
        places.setdefault(report.key, set()).add(report.notebook)
    keys = {key: _longer(of) for key, of in places.items() if len(of) > 1}
    alike = [report for report in reports if report.key in keys]
    told = {(report.key, report.notebook): keys[report.key][report.notebook] for report in alike}
    names = {
        (report.notebook, report.name): report_name(told[report.key, report.notebook], report.parameters)
        for report in alike
    }
    return [_renamed(report, told, names) if report.key in keys else report for report in reports]


def _longer(notebooks: Iterable[Path]) -> dict[Path, str]:
    """Key of each notebook: its name and the folders right above it, until all differ.

    Examples
    --------
    >>> list(_longer([Path("/a/x/n.ipynb"), Path("/b/x/n.ipynb")]).values())
    ['a/x/n', 'b/x/n']
    """
    places = sorted(notebooks)
    for depth in range(2, max(len(place.parts) for place in places) + 1):
        keys = {place: "/".join(place.with_suffix("").parts[-depth:]) for place in places}
        if len(set(keys.values())) == len(places):
            break
    return keys


def _renamed(report, keys: dict[tuple, str], names: dict[tuple, str]):
    """The report under its longer key; its neighbours are of the same notebook."""

    def renamed(neighbour):
        return neighbour and (names[report.notebook, neighbour[0]], neighbour[1])

    return replace(
        report,
        key=keys[report.key, report.notebook],
        name=names[report.notebook, report.name],
        before=renamed(report.before),
        after=renamed(report.after),
    )
