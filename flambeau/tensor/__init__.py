"""The public tensor: the class, its printed form, creation."""

from .size import Size
from .tensor import Tensor, from_array, share_array

__all__ = ["Size", "Tensor", "from_array", "share_array"]
