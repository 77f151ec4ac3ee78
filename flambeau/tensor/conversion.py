"""Tensor's conversions, copies and overwriting methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..device import checked
from ..dtype import (
    bfloat16,
    bool_,
    complex64,
    complex128,
    dtype,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
)
from ..functional import conversion as fn


def _to(name: str, d: dtype) -> Callable[..., Any]:
    def method(self: Any, memory_format: Any = None) -> Any:
        return fn.convert(self, d)
    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"The tensor in dtype {d.name}; itself where it has it."
    return method


class ConversionMethods:
    """Changes of dtype and device, copies."""

    float = _to("float", float32)
    double = _to("double", float64)
    half = _to("half", float16)
    bfloat16 = _to("bfloat16", bfloat16)
    long = _to("long", int64)
    int = _to("int", int32)
    short = _to("short", int16)
    char = _to("char", int8)
    byte = _to("byte", uint8)
    bool = _to("bool", bool_)
    cfloat = _to("cfloat", complex64)
    cdouble = _to("cdouble", complex128)

    clone = fn.clone
    contiguous = fn.contiguous
    fill_ = fn.fill_
    zero_ = fn.zero_

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """The tensor in another dtype or on another device; itself where nothing changes.

        Forms: `to(dtype)`, `to(device)`, `to(device, dtype)`, `to(other)`, each with
        `non_blocking=False, copy=False, memory_format=None`.
        """
        d, copy = fn.to_arguments(args, kwargs)
        return fn.convert(self, d or self.dtype, copy)  # type: ignore[attr-defined]

    def type_as(self, other: Any) -> Any:
        """The tensor in the dtype of another."""
        return fn.convert(self, other.dtype)

    def copy_(self, src: Any, non_blocking: Any = False) -> Any:
        """Copy the elements of `src`, broadcast and converted; in place."""
        return fn.copy_(self, src)

    def cpu(self, memory_format: Any = None) -> Any:
        """The tensor itself: it is on the CPU."""
        return self

    def cuda(self, device: Any = None, non_blocking: Any = False, memory_format: Any = None) -> Any:
        """Raises AssertionError: this build has no CUDA."""
        return checked("cuda") and self

    def is_floating_point(self) -> Any:
        """Whether the dtype is floating-point."""
        return self.dtype.is_floating_point  # type: ignore[attr-defined]

    def is_complex(self) -> Any:
        """Whether the dtype is complex."""
        return self.dtype.is_complex  # type: ignore[attr-defined]

    def is_signed(self) -> Any:
        """Whether the dtype has negative numbers."""
        return self.dtype.is_signed  # type: ignore[attr-defined]

    def is_nonzero(self) -> Any:
        """Whether the only element is not zero."""
        return bool(self)

    def is_same_size(self, other: Any) -> Any:
        """Whether two tensors have the same shape."""
        return tuple(self.shape) == tuple(other.shape)  # type: ignore[attr-defined]

    def is_set_to(self, tensor: Any) -> Any:
        """Whether two tensors are the same view of the same memory."""
        mine: Any = self
        return (mine._storage is tensor._storage and mine.shape == tensor.shape
                and mine._strided() == tensor._strided())

    is_cpu = property(lambda self: True, doc="Whether the tensor is on the CPU: True.")
    is_cuda = is_ipu = is_maia = is_meta = is_mkldnn = is_mps = is_mtia = property(
        lambda self: False, doc="False: the tensor is a dense one on the CPU.")
    is_nested = is_quantized = is_sparse = is_sparse_csr = is_vulkan = is_xla = is_xpu = is_cuda

