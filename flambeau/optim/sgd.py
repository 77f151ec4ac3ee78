"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ops import elementwise as ew
from ..ops.define import Sym
from ..tensor import Tensor
from .optimizer import Group, ParamsT
from .options import check_fused, number
from .plan import Cohort
from .rule import RuleOptimizer, Settings


class SGD(RuleOptimizer):
    r"""Stochastic gradient descent, with momentum on request.

    g ← g + λ p;  b ← μ b + (1 - τ) g (b = g in the first step);  p ← p - γ b, or with Nesterov's
    momentum p ← p - γ (g + μ b).

    Args:
        params: parameters or parameter groups.
        lr: γ. Default: 1e-3.
        momentum: μ. Default: 0.
        dampening: τ. Default: 0.
        weight_decay: λ. Default: 0.
        nesterov: look ahead along the momentum. Default: False.
        maximize: ascend instead. Default: False.
        foreach, fused: accepted; every step is one pass over all parameters.
        differentiable: let autograd record the step. Default: False.

    Raises:
        ValueError: for options out of range.

    Example:
        >>> import flambeau as torch
        >>> weight = torch.zeros(2, requires_grad=True)
        >>> optimizer = torch.optim.SGD([weight], lr=0.5, momentum=0.9)
        >>> (weight - 1).pow(2).sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([1., 1.], requires_grad=True)

    Source: torch.optim.SGD
    """

    counters = ()
    supports_sparse = True
    option_defaults = {"nesterov": False, "maximize": False, "foreach": None,
                       "differentiable": False, "fused": False}

    def __init__(self, params: ParamsT, lr: float | Tensor = 1e-3, momentum: float = 0,
                 dampening: float = 0, weight_decay: float | Tensor = 0, nesterov: bool = False, *,
                 maximize: bool = False, foreach: bool | None = None, differentiable: bool = False,
                 fused: bool | None = None) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if weight_decay < 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize, "foreach": foreach,
            "differentiable": differentiable, "fused": fused})
        check_fused(fused, foreach, differentiable)

    def states(self, group: Group, param: Any) -> tuple[str, ...]:
        return ("momentum_buffer",) if group["momentum"] != 0 else ()

    def settings(self, cohort: Cohort) -> Settings:
        group = cohort.group
        decay, momentum = number(group["weight_decay"], group), group["momentum"]
        flags = (bool(decay != 0), momentum != 0, bool(group["nesterov"]), bool(group["maximize"]),
                 bool(cohort.fresh and group["differentiable"]))
        # The buffer starts as the gradient: 0 · b + 1 · g.
        keep, add = (0.0, 1.0) if cohort.fresh else (momentum, 1 - group["dampening"])
        return flags, (number(group["lr"], group), decay, momentum, keep, add)

    @staticmethod
    def rule(flags: Any, param: Sym, grad: Sym, states: Sequence[Sym],
             coefficients: Sequence[Sym]) -> tuple[Sym, ...]:
        decays, has_momentum, nesterov, maximize, detach = flags
        lr, decay, momentum, keep, add = coefficients
        if maximize:
            grad = -grad
        if decays:
            grad = grad + param * decay
        if not has_momentum:
            return (param - grad * lr,)
        buffer = states[0] * keep + (ew.stop_gradient(grad) if detach else grad) * add
        return param - (grad + buffer * momentum if nesterov else buffer) * lr, buffer
