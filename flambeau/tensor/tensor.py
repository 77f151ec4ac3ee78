"""`Tensor`: what users hold. Its operations come from the mixins, one per family."""

from __future__ import annotations

import copy
import warnings
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import autograd
from ..autograd import inplace, steps
from ..autograd.base import Storage, TensorBase, register_tensor_class, wrap
from ..autograd.gradient import INNER_GRADIENT, check_gradient
from ..autograd.modes import modes
from ..autograd.node import HookHandle, edge_of
from ..autograd.views import make_view
from ..device import contiguous_format, cpu
from ..device import device as _device
from ..dtype import bfloat16, get_default_dtype
from ..dtype import dtype as _dtype
from ..engines import realize
from ..functional.formats import checked_format, is_in_format
from ..graph import leaf, pending
from . import printing
from .activation import ActivationMethods
from .allocation import AllocationMethods
from .arrays import from_array
from .conversion import ConversionMethods
from .indexing import IndexingMethods
from .linear import LinearMethods
from .memory import MemoryMethods
from .pointwise import PointwiseMethods
from .random import RandomMethods
from .reduction import ReductionMethods
from .shape import ShapeMethods
from .size import Size
from .sorting import SortingMethods
from .sparse import SparseMethods


class Tensor(SparseMethods, ActivationMethods, AllocationMethods, ConversionMethods, MemoryMethods,
             PointwiseMethods, RandomMethods, LinearMethods, ReductionMethods, SortingMethods,
             ShapeMethods, IndexingMethods, TensorBase):
    """A multi-dimensional array of one dtype, recorded lazily, with automatic differentiation.

    `Tensor(2, 3)` is uninitialized memory of that shape and `Tensor([1, 2])` a copy of the data,
    both in the default dtype; `flambeau.tensor` is the usual way to make one from data.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return object.__new__(cls)

    def __init__(self, *args: Any, device: Any = None) -> None:
        source = legacy_data(args, get_default_dtype())
        self._storage, self._node, self._seen = source._storage, source._node, source._seen
        self._chain, self._layout = source._chain, source._layout
        self._inference = source._inference

    # ---- what it is ----

    @property
    def shape(self) -> Size:
        """The sizes of the dimensions."""
        return Size(self._node.spec.shape)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        shape = self._node.spec.shape
        if dim is None:
            return Size(shape)
        n = len(shape)
        if not -n <= dim < n:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [{-max(n, 1)}, "
                f"{max(n, 1) - 1}], but got {dim})" if n else
                f"Dimension specified as {dim} but tensor has no dimensions")
        return shape[dim]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self._node.spec.shape)

    def dim(self) -> int:
        """The number of dimensions."""
        return self.ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return self._node.spec.size

    nelement = numel

    @property
    def dtype(self) -> _dtype:
        """The type of the elements."""
        return self._node.spec.dtype

    @property
    def device(self) -> _device:
        """Where the tensor lives."""
        return cpu

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self.dtype.itemsize

    def element_size(self) -> int:
        """Bytes per element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._node.spec.nbytes

    def stride(self, dim: int | None = None) -> Any:
        """Distance in elements between neighbours, per dimension."""
        strides = self._strided()[0]
        return strides if dim is None else strides[dim]

    def storage_offset(self) -> int:
        """Where in the storage the first element stands."""
        return self._strided()[1]

    def is_contiguous(self, memory_format: Any = contiguous_format) -> bool:
        """Whether the elements lie in memory in the order of a format (default: row-major)."""
        return is_in_format(self, checked_format(memory_format, "is_contiguous"))

    def data_ptr(self) -> int:
        """An address that is the same for tensors that begin at the same element of a storage.

        It identifies memory; nothing can be read through it, because values move as they are
        renamed.
        """
        storage = self._storage
        if not storage.address:
            shared = storage.buffer if storage.shared() else None
            storage.address = (_next_address(storage) if shared is None
                               else int(shared.__array_interface__["data"][0]))
        return storage.address + self.storage_offset() * self.itemsize if self.numel() else 0

    # ---- autograd ----

    @property
    def requires_grad(self) -> bool:
        """Whether gradients are recorded for this tensor."""
        if self._seen != self._storage.clock:
            self._refresh()
        return self._rg

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set whether gradients are recorded; in place."""
        if self._grad_fn is not None:
            if requires_grad:
                return self
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a "
                "computed variable in a subgraph that doesn't require differentiation use var_no_"
                "grad = var.detach().")
        if requires_grad and self.dtype.category < 2:
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        if requires_grad and self._inference and not modes.inference:
            raise RuntimeError("Setting requires_grad=True on inference tensor outside "
                               "InferenceMode is not allowed.")
        self._rg = bool(requires_grad)
        return self

    @property
    def grad(self) -> Any:
        """The accumulated gradient of a leaf, or None."""
        if self._grad is None and self._grad_fn is not None and not self._retains:
            warnings.warn(INNER_GRADIENT, stacklevel=2)
        return self._grad

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None:
            if not isinstance(value, TensorBase):
                raise TypeError("assigned grad expected to be a Tensor or None but got grad of "
                                f"type {type(value).__name__}")
            if value is self:
                raise RuntimeError("can't assign Variable as its own grad")
            check_gradient(value._node.spec, self._node.spec)
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    @property
    def grad_fn(self) -> Any:
        """The tape entry that made this tensor, or None for a leaf."""
        if self._seen != self._storage.clock:
            self._refresh()
        return self._grad_fn

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made this tensor."""
        return self.grad_fn is None

    @property
    def output_nr(self) -> int:
        """Which output of its tape entry this tensor is."""
        return self._output_nr

    @property
    def retains_grad(self) -> bool:
        """Whether a tensor that is not a leaf keeps its gradient."""
        return self._retains

    @property
    def _version(self) -> int:
        return self._version_cell()[0]

    @property
    def data(self) -> Tensor:
        """The same values outside the tape; writes through it go unnoticed by autograd."""
        alias: Tensor = make_view(self, (), "", track=False)
        alias._own_version = [0]
        return alias

    @data.setter
    def data(self, value: Any) -> None:
        inplace.set_data(self, value)

    def detach(self) -> Tensor:
        """The same values outside the tape; the memory is shared."""
        out: Tensor = make_view(self, (), "", track=False)
        return out

    def detach_(self) -> Tensor:
        """Cut the tensor off the tape; in place."""
        if self._base is not None:
            raise RuntimeError("Can't detach views in-place. Use detach() instead. If you are "
                               "using DistributedDataParallel (DDP) for training, and "
                               "gradient_as_bucket_view is set as True, gradients are views of DDP "
                               "buckets, and hence detach_() cannot be called on these gradients. "
                               "To fix this error, please refer to the Optimizer.zero_grad() "
                               "function in torch/optim/optimizer.py as a solution.")
        self._grad_fn, self._output_nr, self._rg = None, 0, False
        return self

    def backward(self, gradient: Any = None, retain_graph: bool | None = None,
                 create_graph: bool = False, inputs: Any = None) -> None:
        """Add the gradients of this tensor with respect to the leaves into their `.grad`."""
        autograd.backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def register_hook(self, hook: Any) -> HookHandle:
        """Call hook(grad) once the gradient of this tensor is known; it may return a new one."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        fn, nr = edge_of(self)
        if fn is self:
            if self._hooks is None:
                self._hooks = {}
            return HookHandle(self._hooks, hook)
        if fn.tensor_hooks is None:
            fn.tensor_hooks = {}
        return HookHandle(fn.tensor_hooks.setdefault(nr, {}), hook)

    def register_post_accumulate_grad_hook(self, hook: Any) -> HookHandle:
        """Call hook(tensor) after the gradient was added into `.grad` of this leaf."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self.grad_fn is not None:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf "
                               "tensors")
        if self._post_hooks is None:
            self._post_hooks = {}
        return HookHandle(self._post_hooks, hook)

    def retain_grad(self) -> None:
        """Keep the gradient of a tensor that is not a leaf."""
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if self.is_leaf or self._retains:
            return
        self._retains = True
        fn, nr = edge_of(self)
        me = weakref.ref(self)

        def keep(grad: Any) -> None:
            t = me()
            if t is not None and t._retains:
                t._grad = grad if t._grad is None else t._grad + grad
        if fn.tensor_hooks is None:
            fn.tensor_hooks = {}
        HookHandle(fn.tensor_hooks.setdefault(nr, {}), keep)

    def is_inference(self) -> bool:
        """Whether the tensor was made in inference mode."""
        return self._inference

    def _is_view(self) -> bool:
        return self._base is not None

    # ---- values ----

    def _data(self, reason: str) -> Any:
        """The ndarray of the value, which must not be written to."""
        storage = self._storage
        if storage.buffer is not None and storage.shared():
            array = storage.buffer
            for step in self._chain:
                array = steps.on_array(array, step)
            return array
        return realize.realize(self._value(), reason)

    def item(self) -> Any:
        """The value of a tensor with one element, as a Python number."""
        data = self._data("item")
        if data.size != 1:
            raise RuntimeError(f"a Tensor with {data.size} elements cannot be converted to Scalar")
        value = data.reshape(-1)[0]
        return float(value) if self.dtype.is_floating_point else value.item()

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers."""
        data = self._data("tolist")
        if self.dtype is bfloat16:
            data = data.astype(np.float32)
        return data.tolist()

    def __bool__(self) -> bool:
        if self.numel() != 1:
            raise RuntimeError("Boolean value of Tensor with no values is ambiguous"
                               if not self.numel() else
                               "Boolean value of Tensor with more than one value is ambiguous")
        return bool(self._data("bool").reshape(-1)[0])

    def _number(self) -> Any:
        if self.numel() != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return self.item()

    def __int__(self) -> int:
        return int(self._number())

    def __float__(self) -> float:
        number = self._number()
        if isinstance(number, complex):
            if number.imag:
                raise RuntimeError("value cannot be converted to type double without overflow")
            number = number.real
        return float(number)

    def __complex__(self) -> complex:
        return complex(self._number())

    def __index__(self) -> int:
        if self.dtype.category > 1 or self.numel() != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def __len__(self) -> int:
        shape = self._node.spec.shape
        if not shape:
            raise TypeError("len() of a 0-d tensor")
        return shape[0]

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        fn = self.grad_fn
        if self._sparse is not None:
            return printing.sparse_coo_text(
                self._indices()._data("print"), self._values()._data("print"),
                dtype_name=self.dtype.name, shape=tuple(self.shape),
                is_default_dtype=printing.is_implied_dtype(self.dtype.name,
                                                           get_default_dtype().name))
        return printing.tensor_text(
            self._data("print"), dtype_name=self.dtype.name, shape=tuple(self.shape),
            is_default_dtype=printing.is_implied_dtype(self.dtype.name,
                                                       get_default_dtype().name),
            requires_grad=self._rg, grad_fn_name=type(fn).__name__ if fn is not None else None,
            tangent=None if pending.forward is None else pending.forward.text(self))

    def __format__(self, spec: str) -> str:
        plain = self.ndim == 0 and type(self) is Tensor
        return printing.format_spec(self, spec, item=self.item if plain else None)

    def __hash__(self) -> int:
        return id(self)

    def numpy(self, *, force: bool = False) -> Any:
        """The values as an ndarray that shares the tensor's memory.

        Raises:
            RuntimeError: for a tensor that requires grad.
            TypeError: for bfloat16, which NumPy lacks.
        """
        if self.requires_grad and not force:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use "
                               "tensor.detach().numpy() instead.")
        if self.dtype is bfloat16:
            raise TypeError("Got unsupported ScalarType BFloat16")
        return export(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    __array_priority__ = 1000

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) in memo:
            return memo[id(self)]
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment.  If you were attempting to deepcopy a module, this may be "
                "because of a torch.nn.utils.weight_norm usage, see https://github.com/pytorch/"
                "pytorch/pull/103001")
        made = object.__new__(type(self))
        memo[id(self)] = made
        storage: Any = memo.get(id(self._storage))
        if storage is None:
            storage = memo[id(self._storage)] = _copied_storage(self._storage)
        made._storage, made._chain, made._layout = storage, self._chain, self._layout
        made._node, made._seen = self._value(), storage.clock
        made._rg = self._rg
        if self._grad is not None:
            made._grad = copy.deepcopy(self._grad, memo)
        for name, value in self.__dict__.items():
            if name not in _FIELDS:
                setattr(made, name, copy.deepcopy(value, memo))
        return made

    def __copy__(self) -> Any:
        made = self.detach()
        made.__class__ = type(self)
        made._rg = self._rg
        made.__dict__.update({k: v for k, v in self.__dict__.items() if k not in _FIELDS})
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        array = np.array(self._data("pickle"))
        if self.dtype is bfloat16:
            array = array.view(np.uint16)
        return _rebuild, (type(self), array, self.dtype, self._rg,
                          {k: v for k, v in self.__dict__.items() if k not in _FIELDS})


register_tensor_class(Tensor)
_FIELDS = frozenset(TensorBase.__annotations__)  # all other attributes are the user's own
_addresses = [1 << 30]


def _copied_storage(storage: Storage) -> Storage:
    """A storage of its own with the same values."""
    if storage.shared():
        return Storage(leaf(np.array(storage.buffer), storage.node.spec.dtype))
    return Storage(storage.node)


def _next_address(storage: Any) -> int:
    """A fresh range of identities, as long as the storage and aligned to 64 bytes."""
    start = _addresses[0]
    _addresses[0] += (storage.node.spec.nbytes + 127) // 64 * 64
    return start


def _rebuild(cls: type, array: Any, d: _dtype, requires_grad: bool,
             attributes: dict[str, Any]) -> Any:
    if d is bfloat16:
        array = array.view(d.numpy)
    source = wrap(leaf(array, d))
    made: Any = object.__new__(cls)
    made._storage, made._node, made._seen = source._storage, source._node, source._seen
    made._rg = requires_grad
    made.__dict__.update(attributes)
    return made


def copied(t: TensorBase) -> Any:
    """A tensor of the same value with its own storage, outside the tape."""
    return wrap(t._value())


class _Memory:
    """Owner of exported memory; arrays of it end the chain of `base`, so their death shows."""

    def __init__(self, array: Any) -> None:
        self.array = array
        self.__array_interface__ = array.__array_interface__


def export(t: Any) -> Any:
    """An ndarray that shares memory with the tensor while the array, or a view of it, lives."""
    storage = t._storage
    if not storage.shared():
        whole = realize.realize(storage.node, "numpy")
        buffer = np.array(whole, order="C")
        owner = np.asarray(_Memory(buffer))
        storage.share(buffer, weakref.ref(owner))
    else:
        owner = storage.exported() if storage.exported is not None else storage.buffer
        if owner is None:
            owner = storage.buffer
    array = owner
    for step in t._chain:
        array = steps.on_array(array, step)
    return array


def legacy_data(args: tuple[Any, ...], d: _dtype) -> Any:
    """What `Tensor(...)`, `FloatTensor(...)`, … hold: memory of a shape, or a copy of data."""
    if not args:
        return from_array(np.zeros((0,), d.numpy), d)
    first = args[0]
    if len(args) == 1 and isinstance(first, TensorBase):
        return make_view(first, (), "", track=False)
    if len(args) == 1 and isinstance(first, (Sequence, np.ndarray)) and not isinstance(
            first, (Size, str)):
        return from_array(np.array(as_plain(first), dtype=d.numpy), d)
    if isinstance(first, str):
        raise TypeError("new(): invalid data type 'str'")
    if not isinstance(first, Size) and not all(hasattr(n, "__index__") for n in args):
        bad = next(n for n in args if not hasattr(n, "__index__"))
        raise TypeError(f"new(): data must be a sequence (got {type(bad).__name__})")
    shape = tuple(first) if isinstance(first, Size) else tuple(int(n) for n in args)
    return from_array(np.zeros(shape, d.numpy), d)


def as_plain(data: Any) -> Any:
    """Nested data with tensors replaced by their values."""
    if isinstance(data, TensorBase):
        return data._data("tensor data")  # type: ignore[attr-defined]
    if isinstance(data, (list, tuple)) and any(isinstance(x, (TensorBase, list, tuple))
                                               for x in data):
        return [as_plain(x) for x in data]
    return data

