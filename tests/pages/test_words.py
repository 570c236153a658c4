"""What a reader of a finished page sees: Chinese, but for names of methods, units and programs."""

import html
import re

import pytest

pytestmark = pytest.mark.slow

#: Names of methods and measures, of units and licences, of sources, and of programs that open the files.
KNOWN = {
    *("WAPE", "MASE", "LMDI", "kappa", "Prais", "GDP", "SWOT", "S", "K", "k", "n", "vs"),
    *("MIT", "CC", "BY", "FIERsity", "frykit", "mumuy", "data", "location"),
    *("Word", "Excel", "xlsx", "csv", "PDF"),
    *("r", "c"),  # codes of the toy grid that is compared with brute force
    *("T", "A", "B", "C", "D"),  # systems of tiers T1 to T5, grades of a rule
    *(
        "Castellion",
        "Markham",
        "Kalyanaram",
        "Robinson",
        "Urban",
        "Huff",
        "Carter",
        "Gaskin",
        "Mucha",
        "Shapley",
    ),
}
PROVINCES = (
    "05_province_plan-110000",
    "05_province_plan-320000",
    "05_province_plan-540000",
    "05_province_plan-650000",
)
REPORTS = ("01_regions_and_data", "02_city_tiers", "03_capacity_forecast", "04_expansion_path", *PROVINCES,
           "06_market_size", "07_territories", "08_sales_targets")  # fmt: skip
LATIN = re.compile(r"[A-Za-z]+")


def seen(page):
    """What is read on a page: texts and alternative texts, without its foot (versions, file names)."""
    body = re.sub(r"<(script|style|footer)\b.*?</\1>", "", page.partition("<body>")[2], flags=re.S)
    told = re.findall(r'(?:alt|aria-label|title)="([^"]*)"', body)
    return html.unescape(" ".join([re.sub(r"<[^>]+>", " ", body), *told]))


def test_what_is_seen_leaves_out_what_is_not():
    page = '<body><p title="甲 one">乙<b>two</b></p><img alt="丙"><footer>three</footer>'
    page += "<script>four</script></body>"
    assert LATIN.findall(seen(page)) == ["two", "one"] and "丙" in seen(page)


@pytest.mark.parametrize("name", [*REPORTS, "index"])
def test_no_english_word_stands_on_a_page(made, name):
    page = made.index if name == "index" else made.reports[name].page
    found = {word for word in LATIN.findall(seen(page)) if word not in KNOWN}
    assert not found, sorted(found)


@pytest.mark.parametrize("name", REPORTS)
def test_pictures_say_what_is_seen(made, name):
    told = re.findall(r'<figure>.*?<img alt="([^"]*)"', made.reports[name].page)
    assert told and not [text for text in told if len(text) < 12]


@pytest.mark.parametrize("name", REPORTS)
def test_every_page_opens_with_its_judgement(made, name):
    page = made.reports[name].page
    first = page.partition('<section class="first">')[2].partition("</section>")[0]
    assert "<strong>" in first and "<dl>" in first and "最大的风险" in first
    assert "<span>" in page.partition('<div class="strip">')[2].partition("</div>")[0]
