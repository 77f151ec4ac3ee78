"""Devices, memory formats and layouts, with PyTorch's spelling."""

from __future__ import annotations

from typing import Any, Self, overload

_KINDS = ("cpu", "cuda", "ipu", "xpu", "mkldnn", "opengl", "opencl", "ideep", "hip", "ve", "fpga",
          "maia", "xla", "lazy", "vulkan", "mps", "meta", "hpu", "mtia", "privateuseone")


class device:
    """Where a tensor lives: a kind and an index (`cpu`, `cuda:0`).

    Args:
        type: kind with or without index, or another device, or an index of the accelerator.
        index: the index, where `type` has none.

    Raises:
        RuntimeError: for an unknown kind or a malformed string.
    """

    __slots__ = ("index", "type")

    type: str
    index: int | None

    @overload
    def __init__(self, device: Any) -> None: ...

    @overload
    def __init__(self, type: Any, index: int | None) -> None: ...

    def __init__(  # type: ignore[misc]
            self, type: Any = None, index: int | None = None, *, device: Any = None) -> None:
        type = device if type is None else type
        if isinstance(type, _device):
            self.type, self.index = type.type, type.index
            return
        if isinstance(type, int):  # an index of the accelerator
            raise RuntimeError("Cannot access accelerator device when none is available.")
        if not isinstance(type, str):
            raise TypeError("device(): argument 'type' (position 1) must be str, not "
                            f"{type.__class__.__name__}")
        kind, colon, number = type.partition(":")
        if kind not in _KINDS:
            raise RuntimeError(
                f"Expected one of {', '.join(_KINDS)} device type at start of device string: "
                f"{kind}")
        if colon:
            if not number.isdigit():
                raise RuntimeError(f"Invalid device string: '{type}'")
            if index is not None:
                raise RuntimeError("type (string) must not include an index because index was "
                                   f"passed explicitly: {type}")
            index = int(number)
        self.type, self.index = kind, index

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, device) and self.type == other.type
                and self.index == other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> tuple[Any, ...]:
        return device, ((self.type,) if self.index is None else (self.type, self.index))

    def __enter__(self) -> device:
        _defaults.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _defaults.pop()


_device = device
cpu = device("cpu")
_defaults: list[device] = [cpu]


def get_default_device() -> device:
    """The device of tensors made without one."""
    return _defaults[-1]


def set_default_device(device: Any) -> None:
    """Set the device of tensors made without one."""
    _defaults[:] = [cpu if device is None else checked(device)]


def checked(d: Any) -> device:
    """The device asked for, if this machine has it.

    Raises:
        AssertionError: for CUDA, with PyTorch's words.
        RuntimeError: for other devices that are not here.
    """
    found = d if isinstance(d, device) else device(d)
    if found.type == "cpu":
        return found
    if found.type in ("cuda", "xpu"):
        raise AssertionError(f"Torch not compiled with {found.type.upper()} enabled")
    raise RuntimeError(f"PyTorch is not linked with support for {found.type} devices"
                       if found.type in ("mps", "mtia", "hpu", "maia") else
                       f"Could not run on the '{found.type}' backend: this build has the CPU only")


class _Named:
    """A value known by its name (layouts, memory formats)."""

    name: str

    def __new__(cls) -> Self:
        raise TypeError(f"cannot create 'torch.{cls.__name__}' instances")

    @classmethod
    def _make(cls, name: str) -> Self:
        made = object.__new__(cls)
        made.name = name
        return made

    def __repr__(self) -> str:
        return "torch." + self.name

    def __reduce__(self) -> tuple[Any, ...]:
        return _by_name, (self.name,)


class layout(_Named):
    """How a tensor's elements are kept."""


class memory_format(_Named):
    """An order of dimensions in memory."""


class qscheme(_Named):
    """A scheme of quantization (named only)."""


strided, sparse_coo = layout._make("strided"), layout._make("sparse_coo")
sparse_csr, sparse_csc = layout._make("sparse_csr"), layout._make("sparse_csc")
jagged = layout._make("jagged")
contiguous_format = memory_format._make("contiguous_format")
preserve_format = memory_format._make("preserve_format")
channels_last = memory_format._make("channels_last")
channels_last_3d = memory_format._make("channels_last_3d")
_NAMED = {x.name: x for x in (strided, sparse_coo, sparse_csr, sparse_csc, jagged,
                              contiguous_format, preserve_format, channels_last,
                              channels_last_3d)}


def _by_name(name: str) -> _Named:
    return _NAMED[name]
