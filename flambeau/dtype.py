"""Scalar types: their NumPy counterparts, PyTorch's promotion rules and numeric limits."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

import numpy as np

BOOL, INTEGER, FLOATING, COMPLEX = range(4)  # categories, in the order of promotion


class dtype:
    """A scalar type; printed with PyTorch's spelling (`torch.float32`) so that output agrees."""

    __slots__ = ("_numpy", "category", "is_complex", "is_floating_point", "is_signed", "itemsize",
                 "name")
    by_name: ClassVar[dict[str, dtype]] = {}
    name: str
    category: int
    itemsize: int
    is_floating_point: bool
    is_complex: bool
    is_signed: bool
    _numpy: Any

    def __new__(cls) -> dtype:
        raise TypeError("cannot create 'torch.dtype' instances")

    @classmethod
    def _make(cls, name: str, category: int, itemsize: int, signed: bool = True) -> dtype:
        self = object.__new__(cls)
        self.name = name
        self.category = category
        self.itemsize = itemsize
        self.is_floating_point = category == FLOATING
        self.is_complex = category == COMPLEX
        self.is_signed = signed
        self._numpy = None if name == "bfloat16" else np.dtype(name)
        dtype.by_name[name] = self
        return self

    @property
    def numpy(self) -> np.dtype[Any]:
        """The NumPy dtype of the elements (bfloat16 comes from ml_dtypes, loaded on first use)."""
        if self._numpy is None:
            self._numpy = _load_bfloat16()
        return self._numpy

    @property
    def is_reduced(self) -> bool:
        """Whether arithmetic runs in float32 and is rounded at the end (float16, bfloat16)."""
        return self.name in ("float16", "bfloat16")

    def to_complex(self) -> dtype:
        """The complex type of this precision."""
        return complex128 if self in (float64, complex128) else complex64

    def to_real(self) -> dtype:
        """The real type of this precision."""
        return {complex64: float32, complex128: float64}.get(self, self)

    def __repr__(self) -> str:
        return "torch." + self.name

    def __reduce__(self) -> tuple[Any, ...]:
        return (_dtype_named, (self.name,))

    def __copy__(self) -> dtype:
        return self

    def __deepcopy__(self, memo: Any) -> dtype:
        return self


@cache
def _load_bfloat16() -> np.dtype[Any]:
    import ml_dtypes  # third party, loaded only where bfloat16 is used: it costs start-up time

    return np.dtype(ml_dtypes.bfloat16)


def _dtype_named(name: str) -> dtype:
    return dtype.by_name[name]


bool_ = dtype._make("bool", BOOL, 1, signed=False)
uint8 = dtype._make("uint8", INTEGER, 1, signed=False)
int8 = dtype._make("int8", INTEGER, 1)
int16 = dtype._make("int16", INTEGER, 2)
int32 = dtype._make("int32", INTEGER, 4)
int64 = dtype._make("int64", INTEGER, 8)
uint16 = dtype._make("uint16", INTEGER, 2, signed=False)
uint32 = dtype._make("uint32", INTEGER, 4, signed=False)
uint64 = dtype._make("uint64", INTEGER, 8, signed=False)
float16 = dtype._make("float16", FLOATING, 2)
bfloat16 = dtype._make("bfloat16", FLOATING, 2)
float32 = dtype._make("float32", FLOATING, 4)
float64 = dtype._make("float64", FLOATING, 8)
complex64 = dtype._make("complex64", COMPLEX, 8)
complex128 = dtype._make("complex128", COMPLEX, 16)
half, float_, double, cfloat, cdouble = float16, float32, float64, complex64, complex128
short, int_, long = int16, int32, int64

_BY_NUMPY: dict[Any, dtype] = {d._numpy: d for d in dtype.by_name.values() if d._numpy is not None}


def from_numpy_dtype(numpy_dtype: Any) -> dtype:
    """The dtype of a NumPy dtype.

    Raises:
        TypeError: for types that tensors cannot hold (strings, objects, …).
    """
    found = _BY_NUMPY.get(numpy_dtype)
    if found is None:
        native = np.dtype(numpy_dtype)
        if native.name == "bfloat16":
            return bfloat16
        found = _BY_NUMPY.get(native.newbyteorder("="))
    if found is None:
        raise TypeError(
            f"can't convert np.ndarray of type numpy.{np.dtype(numpy_dtype).type.__name__}. The "
            "only supported types are: float64, float32, float16, complex64, complex128, int64, "
            "int32, int16, int8, uint64, uint32, uint16, uint8, and bool.")
    return found


def python_dtype(kind: type) -> dtype:
    """The dtype that a Python number of type `kind` stands for (bool, int, float, complex)."""
    return {bool: bool_, int: int64, float: _default, complex: _default.to_complex()}[kind]


# ---- default dtype ------------------------------------------------------------------------------

_default = float32


def get_default_dtype() -> dtype:
    """The dtype of floating-point tensors made without one (float32 unless changed)."""
    return _default


def set_default_dtype(d: dtype) -> None:
    """Set the dtype of floating-point tensors made without one."""
    global _default
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError(
            "only floating-point types are supported as the default type" if isinstance(d, dtype)
            else "invalid dtype object: only floating-point types are supported as the default "
            "type")
    _default = d


# ---- promotion ----------------------------------------------------------------------------------

_LADDER = {d: i for i, d in enumerate((uint8, int8, int16, int32, int64))}
_BAREBONES = (uint16, uint32, uint64)


@cache
def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest dtype that holds values of both, by PyTorch's table."""
    a, b = sorted((type1, type2), key=lambda d: d.category)
    if a is b:
        return a
    if a.category < b.category:
        if b.category == COMPLEX and a is float64:
            return complex128
        return b
    if a.category == INTEGER:
        if a in _BAREBONES or b in _BAREBONES:
            names = [_SCALAR_NAMES[d.name] for d in (type1, type2)]
            raise RuntimeError("Promotion for uint16, uint32, uint64 types is not supported, "
                               f"attempted to promote {names[0]} and {names[1]}")
        if {a, b} == {uint8, int8}:
            return int16
        return a if _LADDER[a] > _LADDER[b] else b
    if a.category == FLOATING and a.itemsize == b.itemsize:
        return float32  # float16 with bfloat16
    return a if a.itemsize > b.itemsize else b


_SCALAR_NAMES = {
    "bool": "Bool", "uint8": "Byte", "int8": "Char", "int16": "Short", "int32": "Int",
    "int64": "Long", "uint16": "UInt16", "uint32": "UInt32", "uint64": "UInt64",
    "float16": "Half", "bfloat16": "BFloat16", "float32": "Float", "float64": "Double",
    "complex64": "ComplexFloat", "complex128": "ComplexDouble"}


def scalar_name(d: dtype) -> str:
    """PyTorch's C++ name of a dtype, as its error messages print it (`Float`, `Long`, …)."""
    return _SCALAR_NAMES[d.name]


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether a value of `from_` may be written into a tensor of `to` (categories may not fall)."""
    return from_.category <= to.category


def result_type_of(entries: list[tuple[dtype, int]]) -> dtype:
    """The promoted dtype of operands.

    Args:
        entries: pairs (dtype, priority): 2 for tensors with dimensions, 1 for 0-d tensors, 0 for
            Python numbers; a lower priority only counts where its category is higher.
    """
    best: dtype | None = None
    for priority in (2, 1, 0):
        group: dtype | None = None
        for d, p in entries:
            if p == priority:
                group = d if group is None else promote_types(group, d)
        if group is None:
            continue
        if best is None:
            best = group
        elif group.category > best.category:
            if group.category == COMPLEX and best.category == FLOATING:
                best = best.to_complex()
            else:
                best = group
    if best is None:
        raise ValueError("result_type needs at least one operand")
    return best


# ---- numeric limits -----------------------------------------------------------------------------

class finfo:
    """Limits of a floating-point dtype: `eps`, `max`, `min`, `tiny`, `resolution`, `bits`, …"""

    def __init__(self, type: dtype | None = None) -> None:
        d = _default if type is None else type
        if not isinstance(d, dtype) or d.category < FLOATING:
            raise TypeError(f"torch.finfo() requires a floating point input type. Use torch.iinfo "
                            f"to handle '{d!r}'")
        real = d.to_real()
        self.dtype = real.name
        self.bits = real.itemsize * 8
        if real is bfloat16:
            self.eps, self.max, self.tiny = 2.0**-7, (2 - 2.0**-7) * 2.0**127, 2.0**-126
            self.resolution = 0.01
        else:
            info = np.finfo(real.numpy)
            self.eps, self.max = float(info.eps), float(info.max)
            self.tiny, self.resolution = float(info.tiny), float(str(info.resolution))
        self.min = -self.max
        self.smallest_normal = self.tiny

    def __repr__(self) -> str:
        def short(v: float) -> str:
            return f"{v:g}"
        return (f"finfo(resolution={short(self.resolution)}, min={short(self.min)}, "
                f"max={short(self.max)}, eps={short(self.eps)}, "
                f"smallest_normal={short(self.smallest_normal)}, tiny={short(self.tiny)}, "
                f"dtype={self.dtype})")


class iinfo:
    """Limits of an integer dtype: `bits, max, min`."""

    def __init__(self, type: dtype) -> None:
        if not isinstance(type, dtype) or type.category != INTEGER:
            raise TypeError(f"torch.iinfo() requires an integer input type. Use torch.finfo to "
                            f"handle '{type!r}'")
        info = np.iinfo(type.numpy)
        self.dtype, self.bits = type.name, type.itemsize * 8
        self.min, self.max = int(info.min), int(info.max)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
