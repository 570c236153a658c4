import datetime

import numpy as np
import pandas as pd
import pytest

from mktanalysis import load_regions
from mktanalysis.errors import MktError, TableError
from mktanalysis.io import read_table, write_csv, write_xlsx
from mktanalysis.regions import RegionTree
from mktanalysis.schemas import INDICATORS, PANEL, check_table
from mktanalysis.synthetic import make_market


def problems(path, tree, kind="indicators", **more) -> list[tuple]:
    with pytest.raises(TableError) as caught:
        read_table(path, kind=kind, tree=tree, **more)
    table = caught.value.problems
    assert (table["file"] == path.name).all()
    return list(table[["row", "column", "problem"]].itertuples(index=False, name=None))


def figures(table: pd.DataFrame) -> dict:
    value = table.set_index(["region", table["period"].astype(str), "indicator"])["value"]
    return {key: round(float(number), 6) for key, number in value.items()}


def test_one_wrong_unit_one_unknown_county_one_negative_number(xlsx, tree):
    path = xlsx(
        [
            ["县", "年份", "常住人口(万人)", "社会消费品零售总额（万人）", "地区生产总值(亿元)"],
            ["昆山市", 2022, 214.5, 1000, 5006],
            ["江阴市", 2022, 178.2, 900, 4754],
            ["张家巷市", 2022, 144, 800, 3302],
            ["常熟市", 2022, -168.9, 700, 2773],
        ]
    )
    found = problems(path, tree)
    assert [(row, column) for row, column, _ in found] == [
        (1, "社会消费品零售总额（万人）"),
        (4, "县"),
        (5, "常住人口(万人)"),
    ]
    assert "不适用" in found[0][2] and "张家港市" in found[1][2] and "负" in found[2][2]


def test_one_cell_in_the_wrong_unit(xlsx, tree):
    rows = [
        ["县", "年份", "社零(亿元)"],
        ["昆山市", 2022, 1700],
        ["太仓", 2022, 6_000_000],
        ["张家港", 2022, 900],
    ]
    found = problems(xlsx([*rows, ["常熟", 2022, 1200], ["江阴", 2022, 1100], ["江宁区", 2022, 1200]]), tree)
    assert [(row, column) for row, column, _ in found] == [(3, "社零(亿元)")]
    assert "亿元与万元" in found[0][2]
    assert len(read_table(xlsx(rows), kind="indicators", tree=tree, check_magnitude=False)) == 3


def test_one_share_that_is_no_percentage(xlsx, tree):
    found = problems(xlsx([["城市", "年份", "城镇化率(%)"], ["南京", 2022, 87], ["苏州", 2022, 0.82]]), tree)
    assert [row[:2] for row in found] == [(3, "城镇化率(%)")] and "小数" in found[0][2]


def test_one_year_in_the_wrong_unit(xlsx, tree):
    path = xlsx(
        [
            ["社零 单位：亿元"],
            ["城市", 2018, 2019, 2020, 2021, 2022],
            ["南京", 6000, 7136, 72030000, 7899, 7832],
        ]
    )
    found = problems(path, tree)
    assert [(row, column) for row, column, _ in found] == [(3, "2020")]


@pytest.mark.parametrize(
    ("header", "cells", "word"),
    [
        ("社零(万元)", [7832, 9010, 3337], "整列"),
        ("常住人口(人)", [949.11, 1291.1, 749.08], "不是整数"),
        ("城镇化率(%)", [0.87, 0.82, 0.83], "比例"),
        ("人均GDP(元)", [17.9, 18.6, 19.8], "元与万元"),
        ("常住人口(万人)", [9491100, 12911000, 7490800], "人与万人"),
        ("社零", [7832, 9010, 3337], "没有写单位"),
        ("社零(亿美元)", [7832, 9010, 3337], "外币"),
        ("常住人口(亿元)", [9, 12, 7], "不适用"),
        ("常住人口(万只)", [949, 1291, 749], None),
    ],
)
def test_a_wrong_unit_of_a_column_is_one_problem(xlsx, tree, header, cells, word):
    rows = [[city, 2022, cell] for city, cell in zip(["南京", "苏州", "无锡"], cells, strict=True)]
    found = problems(xlsx([["城市", "年份", header], *rows]), tree)
    assert len(found) == 1 and found[0][0] == 1
    assert word is None or (word in found[0][2] and found[0][1] == header)


def test_long_wide_and_double_headers_give_the_same(xlsx, tree):
    long = xlsx(
        [
            ["代码", "年份", "常住人口（万人）", "社零(亿元)"],
            [320100, 2021, 942.34, 7899.4],
            ["320100", "2022年", "949.11", "7,832.4"],
            [320500, 2021, 1284.8, 9031.3],
            [320500, 2022, 1291.1, 9010.7],
        ],
        name="a.xlsx",
    )
    wide = xlsx(
        [
            [
                "城市",
                "2021年常住人口(万人)",
                "2022年常住人口(万人)",
                "2021年社零(亿元)",
                "2022年零售额(亿元)",
            ],
            ["南京市", 942.34, 949.11, 7899.4, 7832.4],
            ["苏　州", 1284.8, 1291.1, 9031.3, 9010.7],
        ],
        name="b.xlsx",
    )
    double = xlsx(
        [
            ["表 3-2　主要指标"],
            [],
            ["地 区", "常住人口", None, "社会消费品零售总额", None],
            [None, 2021, 2022, 2021, 2022],
            [None, "万人", "万人", "亿元", "亿元"],
            ["南京", 942.34, 949.11, 7899.4, 7832.4],
            ["苏州", 1284.8, 1291.1, 9031.3, 9010.7],
            ["注：示例"],
            ["资料来源：统计年鉴 2023"],
        ],
        name="c.xlsx",
    )
    turned = xlsx(
        [
            ["地区", "2021年", None, "2022年", None],
            [None, "常住人口(万人)", "社零(亿元)", "常住人口(万人)", "社零(亿元)"],
            ["南京", 942.34, 7899.4, 949.11, 7832.4],
            ["苏州", 1284.8, 9031.3, 1291.1, 9010.7],
        ],
        name="d.xlsx",
    )
    listed = [["地区", "指标", "单位", 2021, 2022]]
    listed += [["南京", "常住人口", "万人", 942.34, 949.11], ["南京", "社零", "亿元", 7899.4, 7832.4]]
    listed += [["苏州", "常住人口", "万人", 1284.8, 1291.1], ["苏州", "社零", "亿元", 9031.3, 9010.7]]
    tables = [
        figures(read_table(path, kind="indicators", tree=tree)) for path in (long, wide, double, turned)
    ]
    tables.append(figures(read_table(xlsx(listed, name="e.xlsx"), kind="indicators", tree=tree)))
    assert tables[0][("320100", "2022", "retail_sales")] == 783_240_000_000
    assert tables[0][("320500", "2021", "resident_population")] == 12_848_000
    assert all(table == tables[0] for table in tables[1:])


def test_schema_of_the_result(xlsx, tree):
    path = xlsx([["城市", "年份", "城镇化率(%)"], ["南京", 2022, 87.0], ["苏州", 2022, 82.4]])
    table = check_table(read_table(path, kind="indicators", tree=tree), INDICATORS)
    assert table["unit"].unique() == ["share"] and table["source"].unique() == ["数据.xlsx"]
    assert table["value"].tolist() == pytest.approx([0.87, 0.824])


def test_missing_signs_and_numbers_as_text(xlsx, tree):
    signs = ["—", "-", "…", "/", "NA", " ", "……", "无", "n/a", None]
    rows = [["城市", "年份", "社零(亿元)"]]
    rows += [["南京", 2010 + i, sign] for i, sign in enumerate(signs)]
    rows += [
        ["南京", 2020, "７，２０３．０"],
        ["南京", 2021, " 7 899.4 "],
        ["南京", 2022, "7832亿元"],
        ["南京", 2023, "'8201"],
    ]
    table = read_table(xlsx(rows), kind="indicators", tree=tree)
    assert table["value"].isna().sum() == len(signs)
    assert table["value"].dropna().tolist() == pytest.approx([7.203e11, 7.8994e11, 7.832e11, 8.201e11])


@pytest.mark.parametrize(
    ("cell", "word"),
    [
        ("#N/A", "公式"),
        ("#REF!", "公式"),
        ("约7000", "不是数字"),
        ("1,5", "不是数字"),
        (True, "逻辑值"),
        (datetime.date(2020, 3, 1), "日期"),
        ("7832万人", "不适用"),
        ("7832美元", "外币"),
        ("1e999", "过大"),
        ("(12)", "负"),
    ],
)
def test_cells_that_are_no_figure(xlsx, tree, cell, word):
    found = problems(xlsx([["城市", "年份", "社零(亿元)"], ["南京", 2022, cell], ["苏州", 2022, 9010]]), tree)
    assert len(found) == 1 and found[0][:2] == (2, "社零(亿元)") and word in found[0][2]


def test_errors_of_formulas(tmp_path, tree):
    import xlsxwriter

    book = xlsxwriter.Workbook(str(tmp_path / "f.xlsx"))
    page = book.add_worksheet()
    for i, row in enumerate([["城市", "年份", "社零(亿元)"], ["南京", 2022], ["苏州", 2022, 9010]]):
        page.write_row(i, 0, row)
    page.write_formula(1, 2, "=1/0", None, "#DIV/0!")
    book.close()
    assert [row[:2] for row in problems(tmp_path / "f.xlsx", tree)] == [(2, "社零(亿元)")]


def test_merged_provinces_totals_and_notes(xlsx, tree):
    rows = [
        ["省份", "城市", "年份", "社零（亿元）"],
        ["江苏", "南京", 2022, 7832],
        [None, "苏州", 2022, 9011],
        [None, "小计", 2022, 16843],
        ["湖南", "长沙", 2022, 5500],
        [None, "株洲", 2022, 1200],
        [None, "小计", 2022, 6700],
        ["合计", None, 2022, 23543],
        ["注：按当年价格"],
    ]
    path = xlsx(rows, merged=[(1, 0, 3, 0, "江苏"), (4, 0, 6, 0, "湖南")])
    table = read_table(path, kind="indicators", tree=tree)
    assert table["region"].tolist() == ["320100", "320500", "430100", "430200"]
    rows[3][3] = 20000
    with pytest.warns(UserWarning, match="第 4 行“小计”"):
        table = read_table(xlsx(rows), kind="indicators", tree=tree)
    assert len(table) == 4 and any("小计" in note for note in table.attrs["notes"])


def test_a_national_row_is_a_total_beside_others_and_a_region_alone(xlsx, tree):
    rows = [["地区", "年份", "社零(亿元)"], ["全国", 2022, 439733]]
    assert read_table(xlsx(rows), kind="indicators", tree=tree)["region"].tolist() == ["100000"]
    with pytest.warns(UserWarning, match="全国"):
        table = read_table(
            xlsx([*rows, ["江苏", 2022, 42752], ["湖南", 2022, 19051]]), kind="indicators", tree=tree
        )
    assert table["region"].tolist() == ["320000", "430000"]


def test_names_are_settled_by_what_stands_beside_them(xlsx, tree):
    header = ["年份", "社零(亿元)"]
    shared = [["地区", *header], ["长沙", 2022, 5500], ["南京", 2022, 7832]]
    table = read_table(xlsx(shared), kind="indicators", tree=tree)
    assert table["region"].tolist() == ["320100", "430100"] and "长沙" in "".join(table.attrs["notes"])
    mixed = [*shared, ["昆山", 2022, 1700]]  # half of the other rows are prefectures: no ground to go by
    assert [row[0] for row in problems(xlsx(mixed), tree)] == [2]
    mostly = [
        *mixed,
        ["无锡", 2022, 3300],
        ["苏州", 2022, 9010],
        ["朝阳区", 2022, 3000],
        ["徐州", 2022, 4000],
    ]
    table = read_table(
        xlsx([*mostly, ["株洲", 2022, 1200], ["吉林市", 2022, 600]]), kind="indicators", tree=tree
    )
    assert {"430100", "320583"} <= set(table["region"])
    placed = [["城市", "区县", *header], ["南京", "鼓楼区", 2022, 1000], ["徐州", "鼓楼区", 2022, 700]]
    assert read_table(xlsx(placed), kind="indicators", tree=tree)["region"].tolist() == ["320106", "320302"]
    municipal = [["城市", *header], ["北京", 2022, 13794], ["南京", 2022, 7832], ["吉林", 2022, 1000]]
    assert read_table(xlsx(municipal), kind="indicators", tree=tree)["region"].tolist() == [
        "110100",
        "220200",
        "320100",
    ]
    wrong = [["代码", "地区", *header], [320100, "苏州市", 2022, 7832]]
    assert "不符" in problems(xlsx(wrong), tree)[0][2]


def test_what_the_statistics_office_exports(tmp_path, tree):
    lines = ["数据库：分省年度数据", "指标：社会消费品零售总额(亿元)", "时间：最近10年", "地区,2022年,2021年"]
    lines += ["北京市,13794.2,14867.7", "江苏省,42752.1,42702.6", "数据来源：国家统计局"]
    (tmp_path / "nbs.csv").write_bytes("\r\n".join(lines).encode("gb18030"))
    table = read_table(tmp_path / "nbs.csv", kind="indicators", tree=tree)
    assert table["region"].tolist() == ["110000"] * 2 + ["320000"] * 2
    assert table["value"].iloc[0] == pytest.approx(1.48677e12)


def test_shapes_that_would_mislead(xlsx, tree):
    side = [["城市", "2021年社零(亿元)", "城市", "2022年社零(亿元)"], ["南京", 7832, "苏州", 9010]]
    assert "两列" in problems(xlsx(side), tree)[0][2]
    book = [["江苏统计年鉴2023"], ["城市", "社零(亿元)"], ["南京", 7832]]
    assert "没有时期" in problems(xlsx(book), tree)[0][2]
    zero = [["城市", "年份", "社零(亿元)"], ["南京", 2022, 0], ["苏州", 2022, 9010]]
    assert "留空" in problems(xlsx(zero), tree)[0][2]
    turned = [["社零 单位：亿元"], ["年份", "南京", "苏州"], [2021, 7899, 9031]]
    assert "各占一行" in problems(xlsx(turned), tree)[0][2]
    grouped = [
        ["区域", "省份", "城市", "年份", "销售额(万元)"],
        ["华东", "江苏", "南京", 2022, 500],
        [None, None, "苏州", 2022, 300],
        ["华中", "湖南", "长沙", 2022, 300],
        [None, None, "合计", 2022, 1100],
    ]
    table = read_table(xlsx(grouped), kind="sales", tree=tree)
    assert table["region"].tolist() == ["320100", "320500", "430100"]


def test_merged_years_headers_again_and_sums_of_periods(xlsx, tree):
    rows = [
        ["年份", "城市", "社零(亿元)"],
        [2021, "南京", 7899],
        [None, "苏州", 9031],
        [2022, "南京", 7832],
        [None, "苏州", 9010],
    ]
    path = xlsx(rows, merged=[(1, 0, 2, 0, 2021), (3, 0, 4, 0, 2022)])
    assert len(read_table(path, kind="indicators", tree=tree)) == 4
    assert [row[:2] for row in problems(xlsx(rows), tree)] == [
        (3, "年份"),
        (5, "年份"),
    ]  # blank is not merged
    again = [
        ["城市", "年份", "社零(亿元)"],
        ["南京", 2022, 7832],
        ["城市", "年份", "社零(亿元)"],
        ["苏州", 2022, 9010],
    ]
    assert len(read_table(xlsx(again), kind="indicators", tree=tree)) == 2
    again[2][2] = "GDP(亿元)"
    assert [row[0] for row in problems(xlsx(again), tree)] == [3]
    summed = [
        ["城市", "月份", "销售额(万元)"],
        ["南京", "2023-01", 100],
        ["南京", "2023-02", 90],
        ["南京", "合计", 190],
    ]
    table = read_table(xlsx(summed), kind="sales", tree=tree)
    assert table["value"].tolist() == [1e6, 9e5] and "合计" in "".join(table.attrs["notes"])
    noted = [["年份", "城市", "社零(亿元)"], [2022, "南京", 7832], ["注：按当年价格计算", None, None]]
    assert len(read_table(xlsx(noted), kind="indicators", tree=tree)) == 1


def test_unknown_regions_are_told_once_and_rows_without_figures_skipped(xlsx, tree):
    rows = [["县", "年份", "社零(亿元)"], *[["昆山县级市", year, 1000] for year in range(2010, 2020)]]
    found = problems(xlsx([*rows, ["其他说明文字", None, None]]), tree)
    assert len(found) == 1 and found[0][0] == 2 and "共 10 行" in found[0][2]


def test_duplicates_mixed_periods_and_missing_years(xlsx, tree):
    rows = [["城市", "年份", "社零(亿元)"], ["南京", 2022, 7832], ["南京市", "2022年", 7833]]
    assert [row[0] for row in problems(xlsx(rows), tree)] == [3]
    rows = [
        ["城市", "时间", "社零(亿元)"],
        ["南京", 2021, 7832],
        ["南京", 2022, 7832],
        ["苏州", "2022-03", 700],
        ["无锡", "去年", 1],
    ]
    found = problems(xlsx(rows), tree)
    assert [row[0] for row in found] == [4, 5]
    rows = [["城市", "年份", "社零(亿元)"], ["南京", None, 7832], ["苏州", 2022, 9000]]
    assert [row[:2] for row in problems(xlsx(rows), tree)] == [(2, "年份")]
    assert "没有时期" in problems(xlsx([["城市", "社零(亿元)"], ["南京", 7832]]), tree)[0][2]
    named = xlsx([["2022年各市情况"], ["城市", "社零(亿元)"], ["南京", 7832]])
    assert str(read_table(named, kind="indicators", tree=tree)["period"].iloc[0]) == "2022"


def test_words_that_change_the_meaning_are_not_dropped(xlsx, tree):
    rows = [["城市", "年份", "城镇常住人口(万人)", "常住人口(万人)"], ["南京", 2022, 825, 949]]
    table = read_table(xlsx(rows), kind="indicators", tree=tree)
    assert table["value"].tolist() == [9_490_000] and "城镇常住人口" in "".join(table.attrs["notes"])
    rows = [["城市", "地区生产总值(亿元)", None], [None, "全市", "市辖区"], ["南京", 16907, 16000]]
    table = read_table(xlsx([["2022年"], *rows]), kind="indicators", tree=tree)
    assert table["value"].tolist() == [1.6907e12]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_encodings_and_separators(tmp_path, tree, encoding, separator):
    lines = [
        ["城市", "年份", "社零（亿元）"],
        ["南京", "2022", "7832.4"],
        ["无 锡", "2022", "—"],
        ["苏州", "2022", "9010.7"],
    ]
    path = tmp_path / "own.csv"
    path.write_bytes("\r\n".join(separator.join(line) for line in lines).encode(encoding))
    table = read_table(path, kind="indicators", tree=tree)
    assert table["region"].tolist() == ["320100", "320500"]


def test_sales_by_month_and_upper_rows(xlsx, tree):
    rows = [
        ["销售额 单位：万元"],
        ["地区", "2023年1月", "2023年2月"],
        ["江苏省", 190, 171],
        ["南京", 100, 90],
        ["苏州", 90, 81],
    ]
    table = check_table(read_table(xlsx(rows), kind="sales", tree=tree), PANEL)
    assert table["region"].unique().tolist() == ["320100", "320500"]
    assert table["value"].tolist() == [1e6, 9e5, 9e5, 8.1e5]
    assert table["period"].astype(str).tolist() == ["2023-01", "2023-02"] * 2
    rows[2][1] = 1900
    assert [row[:2] for row in problems(xlsx(rows), tree, kind="sales")] == [(3, "2023年1月")]
    columns = [["城市", "年份", "月份", "销售额(万元)"], ["南京", 2023, "1月", 100], ["南京", 2023, 2, 90]]
    assert read_table(xlsx(columns), kind="sales", tree=tree)["period"].astype(str).tolist() == [
        "2023-01",
        "2023-02",
    ]
    months = [["单位：万元"], ["城市", "年份", "1月", "2月"], ["南京", 2023, 100, 90]]
    assert read_table(xlsx(months), kind="sales", tree=tree)["period"].astype(str).tolist() == [
        "2023-01",
        "2023-02",
    ]
    found = problems(xlsx([["城市", "年份", "销售额(台)"], ["南京", 2023, 100]]), tree, kind="sales")
    assert "台" in found[0][2]


def test_units_and_openings(xlsx, tree):
    rows = [
        ["县", "市场容量(万元)", "年增长率(%)", "对手数", "最强对手份额"],
        ["昆山", 1000, -5, 3, "25%"],
        ["江阴", 800, 5, "—", 0.3],
    ]
    table = read_table(xlsx(rows), kind="units", tree=tree)
    assert table.columns.tolist() == ["region", "capacity", "growth", "n_rivals", "rival_share"]
    assert table["rival_share"].tolist() == [0.3, 0.25] and np.isnan(table["n_rivals"].iloc[0])
    assert table["growth"].tolist() == pytest.approx([0.05, -0.05])
    rows[1][1], rows[2][4] = None, "130%"
    assert [row[:2] for row in problems(xlsx(rows), tree, kind="units")] == [
        (2, "市场容量(万元)"),
        (3, "最强对手份额"),
    ]
    rows = [
        ["城市", "开业日期"],
        ["南京", datetime.date(2020, 3, 1)],
        ["南京", "2020年3月5日"],
        ["苏州", "2021-07"],
    ]
    table = read_table(xlsx(rows), kind="openings", tree=tree)
    assert table["period"].astype(str).tolist() == ["2020-03", "2020-03", "2021-07"]


def test_written_tables_come_back(tmp_path):
    market = make_market(n_provinces=2, random_state=0)
    expected = market.indicators.sort_values(["region", "period", "indicator"], ignore_index=True)
    for path in (tmp_path / "t.csv", tmp_path / "t.xlsx"):
        if path.suffix == ".csv":
            write_csv(path, market.indicators)
        else:
            write_xlsx(path, {"表": market.indicators})
        table = read_table(path, kind="indicators", tree=market.tree)
        pd.testing.assert_frame_equal(
            table[expected.columns].drop(columns="source"), expected.drop(columns="source")
        )


def test_which_sheet(tmp_path, tree):
    good = pd.DataFrame({"城市": ["南京"], "年份": [2022], "社零(亿元)": [7832]})
    path = write_xlsx(
        tmp_path / "two.xlsx",
        {"说明": pd.DataFrame({"x": ["地区 年份"]}), "甲": good, "空": good.iloc[:0, :1]},
    )
    assert len(read_table(path, kind="indicators", tree=tree)) == 1
    path = write_xlsx(tmp_path / "two.xlsx", {"甲": good, "乙": good})
    with pytest.raises(MktError, match="甲、乙"):
        read_table(path, kind="indicators", tree=tree)
    assert len(read_table(path, kind="indicators", tree=tree, sheet="乙")) == 1
    with pytest.raises(MktError, match="没有工作表"):
        read_table(path, kind="indicators", tree=tree, sheet="丙")
    with pytest.raises(MktError, match="没有这种表"):
        read_table(path, kind="cities", tree=tree)


def test_targets_keep_every_level_and_have_limits(xlsx, tree):
    rows = [
        ["地区", "年份", "预算(万元)", "下限(万元)", "上限(万元)"],
        ["全国", 2024, 900, None, None],
        ["江苏", 2024, 200, 150, None],
        ["南京", 2024, None, None, 80],
    ]
    table = read_table(xlsx(rows), kind="targets", tree=tree)
    assert table["region"].tolist() == ["100000", "320000", "320100"]
    assert table[["value", "lower", "upper"]].fillna(-1).to_numpy().tolist() == [
        [9e6, -1, -1],
        [2e6, 1.5e6, -1],
        [-1, -1, 8e5],
    ]
    assert table.attrs["notes"] == ("读入 3 行",)


def test_penetration_in_percent(xlsx, tree):
    rows = [["城市", "年份", "渗透率(%)"], ["南京", 2022, 4.5], ["南京", 2023, 6]]
    table = read_table(xlsx(rows), kind="penetration", tree=tree)
    assert table["value"].tolist() == pytest.approx([0.045, 0.06])


def test_dated_rows_by_day_and_by_week(tmp_path):
    tree = load_regions()
    days = pd.period_range("2025-01-01", "2025-02-28", freq="D")  # from a Wednesday to a Friday
    rng = np.random.default_rng(0)
    rows = [(city, str(day), int(rng.integers(1, 50))) for city in ("南京市", "苏州市") for day in days]
    table = pd.DataFrame([*rows, rows[0]], columns=["城市", "日期", "销售额(元)"])  # one day twice: two sales
    file = tmp_path / "明细.csv"
    table.to_csv(file, index=False)
    by_day = read_table(file, kind="sales", tree=tree, every="day")
    plain = table.groupby(["城市", "日期"])["销售额(元)"].sum()
    names = tree.names(by_day["region"]).to_numpy()
    keys = list(zip(names, by_day["period"].astype(str), strict=True))
    assert by_day["value"].tolist() == [float(plain[key]) for key in keys]
    by_week = read_table(file, kind="sales", tree=tree, every="week")
    assert str(by_week["period"].min()) == "2025-01-06/2025-01-12"
    assert str(by_week["period"].max()) == "2025-02-17/2025-02-23"
    inside = by_day[(by_day["period"] >= "2025-01-06") & (by_day["period"] <= "2025-02-23")]
    assert by_week["value"].sum() == inside["value"].sum()
    assert any("不满一周" in note for note in by_week.attrs["notes"])
    with pytest.raises(MktError, match="every"):
        read_table(file, kind="sales", tree=tree, every="hour")


def test_by_day_every_figure_needs_a_date(tmp_path):
    file = tmp_path / "月.csv"
    pd.DataFrame({"城市": ["南京市"], "月份": ["2025-01"], "销售额(元)": [5]}).to_csv(file, index=False)
    with pytest.raises(TableError, match="日期"):
        read_table(file, kind="sales", tree=load_regions(), every="day")


def lookups(monkeypatch, text, tmp_path, **options):
    """How often single regions are looked up in the tree while a file is read."""
    path = tmp_path / "own.csv"
    path.write_text(text, "utf-8")
    calls = []
    locate = RegionTree.locate
    monkeypatch.setattr(RegionTree, "locate", lambda *given: calls.append(given) or locate(*given))
    try:
        read_table(path, kind="sales", tree=load_regions(), **options)
    except TableError:
        calls.append("refused")
    monkeypatch.undo()
    return len(calls)


@pytest.mark.parametrize(
    ("head", "line", "options"),
    [
        ("地区,年份,销售额（万元）", "{place},2022,5", {}),
        ("地区,日期,客户,销售额（元）", "{place},2022-03-04,{at},5", {"every": "month", "upper": "total"}),
    ],
)
def test_a_long_file_looks_no_region_up_again(head, line, options, monkeypatch, tmp_path):
    places = ("南京", "昆山", "苏州", "成都", "郑州", "武汉")

    def text(rows):
        return "\n".join([head, *(line.format(place=places[at % 6], at=at) for at in range(rows))])

    short = lookups(monkeypatch, text(300), tmp_path, **options)
    assert 0 < short == lookups(monkeypatch, text(3000), tmp_path, **options)


def test_rows_without_any_figure_are_told(tmp_path):
    path = tmp_path / "tasks.csv"
    path.write_text("地区,年份,任务（万元）\n南京,2027,5\n苏州,2027,\n无锡,2027,—\n", "utf-8")
    table = read_table(path, kind="targets", tree=load_regions())
    assert table["region"].tolist() == ["320100"]
    assert "2 行没有数字，作缺失：第 3 行苏州市、第 4 行无锡市" in table.attrs["notes"]
