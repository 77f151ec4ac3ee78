"""Adagrad: steps scaled by the root of all squared gradients so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ops import elementwise as ew
from ..ops.define import Sym
from ..tensor import Tensor, from_array
from .optimizer import Group, ParamsT
from .options import check_at_least_zero, check_fused, check_lr, number
from .plan import Cohort
from .rule import RuleOptimizer, Settings


class Adagrad(RuleOptimizer):
    r"""Adagrad.

    s ← s + g²;  p ← p - γ / (1 + (t - 1) η) g / (√s + ε).

    Args:
        params: parameters or parameter groups.
        lr: γ. Default: 1e-2.
        lr_decay: η. Default: 0.
        weight_decay: λ; g ← g + λ p. Default: 0.
        initial_accumulator_value: s at the start. Default: 0.
        eps: ε. Default: 1e-10.
        foreach, fused: accepted; every step is one pass over all parameters.
        maximize: ascend instead. Default: False.
        differentiable: let autograd record the step. Default: False.

    Raises:
        ValueError: for options out of range.

    Example:
        >>> import flambeau as torch
        >>> weight = torch.zeros(2, requires_grad=True)
        >>> optimizer = torch.optim.Adagrad([weight], lr=0.5)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([-0.5000, -0.5000], requires_grad=True)

    Source: Duchi et al., 2011; torch.optim.Adagrad
    """

    supports_sparse = True
    option_defaults = {"foreach": None, "maximize": False, "differentiable": False, "fused": None}

    def __init__(self, params: ParamsT, lr: float | Tensor = 1e-2, lr_decay: float = 0,
                 weight_decay: float = 0, initial_accumulator_value: float = 0,
                 eps: float = 1e-10, foreach: bool | None = None, *, maximize: bool = False,
                 differentiable: bool = False, fused: bool | None = None) -> None:
        check_lr(lr)
        check_at_least_zero(lr_decay, "lr_decay")
        check_at_least_zero(weight_decay, "weight_decay")
        check_at_least_zero(initial_accumulator_value, "initial_accumulator_value")
        check_at_least_zero(eps, "epsilon")
        super().__init__(params, {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "fused": fused})
        check_fused(fused, foreach, differentiable)
        for group in self.param_groups:
            for p in group["params"]:
                for name in ("step", "sum"):
                    self.state[p][name] = from_array(self.initial(group, p, name))

    def states(self, group: Group, param: Any) -> tuple[str, ...]:
        return ("sum",)

    def initial(self, group: Group, param: Any, name: str) -> Any:
        if name == "step":
            return super().initial(group, param, name)
        value = self.defaults["initial_accumulator_value"]
        s = param._node.spec
        return np.full(s.shape, complex(value, value) if s.dtype.is_complex else value,
                       s.dtype.numpy)

    def share_memory(self) -> None:
        """Move the sums of squares to memory that processes share."""
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p]["sum"].share_memory_()

    def settings(self, cohort: Cohort) -> Settings:
        group = cohort.group
        step = cohort.counters[0] + 1
        cohort.count((step,))
        decay = group["weight_decay"]
        lr = number(group["lr"], group) / (1 + (step - 1) * group["lr_decay"])
        return (decay != 0, bool(group["maximize"])), (lr, group["eps"], decay)

    @staticmethod
    def rule(flags: Any, param: Sym, grad: Sym, states: Sequence[Sym],
             coefficients: Sequence[Sym]) -> tuple[Sym, ...]:
        decays, maximize = flags
        lr, eps, decay = coefficients
        if maximize:
            grad = -grad
        if decays:
            grad = grad + param * decay
        total = states[0] + grad * grad
        return param - grad * lr / (ew.sqrt(total) + eps), total
