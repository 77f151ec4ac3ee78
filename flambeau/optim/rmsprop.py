"""RMSprop: steps scaled by the running root mean square of the gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ops import elementwise as ew
from ..ops.define import Sym
from ..tensor import Tensor
from .optimizer import Group, ParamsT
from .options import check_at_least_zero, check_lr, number
from .plan import Cohort
from .rule import RuleOptimizer, Settings


class RMSprop(RuleOptimizer):
    r"""RMSprop.

    v ← α v + (1 - α) g²;  d = √v + ε, or centered √(v - m²) + ε with m ← α m + (1 - α) g;
    p ← p - γ g / d, or with momentum b ← μ b + g / d, p ← p - γ b.

    Args:
        params: parameters or parameter groups.
        lr: γ. Default: 1e-2.
        alpha: α. Default: 0.99.
        eps: ε. Default: 1e-8.
        weight_decay: λ; g ← g + λ p. Default: 0.
        momentum: μ. Default: 0.
        centered: subtract the squared mean gradient. Default: False.
        capturable, foreach: accepted; every step is one pass over all parameters.
        maximize: ascend instead. Default: False.
        differentiable: let autograd record the step. Default: False.

    Raises:
        ValueError: for options out of range.

    Example:
        >>> import flambeau as torch
        >>> weight = torch.zeros(2, requires_grad=True)
        >>> optimizer = torch.optim.RMSprop([weight], lr=0.25, alpha=0.75)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([-0.5000, -0.5000], requires_grad=True)

    Source: Hinton's lecture 6e of "Neural networks for machine learning"; torch.optim.RMSprop
    """

    option_defaults = {"momentum": 0, "centered": False, "foreach": None, "maximize": False,
                       "differentiable": False, "capturable": False}

    def __init__(self, params: ParamsT, lr: float | Tensor = 1e-2, alpha: float = 0.99,
                 eps: float = 1e-8, weight_decay: float = 0, momentum: float = 0,
                 centered: bool = False, capturable: bool = False, foreach: bool | None = None,
                 maximize: bool = False, differentiable: bool = False) -> None:
        check_lr(lr)
        check_at_least_zero(eps, "epsilon")
        check_at_least_zero(momentum, "momentum")
        check_at_least_zero(weight_decay, "weight_decay")
        check_at_least_zero(alpha, "alpha")
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable})

    def states(self, group: Group, param: Any) -> tuple[str, ...]:
        names = ("square_avg",)
        if group["momentum"] > 0:
            names += ("momentum_buffer",)  # type: ignore[assignment]
        return (*names, "grad_avg") if group["centered"] else names

    def settings(self, cohort: Cohort) -> Settings:
        group = cohort.group
        cohort.count((cohort.counters[0] + 1,))
        alpha, momentum, decay = group["alpha"], group["momentum"], group["weight_decay"]
        flags = (decay != 0, momentum > 0, bool(group["centered"]), bool(group["maximize"]))
        return flags, (number(group["lr"], group), alpha, 1 - alpha, group["eps"], momentum, decay)

    @staticmethod
    def rule(flags: Any, param: Sym, grad: Sym, states: Sequence[Sym],
             coefficients: Sequence[Sym]) -> tuple[Sym, ...]:
        decays, has_momentum, centered, maximize = flags
        lr, keep, add, eps, momentum, decay = coefficients
        if maximize:
            grad = -grad
        if decays:
            grad = grad + param * decay
        spread = square = states[0] * keep + grad * grad * add
        new = [square]
        if centered:
            mean = states[-1] + (grad - states[-1]) * add
            spread = square - mean * mean
        root = ew.sqrt(spread) + eps
        if has_momentum:
            buffer = states[1] * momentum + grad / root
            new.append(buffer)
            param = param - buffer * lr
        else:
            param = param - grad * lr / root
        return (param, *new, mean) if centered else (param, *new)
