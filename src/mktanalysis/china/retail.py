"""Retail of every city and county as of a year: published, carried to today, or estimated and saying so.

Always holds: published figures stand; cities without retail are estimated and together make up what the
published national total leaves; the counties of a city share out its figure exactly; retail by county is an
estimate always (there is none published) and has an interval.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ..datasets import load_regions, load_table
from ..datasets.own import cached
from ..errors import MktError
from .allocation import YEAR, Ridge, county_gdp, county_table, share_drift
from .panels import load_panel
from .today.bridge import bridge_panel
from .today.years import carried_year, newest_year

#: A retail figure this many years old still stands for a city.
MAX_AGE = 5
COVERAGE = 0.8
#: A province's own deviation counts as if so many more of its cities lay at the nation's.
_PRIOR_CITIES = 2.0
#: What is estimated is put on the national total's remainder if that is within these factors; farther off,
#: the total of that year is on another base (before 2012).
_FACTORS = (0.5, 2.0)
#: The response is a plain regression: a penalty would weaken the weaker response further.
_NO_PENALTY = 1e-6


def city_retail(year: int | None = None) -> pd.DataFrame:
    """Retail of every prefecture-level unit of a year (各市社零，含补到今天与推算).

    Parameters
    ----------
    year : int, optional
        Default that to which figures are carried, see :func:`carried_year`; up to the last published year
        the last published figures.

    Returns
    -------
    DataFrame
        Index region; retail (yuan), lower, upper (four in five), year (that of the figure), status:
        observed, nowcast, or imputed (never published: estimated from GDP, people and their province's
        ways, scaled to what the national total leaves).

    Examples
    --------
    >>> found = city_retail(2023)
    >>> found.loc["320100", "status"], found.loc["532900", "status"]   # 南京, 大理
    ('observed', 'imputed')
    """
    return _city_retail(carried_year() if year is None else int(year)).copy()


@cached
def _city_retail(year: int) -> pd.DataFrame:
    tree = load_regions()
    table = _known(year).reindex(tree.level("prefecture"))
    rule = _imputed()
    missing = table["retail"].isna()
    guess = rule["retail"].reindex(table.index)[missing]
    total = _left(year, table["retail"].sum())
    factor = total / guess.sum() if total > 0 else np.nan
    if not _FACTORS[0] <= factor <= _FACTORS[1]:
        # no total to obey: as retail of the others has grown since the year of the estimate
        both = table.index[~missing]
        base = rule["retail"].reindex(both).where(~rule["imputed"].reindex(both)).dropna()
        factor = table.loc[base.index, "retail"].sum() / base.sum()
    value = guess * factor
    width = ndtri((1 + COVERAGE) / 2) * rule["error"].reindex(value.index)
    table.loc[missing, "retail"] = value
    table.loc[missing, "lower"] = value * np.exp(-width)
    table.loc[missing, "upper"] = value * np.exp(width)
    table.loc[missing, "status"] = "imputed"
    table.loc[missing, "year"] = year
    return table


@cached
def _known(year: int) -> pd.DataFrame:
    """Published or carried figures up to a year: retail, lower, upper, year, status."""
    panel = load_panel("retail_sales")
    panel = panel.assign(year=panel["period"].dt.year)
    first, last = int(panel["year"].min()), newest_year()
    if year > last:
        carried = bridge_panel(coverage=COVERAGE).panel
        carried = carried.assign(year=carried["period"].dt.year)
        if year > carried["year"].max():
            raise MktError(
                f"社零只补到 {carried['year'].max()} 年，没有 {year} 年；以后的年份请用 forecast 预测"
            )
        # carried, but long unpublished: estimated with those that never were
        recent = panel.loc[panel["year"] > last - MAX_AGE, "region"]
        rows = carried[(carried["year"] == year) & carried["region"].isin(recent)]
        rows = pd.concat([rows, _own_alone(panel, carried, year, last)])
    else:
        if year < first:
            raise MktError(f"城市社零从 {first} 年开始，没有 {year} 年")
        rows = panel[(panel["year"] <= year) & (panel["year"] > year - MAX_AGE)].sort_values("year")
        rows = rows.drop_duplicates("region", keep="last")
        rows = rows.assign(lower=rows["value"], upper=rows["value"], status="observed")
    table = rows.set_index("region").rename(columns={"value": "retail"})
    return table[["retail", "lower", "upper", "year", "status"]].astype({"year": "Int64"})


def _own_alone(panel: pd.DataFrame, carried: pd.DataFrame, year: int, last: int) -> pd.DataFrame:
    """Cities that only own newer figures know: moved on with all others from the year of the figure."""
    own = panel[(panel["year"] > last) & (panel["year"] <= year) & ~panel["region"].isin(carried["region"])]
    own = own.sort_values("year").drop_duplicates("region", keep="last")
    total = carried.groupby("year")["value"].sum()
    value = own["value"] * total.get(year) / own["year"].map(total)
    status = np.where(own["year"] == year, "observed", "nowcast")
    return own.assign(value=value, lower=value, upper=value, year=year, status=status)


def _left(year: int, known: float) -> float:
    """What the nation's total leaves to the cities without a figure."""
    months = load_table("national_retail_monthly")
    full = months[months["period"].dt.month == 12]
    total = full.set_index(full["period"].dt.year)["ytd_value"]
    last = newest_year()
    if year <= last:
        return float(total.get(year, np.nan)) - known
    # carried figures are on the base of the last published year: what was left then grows as the rest
    then = _known(last)["retail"].sum()
    return (float(total[last]) - then) * known / then


@cached
def _cities() -> pd.DataFrame:
    """City figures of 2020, where counties are the only source summed up from them; never changed."""
    counties = county_table()
    gdp = county_gdp()["gdp"]
    group = counties["city"]
    people = counties["resident_population"]
    urban = (counties["urban_rate"] * people).groupby(group).sum(min_count=1)
    table = pd.DataFrame({"people": people.groupby(group).sum(min_count=1), "gdp": gdp.groupby(group).sum()})
    table["urban"] = urban / table["people"]
    table["province"] = counties.groupby("city")["province"].first()
    panel = load_panel("retail_sales")
    own = panel[panel["period"].dt.year == YEAR].set_index("region")["value"]
    return table.assign(retail=own.reindex(table.index))


def _figures(cities: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "gdp_head": np.log(cities["gdp"] / cities["people"]),
            "urban": cities["urban"],
            "people": np.log(cities["people"]),
        }
    )


def _with_province(rule: Ridge, known: pd.DataFrame, asked: pd.DataFrame) -> pd.Series:
    """Log retail per head by the rule and the cities of the same province."""
    miss = np.log(known["retail"] / known["people"]) - rule.predict(_figures(known))
    groups = miss.groupby(known["province"])
    ways = groups.sum() / (groups.size() + _PRIOR_CITIES)
    return rule.predict(_figures(asked)) + asked["province"].map(ways).fillna(0.0)


@cached
def _imputed() -> pd.DataFrame:
    """Retail of 2020 of every city as its GDP, people and province suggest, where it is not published."""
    cities = _cities()
    known = cities[cities["retail"].notna()]
    rule = Ridge.fit(_figures(known), np.log(known["retail"] / known["people"]), _NO_PENALTY)
    guess = np.exp(_with_province(rule, known, cities)) * cities["people"]
    apart = check_imputed_retail()
    error = np.quantile(np.abs(np.log(apart["learnt"] / apart["retail"])), COVERAGE)
    return pd.DataFrame(
        {
            "retail": cities["retail"].fillna(guess),
            "imputed": cities["retail"].isna(),
            "error": error / ndtri((1 + COVERAGE) / 2),
        }
    )


@cached
def check_imputed_retail() -> pd.DataFrame:
    """Leave each city's retail of 2020 out and estimate it (逐市留一检验).

    Returns
    -------
    DataFrame
        Index region; retail (published), learnt (as cities without a figure are estimated), median (the
        province's median per head, the plain rule). Shared, so never changed.
    """
    cities = _cities()
    known = cities[cities["retail"].notna()]
    head = known["retail"] / known["people"]
    learnt = {}
    median = {}
    for code in known.index:
        others = known.drop(code)
        rule = Ridge.fit(_figures(others), np.log(others["retail"] / others["people"]), _NO_PENALTY)
        one = known.loc[[code]]
        learnt[code] = np.exp(_with_province(rule, others, one)).item() * one["people"].item()
        same = head[others.index][others["province"] == one["province"].item()]
        usual = same.median() if len(same) else head[others.index].median()
        median[code] = usual * one["people"].item()
    return known[["retail"]].assign(learnt=pd.Series(learnt), median=pd.Series(median))


@cached
def _response() -> tuple[float, float]:
    """How retail per head answers GDP per head inside a province (elasticity), and the log error left."""
    cities = _cities()
    known = cities[cities["retail"].notna()]
    frame = pd.DataFrame(
        {
            "retail": np.log(known["retail"] / known["people"]),
            "gdp": np.log(known["gdp"] / known["people"]),
            "urban": known["urban"],
        }
    )
    inside = frame - frame.groupby(known["province"]).transform("mean")
    design = inside[["gdp", "urban"]].to_numpy()
    weights, *_ = np.linalg.lstsq(design, inside["retail"].to_numpy(), rcond=None)
    miss = np.abs(inside["retail"].to_numpy() - design @ weights)
    error = float(np.quantile(miss, COVERAGE) / ndtri((1 + COVERAGE) / 2))
    return float(weights[0]), error


def county_retail(year: int | None = None) -> pd.DataFrame:
    """Retail of every county as a share of its city's: an estimate, with its interval (县域社零，估计值).

    A county's share is by people and GDP per head to the power with which retail answers GDP among the
    cities of a province (about 0.6). The GDP is the county's own of 2020 where it is published.

    Parameters
    ----------
    year : int, optional
        As :func:`city_retail`.

    Returns
    -------
    DataFrame
        Index region; retail, lower, upper, year, population (census 2020), status: allocated, or
        imputed where the city's figure is.

    Examples
    --------
    >>> counties = county_retail(2023)
    >>> city = city_retail(2023)["retail"]
    >>> inside = counties.index.str[:4] == "3205"
    >>> round(float(counties.loc[inside, "retail"].sum() / city["320500"]), 9)
    1.0
    """
    return _county_retail(carried_year() if year is None else int(year)).copy()


@cached
def _county_retail(year: int) -> pd.DataFrame:
    counties = county_table()
    share, error = county_shares()
    city = city_retail(year).reindex(counties["city"].to_numpy()).set_axis(counties.index)
    value = share * city["retail"]
    z = ndtri((1 + COVERAGE) / 2)
    above = np.log(city["upper"] / city["retail"]) / z
    drift = power_of_output() * share_drift(year - YEAR) * (1 - share)
    width = z * np.sqrt(error**2 + drift**2 + above**2)
    return pd.DataFrame(
        {
            "retail": value,
            "lower": value * np.exp(-width),
            "upper": np.minimum(value * np.exp(width), city["upper"]),
            "year": city["year"],
            "population": counties["resident_population"],
            "status": np.where(city["status"] == "imputed", "imputed", "allocated"),
        }
    )


def power_of_output() -> float:
    """How retail per head answers GDP per head among the cities of a province (elasticity, about 0.6)."""
    return _response()[0]


@cached
def county_shares() -> tuple[pd.Series, pd.Series]:
    """Shares of the counties in their city's retail, and the standard deviation of their logs; shared."""
    counties = county_table()
    gdp = county_gdp()
    power, spread = _response()
    people = counties["resident_population"].fillna(0.0)
    head = (gdp["gdp"] / people.where(people > 0)).fillna(1.0)
    key = people * head**power
    whole = key.groupby(counties["city"]).transform("sum")
    share = (key / whole.where(whole > 0)).fillna(0.0)
    # the only county of a city has all of it, a large one most: its error is bounded by what others have
    error = np.hypot(power * gdp["error"].fillna(0.0), spread) * (1 - share)
    return share, error
