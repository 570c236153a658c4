"""Reading the source folder; codes are text from the first moment on."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

DECISIONS = tomllib.loads(Path(__file__).with_name("decisions.toml").read_text("utf-8"))


@dataclass(frozen=True)
class Sources:
    """The folder and its files as frames, read once."""

    folder: Path

    def _read(self, name: str, codes=("adcode",)) -> pd.DataFrame:
        return pd.read_csv(self.folder / name, dtype=dict.fromkeys(codes, "str"))

    @cached_property
    def current(self) -> pd.DataFrame:
        """Codes in force: adcode, name, level, mainland, parent."""
        return self._read("divisions/admin_current_2026.csv", ("adcode", "parent"))

    @cached_property
    def history(self) -> pd.DataFrame:
        """Every code ever used: adcode, name, level, is_current, successor_adcodes."""
        return self._read("divisions/admin_history_with_successors.csv", ("adcode", "successor_adcodes"))

    @cached_property
    def county_events(self) -> pd.DataFrame:
        return self._read("divisions/county_events_1983_2026.csv")

    @cached_property
    def prefecture_events(self) -> pd.DataFrame:
        return self._read("divisions/prefecture_events_1983_2026.csv")

    @cached_property
    def province_groups(self) -> pd.DataFrame:
        return self._read("divisions/province_regions.csv")

    @cached_property
    def county_census(self) -> pd.DataFrame:
        return self._read("census/county_census_2010_2020.csv", ("adcode", "prefecture_adcode"))

    @cached_property
    def prefecture_census(self) -> pd.DataFrame:
        return self._read("census/prefecture_census_2010_2020.csv", ("city_code", "province_code"))

    @cached_property
    def yearbook(self) -> pd.DataFrame:
        """City Statistical Yearbook tables, data years 2018-2023."""
        return self._read("city/ccsy_2018_2023_tidy.csv")

    @cached_property
    def panel(self) -> pd.DataFrame:
        """City panel 1990-2023 with the flags of cells that were interpolated upstream."""
        return self._read("city/city_panel_core_tidy.csv", ("adcode", "prov_code"))

    @cached_property
    def province_series(self) -> pd.DataFrame:
        return self._read("province/province_annual_tidy.csv")

    @cached_property
    def national_retail(self) -> pd.DataFrame:
        return self._read("national/national_retail_monthly_2008_2026.csv", ())

    @cached_property
    def county_yearbook(self) -> pd.DataFrame:
        """County Statistical Yearbook, data year 2020, long: region (code of 2020), indicator, value."""
        return self._read("county/county_yearbook_2020.csv", ("region", "region_2026"))

    @cached_property
    def main_cities(self) -> pd.DataFrame:
        """Retail sales of 36 large cities 2015-2024, yuan."""
        return self._read("city/retail_36cities_2015_2024.csv", ("region",))

    @cached_property
    def tiers_2025(self) -> pd.DataFrame:
        return self._read("tiers/city_tiers_2025.csv")

    @cached_property
    def tiers_2021(self) -> pd.DataFrame:
        return self._read("tiers/city_tiers_2021.csv")


def city_code(codes: pd.Series) -> pd.Series:
    """Prefecture-level codes of cities: a municipality's figures belong to its one child (110100)."""
    return codes.mask(codes.str[2:] == "0000", codes.str[:2] + "0100")
