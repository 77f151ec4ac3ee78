"""Ready parametrizations: weight norm, spectral norm, orthogonal matrices."""

from __future__ import annotations

from typing import Any

from flambeau.autograd import no_grad
from flambeau.functional.joining import cat
from flambeau.functional.lu import geqrf
from flambeau.linalg import householder_product, matrix_exp, solve
from flambeau.nn.modules.module import Module
from flambeau.nn.utils._norms import (
    as_matrix,
    norm_except_dim,
    output_dim,
    power_iterations,
    random_direction,
    scaled,
)
from flambeau.nn.utils.parametrize import register_parametrization
from flambeau.random import randn
from flambeau.tensor.creation import eye, zeros_like
from flambeau.tensor.tensor import Tensor

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return scaled(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except_dim(weight, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int = 0) -> Module:
    """Parametrize a weight by its length and its direction, `w = g v / ||v||`.

    Args:
        module: the module.
        name: name of its parameter. Default: "weight".
        dim: dimension over which no norm is taken; None: one norm of all. Default: 0.

    Returns:
        The module itself; the originals are `parametrizations.NAME.original0` (g) and
        `original1` (v).

    Example:
        >>> import flambeau as torch
        >>> layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 3))
        >>> layer.parametrizations.weight.original0.shape
        torch.Size([3, 1])

    Source: torch.nn.utils.parametrizations.weight_norm
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def load_old(state: dict[str, Any], prefix: str, *others: Any) -> None:
        for old, new in (("g", "original0"), ("v", "original1")):
            key = f"{prefix}{name}_{old}"
            if key in state:
                state[f"{prefix}parametrizations.{name}.{new}"] = state.pop(key)

    module._register_load_state_dict_pre_hook(load_old)
    return module


class _SpectralNorm(Module):
    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0,
                 eps: float = 1e-12) -> None:
        super().__init__()
        count = weight.dim()
        if not -count <= dim < count:
            raise IndexError("Dimension out of range (expected to be in range of "
                             f"[-{count}, {count - 1}] but got {dim})")
        if n_power_iterations <= 0:
            raise ValueError("Expected n_power_iterations to be positive, but got "
                             f"n_power_iterations={n_power_iterations}")
        self.dim = dim if dim >= 0 else dim + count
        self.eps = eps
        if count > 1:
            self.n_power_iterations = n_power_iterations
            with no_grad():
                matrix = as_matrix(weight, self.dim)
                u = random_direction(matrix, matrix.shape[0], eps)
                v = random_direction(matrix, matrix.shape[1], eps)
                power_iterations(matrix, u, v, 15, eps)
            self.register_buffer("_u", u)
            self.register_buffer("_v", v)

    def forward(self, weight: Tensor) -> Tensor:
        if weight.dim() == 1:
            return weight / weight.norm().clamp_min(self.eps)
        matrix = as_matrix(weight, self.dim)
        u: Any = self._u
        v: Any = self._v
        if self.training:
            power_iterations(matrix, u, v, self.n_power_iterations, self.eps)
        u, v = u.clone(), v.clone()
        return weight / u.conj().dot(matrix.mv(v))

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def spectral_norm(module: Module, name: str = "weight", n_power_iterations: int = 1,
                  eps: float = 1e-12, dim: int | None = None) -> Module:
    """Parametrize a weight so that its largest singular value is about one.

    Args:
        module: the module.
        name: name of its parameter. Default: "weight".
        n_power_iterations: iterations towards the singular vectors per reading in training mode.
            Default: 1.
        eps: smallest length divided by. Default: 1e-12.
        dim: dimension that counts the outputs. Default: 1 for transposed convolutions, else 0.

    Returns:
        The module itself.

    Raises:
        ValueError: where the module has no such tensor.

    Example:
        >>> import flambeau as torch
        >>> layer = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(3, 3))
        >>> round(float(torch.linalg.matrix_norm(layer.weight, 2)), 2)
        1.0

    Source: torch.nn.utils.parametrizations.spectral_norm
    """
    weight = _tensor_of(module, name)
    part = _SpectralNorm(weight, n_power_iterations, output_dim(module) if dim is None else dim,
                         eps)
    return register_parametrization(module, name, part)


def _tensor_of(module: Module, name: str) -> Tensor:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return weight


def _nearest_orthogonal(matrix: Tensor) -> Tensor:
    """The orthogonal factor of a matrix, its signs such that an orthogonal one stays itself."""
    packed, tau = geqrf(matrix)
    factor: Tensor = householder_product(packed, tau)
    return factor * packed.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


def _is_orthogonal(matrix: Tensor) -> bool:
    rows, columns = matrix.shape[-2:]
    if rows < columns:
        matrix, rows, columns = matrix.mH, columns, rows
    unit = eye(columns, dtype=matrix.dtype)
    eps = 10.0 * rows * 2.0 ** (-23 if matrix.element_size() <= 4 else -52)
    return bool((matrix.mH @ matrix - unit).abs().max() <= eps)


class _Orthogonal(Module):
    base: Tensor

    def __init__(self, weight: Tensor, orthogonal_map: str, use_trivialization: bool) -> None:
        super().__init__()
        if weight.is_complex() and orthogonal_map == "householder":
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def _factor(self, x: Tensor, rows: int, columns: int) -> Tensor:
        if self.orthogonal_map == "householder":
            below = x.tril(diagonal=-1)
            tau = 2.0 / (1.0 + (below * below).sum(dim=-2))
            made: Tensor = householder_product(below, tau)
            return made * x.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)
        x = x.tril()
        if rows != columns:
            rest = x.new_zeros(rows, rows - columns).expand(*x.shape[:-2], -1, -1)
            x = cat([x, rest], dim=-1)
        skew = x - x.mH
        if self.orthogonal_map == "matrix_exp":
            factor: Tensor = matrix_exp(skew)
        else:
            unit = eye(rows, dtype=skew.dtype)
            factor = solve(unit - 0.5 * skew, unit + 0.5 * skew)
        return factor[..., :columns] if rows != columns else factor

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = x.shape[-2:]
        transposed = rows < columns
        if transposed:
            x, rows, columns = x.mT, columns, rows
        factor = self._factor(x, rows, columns)
        if "base" in self._buffers:
            factor = self.base @ factor
        return factor.mT if transposed else factor

    @no_grad()
    def right_inverse(self, value: Tensor) -> Tensor:
        if value.shape != self.shape:
            raise ValueError(f"Expected a matrix or batch of matrices of shape {self.shape}. "
                             f"Got a tensor of shape {value.shape}.")
        rows, columns = value.shape[-2:]
        transposed = rows < columns
        matrix = value.mT if transposed else value
        rows, columns = matrix.shape[-2:]
        if "base" in self._buffers:
            return self._trivialized(value, matrix, rows, columns)
        if self.orthogonal_map in ("cayley", "matrix_exp"):
            raise NotImplementedError("It is not possible to assign to the matrix exponential or "
                                      "the Cayley parametrizations when use_trivialization=False.")
        packed, tau = geqrf(matrix)
        signs = packed.diagonal(dim1=-2, dim2=-1)
        signs.sign_()
        signs[tau == 0.0] *= -1
        return packed.mT if transposed else packed

    def _trivialized(self, value: Tensor, matrix: Tensor, rows: int, columns: int) -> Tensor:
        if rows == columns:
            base = matrix.clone() if _is_orthogonal(matrix) else _nearest_orthogonal(matrix)
        else:
            rest = randn(*matrix.shape[:-2], rows, rows - columns, dtype=matrix.dtype)
            base = _nearest_orthogonal(cat([matrix, rest], dim=-1))
        self.base = base
        result: Tensor = zeros_like(value)
        result.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
        return result


def orthogonal(module: Module, name: str = "weight", orthogonal_map: str | None = None, *,
               use_trivialization: bool = True) -> Module:
    """Parametrize a matrix so that it is orthogonal (or has orthonormal rows or columns).

    Args:
        module: the module.
        name: name of its parameter. Default: "weight".
        orthogonal_map: "matrix_exp", "cayley" or "householder". Default: matrix_exp for square
            and complex matrices, otherwise householder.
        use_trivialization: keep an orthogonal base beside the parameter, so that any value can be
            assigned. Default: True.

    Returns:
        The module itself.

    Raises:
        ValueError: where the module has no such matrix, or the map is unknown.

    Example:
        >>> import flambeau as torch
        >>> layer = torch.nn.utils.parametrizations.orthogonal(torch.nn.Linear(3, 3))
        >>> bool(torch.dist(layer.weight.T @ layer.weight, torch.eye(3)) < 1e-5)
        True

    Source: torch.nn.utils.parametrizations.orthogonal
    """
    weight = _tensor_of(module, name)
    if weight.ndim < 2:
        raise ValueError("Expected a matrix or batch of matrices. "
                         f"Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        raise ValueError("orthogonal_map has to be one of \"matrix_exp\", \"cayley\", "
                         f"\"householder\". Got: {orthogonal_map}")
    part = _Orthogonal(weight, orthogonal_map, use_trivialization)
    return register_parametrization(module, name, part, unsafe=True)
