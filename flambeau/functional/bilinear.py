"""The map that is linear in each of two inputs."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.record import Value, op
from ..ops.contraction import dot
from ..ops.movement import expand, reshape
from ..ops.reduction import reduce_sum


def _check(a: Any, b: Any, weight: Any, bias: Any) -> None:
    if a.ndim != b.ndim:
        raise RuntimeError(
            f"bilinear(): input dimensions do not match: got {a.ndim} and {b.ndim}")
    for i, (n, m) in enumerate(zip(a.shape[:-1], b.shape[:-1], strict=True)):
        if n != m:
            raise RuntimeError("bilinear(): input batch dimensions do not match at dim "
                               f"{i}: got {n} and {m}")
    for x, number in ((a, 1), (b, 2)):
        if x.shape[-1] != weight.shape[number]:
            raise RuntimeError(f"bilinear(): input{number} size does not match weight size: got "
                               f"{x.shape[-1]} but expected {weight.shape[number]}")
    if bias is not None and bias.shape[0] != weight.shape[0]:
        raise RuntimeError("bilinear(): bias size does not match weight size: got "
                           f"{bias.shape[0]} but expected {weight.shape[0]}")


@op(grad=lambda specs, static: "ViewBackward0" if specs[3] is None else "AddBackward0")
def bilinear(input1: Value, input2: Value, weight: Value, bias: Value = None) -> Any:
    """x₁ᵀ A x₂ + b over the last dimensions of two inputs.

    Args:
        input1: (*, I).
        input2: (*, J), with the same leading dimensions.
        weight: (O, I, J), the A.
        bias: (O,). Default: None.

    Returns:
        (*, O).

    Raises:
        RuntimeError: where shapes do not fit.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.bilinear(torch.ones(1, 2), torch.ones(1, 3), torch.ones(4, 2, 3))
        tensor([[6., 6., 6., 6.]])

    Source: PyTorch, torch.nn.functional.bilinear.
    """
    _check(input1, input2, weight, bias)
    lead, (out, _, inner) = input1.shape[:-1], weight.shape
    n = math.prod(lead)
    left = dot(reshape(input1, shape=(n, input1.shape[-1])), weight, contract=((1,), (1,)),
               batch=((), ()))  # (n, O, J)
    right = expand(reshape(input2, shape=(n, 1, inner)), shape=(n, out, inner))
    y = reshape(reduce_sum(left * right, axes=(2,)), shape=(*lead, out))
    return y if bias is None else y + bias
