"""A small company whose truth is known: three macro-regions, one province without one, twelve cities."""

import numpy as np
import pandas as pd
import pytest

from mktanalysis.regions import RegionTree

CITIES = {"P1": ["c01", "c02", "c03", "c04"], "P2": ["c05", "c06", "c07"], "P3": ["c08", "c09"]}
CITIES |= {"P4": ["c10", "c11", "c12"]}
ABOVE = {"P1": "东区", "P2": "东区", "P3": "西区", "P4": "N"}  # P4 is run by head office


@pytest.fixture(scope="session")
def tree():
    rows = [("N", "全国", "nation", None), ("东区", "东区", "macro_region", "N")]
    rows += [("西区", "西区", "macro_region", "N")]
    rows += [(p, f"省{p}", "province", ABOVE[p]) for p in CITIES]
    rows += [(c, f"市{c}", "prefecture", p) for p, below in CITIES.items() for c in below]
    rows += [(f"{c}x", f"县{c}", "county", c) for below in CITIES.values() for c in below]
    return RegionTree.from_table(pd.DataFrame(rows, columns=["region", "name", "level", "parent"]))


@pytest.fixture(scope="session")
def sales(tree):
    """Yearly sales of six years, yuan: own growth, 10% noise."""
    rng = np.random.default_rng(7)
    cities = [c for below in CITIES.values() for c in below]
    level = np.exp(rng.normal(16.0, 0.8, len(cities)))
    growth = rng.normal(0.06, 0.02, len(cities))
    rows = []
    for year in range(2019, 2025):
        value = level * np.exp(growth * (year - 2019) + rng.normal(0, 0.1, len(cities)))
        rows.append(pd.DataFrame({"region": cities, "period": year, "value": value.round()}))
    table = pd.concat(rows, ignore_index=True)
    return table.assign(period=pd.PeriodIndex(table["period"].astype(str), freq="Y"))


@pytest.fixture(scope="session")
def last(sales):
    return sales[sales["period"] == "2024"].set_index("region")["value"]


def months(year, count=12):
    return pd.period_range(f"{year}-01", periods=count, freq="M")
