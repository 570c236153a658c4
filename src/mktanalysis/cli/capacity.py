"""``mktanalysis capacity``: penetration curves, county figures, potential, headroom, outlets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .own import reads_files

To = Annotated[Path | None, typer.Option(help="写入 .csv 或 .xlsx")]
Region = Annotated[str, typer.Option(help="只看这个地区之内：代码或名称")]
Indicator = Annotated[str, typer.Option(help="指标：retail_sales 社零总额、gdp、registered_population")]
Year = Annotated[int | None, typer.Option(help="年份，默认最近一年")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        no_args_is_help=True, help="市场容量：渗透率曲线、县级分摊、空间势能、余量、饱和网点数"
    )
    for command in (penetration, counties, potential, headroom, outlets):
        group.command(command.__name__)(reads_files(command))
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
    from mktanalysis.capacity import fit_penetration
    from mktanalysis.china import load_penetration

    from .output import check_target, show
    from .own import own_table

    check_target(to)
    tree = load_regions()
    panel = load_penetration() if file is None else own_table(file, kind="penetration", tree=tree)
    ceiling = ceiling or (3.5 if file is None else 1.0)
    fit = fit_penetration(panel, curve=curve, ceiling=ceiling, coverage=coverage)
    end = panel["period"].max()
    path = fit.predict(pd.period_range(end + horizon, periods=1)).set_index("region")["value"]
    now = panel.dropna(subset=["value"]).sort_values("period").groupby("region")["value"].last()
    table = fit.table
    later = f"{end + horizon}（曲线）"
    table = table.assign(
        now=now.reindex(table["region"]).to_numpy(),
        reason=table["reason"].where(table["reason"] != "", "可以认定"),
        **{later: path.reindex(table["region"]).to_numpy()},
    )
    columns = ["region", "now", "curve", "saturation", "lower", "upper", later, "reason"]
    columns = columns if horizon else [name for name in columns if name != later]
    known = int((table["status"] == "identified").sum())
    title = f"渗透率曲线（{len(table)} 个地区，{known} 个可以认定）"
    show(table, columns=columns, title=title, tree=tree, units={later: "rate"}, to=to)


def counties(
    region: Region = "100000", indicator: Indicator = "retail_sales", year: Year = None, to: To = None
) -> None:
    """县级数：只有市级公布数的，按 2020 年普查人口分摊到县，状态列标明 allocated（分摊，不是公布值）。

    例：mktanalysis capacity counties --region 苏州市 --to 县.xlsx
    """
    from mktanalysis import load_regions, resolve_names, words
    from mktanalysis.capacity import allocate

    from .output import check_target, show

    check_target(to)
    tree = load_regions()
    code = resolve_names([region], tree).iloc[0]
    cities = _cities(indicator, year, tree, code)
    people = _people("county")
    table = allocate(cities[_covered(cities, people, tree)], people, tree)
    label, unit = words.indicator(indicator)
    table = table.assign(resident_population=people.reindex(table["region"]).to_numpy())
    columns = ["region", "parent", "period", "resident_population", "value", "status"]
    title = f"{label}：按普查人口分摊到县"
    show(table, columns=columns, title=title, tree=tree, units={"value": unit}, kind="allocated", to=to)


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
    mass = _cities(indicator, year, tree, "100000").set_index("region")["value"]
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
    retail = _cities("retail_sales", None, tree, "100000").set_index("region")["value"]
    without = own.index.difference(retail.index)
    if len(without):
        typer.echo(f"说明：没有公布社零、未计入：{'、'.join(tree.names(without))}", err=True)
    own = own[own.index.isin(retail.index)]
    if not len(own):
        raise MktError("自有销售的城市都没有公布社零，无法计算余量")
    goal = (own / retail.reindex(own.index)).quantile(0.75) if target is None else target / 100
    table = room_of(own, retail.reindex(own.index), tree, target_share=goal).reset_index()
    columns = ["region", "own", "capacity", "share", "headroom"]
    title = f"余量（目标比重 {goal:.3%}；社零为最近一年公布值）"
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


def _cities(indicator: str, year: int | None, tree, code: str):
    """Published figures of cities inside a region, of one year: region, period, value."""
    from mktanalysis import MktError
    from mktanalysis.china import load_panel

    panel = load_panel(indicator)
    known = panel.dropna(subset=["value"])
    years = known["period"].dt.year
    when = int(years.max()) if year is None else year
    known = known[years == when]
    if known.empty:
        raise MktError(f"{indicator} 没有 {when} 年的数，现有 {years.min()}—{years.max()}")
    known = known[known["region"].isin(tree.subtree(code).regions)]
    if known.empty:
        raise MktError(
            f"{tree.names([code]).iloc[0]} 在 {when} 年没有公布数（县级没有；自治州、地区、盟多数没有）"
        )
    return known


def _people(level: str):
    """Resident population of the 2020 census by region of a level."""
    from mktanalysis.datasets import load_indicators

    return (
        load_indicators(level, year=2020, indicators=["resident_population"])
        .values["resident_population"]
        .dropna()
    )


def _covered(cities, people, tree):
    """Cities whose counties have census figures; the others are told."""
    known = cities["region"].isin(tree.parents("prefecture", people.index))
    if not known.all():
        names = "、".join(tree.names(cities["region"][~known]))
        typer.echo(f"说明：下级没有普查人口，没有分摊：{names}", err=True)
    return known
