"""How a market unit is worked: phases of effort, and decision points at which one's own share decides.

Always holds: a programme is a tree of phases - what is done first, and after a review one of a few phases
that may follow - so whatever a market answers, there is exactly one way on; what decides is known by then.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, NamedTuple

from pydantic import Field, model_validator

from ..settings import Strict

Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0)]


class Review(Strict):
    """A decision point: one looks at one's own share and leaves, does less, goes on, or does more.

    Parameters
    ----------
    after : int
        At the end of this year of the phase (1 = its first).
    leave : bool
        Whether the unit may be left.
    less, more : tuple of Phase
        What may follow instead of going on: where the share is poorer (维持), where it is better (集中).
    bars : tuple of float or None
        The shares that divide leaving, `less`, going on and `more`, ascending: from a bar on the next better.
        None: for each unit those that make it worth most, see `mktanalysis.expansion.rules`.

    Examples
    --------
    >>> Review(after=1, bars=(0.03,)).options
    ('leave', 'stay')
    """

    after: Annotated[int, Field(ge=1)]
    leave: bool = True
    less: tuple[Phase, ...] = ()
    more: tuple[Phase, ...] = ()
    bars: tuple[Share, ...] | None = None

    @property
    def options(self) -> tuple:
        """What may be done, the poorest first: ``leave``, phases, ``stay``."""
        return (*(("leave",) if self.leave else ()), *self.less, "stay", *self.more)

    @model_validator(mode="after")
    def _ordered(self):
        count = len(self.options) - 1
        if count == 0:
            raise ValueError("review（看份额的时点）没有可选的做法：请允许撤出（leave）或给出 less、more")
        if self.bars is not None and len(self.bars) != count:
            raise ValueError(f"bars（份额界限）有 {len(self.bars)} 个，{count + 1} 种做法之间应有 {count} 个")
        if self.bars is not None and any(a > b for a, b in pairwise(self.bars)):
            raise ValueError("bars（份额界限）互相矛盾：应从低到高，如低于 0.03 撤出、达到 0.06 集中")
        return self


class Phase(Strict):
    """What is done in a market unit for some years.

    Parameters
    ----------
    name : str
    effort : tuple of float
        Effort of each year of the phase as a share of the unit's capacity; the last value stays.
    visits : float
        Share of the full visit cadence that is walked (1 = every customer by class), scales the staff.
    entry : float
        Part of the unit's entry cost that is paid when the phase begins.
    review : Review, optional
        When and how it may end.
    """

    name: str = ""
    effort: Annotated[tuple[Amount, ...], Field(min_length=1)]
    visits: Annotated[float, Field(gt=0)] = 1.0
    entry: Share = 0.0
    review: Review | None = None

    def effort_in(self, year: int) -> float:
        """Effort in a year of the phase, the first is 0."""
        return self.effort[min(year, len(self.effort) - 1)]


class Programme(Phase):
    """How one market unit is worked, year by year since the start (打法): the first of its phases.

    Fields are those of `Phase`; it has a name, and pays the whole entry cost unless it says otherwise.
    """

    name: str
    entry: Share = 1.0

    @model_validator(mode="after")
    def _paid_once(self):
        dearest = max(track.paid for track in tracks([self]))
        if dearest > 1 + 1e-9:
            raise ValueError(f"打法 {self.name} 的各阶段合计付进入成本的 {dearest:.0%}，不能超过一次")
        return self


class Track(NamedTuple):
    """A phase in its place: the way a programme goes if it comes to this phase and stays in it.

    ``programme`` its position in the list; ``since`` the years of presence when the phase begins; ``before``
    the position of the track it branches off from, -1 for none; ``paid`` the part of the entry cost paid by
    then; ``next`` positions of the tracks of its review's phases, in the order of the options.
    """

    programme: int
    phase: Phase
    since: int
    before: int
    paid: float
    next: tuple[int, ...]

    @property
    def looks(self) -> int | None:
        """Years of presence at whose end its review looks at the share; None without a review."""
        return None if self.phase.review is None else self.since + self.phase.review.after


def tracks(programmes) -> list[Track]:
    """All phases of some programmes in their places, each before those that may follow it."""
    found: list[Track] = []

    def add(programme: int, phase: Phase, since: int, before: int, paid: float) -> int:
        at = len(found)
        paid += phase.entry
        found.append(Track(programme, phase, since, before, paid, ()))
        review = phase.review
        follow = [] if review is None else [x for x in review.options if isinstance(x, Phase)]
        after = since if review is None else since + review.after
        later = tuple(add(programme, x, after, at, paid) for x in follow)
        found[at] = found[at]._replace(next=later)
        return at

    for position, programme in enumerate(programmes):
        add(position, programme, 0, -1, 0.0)
    return found


def lasting_effort(programmes) -> float:
    """The highest effort that any phase of some programmes ends in."""
    return max(track.phase.effort[-1] for track in tracks(programmes))


def fixed_courses(programmes, periods: int) -> tuple[Programme, ...]:
    """Every way that programmes may go, each as a programme of its own that goes this way whatever is seen.

    Ways on which a unit is left are not among them: whoever knows beforehand does not enter.

    Examples
    --------
    >>> [programme.name for programme in fixed_courses((SCOUT, CONCENTRATED), 8)]
    ['先撒网后集中', '先撒网后集中→集中', '先撒网后集中→集中→维持', '集中', '集中→维持']
    """
    every = tracks(programmes)
    found = []
    for at, track in enumerate(every):
        if track.since >= periods:
            continue
        phase = track.phase.model_copy(update={"review": None})
        name = track.phase.name
        while every[at].before >= 0:  # what came before goes over into it without asking
            since, at = every[at].since, every[at].before
            forced = Review(after=since - every[at].since, leave=False, more=(phase,), bars=(0.0,))
            phase = every[at].phase.model_copy(update={"review": forced})
            name = f"{every[at].phase.name}→{name}"
        found.append(phase.model_copy(update={"name": name}))
    return tuple(found)


#: 维持: what keeps a presence; 浅耕 is an entry of that kind; 集中: force concentrated for two years, then
#: held or, where the market answers poorly, not (folklore: about three times the first brand's effort, then
#: half more than it).
UPKEEP = Phase(name="维持", effort=(0.02,), visits=0.4)
LIGHT = Programme(name="浅耕", effort=UPKEEP.effort, visits=UPKEEP.visits)
CONCENTRATED = Programme(
    name="集中", effort=(0.06, 0.06, 0.05, 0.035), review=Review(after=2, less=(UPKEEP,))
)
#: 集中 of the world without resistance.
EASY_CONCENTRATED = Programme(name="集中", effort=(0.08, 0.08, 0.05, 0.035))
#: Part of the entry cost that a scout pays: samples and a salesman, no depot yet (folklore).
SCOUT_ENTRY = 0.3


def scout_then(concentrated: Programme, *, entry: float = SCOUT_ENTRY) -> Programme:
    """先撒网后集中: a year of scouting at a part of the entry cost; then leave, go on, or concentrate.

    Examples
    --------
    >>> scout_then(CONCENTRATED).review.options[-1].name
    '集中'
    """
    force = Phase(
        name=concentrated.name,
        effort=concentrated.effort,
        visits=concentrated.visits,
        entry=(1 - entry) * concentrated.entry,
        review=concentrated.review,
    )
    return Programme(
        name="先撒网后集中",
        effort=LIGHT.effort,
        visits=LIGHT.visits,
        entry=entry * concentrated.entry,
        review=Review(after=1, more=(force,)),
    )


SCOUT = scout_then(CONCENTRATED)
