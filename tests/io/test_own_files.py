"""Files as analysts send them: the right figures, or an error that names cell and cure; never another
figure."""

import pytest
import xlsxwriter

import mktanalysis as mkt
from mktanalysis.errors import MktError, TableError
from mktanalysis.io import read_table


@pytest.fixture(scope="module")
def china():
    return mkt.load_regions()


@pytest.fixture
def own(tmp_path, china):
    """Return a function that reads lines of text as a CSV."""

    def read(text: str, kind: str = "sales", **options):
        path = tmp_path / "own.csv"
        path.write_text(text.strip("\n"), "utf-8")
        return read_table(path, kind=kind, tree=options.pop("tree", china), **options)

    return read


@pytest.fixture
def book(tmp_path, china):
    """Return a function that reads a workbook which another function has filled."""

    def read(fill, kind: str = "sales", **options):
        path = tmp_path / "own.xlsx"
        with xlsxwriter.Workbook(str(path)) as workbook:
            fill(workbook)
        return read_table(path, kind=kind, tree=china, **options)

    return read


def values(table, scale=1e4) -> dict:
    keys = zip(table["region"], table["period"].astype(str), strict=True)
    return {key: round(value / scale, 6) for key, value in zip(keys, table["value"], strict=True)}


def refused(read, text, *words, kind="sales", **options):
    """The file is refused, and the message has all of `words`."""
    with pytest.raises(MktError) as caught:
        read(text, kind, **options)
    message = str(caught.value)
    assert all(word in message for word in words), message


def notes(table) -> str:
    return "\n".join(table.attrs["notes"])


# titles ---------------------------------------------------------------------------------------------------
def test_running_totals_of_the_statistics_office_become_months(own):
    table = own(
        """
数据库：分省月度数据
指标：社会消费品零售总额_累计值(亿元)
地区,2024年4月,2024年3月,2024年2月
北京市,4400.1,3200.5,2100.2
天津市,1300.1,900.5,600.2
""",
        "indicators",
    )
    found = values(table, 1e8)
    assert found["110000", "2024-04"] == 1199.6 and found["110000", "2024-03"] == 1100.3
    assert found["110000", "2024-01"] + found["110000", "2024-02"] == pytest.approx(2100.2)
    assert "累计" in notes(table) and "1-2 月" in notes(table)


@pytest.mark.parametrize(
    ("title", "word"),
    [
        ("指标：城镇居民人均可支配收入(元)", "城镇"),
        ("指标：限额以上社会消费品零售总额(亿元)", "限额以上"),
        ("指标：餐饮业零售额(亿元)", "餐饮业"),
        ("指标：城镇常住人口(万人)", "城镇"),
        ("指标：制造业城镇非私营单位就业人员平均工资(元)", "制造业"),
        ("江苏省各市乡村消费品零售总额 单位：亿元", "乡村"),
        ("各市社会消费品零售总额增长速度(%)", "增长速度"),
        ("星辰集团 社会消费品零售总额 单位：亿元", "星辰"),
        ("各市社会消费品零售总额同比 单位：亿元", "同比"),
    ],
)
def test_a_title_means_what_a_header_means(own, title, word):
    refused(own, f"{title}\n城市,2022年,2021年\n南京市,7832,7899\n苏州市,9010,9031", word, kind="indicators")
    header = title.removeprefix("指标：").replace(" 单位：亿元", "(亿元)")
    refused(own, f"城市,年份,{header}\n南京市,2022,7832\n苏州市,2022,9031", word, kind="indicators")


def test_a_title_that_is_understood_names_the_figures(own):
    lines = "城市,2022年,2021年\n南京市,949,942\n苏州市,1291,1284"
    table = own(f"江苏省各市年末常住人口统计表（万人）\n{lines}", "indicators")
    assert set(table["indicator"]) == {"resident_population"} and table["value"].max() == 12_910_000
    assert "取自标题" in notes(table)


@pytest.mark.parametrize(
    "title",
    [
        "指标：地区生产总值(亿元)",
        "各市固定资产投资 单位：亿元",
        "2022年各市利润表 单位：万元",
        "人均销售额 单位：元",
        "库存 单位：万元",
    ],
)
def test_other_money_is_not_taken_for_sales(own, title):
    refused(own, f"{title}\n城市,2022年,2021年\n南京市,16907,16355\n苏州市,23958,22718", "标题")


def test_a_title_about_other_figures_beside_a_vague_header(own):
    refused(own, "2022年各市利润表 单位：万元\n城市,金额\n南京市,169", "利润", "销售额")
    assert "按销售额" in notes(own("华东经营数据 单位：万元\n城市,2022年,2021年\n南京市,169,160"))


@pytest.mark.parametrize(
    ("title", "period"),
    [
        ("2024年3月销售快报", "2024-03"),
        ("2023年一季度各市销售情况", "2023Q1"),
        ("2023年第3季度销售情况", "2023Q3"),
        ("2023年1-3月各市销售情况", "2023Q1"),
        ("2023年1-12月各市销售情况", "2023"),
        ("2023年度各市销售情况", "2023"),
    ],
)
def test_the_period_of_a_title(own, title, period):
    table = own(f"{title} 单位：万元\n城市,销售额\n南京市,1000\n苏州市,2000")
    assert values(table) == {("320100", period): 1000, ("320500", period): 2000}


@pytest.mark.parametrize(
    "title",
    [
        "2023年1-6月各市销售情况",
        "2023年上半年销售",
        "2023年前三季度销售",
        "2023年1至8月销售",
        "2023年下半年销售",
        "2022-2023年销售情况",
    ],
)
@pytest.mark.parametrize("column", ["", "年份,"])
def test_a_part_of_a_year_is_not_a_year(own, title, column):
    cell = "2023," if column else ""
    if column and "2022-2023" in title:
        return  # the column says which year, and the title agrees
    refused(own, f"{title} 单位：万元\n城市,{column}销售额\n南京市,{cell}1000")


def test_running_totals_by_title(own):
    table = own("2023年各月销售累计完成情况 单位：万元\n城市,1月,2月,3月\n南京市,100,210,330")
    assert values(table) == {
        ("320100", "2023-01"): 100,
        ("320100", "2023-02"): 110,
        ("320100", "2023-03"): 120,
    }
    refused(own, "2023年销售累计 单位：万元\n城市,1月,2月,4月\n南京市,100,210,330", "3 月")
    refused(own, "2023年销售累计 单位：万元\n城市,1月,2月,3月\n南京市,100,90,330", "少")


def test_plans_are_no_sales_and_sales_no_plans(own):
    refused(own, "2024年销售计划表 单位：万元\n城市,销售额\n南京市,1000", "计划", "targets")
    refused(own, "2024年销售预算 单位：万元\n城市,2024年\n南京市,1000", "targets")
    refused(own, "2023年销售完成情况\n城市,销售额(万元)\n南京市,1000", "实际", kind="targets")
    table = own("城市,2023年计划(万元),2023年实际(万元),2023年完成率(%)\n南京,100,90,90")
    assert values(table) == {("320100", "2023"): 90} and "计划" in notes(table) and "完成率" in notes(table)


def test_headers_give_way_to_no_title(own):
    text = "2024年经营分析会材料 单位：万元,,\n城市,2023年,\n,1月,2月\n苏州市,100.5,110\n无锡市,200.5,210"
    assert values(own(text))["320500", "2023-01"] == 100.5


# periods --------------------------------------------------------------------------------------------------
MONTHS = {
    ("320500", "2022-01"): 100,
    ("320500", "2022-02"): 110,
    ("320500", "2023-01"): 120,
    ("320500", "2023-02"): 130,
}


@pytest.mark.parametrize(
    "text",
    [
        "单位：万元,,,,\n城市,2022年,2022年,2023年,2023年\n,1月,2月,1月,2月\n苏州市,100,110,120,130",
        "单位：万元\n城市,2022年,,2023年,\n,1月,2月,1月,2月\n苏州市,100,110,120,130",
        "单位：万元\n年份,2022,,2023,\n城市,1月,2月,1月,2月\n苏州市,100,110,120,130",
        "单位：万元\n城市,月份,2022年,2023年\n苏州市,1月,100,120\n苏州市,2月,110,130",
        "单位：万元\n城市,年份,1月,2月\n苏州市,2022,100,110\n苏州市,2023,120,130",
        "城市,年份,月份,销售额(万元)\n苏州,2022,1,100\n苏州,2022,2,110\n苏州,2023,1,120\n苏州,2023,2,130",
        "销售城市,年月,销售额(万元)\n苏州市,202201,100\n苏州市,202202,110\n苏州市,202301,120\n苏州市,202302,130",
        "客户所在城市,会计期间,金额(元)\n苏州,2022-01,1000000\n苏州,2022-02,1100000\n苏州,2023-01,1200000\n苏州,2023-02,1300000",
        "城市,统计月份,销售额(万元)\n苏州,2022年1月,100\n苏州,2022年2月,110\n苏州,2023年1月,120\n苏州,2023年2月,130",
        "城市,月份,销售额(万元)\n苏州,Jan-2022,100\n苏州,Feb-2022,110\n苏州,Jan-2023,120\n苏州,Feb-2023,130",
        "单位：万元\n城市,年份,1月,2月,全年\n苏州市,2022,100,110,210\n苏州市,2023,120,130,250",
    ],
)
def test_years_and_months_are_put_together(own, text):
    assert values(own(text)) == MONTHS


def test_sums_of_periods_must_agree(own):
    refused(own, "单位：万元\n城市,年份,1月,2月,全年\n苏州市,2022,100,110,300", "300", "210")
    table = own("单位：万元\n城市,2023年,,,,\n,一季度,二季度,三季度,四季度,合计\n苏州市,100,110,120,130,460")
    assert table["period"].astype(str).tolist() == ["2023Q1", "2023Q2", "2023Q3", "2023Q4"]
    refused(own, "城市,年份,2023年销售额(万元)\n苏州市,2022,100", "2022", "2023")


def test_dates_once_a_year_are_years(own):
    days = [f"南京市,{year}-12-31,{year}" for year in range(2015, 2024)]
    table = own("\n".join(["城市,日期,销售额(万元)", *days]))
    assert values(table) == {("320100", str(year)): year for year in range(2015, 2024)}
    ends = ("03-31", "06-30", "09-30", "12-31")
    quarters = [f"南京市,{year}-{end},{year}" for year in (2022, 2023) for end in ends]
    table = own("\n".join(["城市,日期,销售额(万元)", *quarters]))
    assert table["period"].astype(str).iloc[0] == "2022Q1" and len(table) == 8
    june = [f"南京市,{year}-06-30,{year}" for year in (2021, 2022, 2023)]
    refused(own, "\n".join(["城市,日期,销售额(万元)", *june]), "6 月", "2023")
    refused(own, "城市,日期,销售额(万元)\n南京市,2023-12-31,500\n苏州市,2023-12-31,600", "全年", "2023-12")


def test_january_and_february_together(own):
    table = own("单位：万元\n城市,2023年1-2月,2023年3月,2023年4月\n南京市,200,110,120")
    found = values(table)
    assert found["320100", "2023-01"] + found["320100", "2023-02"] == pytest.approx(200)
    assert found["320100", "2023-03"] == 110 and "1-2 月" in notes(table)
    long = own("城市,年份,月份,销售额(万元)\n南京市,2023,1-2月,200\n南京市,2023,3月,110\n南京市,2023,4月,120")
    assert values(long) == found
    known = own(
        "单位：万元\n城市,2022年1月,2022年2月,2022年3月,2023年1-2月,2023年3月\n南京市,60,40,50,200,110"
    )
    assert values(known)["320100", "2023-01"] == 120


def test_a_total_row_without_a_period(own):
    table = own("城市,年份,销售额(万元)\n苏州市,2023,100\n南京市,2023,90\n合计,,190")
    assert len(table) == 2 and "第 4 行" in notes(table)


# regions --------------------------------------------------------------------------------------------------
def test_a_region_beside_its_part_is_asked_about(own):
    text = "城市,年份,销售额(万元)\n苏州,2023,500\n昆山,2023,300\n无锡,2023,200"
    refused(own, text, "苏州市", "500", "300", "其余", "--upper")
    assert sum(values(own(text, upper="rest")).values()) == 1000
    table = own(text, upper="total")
    assert sum(values(table).values()) == 700 and "苏州市其余 200 万" in notes(table)
    rest = own(text.replace("苏州,", "苏州市区,"))
    assert sum(values(rest).values()) == 1000 and "其余" in notes(rest)
    equal = own(text.replace("昆山,2023,300", "昆山,2023,500"))
    assert sum(values(equal).values()) == 700 and "等于" in notes(equal)


def test_an_upper_row_with_some_of_its_parts(own):
    text = "地区,年份,销售额(万元)\n江苏省,2023,1000\n南京市,2023,300\n苏州市,2023,400"
    refused(own, text, "江苏省", "1000", "700")
    assert values(own(text.replace("1000", "700"))) == {("320100", "2023"): 300, ("320500", "2023"): 400}


def test_everyday_words_for_a_part_of_a_city(own):
    text = "城市,区县,年份,销售额(万元)\n无锡市,市区,2022,500\n无锡市,江阴市,2022,300"
    assert values(own(text)) == {("320200", "2022"): 800}
    refused(own, "区域,年份,销售额(万元)\n东区,2022,500\n西区,2022,300", "东区", "城市")
    refused(own, "区县,年份,销售额(万元)\n市区,2022,500\n江阴市,2022,300", "市区")
    table = own("城市,区县,年份,销售额(万元)\n攀枝花市,东区,2022,500\n攀枝花市,西区,2022,300")
    assert table["region"].tolist() == ["510402", "510403"]


def test_former_regions_are_not_taken_for_their_namesakes(own):
    old = "省份,区县,年份,常住人口(万人)\n河北省,桥东区,2015,33"
    refused(own, old, "桥东区", "130502", kind="indicators")
    assert own(old.replace("2015", "2021"), "indicators")["region"].tolist() == ["130702"]
    chaohu = "城市,年份,常住人口(万人)\n巢湖市,2009,450\n合肥市,2009,490\n芜湖市,2009,230"
    refused(own, chaohu, "巢湖市", "341400", "2010", kind="indicators")
    table = own(chaohu, "indicators", tree=mkt.load_regions(year=2009))
    assert "341400" in set(table["region"])
    later = own(chaohu.replace("2009", "2022"), "indicators")
    assert "不同级" in notes(later) and "巢湖市是县级" in notes(later)


def test_steps_that_are_no_region(own):
    table = own(
        """
省,市,县,年份,销售额(万元)
北京市,市辖区,朝阳区,2022,500
重庆市,县,城口县,2022,30
湖北省,省直辖县级行政区划,仙桃市,2022,90
北京市,北京城区,海淀区,2022,100
重庆市,重庆郊县,云阳县,2022,33
"""
    )
    assert table["region"].tolist() == ["110105", "110108", "429004", "500229", "500235"]


@pytest.mark.parametrize("name", ["江苏省：苏州市", "江苏省；苏州市", "江苏省/苏州市", "江苏-苏州"])
def test_separators_of_a_path(own, name):
    assert own(f"地区,年份,销售额(万元)\n{name},2022,500")["region"].tolist() == ["320500"]


def test_codes_of_other_programs(own):
    table = own('代码,年份,销售额(万元)\n="320100",2022,100\n\'320500,2022,120\n320200.0,2022,90')
    assert table["region"].tolist() == ["320100", "320200", "320500"]


def test_one_region_of_the_statistics_office(own):
    table = own(
        "数据库：主要城市年度数据\n地区：苏州\n时间：最近5年\n指标,2022年,2021年\n"
        "地区生产总值(当年价格)(亿元),23958.3,22718.3\n社会消费品零售总额(亿元),9010.7,9031.3",
        "indicators",
    )
    assert set(table["region"]) == {"320500"} and len(table) == 4


# cells ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("cell", ["1234①", "1234²", "1234*", "1234[1]", "1234注1", '"1,234⑵"'])
def test_a_footnote_mark_is_no_digit(own, cell):
    table = own(f"城市,年份,销售额(万元)\n南京市③,2022,{cell}")
    assert values(table) == {("320100", "2022"): 1234} and "注号" in notes(table)


def test_cells_beyond_the_header(own):
    refused(own, "城市,年份,销售额(万元)\n南京,2022,1,200\n苏州,2022,900", "第 2 行", "千分位")
    refused(own, "城市,年份,销售额(万元),备注\n南京,2022,1,200\n苏州,2022,1,300", "千分位")
    refused(own, '城市,年份,销售额(万元)\n"南京,2022,1200\n苏州,2022,1300\n无锡,2022,1400', "第 2 行", "引号")
    refused(own, '城市,年份,销售额(万元)\n"南京,2022,1200\n苏州",2022,1300\n无锡,2022,1400', "引号")


def test_percent_cells(book):
    def fill(workbook):
        page = workbook.add_worksheet()
        percent = workbook.add_format({"num_format": "0.0%"})
        page.write_row(0, 0, ["城市", "年份", "渗透率(%)"])
        for row, (city, value) in enumerate([("南京市", 0.05), ("苏州市", 0.08), ("无锡市", 0.12)], start=1):
            page.write_row(row, 0, [city, 2022])
            page.write_number(row, 2, value, percent)
        page.write_row(4, 0, ["徐州市", 2022, 15])

    table = book(fill, "penetration").set_index("region")["value"]
    assert table.to_dict() == {"320100": 0.05, "320200": 0.12, "320300": 0.15, "320500": 0.08}


def test_percent_figures_without_a_format_are_doubted(own):
    refused(own, "城市,年份,渗透率(%)\n南京,2022,0.05\n苏州,2022,0.08", "%", "比例", kind="penetration")
    table = own("城市,年份,渗透率(%)\n南京,2022,0.05%\n苏州,2022,0.08%", "penetration")
    assert table["value"].tolist() == [0.0005, 0.0008]


def test_scaled_formats_and_units_in_formats(book):
    def fill(workbook, code="#,##0,"):
        page = workbook.add_worksheet()
        page.write_row(0, 0, ["城市", "年份", "销售额(元)"])
        page.write_row(1, 0, ["南京市", 2022])
        page.write_number(1, 2, 1234567, workbook.add_format({"num_format": code}))

    refused(lambda *_: book(fill), "", "格式")
    table = book(lambda workbook: fill(workbook, '0.0"万元"'))
    assert values(table, 1) == {("320100", "2022"): 12_345_670_000}


def test_amounts_in_merged_cells(book):
    def down(workbook):
        page = workbook.add_worksheet()
        page.write_column(0, 0, ["城市", "南京市", "苏州市", "无锡市"])
        page.write_column(0, 1, ["年份", 2022, 2022, 2022])
        page.write_column(0, 2, ["销售额(万元)", 500, "", 300])
        page.merge_range(1, 2, 2, 2, 500)

    refused(lambda *_: book(down), "", "C2:C3", "合并")

    def across(workbook):
        page = workbook.add_worksheet()
        page.write_row(0, 0, ["城市", "2022年1月销售额(万元)", "2022年2月销售额(万元)"])
        page.write(1, 0, "南京市")
        page.merge_range(1, 1, 1, 2, 500)

    refused(lambda *_: book(across), "", "B2:C2", "合并")


@pytest.mark.parametrize("value", ["", 0])
def test_formulas_without_results(book, value):
    def fill(workbook):
        page = workbook.add_worksheet()
        page.write_row(0, 0, ["城市", "年份", "销售额(万元)"])
        page.write_row(1, 0, ["南京市", 2022, 100])
        page.write_row(2, 0, ["苏州市", 2022])
        page.write_formula(2, 2, "=C2*2", None, value)

    refused(lambda *_: book(fill), "", "C3", "公式", "保存")


def test_sheets_by_year_are_joined(book):
    def fill(workbook):
        for year in ("2022年", "2023年"):
            page = workbook.add_worksheet(year)
            page.write_row(0, 0, ["城市", "销售额(万元)"])
            page.write_row(1, 0, ["南京市", int(year[:4])])

    table = book(fill)
    assert values(table) == {("320100", "2022"): 2022, ("320100", "2023"): 2023} and "2 张工作表" in notes(
        table
    )


# kinds ----------------------------------------------------------------------------------------------------
def test_openings_with_a_count(own):
    table = own("城市,年份,开店数\n苏州市,2022,5", "openings")
    assert table["region"].tolist() == ["320500"] * 5
    refused(own, "城市,年份,面积\n苏州市,2022,5", "面积", kind="openings")


def test_returns(own):
    text = "城市,年份,销售额(万元)\n苏州市,2022,100\n南京市,2022,-20"
    refused(own, text, "--allow-negative")
    assert values(own(text, allow_negative=True))["320100", "2022"] == -20


def test_volumes_and_their_price(own):
    text = "城市,月份,销量(万辆)\n苏州市,2023-01,1.5\n苏州市,2023-02,2"
    table = own(text, "volumes")
    assert table["value"].tolist() == [15_000, 20_000] and table.attrs["unit"] == "辆"
    assert own(text, "volumes", price=1e5)["value"].tolist() == [1.5e9, 2e9]
    refused(own, "城市,年份,销量(万辆),交付量(台)\n苏州市,2023,1.5,2", kind="volumes")


def test_stores_customers_and_areas(own, china):
    stores = own(
        "城市,门店名称,门店等级,开业日期\n苏州市,观前店,A,2021-05-01\n南京市,新街口店,B,2022-06-01", "stores"
    )
    assert stores.loc[0, ["region", "name", "class"]].tolist() == ["320100", "新街口店", "B"]
    customers = own("城市,客户等级,客户数\n苏州市,A,10\n苏州市,B,20", "customers")
    assert customers[["class", "value"]].values.tolist() == [["A", 10.0], ["B", 20.0]]
    areas = own("销售区域,省份\n南区,广东省\n南区,广西\n北区,河北", "areas")
    assert areas.set_index("region")["area"].to_dict() == {
        "130000": "北区",
        "440000": "南区",
        "450000": "南区",
    }


def test_rows_by_shop_and_day_are_added_up(own):
    text = (
        "城市,门店名称,年份,销售额(万元)\n苏州市,甲店,2023,100\n苏州市,"
        "乙店,2023,120\n苏州市,合计,2023,220\n南京市,丙店,2023,90"
    )
    table = own(text)
    assert values(table) == {("320100", "2023"): 90, ("320500", "2023"): 220} and "明细" in notes(table)
    days = own("城市,销售日期,销售额(元)\n苏州,2023-01-05,1000\n苏州,2023-01-06,2000\n苏州,2023-02-06,2500")
    assert days["value"].tolist() == [3000, 2500]
    plain = "城市,年份,销售额(万元)\n苏州市,2023,100\n苏州市,2023,120"
    refused(own, plain, "--sum")
    assert values(own(plain, sum_rows=True)) == {("320500", "2023"): 220}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("城市,年份,销售额(万元)\n南京,2022,100", "sales"),
        ("城市,年份,常住人口(万人),GDP(亿元)\n南京,2022,949,16907", "indicators"),
        ("城市,月份,销量(台)\n南京,2022-01,100\n南京,2022-02,90", "volumes"),
        ("城市,年份,任务(万元)\n南京,2022,100", "targets"),
        ("城市,年份,渗透率(%)\n南京,2022,10", "penetration"),
    ],
)
def test_what_a_file_is_taken_for(own, text, kind):
    assert f"按 {kind}" in notes(own(text, "auto"))


def test_one_cause_is_one_problem(own):
    header = ",".join(f"{year}年" for year in range(2000, 2024))
    cells = ",".join("1" for _ in range(24))
    with pytest.raises(TableError) as caught:
        own(f"指标：工业用电量(亿千瓦时)\n城市,{header}\n南京,{cells}", "indicators")
    assert len(caught.value.problems) == 1
    assert "工业用电量" in str(caught.value) and "社会消费品零售总额" in str(caught.value)


# variants -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "kind", "word"),
    [
        ("2023年各市返利 单位：万元\n城市,2023年\n南京,100", "sales", "返利"),
        ("2023年各市押金 单位：万元\n城市,2023年\n南京,100", "sales", "押金"),
        ("2023财年销售额 单位：万元\n城市,销售额\n南京,10", "sales", "时期"),
        ("FY2023销售额 单位：万元\n城市,销售额\n南京,10", "sales", "时期"),
        ("2023年第12周销售 单位：万元\n城市,销售额\n南京,10", "sales", "时期"),
        ("2023年3月5日销售日报 单位：万元\n城市,销售额\n南京,10", "sales", "时期"),
        ("2023年月均销售额 单位：万元\n城市,2023年\n南京,10", "sales", "月均"),
        (
            ("2022年社会消费品零售总额（限上） 单位：亿元\n城市,社会消费品零售总额\n南京,7832"),
            "indicators",
            "限上",
        ),
        ("指标：社会消费品零售总额_同比增长(%)\n地区,2022年\n江苏,1.2", "indicators", "同比"),
        ("城市,日期,销售额(万元)\n南京,2022-06-30,1\n南京,2022-12-31,2\n南京,2023-06-30,3", "sales", "半年"),
        ("单位：万元\n城市,2023年上半年,2023年下半年\n南京,10,20", "sales", ""),
        ("城市,年份,开店数\n苏州市,2022,1.5", "openings", "整数"),
        ("城市,下单日期,发货日期,销售额(元)\n苏州市,2023-01-05,2023-02-05,1000", "sales", "下单日期"),
        ("城市,版本,年份,销售额(万元)\n苏州市,计划,2023,113\n苏州市,实际,2023,100", "sales", "重复"),
        ("城市,年份,销售额(万元)\n南京,2022,50%", "sales", "%"),
        ("城市,2022年销售额(万元),2022年销售额(万元)\n南京,100,200", "sales", "同一项"),
        ("城市,年份,销售额(万元)\n南京,2022,12½", "sales", "不是数字"),
        ("城市,区县,年份,销售额(万元)\n南通市,开发区,2022,500", "sales", "开发区"),
    ],
)
def test_doubts_are_refused(own, text, kind, word):
    refused(own, text, word, kind=kind)


def test_variants_that_are_read(own):
    quarters = own(
        "指标：地区生产总值_累计值(亿元)\n地区,2023年第三季度,2023年第二季度,2023年第一季度\n江苏,93000,60000,29000",
        "indicators",
    )
    assert (quarters["value"] / 1e8).round(6).tolist() == [29000, 31000, 33000]
    running = own("单位：万元\n城市,2024年1-2月,2024年1-3月,2024年1-4月\n南京,10,15,22")
    assert values(running)["320100", "2024-03"] == 5 and values(running)["320100", "2024-04"] == 7
    rest = own("地区,年份,销售额(万元)\n江苏省其他,2023,100\n南京市,2023,300\n苏州市,2023,400")
    assert values(rest) == {("320000", "2023"): 800}
    stated = own("城市,年份,销售额\n南京,2022,100万\n苏州,2022,200万元")
    assert values(stated) == {("320100", "2022"): 100, ("320500", "2022"): 200}
    marked = own("城市,2022年①销售额(万元),2021年销售额²(万元)\n苏州市,12,11")
    assert values(marked) == {("320500", "2021"): 11, ("320500", "2022"): 12}
    times = own(
        "城市,销售日期,销售额(元)\n苏州,2023-01-05 10:30:00,1000\n苏州,2023-01-05,500\n苏州,2023-01-06,-200"
    )
    assert values(times, 1) == {("320500", "2023-01"): 1300} and "负数" in notes(times)
    remark = own('城市,年份,销售额(万元),备注\n南京,2022,100,"多行\n备注,有逗号"\n苏州,2022,90,ok')
    assert len(remark) == 2
