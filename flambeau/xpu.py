"""`torch.xpu` on a machine without it: programs ask, and go on with the CPU."""

from __future__ import annotations

from typing import Any, NoReturn


def is_available() -> bool:
    """Whether Intel's graphics processors can be used: no."""
    return False


def is_initialized() -> bool:
    """Whether a context exists: no."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether a device computes in bfloat16: there is none."""
    return False


def device_count() -> int:
    """How many there are: 0."""
    return 0


def manual_seed(seed: int) -> None:
    """Seed the current device's random numbers; `flambeau.manual_seed` seeds the CPU's."""
    int(seed)


def manual_seed_all(seed: int) -> None:
    """Seed the random numbers of all devices; `flambeau.manual_seed` seeds the CPU's."""
    int(seed)


def empty_cache() -> None:
    """Give device memory back that no tensor uses: there is none."""


def memory_allocated(device: Any = None) -> int:
    """Bytes of device memory in use by tensors: 0."""
    return 0


max_memory_allocated = memory_reserved = max_memory_reserved = memory_allocated


def _refuse(*args: Any, **kwargs: Any) -> NoReturn:
    """Needs a device.

    Raises:
        AssertionError: always.
    """
    raise AssertionError("Torch not compiled with XPU enabled")


init = current_device = set_device = get_device_name = get_device_capability = _refuse
get_device_properties = synchronize = current_stream = get_rng_state = initial_seed = _refuse
