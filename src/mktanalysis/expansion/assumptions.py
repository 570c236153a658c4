"""What the planner assumes: how markets answer, what programmes there are, what the ladder asks for.

Always holds: every assumption of the expansion model is a field here or a column of the units table, so
each can be replaced; the defaults are folklore of the trade and named so, never calibrated facts.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ..fieldwork import CLASS_MIX, EVERY_WEEKS, ON_THE_SPOT, STAY_WEEKS, yearly_contacts
from ..settings import Strict
from .phases import CONCENTRATED, EASY_CONCENTRATED, LIGHT, SCOUT, Amount, Programme, Share

Positive = Annotated[float, Field(gt=0)]

#: Lanchester targets as planners in East Asia use them (73.9 monopoly, 41.7 stable first, 26.1 lower bound).
LANCHESTER = {"monopoly": 0.739, "leader": 0.417, "lower_bound": 0.261}


class Response(Strict):
    """How a market answers: a share from stocks of goodwill that resist, and the margin that a rank earns.

    Ours starts at nothing: each year ``carry_over`` of it is kept and ``1 - carry_over`` of the year's effort
    is added, so that a lasting effort ends in a stock of its own size. The share is that of our attraction,
    ``goodwill**elasticity`` over ``order**order_exponent`` (the first brand of a market has order 1, whoever
    meets k strong brands k + 1), in all attraction; the rivals' is that of their lasting effort
    ``rival_effort`` times the unit's ``rival_strength``, shared out as their shares of today are. So with
    equal lasting effort the k-th entrant ends at ``1 / sqrt(k)`` of the first brand's share.

    Parameters
    ----------
    form : str
        ``goodwill``, or ``easy``: the share tends to ``effort**elasticity`` in all effort, whatever the
        order, and each year ``ramp`` of a gap above and ``1 - retention`` of one below is closed.
    elasticity : float
        1: shares follow shares of effort, as share of market follows share of voice (Jones 1990).
    rival_effort : float
        Yearly effort of all rivals together, as a share of capacity; ``easy``: of the usual rival (folklore).
    order_exponent : float
        0.5: the share of the k-th entrant over the first's is 1 / sqrt(k) for packaged goods (Urban, Carter,
        Gaskin and Mucha 1986; Kalyanaram, Robinson and Urban 1995).
    carry_over : float
        Part of goodwill kept a year; at 0.75 a lasting effort has half of its goodwill after 2.4 years and
        half of its final share after about two. That is slower than advertising alone, whose effect is mostly
        gone within a year (Clarke 1976): it stands for distribution and habits too (folklore). Checked
        against Peckham's rule, a share of voice 1.5 times the share wanted at the end of the second year:
        6 % of capacity take 1.7 times for a first brand and 2.9 times for a fourth, so markets are not easy.
    ramp, retention : float
        For ``easy`` alone.
    rank_margin : tuple of float
        Contribution per yuan of sales, before effort, of the first, second, third and any later brand: the
        first eats the meat, the second gnaws the bones, the third drinks the soup, the fourth has the wind
        (folklore).
    strong_rank, enter_share, exit_share
        Strong is among the first `strong_rank` with at least `enter_share`; lost below `exit_share`
        (folklore).
    distance_cost : float
        Effort costs this part more per 100 km (folklore).
    reaction : float
        Where we have entered, rivals raise their effort by this times our share of the year before (times the
        unit's ``reaction``). A quarter is folklore: most entries meet no or a weak answer in the first years
        (Robinson 1988; Steenkamp, Nijs, Hanssens and Dekimpe 2005), some a hard one.
    entrant : float
        A rival that enters a unit anew (see ``rival_entries`` of the market) raises the rivals' effort by
        this part of the usual (folklore: a fourth brand beside three).
    """

    form: Literal["goodwill", "easy"] = "goodwill"
    elasticity: Annotated[float, Field(gt=0)] = 1.0
    rival_effort: Annotated[float, Field(gt=0)] = 0.07
    order_exponent: Amount = 0.5
    carry_over: Annotated[float, Field(ge=0, lt=1)] = 0.75
    ramp: Annotated[float, Field(gt=0, le=1)] = 0.3
    retention: Share = 0.7
    rank_margin: Annotated[tuple[float, ...], Field(min_length=1)] = (0.46, 0.42, 0.37, 0.25)
    strong_rank: Annotated[int, Field(ge=1)] = 3
    enter_share: Share = 0.16
    exit_share: Share = 0.13
    distance_cost: Amount = 0.05
    reaction: Amount = 0.25
    entrant: Amount = 0.25

    @model_validator(mode="after")
    def _ordered(self):
        if self.exit_share > self.enter_share:
            raise ValueError("exit_share（失去强势的份额）不能高于 enter_share（成为强势的份额）")
        if any(a < b for a, b in zip(self.rank_margin, self.rank_margin[1:], strict=False)):
            raise ValueError("rank_margin（各名次的利润率）必须从第一名起不升")
        return self

    @classmethod
    def easy(cls, **changes) -> Response:
        """The named alternative without resistance: this year's effort alone decides, every brand is equal.

        Everybody who makes an effort as large as the rivals' ends at half of the market; kept for
        comparison with plans made before goodwill was counted.
        """
        plain = {"form": "easy", "elasticity": 1.3, "rival_effort": 0.06}
        plain |= {"rank_margin": (0.25, 0.16, 0.08, 0.02), "enter_share": 0.20, "exit_share": 0.15}
        plain |= {"reaction": 0.0}
        return cls(**{**plain, **changes})

    @classmethod
    def lanchester(cls, **changes) -> Response:
        """The named alternative: strong is a share above 26.1 %, whatever the rank; lost below 26.1 % x
        0.8.
        """
        share = LANCHESTER["lower_bound"]
        return cls(**{"enter_share": share, "exit_share": 0.8 * share, "strong_rank": 99, **changes})


class Rung(Strict):
    """One level of the ladder above the market unit.

    Parameters
    ----------
    level : str
        Level of the region tree.
    count_share, capacity_share, share : float
        Strong there = strong in this share of its children by number and by capacity, and this market share
        overall.
    radiance : float
        Yearly profit from radiation of a strong brand, as a share of the region's capacity.
    office_from : int
        A management form of this level is needed from this many managed children on.
    office_cost : float
        Fixed yearly cost of that management form, yuan.
    """

    level: str
    count_share: Share = 0.5
    capacity_share: Share = 0.5
    share: Share = 0.05
    radiance: Amount = 0.0
    office_from: Annotated[int, Field(ge=1)] = 2
    office_cost: Amount = 0.0


#: Folklore: each rung of the ladder (县 -> 市 -> 省 -> 大区 -> 全国) asks for another form of management.
RUNGS = (
    Rung(level="prefecture", radiance=0.001, office_cost=1.5e6),
    Rung(level="province", radiance=0.0005, office_cost=6e6),
    Rung(level="macro_region", radiance=0.0003, office_cost=2e7),
    Rung(level="nation", radiance=0.0002, office_cost=5e7),
)


class Staffing(Strict):
    """Workload rules of a sales force, hours a year (see `workload`); the trade's, not calibrated.

    Parameters
    ----------
    capacity_per_customer : float
        Yuan of capacity for each customer on file, where the units say nothing.
    hours_per_person : float
        Hours a year for customers: three days of 8 hours a week (Wednesday to Friday), 50 weeks.
    visit_hours, travel_hours, call_hours : float
        A visit on the spot, its part of the day's travel, a call. Six customers a week on three days leave 4
        hours a visit, 300 visits a person and year.
    prospects : float
        Share of the customers on file that are prospects of the classes; the rest are old customers.
    class_mix : tuple of float
        Prospects by class: potential, six months, three months, one month, half a month from buying.
    class_every_weeks : tuple of float
        Weeks between contacts: a quarter, a month, a month, a week, every working day.
    class_stay_weeks : tuple of float
        Weeks that a prospect stays in the class: it flows through; 52 is a stock that is contacted all year.
    class_visits : tuple of bool
        Whether the contact is a visit or a call.
    old_customer_contacts : float
        Visits a year to an old customer.
    sweep_hours : float
        Hours to file one customer in the first year.
    model_stores : dict
        Model stores of a unit by its level; other levels have one.
    store_hours : float
        Hours a year for one: a visit a week.
    supervisor_days : tuple of float
        The supervisor's days in a unit, in the first year and later; counted in hours, not in staff.
    people_per_manager : float
    """

    capacity_per_customer: Annotated[float, Field(gt=0)] = 5e5
    hours_per_person: Annotated[float, Field(gt=0)] = 1200.0
    visit_hours: Annotated[float, Field(gt=0)] = 1.5
    travel_hours: Amount = 2.5
    call_hours: Amount = 0.25
    prospects: Share = 0.8
    class_mix: tuple[Share, Share, Share, Share, Share] = CLASS_MIX
    class_every_weeks: tuple[Positive, Positive, Positive, Positive, Positive] = EVERY_WEEKS
    class_stay_weeks: tuple[Positive, Positive, Positive, Positive, Positive] = STAY_WEEKS
    class_visits: tuple[bool, bool, bool, bool, bool] = ON_THE_SPOT
    old_customer_contacts: Amount = 2.0
    sweep_hours: Amount = 0.5
    model_stores: dict[str, Amount] = Field(default_factory=lambda: {"county": 1.0, "prefecture": 2.0})
    store_hours: Amount = 78.0
    supervisor_days: tuple[Amount, Amount] = (20.0, 6.0)
    people_per_manager: Annotated[float, Field(gt=0)] = 8.0

    @property
    def class_contacts(self) -> tuple[float, ...]:
        """Contacts a year of one prospect of each class: weeks it stays / weeks between contacts."""
        pairs = zip(self.class_every_weeks, self.class_stay_weeks, strict=True)
        return tuple(yearly_contacts(every, reading="flow", stay_weeks=stay) for every, stay in pairs)


class Assumptions(Strict):
    """What a plan takes for granted about markets, programmes, staff and money.

    Parameters
    ----------
    programmes : tuple of Programme
        The ways to work a unit (打法) that a plan may choose from.
    response : Response
        How shares, ranks and margins answer.
    rungs : tuple of Rung
        The ladder. The default rungs are the levels of China's tree, those that a tree has not are left out:
        for another country or a company's own hierarchy give rungs of its levels.
    staffing : Staffing
        Workload of the sales force.
    spill, spill_cap : float
        Each strong neighbour saves this share of the first year's entry and effort, up to the cap.
    discount : float
        Yearly discount rate.
    terminal_years : float
        Value at the end = this many times the last period's running profit.
    spread : float
        How unlike markets are in what the same effort does there, beyond what is known: the standard
        deviation of the logarithm of a unit's responsiveness, whose mean is 1 (folklore). Nobody knows it
        before entering; a plan counts with what is to be expected. 0: every market answers as computed.
    common : float
        Part of that variance which the units of a province share.
    luck : float
        How far one year's share may mislead about a unit's responsiveness: standard deviation of the
        logarithm of the reading's error; over more years it averages out (folklore).
    leaving_cost, salvage : float
        What it costs to leave a unit, and what comes back, as parts of the entry cost paid there (folklore).
    reach_chance : float
        A unit counts as strong in a plan - for its neighbours, the ladder, contiguity - from this chance on.

    Examples
    --------
    >>> Assumptions(spill=0.0).replace(discount=0.08).discount
    0.08
    """

    programmes: Annotated[tuple[Programme, ...], Field(min_length=1)] = (SCOUT, CONCENTRATED)
    response: Response = Response()
    rungs: tuple[Rung, ...] = RUNGS
    staffing: Staffing = Staffing()
    spill: Amount = 0.05
    spill_cap: Share = 0.15
    discount: Annotated[float, Field(ge=0, lt=1)] = 0.10
    terminal_years: Amount = 3.0
    spread: Annotated[float, Field(ge=0, le=2)] = 0.45
    common: Share = 0.3
    luck: Annotated[float, Field(ge=0, le=2)] = 0.25
    leaving_cost: Amount = 0.3
    salvage: Share = 0.1
    reach_chance: Annotated[float, Field(gt=0, lt=1)] = 0.5

    @classmethod
    def easy(cls, **changes) -> Assumptions:
        """The old world: markets that do not resist and answer as computed (see `Response.easy`)."""
        plain = {"response": Response.easy(), "spread": 0.0, "programmes": (LIGHT, EASY_CONCENTRATED)}
        return cls(**{**plain, **changes})

    @model_validator(mode="after")
    def _named_once(self):
        if len({p.name for p in self.programmes}) != len(self.programmes):
            raise ValueError("programmes（打法）的名称不能重复")
        return self

    def replace(self, **changes) -> Assumptions:
        """A checked copy with some fields changed."""
        return type(self)(**{**{name: getattr(self, name) for name in type(self).model_fields}, **changes})
