"""A finished plan: its tables, the replay that shares nothing with the planner, conditions, reasons, risk."""
