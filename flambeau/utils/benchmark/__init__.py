"""`torch.utils.benchmark`: timing of statements, and tables of several timings."""

from .compare import Compare
from .measurement import Measurement, TaskSpec, select_unit, trim_sigfig
from .timer import Timer, timer

__all__ = ["Compare", "Measurement", "TaskSpec", "Timer", "select_unit", "timer", "trim_sigfig"]
