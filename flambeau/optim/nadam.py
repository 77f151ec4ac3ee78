"""NAdam: Adam with Nesterov's momentum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ops import elementwise as ew
from ..ops.define import Sym
from ..tensor import Tensor
from .optimizer import Group, ParamsT
from .options import check_at_least_zero, check_betas, check_lr, number
from .plan import Cohort
from .rule import RuleOptimizer, Settings, counter_dtype


class NAdam(RuleOptimizer):
    r"""Adam with Nesterov's momentum.

    μₜ = β₁ (1 - ½ 0.96^(t ψ));  m, v as in Adam;
    p ← p - γ ((1 - μₜ) / (1 - Π μᵢ) g + μₜ₊₁ / (1 - μₜ₊₁ Π μᵢ) m) / (√(v / (1 - β₂ᵗ)) + ε).

    Args:
        params: parameters or parameter groups.
        lr: γ. Default: 2e-3.
        betas: (β₁, β₂). Default: (0.9, 0.999).
        eps: ε. Default: 1e-8.
        weight_decay: λ; g ← g + λ p. Default: 0.
        momentum_decay: ψ. Default: 4e-3.
        decoupled_weight_decay: p ← p - γ λ p instead. Default: False.
        foreach, capturable: accepted; every step is one pass over all parameters.
        maximize: ascend instead. Default: False.
        differentiable: let autograd record the step. Default: False.

    Raises:
        ValueError: for options out of range.

    Example:
        >>> import flambeau as torch
        >>> weight = torch.zeros(2, requires_grad=True)
        >>> optimizer = torch.optim.NAdam([weight], lr=0.5)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([-0.5282, -0.5282], requires_grad=True)

    Source: Dozat, 2016; torch.optim.NAdam
    """

    counters = ("step", "mu_product")
    option_defaults = {"maximize": False, "foreach": None, "capturable": False,
                       "differentiable": False, "decoupled_weight_decay": False}

    def __init__(self, params: ParamsT, lr: float | Tensor = 2e-3,
                 betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, momentum_decay: float = 4e-3,
                 decoupled_weight_decay: bool = False, *, foreach: bool | None = None,
                 maximize: bool = False, capturable: bool = False,
                 differentiable: bool = False) -> None:
        check_lr(lr)
        check_at_least_zero(eps, "epsilon")
        check_betas(betas)
        check_at_least_zero(weight_decay, "weight_decay")
        check_at_least_zero(momentum_decay, "momentum_decay")
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "momentum_decay": momentum_decay, "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "differentiable": differentiable})

    def states(self, group: Group, param: Any) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq")

    def initial(self, group: Group, param: Any, name: str) -> Any:
        if name == "mu_product":
            return np.ones((), counter_dtype().numpy)
        return super().initial(group, param, name)

    def settings(self, cohort: Cohort) -> Settings:
        group = cohort.group
        beta1, beta2 = group["betas"]
        psi, lr = group["momentum_decay"], number(group["lr"], group)
        decay, decoupled = group["weight_decay"], bool(group["decoupled_weight_decay"])
        step = cohort.counters[0] + 1
        mu = beta1 * (1.0 - 0.5 * 0.96 ** (step * psi))
        next_mu = beta1 * (1.0 - 0.5 * 0.96 ** ((step + 1) * psi))
        kind = cohort.counter_dtype.numpy.type  # the product is rounded in each step
        cohort.count((step, kind(cohort.counters[1]) * kind(mu)))
        product = cohort.counters[1]
        return (decay != 0, decoupled, bool(group["maximize"])), (
            1 - beta1, beta2, 1 - beta2, 1 - beta2 ** step, group["eps"],
            lr * (1.0 - mu) / (1.0 - product), lr * next_mu / (1.0 - product * next_mu),
            1 - lr * decay if decoupled else decay)

    @staticmethod
    def rule(flags: Any, param: Sym, grad: Sym, states: Sequence[Sym],
             coefficients: Sequence[Sym]) -> tuple[Sym, ...]:
        decays, decoupled, maximize = flags
        toward, keep, add, correction, eps, along_grad, along_mean, decay = coefficients
        mean, square = states
        if maximize:
            grad = -grad
        if decays and decoupled:
            param = param * decay
        elif decays:
            grad = grad + param * decay
        mean = mean + (grad - mean) * toward
        square = square * keep + grad * grad * add
        root = ew.sqrt(square / correction) + eps
        return param - grad * along_grad / root - mean * along_mean / root, mean, square
