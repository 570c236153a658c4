"""What only China knows: indicators of its cities and counties, its panels, its market units."""

from .allocation import check_county_gdp, county_gdp
from .cities import (
    CITY_INDICATORS,
    CityProfile,
    city_panel,
    city_profile,
    market_position,
    score_cities,
)
from .counties import county_profile, rule_figures, rule_systems, score_counties
from .macro import MacroInputs, macro_inputs, province_territories
from .market_size import (
    city_market,
    county_market,
    county_people,
    focus_city,
    jiangsu_outlets,
    outside_pull,
    potential_around,
    share_by_heads,
)
from .overview import (
    census_population,
    city_figures,
    group_totals,
    group_weights,
    known_facts,
    level_counts,
    ranked_cities,
    without_figures,
)
from .panels import (
    city_people,
    covered_people,
    growth_factors,
    load_breaks,
    load_panel,
    load_penetration,
    national_months,
    panel_coverage,
)
from .retail import check_imputed_retail, city_retail, county_retail
from .tier_lists import FORMER_LIST, NEWEST_LIST, check_tiers
from .today.bridge import bridge_panel, bridge_scores, check_bridge, known_figures, said
from .today.own import OwnFigures, own_figures, use_figures, with_figures
from .today.years import carried_year, newest_year
from .units import EntryInputs, entry_inputs, largest_unit, mark_centres, market_units, unit_level

__all__ = [
    "CITY_INDICATORS",
    "FORMER_LIST",
    "NEWEST_LIST",
    "CityProfile",
    "EntryInputs",
    "MacroInputs",
    "OwnFigures",
    "bridge_panel",
    "bridge_scores",
    "carried_year",
    "census_population",
    "check_bridge",
    "check_county_gdp",
    "check_imputed_retail",
    "check_tiers",
    "city_figures",
    "city_market",
    "city_panel",
    "city_people",
    "city_profile",
    "city_retail",
    "county_gdp",
    "county_market",
    "county_people",
    "county_profile",
    "county_retail",
    "covered_people",
    "entry_inputs",
    "focus_city",
    "group_totals",
    "group_weights",
    "growth_factors",
    "jiangsu_outlets",
    "known_facts",
    "known_figures",
    "largest_unit",
    "level_counts",
    "load_breaks",
    "load_panel",
    "load_penetration",
    "macro_inputs",
    "mark_centres",
    "market_position",
    "market_units",
    "national_months",
    "newest_year",
    "outside_pull",
    "own_figures",
    "panel_coverage",
    "potential_around",
    "province_territories",
    "ranked_cities",
    "rule_figures",
    "rule_systems",
    "said",
    "score_cities",
    "score_counties",
    "share_by_heads",
    "unit_level",
    "use_figures",
    "with_figures",
    "without_figures",
]
