"""Tensor's methods that make new tensors of its dtype."""

from __future__ import annotations

from typing import Any

from ..autograd.base import TensorBase
from ..device import strided
from ..dtype import dtype as _dtype
from ..functional.calling import presented
from ..graph import Node
from . import creation as fn
from . import data as source


class AllocationMethods:
    """`new_zeros` and the like: the dtype is the tensor's unless another is given."""

    _node: Node

    def new_tensor(self, data: Any, *, dtype: _dtype | None = None, device: Any = None,
                   requires_grad: bool = False, layout: Any = strided,
                   pin_memory: bool = False) -> Any:
        """A copy of data."""
        source.check_device(device, pin_memory, layout, "new_tensor")
        array, d = source.array_of(data, dtype or self._node.spec.dtype)
        return source.finished(array, d, requires_grad)

    @presented("self size dtype layout device pin_memory requires_grad")
    def new_zeros(self, *size: Any, dtype: _dtype | None = None, device: Any = None,
                  requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
                  **named: Any) -> Any:
        """Zeros of a shape."""
        return fn.zeros(*size, dtype=dtype or self._node.spec.dtype, device=device,
                        layout=layout, pin_memory=pin_memory, requires_grad=requires_grad,
                        **named)

    @presented("self size dtype layout device pin_memory requires_grad")
    def new_ones(self, *size: Any, dtype: _dtype | None = None, device: Any = None,
                 requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
                 **named: Any) -> Any:
        """Ones of a shape."""
        return fn.ones(*size, dtype=dtype or self._node.spec.dtype, device=device,
                       layout=layout, pin_memory=pin_memory, requires_grad=requires_grad,
                        **named)

    @presented("self size dtype layout device pin_memory requires_grad")
    def new_empty(self, *size: Any, dtype: _dtype | None = None, device: Any = None,
                  requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
                  **named: Any) -> Any:
        """Memory of a shape, still to be written."""
        return fn.empty(*size, dtype=dtype or self._node.spec.dtype, device=device,
                        layout=layout, pin_memory=pin_memory, requires_grad=requires_grad,
                        **named)

    def new_full(self, size: Any, fill_value: Any, *, dtype: _dtype | None = None,
                 layout: Any = None, device: Any = None, pin_memory: bool = False,
                 requires_grad: bool = False) -> Any:
        """One value in a shape."""
        return fn.full(size, fill_value, dtype=dtype or self._node.spec.dtype, layout=layout,
                       device=device, pin_memory=pin_memory, requires_grad=requires_grad)

    def new_empty_strided(self, size: Any, stride: Any, dtype: _dtype | None = None,
                          layout: Any = None, device: Any = None, pin_memory: bool = False,
                          requires_grad: bool = False) -> Any:
        """Memory of a shape and strides, still to be written."""
        return fn.empty_strided(size, stride, dtype=dtype or self._node.spec.dtype, device=device,
                                requires_grad=requires_grad)

    def new(self, *args: Any, **kwargs: Any) -> Any:
        """The old way: a shape, or data; of a tensor, another name for it."""
        if len(args) == 1 and isinstance(args[0], TensorBase):
            return args[0].detach()  # type: ignore[attr-defined]
        if not args or all(hasattr(a, "__index__") for a in args):
            return self.new_empty(*(args or (0,)))
        return self.new_tensor(args[0])
