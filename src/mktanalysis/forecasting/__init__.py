"""Regional capacity: coherent forecasts along 县 -> 市 -> 省 -> 大区 -> 全国 (区域容量预测)."""

from .backtest import backtest, compare_models, score_forecasts
from .breaks import detect_breaks
from .calendar import SpringFestival, split_january_february, spring_festival
from .capacity import (
    allocate,
    distances,
    fit_huff,
    harris_potential,
    headroom,
    huff_shares,
    market_capacity,
    saturation_counts,
)
from .curves import fit_penetration
from .discipline import accuracy, compare_vintages, plan_vs_actual, seasonal_index, split_target
from .drivers import apply_scenario, decompose_growth
from .forecaster import ForecastResult, HierarchicalForecaster, shortest_history
from .models import PerSeries
from .panel import rebase_panel, season_of
from .sources import load_panel, load_penetration
from .structure import Structure

__all__ = [
    "ForecastResult",
    "HierarchicalForecaster",
    "PerSeries",
    "SpringFestival",
    "Structure",
    "accuracy",
    "allocate",
    "apply_scenario",
    "backtest",
    "compare_models",
    "compare_vintages",
    "decompose_growth",
    "detect_breaks",
    "distances",
    "fit_huff",
    "fit_penetration",
    "harris_potential",
    "headroom",
    "huff_shares",
    "load_panel",
    "load_penetration",
    "market_capacity",
    "plan_vs_actual",
    "rebase_panel",
    "saturation_counts",
    "score_forecasts",
    "season_of",
    "seasonal_index",
    "shortest_history",
    "split_january_february",
    "split_target",
    "spring_festival",
]
