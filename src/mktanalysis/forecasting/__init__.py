"""Regional capacity: coherent forecasts along 县 -> 市 -> 省 -> 大区 -> 全国 (区域容量预测)."""

from .backtest import backtest, score_forecasts
from .forecaster import ForecastResult, HierarchicalForecaster
from .panel import rebase_panel

__all__ = ["ForecastResult", "HierarchicalForecaster", "backtest", "rebase_panel", "score_forecasts"]
