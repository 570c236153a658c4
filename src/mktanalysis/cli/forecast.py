"""``mktanalysis forecast``: coherent forecasts with intervals, on the screen and as a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Region = Annotated[str, typer.Option(help="看哪个地区及其下级：代码或名称")]
Indicator = Annotated[
    str, typer.Option(help="指标：retail_sales 社零总额、gdp 地区生产总值、registered_population 户籍人口")
]
Own = Annotated[Path | None, typer.Option("--file", help="自有销售数据（xlsx 或 csv），给出后不用内置指标")]
Horizon = Annotated[int, typer.Option(min=1, help="预测几期")]
Model = Annotated[
    str, typer.Option(help="模型：average、theta、ets、drift、seasonal_naive、log_theta、log_ets")
]
Method = Annotated[
    str, typer.Option(help="上下级协调：wls_var、mint_shrink、wls_struct、ols、bottom_up、top_down")
]
Coverage = Annotated[float, typer.Option(help="区间的名义覆盖率，0 与 1 之间")]
Fixed = Annotated[Path | None, typer.Option(help="不得改动的总数（同自有销售数据的格式，未来时期）")]
Origins = Annotated[int, typer.Option(help="回测起点数，0 为不回测")]
To = Annotated[Path | None, typer.Option(help="写入 .xlsx（多张表）或 .csv（只有预测）")]

LEVELS = {"nation": "全国", "macro_region": "大区", "province": "省", "prefecture": "市", "county": "县"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("forecast")(forecast)


def forecast(
    region: Region = "100000",
    indicator: Indicator = "retail_sales",
    file: Own = None,
    horizon: Horizon = 3,
    model: Model = "average",
    method: Method = "wls_var",
    coverage: Coverage = 0.8,
    fixed: Fixed = None,
    backtest: Origins = 0,
    to: To = None,
) -> None:
    """预测区域容量：县、市、省、大区、全国互相加得起来，并给出经过检验的区间。

    例：mktanalysis forecast --region 江苏省 --horizon 3 --to 江苏.xlsx

    例：mktanalysis forecast --file 我的销售.xlsx --fixed 明年预算.xlsx --horizon 12
    """
    from mktanalysis import HierarchicalForecaster, load_regions, resolve_names

    from .output import check_target, own_table

    if to is not None:
        check_target(to)
    tree = load_regions()
    code = resolve_names([region], tree).iloc[0]
    panel, breaks, unit = own_panel(file, tree) if file else built_in(indicator)
    totals = None if fixed is None else own_table(fixed, kind="sales", tree=tree)
    forecaster = HierarchicalForecaster(
        model, reconciliation=method, coverage=coverage, fixed=totals, breaks=breaks
    )
    result = forecaster.fit(panel, tree).forecast(horizon)
    _print(result, tree, code, unit)
    scores = _backtest(forecaster, panel, tree, horizon, backtest)
    if to is not None:
        _write(result, scores, tree, to)


def built_in(indicator: str):
    """Panel, breaks and display unit of a built-in indicator."""
    from mktanalysis import MktError, style
    from mktanalysis.forecasting import load_panel

    if indicator not in style.INDICATORS:
        raise MktError(f"没有指标 {indicator!r}，可用：retail_sales、gdp、registered_population")
    panel, breaks = load_panel(indicator)
    return panel, breaks, style.INDICATORS[indicator][1]


def own_panel(file: Path, tree):
    """Panel of an own sales file; shown in ten thousand yuan, no breaks known."""
    from .output import own_table

    return own_table(file, kind="sales", tree=tree)[["region", "period", "value"]], None, "万元"


def _print(result, tree, code: str, unit: str) -> None:
    from mktanalysis import MktError, style

    from .output import show

    shown = [r for r in [code, *tree.children(code)] if r in set(result.table["region"])]
    if not shown:
        raise MktError(f"{tree.names([code]).iloc[0]} 及其下级没有数据，无法预测")
    rows = result.table[result.table["region"].isin(shown)]
    scale = style.UNIT_SCALE[unit]
    table = rows.assign(
        地区=tree.names(rows["region"]).to_numpy(), 时期=rows["period"].astype(str),
        预测=rows["mean"] / scale, 下限=rows["lower"] / scale, 上限=rows["upper"] / scale,
    )[["地区", "时期", "预测", "下限", "上限"]]  # fmt: skip
    show(table, title=f"预测（{unit}）")
    if len(result.fixed):
        held = result.fixed
        show(
            held.assign(
                地区=tree.names(held["region"]).to_numpy(), 时期=held["period"].astype(str),
                固定值=held["fixed"] / scale, 自由预测=held["forecast"] / scale,
                差额=held["discrepancy"] / scale,
            )[["地区", "时期", "固定值", "自由预测", "差额"]],
            title=f"不得改动的总数（{unit}）",
        )  # fmt: skip
    show(_percent(result.coverage), title="区间检验：过去各起点的实际值落在区间内的比例")


#: Column -> header on the screen.
HEADERS = {
    "level": "层级", "model": "方法", "n": "次数", "n_series": "序列数", "n_errors": "检验次数",
    "nominal": "名义", "coverage": "实际覆盖", "wape": "WAPE", "mase": "MASE", "rmsse": "RMSSE",
    "bias": "偏差", "interval_score": "区间得分",
}  # fmt: skip
METHODS = {"base": "各自预测", "bottom_up": "由下级相加", "reconciled": "协调后"}


def _percent(table):
    """Chinese headers and words, shares as percent."""
    shares = [name for name in ("nominal", "coverage", "wape", "bias") if name in table]
    text = {name: table[name].map(lambda x: "—" if x != x else f"{x:.1%}") for name in shares}
    words = {"level": table["level"].map(LEVELS).fillna(table["level"])}
    if "model" in table:
        words["model"] = table["model"].map(METHODS)
    return table.assign(**text, **words).rename(columns=HEADERS)


def _backtest(forecaster, panel, tree, horizon: int, n_origins: int):
    from mktanalysis import backtest, score_forecasts

    from .output import show

    if not n_origins:
        return None
    scores = score_forecasts(backtest(forecaster, panel, tree, horizon=horizon, n_origins=n_origins))
    show(_percent(scores), title="回测：同一批预测，协调前后各层级的误差")
    return scores


def _write(result, scores, tree, to: Path) -> None:
    from mktanalysis.io import write_csv, write_xlsx

    def named(table):
        return table.assign(name=tree.names(table["region"]).to_numpy())

    if to.suffix.lower() == ".csv":
        write_csv(to, named(result.table))
    else:
        sheets = {
            "预测": named(result.table),
            "区间检验": result.coverage,
            "协调前后": named(result.base),
            "固定值": named(result.fixed),
            "历史": named(result.history),
        }
        if scores is not None:
            sheets["回测"] = scores
        percent = dict.fromkeys(("nominal", "coverage", "observed_share", "wape", "bias"), "share")
        write_xlsx(to, sheets, units=percent)
    typer.echo(f"已写入 {to}")
