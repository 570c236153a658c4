"""Compile the tables of ``data/`` from a folder of source figures.

    python scripts/compile_data.py SOURCE_FOLDER [--out data]

Deterministic: the same sources give the same bytes. ``data/tables.toml`` (schemas, sources, licences) is
written by hand and only read here; ``manifest.csv`` and ``README.md`` are written with the tables.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
from compile import census, counties, divisions, geometry, history, indicators, lists, publish
from compile.sources import Sources


def compile_tables(sources: Sources) -> dict[str, pd.DataFrame]:
    """All built-in tables by name."""
    regions = divisions.current_regions(sources, geometry.short_names())
    counts = census.county_counts(sources)
    figures, rejected = indicators.city_figures(sources)
    cities = indicators.with_implied_population(indicators.with_census(figures, sources, counts, regions))
    polygons = geometry.tianditu()
    centres = geometry.points(polygons, regions, counts)
    dated = history.dated_regions(sources, regions)
    changes = history.changes(sources, dated, counts)
    return {
        "regions": dated,
        "aliases": history.aliases(sources, dated, changes),
        "changes": changes,
        "schemes": lists.schemes(sources, regions),
        "tier_lists": lists.tier_lists(sources, regions),
        "tier_list_unresolved": lists.tier_list_unresolved(),
        "city_indicators": cities,
        "rejected_cells": rejected,
        "province_indicators": indicators.province_figures(sources, cities, counts, regions),
        "county_indicators": pd.concat(
            [
                census.county_indicators(counts, changes),
                counties.county_figures(sources, counts, cities, changes),
            ]
        ),
        "census_zones": census.zones(sources),
        "main_city_retail": indicators.main_city_retail(sources),
        "national_retail_monthly": indicators.national_retail_monthly(sources),
        "edges_prefecture": geometry.edges(polygons, regions, centres, "prefecture"),
        "edges_county": geometry.edges(polygons, regions, centres, "county"),
        "points": centres,
        "breaks": indicators.breaks(sources),
    }


def main() -> None:
    """Read the command line, compile, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("sources", type=Path, help="folder with divisions/, census/, city/ ...")
    repository = Path(__file__).resolve().parents[1]
    parser.add_argument(
        "--out", type=Path, default=repository / "data", help="folder to write (default: data/)"
    )
    given = parser.parse_args()
    schemas = repository / "data" / "tables.toml"
    publish.write(compile_tables(Sources(given.sources)), schemas=schemas, out=given.out)


if __name__ == "__main__":
    main()
