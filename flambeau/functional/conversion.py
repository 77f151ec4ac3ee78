"""Changes of dtype, copies, and values written over others."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..autograd.base import TensorBase, wrap
from ..autograd.inplace import assign
from ..autograd.modes import modes
from ..autograd.record import Value, op
from ..device import checked, contiguous_format, device, memory_format, preserve_format
from ..dtype import bool_
from ..dtype import dtype as _dtype
from ..graph import leaf
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from .formats import checked_format, follows, in_format, is_in_format
from .overload import is_number
from .scalars import check_fits


@op(name="_to_copy", grad="ToCopyBackward0", widen=False)
def _to_copy(input: Value, dtype: _dtype) -> Any:
    return ar.astype(input, dtype)


@op(name="clone", widen=False)
def _clone(input: Value) -> Any:
    return input


def clone(input: Any, *, memory_format: Any = None) -> Any:
    """A copy with memory of its own, through which gradients pass.

    Args:
        input: a tensor.
        memory_format: the order of its elements in memory. Default: None, as in `input` where
            that is channels last, else row-major.

    Example:
        >>> import flambeau as torch
        >>> x = torch.ones(2)
        >>> y = torch.clone(x)
        >>> x.zero_()
        tensor([0., 0.])
        >>> y
        tensor([1., 1.])

    Source: torch.clone.
    """
    form = follows(checked_format(memory_format, "clone"), input)
    return in_format(_clone(input), form)


def contiguous(input: Any, memory_format: Any = contiguous_format) -> Any:
    """The tensor itself where its elements lie in order, else a copy where they do.

    Args:
        input: a tensor.
        memory_format: the order. Default: row-major.
    """
    form = checked_format(memory_format, "contiguous")
    return input if is_in_format(input, form) else in_format(_clone(input), form)


def convert(input: Any, dtype: _dtype, copy: bool = False, form: Any = None) -> Any:
    """The tensor in a dtype and memory format; itself where it has them and need not be copied."""
    have = input.dtype
    if have is dtype and not copy:
        if form is None or form is preserve_format or is_in_format(input, form):
            return input
    if have.is_complex and not dtype.is_complex and dtype.category > 0:
        warnings.warn("Casting complex values to real discards the imaginary part", UserWarning,
                      stacklevel=3)
    return in_format(_to_copy(input, dtype), follows(form, input))


def to_arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, bool, Any]:
    """The dtype (or None), the wish for a copy and the format among the arguments of `Tensor.to`.

    Raises:
        TypeError: for arguments that no form of `to` takes.
        AssertionError, RuntimeError: for devices that are not here.
    """
    names = ["dtype", "non_blocking", "copy"]
    given = dict(kwargs)
    rest = list(args)
    if rest and isinstance(rest[0], TensorBase):
        given.setdefault("other", rest.pop(0))
    elif rest and (isinstance(rest[0], (str, device, int)) or rest[0] is None):
        given["device"] = rest.pop(0)
    if "other" in given:
        names.remove("dtype")
        given["dtype"] = given.pop("other").dtype
    for name, value in zip(names, rest, strict=False):
        given[name] = value
    _check_to(given, args, len(rest) > len(names))
    if given.get("device") is not None:
        checked(given["device"])
    return given.get("dtype"), bool(given.get("copy", False)), given.get("memory_format")


def _check_to(given: dict[str, Any], args: tuple[Any, ...], too_many: bool) -> None:
    known = {"device", "dtype", "non_blocking", "copy", "memory_format"}
    d = given.get("dtype")
    form = given.get("memory_format")
    if (too_many or given.keys() - known or not isinstance(d, (_dtype, type(None)))
            or not isinstance(form, (memory_format, type(None)))):
        got = ", ".join([type(a).__name__ for a in args])
        raise TypeError(
            f"to() received an invalid combination of arguments - got ({got}), but expected one "
            "of:\n * (torch.device device = None, torch.dtype dtype = None, bool non_blocking = "
            "False, bool copy = False, *, torch.memory_format memory_format = None)\n * "
            "(torch.dtype dtype, bool non_blocking = False, bool copy = False, *, "
            "torch.memory_format memory_format = None)\n * (Tensor tensor, bool non_blocking = "
            "False, bool copy = False, *, torch.memory_format memory_format = None)\n")


# ---- overwriting --------------------------------------------------------------------------------

@op(name="copy", widen=False, grad="CopyBackwards")
def _copied(input: Value, new: Value) -> Any:
    shape = ar.broadcast_shape(input.shape, new.shape)
    value = ar.broadcast_to(ar.astype(new, input.dtype), shape)
    kept = ar.literal(False, bool_)
    return ew.select(kept, ar.broadcast_to(input, shape), value)


@op(name="fill", widen=False, grad="FillBackward3")
def _filled(input: Value, value: Value) -> Any:
    return ew.select(ar.literal(False, bool_), input, ar.astype(value, input.dtype))


def copy_(t: Any, source: Any) -> Any:
    """Copy the elements of a tensor, broadcast and converted, into t; returns t.

    Raises:
        RuntimeError: where the shapes do not fit.
        TypeError: where the source is no tensor.
    """
    if not isinstance(source, TensorBase):
        if not is_number(source):
            raise TypeError(f"copy_(): argument 'other' (position 1) must be Tensor, not "
                            f"{type(source).__name__}")
        return fill_(t, source)
    same = source._node.spec is t._node.spec
    if same and not (modes.grad and (t.requires_grad or source._rg)):
        return assign(t, source)
    return assign(t, _copied(t, source))


def _check_fill(input: Any, value: Any, name: str) -> None:
    if isinstance(value, TensorBase):
        dims = len(value._node.spec.shape)
        if dims:
            raise RuntimeError(f"{name} only supports 0-dimension value tensor but got tensor with "
                               f"{dims} dimensions.")
    elif not is_number(value):
        raise TypeError(f"{name}() received an invalid combination of arguments - got "
                        f"({type(value).__name__}), but expected one of:\n * (Tensor value)\n"
                        " * (Number value)\n")
    else:
        spec = input._node.spec
        check_fits(value, spec.dtype, reduced=spec.size != 1)


def fill_(input: Any, value: Any) -> Any:
    """Set all elements to a number or a tensor without dimensions; in place."""
    _check_fill(input, value, "fill_")
    if isinstance(value, TensorBase):
        return assign(input, _filled(input, value))
    spec = input._node.spec
    with np.errstate(over="ignore"):
        array = np.asarray(value).astype(spec.dtype.numpy)
    new = wrap(leaf(np.broadcast_to(array, spec.shape), spec.dtype))
    return assign(input, new, "FillBackward2")


def fill(input: Any, value: Any) -> Any:
    """The value in the shape and dtype of a tensor."""
    _check_fill(input, value, "fill")
    return _fill(input, value)


@op(name="fill", widen=False,
    grad=lambda specs, static: f"FillBackward{0 if specs[1].weak else 1}")
def _fill(input: Value, value: Value) -> Any:
    return ew.select(ar.literal(False, bool_), input, ar.astype(value, input.dtype))


def zero_(input: Any) -> Any:
    """Set all elements to 0; in place."""
    spec = input._node.spec
    new = wrap(leaf(np.broadcast_to(np.zeros((), spec.dtype.numpy), spec.shape), spec.dtype))
    return assign(input, new, "ZeroBackward0")


def detach(input: Any) -> Any:
    """The same values outside the tape; the memory is shared."""
    return input.detach()


def detach_(input: Any) -> Any:
    """Cut the tensor off the tape; in place."""
    return input.detach_()
