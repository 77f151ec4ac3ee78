"""The printed form of tensors, equal to PyTorch's to the character.

Only the elements that will be shown are read. They become texts of one width (for complex numbers
the two parts are treated apart), and these cells are folded into nested, wrapped brackets.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Array: TypeAlias = "NDArray[Any]"
Cells = tuple[list[str], int]  # the texts in row-major order, and the width that a line reserves


@dataclass
class PrintOptions:
    """How numbers and brackets are written.

    Args:
        precision: digits after the decimal point of floating-point numbers.
        threshold: element count above which only the edges of the tensor are shown.
        edgeitems: entries shown at each end of a shortened dimension.
        linewidth: columns per line.
        sci_mode: scientific notation always (True), never (False), or by magnitude (None).

    Example:
        >>> PrintOptions().linewidth
        80

    Source: PyTorch page ``torch.set_printoptions``.
    """

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


PROFILES = {
    "default": PrintOptions(),
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=math.inf),
}

_options = PrintOptions()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Change how tensors are printed from now on.

    Args:
        precision, threshold, edgeitems, linewidth: see :class:`PrintOptions`; None keeps the
            present value.
        profile: ``"default"``, ``"short"`` or ``"full"``, applied before the other arguments;
            as in PyTorch, an unknown name changes nothing.
        sci_mode: see :class:`PrintOptions`; unlike the others it is reset to None when left out.

    Example:
        >>> set_printoptions(precision=2)
        >>> format_array(np.array([0.12345]), dtype_name="float64", indent=7)
        '[0.12]'
        >>> set_printoptions(profile="default")

    Source: PyTorch page ``torch.set_printoptions``.
    """
    changes: dict[str, Any] = {}
    if profile in PROFILES:
        changes.update(asdict(PROFILES[profile]))
    given = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    changes.update({name: value for name, value in given.items() if value is not None})
    changes["sci_mode"] = sci_mode
    for name, value in changes.items():
        setattr(_options, name, value)


def get_printoptions() -> dict[str, Any]:
    """Return the present print options as arguments for :func:`set_printoptions`.

    Returns:
        A new dictionary, one entry per field of :class:`PrintOptions`.

    Example:
        >>> get_printoptions()["edgeitems"]
        3

    Source: PyTorch page ``torch.get_printoptions``.
    """
    return asdict(_options)


@contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """Change the print options inside a ``with`` block and restore them after it.

    Args:
        options: the arguments of :func:`set_printoptions`.

    Example:
        >>> with printoptions(precision=1):
        ...     format_array(np.array([0.25, 1.5]), dtype_name="float64", indent=7)
        '[0.2, 1.5]'

    Source: PyTorch source, ``torch._tensor_str.printoptions``.
    """
    before = get_printoptions()
    set_printoptions(**options)
    try:
        yield
    finally:
        set_printoptions(**before)


def format_array(array: Array, *, dtype_name: str, indent: int) -> str:
    """Write the numbers of an array in nested brackets.

    Args:
        array: values of any shape; bfloat16 as ml_dtypes' type or already as float32.
        dtype_name: the tensor's dtype without prefix, for example ``"float32"``.
        indent: columns before the first bracket, which set where later lines start.

    Returns:
        The text, with ``...`` for what is left out above the threshold.

    Example:
        >>> format_array(np.eye(2), dtype_name="float64", indent=7)
        '[[1., 0.],\\n        [0., 1.]]'

    Source: PyTorch page ``torch.set_printoptions``.
    """
    if array.size == 0:
        return "[]"
    shortened = array.ndim > 0 and array.size > _options.threshold
    if shortened and _options.edgeitems == 0:
        return "[...]"
    cut = tuple(shortened and size > 2 * _options.edgeitems for size in array.shape)
    shown = _edges(array, cut) if any(cut) else array
    cells, width = _cells(shown.reshape(-1), dtype_name)
    if array.ndim == 0:
        return cells[0]
    return _nested(cells, width, shown.shape, cut, indent)


def _edges(array: Array, cut: tuple[bool, ...]) -> Array:
    """Gather the entries at both ends of every cut dimension, reading nothing else."""
    ends = _options.edgeitems
    kept = [
        np.r_[0:ends, size - ends : size] if short else np.arange(size)
        for size, short in zip(array.shape, cut, strict=True)
    ]
    gathered: Array = array[np.ix_(*kept)]
    return gathered


def _cells(values: Array, dtype_name: str) -> Cells:
    """Write flat values as texts of one width, with the rule of their kind of number."""
    if dtype_name.startswith("complex"):
        return _complex_cells(values)
    if dtype_name.startswith(("float", "bfloat")):
        return _float_cells(values)
    return _padded([str(value) for value in values.tolist()])


def _padded(texts: list[str], measured: Sequence[bool] | None = None) -> Cells:
    """Right-align texts to the longest measured one (all are measured by default)."""
    if measured is None:
        lengths = [len(text) for text in texts]
    else:
        lengths = [len(text) for text, counts in zip(texts, measured, strict=True) if counts]
    width = max(lengths, default=1)
    return [text.rjust(width) for text in texts], width


def _float_cells(values: Array) -> Cells:
    """Write floats; zeros, infinities and NaN never widen a column."""
    with np.errstate(invalid="ignore"):  # widening a signalling NaN
        numbers = np.asarray(values, dtype=np.float64)
    ordinary = np.isfinite(numbers) & (numbers != 0)
    write = _float_writer(numbers[ordinary])
    return _padded([write(number) for number in numbers.tolist()], ordinary.tolist())


def _float_writer(ordinary: NDArray[np.float64]) -> Callable[[float], str]:
    """Choose the notation for a column from its finite, nonzero numbers."""
    if ordinary.size == 0:
        return _write_whole
    if _is_scientific(ordinary):
        return f"{{:.{_options.precision}e}}".format
    if np.array_equal(ordinary, np.ceil(ordinary)):
        return _write_whole
    return f"{{:.{_options.precision}f}}".format


def _is_scientific(ordinary: NDArray[np.float64]) -> bool:
    """Tell whether fixed-point notation would lose digits or grow too wide."""
    if _options.sci_mode is not None:
        return bool(_options.sci_mode)
    magnitudes = np.abs(ordinary)
    # Python floats: a quotient beyond the largest double is inf, without NumPy's warning.
    smallest, largest = float(magnitudes.min()), float(magnitudes.max())
    return largest / smallest > 1e3 or largest > 1e8 or smallest < 1e-4


def _write_whole(number: float) -> str:
    """Write a float without fraction; the trailing point shows that it is a float."""
    return f"{number:.0f}." if math.isfinite(number) else f"{number:.0f}"


def _complex_cells(values: Array) -> Cells:
    """Write complex numbers; real and imaginary parts choose their notation separately."""
    real, real_width = _float_cells(values.real)
    imaginary, imaginary_width = _float_cells(values.imag)
    texts = []
    for left, right in zip(real, imaginary, strict=True):
        right = right.lstrip()
        sign = "" if right.startswith("-") else "+"
        texts.append(f"{left}{sign}{right}j")
    return texts, real_width + imaginary_width + 1


def _nested(
    cells: Sequence[str], width: int, shape: Sequence[int], cut: Sequence[bool], indent: int
) -> str:
    """Fold row-major cells into brackets, one level per dimension."""
    if len(shape) == 1:
        return _row(cells, width, cut[0], indent)
    step = len(cells) // shape[0]
    blocks = [
        _nested(cells[start : start + step], width, shape[1:], cut[1:], indent + 1)
        for start in range(0, len(cells), step)
    ]
    if cut[0]:
        blocks.insert(_options.edgeitems, "...")
    separator = "," + "\n" * (len(shape) - 1) + " " * (indent + 1)
    return "[" + separator.join(blocks) + "]"


def _row(cells: Sequence[str], width: int, cut: bool, indent: int) -> str:
    """Write the innermost dimension, broken into lines that fit."""
    entries = list(cells)
    if cut:
        entries.insert(_options.edgeitems, " ...")
    per_line = max(1, (_options.linewidth - indent) // (width + len(", ")))
    lines = [
        ", ".join(entries[start : start + per_line]) for start in range(0, len(entries), per_line)
    ]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def is_implied_dtype(dtype_name: str, default_dtype_name: str) -> bool:
    """Tell whether a floating or complex dtype is the one that a reader assumes.

    Args:
        dtype_name: the tensor's dtype without prefix.
        default_dtype_name: the default floating dtype without prefix.

    Returns:
        True for the default dtype and for its complex counterpart, which is complex64 unless the
        default is float64.

    Example:
        >>> is_implied_dtype("complex64", "float32"), is_implied_dtype("float64", "float32")
        (True, False)

    Source: PyTorch page ``torch.set_default_dtype``.
    """
    counterpart = "complex128" if default_dtype_name == "float64" else "complex64"
    return dtype_name in (default_dtype_name, counterpart)


def tensor_text(
    array: Array | None,
    *,
    dtype_name: str,
    shape: Sequence[int],
    is_default_dtype: bool,
    prefix: str = "tensor(",
    requires_grad: bool = False,
    grad_fn_name: str | None = None,
    device: str | None = None,
    tangent: str | None = None,
) -> str:
    """Write a dense tensor as ``repr`` and ``str`` show it.

    Args:
        array: the values, or None for a tensor without data (the meta device).
        dtype_name: the tensor's dtype without prefix, for example ``"float32"``.
        shape: the tensor's shape.
        is_default_dtype: the answer of :func:`is_implied_dtype`.
        prefix: what opens the text; subclasses put their name before the parenthesis.
        requires_grad: whether a leaf asks for gradients.
        grad_fn_name: class name of the node that made the tensor, if there is one.
        device: the device where it is not the default one.
        tangent: the text of its tangent, inside a level of forward mode.

    Returns:
        The whole text, wrapped at the line width.

    Example:
        >>> tensor_text(np.float32([1, 2]), dtype_name="float32", shape=(2,),
        ...             is_default_dtype=True, grad_fn_name="AddBackward0")
        'tensor([1., 2.], grad_fn=<AddBackward0>)'

    Source: PyTorch page ``torch.Tensor``.
    """
    empty = array is not None and array.size == 0
    if array is None or empty:
        # Without elements nothing hints at integers or complex numbers, so only floats go unnamed.
        dtype_is_clear = is_default_dtype and not dtype_name.startswith("complex")
        show_size = not empty or len(shape) != 1
    else:
        dtype_is_clear = is_default_dtype or dtype_name in ("int64", "bool")
        show_size = _options.edgeitems == 0
    suffixes = [] if device is None else [f"device='{device}'"]
    if show_size:
        suffixes.append(_size(shape))
    if not dtype_is_clear:
        suffixes.append(f"dtype=torch.{dtype_name}")
    suffixes += _gradient_suffixes(requires_grad, grad_fn_name)
    suffixes += [] if tangent is None else [f"tangent={tangent}"]
    indent = len(prefix)
    body = "..." if array is None else format_array(array, dtype_name=dtype_name, indent=indent)
    return _closed(prefix + body, suffixes, indent)


def sparse_coo_text(
    indices: Array,
    values: Array,
    *,
    dtype_name: str,
    shape: Sequence[int],
    is_default_dtype: bool,
    prefix: str = "tensor(",
    requires_grad: bool = False,
    grad_fn_name: str | None = None,
    device: str | None = None,
) -> str:
    """Write a sparse tensor in coordinate format as ``repr`` and ``str`` show it.

    Args:
        indices: coordinates, int64 of shape (sparse dimensions, stored entries).
        values: the stored entries, shape (stored entries, dense dimensions...).
        dtype_name: dtype of the values without prefix.
        shape: shape of the whole tensor.
        is_default_dtype, prefix, requires_grad, grad_fn_name, device: as for :func:`tensor_text`.

    Returns:
        The whole text; size, count and layout start on a line of their own.

    Example:
        >>> print(sparse_coo_text(np.array([[0, 2]]), np.float32([3, 4]), dtype_name="float32",
        ...                       shape=(3,), is_default_dtype=True))
        tensor(indices=tensor([[0, 2]]),
               values=tensor([3., 4.]),
               size=(3,), nnz=2, layout=torch.sparse_coo)

    Source: PyTorch page ``torch.sparse``.
    """
    indent = len(prefix)
    suffixes = [] if device is None else [f"device='{device}'"]
    suffixes += [_size(shape), f"nnz={len(values)}"]
    if not (is_default_dtype or dtype_name in ("int64", "bool")):
        suffixes.append(f"dtype=torch.{dtype_name}")
    suffixes.append("layout=torch.sparse_coo")
    suffixes += _gradient_suffixes(requires_grad, grad_fn_name)
    parts = [
        _labelled("indices=tensor(", indices, "int64", indent),
        _labelled("values=tensor(", values, dtype_name, indent),
    ]
    body = (",\n" + " " * indent).join(parts)
    return _closed(prefix + body, suffixes, indent, break_first=True)


def format_spec(owner: object, spec: str, *, item: Callable[[], object] | None) -> str:
    """Format a tensor for ``format`` and f-strings.

    Args:
        owner: the tensor itself.
        spec: the format specification.
        item: reads the Python number of a 0-d tensor; None for every other tensor, for tensors
            without data and for subclasses.

    Returns:
        The formatted number, or ``str(owner)`` where there is no single number.

    Raises:
        TypeError: a specification is given and there is no single number to apply it to.

    Example:
        >>> format_spec("a 0-d tensor", ".2f", item=lambda: 3.14159)
        '3.14'

    Source: PyTorch source, ``torch.Tensor.__format__``.
    """
    if item is None:
        return object.__format__(owner, spec)
    return format(item(), spec)


def _labelled(label: str, array: Array, dtype_name: str, indent: int) -> str:
    text = format_array(array, dtype_name=dtype_name, indent=indent + len(label))
    size = f", {_size(array.shape)}" if array.size == 0 else ""
    return f"{label}{text}{size})"


def _size(shape: Sequence[int]) -> str:
    return f"size={tuple(int(length) for length in shape)}"


def _gradient_suffixes(requires_grad: bool, grad_fn_name: str | None) -> list[str]:
    if grad_fn_name is not None:
        return [f"grad_fn=<{grad_fn_name}>"]
    return ["requires_grad=True"] if requires_grad else []


def _closed(text: str, suffixes: Sequence[str], indent: int, *, break_first: bool = False) -> str:
    """Append the suffixes, each on the present line where it fits, and the parenthesis."""
    # PyTorch takes the last line of the numbers for two columns longer than it is.
    used = len(text) - text.rfind("\n") + 1
    for position, suffix in enumerate(suffixes):
        extended = used + len(suffix) + len(", ")
        if extended > _options.linewidth or (break_first and position == 0):
            text += ",\n" + " " * indent + suffix
            used = indent + len(suffix)
        else:
            text += ", " + suffix
            used = extended
    return text + ")"
