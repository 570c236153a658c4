"""Regional capacity: coherent forecasts along 县 -> 市 -> 省 -> 大区 -> 全国 (区域容量预测)."""

from .backtest import backtest, score_forecasts
from .forecaster import ForecastResult, HierarchicalForecaster

__all__ = ["ForecastResult", "HierarchicalForecaster", "backtest", "score_forecasts"]
