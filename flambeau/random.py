"""Random numbers with the digits of PyTorch's CPU generator: generators, seeds, random tensors."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from . import generator as streams
from .autograd.base import TensorBase
from .device import cpu, preserve_format, strided
from .device import device as _device
from .dtype import dtype, get_default_dtype, int64
from .functional.calling import presented
from .functional.sampling import (
    bernoulli,
    multinomial,
    normal_,
    poisson,
    random_,
    sampled,
    stream_of,
    uniform_,
)
from .tensor.arrays import from_array
from .tensor.creation import empty_like, sizes
from .tensor.data import check_device, finished


class Generator:
    """A stream of random numbers.

    Args:
        device: where the numbers are used. Default: None, the CPU.

    Example:
        >>> import flambeau as torch
        >>> g = torch.Generator().manual_seed(0)
        >>> torch.rand(2, generator=g)
        tensor([0.4963, 0.7682])

    Source: torch.Generator.
    """

    def __init__(self, device: Any = None) -> None:
        kind = cpu if device is None else _device(device)
        self._stream = streams.Generator(kind.type)

    @property
    def device(self) -> _device:
        """Where the numbers are used."""
        return cpu

    def manual_seed(self, seed: int) -> Generator:
        """Restart the stream from a seed; returns the generator."""
        self._stream.manual_seed(_as_seed(seed))
        return self

    def seed(self) -> int:
        """Restart the stream from the operating system's entropy; returns the new seed."""
        return self._stream.seed()

    def initial_seed(self) -> int:
        """The seed of the last restart."""
        return self._stream.initial_seed()

    def get_state(self) -> Any:
        """The whole state, as a tensor of 5056 bytes."""
        return from_array(self._stream.get_state())

    def set_state(self, new_state: Any) -> None:
        """Continue from a state that `get_state` returned."""
        if not isinstance(new_state, TensorBase):
            raise TypeError(f"expected a torch.ByteTensor, but got {type(new_state).__name__}")
        self._stream.set_state(new_state._data("state"))  # type: ignore[attr-defined]

    def clone_state(self) -> Generator:
        """A new generator that continues from this one's present state."""
        made = Generator()
        made._stream = self._stream.clone_state()
        return made

    def get_offset(self) -> int:
        """Raises RuntimeError: only counter-based generators have an offset."""
        return self._stream.get_offset()

    def set_offset(self, offset: int) -> None:
        """Raises RuntimeError: only counter-based generators have an offset."""
        self._stream.set_offset(offset)

    def __repr__(self) -> str:
        return f"<torch._C.Generator object at {hex(id(self))}>"

    def __reduce__(self) -> Any:
        return _restored, (self.get_state(),)


def _restored(state: Any) -> Generator:
    made = Generator()
    made.set_state(state)
    return made


def _as_seed(seed: Any) -> int:
    return int(seed) if hasattr(seed, "__index__") else seed


default_generator = Generator()
default_generator._stream = streams.default_generator


def manual_seed(seed: int) -> Generator:
    """Restart the default generator from a seed; returns it.

    Args:
        seed: an integer in [-2**63, 2**64); negative ones wrap around.

    Source: torch.manual_seed.
    """
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Restart the default generator from the operating system's entropy; returns the new seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed of the default generator's last restart."""
    return default_generator.initial_seed()


def get_rng_state() -> Any:
    """The default generator's state, as a tensor of bytes."""
    return default_generator.get_state()


def set_rng_state(new_state: Any) -> None:
    """Continue the default generator from a state that `get_rng_state` returned."""
    default_generator.set_state(new_state)


@contextlib.contextmanager
def fork_rng(devices: Any = None, enabled: bool = True, _caller: str = "fork_rng",
             _devices_kw: str = "devices", device_type: str = "cuda") -> Iterator[None]:
    """Restore the default generator's state at the end of the block.

    Args:
        devices: accelerators whose generators are restored too; there are none here.
        enabled: False: do nothing. Default: True.

    Source: torch.random.fork_rng.
    """
    if not enabled:
        yield
        return
    before = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(before)


# ---- random tensors -----------------------------------------------------------------------------

def _shape(size: tuple[Any, ...], named: dict[str, Any], name: str) -> tuple[int, ...]:
    if "size" in named and not size:
        size = (tuple(named.pop("size")),)
    if named or not size:
        got = f"got an unexpected keyword argument '{next(iter(named))}'" if named else "got ()"
        raise TypeError(f"{name}() received an invalid combination of arguments - {got}")
    return sizes(size, name)


def _dtype_of(d: dtype | None, out: Any) -> dtype:
    return d or (out.dtype if out is not None else get_default_dtype())


@presented("size generator out dtype layout device requires_grad pin_memory")
def rand(*size: Any, generator: Any = None, out: Any = None, dtype: dtype | None = None,
         layout: Any = strided, device: Any = None, requires_grad: bool = False,
         pin_memory: bool = False, **named: Any) -> Any:
    """Samples of the uniform distribution on [0, 1).

    Args:
        size: the shape, as numbers or as one sequence.
        generator: source of randomness. Default: None, the default generator.
        dtype: default: the default floating-point dtype.

    Example:
        >>> import flambeau as torch
        >>> _ = torch.manual_seed(0)
        >>> torch.rand(2)
        tensor([0.4963, 0.7682])

    Source: torch.rand.
    """
    check_device(device, pin_memory, layout, "rand")
    d = _dtype_of(dtype, out)
    array = streams.uniform(stream_of(generator), _shape(size, named, "rand"), d.numpy)
    return finished(array, d, requires_grad, out)


@presented("size generator out dtype layout device requires_grad pin_memory")
def randn(*size: Any, generator: Any = None, out: Any = None, dtype: dtype | None = None,
          layout: Any = strided, device: Any = None, requires_grad: bool = False,
          pin_memory: bool = False, **named: Any) -> Any:
    """Samples of the standard normal distribution.

    Args:
        size: the shape, as numbers or as one sequence.
        generator: source of randomness. Default: None, the default generator.
        dtype: default: the default floating-point dtype.

    Example:
        >>> import flambeau as torch
        >>> _ = torch.manual_seed(0)
        >>> torch.randn(2)
        tensor([ 1.5410, -0.2934])

    Source: torch.randn.
    """
    check_device(device, pin_memory, layout, "randn")
    d = _dtype_of(dtype, out)
    array = streams.normal(stream_of(generator), _shape(size, named, "randn"), d.numpy)
    return finished(array, d, requires_grad, out)


@presented("low! high! size! out dtype layout device pin_memory requires_grad")
def randint(low: Any = None, high: Any = None, size: Any = None, *, generator: Any = None,
            out: Any = None, dtype: dtype | None = None, layout: Any = None, device: Any = None,
            requires_grad: bool = False, pin_memory: bool = False) -> Any:
    """Integers of the uniform distribution on [low, high).

    Forms: `randint(high, size)`, `randint(low, high, size)`.

    Args:
        low: lower bound, included. Default: 0.
        high: upper bound, excluded.
        size: the shape.
        generator: source of randomness. Default: None, the default generator.
        dtype: default: int64.

    Example:
        >>> import flambeau as torch
        >>> _ = torch.manual_seed(0)
        >>> torch.randint(10, (4,))
        tensor([4, 9, 3, 0])

    Source: torch.randint.
    """
    check_device(device, pin_memory, layout, "randint")
    low, high, shape = _integer_arguments(low, high, size)
    d = dtype or (out.dtype if out is not None else int64)
    array = streams.random_from_to(stream_of(generator), low, high, shape, d.numpy)
    return finished(array, d, requires_grad, out)


def _integer_arguments(low: Any, high: Any, size: Any) -> tuple[int, int, tuple[int, ...]]:
    if size is None and high is not None and not hasattr(high, "__index__"):
        low, high, size = None, low, high
    elif high is None:
        low, high = None, low
    if high is None or size is None:
        got = ", ".join(type(a).__name__ for a in (low, high, size) if a is not None)
        raise TypeError(f"randint() received an invalid combination of arguments - got ({got}), "
                        "but expected one of:\n * (int high, tuple of ints size, *, Generator "
                        "generator, ...)\n * (int low, int high, tuple of ints size, *, Generator "
                        "generator, ...)\n")
    return int(low or 0), int(high), sizes((size,), "randint")


@presented("n out dtype layout device pin_memory requires_grad")
def randperm(n: int, *, generator: Any = None, out: Any = None, dtype: dtype | None = None,
             layout: Any = None, device: Any = None, requires_grad: bool = False,
             pin_memory: bool = False) -> Any:
    """A random permutation of the integers from 0 to n - 1.

    Example:
        >>> import flambeau as torch
        >>> _ = torch.manual_seed(0)
        >>> torch.randperm(5)
        tensor([4, 0, 1, 3, 2])

    Source: torch.randperm.
    """
    check_device(device, pin_memory, layout, "randperm")
    d = dtype or (out.dtype if out is not None else int64)
    array = streams.randperm(stream_of(generator), int(n), d.numpy)
    return finished(array, d, requires_grad, out)


@presented("input generator dtype layout device requires_grad memory_format")
def rand_like(input: Any, *, generator: Any = None, dtype: dtype | None = None, layout: Any = None,
              device: Any = None, requires_grad: bool = False,
              memory_format: Any = preserve_format, pin_memory: bool = False) -> Any:
    """Samples of the uniform distribution on [0, 1), in the shape and dtype of a tensor."""
    made = empty_like(input, memory_format=memory_format, dtype=dtype, layout=layout,
                      device=device, pin_memory=pin_memory)
    return uniform_(made, generator=generator).requires_grad_(requires_grad)


@presented("input generator dtype layout device requires_grad memory_format")
def randn_like(input: Any, *, generator: Any = None, dtype: dtype | None = None,
               layout: Any = None, device: Any = None, requires_grad: bool = False,
               memory_format: Any = preserve_format, pin_memory: bool = False) -> Any:
    """Samples of the standard normal distribution, in the shape and dtype of a tensor."""
    made = empty_like(input, memory_format=memory_format, dtype=dtype, layout=layout,
                      device=device, pin_memory=pin_memory)
    return normal_(made, generator=generator).requires_grad_(requires_grad)


@presented("input low! high! memory_format dtype layout device pin_memory requires_grad")
def randint_like(input: Any, low: Any = None, high: Any = None, *, generator: Any = None,
                 memory_format: Any = None, dtype: dtype | None = None, layout: Any = None,
                 device: Any = None, pin_memory: bool = False,
                 requires_grad: bool = False) -> Any:
    """Integers of the uniform distribution on [low, high), in the shape and dtype of a tensor.

    Forms: `randint_like(input, high)`, `randint_like(input, low, high)`.
    """
    low, high, _ = _integer_arguments(low, high, ())
    made = empty_like(input, memory_format=memory_format, dtype=dtype, layout=layout,
                      device=device, pin_memory=pin_memory)
    return random_(made, low, high, generator=generator).requires_grad_(requires_grad)


@presented("mean! std! size! generator out dtype layout device pin_memory requires_grad")
def normal(mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Any = None,
           out: Any = None, dtype: dtype | None = None, layout: Any = None, device: Any = None,
           requires_grad: bool = False, pin_memory: bool = False) -> Any:
    """Samples of normal distributions.

    Args:
        mean, std: tensors, one distribution per element, or numbers.
        size: the shape, where both are numbers.
        generator: source of randomness. Default: None, the default generator.

    Example:
        >>> import flambeau as torch
        >>> _ = torch.manual_seed(0)
        >>> torch.normal(2., 3., size=(2,))
        tensor([6.6230, 1.1197])

    Source: torch.normal.
    """
    check_device(device, pin_memory, layout, "normal")
    stream = stream_of(generator)
    given = [x for x in (mean, std) if isinstance(x, TensorBase)]
    if not given:
        d = _dtype_of(dtype, out)
        array = streams.normal(stream, sizes((size,), "normal"), d.numpy, mean, std)
        return finished(array, d, requires_grad, out)
    arrays = [x._data("normal") if isinstance(x, TensorBase) else x  # type: ignore[attr-defined]
              for x in (mean, std)]
    d = given[0].dtype  # type: ignore[attr-defined]
    array = streams.normal_like(stream, arrays[0], arrays[1], d.numpy)
    if out is not None:
        return finished(np.asarray(array), d, False, out)
    name = f"NormalBackward{3 if len(given) == 2 else 1 if given[0] is mean else 2}"
    t = from_array(array, d)
    like = next((x for x in given if x._rg and tuple(x.shape) == array.shape),  # type: ignore[attr-defined]
                None)
    return t if like is None else sampled(array, d, like, name)


__all__ = ["Generator", "bernoulli", "default_generator", "fork_rng", "get_rng_state",
           "initial_seed", "manual_seed", "multinomial", "normal", "poisson", "rand", "rand_like",
           "randint", "randint_like", "randn", "randn_like", "randperm", "seed", "set_rng_state"]
