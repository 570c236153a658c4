"""Former units, former names and who became what, since the end of 2000.

Always holds: a row is valid on 31 December of the years valid_from ... valid_to; what an old unit gives
away adds up to itself. Weights are the census population of 2020, carried back through the changes; where
two units were merged and no census separates them, each is taken for an equal part of the result.
"""

from __future__ import annotations

import re

import pandas as pd

from .divisions import MUNICIPALITIES, county_parent, county_row, prefecture_row, shorten
from .sources import DECISIONS, Sources

FIRST, LAST = 2001, 2026
#: Names that many cities have: an event must list them as an old unit.
COMMON = ("郊区", "城区", "市区", "矿区", "新区", "市郊区", "市中区")


def links(sources: Sources, regions: pd.DataFrame) -> pd.DataFrame:
    """County-level changes: year, old, new, gone (the old unit ended)."""
    former = retired(sources)
    rows = [(r.year, r.code, new, True) for r in former.itertuples() for new in r.new]
    for code, part in DECISIONS["carved"].items():
        rows += [(part["year"], old, code, False) for old in part["from"]]
    table = pd.DataFrame(rows, columns=["year", "old", "new", "gone"]).drop_duplicates(["old", "new"])
    known = set(former["code"]) | set(regions["region"])
    assert set(table["new"]) <= known, f"successors that are no region: {sorted(set(table['new']) - known)}"
    return table.sort_values(["year", "old", "new"], ignore_index=True)


def retired(sources: Sources) -> pd.DataFrame:
    """County-level codes that ended in 2001 or later: code, name, year, new (list of codes)."""
    history = sources.history[~sources.history["adcode"].str.startswith(("7", "8"))]
    dissolved = dissolved_prefectures(sources)
    living = set(history.loc[(history["level"] == "prefecture") & history["is_current"], "adcode"])
    names = history.set_index("adcode")["name"]
    given = DECISIONS["former"]
    rows = [(c, u.get("name") or names[c], u["year"], u["new"]) for c, u in given.items()]
    events = _county_events(sources)
    known = [*given, *DECISIONS["extra_counties"], *DECISIONS["not_since_2001"]["codes"]]
    counties = history[
        (history["level"] == "county") & ~history["is_current"] & ~history["adcode"].isin(known)
    ]
    for code, name, successors in zip(
        counties["adcode"], counties["name"], counties["successor_adcodes"], strict=True
    ):
        prefecture, new = code[:4] + "00", _own_successors(code, successors, dissolved)
        alive = prefecture in living or prefecture in dissolved or code[:2] in MUNICIPALITIES
        if not (alive and new and _has_form(code, name, of_area=code[2:4] > "20")):
            continue
        around = (prefecture, code[:2] + "0000") if code[:2] in MUNICIPALITIES else (prefecture,)
        where = {shorten(names[c]) for c in around if c in names.index and names[c] != "市辖区"}
        year = _event_year(events, name, where, {names[n] for n in new if n in names.index})
        year = min(filter(None, (year, dissolved.get(prefecture, (None,))[0])), default=None)
        if year and year >= FIRST:
            rows.append((code, name, year, [_in_tree(n) for n in new]))
    return _through_namesakes(pd.DataFrame(rows, columns=["code", "name", "year", "new"]))


def _through_namesakes(former: pd.DataFrame) -> pd.DataFrame:
    """Lead an old unit to its next code where the code table names only the last one.

    横县 was 452122, then 450127, then 450181; a county that became a city long ago is left out.
    """
    later = {
        (r.name, new): (r.code, r.year) for r in former.sort_values("year").itertuples() for new in r.new
    }
    new = []
    for r in former.itertuples():
        after = [later.get((r.name, n), (n, 0)) for n in r.new]
        new.append(
            [c if when > r.year and c != r.code else n for (c, when), n in zip(after, r.new, strict=True)]
        )
    former = former.assign(new=new)
    # below an area a county that became a city long ago still stands beside it: both lead to one unit
    heir = former["new"].map("|".join) + former["code"].str[:4]
    is_city = (former["code"].str[2:4] > "20") & (former["code"].str[4:] <= "20")
    replaced = ~is_city & is_city.groupby(heir).transform("any")
    return former[~replaced].reset_index(drop=True)


def _in_tree(code: str) -> str:
    return DECISIONS["census_moves"].get(code, code) if code.endswith("00") else code


def _own_successors(code: str, successors, dissolved: dict) -> list[str]:
    """Successors that can be right: county-level, and of the same prefecture unless that was dissolved."""
    if not isinstance(successors, str):
        return []
    found = [s for s in successors.split("|") if not s.endswith("00")]
    if code[:2] in MUNICIPALITIES or code[:4] + "00" in DECISIONS["scattered_prefectures"]["codes"]:
        return found
    heirs = {code[:4], dissolved.get(code[:4] + "00", (0, ""))[1][:4]}
    return [s for s in found if s[:4] in heirs]


def _has_form(code: str, name: str, *, of_area: bool) -> bool:
    """Whether a code has the form of its unit (GB/T 2260).

    01-20 districts, 21-80 counties, from 81 cities; below 地区 and 盟 the cities have 01-20.
    """
    last = int(code[4:])
    if name == "市辖区" or not name.endswith(("市", "县", "区", "旗")) or "保护区" in name:
        return False
    if name.endswith("市"):
        return last <= 20 if of_area else last >= 81
    return last <= 20 if name.endswith("区") and name != "神农架林区" else 21 <= last <= 80


def dissolved_prefectures(sources: Sources) -> dict[str, tuple[int, str]]:
    """Prefecture-level codes that ended in 2001 or later: the first year without them, and the code after."""
    history = sources.history
    provinces = history[history["level"] == "province"].set_index("name")["adcode"]
    prefectures = history[history["level"] == "prefecture"]
    found = {code: (unit["year"], unit["new"]) for code, unit in DECISIONS["former_prefectures"].items()}
    for event in sources.prefecture_events.itertuples():
        if event.year < FIRST:
            continue
        here = prefectures[prefectures["adcode"].str[:2] == provinces[event.province_name][:2]]
        after = here.loc[here["is_current"] & (here["name"] == event.new_prefecture_name), "adcode"]
        for code in here.loc[~here["is_current"] & (here["name"] == event.old_prefecture_name), "adcode"]:
            found.setdefault(code, (event.year, after.iloc[0] if len(after) else ""))
    return found


def _county_events(sources: Sources) -> list[tuple[int, str, set[str], str]]:
    events = sources.county_events
    events = events[(events["year"] >= 2000) & (events["event_type"] != "residence_change")].fillna("")
    old = [set(re.split("[、，]", text)) for text in events["old_county_units"]]
    text = events["prefecture_names"] + events["change_description"]
    return list(zip(events["year"].astype(int), events["change_description"], old, text, strict=True))


def _event_year(events, name: str, where: set[str], successors: set[str]) -> int | None:
    """The year in which the events end a unit: one that names a successor comes first, then the last."""
    found = [
        (any(s in description for s in successors), year)
        for year, description, old, text in events
        if (name in old or (name not in COMMON and "撤销" in description and name in description))
        and any(w in text for w in where)
    ]
    return max(found)[1] if found else None


def dated_regions(sources: Sources, regions: pd.DataFrame) -> pd.DataFrame:
    """Regions with their years, former units and former names included."""
    former, changes = retired(sources), links(sources, regions)
    rows = [county_row(c, n) for c, n in zip(former["code"], former["name"], strict=True)]
    names = sources.history.set_index("adcode")["name"]
    dissolved = dissolved_prefectures(sources)
    rows += [prefecture_row(code, names[code]) for code in dissolved]
    table = pd.concat([regions, pd.DataFrame(rows).assign(short_name=[shorten(r["name"]) for r in rows])])
    ends = dict(zip(former["code"], former["year"] - 1, strict=True)) | {
        c: year - 1 for c, (year, _) in dissolved.items()
    }
    starts = _starts(changes, sources) | _prefecture_starts(sources)
    begun = table["parent"].map(_prefecture_starts(sources))
    start = table["region"].map(starts)
    table = table.assign(
        valid_from=start.where(start.ge(begun) | begun.isna(), begun), valid_to=table["region"].map(ends)
    )
    table = table[~((table["valid_to"] < FIRST - 1) | (table["valid_to"] < table["valid_from"]))]
    return with_former_names(sources, table)


def _starts(changes: pd.DataFrame, sources: Sources) -> dict[str, int]:
    """First years: of carved units, and of successors that no one knew before their year."""
    census = sources.county_census
    dissolved = dissolved_prefectures(sources)
    old_codes = set(census.loc[census["pop_2010"].notna(), "adcode"])
    starts = {code: part["year"] for code, part in DECISIONS["carved"].items()} | DECISIONS["county_starts"]
    for new, part in changes[changes["gone"]].groupby("new"):
        year = int(part["year"].min())
        if year > 2010:  # the census of 2010 knows the codes of its time
            fresh = new not in old_codes
        else:
            fresh = _is_announced(sources, new, year) or (part["old"].str[:4].iloc[0] + "00") in dissolved
        if fresh:
            starts.setdefault(new, year)
    begun = _prefecture_starts(sources)
    for code in {*sources.current["adcode"], *changes["new"], *(code[:4] + "99" for code in begun)}:
        year = begun.get(code[:4] + "00")
        if year and not code.endswith("00"):
            starts[code] = max(year, starts.get(code, year))
    return starts


def _is_announced(sources: Sources, code: str, year: int) -> bool:
    """Whether the unit was set up in the year: with its prefecture's new code, or under a new name."""
    if _prefecture_starts(sources).get(code[:4] + "00") == year:
        return True
    name = sources.history.set_index("adcode")["name"].get(code, "")
    for when, description, old, _ in _county_events(sources):
        if when == year and name and name not in old and re.search(f"设立[^，；]*{name}", description):
            return "新的" not in description
    return False


def _prefecture_starts(sources: Sources) -> dict[str, int]:
    """First years of prefecture codes that replaced another or were set up since 2001."""
    history = sources.history
    now = history[(history["level"] == "prefecture") & history["is_current"]]
    provinces = history[history["level"] == "province"].set_index("name")["adcode"]
    starts = dict(DECISIONS["prefecture_starts"])
    for event in sources.prefecture_events.itertuples():
        if event.year < FIRST or event.event_type not in ("upgrade", "establish", "split"):
            continue
        inside = now["adcode"].str[:2] == provinces[event.province_name][:2]
        for code in now.loc[inside & (now["name"] == event.new_prefecture_name), "adcode"]:
            starts[code] = event.year
    return starts


def with_former_names(sources: Sources, table: pd.DataFrame) -> pd.DataFrame:
    """Add a row for every name that a code bore before: renamed without a new code."""
    rows = []
    given = DECISIONS["recoded_names"] | DECISIONS["reused_codes"] | _renamed(sources, table)
    for code, old in given.items():
        row = table[table["region"] == code].iloc[0]
        rows.append(
            row.to_dict()
            | {"name": old["name"], "short_name": shorten(old["name"]), "valid_to": old["until"]}
        )
        table = table.assign(valid_from=table["valid_from"].mask(table["region"] == code, old["until"] + 1))
    return pd.concat([table, pd.DataFrame(rows)])


def _renamed(sources: Sources, table: pd.DataFrame) -> dict[str, dict]:
    """County-level renames since 2001 that left the code: code -> old name and its last year."""
    events = sources.county_events
    events = events[(events["year"] >= FIRST) & (events["event_type"] == "rename")]
    parents = table.drop_duplicates("region").set_index("region")["name"]
    counties = table[(table["level"] == "county") & table["valid_to"].isna() & table["valid_from"].isna()]
    found = {}
    for event in events.itertuples():
        for old, new in re.findall(
            r"(\w{2,16}?[市县区])更名为(\w{2,16}?[市县区])(?=；|，|。|<|$)", str(event.change_description)
        ):
            here = counties[counties["name"].map(new.endswith)]
            here = here[
                [
                    parents.get(p, "")[:2] in f"{event.prefecture_names}{event.change_description}"
                    for p in here["parent"]
                ]
            ]
            if len(here) == 1:
                name, former = here["name"].iloc[0], _last_name(old)
                if former != name:
                    found[here["region"].iloc[0]] = {"name": former, "until": int(event.year) - 1}
    return found


def _last_name(text: str) -> str:
    """The unit's own name at the end of 湖北省黄石市石灰窑区."""
    name = text.rsplit("省", 1)[-1].removeprefix("将")
    head, _, tail = name.partition("市")
    return tail if len(tail) >= 2 and head else name


def aliases(sources: Sources, regions: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """Official and short names, former names, and names of former units that live on in one later unit."""
    now, old = regions[regions["valid_to"].isna()], regions[regions["valid_to"].notna()]
    other_unit = {(code, unit["name"]) for code, unit in DECISIONS["reused_codes"].items()}
    old = old[[pair not in other_unit for pair in zip(old["region"], old["name"], strict=True)]]
    parts = [
        now.assign(alias=now["name"], kind="official"),
        now.assign(alias=now["short_name"], kind="short"),
    ]
    parts += [old.assign(alias=old[column], kind="former") for column in ("name", "short_name")]
    heirs = _heirs(sources, regions, steps)
    gone = heirs.merge(sources.history.rename(columns={"adcode": "old"})[["old", "name"]], on="old")
    parts.append(gone.rename(columns={"name": "alias", "new": "region"}).assign(kind="former"))
    given = pd.DataFrame(list(DECISIONS["old_names"].items()), columns=["alias", "region"]).assign(
        kind="former"
    )
    table = pd.concat([*parts, given])[["alias", "region", "kind", "valid_to"]]
    return table.drop_duplicates(["alias", "region"])


def _heirs(sources: Sources, regions: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """Codes that ended and the later codes that are the same unit: old, new, valid_to.

    The same unit: it went there whole, and makes up all of it or has the same name but for the ending.
    """
    names = sources.history.set_index("adcode")["name"].map(shorten)
    later = steps[(steps["old"] != steps["new"]) & (steps["share"] == 1)]
    same_name = later["old"].map(names).to_numpy() == later["new"].map(names).to_numpy()
    later = later[(later["back_share"] == 1) | same_name]
    rows = {(r.old, r.new): r.year - 1 for r in later.sort_values("year").itertuples()}
    for (old, new), year in list(rows.items()):  # steps are in the order of time: chains close in one pass
        rows |= {
            (first, new): end for (first, last), end in list(rows.items()) if last == old and end <= year
        }
    ended = regions[(regions["level"] == "prefecture") & regions["valid_to"].notna()]
    history = sources.history[~sources.history["is_current"] & ~sources.history["name"].isin(ended["name"])]
    history = history.dropna(subset="successor_adcodes")
    current = set(regions.loc[regions["in_tree"] & regions["valid_to"].isna(), "region"])
    for old, new in zip(history["adcode"], history["successor_adcodes"], strict=True):
        if new in current and names[old] == names[new] and (old.endswith("00") == new.endswith("00")):
            rows.setdefault((old, new), pd.NA)
    table = pd.DataFrame([(*pair, end) for pair, end in rows.items()], columns=["old", "new", "valid_to"])
    return table.rename_axis(None)


def changes(sources: Sources, regions: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """The crosswalk, county and prefecture level: year, old, new, share, back_share, event."""
    table = links(sources, regions)
    people = counts.set_index("region")["pop_2020"].astype(float).to_dict()
    census = sources.county_census.dropna(subset="adcode").set_index("adcode")["pop_2020"].to_dict()
    starts = _starts(table, sources)
    names = regions.drop_duplicates("region", keep="first").set_index("region")["name"]
    steps = []
    for year in range(LAST, FIRST - 1, -1):
        part = table[table["year"] == year]
        if part.empty:
            continue
        started = {code for code, start in starts.items() if start == year}
        flows = _flows(part, started, people, census if year > 2020 else {})
        steps.append(_shares(flows).assign(year=year))
        steps.append(_shares(_between_prefectures(flows, people)).assign(year=year))
        for code in flows["new"].unique():
            people.pop(code, None)
        people |= flows.groupby("old")["people"].sum().to_dict()
    result = pd.concat(steps)
    text = [
        f"{names.get(a, a)} -> {names.get(b, b)}" for a, b in zip(result["old"], result["new"], strict=True)
    ]
    return result.assign(event=text)


def _flows(part: pd.DataFrame, started: set[str], people: dict, census: dict) -> pd.DataFrame:
    """Who went where in one year, in people: old, new, people; units that went on are listed beside."""
    rows = [(r.old, r.new) for r in part.itertuples()]
    ended = set(part.loc[part["gone"], "old"])
    stayed = ({new for _, new in rows} - started) | ({old for old, _ in rows} - ended)
    rows += [(code, code) for code in sorted(stayed)]
    flows = pd.DataFrame(rows, columns=["old", "new"]).drop_duplicates()
    splits = DECISIONS["census_splits"]
    known = [
        census.get(o, 0) * splits.get(o, {}).get(n, 1.0)
        for o, n in zip(flows["old"], flows["new"], strict=True)
    ]
    weight = pd.Series(known, flows.index, dtype=float)
    blank = (weight == 0).groupby(flows["new"]).transform("any")
    weight = weight.mask(blank, 1.0)
    part_of_new = weight / weight.groupby(flows["new"]).transform("sum")
    return flows.assign(back=part_of_new, people=part_of_new * flows["new"].map(people).fillna(0.0))


def _between_prefectures(flows: pd.DataFrame, people: dict) -> pd.DataFrame:
    """The same flows between prefecture-level units, with the people of counties that did not change."""
    up = flows.assign(old=flows["old"].map(county_parent), new=flows["new"].map(county_parent))
    crossing = up[up["old"] != up["new"]]
    touched = set(crossing["old"]) | set(crossing["new"])
    moved = set(flows["new"])
    rest = [
        (county_parent(c), county_parent(c), n)
        for c, n in people.items()
        if c not in moved and county_parent(c) in touched
    ]
    both = pd.concat([up[["old", "new", "people"]], pd.DataFrame(rest, columns=["old", "new", "people"])])
    both = both[both["old"].isin(touched) | both["new"].isin(touched)]
    return both.groupby(["old", "new"], as_index=False)["people"].sum()


def _shares(flows: pd.DataFrame) -> pd.DataFrame:
    """Shares of the old and of the new unit; pairs that did not change are left out."""
    total_old = flows.groupby("old")["people"].transform("sum")
    total_new = flows.groupby("new")["people"].transform("sum")
    n_old, n_new = (
        flows.groupby("old")["new"].transform("size"),
        flows.groupby("new")["old"].transform("size"),
    )
    share = (flows["people"] / total_old).where(total_old > 0, 1 / n_old).round(8)
    back = (flows["people"] / total_new).where(total_new > 0, 1 / n_new).round(8)
    table = flows[["old", "new"]].assign(share=share, back_share=back)
    same = (table["old"] == table["new"]) & (n_old == 1) & (n_new == 1)
    return table[~same]
