"""The public tensor: the class, its printed form, creation."""

from .arrays import from_array, share_array
from .size import Size
from .tensor import Tensor

__all__ = ["Size", "Tensor", "from_array", "share_array"]
