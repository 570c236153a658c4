"""What a county is worth: its own published GDP, else a share of the city's that is learnt from its figures.

Always holds: the counties of a city share out its GDP exactly; where a county's own GDP is published it
stands; every other one says so (``allocated``, or ``imputed`` where the city has none) and has an error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..datasets import load_regions, load_table
from ..datasets.own import cached
from .today.years import newest_year

#: Year of the census and of the county yearbook.
YEAR = 2020
#: Ridge penalty on standardised figures: any value from 1 to 30 gives errors of 15.2 to 15.6 %.
PENALTY = 30.0
#: Misses beyond this many robust standard deviations count in proportion, not squared; rounds of it.
_HUBER = 1.345
_ROUNDS = 10
#: A county of which this much is unknown is estimated from the census alone.
_BOOK = ("registered_population", "fiscal_revenue", "fiscal_expenditure", "household_deposits", "loans",
         "n_primary_pupils", "n_secondary_pupils", "n_industrial_enterprises", "area")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Ridge:
    """A linear rule on standardised figures; a missing figure counts as the mean."""

    mean: pd.Series
    spread: pd.Series
    weights: np.ndarray
    error: float

    @classmethod
    def fit(cls, figures: pd.DataFrame, target: pd.Series, penalty: float = PENALTY) -> Ridge:
        """Fit with a penalty on all weights but the constant, far misses counting less (Huber)."""
        mean = figures.mean()
        spread = figures.std().replace(0.0, 1.0)
        design = _design(figures, mean, spread)
        ridge = penalty * np.diag([0.0] + [1.0] * figures.shape[1])
        trust = np.ones(len(design))
        for _ in range(_ROUNDS):
            normal = design.T @ (trust[:, None] * design) + ridge
            weights = np.linalg.solve(normal, design.T @ (trust * target.to_numpy()))
            miss = target.to_numpy() - design @ weights
            usual = 1.4826 * np.median(np.abs(miss))
            trust = np.minimum(1.0, _HUBER * usual / np.maximum(np.abs(miss), 1e-12))
        # half of the counties err by less than this many robust standard deviations times 0.67
        return cls(mean, spread, weights, float(1.4826 * np.median(np.abs(miss))))

    def predict(self, figures: pd.DataFrame) -> pd.Series:
        """Predicted target, index as `figures`."""
        return pd.Series(_design(figures, self.mean, self.spread) @ self.weights, figures.index)


def _design(figures, mean, spread) -> np.ndarray:
    standard = ((figures[mean.index] - mean) / spread).fillna(0.0).to_numpy()
    return np.column_stack([np.ones(len(standard)), standard])


@cached
def county_table() -> pd.DataFrame:
    """County figures of 2020 in wide form with city, province, the city's GDP and people; never changed."""
    tree = load_regions()
    long = load_table("county_indicators")
    long = long[long["period"].dt.year == YEAR]
    wide = long.pivot(index="region", columns="indicator", values="value").reindex(tree.level("county"))
    own = long[(long["indicator"] == "gdp") & (long["status"] == "observed")].set_index("region")["value"]
    city = tree.parents("prefecture", wide.index).to_numpy()
    cities = load_table("city_indicators")
    at = (cities["indicator"] == "gdp") & (cities["period"].dt.year == YEAR)
    gdp = cities[at & (cities["status"] == "observed")].set_index("region")["value"]
    table = wide.assign(gdp=own.reindex(wide.index), city=city)
    table["province"] = tree.parents("province", wide.index).to_numpy()
    table["city_gdp"] = table["city"].map(gdp)
    table["city_people"] = table.groupby("city")["resident_population"].transform("sum")
    return table


def county_figures(table: pd.DataFrame, *, book: bool = True) -> pd.DataFrame:
    """Figures that tell of a county's GDP per head beside its city's (logs).

    `book`: also those of the county yearbook, else the census alone.
    """
    people = table["resident_population"].where(table["resident_population"] > 0)
    urban = table["urban_rate"] * people
    city_urban = urban.groupby(table["city"]).transform("sum") / people.groupby(table["city"]).transform(
        "sum"
    )
    city_head = np.log(table["city_gdp"] / table["city_people"])
    figures = pd.DataFrame(
        {
            "urban": table["urban_rate"] - city_urban,
            "city_urban": city_urban,
            "size": np.log(people / table["city_people"]),
            "people": np.log(people),
            "city_head": city_head,
        }
    )
    if not book:
        return figures
    # an empty cell of enterprises is a county with hardly any
    table = table.assign(n_industrial_enterprises=table["n_industrial_enterprises"].fillna(0.0) + 1.0)
    for name in _BOOK:
        money = name in ("fiscal_revenue", "fiscal_expenditure", "household_deposits", "loans")
        figures[name] = np.log(table[name] / people) - (city_head if money else 0.0)
    return figures


def _target(table: pd.DataFrame) -> pd.Series:
    """Log of a county's GDP per head over its city's."""
    own = np.log(table["gdp"] / table["resident_population"])
    return own - np.log(table["city_gdp"] / table["city_people"])


@cached
def county_gdp() -> pd.DataFrame:
    """GDP of every county in 2020 (县域生产总值).

    Returns
    -------
    DataFrame
        Index region; gdp (yuan), share (of its city's), error (standard deviation of the log), status:
        observed, allocated (what published counties leave, by learnt shares), imputed (the city has no
        published GDP either). Shared, so never changed.

    Examples
    --------
    >>> found = county_gdp()
    >>> f"{found.loc['320583', 'gdp'] / 1e8:.1f} {found.loc['320583', 'status']}"   # 昆山
    '4276.8 observed'
    """
    table = county_table()
    city_gdp = _city_gdp(table)
    table = table.assign(city_gdp=table["city"].map(city_gdp))
    known = table[table["gdp"].notna() & table["city_gdp"].notna()]
    guess, error = _guessed(table, known.index)
    gdp = table["gdp"].copy()
    free = gdp.isna() & guess.notna()
    left = city_gdp - gdp.groupby(table["city"]).sum().reindex(city_gdp.index).fillna(0.0)
    part = guess[free] / guess[free].groupby(table["city"][free]).transform("sum")
    home = table["city"][free]
    gdp[free] = part * home.map(left.where(left > 0))
    # one city's published counties make more than the city: nothing is left, so the rule's figure stands
    gdp = gdp.fillna(guess)
    alone = part > 1 - 1e-12  # the only county without a figure has exactly what is left
    error = error.where(free, 0.0).mask(alone.reindex(error.index, fill_value=False), 0.0)
    published = table["city"].isin(_published_cities())
    status = np.where(table["gdp"].notna(), "observed", np.where(published, "allocated", "imputed"))
    whole = gdp.groupby(table["city"]).transform("sum")
    return pd.DataFrame({"gdp": gdp, "share": gdp / whole, "error": error, "status": status}, table.index)


def _published_cities() -> pd.Index:
    table = county_table()
    return pd.Index(table.loc[table["city_gdp"].notna(), "city"].unique())


def _city_gdp(table: pd.DataFrame) -> pd.Series:
    """GDP of cities in 2020: published, else the sum of the counties, those without estimated by heads."""
    given = table.groupby("city")["city_gdp"].first()
    groups = table[table["gdp"].notna()].groupby("city")
    sums = groups["gdp"].sum()
    people = groups["resident_population"].sum()
    whole = table.groupby("city")["resident_population"].sum()
    scaled = (sums * whole / people).reindex(given.index)
    # a city without any figure: its province's GDP per head
    province = table.groupby("city")["province"].first()
    filled = given.fillna(scaled)
    heads = filled.groupby(province).sum() / whole.where(filled.notna()).groupby(province).sum()
    return filled.fillna(province.map(heads) * whole)


def _guessed(table: pd.DataFrame, known: pd.Index) -> tuple[pd.Series, pd.Series]:
    """GDP as the learnt rule has it, and the error of its log: with the yearbook where it reaches."""
    target = _target(table).loc[known]
    size = table["resident_population"] * table["city_gdp"] / table["city_people"]
    guess = pd.Series(np.nan, table.index)
    error = pd.Series(np.nan, table.index)
    for book in (False, True):
        figures = county_figures(table, book=book)
        rule = Ridge.fit(figures.loc[known], target)
        rows = table["fiscal_revenue"].notna() if book else table["resident_population"] > 0
        guess[rows] = (np.exp(rule.predict(figures)) * size)[rows]
        error[rows] = rule.error
    return guess, error


def share_drift(years: int) -> float:
    """Standard deviation of the log of a share after so many years: as cities' shares in provinces moved.

    No county has GDP of two years here; cities within their provinces stand in for them. The scatter of the
    changes from 2020 to the newest year grows with the root of time.

    Examples
    --------
    >>> 0.02 < share_drift(3) < 0.08 and share_drift(0) == 0
    True
    """
    return _yearly_drift() * abs(years) ** 0.5


@cached
def _yearly_drift() -> float:
    table = load_table("city_indicators")
    table = table[(table["indicator"] == "gdp") & (table["status"] == "observed")]
    wide = table.assign(year=table["period"].dt.year).pivot(index="region", columns="year", values="value")
    last = newest_year("gdp")
    both = wide[[YEAR, last]].dropna()
    both = both[both.index.isin(load_regions().level("prefecture"))]
    growth = np.log(both[last] / both[YEAR])
    province = load_regions().parents("province", both.index).to_numpy()
    away = growth - growth.groupby(province).transform("median")
    return float(1.4826 * away.abs().median() / max(last - YEAR, 1) ** 0.5)


def check_county_gdp(*, n_splits: int = 10, random_state: int = 0) -> pd.DataFrame:
    """Hold out the counties' own GDP: learnt on half of the provinces, scored on the other half (留出检验).

    Parameters
    ----------
    n_splits : int
        Random halvings of the provinces; each half is scored once.
    random_state : int

    Returns
    -------
    DataFrame
        Index rule (``heads``: city GDP by census population, ``census``, ``yearbook``); median_error (of
        absolute errors over the published figure), beyond_half (share of counties off by more than half).
    """
    table = county_table()
    known = table[table["gdp"].notna() & table["city_gdp"].notna()]
    heads = known["city_gdp"] * known["resident_population"] / known["city_people"]
    provinces = np.array(sorted(known["province"].unique()))
    rng = np.random.default_rng(random_state)
    scores: dict[str, list] = {"heads": [], "census": [], "yearbook": []}
    for _ in range(n_splits):
        half = rng.permutation(provinces)[: len(provinces) // 2]
        first = known["province"].isin(half)
        for learnt in (first, ~first):
            away = (heads / known["gdp"] - 1).abs()[~learnt]
            scores["heads"].append((away.median(), (away > 0.5).mean()))
            for name in ("census", "yearbook"):
                book = name == "yearbook"
                figures = county_figures(table, book=book).loc[known.index]
                rule = Ridge.fit(figures[learnt], _target(known)[learnt])
                put = np.exp(rule.predict(figures[~learnt])) * heads[~learnt]
                away = (put / known["gdp"][~learnt] - 1).abs()
                scores[name].append((away.median(), (away > 0.5).mean()))
    found = pd.DataFrame({name: np.mean(rows, axis=0) for name, rows in scores.items()}).T
    return found.set_axis(["median_error", "beyond_half"], axis=1).rename_axis("rule")
