"""Spectral normalization by a hook before the forward pass (the old way)."""

from __future__ import annotations

from typing import Any

from flambeau.autograd import no_grad
from flambeau.nn.modules.module import Module
from flambeau.nn.parameter import Parameter, UninitializedParameter
from flambeau.nn.utils._norms import as_matrix, output_dim, power_iterations, random_direction
from flambeau.tensor.tensor import Tensor

__all__ = ["SpectralNorm", "remove_spectral_norm", "spectral_norm"]


class SpectralNorm:
    """The hook that divides a weight by its largest singular value before each forward pass.

    Args:
        name: name of the parameter. Default: "weight".
        n_power_iterations: iterations towards the singular vectors per pass. Default: 1.
        dim: the dimension that counts the outputs. Default: 0.
        eps: smallest length divided by. Default: 1e-12.

    Source: torch.nn.utils.spectral_norm.SpectralNorm
    """

    def __init__(self, name: str = "weight", n_power_iterations: int = 1, dim: int = 0,
                 eps: float = 1e-12) -> None:
        if n_power_iterations <= 0:
            raise ValueError("Expected n_power_iterations to be positive, but got "
                             f"n_power_iterations={n_power_iterations}")
        self.name = name
        self.dim = dim
        self.n_power_iterations = n_power_iterations
        self.eps = eps

    def compute_weight(self, module: Module, do_power_iteration: bool) -> Tensor:
        """The normalized weight; the singular vectors may take a step before."""
        weight: Tensor = getattr(module, f"{self.name}_orig")
        u, v = getattr(module, f"{self.name}_u"), getattr(module, f"{self.name}_v")
        matrix = as_matrix(weight, self.dim)
        if do_power_iteration:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    power_iterations(matrix.mT, v, u, 1, self.eps)
            u, v = u.clone(), v.clone()
        return weight / u.dot(matrix.mv(v))

    @staticmethod
    def apply(module: Module, name: str, n_power_iterations: int, dim: int,
              eps: float) -> SpectralNorm:
        """Replace a module's parameter by the original and the singular vectors."""
        for known in module._forward_pre_hooks.values():
            if isinstance(known, SpectralNorm) and known.name == name:
                raise RuntimeError("Cannot register two spectral_norm hooks on the same parameter "
                                   f"{name}")
        hook = SpectralNorm(name, n_power_iterations, dim, eps)
        weight: Any = module._parameters[name]
        if weight is None:
            raise ValueError("`SpectralNorm` cannot be applied as parameter "
                             f"`{name}` is None")
        if isinstance(weight, UninitializedParameter):
            raise ValueError("The module passed to `SpectralNorm` can't have uninitialized "
                             "parameters. Make sure to run the dummy forward before applying "
                             "spectral normalization")
        with no_grad():
            height, width = as_matrix(weight, dim).shape
            u = random_direction(weight, height, eps)
            v = random_direction(weight, width, eps)
        del module._parameters[name]
        module.register_parameter(f"{name}_orig", weight)
        setattr(module, name, weight.data)
        module.register_buffer(f"{name}_u", u)
        module.register_buffer(f"{name}_v", v)
        module.register_forward_pre_hook(hook)
        return hook

    def remove(self, module: Module) -> None:
        """Make the weight an ordinary parameter again."""
        with no_grad():
            weight = self.compute_weight(module, do_power_iteration=False)
        delattr(module, self.name)
        for suffix in ("_u", "_v", "_orig"):
            delattr(module, self.name + suffix)
        module.register_parameter(self.name, Parameter(weight.detach()))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, module.training))


def spectral_norm(module: Module, name: str = "weight", n_power_iterations: int = 1,
                  eps: float = 1e-12, dim: int | None = None) -> Module:
    """Divide a weight by its largest singular value before each forward pass.

    Args:
        module: the module.
        name: name of its parameter. Default: "weight".
        n_power_iterations: iterations towards the singular vectors per pass. Default: 1.
        eps: smallest length divided by. Default: 1e-12.
        dim: dimension that counts the outputs. Default: 1 for transposed convolutions, else 0.

    Returns:
        The module itself.

    Source: torch.nn.utils.spectral_norm
    """
    SpectralNorm.apply(module, name, n_power_iterations,
                       output_dim(module) if dim is None else dim, eps)
    return module


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Undo `spectral_norm`.

    Args:
        module: the module.
        name: name of its parameter. Default: "weight".

    Returns:
        The module itself.

    Raises:
        ValueError: where there is nothing to undo.

    Source: torch.nn.utils.remove_spectral_norm
    """
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, SpectralNorm) and hook.name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(f"spectral_norm of '{name}' not found in {module}")
