"""Census figures on the counties in force.

Always holds: no person is lost or counted twice - the counties sum to the census total; a functional zone
(开发区) is added to the county that encloses its seat; a county whose figure contains a zone or part of a
split unit has status ``allocated``, all others are as published.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .sources import DECISIONS, Sources

#: Sum of the county table: the national total of 1,411,778,724 less 2,000,000 servicemen.
TOTAL_2020 = 1_409_778_724
COUNTS = ("pop_2020", "urban_2020", "households_2020")
SOURCE_2020 = "2020 census, county table (leiii/census)"
SOURCE_2010 = "2010 census, county table (leiii/census)"


def county_counts(sources: Sources) -> pd.DataFrame:
    """Counts on current codes: region, pop_2020, urban_2020, households_2020, pop_2010, urban_2010, whole."""
    census = sources.county_census
    zone_key = census["adcode"].where(census["adcode"].notna(), census["county"])
    zone_host = zone_key.map(DECISIONS["zones"]).where(census["functional_zone"])
    kept = ~census["functional_zone"] | census["adcode"].isin(list(DECISIONS["extra_counties"]))
    assert (zone_host.notna() | kept).all(), (
        f"zones without a host: {list(zone_key[zone_host.isna() & ~kept])}"
    )
    same = zone_host.isna() | (zone_host.str[:4] == census["prefecture_adcode"].str[:4])
    assert same.all(), f"zones hosted by another prefecture: {list(zone_key[~same])}"
    own = zone_host.where(zone_host.notna(), census["adcode"])
    own = own.map(DECISIONS["census_moves"]).where(own.isin(list(DECISIONS["census_moves"])), own)
    frame = _right_2010(census).assign(region=own, whole=kept)
    frame = pd.concat([frame[~frame["region"].isin(list(DECISIONS["census_splits"]))], *_split(frame)])
    sums = frame.groupby("region")[list(COUNTS)].sum()
    at_2010 = (
        frame[frame["whole"]].groupby("region")[["pop_2010", "urban_2010"]].agg(lambda s: s.sum(skipna=False))
    )
    table = sums.join(at_2010).join(frame.groupby("region")["whole"].all())
    assert table["pop_2020"].sum() == TOTAL_2020, table["pop_2020"].sum()
    return table.reset_index()


def _right_2010(census: pd.DataFrame) -> pd.DataFrame:
    """Lead figures of 2010 that the table gives to a neighbour's code to their own unit."""
    moves = DECISIONS["census_2010_rows"]
    columns = ["pop_2010", "urban_2010"]
    rows = census["adcode"].isin(list(moves))
    given = census.loc[rows].set_index(census.loc[rows, "adcode"].map(moves))[columns]
    census = census.copy()
    census.loc[rows, columns] = given.loc[census.loc[rows, "adcode"]].to_numpy()
    return census


def zones(sources: Sources) -> pd.DataFrame:
    """Functional zones of the census and the county they are counted with."""
    census = sources.county_census
    key = census["adcode"].where(census["adcode"].notna(), census["county"])
    part = census.assign(region=key.map(DECISIONS["zones"]))
    part = part[part["functional_zone"] & part["region"].notna()]
    columns = {
        "county": "zone",
        "adcode": "zone_code",
        "region": "region",
        "pop_2020": "resident_population",
        "urban_2020": "urban_population",
        "households_2020": "n_households",
    }
    moved = part["region"].map(DECISIONS["census_moves"])
    part = part.assign(region=moved.where(moved.notna(), part["region"]))
    return part[list(columns)].rename(columns=columns).sort_values(["region", "zone"])


def _split(frame: pd.DataFrame):
    """Parts of split units, whole persons, the largest remainder rounded up."""
    for old, shares in DECISIONS["census_splits"].items():
        unit = frame[frame["region"] == old]
        parts = pd.concat([unit] * len(shares)).assign(region=list(shares), whole=False)
        for column in COUNTS:
            parts[column] = _apportion(int(unit[column].sum()), list(shares.values()))
        yield parts.assign(pop_2010=np.nan, urban_2010=np.nan)


def _apportion(total: int, shares: list[float]) -> list[int]:
    exact = np.array(shares) / sum(shares) * total
    floor = np.floor(exact).astype(int)
    order = np.argsort(floor - exact, kind="stable")
    floor[order[: total - floor.sum()]] += 1
    return floor.tolist()


def _is_same_unit(counts: pd.DataFrame, changes: pd.DataFrame) -> pd.Series:
    """Which counties have the boundaries of 2010: not redrawn since, no zone or part of another inside."""
    since = changes[changes["year"].between(2010, 2020) & (changes["old"] != changes["new"])]
    redrawn = {*since["old"], *since["new"], *DECISIONS["census_2010_moved"]["codes"]}
    return counts["whole"] & ~counts["region"].isin(redrawn)


def county_indicators(counts: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """The long table of county figures: population, urban share and households."""
    pop_2010 = counts["pop_2010"].where(_is_same_unit(counts, changes))
    status = counts["whole"].map({True: "observed", False: "allocated"})
    urban = counts["urban_2020"] / counts["pop_2020"]
    parts = [
        indicator_rows(
            counts["region"], "2020", "resident_population", counts["pop_2020"], "person", status, SOURCE_2020
        ),
        indicator_rows(counts["region"], "2020", "urban_rate", urban.round(6), "share", status, SOURCE_2020),
        indicator_rows(
            counts["region"],
            "2020",
            "n_households",
            counts["households_2020"],
            "household",
            status,
            SOURCE_2020,
        ),
        indicator_rows(
            counts["region"], "2010", "resident_population", pop_2010, "person", "observed", SOURCE_2010
        ),
    ]
    return pd.concat(parts).dropna(subset="value")


def indicator_rows(region, period, indicator, value, unit, status, source) -> pd.DataFrame:
    """Rows of one indicator in the long form: `region`, `value` and perhaps `status` are columns."""
    return pd.DataFrame(
        {
            "region": region,
            "period": period,
            "indicator": indicator,
            "value": value,
            "unit": unit,
            "status": status,
            "source": source,
        }
    )
