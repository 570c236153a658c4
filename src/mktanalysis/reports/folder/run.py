"""How one report of a batch ended: what the index, the roll-up and the command show of it.

Always holds: a status is the engine's; a report that failed keeps the record of its last success beside
the error, so that the old report stays reachable.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from ..one.job import NOT_RUN, STATUSES, SUCCESSES
from ..plan.provenance import environment
from ..plan.spec import Planned

_RANK = {status: rank for rank, status in enumerate(STATUSES)}


@dataclass(frozen=True, eq=False)
class Run:
    """One report of a batch.

    ``key`` tells notebooks apart; ``record`` is the record of the last success, if there is one; ``error``
    tells the cell and the last lines of a failure; ``seconds``, ``peak_mb`` and ``started`` are of this run,
    or of the kept success.
    """

    report: str
    part: str
    title: str
    label: str
    notebook: str
    key: str
    parameters: dict
    identity: dict
    status: str
    record: dict | None = None
    error: dict | None = None
    seconds: float = 0.0
    peak_mb: int | None = None
    started: str = ""

    @staticmethod
    def of(planned: Planned, status: str, record: dict | None, **more) -> Run:
        """The end of `planned`; `more` replaces what `record` says."""
        facts = {"started": (record or {}).get("started", ""), **more}
        return Run(
            report=planned.name,
            part=planned.part,
            title=planned.title,
            label=planned.label,
            notebook=planned.notebook.name,
            key=planned.key,
            parameters=planned.parameters,
            identity=planned.identity,
            status=status,
            record=record,
            **facts,
        )

    @property
    def ok(self) -> bool:
        """Whether the report is there and holds."""
        return self.status in SUCCESSES

    @property
    def failed(self) -> bool:
        """Whether the report was asked for and is not there."""
        return self.status not in (*SUCCESSES, NOT_RUN)

    @property
    def rank(self) -> int:
        """Place of its status when failures come first."""
        return _RANK[self.status]

    @property
    def message(self) -> str:
        """What is wrong, in a line."""
        return (self.error or {}).get("message", "")

    @property
    def figures(self) -> list[dict]:
        """Key figures of the last success: name, label, unit, value."""
        return (self.record or {}).get("figures", [])

    @property
    def tables(self) -> list[dict]:
        """Published tables of the last success, as the record describes them."""
        return (self.record or {}).get("tables", [])

    @property
    def headline(self) -> str:
        """The judgement of the last success, in a sentence; empty if the notebook shows no story."""
        return (self.record or {}).get("headline", "")

    @property
    def files(self) -> list[dict]:
        """Further files of the last success, such as a plan in Word: name and title."""
        return (self.record or {}).get("files", [])

    def public(self) -> dict:
        """The run as it stands in ``runs.csv``."""
        return {
            "report": self.report,
            "part": self.part,
            "title": self.title,
            "status": self.status,
            "seconds": round(self.seconds, 2),
            "peak_mb": self.peak_mb,
            "parameters": json.dumps(self.parameters, ensure_ascii=False),
            "cell": (self.error or {}).get("cell"),
            "error": self.message,
            "started": self.started,
            "notebook": self.identity["notebook"],
            "data": self.identity["data"],
            "package": self.identity["package"],
            "packages": self.identity["packages"],
            "version": environment()["version"],
        }
