"""NumPy's own objects in a pickle: dtypes, scalars and arrays of plain numbers or text."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from .errors import CheckpointError
from .storage import check_counts

_PLAIN = re.compile(r"[<>=|]?([biuf][1248]|f16|c8|c16|c32|[SU][0-9]{1,9})")


def make_dtype(arguments: tuple[Any, ...]) -> np.dtype[Any]:
    """Build a dtype from what ``numpy.dtype`` pickles: (type string, False, True).

    Args:
        arguments: as in the file.

    Returns:
        A fresh dtype object, which `set_dtype_state` may still change.

    Raises:
        CheckpointError: it is not a plain type of numbers or text.

    Example:
        >>> make_dtype(("f8", False, True))
        dtype('float64')
    """
    text = arguments[0] if arguments and len(arguments) <= 3 else None
    if isinstance(text, bytes):
        text = text.decode("ascii")
    if type(text) is not str or not _PLAIN.fullmatch(text):
        raise CheckpointError("the checkpoint holds a NumPy dtype that is not plain")
    return np.dtype(text, False, True)


def set_dtype_state(dtype: np.dtype[Any], state: Any) -> None:
    """Set a dtype's byte order, the only thing its pickled state may change.

    Args:
        dtype: made by `make_dtype`.
        state: (version, byte order, None, None, None, size, alignment, flags).

    Raises:
        CheckpointError: the state is anything else.

    Example:
        >>> dtype = make_dtype(("f8", False, True))
        >>> set_dtype_state(dtype, (3, ">", None, None, None, -1, -1, 0))
        >>> dtype
        dtype('>f8')
    """
    if not isinstance(state, tuple) or len(state) not in (7, 8) or any(state[2:5]):
        raise CheckpointError("the checkpoint holds a NumPy dtype with an unusual state")
    order = state[1].decode("ascii") if isinstance(state[1], bytes) else state[1]
    if order not in ("<", ">", "|", "="):
        raise CheckpointError("the checkpoint holds a NumPy dtype of unknown byte order")
    text = dtype.kind in "SU"
    size, alignment = (dtype.itemsize, dtype.alignment) if text else (-1, -1)
    if text and state[5] != size:
        raise CheckpointError("the checkpoint holds a NumPy dtype with an unusual state")
    dtype.__setstate__((3, order, None, None, None, size, alignment, 0))  # type: ignore[attr-defined]


def make_scalar(arguments: tuple[Any, ...]) -> Any:
    """Build a NumPy scalar from (dtype, bytes).

    Args:
        arguments: as in the file.

    Returns:
        The scalar.

    Raises:
        CheckpointError: the bytes are not one element of the dtype.

    Example:
        >>> make_scalar((np.dtype("<i4"), bytes([7, 0, 0, 0]))).item()
        7
    """
    if len(arguments) != 2 or not isinstance(arguments[0], np.dtype):
        raise CheckpointError("the checkpoint holds a broken NumPy scalar")
    dtype, raw = arguments
    if type(raw) is not bytes or len(raw) != dtype.itemsize or not raw:
        raise CheckpointError("the checkpoint holds a NumPy scalar of the wrong size")
    return np.frombuffer(raw, dtype)[0]


def make_array(arguments: tuple[Any, ...]) -> np.ndarray[Any, Any]:
    """Build the empty array that `set_array_state` fills.

    Args:
        arguments: (``numpy.ndarray``, (0,), b"b"), as in the file.

    Returns:
        An array without elements.

    Raises:
        CheckpointError: another class than ``numpy.ndarray``.

    Example:
        >>> make_array((np.ndarray, (0,), b"b")).size
        0
    """
    if len(arguments) != 3 or arguments[0] is not np.ndarray:
        raise CheckpointError("the checkpoint holds an array that is not a plain numpy.ndarray")
    return np.ndarray((0,), np.int8)


def set_array_state(array: np.ndarray[Any, Any], state: Any) -> None:
    """Fill an array that has just been made.

    Args:
        array: made by `make_array`.
        state: (version, shape, dtype, whether in Fortran's order, bytes).

    Raises:
        CheckpointError: the number of bytes is not what shape and dtype say.

    Example:
        >>> array = make_array((np.ndarray, (0,), b"b"))
        >>> set_array_state(array, (1, (2,), np.dtype("u1"), False, bytes([1, 2])))
        >>> array
        array([1, 2], dtype=uint8)
    """
    if not isinstance(state, tuple) or len(state) != 5 or not isinstance(state[2], np.dtype):
        raise CheckpointError("the checkpoint holds a broken NumPy array")
    _, shape, dtype, fortran, raw = state
    sizes = check_counts(shape, "shape")
    size = dtype.itemsize
    for length in sizes:
        size *= length
    if type(raw) is not bytes or len(raw) != size or type(fortran) not in (bool, int):
        raise CheckpointError("the checkpoint holds a NumPy array of the wrong size")
    state = (1, sizes, dtype, bool(fortran), raw)
    array.__setstate__(state)
