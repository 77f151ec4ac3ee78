"""`torch.utils.dlpack`: tensors shared with other libraries."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from ..tensor.memory import from_dlpack

__all__ = ["from_dlpack", "to_dlpack"]


def to_dlpack(tensor: Tensor) -> Any:
    """Return the capsule from which another library reads a tensor's memory.

    Args:
        tensor: the tensor.

    Source: torch.utils.dlpack.to_dlpack
    """
    return tensor.__dlpack__()
