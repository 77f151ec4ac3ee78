"""`torch.autograd.profiler`: the older names of `torch.profiler`."""

from __future__ import annotations

from typing import Any

from ..profiler import profile as _profile
from ..profiler import record_function

__all__ = ["profile", "record_function"]


class profile(_profile):
    """Measures what a block takes; see `torch.profiler.profile`.

    Args:
        enabled: whether to measure. Default: True.
        use_cuda, record_shapes, with_flops, profile_memory, …: accepted.
    """

    def __init__(self, enabled: bool = True, **kwargs: Any) -> None:
        super().__init__()
        self.enabled = enabled

    def start(self) -> None:
        """Begin, if enabled."""
        if self.enabled:
            super().start()

    def table(self, **kwargs: Any) -> str:
        """The rows by name as text."""
        return self.key_averages().table(**kwargs)

    def total_average(self) -> Any:
        """All rows as one."""
        return self.key_averages().total_average()
