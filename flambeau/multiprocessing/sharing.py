"""Tensors in shared memory on their way to processes that start afresh.

A tensor whose memory is shared (`share_memory_`) travels as a descriptor of its pages, so that both
processes read and write the same values; any other tensor travels as its bytes. Forked processes
have the pages anyway.
"""

from __future__ import annotations

from multiprocessing.reduction import DupFd, ForkingPickler
from typing import Any

import numpy as np

from ..dtype import dtype
from ..tensor import Tensor
from ..tensor.arrays import share_array
from ..tensor.memory import SharedPages, shared_pages


def _mapped(descriptor: Any, nbytes: int) -> SharedPages:
    """The pages in the process that receives them."""
    return SharedPages(descriptor.detach(), nbytes)


def _reduce_pages(pages: SharedPages) -> Any:
    return _mapped, (DupFd(pages.descriptor), len(pages))


def _rebuild(pages: SharedPages, offset: int, shape: tuple[int, ...], strides: tuple[int, ...],
             d: dtype, requires_grad: bool) -> Tensor:
    """The tensor of the same memory in the process that receives it."""
    made: Tensor = share_array(np.ndarray(shape, d.numpy, pages, offset, strides))
    return made.requires_grad_(requires_grad)


def _reduce(tensor: Tensor) -> Any:
    pages = shared_pages(tensor)
    if pages is None or not tensor.is_leaf:
        return tensor.__reduce_ex__(2)
    array = tensor._data("share")
    offset = array.__array_interface__["data"][0] - np.frombuffer(pages, np.uint8).ctypes.data
    return _rebuild, (pages, offset, array.shape, array.strides, tensor.dtype,
                      tensor.requires_grad)


def register() -> None:
    """Teach the pickles between processes about tensors; tensors of the same pages share them."""
    ForkingPickler.register(SharedPages, _reduce_pages)
    ForkingPickler.register(Tensor, _reduce)
