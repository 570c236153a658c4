"""A made-up company in real or made-up regions, with the files that its analyst would have.

Always holds: figures of the counties add up to those of their city; growth and season are planted and can
be found
again; the same `random_state` gives the same company.

The planted truth: sales of a county are a level of its own, times growth of its city (2-14% a year), times
one
season for all (peak before Spring Festival and in autumn), times 3% noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import MktError
from ..regions import RegionTree

#: Planted season of the months, mean 1.
SEASON = np.array([1.18, 0.92, 0.94, 0.93, 0.98, 0.97, 0.92, 0.95, 1.04, 1.07, 1.03, 1.07])
_NOISE = 0.03
_DEALER_CLASSES = ("A", "B", "C")
_CUSTOMER_CLASSES = ("A", "B", "C")
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张"


@dataclass(frozen=True, eq=False)
class Company:
    """A made-up company.

    Attributes
    ----------
    sales : DataFrame
        region (county), period (month), value (yuan).
    dealers : DataFrame
        region (city), name, class, opened (month).
    customers : DataFrame
        region (county), class, value (count).
    targets : DataFrame
        region (city), period (the year after), value (yuan).
    growth : Series
        Planted growth a year of each city, index region.
    season : Series
        Planted season, index month 1-12, mean 1.
    """

    sales: pd.DataFrame
    dealers: pd.DataFrame
    customers: pd.DataFrame
    targets: pd.DataFrame
    growth: pd.Series
    season: pd.Series


def make_company(
    tree: RegionTree,
    *,
    within: str,
    first_year: int = 2022,
    n_years: int = 3,
    random_state: int | np.random.Generator | None = None,
) -> Company:
    """Return a made-up company that sells in all counties of one region (虚构公司).

    Parameters
    ----------
    tree : RegionTree
        With levels prefecture and county.
    within : str
        Code of the region in which it sells.
    first_year, n_years : int
        Months of its history.
    random_state : int or Generator, optional

    Returns
    -------
    Company

    Examples
    --------
    >>> from mktanalysis.synthetic import make_market
    >>> tree = make_market(random_state=0).tree
    >>> company = make_company(tree, within=tree.root, random_state=0)
    >>> len(company.sales) == len(tree.level("county")) * 36, float(round(company.season.mean(), 6))
    (True, 1.0)
    """
    if not {"prefecture", "county"} <= set(tree.levels) or n_years < 1:
        raise MktError("需要有 prefecture 和 county 两级的地区树，以及至少一年")
    rng = np.random.default_rng(random_state)
    area = tree.subtree(within)
    counties = area.level("county")
    home = tree.parents("prefecture", counties)
    cities = pd.Index(home.unique(), name="region")
    growth = pd.Series(rng.uniform(0.02, 0.14, len(cities)).round(3), cities, name="growth")
    season = pd.Series(SEASON / SEASON.mean(), range(1, 13), name="season")
    sales = _sales(counties, home, growth, season, (first_year, n_years), rng)
    last = sales[sales["period"].dt.year == first_year + n_years - 1]
    by_city = last.groupby(home.reindex(last["region"]).to_numpy())["value"].sum()
    targets = pd.DataFrame(
        {
            "region": by_city.index,
            "period": pd.Period(str(first_year + n_years), freq="Y"),
            "value": (by_city * (1 + growth.reindex(by_city.index) + 0.02)).round(-4).to_numpy(),
        }
    )
    dealers = _dealers(cities, first_year, rng)
    customers = _customers(counties, rng)
    return Company(sales, dealers, customers, targets, growth, season)


def _sales(
    counties, home: pd.Series, growth: pd.Series, season: pd.Series, years: tuple, rng
) -> pd.DataFrame:
    """Sales by county and month, whole tens of yuan."""
    first_year, n_years = years
    months = pd.period_range(f"{first_year}-01", periods=12 * n_years, freq="M", name="period")
    level = np.exp(rng.normal(np.log(4e5), 0.8, len(counties)))  # (counties,)
    rate = growth.reindex(home.reindex(counties)).to_numpy()
    trend = (1 + rate)[:, None] ** (np.arange(len(months)) / 12)  # (counties, months)
    noise = np.exp(rng.normal(0, _NOISE, trend.shape))
    value = level[:, None] * trend * season.reindex(months.month).to_numpy() * noise
    table = pd.DataFrame(value.round(-1), pd.Index(counties, name="region"), months)
    return table.stack().rename("value").reset_index()


def _dealers(cities, first_year: int, rng) -> pd.DataFrame:
    rows = []
    for city in cities:
        for _ in range(int(rng.integers(1, 4))):
            surname = _SURNAMES[int(rng.integers(len(_SURNAMES)))]
            opened = pd.Period(
                year=int(first_year - rng.integers(0, 8)), month=int(rng.integers(1, 13)), freq="M"
            )
            kind = _DEALER_CLASSES[int(rng.integers(len(_DEALER_CLASSES)))]
            rows.append(
                {
                    "region": city,
                    "name": f"{surname}记商贸{len(rows) + 1:03d}",
                    "class": kind,
                    "opened": opened,
                }
            )
    return pd.DataFrame(rows)


def _customers(counties, rng) -> pd.DataFrame:
    counts = rng.poisson([5, 20, 60], (len(counties), len(_CUSTOMER_CLASSES)))
    table = pd.DataFrame(counts, pd.Index(counties, name="region"), list(_CUSTOMER_CLASSES))
    return table.rename_axis(columns="class").stack().rename("value").reset_index()


def write_company(company: Company, tree: RegionTree, folder: str | Path) -> dict[str, Path]:
    """Write the company's files as an analyst would have them, and return their paths by kind.

    ``sales`` has a row a county, years above months, in ten thousand yuan, with a total row; ``stores``
    lists the
    dealers, ``customers`` the customers by class, ``targets`` next year's tasks of the cities.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {
        "sales": folder / "销售.csv",
        "stores": folder / "经销商.csv",
        "customers": folder / "客户.csv",
        "targets": folder / "任务.csv",
    }
    _write(paths["sales"], _sales_lines(company, tree))
    names = tree.names()
    dealers = [
        [names[row.region], row.name, row.kind, f"{row.opened.year}-{row.opened.month:02d}"]
        for row in company.dealers.rename(columns={"class": "kind"}).itertuples()
    ]
    _write(paths["stores"], [["城市", "经销商名称", "经销商等级", "开业日期"], *dealers])
    customers = [
        [row.region, names[row.region], row.kind, str(row.value)]
        for row in company.customers.rename(columns={"class": "kind"}).itertuples()
    ]
    _write(paths["customers"], [["行政区划代码", "区县", "客户等级", "客户数"], *customers])
    targets = [
        [names[row.region], str(row.period), f"{row.value / 1e4:g}"] for row in company.targets.itertuples()
    ]
    _write(paths["targets"], [["城市", "年份", "任务(万元)"], *targets])
    return paths


def _sales_lines(company: Company, tree: RegionTree) -> list[list[str]]:
    wide = company.sales.pivot(index="region", columns="period", values="value") / 1e4
    years = [f"{period.year}年" for period in wide.columns]
    months = [f"{period.month}月" for period in wide.columns]
    home = tree.names(tree.parents("prefecture", wide.index)).to_numpy()
    rows = [
        [code, city, name, *(f"{value:.3f}" for value in figures)]
        for code, city, name, figures in zip(
            wide.index, home, tree.names(wide.index), wide.to_numpy(), strict=True
        )
    ]
    total = ["", "合计", "", *(f"{value:.3f}" for value in wide.sum())]
    title = ["分县销售额  单位：万元", "", "", *[""] * len(years)]
    return [title, ["行政区划代码", "城市", "区县", *years], ["", "", "", *months], *rows, total]


def _write(path: Path, lines: list[list[str]]) -> None:
    text = "\n".join(",".join(line) for line in lines)
    path.write_text(text + "\n", encoding="utf-8-sig")
