"""The arithmetic that weight and spectral normalization share."""

from __future__ import annotations

from typing import Any

from flambeau.autograd import no_grad
from flambeau.functional.normalization import normalize
from flambeau.functional.sampling import normal_
from flambeau.linalg import vector_norm
from flambeau.nn.modules.conv import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from flambeau.nn.modules.module import Module
from flambeau.tensor.tensor import Tensor

__all__: list[str] = []


def norm_except_dim(v: Tensor, dim: int) -> Tensor:
    """The 2-norm over all dimensions but one (-1: over all)."""
    if dim == -1:
        total: Tensor = vector_norm(v)
        return total
    others = [d for d in range(v.dim()) if d != dim]
    result: Tensor = vector_norm(v, 2, others, keepdim=True) if others else v.abs()
    return result


def scaled(v: Tensor, g: Tensor, dim: int) -> Tensor:
    """`g v / ||v||`."""
    return v * (g / norm_except_dim(v, dim))


def output_dim(module: Module) -> int:
    """The dimension of the weight that counts the outputs."""
    transposed: Any = (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)
    return 1 if isinstance(module, transposed) else 0


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """The weight as a matrix whose rows are those of one dimension."""
    if dim != 0:
        weight = weight.permute(dim, *[d for d in range(weight.dim()) if d != dim])
    return weight.reshape(weight.shape[0], -1)


def random_direction(like: Tensor, size: int, eps: float) -> Tensor:
    """A random vector of length one."""
    made: Tensor = normalize(normal_(like.new_empty(size), 0, 1), dim=0, eps=eps)
    return made


def power_iterations(matrix: Tensor, u: Tensor, v: Tensor, steps: int, eps: float) -> None:
    """Turn u and v, in place, towards the first singular vectors of a matrix."""
    with no_grad():
        for _ in range(steps):
            u.copy_(normalize(matrix.mv(v), dim=0, eps=eps))
            v.copy_(normalize(matrix.mH.mv(u), dim=0, eps=eps))
