"""Complex numbers: their making, their parts."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.record import Value, op
from ..dtype import float16, float32, float64, scalar_name
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops.define import Sym
from ..ops.movement import concatenate, reshape, strided_slice
from .overload import tensor_only, with_out
from .pointwise import floating


def _parts(first: Any, second: Any) -> list[Sym]:
    allowed = (float16, float32, float64)
    if first.dtype not in allowed or second.dtype not in allowed:
        names = [scalar_name(x.dtype) for x in (first, second)]
        raise RuntimeError("Expected both inputs to be Half, Float or Double tensors but got "
                           f"{names[0]} and {names[1]}")
    if first.dtype is not second.dtype:
        names = [scalar_name(x.dtype) for x in (first, second)]
        raise RuntimeError(f"Expected object of scalar type {names[0]} but got scalar type "
                           f"{names[1]} for second argument")
    x, y = ar.operands(first, second)
    return [x, y]


@op(out=True)
def complex(real: Value, imag: Value) -> Any:
    """Complex numbers from their real and imaginary parts.

    Args:
        real, imag: tensors of one floating-point dtype.

    Example:
        >>> import flambeau as torch
        >>> torch.complex(torch.tensor([1., 2.]), torch.tensor([3., 4.]))
        tensor([1.+3.j, 2.+4.j])

    Source: torch.complex.
    """
    return ew.to_complex(*_parts(real, imag))


@op(out=True)
def polar(abs: Value, angle: Value) -> Any:
    """Complex numbers from their absolute values and angles (in radians).

    Example:
        >>> import flambeau as torch
        >>> torch.polar(torch.tensor([2.]), torch.tensor([0.]))
        tensor([2.+0.j])

    Source: torch.polar.
    """
    size, turn = _parts(abs, angle)
    return ew.to_complex(size * ew.cos(turn), size * ew.sin(turn))


@op(name="real", grad="SelectBackward0")
def _real(input: Value) -> Any:
    return ew.real(input)


@op(name="imag", grad="SelectBackward0")
def _imag(input: Value) -> Any:
    return ew.imag(input)


def real(input: Any) -> Any:
    """The real parts; a real tensor itself.

    Example:
        >>> import flambeau as torch
        >>> torch.real(torch.tensor([1 + 2j]))
        tensor([1.])

    Source: torch.real.
    """
    return _real(input) if input.dtype.is_complex else input


def imag(input: Any) -> Any:
    """The imaginary parts.

    Raises:
        RuntimeError: for a real tensor.

    Example:
        >>> import flambeau as torch
        >>> torch.imag(torch.tensor([1 + 2j]))
        tensor([2.])

    Source: torch.imag.
    """
    if not input.dtype.is_complex:
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return _imag(input)


@op(name="conj")
def _conj(input: Value) -> Any:
    return ew.conj(input)


@op(name="conj_physical")
def _conj_physical(input: Value) -> Any:
    return ew.conj(input)


@op(name="conj_physical_", grad="ConjPhysicalBackward1", widen=False)
def overwriting_conj(input: Value) -> Any:
    """The complex conjugates, to be written over the tensor; a real tensor has an entry, too."""
    return ew.conj(input) if input.dtype.is_complex else input


def conj(input: Any) -> Any:
    """The complex conjugates; a real tensor itself.

    Example:
        >>> import flambeau as torch
        >>> torch.conj(torch.tensor([1 + 2j]))
        tensor([1.-2.j])

    Source: torch.conj.
    """
    return _conj(input) if input.dtype.is_complex else input


@with_out
def conj_physical(input: Any) -> Any:
    """The complex conjugates, in memory of their own; a real tensor itself."""
    return _conj_physical(input) if input.dtype.is_complex else input


def resolve_conj(input: Any) -> Any:
    """The tensor itself: conjugates are computed when they are asked for."""
    return input


resolve_neg = resolve_conj


@op(out=True)
def angle(input: Value) -> Any:
    """The angle of each element in radians: 0 or π for real numbers.

    Example:
        >>> import flambeau as torch
        >>> torch.angle(torch.tensor([1j, -1 + 0j]))
        tensor([1.5708, 3.1416])

    Source: torch.angle.
    """
    x = floating(tensor_only(input, "angle"))
    if x.dtype.is_complex:
        return ew.atan2(ew.imag(x), ew.real(x))
    turned = ew.select(x < 0, ar.literal(math.pi, x.dtype), x * 0)
    return ew.select(x.ne(x), x, ew.stop_gradient(turned) + x * 0)


@op
def view_as_real(input: Value) -> Any:
    """Real and imaginary parts along a new last dimension of size 2.

    Raises:
        RuntimeError: for a real tensor.

    Example:
        >>> import flambeau as torch
        >>> torch.view_as_real(torch.tensor([1 + 2j]))
        tensor([[1., 2.]])

    Source: torch.view_as_real.
    """
    if not input.dtype.is_complex:
        raise RuntimeError("view_as_real is only supported for complex tensors")
    parts = [reshape(p, shape=(*input.shape, 1)) for p in (ew.real(input), ew.imag(input))]
    return concatenate(*parts, axis=input.ndim)


@op
def view_as_complex(input: Value) -> Any:
    """Complex numbers from a last dimension of size 2: real part, imaginary part.

    Raises:
        RuntimeError: where the dtype is not floating-point or the last size not 2.

    Example:
        >>> import flambeau as torch
        >>> torch.view_as_complex(torch.tensor([[1., 2.]]))
        tensor([1.+2.j])

    Source: torch.view_as_complex.
    """
    if input.dtype not in (float16, float32, float64):
        raise RuntimeError("view_as_complex is only supported for half, float and double tensors, "
                           f"but got a tensor of scalar type: {scalar_name(input.dtype)}")
    if not input.ndim:
        raise RuntimeError("Input tensor must have one or more dimensions")
    if input.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    lead = input.shape[:-1]
    zeros, ones = (0,) * len(lead), (1,) * input.ndim
    columns = [strided_slice(input, start=(*zeros, k), shape=(*lead, 1), step=ones) for k in (0, 1)]
    return ew.to_complex(*[reshape(c, shape=lead) for c in columns])
