"""Assertions for tests: whether values agree within tolerances, and where they do not."""

from __future__ import annotations

import cmath
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from flambeau.dtype import bool_, dtype, finfo, iinfo, int64, promote_types
from flambeau.functional.comparison import isclose
from flambeau.functional.complex import complex as from_parts
from flambeau.tensor.creation import empty
from flambeau.tensor.data import tensor
from flambeau.tensor.tensor import Tensor

__all__ = ["assert_allclose", "assert_close", "make_tensor"]

# The kind of dtype: relative and absolute tolerance.
TOLERANCES = {
    "float16": (1e-3, 1e-5), "bfloat16": (1.6e-2, 1e-5), "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7), "complex64": (1.3e-6, 1e-5), "complex128": (1e-7, 1e-7)}
OLD_TOLERANCES = {"float16": (1e-3, 1e-3), "float32": (1e-4, 1e-5), "float64": (1e-5, 1e-8)}
SCALARS = {int: "int64", float: "float64", complex: "complex128"}


def _tolerances(names: list[str], table: dict[str, tuple[float, float]]) -> tuple[float, float]:
    """The loosest tolerances of some dtypes; those of integers are 0."""
    pairs = [table.get(name, (0.0, 0.0)) for name in names]
    return max(rtol for rtol, _ in pairs), max(atol for _, atol in pairs)


def _dtype_name(value: Any) -> str:
    if isinstance(value, Tensor):
        return str(value.dtype).rpartition(".")[2]
    return SCALARS[type(value)]


class _Comparison:
    """One call of `assert_close`: its settings, and the comparison of each kind of pair."""

    def __init__(self, rtol: float | None, atol: float | None, equal_nan: bool,
                 msg: str | Callable[[str], str] | None, checks: dict[str, bool],
                 allow_subclasses: bool) -> None:
        self.rtol, self.atol, self.equal_nan = rtol, atol, equal_nan
        self.msg, self.checks, self.allow_subclasses = msg, checks, allow_subclasses

    def fail(self, text: str, path: tuple[Any, ...],
             kind: type[Exception] = AssertionError) -> NoReturn:
        """Raise an error with the caller's message, or with this one and the item's place."""
        if isinstance(self.msg, str):
            raise kind(self.msg)
        if path:
            text += f"\n\nThe failure occurred for item {''.join(str([key]) for key in path)}"
        raise kind(self.msg(text) if self.msg else text)

    def compare(self, actual: Any, expected: Any, path: tuple[Any, ...] = ()) -> None:
        """Compare two values of any kind, containers item by item."""
        both = (actual, expected)
        if all(isinstance(x, Sequence) and not isinstance(x, str) for x in both):
            self.compare_sequences(actual, expected, path)
        elif all(isinstance(x, Mapping) for x in both):
            self.compare_mappings(actual, expected, path)
        elif actual is None or expected is None:
            if actual is not expected:
                self.fail(f"None mismatch: {actual} is not {expected}", path)
        elif all(isinstance(x, (bool, np.bool_)) for x in both):
            if bool(actual) is not bool(expected):
                self.fail(f"Booleans mismatch: {bool(actual)} is not {bool(expected)}", path)
        elif all(isinstance(x, (int, float, complex, np.number)) for x in both):
            self.compare_numbers(actual, expected, path)
        elif all(isinstance(x, (Tensor, np.ndarray)) for x in both) and (
                self.allow_subclasses or type(actual) is type(expected)):
            first, second = (x if isinstance(x, Tensor) else tensor(x) for x in both)
            self.compare_tensors(first, second, path)
        else:
            self.fail("No comparison pair was able to handle inputs of type "
                      f"{type(actual)} and {type(expected)}.", path, TypeError)

    def compare_sequences(self, actual: Sequence[Any], expected: Sequence[Any],
                          path: tuple[Any, ...]) -> None:
        """Compare two sequences item by item."""
        if len(actual) != len(expected):
            self.fail(f"The length of the sequences mismatch: {len(actual)} != {len(expected)}",
                      path)
        for index, pair in enumerate(zip(actual, expected, strict=True)):
            self.compare(pair[0], pair[1], (*path, index))

    def compare_mappings(self, actual: Mapping[Any, Any], expected: Mapping[Any, Any],
                         path: tuple[Any, ...]) -> None:
        """Compare two mappings key by key."""
        missing = _sorted(set(expected) - set(actual))
        added = _sorted(set(actual) - set(expected))
        if missing or added:
            self.fail("The keys of the mappings do not match:\n"
                      f"Missing keys in the actual mapping: {missing}\n"
                      f"Additional keys in the actual mapping: {added}", path)
        for key in _sorted(set(actual)):
            self.compare(actual[key], expected[key], (*path, key))

    def limits(self, actual: Any, expected: Any, path: tuple[Any, ...]) -> tuple[float, float]:
        """The tolerances of a pair: the caller's, or those of its dtypes."""
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        if self.rtol is not None or self.atol is not None:
            self.fail("Both 'rtol' and 'atol' must be either specified or omitted, but got no "
                      f"{'rtol' if self.rtol is None else 'atol'}.", path, ValueError)
        return _tolerances([_dtype_name(actual), _dtype_name(expected)], TOLERANCES)

    def compare_numbers(self, actual: Any, expected: Any, path: tuple[Any, ...]) -> None:
        """Compare two numbers of Python or NumPy."""
        first, second = (x.item() if isinstance(x, np.number) else x for x in (actual, expected))
        if self.checks["dtype"] and type(first) is not type(second):
            self.fail(f"The (d)types do not match: {type(first)} != {type(second)}.", path)
        self.check_numbers(first, second, self.limits(first, second, path), path)

    def check_numbers(self, actual: Any, expected: Any, limits: tuple[float, float],
                      path: tuple[Any, ...]) -> None:
        """Fail where two plain numbers differ by more than the tolerances."""
        rtol, atol = limits
        if actual == expected or self.equal_nan and cmath.isnan(actual) and cmath.isnan(expected):
            return
        difference = abs(actual - expected)
        if cmath.isfinite(difference) and difference <= atol + rtol * abs(expected):
            return
        relative = float("inf") if expected == 0 else difference / abs(expected)
        allowed = ["", ""] if rtol == atol == 0 else [
            f" (up to {limit} allowed)" for limit in (atol, rtol)]
        self.fail(f"Scalars are not {'close' if allowed[0] else 'equal'}!\n\n"
                  f"Expected {expected} but got {actual}.\n"
                  f"Absolute difference: {difference}{allowed[0]}\n"
                  f"Relative difference: {relative}{allowed[1]}", path)

    def compare_tensors(self, actual: Tensor, expected: Tensor, path: tuple[Any, ...]) -> None:
        """Compare what the caller asks for, then the values."""
        attributes = {"shape": "shape", "layout": "layout", "device": "device", "dtype": "dtype",
                      "stride": "stride()"}
        for name, shown in attributes.items():
            values = [x.stride() if name == "stride" else getattr(x, name)
                      for x in (actual, expected)]
            if self.checks.get(name, True) and values[0] != values[1]:
                self.fail(f"The values for attribute '{shown}' do not match: "
                          f"{values[0]} != {values[1]}.", path)
        limits = self.limits(actual, expected, path)
        wide = [x.detach().to_dense() if x.is_sparse else x.detach() for x in (actual, expected)]
        common = promote_types(wide[0].dtype, wide[1].dtype)
        wide = [x.to(common) for x in wide]
        first, second = wide
        matches = isclose(first, second, rtol=limits[0], atol=limits[1], equal_nan=self.equal_nan)
        if bool(matches.all()):
            return
        if not actual.shape:
            self.check_numbers(wide[0].item(), wide[1].item(), limits, path)
        self.fail(_difference(first, second, matches, limits), path)


def _difference(actual: Tensor, expected: Tensor, matches: Tensor,
                limits: tuple[float, float]) -> str:
    """How many elements differ, by how much at most, and where."""
    if not actual.dtype.is_floating_point and not actual.dtype.is_complex:
        actual, expected = actual.to(int64), expected.to(int64)
    absolute = (actual - expected).abs().masked_fill(matches, 0)
    relative = (absolute / expected.abs()).masked_fill(matches, 0)
    total, wrong = matches.numel(), int((~matches).sum())
    rtol, atol = limits
    equality = rtol == atol == 0
    lines = [f"Tensor-likes are not {'equal' if equality else 'close'}!", "",
             f"Mismatched elements: {wrong} / {total} ({wrong / total:.1%})"]
    for name, values, limit in [("absolute", absolute, atol), ("relative", relative, rtol)]:
        greatest, flat = values.flatten().max(0)
        place = tuple(int(i) for i in np.unravel_index(int(flat), tuple(matches.shape)))
        allowed = "" if equality else f" (up to {limit} allowed)"
        lines.append(f"Greatest {name} difference: {greatest.item()} at index {place}{allowed}")
    return "\n".join(lines)


def _sorted(keys: set[Any]) -> list[Any]:
    """Keys in order where they have one."""
    try:
        return sorted(keys)
    except TypeError:
        return list(keys)


def assert_close(
    actual: Any, expected: Any, *, allow_subclasses: bool = True, rtol: float | None = None,
    atol: float | None = None, equal_nan: bool = False, check_device: bool = True,
    check_dtype: bool = True, check_layout: bool = True, check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Raise unless two values agree: |actual - expected| <= atol + rtol |expected|.

    Args:
        actual: a tensor, an array, a number, None, or a list, tuple or dict of such.
        expected: the same.
        allow_subclasses: False asks for tensors of the same class.
        rtol: relative tolerance; None: 1.3e-6 for float32, 1e-7 for float64, 0 for integers.
        atol: absolute tolerance; None: 1e-5 for float32, 1e-7 for float64, 0 for integers.
        equal_nan: whether NaN equals NaN.
        check_device: whether the devices must be the same.
        check_dtype: whether the dtypes must be the same.
        check_layout: whether the layouts must be the same.
        check_stride: whether the strides must be the same.
        msg: the error's text, or a function of the usual text.

    Raises:
        AssertionError: where they disagree.
        TypeError: for values of other kinds.
        ValueError: where only one of the tolerances is given.

    Example:
        >>> import flambeau as torch
        >>> torch.testing.assert_close(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.5]))
        Traceback (most recent call last):
            ...
        AssertionError: Tensor-likes are not close!
        <BLANKLINE>
        Mismatched elements: 1 / 2 (50.0%)
        Greatest absolute difference: 0.5 at index (1,) (up to 1e-05 allowed)
        Greatest relative difference: 0.20000000298023224 at index (1,) (up to 1.3e-06 allowed)

    Source: torch.testing.assert_close
    """
    checks = {"device": check_device, "dtype": check_dtype, "layout": check_layout,
              "stride": check_stride}
    _Comparison(rtol, atol, equal_nan, msg, checks, allow_subclasses).compare(actual, expected)


def assert_allclose(actual: Any, expected: Any, rtol: float | None = None,
                    atol: float | None = None, equal_nan: bool = True, msg: str = "") -> None:
    """The older `assert_close`: looser tolerances, any dtypes, NaN equals NaN.

    Args:
        actual: a tensor, or what makes one.
        expected: the same.
        rtol: relative tolerance; None: that of the dtypes.
        atol: absolute tolerance; None: that of the dtypes.
        equal_nan: whether NaN equals NaN.
        msg: the error's text.

    Raises:
        AssertionError: where they disagree.

    Example:
        >>> import warnings
        >>> import flambeau as torch
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     torch.testing.assert_allclose(torch.tensor([1.0]), [1.00001])

    Source: torch.testing.assert_allclose
    """
    warnings.warn("`torch.testing.assert_allclose()` is deprecated since 1.12 and will be removed "
                  "in a future release. Please use `torch.testing.assert_close()` instead.",
                  FutureWarning, stacklevel=2)
    first = actual if isinstance(actual, Tensor) else tensor(actual)
    second = expected if isinstance(expected, Tensor) else tensor(expected, dtype=first.dtype)
    if rtol is None and atol is None:
        rtol, atol = _tolerances([_dtype_name(first), _dtype_name(second)], OLD_TOLERANCES)
    assert_close(first, second, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False,
                 msg=msg or None)


def make_tensor(
    *shape: Any, dtype: dtype, device: Any = "cpu", low: float | None = None,
    high: float | None = None, requires_grad: bool = False, noncontiguous: bool = False,
    exclude_zero: bool = False, memory_format: Any = None,
) -> Tensor:
    """A tensor of uniform random values.

    Args:
        shape: sizes, or one tuple of them.
        dtype: dtype of the result.
        device: where it lies.
        low: least value; None: -9, or 0 for unsigned integers and truth values.
        high: bound above all values; None: 9 for floats, 10 for integers, 2 for truth values.
        requires_grad: whether gradients are kept.
        noncontiguous: True for every second element of a larger tensor.
        exclude_zero: True puts the least positive value in place of zeros.
        memory_format: order in memory.

    Returns:
        The tensor.

    Raises:
        ValueError: where `low` is not below `high`, or gradients are asked of integers.

    Example:
        >>> import flambeau as torch
        >>> torch.testing.make_tensor(2, 3, dtype=torch.int64, low=0, high=1)
        tensor([[0, 0, 0],
                [0, 0, 0]])

    Source: torch.testing.make_tensor
    """
    sizes = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], Sequence) else shape
    smooth = dtype.is_floating_point or dtype.is_complex
    if requires_grad and not smooth:
        raise ValueError("`requires_grad=True` is only supported for floating point and complex "
                         f"dtypes, but got dtype={dtype!r}")
    least, most = (0, 2) if dtype == bool_ else (
        (-9, 9) if smooth else (max(-9, iinfo(dtype).min), 10))
    low, high = least if low is None else low, most if high is None else high
    if low >= high:
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    full = (*sizes[:-1], 2 * sizes[-1]) if noncontiguous and sizes else sizes
    out = _uniform(full, dtype, low, high)
    if exclude_zero:
        out = out.masked_fill(out == 0, finfo(dtype).tiny if smooth else 1)
    if noncontiguous and sizes:
        out = out[..., ::2]
    if memory_format is not None:
        out = out.contiguous(memory_format=memory_format)
    return out.to(device).requires_grad_(requires_grad)


def _uniform(shape: tuple[int, ...], dtype: dtype, low: Any, high: Any) -> Tensor:
    """Uniform values between two bounds, of any dtype."""
    if dtype.is_complex:
        part = dtype.to_real()
        return from_parts(_uniform(shape, part, low, high), _uniform(shape, part, low, high))
    if dtype.is_floating_point:
        return empty(shape, dtype=dtype).uniform_(low, high)
    return empty(shape, dtype=int64).random_(int(low), int(high)).to(dtype)
