"""Kinds of files and the ways in which people lay them out: right, or refused with cell and cure."""

import datetime

import pytest
import xlsxwriter

import mktanalysis as mkt
from mktanalysis.errors import MktError
from mktanalysis.io import read_table


@pytest.fixture(scope="module")
def china():
    return mkt.load_regions()


@pytest.fixture
def own(tmp_path, china):
    """Return a function that reads lines of text as a CSV: ``/`` ends a line."""

    def read(text: str, kind: str = "sales", **options):
        path = tmp_path / "own.csv"
        path.write_text(text.replace(" / ", "\n"), "utf-8")
        return read_table(path, kind=kind, tree=china, **options)

    return read


@pytest.fixture
def book(tmp_path, china):
    """Return a function that reads a workbook of sheets, each a list of rows."""

    def read(sheets: dict, kind: str = "sales", merged=(), **options):
        path = tmp_path / "own.xlsx"
        with xlsxwriter.Workbook(str(path)) as workbook:
            for name, rows in sheets.items():
                page = workbook.add_worksheet(name)
                for i, row in enumerate(rows):
                    for j, cell in enumerate(row):
                        if isinstance(cell, datetime.date):
                            page.write_datetime(i, j, cell, workbook.add_format({"num_format": "yyyy-mm"}))
                        elif cell is not None:
                            page.write(i, j, cell)
                for area in merged:
                    page.merge_range(*area)
        return read_table(path, kind=kind, tree=china, **options)

    return read


def values(table, scale: float = 1e4) -> dict:
    keys = zip(table["region"], table["period"].astype(str), strict=True)
    return {key: round(value / scale, 6) for key, value in zip(keys, table["value"], strict=True)}


def notes(table) -> str:
    return "\n".join(table.attrs["notes"])


NANJING = "320100"
SUZHOU = "320500"
QUARTERS = {(NANJING, f"2023Q{q}"): v for q, v in zip(range(1, 5), (10, 15, 20, 25), strict=True)}


@pytest.mark.parametrize(
    "text",
    [
        "2023年各市销售额（万元） / 城市,一季度,1-2季度,1-3季度,全年 / 南京市,10,25,45,70",
        "单位：万元 / 城市,2023年一季度,2023年上半年,2023年前三季度,2023年 / 南京市,10,25,45,70",
        "2023年销售累计 单位：万元 / 城市,一季度,二季度,三季度,四季度 / 南京市,10,25,45,70",
        "单位：万元 / 城市,23年1季度,23年2季度,23年3季度,23年4季度,合计 / 南京市,10,15,20,25,70",
        "23年各市销售 单位：万元 / 城市,Q1,Q2,Q3,Q4,全年合计 / 南京市,10,15,20,25,70",
        "城市,年份,季度,销售额(RMB 10k) / " + " / ".join(f"南京市,2023,{q},{5 * q + 5}" for q in range(1, 5)),
        'City,Quarter,"Revenue (10,000 yuan)" / '
        + " / ".join(f"Nanjing,2023Q{q},{5 * q + 5}" for q in range(1, 5)),
    ],
)
def test_quarters_in_many_ways(own, text):
    assert values(own(text)) == QUARTERS


def test_a_sum_over_several_years_must_be_their_sum(own):
    lines = "单位：万元 / 城市,2022年,2023年,合计 / 南京市,1,2,{} / 苏州市,2,3,5"
    table = own(lines.format(3))
    assert values(table) == {
        (NANJING, "2022"): 1,
        (NANJING, "2023"): 2,
        (SUZHOU, "2022"): 2,
        (SUZHOU, "2023"): 3,
    } and "合计" in notes(table)
    with pytest.raises(MktError, match="第 3 行，列“合计”：4 不等于所列各期之和 3"):
        own(lines.format(4))
    with pytest.raises(MktError, match="11 不等于所列各期之和 3"):
        own("单位：万元 / 城市,2023年1季度,2023年2季度,合计 / 南京市,1,2,11")


def test_a_quarter_above_its_months_is_their_quarter(book):
    rows = [
        ["2023年各市销售（万元）"],
        ["城市", "一季度", None, None, "二季度", None, None],
        [None, "1月", "2月", "3月", "4月", "5月", "6月"],
        ["南京市", 1, 2, 3, 4, 5, 6],
    ]
    table = book(
        {"数据": rows}, merged=[(1, 1, 1, 3, "一季度"), (1, 4, 1, 6, "二季度"), (1, 0, 2, 0, "城市")]
    )
    assert values(table) == {(NANJING, f"2023-{month:02d}"): month for month in range(1, 7)}


def test_a_month_outside_the_quarter_above_it_is_a_contradiction(own):
    with pytest.raises(MktError, match="季度写的是4-6月，同一行里另写2023年2月"):
        own("城市,年份,季度,月份,销售额(万元) / 南京市,2023,2,2,6")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("单位：万元 / 城市,2023.1,2023.2,2023.10 / 南京市,1,2,3", ("2023.1", "1 月还是 10 月")),
        ("2023年 单位：万元 / 城市,1,2,3 / 南京市,1,2,3", ("月份应写成 1月",)),
        ("单位：万元 / 城市,FY2022,FY2023 / 南京市,1,2", ("财年不是自然年",)),
        ("城市,周,销售额(万元) / 南京市,2023-W01,1", ("周不是月",)),
        ("城市,日期,销售额(万元) / 南京市,44927,1", ("2023-01-01", "格式改为日期")),
        ("城市,日期,销售额(万元) / 南京市,01/02/2023,1", ("看不出哪是月",)),
        ("城市,日期,销售额(万元) / 南京市,2022-02-30,1", ("2022-02-30", "不是时期")),
        ("2024年预算（单位：万元） / 地区,全年,上半年,下半年 / 江苏,10,4,6", ("上半年", "逐季或全年")),
        ("地区,2023年销售额(万元) / 昆山市,3 / 太仓市,1 / 苏州市小计,5", ("苏州市 5", "不等")),
        ("代码,2023年销售额(万元) / 3201,1", ("320100",)),
        ("城市,1月销售额(万元) / 南京市,1", ("没有时期", "年份")),
    ],
)
def test_what_is_not_told_is_refused_with_the_cure(own, text, words):
    with pytest.raises(MktError) as caught:
        own(text, "targets" if "预算" in text else "sales")
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "大区,城市,2023年销售额(万元) / 华东,南京市,3 / ,苏州市,1 / 华东合计,,4 / 总计,,4",
            {NANJING: 3, SUZHOU: 1},
        ),
        (
            "城市,区县,2023年销售额(万元) / 苏州市,昆山市,3 / 苏州市合计,,3 / 南京市合计,,8",
            {"320583": 3, NANJING: 8},
        ),
        ("地区,2023年销售额(万元) / 昆山市,3 / 太仓市,1 / 苏南小计,4 / 合计,4", {"320583": 3, "320585": 1}),
        (
            "省份,城市,2023年销售额(万元) / 江苏,南京市,3 / 江苏,小计,3 / 浙江,小计,9",
            {NANJING: 3, "330000": 9},
        ),
        (
            "城市,2023年销售额(万元) / 1.南京市,3 / 2.苏州市,1 / 制表人：张三,审核：李四",
            {NANJING: 3, SUZHOU: 1},
        ),
        ("城市,项目,2023年 / 南京市,销售额(万元),3 / 南京市,销量(台),9", {NANJING: 3}),
    ],
)
def test_totals_beside_above_and_below(own, text, expected):
    table = own(text)
    assert dict(zip(table["region"], table["value"] / 1e4, strict=True)) == expected


def test_a_name_that_the_column_decides_is_told(own):
    table = own("城市,2023年销售额(万元) / 海南,1 / 海口,2")
    assert set(table["region"]) == {"632500", "460100"} and "不是" in notes(table)


# sheets ---------------------------------------------------------------------------------------------------
def test_sheets_named_by_a_bare_year(book):
    one = [["城市", "销售额(万元)"], ["南京市", 10000], ["苏州市", 20000]]
    two = [["城市", "销售额(亿元)"], ["南京市", 1.1], ["苏州市", 2.1]]
    table = book({"汇总": one, "2022": one, "2023": two})
    assert values(table, 1e8) == {
        (NANJING, "2022"): 1,
        (SUZHOU, "2022"): 2,
        (NANJING, "2023"): 1.1,
        (SUZHOU, "2023"): 2.1,
    }
    assert "汇总" in notes(table)


def test_a_sheet_that_is_not_read_is_told(book):
    rows = [["城市", "年份", "销售额(万元)"], ["南京市", 2023, 1]]
    table = book({"数据": rows, "联系人": [["姓名"], ["张三"]], "说明": [["填表说明"]]})
    assert "没有读取的工作表：联系人" in notes(table) and "说明" not in notes(table)
    years = {"2022": [rows[0], ["南京市", 2022, 1]], "2023": rows, "2021": [["客户", "额"], ["甲", 1]]}
    with pytest.raises(MktError, match=r"2021.*看不出表头"):
        book(years)


def test_sheets_of_months_without_a_year_name_the_sheet(book):
    rows = [["城市", "销售额(万元)"], ["南京市", 1]]
    with pytest.raises(MktError, match=r"工作表“2月”没有时期.*没有年份"):
        book({"1月": rows, "2月": rows})


def test_a_sheet_a_province_is_joined_on_request(book):
    sheets = {
        name: [["城市", "年份", "销售额(万元)"], [city, 2023, 1]]
        for name, city in (("江苏", "南京市"), ("浙江", "杭州市"))
    }
    with pytest.raises(MktError, match="--sheet"):
        book(sheets)
    assert set(book(sheets, sheet="*")["region"]) == {NANJING, "330100"}


# units ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("header", "unit", "factor"),
    [
        ("销量(kg)", "公斤", 1),
        ("销量（千克）", "公斤", 1),
        ("销量(斤)", "斤", 1),
        ("销量(m²)", "平方米", 1),
        ("出货台数(台)", "台", 1),
        ("销量(百台)", "台", 100),
        ("销量(亿支)", "支", 1e8),
        ("销量(万标箱)", "标箱", 1e4),
        ("销量(个)", "个", 1),
        ("交付量(人次)", "人次", 1),
        ("销量(打)", "打", 1),
        ("Sales volume (units)", "units", 1),
    ],
)
def test_goods_are_counted_in_many_words(own, header, unit, factor):
    table = own(f"城市,年份,{header} / 南京市,2023,5", "volumes")
    assert table.attrs["unit"] == unit and table["value"].item() == 5 * factor


@pytest.mark.parametrize("header", ["销量(瓶/箱)", "销量(万元)", "销量", "销量(层)"])
def test_what_counts_no_goods_is_refused(own, header):
    with pytest.raises(MktError, match="销量"):
        own(f"城市,年份,{header} / 南京市,2023,5", "volumes")


@pytest.mark.parametrize(
    ("header", "yuan"),
    [
        ("销售额(万元人民币)", 1e4),
        ("销售额(RMB mn)", 1e6),
        ("Sales (CNY 10k)", 1e4),
        ("Revenue (100 million yuan)", 1e8),
        ("销售额（百元）", 100),
        ("turnover (million RMB)", 1e6),
    ],
)
def test_money_in_many_words(own, header, yuan):
    assert own(f"城市,年份,{header} / 南京市,2023,5")["value"].item() == 5 * yuan


@pytest.mark.parametrize("header", ["Sales(RMB)", "销售额(人民币)", "销售额(USD mn)", "销售额(mn)"])
def test_a_currency_alone_is_no_unit(own, header):
    with pytest.raises(MktError, match=r"元|应有：销售额"):
        own(f"城市,年份,{header} / 南京市,2023,5")


# customers, areas, stores, flows --------------------------------------------------------------------------
def test_customers_with_a_column_a_class(own):
    table = own("城市,重点客户,普通客户,合计 / 南京市,10,20,30 / 苏州市,15,25,40", "customers")
    found = table.set_index(["region", "class"])["value"].to_dict()
    assert found == {(NANJING, "重点"): 10, (NANJING, "普通"): 20, (SUZHOU, "重点"): 15, (SUZHOU, "普通"): 25}
    assert "合计" in notes(table)
    with pytest.raises(MktError, match="31 不等于所列各等级之和 30"):
        own("城市,重点客户,普通客户,合计 / 南京市,10,20,31", "customers")


def test_a_class_called_total_is_none(own):
    table = own("城市,客户等级,客户数 / 南京市,A,10 / 南京市,合计,10", "customers")
    assert table["class"].tolist() == ["A"]


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("城市,客户等级,客户数 / 南京市,A,10 / 南京市,A,11", "customers", ("第 3 行", "第 2 行重复")),
        ("城市,年份,客户等级,客户数 / 南京市,2022,A,1 / 南京市,2023,A,2", "customers", ("2022、2023",)),
        ("城市,2022年市场容量(万元),2023年市场容量(万元) / 南京市,10,11", "units", ("只留一个时期",)),
        ("城市,所属大区 / 南京市,苏南 / 南京市,苏北", "areas", ("第 3 行", "两个销售区域")),
        ("城市,所属大区 / 南京市,苏南 / 苏州市,", "areas", ("第 3 行", "没有写销售区域")),
        ("来源地,目的地,人次 / 南京,南景,12 / 镇江,,3", "flows", ("南景", "没有写目的地")),
        ("来源地,目的地,客流 / 南京,南京,12", "flows", ("没有写单位", "人次")),
        ("来源地,目的地,人次 / 南京,南京,12 / 南京,南京,3", "flows", ("第 3 行", "重复")),
    ],
)
def test_what_is_told_twice_is_refused(own, text, kind, words):
    with pytest.raises(MktError) as caught:
        own(text, kind)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "分公司,城市 / 宁镇,南京市、镇江市 / 苏锡,苏州市，无锡市",
        "区域,城市 / 宁镇,南京市 / ,镇江市 / 苏锡,苏州市 / ,无锡市",
        "城市,销售区域 / 南京市,宁镇 / 镇江市,宁镇 / 苏州市,苏锡 / 无锡市,苏锡",
    ],
)
def test_sales_areas_in_every_layout(own, text):
    table = own(text.replace("，", ";"), "areas")
    assert dict(zip(table["region"], table["area"], strict=True)) == {
        NANJING: "宁镇",
        "321100": "宁镇",
        SUZHOU: "苏锡",
        "320200": "苏锡",
    }


def test_flows_from_home_to_centre(own):
    for text, factor in (
        (
            "客户所在城市,门店所在城市,到店人次(万人次) / 南京,南京,12 / 镇江,南京,3 / 苏州,上海,4",
            1e4,
        ),
        ("来源地,目的地,销售额(万元) / 南京,南京,12 / 镇江,南京,3 / 苏州,上海,4", 1e4),
        ("Origin,Destination,visits(人次) / 南京市,南京市,12 / 镇江市,南京市,3 / 苏州市,上海市,4", 1),
    ):
        table = own(text, "flows")
        found = {(row.region, row.center): row.value for row in table.itertuples()}
        expected = {(NANJING, NANJING): 12, ("321100", NANJING): 3, (SUZHOU, "310100"): 4}
        assert found == {key: value * factor for key, value in expected.items()}
    assert "flows" in notes(own("来源地,目的地,客流(人次) / 南京,南京,12 / 镇江,南京,3", "auto"))


def test_flows_fit_a_model_of_attraction(own, china):
    """Flows made by a known law give its exponents back."""
    cities = list(china.children("320000"))
    names = china.names(cities)
    law = {
        (home, center): 1e6 * (2 + j) ** 1.5 / (20 + 7 * abs(i - j)) ** 1.2
        for i, home in enumerate(cities)
        for j, center in enumerate(cities)
    }
    lines = [f"{names[home]},{names[center]},{value!r}" for (home, center), value in law.items()]
    flows = own(" / ".join(["来源地,目的地,客流(人次)", *lines]), "flows")
    import pandas as pd

    from mktanalysis.capacity import fit_huff

    far = pd.DataFrame(
        [[20 + 7 * abs(i - j) for j in range(len(cities))] for i in range(len(cities))], cities, cities
    )
    fit = fit_huff(flows, pd.Series([float(2 + j) for j in range(len(cities))], cities), far)
    assert fit.exponent == pytest.approx(1.2, abs=1e-6)
    assert fit.attraction_exponent == pytest.approx(1.5, abs=1e-6)


def test_stores_may_have_other_figures(own):
    table = own("城市,门店名称,开业日期,面积(平方米) / 南京市,甲,2020-05-01,120", "stores")
    assert table["name"].tolist() == ["甲"] and "面积" in notes(table)


def test_dates_of_opening_are_recognised(own):
    assert "openings" in notes(own("城市,开业日期 / 南京市,2022-01-01 / 苏州市,2022-02-03", "auto"))
