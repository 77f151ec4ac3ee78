"""Averaged stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ops.define import Sym
from ..tensor import Tensor
from .optimizer import Group, ParamsT
from .options import check_at_least_zero, check_lr, number
from .plan import Cohort
from .rule import RuleOptimizer, Settings, counter_dtype


class ASGD(RuleOptimizer):
    r"""Averaged stochastic gradient descent; the state `ax` holds the averaged parameters.

    p ← (1 - λ η) p - η g;  a ← a + (p - a) μ;
    then η = γ / (1 + λ γ t)^α and μ = 1 / max(1, t - t₀).

    Args:
        params: parameters or parameter groups.
        lr: γ. Default: 1e-2.
        lambd: λ, the decay. Default: 1e-4.
        alpha: α. Default: 0.75.
        t0: t₀, where averaging starts. Default: 1e6.
        weight_decay: added to the gradient, times p. Default: 0.
        foreach, capturable: accepted; every step is one pass over all parameters.
        maximize: ascend instead. Default: False.
        differentiable: let autograd record the step. Default: False.

    Raises:
        ValueError: for options out of range.

    Example:
        >>> import flambeau as torch
        >>> weight = torch.zeros(2, requires_grad=True)
        >>> optimizer = torch.optim.ASGD([weight], lr=0.5)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([-0.5000, -0.5000], requires_grad=True)

    Source: Polyak and Juditsky, 1992; torch.optim.ASGD
    """

    counters = ("step", "eta", "mu")
    option_defaults = {"foreach": None, "maximize": False, "differentiable": False,
                       "capturable": False}

    def __init__(self, params: ParamsT, lr: float | Tensor = 1e-2, lambd: float = 1e-4,
                 alpha: float = 0.75, t0: float = 1e6, weight_decay: float = 0,
                 foreach: bool | None = None, maximize: bool = False,
                 differentiable: bool = False, capturable: bool = False) -> None:
        check_lr(lr)
        check_at_least_zero(weight_decay, "weight_decay")
        super().__init__(params, {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay,
            "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
            "capturable": capturable})

    def states(self, group: Group, param: Any) -> tuple[str, ...]:
        return ("ax",)

    def initial(self, group: Group, param: Any, name: str) -> Any:
        if name not in ("eta", "mu"):
            return super().initial(group, param, name)
        value = number(group["lr"], {}) if name == "eta" else 1.0
        return np.array(value, counter_dtype().numpy)

    def settings(self, cohort: Cohort) -> Settings:
        group = cohort.group
        step, eta, mu = cohort.counters
        step += 1
        lr, lambd, decay = number(group["lr"], {}), group["lambd"], group["weight_decay"]
        cohort.count((step, lr / (1 + lambd * lr * step) ** group["alpha"],
                      1 / max(1, step - group["t0"])))
        return (decay != 0, mu != 1, bool(group["maximize"])), (1 - lambd * eta, eta, mu, decay)

    @staticmethod
    def rule(flags: Any, param: Sym, grad: Sym, states: Sequence[Sym],
             coefficients: Sequence[Sym]) -> tuple[Sym, ...]:
        decays, averages, maximize = flags
        shrink, eta, mu, decay = coefficients
        if maximize:
            grad = -grad
        if decays:
            grad = grad + param * decay
        param = param * shrink - grad * eta
        return param, states[0] + (param - states[0]) * mu if averages else param
