"""flambeau: a neural-network toolbox with PyTorch's interface, built from the tensor up."""

# ruff: noqa: A004
from math import e, inf, nan, pi

from . import autograd
from .autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .device import (
    channels_last,
    channels_last_3d,
    contiguous_format,
    device,
    get_default_device,
    jagged,
    layout,
    memory_format,
    preserve_format,
    qscheme,
    set_default_device,
    sparse_coo,
    sparse_csc,
    sparse_csr,
    strided,
)
from .dtype import (
    bfloat16,
    can_cast,
    cdouble,
    cfloat,
    complex64,
    complex128,
    double,
    dtype,
    finfo,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    long,
    promote_types,
    set_default_dtype,
    short,
    uint8,
    uint16,
    uint32,
    uint64,
)
from .dtype import bool_ as bool
from .dtype import float_ as float
from .dtype import int_ as int
from .functional.pointwise import add, exp, mul, sigmoid
from .functional.reduction import sum
from .functional.shape import transpose
from .tensor import Size, Tensor
from .tensor.printing import set_printoptions
from .version import __version__

newaxis = None
