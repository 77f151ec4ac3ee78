"""The attribute `.grad`: what may be assigned to it, and the warning where it stays empty."""

from __future__ import annotations

from typing import Any

from ..dtype import scalar_name

INNER_GRADIENT = (
    "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad "
    "attribute won't be populated during autograd.backward(). If you indeed want the .grad field "
    "to be populated for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you "
    "access the non-leaf Tensor by mistake, make sure you access the leaf Tensor instead. See "
    "github.com/pytorch/pytorch/pull/30531 for more information.")

_CPP_NAMES = {
    "bool": "bool", "uint8": "unsigned char", "int8": "signed char", "int16": "short int",
    "int32": "int", "int64": "long int", "uint16": "short unsigned int", "uint32": "unsigned int",
    "uint64": "long unsigned int", "float16": "c10::Half", "bfloat16": "c10::BFloat16",
    "float32": "float", "float64": "double", "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>"}


def check_gradient(got: Any, have: Any) -> None:
    """Raise where a gradient of spec `got` may not become the `.grad` of a tensor of spec `have`.

    Raises:
        RuntimeError: for another dtype or shape.
    """
    if got.dtype is not have.dtype:
        raise RuntimeError(
            f"attempting to assign a gradient with dtype '{_CPP_NAMES[got.dtype.name]}' to a "
            f"tensor with grad_dtype '{scalar_name(have.dtype)}'. The gradient must match the "
            "tensor's grad_dtype (defaults to the tensor's dtype). You can set the tensor's "
            "grad_dtype attribute with a specific dtype, or None to allow any dtype. Set "
            "grad_dtype with caution. Diverging the dtypes of a tensor and its gradient may break "
            "downstream systems that assume they match.")
    if got.shape != have.shape:
        raise RuntimeError(
            f"attempting to assign a gradient of size '{list(got.shape)}' to a tensor of size "
            f"'{list(have.shape)}'. Please ensure that the gradient and the tensor are the same "
            "size")
