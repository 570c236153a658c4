"""Whether an earlier report still holds.

Always holds: a report is kept only if what it was asked for, what could be told beforehand of its inputs and
what it was seen to read are all the same, and its published files are unchanged.
"""

from __future__ import annotations

from ..folder.store import Store
from ..one.opened import listing_hash, located
from ..plan.inputs import hash_of
from ..plan.spec import Planned


def held_record(report: Planned, store: Store) -> dict | None:
    """The record of a good report that still holds; None if there is none."""
    record = store.holds(report.name, report.identity)
    if record is None or not _is_of(record, report):
        return None
    read = record.get("opened", {})  # earlier versions did not note it
    if not isinstance(read, dict):
        return None
    return record if all(_hash(name, report) == sha for name, sha in read.items()) else None


def _is_of(record: dict, report: Planned) -> bool:
    """Whether what the record says of the report is what the plan says; the index shows both as one."""
    said = (record.get("title"), record.get("key"), record["notebook"], record["parameters"])
    return said == (report.title, report.key, report.notebook.name, report.parameters)


def _hash(name: str, report: Planned) -> str:
    path = located(name, report.home)
    return listing_hash(path) if name.endswith("/") else hash_of(path)
