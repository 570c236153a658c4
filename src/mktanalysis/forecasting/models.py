"""Models by name, combinations of them, and any object with fit and predict.

Always holds: every model, however given, ends up as one call: values (series x time) to forecasts
and one-step residuals.
"""

from __future__ import annotations

import numpy as np

from ..errors import MktError
from . import base

#: Name -> vectorised model.
MODELS = {"theta": base.theta, "drift": base.drift, "seasonal_naive": base.seasonal_naive}


def run_model(model, values: np.ndarray, horizon: int, season: int) -> base.Forecasts:
    """Forecast all series by a model's name."""
    if isinstance(model, str) and model in MODELS:
        return MODELS[model](values, horizon, season)
    raise MktError(f"没有模型 {model!r}，可用：{'、'.join(MODELS)}")
