"""Tensor's conversions, copies and overwriting methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, overload

from ..autograd.inplace import assign
from ..device import checked, preserve_format
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
    uint16,
    uint32,
    uint64,
)
from ..functional import complex as parts
from ..functional import conversion as fn
from ..functional.formats import checked_format

TYPE_NAMES = {float32: "FloatTensor", float64: "DoubleTensor", float16: "HalfTensor",
              bfloat16: "BFloat16Tensor", int64: "LongTensor", int32: "IntTensor",
              int16: "ShortTensor", int8: "CharTensor", uint8: "ByteTensor", bool_: "BoolTensor",
              complex64: "ComplexFloatTensor", complex128: "ComplexDoubleTensor",
              uint16: "UInt16Tensor", uint32: "UInt32Tensor", uint64: "UInt64Tensor"}
_BY_NAME = {"torch." + name: d for d, name in TYPE_NAMES.items()}


def _named_dtype(given: Any) -> dtype:
    """The dtype of `Tensor.type`'s argument: a dtype, an old tensor type or its name."""
    if isinstance(given, dtype):
        return given
    name = given if isinstance(given, str) else f"torch.{getattr(given, '__name__', given)}"
    found = _BY_NAME.get(name)
    if found is None:
        raise ValueError(f"invalid type: '{name}'")
    return found


def _to(name: str, d: dtype) -> Callable[..., Any]:
    def method(self: Any, memory_format: Any = preserve_format) -> Any:
        return fn.convert(self, d, form=checked_format(memory_format, name))
    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"The tensor in dtype {d.name}; itself where it has it."
    return method


def _set_part(self: Any, value: Any, other: Callable[..., Any], is_real: Any) -> None:
    """`t.real = value`: the other part stays."""
    if not self.is_complex():
        fn.copy_(self, value)
        return
    kept = other(self)
    new = fn.convert(value, kept.dtype) if hasattr(value, "dtype") else kept * 0 + value
    assign(self, parts.complex(new, kept) if is_real else parts.complex(kept, new))


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

    @overload
    def to(self, dtype: dtype, non_blocking: Any = False, copy: Any = False, *,
           memory_format: Any = None) -> Any: ...

    @overload
    def to(self, device: Any = None, dtype: dtype | None = None, non_blocking: Any = False,
           copy: Any = False, *, memory_format: Any = None) -> Any: ...

    @overload
    def to(self, other: Any, non_blocking: Any = False, copy: Any = False, *,
           memory_format: Any = None) -> Any: ...

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """The tensor in another dtype or on another device; itself where nothing changes.

        Forms: `to(dtype)`, `to(device)`, `to(device, dtype)`, `to(other)`, each with
        `non_blocking=False, copy=False, memory_format=None`.
        """
        d, copy, form = fn.to_arguments(args, kwargs)
        return fn.convert(self, d or self.dtype, copy, form)  # type: ignore[attr-defined]

    def type(self, dtype: Any = None, non_blocking: Any = False) -> Any:
        """The name of the old tensor type (`torch.FloatTensor`), or the tensor in another dtype."""
        mine: Any = self
        if dtype is None:
            return "torch." + TYPE_NAMES[mine.dtype]
        return fn.convert(self, _named_dtype(dtype))

    def type_as(self, other: Any) -> Any:
        """The tensor in the dtype of another."""
        return fn.convert(self, other.dtype)

    def copy_(self, src: Any, non_blocking: Any = False) -> Any:
        """Copy the elements of `src`, broadcast and converted; in place."""
        return fn.copy_(self, src)

    def cpu(self, memory_format: Any = preserve_format) -> Any:
        """The tensor itself: it is on the CPU; a copy where its memory format is another."""
        mine: Any = self
        return fn.convert(self, mine.dtype, form=checked_format(memory_format, "cpu"))

    def cuda(self, device: Any = None, non_blocking: Any = False,
             memory_format: Any = preserve_format) -> Any:
        """Raises AssertionError: this build has no CUDA."""
        checked("cuda" if device is None else device)
        raise RuntimeError("Invalid device, must be cuda device")

    def xpu(self, device: Any = None, non_blocking: Any = False, memory_format: Any = None) -> Any:
        """Raises AssertionError: this build has no XPU."""
        checked("xpu" if device is None else device)
        raise RuntimeError("Invalid device, must be xpu device")

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

    conj = parts.conj
    conj_physical = parts.conj_physical.method
    resolve_conj = resolve_neg = parts.resolve_conj
    angle = parts.angle.method

    def is_conj(self) -> Any:
        """Whether a conjugation is still to be done: never."""
        return False

    is_neg = is_conj

    def conj_physical_(self) -> Any:
        """In-place version of `conj_physical`."""
        return assign(self, parts.overwriting_conj(self))

    real = property(parts.real, lambda self, value: _set_part(self, value, parts.imag, True),
                    doc="The real parts; a real tensor itself.")
    imag = property(parts.imag, lambda self, value: _set_part(self, value, parts.real, False),
                    doc="The imaginary parts.")

    is_cpu = property(lambda self: True, doc="Whether the tensor is on the CPU: True.")
    is_cuda = is_ipu = is_maia = is_meta = is_mkldnn = is_mps = is_mtia = property(
        lambda self: False, doc="False: the tensor is a dense one on the CPU.")
    is_nested = is_quantized = is_sparse_csr = is_vulkan = is_xla = is_xpu = is_cuda

