"""``mktanalysis capacity``: penetration curves, county figures, potential, headroom, outlets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .own import uses_figures

To = Annotated[Path | None, typer.Option(help="写入 .csv 或 .xlsx")]
Region = Annotated[str, typer.Option(help="只看这个地区之内：代码或名称")]
Indicator = Annotated[str, typer.Option(help="指标：retail_sales 社零总额、gdp、registered_population")]
Year = Annotated[int | None, typer.Option(help="年份；默认补到的那一年，见输出的说明")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        no_args_is_help=True, help="市场容量：渗透率曲线、县级分摊、空间势能、余量、饱和网点数"
    )
    for command in (penetration, counties, potential, headroom, outlets):
        group.command(command.__name__)(uses_figures(command))
    app.add_typer(group, name="capacity")


def penetration(
    file: Annotated[
        Path | None, typer.Option(help="渗透率表：列 地区、年份、渗透率(%)；不给则用内置的移动电话普及率")
    ] = None,
    curve: Annotated[str, typer.Option(help="auto、logistic、gompertz 或 bass")] = "auto",
    ceiling: Annotated[
        float | None,
        typer.Option(help="可能的最高水平；默认：自有文件 1（人口的份额），内置移动电话 3.5（部/户籍人口）"),
    ] = None,
    coverage: Annotated[float, typer.Option(help="饱和水平区间的名义覆盖率")] = 0.8,
    horizon: Annotated[int, typer.Option(min=0, help="沿曲线外推几期")] = 3,
    to: To = None,
) -> None:
    """渗透率沿 S 曲线走到哪里：饱和水平和区间；数据看不出饱和水平的地区，明说看不出。

    例：mktanalysis capacity penetration

    例：mktanalysis capacity penetration --file 渗透率.xlsx --curve bass --to 曲线.xlsx
    """
    import pandas as pd

    from mktanalysis import load_regions
    from mktanalysis.capacity import fit_penetration, saturation_table
    from mktanalysis.china import load_penetration
    from mktanalysis.words import status_word

    from .output import check_target, show
    from .own import own_table

    check_target(to)
    tree = load_regions()
    panel = load_penetration() if file is None else own_table(file, kind="penetration", tree=tree)
    ceiling = ceiling or (3.5 if file is None else 1.0)
    fit = fit_penetration(panel, curve=curve, ceiling=ceiling, coverage=coverage)
    end = panel["period"].max()
    path = fit.predict(pd.period_range(end + horizon, periods=1)).set_index("region")["value"]
    standing = saturation_table(fit, panel)
    table = fit.table
    over = standing["status"].eq("passed").reindex(table["region"]).to_numpy()
    later = f"{end + horizon}（曲线）"
    table = table.assign(
        now=standing["now"].reindex(table["region"]).to_numpy(),
        reason=table["reason"].where(table["reason"] != "", "可以认定").mask(over, status_word("passed")),
        **{later: path.reindex(table["region"]).to_numpy()},
    )
    columns = ["region", "now", "curve", "saturation", "lower", "upper", later, "reason"]
    columns = columns if horizon else [name for name in columns if name != later]
    known = int((standing["status"] == "identified").sum())
    title = f"渗透率曲线（{len(table)} 个地区，{known} 个可以认定）"
    show(table, columns=columns, title=title, tree=tree, units={later: "rate"}, to=to)


def counties(
    region: Region = "100000", indicator: Indicator = "retail_sales", year: Year = None, to: To = None
) -> None:
    """县级数：没有公布的县级社零，按学得的份额（人口 × 人均产出）从市级数分摊，是估计，附区间。

    地区生产总值：2020 年有县自己公布数的用它占全市的份额；其余由存贷款、财政、城镇人口等推得份额。

    例：mktanalysis capacity counties --region 苏州市 --to 县.xlsx

    例：mktanalysis capacity counties --region 昆山市 --indicator gdp --year 2020
    """
    from mktanalysis import MktError, load_regions, resolve_names, words
    from mktanalysis.china import county_market

    from .output import check_target, show

    check_target(to)
    tree = load_regions()
    code = resolve_names([region], tree).iloc[0]
    table = county_market(indicator, year)
    table = table[table.index.isin(tree.subtree(code).regions)]
    if table.empty:
        raise MktError(f"{tree.names([code]).iloc[0]} 的市没有 {words.label(indicator)}，下面的县无从分摊")
    _tell_basis(indicator, table)
    label, unit = words.indicator(indicator)
    columns = ["region", "parent", "year", "population", "value", "lower", "upper", "status"]
    columns = columns if table["lower"].notna().any() else [c for c in columns if c not in ("lower", "upper")]
    title = f"{label}：各县（{_status_line(table)}）"
    in_unit = dict.fromkeys(("value", "lower", "upper"), unit)
    show(table.reset_index(), columns=columns, title=title, tree=tree, units=in_unit, kind="allocated", to=to)


def potential(
    exponent: Annotated[float, typer.Option(help="距离衰减指数：没有默认值；1 为哈里斯原式，有流量时先估计")],
    indicator: Indicator = "retail_sales",
    year: Year = None,
    inner_km: Annotated[float, typer.Option(min=1, help="本市内的平均距离，公里")] = 30.0,
    region: Region = "100000",
    to: To = None,
) -> None:
    """空间势能（哈里斯）：一个城市的四周有多少市场，按距离打折相加。

    例：mktanalysis capacity potential --exponent 1 --region 江苏省
    """
    import pandas as pd

    from mktanalysis import load_regions, load_table, resolve_names
    from mktanalysis.capacity import distances, harris_potential

    from .output import check_target, show

    check_target(to)
    tree = load_regions()
    code = resolve_names([region], tree).iloc[0]
    mass = _cities(indicator, year)["value"]
    points = load_table("points")
    found = harris_potential(
        mass, distances(points[points["region"].isin(mass.index)]), exponent=exponent, inner_km=inner_km
    )
    own = mass / inner_km**exponent
    inside = found.index.isin(tree.subtree(code).regions)
    rows = found[inside].sort_values(ascending=False).index
    table = pd.DataFrame(
        {
            "region": rows,
            "potential": (100 * found / found.max())[rows].to_numpy(),
            "own_part": (own / found)[rows].to_numpy(),
        }
    )
    title = f"空间势能（指数 {exponent:g}，本市内 {inner_km:g} 公里）"
    show(table, title=title, tree=tree, to=to)


def headroom(
    file: Annotated[Path, typer.Option(help="自有销售：取最近一年之和")],
    target: Annotated[
        float | None, typer.Option(min=0.0, help="目标比重，占社零的百分数；不给则取自己城市的上四分位")
    ] = None,
    to: To = None,
) -> None:
    """余量：自有销售占当地社零的比重，离目标比重还差多少，各层级相加。

    例：mktanalysis capacity headroom --file 销售.xlsx --target 0.5
    """
    from mktanalysis import MktError, load_regions
    from mktanalysis.capacity import headroom as room_of
    from mktanalysis.china import carried_year
    from mktanalysis.schemas import season_of

    from .output import check_target, show
    from .own import own_table

    check_target(to)
    tree = load_regions()
    panel = own_table(file, kind="sales", tree=tree)
    last = panel["period"] > panel["period"].max() - season_of(panel["period"].dtype)
    own = panel[last].groupby("region")["value"].sum()
    level = tree.level_of(own.index).unique()
    if list(level) != ["prefecture"]:
        raise MktError(f"余量按市计算（社零只有市级数），自有销售应按市，现有：{'、'.join(level)}")
    year = min(int(panel["period"].max().year), carried_year())
    cities = _cities("retail_sales", year)
    guessed = own.index.intersection(cities.index[cities["status"] == "imputed"])
    if len(guessed):
        typer.echo(f"说明：社零没有公布，由其他指标推算：{'、'.join(tree.names(guessed))}", err=True)
    retail = cities["value"]
    goal = (own / retail.reindex(own.index)).quantile(0.75) if target is None else target / 100
    table = room_of(own, retail.reindex(own.index), tree, target_share=goal).reset_index()
    columns = ["region", "own", "capacity", "share", "headroom"]
    title = f"余量（目标比重 {goal:.3%}；社零为 {year} 年，{_status_line(cities.loc[own.index])}）"
    units = {"own": "万元", "capacity": "亿元", "headroom": "万元"}
    show(table, columns=columns, title=title, tree=tree, units=units, kind="headroom", to=to)


def outlets(
    region: Region = "江苏省",
    scheme: Annotated[
        str, typer.Option(help="片区划分：jiangsu_parts 为苏南、苏中、苏北，其他见 data show schemes")
    ] = "jiangsu_parts",
    per_place: Annotated[float, typer.Option(min=0.0, help="一个县级单位容得下几家")] = 1.0,
    ratio: Annotated[list[str], typer.Option(help="单店产出比，可写多次：苏北=0.7苏中")] = [],  # noqa: B006  (typer copies it)
    to: To = None,
) -> None:
    """饱和网点数：各片区县城、市辖区各有多少，一处容几家，折成同等产出的网点。

    例：mktanalysis capacity outlets --ratio 苏北=0.7苏中
    """
    import re

    from mktanalysis import MktError, load_regions, load_scheme, resolve_names
    from mktanalysis.capacity import saturation_counts

    from .output import check_target, show

    check_target(to)
    tree = load_regions()
    code = resolve_names([region], tree).iloc[0]
    units = tree.subtree(code).table.query("level == 'county'")
    zone = _zones(units["region"], load_scheme(scheme), tree)
    if zone.isna().all():
        raise MktError(f"{tree.names([code]).iloc[0]} 不在划分 {scheme!r} 之内")
    kind = units["kind"].eq("district").map({True: "市辖区", False: "县城"})
    places = units.assign(region=zone.to_numpy(), kind=kind).dropna(subset=["region"])
    places = places.groupby(["region", "kind"], sort=False).size().rename("n_places").reset_index()
    found = [re.fullmatch(r"(.+?)=([\d.]+)\*?(.+)", text) for text in ratio]
    if not all(found):
        raise MktError(f"看不懂 --ratio {ratio}：应为 苏北=0.7苏中")
    ratios = {match[1]: (float(match[2]), match[3]) for match in found}
    table = saturation_counts(places, outlets_per_place=per_place, productivity=ratios).reset_index()
    show(table.fillna(0), title="饱和网点数（县级单位按今日区划）", kind="outlets", to=to)


def _zones(regions, scheme, tree):
    """Label of each region's city in a scheme, else of its province."""
    city, province = (tree.parents(level, regions).map(scheme) for level in ("prefecture", "province"))
    return city.astype(object).where(city.notna(), province.astype(object))


def _cities(indicator: str, year: int | None):
    """Figures of the cities of one year; what they rest on is told."""
    from mktanalysis.china import city_market

    table = city_market(indicator, year)
    _tell_basis(indicator, table)
    return table


def _tell_basis(indicator: str, table) -> None:
    """The years and statuses of the figures, and what carried them on."""
    from mktanalysis.china import bridge_panel, newest_year, said
    from mktanalysis.china.today.years import BRIDGED

    if indicator in BRIDGED and table["year"].max() > newest_year(indicator):
        typer.echo(said(bridge_panel(indicator)), err=True)
    typer.echo(f"依据：{int(table['year'].max())} 年，{_status_line(table)}", err=True)


def _status_line(table) -> str:
    """How many figures of each status."""
    from mktanalysis import words

    count = table["status"].value_counts()
    return "、".join(f"{words.status_word(status)} {n} 个" for status, n in count.items())
