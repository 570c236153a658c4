"""``mktanalysis tiers``: tiers of cities and counties, by any system, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .own import uses_figures

System = Annotated[
    str,
    typer.Option(
        help="分级方法：data 数据驱动；T1 T2 T3 T4 T5 urban_size 内置规则；2014、2021、2025、property 名单；"
        "或自己的规则文件 .toml"
    ),
]
Year = Annotated[int | None, typer.Option(help="用哪一年的数据；默认：内置数据最新公布年，自有数据最近一年")]
Level = Annotated[str, typer.Option(help="prefecture 市，或 county 县")]
Tiers = Annotated[str, typer.Option(help="级数，或 auto 由数据决定")]
Sizes = Annotated[str, typer.Option(help="各级个数，最高一级在前，如 4,15,30,70,90,128")]
Own = Annotated[Path | None, typer.Option("--file", help="自有数据（xlsx 或 csv）：按它分级，或作规则的指标")]
Kind = Annotated[str, typer.Option(help="自有数据的种类：sales 销售，indicators 多个指标")]
Against = Annotated[str, typer.Option("--compare", help="与另一方法对照，写法同 --system")]
Within = Annotated[str, typer.Option("--region", help="只列出该地区以下的结果：代码或名称")]
City = Annotated[str, typer.Option(help="看一个城市：各级概率，距上下一级还差多少")]
Copy = Annotated[str, typer.Option("--copy-rules", help="把一份内置规则复制到 --to 指定的 .toml，供修改")]
Carried = Annotated[
    bool,
    typer.Option("--carried/--published", help="data 分级：社零与地区生产总值用补到今天的数；或只用公布数"),
]
To = Annotated[Path | None, typer.Option(help="写入 .xlsx 或 .csv")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("tiers")(uses_figures(tiers))


def tiers(
    system: System = "data",
    year: Year = None,
    level: Level = "prefecture",
    n_tiers: Tiers = "6",
    sizes: Sizes = "",
    file: Own = None,
    kind: Kind = "sales",
    compare: Against = "",
    region: Within = "",
    city: City = "",
    copy_rules: Copy = "",
    carried: Carried = False,
    to: To = None,
) -> None:
    """给城市或县分级：哪一级、有多稳、凭什么、与别的分法差在哪里。

    例：mktanalysis tiers --year 2021 --region 江苏省 --to 江苏分级.xlsx

    例：mktanalysis tiers --system T3 --compare 2025

    例：mktanalysis tiers --carried --compare 2025

    例：mktanalysis tiers --file 我的销售.xlsx --compare data

    例：mktanalysis tiers --city 苏州
    """
    from mktanalysis import load_regions
    from mktanalysis.china import carried_year, newest_year, said

    from .output import check_target, next_step, show

    if copy_rules:
        _copy(copy_rules, to)
        return
    check_target(to)
    tree = load_regions()
    asked = year
    if year is None:
        year = carried_year() if carried else newest_year()
    if carried:
        typer.echo(said(), err=True)
    options = {
        "carried": carried,
        "year": year,
        "asked": asked,
        "level": level,
        "n_tiers": n_tiers,
        "sizes": sizes,
        "file": file,
        "kind": kind,
    }
    result = grade(system, tree, **options)
    if city:
        _one_city(result, tree, city, year, carried)
        next_step("看它与榜单是否一致：去掉 --city，加 --compare 2025")
        return
    table = _only(result["table"], tree, region)
    title = "分级：自有数据" if file and system == "data" else f"分级：{system}（{year} 年）"
    show(table.rename_axis("region"), title=title, tree=tree, to=to)
    if compare:
        other = grade(compare, tree, **{**options, "file": None if file else options["file"]})
        _side_by_side(result, other, tree, f"{'自有数据' if file else system} 与 {compare}")
    next_step("看一个城市凭什么、离上一级差多少：加 --city 名称；写出全部：加 --to 分级.xlsx")


def grade(
    system: str,
    tree,
    *,
    year: int,
    level: str,
    n_tiers: str,
    sizes: str,
    file: Path | None,
    kind: str,
    asked: int | None = None,
    carried: bool = False,
):
    """Tiers by a system: dict of table (index region, column tier first), and what else the system knows."""
    from mktanalysis import load_tier_list
    from mktanalysis.china import rule_figures, score_cities, score_counties
    from mktanalysis.datasets.loaders import TIER_LISTS
    from mktanalysis.tiering import explain_rules, list_rules

    own = None if file is None else own_figures(file, kind, tree, asked)
    if system.endswith(".toml") or system in list_rules().index:
        figures = rule_figures(year)
        figures = (
            figures if own is None else own.combine_first(figures.reindex(own.index.union(figures.index)))
        )
        return {"table": explain_rules(figures, system, tree, year=year).dropna(subset="tier")}
    if system in (*TIER_LISTS, *TIER_LISTS.values(), "property"):
        return {"table": load_tier_list(system).rename("tier").to_frame()}
    if system != "data":
        from mktanalysis import MktError

        known = "、".join(["data", *list_rules().index, *TIER_LISTS, "property"])
        raise MktError(f"没有分级方法 {system!r}；可用：{known}，或自己的规则文件 .toml")
    if own is not None:
        from mktanalysis.tiering import score_regions

        scores = score_regions(own)
    else:
        score = score_counties if level == "county" else score_cities
        scores = score(year, carried=carried)
    return cluster(scores, n_tiers, sizes)


def cluster(scores, n_tiers: str, sizes: str):
    """Data-driven tiers with their certainty."""
    from mktanalysis import MktError, TierClusterer

    try:
        pyramid = [float(size) for size in sizes.replace("，", ",").split(",")] if sizes else True
        number = n_tiers if n_tiers == "auto" else int(n_tiers)
    except ValueError:
        raise MktError(
            f"级数应为整数或 auto，各级个数应为逗号分隔的数，得到 {n_tiers!r}、{sizes!r}"
        ) from None
    number = len(pyramid) if sizes else number
    fitted = TierClusterer(number, pyramid=pyramid).fit(scores)
    table = fitted.tiers_.to_frame("tier").assign(
        score=scores.score, stability=fitted.stability_, n_imputed=scores.imputed.sum(axis=1)
    )
    return {"table": table.dropna(subset="tier").sort_values("score", ascending=False),
            "clusterer": fitted, "scores": scores}  # fmt: skip


def own_figures(file: Path, kind: str, tree, year: int | None):
    """The analyst's own figures, wide: sales or indicators of `year`, or of the latest year; it is
    printed."""
    import pandas as pd

    from mktanalysis import MktError

    from .own import own_table, tell

    if kind not in ("sales", "indicators"):
        raise MktError(f"--kind 应为 sales 或 indicators，得到 {kind!r}")
    table = own_table(file, kind=kind, tree=tree).dropna(subset="value")
    years = pd.PeriodIndex(table["period"]).year
    if year is not None and year not in set(years):
        raise MktError(f"{file.name} 没有 {year} 年的数，有 {years.min()}-{years.max()} 年；请改 --year")
    last = int(years.max()) if year is None else year
    tell(file.name, (f"用 {last} 年的数",))
    part = table[years == last]
    if kind == "sales":
        return part.groupby("region")["value"].sum().rename("sales").to_frame()
    return part.pivot(index="region", columns="indicator", values="value")


def _only(table, tree, region: str):
    from mktanalysis import resolve_names

    if not region:
        return table
    code = resolve_names([region], tree).iloc[0]
    return table[table.index.isin(tree.subtree(code).regions)]


def _side_by_side(result, other, tree, title: str) -> None:
    import pandas as pd

    from mktanalysis import compare_assignments, words

    from .output import show

    parts = None
    if "scores" in result:
        parts = result["scores"].contributions.rename(columns=words.values("indicator"))
    a = result["table"]["tier"]
    b = other["table"]["tier"]
    found = compare_assignments(a, b, contributions=parts)
    names = ("n_common", "agreement", "kappa", "rank_correlation", "adjusted_rand", "n_only_a", "n_only_b")
    show(pd.Series({name: getattr(found, name) for name in names}), title=f"一致程度：{title}")
    show(found.confusion.reset_index(names="前者 \\ 后者"), title="对照表（行为前者，列为后者）")
    show(found.differing, title="级别不同的地区", tree=tree)


def _one_city(result, tree, city: str, year: int, carried: bool) -> None:
    from mktanalysis import MktError, resolve_names, words
    from mktanalysis.china import city_profile
    from mktanalysis.tiering import next_tiers

    from .output import show

    profile = city_profile(year, carried=carried).values
    if "clusterer" not in result or not set(result["scores"].method.index) <= set(profile):
        raise MktError("--city 只用于内置数据的市级 data 分级")
    code = resolve_names([city], tree, level="prefecture").iloc[0]
    chance = result["clusterer"].membership_.loc[[code]]
    odds = chance.rename_axis(index="region", columns=None)
    title = f"{tree.names([code]).iloc[0]}：落在各级的比例（重抽样）"
    show(odds, title=title, tree=tree, units=dict.fromkeys(map(str, odds.columns), "share"))
    gaps = next_tiers(result["scores"], result["clusterer"], profile, regions=[code])
    gaps = gaps.assign(unit=gaps["indicator"].map(words.unit))
    columns = ["direction", "tier", "to_tier", "indicator", "current", "alone", "together", "unit"]
    show(gaps, columns=columns, title="距上一级与下一级")


def _copy(name: str, to: Path | None) -> None:
    from mktanalysis import MktError
    from mktanalysis.tiering import list_rules

    known = list_rules()
    if name not in known.index or to is None or to.suffix != ".toml":
        raise MktError(f"用法：--copy-rules {'|'.join(known.index)} --to 我的规则.toml")
    if to.exists():
        raise MktError(f"文件已存在，不覆盖：{to}")
    to.write_text(known.loc[name, "path"].read_text("utf-8"), "utf-8")
    typer.echo(f"已写入 {to}；改好后用 --system {to} 分级")
