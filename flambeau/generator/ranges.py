"""Which bounds and types the samplers accept, with PyTorch's errors for the others."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from .arithmetic import from_integers

if TYPE_CHECKING:
    from collections.abc import Collection

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
# NumPy's name, PyTorch's name and the C++ name of every type that a sampler may meet.
_NAMES = {
    "bool": ("Bool", "bool"),
    "uint8": ("Byte", "unsigned char"),
    "int8": ("Char", "signed char"),
    "int16": ("Short", "short int"),
    "int32": ("Int", "int"),
    "int64": ("Long", "long int"),
    "uint16": ("UInt16", "short unsigned int"),
    "uint32": ("UInt32", "unsigned int"),
    "uint64": ("UInt64", "long unsigned int"),
    "float16": ("Half", "c10::Half"),
    "bfloat16": ("BFloat16", "c10::BFloat16"),
    "float32": ("Float", "float"),
    "float64": ("Double", "double"),
    "complex64": ("ComplexFloat", "c10::complex<float>"),
    "complex128": ("ComplexDouble", "c10::complex<double>"),
}
_DIGITS = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}
_LARGEST = {"float16": 65504.0, "bfloat16": 3.3895313892515355e38}
FLOATING = frozenset(_DIGITS)
SIGNED_AND_BYTE = frozenset({"uint8", "int8", "int16", "int32", "int64"})


def torch_name(dtype: np.dtype[Any]) -> str:
    """Returns PyTorch's name of a NumPy type, as its error messages spell it."""
    return _NAMES.get(dtype.name, (dtype.name, ""))[0]


def require_kernel(target: np.dtype[Any], supported: Collection[str], kernel: str) -> None:
    """Raises NotImplementedError unless a sampler supports the type."""
    if target.name not in supported:
        name = torch_name(target)
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{name}'")


def require_continuous(target: np.dtype[Any], distribution: str, *, cpp_name: bool) -> None:
    """Raises RuntimeError unless the type can hold a continuous distribution's samples."""
    if target.name not in FLOATING:
        name = _NAMES.get(target.name, (target.name, target.name))[cpp_name]
        raise RuntimeError(
            f"{distribution} distribution is a continuous probability distribution. dtype must be "
            f"a floating point but you specified {name}"
        )


def check_uniform_bounds(low: float, high: float, target: np.dtype[Any]) -> None:
    """Raises RuntimeError unless [low, high) is a range that the floating type can hold."""
    most = _LARGEST.get(target.name) or float(np.finfo(target).max)
    cpp_name = _NAMES[target.name][1]
    for name, bound in (("from", low), ("to", high)):
        if not -most <= bound <= most:
            raise RuntimeError(f"{name} is out of bounds for {cpp_name}")
    if low > high:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}"
        )
    if high - low > most:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{_NAMES[target.name][0]}>::max(), "
            f"but found to={high:g} and from={low:g} which result in to-from to exceed the limit"
        )


def digits(target: np.dtype[Any]) -> int:
    """Returns the number of bits of a floating type's significand."""
    return _DIGITS[target.name]


def integer_range(low: int, high: int | None, target: np.dtype[Any]) -> tuple[int, int]:
    """Returns the bounds [first, last) that sampling in the given type uses.

    Args:
        low: lower bound, included.
        high: upper bound, excluded; ``None`` stands for the largest consecutive integer.
        target: type of the samples.

    Raises:
        RuntimeError: the range is empty, or the type cannot hold it.
    """
    if target.name not in _NAMES or target.kind == "c":
        raise RuntimeError(
            "check_random_bounds handles only integral, floating-point and boolean types"
        )
    if high is None:
        return _open_range(low, target)
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    if target.name not in FLOATING:
        _check_bounds(low, high - 1, target)
        return low, high
    first, last = _float_lower(low, target), _float_upper(high, target)
    if first >= last:
        raise RuntimeError(
            "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, "
            f"but got from={first} >= to={last}"
        )
    _check_bounds(first, last - 1, target)
    return first, last


def _open_range(low: int, target: np.dtype[Any]) -> tuple[int, int]:
    if target.name in FLOATING:
        first, top = _float_lower(low, target), 2 ** digits(target)
        if first > top:
            raise RuntimeError(
                "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' "
                f"casted to dtype, but got from={first} > to_inc={top}"
            )
    elif target.kind == "b":
        first, top = low, 1
    else:
        # The largest uint64 does not fit the signed bound of PyTorch's kernel and turns into -1.
        first = low
        top = -1 if target == np.uint64 else int(np.iinfo(target).max)
    _check_bounds(first, top, target)
    return first, top + 1


def _check_bounds(first: int, last: int, target: np.dtype[Any]) -> None:
    cpp_name = _NAMES[target.name][1]
    if target.name in FLOATING:
        _check_float_bounds(first, last, target, cpp_name)
        return
    least, most = (0, 1) if target.kind == "b" else (np.iinfo(target).min, np.iinfo(target).max)
    for name, bound in (("from", first), ("to - 1", last)):
        if not least <= bound <= most:
            raise RuntimeError(f"{name} is out of bounds for {cpp_name}")


def _check_float_bounds(first: int, last: int, target: np.dtype[Any], cpp_name: str) -> None:
    exact = 2 ** digits(target)
    for name, bound in (("from", first), ("to - 1", last)):
        if target == np.float16 and abs(bound) > 65504:
            raise RuntimeError(f"{name} is out of bounds for {cpp_name}")
        if not -exact <= bound <= exact:
            power = f"2^{digits(target)}"
            warnings.warn(
                f"{name} is out of bounds [-({power}), {power}]. Due to precision limitations "
                f"{cpp_name} can support discrete uniform distribution only within this range. "
                "This warning will become an error in version 1.7 release, please fix the code "
                "in advance",
                stacklevel=4,
            )


def _rounded(value: int, target: np.dtype[Any]) -> int:
    # The value as the type holds it; what leaves the 64-bit range turns into its least value.
    held = float(from_integers(np.array([value], np.int64), target)[0])
    return int(held) if -(2.0**63) <= held < 2.0**63 else INT64_MIN


def _float_lower(low: int, target: np.dtype[Any]) -> int:
    # The next value up that the type holds, where low + 1 rounds to less than low.
    rounded = _rounded(low + 1, target)
    if rounded >= low:
        return low
    return rounded + (1 << (abs(low + 1).bit_length() - digits(target)))


def _float_upper(high: int, target: np.dtype[Any]) -> int:
    rounded = _rounded(high - 1, target)
    if rounded < high:
        return high
    return rounded - (1 << (abs(high - 1).bit_length() - digits(target)))
