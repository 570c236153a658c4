"""Dealers, customers and people of a made-up company.

Always holds: two first-level dealers a city, none in the smallest; nobody in these lists is a real person.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

#: The company's own rules: the least yearly volume of a class, yuan, and which class a tier admits.
_THRESHOLDS = {"A": 3e7, "B": 1e6, "C": 0.0}
_HIGH_TIERS = ("一线", "新一线", "二线")
_LOW_TIERS = ("三线", "四线", "五线")
_FRAMES = {"A": "旗舰", "B": "标准", "C": "基础"}
_CUSTOMER_CLASSES = ("A", "B", "C")
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张"
_NEXT_TO_NOTHING = 1e5
_SALES_A_PERSON = 4e6
#: Names are numbered: the company has more salesmen than surnames.
_MOST_A_CITY = 12


def dealer_list(last: pd.Series, order: pd.Index, year: int, rng) -> tuple:
    """Dealers, class thresholds and framework; the second dealer of the largest city is planted low."""
    rows = []
    for region in order[:-1]:
        for part in (0.6, 0.4):
            volume = round(last[region] * part * rng.uniform(0.9, 1.1))
            if region == order[0] and part == 0.4:
                volume = _NEXT_TO_NOTHING
            opened = pd.Period(year=int(year - rng.integers(1, 9)), month=int(rng.integers(1, 13)), freq="M")
            rows.append(
                {
                    "region": region,
                    "name": f"{_SURNAMES[len(rows) % len(_SURNAMES)]}记商贸{len(rows) + 1:03d}",
                    "class": next(name for name, least in _THRESHOLDS.items() if volume >= least),
                    "rank": "first",
                    "opened": opened,
                    "volume": float(volume),
                }
            )
    table = pd.DataFrame(rows)
    task = (table["volume"] * rng.uniform(0.85, 1.05, len(table)) / 1e4).round() * 1e4
    thresholds = pd.Series(_THRESHOLDS).rename_axis("class")
    every = dict.fromkeys(_LOW_TIERS, _FRAMES) | {tier: {**_FRAMES, "C": None} for tier in _HIGH_TIERS}
    framework = pd.DataFrame.from_dict(every, orient="index").reindex([*_HIGH_TIERS, *_LOW_TIERS])
    return table.assign(task=task), thresholds, framework.rename_axis("tier")


def customer_counts(counties, rng) -> pd.DataFrame:
    """Customers of each class in each county."""
    counts = rng.poisson([5, 20, 60], (len(counties), len(_CUSTOMER_CLASSES)))
    table = pd.DataFrame(counts, pd.Index(counties, name="region"), list(_CUSTOMER_CLASSES))
    return table.rename_axis(columns="class").stack().rename("value").reset_index()


def work_units(customers: pd.DataFrame, home: pd.Series, rng) -> pd.DataFrame:
    """What the work of each city depends on."""
    n = customers.groupby(customers["region"].map(home))["value"].sum()
    return pd.DataFrame(
        {
            "region": n.index,
            "customers": n.to_numpy(dtype=float),
            "area_km2": rng.uniform(4000, 12000, len(n)).round(),
            "radius_km": rng.uniform(10, 60, len(n)).round(),
            "stores": 2.0,
        }
    )


def staff_list(last: pd.Series) -> pd.DataFrame:
    """Who works where: one for every four million yuan, at least one a city."""
    number = (last / _SALES_A_PERSON).round().clip(1, _MOST_A_CITY).astype(int)
    regions = np.repeat(last.index.to_numpy(), number)
    names = [f"{_SURNAMES[i % len(_SURNAMES)]}业务{i + 1:03d}" for i in range(len(regions))]
    return pd.DataFrame({"person": names, "region": regions})


def salesman_list(rng) -> tuple[pd.DataFrame, pd.Series]:
    """One salesman's customers, and the weeks between visits of each class."""
    kinds = ["dealer"] * 2 + ["partner"] * 2 + ["model_store"] * 2 + ["customer"] * 54
    classes = ["A"] * 4 + ["B"] * 2 + list(rng.choice(["A", "B", "C"], 54, p=[0.05, 0.45, 0.5]))
    table = pd.DataFrame(
        {
            "person": "张三",
            "customer": [f"客户{i:02d}" for i in range(1, 61)],
            "class": classes,
            "hours": rng.choice([1.5, 2.0, 2.5], 60),
            "kind": kinds,
        }
    )
    return table, pd.Series({"A": 1, "B": 4, "C": 13}).rename_axis("class")


def judgements(last: pd.Series) -> pd.DataFrame:
    """Nobody: 40% of today's sales; half as many again: 20% more; as many as one likes: half as much more."""
    now = np.maximum((last / _SALES_A_PERSON).round(), 1.0)
    parts = [(0 * now, 0.4), (now, 1.0), (1.5 * now, 1.2), (now + np.inf, 1.5)]
    frames = [
        pd.DataFrame({"region": last.index, "staff": staff.to_numpy(), "sales": (last * part).to_numpy()})
        for staff, part in parts
    ]
    return pd.concat(frames).sort_values(["region", "staff"], ignore_index=True)
