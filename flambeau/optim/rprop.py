"""Rprop: steps from the signs of the gradient alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops.define import Sym
from ..tensor import Tensor
from .optimizer import Group, ParamsT
from .options import check_lr, number
from .plan import Cohort
from .rule import RuleOptimizer, Settings


class Rprop(RuleOptimizer):
    r"""Resilient propagation, for full batches.

    Where the gradient keeps its sign the step size s grows by η⁺; where it changes, s shrinks by η⁻
    and the gradient counts as 0. s stays within its limits;  p ← p - sign(g) s.

    Args:
        params: parameters or parameter groups.
        lr: s at the start. Default: 1e-2.
        etas: (η⁻, η⁺). Default: (0.5, 1.2).
        step_sizes: smallest and largest s. Default: (1e-6, 50).
        capturable, foreach: accepted; every step is one pass over all parameters.
        maximize: ascend instead. Default: False.
        differentiable: let autograd record the step. Default: False.

    Raises:
        ValueError: for options out of range.

    Example:
        >>> import flambeau as torch
        >>> weight = torch.zeros(2, requires_grad=True)
        >>> optimizer = torch.optim.Rprop([weight], lr=0.5)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([-0.5000, -0.5000], requires_grad=True)

    Source: Riedmiller and Braun, 1993; torch.optim.Rprop
    """

    option_defaults = {"foreach": None, "maximize": False, "differentiable": False,
                       "capturable": False}

    def __init__(self, params: ParamsT, lr: float | Tensor = 1e-2,
                 etas: tuple[float, float] = (0.5, 1.2),
                 step_sizes: tuple[float, float] = (1e-6, 50), *, capturable: bool = False,
                 foreach: bool | None = None, maximize: bool = False,
                 differentiable: bool = False) -> None:
        check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        super().__init__(params, {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable})

    def states(self, group: Group, param: Any) -> tuple[str, ...]:
        return ("prev", "step_size")

    def initial(self, group: Group, param: Any, name: str) -> Any:
        if name != "step_size":
            return super().initial(group, param, name)
        lr = number(group["lr"], {})
        s = param._node.spec
        return np.full(s.shape, complex(lr, lr) if s.dtype.is_complex else lr, s.dtype.numpy)

    def settings(self, cohort: Cohort) -> Settings:
        group = cohort.group
        cohort.count((cohort.counters[0] + 1,))
        return bool(group["maximize"]), (*group["etas"], *group["step_sizes"])

    @staticmethod
    def rule(flags: Any, param: Sym, grad: Sym, states: Sequence[Sym],
             coefficients: Sequence[Sym]) -> tuple[Sym, ...]:
        shrink, grow, smallest, largest = coefficients
        previous, size = states
        if flags:
            grad = -grad
        agreement = grad * previous
        factor = ar.where(agreement > 0, grow, ar.where(agreement < 0, shrink, 1.0))
        size = ew.minimum(ew.maximum(size * factor, smallest), largest)
        grad = ar.where(agreement < 0, 0.0, grad)
        return param - ew.sign(grad) * size, grad, size
