"""Sentences on tiers, forecasts, data coverage: planted tables in, true sentences out."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis import stories

CODES = [f"c{i}" for i in range(10)]
NAMES = pd.Series([f"城{i}" for i in range(10)], CODES)


def planted_tiers(n=10, unsure=2):
    tiers = pd.Series(pd.Categorical((["一线"] * 2 + ["二线"] * n)[:n], ["一线", "二线"]), CODES[:n])
    stability = pd.Series([0.5] * unsure + [0.9] * (n - unsure), CODES[:n])
    score = pd.Series(np.arange(n, 0, -1.0), CODES[:n])
    clusters = SimpleNamespace(tiers_=tiers, stability_=stability, score_=score)
    imputed = pd.DataFrame({"gdp": [True] + [False] * (n - 1)}, index=CODES[:n])
    return clusters, SimpleNamespace(imputed=imputed)


class TestTiers:
    def test_counts_and_doubts(self):
        story = stories.tiers(*planted_tiers(), year=2023, names=NAMES)
        assert story.judgement.text == "2023 年，10 个单位分为 2 级：一线 2 个、二线 8 个。一线是城0、城1。"
        assert "2 个城市紧挨分界线" in story.actions[0].text and "城0、城1" in story.actions[0].text
        assert "1 个单位有指标是推算的" in story.actions[1].text

    def test_nothing_unsure_is_not_told(self):
        story = stories.tiers(*planted_tiers(unsure=0), year=2023, names=NAMES)
        assert not any("紧挨" in action.text for action in story.actions)

    def test_one_city_reads_as_chinese(self):
        clusters, scores = planted_tiers(n=1, unsure=0)
        clusters.tiers_ = pd.Series(pd.Categorical(["一线"], ["一线"]), CODES[:1])
        assert "只有城0一个单位" in stories.tiers(clusters, scores, year=2023, names=NAMES).judgement.text

    def test_agreement_without_kappa_tells_the_order(self):
        against = SimpleNamespace(n_common=9, agreement=0.0, kappa=float("nan"), rank_correlation=0.87)
        told = stories.tiers(
            *planted_tiers(), year=2023, names=NAMES, against=against, list_name="榜单"
        ).more[0]
        assert "秩相关 0.87" in told.text and "kappa" not in told.text

    def test_most_resamples_elsewhere_are_told_with_the_rule(self):
        clusters, scores = planted_tiers()
        own = clusters.tiers_.astype(str)
        votes = pd.DataFrame({tier: (own == tier) * 1.0 for tier in ("一线", "二线")})
        told = stories.tiers(clusters, scores, year=2023, names=NAMES).sentences()
        clusters.membership_ = votes
        assert stories.tiers(clusters, scores, year=2023, names=NAMES).sentences() == told
        votes.loc["c3"] = [0.6, 0.4]
        (new,) = stories.tiers(clusters, scores, year=2023, names=NAMES).more
        assert "城3" in new.text and "不按重算的多数" in new.text and new.figures == {"n_outvoted": 1}

    def test_a_unit_without_a_tier_is_named(self):
        clusters, scores = planted_tiers()
        clusters.tiers_["c9"] = None
        story = stories.tiers(clusters, scores, year=2023, names=NAMES)
        assert story.more[0].text == "城9的指标太少，没有级别。" and "9 个单位分为" in story.judgement.text

    def test_the_number_of_tiers_in_use_is_told_against_the_best(self):
        evidence = pd.DataFrame(
            {"explained": [0.9, 0.938, 0.952], "stability": [0.9, 0.936, 0.879]}, index=[4, 5, 6]
        )
        told = stories.number_of_tiers(evidence, 6).text
        assert "最大的是 5 级；本报告用 6 级" in told
        assert "解释比例高 1.4 个百分点" in told and "稳定度低 5.7 个百分点" in told
        assert stories.number_of_tiers(evidence, 5).text == "“解释 × 稳定”最大的是 5 级。"

    @pytest.mark.parametrize(
        ("shift", "said"), [([1, -1], "没有一个相差两级"), ([2, -1], "两级以上的 1 个：城0")]
    )
    def test_differences_say_how_far(self, shift, said):
        against = SimpleNamespace(n_common=9, differing=pd.DataFrame({"shift": shift}, index=CODES[:2]))
        told = stories.differences(against, "榜单", NAMES)
        assert said in told.text and "更高的 1 个，更低的 1 个" in told.text
        assert told.figures["n_differing"] == 2

    def test_moves(self):
        moved = pd.DataFrame({"shift": [1, -1, -1]}, index=CODES[:3])
        told = stories.moves(moved, pd.Series({"prais": 0.05}), years=(2013, 2023), names=NAMES).text
        assert "1 个城市升级、2 个降级" in told and "升级的有城0" in told and "不必年年" in told


@pytest.fixture(scope="module")
def market():
    return mkt.synthetic.make_market(
        n_provinces=2, n_prefectures=2, n_counties=2, n_periods=20, random_state=0
    )


@pytest.fixture(scope="module")
def forecast(market):
    return mkt.HierarchicalForecaster("drift").fit(market.panel, market.tree).forecast(3)


class TestCapacity:
    def test_figures_are_those_of_the_tables(self, market, forecast):
        root = market.tree.root
        story = stories.capacity(forecast, market.tree, root)
        row = forecast.table[forecast.table["region"] == root].iloc[-1]
        assert story.judgement.figures["mean"] == row["mean"]
        assert str(row["period"]) in story.judgement.text and "八成区间" in story.judgement.text
        assert "没有回测" in story.risk.text

    @pytest.mark.parametrize(("coverage", "word"), [(0.69, "偏窄"), (0.81, "相符"), (0.93, "偏宽")])
    def test_one_coverage_and_one_conclusion(self, market, forecast, coverage, word):
        scores = pd.DataFrame(
            {
                "level": ["county"],
                "model": ["reconciled"],
                "n": [400],
                "coverage": [coverage],
                "wape": [0.05],
                "bias": [-0.01],
            }
        )
        story = stories.capacity(forecast, market.tree, market.tree.root, scores=scores)
        assert word in story.risk.text and f"{coverage:.0%}" in story.risk.text
        assert story.numbers[-1].value == coverage

    def test_a_part_is_a_lower_bound(self, market, forecast):
        root = market.tree.root
        assert "下限" in stories.capacity(forecast, market.tree, root, covered=0.7).judgement.text
        assert "下限" not in stories.capacity(forecast, market.tree, root, covered=1.0).judgement.text

    def test_increments_point_at_the_largest(self, market, forecast):
        root = market.tree.root
        table = forecast.table[forecast.table["period"] == forecast.table["period"].max()]
        final = table.set_index("region")["mean"]
        end = forecast.history["period"].max()
        now = forecast.history[forecast.history["period"] == end].set_index("region")["value"]
        gain = (final - now).reindex(market.tree.children(root)).sort_values(ascending=False)
        told = stories.capacity(forecast, market.tree, root).actions[0].text
        assert market.tree.names(gain.index[:1]).iloc[0] in told

    def test_vintages_count_what_fell_outside(self, market):
        leaf = market.tree.leaves[0]
        level = market.tree.level_of([leaf]).iloc[0]
        changes = pd.DataFrame(
            {
                "region": [leaf] * 2,
                "level": level,
                "period": pd.PeriodIndex(["2023", "2023"], freq="Y"),
                "kind": ["actual", "actual"],
                "change": [0.2, -0.1],
                "inside": [False, True],
            }
        )
        assert "2 个中 1 个" in stories.vintages(changes, market.tree, 0.8).text
        assert "没有可以对照" in stories.vintages(changes.iloc[:0], market.tree, 0.8).text


class TestSaturation:
    def test_share_that_held(self):
        then = pd.DataFrame(
            {
                "status": ["identified", "identified", "refused"],
                "lower": [0.4, 0.4, 0.1],
                "upper": [0.6, 0.6, None],
            },
            index=list("abc"),
        )
        told = stories.saturation_check(then, pd.Series({"a": 0.5, "b": 0.7, "c": 1.0}), 0.8, "2016")
        assert "2 个可以认定" in told.text and "1 个（50%）" in told.text and "另外 1 个" in told.text
        none = stories.saturation_check(then.iloc[2:], pd.Series({"c": 1.0}), 0.8, "2016")
        assert "没有一个地区可以认定" in none.text


class TestData:
    def test_absent_places_are_not_small(self):
        coverage = pd.DataFrame(
            {"indicator": "gdp", "year": 2022, "status": ["observed", "imputed"], "share": [0.875, 0.05]}
        )
        breaks = pd.DataFrame({"indicator": ["gdp"], "period": pd.PeriodIndex(["2019"], freq="Y")})
        story = stories.data_coverage(coverage, breaks, indicator="gdp", year=2022, absent=["甲州", "乙州"])
        assert "88% 的地级单位有公布值" in story.judgement.text and "2 个没有" in story.judgement.text
        assert "不是没有市场" in story.actions[0].text and "2019 年改了口径" in story.risk.text
        full = stories.data_coverage(coverage, breaks, indicator="gdp", year=2022, absent=[])
        assert not full.actions and "没有缺的" in full.judgement.text


@pytest.mark.parametrize(
    ("need", "budget", "told"),
    [
        (4e7, 5e7, "占用预算 4,000 万元（每年可用 5,000 万元）。"),
        (6e7, 5e7, "占用预算 6,000 万元（每年可用 5,000 万元，不足的用上年结余）。"),
        (-1e6, 5e7, "不占用预算（每年可用 5,000 万元）。"),
    ],
)
def test_a_year_that_earns_more_than_it_spends_takes_nothing_of_the_budget(need, budget, told):
    from types import SimpleNamespace

    from mktanalysis.stories.plan import _budget

    flow = pd.DataFrame(
        {
            "period": [2027],
            "outlay": [8e7],
            "office_cost": [1e7],
            "income": [5e7],
            "need": [need],
            "budget": budget,
        }
    )
    claim = _budget(SimpleNamespace(steps=[1], cash_flow=flow))
    assert claim.text.endswith(told) and claim.figures["need"] == need
