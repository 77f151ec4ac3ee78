"""Adamax: Adam with the largest gradient in place of the mean square."""

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


class Adamax(RuleOptimizer):
    r"""Adam with an exponentially weighted infinity norm.

    m ← β₁ m + (1 - β₁) g;  u ← max(β₂ u, |g| + ε);  p ← p - γ m / ((1 - β₁ᵗ) u).

    Args:
        params: parameters or parameter groups.
        lr: γ. Default: 2e-3.
        betas: (β₁, β₂). Default: (0.9, 0.999).
        eps: ε. Default: 1e-8.
        weight_decay: λ; g ← g + λ p. Default: 0.
        foreach, capturable: accepted; every step is one pass over all parameters.
        maximize: ascend instead. Default: False.
        differentiable: let autograd record the step. Default: False.

    Raises:
        ValueError: for options out of range.

    Example:
        >>> import flambeau as torch
        >>> weight = torch.zeros(2, requires_grad=True)
        >>> optimizer = torch.optim.Adamax([weight], lr=0.5)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([-0.5000, -0.5000], requires_grad=True)

    Source: Kingma and Ba, 2015; torch.optim.Adamax
    """

    option_defaults = {"foreach": None, "maximize": False, "differentiable": False,
                       "capturable": False}

    def __init__(self, params: ParamsT, lr: float | Tensor = 2e-3,
                 betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, foreach: bool | None = None, *, maximize: bool = False,
                 differentiable: bool = False, capturable: bool = False) -> None:
        check_lr(lr)
        check_at_least_zero(eps, "epsilon")
        check_betas(betas)
        check_at_least_zero(weight_decay, "weight_decay")
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable})

    def states(self, group: Group, param: Any) -> tuple[str, ...]:
        return ("exp_avg", "exp_inf")

    def settings(self, cohort: Cohort) -> Settings:
        group = cohort.group
        step = cohort.counters[0] + 1
        cohort.count((step,))
        beta1, beta2 = group["betas"]
        decay = group["weight_decay"]
        return (decay != 0, bool(group["maximize"])), (
            1 - beta1, beta2, group["eps"], number(group["lr"], group) / (1 - beta1 ** step), decay)

    @staticmethod
    def rule(flags: Any, param: Sym, grad: Sym, states: Sequence[Sym],
             coefficients: Sequence[Sym]) -> tuple[Sym, ...]:
        decays, maximize = flags
        toward, keep, eps, step_size, decay = coefficients
        mean, largest = states
        if maximize:
            grad = -grad
        if decays:
            grad = grad + param * decay
        mean = mean + (grad - mean) * toward
        largest = ew.maximum(largest * keep, ew.absolute(grad) + eps)
        return param - mean * step_size / largest, mean, largest
