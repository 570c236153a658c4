"""``mktanalysis forecast``: coherent forecasts with intervals, on the screen and as a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .own import uses_figures

Region = Annotated[str, typer.Option(help="看哪个地区及其下级：代码或名称")]
Indicator = Annotated[
    str, typer.Option(help="指标：retail_sales 社零总额、gdp 地区生产总值、registered_population 户籍人口")
]
Own = Annotated[Path | None, typer.Option("--file", help="自有销售数据（xlsx 或 csv），给出后不用内置指标")]
Horizon = Annotated[int, typer.Option(min=1, help="预测几期：期与数据相同，年、季、月、周或日")]
Model = Annotated[
    str,
    typer.Option(
        help="模型：average（几个模型按以往误差加权，日数据另有 ridge 等）、theta、ets、drift、"
        "recent_drift（近五年）、seasonal_naive、log_theta、log_ets、log_drift、log_recent_drift，"
        "以及主要用于日数据的 seasonal_median、ridge；只有四到七年时 drift 误差最小"
    ),
]
Method = Annotated[
    str,
    typer.Option(help="上下级协调：wls_common、wls_var、mint_shrink、wls_struct、ols、bottom_up、top_down"),
]
Coverage = Annotated[float, typer.Option(help="区间的名义覆盖率，0 与 1 之间")]
Fixed = Annotated[
    Path | None,
    typer.Option(help="不得改动的总数：列 地区、时期、预算(万元)，可另有 下限(万元)、上限(万元)；任何层级"),
]
Scenario = Annotated[
    list[str],
    typer.Option(help="情景，可写多次：西南=-2 每年增速减 2 个百分点；四川省=x0.9 水平乘 0.9；近者优先"),
]
Changes = Annotated[bool, typer.Option("--changes", help="再与少一年数据时的预测相比，变了什么")]
Quantiles = Annotated[str, typer.Option(help="另给分位数，如 0.1,0.5,0.9：实际值低于它的机会")]
Explain = Annotated[bool, typer.Option("--explain", help="说明预测由什么组成：模型、偏差修正、协调")]
Origins = Annotated[int, typer.Option(min=0, help="回测起点数，0 为不回测")]
Spring = Annotated[
    bool, typer.Option("--spring/--no-spring", help="月度数据先去掉春节在一、二月间移动的影响，再加回")
]
Every = Annotated[
    str, typer.Option(help="自有明细按什么合计：month 月、week 周（周一至周日）、day 日；要求每行有日期")
]
Holidays = Annotated[
    Path | None,
    typer.Option(help="周、日数据的节日表：列 节日、日期，可另有 前、后（天数）；默认中国法定节假日"),
]
Carried = Annotated[
    bool, typer.Option("--carried/--published", help="内置指标先补到最新完整年再预测；或只用公布数")
]
To = Annotated[Path | None, typer.Option(help="写入 .xlsx（所有地区，多张表）或 .csv（只有预测，元）")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("forecast")(uses_figures(forecast))


def forecast(
    region: Region = "100000",
    indicator: Indicator = "retail_sales",
    file: Own = None,
    horizon: Horizon = 3,
    model: Model = "average",
    method: Method = "wls_common",
    coverage: Coverage = 0.8,
    fixed: Fixed = None,
    scenario: Scenario = [],  # noqa: B006  (typer copies it)
    changes: Changes = False,
    quantiles: Quantiles = "",
    explain: Explain = False,
    backtest: Origins = 0,
    spring: Spring = True,
    every: Every = "month",
    holidays: Holidays = None,
    carried: Carried = True,
    to: To = None,
) -> None:
    """预测区域容量：县、市、省、大区、全国互相加得起来，并给出经过检验的区间。

    例：mktanalysis forecast --region 江苏省 --horizon 3 --to 江苏.xlsx

    例：mktanalysis forecast --region 西南 --scenario 西南=-2 --changes

    例：mktanalysis forecast --file 我的销售.xlsx --fixed 明年预算.xlsx --horizon 12

    例：mktanalysis forecast --file 每日销售.csv --every day --horizon 28
    """
    from mktanalysis import HierarchicalForecaster, MktError, resolve_names

    from .output import check_target, next_step
    from .own import own_table, own_tree
    from .own.panels import built_in, carried_on, own_panel

    check_target(to)
    if every != "month" and file is None:
        raise MktError("--every 只用于自有明细：请同时用 --file 给出文件")
    tree = own_tree()
    code = resolve_names([region], tree).iloc[0]
    what_if = _scenario(scenario, tree)
    panel, breaks, unit = own_panel(file, tree, every) if file else built_in(indicator)
    published = panel
    today = None if file else carried_on(indicator, carried)
    if today is not None:
        panel = today.until()
    totals = None if fixed is None else own_table(fixed, kind="targets", tree=tree)
    if totals is not None:
        totals = _ahead(totals, panel)
        _tell_beyond(totals, panel, horizon)
    model = _with_calendar(model, panel, horizon, spring, holidays)
    settings = {"reconciliation": method, "coverage": coverage, "breaks": breaks}
    forecaster = HierarchicalForecaster(model, fixed=totals, **settings)
    wanted = _quantiles(quantiles)
    result = _forecast(forecaster, today, horizon, panel, tree, unit, wanted)
    _print(result, tree, code, unit)
    more = {}
    if explain:
        more |= _explain(result, tree, code, unit)
    if what_if is not None:
        more["情景"] = _what_if(result, what_if, tree, code, unit)
    if changes:
        more["与上年预测相比"] = _changed(
            HierarchicalForecaster(model, **settings), published, tree, result, code
        )
    if backtest:
        more["回测"] = _backtest(forecaster, published, tree, horizon, backtest)
    if to is not None:
        _write(result, more, tree, unit, to)
    next_step(
        "看区间有多可信：加 --backtest 4；看假如放慢会怎样：加 --scenario 西南=-2"
        if not backtest
        else "说明一个数由什么组成：加 --explain；写出全部：加 --to 预测.xlsx"
    )


def _ahead(totals, panel):
    """The totals that still lie ahead: what has happened stands as it is (a budget in mid-year)."""
    if totals["period"].dtype != panel["period"].dtype:
        return totals
    end = panel.dropna(subset=["value"])["period"].max()
    past = totals["period"] <= end
    if past.any():
        typer.echo(f"说明：{end} 及以前的实际数已有，{int(past.sum())} 个固定值没有用上", err=True)
    return totals[~past] if (~past).any() else None


def _with_calendar(model: str, panel, horizon: int, wanted: bool, holidays: Path | None):
    """The model, looking at figures without Spring Festival, or the holidays, where that is wanted."""
    from mktanalysis import MktError
    from mktanalysis.forecasting import SpringFestival

    from .own.holidays import with_holidays

    freq = panel["period"].dtype.freq.rule_code.split("-")[0]
    if holidays is not None and freq not in ("W", "D"):
        raise MktError("--holidays 只用于周、日数据：请同时用 --file 和 --every week 或 --every day")
    if wanted and freq in ("W", "D"):
        return with_holidays(model, panel, horizon, holidays)
    if not wanted or not freq.startswith("M"):
        return model
    typer.echo("说明：月度数据已考虑春节在一、二月间的移动（--no-spring 关闭）", err=True)
    return SpringFestival(model)


def _quantiles(text: str) -> list[float]:
    from mktanalysis import MktError

    try:
        return [float(part) for part in text.replace("，", ",").split(",") if part.strip()]
    except ValueError:
        raise MktError(f"看不懂分位数 {text!r}：应为 0 与 1 之间的数，用逗号隔开，如 0.1,0.5,0.9") from None


def _explain(result, tree, code: str, unit: str) -> dict:
    """Print how the forecasts of the region and its parts came about; return the sheets."""
    from mktanalysis import forecasting, words
    from mktanalysis.words.render import named

    from .output import show

    shown = [r for r in [code, *tree.children(code)] if r in set(result.table["region"])]
    names = tree.names(shown)
    for region in shown[:1]:
        typer.echo(forecasting.explain(result, region, name=names[region]))
    parts = result.parts[result.parts["region"].isin(shown)]
    parts = parts[parts["period"] == parts["period"].max()]
    columns = ["name", "period", "base", "bias", "reconciliation", "fixed", "mean"]
    title = words.title("forecast_parts")
    show(parts, columns=columns, title=f"{title}（{unit}）", tree=tree, units=unit, kind="forecast_parts")
    return {
        title: named(result.parts, "forecast_parts"),
        words.title("forecast_members"): named(result.members, "forecast_members"),
    }


def _tell_beyond(totals, panel, horizon: int) -> None:
    """Say which fixed totals lie further ahead than the forecast reaches."""
    if totals is None:
        return
    end = panel["period"].max() + horizon
    if totals["period"].dtype == panel["period"].dtype and (totals["period"] > end).any():
        far = totals[totals["period"] > end]
        typer.echo(f"说明：{len(far)} 个固定值在 {end} 以后，超出 --horizon，没有用上", err=True)


def _forecast(forecaster, today, horizon: int, panel, tree, unit: str, quantiles):
    """The forecast; limits that cannot all hold are told with names, periods and the display unit."""
    from mktanalysis import InfeasibleError, words

    try:
        if today is not None:
            return today.forecast(forecaster, tree, horizon, quantiles=quantiles)
        return forecaster.fit(panel, tree).forecast(horizon, quantiles=quantiles)
    except InfeasibleError as error:
        told = error.relaxation
        end = panel["period"].max()
        if not {"region", "step"} <= set(told.columns):
            raise
        texts = [
            text.replace(code, tree.names([code]).iloc[0]).replace(f"第 {step} 期", str(end + step))
            for text, code, step in zip(told["condition"], told["region"], told["step"], strict=True)
        ]
        amounts = {
            name: [f"{value / words.scale(unit):,.6g} {unit}" for value in told[name]]
            for name in ("given", "needed")
        }
        raise InfeasibleError(error.message, told.assign(condition=texts, **amounts)) from None


def _scenario(texts: list[str], tree):
    """Changes table of ``西南=-2`` and ``四川省=x0.9``; None without any."""
    import pandas as pd

    from mktanalysis import MktError, resolve_names

    if not texts:
        return None
    rows = []
    for text in texts:
        name, _, change = text.partition("=")
        change = change.strip().lower()
        kind = "multiplier" if change.startswith("x") else "growth"
        try:
            size = float(change.lstrip("x").rstrip("%"))
        except ValueError:
            size = float("nan")
        if not name.strip() or not abs(size) < 1e6 or (kind == "multiplier" and size < 0):
            raise MktError(f"看不懂情景 {text!r}：应为 西南=-2（百分点）或 四川省=x0.9（倍数，不为负）")
        rows.append((name.strip(), kind, size / 100 if kind == "growth" else size))
    table = pd.DataFrame(rows, columns=["name", "kind", "size"])
    table = table.assign(region=resolve_names(table["name"], tree).to_numpy())
    if table["region"].duplicated().any():
        raise MktError(f"情景中同一地区写了两次：{'、'.join(table['name'][table['region'].duplicated()])}")
    return table.pivot(index="region", columns="kind", values="size").reset_index().rename_axis(columns=None)


def _a_year(periods) -> int:
    """Periods a year."""
    from mktanalysis.schemas import season_of

    freq = periods.dtype.freq.rule_code.split("-")[0]
    return {"D": 365, "W": 52}.get(freq) or season_of(periods.dtype)


def _chosen(table, tree, code: str):
    """Rows of the region, of all above it and of its children."""
    return table[table["region"].isin([*tree.path(code).index, *tree.children(code)])]


def _what_if(result, changes, tree, code: str, unit: str):
    """Print and return the forecast under a scenario; points are a year's, spread over its periods."""
    from mktanalysis.planning import apply_scenario
    from mktanalysis.words.render import named

    from .output import show

    if "growth" in changes:
        changes = changes.assign(growth=changes["growth"] / _a_year(result.table["period"]))
    table = apply_scenario(result.table, result.history, tree, changes)
    table = table.assign(change=table["mean"] / table["base"].where(table["base"] != 0) - 1)
    touched = [*tree.path(code).index, *tree.children(code), *changes["region"]]
    last = table[table["region"].isin(touched) & (table["period"] == table["period"].max())]
    columns = ["name", "period", "base", "mean", "lower", "upper", "change"]
    how = {"columns": columns, "tree": tree, "units": unit, "kind": "scenario"}
    show(last, title=f"情景：上级随下级相加（{unit}）", **how)
    columns = ["region", "period", "level", "base", "mean", "lower", "upper", "change"]
    return named(table[columns], "scenario")


def _changed(forecaster, panel, tree, result, code: str):
    """Print and return what changed since the forecast that would have been made a year earlier.

    What came in is what was published: a figure that was carried on is no actual.
    """
    from mktanalysis.forecasting import published_figures
    from mktanalysis.planning import compare_vintages
    from mktanalysis.words.render import named

    from .output import show

    year = _a_year(panel["period"])
    ahead = (result.table["period"].max() - panel["period"].max()).n
    before = panel[panel["period"] <= panel["period"].max() - year]
    previous = forecaster.fit(before, tree).predict(ahead + year)
    table = compare_vintages(previous, result.table, published_figures(result.history))
    columns = ["name", "period", "kind", "change", "inside"]
    rows = _chosen(table, tree, code)
    show(rows, columns=columns, title="与一年前的预测相比", tree=tree, kind="vintages")
    return named(table, "vintages")


def _print(result, tree, code: str, unit: str) -> None:
    from mktanalysis import MktError

    from .output import show

    shown = [r for r in [code, *tree.children(code)] if r in set(result.table["region"])]
    if not shown:
        raise MktError(f"{tree.names([code]).iloc[0]} 及其下级没有数据，无法预测")
    rows = result.table[result.table["region"].isin(shown)]
    columns = ["name", "period", "mean", "lower", "upper"]
    columns += [name for name in rows if name[0] == "q" and name[1:2].isdigit()]
    show(rows, columns=columns, title=f"预测（{unit}）", tree=tree, units=unit)
    if len(result.fixed):
        columns = ["name", "period", "fixed", "forecast", "discrepancy"]
        show(result.fixed, columns=columns, title=f"不得改动的总数（{unit}）", tree=tree, units=unit)
    show(result.coverage, title="区间检验：最近几次预测（只用当时已知的数），实际值落在区间内")


def _backtest(forecaster, panel, tree, horizon: int, n_origins: int):
    from mktanalysis import backtest, score_forecasts

    from .output import show

    scores = score_forecasts(backtest(forecaster, panel, tree, horizon=horizon, n_origins=n_origins))
    show(scores, title="回测：同一批预测，协调前后各层级的误差")
    return scores


def _write(result, more: dict, tree, unit: str, to: Path) -> None:
    """Everything in base units: the forecast of all regions (.csv), or all tables (.xlsx)."""
    from mktanalysis.presentation import present

    from .output import write_tables

    tables = {
        "预测": result.table,
        "区间检验": result.coverage,
        "协调前后": result.base,
        "固定值": result.fixed,
        "历史": result.history,
        **more,
    }
    shown = {
        title: present(table, tree=tree if "region" in table else None, title=title, units=unit)
        for title, table in tables.items()
        if len(table)
    }
    write_tables(to, shown)
