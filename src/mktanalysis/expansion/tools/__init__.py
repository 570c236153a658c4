"""Beside the planner: where to go next, where supply centres stand, where the company stands today."""
