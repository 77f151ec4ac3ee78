"""`torch.types`: the unions that programs write in their annotations."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import IO, TypeAlias

from .device import device as _device
from .tensor import Tensor
from .tensor.memory import UntypedStorage as Storage
from .tensor.size import Size

__all__ = ["Device", "FileLike", "Number", "Storage"]

Number: TypeAlias = int | float | bool
FileLike: TypeAlias = str | os.PathLike[str] | IO[bytes]
Device: TypeAlias = _device | str | int | None

# The names with an underscore are the ones that PyTorch's own annotations use.
_bool, _int, _float, _complex, _str, _bytes = bool, int, float, complex, str, bytes
_size: TypeAlias = Size | list[int] | tuple[int, ...]
_Number = (int, float, bool)
_TensorOrTensors: TypeAlias = Tensor | Sequence[Tensor]
_TensorOrOptionalTensors: TypeAlias = Tensor | Sequence[Tensor | None]
IntLikeType: TypeAlias = int
FloatLikeType: TypeAlias = float
BoolLikeType: TypeAlias = bool
