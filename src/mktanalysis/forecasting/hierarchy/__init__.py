"""Who adds up to whom, and forecasts made to add up: reconciliation, bounds, fixed figures, sample paths."""
