"""`torch.cuda` on a machine without it: programs ask whether it is there, and go on without.

Questions are answered (no devices, no memory used), seeds are accepted and have nothing to act on,
and whatever needs a device raises PyTorch's error.
"""

from __future__ import annotations

from typing import Any, NoReturn

from ..device import device as _device
from . import amp as amp

_initialized = False
default_generators: tuple[Any, ...] = ()
_ABSENT = "Torch not compiled with CUDA enabled"


def _refuse() -> NoReturn:
    raise AssertionError(_ABSENT)


# ---- questions -----------------------------------------------------------------------------------

def is_available() -> bool:
    """Whether a CUDA device can be used: never.

    Example:
        >>> import flambeau as torch
        >>> torch.device("cuda" if torch.cuda.is_available() else "cpu")
        device(type='cpu')

    Source: PyTorch page `torch.cuda.is_available`.
    """
    return False


def is_initialized() -> bool:
    """Whether a CUDA context exists: never."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether a device computes in bfloat16: there is none."""
    return False


def device_count() -> int:
    """How many CUDA devices there are: 0."""
    return 0


def get_arch_list() -> list[str]:
    """The architectures that were compiled for: none."""
    return []


def get_rng_state_all() -> list[Any]:
    """The random states of all devices: an empty list."""
    return []


def memory_allocated(device: Any = None) -> int:
    """Bytes of device memory in use by tensors: 0."""
    return 0


def max_memory_allocated(device: Any = None) -> int:
    """The largest number of bytes of device memory that tensors used: 0."""
    return 0


def memory_reserved(device: Any = None) -> int:
    """Bytes of device memory held by the allocator: 0."""
    return 0


def max_memory_reserved(device: Any = None) -> int:
    """The largest number of bytes of device memory that the allocator held: 0."""
    return 0


# ---- requests without effect ---------------------------------------------------------------------

def manual_seed(seed: int) -> None:
    """Seed the current device's random numbers; `flambeau.manual_seed` seeds the CPU's."""
    int(seed)


def manual_seed_all(seed: int) -> None:
    """Seed the random numbers of all devices; `flambeau.manual_seed` seeds the CPU's."""
    int(seed)


def seed() -> None:
    """Seed the current device's random numbers from entropy."""


def seed_all() -> None:
    """Seed the random numbers of all devices from entropy."""


def empty_cache() -> None:
    """Give device memory back that no tensor uses: there is none."""


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """A table of device memory: a line that says there is none."""
    return "no CUDA device"


def memory_stats(device: Any = None) -> dict[str, int]:
    """Figures of device memory: none."""
    return {}


def reset_peak_memory_stats(device: Any = None) -> None:
    """Begin to count the peak of device memory anew: there is none."""


reset_max_memory_allocated = reset_max_memory_cached = reset_peak_memory_stats


def is_current_stream_capturing() -> bool:
    """Whether a graph of CUDA work is being recorded: no."""
    return False


def ipc_collect() -> None:
    """Free device memory that other processes used: there is none."""


# ---- requests that need a device -----------------------------------------------------------------

def init() -> None:
    """Make a CUDA context.

    Raises:
        AssertionError: always.
    """
    _refuse()


def current_device() -> int:
    """The index of the current device.

    Raises:
        AssertionError: always.
    """
    _refuse()


def set_device(device: Any) -> None:
    """Choose the current device; a negative index chooses nothing.

    Raises:
        AssertionError: for an index that is not negative.
    """
    index = device if isinstance(device, int) else _device(device).index
    if index is None or index >= 0:
        _refuse()


def get_device_name(device: Any = None) -> str:
    """The name of a device.

    Raises:
        AssertionError: always.
    """
    _refuse()


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """The compute capability of a device.

    Raises:
        AssertionError: always.
    """
    _refuse()


def get_device_properties(device: Any = None) -> Any:
    """Name, memory and processors of a device.

    Raises:
        AssertionError: always.
    """
    _refuse()


def get_rng_state(device: Any = "cuda") -> Any:
    """The state of a device's random numbers.

    Raises:
        AssertionError: always.
    """
    _refuse()


def initial_seed() -> int:
    """The seed of the current device's random numbers.

    Raises:
        AssertionError: always.
    """
    _refuse()


def synchronize(device: Any = None) -> None:
    """Wait for a device to finish.

    Raises:
        AssertionError: always.
    """
    _refuse()


def current_stream(device: Any = None) -> Any:
    """The stream that work goes to.

    Raises:
        AssertionError: always.
    """
    _refuse()


def default_stream(device: Any = None) -> Any:
    """The stream that work goes to where none is chosen.

    Raises:
        AssertionError: always.
    """
    _refuse()


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """Free and total bytes of a device's memory.

    Raises:
        AssertionError: always.
    """
    _refuse()


def cudart() -> Any:
    """The CUDA runtime library.

    Raises:
        AssertionError: always.
    """
    _refuse()


class OutOfMemoryError(RuntimeError):
    """A device's memory is exhausted; programs catch it."""


class StreamContext:
    """Sends work to a stream inside a block; with None the block changes nothing.

    Args:
        stream: the stream, or None.
    """

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc: object) -> None:
        return None


def stream(stream: Any) -> StreamContext:
    """A block whose work goes to a stream.

    Args:
        stream: the stream, or None for no change.

    Returns:
        The context manager.
    """
    return StreamContext(stream)


class device:
    """Makes a CUDA device the current one inside a block.

    Args:
        device: an index, a name, or None or a negative index to change nothing.

    Raises:
        RuntimeError: when the block is entered, unless nothing is to change.
    """

    def __init__(self, device: Any) -> None:
        self.idx = device if isinstance(device, int) else (
            -1 if device is None else _device(device).index or 0)

    def __enter__(self) -> None:
        if self.idx >= 0:
            raise RuntimeError("PyTorch was compiled without CUDA support")

    def __exit__(self, *exc: object) -> None:
        return None


class Stream:
    """A queue of a device's work.

    Raises:
        RuntimeError: always.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError("torch.cuda.Stream requires CUDA support")


class Event:
    """A mark in a queue of a device's work.

    Raises:
        RuntimeError: always.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError("Tried to instantiate dummy base class Event")


class _CudaType(type):
    """A type of tensors on a CUDA device: it has no instances."""

    def __instancecheck__(cls, instance: object) -> bool:
        return False

    def __call__(cls, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"type torch.cuda.{cls.__name__} not available. {_ABSENT}.")

    def __repr__(cls) -> str:
        return f"<class 'torch.cuda.{cls.__name__}'>"


def _type(name: str) -> Any:
    return _CudaType(name, (), {"__module__": "torch.cuda", "is_cuda": True, "__doc__":
                                "Tensors on a CUDA device; making one raises TypeError."})


FloatTensor: Any = _type("FloatTensor")
DoubleTensor: Any = _type("DoubleTensor")
HalfTensor: Any = _type("HalfTensor")
BFloat16Tensor: Any = _type("BFloat16Tensor")
LongTensor: Any = _type("LongTensor")
IntTensor: Any = _type("IntTensor")
ShortTensor: Any = _type("ShortTensor")
CharTensor: Any = _type("CharTensor")
ByteTensor: Any = _type("ByteTensor")
BoolTensor: Any = _type("BoolTensor")
