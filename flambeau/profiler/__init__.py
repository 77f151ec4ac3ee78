"""`torch.profiler`: where a program's time goes, by marked ranges and flushes of the graph."""

from __future__ import annotations

from .events import Averages, Row, record_function
from .profile import (
    ProfilerAction,
    ProfilerActivity,
    profile,
    schedule,
    supported_activities,
    tensorboard_trace_handler,
)

__all__ = ["Averages", "ProfilerAction", "ProfilerActivity", "Row", "profile", "record_function",
           "schedule", "supported_activities", "tensorboard_trace_handler"]
