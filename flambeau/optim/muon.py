"""Muon: momentum made orthogonal, for the matrices of hidden layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..dtype import bfloat16, float32
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import reduction as rd
from ..ops.contraction import dot
from ..ops.define import Sym
from ..ops.movement import permute
from ..tensor import Tensor
from .optimizer import Group, ParamsT
from .options import number
from .plan import Cohort
from .rule import RuleOptimizer, Settings

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)


class Muon(RuleOptimizer):
    r"""Muon: the step is the momentum with its singular values brought near 1.

    b ← μ b + (1 - μ) g;  u = g + μ (b - g) with Nesterov's momentum, else b;
    p ← (1 - γ λ) p - γ r O(u). O is a Newton-Schulz iteration X ← a X + (b S + c S²) X, S = X Xᵀ,
    in bfloat16; r makes up for the shape (m, n) of the matrix.

    Args:
        params: parameters or parameter groups; matrices only.
        lr: γ. Default: 1e-3.
        weight_decay: λ. Default: 0.1.
        momentum: μ. Default: 0.95.
        nesterov: look ahead along the momentum. Default: True.
        ns_coefficients: (a, b, c). Default: (3.4445, -4.7750, 2.0315).
        eps: smallest norm to divide by. Default: 1e-7.
        ns_steps: iterations, fewer than 100. Default: 5.
        adjust_lr_fn: "original" (also None): r = √max(1, m / n); "match_rms_adamw":
            r = 0.2 √max(m, n).

    Raises:
        ValueError: for options out of range, or parameters that are no matrices.

    Example:
        >>> import flambeau as torch
        >>> weight = torch.zeros(2, 2, requires_grad=True)
        >>> optimizer = torch.optim.Muon([weight], lr=0.5)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> bool((weight < 0).all())
        True

    Source: Jordan et al., 2024, kellerjordan.github.io/posts/muon; torch.optim.Muon
    """

    counters = ()
    supports_complex = False

    def __init__(self, params: ParamsT, lr: float = 1e-3, weight_decay: float = 0.1,
                 momentum: float = 0.95, nesterov: bool = True,
                 ns_coefficients: tuple[float, float, float] = _COEFFICIENTS, eps: float = 1e-7,
                 ns_steps: int = 5, adjust_lr_fn: str | None = None) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if not 0.0 <= lr:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not 0.0 <= momentum:
            raise ValueError(f"momentum should be >= 0 but is: {momentum}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"weight decay should be >= 0 but is: {weight_decay}")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        super().__init__(params, {
            "lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov,
            "ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn})
        for group in self.param_groups:
            for p in group["params"]:
                if p.ndim != 2:
                    raise ValueError("Muon only supports 2D parameters whereas we found a "
                                     f"parameter with size: {p.size()}")

    def check(self, group: Group, param: Any) -> None:
        super().check(group, param)
        if param._grad.ndim != 2:
            raise ValueError("Param gradient must be a 2D matrix")
        if group["ns_steps"] >= 100:
            raise ValueError("Number of steps must be less than 100 for computational efficiency")
        if len(group["ns_coefficients"]) != 3:
            raise ValueError("Coefficients must be a tuple of exactly 3 values")

    def states(self, group: Group, param: Any) -> tuple[str, ...]:
        return ("momentum_buffer",)

    def settings(self, cohort: Cohort) -> Settings:
        group = cohort.group
        lr, momentum = number(group["lr"], {}), group["momentum"]
        return (bool(group["nesterov"]), group["ns_steps"], group["adjust_lr_fn"]), (
            lr, 1 - lr * group["weight_decay"], momentum, 1 - momentum, group["eps"],
            *group["ns_coefficients"])

    @staticmethod
    def rule(flags: Any, param: Sym, grad: Sym, states: Sequence[Sym],
             coefficients: Sequence[Sym]) -> tuple[Sym, ...]:
        nesterov, steps, adjustment = flags
        lr, decay, momentum, toward, eps, *polynomial = coefficients
        buffer = states[0] + (grad - states[0]) * toward
        direction = grad + (buffer - grad) * momentum if nesterov else buffer
        update = ar.astype(_orthogonal(direction, eps, polynomial, steps), param.dtype)
        return param * decay - update * (lr * _adjusted(param.shape, adjustment)), buffer


def _adjusted(shape: tuple[int, ...], how: str | None) -> float:
    rows, columns = shape
    if how == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1, rows / columns))


def _rounded(x: Sym) -> Sym:
    """float32 values that bfloat16 can hold; products of them are summed in float32."""
    out: Sym = ew.cast(ew.cast(x, dtype=bfloat16), dtype=float32)
    return out


def _product(a: Sym, b: Sym, transposed: bool = False) -> Sym:
    out: Sym = dot(a, b, contract=((1,), (1 if transposed else 0,)), batch=((), ()))
    return out


def _orthogonal(x: Sym, eps: Sym, polynomial: Sequence[Sym], steps: int) -> Sym:
    """Newton-Schulz iteration towards the orthogonal factor of a matrix."""
    tall = x.shape[0] > x.shape[1]
    a, b, c = (ar.astype(k, float32) for k in polynomial)
    x = _rounded(permute(x, dims=(1, 0)) if tall else x)
    norm = _rounded(ew.sqrt(rd.reduce_sum(x * x, axes=(0, 1))))
    x = _rounded(x / ew.maximum(norm, _rounded(eps)))
    for _ in range(steps):
        gram = _rounded(_product(x, x, transposed=True))
        update = _rounded(gram * b + _product(gram, gram) * c)
        x = _rounded(x * a + _product(update, x))
    out: Sym = permute(x, dims=(1, 0)) if tall else x
    return out
