"""From a panel to forecasts with intervals: cube, rolling origins, calibration, backtests, level breaks."""
