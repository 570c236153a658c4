"""A made-up company in real or made-up regions, with a planted truth; every figure of it is invented.

Always holds: figures of the counties add up to those of their city; what is planted stands in `truth`, growth
and season, and can be found again; the same `random_state` gives the same company.

The planted truth: sales of a county are a level of its own, times growth of its city (2-14% a year, or the
market's own path where one is given), times one season for all (peak before Spring Festival and in autumn),
times 3% noise. In the running year every city sells 5% more than its task, the third largest 20% less. Every
city has two first-level dealers, the smallest has none; the second dealer of the largest city sells next to
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import MktError
from ..regions import RegionTree
from .company_people import customer_counts, dealer_list, judgements, salesman_list, staff_list, work_units

#: Planted season of the months, mean 1.
SEASON = np.array([1.18, 0.92, 0.94, 0.93, 0.98, 0.97, 0.92, 0.95, 1.04, 1.07, 1.03, 1.07])
_NOISE = 0.03
#: What the planted region sells of its tasks, what the others do, and how far months scatter.
_LATE = 0.8
_USUAL = 1.05
_SCATTER = 0.04
#: The company asks of every city this much more than the market's growth.
_STRETCH = 0.02
_FEWEST = 4


@dataclass(frozen=True)
class Truth:
    """What is planted in a made-up company: codes of two cities and a dealer's name."""

    late: str
    blank: str
    low_dealer: str


@dataclass(frozen=True, eq=False)
class Company:
    """A made-up company.

    Attributes
    ----------
    sales : DataFrame
        region (county), period (month), value (yuan): full years, then the running year's first months.
    targets : DataFrame
        region (city), period (the running year), value (yuan).
    dealers : DataFrame
        region (city), name, class, rank, opened (month), volume (last year, yuan), task (yuan).
    thresholds : Series
        Index class, the least volume of a dealer, yuan.
    framework : DataFrame
        Index tier, columns class: the name of the framework, missing where the tier does not admit the class.
    customers : DataFrame
        region (county), class, value (count).
    units : DataFrame
        region (city), customers, area_km2, radius_km, stores: what the work of the field depends on.
    staff : DataFrame
        person, region (city): who works where today.
    visits : DataFrame
        One salesman's file: person, customer, class, hours, kind.
    intervals : Series
        Weeks between visits by class.
    judgements : DataFrame
        What managers think that more or fewer salesmen would sell: region, staff, sales.
    growth : Series
        Planted growth a year of each city, index region.
    season : Series
        Planted season, index month 1-12, mean 1.
    truth : Truth
    """

    sales: pd.DataFrame
    targets: pd.DataFrame
    dealers: pd.DataFrame
    thresholds: pd.Series
    framework: pd.DataFrame
    customers: pd.DataFrame
    units: pd.DataFrame
    staff: pd.DataFrame
    visits: pd.DataFrame
    intervals: pd.Series
    judgements: pd.DataFrame
    growth: pd.Series
    season: pd.Series
    truth: Truth

    def yearly(self, tree: RegionTree) -> pd.DataFrame:
        """Sales of the full years by city: region, period (year), value."""
        running = int(self.targets["period"].iloc[0].year)
        past = self.sales[self.sales["period"].dt.year < running]
        home = tree.parents("prefecture", past["region"].unique())
        city = past["region"].map(home.set_axis(past["region"].unique()))
        year = past["period"].dt.asfreq("Y")
        return past.assign(region=city, period=year).groupby(["region", "period"], as_index=False).sum()

    def months_sold(self, months: pd.DataFrame, count: int, *, random_state: int = 0) -> pd.DataFrame:
        """Draw the first `count` months' sales from a month table of tasks.

        They lie 5% above the tasks with 4% noise; the planted city's 20% below.

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
        rate = np.where(done["region"] == self.truth.late, _LATE, _USUAL)
        return done.assign(value=(done["value"] * rate * rng.normal(1, _SCATTER, len(done))).round())


def make_company(
    tree: RegionTree,
    *,
    within: str,
    first_year: int = 2023,
    n_years: int = 3,
    months_done: int = 8,
    market: pd.DataFrame | None = None,
    share: float = 2e-5,
    random_state: int | np.random.Generator | None = None,
) -> Company:
    """Return a made-up company that sells in all counties of one region (虚构公司，只供试用).

    Parameters
    ----------
    tree : RegionTree
        With levels prefecture and county.
    within : str
        Code of the region in which it sells; at least four prefectures.
    first_year, n_years : int
        Full years of its history; the year after them is the running one.
    months_done : int
        Months of the running year that are in, 0-12.
    market : DataFrame, optional
        region (prefecture), period (yearly), value: the market's size, yuan, every year. The company then
        sells in these places, in these years, about `share` of it.
    share : float
        The company's share of the market, on average.
    random_state : int or Generator, optional

    Returns
    -------
    Company

    Examples
    --------
    >>> from mktanalysis.synthetic import make_market
    >>> tree = make_market(random_state=0).tree
    >>> company = make_company(tree, within=tree.root, random_state=0)
    >>> len(company.sales) == len(tree.level("county")) * (36 + 8), round(float(company.season.mean()), 6)
    (True, 1.0)
    """
    if not {"prefecture", "county"} <= set(tree.levels) or n_years < 1 or not 0 <= months_done <= 12:
        raise MktError("需要有 prefecture 和 county 两级的地区树、至少一年、今年 0—12 个月")
    rng = np.random.default_rng(random_state)
    home = _home(tree, within, market)
    cities = pd.Index(home.unique(), name="region")
    season = pd.Series(SEASON / SEASON.mean(), range(1, 13), name="season")
    if market is None:
        growth = pd.Series(rng.uniform(0.02, 0.14, len(cities)).round(3), cities, name="growth")
        past = _own_path(home, growth, season, (first_year, n_years), rng)
    else:
        wide = _wide(market, cities)
        growth = ((wide.iloc[:, -1] / wide.iloc[:, 0]) ** (1 / max(wide.shape[1] - 1, 1)) - 1).rename(
            "growth"
        )
        past = _market_path(home, wide * share, season, rng)
    return _with_the_rest(past, home, growth, season, months_done, rng)


def _home(tree: RegionTree, within: str, market: pd.DataFrame | None) -> pd.Series:
    """County -> its city, in the region and, where there is one, in the market."""
    counties = tree.subtree(within).level("county")
    home = tree.parents("prefecture", counties)
    if market is not None:
        home = home[home.isin(market["region"])]
    if home.nunique() < _FEWEST:
        raise MktError(f"虚构公司至少需要 {_FEWEST} 个市，现有 {home.nunique()} 个")
    return home


def _wide(market: pd.DataFrame, cities: pd.Index) -> pd.DataFrame:
    wide = market.pivot(index="region", columns="period", values="value").reindex(cities)
    if wide.isna().any(axis=None):
        raise MktError("市场规模应每个市、每一年都有数")
    return wide


def _own_path(home: pd.Series, growth: pd.Series, season: pd.Series, years: tuple, rng) -> pd.DataFrame:
    """Counties x months, yuan: own levels, steady growth of their city."""
    first_year, n_years = years
    months = pd.period_range(f"{first_year}-01", periods=12 * n_years, freq="M", name="period")
    level = np.exp(rng.normal(np.log(4e5), 0.8, len(home)))  # (counties,)
    rate = growth.reindex(home).to_numpy()
    trend = (1 + rate)[:, None] ** (np.arange(len(months)) / 12)  # (counties, months)
    return _noisy(level[:, None] * trend, home.index, months, season, rng)


def _market_path(home: pd.Series, mine: pd.DataFrame, season: pd.Series, rng) -> pd.DataFrame:
    """Counties x months, yuan: a share of the market of their city's year, the counties' weights fixed."""
    taste = np.exp(rng.normal(0, 0.3, len(mine)))[:, None]
    sold = mine * taste * np.exp(rng.normal(0, 0.05, mine.shape))
    weight = pd.Series(np.exp(rng.normal(0, 0.8, len(home))), home.index)
    weight = weight / weight.groupby(home).transform("sum")
    years = mine.columns
    months = pd.period_range(f"{years[0]}-01", periods=12 * len(years), freq="M", name="period")
    monthly = np.repeat(sold.reindex(home).to_numpy() / 12, 12, axis=1)  # (counties, months)
    return _noisy(weight.to_numpy()[:, None] * monthly, home.index, months, season, rng)


def _noisy(level: np.ndarray, counties, months, season: pd.Series, rng) -> pd.DataFrame:
    noise = np.exp(rng.normal(0, _NOISE, level.shape))
    value = level * season.reindex(months.month).to_numpy() * noise
    return pd.DataFrame(value.round(-1), pd.Index(counties, name="region"), months)


def _with_the_rest(past: pd.DataFrame, home, growth, season, months_done: int, rng) -> Company:
    """Tasks, the running year, dealers and people from the history."""
    year = int(past.columns[-1].year)
    county_last = past.loc[:, past.columns.year == year].sum(axis=1)
    last = county_last.groupby(home).sum().rename_axis("region")
    order = last.sort_values(ascending=False, kind="stable").index
    task = (last * (1 + growth.reindex(last.index) + _STRETCH)).round(-4)
    running = pd.Period(str(year + 1), freq="Y")
    targets = pd.DataFrame({"region": task.index, "period": running, "value": task.to_numpy()})
    now = _running(county_last, home, task, season, (year + 1, months_done), order[2], rng)
    dealers, thresholds, framework = dealer_list(last, order, year, rng)
    customers = customer_counts(home.index, rng)
    low = dealers.loc[dealers["region"] == order[0], "name"].iloc[-1]
    visits, intervals = salesman_list(rng)
    return Company(
        sales=pd.concat([past, now], axis=1).stack().rename("value").reset_index(),
        targets=targets,
        dealers=dealers,
        thresholds=thresholds,
        framework=framework,
        customers=customers,
        units=work_units(customers, home, rng),
        staff=staff_list(last),
        visits=visits,
        intervals=intervals,
        judgements=judgements(last),
        growth=growth,
        season=season,
        truth=Truth(late=order[2], blank=order[-1], low_dealer=low),
    )


def _running(county_last, home, task, season, when: tuple, late: str, rng) -> pd.DataFrame:
    """The running year's months: near the tasks, the planted city's well below."""
    year, count = when
    months = pd.period_range(f"{year}-01", periods=12, freq="M", name="period")[:count]
    rate = pd.Series(_USUAL, task.index)
    rate[late] = _LATE
    scatter = rng.normal(1, _SCATTER, (len(task), count))
    monthly = (task * rate).to_numpy()[:, None] / 12 * season.reindex(months.month).to_numpy() * scatter
    by_city = pd.DataFrame(monthly, task.index, months)
    weight = county_last / county_last.groupby(home).transform("sum")
    value = by_city.reindex(home).to_numpy() * weight.to_numpy()[:, None]
    return pd.DataFrame(value.round(-1), county_last.index, months)
