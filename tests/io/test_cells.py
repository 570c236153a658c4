import datetime
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mktanalysis.io.fields import fields, kind_of
from mktanalysis.io.read.grammar.cells import CellError, is_blank, parse_number
from mktanalysis.io.read.grammar.layout import refusal
from mktanalysis.io.read.grammar.phrases import PhraseReader, segment
from mktanalysis.io.read.grammar.when import When, parse_part, parse_when
from mktanalysis.io.workbook import number_form

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
        (2019, "2019年"),
        ("２０１９年", "2019年"),
        ("2019年末", "2019年"),
        ("2019 年 3 月", "2019年3月"),
        ("2019/3", "2019年3月"),
        ("201903", "2019年3月"),
        ("2019.12", "2019年12月"),
        ("2019年三季度", "2019年7-9月"),
        ("2019Q3", "2019年7-9月"),
        ("2019年第3季度", "2019年7-9月"),
        ("20190315", "2019年3月"),
        ("2019-03-15", "2019年3月"),
        ("2019-03-15 08:30:00", "2019年3月"),
        (datetime.datetime(2019, 3, 15), "2019年3月"),
        (datetime.date(1969, 12, 31), "1969年12月"),
        ("1949", "1949年"),
        ("2022.0", "2022年"),
        ("2019年1-2月", "2019年1-2月"),
        ("2019年1—6月累计", "2019年1-6月累计"),
        ("2019年上半年", "2019年1-6月"),
        ("2019年前三季度", "2019年1-9月"),
        ("Mar-2019", "2019年3月"),
        ("三月", "3月"),
        ("Q2", "4-6月"),
        ("1至9月", "1-9月"),
    ],
)
def test_periods(cell, period):
    assert str(parse_when(cell)) == period


@pytest.mark.parametrize(
    "cell", ["4年", "近10年", "2019-13", "2019-2020", "201913", 2019.5, 43831, "去年", "", True, None, "13月"]
)
def test_what_is_no_period(cell):
    with pytest.raises(CellError):
        parse_when(cell)


def test_parts_of_a_year():
    assert [str(parse_part(cell, "month")) for cell in ("3月", 12, 1.0, "１月份")] == [
        "3月",
        "12月",
        "1月",
        "1月",
    ]
    quarters = [parse_part(cell, "quarter").last // 3 for cell in ("二季度", "Q4", 1, "第3季度")]
    assert quarters == [2, 4, 1, 3]
    for cell, name in [(13, "month"), (0, "month"), (5, "quarter"), ("去年", "quarter")]:
        with pytest.raises(CellError):
            parse_part(cell, name)


@given(st.integers(2000, 2030), st.integers(1, 12), st.booleans())
def test_parts_are_joined_in_any_order(year, month, year_first):
    parts = [When(year), When(None, month, month)]
    first = parts[0 if year_first else 1]
    second = parts[1 if year_first else 0]
    assert first.joined(second) == When(year, month, month)
    assert first.joined(second).joined(When(year + 1)) is None


@pytest.mark.parametrize(
    ("text", "measure", "unit", "when"),
    [
        ("常住人口(万人)", "resident_population", "万人", None),
        ("年末常住人口 （万人）", "resident_population", "万人", None),
        ("2019年社会消费品零售总额（亿元）", "retail_sales", "亿元", When(2019)),
        ("社零_亿元", "retail_sales", "亿元", None),
        ("GDP/亿元", "gdp", "亿元", None),
        ("ＧＤＰ（现价，亿元）", "gdp", "亿元", None),
        ("GDP(人民币，亿元)", "gdp", "亿元", None),
        ("社会消费品零售总额_当期值(亿元)", "retail_sales", "亿元", None),
        ("社会消费品零售总额_累计值(亿元)", "cumulative", "亿元", None),
        ("2023年1-6月社零(亿元)", "retail_sales", "亿元", When(2023, 1, 6)),
        ("2023年零售额累计(亿元)", "cumulative", "亿元", When(2023)),
        ("地区生产总值(当年价)(亿元)", "gdp", "亿元", None),
        ("人均GDP(元/人)", "gdp_per_capita", "元/人", None),
        ("城镇化率（％）", "urban_rate", "%", None),
        ("社零(亿元)2020", "retail_sales", "亿元", When(2020)),
        ("城镇常住人口(万人)", None, "万人", None),
        ("农村居民人均可支配收入(元)", None, "元", None),
        ("GDP增速(%)", None, "%", None),
        ("零售额(城镇)(亿元)", None, "亿元", None),
        ("地区生产总值²(亿元)", "gdp", "亿元", None),
        ("计划零售额(亿元)", None, "亿元", None),
    ],
)
def test_headers(text, measure, unit, when):
    kind = kind_of("indicators")
    phrase = PhraseReader(kind, ("province", "county")).read(text)
    if measure is None:
        assert refusal(phrase, kind)
        return
    assert not refusal(phrase, kind)
    assert phrase.unit == unit and phrase.when == when
    assert phrase.has("cumulative") == (measure == "cumulative")
    assert measure == "cumulative" or phrase.measure.name == measure


def test_words_are_cut_with_least_left_over():
    vocabulary = {"社会消费品零售总额": "measure", "零售总额": "measure", "限额以上": "narrow"}
    assert segment("限额以上社会消费品零售总额", vocabulary) == [
        ("narrow", "限额以上"),
        ("measure", "社会消费品零售总额"),
    ]
    assert segment("星辰零售总额_", vocabulary) == [("", "星辰"), ("measure", "零售总额")]


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("0.00%", ("shown", "%")),
        ("0.0_);(0.0%)", None),
        ('0"%"', ("literal", "%")),
        ("0\\%", ("literal", "%")),
        ("#,##0,,", ("scaled", "#,##0,,")),
        ("0!.0000", ("scaled", "0!.0000")),
        ("#,##0.00", None),
        ("yyyy-mm-dd", None),
        ("[Red]0.0%", ("shown", "%")),
        ("", None),
    ],
)
def test_number_formats(code, form):
    assert number_form(code.replace("\\\\", "\\")) == form


def test_the_lists_agree_with_themselves():
    known = fields()
    for kind in known.kinds.values():
        words = [word for measure in kind.measures for word in {measure.name, measure.label, *measure.words}]
        assert len(words) == len(set(words)), "one word, two measures"
        assert all(measure.dimension in {*known.hints, "number"} for measure in kind.measures)
    assert all(word == word.casefold() and " " not in word for word in known.role_of)
