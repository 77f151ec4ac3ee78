"""Adadelta: steps in the units of the parameter."""

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


class Adadelta(RuleOptimizer):
    r"""Adadelta: the step is scaled by the running mean square of earlier steps.

    v ← ρ v + (1 - ρ) g²;  Δ = √(u + ε) / √(v + ε) g;  u ← ρ u + (1 - ρ) Δ²;  p ← p - γ Δ.

    Args:
        params: parameters or parameter groups.
        lr: γ. Default: 1.0.
        rho: ρ. Default: 0.9.
        eps: ε. Default: 1e-6.
        weight_decay: λ; g ← g + λ p. Default: 0.
        foreach, capturable: accepted; every step is one pass over all parameters.
        maximize: ascend instead. Default: False.
        differentiable: let autograd record the step. Default: False.

    Raises:
        ValueError: for options out of range.

    Example:
        >>> import flambeau as torch
        >>> weight = torch.zeros(2, requires_grad=True)
        >>> optimizer = torch.optim.Adadelta([weight], rho=0.75, eps=0.25)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([-0.7071, -0.7071], requires_grad=True)

    Source: Zeiler, 2012; torch.optim.Adadelta
    """

    option_defaults = {"foreach": None, "maximize": False, "differentiable": False,
                       "capturable": False}

    def __init__(self, params: ParamsT, lr: float | Tensor = 1.0, rho: float = 0.9,
                 eps: float = 1e-6, weight_decay: float = 0, foreach: bool | None = None, *,
                 capturable: bool = False, maximize: bool = False,
                 differentiable: bool = False) -> None:
        check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_at_least_zero(eps, "epsilon")
        check_at_least_zero(weight_decay, "weight_decay")
        super().__init__(params, {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable})

    def states(self, group: Group, param: Any) -> tuple[str, ...]:
        return ("square_avg", "acc_delta")

    def settings(self, cohort: Cohort) -> Settings:
        group = cohort.group
        cohort.count((cohort.counters[0] + 1,))
        rho, decay = group["rho"], group["weight_decay"]
        return (decay != 0, bool(group["maximize"])), (
            rho, 1 - rho, group["eps"], number(group["lr"], group), decay)

    @staticmethod
    def rule(flags: Any, param: Sym, grad: Sym, states: Sequence[Sym],
             coefficients: Sequence[Sym]) -> tuple[Sym, ...]:
        decays, maximize = flags
        keep, add, eps, lr, decay = coefficients
        square, steps = states
        if maximize:
            grad = -grad
        if decays:
            grad = grad + param * decay
        square = square * keep + grad * grad * add
        delta = ew.sqrt(steps + eps) / ew.sqrt(square + eps) * grad
        return param - delta * lr, square, steps * keep + delta * delta * add
