"""Parameters and buffers: tensors that a module notices when they are assigned to it."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar, cast

from flambeau.device import device as Device
from flambeau.dtype import dtype as DType
from flambeau.tensor import Tensor
from flambeau.tensor.creation import empty

__all__ = [
    "Buffer",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "UninitializedTensorMixin",
    "is_lazy",
]


class _FlaggedMeta(type(Tensor)):  # type: ignore[misc]
    """Lets `isinstance` accept tensors of other classes that carry the class's flag."""

    _flag: str | None

    def __instancecheck__(cls, instance: Any) -> bool:
        if super().__instancecheck__(instance):
            return True
        # The flag belongs to Parameter and Buffer themselves, not to classes derived from them.
        flag = cls.__dict__.get("_flag")
        return flag is not None and isinstance(instance, Tensor) and getattr(instance, flag, False)


T = TypeVar("T", bound=Tensor)


def _alias_of_class(cls: type[T], data: Tensor, requires_grad: bool) -> T:
    """Make a leaf of another class that shares the memory of `data`."""
    alias = data.detach()
    if requires_grad and not (alias.dtype.is_floating_point or alias.dtype.is_complex):
        raise RuntimeError(
            "Only Tensors of floating point and complex dtype can require gradients"
        )
    alias.__class__ = cls
    alias.requires_grad_(requires_grad)
    return cast(T, alias)


def _rebuild_parameter(
    cls: type[Parameter], data: Tensor, requires_grad: bool, state: dict[str, Any]
) -> Parameter:
    parameter = cls(data, requires_grad)
    for name, value in state.items():
        setattr(parameter, name, value)
    return parameter


class Parameter(Tensor, metaclass=_FlaggedMeta):
    """A tensor to be trained; a module that it is assigned to lists it in `parameters()`.

    It shares the memory of `data`. A tensor of a class derived from `Tensor` keeps its class and
    is flagged as a parameter instead.

    Args:
        data: any shape, floating point or complex if it requires gradient; empty by default.
        requires_grad: whether backward passes accumulate into `grad`.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Parameter(torch.zeros(2))
        Parameter containing:
        tensor([0., 0.], requires_grad=True)

    Source: torch.nn.parameter.Parameter
    """

    _flag = "_is_param"

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        if data is None:
            data = empty(0)
        kind = cls if type(data) in (Tensor, Parameter) else type(data)
        made: Any = _alias_of_class(kind, data, requires_grad)
        if kind is not cls:
            made._is_param = True
        return cast(Parameter, made)

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        # __new__ has done the work; Tensor.__init__ would take the arguments for data.
        pass

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), self.requires_grad)
        return memo[id(self)]

    # mypy takes the keyword of a special method for nameless, and so for another one here.
    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return "Parameter containing:\n" + super().__repr__()

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        own = {name: value for name, value in self.__dict__.items() if name[0] != "_"}
        return _rebuild_parameter, (type(self), self.data, self.requires_grad, own)


class Buffer(Tensor, metaclass=_FlaggedMeta):
    """A tensor that a module keeps and saves but does not train, such as a running mean.

    Calling the class returns a tensor of `data`'s own class, flagged as a buffer.

    Args:
        data: any shape and dtype; empty by default.
        persistent: whether the module's `state_dict` includes it.

    Example:
        >>> import flambeau as torch
        >>> module = torch.nn.Module()
        >>> module.mean = torch.nn.Buffer(torch.zeros(2))
        >>> dict(module.state_dict())
        {'mean': tensor([0., 0.])}

    Source: torch.nn.parameter.Buffer
    """

    _flag = "_is_buffer"
    persistent: bool

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Buffer:
        if data is None:
            data = empty(0)
        flagged: Any = data.detach().requires_grad_(data.requires_grad)
        flagged.persistent = persistent
        flagged._is_buffer = True
        return cast(Buffer, flagged)


class UninitializedTensorMixin:
    """What a parameter or buffer does while its shape is not known yet."""

    cls_to_become: type[Tensor]
    data: Any
    requires_grad: bool

    def materialize(
        self,
        shape: tuple[int, ...],
        device: Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        """Take memory of the given shape, values undefined, and become an ordinary tensor.

        Args:
            shape: the sizes.
            device: the present one by default.
            dtype: the present one by default.
        """
        placeholder = self.data
        self.data = empty(
            shape, device=device or placeholder.device, dtype=dtype or placeholder.dtype
        )
        self.__class__ = self.cls_to_become  # type: ignore[assignment]

    @property
    def shape(self) -> NoReturn:
        """Raise: there is no shape yet."""
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually "
            "happens in `load_state_dict` when trying to load an uninitialized parameter into an "
            "initialized one. Call `forward` to initialize the parameters before accessing their "
            "attributes."
        )

    def share_memory_(self) -> NoReturn:
        """Raise: there is no memory yet."""
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to "
            "initialize the parameters before calling `module.share_memory()`."
        )

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return f"<{type(self).__name__}>"

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return type(self), (self.requires_grad,)


def is_lazy(param: Any) -> bool:
    """Say whether `param` still waits for its shape.

    Args:
        param: anything.

    Returns:
        True for uninitialized parameters and buffers.
    """
    return isinstance(param, UninitializedTensorMixin)


class UninitializedParameter(UninitializedTensorMixin, Parameter):  # type: ignore[misc]
    """A parameter whose shape the first forward pass of its module decides.

    Args:
        requires_grad: as for `Parameter`.
        device: where it will live.
        dtype: the default floating-point type by default.

    Example:
        >>> import flambeau as torch
        >>> weight = torch.nn.UninitializedParameter()
        >>> weight.materialize((2, 3))
        >>> weight.shape
        torch.Size([2, 3])

    Source: torch.nn.parameter.UninitializedParameter
    """

    cls_to_become = Parameter

    def __new__(
        cls,
        requires_grad: bool = True,
        device: Device | None = None,
        dtype: DType | None = None,
    ) -> UninitializedParameter:
        data = empty(0, device=device, dtype=dtype)
        return _alias_of_class(cls, data, requires_grad)

    def __init__(
        self,
        requires_grad: bool = True,
        device: Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        pass

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            placeholder = self.data
            memo[id(self)] = type(self)(
                self.requires_grad, placeholder.device, placeholder.dtype
            )
        return memo[id(self)]


class UninitializedBuffer(UninitializedTensorMixin, Tensor):  # type: ignore[misc]
    """A buffer whose shape the first forward pass of its module decides.

    Args:
        requires_grad: as for any tensor.
        device: where it will live.
        dtype: the default floating-point type by default.
        persistent: whether the module's `state_dict` includes it.

    Source: torch.nn.parameter.UninitializedBuffer
    """

    cls_to_become = Tensor

    def __new__(
        cls,
        requires_grad: bool = False,
        device: Device | None = None,
        dtype: DType | None = None,
        persistent: bool = True,
    ) -> UninitializedBuffer:
        data = empty(0, device=device, dtype=dtype)
        buffer: Any = _alias_of_class(cls, data, requires_grad)
        buffer.persistent = persistent
        buffer._is_buffer = True
        return cast(UninitializedBuffer, buffer)

    def __init__(
        self,
        requires_grad: bool = False,
        device: Device | None = None,
        dtype: DType | None = None,
        persistent: bool = True,
    ) -> None:
        pass
