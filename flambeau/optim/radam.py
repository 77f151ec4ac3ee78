"""RAdam: Adam that rectifies the variance of its first steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ops import elementwise as ew
from ..ops.define import Sym
from ..tensor import Tensor
from .optimizer import Group, ParamsT
from .options import check_at_least_zero, check_betas, check_lr, number
from .plan import Cohort
from .rule import RuleOptimizer, Settings


class RAdam(RuleOptimizer):
    r"""Rectified Adam.

    m, v as in Adam;  ρ∞ = 2 / (1 - β₂) - 1;  ρₜ = ρ∞ - 2 t β₂ᵗ / (1 - β₂ᵗ). Where ρₜ > 5:
    p ← p - γ rₜ m / (1 - β₁ᵗ) √(1 - β₂ᵗ) / (√v + ε) with
    rₜ² = (ρₜ - 4)(ρₜ - 2) ρ∞ / ((ρ∞ - 4)(ρ∞ - 2) ρₜ); before, p ← p - γ m / (1 - β₁ᵗ).

    Args:
        params: parameters or parameter groups.
        lr: γ. Default: 1e-3.
        betas: (β₁, β₂). Default: (0.9, 0.999).
        eps: ε. Default: 1e-8.
        weight_decay: λ; g ← g + λ p. Default: 0.
        decoupled_weight_decay: p ← p - γ λ p instead. Default: False.
        foreach, capturable: accepted; every step is one pass over all parameters.
        maximize: ascend instead. Default: False.
        differentiable: let autograd record the step. Default: False.

    Raises:
        ValueError: for options out of range.

    Example:
        >>> import flambeau as torch
        >>> weight = torch.zeros(2, requires_grad=True)
        >>> optimizer = torch.optim.RAdam([weight], lr=0.5)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([-0.5000, -0.5000], requires_grad=True)

    Source: Liu et al., 2020; torch.optim.RAdam
    """

    option_defaults = {"foreach": None, "maximize": False, "differentiable": False,
                       "decoupled_weight_decay": False, "capturable": False}

    def __init__(self, params: ParamsT, lr: float | Tensor = 1e-3,
                 betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, decoupled_weight_decay: bool = False, *,
                 foreach: bool | None = None, maximize: bool = False, capturable: bool = False,
                 differentiable: bool = False) -> None:
        check_lr(lr)
        check_at_least_zero(eps, "epsilon")
        check_betas(betas)
        check_at_least_zero(weight_decay, "weight_decay")
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay, "differentiable": differentiable})

    def states(self, group: Group, param: Any) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq")

    def settings(self, cohort: Cohort) -> Settings:
        group = cohort.group
        beta1, beta2 = group["betas"]
        step = cohort.counters[0] + 1
        cohort.count((step,))
        lr, decay = number(group["lr"], group), group["weight_decay"]
        decoupled = bool(group["decoupled_weight_decay"])
        correction = 1 - beta2 ** step
        limit = 2 / (1 - beta2) - 1
        length = limit - 2 * step * beta2 ** step / correction
        rectified = length > 5.0
        scale = lr / (1 - beta1 ** step)
        if rectified:
            scale = scale * (correction * (length - 4) * (length - 2) * limit
                             / ((limit - 4) * (limit - 2) * length)) ** 0.5
        return (decay != 0, decoupled, bool(group["maximize"]), rectified), (
            1 - beta1, beta2, 1 - beta2, group["eps"], scale,
            1 - lr * decay if decoupled else decay)

    @staticmethod
    def rule(flags: Any, param: Sym, grad: Sym, states: Sequence[Sym],
             coefficients: Sequence[Sym]) -> tuple[Sym, ...]:
        decays, decoupled, maximize, rectified = flags
        toward, keep, add, eps, scale, decay = coefficients
        mean, square = states
        if maximize:
            grad = -grad
        if decays and decoupled:
            param = param * decay
        elif decays:
            grad = grad + param * decay
        mean = mean + (grad - mean) * toward
        square = square * keep + grad * grad * add
        step = mean * scale
        return param - (step / (ew.sqrt(square) + eps) if rectified else step), mean, square
