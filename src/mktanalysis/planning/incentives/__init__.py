"""What people and dealers are promised: races with prizes, rebates."""

from .race import Prizes, leaderboard
from .rebates import (
    ABOVE_TASK,
    FIVE_BANDS,
    RebateSchedule,
    compare_schedules,
    rebate_cost,
    rebate_lines,
    rebates,
    schedule_from_table,
)

__all__ = [
    "ABOVE_TASK",
    "FIVE_BANDS",
    "Prizes",
    "RebateSchedule",
    "compare_schedules",
    "leaderboard",
    "rebate_cost",
    "rebate_lines",
    "rebates",
    "schedule_from_table",
]
