"""What only China knows: indicators of its cities and counties, its panels, its market units."""

from .allocation import check_county_gdp, county_gdp
from .bridge import bridge_panel, known_figures, said
from .cities import CITY_INDICATORS, CityProfile, city_panel, city_profile, score_cities
from .counties import county_profile, rule_figures, score_counties
from .macro import MacroInputs, macro_inputs
from .panels import load_breaks, load_panel, load_penetration
from .retail import check_imputed_retail, city_retail, county_retail, newest_complete_year
from .units import mark_centres, market_units

__all__ = [
    "CITY_INDICATORS",
    "CityProfile",
    "MacroInputs",
    "bridge_panel",
    "check_county_gdp",
    "check_imputed_retail",
    "city_panel",
    "city_profile",
    "city_retail",
    "county_gdp",
    "county_profile",
    "county_retail",
    "known_figures",
    "load_breaks",
    "load_panel",
    "load_penetration",
    "macro_inputs",
    "mark_centres",
    "market_units",
    "newest_complete_year",
    "rule_figures",
    "said",
    "score_cities",
    "score_counties",
]
