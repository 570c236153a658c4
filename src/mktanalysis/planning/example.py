"""A made-up company to try a plan on, with a planted truth; every figure of it is invented.

Always holds: the same places and seed give the same company; what is planted is written beside it, so that a
method can be judged by whether it finds it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import MktError

#: What the planted region sells of its tasks, and what the others do.
_LATE = 0.8
_USUAL = 1.05


@dataclass(frozen=True, eq=False)
class Company:
    """A company in some places.

    Attributes
    ----------
    sales : DataFrame
        Yearly sales: region, period, value (yuan); the places' market times a share, 5% noise.
    dealers : DataFrame
        dealer, region, volume (yuan), sales, task (yuan), rank: two a place.
    units : DataFrame
        region, customers, area_km2, radius_km, stores.
    customers : DataFrame
        One salesman's file: person, customer, class (A, B, C), hours, kind.
    intervals : Series
        Weeks between visits by class.
    judgements : DataFrame
        What the managers think that more or fewer salesmen would sell: region, staff, sales.
    late : str
        Planted: the place that will miss its task.
    blank : str
        Planted: the place without a dealer.
    low_dealer : str
        Planted: the dealer in the first place whose class is too low for it.
    """

    sales: pd.DataFrame
    dealers: pd.DataFrame
    units: pd.DataFrame
    customers: pd.DataFrame
    intervals: pd.Series
    judgements: pd.DataFrame
    late: str
    blank: str
    low_dealer: str

    def months_sold(self, months: pd.DataFrame, count: int, *, random_state: int = 0) -> pd.DataFrame:
        """Draw the first `count` months' sales from a month table.

        They lie 5% above the tasks with 4% noise; the planted region's 20% below.

        Parameters
        ----------
        months : DataFrame
            region, period, value: the tasks.
        count : int
        random_state : int

        Returns
        -------
        DataFrame
            Columns region, period, value, yuan.
        """
        rng = np.random.default_rng(random_state)
        first = sorted(months["period"].unique())[:count]
        done = months[months["period"].isin(first)].sort_values(["region", "period"], ignore_index=True)
        rate = np.where(done["region"] == self.late, _LATE, _USUAL)
        return done.assign(value=(done["value"] * rate * rng.normal(1, 0.04, len(done))).round())


def example_company(market: pd.DataFrame, *, share: float = 2e-5, random_state: int = 0) -> Company:
    """Make up a company that sells in the places of a market (虚构公司，只供试用).

    Parameters
    ----------
    market : DataFrame
        region, period (yearly), value: the market's size, yuan; at least four places, every year.
    share : float
        The company's share of it, on average.
    random_state : int

    Returns
    -------
    Company

    Examples
    --------
    >>> years = pd.PeriodIndex(["2023", "2024"] * 4, freq="Y")
    >>> market = pd.DataFrame({"region": np.repeat(list("abcd"), 2), "period": years, "value": 1e10})
    >>> company = example_company(market)
    >>> company.late, company.blank, company.low_dealer
    ('c', 'd', 'a 乙')
    """
    rng = np.random.default_rng(random_state)
    wide = market.pivot(index="region", columns="period", values="value").sort_index()
    if len(wide) < 4 or wide.isna().any(axis=None):
        raise MktError("虚构公司至少需要四个地区，每年都有数")
    order = wide.iloc[:, -1].sort_values(ascending=False, kind="stable").index
    own = share * np.exp(rng.normal(0, 0.3, len(wide)))[:, None] * np.exp(rng.normal(0, 0.05, wide.shape))
    sold = (wide * own).round()
    sales = sold.stack().rename("value").reset_index()
    last = sold.iloc[:, -1]
    return Company(
        sales=sales,
        dealers=_dealers(last, order, rng),
        units=_units(last, rng),
        customers=_customers(rng),
        intervals=pd.Series({"A": 1, "B": 4, "C": 13}),
        judgements=_judgements(last),
        late=order[2],
        blank=order[-1],
        low_dealer=f"{order[0]} 乙",
    )


def _dealers(last: pd.Series, order: pd.Index, rng) -> pd.DataFrame:
    """Two a place, none in the smallest; the second one of the largest place sells next to nothing."""
    rows = []
    for region in order[:-1]:
        for name, part in (("甲", 0.6), ("乙", 0.4)):
            volume = last[region] * part * rng.uniform(0.9, 1.1)
            if region == order[0] and name == "乙":
                volume = 1e5
            rows.append({"dealer": f"{region} {name}", "region": region, "volume": round(volume)})
    table = pd.DataFrame(rows)
    task = (table["volume"] * rng.uniform(0.85, 1.05, len(table)) / 1e4).round() * 1e4
    return table.assign(sales=table["volume"].astype(float), task=task, rank="first")


def _units(last: pd.Series, rng) -> pd.DataFrame:
    customers = np.maximum((last / 2e4).round(), 30)
    return pd.DataFrame(
        {
            "region": last.index,
            "customers": customers.to_numpy(),
            "area_km2": rng.uniform(4000, 12000, len(last)).round(),
            "radius_km": rng.uniform(10, 60, len(last)).round(),
            "stores": 2.0,
        }
    )


def _customers(rng) -> pd.DataFrame:
    kinds = ["dealer"] * 2 + ["partner"] * 2 + ["model_store"] * 2 + ["customer"] * 54
    classes = ["A"] * 4 + ["B"] * 2 + list(rng.choice(["A", "B", "C"], 54, p=[0.05, 0.45, 0.5]))
    return pd.DataFrame(
        {
            "person": "张三",
            "customer": [f"客户{i:02d}" for i in range(1, 61)],
            "class": classes,
            "hours": rng.choice([1.5, 2.0, 2.5], 60),
            "kind": kinds,
        }
    )


def _judgements(last: pd.Series) -> pd.DataFrame:
    """Nobody: 40% of today's sales; half as many again: 20% more; as many as one likes: half as much more."""
    now = np.maximum((last / 4e6).round(), 1.0)
    parts = [(0 * now, 0.4), (now, 1.0), (1.5 * now, 1.2), (now + np.inf, 1.5)]
    frames = [
        pd.DataFrame({"region": last.index, "staff": staff.to_numpy(), "sales": (last * part).to_numpy()})
        for staff, part in parts
    ]
    return pd.concat(frames).sort_values(["region", "staff"], ignore_index=True)
