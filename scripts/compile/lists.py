"""Macro-region schemes and published tier lists, written down from their publications in ``lists.toml``.

Always holds: a region has one label in a scheme and one tier in a list; a name of a list is either
resolved to a code or listed with the reason why not.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd

from .sources import Sources, city_code

LISTS = tomllib.loads(Path(__file__).with_name("lists.toml").read_text("utf-8"))
#: One-character names of provinces, in the order of the codes below.
SIGNS = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新台港澳"
CODES = (
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82"
)
PROVINCE = {sign: code + "0000" for sign, code in zip(SIGNS, CODES.split(), strict=True)}


class Names:
    """Short names -> codes at prefecture level first, then province, then county."""

    def __init__(self, regions: pd.DataFrame):
        known = regions[regions["in_tree"] | (regions["kind"] == "special")]
        self.level = known.set_index("region")["level"]
        self._by_level = []
        for level in ("prefecture", "county", "province"):
            part = known[(known["level"] == level) & (known["kind"] != "direct")]
            self._by_level.append(part.groupby("short_name")["region"].agg(list))

    def __call__(self, name: str) -> str:
        for table in self._by_level:
            found = LISTS["former_names"].get(name) or table.get(name)
            if found is not None:
                if isinstance(found, str):
                    return found
                assert len(found) == 1, f"{name}: {found}"
                return found[0]
        raise AssertionError(f"no region is called {name}")


def schemes(sources: Sources, regions: pd.DataFrame) -> pd.DataFrame:
    """All schemes: scheme, label, region, is_core."""
    names, rows = Names(regions), []
    for scheme, groups in LISTS["province_schemes"].items():
        rows += [(scheme, label, PROVINCE[sign], False) for label, signs in groups.items() for sign in signs]
    blocks = sources.province_groups
    rows += [
        ("four_blocks", label, code, False)
        for code, label in zip(blocks["adcode"], blocks["nbs_region4"], strict=True)
    ]
    for scheme, groups in LISTS["city_schemes"].items():
        for label, cities in groups.items():
            for i, city in enumerate(cities.split()):
                rows.append((scheme, label, names(city), scheme == "nine_plates" and i == 0))
    table = pd.DataFrame(rows, columns=["scheme", "label", "region", "is_core"])
    seven = dict(zip(blocks["adcode"], blocks["region7"], strict=True))
    assert all(seven[r.region] == r.label for r in table[table["scheme"] == "seven"].itertuples())
    return table


def tier_lists(sources: Sources, regions: pd.DataFrame) -> pd.DataFrame:
    """All tier lists; a city that a list does not name has an empty name_in_list and the last tier."""
    names, rows = Names(regions), []
    cities = regions[(regions["level"] == "prefecture") & regions["in_tree"] & (regions["kind"] != "direct")][
        "region"
    ]
    for name, given in LISTS["tier_lists"].items():
        tiers, rest = given["tiers"], given["rest"]
        seen = {}
        for place, (tier, members) in enumerate(tiers.items(), start=1):
            for member in members.split():
                code = names(member)
                assert code not in seen, f"{name}: {member} twice"
                seen[code] = (name, place, tier, code, names.level[code], member)
        rows += seen.values()
        rows += [(name, len(tiers) + 1, rest, code, "prefecture", "") for code in cities if code not in seen]
    for name, published in (("yicai_2021", sources.tiers_2021), ("yicai_2025", sources.tiers_2025)):
        place = {tier: i for i, tier in enumerate(published["tier"].unique(), start=1)}
        codes = city_code(published["adcode"])
        for tier, code, city in zip(published["tier"], codes, published["name"], strict=True):
            rows.append((name, place[tier], tier, code, "prefecture", city))
    return pd.DataFrame(rows, columns=["list", "position", "tier", "region", "level", "name_in_list"])


def tier_list_unresolved() -> pd.DataFrame:
    """Entries of the lists that name no place."""
    return pd.DataFrame(LISTS["unresolved"])
