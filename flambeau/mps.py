"""`torch.mps` on a machine without it: programs ask, and go on with the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn


def is_available() -> bool:
    """Whether Apple's graphics processors can be used: no."""
    return False


def device_count() -> int:
    """How many there are: 0."""
    return 0


def manual_seed(seed: int) -> None:
    """Seed their random numbers; `flambeau.manual_seed` seeds the CPU's."""
    int(seed)


def _refusal(call: str) -> Callable[..., NoReturn]:
    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        """Needs the device.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(f"Cannot execute {call}() without MPS backend.")
    return refuse


synchronize = _refusal("deviceSynchronize")
empty_cache = _refusal("emptyCache")
current_allocated_memory = _refusal("getCurrentAllocatedMemory")
driver_allocated_memory = _refusal("getDriverAllocatedMemory")
recommended_max_memory = _refusal("getRecommendedMaxMemory")
set_per_process_memory_fraction = _refusal("setMemoryFraction")
seed = get_rng_state = set_rng_state = _refusal("getDefaultGenerator")
