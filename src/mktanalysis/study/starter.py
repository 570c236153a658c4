"""What a new study begins with: its ``study.toml`` and one notebook on own sales.

Always holds: both run as they are once ``data/`` has the files that they name.
"""

from __future__ import annotations

_FILES = """
# 自己的文件：运行前先核对。kind 见 mktanalysis data check --help；path 相对本文件夹，也可写绝对路径。
[files]
sales = {{ path = "{sales}", kind = "sales" }}
{more}"""

_EXAMPLE = """targets = { path = "data/任务.csv", kind = "targets" }
customers = { path = "data/客户.csv", kind = "customers" }
dealers = { path = "data/经销商.csv", kind = "dealers" }
framework = { path = "data/框架.csv", kind = "framework" }
staff = { path = "data/人员.csv", kind = "staff" }
visits = { path = "data/拜访.csv", kind = "visits" }
"""


def study_text(title: str, *, example: bool) -> str:
    """Text of a new ``study.toml``."""
    sales = "data/销售.csv" if example else "data/销售.xlsx"
    quoted = title.replace("\\", "\\\\").replace('"', '\\"')
    more = _EXAMPLE if example else ""
    return (
        f'title = "{quoted}"\n'
        + _FILES.format(sales=sales, more=more)
        + f"""
# 报告：一章一本笔记本（notebooks/ 里的可以随意改），parameters 是它的参数，grid 是要各做一份的取值。
[[part]]
title = "自有销售"

[[part.chapter]]
notebook = "notebooks/自有销售"
parameters = {{ sales_file = "{sales}" }}
"""
    )


def _markdown(identifier: str, text: str) -> dict:
    return {"cell_type": "markdown", "id": identifier, "metadata": {}, "source": text}


def _code(identifier: str, text: str, tags: tuple[str, ...] = ()) -> dict:
    metadata = {"tags": list(tags)} if tags else {}
    cell = {"cell_type": "code", "id": identifier, "metadata": metadata, "source": text}
    return {**cell, "execution_count": None, "outputs": []}


def starter_notebook() -> dict:
    """The notebook that reads own sales, says what was read, and shows cities, months and growth."""
    cells = [
        _markdown("start-0", "# 自有销售：卖到哪里、长得多快\n\n先看读入时的说明，再看各市的数。"),
        _code(
            "start-1",
            'sales_file: str = "data/销售.csv"  # 自有销售文件（相对研究文件夹）：xlsx 或 csv',
            ("parameters",),
        ),
        _code(
            "start-2",
            "import matplotlib.pyplot as plt\nimport mktanalysis "
            "as mkt\nfrom mktanalysis import reports, style\n\n"
            "style.use_style()\n"
            "tree = mkt.load_regions()\n"
            'sales = mkt.read_table(sales_file, kind="sales", tree=tree)',
        ),
        _markdown("start-3", "## 各市每年的销售额"),
        _code(
            "start-4",
            'city = tree.parents("prefecture", sales["region"])'
            '.fillna(sales["region"].set_axis(sales["region"]))\n'
            'yearly = sales.assign(region=city.to_numpy(), period=sales["period"].dt.year)\n'
            'yearly = yearly.groupby(["region", "period"], as_index=False)["value"].sum()\n'
            'yearly["name"] = tree.names(yearly["region"]).to_numpy()\n'
            'wide = yearly.pivot(index="name", columns="period", values="value") / 1e4\n'
            "wide = wide.sort_values(wide.columns[-1], ascending=False)\n"
            'shown = wide.rename(columns=str).reset_index().rename(columns={"name": "城市"})\n'
            'reports.publish_table("cities", shown, title="各市销售额（万元）")',
        ),
        _code(
            "start-5",
            'wide.iloc[:, -1].head(15)[::-1].plot.barh(title=f"{wide.columns[-1]} '
            '年销售额（万元）", ylabel="")\n'
            "plt.show()",
        ),
        _markdown("start-6", "## 合计与增长"),
        _code(
            "start-7",
            "total = wide.sum()\n"
            'growth = total.pct_change().iloc[-1] if len(total) > 1 else float("nan")\n'
            'reports.publish_figure("total", float(total.iloc[-1])'
            ', label=f"{total.index[-1]} 年合计", unit="万元")\n'
            'reports.publish_figure("growth", float(growth), '
            'label="比上年增长", unit="rate") if growth == growth else None',
        ),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
