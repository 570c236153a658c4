import datetime
import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mktanalysis.io.cells import CellError, is_blank, parse_number, parse_part, parse_period
from mktanalysis.io.fields import fields, kind_of
from mktanalysis.io.headers import HeaderReader

FULL_WIDTH = str.maketrans("0123456789.,-", "０１２３４５６７８９．，－")


@given(st.decimals(-(10**12), 10**12, places=3, allow_nan=False))
def test_numbers_however_they_are_written(number):
    plain = f"{number}"
    for text in (
        plain,
        f"{number:,}",
        f" {plain} ",
        plain.translate(FULL_WIDTH),
        f"{number:,}".replace(",", " "),
    ):
        assert parse_number(text) == (float(number), "")
    assert parse_number(f"{number:,}万元") == (float(number), "万元")
    assert parse_number(float(number)) == (float(number), "")


@pytest.mark.parametrize(
    "text", ["1,2", "1,23,456", "12.3.4", "5-6", "十", "1 2", "1e", "0x10", "１２个半", "5%%", "--5", "()"]
)
def test_what_is_no_number(text):
    with pytest.raises(CellError):
        parse_number(text)


def test_blanks():
    assert all(math.isnan(parse_number(cell)[0]) for cell in ("", "—", "……", "NaN", None, float("nan"), "／"))
    assert is_blank(None) and is_blank("　") and not is_blank(0) and not is_blank("0")


@pytest.mark.parametrize(
    ("cell", "period"),
    [
        (2019, "2019"),
        ("２０１９年", "2019"),
        ("2019年末", "2019"),
        ("2019 年 3 月", "2019-03"),
        ("2019/3", "2019-03"),
        ("201903", "2019-03"),
        ("2019.12", "2019-12"),
        ("2019年三季度", "2019Q3"),
        ("2019Q3", "2019Q3"),
        ("2019年第3季度", "2019Q3"),
        ("20190315", "2019-03"),
        ("2019-03-15", "2019-03"),
        (datetime.datetime(2019, 3, 15), "2019-03"),
        (datetime.date(1969, 12, 31), "1969-12"),
        ("1949", "1949"),
        ("2022.0", "2022"),
    ],
)
def test_periods(cell, period):
    freq, ordinal = parse_period(cell)
    assert str(pd.Period(ordinal=ordinal, freq=freq)) == period


@pytest.mark.parametrize(
    "cell", ["19年", "2019-13", "2019年1-2月", "2019-2020", "201913", 2019.5, 43831, "去年", "", True, None]
)
def test_what_is_no_period(cell):
    with pytest.raises(CellError):
        parse_period(cell)


def test_parts_of_a_year():
    assert [parse_part(cell, "month") for cell in ("3月", 12, 1.0, "１月份")] == [3, 12, 1, 1]
    assert [parse_part(cell, "quarter") for cell in ("二季度", "Q4", 1, "第3季度")] == [2, 4, 1, 3]
    for cell, name in [(13, "month"), (0, "month"), (5, "quarter"), ("上半年", "quarter")]:
        with pytest.raises(CellError):
            parse_part(cell, name)


@pytest.mark.parametrize(
    ("text", "measure", "unit", "year"),
    [
        ("常住人口(万人)", "resident_population", "万人", None),
        ("年末常住人口 （万人）", "resident_population", "万人", None),
        ("2019年社会消费品零售总额（亿元）", "retail_sales", "亿元", 2019),
        ("社零_亿元", "retail_sales", "亿元", None),
        ("GDP/亿元", "gdp", "亿元", None),
        ("ＧＤＰ（现价，亿元）", "gdp", "亿元", None),
        ("GDP(人民币，亿元)", "gdp", "亿元", None),
        ("社会消费品零售总额_当期值(亿元)", "retail_sales", "亿元", None),
        ("社会消费品零售总额_累计值(亿元)", None, "亿元", None),
        ("2023年1-6月社零(亿元)", None, "亿元", None),
        ("2023年零售额累计(亿元)", None, "亿元", None),
        ("地区生产总值(当年价)(亿元)", "gdp", "亿元", None),
        ("人均GDP(元/人)", "gdp_per_capita", "元/人", None),
        ("城镇化率（％）", "urban_rate", "%", None),
        ("社零(亿元)2020", "retail_sales", "亿元", 2020),
        ("城镇常住人口(万人)", None, "万人", None),
        ("农村居民人均可支配收入(元)", None, "元", None),
        ("GDP增速(%)", None, "%", None),
        ("零售额(城镇)(亿元)", "retail_sales", "亿元", None),
    ],
)
def test_headers(text, measure, unit, year):
    header = HeaderReader(kind_of("indicators"), ("province", "county")).read(text)
    usable = None if header.unknown else header.measure
    if text.startswith("零售额(城镇)"):
        assert header.unknown == ("城镇",)
        return
    assert (usable.name if usable else None) == measure
    if measure:
        assert header.unit == unit and (
            header.period == ("Y", year - 1970) if year else header.period is None
        )


def test_the_lists_agree_with_themselves():
    known = fields()
    for kind in known.kinds.values():
        words = [word for measure in kind.measures for word in {measure.name, measure.label, *measure.words}]
        assert len(words) == len(set(words)), "one word, two measures"
        assert all(measure.dimension in {*known.hints, "number"} for measure in kind.measures)
    assert all(word == word.casefold() and " " not in word for word in known.role_of)
