"""City and province figures in base units, one row a region, year and indicator.

Always holds: a cell that was interpolated upstream is missing with status ``interpolated``; a cell that
fails a plausibility test is left out and listed in ``rejected_cells``; published figures are never altered.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .census import indicator_rows
from .divisions import county_parent
from .interpolated import filled_cells
from .sources import DECISIONS, Sources, city_code

FIRST_YEAR = 2000
YEARBOOK, PANEL = "yearbook 2019-2024", "yearbook panel 1990-2023"
IMPLIED = "GDP divided by GDP per head"
#: indicator: (yearbook column, panel column, factor to base unit, unit)
CITY = {
    "gdp": ("gdp", "gdp_yi", 1e8, "yuan"),
    "gdp_per_capita": ("gdp_pc", "gdp_pc_yuan", 1, "yuan"),
    "retail_sales": ("retail", "retail_yi", 1e8, "yuan"),
    "registered_population": ("hukou_pop", "pop_hukou_wan", 1e4, "person"),
    "resident_population": ("resident_pop", None, 1e4, "person"),
    "urban_rate": ("urban_rate", None, 0.01, "share"),
    "average_wage": ("avg_wage", None, 1, "yuan"),
    "bank_deposits": (None, "bank_deposits", 1e4, "yuan"),
    "fiscal_revenue": (None, "fiscal_revenue", 1e4, "yuan"),
    "mobile_users": (None, "mobile_users", 1e4, "account"),
}
#: Yearbook cells that were checked against other tables and are misprints; the panel's figure stands instead.
MISPRINTS = {("150800", 2018, "retail_sales"), ("450900", 2018, "retail_sales")}
#: Jumps of fiscal revenue that are real: the epidemic (宜昌 2020), tax refunds and the coal boom of 2022.
GENUINE = {("420500", 2020, "fiscal_revenue")} | {
    (code, 2022, "fiscal_revenue") for code in ("220300", "540100", "540500", "610800", "630200")
}
#: Of the 36 large cities these are on one, revised, base in all years of the table; not that of the yearbook.
ONE_BASE = ("110100", "120100", "310100", "500100")
#: Bounds of a plausible yearly figure of a city.
BOUNDS = {
    "average_wage": (20_000, 260_000),
    "urban_rate": (0.1, 1.0),
    "registered_population": (10_000, 4e7),
    "resident_population": (10_000, 4e7),
}
KEY = ["region", "period", "indicator"]
COLUMNS = [*KEY, "value", "unit", "status", "source"]


def city_figures(sources: Sources) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Yearly figures of cities, and the cells that were left out with the reason."""
    cells = pd.concat([_yearbook(sources), _panel(sources)]).drop_duplicates(KEY)
    cells = cells[cells["year"] >= FIRST_YEAR]
    bad = pd.concat([_beyond_bounds(cells), _misfiled(cells), _spikes(cells)])
    bad = bad.drop_duplicates(KEY)[[*KEY, "value", "reason"]]  # misfiled cells may be empty
    kept = cells.merge(bad[KEY], how="left", on=KEY, indicator=True)
    kept = kept[kept["_merge"] == "left_only"]
    misprints = _yearbook(sources, misprints=True)
    reason = "yearbook misprint, the panel's figure is used"
    rejected = pd.concat([bad, misprints.assign(reason=reason)[[*KEY, "value", "reason"]]])
    return kept[COLUMNS], rejected.dropna(subset="value")


def _yearbook(sources: Sources, *, misprints: bool = False) -> pd.DataFrame:
    parts = [
        _cells(sources.yearbook, indicator, column, factor, unit, YEARBOOK)
        for indicator, (column, _, factor, unit) in CITY.items()
        if column is not None
    ]
    table = pd.concat(parts).dropna(subset="value")
    wrong = pd.Series(
        [cell in MISPRINTS for cell in zip(table["region"], table["year"], table["indicator"], strict=True)]
    )
    return table[wrong.to_numpy() == misprints]


def _panel(sources: Sources) -> pd.DataFrame:
    parts = []
    for indicator, (_, column, factor, unit) in CITY.items():
        if column is None:
            continue
        part = _cells(sources.panel, indicator, column, factor, unit, PANEL)
        filled = filled_cells(sources.panel, column)
        part = part.assign(
            value=part["value"].mask(filled), status=np.where(filled, "interpolated", "observed")
        )
        parts.append(part[part["value"].notna() | filled])
    return pd.concat(parts)


def _cells(frame, indicator, column, factor, unit, source) -> pd.DataFrame:
    value = (frame[column].astype(float) * factor).round(4 if unit == "share" else 0)
    return pd.DataFrame(
        {
            "region": city_code(frame["adcode"]),
            "period": frame["year"].astype("str"),
            "indicator": indicator,
            "value": value,
            "unit": unit,
            "status": "observed",
            "source": source,
            "year": frame["year"],
        }
    )


def _beyond_bounds(cells: pd.DataFrame) -> pd.DataFrame:
    low = cells["indicator"].map({name: bounds[0] for name, bounds in BOUNDS.items()}).fillna(1)
    high = cells["indicator"].map({name: bounds[1] for name, bounds in BOUNDS.items()}).fillna(np.inf)
    out = (cells["value"] < low) | (cells["value"] > high)
    out &= cells["region"] != "460300"  # 三沙: a few hundred persons
    zero = (cells["region"] == "460300") & (cells["value"] <= 0)
    return cells[out | zero].assign(reason="outside plausible bounds")


def _misfiled(cells: pd.DataFrame) -> pd.DataFrame:
    """Figures of units after they were dissolved, and under a wrong code."""
    last = cells["region"].map({"341400": 2010, "371200": 2018})
    gone = cells[cells["year"] > last].assign(reason="the unit had been dissolved")
    sums = cells[cells["region"] == "632500"]
    return pd.concat([gone, sums.assign(reason="upstream filed the sum of 海口 and 三亚 under this code")])


def _spikes(cells: pd.DataFrame, *, limit: float = np.log(1.4)) -> pd.DataFrame:
    """One-year spikes: a jump of more than 40% that the next year takes back."""
    found = []
    given = cells[cells["value"] > 0].sort_values([*KEY])
    for _, series in given.groupby(["region", "indicator"], sort=False):
        log = np.log(series["value"].to_numpy())
        year = series["year"].to_numpy()
        up, down = log[1:-1] - log[:-2], log[2:] - log[1:-1]
        there = (
            (np.minimum(abs(up), abs(down)) > limit)
            & (up * down < 0)
            & (abs(log[2:] - log[:-2]) < np.log(1.6))
        )
        there &= year[2:] - year[:-2] <= 4
        found.append(series.iloc[1:-1][there])
    table = pd.concat(found)
    cells = zip(table["region"], table["year"], table["indicator"], strict=True)
    table = table[[cell not in GENUINE for cell in cells]]
    return table.assign(reason="spike of more than 40% that the next year takes back")


def with_census(
    figures: pd.DataFrame, sources: Sources, counts: pd.DataFrame, regions: pd.DataFrame
) -> pd.DataFrame:
    """City figures with the census of 2010 and 2020; the census wins where both exist."""
    return pd.concat(
        [_census_2020(counts, regions), _census_profile(sources, counts, regions), figures]
    ).drop_duplicates(KEY)


def _census_2020(counts: pd.DataFrame, regions: pd.DataFrame) -> pd.DataFrame:
    parent = regions.drop_duplicates("region").set_index("region")["parent"]
    sums = counts.groupby(counts["region"].map(parent).rename("region"))[
        ["pop_2020", "urban_2020", "households_2020"]
    ].sum()
    source = "2020 census, sum of the counties (leiii/census)"
    common = {"period": "2020", "status": "observed", "source": source}
    table = pd.DataFrame(
        {
            "resident_population": sums["pop_2020"],
            "urban_rate": (sums["urban_2020"] / sums["pop_2020"]).round(6),
            "n_households": sums["households_2020"],
        }
    )
    long = table.rename_axis("region").reset_index().melt("region", var_name="indicator")
    unit = {"resident_population": "person", "urban_rate": "share", "n_households": "household"}
    return long.assign(**common, unit=long["indicator"].map(unit))[COLUMNS]


def _census_profile(sources: Sources, counts: pd.DataFrame, regions: pd.DataFrame) -> pd.DataFrame:
    """Age groups 2010 and 2020, population and urban share 2010, on the boundaries of 2020."""
    census = sources.prefecture_census
    known = set(regions.loc[(regions["level"] == "prefecture") & regions["in_tree"], "region"])
    census = census[census["city_code"].isin(known)]
    codes, parts = census["city_code"], []
    for year in ("2010", "2020"):
        source = f"{year} census, prefecture table on 2020 boundaries (leiii/census)"
        for band, name in (
            ("0_14", "age_0_14_share"),
            ("15_59", "age_15_59_share"),
            ("60", "age_60_share"),
            ("65", "age_65_share"),
        ):
            share = (census[f"age_{band}_{year}"] / 100).round(6)
            parts.append(indicator_rows(codes, year, name, share, "share", "observed", source))
    source = "2010 census, prefecture table on 2020 boundaries (leiii/census)"
    people = _people_2010(census, counts)
    redrawn = census["city_code"].isin(list(DECISIONS["census_2010_prefectures"]))
    status = np.where(redrawn, "allocated", "observed")
    parts.append(indicator_rows(codes, "2010", "resident_population", people, "person", status, source))
    urban = (census["popu_urban_2010"] / census["popu_2010"]).round(6)
    parts.append(indicator_rows(codes, "2010", "urban_rate", urban, "share", "observed", source))
    return pd.concat(parts).dropna(subset="value")


def _people_2010(census: pd.DataFrame, counts: pd.DataFrame) -> pd.Series:
    """Population 2010, on the boundaries of the counties where the prefecture table has others."""
    cities = counts["region"].map(county_parent)
    total = counts.groupby(cities)["pop_2020"].sum()
    both = counts[counts["pop_2010"].notna()]
    known = both.groupby(cities[both.index])[["pop_2010", "pop_2020"]].sum()
    people = census.set_index("city_code")["popu_2010"].copy()
    table_2020 = census.set_index("city_code")["popu_2020"]
    for code, way in DECISIONS["census_2010_prefectures"].items():
        if way == "counties":
            people[code] = total[code] * known.at[code, "pop_2010"] / known.at[code, "pop_2020"]
        else:
            people[code] *= total[code] / table_2020[code]
    return people.round(0).set_axis(census.index)


def with_implied_population(figures: pd.DataFrame) -> pd.DataFrame:
    """Add resident population = GDP / GDP per head, status ``imputed``, where none is observed.

    A year in which it differs from the median of the five years around it by more than 15% is left out:
    there GDP or GDP per head is on another base.
    """
    wide = figures.pivot(index=["region", "period"], columns="indicator", values="value")
    implied = (wide["gdp"] / wide["gdp_per_capita"]).dropna().rename("value").sort_index()
    middle = implied.groupby("region").transform(lambda s: s.rolling(5, center=True, min_periods=2).median())
    implied = implied[np.abs(np.log(implied / middle)) < np.log(1.15)].round(0).reset_index()
    implied = implied.assign(indicator="resident_population", unit="person", status="imputed", source=IMPLIED)
    return pd.concat([figures, implied[COLUMNS]]).drop_duplicates(KEY)


def province_figures(
    sources: Sources, cities: pd.DataFrame, counts: pd.DataFrame, regions: pd.DataFrame
) -> pd.DataFrame:
    """GDP, population, disposable income and prices by province; retail as the sum of its cities."""
    series = sources.province_series
    series = series[series["year"] >= FIRST_YEAR]
    years = series["year"]
    nbs = "NBS annual series"
    parts = [
        _province(series, "resident_population", series["pop_resident_wan"] * 1e4, "person", nbs),
        _province(series, "gdp", series["gdp_yi"] * 1e8, "yuan", nbs),
        _province(series, "disposable_income", series["income_pc_yuan"], "yuan", nbs),
        _province(series, "price_index", series["cpi_prev100"] / 100, "ratio", nbs),
    ]
    parts[2] = parts[2].assign(status=np.where(years < 2013, "imputed", "observed"))
    census = _census_provinces(cities, regions)
    return (
        pd.concat([census, *parts, province_retail(cities, counts, regions)])
        .dropna(subset="value")
        .drop_duplicates(KEY)
    )


def _province(series, indicator, value, unit, source) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "region": series["adcode"],
            "period": series["year"].astype("str"),
            "indicator": indicator,
            "value": value.round(4 if unit == "ratio" else 0),
            "unit": unit,
            "status": "observed",
            "source": source,
        }
    )


def _census_provinces(cities: pd.DataFrame, regions: pd.DataFrame) -> pd.DataFrame:
    """Census population 2020, the sum of the counties."""
    part = cities[(cities["indicator"] == "resident_population") & (cities["period"] == "2020")]
    sums = part.groupby(part["region"].str[:2] + "0000")["value"].sum().rename_axis("region").reset_index()
    return sums.assign(
        period="2020",
        indicator="resident_population",
        unit="person",
        status="observed",
        source="2020 census, sum of the counties (leiii/census)",
    )[COLUMNS]


def province_retail(cities: pd.DataFrame, counts: pd.DataFrame, regions: pd.DataFrame) -> pd.DataFrame:
    """Retail sales of provinces whose cities with a figure hold at least 99% of the population."""
    population = counts.set_index("region")["pop_2020"]
    by_city = population.groupby(population.index.map(regions.set_index("region")["parent"])).sum()
    retail = cities[(cities["indicator"] == "retail_sales") & cities["value"].notna()]
    province = retail["region"].str[:2] + "0000"
    grouped = retail.assign(province=province, people=retail["region"].map(by_city)).groupby(
        ["province", "period"]
    )
    sums = grouped[["value", "people"]].sum().reset_index()
    total = by_city.groupby(by_city.index.str[:2] + "0000").sum()
    full = sums[sums["people"] / sums["province"].map(total) >= 0.99].rename(columns={"province": "region"})
    return full.assign(
        indicator="retail_sales",
        unit="yuan",
        status="observed",
        source="sum of the cities",
    )[COLUMNS]


def national_retail_monthly(sources: Sources) -> pd.DataFrame:
    """National retail by month; where January and February came out together only their sum is known."""
    table = sources.national_retail
    return pd.DataFrame(
        {
            "region": "100000",
            "period": table["date"].str[:7],
            "value": (table["value"] * 1e8).round(0),
            "ytd_value": (table["ytd_value"] * 1e8).round(0),
            "growth_rate": (table["yoy"] / 100).round(4),
            "ytd_growth_rate": (table["ytd_yoy"] / 100).round(4),
            "jan_feb_combined": table["jan_feb_combined"],
        }
    )


def main_city_retail(sources: Sources) -> pd.DataFrame:
    """Retail of 36 large cities; on a base of its own, so that only its growth goes with other tables."""
    table = sources.main_cities
    assert (table["unit"] == "yuan").all()
    return table.assign(period=table["year"].astype("str"), value=table["value"].round(0))[
        ["region", "period", "value"]
    ]


def breaks(sources: Sources) -> pd.DataFrame:
    """Level breaks: the first period on the new base."""
    cities = sorted(sources.main_cities["region"].unique())
    fifth = (
        "fifth economic census: 2024 is on a revised base, 2023 is not (growth scatters by 9 %, "
        "4 to 6 % in 2021-2023)"
    )
    nation = (
        "fifth economic census: growth published for 2025 is against revised figures of 2024, about 0.9 % "
        "lower than those here"
    )
    first = (
        "first economic census: figures from here on are on a revised base (more than 20% in one city of ten)"
    )
    census = "fourth economic census: figures from here on are on a revised base"
    rows = [
        ("retail_sales", "2005", "*", first),
        ("gdp", "2005", "*", first),
        ("gdp_per_capita", "2005", "*", first + "; more cities divide by residents"),
        ("retail_sales", "2019", "*", census + " (in many provinces only from 2020)"),
        ("retail_sales", "2020", "*", census + " (provinces that did not revise 2019)"),
        ("national_retail_monthly", "2024", "100000", nation),
        ("main_city_retail", "2019", "*", census),
        ("main_city_retail", "2020", "*", census + " (provinces that did not revise 2019)"),
        *[("main_city_retail", "2024", city, fifth) for city in cities if city not in ONE_BASE],
        ("gdp", "2019", "*", census),
        ("gdp_per_capita", "2019", "*", census),
        (
            "disposable_income",
            "2013",
            "*",
            "household survey unified: before, urban and rural figures were combined",
        ),
    ]
    return pd.DataFrame(rows, columns=["indicator", "period", "region", "reason"])
