"""Moving a module's tensors to another device or dtype, in place."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Self, overload

from flambeau.autograd import no_grad
from flambeau.device import device as Device
from flambeau.dtype import dtype as DType
from flambeau.nn.modules._attributes import part_of_module
from flambeau.nn.modules._traversal import TraversalMethods
from flambeau.tensor import Tensor
from flambeau.tensor.creation import empty_like

_TO_SIGNATURES = """
 * (torch.device device = None, torch.dtype dtype = None, bool non_blocking = False, \
bool copy = False, *, torch.memory_format memory_format = None)
 * (torch.dtype dtype, bool non_blocking = False, bool copy = False, *, \
torch.memory_format memory_format = None)
 * (Tensor tensor, bool non_blocking = False, bool copy = False, *, \
torch.memory_format memory_format = None)
"""

_TO_TYPES: dict[str, tuple[type, ...]] = {
    "device": (str, int, Device, type(None)),
    "dtype": (DType, type(None)),
    "tensor": (Tensor,),
    "non_blocking": (bool,),
    "copy": (bool,),
    "memory_format": (object,),
}


def _type_label(value: object) -> str:
    if isinstance(value, Tensor):
        return "Tensor"
    return "torch.dtype" if isinstance(value, DType) else type(value).__name__


def _bind_to(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any] | None:
    """Name the arguments of `to`; None if they fit no signature."""
    names: tuple[str, ...] = ("device", "dtype", "non_blocking", "copy")
    if args and isinstance(args[0], DType):
        names = names[1:]
    elif args and isinstance(args[0], Tensor):
        names = ("tensor", *names[2:])
    positional = dict(zip(names, args, strict=False))
    bound = {**positional, **kwargs}
    fits = (
        len(positional) == len(args)
        and not positional.keys() & kwargs.keys()
        and bound.keys() <= _TO_TYPES.keys()
        and not ("tensor" in bound and bound.keys() & {"device", "dtype"})
        and all(isinstance(value, _TO_TYPES[name]) for name, value in bound.items())
    )
    return bound if fits else None


def parse_to(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Device | None, DType | None, bool, Any]:
    """Read the arguments of `Module.to`.

    Args:
        args: positional arguments: `(device, dtype)`, `(dtype)` or `(tensor)`, then
            `non_blocking`.
        kwargs: keyword arguments.

    Returns:
        Device, dtype, whether non-blocking, and memory format; None where not given.

    Raises:
        TypeError: the arguments fit no signature.
    """
    bound = _bind_to(args, kwargs)
    if bound is None:
        given = [_type_label(value) for value in args]
        given += [f"{name}={_type_label(value)}, " for name, value in kwargs.items()]
        raise TypeError(
            "to() received an invalid combination of arguments - got "
            f"({', '.join(given)}), but expected one of:{_TO_SIGNATURES}"
        )
    if "copy" in bound:
        raise RuntimeError(".to() does not accept copy argument")
    target = bound.get("tensor")
    if target is not None:
        device, dtype = target.device, target.dtype
    else:
        device, dtype = bound.get("device"), bound.get("dtype")
        device = device if device is None else Device(device)
    return device, dtype, bound.get("non_blocking", False), bound.get("memory_format")


@part_of_module
class ConversionMethods(TraversalMethods):
    """The part of `Module` that converts its tensors; parameters keep their identity."""

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        if recurse:
            for module in self.children():
                module._apply(fn)
        for parameter in self._parameters.values():
            if parameter is None:
                continue
            with no_grad():
                parameter.data = fn(parameter)
                if parameter.grad is not None:
                    parameter.grad.data = fn(parameter.grad)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def _cast_floating(self, convert: Callable[[Tensor], Tensor]) -> Self:
        return self._apply(lambda t: convert(t) if t.is_floating_point() else t)

    @overload
    def to(self, device: Any = ..., dtype: DType | None = ...,
           non_blocking: bool = ...) -> Self: ...

    @overload
    def to(self, dtype: DType, non_blocking: bool = ...) -> Self: ...

    @overload
    def to(self, tensor: Tensor, non_blocking: bool = ...) -> Self: ...

    @overload
    def to(self, *args: Any, **kwargs: Any) -> Self: ...

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Move the parameters and buffers, or cast the floating-point ones.

        Args:
            args: `(device)`, `(dtype)`, `(device, dtype)` or `(tensor)` to be like.
            kwargs: `device`, `dtype`, `non_blocking`, `memory_format` (channels last).

        Returns:
            This module.

        Raises:
            TypeError: the dtype is neither floating point nor complex.

        Example:
            >>> import flambeau as torch
            >>> module = torch.nn.Module()
            >>> module.weight = torch.nn.Parameter(torch.zeros(1))
            >>> module.to(torch.float64).weight.dtype
            torch.float64

        Source: torch.nn.Module.to
        """
        device, dtype, non_blocking, memory_format = parse_to(args, kwargs)
        if dtype is not None:
            _check_module_dtype(dtype)
        layout = {} if memory_format is None else {"memory_format": memory_format}

        def convert(tensor: Tensor) -> Any:
            is_castable = tensor.is_floating_point() or tensor.is_complex()
            options = layout if tensor.dim() in (4, 5) else {}
            return tensor.to(device, dtype if is_castable else None, non_blocking, **options)

        return self._apply(convert)

    def to_empty(self, *, device: Device | str | None, recurse: bool = True) -> Self:
        """Move the parameters and buffers without their values.

        Args:
            device: where to.
            recurse: include the modules below.

        Returns:
            This module; the values are undefined.

        Source: torch.nn.Module.to_empty
        """
        return self._apply(lambda t: empty_like(t, device=device), recurse=recurse)

    def cuda(self, device: int | Device | None = None) -> Self:
        """Move the parameters and buffers to a GPU.

        Args:
            device: which one; the current one by default.

        Returns:
            This module.

        Raises:
            AssertionError: there is none to move to.

        Source: torch.nn.Module.cuda
        """
        return self._apply(lambda t: t.cuda(device))

    def xpu(self, device: int | Device | None = None) -> Self:
        """Move the parameters and buffers to an Intel GPU.

        Args:
            device: which one; the current one by default.

        Returns:
            This module.

        Raises:
            AssertionError: there is none to move to.

        Source: torch.nn.Module.xpu
        """
        return self._apply(lambda t: t.xpu(device))

    def cpu(self) -> Self:
        """Move the parameters and buffers to the CPU.

        Returns:
            This module.

        Source: torch.nn.Module.cpu
        """
        return self._apply(lambda t: t.cpu())

    def type(self, dst_type: DType | str) -> Self:
        """Cast all parameters and buffers.

        Args:
            dst_type: a dtype, or its old name such as "torch.DoubleTensor".

        Returns:
            This module.

        Source: torch.nn.Module.type
        """
        return self._apply(lambda t: t.type(dst_type))

    def float(self) -> Self:
        """Cast the floating-point parameters and buffers to float32.

        Returns:
            This module.

        Source: torch.nn.Module.float
        """
        return self._cast_floating(lambda t: t.float())

    def double(self) -> Self:
        """Cast the floating-point parameters and buffers to float64.

        Returns:
            This module.

        Source: torch.nn.Module.double
        """
        return self._cast_floating(lambda t: t.double())

    def half(self) -> Self:
        """Cast the floating-point parameters and buffers to float16.

        Returns:
            This module.

        Source: torch.nn.Module.half
        """
        return self._cast_floating(lambda t: t.half())

    def bfloat16(self) -> Self:
        """Cast the floating-point parameters and buffers to bfloat16.

        Returns:
            This module.

        Source: torch.nn.Module.bfloat16
        """
        return self._cast_floating(lambda t: t.bfloat16())

    def share_memory(self) -> Self:
        """Put the parameters and buffers into memory that other processes can see.

        Returns:
            This module.

        Source: torch.nn.Module.share_memory
        """
        return self._apply(lambda t: t.share_memory_())


def _check_module_dtype(dtype: DType) -> None:
    if not (dtype.is_floating_point or dtype.is_complex):
        raise TypeError(
            "nn.Module.to only accepts floating point or complex dtypes, but got desired "
            f"dtype={dtype}"
        )
    if dtype.is_complex:
        warnings.warn(
            "Complex modules are a new feature under active development whose design may "
            "change, and some modules might not work as expected when using complex tensors as "
            "parameters or buffers. Please file an issue at https://github.com/pytorch/pytorch/"
            "issues/new?template=bug-report.yml if a complex module does not work as expected.",
            stacklevel=3,
        )
