"""A made-up company's files, as an analyst would have them.

Always holds: what is read back from the files is the company again.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..regions import RegionTree
from .company import Company

#: Kind of file -> its name.
FILES = {
    "sales": "销售.csv",
    "targets": "任务.csv",
    "stores": "经销商.csv",
    "rebates": "返利.csv",
    "framework": "框架.csv",
    "customers": "客户.csv",
    "staff": "人员.csv",
    "visits": "拜访.csv",
}
_KINDS = {"dealer": "经销商", "partner": "合作伙伴", "model_store": "样板店", "customer": "客户"}


def write_company(company: Company, tree: RegionTree, folder: str | Path) -> dict[str, Path]:
    """Write the company's files as an analyst would have them, and return their paths by kind.

    ``sales`` has a row a county, years above months, in ten thousand yuan, with a total row; ``stores``
    lists the dealers, ``rebates`` their sales and tasks, ``framework`` which class a tier admits,
    ``customers`` the customers by class, ``targets`` the running year's tasks of the cities, ``staff`` who
    works where, ``visits`` one salesman's customers.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {kind: folder / name for kind, name in FILES.items()}
    names = tree.names()
    _write(paths["sales"], _sales_lines(company, tree))
    tasks = [
        [names[row.region], str(row.period), f"{row.value / 1e4:g}"] for row in company.targets.itertuples()
    ]
    _write(paths["targets"], [["城市", "年份", "任务(万元)"], *tasks])
    _write(paths["stores"], _dealer_lines(company.dealers, names))
    _write(paths["rebates"], _rebate_lines(company.dealers))
    _write(paths["framework"], _framework_lines(company))
    customers = [
        [row.region, names[row.region], row.kind, str(row.value)]
        for row in company.customers.rename(columns={"class": "kind"}).itertuples()
    ]
    _write(paths["customers"], [["行政区划代码", "区县", "客户等级", "客户数"], *customers])
    _write(paths["staff"], [["人员", "城市"], *([p, names[r]] for p, r in company.staff.to_numpy())])
    _write(paths["visits"], _visit_lines(company.visits))
    return paths


def _dealer_lines(dealers: pd.DataFrame, names: pd.Series) -> list[list[str]]:
    heads = ["城市", "经销商名称", "经销商等级", "级次", "开业日期", "年销量(万元)"]
    rows = [
        [
            names[row["region"]],
            row["name"],
            row["class"],
            "一级",
            f"{row['opened'].year}-{row['opened'].month:02d}",
            f"{row['volume'] / 1e4:.4f}",
        ]
        for row in dealers.to_dict("records")
    ]
    return [heads, *rows]


def _framework_lines(company: Company) -> list[list[str]]:
    frames = company.framework.fillna("").reset_index().values.tolist()
    least = ["门槛(万元)", *(f"{company.thresholds[name] / 1e4:g}" for name in company.framework.columns)]
    return [["城市级别", *company.framework.columns], least, *frames]


def _rebate_lines(dealers: pd.DataFrame) -> list[list[str]]:
    rows = [
        [row.name, f"{row.volume / 1e4:.4f}", f"{row.task / 1e4:.4f}"]
        for row in dealers.itertuples(index=False)
    ]
    return [["经销商", "年销售额(万元)", "任务(万元)"], *rows]


def _visit_lines(visits: pd.DataFrame) -> list[list[str]]:
    rows = [
        [row["person"], row["customer"], row["class"], f"{row['hours']:g}", _KINDS[row["kind"]]]
        for row in visits.to_dict("records")
    ]
    return [["人员", "客户", "类别", "时间(小时)", "类型"], *rows]


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
