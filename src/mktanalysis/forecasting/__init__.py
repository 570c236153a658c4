"""Coherent forecasts along 县 -> 市 -> 省 -> 大区 -> 全国 with calibrated intervals."""

from .._moved import moved_names
from .forecaster.backtest import backtest, compare_models, score_forecasts
from .forecaster.breaks import detect_breaks
from .forecaster.estimator import ForecastResult, HierarchicalForecaster
from .forecaster.explain import explain
from .hierarchy.structure import Structure
from .interchange import from_hierarchical_index, from_nixtla, reconcile, to_nixtla
from .models.averages import PerSeries
from .models.calendar import SpringFestival, split_january_february, spring_festival
from .models.daily import Calendar
from .models.holidays import load_holidays
from .models.weights import shortest_history
from .reading import (
    forecast_as_of,
    line_and_children,
    newest_test,
    past_and_future,
    published_figures,
    published_part,
    quick_backtest,
    regions_around,
    same_season,
)
from .today.backtest import backtest_bridge
from .today.bridge import bridge
from .today.carried import Bridge
from .today.running_year import complete_year

__all__ = [
    "Bridge",
    "Calendar",
    "ForecastResult",
    "HierarchicalForecaster",
    "PerSeries",
    "SpringFestival",
    "Structure",
    "backtest",
    "backtest_bridge",
    "bridge",
    "compare_models",
    "complete_year",
    "detect_breaks",
    "explain",
    "forecast_as_of",
    "from_hierarchical_index",
    "from_nixtla",
    "line_and_children",
    "load_holidays",
    "newest_test",
    "past_and_future",
    "published_figures",
    "published_part",
    "quick_backtest",
    "reconcile",
    "regions_around",
    "same_season",
    "score_forecasts",
    "shortest_history",
    "split_january_february",
    "spring_festival",
    "to_nixtla",
]

__getattr__ = moved_names(
    __name__,
    {
        "china": "load_panel load_penetration",
        "capacity": (
            "allocate distances fit_huff fit_penetration harris_potential headroom huff_shares "
            "market_capacity saturation_counts"
        ),
        "planning": (
            "accuracy apply_scenario compare_vintages decompose_growth plan_vs_actual "
            "seasonal_index split_target"
        ),
        "schemas": "season_of",
        "regions": "rebase_panel",
    },
)
